"""Plans of a year: what fills its quota, what it comes to, two of them side by side, and the one that is accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base import seen as as_seen
from app.base.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from app.base.history import current_act, entries_of
from app.base.models import Division
from app.base.people import may, reaches
from app.base.request import Answer, Me, Now, Place, Seen, Show, Version, Work, one_of
from app.base.seen import Whole
from app.inventory.models import Stream
from app.milestones import queries, steps
from app.milestones.logic import DEFAULT_FIGURES, DEFAULT_WEIGHTS, Candidate, Estimate, Figures, Part, Proposed, propose
from app.milestones.logic import estimate as reckon
from app.milestones.models import Plan, PlanState
from app.milestones.schemas import FIGURES, PARTS, TypedPlan, number, plain

router = APIRouter(prefix="/milestones/plans")
_SUBJECT = "milestones.plan"
VILLAGES_TAKEN = N_("Villages of the plan")
_OPEN = frozenset({PlanState.DRAFT.value})
#: What a plan comes to, in the order of its lines.
COMES_TO = {
    "villages": N_("Villages"),
    "streets": N_("Streets"),
    "signs": N_("Signs"),
    "plates": N_("Village plates"),
    "crew_days": N_("Days of one crew"),
    "cost": N_("Cost, CNY"),
}
#: Where a village is moved by hand, and what is said of it then.
_TO = {"in": True, "out": False, "rule": None}
_SAID = {
    "in": N_("{name} is in the plan."),
    "out": N_("{name} is kept out of the plan."),
    "rule": N_("{name} is left to the rule."),
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A plan with what it takes just now: its villages, what they come to, and all that it chose from."""

    plan: Plan
    every: dict[int, Candidate]
    taken: Proposed
    estimate: Estimate

    @property
    def whole(self) -> Whole:
        """What an accepting says of it."""
        return Whole(((VILLAGES_TAKEN, len(self.taken.villages)),), sum(self.taken.villages) + self.plan.version)


@router.get("")
def index(session: Work, show: Show, place: Place, clock: Now, after: str | None = None) -> Response:
    """Plans of the chosen place, the newest year first, each with what it comes to."""
    _require_reader(session)
    keys = [paging.Key(Plan.year, descending=True), paging.Key(Plan.id)]
    page = paging.page(session, queries.plans(place), keys=keys, after=after, size=12)
    year = clock.today().year + 1
    return _listed(session, show, place, page, _blank(session, place, year), {})


@router.post("")
def make(session: Work, show: Show, place: Place, clock: Now, typed: Annotated[TypedPlan, Depends()]) -> Response:
    """A new plan, or the list again with what is wrong in the form."""
    _require_planner(session, place)
    try:
        with session.begin_nested():
            made = steps.make_plan(session, clock, division=place, draft=_draft(typed))
    except (Invalid, Conflict) as refusal:
        keys = [paging.Key(Plan.year, descending=True), paging.Key(Plan.id)]
        page = paging.page(session, queries.plans(place), keys=keys, size=12)
        return _listed(session, show, place, page, typed, _told(show, refusal))
    return show.see(
        f"/milestones/plans/{made.uid}", "The plan {title} is made.", undo=current_act(session), title=made.title
    )


@router.get("/compare")
def compare(session: Work, show: Show, one: UUID, other: UUID) -> Response:
    """Two plans of one place side by side: what they come to, and which villages only one of them takes."""
    _require_reader(session)
    both = [_filled(session, queries.plan(session, uid)) for uid in (one, other)]
    first, second = (set(each.taken.villages) for each in both)
    apart = [sorted(first - second), sorted(second - first)]
    chosen = select(Division).where(Division.id.in_([*apart[0], *apart[1]])).order_by(Division.path).limit(400)
    known = {each.id: each for each in session.scalars(chosen)}
    return show.page(
        "milestones/compare.html",
        both=both,
        common=len(first & second),
        apart=[[known[key] for key in keys if key in known] for keys in apart],
        counts=[len(keys) for keys in apart],
        weighed=PARTS,
        figures=FIGURES,
        given=[_typed(each.plan) for each in both],
        rows=list(COMES_TO.items()),
    )


@router.get("/{uid}")
def record(session: Work, show: Show, uid: UUID, town: Annotated[UUID | None, Query()] = None) -> Response:
    """One plan: what it comes to, its counties and towns; of one town its villages with their scores."""
    _require_reader(session)
    return _record(session, show, queries.plan(session, uid), town=town)


@router.post("/{uid}/change")
def change(session: Work, show: Show, uid: UUID, version: Version, typed: Annotated[TypedPlan, Depends()]) -> Response:
    """Other weights, figures, quota or title."""
    plan = _own(session, uid, version)
    try:
        with session.begin_nested():
            steps.change_plan(session, plan=plan, draft=_draft(typed))
    except (Invalid, Conflict) as refusal:
        session.refresh(plan)
        return _record(session, show, plan, typed=typed, errors=_told(show, refusal))
    return show.see(f"/milestones/plans/{uid}", "The plan is changed.", undo=current_act(session))


@router.post("/{uid}/move")
def move(  # noqa: PLR0917 - one argument a value of the form
    session: Work,
    show: Show,
    clock: Now,
    uid: UUID,
    version: Version,
    village: Annotated[UUID, Form()],
    to: Annotated[str, Form(max_length=10)],
) -> Response:
    """A village is put into the plan, kept out of it, or left to the rule again; the rest is balanced around it."""
    plan = _own(session, uid, version)
    found = session.scalar(select(Division).where(Division.uid == village))
    if found is None:
        raise NotFound("There is no such village in your territory.")
    steps.move(session, clock, plan=plan, village=found, inside=_TO[one_of(to, list(_TO), field="to")])
    town = session.get_one(Division, found.parent_id)
    return show.see(
        f"/milestones/plans/{uid}?town={town.uid}#villages",
        _SAID[to],
        undo=current_act(session),
        name=found.name,
    )


@router.get("/{uid}/accept")
def ask_accept(session: Work, show: Show, uid: UUID) -> Response:
    """Which batches an accepted plan opens, before it is."""
    plan = queries.plan(session, uid)
    _require_planner(session, session.get_one(Division, plan.division_id))
    return _asking(session, show, plan, f"{plan.year}-12-31", {})


@router.post("/{uid}/accept")
def accept(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    actor: Me,
    clock: Now,
    uid: UUID,
    seen: Seen,
    due_on: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Draft → accepted: a batch in each county, with its villages."""
    plan = queries.plan(session, uid)
    _require_planner(session, session.get_one(Division, plan.division_id))
    _filled(session, plan).whole.require(" ".join(seen), again=f"/milestones/plans/{uid}/accept")
    try:
        with session.begin_nested():
            made = steps.accept_plan(session, clock, plan=plan, owner_id=actor.id, due_on=_day(due_on))
    except Invalid as refusal:
        return _asking(session, show, plan, due_on, _told(show, refusal))
    place = session.get_one(Division, plan.division_id)
    return show.see(
        f"/milestones?in={place.uid}&year={plan.year}",
        "{n} batches are open.",
        undo=current_act(session),
        n=len(made),
    )


@router.post("/{uid}/drop")
def drop(session: Work, show: Show, clock: Now, uid: UUID, version: Version) -> Response:
    """Draft → dropped."""
    plan = _own(session, uid, version)
    steps.drop_plan(session, clock, plan=plan)
    place = session.get_one(Division, plan.division_id)
    return show.see(
        f"/milestones/plans?in={place.uid}", "The plan {title} is dropped.", undo=current_act(session), title=plan.title
    )


def _filled(session: Session, plan: Plan) -> Filled:
    every = queries.candidates(session, session.get_one(Division, plan.division_id))
    by_key = {one.village: one for one in every}
    taken = propose(every, plan.quota, weights=queries.weights_of(plan), hands=queries.hands_of(session, plan))
    return Filled(plan, by_key, taken, reckon([by_key[key] for key in taken.villages], queries.figures_of(plan)))


def _listed(
    session: Session, show: Answer, place: Division, page: paging.Page, typed: TypedPlan, errors: dict[str, str]
) -> Response:
    return show.page(
        "milestones/plans.html",
        status=422 if errors else 200,
        place=place,
        page=page,
        choices=[
            (plan.uid, f"{plan.title} ({plan.year})") for plan in page.rows if plan.state == PlanState.DRAFT.value
        ],
        filled=[_filled(session, plan) if plan.state == PlanState.DRAFT.value else None for plan in page.rows],
        typed=typed,
        errors=errors,
        weighed=PARTS,
        figures=FIGURES,
        may_plan=reaches(session, place.id, subject=_SUBJECT, act="create"),
    )


def _record(
    session: Session,
    show: Answer,
    plan: Plan,
    *,
    town: UUID | None = None,
    typed: TypedPlan | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    filled = _filled(session, plan)
    taken = set(filled.taken.villages)
    keys = {one.town for one in filled.every.values()} | {one.county for one in filled.every.values()}
    known = {each.id: each for each in session.scalars(select(Division).where(Division.id.in_(keys)))}
    home = next((each for each in known.values() if each.uid == town), None)
    return show.page(
        "milestones/plan.html",
        status=422 if errors else 200,
        plan=plan,
        place=session.get_one(Division, plan.division_id),
        filled=filled,
        counties=_counties(filled, taken, known),
        town=home,
        villages=_villages(session, filled, home) if home else [],
        taken=taken,
        hands=queries.hands_of(session, plan),
        typed=typed or _typed(plan),
        errors=errors or {},
        weighed=PARTS,
        figures=FIGURES,
        weights=queries.weights_of(plan),
        may_change=reaches(session, plan.division_id, subject=_SUBJECT, act="change") and plan.state == "draft",
        entries=entries_of(session, _SUBJECT, plan.id),
    )


def _counties(filled: Filled, taken: set[int], known: dict[int, Division]) -> list[dict[str, object]]:
    """Each county with its towns: how many of their villages are left to do, and how many are taken."""
    left = Counter((one.county, one.town) for one in filled.every.values())
    got = Counter((one.county, one.town) for one in filled.every.values() if one.village in taken)
    share = filled.plan.quota / max(len(filled.every), 1)
    found = []
    for county in sorted({one for one, _ in left}, key=lambda key: known[key].path):
        towns = [(known[town], left[county, town], got[county, town]) for one, town in left if one == county]
        whole = sum(n for _, n, _ in towns)
        found.append(
            {
                "county": known[county],
                "towns": sorted(towns, key=lambda each: each[0].path),
                "left": whole,
                "taken": sum(n for _, _, n in towns),
                "share": round(whole * share),
            }
        )
    return found


def _villages(session: Session, filled: Filled, town: Division) -> list[tuple[Division, Candidate, float, list[float]]]:
    """A town's villages with their scores, the best first."""
    weights = queries.weights_of(filled.plan)
    wanted = [one.village for one in filled.every.values() if one.town == town.id]
    known = {each.id: each for each in session.scalars(select(Division).where(Division.id.in_(wanted)))}
    every = [(known[key], filled.every[key]) for key in wanted if key in known]
    found = [(one, each, each.score(weights), [each.parts[part] for part in Part]) for one, each in every]
    return sorted(found, key=lambda row: (-row[2], row[0].name))


def _asking(session: Session, show: Answer, plan: Plan, due_on: str, errors: dict[str, str]) -> Response:
    filled = _filled(session, plan)
    got = Counter(filled.every[key].county for key in filled.taken.villages)
    known = session.scalars(select(Division).where(Division.id.in_(got)).order_by(Division.path))
    figures = queries.figures_of(plan)
    rows = [
        (county, reckon([one for one in _of(filled, filled.taken.villages) if one.county == county.id], figures))
        for county in known
    ]
    return show.page(
        "milestones/accept.html",
        status=422 if errors else 200,
        plan=plan,
        rows=rows,
        filled=filled,
        due_on=due_on,
        errors=errors,
    )


def _draft(typed: TypedPlan) -> steps.Draft:
    """As the step takes it. Raises Invalid naming the field that is no number."""
    weights = {part: float(number(typed, part.value)) for part in Part}
    figures = Figures(
        streets=float(number(typed, "streets")),
        signs=float(number(typed, "signs")),
        plates=float(number(typed, "plates")),
        sign_price=number(typed, "sign_price"),
        plate_price=number(typed, "plate_price"),
        a_day=float(number(typed, "a_day")),
    )
    return steps.Draft(typed.year, typed.title, int(number(typed, "quota")), weights, figures)


def _of(filled: Filled, keys: Sequence[int]) -> list[Candidate]:
    return [filled.every[key] for key in keys]


def _blank(session: Session, place: Division, year: int) -> TypedPlan:
    """The form as it comes: next year, what its target still lacks, the usual weights and figures."""
    target = queries.target_of(session, place, year, stream=Stream.VILLAGE)
    has = queries.batched_by_year(session, place).get(year, 0)
    lacking = max(target.villages - has, 0) if target else 0
    weights = {part.value: plain(DEFAULT_WEIGHTS[part]) for part in Part}
    figures = {name: plain(getattr(DEFAULT_FIGURES, name)) for name in FIGURES}
    return TypedPlan(year=year, quota=str(lacking or ""), **weights, **figures)


def _typed(plan: Plan) -> TypedPlan:
    weights = {part.value: plain(getattr(plan, part.value)) for part in Part}
    figures = {name: plain(getattr(plan, name)) for name in FIGURES}
    return TypedPlan(year=plan.year, title=plan.title, quota=str(plan.quota), **weights, **figures)


def _day(words: str) -> date:
    try:
        return date.fromisoformat(words)
    except ValueError as error:
        raise Invalid("Enter the day by which the batch is due.", field="due_on") from error


def _told(show: Answer, refusal: Invalid | Conflict) -> dict[str, str]:
    return {getattr(refusal, "field", None) or "title": show.text(refusal.message, **refusal.values)}


def _require_reader(session: Session) -> None:
    if not may(session, _SUBJECT, "read"):
        raise NotAllowed(N_("Plans are for the officers of the city and the counties."))


def _require_planner(session: Session, place: Division) -> None:
    if not reaches(session, place.id, subject=_SUBJECT, act="create"):
        raise NotAllowed(N_("Only the officers of the city and of the county itself plan its years."))


def _own(session: Session, uid: UUID, version: int) -> Plan:
    plan = queries.plan(session, uid)
    _require_planner(session, session.get_one(Division, plan.division_id))
    as_seen.require_row(plan, version, title=plan.title, url=f"/milestones/plans/{uid}")
    return plan
