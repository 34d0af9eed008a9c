"""The files of one archive: which of them are surveys, and how the rows of several become those of one file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import shapely

from gis.crs import STORED, datum_named
from gis.errors import N_, UnknownDatum, UnreadableFile
from gis.features import Others
from gis.formats.columns import guess, names_of, place
from gis.formats.flaws import Flaw
from gis.formats.kinds import Skipped
from gis.formats.magic import kind_of_file, promised_by
from gis.formats.placing import place_all
from gis.formats.rows import HEIGHTS, RawRow

#: What lies beside a ``.shp`` and belongs to it (ESRI Shapefile Technical Description, and what programs add).
_SIDECARS = frozenset({
    *("shx", "dbf", "prj", "cpg", "qpj", "qmd", "sbn", "sbx", "ain", "aih", "atx", "ixs", "mxs", "qix", "fbn", "fbx"),
    *("cst", "ind", "idm", "fix", "lyr", "qml", "sld", "shp.xml", "xml"),
})  # fmt: skip
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".heic", ".svg", ".tif", ".tiff", ".ico"})
#: Kinds of :func:`gis.formats.magic.kind_of_file` that are surveys wherever they stand.
_SURVEYS = frozenset({"gpkg", "json", "pbf", "osm", "kml", "gpx", "dxf"})
_TABLES = frozenset({".csv", ".tsv"})
_ARCHIVES = frozenset({".zip", ".gz", ".tgz", ".kmz", ".xlsx"})
_PACKED = frozenset({"zip", "gzip"})
_HALF_TURN = 180.0  # degrees


@dataclass(frozen=True, slots=True)
class Member:
    """One survey of an archive: its kind as :func:`gis.formats.magic.kind_of_file` calls it, or ``xlsx``, ``kmz``."""

    path: Path
    kind: str


@dataclass(frozen=True, slots=True)
class Members:
    """The surveys of an archive, each by its path there without its ending where that tells it, and the rest."""

    surveys: Mapping[str, Member]
    left: Sequence[str]
    pictures: int

    def others(self, *, pictures: bool = True) -> tuple[Others, ...]:
        """What was left out, to be counted and named."""
        why = N_("{member} in the archive is no survey file that is read here, so it was left out.")
        left = [Others(why, {"member": name}, 1) for name in self.left]
        if self.pictures and pictures:
            left.append(Others(N_("Pictures in the archive are not read."), {}, self.pictures))
        return tuple(left)


def sorted_members(members: Mapping[str, Path], called: str, *, inside: bool = False) -> Members:
    """What an archive holds, by name → where it was unfolded to; ``inside``: it is one of another.

    Workbooks and KMZ are surveys, though packed, but not in the second depth. Raises :class:`UnreadableFile` for
    another archive in the archive, and for a survey in it that is empty or damaged.
    """
    shapes = {name[:-4].lower() for name in members if name.lower().endswith(".shp")}
    surveys: dict[str, Member] = {}
    left: list[str] = []
    pictures = 0
    for name, path in members.items():
        if PurePosixPath(name).suffix.lower() in _PICTURES:
            pictures += 1
        elif not _belongs(name, shapes):
            kind = _kind_of(name, path, called)
            if inside and kind in {"xlsx", "kmz"}:
                raise _packed(name, called)
            if kind:
                surveys[name] = Member(path, kind)
            else:
                left.append(name)
    return Members(_by_label(surveys), left, pictures)


def _belongs(name: str, shapes: set[str]) -> bool:
    """Whether it is a part of a shapefile whose ``.shp`` is there."""
    return any(
        name.lower().removesuffix(f".{part}") in shapes for part in _SIDECARS if name.lower().endswith(f".{part}")
    )


def _kind_of(name: str, path: Path, called: str) -> str:
    """The kind of survey that a member is; empty for what is none."""
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".shp":
        return "shp"
    promised = promised_by(name)
    if not promised and ending not in _TABLES and not path.stat().st_size:
        return ""
    kind = kind_of_file(path, f"{called}/{name}")
    if kind in _PACKED:
        return _kind_of_packed(name, path, called)
    if kind in _SURVEYS or promised or ending in _TABLES:  # a damaged one is for its reader to refuse
        return kind
    return "csv" if kind == "csv" and ending == ".txt" and _tells_places(path, called) else ""


def _kind_of_packed(name: str, path: Path, called: str) -> str:
    try:
        with zipfile.ZipFile(path) as inner:
            names = inner.namelist()
    except (zipfile.BadZipFile, OSError):
        names = []
    if "[Content_Types].xml" in names:
        return "xlsx" if any(each.startswith("xl/") for each in names) else ""
    if any(each.lower().endswith(".kml") for each in names):
        return "kmz"
    if PurePosixPath(name).suffix.lower() in _ARCHIVES:
        raise _packed(name, called)
    return ""  # what programs pack for themselves: projects, documents


def _packed(name: str, called: str) -> UnreadableFile:
    return UnreadableFile(
        N_("{file} holds the archive {member}, which is not unfolded; hand that in by itself."),
        file=called,
        member=name,
    )


def _tells_places(path: Path, called: str) -> bool:
    """Whether a text is a table with places; a note with commas is none."""
    from gis.formats import sheets

    try:
        return guess(names_of(sheets.read_csv(path, called=called, head=True))).placed
    except UnreadableFile:
        return False


def _by_label(surveys: Mapping[str, Member]) -> dict[str, Member]:
    bare = [str(PurePosixPath(name).with_suffix("")) for name in surveys]
    return {
        label if bare.count(label) == 1 else name: member
        for label, (name, member) in zip(bare, surveys.items(), strict=True)
    }


@dataclass(frozen=True, slots=True)
class Layer:
    """One of several layers of a file: the rows, the datum that they state, and whether their places are in columns."""

    rows: Sequence[RawRow]
    stated: str | None = None
    table: bool = False


def together(layers: Mapping[str, Layer], called: str) -> tuple[list[RawRow], str | None]:
    """The rows of all layers, each with its layer's name before its key, and the datum that they are in.

    Layers that state different datums are brought to EPSG:4490. Of a layer that states none nobody knows: beside one
    that does it is refused with :class:`UnknownDatum`, and both are named. Tables beside drawn layers are in their
    datum, where their columns say where their rows are; the rows of others are left out, and each says so.
    """
    drawn = {name: layer for name, layer in layers.items() if not layer.table}
    tables = {name: layer for name, layer in layers.items() if layer.table}
    datums = {name: datum_named(layer.stated).name if layer.stated else None for name, layer in drawn.items()}
    stated = next((layer.stated for layer in drawn.values()), None)
    if len(set(datums.values())) > 1:
        stated = _common(datums, called)
        drawn = {name: replace(layer, rows=_in_stored(layer)) for name, layer in drawn.items()}
    if drawn:
        tables = {
            name: replace(each, rows=table_beside(each.rows, name, stated=stated)) for name, each in tables.items()
        }
    done = drawn | tables
    return [replace(row, key=f"{name}/{row.key}") for name in layers for row in done[name].rows], stated


def _common(datums: Mapping[str, str | None], called: str) -> str:
    """The datum in which layers of several can be read. Raises UnknownDatum where one says none."""
    if None in datums.values():
        raise UnknownDatum(
            N_(
                "The layers of {file} are in different coordinate systems: {layers}."
                " Export them in one, or hand them in one by one."
            ),
            file=called,
            layers=", ".join(f"{name} ({datum or '?'})" for name, datum in datums.items()),
        )
    return STORED


def _in_stored(layer: Layer) -> list[RawRow]:
    """Rows brought to EPSG:4490; what cannot lie there has its flaw, and no shape where it has no place at all."""
    shapes = np.empty(len(layer.rows), dtype=object)
    shapes[:] = [None if row.flaw else row.shape for row in layer.rows]
    with np.errstate(invalid="ignore"):
        placed, flaws = place_all(shapes, datum_named(layer.stated or ""))
    moved = []
    for index, (row, shape) in enumerate(zip(layer.rows, placed, strict=True)):
        high = ("geometry", HEIGHTS) if row.shape is not None and row.shape.has_z else None
        there = shape if shape is not None and np.isfinite(shapely.get_coordinates(shape)).all() else None
        noted = (*row.noted, high) if high else row.noted
        moved.append(replace(row, shape=there, flaw=row.flaw or flaws.get(index), noted=noted))
    return moved


def table_beside(rows: Sequence[RawRow], table: str, *, stated: str | None) -> list[RawRow]:
    """The rows of a table that lies beside layers in the datum ``stated``, placed by its columns, else left out."""
    found = guess(names_of(rows))
    if not found.placed:
        why = Skipped(
            N_("The table {table} has no geometries, and no columns that say where its rows are."),
            None,
            {"table": table},
        )
        return [replace(row, tags={}, left=row.left or why) for row in rows]
    placed = place(rows, found)
    if stated is None or not datum_named(stated).planar:
        return placed
    flaw = Flaw(
        N_("The table {table} has degrees, and the layers beside it {datum}; hand it in by itself, as a list."),
        "geometry",
        {"table": table, "datum": stated},
    )
    return [replace(row, shape=None, flaw=flaw) if _in_degrees(row) else row for row in placed]


def _in_degrees(row: RawRow) -> bool:
    return row.shape is not None and float(np.abs(shapely.get_coordinates(row.shape)).max(initial=0)) <= _HALF_TURN
