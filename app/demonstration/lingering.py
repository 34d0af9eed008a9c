"""The village of the logins: beside the streets whose signs stand, others wait at every step before that.

So the people of the village and of its town find work of each kind of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.people import Actor
from app.demonstration.flow import Part
from app.inventory.models import Street
from app.naming.models import Decision, Proposal
from app.naming.papers import Approval
from app.naming.steps import announce, decide, file_decision, send_back, submit
from app.naming.suggesting import suggest_for
from app.planning.steps import plan

CONTACT = "village"
_MENDING = "与邻村道路读音太近，请另拟一个。"


class Fate(Enum):
    """How far a late street came; streets get theirs in turn."""

    DRAFT = "draft"
    RETURNED = "returned"
    SUBMITTED = "submitted"
    APPROVED = "approved"  # and not announced; its signs are to be planned
    PLANNED = "planned"  # in force, its signs planned and not ordered
    UNNAMED = "unnamed"


#: Days before today.
_PROPOSED, _SUBMITTED, _DECIDED, _ANNOUNCED, _PLANNED, _APPROVED = 14, 12, 10, 8, 7, 4


def linger(part: Part) -> None:
    """The late streets of a batch, each as far as its fate; nothing where that was told before."""
    if not part.late:
        return
    with part.cast.acting(part.county.officer, "naming") as (session, actor):
        told = select(Proposal.id).where(Proposal.street_id.in_(part.late)).limit(1)
        if session.scalar(told) is not None:
            return
        drafts = _tell(part, session, actor)
    with part.cast.acting(CONTACT, "naming") as (session, actor):
        streets = session.scalars(select(Street).where(Street.id.in_(drafts)).order_by(Street.id)).all()
        suggest_for(session, part.cast.on_day(_PROPOSED), by=actor, batch=part.the_batch(session), streets=streets)


def _tell(part: Part, session: Session, actor: Actor) -> list[int]:
    """All fates but the drafts, whose streets are given back: the village's contact writes them."""
    streets = session.scalars(select(Street).where(Street.id.in_(part.late)).order_by(Street.id)).all()
    fates = list(Fate)
    fate_of = {street.id: fates[n % len(fates)] for n, street in enumerate(streets)}
    batch = part.the_batch(session)
    sent_in = [street for street in streets if fate_of[street.id] not in {Fate.UNNAMED, Fate.DRAFT}]
    made = suggest_for(session, part.cast.on_day(_PROPOSED), by=actor, batch=batch, streets=sent_in).made
    of = {fate: [proposal for proposal in made if fate_of[proposal.street_id] is fate] for fate in Fate}
    submit(session, part.cast.on_day(_SUBMITTED), by=actor, proposals=made, read_by_hand=True)
    if of[Fate.PLANNED]:
        decision = _decide(part, session, actor, proposals=of[Fate.PLANNED], days_ago=_DECIDED)
        file_decision(session, decision=decision, on=part.cast.on_day(_ANNOUNCED).today())
        announce(session, by=actor, decision=decision, on=part.cast.on_day(_ANNOUNCED).today())
        plan(session, part.cast.on_day(_PLANNED), batch=batch, division=part.county.division(session))
    if of[Fate.RETURNED]:
        send_back(session, by=actor, proposals=of[Fate.RETURNED], reason=_MENDING)
    if of[Fate.APPROVED]:
        _decide(part, session, actor, proposals=of[Fate.APPROVED], days_ago=_APPROVED)
    return [street.id for street in streets if fate_of[street.id] is Fate.DRAFT]


def _decide(part: Part, session: Session, actor: Actor, *, proposals: Sequence[Proposal], days_ago: int) -> Decision:
    """A decision of its own, numbered beside that of the batch."""
    clock = part.cast.on_day(days_ago)
    number = f"演示补〔{clock.today().year}〕{part.batch[0]}{days_ago:02}号"
    approval = Approval(number, part.county.authority(session), clock.today())
    division = part.county.division(session)
    return decide(session, clock, by=actor, division=division, proposals=proposals, approval=approval)
