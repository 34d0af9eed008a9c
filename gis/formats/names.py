"""Names as a page can show them: without what cannot be seen, on one line, and no longer than a name is."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Sequence

from gis.errors import N_
from gis.formats import kinds
from gis.formats.rows import LONGEST, RawRow

_BREAKS = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
#: Unicode's categories of what is not drawn: control characters, and those that only steer how others are (the
#: direction of writing, joiners, byte order marks).
_UNSEEN = frozenset({"Cc", "Cf"})
_TAKEN_OUT = N_("Invisible characters (control, direction of writing) were taken out of the name.")
_ONE_LINE = N_("Line breaks and tabs in the name became spaces.")
_CUT = N_("The name was longer than {most} characters; only its first {most} were kept.")


def with_plain_names(rows: Sequence[RawRow]) -> list[RawRow]:
    """The rows, read by their names made plain, with a note where that changed one; what they said stays in tags."""
    return [_with_plain_names(row) for row in rows]


def plain(words: str) -> tuple[str, tuple[str, ...]]:
    """A name as it can be shown, and what was done to it: templates with ``most``."""
    trimmed = words.strip()
    spaced = _BREAKS.sub(" ", trimmed)
    seen = "".join(sign for sign in spaced if unicodedata.category(sign) not in _UNSEEN)
    cut = seen.strip()[:LONGEST].rstrip()
    done = ((spaced != trimmed, _ONE_LINE), (seen != spaced, _TAKEN_OUT), (len(seen.strip()) > LONGEST, _CUT))
    return cut, tuple(note for changed, note in done if changed)


def _with_plain_names(row: RawRow) -> RawRow:
    made = {column: plain(row.words[column]) for column in kinds.NAME if column in row.words}
    noted = tuple((column, note) for column, (_, notes) in made.items() for note in notes)
    if not noted:
        return row
    return dataclasses.replace(
        row, read={**row.words, **{column: name for column, (name, _) in made.items()}}, noted=noted
    )
