"""Names come out as a page can show them, and the row that was mended says so, whatever the format."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import LineString, Point

from gis.features import Survey, Verdict
from gis.formats import Columns, Field, read_survey
from gis.formats.names import plain
from gis.formats.rows import LONGEST

ROAD = {"type": "LineString", "coordinates": [[116.3, 37.4], [116.301, 37.4]]}
SPOT = {"type": "Point", "coordinates": [116.3, 37.4]}
#: Of each kind: what the name turns into, and a word of the reason.
ODD = [
    ("老\u202e街", "老街", "Invisible"),
    ("\ufeff老\u200b街\u2066", "老街", "Invisible"),
    ("老\n街\t东", "老 街 东", "Line breaks"),
    ("老" * 5000, "老" * LONGEST, f"longer than {LONGEST}"),
]


def geojson(folder: Path, name: str, *, shape: Mapping[str, object], **words: str) -> Path:
    feature = {"type": "Feature", "geometry": shape, "properties": {"name": name, **words}}
    path = folder / "survey.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


def mended(survey: Survey, *, why: str, field: str = "name") -> None:
    (report,) = survey.reports
    assert (report.verdict, report.field) == (Verdict.REPAIRED, field)
    assert why in report.reason.format(**report.values)


@pytest.mark.parametrize(("name", "kept", "why"), ODD)
def test_a_streets_a_facilitys_and_a_villages_name_are_made_plain(tmp_path: Path, name: str, kept: str, why: str):
    street = read_survey(geojson(tmp_path, name, shape=ROAD, highway="road"))
    shop = read_survey(geojson(tmp_path, name, shape=SPOT, shop="yes"))
    village = read_survey(geojson(tmp_path, name, shape=SPOT, place="village"))
    for survey in (street, shop, village):
        mended(survey, why=why)
    assert (street.centrelines[0].name, shop.facilities[0].name, village.areas[0].name) == (kept, kept, kept)


@pytest.mark.parametrize(("name", "kept", "why"), ODD)
def test_tables_are_mended_as_files_of_lines_are(
    tmp_path: Path, make_gpkg: Callable[..., Path], name: str, kept: str, why: str
):
    table = tmp_path / "survey.csv"
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([["叫法", "类型", "经度", "纬度"], [name, "商店", "116.3", "37.4"]])
    columns = {Field.NAME: "叫法", Field.KIND: "类型", Field.X: "经度", Field.Y: "纬度"}
    of_table = read_survey(table, datum="EPSG:4490", by=Columns(columns))
    mended(of_table, why=why, field="叫法")
    line = LineString([(116.3, 37.4), (116.301, 37.4)])
    of_layer = read_survey(make_gpkg([line], crs="EPSG:4490", name=[name], highway=["road"]))
    mended(of_layer, why=why)
    assert (of_table.facilities[0].name, of_layer.centrelines[0].name) == (kept, kept)


def test_a_name_of_what_cannot_be_seen_alone_is_none(tmp_path: Path):
    survey = read_survey(geojson(tmp_path, "\u200b\u202e", shape=ROAD, highway="road"))
    mended(survey, why="Invisible")
    assert survey.centrelines[0].name is None


def test_an_ending_that_tells_the_kind_is_read_behind_what_cannot_be_seen(tmp_path: Path, make_gpkg):
    survey = read_survey(make_gpkg([Point(116.3, 37.4)], crs="EPSG:4490", name=["张庄村\u200f"]))
    assert [area.name for area in survey.areas] == ["张庄村"]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
@example(words="\x1b\r0")
def test_what_is_plain_stays_so_and_what_changed_is_said(words: str):
    kept, notes = plain(words)
    assert plain(kept) == (kept, ())
    assert kept == words.strip() or notes
