"""Tables of the scanning: how often a sign's page was opened on a day, and what readers tell us."""

from __future__ import annotations

from datetime import date
from enum import Enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.tables import Editable, Kept, Placed, Table, one_of, within


class ReportKind(Enum):
    """What a reader of a sign can tell us."""

    DAMAGED = "damaged"
    WRONG = "wrong"
    FALSE_CODE = "false_code"
    OTHER = "other"


class ReportState(Enum):
    """Whether somebody looked after it."""

    OPEN = "open"
    CLOSED = "closed"


class ScanCount(Kept, Placed, Table):
    """Openings of one sign's page on one day; nothing of who opened it."""

    __tablename__ = "scan_count"
    __table_args__ = (
        *within("scan_count"),
        UniqueConstraint("code_id", "scanned_on", name="uq_scan_count_code_id_scanned_on"),
        CheckConstraint("scans > 0", name="scans"),
        {"schema": "scanning"},
    )
    code_id: Mapped[int] = mapped_column(ForeignKey("printing.code.id"))
    scanned_on: Mapped[date]
    scans: Mapped[int]


class Report(Editable, Placed, Table):
    """What a reader told us of a sign; a contact, if any, is personal data and lives in ``base.contact`` alone."""

    __tablename__ = "report"
    __table_args__ = (
        *within("report"),
        one_of("kind", ReportKind),
        one_of("state", ReportState),
        CheckConstraint("char_length(words) BETWEEN 1 AND 500", name="words"),
        Index("ix_report_sign_id", "sign_id"),
        Index("ix_report_open", "id", postgresql_where=text("state = 'open'")),
        {"schema": "scanning"},
    )
    sign_id: Mapped[int] = mapped_column(ForeignKey("planning.sign.id"))
    kind: Mapped[str]
    words: Mapped[str]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("base.contact.id"))
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    reported_on: Mapped[date]
    closed_on: Mapped[date | None]
    answer: Mapped[str] = mapped_column(server_default=text("''"))
