"""Pages of the tracking: how far the programme is on any day, as table, chart, file and map."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Invalid
from app.base.models import Division
from app.base.people import Actor
from app.base.request import Answer, Me, Now, Place, Show, Work, one_of
from app.base.territory import is_demonstration
from app.tracking import queries, schemas
from app.tracking.queries import By, Progress

router = APIRouter(prefix="/tracking")
#: The map's parts, from npm's lock file.
LEAFLET = Path(__file__).parents[2] / "node_modules" / "leaflet" / "dist"


def waiting(session: Session, actor: Actor, clock: Clock) -> int:  # noqa: ARG001 - every station has one
    """Nothing waits here: progress is counted, not worked on."""
    return 0


def _chosen(place: Division, actor: Actor) -> Division | None:
    """The place that the figures are narrowed to; None for the person's own, which is shown with what lies above it."""
    return None if place.id == actor.division_id else place


@router.get("")
def index(  # noqa: PLR0917 - one argument a value of the query
    session: Work, show: Show, place: Place, actor: Me, clock: Now, on: str = "", by: str = ""
) -> Response:
    """Progress of a day by city, county, town or year; of the chosen place and what lies below it."""
    today, error = clock.today(), ""
    try:
        day = schemas.asked_day(on, today)
    except Invalid as refusal:
        day, error = today, show.text(refusal.message, **refusal.values)
    kind = _by(by)
    rows = queries.progress(session, on=day, by=kind, place=_chosen(place, actor))
    name = _name(show, kind)
    return show.page(
        "tracking/index.html",
        status=422 if error else 200,
        place=place,
        rows=rows,
        bars=schemas.bars(rows, name),
        name=name,
        day=day,
        today=today,
        by=kind.value,
        bys=schemas.BYS,
        columns=schemas.columns(kind),
        difference=queries.register_difference(session),
        errors={"on": error} if error else {},
    )


@router.get("/export.csv")
def export(  # noqa: PLR0917 - one argument a value of the query
    session: Work, show: Show, place: Place, actor: Me, clock: Now, on: str = "", by: str = ""
) -> Response:
    """The same table as a file for a spreadsheet."""
    day, kind = schemas.asked_day(on, clock.today()), _by(by)
    rows = queries.progress(session, on=day, by=kind, place=_chosen(place, actor))
    shown = is_demonstration(session)
    body = schemas.table(rows, on=day, by=kind, name=_name(show, kind), say=show.text, demonstration=shown)
    return _file(body, "text/csv; charset=utf-8", _title(show, day, f"{kind.value}.csv"))


@router.get("/second")
def second(  # noqa: PLR0917 - one argument a value of the query
    session: Work, show: Show, place: Place, actor: Me, clock: Now, on: str = "", by: str = ""
) -> Response:
    """The second stream's own progress on a day, by city, county or town."""
    day, kind = schemas.asked_day(on, clock.today()), _place_of(by)
    return show.page(
        "tracking/second.html",
        place=place,
        rows=queries.second_stream(session, on=day, by=kind, place=_chosen(place, actor)),
        day=day,
        today=clock.today(),
        by=kind.value,
        bys={key: title for key, title in schemas.BYS.items() if key != By.YEAR.value},
        columns=schemas.SECOND,
    )


@router.get("/second.csv")
def export_second(  # noqa: PLR0917 - one argument a value of the query
    session: Work, show: Show, place: Place, actor: Me, clock: Now, on: str = "", by: str = ""
) -> Response:
    """The same table as a file for a spreadsheet."""
    day, kind = schemas.asked_day(on, clock.today()), _place_of(by)
    rows = queries.second_stream(session, on=day, by=kind, place=_chosen(place, actor))
    body = schemas.second_table(rows, on=day, say=show.text, demonstration=is_demonstration(session))
    name = f"{show.text(N_('Second stream'))}-{day.isoformat()}-{kind.value}.csv"
    return _file(body, "text/csv; charset=utf-8", name)


def _place_of(words: str) -> By:
    return By(one_of(words, [one.value for one in By if one is not By.YEAR], field="by") or By.COUNTY)


@router.get("/map.html")
def progress_map(session: Work, show: Show, clock: Now, by: str = "") -> Response:
    """Today's progress as a map in one file that asks no host for anything; saved, never opened here."""
    kind = By.TOWN if _by(by) is By.TOWN else By.COUNTY
    body = queries.progress_map(session, clock, leaflet=LEAFLET, by=kind, say=show.text)
    return _file(body, "text/html; charset=utf-8", _title(show, clock.today(), "map.html"))


def _by(words: str) -> By:
    return By(one_of(words, [one.value for one in By], field="by") or By.COUNTY)


def _name(show: Answer, by: By) -> Callable[[Progress], str]:
    def name(row: Progress) -> str:
        if by is not By.YEAR:
            return row.name
        return str(row.year) if row.year else show.text(N_("In no batch yet"))

    return name


def _title(show: Answer, day: date, ending: str) -> str:
    return f"{show.text(N_('Progress'))}-{day.isoformat()}-{ending}"


def _file(body: str, media_type: str, name: str) -> Response:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}", "cache-control": "no-store"}
    return Response(body.encode(), media_type=media_type, headers=headers)
