"""What is said of a row of a survey file beyond its reading."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.base.errors import N_

#: A duplicate, by what is known of the one that was there: its name, and the row of the file that brought it.
KNOWN = N_("Already in the register.")
KNOWN_NAME = N_("{name} is in the register already.")
KNOWN_ROW = N_("In the register already, from row {row} of {source}.")
KNOWN_NAME_ROW = N_("{name} is in the register already, from row {row} of {source}.")
REPEATED = N_("Same place and name as {original}.")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a row beyond its reading: a message template, its values, and the column at fault."""

    reason: str
    values: dict[str, object] = field(default_factory=dict)
    field: str | None = None


def known_as(name: str | None, *, source: str | None = None, row: int | None = None, **link: object) -> Said:
    """What is said of a duplicate of something with that name, if any, from that row of that file, where that is known.

    ``link``: ``segment``, ``division`` or ``intake`` (uid), from which the page makes the way to it.
    """
    values = {"name": name, "source": source, "row": row, **link}
    told = {key: value for key, value in values.items() if value is not None}
    if source is None or row is None:
        return Said(KNOWN_NAME if name else KNOWN, told)
    return Said(KNOWN_NAME_ROW if name else KNOWN_ROW, told)
