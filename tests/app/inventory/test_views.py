"""The pages of the inventory, through the office."""

from __future__ import annotations

import re
from datetime import date

import pytest

from app.base.models import Role
from app.inventory.views import streets
from tests.app.builders import NAMES, build_name, build_street, run
from tests.app.pages import Office, Person, hidden_in, survey, taken_in, uid_of, uids_in, work_off
from tests.world import World


def test_streets_are_listed_filtered_sorted_and_paged(world: World, office: Office):
    for n in range(53):
        build_street(world, "甲村", ((0, n), (100 + n, n)), in_scope=n % 2 == 0)
    officer = Person(office, Role.TOWN_OFFICER, "南镇")
    first = officer.reads("/inventory?sort=-length")
    assert len(uids_in(first, "/inventory")) == 50
    cursor = first.split('rel="next"')[1].split("after=")[1].split('"')[0]
    rest = officer.reads(f"/inventory?sort=-length&after={cursor}")
    assert len(uids_in(rest, "/inventory")) == 3
    assert not set(uids_in(first, "/inventory")) & set(uids_in(rest, "/inventory"))
    assert len(uids_in(officer.reads("/inventory?scope=in"), "/inventory")) == 27
    assert "没有符合条件的街路巷" in officer.reads("/inventory?state=in_force")
    assert uids_in(officer.reads(f"/inventory?in={uid_of(world, '乙村')}"), "/inventory") == []


def test_a_surveyed_name_stands_in_its_own_column_alone(world: World, office: Office):
    build_street(world, "甲村", surveyed_name="老街")
    rows = Person(office, Role.TOWN_OFFICER, "南镇").reads("/inventory").partition("<tbody>")[2]
    assert re.findall(r">\s*老街\s*</(\w+)>", rows) == ["td"]


def test_a_street_with_a_name_in_force_bears_it_in_the_list_and_on_its_record(world: World, office: Office):
    named, plain = build_street(world, "甲村", surveyed_name="老街"), build_street(world, "乙村")
    former = build_name(world, named, NAMES[1], on=date(2024, 3, 5))
    run(world, "UPDATE naming.name SET retired_on = in_force_on WHERE id = :id", id=former)
    build_name(world, named, NAMES[0])
    officer = Person(office, Role.TOWN_OFFICER, "南镇")
    page = officer.reads("/inventory")
    assert page.count('class="plate-name"') == 1
    assert (NAMES[0].words in page, NAMES[1].words in page, "老街" in page) == (True, False, True)
    uids = {key: run(world, "SELECT uid FROM inventory.street WHERE id = :id", id=key) for key in (named, plain)}
    assert f"<h1>{NAMES[0].words}</h1>" in officer.reads(f"/inventory/{uids[named]}")
    assert "<h1>未命名" in officer.reads(f"/inventory/{uids[plain]}")


def test_a_record_says_why_the_street_is_in_scope(world: World, office: Office):
    officer = Person(office, Role.COUNTY_OFFICER, "西县")
    taken_in(world, officer, "中镇", survey())
    pages = [officer.reads(f"/inventory/{uid}") for uid in uids_in(officer.reads("/inventory?scope=in"), "/inventory")]
    assert any("供销社" in page and "50 m" in page for page in pages)
    assert all("survey.geojson" in page for page in pages)


def test_scope_is_judged_anew_and_undone(world: World, office: Office):
    officer = Person(office, Role.COUNTY_OFFICER, "西县")
    taken_in(world, officer, "中镇", survey())
    before = len(uids_in(officer.reads("/inventory?scope=in"), "/inventory"))
    town = uid_of(world, "中镇")
    here = f"/inventory/scope?in={town}"
    read = hidden_in(officer.reads(f"/inventory?in={town}"), "/inventory/scope")
    assert read["seen"]
    refused = officer.sends(here, status=422, within_m="900", **read)
    assert "1 到 500 米" in refused.text
    page = officer.reads(officer.goes(here, within_m="1", **read))
    assert "您看到的" in officer.sends(here, status=409, within_m="500", **read).text
    assert len(uids_in(page, "/inventory")) < before
    act = page.split('action="/undo/')[1].split('"')[0]
    officer.goes(f"/undo/{act}", next="/inventory")
    assert len(uids_in(officer.reads("/inventory?scope=in"), "/inventory")) == before


def test_lines_without_a_street_are_made_into_streets(world: World, office: Office):
    officer = Person(office, Role.COUNTY_OFFICER, "西县")
    taken_in(world, officer, "中镇", survey())
    with world.owner.begin() as connection:
        connection.exec_driver_sql("DELETE FROM inventory.street")
    assert "用 " in officer.reads("/inventory")
    page = made_of_lines(world, officer)
    assert uids_in(page, "/inventory")
    act = page.split('action="/undo/')[1].split('"')[0]
    officer.goes(f"/undo/{act}", next="/inventory")
    assert run(world, "SELECT count(*) FROM inventory.street") == 0
    made_of_lines(world, officer)
    assert "都已归入街路巷" in made_of_lines(world, officer)


def test_the_making_of_streets_is_watched_and_asked_for_once(world: World, office: Office):
    officer = Person(office, Role.COUNTY_OFFICER, "西县")
    taken_in(world, officer, "中镇", survey())
    going = officer.goes("/inventory/derive")
    assert "由调查线生成街路巷" in officer.reads(going)
    assert officer.goes("/inventory/derive") == going
    contact = Person(office, Role.VILLAGE_CONTACT, "丁村")
    contact.sends("/inventory/derive", status=403)


def test_the_scope_of_many_streets_is_judged_by_the_worker(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streets, "AT_ONCE", 0)
    officer = Person(office, Role.COUNTY_OFFICER, "西县")
    taken_in(world, officer, "中镇", survey())
    town = uid_of(world, "中镇")
    before = run(world, "SELECT count(*) FROM inventory.street WHERE in_scope")
    read = hidden_in(officer.reads(f"/inventory?in={town}"), "/inventory/scope")
    assert "1 到 500 米" in officer.sends(f"/inventory/scope?in={town}", status=422, within_m="900", **read).text
    going = officer.goes(f"/inventory/scope?in={town}", within_m="1", **read)
    assert "判定命名范围" in officer.reads(going)
    work_off(world, going.rpartition("/")[2])
    page = officer.reads(officer.client.get(going).headers["location"])
    assert len(uids_in(page, "/inventory")) < before
    act = page.split('action="/undo/')[1].split('"')[0]
    officer.goes(f"/undo/{act}", next="/inventory")
    assert run(world, "SELECT count(*) FROM inventory.street WHERE in_scope") == before


def made_of_lines(world: World, officer: Person) -> str:
    """Ask for streets of loose lines, let the worker make them; the page that comes of it."""
    going = officer.goes("/inventory/derive")
    work_off(world, going.rpartition("/")[2])
    return officer.reads(officer.client.get(going).headers["location"])


def test_streets_come_as_geojson_with_the_datum_named_a_page_at_a_time(world: World, office: Office):
    for n in range(3):
        build_street(world, "甲村", ((0, n), (100 + n, n)))
    build_street(world, "丁村")
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    answer = officer.client.get("/api/v1/streets?size=2")
    assert answer.headers["content-type"] == "application/geo+json"
    first = answer.json()
    assert (first["type"], "4490" in first["datum"], len(first["features"])) == ("FeatureCollection", True, 2)
    shape = first["features"][0]["geometry"]
    assert set(shape) == {"type", "coordinates"}, "no crs of its own beside that of the collection (RFC 7946)"
    lon, lat = shape["coordinates"][0][0]
    assert 115 < lon < 118
    assert 36 < lat < 39
    rest = officer.client.get(f"/api/v1/streets?size=2&after={first['next']}").json()
    assert (len(rest["features"]), rest["next"]) == (1, None)
    assert officer.client.get(f"/api/v1/streets?in={uid_of(world, '丁村')}").status_code == 404
    assert office.stranger().get("/api/v1/streets").status_code == 403


def test_a_street_of_another_town_is_not_there(world: World, office: Office):
    street = build_street(world, "丁村")
    with world.owner.connect() as connection:
        uid = connection.exec_driver_sql("SELECT uid FROM inventory.street WHERE id = %s", (street,)).scalar()
    Person(office, Role.TOWN_OFFICER, "南镇").reads(f"/inventory/{uid}", status=404)
    Person(office, Role.SIGN_MAKER, "西县").reads("/inventory", status=403)
