"""The step that says what a file's columns mean, through the office."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import openpyxl
import pytest

from app.base.models import Role
from tests.app.pages import Office, Person, hidden_in, survey, uid_of, work_off
from tests.world import World

#: Points near 丁村, in columns that no table calls so.
SHEET = (
    "点名,东,北,性质\n丁村供销社,116.3302,37.4005,商店\n丁村小学,116.3301,37.4003,学校\n老井,116.3303,37.4002,水井\n"
)
ROADS = """路名,图形
幸福路,"LINESTRING (116.33 37.40,116.333 37.40)"
光明路,"LINESTRING (116.33 37.40,116.33 37.403)"
"""
CHOICE = {"of_name": "点名", "of_x": "东", "of_y": "北", "of_kind": "性质"}


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    made = Office(world, stations=True)
    yield made
    made.close()


@pytest.fixture
def officer(office: Office) -> Person:
    return Person(office, Role.COUNTY_OFFICER, "西县")


def hand_in(world: World, officer: Person, data: str | bytes, name: str = "list.csv", **fields: str) -> str:
    """Where handing a file in for 中镇 leads to."""
    body = data.encode() if isinstance(data, str) else data
    here = f"/intake/new?in={uid_of(world, '中镇')}"
    return officer.goes(here, files={"file": (name, body, "text/csv")}, datum="EPSG:4490", **fields)


def page_of(where: str) -> str:
    return where.partition("?")[0]


def said(page: str, where: str) -> dict[str, list[str]]:
    """What the page's form carries of what was said of the file before."""
    return hidden_in(page, page_of(where))


def taken(world: World, officer: Person, run: str) -> str:
    """The record's page once the worker has done a run."""
    work_off(world, run.rpartition("/")[2])
    return officer.reads(officer.client.get(run).headers["location"])


def facilities(world: World) -> set[tuple[str, str]]:
    with world.owner.connect() as connection:
        found = connection.exec_driver_sql("SELECT name, kind FROM intake.facility WHERE name NOT LIKE '%%村'")
        return {tuple(row) for row in found}


def test_a_table_is_asked_about_shown_and_taken_in_by_the_chosen_columns(world: World, officer: Person):
    where = hand_in(world, officer, SHEET)
    page = officer.reads(where)
    assert "老井" in page
    assert facilities(world) == set()
    looked = officer.sends(where, status=200, act="look", **said(page, where), **CHOICE).text
    assert re.search(r"采用.*?<dd>2</dd>", looked, re.DOTALL)
    assert re.search(r"不采用.*?<dd>1</dd>", looked, re.DOTALL)
    assert "水井" in looked
    assert facilities(world) == set()
    record = taken(world, officer, officer.goes(where, act="take", **said(page, where), **CHOICE))
    assert facilities(world) == {("丁村供销社", "shop"), ("丁村小学", "school")}
    assert ">1<" in record.replace("\n", "")


def test_what_was_said_is_remembered_for_the_next_file_of_the_source(world: World, officer: Person):
    where = hand_in(world, officer, SHEET, source="测绘队")
    officer.goes(where, act="take", **said(officer.reads(where), where), **CHOICE)
    straight = hand_in(world, officer, SHEET.replace("37.40", "37.41"), name="again.csv", source="测绘队")
    assert straight.startswith("/intake/runs/")
    taken(world, officer, straight)
    assert len(facilities(world)) == 2
    assert "/columns" in hand_in(world, officer, SHEET.replace("点名", "名"), source="测绘队")


def test_all_rows_may_be_one_kind_where_no_column_says_it(world: World, officer: Person):
    where = hand_in(world, officer, ROADS)
    page = officer.reads(where)
    choice = {"of_name": "路名", "of_wkt": "图形", "of_every": "道路"}
    record = taken(world, officer, officer.goes(where, act="take", **said(page, where), **choice))
    assert "幸福路" not in record
    with world.owner.connect() as connection:
        names = connection.exec_driver_sql("SELECT name FROM intake.segment ORDER BY name").scalars().all()
    assert names == ["光明路", "幸福路"]


@pytest.mark.parametrize(
    ("choice", "field", "words"),
    [
        ({"of_name": "点名"}, "of_x", "位置所在的列"),
        ({"of_name": "点名", "of_x": "东"}, "of_y", "位置所在的列"),
        ({**CHOICE, "of_y": "东"}, "of_y", "同一列"),
        ({**CHOICE, "of_name": "姓名"}, "of_name", "没有“姓名”列"),
        ({"of_name": "点名", "of_x": "东", "of_y": "北", "of_every": "井"}, "of_every", "列表"),
        ({"of_name": "东", "of_x": "东", "of_y": "北"}, "of_name", "没有可用"),
    ],
)
def test_a_choice_that_cannot_be_is_told_at_its_field_and_kept_on_the_page(
    world: World, officer: Person, choice: dict[str, str], field: str, words: str
):
    where = hand_in(world, officer, SHEET)
    answer = officer.sends(where, status=422, act="take", **said(officer.reads(where), where), **choice)
    assert words in answer.text
    assert f'id="e-{field}"' in answer.text
    with world.owner.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM base.run").scalar_one() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM intake.mapping").scalar_one() == 0


def test_a_file_of_which_nothing_can_be_used_by_its_names_is_asked_about_too(world: World, officer: Person):
    data = (
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"MC_1":"丁村小卖部","LB":"商店"},'
        '"geometry":{"type":"Point","coordinates":[116.3302,37.4005]}}]}'
    )
    where = hand_in(world, officer, data, name="points.geojson")
    page = officer.reads(where)
    assert "of_x" not in page
    choice = {"of_name": "mc_1", "of_kind": "lb"}
    taken(world, officer, officer.goes(where, act="take", **said(page, where), **choice))
    assert facilities(world) == {("丁村小卖部", "shop")}


def test_rejected_rows_are_given_back_by_the_columns_that_the_file_was_read_by(world: World, officer: Person):
    where = hand_in(world, officer, SHEET + "坏点,东边,37.4,商店\n")
    run = officer.goes(where, act="take", **said(officer.reads(where), where), **CHOICE)
    work_off(world, run.rpartition("/")[2])
    record = officer.client.get(run).headers["location"]
    assert "东边" in officer.reads(f"{record}/rejected")


def test_nobody_but_officers_of_the_territory_is_shown_the_kept_file(world: World, office: Office, officer: Person):
    where = hand_in(world, officer, SHEET)
    for role in Role:
        assert "老井" not in office.signed_in(role, "东县").get(where).text
    Person(office, Role.AUDITOR, "市").reads(where, status=403)
    Person(office, Role.CITY_OFFICER, "市").reads(where)


def workbook_of(sheet: str) -> bytes:
    book = openpyxl.Workbook()
    for line in sheet.splitlines():
        book.active.append(line.split(","))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("name", ["list.csv", "list.xlsx"])
def test_a_large_table_is_asked_about_by_its_first_rows_and_taken_in_whole(
    world: World, officer: Person, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setattr("app.intake.views.asking.LOOKED_AT", 10)
    monkeypatch.setattr("gis.formats.sheets.HEAD_BYTES", 120)
    monkeypatch.setattr("gis.formats.sheets.HEAD_ROWS", 3)
    where = hand_in(world, officer, workbook_of(SHEET) if name.endswith("xlsx") else SHEET, name=name, source="测绘队")
    page = officer.reads(where)
    assert "丁村供销社" in page
    assert "老井" not in page
    assert "文件较大" in page
    run = officer.goes(where, act="take", **said(page, where), **CHOICE)
    taken(world, officer, run)
    assert facilities(world) == {("丁村供销社", "shop"), ("丁村小学", "school")}
    with world.owner.connect() as connection:
        rows = connection.exec_driver_sql("SELECT rows, ignored FROM intake.intake").one()
    assert tuple(rows) == (3, 1), "the row beyond the head is looked at too"
    again = hand_in(world, officer, SHEET.replace("37.40", "37.41"), source="测绘队")
    assert again.startswith("/intake/runs/"), "remembered for the next large one too"


def test_a_large_file_that_is_no_table_goes_to_the_worker_as_before(
    world: World, officer: Person, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.intake.views.asking.LOOKED_AT", 10)
    assert hand_in(world, officer, survey(), name="survey.geojson").startswith("/intake/runs/")


def test_a_large_table_without_a_header_is_refused_on_the_form(
    world: World, officer: Person, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.intake.views.asking.LOOKED_AT", 10)
    here = f"/intake/new?in={uid_of(world, '中镇')}"
    answer = officer.sends(
        here, status=422, files={"file": ("a.csv", b"1,2\n3,4\n5,6\n", "text/csv")}, datum="EPSG:4490"
    )
    assert "列名" in answer.text
