"""Batches of villages, and how far each is; above their list the targets by year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.base import paging
from app.base import seen as as_seen
from app.base.clock import Clock
from app.base.errors import Conflict, Invalid, NotAllowed, NotFound
from app.base.history import current_act, entries_of
from app.base.models import Division, DivisionKind
from app.base.order import in_register_order
from app.base.people import Actor, is_below, may
from app.base.request import Answer, Me, Now, Place, Seen, Show, Version, Work, one_of
from app.inventory.models import Stream, Street
from app.milestones import queries, steps
from app.milestones.asks import DaysOfBatch, MaySuggest
from app.milestones.logic import title_of
from app.milestones.models import Batch, BatchState, BatchVillage
from app.milestones.queries import VillageProgress

router = APIRouter(prefix="/milestones")
#: The press conference of 2024-04-08: what the programme counts.
OFFICIAL_VILLAGES = 5_099


@dataclass(slots=True)
class Plan:
    """A batch as it was typed."""

    title: Annotated[str, Form(max_length=80)] = ""
    due_on: Annotated[str, Form(max_length=10)] = ""
    funder: Annotated[str, Form(max_length=80)] = ""


@dataclass(slots=True)
class Picked:
    """Villages picked one by one, and towns whose villages are all meant."""

    village: Annotated[list[UUID], Form(default_factory=list)]
    town: Annotated[list[UUID], Form(default_factory=list)]


@dataclass(slots=True)
class Joining:
    """Villages to join a batch of this version."""

    version: Version
    village: Annotated[list[UUID], Form(default_factory=list)]
    town: Annotated[list[UUID], Form(default_factory=list)]


@dataclass(slots=True)
class Leaving:
    """A village to leave a batch; ``seen`` is how it was in it."""

    village: Annotated[UUID, Form()]
    seen: Seen


def the_days(request: Request) -> DaysOfBatch:
    """The later station's answer to when a batch's names came to each stage."""
    return request.app.state.days_of_batch  # type: ignore[no-any-return]


def the_suggesting(request: Request) -> MaySuggest:
    """The later station's answer to whether it could propose a name for a street of a batch."""
    return request.app.state.may_suggest  # type: ignore[no-any-return]


Days = Annotated[DaysOfBatch, Depends(the_days)]
Suggesting = Annotated[MaySuggest, Depends(the_suggesting)]


def waiting(session: Session, actor: Actor, clock: Clock) -> int:  # noqa: ARG001 - every station is told the day
    """Open batches in the person's territory."""
    return queries.waiting(session, actor.territory) if may(session, "milestones.batch", "change") else 0


@router.get("")
def index(  # noqa: PLR0917 - one argument a value of the query
    session: Work,
    show: Show,
    place: Place,
    clock: Now,
    state: str = "",
    year: Annotated[int, Query(ge=0, le=2100)] = 0,
    after: str | None = None,
) -> Response:
    """Targets of the chosen division by year, and its batches, the next due first."""
    if not may(session, "milestones.batch", "read"):
        raise NotAllowed("Batches are for the offices that name streets.")
    one_of(state, [each.value for each in BatchState], field="state")
    keys = [paging.Key(Batch.due_on, descending=state == "closed"), paging.Key(Batch.id, descending=state == "closed")]
    found = queries.batch_list(place, state=state, year=year)
    return show.page(
        "milestones/index.html",
        page=paging.page(session, found, keys=keys, after=after),
        total=paging.count(session, found),
        state=state,
        year=year,
        place=place,
        today=clock.today(),
        targets=queries.target_years(session, place),
        quotas=queries.target_years(session, place, stream=Stream.NEW_ROAD),
        batched=queries.batched_by_year(session, place),
        committees=queries.committees_by_year(session, place),
        registered=queries.registered(session, place),
        official=OFFICIAL_VILLAGES if place.kind == DivisionKind.CITY.value else None,
        may_open=may(session, "milestones.batch", "create"),
        may_set=may(session, "milestones.target", "create"),
    )


@router.get("/new")
def ask(
    session: Work, show: Show, place: Place, actor: Me, clock: Now, village: Annotated[tuple[UUID, ...], Query()] = ()
) -> Response:
    """The form for a new batch: villages of the chosen county with unnamed streets in scope.

    A batch is one of a county or a town: in a village's scope the form of its county has that ``village`` ticked.
    """
    _require_planner(session, actor, place.path)
    if place.kind in queries.VILLAGES:
        county = queries.county_of(session, place)
        return show.see(f"/milestones/new?in={county.uid}&village={place.uid}")
    year = clock.today().year
    last = date(year, 12, 31)
    plan = Plan(title=title_of(year, _next(session, place, year)), due_on=last.isoformat())
    return _form(session, show, place, plan, {}, Picked(list(village), []))


@router.post("/new")
def open_batch(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    place: Place,
    actor: Me,
    clock: Now,
    picked: Annotated[Picked, Depends()],
    plan: Annotated[Plan, Depends()],
) -> Response:
    """Open a batch, or show the form again with what is wrong."""
    _require_planner(session, actor, place.path)
    try:
        with session.begin_nested():
            batch = steps.open_batch(
                session,
                clock,
                owner_id=actor.id,
                division=place,
                terms=_terms(plan),
                villages=_villages(session, place, picked),
            )
    except (Invalid, Conflict) as refusal:
        field = getattr(refusal, "field", None) or "title"
        return _form(session, show, place, plan, {field: show.text(refusal.message, **refusal.values)}, picked)
    return show.see(
        f"/milestones/{batch.uid}", "The batch {title} is open.", undo=current_act(session), title=batch.title
    )


@router.get("/{uid}")
def record(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    actor: Me,
    clock: Now,
    days: Days,
    suggestible: Suggesting,
    uid: UUID,
    after: str | None = None,
) -> Response:
    """One batch: its villages and how far their streets are."""
    batch = _batch(session, uid)
    villages = queries.villages_of(batch)
    rows = queries.progress_of(session, villages)
    own = [row for row in rows if is_below(row.village.path, actor.territory)]
    keys = [paging.Key(Division.parent_id), paging.Key(Division.name), paging.Key(Division.id)]
    page = paging.page(session, villages, keys=keys, after=after)
    progress, sums = {row.village.id: row for row in rows}, _sums(rows)
    may_propose = may(session, "naming.proposal", "create") and is_below(batch.territory, actor.territory)
    return show.page(
        "milestones/record.html",
        batch=batch,
        days=days(session, batch.id),
        division=session.get(Division, batch.division_id),
        owner=session.scalar(select(func.base.name_of(batch.owner_id))),
        page=page,
        rows=[progress[village.id] for village in page.rows],
        count=len(rows),
        members=queries.members_of(session, batch) if batch.state == BatchState.OPEN.value else {},
        own={row.village.id for row in own},
        whole=len(own) == len(rows) and may(session, "inventory.street", "read"),
        sums=sums,
        asked=sum(row.draft + row.proposed for row in own),
        today=clock.today(),
        may_change=_plans(session, actor, batch.territory),
        may_propose=may_propose,
        may_suggest=bool(may_propose and sums["unnamed"]) and suggestible(session, batch.id),
        entries=entries_of(session, "milestones.batch", batch.id),
    )


@router.get("/{uid}/villages")
def ask_villages(session: Work, show: Show, actor: Me, uid: UUID) -> Response:
    """Villages that may join a batch."""
    return _adding(session, show, _own(session, actor, uid), {})


@router.post("/{uid}/villages")
def add_villages(
    session: Work, show: Show, actor: Me, clock: Now, uid: UUID, picked: Annotated[Joining, Depends()]
) -> Response:
    """Villages join an open batch."""
    batch = _own(session, actor, uid)
    as_seen.require_row(batch, picked.version, title=batch.title, url=f"/milestones/{uid}")
    try:
        with session.begin_nested():
            villages = _villages(session, session.get_one(Division, batch.division_id), picked)
            steps.add_villages(session, clock, batch=batch, villages=villages)
    except (Invalid, Conflict) as refusal:
        return _adding(session, show, batch, {"villages": show.text(refusal.message, **refusal.values)})
    return show.see(f"/milestones/{uid}", "{n} villages joined the batch.", undo=current_act(session), n=len(villages))


@router.post("/{uid}/villages/remove")
def remove_village(
    session: Work, show: Show, actor: Me, clock: Now, uid: UUID, leaving: Annotated[Leaving, Depends()]
) -> Response:
    """A village leaves an open batch."""
    batch, village = _own(session, actor, uid), leaving.village
    found = session.scalar(select(Division).where(Division.uid == village))
    if found is None:
        raise NotFound("There is no such village in your territory.")
    rows = [as_seen.shown(each, found.name) for each in _members(session, batch, found)]
    as_seen.require(rows, as_seen.read(leaving.seen), again=f"/milestones/{uid}")
    steps.remove_village(session, clock, batch=batch, village=found)
    return show.see(f"/milestones/{uid}", "{name} left the batch.", undo=current_act(session), name=found.name)


@router.get("/{uid}/close")
def ask_close(session: Work, show: Show, actor: Me, uid: UUID) -> Response:
    """What is left undone, before a batch is closed."""
    batch = _own(session, actor, uid)
    rows = session.execute(
        queries.left(batch)
        .add_columns(Division.name.label("village"))
        .join(Division, Division.id == Street.division_id)
    ).all()
    whole = queries.whole_of(session, batch)
    return show.page("milestones/close.html", batch=batch, rows=rows[:200], count=len(rows), whole=whole)


@router.post("/{uid}/close")
def close(session: Work, show: Show, actor: Me, clock: Now, uid: UUID, seen: Seen) -> Response:
    """Open → closed."""
    batch = _own(session, actor, uid)
    queries.whole_of(session, batch).require(" ".join(seen), again=f"/milestones/{uid}/close")
    steps.close_batch(session, clock, batch=batch)
    return show.see(f"/milestones/{uid}", "The batch {title} is closed.", undo=current_act(session), title=batch.title)


def _sums(rows: Sequence[VillageProgress]) -> dict[str, int]:
    names = ("streets", "unnamed", "draft", "proposed", "approved", "in_force", "named")
    return {name: sum(getattr(row, name) for row in rows) for name in names}


def _members(session: Session, batch: Batch, village: Division) -> list[BatchVillage]:
    found = queries.members_of(session, batch).get(village.id)
    return [] if found is None else [found]


def _require_planner(session: Session, actor: Actor, territory: str) -> None:
    if not _plans(session, actor, territory):
        raise NotAllowed("Only the officers of the city and of the county itself open and change its batches.")


def _plans(session: Session, actor: Actor, territory: str) -> bool:
    return may(session, "milestones.batch", "create") and is_below(territory, actor.territory)


def _form(
    session: Session, show: Answer, place: Division, plan: Plan, errors: dict[str, str], picked: Picked | None = None
) -> Response:
    free = queries.progress_of(session, queries.free_villages(place)) if place.kind in queries.HOLDERS else []
    below = select(Division).where(Division.parent_id == place.id, Division.until_on.is_(None))
    counties = [] if place.kind in queries.HOLDERS else session.scalars(below.order_by(*in_register_order())).all()
    return show.page(
        "milestones/new.html",
        status=422 if errors else 200,
        place=place,
        counties=counties,
        towns=_by_town(free),
        plan=plan,
        errors=errors,
        picked=picked or Picked([], []),
    )


def _adding(session: Session, show: Answer, batch: Batch, errors: dict[str, str]) -> Response:
    home = session.get_one(Division, batch.division_id)
    return show.page(
        "milestones/villages.html",
        status=422 if errors else 200,
        batch=batch,
        towns=_by_town(queries.progress_of(session, queries.free_villages(home))),
        errors=errors,
        picked=Picked([], []),
    )


def _by_town(rows: Sequence[VillageProgress]) -> list[tuple[str | None, UUID | None, list[VillageProgress]]]:
    return [(*key, list(found)) for key, found in groupby(rows, key=lambda row: (row.town, row.town_uid))]


def _villages(session: Session, place: Division, picked: Picked | Joining) -> Sequence[Division]:
    """Those picked by name, and all free ones of the towns picked whole."""
    towns = select(Division.id).where(Division.uid.in_(picked.town))
    whole = queries.free_villages(place).where(Division.parent_id.in_(towns)).with_only_columns(Division.id)
    below = Division.path.op("<@")(place.path)
    return session.scalars(
        select(Division)
        .where(below, or_(Division.uid.in_(picked.village), Division.id.in_(whole)))
        .order_by(Division.path)
    ).all()


def _terms(plan: Plan) -> steps.Terms:
    try:
        due_on = date.fromisoformat(plan.due_on)
    except ValueError as error:
        raise Invalid("Enter the day by which the batch is due.", field="due_on") from error
    return steps.Terms(title=plan.title, year=due_on.year, due_on=due_on, funder=plan.funder.strip())


def _next(session: Session, place: Division, year: int) -> int:
    return queries.batches_of_year(session, place, year) + 1


def _own(session: Session, actor: Actor, uid: UUID) -> Batch:
    """A batch that this person may change. Raises NotAllowed for one of others."""
    batch = _batch(session, uid)
    _require_planner(session, actor, batch.territory)
    return batch


def _batch(session: Session, uid: UUID) -> Batch:
    found = session.scalar(select(Batch).where(Batch.uid == uid))
    if found is None:
        raise NotFound("There is no such batch. Look for it in the list of batches.")
    return found
