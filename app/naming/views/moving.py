"""Steps on one proposal or many: proposed for a batch, submitted, sent back, refused, withdrawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from sqlalchemy.orm import Session

from app.base.errors import N_, Conflict, Invalid, MingluError, NotAllowed, NotFound
from app.base.history import current_act
from app.base.request import Answer, Me, Now, Show, Work
from app.naming import steps
from app.naming.models import Proposal
from app.naming.schemas import refusal_words
from app.naming.suggesting import suggest
from app.naming.views import asking

router = APIRouter(prefix="/naming")


_NONE = N_("No name was proposed: every street in scope has one, or no word of the bank passes the checks.")
_ALL = N_("{n} names were proposed. Read them, change what does not fit, then submit.")
_LEFT = N_(
    "No name was proposed: {left} streets bear a surveyed name that does not pass the checks as it stands. Open each"
    " from the figure of unnamed streets and propose its name by hand."
)
_SOME = N_(
    "{n} names were proposed. {left} streets bear a surveyed name that does not pass the checks as it stands: they were"
    " left for you to name by hand."
)


@router.post("/suggest")
def suggest_for_batch(session: Work, show: Show, actor: Me, clock: Now, batch: Annotated[UUID, Form()]) -> Response:
    """Names for all unnamed streets in scope of a batch, surveyed ones as they are, each through the checks."""
    found = asking.the_batch(session, str(batch))
    if found is None:
        raise NotFound("There is no such batch in your territory.")
    suggested = suggest(session, clock, by=actor, batch=found)
    if not suggested.made:
        message = _LEFT if suggested.left else _NONE
        return show.see(f"/milestones/{batch}", message, n=0, left=len(suggested.left))
    return show.see(
        f"/naming?batch={batch}&state=draft",
        _SOME if suggested.left else _ALL,
        undo=current_act(session),
        n=len(suggested.made),
        left=len(suggested.left),
    )


@router.post("/submit")
def submit(session: Work, show: Show, actor: Me, clock: Now, chosen: Annotated[asking.Chosen, Depends()]) -> Response:
    """Draft or sent back → submitted, all or none."""

    def step(proposals: Sequence[Proposal]) -> None:
        steps.submit(session, clock, by=actor, proposals=proposals, read_by_hand=chosen.read == "yes")

    return _moved(session, show, chosen, step, N_("{n} names were submitted for decision."))


@router.post("/return")
def send_back(session: Work, show: Show, actor: Me, chosen: Annotated[asking.Chosen, Depends()]) -> Response:
    """Submitted → sent back with the reason."""

    def step(proposals: Sequence[Proposal]) -> None:
        steps.send_back(session, by=actor, proposals=proposals, reason=chosen.reason)

    return _moved(session, show, chosen, step, N_("{n} names were sent back."))


@router.post("/reject")
def reject(session: Work, show: Show, actor: Me, chosen: Annotated[asking.Chosen, Depends()]) -> Response:
    """Submitted → refused for good, with the reason."""

    def step(proposals: Sequence[Proposal]) -> None:
        steps.reject(session, by=actor, proposals=proposals, reason=chosen.reason)

    return _moved(session, show, chosen, step, N_("{n} names were refused; their streets can be named anew."))


@router.post("/withdraw")
def withdraw(session: Work, show: Show, actor: Me, chosen: Annotated[asking.Chosen, Depends()]) -> Response:
    """Draft, sent back or submitted → withdrawn."""

    def step(proposals: Sequence[Proposal]) -> None:
        steps.withdraw(session, by=actor, proposals=proposals)

    return _moved(session, show, chosen, step, N_("{n} names were withdrawn; their streets are unnamed again."))


def _moved(
    session: Session,
    show: Answer,
    chosen: asking.Chosen,
    step: Callable[[Sequence[Proposal]], None],
    done: str,
) -> Response:
    """All or none, with undo; a refusal names the proposal and the way back to it."""
    proposals = asking.the_proposals(session, chosen.seen, again=_back(chosen))
    if not proposals:
        raise NotFound("Choose at least one proposal of your territory in the list.")
    try:
        with session.begin_nested():
            step(proposals)
    except (Conflict, Invalid, NotAllowed) as refusal:
        return _refused(session, show, chosen, refusal, count=len(proposals))
    return show.see(_there(chosen.next, proposals[0].state), done, undo=current_act(session), n=len(proposals))


def _there(url: str, state: str) -> str:
    """The list that was looked at, where it was of one state of that to which its rows went: there they are."""
    return re.sub(r"([?&]state=)\w+", rf"\g<1>{state}", url)


def _refused(session: Session, show: Answer, chosen: asking.Chosen, refusal: MingluError, *, count: int) -> Response:
    about = getattr(refusal, "about", None)
    stuck = session.get(Proposal, about.proposal_id) if about is not None else None
    return show.page(
        "naming/refused.html",
        status=403 if isinstance(refusal, NotAllowed) else 409,
        message=refusal_words(show.text, refusal),
        stuck=stuck,
        needs_tick=about is not None and about.needs_tick,
        back=_back(chosen),
        count=count,
    )


def _back(chosen: asking.Chosen) -> str:
    return chosen.next if chosen.next.startswith("/naming") else "/naming"
