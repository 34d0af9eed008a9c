"""Characters that no database keeps as text are taken out of their row alone, and the report names it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from shapely import LineString

from gis.features import Verdict
from gis.formats import read_survey

ROAD = {"type": "LineString", "coordinates": [[116.3, 37.4], [116.301, 37.4]]}


def geojson(name: str, *, raw: bool = False, **feature: str) -> bytes:
    """A good row, and one with this name."""
    rows = [
        {
            "type": "Feature",
            "geometry": {**ROAD, "coordinates": [[116.3, 37.5], [116.301, 37.5]]},
            "properties": {"highway": "road"},
        },
        {"type": "Feature", "geometry": ROAD, "properties": {"highway": "road", "name": name}, **feature},
    ]
    whole = json.dumps({"type": "FeatureCollection", "features": rows})
    return (whole.replace("\\u0000", "\0") if raw else whole).encode()


@pytest.mark.parametrize("character", ["\0", "\ud800"], ids=["zero", "half"])
def test_a_row_with_such_a_character_is_mended_alone_and_its_field_named(tmp_path: Path, character: str):
    file = tmp_path / "survey.geojson"
    file.write_bytes(geojson(f"老{character}街"))
    survey = read_survey(file)
    good, mended = survey.reports
    assert good.verdict is Verdict.ACCEPTED
    assert (mended.row, mended.verdict, mended.field) == (2, Verdict.REPAIRED, "name")
    assert "taken out of name" in mended.reason.format(**mended.values)
    assert [line.name for line in survey.centrelines] == [None, "老街"]


def test_a_raw_zero_in_a_text_is_that_rows_concern(tmp_path: Path):
    file = tmp_path / "survey.geojson"
    file.write_bytes(geojson("老\0街", raw=True))
    assert [report.verdict for report in read_survey(file).reports] == [Verdict.ACCEPTED, Verdict.REPAIRED]


def test_a_key_with_such_a_character_is_mended_too(tmp_path: Path):
    file = tmp_path / "survey.geojson"
    file.write_bytes(geojson("老街", id="w\0/1"))
    report = read_survey(file).reports[1]
    assert (report.key, report.verdict, report.field) == ("w/1", Verdict.REPAIRED, "id")


def test_no_text_of_a_table_keeps_a_zero(make_gpkg: Callable[..., Path], make_shapefile: Callable[..., Path]):
    lines = [LineString([(116.3, 37.4), (116.301, 37.4)])]
    for make in (make_gpkg, make_shapefile):
        survey = read_survey(make(lines, crs="EPSG:4490", name=["老\0街"], highway=["road"]))
        assert len(survey.reports) == 1
        assert "\0" not in (survey.centrelines[0].name or "")
