"""The tree of divisions: a new node of it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import Invalid
from app.base.models import Division, DivisionKind

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
