"""Tables of the inventory: streets, what they are made of, and what puts them in scope."""

from __future__ import annotations

from datetime import date
from enum import Enum

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.tables import SRID, Editable, Kept, Placed, Table, one_of, within


class StreetState(Enum):
    """How far a street's name is; the colours of the map. Moved by the naming station through ``steps.mark``."""

    UNNAMED = "unnamed"
    DRAFT = "draft"  # a name is being written, or was sent back to be mended: nothing is applied for yet
    PROPOSED = "proposed"
    APPROVED = "approved"
    IN_FORCE = "in_force"
    RETIRED = "retired"
    NO_STREET = "no_street"  # people said that this is none: a drive, a field track, a yard; says why


class LineSource(Enum):
    """How far a street's line can be trusted: as its segments were taken in, or as people drew it."""

    NONE = "none"
    SURVEY = "survey"
    SKETCH = "sketch"
    GENERATED = "generated"
    DRAWN = "drawn"  # by hand, on the map


class Stream(Enum):
    """The two programmes a street may be counted in (press conference of 2024-04-08); never mixed in a figure."""

    VILLAGE = "village"  # streets where a committee, shop, clinic or school stands
    NEW_ROAD = "new_road"  # 城乡无名路、新增路: in no village's scope, never counted in the 5,099


class Street(Editable, Placed, Table):
    """A run of segments that should bear one name. ``surveyed_name`` is what the survey file calls it, as it stands.

    ``line`` is what counts: it was made of the segments, and people may cut, join and draw it since (``shaped_on``).
    """

    __tablename__ = "street"
    __table_args__ = (
        *within("street"),
        one_of("state", StreetState),
        one_of("stream", Stream),
        one_of("geometry_source", LineSource),
        CheckConstraint(
            "(state = 'no_street') = (no_street_on IS NOT NULL)"
            " AND (state = 'no_street') = (coalesce(btrim(no_street_reason), '') <> '')"
            " AND NOT (state = 'no_street' AND in_scope)",
            name="no_street",
        ),
        CheckConstraint(
            "stream = 'village' OR (NOT in_scope AND stream_on IS NOT NULL"
            " AND coalesce(btrim(stream_reason), '') <> '')",
            name="second_stream",
        ),
        CheckConstraint("length_m > 0", name="length_m"),
        CheckConstraint("bearing_deg >= 0 AND bearing_deg < 180", name="bearing_deg"),
        Index("ix_street_line", "line", postgresql_using="gist"),
        Index("ix_street_division_id_id", "division_id", "id"),
        Index(
            "ix_street_surveyed_name",
            "surveyed_name",
            postgresql_using="gin",
            postgresql_ops={"surveyed_name": "gin_trgm_ops"},
        ),
        {"schema": "inventory"},
    )
    surveyed_name: Mapped[str | None]
    line: Mapped[WKBElement] = mapped_column(Geometry("MULTILINESTRING", SRID, spatial_index=False))
    length_m: Mapped[float] = mapped_column(Double)
    bearing_deg: Mapped[float] = mapped_column(Double)
    road_class: Mapped[str | None]
    stream: Mapped[str]
    in_scope: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str] = mapped_column(server_default=text("'unnamed'"))
    geometry_source: Mapped[str]
    surveyed_on: Mapped[date]
    shaped_on: Mapped[date | None]
    no_street_on: Mapped[date | None]
    no_street_reason: Mapped[str | None]
    stream_on: Mapped[date | None]
    stream_reason: Mapped[str | None]


class StreetSegment(Kept, Placed, Table):
    """Which segments a street is made of; one of which only parts were new may have made several streets.

    ``beside``: it came later and only runs along the street's line, of which it is no part.
    """

    __tablename__ = "street_segment"
    __table_args__ = (
        *within("street_segment"),
        UniqueConstraint("segment_id", "street_id", name="uq_street_segment_segment_id_street_id"),
        Index("ix_street_segment_street_id", "street_id"),
        {"schema": "inventory"},
    )
    street_id: Mapped[int] = mapped_column(ForeignKey("inventory.street.id", ondelete="CASCADE"))
    segment_id: Mapped[int] = mapped_column(ForeignKey("intake.segment.id"))
    beside: Mapped[bool] = mapped_column(server_default=text("false"))


class ScopeReason(Kept, Placed, Table):
    """Why a street is in scope: this facility, at this distance, under this rule; ``until_on`` it held no more."""

    __tablename__ = "scope_reason"
    __table_args__ = (
        *within("scope_reason"),
        CheckConstraint("until_on IS NULL OR until_on > found_on", name="period"),
        Index(
            "uq_scope_reason_holds", "street_id", "facility_id", unique=True, postgresql_where=text("until_on IS NULL")
        ),
        Index("ix_scope_reason_street_id", "street_id"),
        {"schema": "inventory"},
    )
    street_id: Mapped[int] = mapped_column(ForeignKey("inventory.street.id", ondelete="CASCADE"))
    facility_id: Mapped[int] = mapped_column(ForeignKey("intake.facility.id"))
    distance_m: Mapped[float] = mapped_column(Double)
    within_m: Mapped[float] = mapped_column(Double)
    found_on: Mapped[date]
    until_on: Mapped[date | None]
