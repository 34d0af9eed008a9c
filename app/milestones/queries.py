"""Reads of the milestones."""

from __future__ import annotations

from sqlalchemy import Select, select

from app.base.models import Division
from app.inventory.models import Street, StreetState
from app.milestones.models import Batch, BatchState, BatchVillage, Target


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


def streets_of(batch: Batch) -> Select[Street]:
    """In-scope streets of a batch's villages."""
    villages = villages_of(batch).with_only_columns(Division.id).order_by(None)
    return (
        select(Street).where(Street.division_id.in_(villages), Street.in_scope).order_by(Street.division_id, Street.id)
    )


def left(batch: Batch) -> Select[Street]:
    """What a batch has not brought to a name in force yet."""
    return streets_of(batch).where(Street.state.in_([StreetState.UNNAMED.value, StreetState.PROPOSED.value]))
