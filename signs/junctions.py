"""Where streets end and meet, in metres: the spots that ask for a sign.

Works on plane coordinates (x east, y north); ``signs.placement`` brings them there and back.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import shapely
from shapely import LineString, Point, STRtree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shapely.geometry.base import BaseGeometry

_REACH_M = 10.0  # a bearing is taken over this length, so that a surveyor's last small kink does not decide it


class Reason(Enum):
    """Why a plate stands where it stands (sign at start, end and crossings: practice of Wucheng, Yanggu)."""

    START = "start"
    END = "end"
    CROSSING = "crossing"
    GAP = "gap"  # crossings lie too far apart


@dataclass(frozen=True, slots=True)
class Part:
    """One unbroken line of a street, in metres. ``half_m`` is half its carriageway's width."""

    street: str
    line: LineString
    half_m: float
    signed: bool

    @property
    def is_ring(self) -> bool:
        """Whether it comes back to where it started."""
        return bool(self.line.is_ring)

    def at(self, measure_m: float) -> tuple[float, float]:
        """The place ``measure_m`` along the line."""
        point = self.line.interpolate(measure_m)
        return point.x, point.y

    def bearing_deg(self, measure_m: float, *, ahead: bool) -> float:
        """The bearing in which the line goes on from there (``ahead``) or back; over the seam of a ring too."""
        step = min(_REACH_M, self.line.length / 2) * (1 if ahead else -1)
        target = measure_m + step
        if self.is_ring:
            target %= self.line.length
        else:
            target = min(max(target, 0.0), self.line.length)
        (x0, y0), (x1, y1) = self.at(measure_m), self.at(target)
        return math.degrees(math.atan2(x1 - x0, y1 - y0)) % 360


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something on part number ``part`` that asks for a sign: at ``measure_m`` along it, at (x, y)."""

    x: float
    y: float
    part: int
    measure_m: float
    reason: str


@dataclass(frozen=True, slots=True)
class Junction:
    """Events so near to each other that one corner serves them all, in a fixed order."""

    events: tuple[Event, ...]

    @property
    def centre(self) -> tuple[float, float]:
        """The mean place of its events."""
        count = len(self.events)
        return sum(event.x for event in self.events) / count, sum(event.y for event in self.events) / count


def find_junctions(parts: Sequence[Part], *, join_m: float, corner_m: float) -> list[Junction]:
    """All ends and crossings of ``parts``, gathered into junctions, in order of place.

    An end within ``join_m`` of another's carriageway meets it, although the survey stops short of it; events
    within ``corner_m`` of each other (also in a chain) are one junction. No parts give no junctions.
    """
    found = {*_ends(parts), *_meetings(parts, join_m)}
    bare = {index for index, part in enumerate(parts) if part.is_ring} - {event.part for event in found}
    found |= {_event(parts, index, 0.0, Reason.START) for index in bare}  # a ring that nothing crosses
    return _gather(sorted(found), corner_m)


def _event(parts: Sequence[Part], index: int, measure_m: float, reason: Reason) -> Event:
    x, y = parts[index].at(measure_m)
    return Event(x, y, index, measure_m, reason.value)


def _ends(parts: Sequence[Part]) -> Iterator[Event]:
    for index, part in enumerate(parts):
        if not part.is_ring:
            yield _event(parts, index, 0.0, Reason.START)
            yield _event(parts, index, part.line.length, Reason.END)


def _meetings(parts: Sequence[Part], join_m: float) -> Iterator[Event]:
    """Both sides of every meeting of two streets; a street's own parts do not cross it."""
    lines = [part.line for part in parts]
    reach_m = join_m + max(part.half_m for part in parts)
    pairs = STRtree(lines).query(lines, predicate="dwithin", distance=reach_m)
    for one, other in pairs.T.tolist():
        if one >= other or parts[one].street == parts[other].street:
            continue
        for place in _meeting_places(parts[one], parts[other], join_m):
            for index in (one, other):
                yield _event(parts, index, lines[index].project(place), Reason.CROSSING)


def _meeting_places(one: Part, other: Part, join_m: float) -> list[Point]:
    """Crossings, and ends that reach the other's carriageway or fall short of its edge by ``join_m`` at most."""
    places = list(_points_of(one.line.intersection(other.line)))
    ends = [(end, far) for near, far in ((one, other), (other, one)) for end in _end_points(near.line)]
    return places + [end for end, far in ends if end.distance(far.line) <= far.half_m + join_m]


def _end_points(line: LineString) -> tuple[Point, Point]:
    return Point(line.coords[0]), Point(line.coords[-1])


def _points_of(shape: BaseGeometry) -> Iterator[Point]:
    """The points of an intersection; of a shared stretch its two ends."""
    for piece in shapely.get_parts(shape):
        if piece.is_empty:
            continue
        if isinstance(piece, Point):
            yield piece
        elif isinstance(piece, LineString):
            yield from _end_points(piece)


def _gather(events: list[Event], corner_m: float) -> list[Junction]:
    """Single-linkage groups of ``events`` (sorted), the group of the first event first."""
    points = [Point(event.x, event.y) for event in events]
    group = list(range(len(events)))

    def root(index: int) -> int:
        while group[index] != index:
            group[index] = group[group[index]]
            index = group[index]
        return index

    if points:
        for one, other in STRtree(points).query(points, predicate="dwithin", distance=corner_m).T.tolist():
            low, high = sorted((root(one), root(other)))
            group[high] = low
    members: dict[int, list[Event]] = defaultdict(list)
    for index, event in enumerate(events):
        members[root(index)].append(event)
    return [Junction(tuple(members[first])) for first in sorted(members)]
