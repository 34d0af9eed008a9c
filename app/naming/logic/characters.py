"""Which characters a name may be written in: the 8,105 of the 通用规范汉字表, its third level with a warning.

Latin letters, Arabic digits, blanks, control characters, punctuation, symbols (emoji among them) and traditional
forms are told apart, because each has its own remedy.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from app.naming.logic import numerals, tables

RARE_LEVEL = 3
#: Blanks of no width, which Unicode counts among the formats.
_UNSEEN_BLANKS = frozenset("\u200b\u2060\ufeff")
#: Categories of what cannot be seen by itself: controls, formats, halves of pairs, marks.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Mn", "Me"})


class Flaw(StrEnum):
    """What is wrong with a character."""

    LATIN = "latin"
    DIGIT = "digit"
    BLANK = "blank"
    CONTROL = "control"  # what no page shows: control characters, and marks that belong to another character
    PUNCTUATION = "punctuation"
    SYMBOL = "symbol"  # signs and emoji
    TRADITIONAL = "traditional"
    OUTSIDE = "outside"  # a Chinese character that is not in the table
    RARE = "rare"  # in the third level of the table


@dataclass(frozen=True, slots=True)
class Flawed:
    """One character at fault, where it stands (from 0), and what to write instead (empty: not known)."""

    character: str
    at: int
    flaw: Flaw
    instead: str = ""


@dataclass(frozen=True, slots=True)
class CharacterTable:
    """The table of standard characters by level, and the simplified form of each traditional one."""

    levels: Mapping[str, int]
    simplified: Mapping[str, str]


@cache
def default_table() -> CharacterTable:
    """The table as published in 2013; read once."""
    levels = {character: int(row["level"]) for row in tables.rows("characters") for character in row["characters"]}
    simplified = {row["traditional"]: row["simplified"] for row in tables.rows("traditional")}
    return CharacterTable(levels, simplified)


def level_of(character: str, table: CharacterTable | None = None) -> int | None:
    """1 common, 2 less common, 3 rare; ``None``: not a standard character."""
    return (table or default_table()).levels.get(character)


def flaws(words: str, table: CharacterTable | None = None) -> tuple[Flawed, ...]:
    """Everything in the words that is not a plain standard character, in the order it stands there."""
    known = table or default_table()
    found = (_flaw(character, at, known) for at, character in enumerate(words))
    return tuple(each for each in found if each is not None)


def all_chinese(words: str) -> bool:
    """Whether the words are Chinese characters only, standard or not."""
    return bool(words) and all(_is_chinese(character) for character in words)


def _flaw(character: str, at: int, table: CharacterTable) -> Flawed | None:
    level = table.levels.get(character)
    if level is not None:
        return Flawed(character, at, Flaw.RARE) if level == RARE_LEVEL else None
    if character in table.simplified:
        return Flawed(character, at, Flaw.TRADITIONAL, table.simplified[character])
    plain = unicodedata.normalize("NFKC", character)
    if plain.isdecimal():
        return Flawed(character, at, Flaw.DIGIT, numerals.chinese(int(plain)))
    return Flawed(character, at, _kind_of(plain), plain if plain in table.levels else "")


def _kind_of(plain: str) -> Flaw:
    if not plain.strip() or plain in _UNSEEN_BLANKS:
        return Flaw.BLANK
    if _is_chinese(plain):
        return Flaw.OUTSIDE
    category = unicodedata.category(plain[0])
    if category in _UNSEEN:
        return Flaw.CONTROL
    if category.startswith("P"):
        return Flaw.PUNCTUATION
    return Flaw.LATIN if plain[0].isalpha() else Flaw.SYMBOL


def _is_chinese(character: str) -> bool:
    name = unicodedata.name(character[0], "")
    return name.startswith(("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH")) or character == "〇"
