"""The pages of the intake: files taken in, each with the verdict on every row; taking one in, and undoing it."""

from __future__ import annotations

import io
import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, BinaryIO
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response, UploadFile
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base.clock import Clock
from app.base.errors import N_, Invalid, NotAllowed, NotFound
from app.base.files import fetch, keep
from app.base.history import entries_of
from app.base.jobs import enqueue
from app.base.models import Division, File, GeometrySource, Run, RunState
from app.base.people import Actor, may
from app.base.request import Answer, Files, Me, Place, Show, Work, one_of
from app.intake import queries, steps
from app.intake.datums import Look, look
from app.intake.drawing import pictures
from app.intake.models import Intake, IntakeRow, IntakeState
from gis.datums import Confidence, Sentence
from gis.features import RowReport, Verdict

router = APIRouter(prefix="/intake")
#: Files up to this size are looked at before they are queued, so that a bad one is refused on the form.
LOOKED_AT = 8 * 1024 * 1024
#: The choice that leaves a file's coordinate system as it was said.
AS_DECLARED = "as-declared"
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
CONFIDENCES = {
    Confidence.CERTAIN.value: N_("certain"),
    Confidence.LIKELY.value: N_("likely"),
    Confidence.POSSIBLE.value: N_("possible"),
    Confidence.EXCLUDED.value: N_("excluded"),
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


def said_before(
    source: Annotated[str, Query(max_length=120)] = "",
    licence: Annotated[str, Query(max_length=120)] = "",
    datum: Annotated[str, Query(max_length=60)] = "",
    geometry: Annotated[str, Query(max_length=20)] = GeometrySource.SURVEY.value,
) -> Handed:
    """What was said of a kept file, as its address carries it."""
    return Handed(source, licence, "", datum, geometry)


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
        above=queries.taken_above(session, place),
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
    data, name = (file.file, file.filename or "file") if file is not None else (io.BytesIO(), "")
    try:
        seen = _look(session, data, name, handed, place)
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
    if seen is not None and seen.finding.asks:
        said = {"source": handed.source, "licence": handed.licence, "datum": handed.stated, "geometry": handed.geometry}
        return show.see(f"/intake/files/{kept.uid}?{urlencode({'in': str(place.uid), **said})}")
    return _queue(session, show, place, handed, kept, sure=False)


@router.get("/files/{uid}")
def doubt(
    session: Work, show: Show, store: Files, place: Place, uid: UUID, handed: Annotated[Handed, Depends(said_before)]
) -> Response:
    """A kept file whose coordinate system is in doubt: what was found, on a map, and the choice."""
    _require_officer(session)
    return _doubt(show, place, handed, _file(session, uid), _seen(session, store, uid, place, handed))


@router.post("/files/{uid}")
def settle(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    store: Files,
    place: Place,
    uid: UUID,
    handed: Annotated[Handed, Depends()],
    choice: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Queue a kept file's intake in the coordinate system that was chosen; ``as-declared`` leaves it as it was said."""
    _require_officer(session)
    file, seen = _file(session, uid), _seen(session, store, uid, place, handed)
    if choice not in _choices(seen):
        message = show.text("Choose a coordinate system, or go back to the list.")
        return _doubt(show, place, handed, file, seen, {"choice": message})
    chosen = handed if choice == AS_DECLARED else replace(handed, other=choice)
    try:
        steps.require_something(seen.survey(chosen.stated))
    except Invalid as refusal:
        return _doubt(show, place, handed, file, seen, {"choice": show.text(refusal.message, **refusal.values)})
    return _queue(session, show, place, chosen, file, sure=True)


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
    big = file is not None and file.bytes > LOOKED_AT
    return show.page("intake/run.html", run=run, file=file, division=run.args.get("division", ""), big=big)


@router.get("/{uid}")
def record(session: Work, show: Show, uid: UUID, verdict: str = "", after: str | None = None) -> Response:
    """One file: its counts, and what became of each of its rows."""
    intake = _intake(session, uid)
    known = {each.value: each for each in Verdict}
    one_of(verdict, known, field="verdict")
    rows = queries.rows_of(intake, verdict=known.get(verdict))
    page = paging.page(session, rows, keys=[paging.Key(IntakeRow.row)], after=after)
    return show.page(
        "intake/record.html",
        intake=intake,
        datum=_called(show, intake.datum),
        division=session.get(Division, intake.division_id),
        file=session.get(File, intake.file_id) if intake.file_id else None,
        made=queries.made_by(session, intake),
        page=page,
        reasons={row.id: said(show, row.reason, row.values) for row in page.rows},
        verdict=verdict,
        verdicts=list(known),
        verdict_words=VERDICTS,
        may_undo=intake.state == IntakeState.APPLIED.value and may(session, "intake.intake", "change"),
        entries=entries_of(session, "intake.intake", intake.id),
    )


@router.get("/{uid}/rejected")
def rejected(session: Work, show: Show, store: Files, uid: UUID) -> Response:
    """The rejected rows as GeoJSON with the reasons, to be mended and handed in again."""
    intake = _intake(session, uid)
    file = session.get(File, intake.file_id) if intake.file_id else None
    if file is None:
        raise NotFound("The file of this intake was not kept; its rejected rows cannot be given back.")
    _, content = fetch(session, store, file.uid)
    with content:
        opened = steps.open_bytes(content.read(), name=file.name)
    survey = opened.survey(intake.datum)
    refused = {row.row: row for row in session.scalars(queries.rows_of(intake, verdict=Verdict.REJECTED))}
    told = tuple(_told(show, queries.as_kept(report, refused.get(report.row), opened)) for report in survey.reports)
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


def _look(session: Session, data: BinaryIO, name: str, handed: Handed, place: Division) -> Look | None:
    """What a small file is found to be; None for a large one, which the worker looks at."""
    if not name:
        raise Invalid("Choose a file.", field="file")
    if handed.geometry not in SOURCES or (handed.datum and handed.datum not in DATUMS):
        raise Invalid("Choose a value of the list.", field="datum")
    beginning = data.read(LOOKED_AT + 1)
    if len(beginning) > LOOKED_AT:
        return None
    seen = look(session, beginning, name=name, datum=handed.stated, division=place)
    likely = seen.finding.hypotheses[0].name if seen.finding.asks and seen.finding.hypotheses else ""
    steps.require_something(seen.survey(likely))
    return seen


def _seen(session: Session, store: Files, uid: UUID, place: Division, handed: Handed) -> Look:
    file, content = fetch(session, store, uid)
    with content:
        return look(session, content.read(), name=file.name, datum=handed.stated, division=place)


def _file(session: Session, uid: UUID) -> File:
    found = session.scalar(select(File).where(File.uid == uid, File.purpose == "intake"))
    if found is None:
        raise NotFound("There is no such file in your territory. Hand it in again.")
    return found


def _choices(seen: Look) -> list[str]:
    """What an officer may choose: every reading that is not excluded, and the one that was declared."""
    left = [each.name for each in seen.finding.hypotheses if each.confidence is not Confidence.EXCLUDED]
    declared = seen.finding.declared
    return [*(name for name in left if name != declared), *([AS_DECLARED] if declared else [])]


def _doubt(
    show: Answer, place: Division, handed: Handed, file: File, seen: Look, errors: dict[str, str] | None = None
) -> Response:
    finding = seen.finding
    return show.page(
        "intake/datum.html",
        status=422 if errors else 200,
        place=place,
        handed=handed,
        file=file,
        finding=finding,
        says=[_spoken(show, each) for each in finding.says],
        remedy=show.text(finding.remedy.message, **finding.remedy.values) if finding.remedy else "",
        choices=_choices(seen),
        confidences=CONFIDENCES,
        called={each.name: _called(show, each.name) for each in finding.hypotheses},
        declared=_called(show, finding.declared),
        pictures=pictures(seen),
        errors=errors or {},
    )


def _spoken(show: Answer, sentence: Sentence) -> str:
    """A sentence with its coordinate systems in words."""
    words = {
        name: "; ".join(_called(show, each) for each in str(value).split(", "))
        if name in {"datum", "declared", "names"}
        else value
        for name, value in sentence.values.items()
    }
    return show.text(sentence.message, **words)


def _called(show: Answer, datum: str) -> str:
    """A datum in words: 4548 as the list has it, a swapped one with that word."""
    plain, swapped = datum.removesuffix("/yx"), datum.endswith("/yx")
    base, plus, under = plain.rpartition("+")
    words = show.text(DATUMS.get(base if plus else plain, base if plus else plain))
    if plus:
        words = show.text("{datum}, computed from shifted coordinates ({under})", datum=words, under=under)
    return show.text("{datum}, axes swapped", datum=words) if swapped else words


def _queue(session: Session, show: Answer, place: Division, handed: Handed, file: File, *, sure: bool) -> Response:
    args = {
        "file": str(file.uid),
        "division": str(place.uid),
        "source": handed.source.strip() or file.name,
        "licence": handed.licence.strip(),
        "datum": handed.stated,
        "geometry": handed.geometry,
        **({"sure": "yes"} if sure else {}),
    }
    run = enqueue(session, "intake", args)
    return show.see(f"/intake/runs/{run}", "{name} is kept and waits to be taken in.", name=file.name)


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
