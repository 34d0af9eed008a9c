"""Both apps on one small world, and a browser without a browser for each."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Connection, text
from starlette.exceptions import StarletteDeprecationWarning

from app.base.models import Role
from app.base.people import form_token, log_in
from app.web.office import create_office_app
from app.web.public import create_public_app
from app.web.sessions import COOKIE
from signs.codes import new_code
from tests.conftest import PASSWORD, World

with warnings.catch_warnings():
    # Starlette would like httpx's successor, which is not among our packages yet; the client is the same.
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient


class Office:
    """The office app and a way to sign in to it."""

    def __init__(self, world: World, *, stations: bool = False, shared: bool = False) -> None:
        """The shell alone, unless ``stations`` asks for the pages of the flow as well.

        Whoever signs in to a ``shared`` one is the same at each asking: it is for tests that change no session.
        """
        self.world, self._stack = world, ExitStack()
        self._readers: dict[tuple[Role, str], TestClient] | None = {} if shared else None
        self.app = create_office_app(world.settings, clock=world.clock, stations=None if stations else {})

    def stranger(self) -> TestClient:
        """Somebody who has not signed in."""
        return self._stack.enter_context(TestClient(self.app, follow_redirects=False, raise_server_exceptions=False))

    def login_of(self, role: Role, place: str) -> str:
        self.world.person(role, place)
        return self.world.logins[role, place]

    def signed_in(self, role: Role, place: str) -> TestClient:
        """A person of this role in this place. Their session is opened beside the door: its pages have their tests."""
        if self._readers is None:
            return self._newly(role, place)
        if (role, place) not in self._readers:
            self._readers[role, place] = self._newly(role, place)
        return self._readers[role, place]

    def _newly(self, role: Role, place: str) -> TestClient:
        client, world = self.stranger(), self.world
        token = world.left_open.pop((role, place), None) or log_in(
            self.app.state.database, world.clock, login=self.login_of(role, place), password=PASSWORD, address="test"
        )
        world.opened[role, place] = token
        client.cookies.set(COOKIE, token)
        return client

    def token_of(self, client: TestClient) -> str:
        """What the forms carry of who is signed in."""
        return form_token(self.world.settings.secret, client.cookies[COOKIE])

    def close(self) -> None:
        self._stack.close()


def enter(client: TestClient, login: str, password: str, **more: str) -> Any:
    """Fill the login page's form and send it."""
    page = client.get("/login")
    return client.post("/login", data={"form_token": token_in(page.text), "login": login, "password": password, **more})


def token_in(page: str) -> str:
    """The form token of a page."""
    found = re.search(r'name="form_token" value="(\w+)"', page)
    assert found, page
    return found[1]


@pytest.fixture(scope="module")
def stations() -> bool:
    return False


@pytest.fixture
def public(world: World) -> Iterator[TestClient]:
    yield from visited(world)


@pytest.fixture(scope="module")
def shared_public(shared_world: World) -> Iterator[TestClient]:
    """For a file's tests that only read or are refused."""
    yield from visited(shared_world)


def visited(world: World) -> Iterator[TestClient]:
    """A visitor's phone at the public app."""
    app = create_public_app(world.settings, clock=world.clock)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        client.headers["user-agent"] = "Mozilla/5.0 (Linux; Android 14)"
        yield client


#: Rows of the small street and what it is made into; ``None`` keeps a column at its default.
_STREET = {
    "inventory.street": {
        "surveyed_name": "老街",
        "line": "SRID=4490;MULTILINESTRING((116.30 37.45, 116.31 37.45))",
        "length_m": 880.0,
        "bearing_deg": 90.0,
        "stream": "village",
        "in_scope": True,
        "state": "in_force",
        "geometry_source": "generated",
        "surveyed_on": "2024-04-01",
    },
}


#: What a table's columns hold that must hold something and are not given, by table: the same in every world.
_needed: dict[str, dict[str, Any]] = {}


def put(world: World, table: str, values: dict[str, Any]) -> int:
    """A row written as the owner; columns that have no default and are not given get an empty value of their type."""
    with world.owner.begin() as connection:
        if table not in _needed:
            _needed[table] = _empty(connection, table)
        row = {n: value for n, value in _needed[table].items() if n not in values} | values
        names = ", ".join(row)
        places = ", ".join(f":{key}" for key in row)
        sql = f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id"
        return int(connection.execute(text(sql), row).scalar_one())


def _empty(connection: Connection, table: str) -> dict[str, Any]:
    schema, _, name = table.partition(".")
    columns = connection.execute(
        text(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = :s"
            " AND table_name = :n AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'"
        ),
        {"s": schema, "n": name.strip('"')},
    )
    empty = {"text": "", "boolean": False, "date": "2024-06-18", "double precision": 0.0, "bigint": 0}
    return {n: empty.get(kind) for n, kind in columns if n != "territory"}


@pytest.fixture
def token(world: World) -> str:
    """The code of a sign that stands in 甲村, with a decided name: found where a file begins ``with_sign``."""
    return str(world.found or with_sign(world))


@pytest.fixture(scope="module")
def shared_token(shared_world: World) -> str:
    """The same in the world that a file's tests share, where they begin ``with_sign``."""
    return str(shared_world.found)


def with_sign(world: World) -> str:
    """Make a sign that stands in 甲村, with a decided name; its code."""
    here = {"division_id": world.places["甲村"]}
    person = world.person(Role.COUNTY_OFFICER, "东县")
    decision = put(
        world,
        "naming.decision",
        {
            "division_id": world.places["东县"],
            "number": "东政字〔2024〕12号",
            "authority": "东县人民政府",
            "approved_on": "2024-06-18",
            "decided_by": person,
        },
    )
    street = put(world, "inventory.street", here | _STREET["inventory.street"])
    latin = {"latin_toned": "Yíngbīn Lù", "latin_plain": "Yingbin Lu", "latin_sign": "YINGBIN LU"}
    latin["sound_plain"] = "yingbinlu"
    name = put(
        world,
        "naming.name",
        here
        | latin
        | {
            "street_id": street,
            "decision_id": decision,
            "origin": "decided",
            "words": "迎宾路",
            "specific": "迎宾",
            "generic": "路",
            "meaning": "村民常在路口迎接来客。",
            "in_force_on": "2024-06-18",
        },
    )
    post = put(world, "planning.post", here | {"point": "SRID=4490;POINT(116.30 37.45)", "planned_on": "2024-06-20"})
    sign = put(
        world,
        "planning.sign",
        here
        | {
            "post_id": post,
            "street_id": street,
            "name_id": name,
            "kind": "street_plate",
            "reason": "start",
            "facing_deg": 180.0,
            "along_deg": 90.0,
            "goes_on": True,
            "state": "standing",
            "planned_on": "2024-06-20",
        },
    )
    made = new_code()
    put(world, "printing.code", here | {"token": made, "sign_id": sign, "bound_on": "2024-06-21"})
    return made
