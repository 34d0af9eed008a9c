"""Reads of the scanning: the page behind a code, for the public; reports and scans, for the office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, Text, Uuid, column, func, select, text, true

from app.base.errors import N_, NotFound
from app.base.models import Division
from app.naming.models import Name
from app.planning.models import Sign
from app.scanning.models import Report, ReportState, ScanCount
from signs import codes

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class SignPage:
    """All that the public may know of a sign; lon, lat in CGCS2000. ``form_key`` is a report form's, each time new."""

    token: str
    code_state: str
    sign_uid: UUID
    kind: str
    sign_state: str
    facing_deg: float
    along_deg: float
    goes_on: bool
    goes_back: bool
    ground: str | None
    words: str
    specific: str
    generic: str
    latin_toned: str
    latin_sign: str
    meaning: str
    origin: str
    in_force_on: date
    retired_on: date | None
    decision_number: str | None
    authority: str | None
    approved_on: date | None
    bearing_deg: float
    length_m: float
    geometry_source: str
    village: str
    town: str | None
    county: str | None
    lon: float
    lat: float
    installed_on: date | None
    form_key: UUID


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A reader's report as the office's list shows it; the contact, if any, opens only through its own door."""

    id: int
    uid: UUID
    kind: str
    words: str
    state: str
    answer: str
    contact_id: int | None
    sign_uid: UUID
    name: str
    village: str
    reported_on: date
    closed_on: date | None


@dataclass(frozen=True, slots=True)
class ScanRow:
    """How often the pages of a street's signs were opened within some days."""

    division_id: int
    village: str
    name: str
    scans: int


def page_of(session: Session, token: str) -> SignPage | None:
    """The page behind a code, however it was typed; None for a forged, unknown or not yet published one."""
    wanted = codes.normalise(token)
    if not codes.is_valid(wanted):
        return None
    of_code = text("SELECT *, base.uuid7() AS form_key FROM open.sign_page WHERE token = :token")
    found = session.execute(of_code, {"token": wanted}).one_or_none()
    return None if found is None else SignPage(**found._mapping)


def report(session: Session, uid: UUID) -> Report:
    """One report. Raises NotFound for an unknown one and for one of a foreign territory."""
    found = session.scalar(select(Report).where(Report.uid == uid))
    if found is None:
        raise NotFound(N_("There is no such report in your territory."))
    return found


def reports(
    session: Session, *, state: ReportState | None = ReportState.OPEN, before: int | None = None, most: int = 50
) -> list[ReportRow]:
    """Reports that the person may see, the newest first: the next ``most`` behind ``before``."""
    wanted = _reports()
    if state is not None:
        wanted = wanted.where(Report.state == state.value)
    if before is not None:
        wanted = wanted.where(Report.id < before)
    return [ReportRow(**row._mapping) for row in session.execute(wanted.order_by(Report.id.desc()).limit(most))]


def _reports() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Report.id,
            Report.uid,
            Report.kind,
            Report.words,
            Report.state,
            Report.answer,
            Report.contact_id,
            Sign.uid.label("sign_uid"),
            Name.words.label("name"),
            Division.name.label("village"),
            Report.reported_on,
            Report.closed_on,
        )
        .join(Sign, Sign.id == Report.sign_id)
        .join(Name, Name.id == Sign.name_id)
        .join(Division, Division.id == Report.division_id)
    )


def listed(*, division: Division, state: str = "") -> Select[*tuple[Any, ...]]:
    """Reports at and below ``division`` in this state, for a list by key."""
    wanted = _reports().where(Report.territory.op("<@")(division.path))
    return wanted.where(Report.state == state) if state else wanted


def row_of(session: Session, report: Report) -> ReportRow:
    """A report as lists show it."""
    return ReportRow(**session.execute(_reports().where(Report.id == report.id)).one()._mapping)


def count_open(session: Session) -> int:
    """Open reports that the person may see."""
    return int(session.scalar(select(func.count()).where(Report.state == ReportState.OPEN.value)) or 0)


def _behind() -> Any:
    """The sign behind each count, whether its reader may read signs or not."""
    columns = (column("sign_uid", Uuid), column("name_id", BigInteger), column("name", Text), column("token", Text))
    return func.scanning.sign_of(ScanCount.code_id).table_valued(*columns).lateral("behind")


def scans_of_day(*, division: Division, since: date, until: date) -> Select[*tuple[Any, ...]]:
    """How often each sign's page was opened on each day from ``since`` to ``until``, for a list by key."""
    behind = _behind()
    return (
        select(
            ScanCount.id,
            ScanCount.scanned_on,
            ScanCount.scans,
            behind.c.sign_uid,
            behind.c.name,
            behind.c.token,
            Division.name.label("village"),
        )
        .select_from(ScanCount)
        .join(behind, true())
        .join(Division, Division.id == ScanCount.division_id)
        .where(ScanCount.scanned_on.between(since, until), ScanCount.territory.op("<@")(division.path))
    )


def open_contact(session: Session, contact_id: int) -> str | None:
    """What the reader left to be reached by; the history records who opened it. None where it is erased."""
    words: str | None = session.scalar(text("SELECT base.open_contact(:key)"), {"key": contact_id})
    return words


def scans(session: Session, *, since: date, until: date, most: int = 50) -> list[ScanRow]:
    """The names whose signs were opened most from ``since`` to ``until`` (both counted), as far as one may see."""
    total, behind = func.sum(ScanCount.scans), _behind()
    wanted = (
        select(ScanCount.division_id, Division.name.label("village"), behind.c.name, total.label("scans"))
        .select_from(ScanCount)
        .join(behind, true())
        .join(Division, Division.id == ScanCount.division_id)
        .where(ScanCount.scanned_on.between(since, until))
        .group_by(ScanCount.division_id, Division.name, behind.c.name, behind.c.name_id)
        .order_by(total.desc(), behind.c.name_id)
        .limit(most)
    )
    return [ScanRow(**{**row._mapping, "scans": int(row.scans)}) for row in session.execute(wanted)]
