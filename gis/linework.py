"""Surveyed lines made fit for a graph: snapped, split where they meet, without repeats. Says what it changed.

Lines stay in lon, lat (EPSG:4490) and are only *measured* in metres; a point moves onto a point that was
surveyed, or onto the line beside it. Lines of different ``level`` (bridges, tunnels) meet at their ends
only.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely import LineString

from gis import crs
from gis.features import Centreline

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]
XY = tuple[float, float]

SNAP_M = 1.0
_DECIMALS = 9


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
    near = cKDTree(_plane(places)).query_pairs(snap_m, output_type="ndarray")
    if len(near) == 0:
        return ends
    graph = coo_array((np.ones(len(near), dtype=np.int8), (near[:, 0], near[:, 1])), shape=(len(places),) * 2)
    _, cluster = connected_components(graph, directed=False)
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
    foot = shapely.line_interpolate_point(
        flat[near[best]], shapely.line_locate_point(flat[near[best]], points[asker[best]])
    )
    moved = ends.copy()
    moved[lonely[asker[best]]] = np.round(shapely.get_coordinates(foot) / scale, _DECIMALS)
    return moved


def _split(shapes: Shapes, lines: Sequence[Centreline], changes: list[Change]) -> list[list[LineString]]:
    """The pieces of each line, cut at shared vertices, at crossings and where another line ends on it."""
    cuts: dict[int, set[XY]] = defaultdict(set)
    _shared_vertices(shapes, lines, cuts)
    _meetings(shapes, lines, cuts)
    pieces: list[list[LineString]] = []
    for index, shape in enumerate(shapes):
        parts = [] if shape is None else _cut(shape, cuts.get(index, ()))
        pieces.append(parts)
        if len(parts) > 1:
            place = parts[0].coords[-1]
            changes.append(Change(Deed.SPLIT, lines[index].key, (place[0], place[1]), pieces=len(parts)))
    return pieces


def _shared_vertices(shapes: Shapes, lines: Sequence[Centreline], cuts: dict[int, set[XY]]) -> None:
    """Vertices that two lines of one level share, or at which one line passes itself."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    level = np.array([line.level for line in lines])[owner]
    keys = np.column_stack([np.round(xy, _DECIMALS) + 0.0, level])
    order = np.lexsort(keys.T[::-1])
    changed = np.ones(len(order), dtype=bool)
    changed[1:] = (keys[order][1:] != keys[order][:-1]).any(axis=1)
    group = np.cumsum(changed) - 1
    many = np.bincount(group)[group] > 1
    for index in order[many]:
        cuts[int(owner[index])].add((float(xy[index, 0]), float(xy[index, 1])))


def _meetings(shapes: Shapes, lines: Sequence[Centreline], cuts: dict[int, set[XY]]) -> None:
    """Where two lines of one level cross, touch or run along each other."""
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="intersects")
    level = np.array([line.level for line in lines])
    pair = (left < right) & (level[left] == level[right])
    left, right = left[pair], right[pair]
    met = shapely.intersection(shapes[left], shapes[right])
    xy, owner = shapely.get_coordinates(met, return_index=True)
    for place, which in zip(np.round(xy, _DECIMALS), owner, strict=True):
        spot = (float(place[0]), float(place[1]))
        cuts[int(left[which])].add(spot)
        cuts[int(right[which])].add(spot)


def _cut(line: LineString, spots: Iterable[XY]) -> list[LineString]:
    """The line in pieces between the spots, which lie on it to the last digits and become its vertices."""
    xy = [(float(x), float(y)) for x, y in line.coords]
    rounded = [(round(x, _DECIMALS), round(y, _DECIMALS)) for x, y in xy]
    wanted = {(round(x, _DECIMALS), round(y, _DECIMALS)) for x, y in spots}
    new = sorted(wanted - set(rounded))
    if not new and not wanted & set(rounded[1:-1]):
        return [line]
    course = _with_vertices(xy, new)
    pieces: list[LineString] = []
    begin = 0
    for index in range(1, len(course)):
        last = index == len(course) - 1
        if last or (round(course[index][0], _DECIMALS), round(course[index][1], _DECIMALS)) in wanted:
            piece = LineString(course[begin : index + 1])
            if piece.length > 0:
                pieces.append(piece)
            begin = index
    return pieces


def _with_vertices(xy: list[XY], new: list[XY]) -> list[XY]:
    """The course with new vertices put in along it."""
    if not new:
        return xy
    line = LineString(xy)
    legs = np.hypot(*np.diff(np.array(xy), axis=0).T)
    along = [*np.concatenate([[0.0], np.cumsum(legs)]), *shapely.line_locate_point(line, shapely.points(new))]
    everything = [*xy, *new]
    order = np.argsort(along, kind="stable")
    return [everything[i] for i in order]


def _without_repeats(pieces: list[list[LineString]], lines: Sequence[Centreline], changes: list[Change]) -> Noded:
    """Drop pieces whose course a piece before has, named before unnamed; number the pieces of cut lines."""
    order = sorted(range(len(lines)), key=lambda i: (lines[i].name is None, i))
    seen: dict[bytes, int] = {}
    kept: dict[int, list[LineString]] = {}
    for index in order:
        for piece in pieces[index]:
            mark = _course(piece, lines[index].level)
            if seen.setdefault(mark, index) != index or piece in kept.get(index, []):
                place = piece.coords[0]
                changes.append(Change(Deed.REPEATED, lines[index].key, (place[0], place[1])))
            else:
                kept.setdefault(index, []).append(piece)
    segments: list[Centreline] = []
    source: list[int] = []
    for index, line in enumerate(lines):
        own = kept.get(index, [])
        cut = len(pieces[index]) > 1
        for number, piece in enumerate(own, start=1):
            key = f"{line.key}:{number}" if cut else line.key
            segments.append(dataclasses.replace(line, key=key, line=piece))
            source.append(index)
    return Noded(tuple(segments), tuple(source), tuple(changes))


def _course(piece: LineString, level: int) -> bytes:
    rounded = shapely.transform(piece, lambda xy: np.round(xy, _DECIMALS) + 0.0)
    return bytes(shapely.normalize(rounded).wkb) + level.to_bytes(2, "big", signed=True)
