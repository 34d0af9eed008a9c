"""What the pages of the naming station have in common: forms, who may do what, records by their key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Form, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import seen as as_seen
from app.base.errors import NotAllowed, NotFound
from app.base.people import Actor, may
from app.base.request import Answer, Seen, Version
from app.milestones.models import Batch
from app.naming import queries
from app.naming.logic import states
from app.naming.logic.states import State, Verb, Who
from app.naming.models import Proposal


@dataclass(slots=True)
class Typed:
    """A name as it was typed."""

    words: Annotated[str, Form(max_length=40)] = ""
    meaning: Annotated[str, Form(max_length=400)] = ""
    division: Annotated[str, Form(max_length=60)] = ""


@dataclass(slots=True)
class Paper:
    """A decision as it was typed, beside its scan."""

    number: Annotated[str, Form(max_length=80)] = ""
    authority: Annotated[str, Form(max_length=80)] = ""
    approved_on: Annotated[str, Form(max_length=10)] = ""
    applied_on: Annotated[str, Form(max_length=10)] = ""
    note: Annotated[str, Form(max_length=200)] = ""
    sure: Annotated[str, Form(max_length=3)] = ""


@dataclass(slots=True)
class Chosen:
    """Proposals picked in a list as it showed them, with what was said about them; ``next`` is where to go on."""

    seen: Seen
    reason: Annotated[str, Form(max_length=400)] = ""
    read: Annotated[str, Form(max_length=3)] = ""
    next: Annotated[str, Form(max_length=400)] = "/naming"


@dataclass(slots=True)
class Answered:
    """A finding's answer; ``version`` is that of the finding, ``seen`` its proposal's, whose words it is about."""

    version: Version
    seen: Seen
    reason: Annotated[str, Form(max_length=400)] = ""


def require_reader(session: Session) -> None:
    """Refuse roles that have nothing to do with proposals, in words that say who has."""
    if not may(session, "naming.proposal", "read"):
        raise NotAllowed("Proposals are for the offices that name streets. Names in force are open to you.")


def the_proposal(session: Session, uid: UUID) -> Proposal:
    """A proposal by its key. Raises NotFound for one that is not there or lies in foreign territory."""
    found = session.scalar(select(Proposal).where(Proposal.uid == uid))
    if found is None:
        raise NotFound("There is no such proposal in your territory. Look for it in the list of proposals.")
    return found


def the_proposals(session: Session, seen: Sequence[str], *, again: str) -> list[Proposal]:
    """The proposals that a form was filled in for; that none was chosen is no fault.

    Raises Stale where one of them is not as its reader saw it, Conflict where one is gone or not this person's.
    """
    versions = as_seen.read(seen)
    found = queries.by_uid(session, list(versions))
    as_seen.require([told(each) for each in found], versions, again=again)
    return found


def told(proposal: Proposal) -> as_seen.Shown:
    """A proposal as a page calls it that somebody overtook."""
    return as_seen.shown(proposal, proposal.words, f"/naming/{proposal.uid}")


def the_batch(session: Session, uid: str) -> Batch | None:
    """The batch that a list is narrowed to; None for no key. Raises NotFound for one that is not there."""
    try:
        found = session.scalar(select(Batch).where(Batch.uid == UUID(uid))) if uid else None
    except ValueError:
        found = None
    if uid and found is None:
        raise NotFound("There is no such batch in your territory. Look for it in the list of batches.")
    return found


def key(written: str) -> UUID | None:
    """A record's key as an address has it; None for what is none."""
    try:
        return UUID(written)
    except ValueError:
        return None


def choose_first(show: Answer, *, title: str, first: str, hint: str, url: str, action: str) -> Response:
    """A page in place of a form whose subject was not chosen: what to choose, and where."""
    return show.page(
        "naming/choose.html",
        title=show.text(title),
        first=show.text(first),
        hint=show.text(hint),
        url=url,
        action=show.text(action),
    )


def can(actor: Actor, state: str) -> frozenset[str]:
    """What this person's role may do with a proposal in a state; for all states where ``state`` is empty."""
    known = {who.value: who for who in Who}
    who = known.get(actor.role.value)
    if who is None:
        return frozenset()
    wanted = [State(state)] if state else list(State)
    return frozenset(verb.value for each in wanted for verb in states.verbs_in(each, who))


def may_write(session: Session, actor: Actor, proposal: Proposal) -> bool:
    """Whether this person may change the words."""
    asks = actor.role.value in {who.value for who in Who}
    return asks and State(proposal.state) in states.EDITABLE and may(session, "naming.proposal", "change")


def can_decide(actor: Actor) -> bool:
    """Whether this role decides."""
    return Verb.APPROVE.value in can(actor, State.SUBMITTED.value)


#: ``show.text`` as the schemas take it.
def say_of(show: Answer) -> Callable[..., str]:
    """The reader's language as a function."""
    return show.text
