"""Decides about sign points: which kind of plate, how wide a road is, which post serves, how a plate looks."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely

from app.base.errors import N_
from gis import crs
from gis.crs import Floats
from signs.designs import KINDS, Axis, DesignError, Ground, Side, axis_of, ground_of, sides_of
from signs.drawing import svg
from signs.fonts import FontError, MissingGlyphError
from signs.junctions import Reason
from signs.rendering import Words, face_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shapely import LineString, MultiLineString

    from signs.placement import Plate, Post
    from signs.qr import Symbol

#: Generics of lanes, which get the smaller plate (the list of generics gives them widths of up to 8 m).
LANES = frozenset({"巷", "小巷", "胡同", "弄", "里", "里弄", "条", "夹道", "过道"})
#: Carriageways in metres by road class; an estimate until widths are surveyed. Any other class: ``WIDTH_M``.
WIDTHS_M: Mapping[str, float] = {
    "trunk": 14.0,
    "primary": 12.0,
    "secondary": 9.0,
    "tertiary": 7.0,
    "footway": 2.0,
    "path": 2.0,
}
WIDTH_M = 5.0
#: How far around a street other roads are looked at: a post may stand up to 60 m from its junction.
AROUND_M = 60.0
#: A post as near as this to one that is there already is the same post; as ``signs.placement.Rules.share_m``. At a
#: junction one post serves all its corners, so there any post as near as the farther one will do (estimate).
SHARE_M, CORNER_M = 2.5, 12.0
_BESIDE_M = 0.5
#: Eight winds from north on; a plate's front looks to one of them.
WINDS = (
    *(N_("north"), N_("north-east"), N_("east"), N_("south-east")),
    *(N_("south"), N_("south-west"), N_("west"), N_("north-west")),
)
#: The page's policy allows no style attribute, and its stylesheet sets the size.
_FOR_PRINT = re.compile(r' (?:style|width|height)="[^"]*"')


@dataclass(frozen=True, slots=True)
class StandingPost:
    """A post that is planned or stands already, at lon, lat."""

    id: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Hanging:
    """What decides how a sign's plate looks: its kind, its words, and how street and face lie (degrees from north)."""

    kind: str
    words: str
    latin: str
    street_deg: float
    facing_deg: float
    along_deg: float
    goes_on: bool
    goes_back: bool
    ground: str | None = None

    @property
    def axis(self) -> Axis:
        """How the street runs; a colour set by hand decides the direction words too."""
        if self.ground is None:
            return axis_of(self.street_deg)
        return Axis.EAST_WEST if self.ground == Ground.BLUE.value else Axis.NORTH_SOUTH

    @property
    def sides(self) -> tuple[Side, Side]:
        """Words and marks at the left and right end, as a reader in front sees them."""
        return sides_of(
            self.axis,
            facing_deg=self.facing_deg,
            along_deg=self.along_deg,
            goes_on=self.goes_on,
            goes_back=self.goes_back,
        )


@lru_cache(maxsize=2048)
def picture(sign: Hanging, symbol: Symbol | None = None) -> str | None:
    """The plate's front as SVG for a page; None where it cannot be drawn (kind, font or glyph is missing)."""
    design = KINDS.get(sign.kind)
    if design is None:
        return None
    left, right = sign.sides if design.directions else (None, None)
    words = Words(sign.words, sign.latin, left, right)
    try:
        face = face_of(design, words, symbol=symbol, ground=ground_of(sign.axis))
    except (DesignError, MissingGlyphError, FontError):
        return None
    head, rest = svg(face).split(">", 1)
    return _FOR_PRINT.sub("", head) + ">" + rest


def wind_of(bearing_deg: float) -> str:
    """The wind that a bearing is nearest to, as a message."""
    return WINDS[round(bearing_deg / 45) % 8]


def kind_of(generic: str) -> str:
    """The key of the sign kind for a name's generic: the lane plate for lanes, else the street plate."""
    return "lane_plate" if generic in LANES else "street_plate"


def width_of(road_class: str | None) -> float:
    """The carriageway's width in metres, by road class."""
    return WIDTHS_M.get(road_class or "", WIDTH_M)


def shared_posts(posts: Sequence[Post], standing: Sequence[StandingPost]) -> list[StandingPost | None]:
    """For each new post the one of ``standing`` that serves instead, or None.

    The nearest within ``CORNER_M`` at an end or crossing, within ``SHARE_M`` between them.
    """
    found: list[StandingPost | None] = [None] * len(posts)
    if not posts or not standing:
        return found
    here, there = _places(posts), _places(standing)
    scale = np.array([float(value) for value in crs.metres_per_degree(float(here[:, 1].mean()))])
    tree = shapely.STRtree(shapely.points(there * scale))
    pairs, metres = tree.query_nearest(
        shapely.points(here * scale), max_distance=CORNER_M, return_distance=True, all_matches=False
    )
    for (new, old), distance in zip(pairs.T.tolist(), metres.tolist(), strict=True):
        if distance <= (SHARE_M if all(plate.reason is Reason.GAP for plate in posts[new].plates) else CORNER_M):
            found[new] = standing[old]
    return found


def facing_from(post: StandingPost, line: LineString | MultiLineString, plate: Plate) -> float:
    """Where a plate's front looks when it hangs on ``post``: across the street it is parallel to.

    A post on the other side of the street turns the plate around; one in the street's line leaves it as it is.
    """
    east, north = (float(value) for value in crs.metres_per_degree(post.y))
    flat = shapely.transform(line, lambda xy: (xy - (post.x, post.y)) * (east, north))
    near = flat.interpolate(flat.project(shapely.Point(0, 0)))
    turn = math.radians(plate.facing_deg)
    towards = near.x * math.sin(turn) + near.y * math.cos(turn)
    return plate.facing_deg if towards > -_BESIDE_M else (plate.facing_deg + 180) % 360


def _places(posts: Sequence[Post] | Sequence[StandingPost]) -> Floats:
    return np.array([(post.x, post.y) for post in posts], dtype=float)
