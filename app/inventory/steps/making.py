"""What a street is as a row, from the lines that it is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from geoalchemy2 import WKBElement

from app.base.clock import Clock
from app.base.tables import SRID
from app.inventory.models import Stream
from gis.crs import bearings_deg, metres_per_degree


@dataclass(frozen=True, slots=True)
class Piece:
    """A line that a street is made of, how long it is, and the segment that it is a part of (a row)."""

    row: Any
    line: shapely.LineString
    metres: float


def street_values(clock: Clock, pieces: Sequence[Piece], *, name: str | None, metres: float) -> dict[str, Any]:
    """The columns of a street made of these pieces; it belongs to the division that most of its length lies in."""
    homes: Counter[int] = Counter()
    for piece in pieces:
        homes[piece.row.division_id] += piece.metres  # type: ignore[assignment]
    classes = Counter(piece.row.road_class for piece in pieces if piece.row.road_class)
    lines = [piece.line for piece in pieces]
    return {
        "division_id": min(homes, key=lambda home: (-round(homes[home], 3), home)),
        "surveyed_name": name,
        "line": WKBElement(shapely.MultiLineString(lines).wkb, srid=SRID),
        "length_m": metres,
        "bearing_deg": chord_bearing_deg(lines),
        "road_class": classes.most_common(1)[0][0] if classes else None,
        "stream": Stream.VILLAGE.value,
        "geometry_source": pieces[0].row.geometry_source,
        "surveyed_on": clock.today(),
    }


def chord_bearing_deg(lines: Sequence[shapely.LineString]) -> float:
    """Bearing of the line between the street's two ends that lie farthest apart, 0 ≤ deg < 180.

    A ring has no such ends: the longer side of its box stands for it.
    """
    merged = shapely.line_merge(shapely.MultiLineString(list(lines)))
    ends = (
        shapely.get_coordinates(shapely.get_point(shapely.get_parts(merged), 0)),
        shapely.get_coordinates(shapely.get_point(shapely.get_parts(merged), -1)),
    )
    points = np.unique(np.concatenate(ends), axis=0)
    if len(points) < 2:  # noqa: PLR2004 - a chord has two ends
        corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(merged))
        pairs = corners[[0, 1]], corners[[1, 2]]
    else:
        first, second = np.triu_indices(len(points), k=1)
        pairs = points[first], points[second]
    return _longest_bearing_deg(*pairs)


def _longest_bearing_deg(starts: Any, ends: Any) -> float:
    lon_m, lat_m = metres_per_degree(float(starts[:, 1].mean()))
    far = int(np.argmax(np.hypot(*((starts - ends) * (float(lon_m), float(lat_m))).T)))
    return float(bearings_deg(starts[far][None], ends[far][None])[0]) % 180.0
