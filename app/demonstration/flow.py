"""One batch of the demonstration through the stations, by the steps that the pages call.

Each station looks for rows that are ready for it, so that a loading that was broken off goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.models import Division, Person
from app.base.people import Actor
from app.demonstration.cast import Cast, County
from app.demonstration.stories import Reach, Story
from app.inventory.models import Street
from app.milestones.models import Batch, BatchState
from app.milestones.steps import Terms, close_batch, open_batch
from app.naming.logic.states import State
from app.naming.models import Deadline, DeadlineKind, Decision, Proposal
from app.naming.papers import Approval
from app.naming.steps import announce, decide, file_decision, send_back, submit, unnamed_streets
from app.naming.suggesting import suggest_for
from app.planning.models import Sign
from app.planning.steps import plan
from app.printing.models import Order, OrderState
from app.printing.steps import draw_up, release

MAKER = "maker"
_DUE_DAYS = 150
_ON_TIME = 5
_MENDING = "请核对本村街巷的实际走向后再报。"


@dataclass(frozen=True, slots=True)
class Part:
    """A story that is being told in a county with some of its villages.

    Once it is open, ``batch`` holds its key, and ``late`` the streets that :mod:`lingering` tells of.
    """

    cast: Cast
    county: County
    story: Story
    title: str
    villages: Sequence[int]
    batch: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)

    def tell(self) -> None:
        """From opening the batch to where the story ends, up to released orders; :mod:`rollout` takes it from there.

        Without villages only a batch that is open already goes on.
        """
        stations = (
            (Reach.OPENED, _open),
            (Reach.PROPOSED, _propose),
            (Reach.APPROVED, _approve),
            (Reach.IN_FORCE, _announce),
            (Reach.PLANNED, _plan),
            (Reach.DRAWN_UP, _draw_up),
            (Reach.RELEASED, _release),
        )
        for reach, station in stations:
            if reach <= self.story.reach and (self.batch or reach is Reach.OPENED):
                with self.cast.acting(self.county.officer, station.__name__.strip("_")) as (session, actor):
                    station(self, session, actor)

    def close(self) -> None:
        """The batch's end, where the story tells of it."""
        if self.story.reach >= Reach.CLOSED:
            with self.cast.acting(self.county.officer, "close") as (session, _):
                batch = self.the_batch(session)
                if batch.state == BatchState.OPEN.value:
                    close_batch(session, self.cast.on_day(self.story.days_ago(Reach.CLOSED)), batch=batch)

    def the_batch(self, session: Session) -> Batch:
        """The batch, once it is open."""
        return session.get_one(Batch, self.batch[0])


def _open(part: Part, session: Session, actor: Actor) -> None:
    clock = part.cast.on_day(part.story.days_ago(Reach.OPENED))
    division = part.county.division(session)
    title = f"{clock.today().year}年{part.title}"
    batch = session.scalars(select(Batch).where(Batch.division_id == division.id, Batch.title == title)).one_or_none()
    if batch is None and part.villages:
        terms = Terms(title=title, year=clock.today().year, due_on=clock.today() + timedelta(days=_DUE_DAYS))
        villages = session.scalars(select(Division).where(Division.id.in_(part.villages)).order_by(Division.id)).all()
        batch = open_batch(session, clock, owner_id=actor.id, division=division, terms=terms, villages=villages)
    part.batch[:] = [] if batch is None else [batch.id]
    part.late[:] = late_streets(session, part.villages[0]) if part.story.lingers and part.villages else []


def late_streets(session: Session, village: int) -> list[int]:
    """Streets in scope of a village but for its first five, which go the whole way."""
    wanted = select(Street.id).where(Street.division_id == village, Street.in_scope).order_by(Street.id)
    return list(session.scalars(wanted))[_ON_TIME:]


def _propose(part: Part, session: Session, actor: Actor) -> None:
    """Drafts for all streets; where the story ends here, a third stays a draft and a third is sent back."""
    clock, batch = part.cast.on_day(part.story.days_ago(Reach.PROPOSED)), part.the_batch(session)
    if batch.state == BatchState.OPEN.value:
        streets = [street for street in unnamed_streets(session, batch) if street.id not in part.late]
        suggest_for(session, clock, by=actor, batch=batch, streets=streets)
    drafts = _proposals(session, part, State.DRAFT)
    if part.story.reach > Reach.PROPOSED:
        submit(session, clock, by=actor, proposals=drafts, read_by_hand=True)
    elif not _proposals(session, part, State.SUBMITTED):
        submit(session, clock, by=actor, proposals=drafts[len(drafts) // 3 :], read_by_hand=True)
        send_back(session, by=actor, proposals=drafts[2 * len(drafts) // 3 :], reason=_MENDING)


def _proposals(session: Session, part: Part, state: State) -> list[Proposal]:
    wanted = select(Proposal).where(Proposal.batch_id == part.batch[0], Proposal.state == state.value)
    return list(session.scalars(wanted.where(Proposal.street_id.not_in(part.late)).order_by(Proposal.id)))


def _approve(part: Part, session: Session, actor: Actor) -> None:
    clock, batch = part.cast.on_day(part.story.days_ago(Reach.APPROVED)), part.the_batch(session)
    proposals = _proposals(session, part, State.SUBMITTED)
    if not proposals:
        return
    today = clock.today()
    approval = Approval(f"演示〔{today.year}〕{batch.id}号", part.county.authority(session), today)
    division = part.county.division(session)
    decision = decide(session, clock, by=actor, division=division, proposals=proposals, approval=approval)
    if part.story.filed:
        file_decision(session, decision=decision, on=today + timedelta(days=3))


def _announce(part: Part, session: Session, actor: Actor) -> None:
    on = part.cast.on_day(part.story.days_ago(Reach.IN_FORCE)).today()
    approved = select(Proposal.decision_id).where(
        Proposal.batch_id == part.batch[0],
        Proposal.state == State.APPROVED.value,
        Proposal.street_id.not_in(part.late),
    )
    waiting = select(Deadline.decision_id).where(
        Deadline.kind == DeadlineKind.ANNOUNCE.value, Deadline.done_on.is_(None)
    )
    for decision in session.scalars(select(Decision).where(Decision.id.in_(approved), Decision.id.in_(waiting))):
        announce(session, by=actor, decision=decision, on=on)


def _plan(part: Part, session: Session, _: Actor) -> None:
    """Once, where streets come late: those that are approved then wait for their signs."""
    if part.late and session.scalar(select(Sign.id).where(Sign.division_id == part.villages[0]).limit(1)) is not None:
        return
    clock = part.cast.on_day(part.story.days_ago(Reach.PLANNED))
    plan(session, clock, batch=part.the_batch(session), division=part.county.division(session))


def _draw_up(part: Part, session: Session, actor: Actor) -> None:
    if _order(session, part.batch[0]) is None:
        clock = part.cast.on_day(part.story.days_ago(Reach.DRAWN_UP))
        maker, batch = session.get_one(Person, part.cast.people[MAKER]), part.the_batch(session)
        draw_up(session, clock, actor, division=part.county.division(session), batch=batch, maker=maker)


def _release(part: Part, session: Session, actor: Actor) -> None:
    order = _order(session, part.batch[0])
    if order is not None and order.state == OrderState.DRAFT.value:
        clock, host = part.cast.on_day(part.story.days_ago(Reach.RELEASED)), part.cast.settings.code_host
        release(session, clock, actor, part.cast.store, order=order, code_host=host)


def _order(session: Session, batch_id: int) -> Order | None:
    return session.scalars(select(Order).where(Order.batch_id == batch_id)).one_or_none()
