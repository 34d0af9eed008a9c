"""Where the demonstration puts villages: apart from each other, inside their town's box and county's outline.

True village coordinates are not public. The same register gives the same points, whatever part of the city is loaded.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely import MultiPolygon, Point, Polygon

from gis.crs import metres_per_degree

Floats = NDArray[np.float64]
Ground = Polygon | MultiPolygon

#: Villages keep from their county's border, where there is room, so that their streets stay inside.
MARGIN_DEG = 0.004
#: A town's ground has to offer this much to each village, else the whole county's ground is taken.
ROOM_M2 = 160_000.0
_WIDEST_M, _TURNS = 1_500.0, 24


@dataclass(frozen=True, slots=True)
class Town:
    """A town to be filled: its code, how many villages it has, and its extent, None where nobody knows it."""

    code: str
    villages: int
    box: Polygon | None


def seeded(*words: str) -> np.random.Generator:
    """A generator of numbers that depends on the words alone."""
    return np.random.default_rng([zlib.crc32(word.encode()) for word in words])


def grounds(towns: Sequence[Town], outline: Ground) -> dict[str, Ground]:
    """The ground of each town of one county: its box inside the outline; towns without a box share what is left."""
    inner = _kept_from_border(outline)
    found = {town.code: _roomy(town, _part(inner, town.box), inner) for town in towns if town.box is not None}
    left = [town for town in towns if town.box is None]
    if left:
        boxes = [town.box for town in towns if town.box is not None]
        free = polygons(inner.difference(shapely.union_all(boxes))) if boxes else inner
        for town, cell in zip(left, _shared(free, len(left)), strict=True):
            found[town.code] = _roomy(town, cell, inner)
    return found


def _kept_from_border(outline: Ground) -> Ground:
    inner = outline.buffer(-MARGIN_DEG)
    return outline if inner.is_empty else inner


def _part(ground: Ground, box: Polygon) -> Ground:
    return polygons(ground.intersection(box))


def polygons(shape: shapely.Geometry) -> MultiPolygon:
    """The polygons of any geometry, without the lines and points that an intersection leaves."""
    return MultiPolygon([part for part in shapely.get_parts(shape) if isinstance(part, Polygon)])


def _roomy(town: Town, ground: Ground, otherwise: Ground) -> Ground:
    """The ground, or the county's where it has no room for the town's villages."""
    if ground.is_empty:
        return otherwise
    east, north = metres_per_degree(ground.centroid.y)
    return ground if ground.area * float(east) * float(north) >= town.villages * ROOM_M2 else otherwise


def _shared(free: Ground, count: int) -> list[Ground]:
    """``free`` cut among ``count`` towns: each gets what is nearest to its middle, the middles lying far apart."""
    if free.is_empty:
        return [free] * count
    some = _inside(free, 400, seeded("shared", str(count)))
    middles = [some[int(np.argmin(np.hypot(*(some - some.mean(axis=0)).T)))]]
    while len(middles) < count:
        nearest, _ = cKDTree(np.array(middles)).query(some)
        middles.append(some[int(np.argmax(nearest))])
    if count == 1:
        return [free]
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(np.array(middles)), extend_to=free))
    owner = [next(cell for cell in cells if cell.covers(Point(middle))) for middle in middles]
    return [_part(free, cell) for cell in owner]


def _inside(ground: Ground, count: int, rng: np.random.Generator) -> Floats:
    """At least ``count`` random points of the ground."""
    west, south, east, north = ground.bounds
    shapely.prepare(ground)
    found = np.zeros((0, 2))
    while len(found) < count:
        tried = rng.uniform((west, south), (east, north), size=(count * 2, 2))
        found = np.concatenate([found, tried[shapely.contains_xy(ground, tried[:, 0], tried[:, 1])]])
    return found


def scatter(ground: Ground, count: int, *, seed: str, taken: Floats) -> Floats:
    """``count`` points (lon, lat) of the ground, as far from each other and from ``taken`` as there is room for.

    Darts are thrown with a distance to keep that shrinks until all have landed.
    """
    rng = seeded("scatter", seed)
    east, north = (float(each) for each in metres_per_degree(ground.centroid.y))
    scale = np.array([east, north])
    darts = _inside(ground, max(40 * count, 600), rng) * scale
    apart_m = min(_WIDEST_M, 0.85 * float(np.sqrt(ground.area * east * north / count)))
    for _ in range(_TURNS):
        landed = _thrown(darts, count, apart_m=apart_m, taken=taken * scale)
        if len(landed) == count:
            break
        apart_m *= 0.85
    else:
        landed = darts[:count]
    return np.asarray(landed / scale)


def _thrown(darts: Floats, count: int, *, apart_m: float, taken: Floats) -> Floats:
    if len(taken):
        far, _ = cKDTree(taken).query(darts, distance_upper_bound=apart_m)
        darts = darts[np.isinf(far)]
    landed: list[Floats] = []
    while len(landed) < count and len(darts):
        landed.append(darts[0])
        darts = darts[((darts - darts[0]) ** 2).sum(axis=1) >= apart_m**2]
    return np.array(landed).reshape(-1, 2)


def rooms_m(points: Floats, *, share: float = 0.47, widest_m: float = 330.0) -> Floats:
    """How far around each point its own streets may reach, so that those of two villages never meet by accident."""
    if len(points) < 2:  # noqa: PLR2004 - a neighbour makes two
        return np.full(len(points), widest_m)
    east, north = metres_per_degree(float(points[:, 1].mean()))
    metres = points * np.array([float(east), float(north)])
    nearest, _ = cKDTree(metres).query(metres, k=2)
    return np.asarray(np.minimum(nearest[:, 1] * share, widest_m))
