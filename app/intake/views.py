"""The pages of the intake: files taken in, each with the verdict on every row; taking one in, and undoing it."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response, UploadFile
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base.clock import Clock
from app.base.errors import N_, Invalid, NotAllowed, NotFound
from app.base.files import fetch, keep
from app.base.jobs import enqueue
from app.base.models import Division, File, GeometrySource, Run, RunState
from app.base.people import Actor, may
from app.base.request import Answer, Files, Me, Place, Show, Work, one_of
from app.intake import queries, steps
from app.intake.models import Intake, IntakeRow, IntakeState
from gis.features import RowReport, Verdict

router = APIRouter(prefix="/intake")
#: Files up to this size are looked at before they are queued, so that a bad one is refused on the form.
LOOKED_AT = 8 * 1024 * 1024
DATUMS = {
    "EPSG:4490": N_("CGCS2000, longitude and latitude (EPSG:4490)"),
    "EPSG:4326": N_("WGS84, GPS (EPSG:4326)"),
    "EPSG:4548": N_("CGCS2000, 3° zone of 117° E (EPSG:4548)"),
    "EPSG:4527": N_("CGCS2000, 3° zone 39 with its number in front (EPSG:4527)"),
    "EPSG:4509": N_("CGCS2000, 6° zone of 117° E (EPSG:4509)"),
    "EPSG:4498": N_("CGCS2000, 6° zone 20 with its number in front (EPSG:4498)"),
    "EPSG:32650": N_("WGS84, UTM zone 50 N (EPSG:32650)"),
    "EPSG:3857": N_("Web Mercator (EPSG:3857)"),
    "GCJ-02": N_("GCJ-02 (Amap, Tencent)"),
    "BD-09": N_("BD-09 (Baidu)"),
}
SOURCES = {
    GeometrySource.SURVEY.value: N_("survey"),
    GeometrySource.SKETCH.value: N_("sketch, no legal boundary"),
    GeometrySource.GENERATED.value: N_("generated for the demonstration"),
}
VERDICTS = {
    Verdict.ACCEPTED.value: N_("Accepted"),
    Verdict.REPAIRED.value: N_("Repaired"),
    Verdict.DUPLICATE.value: N_("Duplicate"),
    Verdict.REJECTED.value: N_("Rejected"),
    Verdict.IGNORED.value: N_("Ignored"),
}


@dataclass(slots=True)
class Handed:
    """What is said about a file that is handed in."""

    source: Annotated[str, Form(max_length=120)] = ""
    licence: Annotated[str, Form(max_length=120)] = ""
    datum: Annotated[str, Form(max_length=20)] = ""
    other: Annotated[str, Form(max_length=60)] = ""
    geometry: Annotated[str, Form(max_length=20)] = GeometrySource.SURVEY.value

    @property
    def stated(self) -> str:
        """The datum that overrules what the file says; empty for none."""
        return self.other.strip() or self.datum


def waiting(session: Session, actor: Actor, clock: Clock) -> int:
    """Nothing waits at the intake: files come when they come."""
    del session, actor, clock
    return 0


@router.get("")
def index(session: Work, show: Show, place: Place, after: str | None = None) -> Response:
    """Files taken in for the chosen territory, the newest first."""
    _require_reader(session)
    keys = [paging.Key(Intake.id, descending=True)]
    return show.page(
        "intake/index.html",
        page=paging.page(session, queries.intakes(place), keys=keys, after=after),
        place=place,
        may_take=may(session, "intake.intake", "create"),
    )


@router.get("/new")
def ask(session: Work, show: Show, place: Place) -> Response:
    """The form for a file."""
    _require_officer(session)
    return _form(show, place, Handed(), {})


@router.post("/new")
def take(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    actor: Me,
    store: Files,
    place: Place,
    handed: Annotated[Handed, Depends()],
    file: UploadFile | None = None,
) -> Response:
    """Keep the file and queue its intake; a small one is looked at first, and refused on the form where it is bad."""
    _require_officer(session)
    data, name = (file.file.read(), file.filename or "file") if file is not None else (b"", "")
    try:
        _look(data, name, handed)
    except Invalid as refusal:
        field = refusal.field if refusal.field != "datum" or not handed.other else "other"
        return _form(show, place, handed, {field or "file": show.text(refusal.message, **refusal.values)})
    kept = keep(
        session,
        store,
        division_id=place.id,
        data=data,
        media_type="application/octet-stream",
        name=name,
        purpose="intake",
        owner_id=actor.id,
    )
    args = {
        "file": str(kept.uid),
        "division": str(place.uid),
        "source": handed.source.strip() or name,
        "licence": handed.licence.strip(),
        "datum": handed.stated,
        "geometry": handed.geometry,
    }
    run = enqueue(session, "intake", args)
    return show.see(f"/intake/runs/{run}", "{name} is kept and waits to be taken in.", name=name)


@router.get("/runs/{uid}")
def run_record(session: Work, show: Show, uid: UUID) -> Response:
    """How far an intake is; the record of the intake itself once it is done."""
    run = session.scalar(select(Run).where(Run.uid == uid, Run.kind == "intake"))
    if run is None:
        raise NotFound("There is no such run, or it is not in your territory.")
    made = run.result.get("intake") if run.state == RunState.DONE.value else None
    if made:
        return RedirectResponse(f"/intake/{made}", status_code=303)
    file = session.scalar(select(File).where(File.uid == UUID(run.args["file"])))
    return show.page("intake/run.html", run=run, file=file, division=run.args.get("division", ""))


@router.get("/{uid}")
def record(session: Work, show: Show, uid: UUID, verdict: str = "", after: str | None = None) -> Response:
    """One file: its counts, and what became of each of its rows."""
    intake = _intake(session, uid)
    known = {each.value: each for each in Verdict}
    one_of(verdict, known, field="verdict")
    rows = queries.rows_of(intake, verdict=known.get(verdict))
    page = paging.page(session, rows, keys=[paging.Key(IntakeRow.row)], after=after)
    entries = queries.entries_of(session, "intake.intake", intake.id)
    return show.page(
        "intake/record.html",
        intake=intake,
        division=session.get(Division, intake.division_id),
        file=session.get(File, intake.file_id) if intake.file_id else None,
        made=queries.made_by(session, intake),
        page=page,
        reasons={row.id: said(show, row.reason, row.values) for row in page.rows},
        verdict=verdict,
        verdicts=list(known),
        verdict_words=VERDICTS,
        may_undo=intake.state == IntakeState.APPLIED.value and may(session, "intake.intake", "change"),
        entries=entries,
        names=queries.names_of(session, entries),
    )


@router.get("/{uid}/rejected")
def rejected(session: Work, show: Show, store: Files, uid: UUID) -> Response:
    """The rejected rows as GeoJSON with the reasons, to be mended and handed in again."""
    intake = _intake(session, uid)
    file = session.get(File, intake.file_id) if intake.file_id else None
    if file is None:
        raise NotFound("The file of this intake was not kept; its rejected rows cannot be given back.")
    _, content = fetch(session, store, file.uid)
    survey = steps.read_bytes(content.read(), name=file.name, datum=intake.datum)
    told = tuple(_told(show, report) for report in survey.reports)
    from gis.formats import writing  # GDAL: only who asks for the rows back waits for it

    with tempfile.TemporaryDirectory(prefix="minglu-") as folder:
        path = Path(folder) / "rejected.geojson"
        writing.write_rejected(path, replace(survey, reports=told))
        body = path.read_bytes()
    name = quote(f"{Path(file.name).stem}-rejected.geojson")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}", "cache-control": "private, no-store"}
    return Response(body, media_type="application/geo+json", headers=headers)


def said(show: Answer, reason: str, values: dict[str, object]) -> str:
    """A row's reason in the reader's language; what was mended in several ways is told sentence by sentence."""
    if not reason:
        return ""
    if show.text(reason) != reason:
        return show.text(reason, **values)
    return " ".join(show.text(part, **values) for part in re.split(r"(?<=\.)\s", reason))


def _told(show: Answer, report: RowReport) -> RowReport:
    words = said(show, report.reason, report.values)
    return replace(report, reason=words.replace("{", "{{").replace("}", "}}"), values={})


def _look(data: bytes, name: str, handed: Handed) -> None:
    if not name:
        raise Invalid("Choose a file.", field="file")
    if handed.geometry not in SOURCES or (handed.datum and handed.datum not in DATUMS):
        raise Invalid("Choose a value of the list.", field="datum")
    if len(data) > LOOKED_AT:
        return
    survey = steps.read_bytes(data, name=name, datum=handed.stated)
    steps.require_something(survey)


def _form(show: Answer, place: Division, handed: Handed, errors: dict[str, str]) -> Response:
    return show.page(
        "intake/new.html",
        status=422 if errors else 200,
        place=place,
        handed=handed,
        datums=DATUMS,
        sources=SOURCES,
        errors=errors,
    )


def _intake(session: Session, uid: UUID) -> Intake:
    found = session.scalar(select(Intake).where(Intake.uid == uid))
    if found is None:
        raise NotFound("There is no such intake in your territory. Look for it in the list of files taken in.")
    return found


def _require_reader(session: Session) -> None:
    if not may(session, "intake.intake", "read"):
        raise NotAllowed("Survey files are for the offices that name streets.")


def _require_officer(session: Session) -> None:
    if not may(session, "intake.intake", "create"):
        raise NotAllowed("Only the officers of city, county and town take in files.")
