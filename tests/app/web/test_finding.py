"""The search tells when there is more than it shows; a record's history goes on where its page ends."""

from __future__ import annotations

import html
import re

import pytest

from app.base.models import Role
from tests.app.builders import build_street, run
from tests.app.pages import Office, Person
from tests.world import World


@pytest.fixture(scope="module")
def stations() -> bool:
    return True


@pytest.fixture
def officer(office: Office) -> Person:
    return Person(office, Role.COUNTY_OFFICER, "东县")


def build_called(world: World, count: int) -> None:
    for n in range(count):
        street = build_street(world, "甲村")
        sql = "UPDATE inventory.street SET surveyed_name = :name WHERE id = :id RETURNING 1"
        run(world, sql, id=street, name=f"民生{n}路")


def test_a_search_shows_some_of_each_kind_and_all_of_one_a_page_at_a_time(world: World, officer: Person):
    build_called(world, 60)
    page = officer.reads("/search?q=民生")
    assert len(re.findall(r"民生\d+路", page)) == 20
    further = re.search(r'href="([^"]+kind=street[^"]*)"', page)
    assert further
    first = officer.reads(html.unescape(further[1]))
    onward = re.search(r'rel="next" href="([^"]+)"', first)
    assert onward
    second = officer.reads(html.unescape(onward[1]))
    shown = [re.findall(r"民生\d+路", each) for each in (first, second)]
    assert [len(each) for each in shown] == [50, 10]
    assert len({*shown[0], *shown[1]}) == 60
    assert re.search(r'rel="prev" href="([^"]+)"', second)


def test_a_search_among_a_kind_that_is_none_is_refused(officer: Person):
    officer.reads("/search?q=民生&kind=nothing", status=422)


def test_a_search_finds_nothing_that_its_reader_may_not_see(world: World, office: Office):
    build_called(world, 1)
    for role, place in ((Role.COUNTY_OFFICER, "西县"), (Role.SIGN_MAKER, "东县")):
        assert "民生0路" not in Person(office, role, place).reads("/search?q=民生0"), role


def test_the_list_beside_the_map_goes_on_where_it_ended(world: World, officer: Person, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.web.mapping.MOST_ROWS", 4)
    build_called(world, 10)
    for asked in ("/map/list?q=民生", "/map/list?box=116,36,117,38"):
        seen, after = [], "0"
        for _ in range(10):
            page = officer.reads(f"{asked}&after={after}")
            seen += re.findall(r'data-street="([^"]+)"', page)
            further = re.search(r'data-map-further="(\d+)"', page)
            if not further:
                break
            after = further[1]
        assert len(seen) == len(set(seen)) >= 10, asked


def test_the_rest_of_a_records_history_is_one_step_away(world: World, officer: Person):
    street = build_street(world, "甲村")
    for n in range(60):
        run(
            world,
            "UPDATE inventory.street SET surveyed_name = :name WHERE id = :id RETURNING 1",
            id=street,
            name=f"路{n}",
        )
    uid = run(world, "SELECT uid FROM inventory.street WHERE id = :id", id=street)
    page = officer.reads(f"/inventory/{uid}")
    whole = re.search(r'href="(/history\?[^"]*record=\d+[^"]*)"', page)
    assert whole
    first = officer.reads(html.unescape(whole[1]))
    further = re.search(r'rel="next" href="([^"]+)"', first)
    assert further
    second = officer.reads(html.unescape(further[1]))
    rows = [len(re.findall(r'<small class="text-secondary">第', each)) for each in (first, second)]
    assert rows == [50, 11]


def test_the_history_of_a_record_moves_along_with_it(world: World, office: Office):
    street = build_street(world, "甲村")
    run(world, "UPDATE inventory.street SET surveyed_name = '老街' WHERE id = :id RETURNING 1", id=street)
    run(world, "UPDATE base.division SET parent_id = :to WHERE name = '甲村' RETURNING 1", to=world.places["中镇"])
    uid = run(world, "SELECT uid FROM inventory.street WHERE id = :id", id=street)
    page = Person(office, Role.COUNTY_OFFICER, "西县").reads(f"/inventory/{uid}")
    assert "老街" in page.partition("timeline")[2]
    Person(office, Role.COUNTY_OFFICER, "东县").reads(f"/inventory/{uid}", status=404)


def test_who_may_not_read_a_colleagues_row_reads_no_history_of_it(world: World, office: Office):
    contact = world.person(Role.VILLAGE_CONTACT, "甲村")
    town, county = (
        world.person(role, place) for role, place in ((Role.TOWN_OFFICER, "南镇"), (Role.COUNTY_OFFICER, "东县"))
    )
    for person, wanted in ((town, 0), (county, 1), (contact, 0)):
        with world.office.acting(person, via="test") as session:
            for asked in (
                "SELECT count(*) FROM history.entry WHERE subject = 'base.person' AND row_id = %s",
                "SELECT count(*) FROM history.of_record('base.person', %s, 50)",
            ):
                found = session.connection().exec_driver_sql(asked, (contact,)).scalar_one()
                assert (found > 0) == bool(wanted or (person == contact and "of_record" in asked)), (person, asked)


def test_a_refused_form_leads_back_to_the_page_it_was_sent_from(office: Office):
    crew = Person(office, Role.CREW, "南镇")
    sent = {"data": {"form_token": crew.token, "next": "/"}}
    for source, way in (("http://testserver/divisions?in=x", "/divisions?in=x"), ("http://elsewhere.cn/trap", "")):
        answer = crew.client.post("/people/new", **sent, headers={"referer": source, "accept": "text/html"})
        assert answer.status_code == 403, answer.text
        assert ("回到刚才的页面" in answer.text) == bool(way)
        assert (f'href="{html.escape(way)}"' in answer.text) == bool(way)
        assert "elsewhere" not in answer.text


def test_who_enters_no_decisions_is_told_so_at_once(office: Office):
    Person(office, Role.CREW, "南镇").reads("/naming/decide", status=403)
