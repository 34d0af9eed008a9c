"""Files that nobody would draw: what cannot be read is refused in a sentence, and the good rows beside it are taken."""

from __future__ import annotations

import json
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gis.errors import UnreadableFile
from gis.features import Verdict
from gis.formats import magic, open_rows, opening, read_survey

LINE = {"type": "LineString", "coordinates": [[116.3, 37.4], [116.3, 37.401]]}
OTHER = {"type": "LineString", "coordinates": [[116.31, 37.4], [116.31, 37.401]]}


def features(path: Path, *shapes: dict[str, Any], key: str | None = None) -> Path:
    rows = [
        {"type": "Feature", "properties": {"highway": "residential"}, "geometry": shape} | ({"id": key} if key else {})
        for shape in shapes
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
    return path


def nested(shape: dict[str, Any]) -> dict[str, Any]:
    return {"type": "GeometryCollection", "geometries": [shape]}


@pytest.mark.parametrize(
    "odd",
    [nested(nested(LINE)), nested({"type": "MultiLineString", "coordinates": [LINE["coordinates"]] * 2})],
    ids=["a collection in a collection", "several lines in a collection"],
)
def test_a_row_of_collections_in_collections_is_rejected_and_the_good_one_beside_it_taken(
    tmp_path: Path, odd: dict[str, Any]
):
    survey = read_survey(features(tmp_path / "a.geojson", odd, OTHER))
    assert [report.verdict for report in survey.reports] == [Verdict.REJECTED, Verdict.ACCEPTED]
    assert "holds others than lines" in survey.reports[0].reason


def test_wkt_that_is_nested_without_end_is_a_row_without_a_geometry(tmp_path: Path):
    path = tmp_path / "a.csv"
    deep = "GEOMETRYCOLLECTION(" * 100_000 + "POINT(1 1)" + ")" * 100_000
    path.write_text(f'名称,类型,wkt\n深路,道路,"{deep}"\n好路,道路,"LINESTRING(116.3 37.4,116.3 37.401)"\n')
    survey = read_survey(path, datum="EPSG:4490")
    assert [report.verdict for report in survey.reports] == [Verdict.REJECTED, Verdict.ACCEPTED]
    assert "is no geometry in WKT" in survey.reports[0].reason


def test_a_cell_of_very_many_places_is_read(tmp_path: Path):
    places = ",".join(f"116.3 37.{4000000 + n}" for n in range(20_000))
    path = tmp_path / "a.csv"
    path.write_text(f'名称,类型,wkt\n长路,道路,"LINESTRING({places})"\n')
    survey = read_survey(path, datum="EPSG:4490")
    assert [len(line.line.coords) for line in survey.centrelines] == [20_000]


def test_a_cell_beyond_all_bounds_is_refused_with_its_row(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("名称,类型,wkt\n路,道路,LINESTRING(1 1)\n长路,道路," + "1" * (magic.LONGEST_CELL + 1) + "\n")
    with pytest.raises(UnreadableFile, match=r"row at line 3 of a\.csv has more than 64 million signs"):
        open_rows(path)


def test_a_table_without_one_readable_place_rejects_its_rows(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("sep=;\n名称;类型;经度;纬度\n甲;商店;117,18;37,6\n")
    survey = read_survey(path, datum="EPSG:4490")
    assert [(report.verdict, report.reason) for report in survey.reports] == [
        (Verdict.REJECTED, "“{words}” is no coordinate.")
    ]


def test_what_no_reader_thought_of_is_one_refusal_with_its_trace_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def stumble(*_: object) -> opening.Rows:
        raise KeyError("a thing that nobody thought of")

    monkeypatch.setitem(opening._READERS, "json", stumble)
    with caplog.at_level(logging.ERROR), pytest.raises(UnreadableFile, match=r"a\.geojson could not be read"):
        open_rows(features(tmp_path / "a.geojson", LINE))
    assert "KeyError" in caplog.text


def test_who_stops_the_reading_is_not_told_that_the_file_is_bad(tmp_path: Path):
    class Cancelled(Exception):
        pass

    def stop(_: float) -> None:
        raise Cancelled

    opened = open_rows(features(tmp_path / "a.geojson", *[LINE] * 1000))
    with pytest.raises(Cancelled):
        opened.survey(tell=stop)


def test_features_of_one_id_are_numbered_each_once(tmp_path: Path):
    lines = [{"type": "LineString", "coordinates": [[116 + n / 1e4, 37], [116 + n / 1e4, 37.01]]} for n in range(3000)]
    survey = read_survey(features(tmp_path / "a.geojson", *lines, key="x"))
    keys = Counter(line.key for line in survey.centrelines)
    assert set(keys) == {"x", *(f"x#{n}" for n in range(2, 3001))}
    assert set(keys.values()) == {1}
