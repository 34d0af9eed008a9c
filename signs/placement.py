"""Junctions + rules → where signs stand, what they are for, and which way they face.

A sign stands at both ends of a street, at its crossings, and between crossings that lie far apart (Wucheng
2023; 上海市地名管理条例 33); the metres are settings, since no source gives any. The plate is parallel to the
street it names; its front looks to the carriageway, its back the other way, with left and right exchanged.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point

from gis import crs
from signs.corners import Ground, Place, corner_places, side_places
from signs.designs import Axis, Side, axis_of, sides_of
from signs.junctions import Event, Junction, Part, Reason, find_junctions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_RING_CHORD_M = 1.0
_ENDS = (Reason.START.value, Reason.END.value)


class PlacementError(ValueError):
    """Streets or rules that no sign can be placed by; the message names the street."""


@dataclass(frozen=True, slots=True)
class StreetLine:
    """One street as surveyed, lon, lat in EPSG:4490. ``signed`` False: a road that is crossed but gets no plate."""

    key: str
    line: LineString | MultiLineString
    width_m: float = 5.0
    signed: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings in metres, all unverified.

    ``spacing_m`` the farthest two signs of a street may stand apart along it; ``setback_m`` from the
    carriageway's edge to the post; ``join_m`` how far a survey may stop short of the carriageway it meets;
    ``corner_m`` how near crossings are one junction; ``share_m`` how near two posts would be one.
    """

    spacing_m: float = 300.0
    setback_m: float = 0.6
    join_m: float = 1.0
    corner_m: float = 4.0
    share_m: float = 2.5


@dataclass(frozen=True, slots=True)
class Plate:
    """One street's plate on a post. Bearings in degrees clockwise from true north.

    ``facing_deg`` is where its front looks, ``along_deg`` the street's own bearing there, start to end;
    ``goes_on`` and ``goes_back`` whether the street continues along it and against it.
    """

    street: str
    reason: Reason
    axis: Axis
    facing_deg: float
    along_deg: float
    goes_on: bool
    goes_back: bool

    def sides(self, *, back: bool = False) -> tuple[Side, Side]:
        """Left and right side of its front, or of its ``back``, as the reader sees them."""
        return sides_of(
            self.axis,
            facing_deg=self.facing_deg + (180 if back else 0),
            along_deg=self.along_deg,
            goes_on=self.goes_on,
            goes_back=self.goes_back,
        )


@dataclass(frozen=True, slots=True)
class Post:
    """Where a post stands (lon, lat in EPSG:4490), and the plates it carries, by street."""

    x: float
    y: float
    plates: tuple[Plate, ...]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A spot (lon, lat) that asks for signs of ``streets``, but where no free ground lies within 60 m."""

    x: float
    y: float
    streets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All posts in order of place, and what is left for a person to decide."""

    posts: tuple[Post, ...]
    unplaced: tuple[Unplaced, ...]


Hung: TypeAlias = "dict[Place, list[tuple[Part, Event]]]"


def place_signs(streets: Sequence[StreetLine], *, rules: Rules | None = None) -> Plan:
    """Where the signs of ``streets`` stand; does not depend on the order in which the streets are given.

    Each end and each crossing of a signed street gets its plate, on one post per junction; no post stands
    within a carriageway. No streets give an empty plan. Raises ``PlacementError`` for a key that comes twice,
    a line that is empty or has no length, and widths or rules that are not positive.
    """
    rules = rules or Rules()
    _check(streets, rules)
    if not streets:
        return Plan((), ())
    ordered = sorted(streets, key=lambda street: street.key)
    plane = _Plane(ordered)
    parts = [part for street in ordered for part in plane.parts(street)]
    axes = {street.key: axis_of_line(street.line) for street in ordered}
    hung, lost = _hang(parts, rules)
    posts = [plane.post(place, plates, axes) for place, plates in hung.items()]
    posts.sort(key=lambda post: (post.x, post.y))
    return Plan(tuple(posts), tuple(plane.unplaced(centre, names) for centre, names in lost))


def axis_of_line(line: LineString | MultiLineString) -> Axis:
    """East–west or north–south by the chord between the ends that lie farthest apart (lon, lat in EPSG:4490).

    A street that closes on itself is judged by the longer side of its bounds.
    """
    ends = np.array([shapely.get_coordinates(part)[[0, -1]] for part in shapely.get_parts(line)]).reshape(-1, 2)
    west, south, east, north = line.bounds
    per_lon, per_lat = (float(value) for value in crs.metres_per_degree((south + north) / 2))
    metres = ends * (per_lon, per_lat)
    one, other = max(((a, b) for a in metres for b in metres), key=lambda pair: (math.dist(*pair), *pair[0], *pair[1]))
    dx, dy = other - one
    if math.hypot(dx, dy) < _RING_CHORD_M:
        dx, dy = (east - west) * per_lon, (north - south) * per_lat
        return Axis.EAST_WEST if dx >= dy else Axis.NORTH_SOUTH
    return axis_of(math.degrees(math.atan2(dx, dy)))


def _check(streets: Sequence[StreetLine], rules: Rules) -> None:
    lengths = (rules.spacing_m, rules.setback_m, rules.join_m, rules.corner_m, rules.share_m)
    if not all(math.isfinite(value) and value > 0 for value in lengths):
        raise PlacementError(f"distances must be positive: {rules}")
    seen: set[str] = set()
    for street in streets:
        if street.key in seen:
            raise PlacementError(f"street “{street.key}” is given twice")
        if street.line.is_empty or not street.line.length > 0:
            raise PlacementError(f"street “{street.key}” has no length")
        if not (math.isfinite(street.width_m) and street.width_m > 0):
            raise PlacementError(f"street “{street.key}”: a width of {street.width_m} m is none")
        seen.add(street.key)


def _hang(parts: Sequence[Part], rules: Rules) -> tuple[Hung, list[tuple[Place, tuple[str, ...]]]]:
    """Plates on posts, and the junctions where no post could stand."""
    ground = Ground(parts, setback_m=rules.setback_m, share_m=rules.share_m)
    hung: Hung = defaultdict(list)
    lost = []
    junctions = find_junctions(parts, join_m=rules.join_m, corner_m=rules.corner_m)
    for junction in junctions:
        plates = _plates(junction, parts)
        if not plates:
            continue
        place = ground.post_at(corner_places(junction, parts, rules.setback_m))
        if place is None:
            lost.append((junction.centre, tuple(part.street for part, _ in plates)))
        else:
            _add(hung[place], plates)
    for part, event in _gaps(parts, junctions, rules.spacing_m):
        place = ground.post_at(side_places(part, event.measure_m, rules.setback_m))
        if place is None:
            lost.append(((event.x, event.y), (part.street,)))
        else:
            _add(hung[place], [(part, event)])
    return hung, lost


def _add(plates: list[tuple[Part, Event]], more: list[tuple[Part, Event]]) -> None:
    """Hang ``more`` on a post: one plate for each street, and an end's plate rather than a crossing's."""
    for part, event in more:
        same = [place for place, (other, _) in enumerate(plates) if other.street == part.street]
        if not same:
            plates.append((part, event))
        elif plates[same[0]][1].reason not in _ENDS and event.reason in _ENDS:
            plates[same[0]] = (part, event)


def _plates(junction: Junction, parts: Sequence[Part]) -> list[tuple[Part, Event]]:
    """One plate for each signed street of a junction; an end tells more than a crossing."""
    best: dict[str, Event] = {}
    for event in junction.events:
        part = parts[event.part]
        known = best.get(part.street)
        if part.signed and (known is None or (known.reason not in _ENDS and event.reason in _ENDS)):
            best[part.street] = event
    return [(parts[best[street].part], best[street]) for street in sorted(best)]


def _gaps(parts: Sequence[Part], junctions: Sequence[Junction], spacing_m: float) -> list[tuple[Part, Event]]:
    """Extra spots, evenly spread between spots of one street that lie more than ``spacing_m`` apart along it."""
    measures: dict[int, list[float]] = defaultdict(list)
    for junction in junctions:
        for event in junction.events:
            measures[event.part].append(event.measure_m)
    found = []
    for index, part in enumerate(parts):
        if part.signed:
            found += [(part, _gap(part, index, measure)) for measure in _between(part, measures[index], spacing_m)]
    return found


def _gap(part: Part, index: int, measure_m: float) -> Event:
    return Event(*part.at(measure_m), index, measure_m, Reason.GAP.value)


def _between(part: Part, measures: list[float], spacing_m: float) -> list[float]:
    known = sorted(set(measures))
    if part.is_ring:
        known.append(known[0] + part.line.length)
    found = []
    for start, end in itertools.pairwise(known):
        steps = math.ceil((end - start) / spacing_m - 1e-9)
        found += [(start + (end - start) * step / steps) % part.line.length for step in range(1, steps)]
    return found


class _Plane:
    """The metric zone in which one set of streets is placed, and the way back."""

    def __init__(self, streets: Sequence[StreetLine]) -> None:
        west, _, east, _ = shapely.total_bounds([street.line for street in streets])
        self._datum = crs.metric_zone(float(west + east) / 2)

    def parts(self, street: StreetLine) -> list[Part]:
        """The street's unbroken lines in metres, in an order that does not depend on how it was drawn."""
        merged = shapely.line_merge(shapely.force_2d(street.line))
        lines = crs.shapes_from_stored(shapely.get_parts(merged), self._datum)
        ordered = sorted((line for line in lines if line.length > 0), key=lambda line: tuple(line.coords))
        return [Part(street.key, line, street.width_m / 2, street.signed) for line in ordered]

    def _stored(self, place: Place) -> NDArray[np.float64]:
        return crs.to_stored(np.array([place], dtype=float), self._datum)

    def post(self, place: Place, plates: list[tuple[Part, Event]], axes: dict[str, Axis]) -> Post:
        """The post at ``place`` with its plates, bearings turned from grid north to true north."""
        here = self._stored(place)
        north = float(crs.bearings_deg(here, self._stored((place[0], place[1] + 10)))[0])
        made = [_plate(part, event, place, axes[part.street], north) for part, event in plates]
        return Post(float(here[0, 0]), float(here[0, 1]), tuple(sorted(made, key=lambda plate: plate.street)))

    def unplaced(self, centre: Place, streets: tuple[str, ...]) -> Unplaced:
        """A junction without a post, back in lon, lat."""
        here = self._stored(centre)[0]
        return Unplaced(float(here[0]), float(here[1]), streets)


def _plate(part: Part, event: Event, place: Place, axis: Axis, north_deg: float) -> Plate:
    measure = part.line.project(Point(place)) if event.reason == Reason.GAP.value else event.measure_m
    at_end = not part.is_ring and measure >= part.line.length - 1e-6
    back = part.bearing_deg(measure, ahead=not at_end)
    along = (back + 180) % 360 if at_end else back
    (x, y), turn = part.at(measure), math.radians(along)
    right = (place[0] - x) * math.cos(turn) - (place[1] - y) * math.sin(turn) >= 0
    return Plate(
        street=part.street,
        reason=Reason(event.reason),
        axis=axis,
        facing_deg=(along + (-90 if right else 90) + north_deg) % 360,
        along_deg=(along + north_deg) % 360,
        goes_on=part.is_ring or event.reason != Reason.END.value,
        goes_back=part.is_ring or event.reason != Reason.START.value,
    )
