"""Pages of the planning: what wants signs, the signs of a place, one sign with its face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base.clock import Clock
from app.base.errors import N_, Invalid, NotAllowed, NotFound
from app.base.history import current_act, entries_of
from app.base.jobs import enqueue_once, is_under_way
from app.base.models import Division, Run, RunState
from app.base.people import Actor, may, reaches
from app.base.request import Answer, Me, Now, Place, Show, Work
from app.inventory.models import Street
from app.milestones.models import Batch
from app.planning import logic, queries, steps
from app.planning.asks import DayOfSign
from app.planning.models import Sign, SignState
from app.planning.queries import SignRecord
from app.planning.schemas import BY_BEARING, GROUNDS, REASONS, SIGN_KINDS, SIGN_STATES, Colour, Move, Wanted, number

router = APIRouter(prefix="/planning")
#: So many streets are counted for the number beside the station; beyond it is said that there are more.
MOST_WAITING = 2000
_SUBJECT = "planning.sign"
Chosen = Annotated[str, Form(max_length=40)]


@dataclass(frozen=True, slots=True)
class Later:
    """The later stations' answers to when a sign was ordered, and since when it stands."""

    ordered_on: DayOfSign
    standing_on: DayOfSign


def later(request: Request) -> Later:
    """As ``app.web.office`` wires them."""
    return Later(request.app.state.ordered_on, request.app.state.standing_on)


After = Annotated[Later, Depends(later)]


def waiting(session: Session, actor: Actor, clock: Clock) -> int:
    """Streets with a decided name and without signs, for whoever may plan."""
    if not may(session, _SUBJECT, "create"):
        return 0
    return queries.waiting(session, clock, division=session.get_one(Division, actor.division_id), most=MOST_WAITING)


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
    found = queries.listed(
        division=place, state=wanted.state, reason=wanted.reason, kind=wanted.kind, reached=wanted.reached
    )
    may_plan = reaches(session, place.id, subject=_SUBJECT, act="create")
    return show.page(
        "planning/index.html",
        place=place,
        page=paging.page(session, found, keys=[paging.Key(Sign.id)], after=after),
        total=paging.count(session, found),
        wanted=wanted,
        may_plan=may_plan,
        waiting=queries.waiting(session, clock, division=place, most=MOST_WAITING) if may_plan else 0,
        most=MOST_WAITING,
        batches=queries.waiting_by_batch(session, clock, division=place) if may_plan else [],
        **_words(),
    )


@router.get("/waiting")
def streets_waiting(session: Work, show: Show, place: Place, clock: Now, after: str | None = None) -> Response:
    """Named streets of the chosen territory that want signs, the longest first."""
    _check_reader(session)
    found = queries.streets_waiting(clock, division=place)
    keys = [paging.Key(Street.length_m, descending=True), paging.Key(Street.id)]
    page = paging.page(session, found, keys=keys, after=after)
    return show.page("planning/waiting.html", place=place, page=page, total=paging.count(session, found))


@router.post("/plan")
def plan(session: Work, show: Show, place: Place, batch: Chosen = "") -> Response:
    """Queue the planning of signs for the named streets of the chosen division, or of one batch within it."""
    if not reaches(session, place.id, subject=_SUBJECT, act="create"):
        raise NotAllowed(N_("You may not plan signs in {place}."), place=place.name)
    chosen = str(queries.batch(session, _uid(batch)).uid) if batch else ""
    run = enqueue_once(session, "plan", {"division": place.uid, "batch": chosen})
    return show.see(f"/planning/runs/{run}?in={place.uid}")


@router.get("/runs/{uid}")
def run_record(session: Work, show: Show, actor: Me, uid: UUID) -> Response:
    """How far a planning is; the planned signs once it is done, with its undoing for who asked for it."""
    run = session.scalar(select(Run).where(Run.uid == uid, Run.kind == "plan"))
    if run is None:
        raise NotFound("There is no such run, or it is not in your territory.")
    division = session.scalar(select(Division).where(Division.uid == UUID(run.args["division"])))
    chosen = session.scalar(select(Batch).where(Batch.uid == UUID(run.args["batch"]))) if run.args["batch"] else None
    if run.state != RunState.DONE.value:
        return show.page("planning/run.html", run=run, division=division, batch=chosen, going=is_under_way(run))
    undo = UUID(run.result["act"]) if run.person_id == actor.id else None
    return _planned(show, run.result, place=division, batch=chosen, undo=undo)


def _planned(
    show: Answer, done: dict[str, Any], *, place: Division | None, batch: Batch | None, undo: UUID | None
) -> Response:
    back = f"/planning?state=planned&in={place.uid}" if place else "/planning?state=planned"
    if not done["signs"]:
        whose = batch.title if batch else place.name if place else ""
        return show.see(back, "No street of {place} wants signs now.", place=whose)
    message = N_("{signs} signs on {posts} new posts were planned. {left} streets in scope have no decided name yet.")
    if done["spots"]:
        message = N_("{signs} signs on {posts} new posts were planned. {spots} spots have no free ground: move them.")
    values = {name: done[name] for name in ("signs", "posts", "left", "spots")}
    return show.see(back, message, undo=undo, **values)


@router.get("/{uid}")
def record(session: Work, show: Show, after: After, uid: UUID) -> Response:
    """One sign: its face, its place, what may still be changed."""
    return _record(session, show, after, queries.record(session, uid))


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
def move(session: Work, show: Show, clock: Now, after: After, uid: UUID, typed: Annotated[Move, Depends()]) -> Response:
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
        return _record(session, show, after, found, typed=typed, errors=errors)
    return show.see(f"/planning/{uid}", "The sign was moved.", undo=current_act(session))


@router.post("/{uid}/drop")
def drop(session: Work, show: Show, clock: Now, uid: UUID, version: Annotated[int, Form()]) -> Response:
    """Take a planned sign out of the plan, as it was when it was looked at."""
    found = queries.record(session, uid)
    if version != found.sign.version:
        mine, theirs = show.text("Dropped"), show.text(SIGN_STATES[found.sign.state])
        colour = show.text(GROUNDS.get(found.sign.ground or "", BY_BEARING))
        where = f"{found.lon:.6f}, {found.lat:.6f} · {found.sign.facing_deg:.0f}°"
        return _stale(
            show,
            found,
            [
                (show.text("State"), mine, theirs),
                (show.text("Colour"), "—", colour),
                (show.text("Place and bearing"), "—", where),
            ],
        )
    steps.drop_sign(session, clock, sign=found.sign)
    return show.see(f"/planning/{uid}", "The sign was dropped.", undo=current_act(session))


def _record(
    session: Session,
    show: Answer,
    after: Later,
    found: SignRecord,
    *,
    typed: Move | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    planned = found.sign.state == SignState.PLANNED.value
    return show.page(
        "planning/record.html",
        status=422 if errors else 200,
        record=found,
        sign=found.sign,
        days=(after.ordered_on(session, found.sign.id), after.standing_on(session, found.sign.id)),
        face=logic.picture(found.hanging),
        may_change=planned and may(session, _SUBJECT, "change"),
        typed=typed,
        errors=errors or {},
        entries=entries_of(session, _SUBJECT, found.sign.id),
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
