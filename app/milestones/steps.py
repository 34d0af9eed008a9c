"""Targets are set, batches opened, filled and closed. The database keeps a village in one open batch at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid
from app.base.models import Division, DivisionKind
from app.inventory.models import Stream
from app.milestones import queries
from app.milestones.logic import Candidate, Figures, Part, Weights, estimate, propose, title_of
from app.milestones.models import Batch, BatchState, BatchVillage, Plan, PlanState, PlanVillage, Target


@dataclass(frozen=True, slots=True)
class Terms:
    """What a batch is opened with. ``budget`` in CNY."""

    title: str
    year: int
    due_on: date
    stream: Stream = Stream.VILLAGE
    budget: Decimal | None = None
    funder: str = ""


@dataclass(frozen=True, slots=True)
class Quota:
    """How many villages (in the second stream: roads) are to be done in a year, and who says so."""

    year: int
    number: int
    source: str
    stream: Stream = Stream.VILLAGE


def set_target(session: Session, clock: Clock, *, division: Division, year: int, villages: int, source: str) -> Target:
    """A year's quota of villages for a division; see :func:`set_quota`."""
    return set_quota(session, clock, division=division, quota=Quota(year, villages, source))


def set_quota(session: Session, clock: Clock, *, division: Division, quota: Quota) -> Target:
    """A year's quota of a division in one stream, new or changed.

    Raises Invalid below nought, Conflict where somebody sets the same year's at the same moment.
    """
    if quota.number < 0 or not quota.source.strip():
        raise Invalid("A target needs a number, nought or more, and its source.", field="villages")
    found = queries.target_of(session, division, quota.year, stream=quota.stream)
    target = found or Target(division_id=division.id, year=quota.year, stream=quota.stream.value)
    target.villages, target.source, target.set_on = quota.number, quota.source, clock.today()
    try:
        with session.begin_nested():
            session.add(target)
    except IntegrityError as error:
        raise Conflict(
            "Somebody just set the target of {year}. Load the page again and compare.", year=quota.year
        ) from error
    return target


def open_batch(
    session: Session, clock: Clock, *, owner_id: int, division: Division, terms: Terms, villages: Sequence[Division]
) -> Batch:
    """Nothing → open: a batch of ``division`` with its villages. By city and county officers.

    Raises Invalid for no title, no village or a day in the past; Conflict for a title that the division has already,
    or a village that is in another open batch.
    """
    if not terms.title.strip():
        raise Invalid("Give the batch a title.", field="title")
    if not villages:
        raise Invalid("A batch needs at least one village.", field="villages")
    if terms.due_on < clock.today():
        raise Invalid("The batch is due on {due_on}, which is past.", field="due_on", due_on=terms.due_on)
    batch = Batch(
        division_id=division.id,
        title=terms.title.strip(),
        year=terms.year,
        stream=terms.stream.value,
        owner_id=owner_id,
        budget=terms.budget,
        funder=terms.funder,
        opened_on=clock.today(),
        due_on=terms.due_on,
    )
    try:
        with session.begin_nested():
            session.add(batch)
    except IntegrityError as error:
        raise Conflict(
            "{division} has a batch called {title} already.", division=division.name, title=terms.title
        ) from error
    add_villages(session, clock, batch=batch, villages=villages)
    return batch


def add_villages(session: Session, clock: Clock, *, batch: Batch, villages: Sequence[Division]) -> list[BatchVillage]:
    """Villages join an open batch. Raises Invalid for none, Conflict naming one that is in another batch."""
    _refuse_closed(batch)
    if not villages:
        raise Invalid("Choose at least one village.", field="villages")
    joined = []
    for village in villages:
        if village.kind not in {DivisionKind.VILLAGE.value, DivisionKind.RESIDENTS.value}:
            raise Invalid("{name} is not a village.", field="villages", name=village.name)
        member = BatchVillage(batch_id=batch.id, division_id=village.id, joined_on=clock.today())
        try:
            with session.begin_nested():
                session.add(member)
        except IntegrityError as error:
            raise Conflict(
                "{village} is in an open batch already. Take it out there first.", village=village.name
            ) from error
        joined.append(member)
    return joined


def remove_village(session: Session, clock: Clock, *, batch: Batch, village: Division) -> None:
    """A village leaves an open batch; that it was in it stays on record."""
    _refuse_closed(batch)
    member = session.scalars(
        select(BatchVillage).where(
            BatchVillage.batch_id == batch.id,
            BatchVillage.division_id == village.id,
            BatchVillage.left_on.is_(None),
        )
    ).one_or_none()
    if member is None:
        raise Conflict("{village} is not in this batch.", village=village.name)
    member.left_on = clock.today()
    session.flush()


def close_batch(session: Session, clock: Clock, *, batch: Batch) -> Batch:
    """Open → closed; its villages are free for another batch. What is left undone, ``queries.left`` lists."""
    _refuse_closed(batch)
    batch.state, batch.closed_on = BatchState.CLOSED.value, clock.today()
    members = select(BatchVillage).where(BatchVillage.batch_id == batch.id, BatchVillage.left_on.is_(None))
    for member in session.scalars(members):
        member.left_on = clock.today()
    session.flush()
    return batch


@dataclass(frozen=True, slots=True)
class Draft:
    """What a plan is made of."""

    year: int
    title: str
    quota: int
    weights: Weights
    figures: Figures

    def check(self) -> None:
        """Raise Invalid for what is no plan."""
        if not self.title.strip():
            raise Invalid(N_("Give the plan a title."), field="title")
        if self.quota < 1:
            raise Invalid(N_("A plan needs a quota of one village or more."), field="quota")
        if any(weight < 0 for weight in self.weights.values()) or not any(self.weights.values()):
            raise Invalid(N_("Weights are nought or more, and one of them more than nought."), field="pilot")
        if min(*astuple(self.figures)) < 0 or not self.figures.a_day:
            raise Invalid(N_("Figures are nought or more, and a crew puts up something in a day."), field="a_day")

    def columns(self) -> dict[str, Any]:
        """As the table keeps it."""
        weights = {part.value: self.weights[part] for part in Part}
        return {"year": self.year, "title": self.title.strip(), "quota": self.quota, **weights, **asdict(self.figures)}


def make_plan(session: Session, clock: Clock, *, division: Division, draft: Draft) -> Plan:
    """Nothing → draft: a way to fill a year's quota. By city and county officers.

    Raises Invalid for what is no plan, Conflict for a title that another of the year has.
    """
    draft.check()
    made = Plan(division_id=division.id, made_on=clock.today(), **draft.columns())
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        raise Conflict(
            N_("{year} has a plan called {title} already."), year=draft.year, title=draft.title.strip()
        ) from error
    return made


def change_plan(session: Session, *, plan: Plan, draft: Draft) -> Plan:
    """A draft with other weights, figures, quota or title. Raises as :func:`make_plan`; Conflict for a decided one."""
    _refuse_decided(plan)
    draft.check()
    try:
        with session.begin_nested():
            for column, value in draft.columns().items():
                setattr(plan, column, value)
            session.flush()
    except IntegrityError as error:
        raise Conflict(
            N_("{year} has a plan called {title} already."), year=draft.year, title=draft.title.strip()
        ) from error
    return plan


def move(session: Session, clock: Clock, *, plan: Plan, village: Division, inside: bool | None) -> None:
    """A village is put into a draft by hand, kept out of it, or (None) left to the rule again.

    Raises Invalid for what is no village, Conflict for a decided plan.
    """
    _refuse_decided(plan)
    if village.kind != DivisionKind.VILLAGE.value:
        raise Invalid("{name} is not a village.", field="village", name=village.name)
    moved = queries.moved_by_hand(session, plan, village)
    if inside is None:
        if moved is not None:
            session.delete(moved)
    elif moved is None:
        session.add(PlanVillage(plan_id=plan.id, division_id=village.id, inside=inside, moved_on=clock.today()))
    else:
        moved.inside, moved.moved_on = inside, clock.today()
    plan.moves += 1
    session.flush()


def drop_plan(session: Session, clock: Clock, *, plan: Plan) -> None:
    """Draft → dropped; it stays on record. Raises Conflict for a decided one."""
    _refuse_decided(plan)
    plan.state, plan.decided_on = PlanState.DROPPED.value, clock.today()
    session.flush()


def accept_plan(session: Session, clock: Clock, *, plan: Plan, owner_id: int, due_on: date) -> list[Batch]:
    """Draft → accepted: a batch is opened in each county with its villages; its budget is what they come to.

    Raises Conflict for a decided plan, or a village that joined a batch meanwhile; Invalid for one that takes nothing.
    """
    _refuse_decided(plan)
    place = session.get_one(Division, plan.division_id)
    every = queries.candidates(session, place)
    taken = propose(every, plan.quota, weights=queries.weights_of(plan), hands=queries.hands_of(session, plan))
    by_key = {one.village: one for one in every}
    counties: dict[int, list[Candidate]] = defaultdict(list)
    for village in taken.villages:
        counties[by_key[village].county].append(by_key[village])
    if not counties:
        raise Invalid(N_("No village is left that this plan could take."), field="quota")
    made = []
    for county, chosen in counties.items():
        home = session.get_one(Division, county)
        keys = [one.village for one in chosen]
        terms = Terms(
            title_of(plan.year, queries.batches_of_year(session, home, plan.year) + 1),
            plan.year,
            due_on,
            budget=estimate(chosen, queries.figures_of(plan)).cost,
        )
        villages = session.scalars(select(Division).where(Division.id.in_(keys)).order_by(Division.path)).all()
        made.append(open_batch(session, clock, owner_id=owner_id, division=home, terms=terms, villages=villages))
    plan.state, plan.decided_on = PlanState.ACCEPTED.value, clock.today()
    session.flush()
    return made


def _refuse_decided(plan: Plan) -> None:
    if plan.state != PlanState.DRAFT.value:
        raise Conflict(N_("The plan {title} is decided. Make a new one."), title=plan.title)


def _refuse_closed(batch: Batch) -> None:
    if batch.state != BatchState.OPEN.value:
        raise Conflict("The batch {title} is closed. Open a new one.", title=batch.title)
