"""What each role meets first, and how lists answer addresses that they do not know."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.base.models import Role
from app.web.language import catalogue
from app.web.words import NEXT_STEPS, STATIONS, WAITS, waits
from tests.app.builders import build_batch, build_order, build_sign, build_street, run
from tests.app.pages import Person
from tests.app.web.conftest import Office, enter
from tests.conftest import PASSWORD, World

PLACES = {
    Role.ADMINISTRATOR: "市",
    Role.CITY_OFFICER: "市",
    Role.COUNTY_OFFICER: "东县",
    Role.TOWN_OFFICER: "南镇",
    Role.VILLAGE_CONTACT: "甲村",
    Role.SIGN_MAKER: "东县",
    Role.CREW: "东县",
    Role.INSPECTOR: "东县",
    Role.CONTENT_EDITOR: "东县",
    Role.AUDITOR: "市",
}
PROGRESS = "应命名街路巷已全部命名的村"


@pytest.fixture(scope="module")
def begin() -> Callable[[World], int]:
    return lambda world: build_street(world, "甲村")


@pytest.fixture(scope="module")
def stations() -> bool:
    return True


@pytest.mark.parametrize("role", list(Role))
def test_a_start_page_shows_only_what_its_role_may_read_and_says_what_to_do(shared_office: Office, role: Role):
    page = Person(shared_office, role, PLACES[role]).reads("/")
    assert PROGRESS in page, "the programme's number is no secret among staff"
    assert "0 <small>/ 0</small>" not in page
    waiting = page.split("待您办理")[1]
    assert f'href="{NEXT_STEPS[role.value][2]}"' in waiting or "todo-count" in waiting
    assert ("到期事项" in page) is (role not in {Role.SIGN_MAKER, Role.CREW, Role.CONTENT_EDITOR})


@pytest.mark.parametrize("role", list(Role))
def test_a_start_page_says_what_waits_and_not_only_at_which_station(role: Role):
    stations = {key for key, _, _ in STATIONS}
    assert set(WAITS) == stations - {"intake", "tracking"}, "nothing ever waits for anybody at these two"
    assert all(catalogue("zh").get(waits(key, role.value)) for key in WAITS)


def test_what_waits_for_a_town_is_called_otherwise_than_what_waits_for_a_county(shared_office: Office):
    assert "应命名、尚未拟名的街路巷" in Person(shared_office, Role.COUNTY_OFFICER, "东县").reads("/")
    assert waits("naming", "county_officer") != waits("naming", "town_officer")


@pytest.mark.parametrize(("role", "place"), [(Role.TOWN_OFFICER, "南镇"), (Role.VILLAGE_CONTACT, "甲村")])
def test_a_start_page_names_the_countys_batch_that_holds_a_village_of_the_reader(
    world: World, office: Office, role: Role, place: str
):
    build_batch(world, ["甲村"], title="样板批")
    assert "样板批" in Person(office, role, place).reads("/")
    build_batch(world, ["乙村"], title="别村批")
    assert ("别村批" in Person(office, role, place).reads("/")) is (role is Role.TOWN_OFFICER)


@pytest.mark.parametrize("role", list(Role))
def test_the_navigation_leads_where_the_role_may_go_and_nowhere_else(shared_office: Office, role: Role):
    person = Person(shared_office, role, PLACES[role])
    ways = person.reads("/").split("nav-flow")[1].split("</ol>")[0]
    for key, _, _ in STATIONS:
        status = person.client.get(f"/{key}").status_code
        assert status == 403 if f'href="/{key}"' not in ways else status in {200, 303}, key  # 303: crews to their phone


@pytest.mark.parametrize("role", list(Role))
def test_the_way_out_of_an_empty_start_page_is_open_to_its_role(shared_office: Office, role: Role):
    Person(shared_office, role, PLACES[role]).reads(NEXT_STEPS[role.value][2])


def test_a_makers_start_page_names_the_orders_that_were_released_to_them(world: World, office: Office):
    maker = world.person(Role.SIGN_MAKER, "东县")
    order = build_order(world, [build_sign(world, world.found)])
    run(world, 'UPDATE printing."order" SET maker_id = :maker WHERE id = :order', maker=maker, order=order)
    page = Person(office, Role.SIGN_MAKER, "东县").reads("/")
    assert re.search(r'href="/printing/[0-9a-f-]{36}"', page)
    assert "2024年6月1日下达" in page


@pytest.mark.parametrize(
    ("role", "place", "asked", "leads"),
    [
        (Role.CREW, "东县", "/", "/rollout/phone"),
        (Role.SIGN_MAKER, "东县", "/", "/printing"),
        (Role.COUNTY_OFFICER, "东县", "/", "/"),
        (Role.CREW, "东县", "/map", "/map"),
    ],
)
def test_signing_in_leads_to_the_page_that_is_theirs(
    shared_office: Office, role: Role, place: str, asked: str, leads: str
):
    client = shared_office.stranger()
    assert enter(client, shared_office.login_of(role, place), PASSWORD, next=asked).headers["location"] == leads
    assert client.get(f"/login?next={asked}").headers["location"] == leads
    assert client.get(leads).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/inventory?state=xyz",
        "/inventory?scope=bad",
        "/inventory?surveyed=x",
        "/inventory?sort=colour",
        "/inventory?division=abc",
        "/milestones?state=xyz",
        "/naming?state=xyz",
        "/naming/decisions?state=xyz",
        "/naming/names?words=x",
        "/planning?state=xyz",
        "/planning?reason=xyz",
        "/planning?kind=xyz",
        "/printing?state=xyz",
        "/rollout?state=xyz",
        "/scanning?state=xyz",
        "/scanning/scans?days=31",
        "/tracking?by=street",
        "/history?subject=base.nothing",
        "/people?state=gone",
        "/intake?state=xyz",
        "/divisions?state=xyz",
        "/runs?state=xyz",
    ],
)
def test_a_list_refuses_a_filter_that_it_does_not_know_and_names_it(shared_office: Office, address: str):
    officer = Person(shared_office, Role.CITY_OFFICER, "市")
    path, _, asked = address.partition("?")
    page = officer.reads(address, 422)
    assert (asked in page) or (asked.partition("=")[0] in page)
    assert "不是本页的筛选条件" in page
    assert f'href="{path}"' in page
    officer.reads(path)


def test_programs_are_told_the_field_of_an_unknown_filter(shared_office: Office):
    client = shared_office.signed_in(Role.CITY_OFFICER, "市")
    answer = client.get("/api/v1/streets?colour=red")
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "colour")


@pytest.mark.parametrize(
    ("address", "said", "leads"),
    [
        ("/naming/new", "请先选择街路巷", "/inventory?state=unnamed"),
        ("/naming/decide", "请先选择名称", "/naming?state=submitted"),
    ],
)
def test_a_form_without_its_subject_says_what_to_choose_first(
    shared_office: Office, address: str, said: str, leads: str
):
    officer = Person(shared_office, Role.COUNTY_OFFICER, "东县")
    page = officer.reads(address)
    assert said in page
    assert f'href="{leads}' in page
    assert "没有" in officer.reads("/naming/new?street=nonsense", 404)
    assert "没有" in officer.reads("/naming/decide?batch=nonsense", 404)
