"""Decisions: many names by one document, and the clocks that run from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response, UploadFile
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base import seen as as_seen
from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from app.base.files import keep
from app.base.models import Division, File
from app.base.people import Actor, is_below
from app.base.request import Answer, Files, Me, Now, Place, Seen, Show, Version, Work
from app.naming import papers, queries, steps
from app.naming.logic.approvers import government
from app.naming.models import DeadlineKind, Decision, Name, Proposal
from app.naming.papers import Approval
from app.naming.schemas import day_of, refusal_words
from app.naming.views import asking
from signs.designs import is_blue

router = APIRouter(prefix="/naming")
SUBMITTED = "/naming?state=submitted"
#: How a scan's content begins, whatever its sender calls it.
SCANS = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@router.get("/decisions")
def index(session: Work, show: Show, place: Place, clock: Now, after: str | None = None) -> Response:
    """Decisions, the newest first."""
    keys = [paging.Key(Decision.approved_on, descending=True), paging.Key(Decision.id, descending=True)]
    found = queries.decisions(place)
    page = paging.page(session, found, keys=keys, after=after)
    total = paging.count(session, found)
    return show.page("naming/decisions.html", page=page, total=total, today=clock.today(), place=place)


@router.get("/decide")
def ask_for_batch(session: Work, show: Show, actor: Me, clock: Now, batch: str = "") -> Response:
    """The form for all submitted names of a batch; without one, how to choose what is decided."""
    _require_decider(actor)
    found = asking.the_batch(session, batch)
    if found is None:
        return asking.choose_first(
            show,
            title=N_("Enter a decision"),
            first=N_("Choose the names first"),
            hint=N_("A decision approves submitted names. Pick them in the list, then press “Enter the decision…”."),
            url=SUBMITTED,
            action=N_("To the submitted names"),
        )
    proposals = queries.submitted_of(session, found)
    return _form(session, show, actor, proposals, _blank(session, actor, clock, proposals))


@router.post("/decide/form")
def ask(session: Work, show: Show, actor: Me, clock: Now, seen: Seen) -> Response:
    """The form for the names picked in the list."""
    _require_decider(actor)
    proposals = asking.the_proposals(session, seen, again=SUBMITTED)
    return _form(session, show, actor, proposals, _blank(session, actor, clock, proposals))


@router.post("/decide")
def decide(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    actor: Me,
    clock: Now,
    store: Files,
    paper: Annotated[asking.Paper, Depends()],
    seen: Seen,
    scan: UploadFile | None = None,
) -> Response:
    """Submitted → approved: one document for all of these names, shown whole before it is made.

    Without ``sure`` nothing is done but looked at what was typed: a decision is never edited or deleted.
    """
    _require_decider(actor)
    proposals = asking.the_proposals(session, seen, again=SUBMITTED)
    if not proposals or paper.sure != "yes":
        return _look(session, show, actor, clock, proposals, paper)
    home = queries.government_of(session, session.get_one(Division, actor.division_id))
    try:
        with session.begin_nested():
            file = _scan(session, store, actor, home, scan)
            approval = _approval(paper, file)
            made = steps.decide(session, clock, by=actor, division=home, proposals=proposals, approval=approval)
    except (Invalid, Conflict) as refusal:
        read_again = _approval(paper) if getattr(refusal, "field", "") == "scan" else None
        return _form(session, show, actor, proposals, paper, refusal, approval=read_again)
    except NotAllowed as refusal:
        raise NotAllowed(refusal_words(show.text, refusal)) from refusal
    return show.see(
        f"/naming/decisions/{made.uid}",
        "{n} names are approved by {number}. The clocks of filing and notice run.",
        n=len(proposals),
        number=made.number,
    )


@router.get("/decisions/{uid}")
def record(session: Work, show: Show, actor: Me, clock: Now, uid: UUID, after: str | None = None) -> Response:
    """One decision: its names and its clocks."""
    return _record(session, show, actor, clock, _decision(session, uid), after=after)


@router.post("/decisions/{uid}/filed")
def filed(  # noqa: PLR0917 - one argument a field
    session: Work,
    show: Show,
    actor: Me,
    clock: Now,
    uid: UUID,
    version: Version,
    on: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """The decision was reported to the next higher government."""
    decision = _own(session, actor, uid)
    _as_seen(session, decision, DeadlineKind.FILE, version)
    try:
        steps.file_decision(session, decision=decision, on=_done_on(on, clock))
    except Invalid as refusal:
        errors = {"filed": show.text(refusal.message, **refusal.values)}
        return _record(session, show, actor, clock, decision, errors)
    return show.see(f"/naming/decisions/{uid}", "The filing of {number} is on record.", number=decision.number)


@router.post("/decisions/{uid}/announced")
def announced(  # noqa: PLR0917 - one argument a field
    session: Work,
    show: Show,
    actor: Me,
    clock: Now,
    uid: UUID,
    version: Version,
    on: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """The names were published: they are on the map as names in force."""
    decision = _own(session, actor, uid)
    _as_seen(session, decision, DeadlineKind.ANNOUNCE, version)
    try:
        with session.begin_nested():
            steps.announce(session, by=actor, decision=decision, on=_done_on(on, clock))
    except Invalid as refusal:
        errors = {"announced": show.text(refusal.message, **refusal.values)}
        return _record(session, show, actor, clock, decision, errors)
    return show.see(f"/naming/decisions/{uid}", "The names of {number} are announced.", number=decision.number)


def _record(  # noqa: PLR0917 - a page with its errors, or at a later place
    session: Session,
    show: Answer,
    actor: Actor,
    clock: Clock,
    decision: Decision,
    errors: dict[str, str] | None = None,
    after: str | None = None,
) -> Response:
    keys = [paging.Key(Name.division_id), paging.Key(Name.id)]
    return show.page(
        "naming/decision.html",
        status=422 if errors else 200,
        decision=decision,
        page=paging.page(session, queries.names_of(decision), keys=keys, after=after),
        count=queries.count_of(session, decision),
        applied_on=queries.applied_on(session, decision),
        deadlines=queries.deadlines_of(session, decision),
        kinds=[kind.value for kind in DeadlineKind],
        scan=session.get(File, decision.file_id) if decision.file_id else None,
        decides=asking.can_decide(actor) and is_below(decision.territory, actor.territory),
        government=session.get(Division, decision.division_id),
        today=clock.today(),
        errors=errors or {},
        is_blue=is_blue,
    )


def _form(
    session: Session,
    show: Answer,
    actor: Actor,
    proposals: Sequence[Proposal],
    paper: asking.Paper,
    refusal: Invalid | Conflict | None = None,
    *,
    approval: Approval | None = None,
) -> Response:
    """With ``approval``, the decision as it would be, to be confirmed; else the form."""
    _require_decider(actor)
    if not proposals:
        raise NotFound("No submitted name is left to decide. Look at the list of proposals.")
    return show.page(
        "naming/decide.html",
        status=422 if refusal else 200,
        proposals=proposals,
        allowed=queries.approvers(session, proposals),
        taken=getattr(refusal, "decision", None),
        villages=queries.villages(session, proposals),
        paper=paper,
        approval=approval,
        errors=_errors(show, refusal) if refusal else {},
    )


def _require_decider(actor: Actor) -> None:
    if not asking.can_decide(actor):
        raise NotAllowed("Only the county's and the city's officers enter decisions.")


def _look(
    session: Session, show: Answer, actor: Actor, clock: Clock, proposals: Sequence[Proposal], paper: asking.Paper
) -> Response:
    """The whole decision, to be read once more; the form again where something can be said against it."""
    try:
        approval = _approval(paper)
        papers.refuse_unfit(session, clock, proposals=proposals, approval=approval)
    except (Invalid, papers.NumberTaken) as refusal:
        return _form(session, show, actor, proposals, paper, refusal if proposals else None)
    return _form(session, show, actor, proposals, paper, approval=approval)


def _errors(show: Answer, refusal: Invalid | Conflict) -> dict[str, str]:
    return {getattr(refusal, "field", None) or "number": refusal_words(show.text, refusal)}


def _approval(paper: asking.Paper, file: File | None = None) -> Approval:
    return Approval(
        paper.number.strip(), paper.authority.strip(), _day(paper), file, paper.note.strip(), _applied_on(paper)
    )


def _blank(session: Session, actor: Actor, clock: Clock, proposals: Sequence[Proposal]) -> asking.Paper:
    """An empty form; with the reader's own government where it approves names there."""
    allowed = queries.approvers(session, proposals)
    own = government(queries.government_of(session, session.get_one(Division, actor.division_id)).name)
    chosen = own if own in allowed else next(iter(allowed), "")
    return asking.Paper(authority=chosen, approved_on=clock.today().isoformat())


def _day(paper: asking.Paper) -> date:
    if not paper.authority.strip():
        raise Invalid("Choose the government that decided.", field="authority")
    day = day_of(paper.approved_on)
    if day is None:
        raise Invalid("Enter the day of the decision.", field="approved_on")
    return day


def _applied_on(paper: asking.Paper) -> date | None:
    day = day_of(paper.applied_on)
    if day is None and paper.applied_on.strip():
        raise Invalid("Enter the day of the application as a date, or leave it empty.", field="applied_on")
    return day


def _done_on(written: str, clock: Clock) -> date:
    day = day_of(written)
    if day is None or day > clock.today():
        raise Invalid("Enter the day on which it was done, not a later one than today.", field="on")
    return day


def _scan(session: Session, store: Files, actor: Actor, division: Division, scan: UploadFile | None) -> File | None:
    if scan is None or not scan.filename:
        return None
    data = scan.file.read()
    media_type = next((kind for start, kind in SCANS.items() if data.startswith(start)), None)
    if media_type is None:
        raise Invalid("{name} is not a scan: hand in a PDF, JPEG or PNG.", field="scan", name=scan.filename)
    return keep(
        session,
        store,
        division_id=division.id,
        data=data,
        media_type=media_type,
        name=scan.filename or "scan",
        purpose="decision",
        owner_id=actor.id,
    )


def _own(session: Session, actor: Actor, uid: UUID) -> Decision:
    """A decision of this person's own government. Raises NotAllowed for one of others."""
    decision = _decision(session, uid)
    if not (asking.can_decide(actor) and is_below(decision.territory, actor.territory)):
        raise NotAllowed("Only the officers of the government that decided record its filing and notice.")
    return decision


def _as_seen(session: Session, decision: Decision, kind: DeadlineKind, version: int) -> None:
    """Raise Stale where the clock is not as the reader of the decision's page saw it."""
    clock = queries.deadlines_of(session, decision)[kind.value]
    as_seen.require_row(clock, version, title=decision.number, url=f"/naming/decisions/{decision.uid}")


def _decision(session: Session, uid: UUID) -> Decision:
    found = session.scalar(select(Decision).where(Decision.uid == uid))
    if found is None:
        raise NotFound("There is no such decision. Look for it in the list of decisions.")
    return found
