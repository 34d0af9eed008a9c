"""Rejected rows come back in their own format, and what is mended there reads."""

from __future__ import annotations

import dataclasses
import datetime as dt
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


@pytest.mark.parametrize("kind", ["json", "shp", "gpkg", "kml", "kmz"])
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


def rejected(*rows: tuple[str, dict[str, str], BaseGeometry | None], datum: str = "EPSG:4326") -> Survey:
    reports = [
        RowReport(n, key, Verdict.REJECTED, "“{words}” is no road.", "类型", {"words": "墙"}, tags, shape)
        for n, (key, tags, shape) in enumerate(rows, start=1)
    ]
    return Survey((), (), (), tuple(reports), datum)


def test_a_gpx_comes_back_as_a_gpx_with_its_reasons_as_comments(tmp_path: Path):
    parts = shapely.MultiLineString([GOOD, LineString([(117, 37), (117.1, 37)])])
    rows = rejected(
        ("waypoints/row/1", {"name": "井", "cmt": "原因：上次\n很深", "ele": "12"}, Point(116.3, 37.4)),
        ("routes/row/1", {"name": "去镇上"}, GOOD),
        ("tracks/row/1", {"name": "回来", "number": "2"}, parts),
        ("tracks/row/2", {"name": "空"}, None),
    )
    returned = give_back(rows, kind="gpx", folder=tmp_path, stem="rows")
    assert returned.path.suffix == ".gpx"
    opened = open_rows(returned.path)
    assert opened.kind == "gpx"
    assert [row.key.partition("/")[0] for row in opened.rows] == ["waypoints", "routes", "tracks", "tracks"]
    by_name = {row.tags["name"]: row for row in opened.rows}
    assert by_name["井"].tags["cmt"] == "原因：“墙” is no road.；行号 1；字段 类型\n很深"
    assert shapely.force_2d(by_name["井"].shape) == Point(116.3, 37.4)
    assert shapely.equals_exact(by_name["去镇上"].shape, GOOD, 1e-7)
    assert shapely.get_num_geometries(by_name["回来"].shape) == 2
    assert by_name["空"].shape is None or by_name["空"].shape.is_empty


def test_a_drawing_comes_back_as_a_drawing_with_its_reasons_beside_the_rows(tmp_path: Path):
    line = LineString([(438060.5, 4146682.9), (438160.5, 4146682.9), (438160.5, 4146782.9)])
    rows = rejected(
        ("1A", {"图层": "道路", "key": "1A"}, line),
        ("1B", {"图层": "注记", "text": "东大街"}, Point(438060.5, 4146690.0)),
        ("1C", {"图层": "房屋"}, shapely.box(438000, 4146600, 438010, 4146610)),
        ("1D", {"图层": "点"}, Point(438060.5, 4146700.0)),
        datum="EPSG:4548",
    )
    returned = give_back(rows, kind="dxf", folder=tmp_path, stem="rows")
    assert returned.path.suffix == ".dxf"
    opened = open_rows(returned.path)
    assert opened.kind == "dxf"
    assert [row.tags["图层"] for row in opened.rows] == ["道路", "注记", "房屋", "点"]
    assert shapely.equals_exact(shapely.force_2d(opened.rows[0].shape), line, 1e-6)
    assert opened.rows[1].tags["text"] == "东大街"
    told = pyogrio.read_dataframe(returned.path)
    assert sum("is no road" in str(text) for text in told["Text"]) == 4


@pytest.mark.parametrize(("kind", "suffix"), [("osm", ".osm"), ("pbf", ".osm.pbf")])
def test_objects_of_openstreetmap_come_back_as_such_under_their_keys(tmp_path: Path, kind: str, suffix: str):
    hole = shapely.Polygon(
        shapely.box(116, 37, 116.1, 37.1).exterior, [shapely.box(116.04, 37.04, 116.05, 37.05).exterior]
    )
    rows = rejected(
        ("way/5", {"highway": "residential", "name": "东街"}, GOOD),
        ("node/3", {"place": "village"}, Point(116.3, 37.4)),
        ("relation/9", {"admin_level": "10", "boundary": "administrative"}, hole),
        ("way/7", {"highway": "residential"}, None),
    )
    returned = give_back(rows, kind=kind, folder=tmp_path, stem="rows")
    assert returned.suffix == suffix
    opened = open_rows(returned.path)
    assert opened.kind == kind
    by_key = {row.key: row for row in opened.rows}
    assert set(by_key) == {"way/5", "node/3", "relation/9", "way/7"}
    assert by_key["way/5"].tags == {
        "highway": "residential", "name": "东街", "行号": "1", "原因": "“墙” is no road.", "字段": "类型"
    }  # fmt: skip
    assert shapely.equals_exact(by_key["way/5"].shape, GOOD, 1e-7)
    assert shapely.equals_exact(by_key["node/3"].shape, Point(116.3, 37.4), 1e-7)
    assert by_key["relation/9"].shape.equals(hole)
    assert by_key["way/7"].shape is None


def test_a_returned_geojson_tells_gdal_its_coordinate_system(tmp_path: Path):
    plane = LineString([(500000.0, 4140000.0), (500100.0, 4140000.0)])
    returned = give_back(survey(datum="EPSG:4548", shapes=(plane,)), kind="json", folder=tmp_path, stem="rows")
    assert pyogrio.read_dataframe(returned.path).crs.to_epsg() == 4548
    degrees = give_back(survey(datum="EPSG:4490"), kind="json", folder=tmp_path, stem="degrees")
    frame = pyogrio.read_dataframe(degrees.path)
    assert frame.crs.to_epsg() == 4490
    assert shapely.equals_exact(frame.geometry[0], GOOD, 1e-7)
    shifted = give_back(survey(datum="GCJ-02"), kind="json", folder=tmp_path, stem="shifted")
    assert "crs" not in json.loads(shifted.path.read_text())


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8"])
def test_a_csv_comes_back_as_it_was_written(tmp_path: Path, encoding: str):
    path = tmp_path / "list.csv"
    path.write_text("Name;WKT;类型\n东街;POINT (200 91);商店\n西街;不知;商店\n", encoding=encoding)
    opened = open_rows(path)
    returned = give_back(opened.survey("EPSG:4490"), kind=opened.kind, folder=tmp_path, stem="rows", form=opened.form)
    raw = returned.path.read_bytes()
    text = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    assert text.splitlines()[0] == "Name;WKT;类型;行号;原因;字段"
    assert text.splitlines()[2].startswith("西街;不知;商店;2;")
    assert text.splitlines()[2].endswith(";WKT")
    again = open_rows(returned.path)
    assert [row.tags["name"] for row in again.rows] == ["东街", "西街"]


def test_a_workbook_comes_back_with_its_columns_as_written(tmp_path: Path):
    book = openpyxl.Workbook()
    for line in (["Name", "经度(E)", "Lat", "类型"], ["东街", "东边", 37.4, "商店"]):
        book.worksheets[0].append(line)
    book.save(tmp_path / "list.xlsx")
    opened = open_rows(tmp_path / "list.xlsx")
    returned = give_back(opened.survey("EPSG:4490"), kind="xlsx", folder=tmp_path, stem="rows", form=opened.form)
    head = [cell.value for cell in openpyxl.load_workbook(returned.path).worksheets[0][1]]
    assert head == ["Name", "经度(E)", "Lat", "类型", "行号", "原因", "字段"]


def test_cells_of_a_workbook_come_back_as_what_they_held(tmp_path: Path):
    held: dict[str, object] = {
        "名称": "甲店",
        "类型": "商店",
        "经度": "东边",
        "纬度": 37.4,
        "宽度": 4.5,
        "日期": dt.date(2024, 1, 3),
        "时刻": dt.datetime.fromisoformat("2024-01-03T08:30:00"),
        "门牌": "007",
        "面积": "=D2*2",
    }
    book = openpyxl.Workbook()
    book.worksheets[0].append(list(held))
    book.worksheets[0].append(list(held.values()))
    book.save(tmp_path / "rows.xlsx")
    opened = open_rows(tmp_path / "rows.xlsx")
    returned = give_back(opened.survey("EPSG:4490"), kind="xlsx", folder=tmp_path, stem="back", form=opened.form)
    sheet = openpyxl.load_workbook(returned.path).worksheets[0]
    cells = {str(head.value): cell for head, cell in zip(sheet[1], sheet[2], strict=True)}
    back = {name: cells[name].value for name in held}
    assert back == held | {"日期": dt.datetime.fromisoformat("2024-01-03")}
    assert cells["行号"].value == 1
    assert cells["面积"].data_type == "s", "the cells that it names lie elsewhere now"
    assert cells["日期"].number_format == "yyyy-mm-dd"
