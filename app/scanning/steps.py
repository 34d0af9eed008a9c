"""What happens behind a code: its page is opened, a reader reports, the office answers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from app.base import contacts
from app.base.errors import N_, Conflict, NotAllowed, NotFound
from app.base.people import may
from app.scanning import logic, queries
from app.scanning.models import Report, ReportState
from app.scanning.schemas import Said
from signs import codes

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.base.clock import Clock
    from app.base.people import Actor


def count_scan(session: Session, clock: Clock, *, token: str) -> None:
    """One more opening of this sign's page today; by the public role. An unknown code counts nothing."""
    wanted = codes.normalise(token)
    session.execute(text("SELECT open.count_scan(:token, :today)"), {"token": wanted, "today": clock.today()})


def file_report(session: Session, clock: Clock, *, token: str, said: Said) -> UUID:
    """A reader's report → open; its key. By the public role; a contact is sealed at once and erased after 180 days.

    The same words under the same form's key are the same report, however often they are sent.
    Refuses an unknown code (NotFound), nothing or too much said (Invalid), and more than 20 reports of a sign on one
    day (Conflict).
    """
    page = queries.page_of(session, token)
    if page is None:
        raise NotFound(N_("There is no sign with the code {token}."), token=token[:20])
    made: UUID | None = session.scalar(
        text("SELECT open.file_report(:token, :kind, :words, :contact, :today, :key)"),
        {
            "token": page.token,
            "kind": said.kind.value,
            "words": logic.said(said.words),
            "contact": said.contact,
            "today": clock.today(),
            "key": said.key,
        },
    )
    if made is None:
        raise Conflict(N_("This sign was reported often enough today. Somebody will look at it."))
    return made


def close_report(session: Session, clock: Clock, actor: Actor, *, report: Report, answer: str) -> Report:
    """An open report → closed with its answer, on the clock's day. By officers of the territory.

    Refuses others (NotAllowed), an empty or too long answer (Invalid), and a report that is closed already (Conflict).
    """
    if not may(session, "scanning.report", "change"):
        raise NotAllowed(N_("{name}, only officers may close reports."), name=actor.name)
    if report.state != ReportState.OPEN.value:
        raise Conflict(N_("This report was closed on {day}."), day=report.closed_on)
    report.answer = logic.said(answer, field="answer")
    report.state, report.closed_on = ReportState.CLOSED.value, clock.today()
    session.flush()
    return report


def erase_contact(session: Session, clock: Clock, actor: Actor, *, report: Report) -> None:
    """What the reader left to be reached by → erased at once, for good. By whoever may open it.

    Refuses others (NotAllowed), and a report without a contact or with one that is erased already (Conflict).
    """
    if not may(session, "base.contact", "change"):
        raise NotAllowed(N_("{name}, only officers may erase a contact."), name=actor.name)
    if report.contact_id is None or not contacts.erase(session, clock, contact_id=report.contact_id):
        raise Conflict(N_("There is no contact left to erase."))
