"""Rejected rows come back in their own format, and what is mended there reads."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import openpyxl
import pyogrio
import pytest
import shapely
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from gis.features import RowReport, Survey, Verdict
from gis.formats import open_rows, read_survey
from gis.formats.returning import give_back
from gis.formats.writing import write_table

GOOD, ALSO = LineString([(116.3, 37.4), (116.31, 37.4)]), LineString([(116.31, 37.4), (116.31, 37.41)])


def survey(*, datum: str = "EPSG:4490", shapes: tuple[BaseGeometry | None, ...] = (GOOD, ALSO, None)) -> Survey:
    """Three rejected rows and one that was accepted."""
    rejected = [
        RowReport(
            row=n + 1,
            key=str(n + 1),
            verdict=Verdict.REJECTED,
            reason="“{words}” is no coordinate.",
            field="类型",
            values={"words": "东边"},
            attributes={"name": f"第{n}街", "类型": "道路"},
            shape=shape,
        )
        for n, shape in enumerate(shapes)
    ]
    return Survey((), (), (), (RowReport(9, "9", Verdict.ACCEPTED), *rejected), datum)


@pytest.mark.parametrize("kind", ["json", "shp", "gpkg", "kml", "osm", "dxf"])
def test_rows_with_shapes_come_back_with_their_reason_and_read_again(tmp_path: Path, kind: str):
    returned = give_back(survey(datum="EPSG:4326"), kind=kind, folder=tmp_path, stem="rows")
    assert returned.rows == 3
    opened = open_rows(returned.path)
    by_row = {row.tags["行号"]: row for row in opened.rows}
    assert set(by_row) == {"1", "2", "3"}
    for number, shape in (("1", GOOD), ("2", ALSO)):
        row = by_row[number]
        assert row.tags["原因"] == "“东边” is no coordinate."
        assert row.tags["字段"] == "类型"
        assert row.shape is not None
        assert shapely.equals_exact(shapely.force_2d(row.shape), shape, 1e-7)
    assert by_row["3"].shape is None
    again = read_survey(returned.path)
    assert sorted(line.name or "" for line in again.centrelines) == ["第0街", "第1街"]
    assert again.datum == "EPSG:4326"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_list_comes_back_as_a_list(tmp_path: Path, kind: str):
    rows = survey(shapes=(None, None))
    returned = give_back(rows, kind=kind, folder=tmp_path, stem="rows")
    assert returned.path.suffix == f".{kind}"
    opened = open_rows(returned.path)
    assert opened.names == ["name", "类型", "行号", "原因", "字段"]
    assert [row.tags["name"] for row in opened.rows] == ["第0街", "第1街"]
    assert opened.rows[0].tags["原因"] == "“东边” is no coordinate."


@pytest.mark.parametrize(("words", "kept"), [("=1+1", "=1+1"), ("a\x0bb", "ab")])
def test_what_a_cell_of_a_workbook_says_is_given_back_as_text(tmp_path: Path, words: str, kept: str):
    report = dataclasses.replace(survey(shapes=(None,)).reports[1], attributes={"name": words})
    returned = give_back(Survey((), (), (), (report,), "EPSG:4490"), kind="xlsx", folder=tmp_path, stem="rows")
    cell = openpyxl.load_workbook(returned.path).worksheets[0]["A2"]
    assert (cell.value, cell.data_type) == (kept, "s")


def test_what_was_added_the_last_time_is_not_doubled(tmp_path: Path):
    first = give_back(survey(shapes=(None,)), kind="csv", folder=tmp_path, stem="first")
    tags = open_rows(first.path).rows[0].tags
    report = dataclasses.replace(survey(shapes=(None,)).reports[1], attributes=tags)
    second = give_back(Survey((), (), (), (report,), "EPSG:4490"), kind="csv", folder=tmp_path, stem="second")
    assert open_rows(second.path).names == ["name", "类型", "行号", "原因", "字段"]


def test_shapes_of_several_kinds_come_back_as_several_shapefiles(tmp_path: Path):
    area = shapely.box(116, 37, 116.1, 37.1)
    returned = give_back(survey(shapes=(GOOD, Point(116, 37), area)), kind="shp", folder=tmp_path, stem="rows")
    opened = open_rows(returned.path)
    assert {row.shape.geom_type for row in opened.rows if row.shape} == {"LineString", "Point", "Polygon"}
    assert len(opened.rows) == 3


@pytest.mark.parametrize(("kind", "suffix"), [("gpkg", ".geojson"), ("shp", ".zip"), ("json", ".geojson")])
def test_a_datum_without_a_code_is_named_or_left_open_never_wrong(tmp_path: Path, kind: str, suffix: str):
    returned = give_back(survey(datum="GCJ-02"), kind=kind, folder=tmp_path, stem="rows")
    assert returned.path.suffix == suffix
    stated = open_rows(returned.path).stated
    assert stated == (None if suffix == ".zip" else "GCJ-02")


def test_the_coordinates_are_the_files_own(tmp_path: Path):
    plane = LineString([(500000.0, 4140000.0), (500100.0, 4140000.0)])
    returned = give_back(survey(datum="EPSG:4548", shapes=(plane,)), kind="gpkg", folder=tmp_path, stem="rows")
    frame = pyogrio.read_dataframe(returned.path)
    assert frame.crs.to_epsg() == 4548
    assert frame.geometry[0].equals(plane)
    flat = give_back(survey(datum="EPSG:4548", shapes=(plane,)), kind="json", folder=tmp_path, stem="flat")
    assert json.loads(flat.path.read_text())["features"][0]["geometry"]["coordinates"][0] == [500000.0, 4140000.0]


def test_a_table_of_one_kind_in_parts_is_written_as_many(tmp_path: Path):
    parts = shapely.MultiLineString([GOOD, LineString([(117, 37), (117.1, 37)])])
    write_table(tmp_path / "t.gpkg", [GOOD, parts], {"name": ["一", "二"]}, crs="EPSG:4490")
    assert set(pyogrio.read_dataframe(tmp_path / "t.gpkg").geom_type) == {"MultiLineString"}
