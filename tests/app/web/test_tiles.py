"""Tiles by the short way: who asks is looked up for each, and what is kept is given to those only who may see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import mapbox_vector_tile
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.base.models import Role
from app.web.sessions import COOKIE
from app.web.tiles import MOST_OF_A_PLACE, Kept
from tests.app.web.conftest import Office, put, with_sign
from tests.app.web.test_maps import address, read
from tests.conftest import World

HERE = address("streets")
SPOT = ("streets", 14, 1, 1)


def change(world: World, sql: str, **values: object) -> None:
    with world.owner.begin() as connection:
        connection.execute(text(sql), values)


def seen(client: TestClient) -> list[str]:
    """The names of the streets in the tile, empty where the person is shown none."""
    return [street["name"] for street in read(client, HERE).get("streets", [])]


@pytest.fixture(scope="module")
def begin() -> Callable[[World], str]:
    return with_sign


@pytest.fixture
def client(office: Office) -> TestClient:
    return an_officer(office)


@pytest.fixture(scope="module")
def shared_client(shared_office: Office) -> TestClient:
    """For tests that only look."""
    return an_officer(shared_office)


def an_officer(office: Office) -> TestClient:
    """An officer whose tile is kept already."""
    found = office.signed_in(Role.TOWN_OFFICER, "南镇")
    assert seen(found) == seen(found) == ["迎宾路"]
    return found


pytestmark = pytest.mark.database


def test_a_kept_tile_is_not_given_to_a_session_that_has_ended(office: Office, client: TestClient):
    change(office.world, "DELETE FROM base.session")
    assert client.get(HERE).status_code in {303, 401, 403}


def test_a_kept_tile_is_not_given_to_a_session_unused_for_too_long(office: Office, client: TestClient):
    change(office.world, "UPDATE base.session SET seen_at = seen_at - interval '9 hours'")
    assert client.get(HERE).status_code in {303, 401, 403}


def test_a_kept_tile_is_not_given_to_somebody_who_left(office: Office, client: TestClient):
    change(office.world, "UPDATE base.person SET active = false WHERE role = 'town_officer'")
    assert client.get(HERE).status_code in {303, 401, 403}


def test_whoever_moves_to_another_town_sees_that_towns_tile_from_then_on(office: Office, client: TestClient):
    place = office.world.places["中镇"]
    change(office.world, "UPDATE base.person SET division_id = :place WHERE role = 'town_officer'", place=place)
    assert seen(client) == []


def test_a_right_that_is_taken_away_is_missing_at_the_next_tile(office: Office, client: TestClient):
    change(
        office.world,
        "DELETE FROM base.\"right\" WHERE role = 'town_officer' AND subject = 'inventory.street' AND act = 'read'",
    )
    assert seen(client) == []


def test_a_kept_tile_is_shown_to_its_own_territory_only(shared_office: Office, shared_client: TestClient):
    assert seen(shared_office.signed_in(Role.TOWN_OFFICER, "中镇")) == []
    assert seen(shared_office.signed_in(Role.COUNTY_OFFICER, "东县")) == ["迎宾路"]
    assert seen(shared_client) == ["迎宾路"]


def test_a_change_is_in_the_next_tile_though_the_old_one_is_kept(office: Office, client: TestClient):
    change(office.world, "UPDATE naming.name SET words = '新路'")
    assert seen(client) == ["新路"]


def test_many_who_ask_at_once_get_each_their_own(office: Office, client: TestClient):
    """Those of one session wait for one answer of the database, those of another for another."""
    other = office.signed_in(Role.TOWN_OFFICER, "中镇")
    cookies = [each.cookies[COOKIE] for each in (client, other)] + ["no-session"]
    told = asyncio.run(at_once(office, cookies * 12))
    own, foreign, nobody = told[0::3], told[1::3], told[2::3]
    assert {(one.status_code, one.content) for one in own} == {(200, client.get(HERE).content)}
    assert {(one.status_code, one.content) for one in foreign} == {(204, b"")}
    assert {one.status_code for one in nobody} <= {303, 401, 403}
    assert not {one.headers["etag"] for one in own} & {one.headers["etag"] for one in foreign}


async def at_once(office: Office, cookies: list[str]) -> list[httpx.Response]:
    transport = httpx.ASGITransport(office.app)
    begun = office.app.router.lifespan_context(office.app)
    async with begun, httpx.AsyncClient(transport=transport, base_url="http://testserver") as crowd:
        asked = [crowd.get(HERE, headers={"cookie": f"{COOKIE}={cookie}"}) for cookie in cookies]
        return list(await asyncio.gather(*asked))


def test_tiles_are_there_again_after_the_database_hung_up(office: Office, client: TestClient):
    with office.world.admin.begin() as connection:
        gone = connection.scalar(
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'minglu_office'"
            )
        )
    assert gone
    assert seen(client) == ["迎宾路"]
    assert seen(client) == ["迎宾路"]


@pytest.mark.parametrize("query", ["?in=", "?in=odd", "?x=1", "?batch=1"])
def test_an_odd_query_is_refused_in_words_as_on_any_page(shared_client: TestClient, query: str):
    plain = shared_client.get(HERE).content
    answer = shared_client.get(f"{HERE}{query}")
    assert answer.status_code in {404, 422} or (query == "?in=" and answer.content == plain)


def test_another_towns_division_in_the_address_is_not_found(shared_office: Office, shared_client: TestClient):
    with shared_office.world.owner.connect() as connection:
        uid = connection.scalar(text("SELECT uid FROM base.division WHERE name = '中镇'"))
        own = connection.scalar(text("SELECT uid FROM base.division WHERE name = '南镇'"))
    assert shared_client.get(f"{HERE}?in={uid}").status_code == 404
    assert shared_client.get(f"{HERE}?in={own}").content == shared_client.get(HERE).content


def test_names_are_sent_from_the_zoom_on_at_which_they_are_drawn(shared_client: TestClient):
    [far] = read(shared_client, address("streets", 13))["streets"]
    [near] = read(shared_client, address("streets", 14))["streets"]
    assert set(near) - set(far) == {"name", "latin"}
    assert far.items() <= near.items()


def test_a_street_lies_where_it_lies_at_every_zoom(office: Office, client: TestClient):
    """From zoom 10 on degrees are taken for metres: at most two units of 4,096 beside."""
    put(
        office.world,
        "inventory.street",
        {
            "division_id": office.world.places["甲村"],
            "line": "SRID=4490;MULTILINESTRING((116.20 37.30, 116.35 37.47))",
            "length_m": 9.0,
            "bearing_deg": 0.0,
            "stream": "village",
            "geometry_source": "generated",
        },
    )
    for z in range(8, 15):
        x, y = address("streets", z).split("/")[-2:]
        with office.world.owner.connect() as connection:
            whole = connection.scalar(
                text(
                    "SELECT ST_AsMVT(t, 'streets', 4096, 'geom') FROM (SELECT ST_AsMVTGeom(ST_Transform(line, 3857),"
                    " ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom FROM inventory.street ORDER BY id) t"
                ),
                {"z": z, "x": int(x), "y": int(y)},
            )
        ours, exact = (corners(one) for one in (client.get(address("streets", z)).content, bytes(whole)))
        assert len(ours) == len(exact) > 0
        off = max(max(abs(a - c), abs(b - d)) for (a, b), (c, d) in zip(sorted(ours), sorted(exact), strict=True))
        assert off <= (2 if z >= 10 else 1), z


def corners(tile: bytes) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for feature in mapbox_vector_tile.decode(tile)["streets"]["features"]:
        shape = feature["geometry"]
        lines = shape["coordinates"] if shape["type"] == "MultiLineString" else [shape["coordinates"]]
        found += [tuple(corner) for line in lines for corner in line]
    return found


def test_what_is_kept_stays_within_its_bounds():
    kept = Kept(most_bytes=100)
    for number in range(MOST_OF_A_PLACE + 3):
        kept.put(SPOT, str(number), b"12345")
    assert kept.get(SPOT, "2") is None
    assert kept.get(SPOT, "3") == b"12345"
    kept.put(("signs", 1, 0, 0), "a", bytes(60))
    assert kept.get(SPOT, "4") is None, "the longest unused goes first"
    assert kept.get(SPOT, "3") == b"12345"
    kept.put(("signs", 1, 0, 0), "b", bytes(101))
    assert not kept.holds(SPOT)
    assert not kept.holds(("signs", 1, 0, 0))


def test_nobody_waits_for_ever_where_asking_fails_in_a_way_that_nobody_thought_of(
    office: Office, client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> tuple[object, ...]:
        raise RuntimeError("unforeseen")

    with monkeypatch.context() as patched:
        patched.setattr("app.web.straight.Desk._values", broken)
        assert seen(client) == ["迎宾路"], "the office's own route answers"
    assert seen(client) == ["迎宾路"]
