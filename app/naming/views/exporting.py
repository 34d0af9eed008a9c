"""A list as a file."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_
from app.base.request import Answer, Now, Show, Work
from app.naming import queries
from app.naming.logic.entries import Form, ListKind
from app.naming.models import ListEntry, NameList
from app.naming.views.lists import the_list
from app.naming.views.telling import capital, said
from gis.formats.workbooks import Sheet, workbook

router = APIRouter(prefix="/lists")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/{kind}.xlsx")
def export_xlsx(session: Work, show: Show, clock: Now, kind: str) -> Response:
    """A list as an Excel file, with a sheet that says what it is."""
    row, of = the_list(session, kind)
    heads = [(show.text(each.title), 30 if each.key in {"note", "source"} else 16) for each in of.fields]
    sheet = Sheet(capital(show.text(of.title))[:31], heads, _cells(session, show, row.NameList, of))
    about = Sheet(
        show.text(N_("About this list")),
        [(show.text(N_("What")), 24), (show.text(N_("Value")), 60)],
        [(show.text(title), value) for title, value in _about(show, row, of)],
    )
    return _file(show, clock, of, workbook([sheet, about]), "xlsx", XLSX)


@router.get("/{kind}.csv")
def export_csv(session: Work, show: Show, clock: Now, kind: str) -> Response:
    """A list as CSV; a byte-order mark lets Excel read the Chinese."""
    row, of = the_list(session, kind)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([show.text(each.title) for each in of.fields])
    writer.writerows([[_harmless(cell) for cell in line] for line in _cells(session, show, row.NameList, of)])
    return _file(show, clock, of, ("\ufeff" + out.getvalue()).encode(), "csv", "text/csv; charset=utf-8")


def _cells(session: Session, show: Answer, of: NameList, kind: ListKind) -> list[list[object]]:
    """The entries that count, column by column, as a file has them; metres stay numbers."""
    rows = session.scalars(queries.entries(of).order_by(ListEntry.id))
    return [
        [
            getattr(row, each.key) if each.form is Form.METRES else said(show, row, each)
            for each in kind.fields
        ]
        for row in rows
    ]  # fmt: skip


def _about(show: Answer, row: Any, kind: ListKind) -> list[tuple[str, str]]:
    of = row.NameList
    who = show.text("{who}, {day}", who=row.who, day=of.confirmed_on) if row.confirmed else show.text(N_("nobody"))
    return [
        (N_("List"), capital(show.text(kind.title))),
        (N_("Source"), of.source),
        (N_("Licence"), of.licence),
        (N_("As of"), of.dated_on.isoformat()),
        (N_("Entries"), f"{row.size:,}"),
        (N_("Confirmed by"), who),
    ]


def _harmless(value: object) -> object:
    """Text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"} else value


def _file(show: Answer, clock: Clock, kind: ListKind, body: bytes, ending: str, media_type: str) -> Response:
    name = f"{capital(show.text(kind.title))}-{clock.today().isoformat()}.{ending}"
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "cache-control": "private, no-store",
    }
    return Response(body, media_type=media_type, headers=headers)
