"""Lists by key: each page begins where the last one ended, whatever was added meanwhile.

A cursor holds the keys of a row at a page's edge, and the way to read from there. It is not signed, because it opens
nothing: whoever writes one by hand sees what row-level security lets them see, from another place on.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, false, func, or_, select, tuple_
from sqlalchemy.engine import result_tuple
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.base.errors import N_, Invalid

SIZE, LARGEST = 50, 500
#: What no text column can hold: the zero character and halves of surrogate pairs.
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
_MADE_OF: dict[str, Callable[[str], Any]] = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "uuid": UUID,
    "decimal": Decimal,
}


@dataclass(frozen=True, slots=True)
class Key:
    """One column of a list's order; a list needs the last of its keys to be unique, and none of them null."""

    column: ColumnElement[Any] | InstrumentedAttribute[Any]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursors of the pages after and before them, None where there is nothing more."""

    rows: list[Any]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class _Cursor:
    values: list[Any]
    back: bool


def count(session: Session, statement: Select[*tuple[Any, ...]]) -> int:
    """How many rows a list has in all."""
    return int(session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0)


def page(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    *,
    keys: Sequence[Key],
    after: str | None = None,
    size: int = SIZE,
) -> Page:
    """One page of a select, ordered by ``keys``; ``after`` is a cursor of an earlier page, None for the first.

    Rows come as mapped objects where the select names one thing, else as rows. At most ``LARGEST`` a page. Raises
    Invalid for a cursor that is not one of ours or belongs to another list.
    """
    size = max(1, min(size, LARGEST))
    cursor = _read(after, keys) if after else None
    back = cursor is not None and cursor.back
    wanted = statement if cursor is None else statement.where(_beyond(keys, cursor))
    order = [key.column.desc() if key.descending != back else key.column.asc() for key in keys]
    edges = [key.column.label(f"_key_{n}") for n, key in enumerate(keys)]
    found = session.execute(wanted.add_columns(*edges).order_by(None).order_by(*order).limit(size + 1)).all()
    more, rows = len(found) > size, found[:size]
    if back:
        rows = rows[::-1]
    width = len(keys)
    ends = [list(row[-width:]) for row in rows]
    return Page(
        rows=_without_keys(rows, width),
        next=_write(ends[-1], back=False) if rows and (more or back) else None,
        previous=_write(ends[0], back=True) if rows and (more if back else cursor is not None) else None,
    )


def _without_keys(rows: Sequence[Row[Any]], width: int) -> list[Any]:
    """The rows as the select asked for them: the last columns are ours."""
    if not rows or len(rows[0]) == width + 1:
        return [row[0] for row in rows]
    make = result_tuple([str(name) for name in rows[0]._mapping][:-width])
    return [make(row[:-width]) for row in rows]


def _beyond(keys: Sequence[Key], cursor: _Cursor) -> ColumnElement[bool]:
    """The rows on the other side of the edge: the first key beyond it, or that key equal and the next beyond it."""
    if len({key.descending for key in keys}) == 1:
        return _all_one_way(keys, cursor)
    ways: list[ColumnElement[bool]] = []
    same: list[ColumnElement[bool]] = []
    for key, value in zip(keys, cursor.values, strict=True):
        ways.append(and_(*same, _further(key, value, back=cursor.back)))
        same.append(key.column == value)
    return or_(false(), *ways)


def _all_one_way(keys: Sequence[Key], cursor: _Cursor) -> ColumnElement[bool]:
    """A row comparison, which one index over the keys answers."""
    here, edge = tuple_(*(key.column for key in keys)), tuple_(*cursor.values)
    beyond: ColumnElement[bool] = here < edge if keys[0].descending != cursor.back else here > edge
    return beyond


def _further(key: Key, value: Any, *, back: bool) -> ColumnElement[bool]:
    further: ColumnElement[bool] = key.column < value if key.descending != back else key.column > value
    return further


def _write(values: list[Any], *, back: bool) -> str:
    words = json.dumps([back, *map(_packed, values)], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def _packed(value: Any) -> Any:
    for name, made in (("datetime", datetime), ("date", date), ("uuid", UUID), ("decimal", Decimal)):
        if isinstance(value, made):
            return {name: value.isoformat() if isinstance(value, date) else str(value)}
    return value


def _read(words: str, keys: Sequence[Key]) -> _Cursor:
    try:
        held = json.loads(base64.b64decode(words + "=" * (-len(words) % 4), altchars=b"-_", validate=True))
        back, *values = held
        cursor = _Cursor([_unpacked(value) for value in values], back)
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        raise Invalid(N_("This page mark is not one of ours. Start again at the first page."), field="after") from error
    if not isinstance(back, bool) or len(values) != len(keys) or not all(map(_fits, keys, cursor.values)):
        raise Invalid(N_("This page mark is not one of this list. Start again at the first page."), field="after")
    return cursor


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        ((name, written),) = value.items()
        return _MADE_OF[name](written)
    return value


def _fits(key: Key, value: Any) -> bool:
    """Whether the value is of the column's kind; the database would refuse another with words for programmers."""
    kind = key.column.type.python_type
    if kind is int:
        return type(value) is int and abs(value) < 2**63
    if kind is str:
        return isinstance(value, str) and not _UNKEEPABLE.search(value)
    return type(value) is kind
