"""Lists with their places in columns: CSV as Chinese Excel writes it, and workbooks with titles above the table."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import UnknownDatum, UnreadableFile
from gis.features import Verdict
from gis.formats import Columns, Field, guess, open_rows, read_survey

SEATS = "名称,经度,纬度\n甲村村委会,116.30,37.40\n乙村村委会,116.31,37.41\n"


@pytest.fixture
def listed(tmp_path: Path):
    """A file of these bytes or words."""

    def make(content: str | bytes, name: str = "村委会.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return make


@pytest.fixture
def booked(tmp_path: Path):
    """A workbook of these sheets: title → rows."""

    def make(**sheets: list[list[object]]) -> Path:
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / "调查表.xlsx")
        return tmp_path / "调查表.xlsx"

    return make


def verdicts(survey) -> list[tuple[str, str]]:
    return [(report.key, report.verdict.value) for report in survey.reports]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_a_list_is_read_in_every_encoding_and_with_every_delimiter(listed, encoding: str, delimiter: str):
    survey = read_survey(listed(SEATS.replace(",", delimiter), encoding=encoding), datum="EPSG:4490")
    assert [facility.name for facility in survey.facilities] == ["甲村村委会", "乙村村委会"]
    assert verdicts(survey) == [("row/2", "accepted"), ("row/3", "accepted")]
    assert (survey.facilities[1].point.x, survey.facilities[1].point.y) == (116.31, 37.41)


def test_a_list_says_nothing_of_its_datum_and_has_to_be_told(listed):
    with pytest.raises(UnknownDatum, match="does not say its coordinate system"):
        read_survey(listed(SEATS))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("116°18′0″", "37°24′0″"),
        ("东经116度18分", "北纬37度24分"),
        ("E116.3°", "N37.4°"),
        ("１１６．３", "３７．４"),
        ("116.300", " 37.4 "),
        ("1.163e2", "3.74E1"),
    ],
)
def test_degrees_are_read_as_people_write_them(listed, x: str, y: str):
    survey = read_survey(listed(f"名称;经度(°);纬度（度）\n甲村村委会;{x};{y}\n乙村村委会;{x};37.5"), datum="EPSG:4490")
    at = survey.facilities[0].point
    assert (round(at.x, 9), round(at.y, 9)) == (116.3, 37.4)


def test_plane_coordinates_with_thousands_are_read_in_the_zone_that_is_told(listed):
    path = listed('名称,横坐标(m),纵坐标(m)\n甲村村委会,"438,000.5","4,141,000.25"\n乙村村委会,438100,4141000\n')
    survey = read_survey(path, datum="EPSG:4548")
    assert 116.2 < survey.facilities[0].point.x < 116.4
    assert verdicts(survey) == [("row/2", "accepted"), ("row/3", "accepted")]


def test_lines_and_outlines_come_as_wkt(listed):
    path = listed(
        '路名,道路等级,WKT\n幸福路,村道,"LINESTRING (116.3 37.4, 116.31 37.4)"\n坏路,村道,"LINESTRING (116.3"\n'
        "空路,村道,\n"
    )
    survey = read_survey(path, datum="EPSG:4490")
    assert [line.name for line in survey.centrelines] == ["幸福路"]
    told = [(r.verdict, r.field, r.reason.format(**r.values)) for r in survey.reports[1:]]
    assert told[0] == (Verdict.REJECTED, "wkt", "“LINESTRING (116.3” is no geometry in WKT.")
    assert told[1][0] is Verdict.REJECTED


@pytest.mark.parametrize(
    ("cells", "field", "said"),
    [
        ("甲村村委会,116.3,三十七度", "纬度", "“三十七度” is no coordinate."),
        ("甲村村委会,,37.4", "经度", "The row has no 经度; fill it or delete the row."),
        ("甲村村委会,116.3,37.4,多余", "纬度", "The row has 1 values beyond the 3 columns;"),
        ("甲村村委会,37.4,116.3", "geometry", "looks like swapped axes"),
    ],
)
def test_a_row_that_cannot_be_placed_says_which_cell_and_why(listed, cells: str, field: str, said: str):
    survey = read_survey(listed(f"{SEATS}{cells}\n"), datum="EPSG:4490")
    bad = survey.reports[2]
    assert (bad.key, bad.verdict, bad.field) == ("row/4", Verdict.REJECTED, field)
    assert said in bad.reason.format(**bad.values)
    assert [report.verdict for report in survey.reports[:2]] == [Verdict.ACCEPTED] * 2


def test_blank_lines_are_no_rows_and_a_cell_with_line_breaks_is_one(listed):
    survey = read_survey(
        listed('名称,经度,纬度\n\n"甲村\n村委会",116.3,37.4\n,,\n乙村村委会,116.4,37.5'), datum="EPSG:4490"
    )
    assert verdicts(survey) == [("row/3", "repaired"), ("row/6", "accepted")]


BAD_LISTS = {
    "prose": ("春眠不觉晓\n处处闻啼鸟\n", "is a text without columns"),
    "one line": ("甲村,116.3,37.4", "has only one line"),
    "open quote": ('名称,经度,纬度\n"甲村村委会,116.3,37.4\n', "damaged at line 2: a quotation mark is not closed"),
    "numbers alone": ("1,116.3,37.4\n2,116.4,37.5\n", "has no line of column names"),
    "no places": ("名称,备注\n甲村村委会,好\n乙村村委会,好\n", "no columns that say where its rows are"),
    "header alone": ("名称,经度,纬度\n\n,,\n", "has no rows"),
}


@pytest.mark.parametrize("which", BAD_LISTS)
def test_a_list_that_cannot_be_used_says_why(listed, which: str):
    content, said = BAD_LISTS[which]
    with pytest.raises(UnreadableFile) as refused:
        read_survey(listed(content), datum="EPSG:4490")
    assert said in str(refused.value)
    assert "村委会.csv" in str(refused.value)


def test_a_workbook_is_read_below_its_title_over_all_its_sheets(booked):
    path = booked(
        甲镇=[
            ["德州市甲镇道路调查表"],
            [],
            ["序号", "类型", "名称", "经度", "纬度"],
            [1, "村委会", "甲村", 116.3, 37.4],
        ],
        说明=[["填表说明：经纬度取小数"]],
        乙镇=[["名称", "类型", "lon", "lat"], ["乙村", "村委会", "116.31", 37.41], ["丙村", "村委会", None, 37.42]],
    )
    survey = read_survey(path, datum="EPSG:4490")
    assert verdicts(survey) == [("甲镇/row/4", "accepted"), ("乙镇/row/2", "accepted"), ("乙镇/row/3", "rejected")]
    assert [facility.name for facility in survey.facilities] == ["甲村", "乙村"]


def test_a_workbook_with_entities_or_a_bomb_inside_is_refused(booked, tmp_path: Path):
    whole = booked(表=[["名称", "经度", "纬度"], ["甲村村委会", 116.3, 37.4]])
    mined = tmp_path / "mined.xlsx"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(mined, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                data = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaa">]>' + data[data.index(b"<worksheet") :]
            target.writestr(entry, data)
    with pytest.raises(UnreadableFile, match=r"mined\.xlsx declares XML entities"):
        read_survey(mined, datum="EPSG:4490")


def test_a_workbook_without_a_table_says_so(booked):
    with pytest.raises(UnreadableFile, match="has no table"):
        read_survey(booked(表=[["标题"]]), datum="EPSG:4490")


def test_columns_of_strange_names_are_mapped_by_a_person(listed):
    path = listed("a,b,c,d\n幸福,116.3,37.4,x\n平安,116.4,37.5,y\n")
    assert open_rows(path).lost
    by = Columns({Field.NAME: "a", Field.X: "b", Field.Y: "c"}, every="商店")
    survey = read_survey(path, datum="EPSG:4490", by=by)
    assert [(shop.kind.value, shop.name) for shop in survey.facilities] == [("shop", "幸福"), ("shop", "平安")]


def test_a_mapping_goes_before_what_columns_are_called(listed):
    path = listed("名称,别名,经度,纬度\n甲,乙村村委会,116.3,37.4\n丙,丁村村委会,116.4,37.5\n")
    by = Columns({Field.NAME: "别名", Field.X: "经度", Field.Y: "纬度"})
    assert [f.name for f in read_survey(path, datum="EPSG:4490", by=by).facilities] == ["乙村村委会", "丁村村委会"]


def test_a_mapping_of_a_drawn_file_keeps_its_shapes(make_geojson):
    line = {"type": "LineString", "coordinates": [[116.3, 37.4], [116.31, 37.4]]}
    path = make_geojson((line, {"mingcheng": "幸福路"}))
    by = Columns({Field.NAME: "mingcheng"}, every="道路")
    assert [each.name for each in read_survey(path, by=by).centrelines] == ["幸福路"]


CELLS = st.lists(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12), min_size=3, max_size=3)


@given(rows=st.lists(CELLS, max_size=30))
def test_no_row_of_a_list_is_lost(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]):
    import csv

    path = tmp_path_factory.mktemp("list") / "list.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["名称", "经度", "纬度"], ["甲村村委会", "116.3", "37.4"], *rows])
    survey = read_survey(path, datum="EPSG:4490")
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    assert len(survey.reports) == 1 + len(filled)


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["单位名称", "东经度", "北纬度"], {Field.NAME: "单位名称", Field.X: "东经度", Field.Y: "北纬度"}),
        (["名称", "曾用名称"], {Field.NAME: "名称"}),
        (["单位名称", "曾用名称"], {}),
        (["lon_old", "mylat"], {}),
    ],
)
def test_a_column_is_guessed_by_the_word_that_its_name_holds_where_only_one_does(
    names: list[str], wanted: dict[Field, str]
):
    assert guess(names).of == wanted


def test_what_is_said_of_a_row_names_the_files_own_column(listed):
    by = Columns({Field.NAME: "单位", Field.KIND: "性质", Field.X: "东", Field.Y: "北"})
    survey = read_survey(listed("单位,性质,东,北\n老井,水井,116.3,37.5\n"), datum="EPSG:4490", by=by)
    (report,) = survey.reports
    assert report.field == "性质"
    assert report.reason.format(**report.values) == "性质=水井 is of no kind that is kept."


def test_a_sheet_of_notes_beside_tables_is_left_out_and_says_so(tmp_path):
    book = openpyxl.Workbook()
    sheets: dict[str, list[list[object]]] = {
        "商店": [["名称", "经度", "纬度", "类型"], ["甲店", 116.3, 37.4, "商店"]],
        "学校": [["名称", "经度", "纬度", "类型"], ["小学", 116.31, 37.4, "学校"]],
        "说明": [["测绘队编"], ["坐标为国家大地坐标系"]],
    }
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    book.save(tmp_path / "list.xlsx")
    survey = read_survey(tmp_path / "list.xlsx", datum="EPSG:4490")
    assert [place.name for place in survey.facilities] == ["甲店", "小学"]
    left = [report for report in survey.reports if report.verdict is Verdict.IGNORED]
    assert [report.key for report in left] == ["说明/row/1", "说明/row/2"]
    assert left[0].reason.format(**left[0].values) == "The sheet 说明 has no line of column names, so it was left out."


def test_a_workbook_without_any_table_names_its_sheets(tmp_path):
    book = openpyxl.Workbook()
    book.worksheets[0].title = "说明"
    for line in (["一"], ["二"]):
        book.worksheets[0].append(line)
    book.save(tmp_path / "list.xlsx")
    with pytest.raises(UnreadableFile, match=r"No sheet of list\.xlsx \(说明\) has a line of column names"):
        read_survey(tmp_path / "list.xlsx")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("名称,经度,纬度\n".encode(), "has only one line"),
        ("名称;经度;纬度".encode("gb18030"), "has only one line"),
        ("名称,经度\n东街,116\0.3\n".encode(), "has zero bytes among its text"),
        ("名称,经度\n东街,116.3\n".encode("utf-16-le"), "has zero bytes among its text"),
        ("只有一列\n东街\n".encode(), "is a text without columns"),
    ],
)
def test_a_csv_that_is_no_table_says_why(tmp_path, data, words):
    (tmp_path / "list.csv").write_bytes(data)
    with pytest.raises(UnreadableFile, match=words):
        read_survey(tmp_path / "list.csv", datum="EPSG:4490")


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_wkt_without_quotes_is_no_sign_that_commas_part_the_columns(listed, delimiter: str, encoding: str):
    rows = [
        ("路名", "道路等级", "wkt"),
        *((f"第{n}路", "村道", f"LINESTRING (116.3 37.{n}, 116.4 37.{n})") for n in range(9)),
    ]
    path = listed("\n".join(delimiter.join(cells) for cells in rows), encoding=encoding)
    assert [line.name for line in read_survey(path, datum="EPSG:4490").centrelines] == [f"第{n}路" for n in range(9)]


def test_columns_of_unknown_names_are_parted_as_their_header_is(listed):
    path = listed("甲\t乙\n" + "".join(f"{n}\tLINESTRING (116.3 37.4, 116.4 37.{n})\n" for n in range(3)))
    assert open_rows(path).names == ["甲", "乙"]


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ("CIRCULARSTRING(116.3 37.4,116.35 37.45,116.4 37.4)", "The geometry is a curve"),
        ("COMPOUNDCURVE((116.3 37.4,116.4 37.4))", "The geometry is a curve"),
        ("GEOMETRYCOLLECTION(CURVEPOLYGON((0 0,1 1,1 0,0 0)))", "The geometry is a curve"),
        ("SRID=x;LINESTRING(116.3 37.4,116.4 37.4)", "is no geometry in WKT"),
        ("LINESTRING(116.3 nan,116.4 37.4)", "is not a finite number"),
    ],
)
def test_one_odd_geometry_is_its_rows_and_not_the_files(listed, shape: str, reason: str):
    path = listed(f'名称,类型,wkt\n弯路,道路,"{shape}"\n好路,道路,"LINESTRING(116.3 37.4,116.4 37.4)"\n')
    survey = read_survey(path, datum="EPSG:4490")
    assert [report.verdict for report in survey.reports] == [Verdict.REJECTED, Verdict.ACCEPTED]
    assert reason in survey.reports[0].reason.format(**survey.reports[0].values)


def test_the_datum_that_rows_state_themselves_is_the_files(listed):
    rows = [(f"第{n}路", f"SRID=4548;LINESTRING(438000 41410{n}0,438090 41410{n}0)") for n in range(3)]
    path = listed("名称,类型,wkt\n" + "".join(f'{name},道路,"{shape}"\n' for name, shape in rows))
    survey = read_survey(path)
    assert survey.datum == "EPSG:4548"
    assert survey.centrelines[0].line.coords[0] == pytest.approx((116.3, 37.4), abs=0.01)


def test_rows_that_state_different_datums_are_refused_and_named(listed):
    shapes = {"甲路": "SRID=4490;LINESTRING(116.3 37.4,116.4 37.4)", "乙路": "srid = 4548 ; POINT(438000 4141000)"}
    path = listed("名称,类型,wkt\n" + "".join(f'{name},道路,"{shape}"\n' for name, shape in shapes.items()))
    with pytest.raises(UnknownDatum, match=r"EPSG:4490 \(row/2\); EPSG:4548 \(row/3\)"):
        read_survey(path)


TWO_LINES: list[list[object]] = [
    ["乐陵市便民设施调查表"],
    ["单位：市中街道", None, None, "填表日期", "2026-01-01"],
    ["序号", "名称", "类型", "位置", None],
    [None, None, None, "经度", "纬度"],
    [1, "甲店", "商店", 116.3, 37.4],
    [2, "乙店", "商店", "东边", 37.4],
]


def test_a_header_of_two_lines_with_merged_cells_is_one(booked):
    survey = read_survey(booked(点=TWO_LINES), datum="EPSG:4490")
    assert [place.name for place in survey.facilities] == ["甲店"]
    assert [(r.key, r.verdict, r.field) for r in survey.reports[1:]] == [("row/6", Verdict.REJECTED, "位置/经度")]


def test_the_columns_of_a_header_of_two_lines_are_called_by_both(booked, listed):
    names = ["序号", "名称", "类型", "位置/经度", "位置/纬度"]
    assert open_rows(booked(点=TWO_LINES)).names == names
    text = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in TWO_LINES)
    assert open_rows(listed(text)).names == names


@pytest.mark.parametrize(
    "second", [["甲店", "商店", "东", "北"], ["", "商店", "东", "北"], ["甲店", "", "116.3", "37.4"]]
)
def test_a_row_below_the_header_is_no_part_of_it(listed, second: list[str]):
    path = listed(f"名称,类型,经度,纬度\n{','.join(second)}\n乙店,商店,116.3,37.4\n")
    assert len(open_rows(path).rows) == 2


def test_lines_that_close_a_table_are_ignored_and_say_so(booked):
    closing = [["合计", 2], ["填表人：张三", None, "审核人：李四", "日期：2026年1月"], ["备注：", "另附照片"]]
    survey = read_survey(booked(点=[*TWO_LINES, *closing]), datum="EPSG:4490")
    assert [report.verdict for report in survey.reports[2:]] == [Verdict.IGNORED] * 3
    assert survey.reports[2].reason.format(**survey.reports[2].values).startswith("The line “合计 2” below the table")


@pytest.mark.parametrize("cells", ["合计,商店,116.3,37.4", "合计商店,,116.3,", "备注,商店,116.3,37.4"])
def test_a_last_row_that_only_looks_like_a_close_is_a_row(listed, cells: str):
    survey = read_survey(listed(f"名称,类型,经度,纬度\n甲店,商店,116.3,37.4\n{cells}\n"), datum="EPSG:4490")
    assert survey.reports[1].verdict is not Verdict.IGNORED


def test_a_formula_without_a_value_says_so(booked):
    path = booked(
        点=[["名称", "类型", "经度", "纬度"], ["甲店", "商店", "=110+6", 37.4], ["乙店", "商店", 116.3, 37.4]]
    )
    survey = read_survey(path, datum="EPSG:4490")
    assert [report.verdict for report in survey.reports] == [Verdict.REJECTED, Verdict.ACCEPTED]
    assert survey.reports[0].reason.format(**survey.reports[0].values).startswith("The formula =110+6 has no value")


def test_a_text_in_big5_is_refused_by_that_name(listed):
    with pytest.raises(UnreadableFile, match="is written in Big5"):
        read_survey(listed("名稱,類型,經度,緯度\n王記商店,商店,117.2364,37.8197\n", encoding="big5"))
