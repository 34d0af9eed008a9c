"""Pages of the printing: orders, their plates and files; a maker sees their own released ones alone."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.orm import Session

from app.base import paging
from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from app.base.history import current_act, entries_of
from app.base.jobs import enqueue_once, is_under_way, newest
from app.base.models import Person
from app.base.people import Actor, may, reaches
from app.base.request import Answer, Config, Finder, Hit, Me, Now, Place, Show, Version, Work, one_of
from app.base.seen import require_row
from app.base.settings import Settings
from app.planning.queries import batch as the_batch
from app.printing import logic, queries, steps
from app.printing.models import Code, Order, OrderState
from app.printing.queries import OrderRow
from app.printing.schemas import Asked, MakerNamed
from signs import codes

router = APIRouter(prefix="/printing")
PLATES = 24
_SUBJECT = "printing.order"


def waiting(session: Session, actor: Actor, clock: Clock) -> int:  # noqa: ARG001 - row-level security knows who asks
    """Drafts to release, for whoever may."""
    return queries.count_drafts(session) if may(session, _SUBJECT, "change") else 0


#: Signs by their code and orders by their number, for whoever reads orders.
FINDERS = (
    Finder(
        "code",
        N_("Code"),
        lambda session, words, _: queries.plates_like(words) if may(session, _SUBJECT, "read") else None,
        (paging.Key(Code.token),),
        lambda row: Hit(codes.grouped(row.token), row.place, f"/planning/{row.uid}"),
    ),
    Finder(
        "order",
        N_("Print order"),
        lambda session, words, _: queries.orders_like(words) if may(session, _SUBJECT, "read") else None,
        (paging.Key(Order.id, descending=True),),
        lambda row: Hit(row.number, row.place, f"/printing/{row.uid}"),
    ),
)


@router.get("")
def index(session: Work, show: Show, place: Place, state: str = "", after: str | None = None) -> Response:
    """Orders of the chosen territory; a maker's own."""
    if not may(session, _SUBJECT, "read"):
        raise NotAllowed(N_("Your role does not see print orders."))
    one_of(state, [one.value for one in OrderState], field="state")
    may_order = reaches(session, place.id, subject=_SUBJECT, act="create")
    own = may_order or may(session, "printing.code", "read")
    found = queries.listed(division=place if own else None, state=state)
    page = paging.page(session, found, keys=[paging.Key(Order.id, descending=True)], after=after)
    return show.page(
        "printing/index.html",
        place=place,
        page=page,
        total=paging.count(session, found),
        above=queries.ordered_above(session, place, state=state) if own else [],
        state=state,
        may_order=may_order,
        maker=not own,
    )


@router.get("/new")
def ask(session: Work, show: Show, place: Place, clock: Now, batch: str = "") -> Response:
    """The form for a new order: which signs, which maker."""
    if not reaches(session, place.id, subject=_SUBJECT, act="create"):
        raise NotAllowed(N_("Orders are drawn up by city and county officers of the territory."))
    asked = Asked(seen=[], batch=batch)
    return show.page("printing/new.html", asked=asked, errors={}, **_offer(session, place, clock))


@router.post("/new")
def draw_up(
    session: Work, show: Show, place: Place, clock: Now, actor: Me, asked: Annotated[Asked, Depends()]
) -> Response:
    """Draw up an order, or show the form again with what is wrong."""
    whole = queries.whole_to_order(session, clock, division=place)
    whole.require(" ".join(asked.seen), again=f"/printing/new?in={place.uid}")
    try:
        batch, maker = asked.key("batch"), asked.key("maker")
        with session.begin_nested():
            order = steps.draw_up(
                session,
                clock,
                actor,
                division=place,
                batch=None if batch is None else the_batch(session, batch),
                maker=None if maker is None else queries.maker(session, maker),
            )
    except (Invalid, Conflict) as refusal:
        field = getattr(refusal, "field", None) or "batch"
        errors = {field: show.text(refusal.message, **refusal.values)}
        return show.page("printing/new.html", status=422, asked=asked, errors=errors, **_offer(session, place, clock))
    return show.see(f"/printing/{order.uid}", "Order {number} was drawn up.", number=order.number)


@router.get("/{uid}")
def record(session: Work, show: Show, settings: Config, uid: UUID, plate: Annotated[int, Query(ge=0)] = 0) -> Response:
    """One order: its plates, its files, its release."""
    return _record(session, show, settings, queries.order(session, uid), plate=plate)


@router.post("/{uid}/maker")
def name_maker(
    session: Work, show: Show, settings: Config, uid: UUID, named: Annotated[MakerNamed, Depends()]
) -> Response:
    """Name the maker of a draft, or another one."""
    order = queries.order(session, uid)
    require_row(order, named.version, title=order.number, url=f"/printing/{uid}")
    try:
        maker = queries.maker(session, named.key())
        steps.name_maker(session, order=order, maker=maker)
    except Invalid as refusal:
        errors = {"maker": show.text(refusal.message, **refusal.values)}
        return _record(session, show, settings, order, errors=errors)
    return show.see(
        f"/printing/{uid}",
        "{maker} makes order {number}.",
        undo=current_act(session),
        maker=maker.name,
        number=order.number,
    )


@router.post("/{uid}/release")
def release(session: Work, show: Show, settings: Config, uid: UUID, version: Version) -> Response:
    """Queue printing, reading back and release; what the registry refuses is told at once, with its plate."""
    order = queries.order(session, uid)
    try:
        steps.require_ready(session, order)
    except Conflict as refusal:
        return _record(session, show, settings, order, refusal=show.text(refusal.message, **refusal.values))
    require_row(order, version, title=order.number, url=f"/printing/{uid}")
    enqueue_once(session, "release", {"order": order.uid})
    return show.see(f"/printing/{uid}")


@router.get("/signs/{uid}/face.svg")
def face(session: Work, settings: Config, uid: UUID) -> Response:
    """A sign's face as a picture, with its code as far as this person may know it."""
    plate = queries.plate_of(session, uid)
    drawn = None if plate is None else logic.drawn(plate, settings.code_host)
    if drawn is None:
        raise NotFound(N_("There is no such sign in your territory."))
    headers = {"content-security-policy": "default-src 'none'; sandbox", "cache-control": "private, no-store"}
    return Response(drawn, media_type="image/svg+xml", headers=headers)


def _record(
    session: Session,
    show: Answer,
    settings: Settings,
    order: Order,
    *,
    plate: int = 0,
    refusal: str = "",
    errors: dict[str, str] | None = None,
) -> Response:
    plates = queries.plates(session, order=order, after=plate, most=PLATES + 1)
    lines = queries.lines(session, order=order, after=plate, most=PLATES + 1)
    draft = order.state == OrderState.DRAFT.value and may(session, _SUBJECT, "change")
    run = newest(session, "release", {"order": order.uid}) if draft else None
    going = run is not None and is_under_way(run)
    unmade = order.maker_id is None and may(session, _SUBJECT, "change")
    return show.page(
        "printing/record.html",
        status=422 if errors else 409 if refusal else 200,
        order=order,
        row=_row(session, order),
        refusal=refusal,
        last=run,
        run=run if going else None,
        lines=lines[:PLATES],
        more=lines[PLATES - 1].position if len(lines) > PLATES else None,
        plate=plate,
        size=PLATES,
        faces={one.position: logic.drawn(one, settings.code_host) for one in plates},
        grouped_code=codes.grouped,
        files=queries.files_of(session, order),
        may_release=draft and not going and order.maker_id is not None,
        errors=errors or {},
        makers=queries.makers(session) if not going and (draft or unmade) else None,
        maker=session.get(Person, order.maker_id) if order.maker_id else None,
        entries=entries_of(session, _SUBJECT, order.id),
    )


def _row(session: Session, order: Order) -> OrderRow:
    found = session.execute(queries.listed().where(Order.id == order.id)).one()
    return OrderRow(**found._mapping)


def _offer(session: Session, place: Place, clock: Now) -> dict[str, Any]:
    return {
        "place": place,
        "ready": queries.count_to_order(session, clock, division=place, batch=None),
        "batches": queries.batches_to_order(session, clock, division=place),
        "makers": queries.makers(session),
        "whole": queries.whole_to_order(session, clock, division=place),
    }
