"""The map: tiles of one's own territory by their tags, the list beside it, what its address marks and narrows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import mapbox_vector_tile
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.base.models import Role
from tests.app.builders import build_street
from tests.app.web.conftest import Office, put, with_sign
from tests.conftest import World

pytestmark = pytest.mark.database
#: Where the street of the fixture ``token`` begins; its sign stands there.
HERE = (116.3, 37.45)
LAYERS = ("divisions", "streets", "facilities", "signs")


@pytest.fixture(scope="module")
def begin() -> Callable[[World], str]:
    return with_sign


def address(layer: str, z: int = 14, *, at: tuple[float, float] = HERE, query: str = "") -> str:
    """The tile of a layer in which a place lies."""
    y = (1 - math.asinh(math.tan(math.radians(at[1]))) / math.pi) / 2
    return f"/tiles/{layer}/{z}/{int((at[0] + 180) / 360 * 2**z)}/{int(y * 2**z)}{query}"


def read(client: TestClient, path: str) -> dict[str, list[dict[str, Any]]]:
    """What a tile holds: the properties of its features by layer."""
    answer = client.get(path)
    assert answer.status_code in {200, 204}, answer.text
    told = mapbox_vector_tile.decode(answer.content) if answer.content else {}
    return {name: [feature["properties"] for feature in layer["features"]] for name, layer in told.items()}


def uid_of(world: World, sql: str) -> str:
    with world.owner.connect() as connection:
        return str(connection.scalar(text(sql)))


def a_shop(world: World) -> str:
    """The uid of a shop in 甲村 that puts the street before it in scope."""
    place = {"division_id": world.places["甲村"]}
    intake = put(world, "intake.intake", {"division_id": world.places["南镇"], "source": "设施调查"})
    shop = put(
        world,
        "intake.facility",
        place
        | {
            "intake_id": intake,
            "key": "1",
            "kind": "shop",
            "name": "便民超市",
            "point": "SRID=4490;POINT(116.301 37.4501)",
            "geometry_source": "survey",
            "digest": 1,
        },
    )
    with world.owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO inventory.scope_reason"
                " (division_id, street_id, facility_id, distance_m, within_m, found_on)"
                " SELECT s.division_id, s.id, :shop, 12.3, 50, s.surveyed_on FROM inventory.street s LIMIT 1"
            ),
            {"shop": shop},
        )
        return str(connection.execute(text("SELECT uid FROM intake.facility WHERE id = :id"), {"id": shop}).scalar())


def test_a_facility_tells_its_name_its_village_its_file_and_the_streets_that_it_puts_in_scope(
    office: Office, token: str
):
    del token
    uid = a_shop(office.world)
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    [tile] = read(client, address("facilities"))["facilities"]
    assert (tile["uid"], tile["kind"], tile["name"]) == (uid, "shop", "便民超市")
    panel = client.get(f"/map/about?facility={uid}").text
    street = uid_of(office.world, "SELECT uid FROM inventory.street")
    for word in ("便民超市", "甲村", "设施调查", f"/map?street={street}", "迎宾路", "12.3"):
        assert word in panel, word
    page = client.get(f"/map?facility={uid}")
    assert page.status_code == 200
    assert "便民超市" in page.text
    elsewhere = office.signed_in(Role.TOWN_OFFICER, "北镇")
    assert elsewhere.get(f"/map/about?facility={uid}").status_code == 404


def test_scope_and_stream_narrow_the_list_and_the_selection_and_stand_ticked_on_the_page(office: Office, token: str):
    del token
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    street = uid_of(office.world, "SELECT uid FROM inventory.street")
    whole = "box=115,36,118,39"
    for query, found in (
        ("scope=in", True),
        ("scope=out", False),
        ("stream=village", True),
        ("stream=new_road", False),
    ):
        assert (street in client.get(f"/map/list?{whole}&{query}").text) is found, query
        assert (street in client.get(f"/map/list?q=迎宾&{query}").text) is found, query
        assert (street in client.get(f"/api/v1/map/within?{whole}&{query}").text) is found, query
        assert f'value="{query.partition("=")[2]}" selected' in client.get(f"/map?{query}").text
    assert client.get("/map?scope=perhaps").status_code == 422
    assert client.get("/map/list?stream=odd").status_code == 422


def test_a_street_of_the_second_stream_says_so_in_its_tile(office: Office, token: str):
    del token
    with office.world.owner.begin() as connection:
        connection.execute(
            text(
                "UPDATE inventory.street SET in_scope = false, stream = 'new_road', stream_on = surveyed_on,"
                " stream_reason = '新增'"
            )
        )
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    for zoom in (12, 14):
        [street] = read(client, address("streets", zoom))["streets"]
        assert (street["stream"], street["in_scope"]) == ("new_road", False)


def test_each_layer_tells_what_it_shows_and_nothing_of_the_inside(office: Office, token: str):
    del token
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    put(
        office.world,
        "intake.facility",
        {
            "division_id": office.world.places["甲村"],
            "intake_id": put(office.world, "intake.intake", {"division_id": office.world.places["南镇"]}),
            "key": "1",
            "kind": "shop",
            "point": "SRID=4490;POINT(116.301 37.4501)",
            "geometry_source": "generated",
            "digest": 1,
        },
    )
    [street] = read(client, address("streets"))["streets"]
    assert street == {
        "uid": uid_of(office.world, "SELECT uid FROM inventory.street"),
        "state": "in_force",
        "in_scope": True,
        "name": "迎宾路",
        "latin": "YINGBIN LU",
    }
    [sign] = read(client, address("signs"))["signs"]
    assert (sign["state"], sign["name"], sign["facing_deg"]) == ("standing", "迎宾路", 180)
    assert [one["kind"] for one in read(client, address("facilities"))["facilities"]] == ["shop"]
    assert read(client, address("facilities", 12)) == {}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_tile_is_not_sent_again_while_nothing_has_changed(shared_office: Office, layer: str):
    client = shared_office.signed_in(Role.TOWN_OFFICER, "南镇")
    first = client.get(address(layer))
    assert first.headers["cache-control"] == "private, no-cache"
    again = client.get(address(layer), headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = shared_office.signed_in(Role.CITY_OFFICER, "市").get(
        address(layer), headers={"if-none-match": again.headers["etag"]}
    )
    assert other.status_code != 304, "a tag is good for those who see the same"


@pytest.fixture(scope="module")
def shared_batch(shared_world: World) -> str:
    return a_batch(shared_world, "第一批", "甲村")


@pytest.mark.parametrize("form", ["W/{tag}", "*", 'W/"other", {tag}', '"other",W/{tag}'])
@pytest.mark.parametrize("narrowed", [False, True])
def test_a_tile_is_known_by_its_weak_tag_and_among_others(
    shared_office: Office, shared_batch: str, form: str, narrowed: bool
):
    query = f"?batch={shared_batch}" if narrowed else ""  # goes the office's own way
    client = shared_office.signed_in(Role.COUNTY_OFFICER, "东县")
    tag = client.get(address("streets", query=query)).headers["etag"]
    again = client.get(address("streets", query=query), headers={"if-none-match": form.format(tag=tag)})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    for other in ('"other"', 'W/"other", "another"', tag.strip('"')):
        assert client.get(address("streets", query=query), headers={"if-none-match": other}).status_code == 200


@pytest.mark.parametrize(
    ("layer", "change"),
    [
        ("streets", "UPDATE inventory.street SET state = 'retired'"),
        ("streets", "UPDATE naming.name SET retired_on = DATE '2024-07-01'"),
        ("signs", "UPDATE planning.sign SET state = 'removed', removed_on = DATE '2024-07-01'"),
        ("signs", "UPDATE planning.post SET point = ST_SetSRID(ST_MakePoint(116.3001, 37.45), 4490)"),
        ("divisions", "UPDATE base.division SET name = '新甲村' WHERE name = '甲村'"),
    ],
)
def test_a_change_makes_the_layers_tiles_new_and_leaves_other_territories_alone(
    office: Office, token: str, layer: str, change: str
):
    del token
    clients = {place: office.signed_in(Role.TOWN_OFFICER, place) for place in ("南镇", "中镇")}
    tags = {place: client.get(address(layer)).headers["etag"] for place, client in clients.items()}
    unmoved = clients["南镇"].get(address("facilities")).headers["etag"]
    before = clients["南镇"].get(address(layer)).content
    with office.world.owner.begin() as connection:
        connection.execute(text(change))
    after = {place: client.get(address(layer)).headers["etag"] for place, client in clients.items()}
    assert after["南镇"] != tags["南镇"]
    assert after["中镇"] == tags["中镇"]
    assert clients["南镇"].get(address(layer), headers={"if-none-match": tags["南镇"]}).status_code != 304
    assert clients["南镇"].get(address("facilities")).headers["etag"] == unmoved
    at_village = address(layer, at=(116.36, 37.4)) if layer == "divisions" else address(layer)
    assert clients["南镇"].get(at_village).content != before or layer == "divisions"


def test_a_change_that_ends_after_a_later_one_is_seen_too(office: Office, token: str):
    """The highest number of a transaction in sight would not tell: the lower one ends last here."""
    del token
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    tags = [client.get(address("streets")).headers["etag"]]
    with office.world.owner.connect() as slow:
        slow.execute(text("UPDATE inventory.street SET in_scope = false"))
        slow.execute(text("SELECT pg_current_xact_id()"))
        with office.world.owner.begin() as quick:
            quick.execute(text("UPDATE naming.name SET meaning = '别的'"))
        tags.append(client.get(address("streets")).headers["etag"])
        slow.commit()
    tags.append(client.get(address("streets")).headers["etag"])
    assert len(set(tags)) == 3
    with office.world.owner.connect() as connection:
        counted = connection.execute(text("SELECT subject, place, count(*) FROM map.change GROUP BY 1, 2")).all()
    assert all(n <= 2 for _, _, n in counted), "what has been taken over is thrown away"


def test_moving_a_street_to_another_town_changes_both_towns_tiles(office: Office, token: str):
    del token
    clients = {place: office.signed_in(Role.TOWN_OFFICER, place) for place in ("南镇", "北镇")}
    tags = {place: client.get(address("streets")).headers["etag"] for place, client in clients.items()}
    with office.world.owner.begin() as connection:
        moved = {"place": office.world.places["丙村"]}
        connection.execute(text("UPDATE inventory.street SET division_id = :place"), moved)
    for place, client in clients.items():
        assert client.get(address("streets")).headers["etag"] != tags[place]
    assert read(clients["南镇"], address("streets")) == {}
    assert len(read(clients["北镇"], address("streets"))["streets"]) == 1


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("z", [6, 9, 12, 14, 16])
def test_a_town_gets_no_foreign_geometry_at_any_zoom(shared_office: Office, layer: str, z: int):
    """What stands on this map is in 甲村 of 南镇."""
    client = shared_office.signed_in(Role.TOWN_OFFICER, "中镇")
    for at in (HERE, (116.36, 37.4), (116.37, 37.4), (116.38, 37.4)):
        told = read(client, address(layer, z, at=at))
        names = {one.get("name") for features in told.values() for one in features}
        assert names <= {"中镇", "丁村", "西县"}
        assert layer == "divisions" or told == {}


def test_a_maker_who_reads_no_streets_gets_none(shared_office: Office):
    client = shared_office.signed_in(Role.SIGN_MAKER, "市")
    assert client.get(address("streets")).status_code == 204


def test_tiles_that_no_map_has_are_not_found(shared_office: Office):
    client = shared_office.signed_in(Role.TOWN_OFFICER, "南镇")
    for path in ("/tiles/streets/2/9/0", "/tiles/nothing/2/1/1", "/tiles/streets/40/0/0"):
        assert client.get(path).status_code == 404
    assert shared_office.stranger().get(address("streets")).status_code in {303, 401, 403}


def test_the_chosen_territory_and_batch_narrow_the_tiles(office: Office, token: str):
    del token
    world, client = office.world, office.signed_in(Role.COUNTY_OFFICER, "东县")
    uid = {name: uid_of(world, f"SELECT uid FROM base.division WHERE name = '{name}'") for name in ("南镇", "北镇")}
    assert read(client, address("streets", query=f"?in={uid['南镇']}"))
    assert read(client, address("streets", query=f"?in={uid['北镇']}")) == {}
    batch, left = a_batch(world, "第一批", "甲村"), a_batch(world, "第二批", "丙村")
    assert read(client, address("streets", query=f"?batch={batch}"))
    assert read(client, address("streets", query=f"?batch={left}")) == {}
    tag = client.get(address("streets", query=f"?batch={batch}")).headers["etag"]
    with world.owner.begin() as connection:
        connection.execute(text("UPDATE milestones.batch_village SET left_on = :on"), {"on": date(2024, 6, 2)})
    assert client.get(address("streets", query=f"?batch={batch}")).headers["etag"] != tag


def a_batch(world: World, title: str, village: str) -> str:
    owner = world.person(Role.COUNTY_OFFICER, "东县")
    held = {"division_id": world.places["东县"], "owner_id": owner, "stream": "village"}
    days = {"opened_on": "2024-06-01", "due_on": "2024-09-01"}
    made = put(world, "milestones.batch", {**held, **days, "title": title, "year": 2024})
    put(
        world,
        "milestones.batch_village",
        {"division_id": world.places[village], "batch_id": made, "joined_on": "2024-06-01"},
    )
    return uid_of(world, f"SELECT uid FROM milestones.batch WHERE id = {made}")


@pytest.mark.parametrize(
    ("kind", "sql", "said"),
    [
        ("street", "SELECT uid FROM inventory.street", "/inventory/"),
        ("sign", "SELECT uid FROM planning.sign", "/planning/"),
        ("village", "SELECT uid FROM base.division WHERE name = '甲村'", "/divisions/"),
    ],
)
def test_the_map_opens_on_what_its_address_names_with_the_way_to_the_record(
    shared_office: Office, kind: str, sql: str, said: str
):
    uid = uid_of(shared_office.world, sql)
    client = shared_office.signed_in(Role.TOWN_OFFICER, "南镇")
    page = client.get(f"/map?{kind}={uid}").text
    assert f'data-marked="{kind}"' in page
    assert f'href="{said}{uid}"' in page
    west = float(re.search(r'data-west="([\d.]+)"', page)[1])  # type: ignore[index]
    assert abs(west - (116.36 if kind == "village" else 116.3)) < 0.02
    assert f'href="{said}{uid}"' in client.get(f"/map/about?{kind}={uid}").text
    if kind != "village":  # whose names are public
        foreign = shared_office.signed_in(Role.TOWN_OFFICER, "中镇").get(f"/map?{kind}={uid}")
        assert foreign.status_code == 200
        assert f'data-gone="{kind}"' in foreign.text
        assert "迎宾路" not in foreign.text
    assert client.get(f"/map/about?{kind}={uuid4()}").status_code == 404


@pytest.mark.parametrize("kind", ["street", "sign", "village", "batch", "mended"])
def test_the_map_opens_with_a_note_where_what_its_address_names_is_gone(shared_office: Office, kind: str):
    client = shared_office.signed_in(Role.TOWN_OFFICER, "北镇")
    token = shared_office.token_of(client)
    assert client.post("/language", data={"form_token": token, "language": "zh"}).status_code == 303
    page = client.get(f"/map?{kind}={uuid4()}&edit=reshape")
    assert page.status_code == 200
    assert f'data-gone="{kind}"' in page.text
    assert "已撤销、已合并或已删除" in page.text
    assert "data-marked" not in page.text
    client.post("/language", data={"form_token": token, "language": "en"})
    assert "no longer, on your map" in client.get(f"/map?{kind}={uuid4()}").text
    assert "data-gone" not in client.get("/map").text


def test_a_batch_that_is_gone_leaves_the_street_of_the_address_marked(shared_office: Office):
    client = shared_office.signed_in(Role.TOWN_OFFICER, "南镇")
    uid = uid_of(shared_office.world, "SELECT uid FROM inventory.street")
    page = client.get(f"/map?street={uid}&batch={uuid4()}").text
    assert f'data-marked-uid="{uid}"' in page
    assert 'data-gone="batch"' in page
    assert "链接中的部分内容" in page


def test_streets_in_the_address_are_selected_and_in_sight_as_far_as_the_reader_sees_them(shared_office: Office):
    uid = uid_of(shared_office.world, "SELECT uid FROM inventory.street")
    asked = f"/map?streets={uid.replace('-', '')},{uuid4()}"
    page = shared_office.signed_in(Role.TOWN_OFFICER, "南镇").get(asked).text
    assert f'data-picked="{uid}"' in page
    west, south, east, north = (
        float(page.split(f'data-{edge}="')[1].split('"')[0]) for edge in ("west", "south", "east", "north")
    )
    assert west < HERE[0] < east
    assert south < HERE[1] < north
    assert east - west < 0.1
    assert "data-picked" not in shared_office.signed_in(Role.TOWN_OFFICER, "中镇").get(asked).text
    assert shared_office.signed_in(Role.TOWN_OFFICER, "南镇").get("/map?streets=odd").status_code == 422


def test_a_batch_in_the_address_narrows_the_map_and_shows_its_panel(office: Office, token: str):
    del token
    batch = a_batch(office.world, "第一批", "甲村")
    page = office.signed_in(Role.COUNTY_OFFICER, "东县").get(f"/map?batch={batch}").text
    assert f'href="/milestones/{batch}"' in page
    assert f'<option value="{batch}" selected>' in page


def test_the_list_holds_what_is_in_sight_and_finds_by_name(shared_office: Office):
    client = shared_office.signed_in(Role.TOWN_OFFICER, "南镇")
    uid = uid_of(shared_office.world, "SELECT uid FROM inventory.street")
    for query in ("box=116.2,37.4,116.4,37.5", "q=迎宾", "q=yingbin", "q=老街", "state=in_force,retired"):
        assert f'data-street="{uid}"' in client.get(f"/map/list?{query}").text, query
    for query in ("box=116.4,37.4,116.5,37.5", "q=无此路", "q=迎宾&state=unnamed", "q=%25"):
        assert "data-street" not in client.get(f"/map/list?{query}").text, query
    assert "data-village" in client.get("/map/list?q=甲村").text
    for query in ("box=1,2,3", "box=a,b,c,d", "box=nan,1,2,3", "box=9,9,1,1", "state=odd"):
        assert client.get(f"/map/list?{query}").status_code == 422, query
    assert "data-street" not in shared_office.signed_in(Role.TOWN_OFFICER, "中镇").get("/map/list?q=迎宾").text


def test_no_state_at_all_shows_nothing_and_says_so(shared_office: Office):
    client = shared_office.signed_in(Role.TOWN_OFFICER, "南镇")
    for asked in ("state=none", "state=none&q=迎宾"):
        listed = client.get(f"/map/list?{asked}").text
        assert "data-street" not in listed, asked
        assert "未勾选任何状态" in listed, asked
        assert "data-map-every" in listed, asked
    assert client.get("/api/v1/map/within?state=none").json() == {"uids": [], "more": False}
    ticks = re.findall(r'name="state" value="\w+"( checked)?', client.get("/map?state=none").text)
    assert (len(ticks), set(ticks)) == (7, {""})
    assert set(re.findall(r'name="state" value="\w+"( checked)?', client.get("/map").text)) == {" checked"}
    assert client.get("/map/list?state=none,unnamed").status_code == 422


def test_a_box_selects_streets_and_the_selection_opens_as_a_list(world: World, token: str):
    del token
    office = Office(world, stations=True)
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    told = client.get("/api/v1/map/within?box=116.2,37.4,116.4,37.5").json()
    uid = uid_of(world, "SELECT uid FROM inventory.street")
    assert told == {"uids": [uid], "more": False}
    listed = client.get(f"/inventory?only={uid.replace('-', '')}")
    assert uid in listed.text
    assert uid not in client.get(f"/inventory?only={uuid4().hex}").text
    assert client.get("/inventory?only=broken").status_code == 422
    assert (
        office.signed_in(Role.TOWN_OFFICER, "中镇").get("/api/v1/map/within?box=116.2,37.4,116.4,37.5").json()["uids"]
        == []
    )
    office.close()


@pytest.mark.parametrize("role", list(Role))
def test_the_map_is_open_to_whoever_reads_streets_and_closed_to_others(shared_office: Office, role: Role):
    """No map that can never show a street, with the advice to move it or to take a filter away."""
    client = shared_office.signed_in(role, "东县")
    shown = [client.get(url) for url in ("/map", "/map/list", "/api/v1/map/within")]
    if client.get("/").text.count('href="/map"'):
        assert [answer.status_code for answer in shown] == [200, 200, 200]
        assert "迎宾路" in shown[1].text
    else:
        assert role in {Role.SIGN_MAKER, Role.CONTENT_EDITOR}
        assert [answer.status_code for answer in shown] == [403, 403, 403]


def test_the_figures_beside_the_states_follow_batch_scope_and_stream(world: World, office: Office):
    build_street(world, "甲村", in_scope=True)
    build_street(world, "甲村", ((0, 50), (100, 50)), in_scope=False)
    second = {"stream": "new_road", "stream_on": date(2024, 4, 8), "stream_reason": "新建", "in_scope": False}
    build_street(world, "乙村", ((0, 50), (300, 50)), **second)
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")

    def unnamed(narrowed: str) -> tuple[str, str, str]:
        page, figures = client.get(f"/map{narrowed}").text, client.get(f"/map/figures{narrowed}").text
        beside = re.findall(r'data-count="unnamed">([\d,]+)<', page)[0]
        table, alone = (re.findall(r'data-figure="unnamed">([\d,]+)<', text)[0] for text in (page, figures))
        return beside, table, alone

    assert unnamed("") == ("3",) * 3
    assert unnamed("?scope=in") == ("1",) * 3
    assert unnamed("?scope=out") == ("2",) * 3
    assert unnamed("?stream=new_road") == ("1",) * 3
    assert unnamed("?scope=out&stream=village") == ("1",) * 3
    assert unnamed("?state=no_street&scope=in") == ("1",) * 3  # a state that is left out is counted all the same


@pytest.mark.parametrize("words", ["东风路", "东风 路", " 东　风路 "])
def test_the_maps_search_minds_no_blanks_between_chinese_characters(world: World, office: Office, words: str):
    build_street(world, "甲村", surveyed_name="东风路")
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    assert "东风路" in client.get("/map/list", params={"q": words}).text
