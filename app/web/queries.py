"""Reads of the shell's own pages. All run as the signed-in person: row-level security decides what is seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Integer, Row, Select, String, cast, func, select, text
from sqlalchemy.orm import aliased

from app.base.errors import N_
from app.base.models import Division, DivisionCode, File, Person, Role, Run
from app.base.order import register_keys
from app.base.paging import Key, Page, page
from app.base.people import may
from app.base.request import Finder, Hit
from app.base.tables import Ltree
from app.intake.models import Intake
from app.inventory.models import Street
from app.milestones.models import Batch, BatchState
from app.milestones.queries import in_place
from app.naming.models import Deadline, Decision
from app.printing.models import Order, OrderLine
from app.rollout.logic import FAR_M

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.base.clock import Clock
    from app.base.people import Actor

#: Divisions: what stands in the register below each, and what the official targets say of it.
_FIGURES = text("""
SELECT c.id, c.uid, c.name, c.kind,
       count(v.id) FILTER (WHERE v.kind = 'town') AS towns,
       count(v.id) FILTER (WHERE v.kind = 'village') AS villages,
       count(v.id) FILTER (WHERE v.kind = 'residents') AS residents,
       (SELECT sum(t.villages)::bigint FROM milestones.target t
         WHERE t.division_id = c.id AND t.stream = 'village') AS target
  FROM base.division c LEFT JOIN base.division v ON v.path <@ c.path AND v.id <> c.id AND v.until_on IS NULL
 WHERE c.id = ANY (:ids)
 GROUP BY c.id
""")
_SUMS = text("""
SELECT count(*) FILTER (WHERE v.kind = 'town') AS towns, count(*) FILTER (WHERE v.kind = 'village') AS villages,
       count(*) FILTER (WHERE v.kind = 'residents') AS residents,
       (SELECT sum(t.villages)::bigint FROM milestones.target t
         WHERE t.division_id = :id AND t.stream = 'village') AS target,
       (SELECT string_agg(DISTINCT t.source, '; ') FROM milestones.target t
         WHERE t.division_id = :id AND t.stream = 'village') AS source
  FROM base.division v WHERE v.path <@ CAST(:path AS ltree) AND v.id <> :id AND v.until_on IS NULL
""")
_VILLAGES_OF_BATCHES = text("""
SELECT batch_id, count(*) AS n FROM milestones.batch_village WHERE left_on IS NULL AND batch_id = ANY(:ids) GROUP BY 1
""")
_FAILED = text("SELECT count(*) FROM base.run WHERE state = 'failed' AND recorded_at > :since")
#: What the start page calls the last days.
LATELY = timedelta(days=7)
_RETURNED = text("SELECT count(*) FROM naming.proposal WHERE state = 'returned' AND proposed_by = :me")
_FAR = text("SELECT count(*) FROM rollout.installation WHERE offset_m > :far AND territory <@ CAST(:path AS ltree)")


@dataclass(frozen=True, slots=True)
class Due:
    """A clock that runs: what is due when, of which decision."""

    kind: str
    due_on: date
    number: str
    authority: str
    uid: UUID


@dataclass(frozen=True, slots=True)
class Task:
    """So many records that wait for a person beside what the stations count: what to do (a message), and where."""

    title: str
    url: str
    count: int


def due(session: Session, place: Division, *, most: int) -> list[Due]:
    """Clocks not yet stopped, the most urgent first."""
    rows = session.execute(
        select(Deadline.kind, Deadline.due_on, Decision.number, Decision.authority, Decision.uid)
        .join(Decision, Decision.id == Deadline.decision_id)
        .where(Deadline.done_on.is_(None), Deadline.territory.op("<@")(place.path))
        .order_by(Deadline.due_on, Deadline.id)
        .limit(most)
    )
    return [Due(*row) for row in rows]


def open_batches(session: Session, place: Division, *, most: int) -> list[tuple[Batch, int]]:
    """Batches of a place or with villages of it, with how many villages each still has, the next due first."""
    found = session.scalars(
        select(Batch)
        .where(Batch.state == BatchState.OPEN.value, in_place(place.path))
        .order_by(Batch.due_on, Batch.id)
        .limit(most)
    ).all()
    counted = session.execute(_VILLAGES_OF_BATCHES, {"ids": [batch.id for batch in found]})
    villages: dict[int, int] = {row.batch_id: row.n for row in counted}
    return [(batch, villages.get(batch.id, 0)) for batch in found]


def tasks(session: Session, clock: Clock, actor: Actor, place: Division) -> list[Task]:
    """What waits for a person by their role and that no station's counter holds; only what there is some of."""
    asked: list[tuple[str, str, Any, dict[str, object]]] = [
        (N_("Proposals sent back to you"), "/naming?state=returned", _RETURNED, {"me": actor.id})
    ]
    if actor.role is Role.INSPECTOR:
        asked = [
            (
                N_("Signs that stand far from their plan"),
                "/rollout/installations?far=true",
                _FAR,
                {"far": FAR_M, "path": place.path},
            ),
        ]
    if actor.role is Role.ADMINISTRATOR:
        asked = [
            (
                N_("Long work that failed in the last 7 days"),
                "/runs?state=failed&lately=yes",
                _FAILED,
                {"since": clock.now() - LATELY},
            )
        ]
    found = [Task(title, url, int(session.scalar(query, values) or 0)) for title, url, query, values in asked]
    return [task for task in found if task.count]


def released_orders(session: Session, *, most: int) -> Sequence[Row[Any]]:
    """A maker's orders with how many plates each has, the newest first."""
    plates = select(func.count()).where(OrderLine.order_id == Order.id).correlate(Order).scalar_subquery()
    return session.execute(
        select(Order.uid, Order.number, Order.released_on, plates.label("plates")).order_by(Order.id.desc()).limit(most)
    ).all()


def children(session: Session, parent: Division, after: str | None = None) -> Page:
    """The divisions right below, a page of them, each with its register's counts and its official target."""
    found = page(session, select(Division.id).where(*_right_below(parent)), keys=register_keys(), after=after)
    rows = {row.id: row for row in session.execute(_FIGURES, {"ids": found.rows})}
    return replace(found, rows=[rows[key] for key in found.rows])


def count_children(session: Session, parent: Division) -> int:
    """How many divisions there are right below."""
    return session.scalar(select(func.count()).where(*_right_below(parent))) or 0


def _right_below(parent: Division) -> tuple[ColumnElement[bool], ...]:
    return Division.parent_id == parent.id, Division.until_on.is_(None)


def sums(session: Session, place: Division) -> Row[Any]:
    """What the register holds below a division, and the official target."""
    return session.execute(_SUMS, {"id": place.id, "path": place.path}).one()


def codes(session: Session, place: Division) -> Sequence[DivisionCode]:
    """Codes that a division bore, newest first."""
    return session.scalars(
        select(DivisionCode)
        .where(DivisionCode.division_id == place.id)
        .order_by(DivisionCode.valid_from_on.desc(), DivisionCode.id.desc())
    ).all()


def people(place: Division, *, active: bool) -> Select[Person, str]:
    """People of a territory with the name of their division, for paging by login."""
    return (
        select(Person, Division.name.label("place"))
        .join(Division, Division.id == Person.division_id)
        .where(Person.active == active, Person.territory.op("<@")(place.path))
    )


def divisions_like(words: str, place: Division, *, most: int | None = None) -> Select[Division]:
    """Divisions at and below ``place`` whose name holds the words, higher ones first; all of them unless said."""
    found = func.base.find_divisions(words, cast(place.path, Ltree), most).column_valued("id")
    return select(Division).where(Division.id.in_(select(found))).order_by(func.nlevel(Division.path), Division.name)


def _divisions_found(_: Session, words: str, place: Division) -> Select[Division, str]:
    above = aliased(Division)
    found = divisions_like(words, place).outerjoin(above, above.id == Division.parent_id)
    return found.add_columns(func.coalesce(above.name, "").label("above"))


def _streets_found(session: Session, words: str, place: Division) -> Select[*tuple[Any, ...]] | None:
    if not may(session, "inventory.street", "read"):
        return None
    found = func.inventory.find_streets(words, None).column_valued("id")
    wanted = select(Street.uid, Street.surveyed_name, Division.name.label("village"))
    below = Street.territory.op("<@")(place.path)
    return wanted.join(Division, Division.id == Street.division_id).where(Street.id.in_(select(found)), below)


#: Divisions, higher ones first, and streets by their surveyed name; the stations know to find more.
FINDERS = (
    Finder(
        "division",
        N_("Division"),
        _divisions_found,
        (Key(func.nlevel(Division.path, type_=Integer)), Key(Division.name), Key(Division.id)),
        lambda row: Hit(row.Division.name, row.above, f"/divisions/{row.Division.uid}"),
    ),
    Finder(
        "street",
        N_("Street"),
        _streets_found,
        (Key(Street.id),),
        lambda row: Hit(row.surveyed_name, row.village, f"/inventory/{row.uid}"),
    ),
)


def runs(place: Division | None, *, state: str = "", since: datetime | None = None) -> Select[Run]:
    """Runs that the person may see: of a place, in a state, queued after a moment."""
    wanted = select(Run)
    if place is not None:
        wanted = wanted.where(Run.territory.op("<@")(place.path))
    if since is not None:
        wanted = wanted.where(Run.recorded_at > since)
    return wanted.where(Run.state == state) if state else wanted


def subjects_of_runs(session: Session, runs: Sequence[Run]) -> dict[int, str]:
    """What each run is about, by its key: a file's source, an order's number, a batch's title, where one sees it."""
    known: dict[str, str] = {}
    for part, table, title in (
        ("order", Order, Order.number),
        ("batch", Batch, Batch.title),
        ("intake", Intake, Intake.source),
    ):
        uids = {str(run.args[part]) for run in runs if run.args.get(part)}
        if uids:
            known |= dict(session.execute(select(cast(table.uid, String), title).where(table.uid.in_(uids))).all())
    return {
        run.id: run.args.get("source")
        or known.get(next((run.args[part] for part in ("order", "batch", "intake") if run.args.get(part)), ""), "")
        for run in runs
    }


def file_of(session: Session, uid: object) -> File | None:
    """A file's row, if this person may read it."""
    return session.scalar(select(File).where(File.uid == uid))
