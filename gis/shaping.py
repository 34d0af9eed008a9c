"""A street's line re-shaped: cut in two, joined to others, compared with lines that were drawn anew along it.

Lines are in lon, lat (EPSG:4490) and measured in metres on the plane that touches the ellipsoid at their middle
latitude: within 1 mm on 100 m. Places that agree to 9 decimals are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry

from gis.crs import metres_per_degree
from gis.errors import N_, GisError
from gis.noding import distinct, rounded

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
XY = tuple[float, float]

#: A cut this near a vertex is made at the vertex (estimate: a finger on a map).
_SNAP_M = 2.0
#: Of a ring so many places where it may be cut are told: those where it turns so far, and where its parts meet.
_MOST_PLACES, _TURN_DEG = 5, 45.0
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


def junctions(line: MultiLineString) -> list[XY]:
    """Where parts of a line meet and a cut makes two of it, from west to east. None for a ring and a single part."""
    parts = parts_of(line)
    ends, places = _ends(parts)
    inner = np.flatnonzero(np.bincount(ends.reshape(-1)) > 1)
    whole = _pieces(ends, []).max() + 1
    found = [node for node in inner.tolist() if _pieces(ends, [node]).max() + 1 > whole]
    return [(float(places[node, 0]), float(places[node, 1])) for node in found]


def middle(line: MultiLineString) -> XY:
    """A place to cut a line without junctions: the middle of its longest part."""
    place = max(parts_of(line), key=lambda part: part.length).interpolate(0.5, normalized=True)
    return float(place.x), float(place.y)


def ring_cuts(line: MultiLineString) -> list[tuple[XY, XY]]:
    """Pairs of places between which a line without loose ends may be cut in two; none for a line that has ends.

    Of the places where its parts meet or turn by 45° and more, at most five; of a round without two of them also the
    place on its other side.
    """
    parts = parts_of(line)
    if len(loose_ends(line)):
        return []
    plane = Plane.of(line)
    found = [xy for part in parts for xy in _turns(part, plane)]
    places = list(dict.fromkeys((round(x, 9), round(y, 9)) for x, y in found))[:_MOST_PLACES]
    if len(places) < 2:  # noqa: PLR2004 - a ring is cut in two places
        longest = max(parts, key=lambda part: part.length)
        spots = (longest.interpolate(share, normalized=True) for share in (0.0, 0.5))
        places = [(float(spot.x), float(spot.y)) for spot in spots]
    return list(combinations(places, 2))


def _turns(part: LineString, plane: Plane) -> list[XY]:
    """Where a part of a line begins and ends, and where it turns by 45° and more."""
    xy = shapely.get_coordinates(part)
    dx, dy = np.diff(shapely.get_coordinates(plane.flat(part)), axis=0).T
    turn = np.abs((np.diff(np.degrees(np.arctan2(dx, dy))) + 180.0) % 360.0 - 180.0)
    inner = np.flatnonzero(turn >= _TURN_DEG) + 1
    return [(float(x), float(y)) for x, y in xy[[0, *inner.tolist(), len(xy) - 1]]]


def cut(line: MultiLineString, at: XY, *also: XY, within_m: float) -> tuple[MultiLineString, MultiLineString]:
    """A line in two at its place nearest to ``at``: the longer part first. A ring is cut at a second place ``also``.

    Where more than two ways meet, the longest is one part and the others the second; a way that does not touch the cut
    (the other carriageway) goes with the nearer part. Raises :class:`gis.errors.GisError` where the line is farther
    than ``within_m`` metres, and where no two parts come of it: at its ends, and in a ring at one place.
    """
    plane = Plane.of(line)
    parts = parts_of(line)
    spots = [_cut_near(parts, spot, plane, within_m=within_m) for spot in (at, *also)]
    ends, places = _ends(parts)
    nodes = [int(np.argmin(((places - place) ** 2).sum(axis=1))) for place in spots]
    piece, whole = _pieces(ends, nodes), _pieces(ends, [])
    if piece.max() == whole.max():
        raise GisError(
            N_(
                "No two streets come of a cut here: this is an end of the street, or it runs in a ring, which is cut in"
                " two places on the street's page."
            ),
            field="at",
        )
    if also and piece.max() > whole.max() + 1:
        raise GisError(N_("More than two streets come of these cuts. Choose one place."), field="at")
    return _two(parts, piece, np.asarray(np.isin(ends, nodes).any(axis=1)), plane)


def _cut_near(parts: list[LineString], at: XY, plane: Plane, *, within_m: float) -> Floats:
    """Cut that of the parts which is nearest to a place, there; where that is."""
    away = [float(plane.flat(part).distance(plane.flat(Point(at)))) for part in parts]
    which = int(np.argmin(away))
    if away[which] > within_m:
        raise GisError(
            N_("The street is {away_m} m from the place where you cut it. Choose a place on its line."),
            away_m=round(away[which]),
            field="at",
        )
    pieces, place = _cut_part(parts[which], at, plane)
    parts[which : which + 1] = pieces
    return place


def _cut_part(part: LineString, at: XY, plane: Plane) -> tuple[list[LineString], Floats]:
    """The pieces of one line cut at its place nearest to ``at``, and that place; whole where that is an end."""
    xy = shapely.get_coordinates(part)
    flat = plane.flat(part)
    far = float(shapely.line_locate_point(np.array([flat]), np.array([plane.flat(Point(at))]))[0])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(shapely.get_coordinates(flat), axis=0).T))])
    near = int(np.argmin(np.abs(along - far)))
    if abs(along[near] - far) <= _SNAP_M:
        if near in (0, len(xy) - 1):
            return [part], xy[near]
        return [LineString(xy[: near + 1]), LineString(xy[near:])], xy[near]
    leg = int(np.searchsorted(along, far)) - 1
    place = xy[leg] + (xy[leg + 1] - xy[leg]) * (far - along[leg]) / (along[leg + 1] - along[leg])
    return [LineString([*xy[: leg + 1], place]), LineString([place, *xy[leg + 1 :]])], place


def _ends(parts: Sequence[LineString]) -> tuple[Ints, Floats]:
    """The places (P, 2) that the parts (S, 2) begin and end at."""
    lines = np.array(parts, dtype=object)
    both = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, n)) for n in (0, -1)])
    first, number = distinct(rounded(both))
    return number.reshape(2, -1).T, both[first]


def _pieces(ends: Ints, but: Sequence[int]) -> Ints:
    """Which parts hang together, over every place but some. A street has few: this needs no scipy, pages ask it."""
    piece = np.arange(len(ends))
    for node in np.unique(ends).tolist():
        if node not in but:
            met = np.unique(piece[(ends == node).any(axis=1)])
            piece[np.isin(piece, met)] = met[0]
    return np.asarray(np.unique(piece, return_inverse=True)[1], dtype=np.intp)


def _two(
    parts: list[LineString], piece: Ints, touches: NDArray[np.bool_], plane: Plane
) -> tuple[MultiLineString, MultiLineString]:
    metres = np.array([plane.flat(part).length for part in parts])
    at_cut = np.unique(piece[touches])
    longest = max(at_cut.tolist(), key=lambda one: (metres[piece == one].sum(), -one))
    sides = [MultiLineString([p for p, n in zip(parts, piece, strict=True) if n == longest])]
    sides.append(MultiLineString([p for p, n in zip(parts, piece, strict=True) if n in at_cut and n != longest]))
    where = np.where(piece == longest, 0, 1)
    for n in np.flatnonzero(~np.isin(piece, at_cut)).tolist():
        middle = parts[n].interpolate(0.5, normalized=True)
        where[n] = int(np.argmin([plane.flat(side).distance(plane.flat(middle)) for side in sides]))
    made = [MultiLineString([p for p, n in zip(parts, where, strict=True) if n == side]) for side in (0, 1)]
    if metres[where == 0].sum() < metres[where == 1].sum():
        made.reverse()
    return made[0], made[1]


def loose_ends(line: MultiLineString) -> Floats:
    """The places (E, 2) where a line ends; none for a ring."""
    ends, places = _ends(parts_of(line))
    once: Floats = places[np.bincount(ends.reshape(-1)) == 1]
    return once


def gap_m(one: MultiLineString, other: MultiLineString) -> float:
    """The distance of the two nearest ends of two lines, metres; infinite where one has no end."""
    return _nearest(one, other)[0]


def _nearest(one: MultiLineString, other: MultiLineString) -> tuple[float, Floats, Floats]:
    mine, theirs = loose_ends(one), loose_ends(other)
    if len(mine) == 0 or len(theirs) == 0:
        return np.inf, np.zeros(2), np.zeros(2)
    plane = Plane.at(float(mine[:, 1].mean()))
    apart = np.hypot(*((mine[:, None] - theirs[None]) * (plane.east, plane.north)).T).T
    at = np.unravel_index(int(apart.argmin()), apart.shape)
    return float(apart[at]), mine[at[0]], theirs[at[1]]


def join(lines: Sequence[MultiLineString], *, within_m: float) -> MultiLineString:
    """Lines whose ends meet within ``within_m`` metres as one; a gap is closed by drawing one end to the other.

    Raises :class:`gis.errors.GisError` where one of them meets none of the others.
    """
    made, left = lines[0], list(lines[1:])
    while left:
        gaps = [_nearest(made, other) for other in left]
        best = int(np.argmin([gap for gap, _, _ in gaps]))
        gap, mine, theirs = gaps[best]
        if gap > within_m:
            raise GisError(
                N_("These streets do not meet: their nearest ends are more than {within_m} m apart."),
                within_m=round(within_m),
            )
        made = MultiLineString([*_drawn_to(made, mine, theirs), *parts_of(left.pop(best))])
    return made


def _drawn_to(line: MultiLineString, end: Floats, to: Floats) -> list[LineString]:
    """The parts of a line, the one with that end drawn on to another place."""
    parts = parts_of(line)
    for n, part in enumerate(parts):
        xy = shapely.get_coordinates(part)
        if (rounded(xy[-1]) == rounded(end)).all():
            parts[n] = LineString([*xy[:-1], to] if np.allclose(end, to, atol=1e-9, rtol=0) else [*xy, to])
            return parts
        if (rounded(xy[0]) == rounded(end)).all():
            parts[n] = LineString([to, *xy[1:]] if np.allclose(end, to, atol=1e-9, rtol=0) else [to, *xy])
            return parts
    return parts


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
    ends, _ = _ends(parts)
    return int((np.bincount(ends.reshape(-1)) > 2).sum())  # noqa: PLR2004 - a place on a line has two sides
