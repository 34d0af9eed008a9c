"""The step that says what a file's columns mean, through the office."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest

from app.base.models import Role
from gis.formats import open_rows, writing
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
CHOICE = {"of_name": "点名", "of_x": "东", "of_y": "北", "of_kind": "性质", "says": "不要:水井"}


@pytest.fixture
def officer(office: Office) -> Person:
    return Person(office, Role.COUNTY_OFFICER, "西县")


@pytest.fixture(scope="module")
def shared_officer(shared_office: Office) -> Person:
    """For what is refused."""
    return Person(shared_office, Role.COUNTY_OFFICER, "西县")


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


def test_a_table_whose_rows_are_all_rejected_is_kept_with_the_file_to_mend(world: World, officer: Person):
    where = hand_in(world, officer, "名称,类型,经度,纬度\n甲店,商店,,\n乙店,商店,abc,x\n")
    choice = {"of_name": "名称", "of_kind": "类型", "of_x": "经度", "of_y": "纬度"}
    looked = officer.sends(where, status=200, act="look", **said(officer.reads(where), where), **choice).text
    assert "没有“经度”" in looked
    assert "没有一行的坐标可以读取" in looked
    assert "坐标系" not in re.sub(r"<(nav|header|footer).*?</\1>", "", looked, flags=re.DOTALL)
    run = officer.goes(where, act="take", **said(officer.reads(where), where), **choice)
    page = taken(world, officer, run)
    assert "全部 2 行都被拒绝" in page
    assert "下载 2 行被拒的数据" in page
    assert "“abc”不是坐标" in page
    assert facilities(world) == set()
    record = officer.client.get(run).headers["location"]
    assert officer.client.get(f"{record}/rejected").content.decode("utf-8-sig").count("商店") == 2


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
    shared_world: World, shared_officer: Person, choice: dict[str, str], field: str, words: str
):
    where = hand_in(shared_world, shared_officer, SHEET)
    answer = shared_officer.sends(where, status=422, act="take", **said(shared_officer.reads(where), where), **choice)
    assert words in answer.text
    assert f'id="e-{field}"' in answer.text
    with shared_world.owner.connect() as connection:
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


def test_a_large_file_of_tags_goes_to_the_worker_as_before(
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


DRAWN = [("幸福路", "主街"), ("光明路", "主街"), ("和平路", "CZ")]


def drawn(*rows: tuple[str, str], shift: float = 0.0) -> str:
    """A GeoJSON of road lines near 丁村 with names and kinds in columns that no file calls so."""
    features = [
        {
            "type": "Feature",
            "properties": {"mc_1": name, "lb": kind},
            "geometry": {
                "type": "LineString",
                "coordinates": [[116.33, 37.4 + n / 1000 + shift], [116.333, 37.4 + n / 1000 + shift]],
            },
        }
        for n, (name, kind) in enumerate(rows)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def streets(world: World) -> list[str]:
    with world.owner.connect() as connection:
        return list(connection.exec_driver_sql("SELECT name FROM intake.segment ORDER BY name").scalars())


def asked_values(page: str) -> dict[str, str]:
    """The values that the page asks about, and what is chosen for each."""
    rows = re.findall(r'<label for="f-says-\d+">([^<]*)</label>.*?</select>', page, re.DOTALL)
    chosen = re.findall(r'<option value="([^"]*?):[^"]*" selected>', page)
    return dict(zip(rows, chosen, strict=True))


def test_the_values_of_a_column_of_kinds_are_listed_and_the_preview_reckons_with_what_is_said(
    world: World, officer: Person
):
    where = hand_in(world, officer, drawn(*DRAWN), name="roads.geojson")
    page = officer.reads(where)
    assert asked_values(page) == {}
    choice = {"of_name": "mc_1", "of_kind": "lb"}
    first = officer.sends(where, status=422, act="take", **said(page, where), **choice).text
    assert 'id="e-of_values"' in first
    assert asked_values(first) == {"主街": "不要", "CZ": "不要"}
    assert streets(world) == []
    looked = officer.sends(
        where, status=200, act="look", **said(page, where), **choice, says=["道路:主街", "不要:cz"]
    ).text
    assert asked_values(looked) == {"主街": "道路", "CZ": "不要"}
    assert re.search(r"采用.*?<dd>2</dd>", looked, re.DOTALL)
    assert "选择不要 lb=CZ 的行" in looked
    run = officer.goes(where, act="take", **said(page, where), **choice, says=["道路:主街", "不要:cz"])
    record = taken(world, officer, run)
    assert streets(world) == ["光明路", "幸福路"]
    assert "选择不要 lb=CZ 的行" in record, "the row's own verdict says it"


def test_a_new_value_brings_the_officer_back_for_just_that(world: World, officer: Person):
    choice = {"of_name": "mc_1", "of_kind": "lb"}
    where = hand_in(world, officer, drawn(*DRAWN), name="roads.geojson", source="测绘队")
    page = officer.reads(where)
    officer.goes(where, act="take", **said(page, where), **choice, says=["道路:主街", "不要:cz"])
    assert hand_in(world, officer, drawn(*DRAWN, shift=0.01), source="测绘队").startswith("/intake/runs/")
    where = hand_in(world, officer, drawn(*DRAWN, ("团结路", "巷道"), shift=0.02), source="测绘队")
    page = officer.reads(where)
    assert asked_values(page) == {"巷道": "不要", "主街": "道路", "CZ": "不要"}, "the new one stands first"
    assert page.count(">新<") == 1
    officer.goes(where, act="take", **said(page, where), **choice, says=["道路:巷道", "道路:主街", "不要:cz"])
    only = drawn(("团结路", "巷道"), shift=0.03)
    assert hand_in(world, officer, only, source="测绘队").startswith("/intake/runs/")
    with world.owner.connect() as connection:
        kept = connection.exec_driver_sql("SELECT columns->'values' FROM intake.mapping").scalars().all()
    assert kept == [{"巷道": "道路", "主街": "道路", "cz": "不要"}]


def test_a_file_of_which_all_values_are_new_is_asked_about_too(world: World, officer: Person):
    choice = {"of_name": "mc_1", "of_kind": "lb"}
    where = hand_in(world, officer, drawn(*DRAWN), name="roads.geojson")
    officer.goes(where, act="take", **said(officer.reads(where), where), **choice, says=["道路:主街", "不要:cz"])
    assert "/columns?" in hand_in(world, officer, drawn(("团结路", "巷道")), name="roads.geojson")


def test_a_kind_that_we_know_may_be_said_to_be_another_and_back(world: World, officer: Person):
    where = hand_in(world, officer, SHEET)
    page = officer.reads(where)
    other = {**CHOICE, "says": ["商店:学校", "不要:水井", "商店:商店"]}
    looked = officer.sends(where, status=200, act="look", **said(page, where), **other).text
    assert asked_values(looked) == {"水井": "不要", "商店": "商店", "学校": "商店"}
    assert "识别为学校" in looked
    taken(world, officer, officer.goes(where, act="take", **said(page, where), **other))
    assert facilities(world) == {("丁村供销社", "shop"), ("丁村小学", "shop")}
    again = officer.reads(hand_in(world, officer, SHEET.replace("水井", "水塔")))
    assert asked_values(again) == {"水塔": "不要", "商店": "商店", "学校": "商店"}
    back = {**CHOICE, "says": ["学校:学校", "不要:水塔", "商店:商店"]}
    where = hand_in(world, officer, SHEET.replace("水井", "水塔"))
    officer.goes(where, act="take", **said(page, where), **back)
    with world.owner.connect() as connection:
        kept = connection.exec_driver_sql("SELECT columns->'values' FROM intake.mapping").scalars().all()
    assert kept == [{"水井": "不要", "水塔": "不要"}]


def test_of_many_values_the_most_frequent_are_asked_about_and_the_rest_are_counted_and_accounted_for(
    world: World, officer: Person, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.intake.mappings.MOST_VALUES", 2)
    rows = [("幸福路", "主街"), ("光明路", "主街"), ("和平路", "CZ"), ("团结路", "CZ"), ("甲", "第1"), ("乙", "第2")]
    where = hand_in(world, officer, drawn(*rows), name="roads.geojson", source="测绘队")
    choice = {"of_name": "mc_1", "of_kind": "lb", "says": ["道路:主街", "不要:cz"]}
    looked = officer.sends(where, status=200, act="look", **said(officer.reads(where), where), **choice).text
    assert asked_values(looked) == {"CZ": "不要", "主街": "道路"}
    assert "另有 2 个值（2 行）未列出" in looked
    record = taken(world, officer, officer.goes(where, act="take", **said(looked, where), **choice))
    assert "lb=第1" in record
    assert "lb=第2" in record
    more = drawn(*rows, ("丙", "第3"), shift=0.01)
    assert hand_in(world, officer, more, source="测绘队").startswith("/intake/runs/"), "the rest needs no word"


@pytest.mark.parametrize("says", ["井:水井", ":水井", "不要", "水井"])
def test_a_value_cannot_be_what_is_not_kept(shared_world: World, shared_officer: Person, says: str):
    where = hand_in(shared_world, shared_officer, SHEET)
    answer = shared_officer.sends(
        where, status=422, act="take", **said(shared_officer.reads(where), where), **{**CHOICE, "says": says}
    )
    assert 'id="e-of_values"' in answer.text
    assert "水井" in asked_values(answer.text)


def test_what_was_said_of_values_stays_in_sight_beside_a_wrong_column(world: World, officer: Person):
    where = hand_in(world, officer, SHEET)
    choice = {**CHOICE, "of_y": "", "says": ["村委会:水井", "商店:商店", "学校:学校"]}
    answer = officer.sends(where, status=422, act="take", **said(officer.reads(where), where), **choice)
    assert asked_values(answer.text) == {"水井": "村委会", "商店": "商店", "学校": "学校"}


def test_a_drawn_file_whose_kind_column_we_find_is_asked_about_its_unknown_values(world: World, officer: Person):
    data = drawn(("幸福路", "道路"), ("老槐树", "古树")).replace('"lb"', '"类型"').replace('"mc_1"', '"名称"')
    where = hand_in(world, officer, data, name="roads.geojson")
    assert asked_values(officer.reads(where)) == {"古树": "不要", "道路": "道路"}


def test_a_mapping_stored_before_values_could_be_said_is_still_used(world: World, officer: Person):
    known = SHEET.replace("水井", "商店")
    where = hand_in(world, officer, known)
    officer.goes(where, act="take", **said(officer.reads(where), where), **{**CHOICE, "says": []})
    with world.owner.connect() as connection:
        kept = connection.exec_driver_sql("SELECT columns FROM intake.mapping").scalar_one()
    assert set(kept) == {"name", "kind", "x", "y"}, "as it was stored before"
    assert hand_in(world, officer, known.replace("37.40", "37.41")).startswith("/intake/runs/")


@pytest.mark.parametrize("kind", ["geojson", "zip", "gpkg"])
def test_a_large_drawn_file_is_asked_about_when_it_is_handed_in(
    world: World,
    officer: Person,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kind: str,
):
    monkeypatch.setattr("app.intake.views.asking.LOOKED_AT", 10)
    monkeypatch.setattr("gis.formats.opening.HEAD_ROWS", 2)
    data = drawn_as(kind, tmp_path)
    where = hand_in(world, officer, data, name=f"roads.{kind}", source="测绘队")
    page = officer.reads(where)
    assert "文件较大" in page
    assert "幸福路" in page
    assert "和平路" not in page
    choice = {"of_name": "mc_1", "of_kind": "lb", "says": ["道路:主街"]}
    looked = officer.sends(where, status=200, act="look", **said(page, where), **choice).text
    assert "文件后部才出现的值" in looked
    record = taken(world, officer, officer.goes(where, act="take", **said(page, where), **choice))
    assert streets(world) == ["光明路", "幸福路"]
    assert "lb=CZ" in record, "what only comes later is left out with its reason"


def drawn_as(kind: str, folder: Path) -> bytes:
    if kind == "geojson":
        return drawn(*DRAWN).encode()
    source = folder / "source.geojson"
    source.write_text(drawn(*DRAWN), encoding="utf-8")
    opened = open_rows(source)
    columns = {name: [row.tags[name] for row in opened.rows] for name in opened.names}
    path = folder / ("roads.gpkg" if kind == "gpkg" else "roads.shp")
    writing.write_table(path, [row.shape for row in opened.rows], columns, crs="EPSG:4490")
    if kind == "gpkg":
        return path.read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in folder.glob("roads.*"):
            archive.write(part, part.name)
    return packed.getvalue()


@pytest.mark.parametrize("address", ["/intake/columns", "/intake/files", "/intake/files/columns"])
def test_the_pages_about_a_file_lead_back_to_the_list_without_one(
    shared_office: Office, shared_officer: Person, address: str
):
    assert shared_officer.goes_to(address) == "/intake"
    assert "上传文件后会询问各列的含义" in shared_officer.reads("/intake")
    Person(shared_office, Role.CREW, "西县").reads(address, status=403)
