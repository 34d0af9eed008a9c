"""Surveyed lines made fit for a graph: snapped, split where they meet, without repeats. Says what it changed.

Lines stay in lon, lat (EPSG:4490) and are only *measured* in metres; a point moves onto a point that was
surveyed, or onto the line beside it. Lines of different ``level`` (bridges, tunnels) meet at their ends
only.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString

from gis import crs
from gis.clusters import groups, pairs_within
from gis.features import Centreline

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]
XY = tuple[float, float]

SNAP_M = 1.0
_DECIMALS = 9  # a tenth of a millimetre
_NEAR_DEG = 1e-8  # a millimetre: nearer than that is the same place
_TOUCH_M = 0.001
_TURNS = 8


class Deed(Enum):
    """What was done to a line."""

    SNAPPED = "snapped"  # an end moved onto another line's end or course
    SPLIT = "split"  # cut where it meets other lines
    REPEATED = "repeated"  # dropped: the same course is there already
    COLLAPSED = "collapsed"  # dropped: shorter than the snapping distance, its ends fell together


@dataclass(frozen=True, slots=True)
class Change:
    """One change: which line (its key), what, where (lon, lat), how far, into how many pieces."""

    deed: Deed
    key: str
    place: XY
    moved_m: float = 0.0
    pieces: int = 0


@dataclass(frozen=True, slots=True)
class Noded:
    """Segments that meet at their ends only, and every change that led there.

    ``source`` gives for each segment the index of the line that it is a piece of; a piece's key is ``key:1``,
    ``key:2`` … along the line, a line that was not cut keeps its key.
    """

    segments: tuple[Centreline, ...]
    source: tuple[int, ...]
    changes: tuple[Change, ...]


def clean(lines: Sequence[Centreline], *, snap_m: float = SNAP_M) -> Noded:
    """Snap ends within ``snap_m`` metres, split lines where they meet, drop repeats; in that order.

    ``snap_m`` = 0 snaps nothing. No lines give no segments. Lines must have a length (the readers see to
    that); non-finite coordinates are the readers' to refuse.
    """
    if not lines:
        return Noded((), (), ())
    shapes = np.empty(len(lines), dtype=object)
    shapes[:] = [line.line for line in lines]
    changes: list[Change] = []
    if snap_m > 0:
        shapes = _snapped(shapes, lines, snap_m, changes)
    pieces = _split(shapes, lines, changes)
    return _without_repeats(pieces, lines, changes)


def _snapped(shapes: Shapes, lines: Sequence[Centreline], snap_m: float, changes: list[Change]) -> Shapes:
    ends = np.concatenate([_points(shapes, 0), _points(shapes, -1)])
    target = _clustered(ends, snap_m)
    target = _onto_lines(target, shapes, lines, snap_m)
    moved = np.flatnonzero((target != ends).any(axis=1))
    if len(moved) == 0:
        return shapes
    _, _, metres = crs.ELLIPSOID.inv(ends[moved, 0], ends[moved, 1], target[moved, 0], target[moved, 1])
    count = len(shapes)
    for index, far in zip(moved, metres, strict=True):
        place = (float(target[index, 0]), float(target[index, 1]))
        changes.append(Change(Deed.SNAPPED, lines[int(index) % count].key, place, moved_m=float(far)))
    result = shapes.copy()
    for index in np.unique(moved % count).tolist():
        xy = shapely.get_coordinates(shapes[index])
        xy[0], xy[-1] = target[index], target[index + count]
        kept = np.ones(len(xy), dtype=bool)
        kept[1:] = (xy[1:] != xy[:-1]).any(axis=1)
        result[index] = LineString(xy[kept]) if kept.sum() > 1 else None
        if result[index] is None or result[index].length == 0:
            result[index] = None
            changes.append(Change(Deed.COLLAPSED, lines[index].key, (float(xy[0, 0]), float(xy[0, 1]))))
    return result


def _points(shapes: Shapes, which: int) -> Floats:
    return np.asarray(shapely.get_coordinates(shapely.get_point(shapes, which)))


def _plane(xy: Floats) -> Floats:
    """Metres east and north of the data's first corner, for distances of metres.

    True to 1 % over a county.
    """
    east, north = crs.metres_per_degree(float(np.mean(xy[:, 1])))
    return np.asarray((xy - xy.min(axis=0)) * np.array([float(east), float(north)]))


def _clustered(ends: Floats, snap_m: float) -> Floats:
    """Each end's new place.

    The surveyed end of its cluster that most ends share, the first by place among equals.
    """
    keys = np.round(ends, _DECIMALS) + 0.0
    places, where, many = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    where = where.reshape(-1)
    near = pairs_within(_plane(places), snap_m)
    if len(near) == 0:
        return ends
    cluster = groups(near, len(places))
    order = np.lexsort((np.arange(len(places)), -many, cluster))
    _, first = np.unique(cluster[order], return_index=True)
    chosen = order[first][cluster]
    moves = chosen != np.arange(len(places))
    return np.where(moves[where][:, None], places[chosen[where]], ends)


def _onto_lines(ends: Floats, shapes: Shapes, lines: Sequence[Centreline], snap_m: float) -> Floats:
    """Ends that no other line shares move onto the nearest course within reach: undershoots are closed."""
    keys = np.round(ends, _DECIMALS) + 0.0
    _, where, many = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    lonely = np.flatnonzero(many[where.reshape(-1)] == 1)
    east, north = (float(v) for v in crs.metres_per_degree(float(np.mean(ends[:, 1]))))
    scale = np.array([east, north])
    flat = shapely.transform(shapes, lambda xy: xy * scale)
    points = shapely.points(ends[lonely] * scale)
    asker, near = shapely.STRtree(flat).query(points, predicate="dwithin", distance=snap_m)
    level = np.array([line.level for line in lines])
    own = lonely[asker] % len(shapes)
    other = (own != near) & (level[own] == level[near])
    asker, near = asker[other], near[other]
    if len(asker) == 0:
        return ends
    far = shapely.distance(points[asker], flat[near])
    order = np.lexsort((near, far, asker))
    _, first = np.unique(asker[order], return_index=True)
    best = order[first]
    best = best[far[best] > _TOUCH_M]  # what touches already is cut there, not moved
    foot = shapely.line_interpolate_point(
        flat[near[best]], shapely.line_locate_point(flat[near[best]], points[asker[best]])
    )
    moved = ends.copy()
    moved[lonely[asker[best]]] = np.round(shapely.get_coordinates(foot) / scale, _DECIMALS)
    return moved


def _split(shapes: Shapes, lines: Sequence[Centreline], changes: list[Change]) -> list[list[LineString]]:
    """The pieces of each line, cut at shared vertices, at crossings and where another line ends on it.

    A cut moves a course by less than a millimetre, which may make new meetings of lines that nearly touch; the pieces
    are therefore looked at again until nothing meets any more.
    """
    parts = np.asarray(shapely.transform(shapes, lambda xy: np.round(xy, _DECIMALS) + 0.0), dtype=object)
    owner = np.arange(len(shapes))
    there = ~shapely.is_missing(parts)
    parts, owner = parts[there], owner[there]
    level = np.array([line.level for line in lines])
    fresh = np.ones(len(parts), dtype=bool)
    for _ in range(_TURNS):
        cuts = _cuts(parts, level[owner], fresh)
        if not cuts:
            break
        cut = [_cut(part, cuts.get(index, set())) for index, part in enumerate(parts)]
        counts = np.array([len(pieces) for pieces in cut])
        fresh = np.repeat(np.isin(np.arange(len(parts)), list(cuts)), counts)
        owner = np.repeat(owner, counts)
        parts = np.array([piece for pieces in cut for piece in pieces], dtype=object)
    pieces: list[list[LineString]] = [[] for _ in lines]
    for index, part in zip(owner.tolist(), parts, strict=True):
        pieces[index].append(part)
    for index, own in enumerate(pieces):
        if len(own) > 1:
            x, y = own[0].coords[-1]
            changes.append(Change(Deed.SPLIT, lines[index].key, (x, y), pieces=len(own)))
    return pieces


def _cuts(parts: Shapes, level: NDArray[np.intp], fresh: NDArray[np.bool_]) -> dict[int, set[XY]]:
    """For each part the places at which it must be cut, all of them inside it; ``fresh`` says which to look at."""
    tree = shapely.STRtree(parts)
    looked = np.flatnonzero(fresh)
    left, right = tree.query(parts[looked], predicate="dwithin", distance=_NEAR_DEG)
    left = looked[left]
    both = np.column_stack([np.concatenate([left, right]), np.concatenate([right, left])])
    both = np.unique(both, axis=0)
    spots = [_vertices_on(parts, level, both)]
    pair = (both[:, 0] < both[:, 1]) & (level[both[:, 0]] == level[both[:, 1]])
    spots.append(_crossings(parts, both[pair]))
    cuts: dict[int, set[XY]] = defaultdict(set)
    for part, x, y in np.concatenate(spots).tolist():
        cuts[int(part)].add((x, y))
    inside = {part: _inside(parts[part], places) for part, places in cuts.items()}
    return {part: places for part, places in inside.items() if places}


def _inside(part: LineString, places: set[XY]) -> set[XY]:
    """Without the part's own ends, unless it also passes them on its way."""
    course = part.coords[:]
    return places - ({course[0], course[-1]} - set(course[1:-1]))


def _vertices_on(parts: Shapes, level: NDArray[np.intp], pairs: NDArray[np.intp]) -> Floats:
    """Rows of part, x, y: the vertices of each pair's first that lie on its second; of another level its ends only.

    A line may also pass its own vertex again, in which it is cut too.
    """
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    count = np.bincount(owner, minlength=len(parts))
    begin = np.cumsum(count) - count
    which = np.repeat(np.arange(len(pairs)), count[pairs[:, 0]])
    offset = np.arange(len(which)) - np.repeat(np.cumsum(count[pairs[:, 0]]) - count[pairs[:, 0]], count[pairs[:, 0]])
    first, second = pairs[which, 0], pairs[which, 1]
    is_end = (offset == 0) | (offset == count[first] - 1)
    asked = (first != second) & (is_end | (level[first] == level[second]))
    vertex, second = begin[first[asked]] + offset[asked], second[asked]
    on = shapely.dwithin(shapely.points(xy[vertex]), parts[second], _NEAR_DEG)
    again = _own_passes(xy, owner)
    return np.concatenate([np.column_stack([second[on], xy[vertex[on]]]), np.column_stack([owner[again], xy[again]])])


def _own_passes(xy: Floats, owner: NDArray[np.intp]) -> NDArray[np.intp]:
    """Vertices at which a line has been before, but for the closing point of a ring."""
    order = np.lexsort((xy[:, 1], xy[:, 0], owner))
    same = (owner[order][1:] == owner[order][:-1]) & (xy[order][1:] == xy[order][:-1]).all(axis=1)
    return np.asarray(order[1:][same], dtype=np.intp)


def _crossings(parts: Shapes, pairs: NDArray[np.intp]) -> Floats:
    """Rows of part, x, y: where the two of a pair cross away from the vertices of both; for both of them."""
    met = shapely.intersection(parts[pairs[:, 0]], parts[pairs[:, 1]])
    xy, which = shapely.get_coordinates(met, return_index=True)
    spots = shapely.points(xy)
    vertices = _vertices(parts)
    free = ~(
        shapely.dwithin(spots, vertices[pairs[which, 0]], _NEAR_DEG)
        | shapely.dwithin(spots, vertices[pairs[which, 1]], _NEAR_DEG)
    )
    if not free.any():
        return np.zeros((0, 3))
    settled = _gathered(np.round(xy[free], _DECIMALS) + 0.0)
    return np.column_stack([pairs[which[free]].T.reshape(-1), np.tile(settled, (2, 1))])


def _vertices(parts: Shapes) -> Shapes:
    """The vertices of each part as one multipoint."""
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    points = np.asarray(shapely.points(xy), dtype=object)
    return np.asarray(shapely.multipoints(points, indices=owner), dtype=object)


def _gathered(xy: Floats) -> Floats:
    """Places within a millimetre of each other become the first of them, so that three lines meet in one point."""
    cluster = groups(pairs_within(xy, _NEAR_DEG), len(xy))
    order = np.lexsort((xy[:, 1], xy[:, 0], cluster))
    _, first = np.unique(cluster[order], return_index=True)
    return np.asarray(xy[order[first]][cluster])


def _cut(line: LineString, spots: set[XY]) -> list[LineString]:
    """The line in pieces between the spots, which lie on it to a millimetre and become its vertices."""
    if not spots:
        return [line]
    xy = [(float(x), float(y)) for x, y in line.coords]
    course = _with_vertices(xy, sorted(spots - set(xy)))
    pieces: list[LineString] = []
    begin = 0
    for index in range(1, len(course)):
        if index == len(course) - 1 or course[index] in spots:
            piece = LineString(course[begin : index + 1])
            if piece.length > 0:
                pieces.append(piece)
            begin = index
    return pieces


def _with_vertices(xy: list[XY], new: list[XY]) -> list[XY]:
    """The course with new vertices put in along it."""
    if not new:
        return xy
    legs = np.hypot(*np.diff(np.array(xy), axis=0).T)
    along = np.concatenate(
        [[0.0], np.cumsum(legs), np.atleast_1d(shapely.line_locate_point(LineString(xy), shapely.points(new)))]
    )
    everything = [*xy, *new]
    return [everything[i] for i in np.argsort(along, kind="stable")]


def _without_repeats(pieces: list[list[LineString]], lines: Sequence[Centreline], changes: list[Change]) -> Noded:
    """Drop pieces whose course a piece before has, named before unnamed; number the pieces of cut lines."""
    order = sorted(range(len(lines)), key=lambda i: (lines[i].name is None, i))
    seen: set[bytes] = set()
    kept: set[tuple[int, int]] = set()
    for index in order:
        for number, piece in enumerate(pieces[index]):
            mark = _course(piece, lines[index].level)
            if mark in seen:
                x, y = piece.coords[0]
                changes.append(Change(Deed.REPEATED, lines[index].key, (x, y)))
                continue
            seen.add(mark)
            kept.add((index, number))
    segments: list[Centreline] = []
    source: list[int] = []
    for index, number in sorted(kept):
        line, own = lines[index], pieces[index]
        key = f"{line.key}:{number + 1}" if len(own) > 1 else line.key
        segments.append(dataclasses.replace(line, key=key, line=own[number]))
        source.append(index)
    return Noded(tuple(segments), tuple(source), tuple(changes))


def _course(piece: LineString, level: int) -> bytes:
    return bytes(shapely.normalize(piece).wkb) + level.to_bytes(2, "big", signed=True)
