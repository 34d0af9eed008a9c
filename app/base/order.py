"""The order of divisions on every page: that of their codes in the register; those without a code last, by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select

from app.base.models import CodeSystem, Division, DivisionCode
from app.base.paging import Key

#: Behind every code, which is digits only.
_BEHIND_ALL = "~"


def in_register_order() -> tuple[ColumnElement[Any], ...]:
    """What a select of divisions is ordered by."""
    return _code().asc().nulls_last(), Division.name.asc(), Division.id.asc()


def register_keys() -> list[Key]:
    """The same order for a list by key."""
    return [Key(func.coalesce(_code(), _BEHIND_ALL)), Key(Division.name), Key(Division.id)]


def _code() -> ScalarSelect[Any]:
    return (
        select(func.max(DivisionCode.code))
        .where(
            DivisionCode.division_id == Division.id,
            DivisionCode.system == CodeSystem.STATISTICS.value,
            DivisionCode.valid_to_on.is_(None),
        )
        .correlate(Division)
        .scalar_subquery()
    )
