"""Proposals: the list, and the record with its spelling and what the law says of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base import seen as as_seen
from app.base.errors import Invalid, NotAllowed, NotFound
from app.base.history import current_act, entries_of
from app.base.models import Division
from app.base.people import Actor, may
from app.base.request import Answer, Me, Now, Place, Show, Work, one_of
from app.inventory.models import Street
from app.milestones.models import Batch
from app.naming import checking, queries
from app.naming.knowing import known
from app.naming.logic import states
from app.naming.logic.states import State
from app.naming.models import Decision, Finding, Name, Proposal
from app.naming.schemas import ROLES, refusal_words, told, told_doubt
from app.naming.spelling import spelled
from app.naming.views import asking
from signs.designs import is_blue

router = APIRouter(prefix="/naming")
STATES = tuple(state.value for state in State)


@router.get("")
def index(  # noqa: PLR0917 - one argument a value of the query
    session: Work, show: Show, place: Place, actor: Me, state: str = "", batch: str = "", after: str | None = None
) -> Response:
    """Proposals of the chosen territory, by state; of one batch where it is named."""
    asking.require_reader(session)
    one_of(state, (*STATES, queries.ASKED), field="state")
    only = asking.the_batch(session, batch)
    wanted = queries.proposals(place, state=state, batch=only)
    page = paging.page(session, wanted, keys=[paging.Key(Proposal.id, descending=True)], after=after)
    counts = queries.counts(session, place, only)
    return show.page(
        "naming/index.html",
        page=page,
        state=state,
        states=STATES,
        counts=counts,
        asked=sum(counts.get(each, 0) for each in queries.ASKING),
        batch=only,
        can=asking.can(actor, state if state in STATES else "") - {"announce"},
        movable={each for each in STATES if asking.can(actor, each) - {"announce"}},
        place=place,
        is_blue=is_blue,
    )


@router.get("/of/{uid}")
def of_street(session: Work, show: Show, actor: Me, uid: UUID) -> Response:
    """A street's proposals and names, as a part of its record."""
    street = session.scalar(select(Street).where(Street.uid == uid))
    if street is None:
        raise NotFound("There is no such street in your territory.")
    proposed, named = queries.of_street(session, street)
    live = any(State(each.state) in states.OPEN and each.state != State.IN_FORCE.value for each in proposed)
    return show.page(
        "naming/_of_street.html",
        street=street,
        proposed=proposed,
        named=named,
        sees_proposals=may(session, "naming.proposal", "read"),
        may_propose=not live and actor.role.value in ROLES and may(session, "naming.proposal", "create"),
        is_blue=is_blue,
    )


@router.get("/{uid}")
def record(session: Work, show: Show, actor: Me, uid: UUID) -> Response:
    """One proposal."""
    return proposal_page(session, show, actor, asking.the_proposal(session, uid))


def proposal_page(
    session: Session,
    show: Answer,
    actor: Actor,
    proposal: Proposal,
    errors: dict[str, str] | None = None,
    typed: asking.Typed | None = None,
) -> Response:
    """The record; with what was typed and what is wrong in it after a form that was refused."""
    name, latin = spelled(proposal.words, known(session), division=proposal.word_division)
    street = session.get_one(Street, proposal.street_id)
    decision = session.get(Decision, proposal.decision_id) if proposal.decision_id else None
    held = asking.Typed(proposal.words, proposal.meaning, proposal.word_division)
    return show.page(
        "naming/record.html",
        status=422 if errors else 200,
        proposal=proposal,
        announced_on=queries.announced_on(session, decision) if decision else None,
        name=name,
        doubts=[told_doubt(show.text, doubt) for doubt in latin.doubts],
        findings=[told(show.text, finding) for finding in checking.findings_of(session, proposal)],
        typed=typed or held,
        errors=errors or {},
        street=street,
        blue=is_blue(street.bearing_deg),
        village=session.get(Division, proposal.division_id),
        batch=session.get(Batch, proposal.batch_id) if proposal.batch_id else None,
        decision=decision,
        in_force=session.scalar(select(Name).where(Name.proposal_id == proposal.id)),
        can=asking.can(actor, proposal.state),
        may_write=asking.may_write(session, actor, proposal),
        entries=entries_of(session, "naming.proposal", proposal.id),
    )


@router.post("/findings/{uid}/waive")
def waive(
    session: Work, show: Show, actor: Me, clock: Now, uid: UUID, answer: Annotated[asking.Answered, Depends()]
) -> Response:
    """Answer a finding with the reason why it does not stand in the way."""
    finding = session.scalar(select(Finding).where(Finding.uid == uid))
    if finding is None:
        raise NotFound("This finding is no longer there: the words were changed and checked anew.")
    proposal = session.get_one(Proposal, finding.proposal_id)
    read = [asking.told(proposal), as_seen.shown(finding, f"{proposal.words} · {finding.clause}")]
    versions = {**as_seen.read(answer.seen), finding.uid: answer.version}
    as_seen.require(read, versions, again=f"/naming/{proposal.uid}")
    try:
        checking.waive(session, clock, by=actor, finding=finding, reason=answer.reason)
    except Invalid as refusal:
        return proposal_page(session, show, actor, proposal, {"reason": refusal_words(show.text, refusal)})
    except NotAllowed as refusal:
        raise NotAllowed(refusal.message, clause=show.text(finding.clause)) from refusal
    return show.see(f"/naming/{proposal.uid}", "The reason is on record.", undo=current_act(session))
