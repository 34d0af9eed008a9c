"""An intake goes, with what was made of its lines, as long as nothing was built on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Select, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict
from app.base.models import Division
from app.base.shares import Share, chunks, part, silent
from app.intake.models import Facility, Intake, Segment
from app.intake.steps import undo_intake
from app.inventory.models import ScopeReason, Street, StreetSegment, StreetState
from app.inventory.steps.deriving import judge_again
from app.inventory.steps.renewing import renew
from app.inventory.steps.standing import Holds, is_one_of, touching
from gis.linework import SNAP_M
from gis.streets import plain_name

#: What share of a withdrawal is done once the streets are gone, and once the lines are (measured with 20,000 lines).
_DISSOLVED, _UNDONE = 0.75, 0.9
NAMED = N_(
    "{n} streets made of the lines of {source} bear decided names, so this file can no longer be taken back. Correct"
    " single streets on their pages or on the map instead."
)
TAKEN = N_("Names were proposed for {n} streets made of the lines of {source}. Withdraw these proposals first.")
DECIDED = N_(
    "People split, joined or re-shaped {n} streets made of the lines of {source}, or said that they are no street."
    " This intake stays: what people decided is not thrown away with it."
)


def withdraw(session: Session, clock: Clock, *, intake: Intake, holds: Holds = (), tell: Share = silent) -> list[str]:
    """Applied → undone, with the unnamed streets made of its lines; scope is judged anew. Its record and file stay.

    The names of divisions that keep their places, set again since. By officers. Raises as :func:`dissolve` and
    :func:`app.intake.steps.undo_intake` do; nothing is changed then. ``tell`` hears what share is done.
    """
    dissolve(session, clock, intake=intake, holds=holds, tell=part(tell, 0.0, _DISSOLVED))
    left = undo_intake(session, intake=intake)
    tell(_UNDONE)
    judge_again(session, clock, division=session.get_one(Division, intake.division_id))
    tell(1.0)
    return left


def dissolve(session: Session, clock: Clock, *, intake: Intake, holds: Holds = (), tell: Share = silent) -> int:
    """Unnamed streets made of an intake's lines → as they would be without these; how many are no more.

    By officers. Streets that other intakes' lines are in as well are made of those alone again, and what its lines
    parted is one again. A street that the intake's lines only run along stays, without the name that it has from them;
    what its facilities put in scope is judged anew once they are gone (:func:`judge_again`). Raises as
    :func:`require_unbuilt` does.
    """
    require_unbuilt(session, intake=intake, holds=holds)
    mixed = _mixed(session, intake)
    ids = [street for street in session.scalars(_made_of(intake)) if street not in mixed]
    found = select(Facility.id).where(Facility.intake_id == intake.id)
    division = session.get_one(Division, intake.division_id)
    try:
        with session.begin_nested():
            session.execute(delete(ScopeReason).where(ScopeReason.facility_id.in_(found)))
            _forget(session, intake)
            around = touching(session, division, streets=ids, within_m=SNAP_M) - {*ids}
            for some in chunks(ids, tell):
                _remove(session, some)
            without = {street: mixed.get(street, set()) for street in around | mixed.keys()}
            renewed = renew(session, clock, division=division, holds=holds, without=without)
    except IntegrityError as error:
        raise Conflict(TAKEN, n=len(ids) + len(mixed), source=intake.source) from error
    return len(ids) + renewed.gone


def require_unbuilt(session: Session, *, intake: Intake, holds: Holds = ()) -> None:
    """Refuse, as Conflict, an intake on whose lines people built.

    Where names were proposed or given for streets made of them, also once, as later stations say (``holds``); and where
    people split, joined, drew or re-shaped some, counted them in the second stream, or said that they are no street.
    """
    nameless = Street.state.in_((StreetState.UNNAMED.value, StreetState.NO_STREET.value))
    shaped = Street.shaped_on.is_not(None) | Street.stream_on.is_not(None)
    named = Street.state.in_((StreetState.APPROVED.value, StreetState.IN_FORCE.value, StreetState.RETIRED.value))
    none = Street.state == StreetState.NO_STREET.value
    for wanted, message in ((named, NAMED), (~nameless, TAKEN), (shaped | none, DECIDED)):
        counted = select(func.count()).select_from(Street).where(Street.id.in_(_made_of(intake)), wanted)
        n = session.scalar(counted)
        if n:
            raise Conflict(message, n=int(n), source=intake.source)
    ids = session.scalars(_made_of(intake)).all() if holds else ()
    held = {street for ask in holds for some in chunks(ids, silent) for street in ask(session, some)}
    if held:
        raise Conflict(TAKEN, n=len(held), source=intake.source)


def _made_of(intake: Intake) -> Select[int]:
    """The streets made of its lines, not those that its lines only run along."""
    return (
        select(StreetSegment.street_id)
        .join(Segment, Segment.id == StreetSegment.segment_id)
        .where(Segment.intake_id == intake.id, ~StreetSegment.beside)
        .distinct()
    )


def _mixed(session: Session, intake: Intake) -> Mapping[int, set[int]]:
    """The streets made of its lines and of others', and which segments of theirs are its."""
    rows = session.execute(
        select(StreetSegment.street_id, StreetSegment.segment_id, Segment.intake_id)
        .join(Segment, Segment.id == StreetSegment.segment_id)
        .where(StreetSegment.street_id.in_(_made_of(intake)), ~StreetSegment.beside)
    ).all()
    others = {row.street_id for row in rows if row.intake_id != intake.id}
    found: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        if row.street_id in others and row.intake_id == intake.id:
            found[row.street_id].add(row.segment_id)
    return found


def _forget(session: Session, intake: Intake) -> None:
    """The intake's lines run beside no street any more, and streets that were called as they are have no name."""
    mine = (
        select(StreetSegment.id, StreetSegment.street_id, Segment.name)
        .join(Segment, Segment.id == StreetSegment.segment_id)
        .where(Segment.intake_id == intake.id, StreetSegment.beside)
    )
    called: dict[int, set[str | None]] = defaultdict(set)
    gone = []
    for row in session.execute(mine):
        called[row.street_id].add(plain_name(row.name))
        gone.append(row.id)
    session.execute(delete(StreetSegment).where(is_one_of(StreetSegment.id, gone)))
    left = (
        select(StreetSegment.street_id, Segment.name)
        .join(Segment, Segment.id == StreetSegment.segment_id)
        .where(is_one_of(StreetSegment.street_id, called.keys()), Segment.name.is_not(None))
    )
    still: dict[int, set[str | None]] = defaultdict(set)
    for street_id, name in session.execute(left):
        still[street_id].add(plain_name(name))
    named = select(Street).where(is_one_of(Street.id, called.keys()), Street.surveyed_name.is_not(None))
    for street in session.scalars(named):
        now = plain_name(street.surveyed_name)
        if now in called[street.id] and now not in still[street.id]:
            street.surveyed_name = None
    session.flush()


def _remove(session: Session, ids: Sequence[int]) -> None:
    for table in (ScopeReason, StreetSegment):
        session.execute(delete(table).where(table.street_id.in_(ids)))
    session.execute(delete(Street).where(Street.id.in_(ids)))
