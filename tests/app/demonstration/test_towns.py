"""One generated survey cut into files of towns: each numbers its own rows."""

from __future__ import annotations

from shapely import Point

from app.demonstration.load import _by_town
from gis.features import Area, AreaKind, RowReport, Survey, Verdict


def test_each_towns_rows_are_counted_from_one():
    codes = ["371481106201", "371481107201", "371481106202", "371481107202"]
    areas = tuple(Area(code, AreaKind.VILLAGE, code, Point(117, 37), code=code) for code in codes)
    reports = tuple(RowReport(row, code, Verdict.ACCEPTED) for row, code in enumerate(codes, start=1))
    parts = _by_town(Survey((), areas, (), reports, "EPSG:4490"), None)
    assert {town: [(r.row, r.key[-3:]) for r in part.reports] for town, part in parts.items()} == {
        "371481106": [(1, "201"), (2, "202")],
        "371481107": [(1, "201"), (2, "202")],
    }
