"""The search tells when there is more than it shows; a record's history goes on where its page ends."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest

from app.base.models import Role
from tests.app.builders import build_street, run
from tests.app.pages import Office, Person
from tests.world import World


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    made = Office(world, stations=True)
    yield made
    made.close()


@pytest.fixture
def officer(office: Office) -> Person:
    return Person(office, Role.COUNTY_OFFICER, "东县")


def test_a_search_with_more_hits_than_it_shows_says_so_and_shows_more(world: World, officer: Person):
    for n in range(25):
        street = build_street(world, "甲村")
        run(
            world,
            "UPDATE inventory.street SET surveyed_name = :name WHERE id = :id RETURNING 1",
            id=street,
            name=f"民生{n}路",
        )
    page = officer.reads("/search?q=民生")
    assert len(re.findall(r"民生\d+路", page)) == 20
    assert "每类只列出前 20 条" in page
    assert "共 20" not in page
    further = re.search(r'href="([^"]+most=100[^"]*)"', page)
    assert further
    whole = officer.reads(html.unescape(further[1]))
    assert len(re.findall(r"民生\d+路", whole)) == 25
    assert "结果较多" not in whole


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
