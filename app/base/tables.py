"""What every table has in common: keys, moments, versions, and its place in the tree of divisions."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    FetchedValue,
    ForeignKeyConstraint,
    Identity,
    Index,
    MetaData,
    Numeric,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import UserDefinedType

SRID = 4490  # CGCS2000, the national datum; PostGIS keeps lon, lat
#: What a GeoJSON of ours says of its coordinates: CRS84 order, on the datum that they are stored in.
SAID_OF_PLACES = {
    "crs_name": "urn:ogc:def:crs:OGC:1.3:CRS84",
    "datum": "CGCS2000 (EPSG:4490)",
    "axes": "lon, lat",
}


class Ltree(UserDefinedType[str]):
    """PostgreSQL's ``ltree``: the path of a division's keys from the root, e.g. ``1.7.33``."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in SQL."""
        return "ltree"


class Xid8(UserDefinedType[str]):
    """PostgreSQL's ``xid8``: a transaction's number that never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in SQL."""
        return "xid8"


class Table(DeclarativeBase):
    """The one metadata. Types follow the house: text without lengths, aware moments, money numeric(14,2)."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        int: BigInteger(),
        date: Date(),
        datetime: DateTime(timezone=True),
        Decimal: Numeric(14, 2),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
    }


class Kept:
    """A bigint key inside, a UUIDv7 outside, and the moment we learned of it."""

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    uid: Mapped[UUID] = mapped_column(unique=True, server_default=text("base.uuid7()"))
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Editable(Kept):
    """A row that people change: its version rises with each change, and a stale write is refused."""

    version: Mapped[int] = mapped_column(server_default=text("1"))

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        """Let SQLAlchemy put the version we read into every UPDATE's WHERE."""
        return {"version_id_col": cls.version}


class Placed:
    """A row that belongs to a division; row-level security compares its ``territory`` with the person's.

    The database fills ``territory`` from ``division_id`` and follows when a division moves (foreign key on both).
    """

    division_id: Mapped[int]
    territory: Mapped[str] = mapped_column(Ltree, FetchedValue(), nullable=False)


def within(table: str) -> tuple[ForeignKeyConstraint, Index]:
    """The foreign key and the index of a :class:`Placed` table."""
    return (
        ForeignKeyConstraint(
            ["division_id", "territory"],
            ["base.division.id", "base.division.path"],
            onupdate="CASCADE",
            name=f"fk_{table}_place",
        ),
        Index(f"ix_{table}_territory", "territory", postgresql_using="gist"),
    )


def one_of(column: str, states: type[Enum]) -> CheckConstraint:
    """A check constraint that holds a text column to an enum's values; a test holds the two equal."""
    values = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"{column} IN ({values})", name=column)
