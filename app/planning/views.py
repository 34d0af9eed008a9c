"""Pages of the planning: what wants signs, the signs of a place, one sign with its face."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from sqlalchemy.orm import Session

from app.base import paging
from app.base.clock import Clock
from app.base.errors import N_, Invalid, NotAllowed
from app.base.history import current_act
from app.base.models import Division
from app.base.people import Actor, may
from app.base.request import Answer, Now, Place, Show, Work
from app.planning import logic, queries, steps
from app.planning.models import Sign, SignState
from app.planning.queries import SignRecord
from app.planning.schemas import BY_BEARING, GROUNDS, REASONS, SIGN_KINDS, Colour, Move, Wanted, number

router = APIRouter(prefix="/planning")
#: So many streets are counted for the number beside the station, and planned at once; more is a matter of days.
MOST_WAITING, MOST_AT_ONCE = 2000, 1500
_SUBJECT = "planning.sign"
Chosen = Annotated[str, Form(max_length=40)]


def waiting(session: Session, actor: Actor) -> int:
    """Streets with a decided name and without signs, for whoever may plan."""
    if not may(session, _SUBJECT, "create"):
        return 0
    return queries.waiting(session, Clock(), division=session.get_one(Division, actor.division_id), most=MOST_WAITING)


@router.get("")
def index(
    session: Work,
    show: Show,
    place: Place,
    clock: Now,
    wanted: Annotated[Wanted, Depends()],
    after: str | None = None,
) -> Response:
    """Signs of the chosen territory, and what still wants some."""
    _check_reader(session)
    found = queries.listed(division=place, state=wanted.state, reason=wanted.reason, kind=wanted.kind)
    may_plan = queries.reaches(session, place.id, subject=_SUBJECT, act="create")
    return show.page(
        "planning/index.html",
        place=place,
        page=paging.page(session, found, keys=[paging.Key(Sign.id)], after=after),
        wanted=wanted,
        may_plan=may_plan,
        waiting=queries.waiting(session, clock, division=place, most=MOST_WAITING) if may_plan else 0,
        most=MOST_AT_ONCE,
        batches=queries.waiting_by_batch(session, clock, division=place) if may_plan else [],
        **_words(),
    )


@router.post("/plan")
def plan(session: Work, show: Show, place: Place, clock: Now, batch: Chosen = "") -> Response:
    """Plan signs for the named streets of the chosen division, or of one batch within it."""
    chosen = queries.batch(session, _uid(batch)) if batch else None
    if chosen is None and queries.waiting(session, clock, division=place, most=MOST_AT_ONCE + 1) > MOST_AT_ONCE:
        raise Invalid(
            N_("{place} has more than {n} streets without signs. Choose a county, a town or a batch."),
            place=place.name,
            n=MOST_AT_ONCE,
        )
    done = steps.plan(session, clock, batch=chosen, division=place)
    back = f"/planning?state=planned&in={place.uid}"
    if not done.signs:
        return show.see(back, "No street of {place} wants signs now.", place=place.name)
    message = N_("{signs} signs on {posts} new posts were planned. {left} streets in scope have no decided name yet.")
    values = {"signs": done.signs, "posts": done.posts, "left": done.skipped}
    if done.unplaced:
        message = N_("{signs} signs on {posts} new posts were planned. {spots} spots have no free ground: move them.")
        values = {"signs": done.signs, "posts": done.posts, "spots": len(done.unplaced)}
    return show.see(back, message, undo=current_act(session), **values)


@router.get("/{uid}")
def record(session: Work, show: Show, uid: UUID) -> Response:
    """One sign: its face, its place, what may still be changed."""
    return _record(session, show, queries.record(session, uid))


@router.post("/{uid}/colour")
def colour(session: Work, show: Show, uid: UUID, typed: Annotated[Colour, Depends()]) -> Response:
    """Set the colour by hand, or let it follow from the bearing again."""
    found = queries.record(session, uid)
    if typed.version != found.sign.version:
        mine, theirs = (show.text(GROUNDS.get(one or "", BY_BEARING)) for one in (typed.ground, found.sign.ground))
        return _stale(show, found, [(show.text("Colour"), mine, theirs)])
    steps.colour_sign(session, sign=found.sign, ground=typed.chosen())
    return show.see(f"/planning/{uid}", "The colour is set.", undo=current_act(session))


@router.post("/{uid}/move")
def move(session: Work, show: Show, clock: Now, uid: UUID, typed: Annotated[Move, Depends()]) -> Response:
    """Move the sign to a post of its own."""
    found = queries.record(session, uid)
    if typed.version != found.sign.version:
        theirs = f"{found.lon:.6f}, {found.lat:.6f} · {found.sign.facing_deg:.0f}°"
        mine = f"{typed.lon}, {typed.lat} · {typed.facing_deg}°"
        return _stale(show, found, [(show.text("Place and bearing"), mine, theirs)])
    try:
        steps.move_sign(
            session,
            clock,
            sign=found.sign,
            lon=number(typed.lon, "lon"),
            lat=number(typed.lat, "lat"),
            facing_deg=number(typed.facing_deg, "facing_deg"),
        )
    except Invalid as refusal:
        errors = {refusal.field or "lon": show.text(refusal.message, **refusal.values)}
        return _record(session, show, found, typed=typed, errors=errors)
    return show.see(f"/planning/{uid}", "The sign was moved.", undo=current_act(session))


@router.post("/{uid}/drop")
def drop(session: Work, show: Show, clock: Now, uid: UUID) -> Response:
    """Take a planned sign out of the plan."""
    found = queries.record(session, uid)
    steps.drop_sign(session, clock, sign=found.sign)
    return show.see(f"/planning/{uid}", "The sign was dropped.", undo=current_act(session))


def _record(
    session: Session,
    show: Answer,
    found: SignRecord,
    *,
    typed: Move | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    entries, names = queries.history_of(session, _SUBJECT, found.sign.id)
    planned = found.sign.state == SignState.PLANNED.value
    return show.page(
        "planning/record.html",
        status=422 if errors else 200,
        record=found,
        sign=found.sign,
        face=logic.picture(found.hanging),
        may_change=planned and may(session, _SUBJECT, "change"),
        typed=typed,
        errors=errors or {},
        entries=entries,
        names=names,
        grounds=GROUNDS,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"reasons": REASONS, "kinds": SIGN_KINDS, "wind_of": logic.wind_of}


def _stale(show: Answer, found: SignRecord, fields: list[tuple[str, str, str]]) -> Response:
    subject, again = found.hanging.words, f"/planning/{found.sign.uid}"
    return show.page("conflict.html", status=409, subject=subject, again_url=again, fields=fields)


def _check_reader(session: Session) -> None:
    if not may(session, _SUBJECT, "read"):
        raise NotAllowed(N_("Your role does not see planned signs."))


def _uid(words: str) -> UUID:
    try:
        return UUID(words)
    except ValueError as error:
        raise Invalid(N_("Choose a batch from the list."), field="batch") from error
