"""A street's line: its parts, how long they are, where they end, and whether others run along it.

Lines are in lon, lat (EPSG:4490) and measured in metres on the plane that touches the ellipsoid at their middle
latitude: within 1 mm on 100 m. Places that agree to 9 decimals are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry

from gis.crs import metres_per_degree
from gis.noding import distinct, rounded

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
XY = tuple[float, float]

#: Lines this near are one: a survey in centimetres that went through another format.
_SAME_M = 0.05


@dataclass(frozen=True, slots=True)
class Plane:
    """Metres east and north of nowhere: good for lengths and distances around one latitude."""

    east: float
    north: float

    @staticmethod
    def at(lat_deg: float) -> Plane:
        """The plane that touches the ellipsoid at a latitude."""
        east, north = metres_per_degree(lat_deg)
        return Plane(float(east), float(north))

    @staticmethod
    def of(shape: BaseGeometry) -> Plane:
        """The plane at the middle latitude of a shape that is not empty."""
        _, south, _, north = shape.bounds
        return Plane.at((south + north) / 2)

    def flat(self, shape: BaseGeometry) -> BaseGeometry:
        """A shape in metres."""
        made: BaseGeometry = shapely.transform(shape, lambda xy: xy * (self.east, self.north))
        return made

    def round(self, shape: BaseGeometry) -> BaseGeometry:
        """A shape in degrees again."""
        made: BaseGeometry = shapely.transform(shape, lambda xy: xy / (self.east, self.north))
        return made


def parts_of(shape: BaseGeometry) -> list[LineString]:
    """The lines that a line or many lines are made of, without empty ones."""
    return [part for part in shapely.get_parts(shape).tolist() if part.geom_type == "LineString" and part.length > 0]


def length_m(shape: BaseGeometry) -> float:
    """Length of all lines of a shape in metres; 0 for none."""
    return float(Plane.of(shape).flat(shape).length) if not shape.is_empty else 0.0


def places_along(shape: BaseGeometry, count: int) -> list[Point]:
    """So many places along the lines of a shape, each in the middle of an equal share of their length."""
    parts = parts_of(shape)
    metres = np.array([length_m(part) for part in parts])
    far = (np.arange(count) + 0.5) / count * metres.sum()
    begins = np.concatenate([[0.0], np.cumsum(metres)[:-1]])
    which = np.searchsorted(begins, far, side="right") - 1
    shares = (far - begins[which]) / metres[which]
    return [parts[n].interpolate(share, normalized=True) for n, share in zip(which.tolist(), shares, strict=True)]


def ends_of(parts: Sequence[LineString]) -> tuple[Ints, Floats]:
    """The places (P, 2) that the parts (S, 2) begin and end at."""
    lines = np.array(parts, dtype=object)
    both = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, n)) for n in (0, -1)])
    first, number = distinct(rounded(both))
    return number.reshape(2, -1).T, both[first]


def pieces(ends: Ints, but: Sequence[int]) -> Ints:
    """Which parts hang together, over every place but some. A street has few: this needs no scipy, pages ask it."""
    piece = np.arange(len(ends))
    for node in np.unique(ends).tolist():
        if node not in but:
            met = np.unique(piece[(ends == node).any(axis=1)])
            piece[np.isin(piece, met)] = met[0]
    return np.asarray(np.unique(piece, return_inverse=True)[1], dtype=np.intp)


def loose_ends(line: MultiLineString) -> Floats:
    """The places (E, 2) where a line ends; none for a ring."""
    ends, places = ends_of(parts_of(line))
    once: Floats = places[np.bincount(ends.reshape(-1)) == 1]
    return once


@dataclass(frozen=True, slots=True)
class Beside:
    """How far a line runs along others: metres along them, metres in all, and the pieces that do not."""

    along_m: float
    whole_m: float
    rest: tuple[LineString, ...]

    @property
    def share(self) -> float:
        """Which part of the line runs along the others, 0 to 1."""
        return self.along_m / self.whole_m if self.whole_m else 0.0


def beside(line: BaseGeometry, others: Sequence[BaseGeometry], *, near_m: float) -> Beside:
    """How much of a line lies within ``near_m`` metres of others; they do not reach beyond their own ends."""
    plane = Plane.of(line)
    there = [part for other in others for part in parts_of(other)]
    flat = plane.flat(line)
    if not there:
        return Beside(0.0, float(flat.length), tuple(parts_of(line)))
    merged = shapely.line_merge(shapely.union_all(plane.flat(MultiLineString(there))))
    strip = shapely.buffer(merged, near_m, cap_style="flat")
    rest = shapely.difference(flat, strip)
    return Beside(float(flat.length - rest.length), float(flat.length), tuple(parts_of(plane.round(rest))))


def lying_on(
    lines: Sequence[LineString], others: Sequence[BaseGeometry], *, within_m: float = _SAME_M
) -> NDArray[np.bool_]:
    """Which lines lie wholly on others, however these are cut; shape ``(n,)``. Time grows with n log m."""
    found = np.zeros(len(lines), dtype=bool)
    if not len(lines) or not len(others):
        return found
    plane = Plane.of(shapely.box(*shapely.total_bounds(np.array(lines, dtype=object))))
    flat, there = ([plane.flat(each) for each in shapes] for shapes in (lines, others))
    tree, mine = shapely.STRtree(there), np.array(flat, dtype=object)
    near = np.ones(len(lines), dtype=bool)
    for share in (0.0, 0.5, 1.0):  # most of what does not lie on others is told by three places of it
        places = shapely.line_interpolate_point(mine, share, normalized=True)
        touched = np.unique(tree.query(places, predicate="dwithin", distance=within_m)[0])
        near &= np.isin(np.arange(len(lines)), touched)
    for one in np.flatnonzero(near).tolist():
        around = [there[other] for other in tree.query(mine[one], predicate="dwithin", distance=within_m).tolist()]
        found[one] = shapely.covers(shapely.union_all(around).buffer(within_m), mine[one])
    return found


def crossings(line: LineString) -> int:
    """How often a line meets itself, a closed ring's ends apart."""
    parts = parts_of(shapely.node(line))
    if len(parts) < 2:  # noqa: PLR2004 - one part is a line that meets itself nowhere
        return 0
    ends, _ = ends_of(parts)
    return int((np.bincount(ends.reshape(-1)) > 2).sum())  # noqa: PLR2004 - a place on a line has two sides
