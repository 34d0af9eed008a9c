"""Which village of the register a row of a survey file means: by its name's stem, then by where it lies."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from shapely import Point, from_wkb
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.errors import N_
from app.base.models import CodeSystem, Division
from app.intake.register import Box, kind_by_name, stem_of, town_boxes
from gis.features import Area

#: A town's box is a sketch: a village this far outside it (about 3 km) is none of that town's.
OUTSIDE_DEG = 0.03
_VILLAGES = text(
    "SELECT v.id, v.name, v.kind, t.id AS town, t.name AS town_name, c.code, ST_X(v.point) AS x, ST_Y(v.point) AS y"
    "  FROM base.division v JOIN base.division t ON t.id = v.parent_id"
    "  LEFT JOIN base.division_code c ON c.division_id = v.id AND c.system = :system AND c.valid_to_on IS NULL"
    " WHERE v.path <@ (:top)::ltree AND v.kind IN ('village', 'residents') AND v.until_on IS NULL ORDER BY v.id"
)
_OUTLINES = text(
    "SELECT id, ST_AsBinary(outline) FROM base.division"
    " WHERE path <@ (:top)::ltree AND kind = 'town' AND until_on IS NULL AND outline IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Known:
    """A village of the register."""

    id: int
    name: str
    kind: str
    town: int
    town_name: str
    code: str | None
    x: float | None
    y: float | None


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Why no village of the register is meant: a message template, its values, and the column at fault."""

    reason: str
    values: dict[str, object]
    field: str = "name"


class Villages:
    """The villages of the register below a division, to be found by a file's rows."""

    def __init__(self, session: Session, top: Division) -> None:
        """Read them once for a file."""
        self.session = session
        self.top = top
        found = session.execute(_VILLAGES, {"top": top.path, "system": CodeSystem.STATISTICS.value})
        self.all = [Known(*row) for row in found]
        self.by_stem: dict[str, list[Known]] = defaultdict(list)
        for known in self.all:
            self.by_stem[stem_of(known.name)].append(known)

    @cached_property
    def outlines(self) -> dict[int, BaseGeometry]:
        """The towns' outlines by key, where there are any."""
        found = self.session.execute(_OUTLINES, {"top": self.top.path})
        return {town: from_wkb(bytes(shape)) for town, shape in found}

    @cached_property
    def boxes(self) -> dict[str, Box]:
        """The towns' extents by code."""
        return town_boxes()

    def meant_by(self, area: Area, at: Point) -> Known | Unmatched:
        """The one village of the register that a row means, or why there is none.

        Of those of its name, the one with its code; those of the town that the row tells or whose outline holds it;
        those whose town's box holds it; the one of the nearest town. A town that is sure and has no village of the
        name is a reason to refuse, not to look elsewhere.
        """
        named = self._named(area.name)
        by_code = [known for known in named if area.code and known.code == area.code]
        left = by_code if len(by_code) == 1 else named
        for narrowed in (self._of_told_town, self._of_outline, self._of_boxes):
            left = narrowed(left, area, at)
        if len(left) > 1:
            left = self._nearest(left, at)
        if len(left) == 1:
            return left[0]
        return self._ambiguous(area, left) if left else self._missing(area, named)

    def _named(self, name: str) -> list[Known]:
        """Of this stem; where the row says village or residents' committee, none that says the other."""
        of_stem = self.by_stem.get(stem_of(name), [])
        exact = [known for known in of_stem if known.name == name]
        told = kind_by_name(name)
        return exact or [known for known in of_stem if told is None or kind_by_name(known.name) in {told, None}]

    def _of_told_town(self, left: list[Known], area: Area, _: Point) -> list[Known]:
        if area.town is None or not any(stem_of(known.town_name) == stem_of(area.town) for known in self.all):
            return left
        return [known for known in left if stem_of(known.town_name) == stem_of(area.town)]

    def _of_outline(self, left: list[Known], _: Area, at: Point) -> list[Known]:
        around = {town for town, outline in self.outlines.items() if outline.covers(at)}
        return [known for known in left if known.town in around] if around else left

    def _of_boxes(self, left: list[Known], _: Area, at: Point) -> list[Known]:
        """Those whose town's box holds the place, or nearly; towns without a box are not ruled out."""
        possible = [known for known in left if self._in_box(known, at, margin=OUTSIDE_DEG, unknown=True)]
        inside = [known for known in possible if self._in_box(known, at, margin=0.0, unknown=False)]
        return inside or possible

    def _in_box(self, known: Known, at: Point, *, margin: float, unknown: bool) -> bool:
        box = self.boxes.get((known.code or "")[:9])
        if box is None:
            return unknown
        return box.west - margin <= at.x <= box.east + margin and box.south - margin <= at.y <= box.north + margin

    def _nearest(self, left: Sequence[Known], at: Point) -> list[Known]:
        """Those of the town of the nearest village whose place is known, among the towns in question."""
        towns = {known.town for known in left}
        placed = [known for known in self.all if known.town in towns and known.x is not None]
        if not placed or len(towns) == 1:
            return _closest(left, at)
        nearest = min(placed, key=_distance_to(at)).town
        return [known for known in left if known.town == nearest]

    def _missing(self, area: Area, named: Sequence[Known]) -> Unmatched:
        if named:
            return Unmatched(
                N_(
                    "The register's {name} is in {towns}, and this place is not there. Check the place or the town of"
                    " this row, or have the register corrected."
                ),
                {"name": named[0].name, "towns": "、".join(sorted({known.town_name for known in named}))},
            )
        return Unmatched(
            N_(
                "The register has no village {name} below {place}. Choose the town that it belongs to, write the name"
                " as the register does, or have the register corrected; roads and facilities come in without it."
            ),
            {"name": area.name, "place": self.top.name},
        )

    def _ambiguous(self, area: Area, left: Sequence[Known]) -> Unmatched:
        return Unmatched(
            N_(
                "{count} villages of the register are called {name} ({towns}), and nothing tells which is meant. Add"
                " a column 乡镇 with the town, or choose the town for this file."
            ),
            {
                "count": len(left),
                "name": area.name,
                "towns": "、".join(sorted({known.town_name for known in left})),
            },
        )


def _closest(left: Sequence[Known], at: Point) -> list[Known]:
    """The nearest of villages of one name in one town, where all have a place."""
    if any(known.x is None for known in left):
        return list(left)
    return [min(left, key=_distance_to(at))]


def _distance_to(at: Point) -> Callable[[Known], float]:
    flat = math.cos(math.radians(at.y))
    return lambda known: math.hypot(((known.x or 0.0) - at.x) * flat, (known.y or 0.0) - at.y)
