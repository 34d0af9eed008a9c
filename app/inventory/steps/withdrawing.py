"""An intake goes, with the streets made of its lines, as long as nothing was built on them."""

from __future__ import annotations

from collections.abc import Sequence

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


def withdraw(session: Session, clock: Clock, *, intake: Intake, tell: Share = silent) -> list[str]:
    """Applied → undone, with the unnamed streets made of its lines; scope is judged anew. Its record and file stay.

    The names of divisions that keep their places, set again since. By officers. Raises as :func:`dissolve` and
    :func:`app.intake.steps.undo_intake` do; nothing is changed then. ``tell`` hears what share is done.
    """
    dissolve(session, intake=intake, tell=part(tell, 0.0, _DISSOLVED))
    left = undo_intake(session, intake=intake)
    tell(_UNDONE)
    judge_again(session, clock, division=session.get_one(Division, intake.division_id))
    tell(1.0)
    return left


def dissolve(session: Session, *, intake: Intake, tell: Share = silent) -> int:
    """Unnamed streets made of an intake's lines → none; how many. Lines of other intakes in them are loose again.

    By officers. A street that the intake's lines only run along stays; what its facilities put in scope is judged anew
    once they are gone (:func:`judge_again`). Raises as :func:`require_unbuilt` does.
    """
    require_unbuilt(session, intake=intake)
    of_intake = select(Segment.id).where(Segment.intake_id == intake.id)
    ids = session.scalars(_made_of(intake)).all()
    found = select(Facility.id).where(Facility.intake_id == intake.id)
    try:
        with session.begin_nested():
            session.execute(delete(ScopeReason).where(ScopeReason.facility_id.in_(found)))
            session.execute(delete(StreetSegment).where(StreetSegment.segment_id.in_(of_intake), StreetSegment.beside))
            for some in chunks(ids, tell):
                _remove(session, some)
    except IntegrityError as error:
        raise Conflict(TAKEN, n=len(ids), source=intake.source) from error
    return len(ids)


def require_unbuilt(session: Session, *, intake: Intake) -> None:
    """Refuse, as Conflict, an intake on whose lines people built.

    Where names were proposed or given for streets made of them, and where people split, joined, drew or re-shaped
    some, or said that they are no street.
    """
    nameless = Street.state.in_((StreetState.UNNAMED.value, StreetState.NO_STREET.value))
    shaped = Street.shaped_on.is_not(None) | (Street.state == StreetState.NO_STREET.value)
    named = Street.state.in_((StreetState.APPROVED.value, StreetState.IN_FORCE.value, StreetState.RETIRED.value))
    for wanted, message in ((named, NAMED), (~nameless, TAKEN), (shaped, DECIDED)):
        counted = select(func.count()).select_from(Street).where(Street.id.in_(_made_of(intake)), wanted)
        n = session.scalar(counted)
        if n:
            raise Conflict(message, n=int(n), source=intake.source)


def _made_of(intake: Intake) -> Select[int]:
    """The streets made of its lines, not those that its lines only run along."""
    return (
        select(StreetSegment.street_id)
        .join(Segment, Segment.id == StreetSegment.segment_id)
        .where(Segment.intake_id == intake.id, ~StreetSegment.beside)
        .distinct()
    )


def _remove(session: Session, ids: Sequence[int]) -> None:
    for table in (ScopeReason, StreetSegment):
        session.execute(delete(table).where(table.street_id.in_(ids)))
    session.execute(delete(Street).where(Street.id.in_(ids)))
