"""One place, ten roles: each page that shows a figure shows everybody the same one, or does not show it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

import pytest

from app.base.models import Role
from tests.app.builders import (
    NAMES,
    build_batch,
    build_name,
    build_order,
    build_sign,
    build_street,
    build_target,
    insert,
    run,
)
from tests.app.pages import Office, Person, uid_of
from tests.conftest import World

EVERYBODY = tuple(Role)
Tables = Callable[[Role, str, str], list[list[str]]]
#: Where people of narrow territories work; their county is 东县.
BELOW = ((Role.TOWN_OFFICER, "北镇"), (Role.TOWN_OFFICER, "南镇"), (Role.VILLAGE_CONTACT, "甲村"))


def announced_later(world: World, name: int) -> None:
    """The decision on a name is not announced yet."""
    decision = run(world, "SELECT decision_id FROM naming.name WHERE id = :id", id=name)
    run(world, "UPDATE inventory.street SET state = 'approved' WHERE id = (SELECT street_id FROM naming.name"
               " WHERE id = :id)", id=name)  # fmt: skip
    insert(
        world,
        "naming.deadline",
        division_id=world.places["东县"],
        decision_id=decision,
        kind="announce",
        started_on=date(2024, 5, 1),
        due_on=date(2024, 5, 16),
    )


@pytest.fixture(scope="module")
def told(shared_world: World) -> World:
    """A county with streets, names, signs and an order in three villages of two towns, and a batch of all three."""
    world = shared_world
    for year, villages in ((2024, 1), (2025, 2), (2026, 1)):
        build_target(world, "市", year, villages)
    batch = build_batch(world, ["甲村", "乙村", "丙村"])
    streets = [build_street(world, village) for village in ("甲村", "甲村", "乙村", "丙村", "丁村")]
    build_street(world, "丙村", state="proposed")
    names = [build_name(world, street, NAMES[n % 4]) for n, street in enumerate(streets[:4])]
    announced_later(world, names[3])
    signs = [
        build_sign(world, street, state=state) for street, state in zip(streets, ("ordered", "planned"), strict=False)
    ]
    build_order(world, signs[:1])
    run(world, "UPDATE inventory.street SET surveyed_name = '老街' WHERE id = :id", id=streets[4])
    insert(
        world, "scanning.scan_count",
        division_id=world.places["甲村"], code_id=signs[0].code_id, scanned_on=date(2024, 6, 30), scans=7,
    )  # fmt: skip
    world.places["batch"] = batch
    return world


@pytest.fixture(scope="module")
def office(told: World) -> Iterator[Office]:
    made = Office(told, stations=True, shared=True)
    yield made
    made.close()


def programme(page: str) -> str:
    """The card with the programme's number, without its tags."""
    card = page.split("one-number")[1].split("</section>", maxsplit=1)[0].split("card-title", maxsplit=1)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", card.split("开放的批次")[0]).split())


def table(person: Person, by: str) -> list[list[str]]:
    """The progress as the file holds it: a row for each place."""
    answer = person.client.get(f"/tracking/export.csv?by={by}")
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))[3:]


@pytest.fixture(scope="module")
def tables(office: Office) -> Tables:
    """What everybody's file holds, asked for once each: nothing changes here."""
    return cache(lambda role, place, by: table(Person(office, role, place), by))


@pytest.fixture(scope="module")
def starts(office: Office) -> Callable[[Role, str], str]:
    """The programme's card on everybody's start page, read once each."""
    return cache(lambda role, place: programme(Person(office, role, place).reads("/")))


@pytest.mark.parametrize("role", EVERYBODY)
def test_the_start_page_tells_every_role_the_same_of_a_county(starts: Callable[[Role, str], str], role: Role):
    told = starts(role, "东县")
    assert "街路巷已命名 4 / 5 已批复（待公告） 1 · 已公告 3" in told
    assert "标志已安装 0 / 2" in told
    assert told == starts(Role.COUNTY_OFFICER, "东县")


@pytest.mark.parametrize("role", EVERYBODY)
def test_the_start_page_tells_every_role_the_same_of_a_village(starts: Callable[[Role, str], str], role: Role):
    assert starts(role, "丙村") == starts(Role.COUNTY_OFFICER, "丙村")


@pytest.mark.parametrize("by", ["city", "county"])
@pytest.mark.parametrize(("role", "place"), [*((role, "东县") for role in EVERYBODY), *BELOW])
def test_progress_of_a_place_is_the_whole_of_it_whoever_reads(tables: Tables, by: str, role: Role, place: str):
    county = {row[1]: row for row in tables(Role.COUNTY_OFFICER, "东县", by)}
    rows = tables(role, place, by)
    assert [row[0] for row in rows] == (["市"] if by == "city" else ["东县"])
    assert rows == [county[row[1]] for row in rows]
    whole = {row[1]: row for row in tables(Role.AUDITOR, "市", by)}
    assert rows == [whole[row[1]] for row in rows]


def test_a_town_sees_the_county_as_a_whole_and_is_linked_to_its_own_lists_alone(told: World, office: Office):
    town = Person(office, Role.TOWN_OFFICER, "北镇")
    page = town.reads("/tracking?by=county")
    assert "4 / 5" in page
    assert uid_of(told, "东县") not in "".join(re.findall(r'href="(/(?:inventory|naming|planning)[^"]*)"', page))
    assert "北镇只是其中一部分" in page
    own = town.reads("/tracking?by=town")
    assert f"/inventory?in={uid_of(told, '北镇')}" in own
    assert "只是其中一部分" not in own


@pytest.mark.parametrize(("role", "place"), [(Role.COUNTY_OFFICER, "东县"), (Role.AUDITOR, "市"), *BELOW])
def test_a_batch_is_as_far_for_each_of_its_readers(told: World, office: Office, role: Role, place: str):
    uid = run(told, "SELECT uid FROM milestones.batch WHERE id = :id", id=told.places["batch"])
    page = Person(office, role, place).reads(f"/milestones/{uid}")
    done = re.search(r'<span class="figure">(.*?)</span>', page)
    assert done
    assert without_tags(done[1]) == ["4", "/", "5"]
    row = page.split("<tbody>")[1].split("丙村")[1].split("</tr>")[0]
    assert without_tags(row)[:6] == ["北镇", "2", "0", "0", "1", "1"]


def without_tags(part: str) -> list[str]:
    """The words of a piece of a page."""
    return re.sub(r"<[^>]*>", " ", part).split()


def test_a_contact_is_led_to_the_streets_of_their_own_village_alone(told: World, office: Office):
    uid = run(told, "SELECT uid FROM milestones.batch WHERE id = :id", id=told.places["batch"])
    page = Person(office, Role.VILLAGE_CONTACT, "甲村").reads(f"/milestones/{uid}")
    assert re.findall(r"/inventory\?in=([0-9a-f-]{36})", page) == [uid_of(told, "甲村")]


def test_every_year_that_has_a_quota_has_a_row_with_that_years_target(office: Office):
    auditor = Person(office, Role.AUDITOR, "市")
    rows = {row[0]: row[2:5] for row in table(auditor, "year")}
    assert rows == {
        "2024": ["3", "1", "3"],
        "2025": ["0", "2", "0"],
        "2026": ["0", "1", "0"],
        "尚未列入批次": ["1", "", "0"],
    }
    page = auditor.reads("/tracking?by=year")
    assert "当年目标" in page
    assert "截至年末的目标" not in page
    assert "截至年末的目标" in auditor.reads("/tracking?by=city")


@pytest.mark.parametrize(
    "role",
    [
        role
        for role in Role
        if role not in {Role.SIGN_MAKER, Role.CREW, Role.VILLAGE_CONTACT}
    ],
)  # fmt: skip
def test_whoever_sees_scans_sees_all_of_them(office: Office, role: Role):
    page = Person(office, role, "东县").reads("/scanning/scans")
    assert "这段时间没有扫码" not in page
    assert re.search(r'text-end">7<', page)


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.SIGN_MAKER, Role.CONTENT_EDITOR}])
def test_a_street_is_as_far_and_in_scope_for_the_same_reason_for_each_of_its_readers(
    told: World, office: Office, role: Role
):
    street = run(told, "SELECT uid FROM inventory.street WHERE state = 'approved'")
    page = Person(office, role, "东县").reads(f"/inventory/{street}")
    way = page.split('class="stations"')[1].split("</ol>")[0] if 'class="stations"' in page else page
    assert "2024年5月1日" in way
    assert "附近没有村（居）委会" not in page or role is not Role.CREW, (
        "who may not read the reasons is told nothing of them"
    )
    facts = _facts(page)
    whole = _facts(Person(office, Role.COUNTY_OFFICER, "东县").reads(f"/inventory/{street}"))
    assert {title for title, told in facts.items() if told != whole[title]} <= (
        {"路段"} if role is Role.CREW else set()
    )


def _facts(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.SIGN_MAKER, Role.CONTENT_EDITOR}])
def test_the_day_of_a_signs_order_is_told_to_each_of_its_readers(told: World, office: Office, role: Role):
    sign = run(told, "SELECT uid FROM planning.sign WHERE state = 'ordered'")
    assert "2024年6月1日" in Person(office, role, "东县").reads(f"/planning/{sign}")


@pytest.mark.parametrize("role", EVERYBODY)
def test_a_decision_that_is_not_announced_is_done_for_nobody(told: World, office: Office, role: Role):
    page = Person(office, role, "东县").reads("/naming/decisions")
    assert page.count("due-over") == 1, "the notice of one decision is overdue"


def test_a_town_is_told_which_orders_of_the_county_have_its_plates(office: Office):
    town = Person(office, Role.TOWN_OFFICER, "南镇")
    for url in ("/printing", "/printing?state=released"):
        page = town.reads(url)
        assert "2024-东县-" in page
        assert "empty-state" not in page
    assert "empty-state" in town.reads("/printing?state=draft")
    assert "暂无订单" in Person(office, Role.TOWN_OFFICER, "北镇").reads("/printing")
