"""Survey files in, exports out: one module per format family; here the one that decides which is meant.

GDAL (pyogrio, which brings pandas) and osmium take seconds to import: the modules that need them are imported by the
first file that does, and :mod:`gis.formats.writing` by who writes.

What a file is, its first bytes tell; the name's ending only tells what a damaged one was to be.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis import crs
from gis.errors import N_, UnknownDatum, UnreadableFile
from gis.features import Survey
from gis.formats import archive, geojson
from gis.formats.archive import DEFAULT_LIMITS, Limits
from gis.formats.kinds import Found, kind_of, name_of
from gis.formats.rows import RawRow, dimension_of, gather, keepable

__all__ = ["DEFAULT_LIMITS", "Limits", "Opened", "open_rows", "read_survey"]

_PEEK, _CHUNK = 4096, 1 << 20
_UNKNOWN, _MARKUP = "unknown", "XML / HTML"
#: What a file's ending promises; where the first bytes are of no kind at all, that is what was damaged.
_PROMISED = {
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".gpkg": "GeoPackage",
    ".zip": "zip",
    ".gz": "gzip",
    ".pbf": "OSM PBF",
    ".osm": "OSM XML",
    ".shp": "shapefile",
}
_Rows = tuple[list[RawRow], str | None]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was read and not yet placed: its rows in its own numbers, and the datum that it states (or None)."""

    rows: tuple[RawRow, ...]
    stated: str | None
    name: str

    def shapes(self) -> tuple[NDArray[np.object_], list[str | None]]:
        """The shapes of the rows that are of a kind we keep (of all, where none is), and their names.

        For :func:`gis.datums.find`; None where a row has no shape.
        """
        mine = [row for row in self.rows if isinstance(kind_of(row.tags, dimension=dimension_of(row.shape)), Found)]
        rows = mine or list(self.rows)
        shapes = np.empty(len(rows), dtype=object)
        shapes[:] = [None if row.flaw else row.shape for row in rows]
        return shapes, [name_of(row.tags) for row in rows]

    def survey(self, datum: str | None = None) -> Survey:
        """The rows in EPSG:4490; ``datum`` overrules what the file states. Raises UnknownDatum as read_survey."""
        if datum is None and self.stated is None:
            raise UnknownDatum(
                N_("{file} does not say its coordinate system (no .prj); choose it, for example EPSG:4548."),
                file=self.name,
            )
        return gather(self.rows, datum=crs.datum_named(datum if datum is not None else self.stated or ""))


def open_rows(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> Opened:
    """A file's rows before anything is placed; raises UnreadableFile as :func:`read_survey` does."""
    if not path.is_file():
        raise UnreadableFile(N_("{file} is not there or is no file."), file=path.name)
    with tempfile.TemporaryDirectory(prefix="minglu-") as scratch:
        rows, stated = _read(path, called=path.name, scratch=Path(scratch), limits=limits)
    if not rows:
        raise UnreadableFile(N_("{file} has no rows; export it again with its features."), file=path.name)
    return Opened(tuple(keepable(row) for row in rows), stated, path.name)


def read_survey(path: Path, *, datum: str | None = None, limits: Limits = DEFAULT_LIMITS) -> Survey:
    """Everything one file gives, in EPSG:4490: GeoJSON, GeoPackage, zipped shapefile, OSM PBF or XML.

    The kind of file is told from its content. ``datum`` (as :func:`gis.crs.datum_named` takes it) overrules
    what the file states; without it the file must state one, except GeoJSON and OSM, which are WGS84 by
    definition. Every input row ends in exactly one report, in the file's order; in OSM files a row is a
    tagged object (see :mod:`gis.formats.osm`). Raises :class:`UnreadableFile` for a file that is empty, cut
    off, damaged, too large or of another kind, :class:`UnknownDatum` for a datum that is missing or
    unknown; both say the remedy.
    """
    if datum is not None:
        crs.datum_named(datum)  # before the file is read
    return open_rows(path, limits=limits).survey(datum)


def _read(path: Path, *, called: str, scratch: Path, limits: Limits, depth: int = 0) -> _Rows:
    kind = _kind(path, called)
    if kind == "zip" and depth == 0:
        return _read_zip(path, called=called, scratch=scratch, limits=limits)
    if kind == "gzip" and depth == 0:
        inner = archive.unfold_gzip(path, scratch / "unfolded", limits=limits)
        return _read(inner, called=called, scratch=scratch, limits=limits, depth=1)
    if kind in {"pbf", "osm"}:
        from gis.formats import osm

        return osm.read(path, called=called, packing=kind), "EPSG:4326"
    if kind == "gpkg":
        from gis.formats import tables

        return tables.read_gpkg(_named(path, scratch / "survey.gpkg"), called=called)
    if kind == "json":
        rows, stated = geojson.read(path, called=called)
        return rows, stated or "EPSG:4326"
    if kind == "shp":
        return _read_shapefile(path, called)
    raise _of_no_use(kind, path, called)


def _named(path: Path, name: Path) -> Path:
    """The same file under an ending that GDAL believes: it takes whatever is called .zip for an archive."""
    if path.suffix.lower() == name.suffix:
        return path
    name.symlink_to(path.absolute())
    return name


def _of_no_use(kind: str, path: Path, called: str) -> UnreadableFile:
    """Why a file is not read: damaged, by what its ending promises; of another kind; of none that we know."""
    ending = path.suffix or Path(called.lower().removesuffix(".gz")).suffix
    promised = _PROMISED.get(ending.lower())
    if promised and (kind == _UNKNOWN or (kind == _MARKUP and promised == "OSM XML")):
        return UnreadableFile(
            N_(
                "{file} is damaged or cut off: its first bytes are not those of {promised}."
                " Export or download it again, and check its ending."
            ),
            file=called,
            promised=promised,
        )
    if kind == _UNKNOWN:
        return UnreadableFile(
            N_(
                "{file} is of a kind that is not known here;"
                " hand in GeoJSON, GeoPackage, a zipped shapefile, OSM PBF or OSM XML."
            ),
            file=called,
        )
    return UnreadableFile(
        N_(
            "{file} is a file of the kind {kind}, which is not read here;"
            " hand in GeoJSON, GeoPackage, a zipped shapefile, OSM PBF or OSM XML."
        ),
        file=called,
        kind=kind,
    )


def _read_shapefile(path: Path, called: str) -> _Rows:
    if not path.with_suffix(".dbf").exists():
        raise UnreadableFile(
            N_("{file} lacks parts of the shapefile; zip .shp, .shx, .dbf and .prj together and hand that in."),
            file=called,
        )
    from gis.formats import tables

    return tables.read_shapefile(path, called=called)


def _read_zip(path: Path, *, called: str, scratch: Path, limits: Limits) -> _Rows:
    members = archive.unfold_zip(path, scratch, limits=limits)
    shapefiles = [target for name, target in members.items() if name.lower().endswith(".shp")]
    if len(shapefiles) == 1:
        return _read_shapefile(shapefiles[0], called)
    if "[Content_Types].xml" in members:
        raise UnreadableFile(
            N_(
                "{file} is an office document, which is not read here;"
                " hand in GeoJSON, GeoPackage, a zipped shapefile, OSM PBF or OSM XML."
            ),
            file=called,
        )
    if not shapefiles and len(members) == 1:
        inner = next(iter(members.values()))
        return _read(inner, called=called, scratch=scratch, limits=limits, depth=1)
    raise UnreadableFile(
        N_("{file} holds {count} shapefiles; pack exactly one survey per zip."),
        file=called,
        count=len(shapefiles),
    )


def _kind(path: Path, called: str) -> str:
    with path.open("rb") as file:
        head = file.read(_PEEK)
        pieces = chain([head], iter(partial(file.read, _CHUNK), b""))
        zeros = head[:1] == b"\x00" and not any(piece.strip(b"\x00") for piece in pieces)
    if zeros:
        raise UnreadableFile(
            N_(
                "{file} holds nothing but zero bytes, so its content was lost; copy or export it again and upload that."
            ),
            file=called,
        )
    if not head.strip(b" \t\r\n"):
        raise UnreadableFile(N_("{file} is empty; export and upload it again."), file=called)
    for magic, kind in (
        (b"PK\x03\x04", "zip"),
        (b"\x1f\x8b", "gzip"),
        (b"SQLite format 3\x00", "gpkg"),
        (b"\x00\x00\x27\x0a", "shp"),
        (b"%PDF", "PDF"),
        (b"\xd0\xcf\x11\xe0", "Office 97 (doc, xls, ppt)"),
        (b"AC10", "DWG"),
    ):
        if head.startswith(magic):
            return kind
    if b"OSMHeader" in head[:32]:
        return "pbf"
    return _text_kind(head)


def _text_kind(head: bytes) -> str:
    text = head.decode("utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig", "ignore").lstrip()
    if text.startswith("<"):
        return "osm" if "<osm" in text else _MARKUP
    if text[:1] in {"{", "["}:
        return "json"
    if text.startswith("0") and "SECTION" in text[:100]:
        return "DXF"
    return _UNKNOWN
