"""Reads of the printing: what wants an order, the plates of one, lists for officers and makers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import aliased

from app.base.errors import N_, NotFound
from app.base.models import Division, DivisionKind
from app.inventory.models import Street
from app.milestones.models import Batch, BatchVillage
from app.naming.models import Name
from app.planning.models import Sign, SignState
from app.printing.logic import Plate
from app.printing.models import Code, CodeState, Order, OrderLine

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.base.clock import Clock


@dataclass(frozen=True, slots=True)
class SignToOrder:
    """A planned sign with its name in force, and the code it bears already, if any."""

    id: int
    division_id: int
    name_id: int
    words: str
    latin: str
    code_id: int | None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as lists show it."""

    id: int
    uid: UUID
    number: str
    state: str
    place: str
    maker: str | None
    plates: int
    ordered_on: date
    released_on: date | None


@dataclass(frozen=True, slots=True)
class LineRow:
    """A plate of an order as its page shows it."""

    id: int
    position: int
    words: str
    latin: str
    token: str
    village: str


def signs_to_order(session: Session, clock: Clock, *, division: Division, batch: Batch | None) -> list[SignToOrder]:
    """Planned signs at and below ``division`` (of the batch's villages) with their name in force, by village."""
    own = aliased(Division)
    path = select(own.path).where(own.id == division.id).scalar_subquery()
    wanted = (
        select(
            Sign.id,
            Sign.division_id,
            Sign.name_id,
            Name.words,
            Name.latin_sign.label("latin"),
            Code.id.label("code_id"),
        )
        .join(Name, Name.id == Sign.name_id)
        .outerjoin(Code, (Code.sign_id == Sign.id) & (Code.state == CodeState.BOUND.value))
        .where(
            Sign.state == SignState.PLANNED.value,
            Sign.territory.op("<@")(path),
            Name.retired_on.is_(None),
            Name.in_force_on <= clock.today(),
            ~select(OrderLine.id).where(OrderLine.sign_id == Sign.id).exists(),
        )
        .order_by(Sign.division_id, Sign.street_id, Sign.id)
    )
    if batch is not None:
        villages = select(BatchVillage.division_id).where(
            BatchVillage.batch_id == batch.id, BatchVillage.left_on.is_(None)
        )
        wanted = wanted.where(Sign.division_id.in_(villages))
    return [SignToOrder(**row._mapping) for row in session.execute(wanted)]


def taken(session: Session, tokens: list[str]) -> set[str]:
    """Which of ``tokens`` are codes already, in any territory."""
    return set(session.scalars(text("SELECT printing.taken(:tokens)"), {"tokens": tokens}))


def place_named(session: Session, division: Division) -> str:
    """The county (or zone) that a division lies in or is, for an order's number; else the division's own name."""
    own, above = aliased(Division), aliased(Division)
    county = (
        select(above.name)
        .join(own, own.path.op("<@")(above.path))
        .where(own.id == division.id, above.kind.in_([DivisionKind.COUNTY.value, DivisionKind.ZONE.value]))
    )
    return session.scalar(county.limit(1)) or division.name


def last_number(session: Session, prefix: str) -> str | None:
    """The highest order number that begins with ``prefix``."""
    known = select(Order.number).where(Order.number.startswith(prefix, autoescape=True))
    return session.scalar(known.order_by(func.length(Order.number).desc(), Order.number.desc()).limit(1))


def plates(session: Session, *, order: Order) -> list[Plate]:
    """All plates of an order in the order of their positions, each beside what the registry says of it."""
    town, bound = aliased(Division), aliased(Code)
    wanted = (
        select(
            OrderLine.position,
            Sign.uid.label("sign_uid"),
            Code.token,
            OrderLine.words,
            OrderLine.latin,
            Sign.kind,
            Street.bearing_deg.label("street_deg"),
            Sign.facing_deg,
            Sign.along_deg,
            Sign.goes_on,
            Sign.goes_back,
            Sign.ground,
            Division.name.label("village"),
            func.coalesce(town.name, "").label("town"),
            func.coalesce(Name.words, "").label("name_words"),
            func.coalesce(Name.latin_sign, "").label("name_latin"),
            func.coalesce(bound.token, "").label("bound_token"),
        )
        .join(Sign, Sign.id == OrderLine.sign_id)
        .join(Street, Street.id == Sign.street_id)
        .join(Code, Code.id == OrderLine.code_id)
        .join(Division, Division.id == Sign.division_id)
        .outerjoin(town, town.id == Division.parent_id)
        .outerjoin(Name, (Name.id == OrderLine.name_id) & Name.retired_on.is_(None))
        .outerjoin(bound, (bound.sign_id == Sign.id) & (bound.state == CodeState.BOUND.value))
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.position)
    )
    return [_plate(dict(row._mapping)) for row in session.execute(wanted)]


def _plate(row: dict[str, object]) -> Plate:
    registered = tuple(row.pop(key) for key in ("name_words", "name_latin", "bound_token"))
    return Plate(**row, registered=registered)  # type: ignore[arg-type]


def order(session: Session, uid: UUID) -> Order:
    """One order. Raises NotFound for an unknown one, and for a maker's that is not released or not theirs."""
    found = session.scalar(select(Order).where(Order.uid == uid))
    if found is None:
        raise NotFound(N_("There is no such order for you."))
    return found


def orders(session: Session, *, before: int | None = None, most: int = 50) -> list[OrderRow]:
    """Orders that the person may see, the newest first: the next ``most`` behind ``before``."""
    lines = select(func.count()).where(OrderLine.order_id == Order.id).scalar_subquery()
    wanted = select(
        Order.id,
        Order.uid,
        Order.number,
        Order.state,
        Division.name.label("place"),
        func.base.name_of(Order.maker_id).label("maker"),
        lines.label("plates"),
        Order.ordered_on,
        Order.released_on,
    ).join(Division, Division.id == Order.division_id)
    if before is not None:
        wanted = wanted.where(Order.id < before)
    return [OrderRow(**row._mapping) for row in session.execute(wanted.order_by(Order.id.desc()).limit(most))]


def lines(session: Session, *, order: Order, after: int = 0, most: int = 100) -> list[LineRow]:
    """Plates of an order by position, behind ``after``; a maker has the codes in the print file alone."""
    wanted = (
        select(
            OrderLine.id,
            OrderLine.position,
            OrderLine.words,
            OrderLine.latin,
            func.coalesce(Code.token, "").label("token"),
            Division.name.label("village"),
        )
        .join(Division, Division.id == OrderLine.division_id)
        .outerjoin(Code, Code.id == OrderLine.code_id)
        .where(OrderLine.order_id == order.id, OrderLine.position > after)
        .order_by(OrderLine.position)
        .limit(most)
    )
    return [LineRow(**row._mapping) for row in session.execute(wanted)]
