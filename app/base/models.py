"""Tables of the ground floor. The database is built by ``migrations/``; ``minglu check`` holds the two equal."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import HSTORE, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.base.tables import SRID, Editable, Kept, Ltree, Placed, Table, Xid8, one_of, within


class DivisionKind(Enum):
    """Levels of the tree. Villages and residents' committees are kept apart; a zone exists in statistics only."""

    CITY = "city"
    COUNTY = "county"
    ZONE = "zone"
    TOWN = "town"
    VILLAGE = "village"
    RESIDENTS = "residents"


class GeometrySource(Enum):
    """How far a division's or street's place can be trusted."""

    NONE = "none"
    SURVEY = "survey"
    SKETCH = "sketch"  # 示意: shape of an unofficial source, never a legal boundary
    GENERATED = "generated"  # made for a demonstration


class Role(Enum):
    """What a person is here for; bound to a territory."""

    CITY_OFFICER = "city_officer"
    COUNTY_OFFICER = "county_officer"
    TOWN_OFFICER = "town_officer"
    VILLAGE_CONTACT = "village_contact"
    SIGN_MAKER = "sign_maker"
    CREW = "crew"
    INSPECTOR = "inspector"
    CONTENT_EDITOR = "content_editor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class CodeSystem(Enum):
    """The ministry's and the statistics office's codes give the same number to different towns: never join them."""

    STATISTICS = "statistics"
    MINISTRY = "ministry"


class SuccessionKind(Enum):
    """How a division came from another, or from what it was itself."""

    RENAMED = "renamed"
    RECODED = "recoded"  # the same place under another code
    MERGED = "merged"
    SPLIT = "split"
    MOVED = "moved"  # to another town or county


class RunState(Enum):
    """Where long work is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Division(Editable, Table):
    """A node of the tree of divisions; ``path`` is set by the database from the parent's."""

    __tablename__ = "division"
    __table_args__ = (
        UniqueConstraint("path", name="uq_division_path"),
        UniqueConstraint("id", "path", name="uq_division_id_path"),
        CheckConstraint("btrim(name) <> ''", name="name"),
        CheckConstraint("until_on IS NULL OR until_on >= since_on", name="period"),
        one_of("kind", DivisionKind),
        one_of("geometry_source", GeometrySource),
        Index("ix_division_parent_id_name", "parent_id", "name"),
        Index("ix_division_path", "path", postgresql_using="gist"),
        Index("ix_division_outline", "outline", postgresql_using="gist"),
        Index("ix_division_point", "point", postgresql_using="gist"),
        Index("ix_division_name", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        {"schema": "base"},
    )
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("base.division.id"))
    path: Mapped[str] = mapped_column(Ltree, FetchedValue(), nullable=False)
    kind: Mapped[str]
    name: Mapped[str]
    outline: Mapped[WKBElement | None] = mapped_column(Geometry("MULTIPOLYGON", SRID, spatial_index=False))
    point: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", SRID, spatial_index=False))
    geometry_source: Mapped[str] = mapped_column(server_default=text("'none'"))
    since_on: Mapped[date]
    until_on: Mapped[date | None]


class DivisionCode(Editable, Placed, Table):
    """A code that a division bore in one system, with its period. Our own keys never derive from it."""

    __tablename__ = "division_code"
    __table_args__ = (
        *within("division_code"),
        UniqueConstraint(
            "system",
            "code",
            "valid_from_on",
            "division_id",
            name="uq_division_code_system_code_valid_from_on",
        ),
        one_of("system", CodeSystem),
        CheckConstraint("code ~ '^[0-9]{2,12}$'", name="code"),
        Index("ix_division_code_division_id", "division_id"),
        Index("ix_division_code_system_code", "system", "code"),
        {"schema": "base"},
    )
    system: Mapped[str]
    edition: Mapped[str]
    code: Mapped[str]
    valid_from_on: Mapped[date]
    valid_to_on: Mapped[date | None]


class Succession(Kept, Placed, Table):
    """Predecessor → successor (its division), with the name and code that the predecessor had, and what spoke for it.

    A place that only changed its name, code or town succeeds itself. What stands in the predecessor follows into the
    one that leads: the database moves it when the row is written (``base.following`` names the tables).
    """

    __tablename__ = "succession"
    __table_args__ = (
        *within("succession"),
        one_of("kind", SuccessionKind),
        one_of("system", CodeSystem),
        Index("ix_succession_division_id", "division_id"),
        Index("ix_succession_predecessor_id", "predecessor_id"),
        Index("ix_succession_name", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        {"schema": "base"},
    )
    predecessor_id: Mapped[int] = mapped_column(ForeignKey("base.division.id"))
    kind: Mapped[str]
    system: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    succeeded_on: Mapped[date]
    leads: Mapped[bool] = mapped_column(server_default=text("true"))
    clues: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    confirmed_by: Mapped[int] = mapped_column(ForeignKey("base.person.id"))


class Followed(Kept, Placed, Table):
    """A row that came to a successor, and from where; written by the database alone."""

    __tablename__ = "followed"
    __table_args__ = (*within("followed"), Index("ix_followed_predecessor_id", "predecessor_id"), {"schema": "base"})
    predecessor_id: Mapped[int] = mapped_column(ForeignKey("base.division.id"))
    subject: Mapped[str]
    row_id: Mapped[int]
    followed_on: Mapped[date]


class Person(Editable, Placed, Table):
    """Someone who signs in. The password's hash is elsewhere, where no role but the owner reads."""

    __tablename__ = "person"
    __table_args__ = (
        *within("person"),
        UniqueConstraint("login", name="uq_person_login"),
        CheckConstraint("login ~ '^[a-z0-9][a-z0-9._-]{1,62}$'", name="login"),
        CheckConstraint("btrim(name) <> ''", name="name"),
        CheckConstraint("language IN ('zh', 'en')", name="language"),
        one_of("role", Role),
        {"schema": "base"},
    )
    login: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    department: Mapped[str] = mapped_column(server_default=text("''"))
    language: Mapped[str] = mapped_column(server_default=text("'zh'"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    since_on: Mapped[date]


class Setting(Editable, Table):
    """What the bureau decides: numbers, lists, names of offices; with its source and who confirmed it."""

    __tablename__ = "setting"
    __table_args__ = (
        UniqueConstraint("key", name="uq_setting_key"),
        CheckConstraint("territory = ''::ltree", name="territory"),
        {"schema": "base"},
    )
    key: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB)
    source: Mapped[str] = mapped_column(server_default=text("''"))
    confirmed_on: Mapped[date | None]
    confirmed_by: Mapped[str | None]
    territory: Mapped[str] = mapped_column(Ltree, server_default=text("''"))


class File(Kept, Placed, Table):
    """A stored file's row, written after its bytes are safe; ``sha256`` is its address in the store."""

    __tablename__ = "file"
    __table_args__ = (
        *within("file"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint("bytes >= 0", name="bytes"),
        Index("ix_file_sha256", "sha256"),
        {"schema": "base"},
    )
    sha256: Mapped[str]
    bytes: Mapped[int]
    media_type: Mapped[str]
    name: Mapped[str]
    purpose: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("base.person.id"))


class Run(Kept, Table):
    """One execution of long work. Written only by definer functions, on connections outside the work's transaction."""

    __tablename__ = "run"
    __table_args__ = (
        one_of("state", RunState),
        Index("ix_run_person_id_id", "person_id", "id"),
        {"schema": "base"},
    )
    kind: Mapped[str]
    args: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    done: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[int | None]
    message: Mapped[str] = mapped_column(server_default=text("''"))
    result: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    cancel_asked: Mapped[bool] = mapped_column(server_default=text("false"))
    person_id: Mapped[int] = mapped_column(ForeignKey("base.person.id"))
    territory: Mapped[str] = mapped_column(Ltree)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Contact(Editable, Placed, Table):
    """Personal data, encrypted under a key of its own; ``erased_on`` is the day the key was destroyed."""

    __tablename__ = "contact"
    __table_args__ = (
        *within("contact"),
        CheckConstraint("(erased_on IS NULL) = (sealed IS NOT NULL)", name="erased"),
        Index("ix_contact_erase_on", "erase_on", postgresql_where=text("erased_on IS NULL")),
        {"schema": "base"},
    )
    purpose: Mapped[str]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    erase_on: Mapped[date]
    erased_on: Mapped[date | None]


class Entry(Table):
    """One row's change: who, when, from where, before and after (only the columns that changed)."""

    __tablename__ = "entry"
    __table_args__ = (
        CheckConstraint("op IN ('insert', 'update', 'delete')", name="op"),
        Index("ix_entry_tx", "tx"),
        Index("ix_entry_subject_row_id_id", "subject", "row_id", "id"),
        Index("ix_entry_act", "act"),
        Index("ix_entry_undoes", "undoes", postgresql_where=text("undoes IS NOT NULL")),
        Index("ix_entry_person_id_id", "person_id", "id"),
        {"schema": "history"},
    )
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    tx: Mapped[str] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    act: Mapped[UUID | None]
    undoes: Mapped[UUID | None]
    subject: Mapped[str]
    row_id: Mapped[int]
    op: Mapped[str]
    before: Mapped[dict[str, str | None] | None] = mapped_column(HSTORE)
    after: Mapped[dict[str, str | None] | None] = mapped_column(HSTORE)
    person_id: Mapped[int | None]
    via: Mapped[str]
    territory: Mapped[str] = mapped_column(Ltree)
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
