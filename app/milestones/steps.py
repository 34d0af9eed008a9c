"""Targets are set, batches opened, filled and closed. The database keeps a village in one open batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import Conflict, Invalid
from app.base.models import Division, DivisionKind
from app.inventory.models import Stream
from app.milestones import queries
from app.milestones.models import Batch, BatchState, BatchVillage, Target


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


def _refuse_closed(batch: Batch) -> None:
    if batch.state != BatchState.OPEN.value:
        raise Conflict("The batch {title} is closed. Open a new one.", title=batch.title)
