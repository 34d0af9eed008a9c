"""From a file of any kind that is read here to its rows: packed ones are unfolded, each kind goes to its reader."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import shapely

from gis.errors import N_, UnreadableFile
from gis.features import Others
from gis.formats import archive, geojson
from gis.formats.archive import Limits
from gis.formats.magic import kind_of_file, of_no_use
from gis.formats.members import Layer, Member, Members, sorted_members, together
from gis.formats.rows import RawRow
from gis.formats.sizes import Counted
from gis.formats.texts import Form, Part

#: The kinds that are read, for messages.
READ = "GeoJSON, GeoPackage, shapefile (zip), OSM PBF / XML, KML / KMZ, GPX, DXF, CSV, Excel (xlsx)"
#: What RFC 7946, the OSM wiki, OGC 07-147r2 and GPX 1.1 define for files that say nothing.
_WGS84 = "EPSG:4326"
#: About how many rows the head of a large file has.
HEAD_ROWS = 2_000
#: What a zip may unfold to for its head.
HEAD_UNFOLDED = 512 << 20


@dataclass(frozen=True, slots=True)
class Rows:
    """A file's rows, and the datum that it states or that its format defines.

    ``table``: its places stand in columns. ``kind`` as :func:`gis.formats.magic.kind_of_file` calls it, or ``xlsx``,
    ``kmz``; ``zip`` for an archive of surveys of several kinds, or of several tables.
    """

    rows: list[RawRow]
    stated: str | None
    table: bool = False
    kind: str = ""
    form: Form | None = None  # of a table
    others: tuple[Others, ...] = ()  # rows that are only counted


def rows_of(path: Path, *, called: str, scratch: Path, limits: Limits, most: int | None = None) -> Rows:
    """The rows of one file; what is packed is unfolded into ``scratch``, once. Raises :class:`UnreadableFile`.

    ``most``: about so many of the first rows. Raises :class:`NoHead` for a kind of which these cannot be had alone.
    """
    kind = kind_of_file(path, called)
    if kind == "zip":
        return _of_zip(path, called=called, scratch=scratch, limits=limits, most=most)
    if kind == "gzip" and most is None:
        return _of_plain(archive.unfold_gzip(path, scratch / "unfolded", limits=limits), called, scratch, most)
    return _of_plain(path, called, scratch, most)


class NoHead(Exception):
    """A file has no head that is read without the rest: nothing is wrong with it."""


def head_of(path: Path, *, called: str, scratch: Path, limits: Limits) -> Rows | None:
    """The first rows of a file of drawn things; None for a kind of which these cannot be had alone.

    Of several layers or shapefiles each gives its first. What a zip unfolds to is bounded, as a page waits for it.
    Raises as :func:`rows_of`.
    """
    limits = replace(limits, unfolded_bytes=min(limits.unfolded_bytes, HEAD_UNFOLDED))
    if kind_of_file(path, called) == "zip" and archive.declared_bytes(path) > limits.unfolded_bytes:
        return None
    try:
        return rows_of(path, called=called, scratch=scratch, limits=limits, most=HEAD_ROWS)
    except NoHead:
        return None


def begins_to_tell(path: Path, *, called: str) -> bool | None:
    """Whether the first megabytes of a file are enough for its head; None where it has none. ``path`` may be cut."""
    kind = kind_of_file(path, called)
    return None if kind not in _HEADED | {"zip"} else kind in {"json", "csv"}


def _of_plain(path: Path, called: str, scratch: Path, most: int | None) -> Rows:
    """GDAL takes whatever is called .zip for an archive: it gets each file under the ending of its kind."""
    kind = kind_of_file(path, called)
    if most is not None and kind not in _HEADED:
        raise NoHead
    reader = _READERS.get(kind)
    if reader is None:
        raise of_no_use(kind, path, called, read=READ)
    named = scratch / f"survey.{kind}"
    if kind != "shp" and path != named:
        named.symlink_to(path.absolute())
        path = named
    return replace(reader(path, called, most), kind=kind)


def _of_zip(path: Path, *, called: str, scratch: Path, limits: Limits, most: int | None, inside: bool = False) -> Rows:
    """All surveys of an archive, in bounds that they share; ``inside`` another one no further archive is unfolded."""
    members = archive.unfold_zip(path, scratch, limits=limits)
    if "[Content_Types].xml" in members:
        return _of_office(path, members, called, most)
    found = sorted_members(members, called, inside=inside)
    surveys = found.surveys or _only(members, called)
    if not surveys:
        raise _nothing_in(called)
    left = limits.unfolded_bytes - sum(target.stat().st_size for target in members.values())
    each_most = None if most is None else max(1, most // len(surveys))
    read: dict[str, Rows] = {}
    counted = Counted(called)
    for number, (label, member) in enumerate(surveys.items()):
        own, named = scratch / f"member{number}", called if len(surveys) == 1 else f"{called}/{label}"
        own.mkdir()
        rest = replace(limits, unfolded_bytes=max(0, left))
        read[label] = _of_member(member, called=named, scratch=own, limits=rest, most=each_most)
        left -= sum(made.stat().st_size for made in own.rglob("*") if not made.is_symlink())
        shutil.rmtree(own)
        for row in read[label].rows:
            counted.add(0 if row.shape is None else int(shapely.get_num_coordinates(row.shape)), f"{label}/{row.key}")
    return _joined(read, found, called)


def _of_member(member: Member, *, called: str, scratch: Path, limits: Limits, most: int | None) -> Rows:
    """One survey of an archive; a workbook or KMZ is an archive itself, within what is left of the limits."""
    if member.kind == "shp":
        return _shapefile(member.path, called, most)
    if member.kind not in {"xlsx", "kmz"}:
        return _of_plain(member.path, called, scratch, most)
    try:
        return _of_zip(member.path, called=called, scratch=scratch, limits=limits, most=most, inside=True)
    except UnreadableFile as error:
        if error.values.get("file") == member.path.name:  # a name of ours, which nobody knows
            error.values["file"] = called
        raise


def _joined(read: Mapping[str, Rows], found: Members, called: str) -> Rows:
    """The surveys of an archive as one: of one kind as that, else as an archive whose parts have their own."""
    kinds = {rows.kind for rows in read.values()}
    left = found.others(pictures=not kinds <= {"kml", "kmz"})  # those of a KMZ are its signs
    others = (*(each for rows in read.values() for each in rows.others), *left)
    kind = kinds.pop() if len(kinds) == 1 else "zip"
    if len(read) == 1:
        only = next(iter(read.values()))
        return replace(only, kind="kmz" if kind == "kml" else kind, others=others)
    layers = {label: Layer(rows.rows, rows.stated, rows.table) for label, rows in read.items()}
    rows, stated = together(layers, called)
    if kind in {"shp", "kml"}:
        return Rows(rows, stated, kind="kmz" if kind == "kml" else kind, others=others)
    form = Form(parts={label: Part(each.kind, each.form) for label, each in read.items()})
    table = all(each.table for each in read.values())
    return Rows(rows, stated, table=table, kind="zip", form=form, others=others)


def _only(members: Mapping[str, Path], called: str) -> dict[str, Member]:
    """The one file of an archive, whatever it is called."""
    kinds = {name: Member(path, kind_of_file(path, called)) for name, path in members.items() if len(members) == 1}
    return {name: member for name, member in kinds.items() if member.kind in _READERS}


def _nothing_in(called: str) -> UnreadableFile:
    return UnreadableFile(N_("{file} holds no file that is read here; pack one of {read}."), file=called, read=READ)


def _of_office(path: Path, members: dict[str, Path], called: str, most: int | None) -> Rows:
    if most is not None:
        raise NoHead
    if not any(name.startswith("xl/") for name in members):
        raise of_no_use("Word / PowerPoint", path, called, read=READ)
    from gis.formats import sheets

    rows, form = sheets.read_xlsx_as(path, called=called)
    return Rows(rows, None, table=True, kind="xlsx", form=form)


def _shapefile(path: Path, called: str, most: int | None) -> Rows:
    if not path.with_suffix(".dbf").exists():
        raise UnreadableFile(
            N_("{file} lacks parts of the shapefile; zip .shp, .shx, .dbf and .prj together and hand that in."),
            file=called,
        )
    from gis.formats import tables

    return Rows(*tables.read_shapefile(path, called=called, most=most), kind="shp")


def _geopackage(path: Path, called: str, most: int | None) -> Rows:
    from gis.formats import tables

    return Rows(*tables.read_gpkg(path, called=called, most=most))


def _geojson(path: Path, called: str, most: int | None) -> Rows:
    if most is None:
        rows, stated = geojson.read(path, called=called)
        return Rows(rows, stated or _WGS84)
    head = geojson.read_head(path, most=most)
    if head is None:
        raise NoHead
    return Rows(head[0], head[1] or _WGS84)


def _pbf(path: Path, called: str, _: int | None) -> Rows:
    from gis.formats import osm

    rows, others = osm.read(path, called=called, packing="pbf")
    return Rows(rows, _WGS84, others=tuple(others))


def _osm(path: Path, called: str, _: int | None) -> Rows:
    from gis.formats import osm

    rows, others = osm.read(path, called=called, packing="osm")
    return Rows(rows, _WGS84, others=tuple(others))


def _kml(path: Path, called: str, most: int | None) -> Rows:
    from gis.formats import markup

    rows = markup.read_kml(path, called=called, most=most)
    if not rows:
        raise NoHead
    return Rows(rows, _WGS84)


def _gpx(path: Path, called: str, _: int | None) -> Rows:
    from gis.formats import markup, tables

    markup.check(path, called=called)
    return Rows(tables.read_gpx(path, called=called), _WGS84)


def _dxf(path: Path, called: str, most: int | None) -> Rows:
    from gis.formats import tables

    return Rows(tables.read_dxf(path, called=called, most=most), None)


def _csv(path: Path, called: str, most: int | None) -> Rows:
    from gis.formats import sheets

    rows, form = sheets.read_csv_as(path, called=called, head=most is not None)
    return Rows(rows, None, table=True, form=form)


_READERS: dict[str, Callable[[Path, str, int | None], Rows]] = {
    "shp": _shapefile,
    "gpkg": _geopackage,
    "json": _geojson,
    "pbf": _pbf,
    "osm": _osm,
    "kml": _kml,
    "gpx": _gpx,
    "dxf": _dxf,
    "csv": _csv,
}
#: Kinds whose first rows are read without the rest.
_HEADED = frozenset({"shp", "gpkg", "json", "kml", "dxf", "csv"})
