"""What an entry of a list may say: plain values by column, read from what was written, and written again.

All lists share the columns of the table of entries; each uses some of them (:mod:`app.naming.logic.kinds`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.base.errors import N_, Invalid
from app.naming.logic import numerals
from app.naming.logic.characters import all_chinese
from app.naming.logic.readings import TONES

Values = dict[str, Any]
LONGEST_WORDS, LONGEST_TEXT = 40, 400
WIDEST_M = 100_000.0
_SYLLABLE = re.compile(f"[a-züê{TONES}]{{1,7}}")
_YES, _NO = frozenset({"yes", "y", "1", "true", "t"}), frozenset({"", "no", "n", "0", "false", "f"})


class Form(StrEnum):
    """How a column is written."""

    TEXT = "text"
    LONG = "long"
    METRES = "metres"
    YES = "yes"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a list: its key in the table of entries, its title, how it is written.

    ``choices`` by value; ``shipped`` is what the shipped table calls the column, where otherwise than ``key``.
    """

    key: str
    title: str
    form: Form = Form.TEXT
    choices: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    hint: str = ""
    shipped: str = ""


@dataclass(frozen=True, slots=True)
class ListKind:
    """One list: its key, title and purpose, the rules that read it, its columns, and where its first words are from.

    ``tables`` are the shipped tables; the words of ``without`` are none of it and start as withdrawn.
    """

    key: str
    title: str
    about: str
    rules: tuple[str, ...]
    fields: tuple[Field, ...]
    source: str
    tables: tuple[str, ...]
    without: str = ""
    licence: str = ""
    refuse: Callable[[Values], None] = field(default=lambda _: None)

    @property
    def by_key(self) -> Mapping[str, Field]:
        """The columns by their keys."""
        return {each.key: each for each in self.fields}


def values_of(kind: ListKind, cells: Mapping[str, str]) -> Values:
    """An entry as its columns were written, by key → its values; columns that are not there are empty.

    Raises Invalid naming the column for what is missing, too long or not of its form, or what the list refuses.
    """
    values = {each.key: _value(each, " ".join(cells.get(each.key, "").split())) for each in kind.fields}
    if len(values["words"]) > LONGEST_WORDS or set(values["words"]) & set(" /|"):
        raise Invalid(
            N_("Words have no blanks and strokes, and at most {most} characters."), field="words", most=LONGEST_WORDS
        )
    kind.refuse(values)
    return values


def _value(column: Field, written: str) -> Any:
    if column.required and not written:
        raise Invalid(N_("“{title}” must not be empty."), field=column.key, title=column.title)
    if len(written) > LONGEST_TEXT:
        raise Invalid(N_("“{title}” is too long."), field=column.key, title=column.title)
    if column.form is Form.METRES:
        return _metres(column, written)
    if column.form is Form.YES:
        return _yes(column, written)
    if column.form is Form.CHOICE:
        if written and written not in column.choices:
            raise Invalid(
                N_("“{written}” is none of the values of “{title}”."),
                field=column.key,
                written=written,
                title=column.title,
            )
        return written or (None if column.key in {"level", "axis"} else "")
    return written


def _yes(column: Field, written: str) -> bool:
    if written.lower() in _YES or written.lower() in _NO:
        return written.lower() in _YES
    raise Invalid(N_("Write yes or no in “{title}”."), field=column.key, title=column.title)


def _metres(column: Field, written: str) -> float | None:
    if not written:
        return None
    try:
        found = float(written)
    except ValueError:
        found = -1.0
    if not 0 <= found <= WIDEST_M:
        raise Invalid(N_("Write metres as a number in “{title}”."), field=column.key, title=column.title)
    return found


def written_values(kind: ListKind, values: Mapping[str, Any]) -> dict[str, str]:
    """Values as :func:`values_of` reads them."""
    return {each.key: _written(values.get(each.key)) for each in kind.fields}


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _parts(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(each for each in str(values.get(key) or "").split("|") if each)


def refuse_reading(values: Values) -> None:
    """One syllable a character, in it and in each of the others."""
    _require_chinese(values)
    for key, reading in (("spelling", values["spelling"]), *(("others", each) for each in _parts(values, "others"))):
        syllables = reading.split()
        if len(syllables) != len(values["words"]) or not all(_SYLLABLE.fullmatch(each) for each in syllables):
            raise Invalid(
                N_("“{reading}” is no reading of “{words}”: write one syllable a character, with tone marks."),
                field=key,
                reading=reading,
                words=values["words"],
            )


def refuse_character(values: Values) -> None:
    if len(values["words"]) != 1:
        raise Invalid(N_("Write one character."), field="words")
    refuse_reading(values)


def refuse_polyphone(values: Values) -> None:
    _require_chinese(values)
    if len(values["words"]) != 1:
        raise Invalid(N_("Write one character."), field="words")
    readings = values["spelling"].split()
    if len(readings) < 2 or len(set(readings)) < len(readings):  # noqa: PLR2004 - of several readings
        raise Invalid(N_("Write at least two readings with a blank between them."), field="spelling")


def refuse_generic(values: Values) -> None:
    refuse_reading(values)
    for low, high in (("width_from_m", "width_to_m"), ("length_from_m", "length_to_m")):
        if values[low] is not None and values[high] is not None and values[low] > values[high]:
            raise Invalid(N_("The least is more than the most: no street would fit."), field=high)


def refuse_division(values: Values) -> None:
    """The words again, with / between them; an ordinal may stand in digits."""
    written = re.sub("[0-9]+", lambda run: numerals.chinese(int(run[0])), values["spelling"]).replace("/", "")
    if written != values["words"] or not all(values["spelling"].split("/")):
        raise Invalid(
            N_("“{division}” does not spell “{words}”: write the same characters with / between the words."),
            field="spelling",
            division=values["spelling"],
            words=values["words"],
        )


def refuse_group(values: Values) -> None:
    _require_chinese(values)
    if len(set(values["words"])) < 2 or len(set(values["words"])) < len(values["words"]):  # noqa: PLR2004 - alike
        raise Invalid(N_("Write at least two different characters that look alike, each once."), field="words")


def _require_chinese(values: Values) -> None:
    if not all_chinese(values["words"]):
        raise Invalid(N_("“{words}” is not all Chinese characters."), field="words", words=values["words"])


def refuse_bank(values: Values) -> None:
    _require_chinese(values)
    if not 2 <= len(values["words"]) <= 3:  # noqa: PLR2004 - a generic makes a name of 3 or 4 characters of it
        raise Invalid(N_("A word of the bank has two or three characters."), field="words")
