"""Decides about sign points: which kind of plate, how wide a road is, which post serves. No database."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis import crs
from gis.crs import Floats
from signs.junctions import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shapely import LineString, MultiLineString

    from signs.placement import Plate, Post

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


@dataclass(frozen=True, slots=True)
class StandingPost:
    """A post that is planned or stands already, at lon, lat."""

    id: int
    x: float
    y: float


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
