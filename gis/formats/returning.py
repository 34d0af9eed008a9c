"""Rejected rows given back in the format that they came in, to be mended there and handed in again.

Each row keeps what it said and where it was, in the file's own datum, and tells in 行号 which row it was, in 原因 why
it was rejected and in 字段 which column is at fault. Reading passes these three columns over. What has no columns tells
it in its own way (:mod:`gis.formats.redrawing`).
"""

from __future__ import annotations

import csv
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import shapely

from gis.features import RowReport, Survey, Verdict
from gis.formats import redrawing, writing
from gis.formats.columns import ADDED
from gis.formats.texts import Form
from gis.formats.workbooks import Sheet, workbook

#: How wide a column of a list is, in characters.
_WIDTH = 16
_USUAL = Form()
_KML = "http://www.opengis.net/kml/2.2"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KINDS_OF_SHAPE = {0: "points", 1: "lines", 2: "areas"}


@dataclass(frozen=True, slots=True)
class Returned:
    """The file, how its name ends, its media type, and how many rows it holds."""

    path: Path
    suffix: str
    media_type: str
    rows: int


def give_back(survey: Survey, *, kind: str, folder: Path, stem: str, form: Form | None = None) -> Returned:
    """Write the rejected rows of a survey into ``folder``; ``kind`` of the file as :class:`gis.formats.Opened` has it.

    Each kind comes back as itself (a shapefile zipped), in a datum without an EPSG code as far as the format can hold
    it: a GeoPackage as GeoJSON then. ``form``: a CSV in its own encoding and with its own delimiter, a table with the
    names of its columns as they were written. An archive of several kinds, or of several tables, comes back as one,
    each of its files under its own name.
    """
    form = form or _USUAL
    if form.parts:
        return _parts(survey, form, folder, stem)
    rejected = [_as_written(report, form) for report in survey.reports if report.verdict is Verdict.REJECTED]
    coded = survey.datum.startswith("EPSG:")
    suffix, media_type, write = _WRITERS.get(kind, _GEOJSON) if coded or kind != "gpkg" else _GEOJSON
    path = folder / f"{stem}-rejected{suffix}"
    if kind == "csv":
        write = partial(_csv, form=form)
    write(path, rejected, survey.datum)
    return Returned(path, suffix, media_type, len(rejected))


def _parts(survey: Survey, form: Form, folder: Path, stem: str) -> Returned:
    """An archive: each survey of it that has rejected rows as its own kind; the parts of a shapefile in a folder."""
    of_each: dict[str, list[RowReport]] = {}
    for report in survey.reports:
        if report.verdict is Verdict.REJECTED:
            own = max((name for name in form.parts if report.key.startswith(f"{name}/")), key=len)
            of_each.setdefault(own, []).append(replace(report, key=report.key.removeprefix(f"{own}/")))
    path = folder / f"{stem}-rejected.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for number, (name, reports) in enumerate(of_each.items()):
            part, inside = form.parts[name], folder / f"part{number}"
            inside.mkdir()
            made = give_back(
                replace(survey, reports=tuple(reports)), kind=part.kind, folder=inside, stem="rows", form=part.form
            )
            if part.kind != "shp":
                packed.write(made.path, f"{name}-rejected{made.suffix}")
                continue
            with zipfile.ZipFile(made.path) as parts:
                for entry in parts.namelist():
                    packed.writestr(f"{name}-rejected/{entry}", parts.read(entry))
    return Returned(path, ".zip", "application/zip", sum(map(len, of_each.values())))


def _as_written(report: RowReport, form: Form) -> RowReport:
    if not form.names:
        return report
    own = {form.names.get(name, name): words for name, words in (report.attributes or {}).items()}
    return replace(report, attributes=own, field=form.names.get(report.field or "", report.field))


@dataclass(frozen=True, slots=True)
class Packed:
    """As :class:`Returned`, but for the file's content and how its name ends."""

    body: bytes
    suffix: str
    media_type: str
    rows: int


def packed(survey: Survey, *, kind: str, form: Form | None = None) -> Packed:
    """As :func:`give_back`, for who hands the file on and keeps none."""
    with tempfile.TemporaryDirectory(prefix="minglu-") as folder:
        made = give_back(survey, kind=kind, folder=Path(folder), stem="rows", form=form)
        return Packed(made.path.read_bytes(), made.suffix, made.media_type, made.rows)


def _names(rejected: Sequence[RowReport]) -> list[str]:
    """The columns of the rows but for those that were added the last time."""
    names = dict.fromkeys(name for report in rejected for name in report.attributes or {})
    return [name for name in names if name not in ADDED]


def _cells(report: RowReport, names: Sequence[str]) -> list[str | int | None]:
    own = [(report.attributes or {}).get(name) for name in names]
    return [*own, report.row, report.reason.format(**report.values), report.field]


def _csv(path: Path, rejected: Sequence[RowReport], _: str, *, form: Form = _USUAL) -> None:
    names = _names(rejected)
    with path.open("w", encoding=form.encoding, newline="") as file:
        lines = csv.writer(file, delimiter=form.delimiter)
        lines.writerow([*names, *ADDED])
        lines.writerows(_cells(report, names) for report in rejected)


def _xlsx(path: Path, rejected: Sequence[RowReport], _: str) -> None:
    names = _names(rejected)
    heads = [(name, _WIDTH) for name in (*names, *ADDED)]
    path.write_bytes(workbook([Sheet("rejected", heads, [_cells(report, names) for report in rejected])]))


def _geojson(path: Path, rejected: Sequence[RowReport], datum: str) -> None:
    writing.write_features(path, [report.shape for report in rejected], _columns(rejected), datum)


def _gpkg(path: Path, rejected: Sequence[RowReport], datum: str) -> None:
    writing.write_table(path, [report.shape for report in rejected], _columns(rejected), crs=datum)


def _shapefile(path: Path, rejected: Sequence[RowReport], datum: str) -> None:
    """A zip with one shapefile a kind of shape; a row without a shape goes with the first."""
    folder, crs = path.parent / "shapefile", datum if datum.startswith("EPSG:") else None
    folder.mkdir()
    of_kind: dict[int, list[RowReport]] = {}
    for report in rejected:
        of_kind.setdefault(-1 if report.shape is None else int(shapely.get_dimensions(report.shape)), []).append(report)
    bare = of_kind.pop(-1, [])
    for dimension, reports in sorted(of_kind.items()) or [(1, [])]:
        rows, bare = [*reports, *bare], []
        target = folder / f"{_KINDS_OF_SHAPE.get(dimension, 'areas')}.shp"
        writing.write_table(target, [report.shape for report in rows], _columns(rows), crs=crs)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in sorted(folder.iterdir()):
            packed.write(part, part.name)


def _kml(path: Path, rejected: Sequence[RowReport], _: str) -> None:
    """KML 2.2 (OGC 07-147r2): a placemark a row, its columns as ExtendedData."""
    root = ET.Element("kml", xmlns=_KML)
    document = ET.SubElement(root, "Document")
    names = _names(rejected)
    for report in rejected:
        mark = ET.SubElement(document, "Placemark")
        ET.SubElement(mark, "name").text = (report.attributes or {}).get("name") or ""
        data = ET.SubElement(mark, "ExtendedData")
        for name, value in zip([*names, *ADDED], _cells(report, names), strict=True):
            if value is not None and name != "name":
                ET.SubElement(ET.SubElement(data, "Data", name=name), "value").text = str(value)
        if report.shape is not None:
            mark.append(_drawn(report.shape))
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _kmz(path: Path, rejected: Sequence[RowReport], datum: str) -> None:
    """A KML, zipped under the name that it has in every KMZ."""
    inside = path.with_suffix(".kml")
    _kml(inside, rejected, datum)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(inside, "doc.kml")


def _drawn(shape: shapely.Geometry) -> ET.Element:
    parts = list(getattr(shape, "geoms", []))
    if parts:
        many = ET.Element("MultiGeometry")
        many.extend(_drawn(part) for part in parts)
        return many
    if isinstance(shape, shapely.Polygon):
        area = ET.Element("Polygon")
        for tag, ring in [
            ("outerBoundaryIs", shape.exterior),
            *(("innerBoundaryIs", ring) for ring in shape.interiors),
        ]:
            _line(ET.SubElement(ET.SubElement(area, tag), "LinearRing"), ring)
        return area
    return _line(ET.Element("Point" if isinstance(shape, shapely.Point) else "LineString"), shape)


def _line(element: ET.Element, shape: shapely.Geometry) -> ET.Element:
    places = " ".join(f"{x:.8f},{y:.8f}" for x, y in shapely.get_coordinates(shape))
    ET.SubElement(element, "coordinates").text = places
    return element


def _columns(rejected: Sequence[RowReport]) -> dict[str, Sequence[object]]:
    names = _names(rejected)
    rows = [_cells(report, names) for report in rejected]
    return {name: [row[n] for row in rows] for n, name in enumerate([*names, *ADDED])}


_Writer = Callable[[Path, Sequence[RowReport], str], None]
_GEOJSON: tuple[str, str, _Writer] = (".geojson", "application/geo+json", _geojson)
_WRITERS: dict[str, tuple[str, str, _Writer]] = {
    "csv": (".csv", "text/csv", _csv),
    "xlsx": (".xlsx", _XLSX, _xlsx),
    "shp": (".zip", "application/zip", _shapefile),
    "gpkg": (".gpkg", "application/geopackage+sqlite3", _gpkg),
    "kml": (".kml", "application/vnd.google-earth.kml+xml", _kml),
    "kmz": (".kmz", "application/vnd.google-earth.kmz", _kmz),
    "gpx": (".gpx", "application/gpx+xml", redrawing.gpx),
    "dxf": (".dxf", "image/vnd.dxf", redrawing.dxf),
    "osm": (".osm", "application/xml", redrawing.osm),
    "pbf": (".osm.pbf", "application/octet-stream", redrawing.osm),
}
