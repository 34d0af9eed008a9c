"""Surveyed lines made fit for a graph: sound, snapped, split where they meet, without repeats. Says what it changed.

Lines stay in lon, lat (EPSG:4490) and are only *measured* in metres; a point moves onto a point that was surveyed, or
onto the line beside it. Lines of different ``level`` (bridges, tunnels) meet at their ends only. Everything is done for
all lines at once, as arrays (:mod:`gis.noding`); the cost grows with n log n.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString

from gis import crs
from gis.clusters import groups, pairs_within
from gis.features import Centreline
from gis.noding import Legs, changes, distinct, first_drawn, heads, legs_of, node, own_meetings, rounded

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]
Shapes = NDArray[np.object_]
XY = tuple[float, float]

SNAP_M = 1.0
_TOUCH_M = 0.001
_LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.LINEARRING)


class Deed(Enum):
    """What was done to a line."""

    EMPTY = "empty"  # dropped, or a part of it: no geometry, no length, coordinates that are no numbers, no line
    FLATTENED = "flattened"  # heights or measures left out
    PARTED = "parted"  # a line of several parts: each is a line of its own
    SNAPPED = "snapped"  # an end moved onto another line's end or course
    COLLAPSED = "collapsed"  # dropped: shorter than the snapping distance, its ends fell together
    UNTANGLED = "untangled"  # it crossed or touched itself: cut there
    SPLIT = "split"  # cut where it meets other lines or itself
    OVERLAPPED = "overlapped"  # a part dropped: another line has that course
    REPEATED = "repeated"  # dropped: other lines have its whole course


@dataclass(frozen=True, slots=True)
class Change:
    """One change: which line (its key), what, where (lon, lat; nan where nothing tells), how far, how many pieces.

    ``dropped_m`` is how much of the line went with it, ``other`` the key of a line that has the dropped course.
    """

    deed: Deed
    key: str
    place: XY
    moved_m: float = 0.0
    pieces: int = 0
    dropped_m: float = 0.0
    other: str = ""


@dataclass(frozen=True, slots=True)
class Noded:
    """Segments that meet at their ends only, and every change that led there.

    ``source`` gives for each segment the index of the line that it is a piece of; a piece's key is ``key:1``,
    ``key:2`` … along the line, dropped pieces counted; a line that was not cut keeps its key. A line that is no
    segment's source has a change that says why.
    """

    segments: tuple[Centreline, ...]
    source: tuple[int, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Chains:
    """The parts of all lines: ``xy`` (N, 2) vertices, ``chain`` (N,) whose part each is; ``line`` (C,) its line."""

    xy: Floats
    chain: Ints
    line: Ints

    def bounds(self) -> tuple[Ints, Ints]:
        """The first and the last vertex of each part."""
        marks = np.flatnonzero(changes(self.chain)).astype(np.intp)
        return marks[:-1], marks[1:] - 1


def clean(lines: Sequence[Centreline], *, snap_m: float = SNAP_M) -> Noded:
    """Part lines of several parts, snap ends within ``snap_m`` metres, split lines where they meet, drop repeats.

    In that order; what was done is reported line by line. ``snap_m`` = 0 snaps nothing. No lines give no segments. A
    line without geometry, without length or with coordinates that are no numbers gives none either, and says so. Of
    lines on one course the first named one keeps it, else the first.
    """
    report: list[Change] = []
    chains = _sound(lines, report)
    if len(chains.line) == 0:
        return Noded((), (), tuple(report))
    level = np.array([lines[n].level for n in chains.line.tolist()], dtype=np.intp)
    if snap_m > 0:
        chains = _snapped(chains, lines, level, snap_m=snap_m, report=report)
    legs = node(legs_of(chains.xy, chains.chain), level)
    report += _collapsed(chains, legs, lines)
    named = np.array([lines[n].name is None for n in chains.line.tolist()])
    priority = np.empty(len(named), dtype=np.intp)
    priority[np.lexsort((np.arange(len(named)), named))] = np.arange(len(named))
    kept, holder = first_drawn(legs, level, priority)
    pieces = _Pieces(legs, kept, heads(legs, level, kept), chains.line)
    report += _tangles(legs, kept, chains, lines)
    report += _splits(pieces, lines)
    report += _repeats(pieces, holder, chains, lines)
    return Noded(*_segments(pieces, lines), tuple(report))


def _sound(lines: Sequence[Centreline], report: list[Change]) -> _Chains:
    """The parts of the lines that have a course."""
    shapes = np.empty(len(lines), dtype=object)
    shapes[:] = [line.line for line in lines]
    parts, line = shapely.get_parts(shapes, return_index=True)
    good = np.isin(shapely.get_type_id(parts), _LINES)
    with np.errstate(invalid="ignore"):
        length = np.where(good, shapely.length(parts), 0.0)
    good &= np.isfinite(length) & (length > 0)
    nothing = np.setdiff1d(np.arange(len(lines)), line)
    report += _each(Deed.EMPTY, lines, np.concatenate([nothing, line[~good]]))
    high = np.flatnonzero(shapely.has_z(shapes) | shapely.has_m(shapes))
    report += _each(Deed.FLATTENED, lines, high, shapes[high])
    many = np.bincount(line, minlength=len(lines))
    several = np.flatnonzero(many > 1)
    report += _each(Deed.PARTED, lines, several, shapes[several], many[several])
    xy, chain = shapely.get_coordinates(parts[good], return_index=True)
    return _Chains(xy, chain, line[good].astype(np.intp))


def _each(
    deed: Deed, lines: Sequence[Centreline], index: Ints, shapes: Shapes | None = None, pieces: Ints | None = None
) -> Iterable[Change]:
    """The same deed done to several lines, each at the first place of its shape."""
    place = np.full((len(index), 2), np.nan)
    if shapes is not None and len(shapes):
        xy, owner = shapely.get_coordinates(shapes, return_index=True)
        first = changes(owner)[:-1]
        place[owner[first]] = xy[first]
    counts = np.zeros(len(index), dtype=int) if pieces is None else pieces
    for n, (x, y), count in zip(index.tolist(), place.tolist(), counts.tolist(), strict=True):
        yield Change(deed, lines[n].key, (x, y), pieces=count)


def _snapped(
    chains: _Chains, lines: Sequence[Centreline], level: Ints, *, snap_m: float, report: list[Change]
) -> _Chains:
    bounds = np.concatenate(chains.bounds())
    ends = chains.xy[bounds]
    target = _onto_lines(_clustered(ends, snap_m), chains, level, snap_m)
    moved = np.flatnonzero((target != ends).any(axis=1))
    if len(moved) == 0:
        return chains
    _, _, metres = crs.ELLIPSOID.inv(ends[moved, 0], ends[moved, 1], target[moved, 0], target[moved, 1])
    line = np.tile(chains.line, 2)[moved]
    for n, (x, y), far in zip(line.tolist(), target[moved].tolist(), metres.tolist(), strict=True):
        report.append(Change(Deed.SNAPPED, lines[n].key, (x, y), moved_m=far))
    xy = chains.xy.copy()
    xy[bounds] = target
    return replace(chains, xy=xy)


def _plane(xy: Floats) -> Floats:
    """Metres east and north of the data's first corner, for distances of metres.

    True to 1 % over a county.
    """
    return np.asarray((xy - xy.min(axis=0)) * _scale(xy))


def _scale(xy: Floats) -> Floats:
    east, north = crs.metres_per_degree(float(np.mean(xy[:, 1])))
    return np.array([float(east), float(north)])


def _shared(ends: Floats) -> tuple[Floats, Ints, Ints]:
    """Distinct places, the place of each end, how many ends each place has."""
    keys = rounded(ends)
    first, where = distinct(keys)
    return keys[first], where, np.bincount(where).astype(np.intp)


def _clustered(ends: Floats, snap_m: float) -> Floats:
    """Each end's new place.

    The surveyed end of its cluster that most ends share, the first by place among equals.
    """
    places, where, many = _shared(ends)
    near = pairs_within(_plane(places), snap_m)
    if len(near) == 0:
        return ends
    cluster = groups(near, len(places))
    order = np.lexsort((np.arange(len(places)), -many, cluster))
    _, first = np.unique(cluster[order], return_index=True)
    chosen = order[first][cluster]
    moves = chosen != np.arange(len(places))
    return np.where(moves[where][:, None], places[chosen[where]], ends)


def _onto_lines(ends: Floats, chains: _Chains, level: Ints, snap_m: float) -> Floats:
    """Ends that no other line shares move onto the nearest course within reach: undershoots are closed."""
    _, where, many = _shared(ends)
    lonely = np.flatnonzero(many[where] == 1)
    scale = _scale(ends)
    flat = np.asarray(shapely.linestrings(chains.xy * scale, indices=chains.chain), dtype=object)
    points = np.asarray(shapely.points(ends[lonely] * scale), dtype=object)
    asker, near = shapely.STRtree(flat).query(points, predicate="dwithin", distance=snap_m)
    own = lonely[asker] % len(flat)
    other = (own != near) & (level[own] == level[near])
    asker, near = asker[other], near[other]
    if len(asker) == 0:
        return ends
    far = np.asarray(shapely.distance(points[asker], flat[near]))
    order = np.lexsort((near, far, asker))
    best = order[changes(asker[order])[:-1]]
    best = best[far[best] > _TOUCH_M]  # what touches already is cut there, not moved
    foot = shapely.line_interpolate_point(
        flat[near[best]], shapely.line_locate_point(flat[near[best]], points[asker[best]])
    )
    moved = ends.copy()
    moved[lonely[asker[best]]] = rounded(shapely.get_coordinates(foot) / scale)
    return moved


def _collapsed(chains: _Chains, legs: Legs, lines: Sequence[Centreline]) -> Iterable[Change]:
    gone = np.setdiff1d(np.arange(len(chains.line)), legs.chain)
    first = chains.bounds()[0]
    for n, (x, y) in zip(chains.line[gone].tolist(), chains.xy[first[gone]].tolist(), strict=True):
        yield Change(Deed.COLLAPSED, lines[n].key, (x, y))


class _Pieces:
    """The legs in runs: ``run`` (L,) which run a leg is of; of each run its first and last leg, line and number."""

    def __init__(self, legs: Legs, kept: Flags, begins: Flags, line: Ints) -> None:
        self.legs = legs
        self.run = np.cumsum(begins) - 1
        self.first = np.flatnonzero(begins).astype(np.intp)
        self.kept = kept[self.first]
        self.line = line[legs.chain[self.first]]
        opens = np.flatnonzero(changes(self.line)[:-1])
        self.of_line = np.diff(np.append(opens, len(self.first)))  # how many runs each line has, in order of lines
        self.number = np.arange(len(self.first)) - np.repeat(opens, self.of_line) + 1
        self.cut = np.repeat(self.of_line > 1, self.of_line)


def _tangles(legs: Legs, kept: Flags, chains: _Chains, lines: Sequence[Centreline]) -> Iterable[Change]:
    chain, vertex = own_meetings(legs, kept)
    for n, (x, y) in zip(chains.line[chain].tolist(), legs.places[vertex].tolist(), strict=True):
        yield Change(Deed.UNTANGLED, lines[n].key, (x, y))


def _splits(pieces: _Pieces, lines: Sequence[Centreline]) -> Iterable[Change]:
    """Lines with more pieces than they had parts, each at its first cut."""
    legs = pieces.legs
    inner = ~legs.opens()[pieces.first]
    line, first = np.unique(pieces.line[inner], return_index=True)
    at = legs.places[legs.begin[pieces.first[inner][first]]]
    many = np.bincount(pieces.line, minlength=len(lines))
    for n, (x, y) in zip(line.tolist(), at.tolist(), strict=True):
        yield Change(Deed.SPLIT, lines[n].key, (x, y), pieces=int(many[n]))


def _repeats(pieces: _Pieces, holder: Ints, chains: _Chains, lines: Sequence[Centreline]) -> Iterable[Change]:
    """Lines that lost their course or parts of it to others, and how many metres."""
    legs = pieces.legs
    lost = ~pieces.kept[pieces.run]
    if not lost.any():
        return
    line = chains.line[legs.chain]
    begin, finish = legs.places[legs.begin[lost]], legs.places[legs.finish[lost]]
    _, _, metres = crs.ELLIPSOID.inv(begin[:, 0], begin[:, 1], finish[:, 0], finish[:, 1])
    dropped = np.bincount(line[lost], weights=metres, minlength=len(lines))
    remains = np.bincount(line[~lost], minlength=len(lines)) > 0
    which, first = np.unique(line[lost], return_index=True)
    others = chains.line[holder[lost][first]]
    for n, other, (x, y) in zip(which.tolist(), others.tolist(), begin[first].tolist(), strict=True):
        deed = Deed.OVERLAPPED if remains[n] else Deed.REPEATED
        yield Change(deed, lines[n].key, (x, y), dropped_m=float(dropped[n]), other=lines[other].key)


def _segments(pieces: _Pieces, lines: Sequence[Centreline]) -> tuple[tuple[Centreline, ...], tuple[int, ...]]:
    """The runs that stay, in order of their lines; what is as it was drawn is the line itself."""
    shapes = _shapes(pieces)
    source = pieces.line[pieces.kept].tolist()
    whole = np.empty(len(source), dtype=object)
    whole[:] = [lines[n].line for n in source]
    same = (
        ~pieces.cut[pieces.kept] & shapely.equals_exact(whole, shapes) & ~shapely.has_z(whole) & ~shapely.has_m(whole)
    )
    numbers, cut = pieces.number[pieces.kept].tolist(), pieces.cut[pieces.kept].tolist()
    segments = [
        lines[n] if as_drawn else _piece(lines[n], shape, number if parted else 0)
        for n, shape, number, parted, as_drawn in zip(source, shapes, numbers, cut, same.tolist(), strict=True)
    ]
    return tuple(segments), tuple(source)


def _shapes(pieces: _Pieces) -> Shapes:
    legs, first = pieces.legs, pieces.first
    size = np.diff(np.append(first, len(legs.begin)))
    # a run's vertices: where each of its legs begins, and where the last one ends
    vertex = np.insert(legs.begin, first + size, legs.finish[first + size - 1])
    owner = np.repeat(np.arange(len(first)), size + 1)
    stays = pieces.kept[owner]
    order = np.cumsum(pieces.kept) - 1
    return np.asarray(shapely.linestrings(legs.places[vertex[stays]], indices=order[owner[stays]]), dtype=object)


def _piece(line: Centreline, shape: LineString, number: int) -> Centreline:
    key = f"{line.key}:{number}" if number else line.key
    return Centreline(key, shape, line.name, line.road_class, line.oneway, line.level)
