"""A name in Latin letters, by the 1984 rules for place names: toned, plain, and in capitals for signs.

The dictionary gives syllables only. Division into words, digits, apostrophes, the r of 儿 and the neutral
tone of generics are decided here. Every choice that a person might make otherwise is listed as a doubt.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from app.base.errors import N_
from app.naming.logic import numerals
from app.naming.logic.parts import Generic, Kind, Parts, Role, Word, split_name
from app.naming.logic.readings import LOCAL, Readings, Spoken, default_readings, read

TONE_MARKS = frozenset("\u0300\u0301\u0304\u030c")
VOWELS = frozenset("aoe")
SPOKEN_DIGITS = {
    **dict(zip(numerals.DIGITS, ("líng", "yī", "èr", "sān", "sì", "wǔ", "liù", "qī", "bā", "jiǔ"), strict=True)),
    "〇": "líng",
    "十": "shí",
    "百": "bǎi",
    "千": "qiān",
}

AS_DIGITS = N_("written in digits as an ordinal; a numeral that belongs to the word is spelled out")
AS_WORD = N_("spelled out as part of the word; an ordinal is written in digits")
MODIFIER = N_("“{modifiers}” is taken as joined to the generic")


class DoubtKind(StrEnum):
    """What a doubt is about."""

    READING = "reading"
    NUMERAL = "numeral"
    DIVISION = "division"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A choice made by default. With ``must_confirm`` a person says yes before the name may be decided."""

    kind: DoubtKind
    text: str
    chosen: str
    others: tuple[str, ...]
    reason: str
    values: Mapping[str, str] = field(default_factory=dict)
    must_confirm: bool = True

    def say(self) -> str:
        """The reason in English."""
        return self.reason.format(**self.values)


@dataclass(frozen=True, slots=True)
class Latin:
    """The three spellings, the syllables they are made of (a line may break between them), and the doubts."""

    toned: str
    plain: str
    sign: str
    syllables: tuple[tuple[str, ...], ...]
    doubts: tuple[Doubt, ...]
    parts: Parts

    @property
    def sound(self) -> str:
        """What is compared to find names of the same toned sound."""
        return sound_key(self.toned)

    @property
    def must_confirm(self) -> bool:
        """Whether a person has to look at a doubt."""
        return any(doubt.must_confirm for doubt in self.doubts)


def spell(
    name: str,
    *,
    kind: Kind = Kind.STREET,
    readings: Readings | None = None,
    generics: tuple[Generic, ...] | None = None,
    divisions: Mapping[str, str] | None = None,
) -> Latin:
    """Spell a name. ``/`` and digits in it are an explicit division: ``后赵家楼/胡同``, ``东四/12/条``."""
    known = default_readings() if readings is None else readings
    parts = split_name(name, kind=kind, generics=generics, divisions=divisions)
    spoken = _whole(parts, known) or tuple(_word(word, parts, known) for word in parts.words)
    syllables = tuple(_syllables(word, pieces) for word, pieces in zip(parts.words, spoken, strict=True))
    toned = " ".join(_joined(word).capitalize() for word in syllables)
    plain = without_tones(toned)
    doubts = (*_reading_doubts(parts, spoken), *_numeral_doubts(parts), *_division_doubts(parts))
    return Latin(toned, plain, plain.upper(), syllables, doubts, parts)


@lru_cache(maxsize=65_536)
def without_tones(toned: str) -> str:
    """Tone marks off; the two dots of ü stay."""
    spread = unicodedata.normalize("NFD", toned)
    return unicodedata.normalize("NFC", "".join(each for each in spread if each not in TONE_MARKS))


@lru_cache(maxsize=65_536)
def sound_key(toned: str) -> str:
    """What a spelling sounds like, whatever its division: ``2 Mǎlù`` and ``Èr Mǎlù`` are the same."""
    return _joined(spoken for token in re.split(r"[\s-]+", toned.casefold()) for spoken in _said(token))


def toneless_key(toned: str) -> str:
    """The same without tones."""
    return without_tones(sound_key(toned))


def _said(token: str) -> tuple[str, ...]:
    if not token.isdecimal():
        return (token,) if token else ()
    return tuple(SPOKEN_DIGITS[each] for each in numerals.chinese(int(token)))


def _whole(parts: Parts, readings: Readings) -> tuple[tuple[Spoken, ...], ...]:
    """The words of a name that the local table knows as a whole: 单/县, where 单 alone would not be found."""
    known = readings.phrases.get(parts.name)
    if known is None or len(parts.words) == 1:
        return ()
    ends = list(itertools.accumulate(len(word.text) for word in parts.words))
    cuts = zip([0, *ends], ends, strict=False)
    first, *rest = (
        Spoken(parts.name[start:end], known.syllables[start:end], reason=LOCAL, values={"reason": known.reason})
        for start, end in cuts
    )
    return ((replace(first, others=known.others, confirm=known.confirm),), *((each,) for each in rest))


def _word(word: Word, parts: Parts, readings: Readings) -> tuple[Spoken, ...]:
    if word.role is Role.NUMBER:
        return ()
    generic = parts.generic
    if word.role is Role.GENERIC and generic is not None and generic.latin:
        before = read(word.text.removesuffix(generic.words), readings)
        return (*before, Spoken(generic.words, generic.latin))
    return read(word.text, readings)


def _syllables(word: Word, pieces: tuple[Spoken, ...]) -> tuple[str, ...]:
    if word.role is Role.NUMBER:
        ordinal = numerals.value(word.text.removeprefix("第"))
        return (f"dì-{ordinal}",) if word.text.startswith("第") else (str(ordinal),)
    return tuple(syllable for piece in pieces for syllable in piece.syllables)


def _joined(syllables: Iterable[str]) -> str:
    """R11: an apostrophe before a syllable that begins with a, o or e inside a word."""
    written = ""
    for syllable in syllables:
        opens = without_tones(syllable)[:1] in VOWELS
        written += f"'{syllable}" if written and opens else syllable
    return written


def _reading_doubts(parts: Parts, spoken: tuple[tuple[Spoken, ...], ...]) -> tuple[Doubt, ...]:
    of_specific = (
        piece
        for word, pieces in zip(parts.words, spoken, strict=True)
        if word.role is not Role.GENERIC
        for piece in pieces
    )
    return tuple(
        Doubt(
            kind=DoubtKind.READING,
            text=piece.text,
            chosen=" ".join(piece.syllables),
            others=piece.others,
            reason=piece.reason,
            values=piece.values,
            must_confirm=piece.confirm,
        )
        for piece in of_specific
        if piece.others or piece.confirm
    )


def _numeral_doubts(parts: Parts) -> tuple[Doubt, ...]:
    """No pattern tells digits from words: a person confirms each, unless the caller has divided it."""
    found = (numerals.runs(word.text) if word.role is Role.SPECIFIC else (word.text,) for word in parts.words)
    return tuple(
        _numeral_doubt(run, as_digits=word.role is Role.NUMBER, must_confirm=parts.divided_by != "caller")
        for word, runs in zip(parts.words, found, strict=True)
        if word.role is not Role.GENERIC
        for run in runs
    )


def _numeral_doubt(run: str, *, as_digits: bool, must_confirm: bool) -> Doubt:
    numeral = run.removeprefix("第")
    spelled, digits = _joined(SPOKEN_DIGITS[each] for each in numeral), str(numerals.value(numeral))
    chosen, other = (digits, spelled) if as_digits else (spelled, digits)
    reason = AS_DIGITS if as_digits else AS_WORD
    return Doubt(DoubtKind.NUMERAL, run, chosen, (other,), reason, must_confirm=must_confirm)


def _division_doubts(parts: Parts) -> tuple[Doubt, ...]:
    if not parts.modifiers or parts.divided_by != "pattern":
        return ()
    chosen = "/".join(word.text for word in parts.words)
    other = f"{parts.specific}{parts.modifiers}/{parts.generic.words if parts.generic else ''}"
    values = {"modifiers": parts.modifiers}
    return (Doubt(DoubtKind.DIVISION, parts.name, chosen, (other,), MODIFIER, values, must_confirm=False),)
