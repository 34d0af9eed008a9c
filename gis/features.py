"""Values from outside, after reading and before they become rows.

All in CGCS2000 (EPSG:4490), x, y = lon, lat.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum

from shapely import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry


class FacilityKind(Enum):
    """What puts a street in scope (press conference of 2024-04-08: committee, shop, clinic, school)."""

    COMMITTEE = "committee"
    SHOP = "shop"
    CLINIC = "clinic"
    SCHOOL = "school"


class AreaKind(Enum):
    """The level of a division as a survey file tells it."""

    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"


class Verdict(Enum):
    """Where one input row ended; every row ends in exactly one of these."""

    ACCEPTED = "accepted"
    REPAIRED = "repaired"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    IGNORED = "ignored"  # read and understood, but of no kind we keep (a building, a river)


@dataclass(frozen=True, slots=True)
class Centreline:
    """One surveyed road line. ``key`` is the row's identity in its file; ``name`` as written there, or None.

    ``level`` tells bridges (> 0) and tunnels (< 0) from the ground: lines of different levels do not meet
    where they cross.
    """

    key: str
    line: LineString
    name: str | None = None
    road_class: str | None = None
    oneway: bool = False
    level: int = 0


@dataclass(frozen=True, slots=True)
class Area:
    """A division: a polygon, or a mere point where the file has no more (an OSM ``place`` node).

    ``town`` is the name of the town that a village's row tells.
    """

    key: str
    kind: AreaKind
    name: str
    shape: Polygon | MultiPolygon | Point
    code: str | None = None
    town: str | None = None


@dataclass(frozen=True, slots=True)
class Facility:
    """Something that puts the street before its door in scope."""

    key: str
    kind: FacilityKind
    name: str | None
    point: Point


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of one input row: ``row`` counts from 1 in the file's own order, ``key`` as in the file.

    ``reason`` is an English message template for the catalogue, ``values`` fills it, ``field`` names the
    column. A rejected row keeps its ``attributes`` and, where there was one, its ``shape`` (in the file's
    own coordinates), so that it can be given back for correction. ``made`` are the keys of the features that the row
    became, where they are others than ``key``.
    """

    row: int
    key: str
    verdict: Verdict
    reason: str = ""
    field: str | None = None
    values: dict[str, object] = dataclasses.field(default_factory=dict)
    attributes: dict[str, str] | None = None
    shape: BaseGeometry | None = None
    made: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Others:
    """Input rows that are only counted, as there may be hundreds of thousands: ignored, for one reason."""

    reason: str
    values: dict[str, object]
    rows: int


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything one file gave.

    Features, and one report per input row but for ``others`` (``len(reports)`` and these = rows of the file).
    """

    centrelines: tuple[Centreline, ...]
    areas: tuple[Area, ...]
    facilities: tuple[Facility, ...]
    reports: tuple[RowReport, ...]
    datum: str  # as declared or assumed, e.g. "EPSG:4326", "GCJ-02"
    others: tuple[Others, ...] = ()

    @property
    def rows(self) -> int:
        """All rows of the file."""
        return len(self.reports) + sum(each.rows for each in self.others)
