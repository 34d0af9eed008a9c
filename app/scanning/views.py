"""The office's pages of the scanning: readers' reports and how often signs are scanned."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session

from app.base import contacts, paging
from app.base.clock import Clock
from app.base.errors import N_, Invalid, NotAllowed
from app.base.history import current_act, entries_of
from app.base.people import Actor, may
from app.base.request import Answer, Me, Now, Place, Show, Version, Work, one_of
from app.base.seen import require_row
from app.scanning import queries, steps
from app.scanning.logic import MOST_WORDS
from app.scanning.models import Report, ReportState, ScanCount
from app.scanning.schemas import PERIODS, REPORT_KINDS, REPORT_STATES, Closing

router = APIRouter(prefix="/scanning")
_SUBJECT = "scanning.report"


def waiting(session: Session, actor: Actor, clock: Clock) -> int:  # noqa: ARG001 - row-level security knows who asks
    """Open reports, for whoever may answer them."""
    return queries.count_open(session) if may(session, _SUBJECT, "change") else 0


@router.get("")
def index(session: Work, show: Show, place: Place, state: str = "open", after: str | None = None) -> Response:
    """Readers' reports, the open ones first."""
    if not may(session, _SUBJECT, "read"):
        raise NotAllowed(N_("Your role does not see readers' reports."))
    known = "" if state == "all" else one_of(state, [one.value for one in ReportState], field="state")
    found = queries.listed(division=place, state=known)
    keys = [paging.Key(Report.state, descending=True), paging.Key(Report.id, descending=True)]
    page = paging.page(session, found, keys=keys, after=after)
    total, state = paging.count(session, found), known or "all"
    return show.page("scanning/index.html", place=place, page=page, total=total, state=state, kinds=REPORT_KINDS)


@router.get("/scans")
def scans(session: Work, show: Show, place: Place, clock: Now, days: int = 30, after: str | None = None) -> Response:
    """How often the signs' pages were opened, by sign and day; nobody's name is in it."""
    if not may(session, "scanning.scan_count", "read"):
        raise NotAllowed(N_("Your role does not see how often signs are scanned."))
    one_of(str(days), [str(period) for period in PERIODS], field="days")
    since = clock.today() - timedelta(days=days - 1)
    found = queries.scans_of_day(division=place, since=since, until=clock.today())
    keys = [paging.Key(column, descending=True) for column in (ScanCount.scanned_on, ScanCount.scans, ScanCount.id)]
    page = paging.page(session, found, keys=keys, after=after)
    return show.page("scanning/scans.html", place=place, page=page, days=days, periods=PERIODS, since=since)


@router.get("/{uid}")
def record(session: Work, show: Show, uid: UUID) -> Response:
    """One report, and its answer."""
    return _record(session, show, queries.report(session, uid))


@router.post("/{uid}/close")
def close(
    session: Work, show: Show, clock: Now, actor: Me, uid: UUID, typed: Annotated[Closing, Depends()]
) -> Response:
    """Close the report with what was done."""
    report, answer = queries.report(session, uid), typed.answer
    if typed.version != report.version and may(session, _SUBJECT, "change"):
        mine, theirs = (show.text(REPORT_STATES[state]) for state in (ReportState.CLOSED.value, report.state))
        return show.page(
            "conflict.html",
            status=409,
            subject=show.text(REPORT_KINDS[report.kind]),
            again_url=f"/scanning/{uid}",
            fields=[(show.text("State"), mine, theirs), (show.text("What was done"), answer, report.answer or "—")],
        )
    try:
        steps.close_report(session, clock, actor, report=report, answer=answer)
    except Invalid as refusal:
        return _record(session, show, report, answer=answer, error=show.text(refusal.message, **refusal.values))
    return show.see("/scanning", "The report was closed.", undo=current_act(session))


@router.post("/{uid}/contact")
def contact(session: Work, show: Show, uid: UUID) -> Response:
    """Show what the reader left to be reached by; the history records that it was opened, and by whom."""
    report = queries.report(session, uid)
    words = None if report.contact_id is None else queries.open_contact(session, report.contact_id)
    if words is None:
        raise NotAllowed(N_("There is no contact that you may open: it was erased, or is not yours to see."))
    return _record(session, show, report, contact=words)


@router.post("/{uid}/contact/erase")
def erase_contact(session: Work, show: Show, clock: Now, actor: Me, uid: UUID, version: Version) -> Response:
    """Erase what the reader left to be reached by, for good."""
    report = queries.report(session, uid)
    require_row(report, version, title=show.text(REPORT_KINDS[report.kind]), url=f"/scanning/{uid}")
    steps.erase_contact(session, clock, actor, report=report)
    return show.see(f"/scanning/{uid}", "The contact was erased.")


def _record(
    session: Session, show: Answer, report: Report, *, contact: str = "", answer: str = "", error: str = ""
) -> Response:
    term = None if report.contact_id is None else contacts.term(session, report.contact_id)
    return show.page(
        "scanning/record.html",
        status=422 if error else 200,
        report=report,
        row=queries.row_of(session, report),
        kinds=REPORT_KINDS,
        may_close=report.state == ReportState.OPEN.value and may(session, _SUBJECT, "change"),
        term=term,
        may_erase=term is not None and term[1] is None and may(session, "base.contact", "change"),
        contact=contact,
        answer=answer,
        most=MOST_WORDS,
        errors={"answer": error} if error else {},
        entries=entries_of(session, _SUBJECT, report.id),
    )
