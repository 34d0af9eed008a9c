"""The order of divisions on every page: that of their codes in the register; those without a code last, by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, select

from app.base.models import CodeSystem, Division, DivisionCode


def in_register_order() -> tuple[ColumnElement[Any], ...]:
    """What a select of divisions is ordered by."""
    code = (
        select(func.max(DivisionCode.code))
        .where(
            DivisionCode.division_id == Division.id,
            DivisionCode.system == CodeSystem.STATISTICS.value,
            DivisionCode.valid_to_on.is_(None),
        )
        .correlate(Division)
        .scalar_subquery()
    )
    return code.asc().nulls_last(), Division.name.asc(), Division.id.asc()
