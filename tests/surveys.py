"""Small surveys for tests: two crossing roads, a lane, places and facilities near 116.33 E, 37.40 N."""

from __future__ import annotations

from shapely import LineString, Point

from gis.features import Area, AreaKind, Centreline, Facility, FacilityKind, RowReport, Survey, Verdict

X, Y = 116.33, 37.40


def at(east: float, north: float) -> tuple[float, float]:
    """A place in steps of about 100 m from the village's middle."""
    return (X + east * 0.00113, Y + north * 0.0009)


def crossing(*, name: str | None = None, village: str = "丁村", shift: float = 0.0) -> Survey:
    """An east–west and a north–south road that cross, a lane off the first, a village point, a shop on the lane."""
    lines = (
        Centreline("w/1", LineString([at(-3, shift), at(3, shift)]), name=name, road_class="residential"),
        Centreline("w/2", LineString([at(0, -3 + shift), at(0, 3 + shift)]), road_class="residential"),
        Centreline("w/3", LineString([at(2, shift), at(2, 1 + shift)]), road_class="residential"),
    )
    areas = (Area("n/1", AreaKind.VILLAGE, village, Point(at(0.1, 0.1 + shift))),)
    facilities = (Facility("n/2", FacilityKind.SHOP, "供销社", Point(at(2.1, 0.6 + shift))),)
    keys = [feature.key for feature in (*lines, *areas, *facilities)]
    reports = tuple(RowReport(row, key, Verdict.ACCEPTED) for row, key in enumerate(keys, start=1))
    return Survey(lines, areas, facilities, reports, "EPSG:4490")
