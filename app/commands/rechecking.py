"""Long work on proposals: all open ones are checked anew once a list has changed."""

from __future__ import annotations

from typing import TypedDict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import NotAllowed, NotFound
from app.base.jobs import RunContext
from app.base.models import Division
from app.base.people import reaches
from app.naming.checking import Rechecked, recheck
from app.naming.logic.states import OPEN, State
from app.naming.models import Proposal

#: Proposals a transaction: some seconds of work, after which the rest sees what changed meanwhile.
_AT_ONCE = 500
_UNDECIDED = [state.value for state in OPEN if state not in {State.APPROVED, State.IN_FORCE}]


class Checked(TypedDict):
    """What a check of open proposals says at its end."""

    proposals: int
    changed: int
    opened: int
    respelled: int


def check_again(run: RunContext, *, clock: Clock) -> Checked:
    """The work of a run of kind ``recheck``: open proposals below a division, some at a time, each a transaction.

    Argument: ``division`` by uid. What was checked stays checked where it is stopped; begun anew it begins anew.
    """
    with run.acting() as session:
        keys = _open(session, UUID(run.args["division"]))
    total = Rechecked()
    for first in range(0, len(keys), _AT_ONCE):
        run.tell(first, len(keys))
        with run.acting() as session:
            here = keys[first : first + _AT_ONCE]
            wanted = select(Proposal).where(Proposal.id.in_(here), Proposal.state.in_(_UNDECIDED)).order_by(Proposal.id)
            total = total.and_(recheck(session, clock, proposals=session.scalars(wanted).all()))
    run.tell(len(keys), len(keys))
    return {
        "proposals": total.proposals,
        "changed": total.changed,
        "opened": total.opened,
        "respelled": total.respelled,
    }


def _open(session: Session, division: UUID) -> list[int]:
    """Keys of the open proposals below a division. Raises NotFound, and NotAllowed for who writes no findings there."""
    place = session.scalar(select(Division).where(Division.uid == division))
    if place is None:
        raise NotFound("The place of this work is not in your territory any more, or it is gone. Choose another.")
    if not reaches(session, place.id, subject="naming.finding", act="change"):
        raise NotAllowed("You may not have proposals checked in {place}.", place=place.name)
    below = (Proposal.territory.op("<@")(place.path), Proposal.state.in_(_UNDECIDED))
    return list(session.scalars(select(Proposal.id).where(*below).order_by(Proposal.id)))
