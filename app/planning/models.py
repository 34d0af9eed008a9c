"""Tables of the planning: posts, and the signs on them."""

from __future__ import annotations

from datetime import date
from enum import Enum

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.tables import SRID, Editable, Placed, Table, one_of, within
from signs.designs import Ground


class SignState(Enum):
    """A sign's life. Planned: a place on the map; ordered: in a print order; standing: proved by an installation."""

    PLANNED = "planned"
    ORDERED = "ordered"
    STANDING = "standing"
    REMOVED = "removed"


class SignReason(Enum):
    """Why a sign stands here (Wucheng, Shanghai Art. 33: start, end, crossings, extra between far crossings)."""

    START = "start"
    END = "end"
    CROSSING = "crossing"
    GAP = "gap"


class Post(Editable, Placed, Table):
    """What carries signs; one at a corner, however many plates hang on it."""

    __tablename__ = "post"
    __table_args__ = (
        *within("post"),
        Index("ix_post_point", "point", postgresql_using="gist"),
        {"schema": "planning"},
    )
    point: Mapped[WKBElement] = mapped_column(Geometry("POINT", SRID, spatial_index=False))
    planned_on: Mapped[date]


class Sign(Editable, Placed, Table):
    """One physical sign, for life: which street, which name, on which post, facing where.

    ``along_deg`` is the street's own bearing there, start to end; ``goes_on`` and ``goes_back`` say whether it
    continues along it and against it (arrow or dot on the face). ``ground`` overrides the colour by bearing.
    """

    __tablename__ = "sign"
    __table_args__ = (
        *within("sign"),
        one_of("state", SignState),
        one_of("reason", SignReason),
        CheckConstraint("facing_deg >= 0 AND facing_deg < 360", name="facing_deg"),
        CheckConstraint("along_deg >= 0 AND along_deg < 360", name="along_deg"),
        one_of("ground", Ground),
        CheckConstraint("(state = 'removed') = (removed_on IS NOT NULL)", name="removed"),
        Index("ix_sign_division_id_id", "division_id", "id"),
        Index("ix_sign_street_id", "street_id"),
        Index("ix_sign_post_id", "post_id"),
        Index("ix_sign_name_id", "name_id"),
        {"schema": "planning"},
    )
    post_id: Mapped[int] = mapped_column(ForeignKey("planning.post.id"))
    street_id: Mapped[int] = mapped_column(ForeignKey("inventory.street.id"))
    name_id: Mapped[int] = mapped_column(ForeignKey("naming.name.id"))
    kind: Mapped[str]
    reason: Mapped[str]
    facing_deg: Mapped[float] = mapped_column(Double)
    along_deg: Mapped[float] = mapped_column(Double)
    goes_on: Mapped[bool]
    goes_back: Mapped[bool]
    ground: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'planned'"))
    planned_on: Mapped[date]
    removed_on: Mapped[date | None]
