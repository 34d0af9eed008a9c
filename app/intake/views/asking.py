"""What is said about a file that is handed in, and what the pages that ask about it share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import Form, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.errors import N_, NotAllowed, NotFound
from app.base.files import Store, fetch
from app.base.jobs import enqueue
from app.base.models import Division, File, GeometrySource
from app.base.people import may
from app.base.request import Answer
from app.intake import steps
from app.intake.datums import Look
from gis.datums import Outcome
from gis.features import Survey
from gis.formats import By, Columns, Opened, unfolds_beyond
from gis.formats import Form as Written

#: Files up to this size are looked at before they are queued, so that a bad one is refused on the form.
LOOKED_AT = 8 * 1024 * 1024
#: What a packed file may unfold to for that: a request reads no more.
UNFOLDED_AT = 32 * 1024 * 1024
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
#: What the comparison with the register said of a file's datum, by :class:`gis.datums.Outcome`.
COMPARED = {
    Outcome.CONFIRMED.value: N_("confirmed: it fits what the register knows here"),
    Outcome.PROPOSED.value: N_("kept as declared by an officer, although another fits what the register knows"),
    Outcome.UNDECIDED.value: N_("chosen by an officer: what the register knows did not decide it"),
    Outcome.UNCOMPARED.value: N_("not compared: nothing that the register knows here tells. Look at it on the map."),
    "": N_("not noted at the time"),
}
SOURCES = {
    GeometrySource.SURVEY.value: N_("survey"),
    GeometrySource.SKETCH.value: N_("sketch, no legal boundary"),
    GeometrySource.GENERATED.value: N_("generated for the demonstration"),
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

    def query(self, place: Division) -> str:
        """As :func:`said_before` reads it, for the pages of a file that is kept."""
        said = {"source": self.source, "licence": self.licence, "datum": self.stated, "geometry": self.geometry}
        return urlencode({"in": str(place.uid), **said})

    def named(self, file: str) -> str:
        """The source, else the file's name."""
        return self.source.strip() or file


def said_before(
    source: Annotated[str, Query(max_length=120)] = "",
    licence: Annotated[str, Query(max_length=120)] = "",
    datum: Annotated[str, Query(max_length=60)] = "",
    geometry: Annotated[str, Query(max_length=20)] = GeometrySource.SURVEY.value,
) -> Handed:
    """What was said of a kept file, as its address carries it."""
    return Handed(source, licence, "", datum, geometry)


def file_of(session: Session, uid: UUID) -> File:
    """A file kept for the intake. Raises NotFound for one of another purpose or territory."""
    found = session.scalar(select(File).where(File.uid == uid, File.purpose == "intake"))
    if found is None:
        raise NotFound("There is no such file in your territory. Hand it in again.")
    return found


def opened_of(session: Session, store: Store, uid: UUID, by: By) -> Opened:
    """A kept file's rows, by the columns that ``by`` says."""
    file, content = fetch(session, store, uid)
    with content:
        return steps.open_bytes(content.read(), name=file.name, by=by)


def head_of(session: Session, store: Store, file: File, by: By) -> Opened | None:
    """The first rows of a kept table that is too large to be read for a page; None for any other file."""
    _, content = fetch(session, store, file.uid)
    with content:
        if not is_big(content, file.bytes):
            return None
        return steps.open_head(content, name=file.name, by=by)


def is_big(data: BinaryIO, size: int) -> bool:
    """Whether a file is too large to be read for a page, as it is or unfolded."""
    return size > LOOKED_AT or unfolds_beyond(data, UNFOLDED_AT)


def onward(session: Session, show: Answer, place: Division, handed: Handed, file: File, seen: Look | None) -> Response:
    """Queue the intake of a kept file, or ask about its datum first; ``seen`` is None for what the worker looks at."""
    if seen is not None and seen.finding.asks:
        return show.see(f"/intake/files/{file.uid}?{handed.query(place)}")
    by = seen.opened.by if seen else None
    found = seen.finding.outcome if seen and not seen.opened.nowhere else None
    return queue(session, show, place, handed, file, sure=False, by=by, found=found)


def queue(
    session: Session,
    show: Answer,
    place: Division,
    handed: Handed,
    file: File,
    *,
    sure: bool,
    by: Columns | None,
    found: Outcome | None = None,
) -> Response:
    """Queue the intake of a kept file, and say what was found of its datum where it was looked at.

    ``sure``: somebody has chosen its datum; ``by``: or said its columns.
    """
    args = {
        "file": str(file.uid),
        "division": str(place.uid),
        "source": handed.named(file.name),
        "licence": handed.licence.strip(),
        "datum": handed.stated,
        "geometry": handed.geometry,
        **({"sure": "yes"} if sure else {}),
        **({"columns": by.told()} if by else {}),
    }
    where = f"/intake/runs/{enqueue(session, 'intake', args)}"
    if found is Outcome.CONFIRMED:
        return show.see(
            where, "{name} waits to be taken in. Its coordinate system fits what the register knows.", name=file.name
        )
    if found is Outcome.UNCOMPARED:
        return show.see(
            where,
            "{name} waits to be taken in as it says: nothing that the register knows tells whether its coordinate"
            " system is right. Look at it on the map afterwards.",
            name=file.name,
        )
    return show.see(where, "{name} is kept and waits to be taken in.", name=file.name)


def called(show: Answer, datum: str) -> str:
    """A datum in words: 4548 as the list has it, a swapped one with that word."""
    plain, swapped = datum.removesuffix("/yx"), datum.endswith("/yx")
    base, plus, under = plain.rpartition("+")
    words = show.text(DATUMS.get(base if plus else plain, base if plus else plain))
    if plus:
        words = show.text("{datum}, computed from shifted coordinates ({under})", datum=words, under=under)
    return show.text("{datum}, axes swapped", datum=words) if swapped else words


def require_reader(session: Session) -> None:
    """Raise NotAllowed for whoever may not read what was taken in."""
    if not may(session, "intake.intake", "read"):
        raise NotAllowed("Survey files are for the offices that name streets.")


def given_back(survey: Survey, *, kind: str, name: str, form: Written | None = None) -> Response:
    """The rejected rows of a read file as one like it, with line and reason; ``name`` is that of the file."""
    from gis.formats.returning import packed  # GDAL: only who asks for the rows back waits for it

    made = packed(survey, kind=kind, form=form)
    called = quote(f"{Path(name).stem}-rejected{made.suffix}")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{called}", "cache-control": "private, no-store"}
    return Response(made.body, media_type=made.media_type, headers=headers)
