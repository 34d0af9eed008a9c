"""The tree of divisions: a new node of it, and a tree that was made for a trial taken back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, delete, select, text
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import Conflict, Invalid, NotFound
from app.base.models import Division, DivisionKind, Person

#: Rows that the session holds are not looked at: all of them are gone.
QUIETLY = {"synchronize_session": False}

#: Which kind may stand below which; None is the root.
BELOW: dict[DivisionKind | None, frozenset[DivisionKind]] = {
    None: frozenset({DivisionKind.CITY}),
    DivisionKind.CITY: frozenset({DivisionKind.COUNTY, DivisionKind.ZONE}),
    DivisionKind.COUNTY: frozenset({DivisionKind.TOWN}),
    DivisionKind.ZONE: frozenset({DivisionKind.TOWN}),
    DivisionKind.TOWN: frozenset({DivisionKind.VILLAGE, DivisionKind.RESIDENTS}),
}


def found_division(
    session: Session, clock: Clock, *, name: str, kind: DivisionKind, parent: Division | None
) -> Division:
    """A new division, from today. Raises Invalid for a name that is empty or a kind that cannot stand there."""
    above = DivisionKind(parent.kind) if parent else None
    if kind not in BELOW.get(above, frozenset()):
        raise Invalid(
            "A {kind} cannot stand below {parent}.",
            field="kind",
            kind=kind.value,
            parent=above.value if above else "nothing",
        )
    if not name.strip():
        raise Invalid("A division needs a name.", field="name")
    division = Division(
        parent_id=parent.id if parent else None, kind=kind.value, name=name.strip(), since_on=clock.today()
    )
    session.add(division)
    session.flush()
    return division


def division_called(session: Session, place: str) -> Division:
    """The division of a name, or of a path of names (``德州市/乐陵市``). Raises NotFound, Conflict for several."""
    *above, name = place.split("/")
    found = session.scalars(select(Division).where(Division.name == name, Division.until_on.is_(None))).all()
    if above:
        parents = {division.id for division in [division_called(session, "/".join(above))]}
        found = [division for division in found if division.parent_id in parents]
    if not found:
        if session.scalar(select(Division.id).limit(1)) is not None:
            raise NotFound("There is no division called {place} in the register. Check how it is written.", place=place)
        raise NotFound(
            "There is no division called {place}. Load the register first: minglu register load", place=place
        )
    if len(found) > 1:
        raise Conflict("{n} divisions are called {place}. Give the path: 德州市/乐陵市/…", n=len(found), place=place)
    return found[0]


def take_back(session: Session, *, root: Division, tables: Sequence[Table]) -> None:
    """A city that was founded for a trial → gone, with all that stands in it and its people. By the database's owner.

    ``tables``: all there are, each behind those that it points to. The history keeps what was added and removed.
    Raises Invalid for a division that is no root.
    """
    if root.parent_id is not None or DivisionKind(root.kind) is not DivisionKind.CITY:
        raise Invalid("{name} is part of a register: only a city made for a trial is taken back.", name=root.name)
    path = root.path
    for table in reversed(tables):
        if table is Person.__table__:
            people = {"people": list(session.scalars(select(Person.id).where(Person.territory.op("<@")(path))))}
            session.execute(text("DELETE FROM base.password WHERE person_id = ANY (:people)"), people)
            session.execute(text("DELETE FROM base.session WHERE person_id = ANY (:people)"), people)
        if table is Division.__table__:
            session.execute(delete(Division).where(Division.path.op("<@")(path)), execution_options=QUIETLY)
        elif "territory" in table.c and table.schema != "history":
            session.execute(delete(table).where(table.c.territory.op("<@")(path)))
    session.expunge(root)


def is_demonstration(session: Session) -> bool:
    """Whether a demonstration made this database, which every page and list must say."""
    return bool(session.scalar(text("SELECT demonstration FROM open.demonstration")))
