"""What happens to orders: drawn up with one code a sign for life, rendered, read back, released."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from sqlalchemy import insert, text, update
from sqlalchemy.exc import IntegrityError

from app.base.errors import N_, Conflict, Invalid, NotAllowed
from app.base.files import keep
from app.base.models import Person, Role
from app.base.people import may, reaches
from app.base.territory import is_demonstration
from app.planning.steps import mark_ordered
from app.printing import logic, queries
from app.printing.models import Code, Order, OrderLine, OrderState
from app.printing.queries import SignToOrder
from signs import codes

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.base.clock import Clock
    from app.base.files import Store
    from app.base.models import Division
    from app.base.people import Actor
    from app.milestones.models import Batch
    from signs.drawing import Face

_TRIES = 5
_SECURE = SystemRandom()
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def draw_up(
    session: Session, clock: Clock, actor: Actor, *, division: Division, batch: Batch | None, maker: Person | None
) -> Order:
    """Planned signs with a name in force → a draft order with one line each; the signs → ordered.

    Signs at and below ``division``, of the batch's villages where one is given. A sign keeps the code it has, else
    gets one for life. By city and county officers of the territory (NotAllowed elsewhere). Refuses a maker who is
    none (Invalid), and an order without a sign (Conflict).
    """
    if not reaches(session, division.id, subject="printing.order", act="create"):
        raise NotAllowed(N_("{name}, you may not draw up orders in {place}."), name=actor.name, place=division.name)
    if maker is not None:
        _require_maker(maker)
    order = _open_order(session, clock, division=division, batch=batch, maker=maker)
    signs = queries.signs_to_order(session, clock, division=division, batch=batch)
    if not signs:
        raise Conflict(N_("{place} has no planned sign with a name in force to order."), place=division.name)
    mark_ordered(session, signs=[sign.id for sign in signs])
    bound = bind_codes(session, clock, signs=[sign for sign in signs if sign.code_id is None])
    rows = [
        {
            "order_id": order.id,
            "maker_id": order.maker_id,
            "position": position,
            "sign_id": sign.id,
            "code_id": sign.code_id or bound[sign.id],
            "name_id": sign.name_id,
            "words": sign.words,
            "latin": sign.latin,
            "division_id": sign.division_id,
            "ordered_on": clock.today(),
        }
        for position, sign in enumerate(signs, 1)
    ]
    session.execute(insert(OrderLine), rows)
    return order


def _open_order(
    session: Session, clock: Clock, *, division: Division, batch: Batch | None, maker: Person | None
) -> Order:
    """A draft with the next number of its place and year; the lock keeps two officers from the same number."""
    place, today = queries.place_named(session, division), clock.today()
    prefix = f"{today.year}-{place}-"
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"order {prefix}"})
    order = Order(
        number=logic.order_number(place, today, queries.last_number(session, prefix)),
        division_id=division.id,
        batch_id=None if batch is None else batch.id,
        maker_id=None if maker is None else maker.id,
        ordered_on=today,
    )
    session.add(order)
    session.flush()
    return order


def name_maker(session: Session, *, order: Order, maker: Person) -> Order:
    """A draft's maker, named or another one; its lines follow. By city and county officers (NotAllowed for others).

    Raises Invalid for a maker who is none, Conflict for a released order: its maker has it already. One that was
    released without a maker, as was possible once, gets its maker here all the same.
    """
    if not may(session, "printing.order", "change"):
        raise NotAllowed(N_("Only city and county officers may name an order's maker."))
    _require_maker(maker)
    if order.state != OrderState.DRAFT.value and order.maker_id is not None:
        raise Conflict(
            N_("Order {number} was released on {day}: its maker has it already."),
            number=order.number,
            day=order.released_on,
        )
    order.maker_id = maker.id
    session.flush()
    session.execute(update(OrderLine).where(OrderLine.order_id == order.id).values(maker_id=maker.id))
    return order


def _require_maker(maker: Person) -> None:
    if maker.role != Role.SIGN_MAKER.value or not maker.active:
        raise Invalid(N_("{name} is not a sign maker."), field="maker", name=maker.name)


def bind_codes(
    session: Session, clock: Clock, *, signs: Sequence[SignToOrder], source: Random = _SECURE
) -> dict[int, int]:
    """Signs without a code → each bound to a fresh one; the code's key by the sign's.

    Tokens come from ``source`` and are checked against every code ever given, in all territories; should another
    order take one of them in the same moment, all are drawn anew. Raises Conflict when that happens five times.
    """
    if not signs:
        return {}
    for _ in range(_TRIES):
        tokens = _fresh_tokens(session, len(signs), source)
        rows = [
            {"token": token, "sign_id": sign.id, "division_id": sign.division_id, "bound_on": clock.today()}
            for token, sign in zip(tokens, signs, strict=True)
        ]
        try:
            with session.begin_nested():
                made = session.execute(insert(Code).returning(Code.sign_id, Code.id), rows)
                return {row.sign_id: row.id for row in made}
        except IntegrityError as error:
            if "uq_code_token" not in str(error.orig):
                raise
    raise Conflict(N_("No fresh codes could be had just now. Try again."))


def _fresh_tokens(session: Session, count: int, source: Random) -> list[str]:
    """``count`` different tokens that nobody has."""
    fresh: dict[str, None] = {}
    while len(fresh) < count:
        drawn = [codes.new_code(source) for _ in range(count - len(fresh))]
        known = queries.taken(session, drawn)
        fresh |= dict.fromkeys(token for token in drawn if token not in known)
    return list(fresh)


def print_file(session: Session, order: Order, *, code_host: str) -> bytes:
    """The order's plates as a true-size PDF, a page each by position; nothing changes.

    Same order, same bytes. Raises Conflict naming the plate that cannot be made.
    """
    return _print(order, [logic.face_of(plate, code_host) for plate in _plates(session, order)])


def _print(order: Order, faces: Sequence[Face]) -> bytes:
    from signs import sheets  # fpdf and fontTools: only who prints waits for them

    return sheets.print_pdf(faces, title=order.number)


def manifest_file(session: Session, order: Order) -> bytes:
    """The order's packing list as an Excel file; nothing changes."""
    return _manifest(session, order, _plates(session, order))


def _manifest(session: Session, order: Order, plates: Sequence[logic.Plate]) -> bytes:
    return logic.manifest(plates, number=order.number, demonstration=is_demonstration(session))


def require_ready(session: Session, order: Order) -> list[logic.Plate]:
    """The plates of a draft that may be printed: its words and codes are those that the registry has in force.

    For city and county officers (NotAllowed for others). Raises Conflict naming the plate that stops it, for an order
    that was released before, and for one without a maker or whose maker works no more; nothing changes.
    """
    if not may(session, "printing.order", "change"):
        raise NotAllowed(N_("Only city and county officers may release orders."))
    if order.state != OrderState.DRAFT.value:
        raise Conflict(N_("Order {number} was released on {day}."), number=order.number, day=order.released_on)
    _refuse_without_maker(session, order)
    plates = _plates(session, order)
    logic.check_registered(plates)
    return plates


def _refuse_without_maker(session: Session, order: Order) -> None:
    if order.maker_id is None:
        raise Conflict(
            N_("Order {number} has no maker, so nobody would make it. Name the maker first."), number=order.number
        )
    maker = session.get(Person, order.maker_id)  # None where a colleague named one whom this person may not know
    if maker is not None and not maker.active:
        raise Conflict(
            N_("{name}, who should make order {number}, works no more. Name another maker first."),
            name=maker.name,
            number=order.number,
        )


def _silent(_done: int, _total: int) -> None:
    """For whom nobody waits."""


def release(
    session: Session,
    clock: Clock,
    actor: Actor,
    store: Store,
    *,
    order: Order,
    code_host: str,
    tell: Callable[[int, int], None] = _silent,
) -> Order:
    """Draft → released: printed, read back, and both files kept for the maker.

    By city and county officers of the territory (NotAllowed for others). Words and codes must be those that the
    registry has in force; then every page is read back before anything is kept: both decoders must give the sign's
    address, the text must be those words, the page of its size. The first plate that differs stops the release with
    a Conflict that names it, and nothing is changed. Refuses an order that was released before or has no maker
    (Conflict). ``tell`` hears how many plates of how many are read back.
    """
    plates = require_ready(session, order)
    faces = []
    for plate in plates:
        tell(0, len(plates))
        faces.append(logic.face_of(plate, code_host))
    printed = _print(order, faces)
    _check_printed(plates, printed, faces, tell)
    files = (
        (printed, "application/pdf", "pdf", "print_file"),
        (_manifest(session, order, plates), _EXCEL, "xlsx", "manifest"),
    )
    order.file_id, order.manifest_id = (
        keep(
            session,
            store,
            division_id=order.division_id,
            data=data,
            media_type=media_type,
            name=f"{order.number}.{ending}",
            purpose=purpose,
            owner_id=actor.id,
        ).id
        for data, media_type, ending, purpose in files
    )
    order.state, order.released_on = OrderState.RELEASED.value, clock.today()
    session.flush()
    return order


def _plates(session: Session, order: Order) -> list[logic.Plate]:
    found = queries.plates(session, order=order)
    if not found:
        raise Conflict(N_("Order {number} has no plates."), number=order.number)
    return found


def _check_printed(
    plates: Sequence[logic.Plate],
    printed: bytes,
    faces: Sequence[Face],
    tell: Callable[[int, int], None] = _silent,
) -> None:
    """Read the file back against the faces; raises Conflict naming the first plate at fault."""
    from signs import verify  # OpenCV, ZXing and PDFium: only who prints waits for them

    for plate, result in zip(plates, verify.read_pages(printed, faces), strict=True):
        tell(result.page, len(plates))
        if not result.good:
            raise logic.refused(plate, ", ".join(result.faults))
