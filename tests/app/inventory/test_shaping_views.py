"""What an officer decides of a street's shape on its page, through the office."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import text

from app.base.models import Role
from tests.app.builders import around, build_name, build_street, run
from tests.app.pages import Office, Person, hidden_in, seen_in, survey, taken_in, uid_of, uids_in, version_in, work_off
from tests.world import World


@pytest.fixture(scope="module")
def begin() -> Callable[[World], None]:
    return with_survey


def with_survey(world: World) -> None:
    """A small survey that a county's officer took in."""
    with closing(Office(world, stations=True)) as office:
        taken_in(world, Person(office, Role.COUNTY_OFFICER, "西县"), "中镇", survey())


@pytest.fixture
def officer(office: Office) -> Person:
    """The county's officer who took the survey in."""
    return Person(office, Role.COUNTY_OFFICER, "西县")


@pytest.fixture(scope="module")
def shared_officer(shared_office: Office) -> Person:
    """The same, for what is refused."""
    return Person(shared_office, Role.COUNTY_OFFICER, "西县")


def road(world: World) -> str:
    """The page of the street that runs east–west and has a junction."""
    uid = run(world, "SELECT uid FROM inventory.street WHERE bearing_deg BETWEEN 80 AND 100 ORDER BY length_m DESC")
    return f"/inventory/{uid}"


def streets_of(world: World, village: str) -> int:
    asked = "SELECT count(*) FROM inventory.street WHERE division_id = :id"
    return int(run(world, asked, id=world.places[village]))


def undone(officer: Person, page: str) -> None:
    """Take back what the toast of a page offers."""
    act = page.split('action="/undo/')[1].partition('"')[0]
    officer.goes(f"/undo/{act}", next="/inventory")


def test_no_street_leaves_the_list_and_stands_in_its_own_with_the_reason(world: World, officer: Person):
    here, all_of_them = road(world), uids_in(officer.reads("/inventory"), "/inventory")
    version = version_in(officer.reads(here), f"{here}/no-street")
    assert "请说明为何不是街路巷" in officer.sends(f"{here}/no-street", status=422, version=version, reason=" ").text
    page = officer.reads(officer.goes(f"{here}/no-street", version=version, reason="院内通道"))
    assert "院内通道" in page
    assert f'action="{here}/split"' not in page
    listed = officer.reads("/inventory")
    assert len(uids_in(listed, "/inventory")) == len(all_of_them) - 1
    assert "非街路巷 1" in listed
    assert here not in officer.reads("/inventory/ledgers?list=unnamed")
    own = officer.reads("/inventory?state=no_street")
    assert uids_in(own, "/inventory") == [here.rpartition("/")[2]]
    assert "院内通道" in own
    undone(officer, page)
    assert len(uids_in(officer.reads("/inventory"), "/inventory")) == len(all_of_them)


def test_that_a_street_is_none_is_taken_back_on_its_page(world: World, officer: Person):
    here = road(world)
    version = version_in(officer.reads(here), f"{here}/no-street")
    page = officer.reads(officer.goes(f"{here}/no-street", version=version, reason="沟渠"))
    officer.goes(f"{here}/street", version=version_in(page, f"{here}/street"))
    assert f'action="{here}/split"' in officer.reads(here)


def test_a_street_is_cut_at_a_junction_and_joined_again(world: World, officer: Person):
    here = road(world)
    page = officer.reads(here)
    places = re.findall(r'name="at" value="([^"]+)"', page)
    assert "在路口" in page
    version = version_in(page, f"{here}/split")
    assert "请在地图或列表中选择位置" in officer.sends(f"{here}/split", status=422, version=version, at="there").text
    assert "距所选断开处" in officer.sends(f"{here}/split", status=422, version=version, at="116.4,37.9").text
    before = run(world, "SELECT count(*) FROM inventory.street")
    page = officer.reads(officer.goes(f"{here}/split", version=version, at=places[0]))
    assert run(world, "SELECT count(*) FROM inventory.street") == before + 1
    neighbours = seen_in(page)
    assert neighbours
    assert "至少两条" in officer.sends(f"{here}/join", status=422, version=version_in(page, f"{here}/join")).text
    newest = run(world, "SELECT uid::text FROM inventory.street ORDER BY id DESC LIMIT 1")
    chosen = [one for one in neighbours if one.startswith(newest)]
    page = officer.reads(officer.goes(f"{here}/join", version=version_in(page, f"{here}/join"), seen=chosen))
    assert run(world, "SELECT count(*) FROM inventory.street") == before
    undone(officer, page)
    assert run(world, "SELECT count(*) FROM inventory.street") == before + 1


def test_a_ring_is_cut_at_two_corners_and_whole_again(world: World, office: Office):
    ring = ((0, 0), (200, 0), (200, 200), (0, 200), (0, 0))
    street = build_street(world, "甲村", ring, surveyed_name="环村路")
    here = f"/inventory/{run(world, 'SELECT uid FROM inventory.street WHERE id = :id', id=street)}"
    town = Person(office, Role.TOWN_OFFICER, "南镇")
    page = town.reads(here)
    places = re.findall(r'name="at" value="([^"]+)"', page)
    assert len(places) == 6
    assert "环路的两个转角处" in page
    version = version_in(page, f"{here}/split")
    page = town.reads(town.goes(f"{here}/split", version=version, at=places[1]))
    assert streets_of(world, "甲村") == 2
    undone(town, page)
    assert streets_of(world, "甲村") == 1
    assert run(world, "SELECT round(length_m) FROM inventory.street WHERE id = :id", id=street) == 800


def test_a_form_that_was_overtaken_changes_nothing(world: World, officer: Person):
    here = road(world)
    page = officer.reads(here)
    place, version = re.findall(r'name="at" value="([^"]+)"', page)[0], version_in(page, f"{here}/split")
    officer.goes(f"{here}/split", version=version, at=place)
    streets = run(world, "SELECT count(*) FROM inventory.street")
    officer.sends(f"{here}/split", status=409, version=version, at=place)
    late = officer.sends(f"{here}/no-street", status=409, version=version, reason="这是一条沟渠")
    assert "这是一条沟渠" in late.text  # what was typed stays in sight
    assert officer.token not in late.text.partition("您填写的内容")[2].partition("</section>")[0]
    assert run(world, "SELECT count(*) FROM inventory.street") == streets


def test_a_named_street_says_why_its_shape_stays(world: World, office: Office):
    street = build_street(world, "甲村")
    build_name(world, street)
    here = f"/inventory/{run(world, 'SELECT uid FROM inventory.street WHERE id = :id', id=street)}"
    town = Person(office, Role.TOWN_OFFICER, "南镇")
    page = town.reads(here)
    assert "请先废止该地名" in page
    assert "/split" not in page
    version = run(world, "SELECT version FROM inventory.street WHERE id = :id", id=street)
    assert "请先废止该地名" in town.sends(f"{here}/no-street", status=409, version=version, reason="沟渠").text


def test_who_may_only_read_finds_nothing_to_decide(world: World, office: Office):
    street = build_street(world, "甲村")
    here = f"/inventory/{run(world, 'SELECT uid FROM inventory.street WHERE id = :id', id=street)}"
    contact = Person(office, Role.VILLAGE_CONTACT, "甲村")
    assert "/split" not in contact.reads(here)
    answer = contact.client.post(f"{here}/no-street", data={"form_token": contact.token, "version": 1, "reason": "x"})
    assert answer.status_code >= 400
    assert run(world, "SELECT state FROM inventory.street WHERE id = :id", id=street) == "unnamed"


ONLOOKERS = [
    (Role.CREW, "西县"),
    (Role.AUDITOR, "西县"),
    (Role.INSPECTOR, "西县"),
    (Role.VILLAGE_CONTACT, "丁村"),
]


@pytest.mark.parametrize(("role", "place"), ONLOOKERS, ids=[role.value for role, _ in ONLOOKERS])
def test_whose_role_decides_nothing_is_told_so_before_anything_else(
    shared_world: World, shared_office: Office, role: Role, place: str
):
    here, reader = road(shared_world), Person(shared_office, role, place)
    version = run(shared_world, "SELECT version FROM inventory.street WHERE uid = :uid", uid=here.rpartition("/")[2])
    posts = [
        (f"{here}/{act}", {"version": version, "reason": "沟渠"}) for act in ("no-street", "split", "cut", "stream")
    ]
    for address, data in [*posts, ("/inventory/draw", {"line": "116.33,37.4 116.331,37.4"}), ("/inventory/join", {})]:
        answer = reader.client.post(address, data={"form_token": reader.token, **data})
        assert answer.status_code == 403, address


def test_a_second_survey_of_the_same_roads_is_told_and_makes_no_second_streets(world: World, officer: Person):
    with world.owner.begin() as connection:
        connection.exec_driver_sql(
            "DELETE FROM inventory.street_segment WHERE segment_id IN (SELECT max(id) FROM intake.segment)"
        )
    before = run(world, "SELECT count(*) FROM inventory.street")
    going = officer.goes("/inventory/derive")
    work_off(world, going.rpartition("/")[2])
    page = officer.reads(officer.client.get(going).headers["location"])
    assert "另有 1 条线与已有街路巷重合" in page
    assert run(world, "SELECT count(*) FROM inventory.street") == before


def drawn_line(world: World, *steps: tuple[float, float]) -> str:
    """A line of places in metres from 丁村, as the map sends it."""
    return " ".join(f"{x:.7f},{y:.7f}" for x, y in around(world, "丁村", steps))


def test_a_street_is_drawn_re_shaped_and_cut_on_the_map(world: World, officer: Person):
    page = officer.reads("/map")
    assert 'data-map-start="draw"' in page
    line = drawn_line(world, (-300, 400), (-200, 420), (-200, 600))
    url = officer.goes("/inventory/draw", line=line)
    uid = url.removeprefix("/map?street=")
    page = officer.reads(url)
    assert "已在丁村绘制一条长" in page
    corners, version = (re.findall(rf'data-{name}="([^"]+)"', page)[0] for name in ("corners", "version"))
    assert len(corners.split()) == 3
    longer = drawn_line(world, (-300, 400), (-200, 420), (-200, 700))
    page = officer.reads(officer.goes(f"/inventory/{uid}/reshape", version=version, line=longer))
    officer.sends(f"/inventory/{uid}/reshape", status=409, version=version, line=longer)
    version = re.findall(r'data-version="([^"]+)"', page)[0]
    before = run(world, "SELECT count(*) FROM inventory.street")
    officer.goes(f"/inventory/{uid}/cut", version=version, at=drawn_line(world, (-200, 420)))
    assert run(world, "SELECT count(*) FROM inventory.street") == before + 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (((-300, 400),), "请至少点击两处"),
        (((-300, 400), (-300, 400.5)), "长度应在"),
        (((90_000, 0), (90_100, 0)), "附近没有"),
    ],
)
def test_what_was_drawn_wrong_comes_back_to_the_map_with_the_reason(
    shared_world: World, shared_officer: Person, line: tuple[tuple[float, float], ...], words: str
):
    before = run(shared_world, "SELECT count(*) FROM inventory.street")
    url = shared_officer.goes("/inventory/draw", line=drawn_line(shared_world, *line))
    assert "edit=draw&line=" in url
    assert words in shared_officer.reads(url)
    assert run(shared_world, "SELECT count(*) FROM inventory.street") == before


def test_a_cut_beside_the_street_comes_back_to_the_map_with_the_reason(shared_world: World, shared_officer: Person):
    here = road(shared_world)
    version = version_in(shared_officer.reads(here), f"{here}/split")
    url = shared_officer.goes(f"{here}/cut", version=version, at="116.4,37.9")
    assert "距所选断开处" in shared_officer.reads(url)


def test_streets_selected_on_the_map_are_joined_from_their_list(world: World, office: Office):
    keys = [build_street(world, "甲村", ((n, 0), (n + 100, 0))) for n in (0, 100, 200)]
    uids = [str(run(world, "SELECT uid FROM inventory.street WHERE id = :id", id=key)) for key in keys]
    town = Person(office, Role.TOWN_OFFICER, "南镇")
    page = town.reads(f"/inventory?only={','.join(uids)}")
    assert "合并这 3 条街路巷" in page
    chosen = hidden_in(page, "/inventory/join")
    assert "300 米" in town.reads(town.goes("/inventory/join", **chosen))
    assert streets_of(world, "甲村") == 1
    town.sends("/inventory/join", status=409, **chosen)


def three_in_a_row(world: World) -> list[str]:
    keys = [build_street(world, "甲村", ((n, 0), (n + 100, 0))) for n in (0, 100, 200)]
    return [str(run(world, "SELECT uid FROM inventory.street WHERE id = :id", id=key)) for key in keys]


def test_streets_selected_on_the_map_are_joined_there(world: World, office: Office):
    uids = three_in_a_row(world)
    town = Person(office, Role.TOWN_OFFICER, "南镇")
    asked = town.reads(f"/map/joining?streets={','.join(uids)}")
    assert "将这 3 条街路巷合并为一条" in asked
    url = town.goes("/inventory/join", **hidden_in(asked, "/inventory/join"))
    assert url.startswith("/map?street=")
    assert "300 米" in town.reads(url)
    assert streets_of(world, "甲村") == 1


def test_streets_that_do_not_meet_come_back_to_the_map_selected_with_the_reason(world: World, office: Office):
    uids = three_in_a_row(world)[::2]
    town = Person(office, Role.TOWN_OFFICER, "南镇")
    asked = town.reads(f"/map/joining?streets={','.join(uids)}")
    url = town.goes("/inventory/join", **hidden_in(asked, "/inventory/join"))
    page = town.reads(url)
    assert "不相接" in page
    assert all(uid in re.findall(r'data-picked="([^"]+)"', page)[0] for uid in uids)
    assert streets_of(world, "甲村") == 3


def test_a_street_with_branches_is_re_shaped_branch_by_branch(world: World, officer: Person):
    line = drawn_line(world, (-300, 400), (-200, 420), (-200, 600))
    uid = officer.goes("/inventory/draw", line=line).removeprefix("/map?street=")
    version = re.findall(r'data-version="([^"]+)"', officer.reads(f"/map?street={uid}"))[0]
    branches = ";".join(
        [
            drawn_line(world, (-300, 400), (-200, 420)),
            drawn_line(world, (-200, 420), (-200, 600)),
            drawn_line(world, (-200, 420), (-100, 420)),
        ]
    )
    page = officer.reads(officer.goes(f"/inventory/{uid}/reshape", version=version, line=branches))
    corners = re.findall(r'data-corners="([^"]+)"', page)[0]
    assert sorted(corners.split(";")) == sorted(branches.split(";"))
    assert run(world, "SELECT round(length_m) FROM inventory.street WHERE uid = :uid", uid=uid) == pytest.approx(382)


def test_a_long_line_that_is_refused_is_left_to_the_browser_whole(shared_world: World, shared_officer: Person):
    far = drawn_line(shared_world, *((90_000 + n, 0) for n in range(300)))
    url = shared_officer.goes("/inventory/draw", line=far)
    assert "edit=draw" in url
    assert "line=" not in url


def test_no_street_is_said_on_the_map_which_is_shown_again_with_the_undo(world: World, officer: Person):
    here = road(world)
    uid = here.rpartition("/")[2]
    fields = hidden_in(officer.reads(f"/map?street={uid}"), f"{here}/no-street")
    url = officer.goes(f"{here}/no-street", **fields, reason="院内通道")
    assert url == f"/map?street={uid}"
    page = officer.reads(url)
    assert "已认定为非街路巷" in page
    assert f'action="{here}/no-street"' not in page
    undone(officer, page)
    assert f'action="{here}/no-street"' in officer.reads(url)


def test_no_street_that_is_refused_comes_back_to_the_map_with_the_reason_and_what_was_typed(
    world: World, officer: Person
):
    here = road(world)
    uid = here.rpartition("/")[2]
    fields = hidden_in(officer.reads(f"/map?street={uid}"), f"{here}/no-street")
    url = officer.goes(f"{here}/no-street", **fields, reason=" ")
    assert url.startswith(f"/map?street={uid}&edit=no-street")
    assert "请说明为何不是街路巷" in officer.reads(url)
    build_name(world, run(world, "SELECT id FROM inventory.street WHERE uid = :uid", uid=uid))
    run_unnamed = "UPDATE inventory.street SET state = 'unnamed' WHERE uid = :uid RETURNING version"
    with world.owner.begin() as connection:
        version = connection.execute(text(run_unnamed), {"uid": uid}).scalar_one()
    url = officer.goes(f"{here}/no-street", version=version, from_map="true", reason="沟渠&渠")
    page = officer.reads(url)
    assert "请先废止该地名" in page
    assert 'value="沟渠&渠"' in page


def test_that_a_street_is_none_is_taken_back_on_the_map(world: World, officer: Person):
    here = road(world)
    uid = here.rpartition("/")[2]
    said = hidden_in(officer.reads(f"/map?street={uid}"), f"{here}/no-street")
    page = officer.reads(officer.goes(f"{here}/no-street", **said, reason="院内通道"))
    assert "data-map-start" not in page.partition('class="map-card"')[2].partition("</div>")[0]
    panel = officer.reads(f"/map/about?street={uid}")
    url = officer.goes(f"{here}/street", **hidden_in(panel, f"{here}/street"))
    assert url == f"/map?street={uid}"
    assert f'action="{here}/no-street"' in officer.reads(url)


def test_the_map_comes_back_narrowed_as_it_was(world: World, officer: Person):
    here = road(world)
    uid, home = here.rpartition("/")[2], uid_of(world, "西县")
    said = hidden_in(officer.reads(f"/map?street={uid}"), f"{here}/no-street")
    kept = f"in={home}&state=unnamed,no_street&q=%E8%B7%AF"

    def back(referer: str, **fields: str) -> str:
        data = {"form_token": officer.token, **said, **fields}
        headers = {"referer": f"{officer.client.base_url}{referer}"}
        answer = officer.client.post(f"{here}/no-street", data=data, headers=headers)
        assert answer.status_code == 303, answer.text[-500:]
        return str(answer.headers["location"])

    refused = back(f"/map?{kept}&street={uid}&edit=cut", reason=" ")
    assert refused == f"/map?street={uid}&{kept}&edit=no-street&reason=%20"
    elsewhere = officer.client.post(
        f"{here}/no-street",
        data={"form_token": officer.token, **said, "reason": " "},
        headers={"referer": f"https://elsewhere.example/map?{kept}"},
    )
    assert kept not in str(elsewhere.headers.get("location", ""))
    assert back(f"/map?{kept}", reason="院内通道") == f"/map?street={uid}&{kept}"
    line = drawn_line(world, (-300, 400), (-200, 420))
    headers = {"referer": f"{officer.client.base_url}/map?{kept}"}
    drawn = officer.client.post("/inventory/draw", data={"form_token": officer.token, "line": line}, headers=headers)
    assert str(drawn.headers["location"]).endswith(f"&{kept}")
    assert officer.client.get(str(drawn.headers["location"])).status_code == 200
