"""How each character of a name is read, and how sure we are.

Order of trust: a surname in the pattern X家…, the local table of readings, a phrase of the dictionary, the
usual reading of the character in place names, the dictionary's first reading. Nothing here changes the
dictionary of the running process: local readings are laid over its answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

from app.base.errors import N_, Invalid
from app.naming.logic import tables
from app.naming.logic.dictionary import every_reading, is_phrase, spoken

TONES = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜḿńňǹ"
LONGEST_PHRASE = 10
SURNAME_PREFIXES = frozenset("大小前后东西南北中老新上下")
SETTLEMENT_ENDINGS = frozenset("庄村屯楼集店营寨堂桥坊洼庙铺沟院")

SURNAME = N_("read as a surname")
SURNAME_LIKELY = N_("read as a surname, because a word for a settlement follows")
PHRASE = N_("the dictionary's reading in “{phrase}”")
NEUTRAL = N_("the dictionary's reading in “{phrase}” has a neutral tone")
USUAL = N_("the usual reading in place names")
FIRST = N_("the dictionary's first reading; no phrase settles it")
RETRACTED = N_("written 儿 is spelled r at the end of a syllable")
LOCAL = N_("local table: {reason}")


@dataclass(frozen=True, slots=True)
class Reading:
    """One entry of the table of local readings. ``confirm`` keeps asking until the bureau has signed it."""

    words: str
    syllables: tuple[str, ...]
    others: tuple[str, ...] = ()
    confirm: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Surname:
    """A character that is read otherwise when it is a surname."""

    reading: str
    others: tuple[str, ...] = ()
    confirm: bool = False


@dataclass(frozen=True, slots=True, eq=False)  # one of a kind: found again by identity
class Readings:
    """All that is known locally about readings: a plain value, from the shipped tables or the bureau's."""

    phrases: Mapping[str, Reading] = field(default_factory=dict)
    surnames: Mapping[str, Surname] = field(default_factory=dict)
    usual: Mapping[str, str] = field(default_factory=dict)
    polyphones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spoken:
    """Some characters in a row, how they are read, and whether a person must confirm it."""

    text: str
    syllables: tuple[str, ...]
    others: tuple[str, ...] = ()
    confirm: bool = False
    reason: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@cache
def default_readings() -> Readings:
    """The tables that ship with the program, read once."""
    return Readings(
        phrases={row["words"]: _reading(row) for row in tables.rows("readings")},
        surnames={
            row["character"]: Surname(row["reading"], tuple(row["others"].split("|")), tables.yes(row["confirm"]))
            for row in tables.rows("surnames")
        },
        usual={row["character"]: row["reading"] for row in tables.rows("usual")},
        polyphones={row["character"]: tuple(row["readings"].split()) for row in tables.rows("polyphones")},
    )


@lru_cache(maxsize=65_536)  # a city has a hundred thousand names made of a few thousand words
def read(text: str, readings: Readings) -> tuple[Spoken, ...]:
    """One word of a name, piece by piece. A character without any reading is refused."""
    return tuple(_merge_retracted(_pieces(text, readings)))


def _reading(row: tables.Row) -> Reading:
    others = tuple(each for each in row["others"].split("|") if each)
    return Reading(row["words"], tuple(row["reading"].split()), others, tables.yes(row["confirm"]), row["reason"])


def _pieces(text: str, readings: Readings) -> Iterator[Spoken]:
    at = 0
    while at < len(text):
        piece = _surname(text, at, readings) or _phrase(text, at, readings) or _single(text, at, readings)
        yield piece
        at += len(piece.text)


def _surname(text: str, at: int, readings: Readings) -> Spoken | None:
    known = readings.surnames.get(text[at])
    if known is None or not set(text[:at]) <= SURNAME_PREFIXES:
        return None
    following = text[at + 1 : at + 2]
    if following == "家" and text[at + 2 : at + 3] != "园":
        return Spoken(text[at], (known.reading,), known.others, known.confirm, SURNAME)
    pair = text[max(at - 1, 0) : at + 1]
    a_word = pair in readings.phrases or is_phrase(pair)
    if following in SETTLEMENT_ENDINGS and (not a_word or at == 0):
        return Spoken(text[at], (known.reading,), known.others, confirm=True, reason=SURNAME_LIKELY)
    return None


def _phrase(text: str, at: int, readings: Readings) -> Spoken | None:
    surname_at = _next_surname(text, at, readings)
    for length in range(min(LONGEST_PHRASE, len(text) - at, surname_at - at), 1, -1):
        words = text[at : at + length]
        if words in readings.phrases:
            return _local(readings.phrases[words])
        if is_phrase(words):
            return _dictionary(words, at, readings)
    return None


def _next_surname(text: str, at: int, readings: Readings) -> int:
    """Where the next surname stands: no phrase may swallow it (后赵 is a dynasty, 后赵家 is not)."""
    later = (each for each in range(at + 1, len(text)) if _surname(text, each, readings))
    return next(later, len(text))


def _local(known: Reading) -> Spoken:
    return Spoken(known.words, known.syllables, known.others, known.confirm, LOCAL, {"reason": known.reason})


def _dictionary(words: str, at: int, readings: Readings) -> Spoken:
    syllables = tuple(spoken(words))
    if at == 0 and is_neutral(syllables[0]):
        syllables = (_toned(words[0], readings), *syllables[1:])
    others = tuple(f"{each} {'/'.join(readings.polyphones[each])}" for each in words if each in readings.polyphones)
    if any(is_neutral(each) for each in syllables):
        return Spoken(words, syllables, others, confirm=True, reason=NEUTRAL, values={"phrase": words})
    return Spoken(words, syllables, others, reason=PHRASE, values={"phrase": words})


def _single(text: str, at: int, readings: Readings) -> Spoken:
    character = text[at]
    if character == "儿" and at > 0:
        return Spoken("儿", ("r",), ("ér",), confirm=True, reason=RETRACTED)
    if character in readings.phrases:
        return _local(readings.phrases[character])
    if character in readings.usual:
        return Spoken(character, (readings.usual[character],), _others(character, readings), reason=USUAL)
    chosen = _toned(character, readings)
    others = tuple(each for each in _others(character, readings) if each != chosen)
    return Spoken(character, (chosen,), others, confirm=bool(others), reason=FIRST)


def _others(character: str, readings: Readings) -> tuple[str, ...]:
    chosen = readings.usual.get(character)
    return tuple(each for each in readings.polyphones.get(character, ()) if each != chosen)


def _toned(character: str, readings: Readings) -> str:
    """The first reading with a tone: a neutral tone neither begins a name nor stands alone."""
    known = every_reading(character) or list(readings.polyphones.get(character, ()))
    if not known:
        raise Invalid(
            N_("No reading of “{character}” is known, so nobody can let it stand: use a standard character."),
            character=character,
        )
    return next((each for each in known if not is_neutral(each)), known[0])


def is_neutral(syllable: str) -> bool:
    """No tone mark on it."""
    return not set(syllable) & set(TONES)


def _merge_retracted(pieces: Iterator[Spoken]) -> Iterator[Spoken]:
    """R12: the r of 儿 belongs to the syllable before it."""
    last: Spoken | None = None
    for piece in pieces:
        if piece.syllables != ("r",) or last is None:
            if last is not None:
                yield last
            last = piece
            continue
        joined = (*last.syllables[:-1], last.syllables[-1] + "r")
        last = Spoken(last.text + piece.text, joined, piece.others, piece.confirm, piece.reason, piece.values)
    if last is not None:
        yield last
