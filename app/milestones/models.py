"""Tables of the milestones: targets by year as data, and batches of villages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.tables import Editable, Placed, Table, one_of, within
from app.inventory.models import Stream


class BatchState(Enum):
    """A batch is worked on while open; closing one lists what is left."""

    OPEN = "open"
    CLOSED = "closed"


class PlanState(Enum):
    """A plan is weighed against others until one of them is accepted."""

    DRAFT = "draft"
    ACCEPTED = "accepted"
    DROPPED = "dropped"


class Target(Editable, Placed, Table):
    """How many villages a division is to have done in a year, in one stream, and who says so.

    In the second stream (无名路、新增路) ``villages`` counts roads.
    """

    __tablename__ = "target"
    __table_args__ = (
        *within("target"),
        one_of("stream", Stream),
        CheckConstraint("villages >= 0", name="villages"),
        UniqueConstraint("division_id", "year", "stream", name="uq_target_division_id_year_stream"),
        {"schema": "milestones"},
    )
    year: Mapped[int]
    stream: Mapped[str]
    villages: Mapped[int]
    source: Mapped[str]
    set_on: Mapped[date]


class Batch(Editable, Placed, Table):
    """Villages to be named by a date; its division is the county (or town) that runs it."""

    __tablename__ = "batch"
    __table_args__ = (
        *within("batch"),
        one_of("state", BatchState),
        one_of("stream", Stream),
        CheckConstraint("due_on >= opened_on", name="period"),
        CheckConstraint("(state = 'closed') = (closed_on IS NOT NULL)", name="closed"),
        UniqueConstraint("division_id", "title", name="uq_batch_division_id_title"),
        {"schema": "milestones"},
    )
    title: Mapped[str]
    year: Mapped[int]
    stream: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("base.person.id"))
    budget: Mapped[Decimal | None]
    funder: Mapped[str] = mapped_column(server_default=text("''"))
    opened_on: Mapped[date]
    due_on: Mapped[date]
    closed_on: Mapped[date | None]


class BatchVillage(Editable, Placed, Table):
    """A village in a batch; its division is the village. One open batch at a time, held by a partial unique index."""

    __tablename__ = "batch_village"
    __table_args__ = (
        *within("batch_village"),
        Index("uq_batch_village_open", "division_id", unique=True, postgresql_where=text("left_on IS NULL")),
        Index("ix_batch_village_batch_id", "batch_id"),
        {"schema": "milestones"},
    )
    batch_id: Mapped[int] = mapped_column(ForeignKey("milestones.batch.id"))
    joined_on: Mapped[date]
    left_on: Mapped[date | None]


class Plan(Editable, Placed, Table):
    """One way to fill a year's quota of villages; of several one is accepted, and opens a batch in each county.

    Weights as in :class:`app.milestones.logic.Part`, figures as in :class:`app.milestones.logic.Figures`. Which
    villages it takes follows from them, the register, and what was moved by hand (:class:`PlanVillage`).
    """

    __tablename__ = "plan"
    __table_args__ = (
        *within("plan"),
        one_of("state", PlanState),
        CheckConstraint("quota > 0", name="quota"),
        CheckConstraint(
            "a_day > 0 AND least(streets, signs, plates) >= 0 AND least(sign_price, plate_price) >= 0", name="figures"
        ),
        CheckConstraint("least(pilot, ready, unnamed, facilities, size) >= 0", name="weights"),
        CheckConstraint("(state = 'draft') = (decided_on IS NULL)", name="decided"),
        UniqueConstraint("division_id", "year", "title", name="uq_plan_division_id_year_title"),
        {"schema": "milestones"},
    )
    year: Mapped[int]
    title: Mapped[str]
    quota: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    pilot: Mapped[float]
    ready: Mapped[float]
    unnamed: Mapped[float]
    facilities: Mapped[float]
    size: Mapped[float]
    streets: Mapped[float]
    signs: Mapped[float]
    plates: Mapped[float]
    sign_price: Mapped[Decimal]
    plate_price: Mapped[Decimal]
    a_day: Mapped[float]
    #: How often a village was moved by hand: who moves one has read the plan as it is.
    moves: Mapped[int] = mapped_column(server_default=text("0"))
    made_on: Mapped[date]
    decided_on: Mapped[date | None]


class PlanVillage(Editable, Placed, Table):
    """A village that somebody put into a plan by hand, or kept out of it; its division is the village."""

    __tablename__ = "plan_village"
    __table_args__ = (
        *within("plan_village"),
        UniqueConstraint("plan_id", "division_id", name="uq_plan_village_plan_id_division_id"),
        {"schema": "milestones"},
    )
    plan_id: Mapped[int] = mapped_column(ForeignKey("milestones.plan.id", ondelete="CASCADE"))
    inside: Mapped[bool]
    moved_on: Mapped[date]
