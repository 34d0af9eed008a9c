"""Tables of the printing: codes for life, orders to makers, and their lines."""

from __future__ import annotations

from datetime import date
from enum import Enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.base.tables import Editable, Kept, Placed, Table, one_of, within


class CodeState(Enum):
    """A code is never reused; a retired one still answers with a page that helps."""

    BOUND = "bound"
    RETIRED = "retired"


class OrderState(Enum):
    """An order is drawn up, then released to its maker once its file was read back without a fault."""

    DRAFT = "draft"
    RELEASED = "released"


class Code(Editable, Placed, Table):
    """The opaque token in a sign's QR, independent of name, village and division."""

    __tablename__ = "code"
    __table_args__ = (
        *within("code"),
        one_of("state", CodeState),
        CheckConstraint("token ~ '^[0-9A-HJKMNP-TV-Z]{8}$'", name="token"),
        UniqueConstraint("token", name="uq_code_token"),
        Index("uq_code_bound", "sign_id", unique=True, postgresql_where=text("state = 'bound'")),
        {"schema": "printing"},
    )
    token: Mapped[str]
    sign_id: Mapped[int] = mapped_column(ForeignKey("planning.sign.id"))
    state: Mapped[str] = mapped_column(server_default=text("'bound'"))
    bound_on: Mapped[date]
    retired_on: Mapped[date | None]


class Order(Editable, Placed, Table):
    """What a maker is asked to make; the maker sees only their own, and only once released.

    ``file_id`` is the print file as it was read back, ``manifest_id`` the list that goes with it.
    """

    __tablename__ = "order"
    __table_args__ = (
        *within("order"),
        one_of("state", OrderState),
        UniqueConstraint("number", name="uq_order_number"),
        CheckConstraint("(state = 'released') = (released_on IS NOT NULL)", name="released"),
        CheckConstraint("state = 'draft' OR (file_id IS NOT NULL AND manifest_id IS NOT NULL)", name="file"),
        CheckConstraint("state = 'draft' OR maker_id IS NOT NULL", name="maker"),
        Index("ix_order_maker_id_id", "maker_id", "id"),
        {"schema": "printing"},
    )
    number: Mapped[str]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("milestones.batch.id"))
    maker_id: Mapped[int | None] = mapped_column(ForeignKey("base.person.id"))
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("base.file.id"))
    manifest_id: Mapped[int | None] = mapped_column(ForeignKey("base.file.id"))
    ordered_on: Mapped[date]
    released_on: Mapped[date | None]


class OrderLine(Kept, Placed, Table):
    """One plate of an order with the words as they are printed; ``maker_id`` repeats the order's for its policy."""

    __tablename__ = "order_line"
    __table_args__ = (
        *within("order_line"),
        UniqueConstraint("order_id", "position", name="uq_order_line_order_id_position"),
        UniqueConstraint("order_id", "sign_id", name="uq_order_line_order_id_sign_id"),
        CheckConstraint("position > 0", name="position"),
        Index("ix_order_line_sign_id", "sign_id"),
        {"schema": "printing"},
    )
    order_id: Mapped[int] = mapped_column(ForeignKey("printing.order.id", ondelete="CASCADE"))
    maker_id: Mapped[int | None] = mapped_column(ForeignKey("base.person.id"))
    position: Mapped[int]
    sign_id: Mapped[int] = mapped_column(ForeignKey("planning.sign.id"))
    code_id: Mapped[int] = mapped_column(ForeignKey("printing.code.id"))
    name_id: Mapped[int] = mapped_column(ForeignKey("naming.name.id"))
    words: Mapped[str]
    latin: Mapped[str]
    ordered_on: Mapped[date]
