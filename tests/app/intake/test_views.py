"""The pages of the intake, through the office."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile

import pytest

from app.base.models import Role
from tests.app.builders import run
from tests.app.pages import Office, Person, hidden_in, survey, taken_in, uid_of, uids_in, work_off
from tests.world import World

#: Bytes that are the beginning of nothing.
NOISE = bytes(range(200, 120, -1)) * 30


@pytest.fixture
def officer(office: Office) -> Person:
    return Person(office, Role.COUNTY_OFFICER, "西县")


@pytest.fixture(scope="module")
def shared_officer(shared_office: Office) -> Person:
    """For what is refused."""
    return Person(shared_office, Role.COUNTY_OFFICER, "西县")


def test_a_file_is_queued_taken_in_and_its_counts_add_up(world: World, officer: Person):
    record = taken_in(world, officer, "中镇", survey(broken=2))
    page = officer.reads(record)
    assert "下载 2 行被拒的数据" in page
    assert ">5<" in page.replace("\n", "")
    assert "survey.geojson" in officer.reads("/intake")
    pieces = run(world, "SELECT count(*) FROM intake.segment")
    assert pieces > 3
    assert f"{pieces} 段（由 3 行在交叉处断开）" in page
    assert f"带来的 {pieces} 段（由 3 行在交叉处断开）" in page, "the question before the undoing says the same"
    assert "不是经度和纬度" in page or "经纬度" in page
    rejected = officer.client.get(f"{record}/rejected")
    told = json.loads(rejected.content)
    assert len(told["features"]) == 2
    assert told["datum"] == "EPSG:4326"
    assert "declare" not in told["features"][0]["properties"]["原因"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.geojson", b"", "是空文件"),
        ("a.geojson", survey()[:200], "a.geojson"),
        ("a.pdf", b"%PDF-1.7 nothing", "不能读取"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', "没有数据行"),
        ("a.geojson", NOISE, "a.geojson 已损坏或不完整：文件开头不是 GeoJSON 格式"),
        ("a.gpkg", NOISE, "a.gpkg 已损坏或不完整：文件开头不是 GeoPackage 格式"),
        ("a.shp.zip", NOISE, "a.shp.zip 已损坏或不完整：文件开头不是 zip 格式"),
        ("a.osm.pbf", NOISE, "a.osm.pbf 已损坏或不完整：文件开头不是 OSM PBF 格式"),
        ("a.zip", b"PK\x03\x04" + NOISE, "a.zip"),
        ("a.gpkg", b"SQLite format 3\x00" + NOISE, "a.gpkg 已损坏或不完整；请重新导出"),
        ("a.pbf", b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7f" + NOISE, "a.pbf 已损坏或不完整；请重新下载"),
        ("a.dat", NOISE, "无法识别 a.dat 的文件类型"),
    ],
)
def test_a_bad_file_is_refused_on_its_form_and_nothing_is_kept(
    shared_officer: Person, name: str, data: bytes, said: str
):
    answer = shared_officer.sends("/intake/new", status=422, files={"file": (name, data, "application/octet-stream")})
    assert said in answer.text
    assert "error-summary" in answer.text
    assert "还没有导入文件" in shared_officer.reads("/intake")


def test_an_unknown_coordinate_system_is_told_at_its_field(shared_officer: Person):
    file = {"file": ("a.geojson", survey(), "application/geo+json")}
    answer = shared_officer.sends("/intake/new", status=422, files=file, other="EPSG:2435")
    assert 'id="e-other"' in answer.text


def test_no_file_is_told_at_its_field(shared_officer: Person):
    assert 'id="e-file"' in shared_officer.sends("/intake/new", status=422).text


def test_a_file_too_large_to_look_at_is_kept_whole_and_taken_in(
    world: World, officer: Person, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.intake.views.asking.LOOKED_AT", 10)
    data = survey()
    assert taken_in(world, officer, "中镇", data)
    with world.owner.connect() as connection:
        kept = connection.exec_driver_sql("SELECT sha256, bytes FROM base.file").one()
    assert tuple(kept) == (hashlib.sha256(data).hexdigest(), len(data))


def test_a_small_file_that_unfolds_to_a_large_one_is_left_to_the_worker(
    officer: Person, monkeypatch: pytest.MonkeyPatch
):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.geojson", survey()[:-9])  # which who reads all of it refuses
    file = {"file": ("a.zip", held.getvalue(), "application/zip")}
    assert officer.sends("/intake/new", status=422, files=file)
    monkeypatch.setattr("app.intake.views.asking.UNFOLDED_AT", len(survey()) - 10)
    assert officer.goes("/intake/new", files=file).startswith("/intake/runs/")


def test_a_file_that_turns_out_bad_in_the_worker_says_why_in_the_persons_language(world: World, officer: Person):
    run = officer.goes("/intake/new", files={"file": ("a.geojson", survey(), "application/geo+json")})
    with world.owner.begin() as connection:
        connection.exec_driver_sql('UPDATE base.run SET args = args || \'{"datum": "EPSG:2435"}\'')
    work_off(world, run.rpartition("/")[2])
    page = officer.reads(run)
    assert "文件没有任何内容入库" in page
    assert "CGCS2000" in page
    assert "cannot be" not in page


def test_an_intake_is_undone_with_its_unnamed_streets_and_the_undoing_too(world: World, officer: Person):
    record = taken_in(world, officer, "中镇", survey())
    assert uids_in(officer.reads("/inventory"), "/inventory")
    uid = record.rpartition("/")[2]
    here = f"/inventory/intakes/{uid}/undo"
    read = hidden_in(officer.reads(record), here)
    officer.sends(here, status=409, version="0")
    assert officer.goes(here, **read) == record
    toast = officer.reads(record)
    assert "已撤销" in toast
    assert uids_in(officer.reads("/inventory"), "/inventory") == []
    act = toast.split('action="/undo/')[1].split('"')[0]
    officer.goes(f"/undo/{act}", next=record)
    assert uids_in(officer.reads("/inventory"), "/inventory")


def test_a_file_handed_in_twice_says_that_nothing_was_changed(world: World, officer: Person):
    first = officer.reads(taken_in(world, officer, "中镇", survey()))
    assert "未作任何更改" not in first
    again = officer.reads(taken_in(world, officer, "中镇", survey()))
    assert "5 行数据均已存在，未作任何更改" in again
    assert "没有新数据" in again
    assert "撤销此次导入" not in again
    assert officer.reads("/intake").count("没有新数据") == 1
    with_wrong_rows = officer.reads(taken_in(world, officer, "中镇", survey(broken=2)))
    assert "5 行已存在，2 行被拒" in with_wrong_rows


def test_a_duplicate_leads_to_the_street_or_row_that_it_repeats(world: World, officer: Person):
    taken_in(world, officer, "中镇", survey())
    page = officer.reads(taken_in(world, officer, "中镇", survey()) + "?verdict=duplicate")
    assert "登记册中已有" in page
    assert "survey.geojson第 1 行" in page
    links = re.findall(r'href="(/inventory/lines/[^"]+|/intake/[^"]+[?]row=[^"]+)">查看', page)
    assert {link.split("/")[1] for link in links} == {"inventory", "intake"}
    for link in links:
        led = officer.client.get(link.replace("&amp;", "&"), follow_redirects=True)
        assert led.status_code == 200, link
        assert str(led.url.path).startswith("/inventory/") or "仅显示第" in led.text
    assert officer.client.get("/inventory/lines/00000000-0000-7000-8000-000000000000").status_code == 404


def test_a_village_that_the_register_lacks_is_rejected_and_given_back_with_the_reason(world: World, office: Office):
    town = Person(office, Role.TOWN_OFFICER, "中镇")
    record = taken_in(world, town, "中镇", survey(name="新庄"))
    assert "名册中没有中镇的“新庄”" in town.reads(record)
    rejected = json.loads(town.reads(f"{record}/rejected"))["features"]
    assert [each["properties"]["name"] for each in rejected] == ["新庄"]
    assert rejected[0]["geometry"]["type"] == "Point"
    assert any("名册中没有中镇的“新庄”" in str(each) for each in rejected[0]["properties"].values())


def test_the_reasons_of_rejected_and_known_rows_are_counted_and_lead_to_their_rows(world: World, officer: Person):
    taken_in(world, officer, "中镇", survey())
    record = taken_in(world, officer, "中镇", survey(broken=2))
    page = officer.reads(record)
    reasons = page.partition("被拒、重复或修复的原因")[2].partition("</table>")[0]
    found = re.findall(
        r"<tr>.*?(被拒|重复).*?[?]like=([0-9]+)#rows\" aria-label=\"[^\"]*\">([0-9]+)</a>", reasons, re.DOTALL
    )
    assert {v: sum(int(n) for verdict, _, n in found if verdict == v) for v in ("被拒", "重复")} == {
        "被拒": 2,
        "重复": 5,
    }
    for _, row, n in found:
        listed = officer.reads(f"{record}?like={row}").partition('id="rows"')[2].partition("</main>")[0]
        assert len(re.findall(r"<td><code>", listed)) == int(n)
        assert "原因与其相同" in listed
        assert f"{record}?verdict=rejected" in listed, "a chip asks for all of them"
    assert officer.reads(f"{record}?like=99").count("<td><code>") == 7
    assert officer.reads(f"{record}?verdict=rejected").partition('id="rows"')[2].count("<td><code>") == 2


def test_foreign_territory_and_foreign_roles_see_no_file(world: World, office: Office, officer: Person):
    record = taken_in(world, officer, "中镇", survey())
    assert uids_in(Person(office, Role.TOWN_OFFICER, "南镇").reads("/intake"), "/intake") == []
    Person(office, Role.TOWN_OFFICER, "南镇").reads(record, status=404)
    crew = Person(office, Role.CREW, "西县")
    crew.reads("/intake", status=403)
    Person(office, Role.VILLAGE_CONTACT, "丁村").reads("/intake/new", status=403)
    officer.reads(f"/intake?in={uid_of(world, '南镇')}", status=404)


def mended_file() -> bytes:
    """A street, one that ends half a metre before it, and one that lies on it; near 116.33 E, 37.40 N."""
    x, y = 116.33, 37.40
    lines = [[[x, y], [x + 0.002, y]], [[x + 0.001, y + 0.000005], [x + 0.001, y + 0.001]], [[x, y], [x + 0.001, y]]]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": line},
            "properties": {"highway": "residential"},
        }
        for line in lines
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_what_was_mended_is_listed_filtered_and_shown_on_the_map(world: World, office: Office, officer: Person):
    record = taken_in(world, officer, "中镇", mended_file())
    page = officer.reads(record)
    assert "线的修补" in page
    listed = officer.reads(f"{record}/repairs")
    assert "一个端点移动 0.5" in listed
    assert "整条线与本文件中的线" in listed
    one = officer.reads(f"{record}/repairs?deed=snapped")
    assert "一个端点移动 0.5" in one
    assert "整条线与" not in one
    officer.reads(f"{record}/repairs?deed=nothing", status=422)
    uid = record.rpartition("/")[2]
    assert f'data-mended="/api/v1/intakes/{uid}/repairs"' in officer.reads(f"/map?mended={uid}")
    told = json.loads(officer.reads(f"/api/v1/intakes/{uid}/repairs"))
    assert [each["properties"]["deed"] for each in told["features"]] == ["snapped", "repeated"]
    lon, lat = told["features"][0]["geometry"]["coordinates"]
    assert (round(lon, 5), round(lat, 5)) == (116.331, 37.4)
    stranger = Person(office, Role.COUNTY_OFFICER, "东县")
    for url in (f"{record}/repairs", f"/api/v1/intakes/{uid}/repairs"):
        stranger.reads(url, status=404)
    assert "data-mended" not in stranger.reads(f"/map?mended={uid}")
    Person(office, Role.SIGN_MAKER, "东县").reads(f"/api/v1/intakes/{uid}/repairs", status=403)
