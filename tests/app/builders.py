"""Rows for tests, put in as the owner: what the stations before the one under test would have left behind."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.models import Division, Person, Role
from app.base.people import Actor
from gis import crs
from signs import codes
from tests.conftest import World

_numbers = itertools.count(1)
SURVEYED = date(2024, 3, 1)
NAMED = date(2024, 5, 1)


@dataclass(frozen=True)
class Spelling:
    """A name and its three spellings, as the naming station keeps them."""

    words: str
    specific: str
    generic: str
    toned: str
    plain: str
    sign: str


NAMES = (
    Spelling("明德路", "明德", "路", "Míngdé Lù", "mingde lu", "MINGDE LU"),
    Spelling("清源街", "清源", "街", "Qīngyuán Jiē", "qingyuan jie", "QINGYUAN JIE"),
    Spelling("槐树巷", "槐树", "巷", "Huáishù Xiàng", "huaishu xiang", "HUAISHU XIANG"),
    Spelling("吕家胡同", "吕家", "胡同", "Lǚjiā Hútong", "lüjia hutong", "LÜJIA HUTONG"),
)


def insert(world: World, table: str, **values: Any) -> int:
    """One row of ``table`` as the owner; its key. Point and line values are EWKT texts."""
    columns = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f":{name}" for name in values)
    with world.owner.begin() as connection:
        return int(
            connection.execute(
                text(f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING id"), values
            ).scalar_one()
        )


def run(world: World, sql: str, **values: Any) -> Any:
    """Any statement as the owner; its first value, if it has one."""
    with world.owner.begin() as connection:
        found = connection.execute(text(sql), values)
        return found.scalar() if found.returns_rows else None


def person(world: World, role: Role, place: str) -> Actor:
    """A person of this role in this place, as a signed-in actor."""
    key = world.person(role, place)
    with world.owner.connect() as connection:
        row = connection.execute(
            text(
                "SELECT p.uid, p.login, p.name, p.division_id, p.territory::text AS territory, p.language"
                " FROM base.person p WHERE p.id = :key"
            ),
            {"key": key},
        ).one()
    return Actor(id=key, role=role, place=place, **row._mapping)


def division(session: Session, world: World, place: str) -> Division:
    """A division of the world's tree, in this session."""
    return session.get_one(Division, world.places[place])


def person_row(session: Session, actor: Actor) -> Person:
    """The row of an actor, in this session; the person of the session must be allowed to read it."""
    return session.get_one(Person, actor.id)


def around(world: World, village: str, metres: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Lon, lat of places given in metres east and north of a village's point."""
    with world.owner.connect() as connection:
        found = connection.execute(
            text("SELECT ST_X(point), ST_Y(point) FROM base.division WHERE id = :id"), {"id": world.places[village]}
        )
        x, y = found.one()
    east, north = (float(value) for value in crs.metres_per_degree(y))
    return [(x + dx / east, y + dy / north) for dx, dy in metres]


def build_street(
    world: World, village: str, metres: Sequence[tuple[float, float]] = ((0, 0), (200, 0)), **values: Any
) -> int:
    """An unnamed street in scope along places in metres east and north of the village's point; its key."""
    places = np.array(around(world, village, metres))
    line = shapely.MultiLineString([shapely.LineString(places)])
    bearing = float(crs.bearings_deg(places[:1], places[-1:])[0]) % 180
    row = {
        "division_id": world.places[village],
        "line": f"SRID=4490;{line.wkt}",
        "length_m": float(crs.lengths_m(np.array([line], dtype=object))[0]),
        "bearing_deg": bearing,
        "stream": "village",
        "in_scope": True,
        "geometry_source": "generated",
        "surveyed_on": SURVEYED,
    }
    return insert(world, "inventory.street", **{**row, **values})


def build_decision(world: World, place: str = "东县", on: date = NAMED) -> int:
    """A government's decision of that day; its key."""
    return insert(
        world,
        "naming.decision",
        division_id=world.places[place],
        number=f"德政字〔2024〕{next(_numbers)}号",
        authority="东县人民政府",
        approved_on=on,
        decided_by=world.person(Role.COUNTY_OFFICER, "东县"),
    )


def build_name(world: World, street: int, spelling: Spelling = NAMES[0], *, on: date = NAMED) -> int:
    """A decided name in force since ``on`` for this street; its key."""
    place = run(world, "SELECT division_id FROM inventory.street WHERE id = :id", id=street)
    made = insert(
        world,
        "naming.name",
        division_id=place,
        street_id=street,
        decision_id=build_decision(world, on=on),
        origin="decided",
        words=spelling.words,
        specific=spelling.specific,
        generic=spelling.generic,
        latin_toned=spelling.toned,
        latin_plain=spelling.plain,
        latin_sign=spelling.sign,
        sound_toned=spelling.toned.replace(" ", "").lower(),
        sound_plain=spelling.plain.replace(" ", ""),
        in_force_on=on,
    )
    run(world, "UPDATE inventory.street SET state = 'in_force' WHERE id = :id", id=street)
    return made


def build_batch(world: World, villages: Sequence[str], place: str = "东县", **values: Any) -> int:
    """An open batch of these villages; its key."""
    row = {
        "division_id": world.places[place],
        "title": f"第{next(_numbers)}批",
        "year": 2024,
        "stream": "village",
        "owner_id": world.person(Role.COUNTY_OFFICER, place),
        "opened_on": date(2024, 3, 1),
        "due_on": date(2024, 12, 31),
    }
    batch = insert(world, "milestones.batch", **{**row, **values})
    for village in villages:
        insert(
            world,
            "milestones.batch_village",
            division_id=world.places[village],
            batch_id=batch,
            joined_on=date(2024, 3, 1),
        )
    return batch


def build_target(world: World, place: str, year: int, villages: int) -> int:
    """How many villages a division is to have done in a year; its key."""
    return insert(
        world,
        "milestones.target",
        division_id=world.places[place],
        year=year,
        stream="village",
        villages=villages,
        source="test",
        set_on=date(2024, 1, 1),
    )


def set_setting(world: World, key: str, value: Any) -> None:
    """A setting, as the administrator would have made it."""
    run(
        world,
        "INSERT INTO base.setting (key, value) VALUES (:key, CAST(:value AS jsonb))"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        key=key,
        value=json.dumps(value),
    )


@dataclass(frozen=True)
class BuiltSign:
    """Keys of a sign that was put in ready-made, and its code."""

    id: int
    name_id: int
    code_id: int
    token: str


def build_sign(
    world: World, street: int, *, state: str = "planned", on: date = date(2024, 5, 10), bound: bool = True
) -> BuiltSign:
    """A sign at the start of a street, with a name (made when there is none), a post and, if asked, a bound code."""
    place = run(world, "SELECT division_id FROM inventory.street WHERE id = :id", id=street)
    name = run(world, "SELECT id FROM naming.name WHERE street_id = :id", id=street) or build_name(world, street)
    post = insert(
        world,
        "planning.post",
        division_id=place,
        planned_on=on,
        point=run(
            world,
            "SELECT ST_AsEWKT(ST_StartPoint(ST_GeometryN(line, 1))) FROM inventory.street WHERE id = :id",
            id=street,
        ),
    )
    sign = insert(
        world,
        "planning.sign",
        division_id=place,
        post_id=post,
        street_id=street,
        name_id=name,
        kind="street_plate",
        reason="start",
        facing_deg=180,
        along_deg=90,
        goes_on=True,
        goes_back=False,
        state=state,
        planned_on=on,
    )
    if not bound:
        return BuiltSign(sign, name, 0, "")
    token = codes.new_code()
    code = insert(world, "printing.code", division_id=place, sign_id=sign, token=token, bound_on=on)
    return BuiltSign(sign, name, code, token)


def build_order(world: World, signs: Sequence[BuiltSign], place: str = "东县", *, state: str = "released") -> int:
    """An order of these signs with their codes and a maker; its files are empty rows. Its key."""
    home, on = world.places[place], date(2024, 6, 1)
    files = [
        insert(
            world, "base.file", division_id=home, sha256="0" * 64, bytes=0, media_type=kind, name=kind, purpose="test"
        )
        for kind in ("application/pdf", "application/vnd.ms-excel")
    ]
    released = {"released_on": on, "file_id": files[0], "manifest_id": files[1]} if state == "released" else {}
    maker = world.person(Role.SIGN_MAKER, "市")
    number = f"2024-{place}-{next(_numbers):03}"
    order = insert(
        world,
        'printing."order"',
        division_id=home,
        number=number,
        state=state,
        ordered_on=on,
        maker_id=maker,
        **released,
    )
    for position, sign in enumerate(signs, 1):
        insert(
            world,
            "printing.order_line",
            division_id=run(world, "SELECT division_id FROM planning.sign WHERE id = :id", id=sign.id),
            order_id=order,
            maker_id=maker,
            position=position,
            sign_id=sign.id,
            code_id=sign.code_id,
            name_id=sign.name_id,
            words="明德路",
            latin="MINGDE LU",
            ordered_on=on,
        )
    return order
