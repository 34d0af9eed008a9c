"""A street's line cut in two: where that may be, and what becomes of it.

A road is cut across: where it is drawn as two carriageways, or as two ways round a traffic island, both are cut where
one line across the road meets them. Coordinates and planes as in :mod:`gis.shaping`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point

from gis.carriageways import BESIDE_M, BESIDE_NAMED_M, NARROWEST_M, PARALLEL_DEG, along_m
from gis.errors import N_, GisError
from gis.shaping import XY, Floats, Ints, Plane, ends_of, loose_ends, parts_of, pieces

#: A cut this near a vertex is made at the vertex (estimate: a finger on a map).
SNAP_M = 2.0
#: Of a ring so many places where it may be cut are told: those where it turns so far, and where its parts meet.
_MOST_PLACES, _TURN_DEG = 5, 45.0
#: Over so many metres a line's direction is taken where it is cut; a way that leaves it by more than this is on neither
#: side of the line across (75°: what leaves at a right angle).
_REACH_M, _ASIDE = 10.0, float(np.cos(np.radians(75.0)))


def junctions(line: MultiLineString) -> list[XY]:
    """Where parts of a line meet and a cut makes two of it, from west to east. None for a ring and a single part."""
    parts = parts_of(line)
    ends, places = ends_of(parts)
    inner = np.flatnonzero(np.bincount(ends.reshape(-1)) > 1)
    whole = pieces(ends, []).max() + 1
    found = [node for node in inner.tolist() if pieces(ends, [node]).max() + 1 > whole]
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


def cut(
    line: MultiLineString, at: XY, *also: XY, within_m: float, named: bool = False
) -> tuple[MultiLineString, MultiLineString]:
    """A line in two at its place nearest to ``at``: the longer part first. A ring is cut at a second place ``also``.

    The other carriageway is cut across from there, as far off as the derivation pairs carriageways (``named``: the
    street bears a name), and so is the other way round an island. Where more than two ways meet, the longest is one
    part and the others the second; a way that does not touch the cut goes with the nearer part. Raises
    :class:`gis.errors.GisError` where the line is farther than ``within_m`` metres, and where no two parts come of it:
    at its ends, and in a ring at one place.
    """
    plane = Plane.of(line)
    parts = parts_of(line)
    spots = [_cut_near(parts, spot, plane, within_m=within_m) for spot in (at, *also)]
    sides = None if also else _across(parts, spots[0], plane, reach_m=BESIDE_NAMED_M if named else BESIDE_M)
    made = _sided(parts, sides, plane) if sides is not None else _at_places(parts, spots, plane)
    metres = [along_m(shapely.get_parts(half), named=named) for half in made]
    return made if metres[0] >= metres[1] else (made[1], made[0])


def _at_places(
    parts: list[LineString], spots: Sequence[Floats], plane: Plane
) -> tuple[MultiLineString, MultiLineString]:
    """The parts of a line that was cut at one place of a road, or at two of a ring, as two lines."""
    ends, places = ends_of(parts)
    nodes = _nodes(places, spots)
    piece, whole = pieces(ends, nodes), pieces(ends, [])
    if piece.max() == whole.max():
        raise GisError(
            N_(
                "No two streets come of a cut here: this is an end of the street, or it runs in a ring, which is cut in"
                " two places on the street's page."
            ),
            field="at",
        )
    if len(spots) > 1 and piece.max() > whole.max() + 1:
        raise GisError(N_("More than two streets come of these cuts. Choose one place."), field="at")
    metres = np.array([plane.flat(part).length for part in parts])
    at_cut = np.unique(piece[np.isin(ends, nodes).any(axis=1)])
    longest = max(at_cut.tolist(), key=lambda one: (metres[piece == one].sum(), -one))
    side = np.where(piece == longest, 0, np.where(np.isin(piece, at_cut), 1, -1))
    return _sided(parts, side, plane)


def _sided(parts: list[LineString], side: Ints, plane: Plane) -> tuple[MultiLineString, MultiLineString]:
    """Parts as two lines by their side, 0 or 1; those of neither (-1) go with the nearer one."""
    sides = [MultiLineString([p for p, n in zip(parts, side, strict=True) if n == one]) for one in (0, 1)]
    where = side.copy()
    for n in np.flatnonzero(side < 0).tolist():
        half = parts[n].interpolate(0.5, normalized=True)
        where[n] = int(np.argmin([plane.flat(one).distance(plane.flat(half)) for one in sides]))
    one, other = (MultiLineString([p for p, n in zip(parts, where, strict=True) if n == half]) for half in (0, 1))
    return one, other


@dataclass(frozen=True, slots=True)
class _Met:
    """Where the line across a road meets a part of it: how far off, the place, and whether that is a carriageway."""

    apart_m: float
    place: XY
    beside: bool


def _across(parts: list[LineString], spot: Floats, plane: Plane, *, reach_m: float) -> Ints | None:
    """Which side (S,) of the line across the road at a spot each part is on; None where nothing else is cut by it.

    Cuts the parts that run beside the spot, and further ones, the nearest first, as long as both sides hang together.
    """
    way = _way_at(parts, spot, plane)
    met = _met(parts, spot, way, plane, reach_m=reach_m)
    beside = [one for one in met if one.beside]
    spots = [spot, *(_cut_at(parts, one.place, plane) for one in beside)]
    side = _leaning(parts, spots, way, plane)
    if not beside and (side is not None or len(loose_ends(MultiLineString(parts))) == 0):
        return None
    for one in met:
        if side is not None or one.beside:
            continue
        spots.append(_cut_at(parts, one.place, plane))
        side = _leaning(parts, spots, way, plane)
    return side


def _met(parts: Sequence[LineString], spot: Floats, way: Floats, plane: Plane, *, reach_m: float) -> list[_Met]:
    """Where the line across the road, through a spot of it, meets its parts: each once, the nearest first."""
    here = spot * (plane.east, plane.north)
    normal = np.array([-way[1], way[0]]) * BESIDE_NAMED_M
    across, found = LineString([here - normal, here + normal]), []
    for part in parts:
        flat = plane.flat(part)
        feet = shapely.get_coordinates(shapely.intersection(flat, across))
        apart = np.hypot(*(feet - here).T)
        for n in np.flatnonzero(apart > SNAP_M)[np.argsort(apart[apart > SNAP_M])][:1].tolist():
            far = float(shapely.line_locate_point(np.array([flat]), np.array([Point(feet[n])]))[0])
            ends = [
                shapely.get_coordinates(flat.interpolate(max(far + step, 0.0)))[0] for step in (-_REACH_M, _REACH_M)
            ]
            along = (ends[1] - ends[0]) / max(float(np.hypot(*(ends[1] - ends[0]))), 1e-9)
            parallel = abs(float(along @ way)) >= np.cos(np.radians(PARALLEL_DEG))
            touches = flat.distance(Point(here)) < 0.01  # noqa: PLR2004 - a centimetre: it begins or ends there
            beside = parallel and not touches and NARROWEST_M <= apart[n] <= reach_m
            x, y = feet[n] / (plane.east, plane.north)
            found.append(_Met(float(apart[n]), (float(x), float(y)), bool(beside)))
    return sorted(found, key=lambda one: one.apart_m)


def _leaving(parts: Sequence[LineString], spot: Floats, plane: Plane) -> list[tuple[int, Floats]]:
    """The parts that begin or end at a spot, and the direction (a unit vector) in which each leaves it."""
    found = []
    for n, part in enumerate(parts):
        xy = shapely.get_coordinates(part)
        for end, reach in ((xy[0], _REACH_M), (xy[-1], -_REACH_M)):
            if np.allclose(end, spot, atol=1e-9, rtol=0):
                flat = plane.flat(part)
                far = flat.interpolate(min(reach, flat.length) if reach > 0 else max(reach, -flat.length))
                way = shapely.get_coordinates(far)[0] - end * (plane.east, plane.north)
                found.append((n, way / max(float(np.hypot(*way)), 1e-9)))
    return found


def _way_at(parts: Sequence[LineString], spot: Floats, plane: Plane) -> Floats:
    """The direction of the road at a spot, a unit vector: of the straightest two ways there, or of the only one."""
    ways = [way for _, way in _leaving(parts, spot, plane)]
    one, other = max(combinations(ways, 2), key=lambda two: -float(two[0] @ two[1]), default=(ways[0], -ways[0]))
    chord = one - other
    return np.asarray(chord / np.hypot(*chord) if np.hypot(*chord) > 1e-9 else one)  # noqa: PLR2004 - there and back


def _leaning(parts: Sequence[LineString], spots: Sequence[Floats], way: Floats, plane: Plane) -> Ints | None:
    """The side (S,) of each part: 0 ahead of the line across at the spots, 1 behind it, -1 not at it; None for no two.

    Parts that hang together besides the spots are on one side.
    """
    ends, places = ends_of(parts)
    piece = pieces(ends, _nodes(places, spots))
    ahead, behind = set[int](), set[int]()
    for spot in spots:
        for n, leaving in _leaving(parts, spot, plane):
            lean = float(leaving @ way)
            if abs(lean) > _ASIDE:
                (ahead if lean > 0 else behind).add(int(piece[n]))
    if not ahead or not behind or ahead & behind:
        return None
    return np.where(np.isin(piece, list(ahead)), 0, np.where(np.isin(piece, list(behind)), 1, -1))


def _nodes(places: Floats, spots: Sequence[Floats]) -> list[int]:
    return [int(np.argmin(((places - spot) ** 2).sum(axis=1))) for spot in spots]


def _cut_near(parts: list[LineString], at: XY, plane: Plane, *, within_m: float) -> Floats:
    """Cut that of the parts which is nearest to a place, there; where that is."""
    away = min(float(plane.flat(part).distance(plane.flat(Point(at)))) for part in parts)
    if away > within_m:
        raise GisError(
            N_("The street is {away_m} m from the place where you cut it. Choose a place on its line."),
            away_m=round(away),
            field="at",
        )
    return _cut_at(parts, at, plane)


def _cut_at(parts: list[LineString], at: XY, plane: Plane) -> Floats:
    away = [float(plane.flat(part).distance(plane.flat(Point(at)))) for part in parts]
    which = int(np.argmin(away))
    made, place = cut_part(parts[which], at, plane, snap_m=SNAP_M)
    parts[which : which + 1] = made
    return place


def cut_part(part: LineString, at: XY, plane: Plane, *, snap_m: float) -> tuple[list[LineString], Floats]:
    """The pieces of one line cut at its place nearest to ``at``, and that place; whole where that is an end.

    A vertex within ``snap_m`` metres is that place.
    """
    xy = shapely.get_coordinates(part)
    flat = plane.flat(part)
    far = float(shapely.line_locate_point(np.array([flat]), np.array([plane.flat(Point(at))]))[0])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(shapely.get_coordinates(flat), axis=0).T))])
    near = int(np.argmin(np.abs(along - far)))
    if abs(along[near] - far) <= snap_m:
        if near in (0, len(xy) - 1):
            return [part], xy[near]
        return [LineString(xy[: near + 1]), LineString(xy[near:])], xy[near]
    leg = int(np.searchsorted(along, far)) - 1
    place = xy[leg] + (xy[leg + 1] - xy[leg]) * (far - along[leg]) / (along[leg + 1] - along[leg])
    return [LineString([*xy[: leg + 1], place]), LineString([place, *xy[leg + 1 :]])], place
