"""Input rows of any format become features: checked, repaired, told apart, each with exactly one report.

The order of what is said about a row: its geometry is missing or broken (rejected), it is of no kind we
keep (ignored), it lies where it cannot lie (rejected), it was seen before (duplicate), something was mended
(repaired).
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gis import crs
from gis.errors import N_
from gis.features import Area, AreaKind, Centreline, Facility, RowReport, Survey, Verdict
from gis.formats.flaws import Flaw
from gis.formats.kinds import UNTOLD, Found, Skipped, is_road_by_look, kind_of
from gis.formats.placing import place_all

#: Characters kept of a name. The longest in force have some 25, the longest facility of a real OSM extract 90; what is
#: longer is a description in the wrong column, and would make a page or a plate of any height.
LONGEST = 100
_TOLD = 1000  # rows between two tellings how far the reading is
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")  # zero and halves of characters: no database keeps them as text
_LINEAR = frozenset({"LineString", "LinearRing"})


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as the format gave it: ``tags`` with lower-case keys, ``shape`` in the file's own coordinates.

    ``flaw`` is set where the format could not make sense of the row's geometry; ``mended`` names the columns that
    :func:`keepable` took characters out of. ``read`` is what a person's mapping made of the columns
    (:func:`gis.formats.columns.mapped`), and goes before ``tags`` where it is there. ``noted`` says in which column a
    name was made plain, and how (:mod:`gis.formats.names`). ``left`` is set where a person left the row's value out.
    """

    key: str
    tags: dict[str, str]
    shape: BaseGeometry | None
    flaw: Flaw | None = None
    mended: tuple[str, ...] = ()
    read: dict[str, str] | None = None
    noted: tuple[tuple[str, str], ...] = ()
    left: Skipped | None = None

    @property
    def what(self) -> Found | Skipped:
        """What the row is, or why it is left out."""
        return self.left or kind_of(self.words, dimension=dimension_of(self.shape))

    @property
    def words(self) -> dict[str, str]:
        """The columns to read the row by."""
        return self.tags if self.read is None else self.read


HEIGHTS = N_("The heights were dropped.")
PIECES = N_("Pieces without length were dropped.")
NO_LENGTH = N_("The line has no length; draw it again or delete the row.")
_SHAPELESS = Flaw(N_("The row has no geometry; draw it or delete the row."), "geometry")


def keepable(row: RawRow) -> RawRow:
    """The row without characters that no database keeps as text: zero, and halves of a character (surrogates)."""
    mended = tuple(
        _kept(column) for column, words in row.tags.items() if _UNKEEPABLE.search(column) or _UNKEEPABLE.search(words)
    )
    key = _kept(row.key)
    if not mended and key == row.key:
        return row
    tags = {_kept(column): _kept(words) for column, words in row.tags.items()}
    return dataclasses.replace(row, key=key, tags=tags, mended=mended or ("id",))


def _kept(words: str) -> str:
    return _UNKEEPABLE.sub("", words)


def silent(_: float) -> None:
    """Nobody listens how far the reading is."""


def gather(rows: Sequence[RawRow], *, datum: crs.Datum, tell: Callable[[float], None] = silent) -> Survey:
    """All rows, in the file's order, as a survey in EPSG:4490.

    ``len(reports) == len(rows)``, rows counted from 1. ``tell`` hears now and again what share of them is read.
    """
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [None if row.flaw else row.shape for row in rows]
    found = _with_nameless(rows, [row.what for row in rows])
    with np.errstate(invalid="ignore"):
        placed, flaws = place_all(shapes, datum)
    gathering = _Gathering(datum)
    for number, (row, what, shape) in enumerate(zip(rows, found, placed, strict=True), start=1):
        gathering.add(number, row, what, row.flaw or flaws.get(number - 1) or shape)
        if number % _TOLD == 0:
            tell(number / len(rows))
    return gathering.survey()


def _with_nameless(rows: Sequence[RawRow], found: Sequence[Found | Skipped]) -> list[Found | Skipped]:
    """Lines that nothing tells are roads where others of their layer are roads by their shape and name alone.

    The nameless ones (无名路) of a survey, whose name column is empty: what the programme looks for.
    """
    lines = [dimension_of(row.shape) == 1 for row in rows]
    layers = [row.key.rpartition("/")[0] for row in rows]
    of_roads = {
        layer
        for row, layer, line, what in zip(rows, layers, lines, found, strict=True)
        if line and isinstance(what, Found) and is_road_by_look(row.words)
    }
    return [
        Found(None, None)
        if line and layer in of_roads and isinstance(what, Skipped) and what.reason == UNTOLD
        else what
        for layer, line, what in zip(layers, lines, found, strict=True)
    ]


def dimension_of(shape: BaseGeometry | None) -> int:
    """0 point, 1 line, 2 polygon, -1 unknown."""
    return -1 if shape is None else int(shapely.get_dimensions(shape))


class _Gathering:
    """Features and reports as they come; knows what it has seen."""

    def __init__(self, datum: crs.Datum) -> None:
        self.datum = datum
        self.reports: list[RowReport] = []
        self.features: list[Centreline | Area | Facility] = []
        self.seen: dict[tuple[object, ...], str] = {}
        self.keys: set[str] = set()
        self.numbered: Counter[str] = Counter()  # up to which number a key that occurs again is taken

    def survey(self) -> Survey:
        return Survey(
            centrelines=tuple(f for f in self.features if isinstance(f, Centreline)),
            areas=tuple(f for f in self.features if isinstance(f, Area)),
            facilities=tuple(f for f in self.features if isinstance(f, Facility)),
            reports=tuple(self.reports),
            datum=self.datum.name,
        )

    def add(self, number: int, row: RawRow, what: Found | Skipped, shape: BaseGeometry | Flaw | None) -> None:
        if isinstance(what, Skipped):
            if what.reason == UNTOLD and row.shape is None:  # its shape might have told
                self._report(number, row, Verdict.REJECTED, row.flaw or _SHAPELESS)
            elif what.reason == UNTOLD:  # understood by nobody: it comes back to be mended
                self._report(number, row, Verdict.REJECTED, Flaw(what.reason, what.field, what.values))
            else:
                self._report(number, row, Verdict.IGNORED, Flaw(what.reason, what.field, what.values))
            return
        key, repairs = self._unique(row.key)
        made = shape if isinstance(shape, Flaw) else _features(key, what, shape, repairs)
        if isinstance(made, Flaw):
            self._report(number, row, Verdict.REJECTED, made)
            return
        if row.shape is not None and row.shape.has_z:
            repairs.append(HEIGHTS)
        if row.mended:
            repairs.append(N_("Characters that cannot be kept (zero, half characters) were taken out of {columns}."))
        repairs += dict.fromkeys(note for _, note in row.noted)
        self._keep(number, row, made, repairs)

    def _unique(self, key: str) -> tuple[str, list[str]]:
        if key not in self.keys:
            return key, []
        number = max(2, self.numbered[key])
        while f"{key}#{number}" in self.keys:
            number += 1
        self.numbered[key] = number
        return f"{key}#{number}", [N_("The key {key} occurs more than once; it was numbered.")]

    def _keep(self, number: int, row: RawRow, made: list[Centreline | Area | Facility], repairs: list[str]) -> None:
        fresh = []
        earlier = ""
        for feature in made:
            mark = _mark(feature)
            earlier = self.seen.setdefault(mark, feature.key)
            if earlier == feature.key and feature.key not in self.keys:
                fresh.append(feature)
                self.keys.add(feature.key)
        if not fresh:
            reason = Flaw(N_("Same place and name as {original}."), None, {"original": earlier})
            self._report(number, row, Verdict.DUPLICATE, reason)
            return
        if len(fresh) < len(made):
            repairs.append(N_("Pieces that repeat others were dropped."))
        self.features += fresh
        self.keys.add(row.key)
        if repairs:
            columns = ", ".join(row.mended)
            at = ", ".join(dict.fromkeys((*row.mended, *(column for column, _ in row.noted))))
            values = {"key": row.key, "parts": len(made), "columns": columns, "most": LONGEST}
            self._report(number, row, Verdict.REPAIRED, Flaw(" ".join(repairs), at or None, values), fresh)
        else:
            self._report(number, row, Verdict.ACCEPTED, Flaw(""), fresh)

    def _report(
        self,
        number: int,
        row: RawRow,
        verdict: Verdict,
        why: Flaw,
        made: Sequence[Centreline | Area | Facility] = (),
    ) -> None:
        rejected = verdict is Verdict.REJECTED
        keys = tuple(feature.key for feature in made)
        self.reports.append(
            RowReport(
                number,
                row.key,
                verdict,
                why.reason,
                why.field,
                why.values,
                attributes=row.tags if rejected else None,
                shape=row.shape if rejected else None,
                made=() if keys == (row.key,) else keys,
            )
        )


def _mark(feature: Centreline | Area | Facility) -> tuple[object, ...]:
    """Equal for rows that say the same thing of the same place, whichever way round a line was drawn."""
    if isinstance(feature, Facility):
        return (feature.kind, feature.name, feature.point.wkb)
    shape = feature.line if isinstance(feature, Centreline) else feature.shape
    kind = feature.kind if isinstance(feature, Area) else feature.level
    return (type(feature), kind, feature.name, shapely.normalize(shape).wkb)


def _features(
    key: str, what: Found, shape: BaseGeometry | None, repairs: list[str]
) -> list[Centreline | Area | Facility] | Flaw:
    """What one row gives: a road may fall into several lines. Adds to ``repairs`` what was mended."""
    if shape is None or shape.is_empty:
        return _SHAPELESS
    if what.kind is None:
        return _centrelines(key, what, shape, repairs)
    if isinstance(what.kind, AreaKind):
        return _area(key, what, shape, repairs)
    return [Facility(key, what.kind, what.name, _door(shape))]


def _centrelines(
    key: str, what: Found, shape: BaseGeometry, repairs: list[str]
) -> list[Centreline | Area | Facility] | Flaw:
    shape = _without_points(shape, repairs)
    if shapely.get_dimensions(shape) != 1:
        return Flaw(N_("A road must be a line, but this is a {shape}."), "geometry", {"shape": shape.geom_type})
    if not _LINEAR.issuperset(part.geom_type for part in shapely.get_parts(shape)):
        return Flaw(
            N_(
                "The row's collection of geometries holds others than lines, or collections;"
                " draw its lines by themselves."
            ),
            "geometry",
        )
    pieces = _pieces(shape, repairs)
    if not pieces:
        return Flaw(NO_LENGTH, "geometry")
    if len(pieces) > 1:
        repairs.append(N_("Separate lines in one row became {parts} lines."))
    keys = [key] if len(pieces) == 1 else [f"{key}/{n}" for n in range(1, len(pieces) + 1)]
    return [
        Centreline(k, line, what.name, what.road_class, what.oneway, what.level)
        for k, line in zip(keys, pieces, strict=True)
    ]


def _without_points(shape: BaseGeometry, repairs: list[str]) -> BaseGeometry:
    """The lines of a row that has points beside them, such as where its label stands."""
    parts = shapely.get_parts(shape).tolist()
    lines = [part for part in parts if part.geom_type in _LINEAR]
    if not 0 < len(lines) < len(parts) or any(part.geom_type not in {*_LINEAR, "Point"} for part in parts):
        return shape
    repairs.append(N_("Points beside the line were left out."))
    return shapely.MultiLineString(lines)


def _pieces(shape: BaseGeometry, repairs: list[str]) -> list[LineString]:
    """Single lines of more than no length, without repeated points."""
    given = shapely.get_parts(shape)
    parts = given[~shapely.is_empty(given)]
    if len(parts) > 1:
        merged = shapely.get_parts(shapely.line_merge(shapely.MultiLineString(list(parts)), directed=True))
        if len(merged) < len(parts):
            repairs.append(N_("Pieces that touch were joined."))
        parts = merged
    clean = [LineString(line.coords) for line in shapely.remove_repeated_points(parts)]
    whole = [line for line in clean if line.length > 0]
    if (len(whole) < len(clean) or (shapely.is_empty(given)).any()) and whole:
        repairs.append(PIECES)
    if whole and shapely.get_num_coordinates(parts).sum() > shapely.get_num_coordinates(clean).sum():
        repairs.append(N_("Repeated points were dropped."))
    return whole


def _area(key: str, what: Found, shape: BaseGeometry, repairs: list[str]) -> list[Centreline | Area | Facility] | Flaw:
    assert isinstance(what.kind, AreaKind)  # noqa: S101 - the caller looked
    if what.name is None:
        return Flaw(N_("A division needs a name; fill the column."), "name")
    outline = _outline(shape, repairs)
    if isinstance(outline, Flaw):
        return outline
    return [Area(key, what.kind, what.name, outline, what.code, what.town)]


def _outline(shape: BaseGeometry, repairs: list[str]) -> Polygon | MultiPolygon | Point | Flaw:
    if isinstance(shape, Point):
        return shape
    if shapely.get_dimensions(shape) != 2:  # noqa: PLR2004 - two dimensions
        return Flaw(N_("A division must be a polygon or a point, but this is a {shape}."), "geometry",
                    {"shape": shape.geom_type})  # fmt: skip
    if not shape.is_valid:
        shape = shapely.make_valid(shape, method="structure", keep_collapsed=False)
        repairs.append(N_("The outline crossed itself and was mended."))
    if any(not isinstance(part, Polygon) for part in shapely.get_parts(shape)):
        repairs.append(N_("Points and lines beside the outline were left out."))
    polygons = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon) and part.area > 0]
    if not polygons:
        return Flaw(N_("The outline encloses no area; draw it again."), "geometry")
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def _door(shape: BaseGeometry) -> Point:
    """Where a facility stands: its point, or a point surely inside its outline."""
    return shape if isinstance(shape, Point) else shapely.point_on_surface(shape)
