"""Reads of the milestones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from app.base.errors import N_, NotFound
from app.base.models import Division, DivisionKind, Setting
from app.base.seen import Whole
from app.intake.models import Facility
from app.inventory.models import Stream, Street, StreetState
from app.milestones.logic import Candidate, Figures, Hands, Part
from app.milestones.models import Batch, BatchState, BatchVillage, Plan, PlanState, PlanVillage, Target
from gis.features import FacilityKind

#: What a batch is made of; residents' committees may join, but the target counts villages.
VILLAGES = (DivisionKind.VILLAGE.value, DivisionKind.RESIDENTS.value)

#: Places whose villages a batch is made of.
HOLDERS = (DivisionKind.COUNTY.value, DivisionKind.ZONE.value, DivisionKind.TOWN.value)

#: What the page counts that a batch is closed from.
VILLAGES_IN = N_("Villages in the batch")
LEFT = N_("Streets without a decided name")

#: States of a street that no name was decided for.
UNDECIDED = (StreetState.UNNAMED, StreetState.DRAFT, StreetState.PROPOSED)

#: Decided, announced or not: what a batch counts as named.
NAMED = "named"
_STATES_OF_NAMED = (StreetState.APPROVED.value, StreetState.IN_FORCE.value)
#: What the streets of a batch are listed by.
STREET_STATES = (*(state.value for state in UNDECIDED), *_STATES_OF_NAMED, NAMED)


@dataclass(frozen=True, slots=True)
class VillageProgress:
    """A village with its streets in scope by state."""

    village: Division
    town: str | None
    town_uid: UUID | None
    streets: int
    unnamed: int
    draft: int
    proposed: int
    approved: int
    in_force: int

    @property
    def named(self) -> int:
        """Streets whose name is decided, announced or not."""
        return self.approved + self.in_force


def batches() -> Select[Batch]:
    """Batches, for paging by key."""
    return select(Batch)


def targets() -> Select[Target]:
    """Targets by year, the city's first."""
    return select(Target).order_by(Target.year, Target.territory)


def villages_of(batch: Batch) -> Select[Division]:
    """The villages in a batch: of an open one those that are in it, of a closed one those that stayed to the end."""
    last = (
        BatchVillage.left_on.is_(None)
        if batch.state == BatchState.OPEN.value
        else BatchVillage.left_on == batch.closed_on
    )
    return (
        select(Division)
        .join(BatchVillage, BatchVillage.division_id == Division.id)
        .where(BatchVillage.batch_id == batch.id, last)
        .order_by(Division.path)
    )


def members_of(session: Session, batch: Batch) -> dict[int, BatchVillage]:
    """The rows by which villages are in a batch now, by the village's key."""
    wanted = select(BatchVillage).where(BatchVillage.batch_id == batch.id, BatchVillage.left_on.is_(None))
    return {member.division_id: member for member in session.scalars(wanted)}


def whole_of(session: Session, batch: Batch) -> Whole:
    """A batch as its closing shows it: its villages and the streets that are left, as one."""
    members = members_of(session, batch)
    streets = left(batch).with_only_columns(Street.id).order_by(None).subquery()
    n, total = session.execute(select(func.count(), func.coalesce(func.sum(streets.c.id), 0))).one()
    mark = int(total) + 31 * sum(member.id for member in members.values()) + batch.version
    return Whole(((VILLAGES_IN, len(members)), (LEFT, int(n))), mark)


def streets_of(batch: Batch) -> Select[Street]:
    """In-scope streets of a batch's villages."""
    villages = villages_of(batch).with_only_columns(Division.id).order_by(None)
    return (
        select(Street).where(Street.division_id.in_(villages), Street.in_scope).order_by(Street.division_id, Street.id)
    )


def list_of(batch: Batch, *, state: str = "", village: Division | None = None) -> Select[*tuple[Any, ...]]:
    """These with their villages, for paging by key; of one village, in one of ``STREET_STATES``."""
    found = streets_of(batch).add_columns(Division.name.label("village"))
    found = found.join(Division, Division.id == Street.division_id)
    if state:
        found = found.where(Street.state.in_(_STATES_OF_NAMED if state == NAMED else (state,)))
    return found.where(Street.division_id == village.id) if village else found


def counts_of(session: Session, batch: Batch, village: Division | None = None) -> dict[str, int]:
    """How many of them there are in each of ``STREET_STATES``, and under an empty one in all."""
    rows = list_of(batch, village=village).with_only_columns(Street.state).order_by(None).subquery()
    counted = session.execute(select(rows.c.state, func.count()).group_by(rows.c.state))
    found: dict[str, int] = {row[0]: row[1] for row in counted}
    return {**found, NAMED: sum(found.get(state, 0) for state in _STATES_OF_NAMED), "": sum(found.values())}


def left(batch: Batch) -> Select[Street]:
    """What a batch has not brought to a name in force yet."""
    return streets_of(batch).where(Street.state.in_([state.value for state in UNDECIDED]))


def progress_of(session: Session, villages: Select[Division]) -> list[VillageProgress]:
    """How far the streets in scope of some villages are, each with its town; the same figures for every reader."""
    town = aliased(Division)
    chosen = villages.with_only_columns(Division.id).order_by(None)
    figures = ("streets", "unnamed", "draft", "proposed", "approved", "in_force")
    counted = func.inventory.counted(func.array(chosen.scalar_subquery())).table_valued("division_id", *figures)
    rows = session.execute(
        select(Division, town.name, town.uid, *(func.coalesce(counted.c[name], 0) for name in figures))
        .where(Division.id.in_(chosen))
        .outerjoin(town, town.id == Division.parent_id)
        .outerjoin(counted, counted.c.division_id == Division.id)
        .order_by(town.path, Division.name, Division.id)
    )
    return [VillageProgress(*row) for row in rows]


def free_villages(place: Division) -> Select[Division]:
    """Villages of a territory that have unnamed streets in scope and are in no open batch."""
    taken = select(BatchVillage.division_id).where(BatchVillage.left_on.is_(None))
    unnamed = select(Street.division_id).where(
        Street.territory.op("<@")(place.path), Street.in_scope, Street.state == StreetState.UNNAMED.value
    )
    return select(Division).where(
        Division.path.op("<@")(place.path),
        Division.kind.in_(VILLAGES),
        Division.until_on.is_(None),
        Division.id.in_(unnamed),
        Division.id.not_in(taken),
    )


def county_of(session: Session, village: Division) -> Division:
    """The county or zone that a village lies in, else the highest place above it that has villages; never itself."""
    above = select(Division).where(
        Division.path.op("@>")(village.path), Division.id != village.id, Division.kind.in_(HOLDERS)
    )
    found = session.scalars(above.order_by(func.nlevel(Division.path)).limit(1)).first()
    return found or village


def batch_list(place: Division, *, state: str = "", year: int = 0) -> Select[*tuple[Any, ...]]:
    """Batches of a territory, and those of a place above with villages of it, with how many villages each has.

    With ``year`` those of a year alone.
    """
    villages = (
        select(func.count())
        .where(BatchVillage.batch_id == Batch.id, or_(BatchVillage.left_on.is_(None), Batch.state != "open"))
        .correlate(Batch)
        .scalar_subquery()
    )
    found = (
        select(Batch, Division.name.label("division"), villages.label("villages"))
        .join(Division, Division.id == Batch.division_id)
        .where(in_place(place.path))
    )
    found = found.where(Batch.year == year) if year else found
    return found.where(Batch.state == state) if state else found


def in_place(path: str) -> ColumnElement[bool]:
    """Whether a batch is one of a place, or holds a village of it; who left before the end is not in it."""
    here = select(BatchVillage.batch_id).where(
        BatchVillage.batch_id == Batch.id,
        BatchVillage.territory.op("<@")(path),
        or_(BatchVillage.left_on.is_(None), BatchVillage.left_on == Batch.closed_on),
    )
    return or_(Batch.territory.op("<@")(path), here.exists())


def target_years(session: Session, place: Division, *, stream: Stream = Stream.VILLAGE) -> list[Target]:
    """A division's own targets in one stream, by year."""
    return list(
        session.scalars(
            select(Target).where(Target.division_id == place.id, Target.stream == stream.value).order_by(Target.year)
        )
    )


def target_of(session: Session, place: Division, year: int, *, stream: Stream = Stream.VILLAGE) -> Target | None:
    """A division's own target of one year in one stream, if it is set."""
    wanted = select(Target).where(Target.division_id == place.id, Target.year == year, Target.stream == stream.value)
    return session.scalars(wanted).one_or_none()


def batched_by_year(session: Session, place: Division) -> dict[int, int]:
    """How many villages stand in the batches of each year, below a division: what a target is set for."""
    return _batched(session, place, DivisionKind.VILLAGE)


def committees_by_year(session: Session, place: Division) -> dict[int, int]:
    """How many residents' committees stand in the batches of each year; no target counts them."""
    return _batched(session, place, DivisionKind.RESIDENTS)


def _batched(session: Session, place: Division, kind: DivisionKind) -> dict[int, int]:
    """Each in the year of the batch joined last, as the tracking counts; who left a batch early is in none."""
    last = (
        select(Batch.year, BatchVillage.division_id)
        .ext(distinct_on(BatchVillage.division_id))
        .join(BatchVillage, BatchVillage.batch_id == Batch.id)
        .join(Division, Division.id == BatchVillage.division_id)
        .where(
            BatchVillage.territory.op("<@")(place.path),
            Division.kind == kind.value,
            Division.until_on.is_(None),
            Batch.stream == Stream.VILLAGE.value,
            or_(BatchVillage.left_on.is_(None), BatchVillage.left_on == Batch.closed_on),
        )
        .order_by(BatchVillage.division_id, BatchVillage.joined_on.desc(), BatchVillage.id.desc())
        .subquery()
    )
    rows = session.execute(select(last.c.year, func.count()).group_by(last.c.year))
    return {row[0]: row[1] for row in rows}


def batches_of_year(session: Session, place: Division, year: int) -> int:
    """How many batches a place has opened for a year."""
    wanted = select(func.count()).select_from(Batch).where(Batch.division_id == place.id, Batch.year == year)
    return int(session.scalar(wanted) or 0)


def registered(session: Session, place: Division) -> int:
    """How many villages the register holds below a division."""
    wanted = (
        select(func.count())
        .select_from(Division)
        .where(
            Division.path.op("<@")(place.path), Division.kind == DivisionKind.VILLAGE.value, Division.until_on.is_(None)
        )
    )
    return int(session.scalar(wanted) or 0)


def waiting(session: Session, place: str) -> int:
    """Open batches at or below a path of divisions."""
    wanted = select(func.count()).select_from(Batch).where(Batch.state == BatchState.OPEN.value, in_place(place))
    return int(session.scalar(wanted) or 0)


#: Counties that go first, by name; the bureau's setting before the default (domain handbook, section 1).
PILOTS_SETTING, PILOTS = "milestones.pilots", ("乐陵市",)


def candidates(session: Session, place: Division) -> list[Candidate]:
    """Villages of a place that are still to be done: in no open batch, and in none that was closed with them in it."""
    town, county = aliased(Division), aliased(Division)
    done = select(BatchVillage.division_id).join(Batch, Batch.id == BatchVillage.batch_id)
    done = done.where(or_(BatchVillage.left_on.is_(None), BatchVillage.left_on == Batch.closed_on))
    streets = (
        select(
            Street.division_id,
            func.count().filter(Street.in_scope).label("in_scope"),
            func.count().filter(Street.in_scope, Street.state.in_([one.value for one in UNDECIDED])).label("nameless"),
        )
        .where(Street.territory.op("<@")(place.path), Street.stream == Stream.VILLAGE.value)
        .group_by(Street.division_id)
        .subquery()
    )
    kinds = (
        select(Facility.division_id, func.count(Facility.kind.distinct()).label("kinds"))
        .where(Facility.territory.op("<@")(place.path))
        .group_by(Facility.division_id)
        .subquery()
    )
    rows = session.execute(
        select(
            Division.id,
            town.id.label("town"),
            func.coalesce(county.id, town.id).label("county"),
            county.name.label("called"),
            streets.c.in_scope,
            streets.c.nameless,
            func.coalesce(kinds.c.kinds, 0).label("kinds"),
        )
        .join(town, town.id == Division.parent_id)
        .outerjoin(county, county.id == town.parent_id)
        .outerjoin(streets, streets.c.division_id == Division.id)
        .outerjoin(kinds, kinds.c.division_id == Division.id)
        .where(
            Division.path.op("<@")(place.path),
            Division.kind == DivisionKind.VILLAGE.value,
            Division.until_on.is_(None),
            Division.id.not_in(done),
        )
        .order_by(Division.id)
    ).all()
    pilots = session.scalar(select(Setting.value).where(Setting.key == PILOTS_SETTING)) or PILOTS
    largest = max((row.in_scope or 0 for row in rows), default=0)
    return [
        Candidate(
            village=row.id,
            town=row.town,
            county=row.county,
            parts={
                Part.PILOT: float(row.called in pilots),
                Part.READY: float(bool(row.in_scope)),
                Part.UNNAMED: row.nameless / row.in_scope if row.in_scope else 0.0,
                Part.FACILITIES: min(row.kinds, len(FacilityKind)) / len(FacilityKind),
                Part.SIZE: row.in_scope / largest if row.in_scope else 0.0,
            },
            streets=row.in_scope,
        )
        for row in rows
    ]


def weights_of(plan: Plan) -> dict[Part, float]:
    """A plan's weights, by part."""
    return {part: getattr(plan, part.value) for part in Part}


def figures_of(plan: Plan) -> Figures:
    """What a plan is reckoned with."""
    return Figures(plan.streets, plan.signs, plan.plates, plan.sign_price, plan.plate_price, plan.a_day)


def hands_of(session: Session, plan: Plan) -> Hands:
    """What was moved by hand in a plan."""
    moved = session.execute(
        select(PlanVillage.division_id, PlanVillage.inside).where(PlanVillage.plan_id == plan.id)
    ).all()
    return Hands(
        frozenset(row.division_id for row in moved if row.inside),
        frozenset(row.division_id for row in moved if not row.inside),
    )


def plans(place: Division) -> Select[Plan]:
    """Plans of a place, but those that were dropped."""
    return select(Plan).where(Plan.division_id == place.id, Plan.state != PlanState.DROPPED.value)


def plan(session: Session, uid: UUID) -> Plan:
    """One plan. Raises NotFound for one of elsewhere."""
    found = session.scalar(select(Plan).where(Plan.uid == uid))
    if found is None:
        raise NotFound(N_("There is no such plan in your territory. Look for it in the list of plans."))
    return found


def moved_by_hand(session: Session, plan: Plan, village: Division) -> PlanVillage | None:
    """How a village was moved in a plan, if it was."""
    wanted = select(PlanVillage).where(PlanVillage.plan_id == plan.id, PlanVillage.division_id == village.id)
    return session.scalars(wanted).one_or_none()
