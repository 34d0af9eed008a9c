"""Tables of the intake: one row per file taken in, one per row of it, and what came of them."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.base.models import CodeSystem, GeometrySource
from app.base.tables import SRID, Editable, Kept, Placed, Table, one_of, within
from gis.features import FacilityKind, Verdict
from gis.linework import Deed


class IntakeState(Enum):
    """A file is applied whole or not at all."""

    APPLIED = "applied"
    UNDONE = "undone"


class EditionState(Enum):
    """The first list of a system founds what it names; every later one is compared to what stands."""

    LOADED = "loaded"
    COMPARED = "compared"


class ChangeKind(Enum):
    """What became of a division; each old and each new code is in exactly one change."""

    UNCHANGED = "unchanged"  # same code, same name
    RENAMED = "renamed"  # same code and place, another name
    RECODED = "recoded"  # same place and town, another code
    MERGED = "merged"  # several → one
    SPLIT = "split"  # one → several
    MOVED = "moved"  # same place, another town or county
    ABOLISHED = "abolished"  # gone, and nothing new beside it
    NEW = "new"
    REUSED = "reused"  # same code, another place


class Certainty(Enum):
    """How far the evidence reaches."""

    SURE = "sure"
    LIKELY = "likely"
    OPEN = "open"  # the lists do not tell: an officer must know


class ChangeState(Enum):
    """Whether an officer has said that it is so."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"  # a newer edition was handed in before anybody decided


class Intake(Editable, Placed, Table):
    """One file taken in: what it was, which datum, and how its rows ended (the counts add up to ``rows``).

    ``columns`` are those it was read by (:class:`gis.formats.Columns` as told); empty where their names said enough.
    ``left_out`` says why rows were ignored: ``{"reason", "values", "rows", "first"}``, most rows first, the reasons
    beyond the most frequent together under an empty one; ``first`` is 0 for rows that are only counted. ``compared``
    is what the comparison with the register said of ``datum``, a :class:`gis.datums.Outcome`; empty where nobody asked.
    """

    __tablename__ = "intake"
    __table_args__ = (
        *within("intake"),
        one_of("state", IntakeState),
        CheckConstraint("rows = accepted + repaired + duplicate + rejected + ignored", name="sum"),
        {"schema": "intake"},
    )
    source: Mapped[str]
    licence: Mapped[str] = mapped_column(server_default=text("''"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("base.file.id"))
    datum: Mapped[str]
    compared: Mapped[str] = mapped_column(server_default=text("''"))
    state: Mapped[str] = mapped_column(server_default=text("'applied'"))
    rows: Mapped[int]
    accepted: Mapped[int]
    repaired: Mapped[int]
    duplicate: Mapped[int]
    rejected: Mapped[int]
    ignored: Mapped[int]
    taken_on: Mapped[date]
    columns: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    left_out: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))

    @property
    def brought_nothing(self) -> bool:
        """Whether no row of the file was new: it was handed in before, or all of it is in the register otherwise."""
        return not self.accepted and not self.repaired

    @property
    def is_rejected(self) -> bool:
        """Whether every row was rejected: the file is kept for its reasons alone."""
        return self.rejected == self.rows


class Mapping(Editable, Placed, Table):
    """Which column says what in the files of a source; ``header`` is a hash of the names of all their columns."""

    __tablename__ = "mapping"
    __table_args__ = (
        *within("mapping"),
        UniqueConstraint("division_id", "header", "source", name="uq_mapping_division_id_header_source"),
        {"schema": "intake"},
    )
    source: Mapped[str]
    header: Mapped[str]
    columns: Mapped[dict[str, Any]]
    mapped_on: Mapped[date]


class IntakeRow(Kept, Placed, Table):
    """What became of one input row."""

    __tablename__ = "intake_row"
    __table_args__ = (
        *within("intake_row"),
        one_of("verdict", Verdict),
        UniqueConstraint("intake_id", "row", name="uq_intake_row_intake_id_row"),
        {"schema": "intake"},
    )
    intake_id: Mapped[int] = mapped_column(ForeignKey("intake.intake.id", ondelete="CASCADE"))
    row: Mapped[int]
    key: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default=text("''"))
    field: Mapped[str | None]
    values: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class Repair(Kept, Placed, Table):
    """What was mended in a line of an input row, and where."""

    __tablename__ = "repair"
    __table_args__ = (
        *within("repair"),
        one_of("deed", Deed),
        Index("ix_repair_intake_id_id", "intake_id", "id"),
        {"schema": "intake"},
    )
    intake_id: Mapped[int] = mapped_column(ForeignKey("intake.intake.id", ondelete="CASCADE"))
    row: Mapped[int]
    deed: Mapped[str]
    point: Mapped[WKBElement] = mapped_column(Geometry("POINT", SRID, spatial_index=False))
    values: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class Segment(Editable, Placed, Table):
    """A surveyed centreline. ``digest`` (of its geometry and name) makes sending a file twice change nothing."""

    __tablename__ = "segment"
    __table_args__ = (
        *within("segment"),
        one_of("geometry_source", GeometrySource),
        CheckConstraint("length_m > 0", name="length_m"),
        UniqueConstraint("division_id", "digest", name="uq_segment_division_id_digest"),
        Index("ix_segment_line", "line", postgresql_using="gist"),
        Index("ix_segment_intake_id", "intake_id"),
        {"schema": "intake"},
    )
    intake_id: Mapped[int] = mapped_column(ForeignKey("intake.intake.id"))
    key: Mapped[str]
    name: Mapped[str | None]
    road_class: Mapped[str | None]
    oneway: Mapped[bool] = mapped_column(server_default=text("false"))
    line: Mapped[WKBElement] = mapped_column(Geometry("LINESTRING", SRID, spatial_index=False))
    length_m: Mapped[float] = mapped_column(Double)
    geometry_source: Mapped[str]
    digest: Mapped[str]
    surveyed_on: Mapped[date]


class Facility(Editable, Placed, Table):
    """Something that puts the street before its door in scope."""

    __tablename__ = "facility"
    __table_args__ = (
        *within("facility"),
        one_of("kind", FacilityKind),
        one_of("geometry_source", GeometrySource),
        UniqueConstraint("division_id", "digest", name="uq_facility_division_id_digest"),
        Index("ix_facility_point", "point", postgresql_using="gist"),
        Index("ix_facility_intake_id", "intake_id"),
        {"schema": "intake"},
    )
    intake_id: Mapped[int] = mapped_column(ForeignKey("intake.intake.id"))
    key: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str | None]
    point: Mapped[WKBElement] = mapped_column(Geometry("POINT", SRID, spatial_index=False))
    geometry_source: Mapped[str]
    digest: Mapped[str]
    surveyed_on: Mapped[date]


class Edition(Editable, Placed, Table):
    """A list of divisions handed in: its rows add up; ``digest`` (of what it says) makes a second time change nothing.

    ``unchanged`` divisions and those ``founded`` at once (the first list of its system) have no change of their own.
    ``columns`` are those that somebody said, field → column; empty where their names said enough.
    """

    __tablename__ = "edition"
    __table_args__ = (
        *within("edition"),
        one_of("system", CodeSystem),
        one_of("state", EditionState),
        CheckConstraint("rows = accepted + repaired + duplicate + rejected", name="sum"),
        UniqueConstraint("division_id", "system", "digest", name="uq_edition_division_id_system_digest"),
        {"schema": "intake"},
    )
    system: Mapped[str]
    title: Mapped[str]
    in_force_on: Mapped[date]
    source: Mapped[str]
    licence: Mapped[str] = mapped_column(server_default=text("''"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("base.file.id"))
    digest: Mapped[str]
    state: Mapped[str]
    rows: Mapped[int]
    accepted: Mapped[int]
    repaired: Mapped[int]
    duplicate: Mapped[int]
    rejected: Mapped[int]
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    founded: Mapped[int] = mapped_column(server_default=text("0"))
    taken_on: Mapped[date]
    columns: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class EditionRow(Kept, Placed, Table):
    """A row of a list that was not taken as it stood: repaired, a duplicate, or rejected."""

    __tablename__ = "edition_row"
    __table_args__ = (
        *within("edition_row"),
        one_of("verdict", Verdict),
        UniqueConstraint("edition_id", "row", name="uq_edition_row_edition_id_row"),
        {"schema": "intake"},
    )
    edition_id: Mapped[int] = mapped_column(ForeignKey("intake.edition.id", ondelete="CASCADE"))
    row: Mapped[int]
    code: Mapped[str]
    name: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str]


class Change(Editable, Placed, Table):
    """What an edition says became of a place; an officer confirms or refuses it. Its division is the place of it all.

    ``olds`` are divisions of the register (``id``, ``code``, ``name``, ``town``), ``news`` units of the list (``code``,
    ``name``, ``above``, ``town``), ``candidates`` codes of the list.
    """

    __tablename__ = "change"
    __table_args__ = (
        *within("change"),
        one_of("kind", ChangeKind),
        one_of("certainty", Certainty),
        one_of("state", ChangeState),
        CheckConstraint("(state = 'open') = (settled_on IS NULL)", name="settled"),
        Index("ix_change_edition_id_code", "edition_id", "code"),
        Index("ix_change_in_act", "in_act", postgresql_where=text("in_act IS NOT NULL")),
        {"schema": "intake"},
    )
    edition_id: Mapped[int] = mapped_column(ForeignKey("intake.edition.id", ondelete="CASCADE"))
    kind: Mapped[str]
    certainty: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    code: Mapped[str]
    town: Mapped[str]
    olds: Mapped[list[Any]] = mapped_column(JSONB)
    news: Mapped[list[Any]] = mapped_column(JSONB)
    clues: Mapped[list[Any]] = mapped_column(JSONB)
    candidates: Mapped[list[Any]] = mapped_column(JSONB)
    gone_there: Mapped[int] = mapped_column(server_default=text("0"))
    new_there: Mapped[int] = mapped_column(server_default=text("0"))
    settled_on: Mapped[date | None]
    in_act: Mapped[UUID | None]
