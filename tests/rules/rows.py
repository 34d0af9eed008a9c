"""A row of any table, made from the models: columns by their types, foreign keys by making what they point to."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKTElement
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Double,
    LargeBinary,
    Numeric,
    Table,
    Text,
    insert,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.models import metadata
from tests.rules.allowed import ENUMS

_numbers = itertools.count(1)
DAY = date(2024, 7, 1)
TOKEN_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SHAPES = {
    "POINT": "POINT(116.31 37.41)",
    "LINESTRING": "LINESTRING(116.31 37.41, 116.3123456789012 37.42)",
    "MULTILINESTRING": "MULTILINESTRING((116.31 37.41, 116.3123456789012 37.42))",
    "MULTIPOLYGON": "MULTIPOLYGON(((116.3 37.4, 116.4 37.4, 116.4 37.5, 116.3 37.4)))",
}

#: Written through definer functions alone; tested by hand.
BY_FUNCTION = {"base.run", "history.entry"}

#: Which column names the person whose row it is.
OWN = {
    "base.person": "id",
    "base.file": "owner_id",
    "printing.order": "maker_id",
    "printing.order_line": "maker_id",
    "rollout.job": "crew_id",
    "rollout.installation": "crew_id",
    "rollout.inspection": "crew_id",
}

#: Which column names who did what a row tells: nobody writes another's name there.
SIGNED = {
    "base.file": "owner_id",
    "base.succession": "confirmed_by",
    "naming.decision": "decided_by",
    "naming.finding": "waived_by",
    "naming.proposal": "proposed_by",
    "rollout.inspection": "inspected_by",
}


def signed(name: str, values: dict[str, Any], person: int) -> dict[str, Any]:
    """A row's values as this person would write them."""
    return {**values, SIGNED[name]: person} if name in SIGNED else values


def protected() -> dict[str, Table]:
    """Every mapped table that the staff role works on, by name."""
    return {name: table for name, table in metadata().tables.items() if name not in BY_FUNCTION}


class Maker:
    """Makes rows in one division, as the owner. ``somebody`` stands where a person is asked for."""

    def __init__(self, connection: Connection, *, somebody: int) -> None:
        self.connection = connection
        self.somebody = somebody

    def make(self, name: str, division_id: int, /, **given: Any) -> int:
        """A row's key."""
        table = metadata().tables[name]
        values = self.values(name, division_id, **given)
        return int(self.connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one())

    def values(self, name: str, division_id: int, /, **given: Any) -> dict[str, Any]:
        """What a row needs; the rows that it points to are made."""
        special = SPECIAL.get(name)
        values = {**(special(self, division_id, given) if special else {}), **given}
        for column in metadata().tables[name].columns:
            if column.key not in values and not _fills_itself(column):
                values[column.key] = self._value(name, column, division_id)
        return values

    def read(self, name: str, key: int, column: str) -> Any:
        table = metadata().tables[name]
        return self.connection.execute(table.select().where(table.c.id == key)).mappings().one()[column]

    def _value(self, name: str, column: Column[Any], division_id: int) -> Any:
        if column.key == "division_id":
            return division_id
        for key in column.foreign_keys:
            target = key.target_fullname.rpartition(".")[0]
            if target == "base.person":
                return self.somebody
            if target != "base.division":
                return self.make(target, division_id)
        listed = ENUMS.get(f"{name}.{column.key}")
        return next(iter(listed)).value if listed else _plain(column)


def _fills_itself(column: Column[Any]) -> bool:
    """The territory is filled by the database, though the models cannot know it."""
    return bool(column.nullable or column.server_default is not None or column.identity or column.key == "territory")


def _plain(column: Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, Geometry):
        return WKTElement(SHAPES[str(kind.geometry_type)], srid=4490)
    plain: dict[type, Any] = {
        Boolean: True,
        BigInteger: 1,
        Double: 1.5,
        Numeric: "1.00",
        Date: DAY,
        DateTime: datetime(2024, 7, 1, tzinfo=UTC),
        JSONB: {},
        LargeBinary: b"sealed",
        Text: f"{column.key}{next(_numbers)}",
    }
    return plain[next(one for one in plain if isinstance(kind, one))]


def _sha256() -> str:
    return f"{next(_numbers):064x}"


def _token() -> str:
    n, token = next(_numbers), ""
    for _ in range(8):
        n, digit = divmod(n, 32)
        token = TOKEN_LETTERS[digit] + token
    return token


def _sign(maker: Maker, division_id: int, _given: dict[str, Any]) -> dict[str, Any]:
    decision = maker.make("naming.decision", division_id)  # no sign without one
    name = maker.make("naming.name", division_id, origin="decided", decision_id=decision)
    return {"name_id": name, "street_id": maker.read("naming.name", name, "street_id")}


def _order(maker: Maker, division_id: int, given: dict[str, Any]) -> dict[str, Any]:
    if given.get("state") == "draft":
        return {}
    files = {column: maker.make("base.file", division_id) for column in ("file_id", "manifest_id")}
    return {"state": "released", "released_on": DAY, "maker_id": maker.somebody, **files}


def _order_line(maker: Maker, division_id: int, given: dict[str, Any]) -> dict[str, Any]:
    order = given.get("order_id") or maker.make(
        "printing.order", division_id, maker_id=given.get("maker_id", maker.somebody)
    )
    return {"order_id": order, "position": next(_numbers)}


def _installation(maker: Maker, division_id: int, given: dict[str, Any]) -> dict[str, Any]:
    job = maker.make("rollout.job", division_id, crew_id=given.get("crew_id", maker.somebody))
    sign = maker.read("rollout.job", job, "sign_id")
    return {"job_id": job, "sign_id": sign, "photo_sha256": _sha256()}


def _inspection(maker: Maker, division_id: int, given: dict[str, Any]) -> dict[str, Any]:
    crew = given.get("crew_id", maker.somebody)
    return {"installation_id": maker.make("rollout.installation", division_id, crew_id=crew), "crew_id": crew}


#: What the columns' types don't tell.
SPECIAL: dict[str, Callable[[Maker, int, dict[str, Any]], dict[str, Any]]] = {
    "base.division": lambda _m, place, _g: {"parent_id": place, "kind": "village", "path": ""},
    "base.division_code": lambda _m, _p, _g: {"code": f"{next(_numbers):06d}"},
    "base.person": lambda _m, _p, _g: {"login": f"made.{next(_numbers)}", "role": "crew"},
    "base.file": lambda _m, _p, _g: {"sha256": _sha256()},
    "base.succession": lambda _m, place, _g: {"predecessor_id": place},
    "base.contact": lambda _m, _p, _g: {"sealed": b"sealed"},
    "intake.edition": lambda _m, _p, _g: (
        dict.fromkeys(("accepted", "repaired", "duplicate", "rejected"), 1) | {"rows": 4}
    ),
    "intake.intake": lambda _m, _p, _g: {"rows": 5, "datum": "EPSG:4326"},
    "milestones.target": lambda _m, _p, _g: {"year": next(_numbers)},
    "milestones.batch_village": lambda _m, _p, _g: {"left_on": DAY},  # one that is open would be the only one
    "naming.name": lambda _m, _p, _g: {"origin": "existing"},
    "planning.sign": _sign,
    "printing.code": lambda _m, _p, _g: {"token": _token()},
    "printing.order": _order,
    "printing.order_line": _order_line,
    "rollout.installation": _installation,
    "rollout.inspection": _inspection,
}
