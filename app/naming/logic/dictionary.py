"""The dictionary of readings (pypinyin). Its phrases take a while to load: whoever spells the first name waits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache


def is_phrase(words: str) -> bool:
    """Whether the dictionary knows these characters as one phrase."""
    return words in _phrases()


def spoken(words: str) -> list[str]:
    """The reading of each character, with tone marks, as the phrase has it."""
    from pypinyin import Style, pinyin

    return [each[0] for each in pinyin(words, style=Style.TONE)]


def every_reading(character: str) -> list[str]:
    """All readings of one character with tone marks, the usual one first; none where it is not known."""
    from pypinyin import Style, pinyin

    found: list[list[str]] = pinyin(character, style=Style.TONE, heteronym=True, errors="ignore")
    return [each for row in found for each in row]


@cache
def _phrases() -> Mapping[str, object]:
    from pypinyin.constants import PHRASES_DICT

    return PHRASES_DICT
