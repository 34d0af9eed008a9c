"""A database of its own for a test: a small tree of divisions, people of every role, connections as the real roles."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Engine, create_engine, make_url, text

from app.base.clock import Clock
from app.base.cluster import Cluster
from app.base.db import Database
from app.base.models import Role
from app.base.settings import OFFICE, OWNER, PUBLIC, QUEUE, Settings, read_settings

PASSWORD = "ten-characters-and-more"
NOON = datetime(2024, 7, 1, 4, 0, tzinfo=UTC)  # noon in Shanghai
_numbers = itertools.count(1)


@cache
def password_hash() -> str:
    """The hash of PASSWORD, as cheap as argon2 goes: hundreds of tests sign in, and its cost is on purpose."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass
class World:
    """A database of its own with a small tree (city › two counties › two towns each › two villages each) and people.

    ``people[(role, place)]`` and ``places[name]`` give keys; ``office`` is the staff role's database, as in the app.
    """

    settings: Settings
    clock: Clock
    office: Database
    public: Database
    queue: Database
    owner: Engine
    admin: Engine
    places: dict[str, int] = field(default_factory=dict)
    people: dict[tuple[Role, str], int] = field(default_factory=dict)
    logins: dict[tuple[Role, str], str] = field(default_factory=dict)
    #: Tokens of the sessions that were opened here, and of those of the beginning that nobody has gone on with.
    opened: dict[tuple[Role, str], str] = field(default_factory=dict)
    left_open: dict[tuple[Role, str], str] = field(default_factory=dict)
    #: What the beginning of this file's tests handed over (see ``begun``), e.g. the addresses of what it made.
    found: Any = None

    def person(self, role: Role, place: str) -> int:
        """A person of this role in this place, made at the first asking. The login is role.number."""
        key = (role, place)
        if key not in self.people:
            self.logins[key] = f"{role.value}.{next(_numbers)}"
            self.people[key] = self._add(role, place, self.logins[key])
        return self.people[key]

    def _add(self, role: Role, place: str, login: str) -> int:
        with self.owner.begin() as connection:
            made = connection.execute(
                text(
                    "INSERT INTO base.person (login, name, role, division_id, since_on)"
                    " VALUES (:login, :login, :role, :place, '2024-01-01') RETURNING id"
                ),
                {"login": login, "role": role.value, "place": self.places[place]},
            ).scalar_one()
            connection.execute(
                text("INSERT INTO base.password (person_id, hash) VALUES (:id, :hash)"),
                {"id": made, "hash": password_hash()},
            )
        return int(made)

    def close(self) -> None:
        """Let go of all connections; what asks next makes new ones."""
        for database in (self.office, self.public, self.queue):
            database.close()
        self.owner.dispose()
        self.admin.dispose()


def begun(cluster: Cluster, template: Settings, begin: Callable[[World], Any]) -> World:
    """A world to copy: the small tree and what ``begin`` makes in it; what it returns is every copy's ``found``."""
    world = make_world(cluster, template)
    world.found = begin(world)
    world.close()
    return world


def make_world(cluster: Cluster, template: Settings, *, like: World | None = None) -> World:
    """A copy of the small tree, which the first asking on a server makes, or of a world that nobody is connected to."""
    name = f"world_{next(_numbers)}"
    _copy(template, name, of=_name(like) if like else _with_tree(cluster, template))
    settings = read_settings({"MINGLU_STATE": str(template.state)}, database_url=cluster.url(name))
    return World(
        settings=settings,
        clock=Clock(NOON),
        office=Database(settings, role=OFFICE, pool_size=4),
        public=Database(settings, role=PUBLIC, pool_size=2),
        queue=Database(settings, role=QUEUE, pool_size=2),
        owner=create_engine(settings.url_of(OWNER)),
        admin=create_engine(settings.database_url),
        places=dict(like.places if like else _places[template.database_url]),
        people=dict(like.people if like else {}),
        logins=dict(like.logins if like else {}),
        left_open=dict(like.opened if like else {}),
        found=deepcopy(like.found) if like else None,
    )


#: Where the tree's divisions have their keys, by the template's address.
_places: dict[str, dict[str, int]] = {}


def _with_tree(cluster: Cluster, template: Settings) -> str:
    name = "template_tree"
    if template.database_url in _places:
        return name
    _copy(template, name, of="template_minglu")
    settings = read_settings({"MINGLU_STATE": str(template.state)}, database_url=cluster.url(name))
    owner, places = create_engine(settings.url_of(OWNER)), dict[str, int]()
    with owner.begin() as connection:
        for path, kind in TREE:
            parent, _, own = path.rpartition("/")
            places[own] = connection.execute(
                text(
                    "INSERT INTO base.division (parent_id, kind, name, since_on, point, geometry_source) VALUES"
                    " (:parent, :kind, :name, '2020-01-01', ST_SetSRID(ST_MakePoint(:x, :y), 4490), 'generated')"
                    " RETURNING id"
                ),
                {
                    "parent": places.get(parent.rpartition("/")[2]),
                    "kind": kind,
                    "name": own,
                    "x": 116.3 + len(places) * 0.01,
                    "y": 37.4,
                },
            ).scalar_one()
    owner.dispose()
    _places[template.database_url] = places
    return name


def _name(world: World) -> str:
    return str(make_url(world.settings.database_url).database)


def _copy(template: Settings, name: str, *, of: str) -> None:
    maker = create_engine(make_url(template.database_url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with maker.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE {of} STRATEGY file_copy')
    maker.dispose()


#: Villages 甲村 (own town), 乙村 (same town), 丙村 (other town of the county), 丁村 (other county).
TREE = [
    ("市", "city"),
    ("市/东县", "county"),
    ("市/西县", "county"),
    ("市/东县/南镇", "town"),
    ("市/东县/北镇", "town"),
    ("市/西县/中镇", "town"),
    ("市/东县/南镇/甲村", "village"),
    ("市/东县/南镇/乙村", "village"),
    ("市/东县/北镇/丙村", "village"),
    ("市/西县/中镇/丁村", "village"),
]


def end_world(world: World) -> None:
    """Close all connections and drop the database."""
    world.close()
    url = make_url(world.settings.database_url)
    maker = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with maker.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{_name(world)}" WITH (FORCE)')
    maker.dispose()
