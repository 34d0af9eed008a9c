"""Which stretches of lines run along others: near, in the same direction, for longer than lines that meet are near.

A second survey of a road runs within some metres of the first and in its direction. What crosses a road, or leaves it
at an angle, is near it too, for as long as the strip is wide and the angle flat: nearness alone takes a lane for the
rows that it crosses. Lines are in lon, lat (EPSG:4490), measured on one plane for all of them: true to 1 % over a
county.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from gis.noding import changes
from gis.shaping import Plane

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

#: Two roads are one road's two surveys where their directions differ by no more (estimate), taken over so many metres
#: to either side.
PARALLEL_DEG, REACH_M = 30.0, 7.5
#: A stretch runs along another line if it is so many times longer than it comes nearer to it or leaves it: a road that
#: meets another at less than ten degrees is its second survey.
STEEP = 1.0 / np.sin(np.radians(10.0))
#: Every so many metres a line is looked at, and so far beyond another's end it is not beside it any more.
_STEP_M, _BEYOND_M = 2.5, 0.5
_AT_END_M = 1e-6
#: So many lines are looked at together.
_MANY = 500


@dataclass(frozen=True, slots=True)
class Stretch:
    """From where to where on a line, in metres from its start, it runs along what; by how much it leaves that."""

    from_m: float
    to_m: float
    along: int
    drift_m: float

    @property
    def long_m(self) -> float:
        """Its length."""
        return self.to_m - self.from_m

    @property
    def parallel(self) -> bool:
        """Whether it is longer than what two lines are near each other that only meet."""
        return bool(self.long_m >= STEEP * self.drift_m)


@dataclass(frozen=True)
class Alongside:
    """The stretches of one line that are beside others, by place; ``near`` what the whole of it is near to, or None."""

    line: LineString
    whole_m: float
    stretches: tuple[Stretch, ...]
    near: int | None

    def metres(self) -> dict[int, float]:
        """How far it runs along each of the others."""
        found: dict[int, float] = {}
        for stretch in self.stretches:
            found[stretch.along] = found.get(stretch.along, 0.0) + stretch.long_m
        return found

    @property
    def along_m(self) -> float:
        """How far it runs along any of them."""
        return sum(stretch.long_m for stretch in self.stretches)

    @cached_property
    def _far(self) -> Floats:
        """How far from the line's start each of its vertices is, in the metres of the stretches."""
        xy = shapely.get_coordinates(self.line)
        steps = np.hypot(*(np.diff(xy, axis=0) * _scale(self.line)).T)
        far = np.concatenate([[0.0], np.cumsum(steps)])
        return np.asarray(far * (self.whole_m / far[-1]))

    def piece(self, from_m: float, to_m: float) -> LineString:
        """The line from one place to another; its own ends are kept to the last digit."""
        xy, far = shapely.get_coordinates(self.line), self._far
        inner = (far > from_m + _AT_END_M) & (far < to_m - _AT_END_M)
        ends = [[np.interp(at, far, xy[:, axis]) for axis in (0, 1)] for at in (from_m, to_m)]
        return LineString([ends[0], *xy[inner].tolist(), ends[1]])


def alongside(
    lines: Sequence[LineString], owner: Ints, others: Sequence[BaseGeometry], key: Ints, *, near_m: float
) -> list[Alongside]:
    """For each of the lines, which stretches of it run along others within ``near_m`` metres.

    ``owner`` (P,) says which line each of the others lies near to, ``key`` (P,) what it is a line of. Beyond the ends
    of the others nothing is beside them. A stretch may run along several, one after the other; it is told of that which
    most of it is nearest to, and its drift from all of them. Time grows with the metres of line, and with how many
    others are near to each.
    """
    if not len(lines):
        return []
    shapes = np.empty(len(lines), dtype=object)
    shapes[:] = list(lines)
    plane = Plane.of(shapely.box(*shapely.total_bounds(shapes)))
    flat = _flat(plane, shapes)
    there, part = _parts(_flat(plane, _array(others)))
    owner, key = owner[part], key[part]
    order = np.argsort(owner, kind="stable")
    there, owner, key = there[order], owner[order], key[order]
    bounds = np.searchsorted(owner, np.arange(len(lines) + 1))
    found: list[Alongside] = []
    for begin in range(0, len(lines), _MANY):
        end = min(begin + _MANY, len(lines))
        mine = slice(bounds[begin], bounds[end])
        places = _Places.of(flat[begin:end])
        seen = _looked(places, owner[mine] - begin, there[mine], key[mine], near_m)
        found += [_told(lines[begin + n], n, places, seen, near_m) for n in range(end - begin)]
    return found


def _scale(line: LineString) -> Floats:
    plane = Plane.of(line)
    return np.array([plane.east, plane.north])


def _flat(plane: Plane, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    made: NDArray[np.object_] = shapely.transform(shapes, lambda xy: xy * (plane.east, plane.north))
    return made


def _array(shapes: Sequence[BaseGeometry]) -> NDArray[np.object_]:
    made = np.empty(len(shapes), dtype=object)
    made[:] = list(shapes)
    return made


def _parts(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], Ints]:
    parts, index = shapely.get_parts(shapes, return_index=True)
    drawn = (shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING) & (shapely.length(parts) > 0)
    return parts[drawn], index[drawn].astype(np.intp)


@dataclass(frozen=True, slots=True)
class _Places:
    """Places along lines: on which line, how far, where, in which direction; ``first`` (n + 1,) by line."""

    line: Ints
    at_m: Floats
    point: NDArray[np.object_]
    course: Floats
    first: Ints

    @staticmethod
    def of(flat: NDArray[np.object_]) -> _Places:
        long_m = shapely.length(flat)
        many = np.maximum(np.ceil(long_m / _STEP_M).astype(np.intp) + 1, 3)
        first = np.concatenate([[0], np.cumsum(many)]).astype(np.intp)
        line = np.repeat(np.arange(len(flat)), many)
        step = np.arange(len(line)) - first[line]
        at_m = np.asarray(step * (long_m / (many - 1))[line])
        point, course = _course(flat[line], at_m, long_m[line])
        return _Places(line, at_m, point, course, first)


def _course(flat: NDArray[np.object_], at_m: Floats, long_m: Floats) -> tuple[NDArray[np.object_], Floats]:
    """The places at these distances, and the directions (n, 2) of the lines there, of length 1."""
    point = np.asarray(shapely.line_interpolate_point(flat, at_m), dtype=object)
    back = shapely.line_interpolate_point(flat, np.maximum(at_m - REACH_M, 0.0))
    fore = shapely.line_interpolate_point(flat, np.minimum(at_m + REACH_M, long_m))
    way = shapely.get_coordinates(fore) - shapely.get_coordinates(back)
    length = np.hypot(*way.T)
    return point, np.asarray(way / np.where(length > 0, length, 1.0)[:, None])


@dataclass(frozen=True, slots=True)
class _Seen:
    """Of each place: what it runs along or -1, how far aside of that, and what it is near to in any direction or -1."""

    along: Ints
    aside_m: Floats
    near: Ints


def _looked(places: _Places, owner: Ints, there: NDArray[np.object_], key: Ints, near_m: float) -> _Seen:
    """Compare each place of a line with the others near to the line."""
    many = np.diff(places.first)[owner]
    other = np.repeat(np.arange(len(owner)), many)
    place = np.arange(len(other)) - np.repeat(np.cumsum(many) - many, many) + places.first[owner][other]
    close = np.asarray(shapely.dwithin(places.point[place], there[other], near_m))
    place, other = place[close], other[close]
    shapes, point = there[other], places.point[place]
    long_m = shapely.length(shapes)
    at_m = shapely.line_locate_point(shapes, point)
    foot, course = _course(shapes, at_m, long_m)
    off = shapely.get_coordinates(point) - shapely.get_coordinates(foot)
    cosine = (course * places.course[place]).sum(axis=1)
    course = course * np.where(cosine < 0, -1.0, 1.0)[:, None]
    at_end = (at_m <= _AT_END_M) | (at_m >= long_m - _AT_END_M)
    beyond = at_end & (np.abs((off * course).sum(axis=1)) > _BEYOND_M)
    aside = course[:, 0] * off[:, 1] - course[:, 1] * off[:, 0]
    apart = np.hypot(*off.T)
    parallel = ~beyond & (np.abs(cosine) >= np.cos(np.radians(PARALLEL_DEG)))
    along, which = _nearest(place, apart, parallel)
    near, whose = _nearest(place, apart, ~beyond)
    told, off_m = np.full(len(places.line), -1), np.zeros(len(places.line))
    told[along], off_m[along] = key[other[which]], aside[which]
    around = np.full(len(places.line), -1)
    around[near] = key[other[whose]]
    return _Seen(told, off_m, around)


def _nearest(place: Ints, apart: Floats, among: Flags) -> tuple[Ints, Ints]:
    """For each place that has some, the nearest of its rows ``among`` all; the places and those rows."""
    rows = np.flatnonzero(among)
    order = rows[np.lexsort((rows, np.round(apart[rows], 6), place[rows]))]
    first = order[changes(place[order])[:-1]] if len(order) else order
    return place[first], first


def _told(line: LineString, n: int, places: _Places, seen: _Seen, near_m: float) -> Alongside:
    """What was seen along one line, as stretches."""
    mine = slice(places.first[n], places.first[n + 1])
    at_m, along, aside, near = places.at_m[mine], seen.along[mine], seen.aside_m[mine], seen.near[mine] >= 0
    stretches = []
    for a, b in _closed(at_m, along >= 0, near, near_m):
        begin = 0 if at_m[a] <= near_m and near[:a].all() else a
        end = len(at_m) - 1 if at_m[-1] - at_m[b] <= near_m and near[b:].all() else b
        drift_m = abs(float(aside[b] - aside[a]))
        stretches.append(Stretch(float(at_m[begin]), float(at_m[end]), _mostly(along[a : b + 1]), drift_m))
    whole = _mostly(seen.near[mine]) if near.all() else None
    return Alongside(line, float(at_m[-1]), tuple(stretches), whole)


def _closed(at_m: Floats, along: Flags, near: Flags, near_m: float) -> list[tuple[int, int]]:
    """First and last of each run of places that are along; what only turns away for a few metres is within it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], along, [False]]).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for first, last in zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True):
        before = runs[-1] if runs else None
        if before and at_m[first] - at_m[before[1]] <= near_m and near[before[1] : first].all():
            runs[-1] = (before[0], last)
        else:
            runs.append((first, last))
    return [run for run in runs if run[1] > run[0]]


def _mostly(keys: Ints) -> int:
    """The key that occurs most, the lowest of equals."""
    known, many = np.unique(keys[keys >= 0], return_counts=True)
    return int(known[np.argmax(many)])
