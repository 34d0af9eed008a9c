"""How the entries of a list are told: in the reader's words, on pages and in files."""

from __future__ import annotations

from typing import Any

from app.base.errors import N_
from app.base.request import Answer
from app.naming.logic.entries import Field, Form, ListKind
from app.naming.models import ListEntry

#: Two columns of metres that a list shows as one.
RANGES = {
    "width_from_m": (N_("Width (m)"), "width_to_m"),
    "length_from_m": (N_("Length (m)"), "length_to_m"),
}


def shown(show: Answer, kind: ListKind) -> list[tuple[str, str, str]]:
    """The columns of a list's table: key, title, form; a least and a most stand in one."""
    ends = {end for _, end in RANGES.values()}
    return [
        (each.key, show.text(RANGES[each.key][0] if each.key in RANGES else each.title), each.form.value)
        for each in kind.fields
        if each.key not in ends
    ]


def told(show: Answer, kind: ListKind, found: ListEntry, key: str) -> str:
    """What an entry says in a column of :func:`shown`."""
    if key not in RANGES:
        return said(show, found, kind.by_key[key])
    low, high = figure(getattr(found, key)), figure(getattr(found, RANGES[key][1]))
    return f"{low}–{high}" if low and high else f"≥ {low}" if low else f"≤ {high}" if high else ""


def said(show: Answer, found: ListEntry, column: Field) -> str:
    """A value in the reader's words, as files have it too."""
    value = getattr(found, column.key)
    if column.form is Form.YES:
        return show.text(N_("yes")) if value else show.text(N_("no"))
    if column.form is Form.CHOICE:
        return show.text(column.choices[value]) if value in column.choices else str(value or "")
    return figure(value)


def figure(value: Any) -> str:
    """A text or a figure as a cell has it."""
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def capital(words: str) -> str:
    """A list's name as a heading."""
    return words[:1].upper() + words[1:]
