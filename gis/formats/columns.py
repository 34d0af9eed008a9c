"""Which column of a table says what: found by the words that survey tables use, or told by a person.

A table's places are made from its columns here: longitude and latitude, easting and northing, or WKT.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import N_
from gis.features import RowReport
from gis.formats import kinds
from gis.formats.flaws import CURVE, Flaw
from gis.formats.rows import RawRow
from gis.formats.sizes import Counted
from gis.formats.texts import Worded


class Field(Enum):
    """What a column can say of a row. The values are stored with a source's mapping; don't change them."""

    NAME = "name"
    KIND = "kind"
    CODE = "code"
    TOWN = "town"
    ROAD_CLASS = "road_class"
    X = "x"
    Y = "y"
    WKT = "wkt"


#: The words of each field's columns, in the order of trust. In Chinese surveying 横坐标 runs east and 纵坐标 north.
_WORDS: dict[Field, tuple[str, ...]] = {
    Field.NAME: kinds.NAME,
    Field.KIND: kinds.KIND,
    Field.CODE: kinds.CODE,
    Field.TOWN: kinds.TOWN,
    Field.ROAD_CLASS: kinds.CLASS,
    Field.X: (
        "经度",
        "东经",
        "lon",
        "lng",
        "long",
        "longitude",
        "横坐标",
        "东坐标",
        "easting",
        "x坐标",
        "x",
        "point_x",
    ),
    Field.Y: ("纬度", "北纬", "lat", "latitude", "纵坐标", "北坐标", "northing", "y坐标", "y", "point_y"),
    Field.WKT: ("wkt", "geometry", "geom", "the_geom", "几何", "图形", "shape", "空间坐标"),
}
_EVERY = frozenset(word for words in _WORDS.values() for word in words)
_KIND = "类型"
#: The column of :mod:`gis.formats.kinds` that each field is read from once a person has mapped it.
_READ_AS = {
    Field.NAME: "name",
    Field.KIND: _KIND,
    Field.CODE: "代码",
    Field.TOWN: "乡镇",
    Field.ROAD_CLASS: "道路等级",
}
#: What is told beside the fields.
_BESIDE = frozenset({"every", "values", "rest"})
#: What a person says of a value whose rows are left out, and what its rows are told.
LEFT_OUT = "不要"
LEFT = N_("{field}={value} was left out by the officer who said what the values of this column are.")
#: What :mod:`gis.formats.returning` adds to rows that it gives back; no column of the file's own.
ADDED = ("行号", "原因", "字段")
_UNIT = re.compile(r"[(（\[].*?[)）\]]|[°:：*]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?|[+-]?\.\d+")
_ANGLE = re.compile(
    r"(?P<side>[EWNS东西南北]经?纬?)?\s*(?P<d>\d{1,3}(\.\d+)?)\s*[°度]\s*((?P<m>\d{1,2}(\.\d+)?)\s*['′分]\s*)?"
    r"((?P<s>\d{1,2}(\.\d+)?)\s*(\"|″|''|′′|秒)\s*)?(?P<after>[EWNS])?",
    re.IGNORECASE,
)
_AGAINST = ("w", "s", "西", "南")
_SRID = re.compile(r"\s*SRID\s*=\s*(\d{1,9})\s*;", re.IGNORECASE)
_CURVED = re.compile(r"CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE", re.IGNORECASE)
_SHORTEST_HEADER = 2
_MOST_COLLECTIONS = 50


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column each field is read from, in lower case as :class:`RawRow` has them.

    ``every`` says what all rows are (道路, 村, 村委会 …) where no column does. ``values`` says what a value of the
    column of kinds is: a word of :data:`gis.formats.kinds.KEPT`, or :data:`LEFT_OUT`, by the value as
    :func:`gis.formats.kinds.plain` has it; with ``rest`` other values that we don't know are nothing to ask about.
    """

    of: Mapping[Field, str] = dataclasses.field(default_factory=dict)
    every: str = ""
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    rest: bool = False

    @property
    def placed(self) -> bool:
        """Whether the columns say where a row is."""
        return Field.WKT in self.of or {Field.X, Field.Y} <= self.of.keys()

    def told(self) -> dict[str, Any]:
        """As it is stored and travels with a run; :meth:`of_told` reads it."""
        said = {"every": self.every, "values": dict(self.values), "rest": self.rest}
        return {field.value: column for field, column in self.of.items()} | {k: v for k, v in said.items() if v}

    @classmethod
    def of_told(cls, told: Mapping[str, Any]) -> Columns:
        """Raises ValueError for a field that there is none of. What was stored before values could be said has none."""
        fields = {Field(name): column for name, column in told.items() if name not in _BESIDE}
        return cls(fields, told.get("every", ""), told.get("values", {}), told.get("rest", False))


def guess(names: Sequence[str]) -> Columns:
    """The columns by their names; a field that no name speaks for is left out. WKT goes before x and y.

    A column called as one of our words goes before one that is so below a group (位置/经度), and that before one whose
    name holds a Chinese one (东经度, 单位名称).
    """
    plain = {_plain(name): name for name in reversed(names)}
    found = _called(plain)
    parts = {_plain(name.rpartition("/")[2]): name for name in reversed(names) if "/" in name}
    found |= {field: name for field, name in _called(parts).items() if field not in found}
    for field, words in _WORDS.items():
        telling = [word for word in words if len(word) > 1 and not word.isascii()]
        free = [name for key, name in plain.items() if name not in found.values() and any(w in key for w in telling)]
        if field not in found and len(free) == 1:
            found[field] = free[0]
    return Columns(found)


def _called(plain: Mapping[str, str]) -> dict[Field, str]:
    """The columns that are called as one of our words; the last of equal keys wins, and that is the first word."""
    return {field: plain[word] for field, words in _WORDS.items() for word in reversed(words) if word in plain}


def words_in(cells: Sequence[str]) -> int:
    """How many cells are called as one of our words."""
    return sum(_plain(cell) in _EVERY for cell in cells)


def header_at(rows: Sequence[Sequence[str]]) -> int | None:
    """The place of the line of column names among a table's first rows, or None.

    A title in one cell, or a line of numbers, is none; a line with a word that we know goes before others.
    """
    likely = [
        place
        for place, cells in enumerate(rows)
        if sum(bool(cell) for cell in cells) >= _SHORTEST_HEADER and not any(is_number(cell) for cell in cells)
    ]
    known = [place for place in likely if guess(rows[place]).of]
    return next(iter(known or likely), None)


def names_of(rows: Sequence[RawRow]) -> list[str]:
    """All columns that any row fills, in the order of their first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row.tags))


def mapped(rows: Sequence[RawRow], columns: Columns) -> list[RawRow]:
    """The rows read by a person's mapping and by nothing else; what they said is kept for giving them back."""
    wanted = [(field, column) for field, column in columns.of.items() if field in _READ_AS]
    mapped_rows = []
    for row in rows:
        read = {_READ_AS[field]: row.tags[column] for field, column in wanted if column in row.tags}
        if columns.every:
            read[_KIND] = columns.every
        left = row.left or _left(read, columns)
        mapped_rows.append(dataclasses.replace(row, read=read, left=left))
    return mapped_rows


def _left(read: dict[str, str], columns: Columns) -> kinds.Skipped | None:
    """Put what was said of the row's value in its place; why the row is left out, where that was said."""
    value = read.get(_KIND, "")
    means = columns.values.get(kinds.plain(value)) if columns.values and not columns.every else None
    if means == LEFT_OUT:
        return kinds.Skipped(LEFT, _KIND, {"field": _KIND, "value": value[: kinds.LONGEST_VALUE]})
    if means:
        read[_KIND] = means
    return None


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a column of kinds: as it is compared, as the file first writes it, and in how many rows.

    ``known`` is the word of :data:`gis.formats.kinds.KEPT` that it is read as by itself.
    """

    plain: str
    words: str
    rows: int
    known: str | None = None


def values_of(rows: Sequence[RawRow], column: str) -> list[Value]:
    """The values of a column, alike ones as one: those that we don't know first, then the most frequent; no blank."""
    found: dict[str, Value] = {}
    for words, n in Counter(row.tags.get(column, "") for row in rows).items():
        key = kinds.plain(words)
        before = found.get(key) or Value(key, words.strip()[: kinds.LONGEST_VALUE], 0, kinds.read_as(words))
        found[key] = dataclasses.replace(before, rows=before.rows + n)
    found.pop("", None)
    return sorted(found.values(), key=lambda value: (value.known is not None, -value.rows, value.plain))


def as_called(report: RowReport, columns: Columns) -> RowReport:
    """A report that names the file's column where the reading knew it by our word."""
    called = {_READ_AS[field]: column for field, column in columns.of.items() if field in _READ_AS}
    values = dict(report.values)
    if values.get("field") in called:
        values["field"] = called[str(values["field"])]
    return dataclasses.replace(report, field=called.get(report.field or "", report.field), values=values)


def place_by_names(rows: Sequence[RawRow]) -> list[RawRow]:
    """Rows placed by what their columns are called, each sheet by its own; a sheet without such columns stays."""
    placed: list[RawRow] = []
    for _, sheet in itertools.groupby(rows, key=lambda row: row.key.rpartition("row/")[0]):
        mine = list(sheet)
        found = guess(names_of(mine))
        placed += place(mine, found) if found.placed else mine
    return placed


def place(rows: Sequence[RawRow], columns: Columns) -> list[RawRow]:
    """Rows of a table with their shapes, in the table's own numbers; what cannot be placed has its flaw.

    WKT of any kind, with its SRID where it says one (EWKT), or points from x and y: plain numbers, or degrees with
    minutes and seconds.
    """
    if Field.WKT in columns.of:
        return _from_wkt(rows, columns.of[Field.WKT])
    x, y = columns.of[Field.X], columns.of[Field.Y]
    read = [(_number(row.tags.get(x, "")), _number(row.tags.get(y, ""))) for row in rows]
    good = np.array([a is not None and b is not None for a, b in read], dtype=bool)
    points = np.full(len(rows), None, dtype=object)
    pairs = np.array([pair for pair, fits in zip(read, good, strict=True) if fits], dtype=float)
    points[good] = shapely.points(pairs.reshape(-1, 2))  # none of them may be good
    return [
        row if row.flaw else dataclasses.replace(row, shape=point, flaw=None if fits else _unplaced(row, x, y))
        for row, point, fits in zip(rows, points, good, strict=True)
    ]


def _unplaced(row: RawRow, x: str, y: str) -> Flaw:
    column = next((name for name in (x, y) if _number(row.tags.get(name, "")) is None), x)
    words = row.tags.get(column, "")
    if isinstance(words, Worded) and not words:
        reason = N_("The formula {words} has no value; save the file in Excel, or write the number in its place.")
        return Flaw(reason, column, {"words": str(words.value)[:40]})
    if not words:
        return Flaw(N_("The row has no {column}; fill it or delete the row."), column, {"column": column})
    return Flaw(N_("“{words}” is no coordinate."), column, {"words": words[:40]})


def _from_wkt(rows: Sequence[RawRow], column: str) -> list[RawRow]:
    words = [row.tags.get(column, "") for row in rows]
    counted = Counted("")
    for row, text in zip(rows, words, strict=True):
        counted.add(text.count(",") + 1 if text else 0, row.key)
    with np.errstate(all="ignore"):  # what is not finite is for the row's report
        shapes: NDArray[np.object_] = shapely.from_wkt(
            np.array([_readable(w) or None for w in words], dtype=object), on_invalid="ignore"
        )
    placed = []
    for row, text, bare in zip(rows, words, shapes, strict=True):
        flaw, srid = row.flaw, _SRID.match(text)
        shape = shapely.set_srid(bare, int(srid[1])) if srid and bare is not None else bare
        if flaw is None and shape is None and text:
            flaw = Flaw(N_("“{words}” is no geometry in WKT."), column, {"words": text[:40]})
            flaw = Flaw(CURVE, column) if _CURVED.search(text) else flaw
        placed.append(dataclasses.replace(row, shape=None if flaw else shape, flaw=flaw))
    return placed


def _readable(words: str) -> str:
    """WKT that can be read: GEOS follows collections in collections until the whole program breaks, curves are none."""
    if words.upper().count("COLLECTION") > _MOST_COLLECTIONS or _CURVED.search(words):
        return ""
    return _SRID.sub("", words, count=1)


def _plain(name: str) -> str:
    return _UNIT.sub("", unicodedata.normalize("NFKC", name)).strip().lower()


def is_number(cell: str) -> bool:
    """Whether a cell is a plain number."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def _number(cell: str) -> float | None:
    """116.3, １１６．３, 116°18′0″E, 东经116度18分, 39,500,123.4; None where it is none of these."""
    words = unicodedata.normalize("NFKC", cell).strip()
    plain = words.replace(",", "") if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", words) else words
    if _NUMBER.fullmatch(plain):
        return float(plain)
    angle = _ANGLE.fullmatch(words)
    if angle is None:
        return None
    degrees = sum(float(angle[part] or 0) / over for part, over in (("d", 1), ("m", 60), ("s", 3600)))
    side = (angle["side"] or angle["after"] or "").lower()
    return -degrees if side.startswith(_AGAINST) else degrees
