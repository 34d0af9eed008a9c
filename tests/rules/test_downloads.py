"""Every route that answers with something else than a page × every role × own and foreign territory."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from app.base.models import Role
from app.web.public import create_public_app
from app.web.tiles import LAYERS
from tests.app.builders import build_sign, build_street
from tests.app.web.conftest import Office
from tests.rules.routes import routes
from tests.rules.rows import Maker
from tests.world import World

HOME, FOREIGN, STAND = "甲村", "丁村", "南镇"
HOME_TOWN, FOREIGN_TOWN = "南镇", "中镇"
OFFICERS = frozenset({Role.CITY_OFFICER, Role.COUNTY_OFFICER, Role.TOWN_OFFICER})
LOOKING = OFFICERS | {Role.INSPECTOR, Role.AUDITOR, Role.ADMINISTRATOR}
NOBODY: frozenset[Role] = frozenset()

#: Answers that tell nothing of any place.
HEALTH = {"GET /healthz", "GET /readyz"}
#: Pictures of the whole country, by way of this server.
BASE_MAP = {"GET /ground/{layer}/{z}/{x}/{y}"}
#: Lists of words, which belong to no place and are read by all staff: walked in tests/app/naming/test_list_pages.
WORDS = {"GET /lists/{kind}.xlsx", "GET /lists/{kind}.csv"}
#: Walked in test_files.
FILES = {
    "GET /files/{uid}",
    "GET /rollout/photos/{uid}",
    "GET /intake/{uid}/rejected",
    "GET /intake/editions/{uid}/rejected",
}


@dataclass
class Ground:
    """Rows of both territories that can be told apart in whatever is downloaded, and the people who ask."""

    world: World
    office: Office
    marks: dict[tuple[str, str], str] = field(default_factory=dict)
    clients: dict[Role, Any] = field(default_factory=dict)

    def get(self, role: Role, url: str) -> tuple[int, str]:
        """Status and content of what somebody of this role, at home in 南镇, is answered."""
        if role not in self.clients:
            self.clients[role] = self.office.signed_in(role, STAND)
        answer = self.clients[role].get(url)
        return answer.status_code, _plain(answer.content)


def _plain(content: bytes) -> str:
    """What an answer holds as text; that of all parts of a zip, which an Excel file is."""
    if not content.startswith(b"PK"):
        return content.decode(errors="replace")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return "".join(packed.read(name).decode(errors="replace") for name in packed.namelist())


@dataclass(frozen=True)
class Download:
    """One download: its address for a place, what of that place is found in it, and who gets it.

    ``here`` and ``elsewhere`` are the roles at home in 南镇 that find the mark of 甲村 (or 南镇) and of 丁村 (or 中镇).
    Where ``common`` is set, the address is the same for both places, and only what is in it differs.
    """

    url: Callable[[Ground, str], str]
    mark: Callable[[Ground, str], str]
    here: frozenset[Role]
    elsewhere: frozenset[Role]
    common: bool = False


def _uid(table: str) -> Callable[[Ground, str], str]:
    return lambda ground, place: ground.marks[table, place]


def _town(ground: Ground, place: str) -> str:
    return ground.marks["town", place]


def _escaped(ground: Ground, place: str) -> str:
    """A town's name as a script has it."""
    return json.dumps(_town_name(place))[1:-1]


def _town_name(place: str) -> str:
    return HOME_TOWN if place == HOME else FOREIGN_TOWN


TILES = "GET /tiles/{layer}/{z}/{x}/{y}"


def _tile(layer: str, mark: str, here: frozenset[Role]) -> Download:
    """A layer in the tile where the rows of both places lie."""
    return Download(
        lambda _ground, _place: f"/tiles/{layer}/14/13485/6353", _uid(mark), here=here, elsewhere=NOBODY, common=True
    )


#: Streets are read by these; a tile and a list of lines shows them to no other role.
SEE_STREETS = LOOKING | {Role.VILLAGE_CONTACT, Role.CREW}

DOWNLOADS = {
    "GET /api/v1/streets": Download(
        lambda ground, place: f"/api/v1/streets?in={ground.marks['base.division', place]}",
        _uid("inventory.street"),
        here=SEE_STREETS,
        elsewhere=NOBODY,
    ),
    "GET /api/v1/map/within": Download(
        lambda _ground, _place: "/api/v1/map/within",
        _uid("inventory.street"),
        here=SEE_STREETS,
        elsewhere=NOBODY,
        common=True,
    ),
    "GET /api/v1/intakes/{uid}/repairs": Download(
        lambda ground, place: f"/api/v1/intakes/{ground.marks['intake.intake', place]}/repairs",
        lambda _ground, place: f"{place}的线",
        here=LOOKING | {Role.VILLAGE_CONTACT},
        elsewhere=NOBODY,
    ),
    "GET /inventory/streets.xlsx": Download(
        lambda ground, place: f"/inventory/streets.xlsx?in={ground.marks['base.division', place]}",
        _uid("inventory.street"),
        here=SEE_STREETS,
        elsewhere=NOBODY,
    ),
    "GET /inventory/ledgers.xlsx": Download(
        lambda ground, place: f"/inventory/ledgers.xlsx?list=unnamed&in={ground.marks['base.division', place]}",
        _uid("inventory.street"),
        here=SEE_STREETS,
        elsewhere=NOBODY,
    ),
    f"{TILES}: streets": _tile("streets", "inventory.street", SEE_STREETS),
    f"{TILES}: signs": _tile("signs", "post's sign", SEE_STREETS),
    f"{TILES}: facilities": _tile("facilities", "intake.facility", LOOKING | {Role.VILLAGE_CONTACT}),
    f"{TILES}: divisions": _tile("divisions", "town", frozenset(Role)),
    "GET /printing/signs/{uid}/face.svg": Download(
        lambda ground, place: f"/printing/signs/{ground.marks['planning.sign', place]}/face.svg",
        lambda _ground, _place: "MINGDE LU",
        here=SEE_STREETS,
        elsewhere=NOBODY,
    ),
    "GET /tracking/export.csv": Download(
        lambda _ground, _place: "/tracking/export.csv?by=town",
        _town,
        here=frozenset(Role),
        elsewhere=NOBODY,
        common=True,
    ),
    "GET /tracking/second.csv": Download(
        lambda _ground, _place: "/tracking/second.csv?by=town",
        _town,
        here=frozenset(Role),
        elsewhere=NOBODY,
        common=True,
    ),
    "GET /tracking/map.html": Download(
        lambda _ground, _place: "/tracking/map.html?by=town",
        _escaped,
        here=frozenset(Role),
        elsewhere=NOBODY,
        common=True,
    ),
}


@pytest.fixture(scope="module")
def ground(shared_world: World) -> Iterator[Ground]:
    made = Ground(shared_world, Office(shared_world, stations=True))
    outline = "SRID=4490;MULTIPOLYGON(((116.3 37.4, 116.4 37.4, 116.4 37.5, 116.3 37.4)))"
    signs = {place: build_sign(shared_world, build_street(shared_world, place)).id for place in (HOME, FOREIGN)}
    with shared_world.owner.begin() as connection:
        maker = Maker(connection, somebody=shared_world.person(Role.CREW, "市"))
        for place in (HOME, FOREIGN):
            division = shared_world.places[place]
            made.marks["planning.sign", place] = str(maker.read("planning.sign", signs[place], "uid"))
            street = maker.make("inventory.street", division, in_scope=True)
            made.marks["inventory.street", place] = str(maker.read("inventory.street", street, "uid"))
            sign = maker.make("planning.sign", division)
            made.marks["post's sign", place] = str(maker.read("planning.sign", sign, "uid"))
            made.marks["intake.facility", place] = f"{place}供销社"
            maker.make("intake.facility", division, name=f"{place}供销社")
            intake = maker.make("intake.intake", division)
            made.marks["intake.intake", place] = str(maker.read("intake.intake", intake, "uid"))
            told = {"other": f"{place}的线"}
            maker.make("intake.repair", division, intake_id=intake, deed="repeated", values=told)
            made.marks["base.division", place] = str(maker.read("base.division", division, "uid"))
            town = shared_world.places[_town_name(place)]
            made.marks["town", place] = str(maker.read("base.division", town, "uid"))
            connection.execute(
                text("UPDATE base.division SET outline = :outline WHERE id = :id"), {"outline": outline, "id": town}
            )
    yield made
    made.office.close()


def test_every_route_that_answers_no_page_is_walked(ground: Ground):
    found = {route.name for route in routes(ground.office.app) if route.answers_bytes}
    assert found == {name.partition(": ")[0] for name in DOWNLOADS} | FILES | HEALTH | BASE_MAP | WORDS


def test_json_is_answered_under_the_version_of_the_interface_and_nowhere_else(ground: Ground):
    """But for the two questions of a supervisor. A file of GeoJSON that is handed back is a file, not an answer."""
    found = {route.path for route in routes(ground.office.app) if route.answers_json}
    assert {path for path in found if not path.startswith("/api/v1/")} == {"/healthz", "/readyz"}
    assert {"/api/v1/streets", "/api/v1/map/within"} <= found
    client = ground.office.signed_in(Role.COUNTY_OFFICER, "东县")
    for name, download in DOWNLOADS.items():
        kind = client.get(download.url(ground, HOME)).headers["content-type"]
        assert "json" not in kind or " /api/v1/" in name, name


def test_every_layer_of_the_map_is_walked():
    assert {name.partition(": ")[2] for name in DOWNLOADS if name.startswith(TILES)} == set(LAYERS)


def test_the_public_app_has_pages_alone(ground: Ground):
    public = create_public_app(ground.world.settings, clock=ground.world.clock)
    assert {route.name for route in routes(public) if route.answers_bytes} == HEALTH
    public.state.database.close()


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
@pytest.mark.parametrize("name", DOWNLOADS)
def test_a_download_holds_what_the_role_may_see_there_and_nothing_foreign(ground: Ground, name: str, role: Role):
    download = DOWNLOADS[name]
    for place, allowed in ((HOME, download.here), (FOREIGN, download.elsewhere)):
        status, content = ground.get(role, download.url(ground, place))
        assert (download.mark(ground, place) in content) == (role in allowed), (place, status)
        if role in allowed:
            assert status == 200, place
        elif not download.common:
            assert status in {403, 404}, place


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_nobody_is_given_a_download_narrowed_to_a_foreign_place(ground: Ground, role: Role):
    foreign = ground.marks["base.division", FOREIGN]
    for name in ("/api/v1/streets", "/api/v1/map/within", "/tracking/export.csv", "/tracking/map.html"):
        _, content = ground.get(role, f"{name}?by=town&in={foreign}")
        for kind in ("inventory.street", "town"):
            assert ground.marks[kind, FOREIGN] not in content, name


def test_who_is_not_signed_in_gets_no_download(ground: Ground):
    stranger = ground.office.stranger()
    for download in DOWNLOADS.values():
        answer = stranger.get(download.url(ground, HOME))
        assert answer.status_code in {303, 401, 403}
        assert download.mark(ground, HOME) not in answer.text
