"""Handing in a file: it is looked at, kept, and queued; what it leaves open is asked on pages of its own."""

from __future__ import annotations

import io
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Response, UploadFile
from sqlalchemy.orm import Session

from app.base.errors import Invalid
from app.base.models import Division
from app.base.request import Answer, Files, Me, Place, Show, Work
from app.intake import mappings, steps
from app.intake.datums import Look, find_datum
from app.intake.views import asking
from app.intake.views.asking import DATUMS, SOURCES, Handed
from gis.formats import Opened

router = APIRouter(prefix="/intake")


@router.get("/new")
def ask(session: Work, show: Show, place: Place) -> Response:
    """The form for a file."""
    steps.require_officer(session)
    return _form(show, place, Handed(), {})


@router.get("/files")
@router.get("/files/columns")
@router.get("/columns")
def without_file(session: Work, show: Show) -> Response:
    """The pages that ask about a file, opened without one: back to the list, and how to come there."""
    asking.require_reader(session)
    return show.see("/intake", "What a file's columns mean is asked when it is handed in. Hand it in here.")


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
    steps.require_officer(session)
    data, name = (file.file, file.filename or "file") if file is not None else (io.BytesIO(), "")
    try:
        big = _is_big(data, name, handed)
        by = mappings.choosing(session, place, handed.named(name))
        opened = steps.open_head(data, name=name, by=by) if big else steps.open_bytes(data.read(), name=name, by=by)
        seen = None if big or opened is None else _looked(session, opened, handed, place)
    except Invalid as refusal:
        field = refusal.field if refusal.field != "datum" or not handed.other else "other"
        return _form(show, place, handed, {field or "file": show.text(refusal.message, **refusal.values)})
    kept = steps.keep_file(session, store, division=place, data=data, name=name, owner_id=actor.id)
    if opened is not None and _asks(opened, big=big, nothing=seen is None):
        return show.see(f"/intake/files/{kept.uid}/columns?{handed.query(place)}")
    if seen is None:
        return asking.queue(session, show, place, handed, kept, sure=False, by=opened.by if opened else None)
    return asking.onward(session, show, place, handed, kept, seen)


def _is_big(data: BinaryIO, name: str, handed: Handed) -> bool:
    """Whether a file is too large to be looked at whole: its head is, where it has one; the worker does the rest."""
    if not name:
        raise Invalid("Choose a file.", field="file")
    if handed.geometry not in SOURCES or (handed.datum and handed.datum not in DATUMS):
        raise Invalid("Choose a value of the list.", field="datum")
    size = data.seek(0, io.SEEK_END)
    data.seek(0)
    return asking.is_big(data, size)


def _asks(opened: Opened, *, big: bool, nothing: bool) -> bool:
    """Whether an officer must say first what its columns mean, or what values of its column of kinds are.

    ``nothing``: no row of it could be used as it stands. Of a large table this is not known, and it is always asked.
    """
    if opened.untold():
        return True
    if opened.by is not None:
        return False
    return (opened.table or not (opened.tagged or opened.useful)) if big else nothing


def _looked(session: Session, opened: Opened, handed: Handed, place: Division) -> Look | None:
    """What a file is found to be; None where an officer must say first what its columns mean."""
    if opened.table and opened.by is None:
        return None
    seen = find_datum(session, opened, datum=handed.stated, division=place)
    survey = seen.likely()
    if not steps.has_something(survey) and opened.mappable and (opened.by is None or opened.untold()):
        return None
    steps.require_mendable(survey)
    if not seen.finding.asks:
        steps.require_here(session, survey=survey, division=place)
    return seen


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
