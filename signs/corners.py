"""Where a post may stand, in metres: off every carriageway, near its junction, on the right where it can.

Works on plane coordinates (x east, y north), bearings in degrees clockwise from the y axis.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from shapely import Point, STRtree

from signs.junctions import Event, Junction, Part, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Place = tuple[float, float]
_ACUTE_DEG, _FLAT_DEG = 25.0, 155.0
_FARTHEST_M = 60.0
_TOLERANCE_M = 1e-3


class Ground:
    """The carriageways, and the posts that already stand."""

    def __init__(self, parts: Sequence[Part], *, setback_m: float, share_m: float) -> None:
        self._parts = parts
        self._tree = STRtree([part.line for part in parts])
        self._widest_m = max((part.half_m for part in parts), default=0.0)
        self._setback_m = setback_m
        self._share_m = share_m
        self._posts: dict[tuple[int, int], list[Place]] = {}

    def is_clear(self, place: Place) -> bool:
        """Whether ``place`` keeps the setback from the edge of every carriageway."""
        point = Point(place)
        near = self._tree.query(point, predicate="dwithin", distance=self._widest_m + self._setback_m)
        return all(
            self._parts[index].line.distance(point) >= self._parts[index].half_m + self._setback_m - _TOLERANCE_M
            for index in near.tolist()
        )

    def post_at(self, places: Iterator[Place]) -> Place | None:
        """The first clear one of ``places``, or the post that already stands beside it; None when none is clear."""
        for place in places:
            if self.is_clear(place):
                return self._standing_near(place) or self._put(place)
        return None

    def _cell(self, place: Place) -> tuple[int, int]:
        return math.floor(place[0] / self._share_m), math.floor(place[1] / self._share_m)

    def _standing_near(self, place: Place) -> Place | None:
        column, row = self._cell(place)
        cells = [(column + dx, row + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
        posts = [post for cell in cells for post in self._posts.get(cell, [])]
        near = [(math.dist(post, place), post) for post in posts]
        return min((found for found in near if found[0] <= self._share_m), default=(0.0, None))[1]

    def _put(self, place: Place) -> Place:
        self._posts.setdefault(self._cell(place), []).append(place)
        return place


def moved(place: Place, bearing_deg: float, by_m: float) -> Place:
    """``place`` moved ``by_m`` metres in a direction."""
    turn = math.radians(bearing_deg)
    return place[0] + by_m * math.sin(turn), place[1] + by_m * math.cos(turn)


def corner_places(junction: Junction, parts: Sequence[Part], setback_m: float) -> Iterator[Place]:
    """Places for a junction's post, the best first.

    First the corner at the right hand of one who enters the street that begins or ends here, then the other
    corners, the sharp and the flat ones last; then the same farther out; then any place around.
    """
    arms = _arms(junction, parts)
    for stretch in (1.0, 1.6, 2.5):
        for bearing, gap, own, next_one, _rank in _corners(arms):
            beside = (own + setback_m) * stretch
            along = _along(gap, beside, (next_one + setback_m) * stretch)
            yield moved(moved(junction.centre, bearing, along), bearing + 90, beside)
    yield from around(junction.centre, max(half for _, half, _ in arms) + setback_m)


def _arms(junction: Junction, parts: Sequence[Part]) -> list[tuple[float, float, int]]:
    """Bearing, half width and rank of every way out of the junction, clockwise from north."""
    arms = set()
    for event in junction.events:
        part = parts[event.part]
        rank = _rank(event, part)
        if part.is_ring or event.measure_m > _TOLERANCE_M:
            arms.add((part.bearing_deg(event.measure_m, ahead=False), part.half_m, rank))
        if part.is_ring or event.measure_m < part.line.length - _TOLERANCE_M:
            arms.add((part.bearing_deg(event.measure_m, ahead=True), part.half_m, rank))
    return sorted(arms)


def _rank(event: Event, part: Part) -> int:
    """Streets that get a plate go before others, ends before crossings."""
    return (0 if part.signed else 2) + (0 if event.reason in (Reason.START.value, Reason.END.value) else 1)


def _corners(arms: list[tuple[float, float, int]]) -> list[tuple[float, float, float, float, tuple[object, ...]]]:
    """Each arm with the corner clockwise of it: bearing, angle, both half widths, and its place in the queue."""
    found = []
    for index, (bearing, half, rank) in enumerate(arms):
        after, next_half, _ = arms[(index + 1) % len(arms)]
        gap = (after - bearing) % 360 if len(arms) > 1 else 360.0
        awkward = not (_ACUTE_DEG <= gap <= _FLAT_DEG or len(arms) == 1)
        found.append((bearing, gap, half, next_half, (awkward, rank, bearing)))
    return sorted(found, key=lambda corner: corner[4])


def _along(gap_deg: float, beside_m: float, next_beside_m: float) -> float:
    """How far out a post ``beside_m`` off one arm is also ``next_beside_m`` off the next, ``gap_deg`` on."""
    if not _ACUTE_DEG <= gap_deg <= _FLAT_DEG:
        return 0.0
    turn = math.radians(gap_deg)
    return max(0.0, (next_beside_m + beside_m * math.cos(turn)) / math.sin(turn))


def side_places(part: Part, measure_m: float, setback_m: float) -> Iterator[Place]:
    """Places beside a street between its crossings: right of its direction, then left, then a little on or back."""
    beside = part.half_m + setback_m
    for shift in (0.0, 4.0, -4.0, 8.0, -8.0, 16.0, -16.0):
        measure = min(max(measure_m + shift, 0.0), part.line.length)
        bearing = part.bearing_deg(measure, ahead=measure < part.line.length)
        for turn in (90, -90):
            yield moved(part.at(measure), bearing + turn, beside)
    yield from around(part.at(measure_m), beside)


def around(centre: Place, least_m: float) -> Iterator[Place]:
    """Ever wider circles, up to 60 m: the last resort where streets lie close together."""
    radius = least_m
    while radius <= max(_FARTHEST_M, 3 * least_m):
        for step in range(24):
            yield moved(centre, 45 + step * 15, radius)
        radius *= 1.15
