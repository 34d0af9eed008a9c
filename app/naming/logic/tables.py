"""Reads the small tables that ship with the program. Callers may pass tables of their own instead.

Later these tables are rows that the bureau edits; whoever loads them hands the same plain values to the core.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

Row = dict[str, str]


@cache
def rows(name: str) -> tuple[Row, ...]:
    """All rows of ``app/naming/data/<name>.csv``, by column title, as text. Read once; do not change them."""
    text = (files("app.naming") / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def number(text: str) -> float | None:
    """A figure, or ``None`` where the table leaves it open."""
    return float(text) if text else None


def yes(text: str) -> bool:
    """The table's way to say so."""
    return text == "yes"
