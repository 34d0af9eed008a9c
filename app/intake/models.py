"""Tables of the intake: one row per file taken in, one per row of it, and what came of them."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.models import GeometrySource
from app.base.tables import SRID, Editable, Kept, Placed, Table, one_of, within
from gis.features import FacilityKind, Verdict
from gis.linework import Deed


class IntakeState(Enum):
    """A file is applied whole or not at all."""

    APPLIED = "applied"
    UNDONE = "undone"


class Intake(Editable, Placed, Table):
    """One file taken in: what it was, which datum, and how its rows ended (the counts add up to ``rows``).

    ``columns`` are those it was read by (:class:`gis.formats.Columns` as told); empty where their names said enough.
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
    state: Mapped[str] = mapped_column(server_default=text("'applied'"))
    rows: Mapped[int]
    accepted: Mapped[int]
    repaired: Mapped[int]
    duplicate: Mapped[int]
    rejected: Mapped[int]
    ignored: Mapped[int]
    taken_on: Mapped[date]
    columns: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    @property
    def brought_nothing(self) -> bool:
        """Whether no row of the file was new: it was handed in before, or all of it is in the register otherwise."""
        return not self.accepted and not self.repaired


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
