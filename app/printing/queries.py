"""Reads of the printing: what wants an order, the plates of one, lists for officers and makers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select, text
from sqlalchemy.orm import aliased

from app.base.errors import N_, NotFound
from app.base.models import Division, DivisionKind, File, Person, Role
from app.base.seen import Whole
from app.inventory.models import Street
from app.milestones.models import Batch, BatchState, BatchVillage
from app.naming.models import Name
from app.planning.models import Sign, SignState
from app.printing.logic import Plate
from app.printing.models import Code, CodeState, Order, OrderLine, OrderState
from signs import codes

#: What a new order's page counts.
WAITING = N_("Planned signs that wait for an order")

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from app.base.clock import Clock


def ordered_on(session: Session, sign: int, /) -> date | None:
    """Answers :class:`app.planning.asks.DayOfSign`: the day of the newest print order that has the sign."""
    day: date | None = session.scalar(select(func.printing.ordered_on(sign)))
    return day


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
    found = session.execute(_to_order(clock, division=division, batch=batch))
    return [SignToOrder(**row._mapping) for row in found]


def _to_order(clock: Clock, *, division: Division, batch: Batch | None) -> Select[*tuple[Any, ...]]:
    own = aliased(Division)
    path = select(own.path).where(own.id == division.id).scalar_subquery()
    wanted: Select[*tuple[Any, ...]] = (
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
    return wanted


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


def plates(session: Session, *, order: Order, after: int = 0, most: int | None = None) -> list[Plate]:
    """Plates of an order by position (all, or ``most`` behind ``after``), each beside what the registry says of it."""
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
        .where(OrderLine.order_id == order.id, OrderLine.position > after)
        .order_by(OrderLine.position)
        .limit(most)
    )
    return [_plate(dict(row._mapping)) for row in session.execute(wanted)]


def plate_of(session: Session, sign_uid: UUID) -> Plate | None:
    """A sign's plate by the registry, with its code as far as the person may know it; None for an unknown sign."""
    town = aliased(Division)
    token = func.coalesce(Code.token, "")
    row = session.execute(
        select(
            Sign.uid.label("sign_uid"),
            token.label("token"),
            Name.words,
            Name.latin_sign.label("latin"),
            Sign.kind,
            Street.bearing_deg.label("street_deg"),
            Sign.facing_deg,
            Sign.along_deg,
            Sign.goes_on,
            Sign.goes_back,
            Sign.ground,
            Division.name.label("village"),
            func.coalesce(town.name, "").label("town"),
        )
        .join(Name, Name.id == Sign.name_id)
        .join(Street, Street.id == Sign.street_id)
        .join(Division, Division.id == Sign.division_id)
        .outerjoin(town, town.id == Division.parent_id)
        .outerjoin(Code, (Code.sign_id == Sign.id) & (Code.state == CodeState.BOUND.value))
        .where(Sign.uid == sign_uid)
    ).one_or_none()
    if row is None:
        return None
    return Plate(position=0, registered=(row.words, row.latin, row.token), **row._mapping)


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
    wanted = listed()
    if before is not None:
        wanted = wanted.where(Order.id < before)
    return [OrderRow(**row._mapping) for row in session.execute(wanted.order_by(Order.id.desc()).limit(most))]


def listed(*, division: Division | None = None, state: str = "") -> Select[*tuple[Any, ...]]:
    """Orders that the person may see, for a list by key; at and below ``division``, in this state."""
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
    if division is not None:
        wanted = wanted.where(Order.territory.op("<@")(division.path))
    return wanted.where(Order.state == state) if state else wanted


def ordered_above(session: Session, place: Division, *, state: str = "") -> Sequence[Row[Any]]:
    """Orders of a place above that have plates for this one, in this state, the newest first."""
    asked = text("SELECT * FROM printing.ordered_above(CAST(:path AS ltree)) WHERE state = :state OR :state = ''")
    return session.execute(asked, {"path": place.path, "state": state}).all()


def files_of(session: Session, order: Order) -> list[File]:
    """The print file and the packing list of a released order, as far as the person may see them."""
    keys = [key for key in (order.file_id, order.manifest_id) if key is not None]
    return list(session.scalars(select(File).where(File.id.in_(keys)).order_by(File.id)))


def makers(session: Session) -> list[Person]:
    """Sign makers that the person may know of."""
    wanted = select(Person).where(Person.role == Role.SIGN_MAKER.value, Person.active)
    return list(session.scalars(wanted.order_by(Person.name, Person.id)))


def maker(session: Session, uid: UUID) -> Person:
    """One person to make an order. Raises NotFound for one that is not there or not known to this person."""
    found = session.scalar(select(Person).where(Person.uid == uid))
    if found is None:
        raise NotFound(N_("There is no such sign maker in your territory."))
    return found


def count_to_order(session: Session, clock: Clock, *, division: Division, batch: Batch | None) -> int:
    """How many signs an order would hold."""
    found = _to_order(clock, division=division, batch=batch).with_only_columns(Sign.id).order_by(None)
    return int(session.scalar(select(func.count()).select_from(found.subquery())) or 0)


def whole_to_order(session: Session, clock: Clock, *, division: Division) -> Whole:
    """All signs that an order of ``division`` could take, as one: none of them is moved, dropped or added unnoticed."""
    found = _to_order(clock, division=division, batch=None).with_only_columns(Sign.id, Sign.version).order_by(None)
    ready = found.subquery()
    mark = func.coalesce(func.sum(ready.c.id * 31 + ready.c.version), 0)
    n, total = session.execute(select(func.count(), mark).select_from(ready)).one()
    return Whole(((WAITING, int(n)),), int(total))


def batches_to_order(session: Session, clock: Clock, *, division: Division) -> list[tuple[Batch, int]]:
    """Open batches with planned signs at and below ``division``, and how many."""
    signs = _to_order(clock, division=division, batch=None).with_only_columns(Sign.id, Sign.division_id).order_by(None)
    ready = signs.subquery()
    count = func.count(ready.c.id)
    found = (
        select(Batch, count)
        .join(BatchVillage, (BatchVillage.batch_id == Batch.id) & BatchVillage.left_on.is_(None))
        .join(ready, ready.c.division_id == BatchVillage.division_id)
        .where(Batch.state == BatchState.OPEN.value)
        .group_by(Batch.id)
        .order_by(Batch.due_on, Batch.id)
    )
    return [(batch, n) for batch, n in session.execute(found)]


def count_drafts(session: Session) -> int:
    """Orders that are drawn up and not released."""
    return int(session.scalar(select(func.count()).where(Order.state == OrderState.DRAFT.value)) or 0)


def sign_called(session: Session, key: UUID | int) -> str:
    """A sign as people call it: its street, its village and its code; empty for one that the person may not see."""
    wanted = (
        select(Name.words, Division.name.label("village"), Code.token)
        .select_from(Sign)
        .join(Name, Name.id == Sign.name_id)
        .join(Division, Division.id == Sign.division_id)
        .outerjoin(Code, (Code.sign_id == Sign.id) & (Code.state == CodeState.BOUND.value))
        .where(Sign.uid == key if isinstance(key, UUID) else Sign.id == key)
    )
    row = session.execute(wanted).one_or_none()
    if row is None:
        return ""
    return " · ".join(part for part in (row.village, row.words, row.token and codes.grouped(row.token)) if part)


def plates_like(words: str) -> Select[str, str, UUID]:
    """Signs whose code begins with the words as typed: token, place, and the sign's key."""
    token = codes.normalise(words)
    return (
        select(Code.token, Division.name.label("place"), Sign.uid)
        .join(Sign, Sign.id == Code.sign_id)
        .join(Division, Division.id == Sign.division_id)
        .where(Code.token >= token, Code.token < f"{token}~")  # unlike LIKE, leakproof
    )


def orders_like(words: str) -> Select[str, str, UUID]:
    """Orders whose number holds the words: number, place, and key."""
    wanted = select(Order.number, Division.name.label("place"), Order.uid)
    return wanted.join(Division, Division.id == Order.division_id).where(Order.number.contains(words, autoescape=True))


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
