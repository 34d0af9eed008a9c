"""A name taken apart: specific (专名), generic (通名), and the words it is written in when spelled in Latin.

Word division follows the 1984 rules: R1 specific and generic apart, R2 a modifier of one syllable joined
to the generic, R3 settlements joined, R4 a generic absorbed by the specific, R7 street ordinals in digits.
What no pattern can know is settled by a table of divisions or by the caller, who writes the name with
``/`` between words and with digits where digits are wanted: ``东四/12/条``, ``广渠/南水关/胡同``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from app.base.errors import N_, Invalid
from app.naming.logic import numerals, tables

MODIFIERS = frozenset("东西南北中前后左右大小直")
"""Syllables that R2 joins to the generic."""
OPENERS = frozenset("大小前后直")
"""Modifiers that may stand before the generic even when only a direction is left as the specific: 南/小街."""
COMPOUND = ("东南", "东北", "西南", "西北")
"""Modifiers of two syllables, which R2 writes apart."""
BEFORE_NUMBERED = frozenset("头大小东西南北")


class Kind(StrEnum):
    """What a generic names; it decides how the whole is divided."""

    STREET = "street"
    PLACE = "place"  # a square: divided as a street is
    DIVISION = "division"  # 省 市 县 乡 镇: generic apart
    SETTLEMENT = "settlement"  # a natural village: all in one word


@dataclass(frozen=True, slots=True)
class Generic:
    """One entry of the list of generics, with the size it fits (``None``: no limit)."""

    words: str
    kind: Kind = Kind.STREET
    latin: tuple[str, ...] = ()
    needs_number: bool = False
    width_from_m: float | None = None
    width_to_m: float | None = None
    length_from_m: float | None = None
    length_to_m: float | None = None
    axis: str | None = None  # the course it is for by local rule, as app.naming.logic.shapes.Axis has it


class Role(StrEnum):
    """What a written word does in the name."""

    SPECIFIC = "specific"
    NUMBER = "number"  # an ordinal, written in digits
    GENERIC = "generic"  # with the modifiers joined to it


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the Latin spelling, in characters."""

    text: str
    role: Role = Role.SPECIFIC


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one name; ``generic`` is ``None`` where none of the list was found."""

    specific: str
    modifiers: str
    generic: Generic | None
    words: tuple[Word, ...]
    divided_by: str = field(default="pattern", compare=False)

    @property
    def name(self) -> str:
        """The whole name in characters."""
        return self.specific + self.modifiers + (self.generic.words if self.generic else "")


@cache
def default_generics() -> tuple[Generic, ...]:
    """The generics that ship with the program: a starting list for the bureau to confirm."""
    return tuple(
        Generic(
            words=row["words"],
            kind=Kind(row["kind"]),
            latin=tuple(row["latin"].split()),
            needs_number=tables.yes(row["needs_number"]),
            width_from_m=tables.number(row["width_from_m"]),
            width_to_m=tables.number(row["width_to_m"]),
            length_from_m=tables.number(row["length_from_m"]),
            length_to_m=tables.number(row["length_to_m"]),
        )
        for row in tables.rows("generics")
    )


@cache
def default_divisions() -> dict[str, str]:
    """Names and specifics whose division is known. Treat as read-only."""
    return {row["words"]: row["division"] for row in tables.rows("divisions")}


def split_name(
    name: str,
    *,
    kind: Kind = Kind.STREET,
    generics: tuple[Generic, ...] | None = None,
    divisions: Mapping[str, str] | None = None,
) -> Parts:
    """Take a name apart; ``/`` in it is an explicit division and wins over every pattern."""
    generics = default_generics() if generics is None else generics
    divisions = default_divisions() if divisions is None else divisions
    if "/" in name:
        return _explicit(name, kind=kind, generics=generics, divided_by="caller")
    if "/" in divisions.get(name, ""):
        return _explicit(divisions[name], kind=kind, generics=generics, divided_by="table")
    generic = None if kind is Kind.SETTLEMENT else find_generic(name, kind=kind, generics=generics)
    if generic is None:
        return Parts(name, "", None, (Word(name),) if name else ())
    head = name.removesuffix(generic.words)
    if kind is Kind.DIVISION:
        return Parts(head, "", generic, (Word(head), Word(generic.words, Role.GENERIC)))
    specific, modifiers = _modifiers(head, divisions)
    return Parts(
        specific,
        modifiers,
        generic,
        (*_specific_words(specific, divisions, generics), *_generic_words(modifiers, generic)),
    )


def find_generic(name: str, *, kind: Kind, generics: tuple[Generic, ...]) -> Generic | None:
    """The longest generic of this kind at the end of the name that leaves a specific in front of it."""
    kinds = {kind, Kind.PLACE} if kind is Kind.STREET else {kind}
    fitting = [each for each in generics if each.kind in kinds and _ends_with(name, each)]
    return max(fitting, key=lambda each: len(each.words), default=None)


def written_name(division: str) -> str:
    """The name in characters of an explicit division: ``东四/12/条`` → ``东四十二条``."""
    return re.sub(r"[0-9]+", lambda found: numerals.chinese(int(found[0])), division.replace("/", ""))


def _ends_with(name: str, generic: Generic) -> bool:
    head = name.removesuffix(generic.words)
    if not head or head == name:
        return False
    return not generic.needs_number or head[-1] in BEFORE_NUMBERED or bool(numerals.tail(head))


def _modifiers(head: str, divisions: Mapping[str, str]) -> tuple[str, str]:
    """R2: move modifiers from the end of the head to the generic, as long as a specific is left."""
    specific = head
    while specific not in divisions and _may_move(specific):
        specific = specific[: -2 if specific.endswith(COMPOUND) else -1]
    return specific, head[len(specific) :]


def _may_move(specific: str) -> bool:
    last, rest = specific[-1], specific[:-1]
    if last not in MODIFIERS or not rest:
        return False
    if specific.endswith(COMPOUND):
        return len(specific) - 2 >= 2  # noqa: PLR2004 - a specific of two characters stays whole: 东北路
    return len(rest) >= 2 or (last in OPENERS and rest in MODIFIERS)  # noqa: PLR2004 - 济南路, 山东路 stay whole


def _specific_words(specific: str, divisions: Mapping[str, str], generics: tuple[Generic, ...]) -> tuple[Word, ...]:
    if specific in divisions:
        return tuple(_written(each) for each in divisions[specific].split("/"))
    number = numerals.tail(specific)
    if number:
        before = specific.removesuffix(number)
        if before.endswith("第"):
            return (*_absorbed(before.removesuffix("第"), generics), Word(f"第{number}", Role.NUMBER))
        return (*_absorbed(before, generics), Word(number, Role.NUMBER))
    return _absorbed(specific, generics)


def _absorbed(text: str, generics: tuple[Generic, ...]) -> tuple[Word, ...]:
    """R4: a generic inside the specific stays joined (解放路), unless it has two syllables (包头/胡同)."""
    for each in sorted(generics, key=lambda generic: -len(generic.words)):
        if each.kind is Kind.STREET and len(each.words) > 1 and _ends_with(text, each):
            return (Word(text.removesuffix(each.words)), Word(each.words))
    return (Word(text),) if text else ()


def _generic_words(modifiers: str, generic: Generic) -> tuple[Word, ...]:
    for compound in COMPOUND:
        if modifiers.startswith(compound):
            rest = modifiers.removeprefix(compound) + generic.words
            return (Word(compound), Word(rest, Role.GENERIC))
    return (Word(modifiers + generic.words, Role.GENERIC),)


def _written(word: str) -> Word:
    """A word of an explicit division: with digits in it, it is an ordinal."""
    return Word(written_name(word), Role.NUMBER) if re.search(r"[0-9]", word) else Word(word)


def _explicit(division: str, *, kind: Kind, generics: tuple[Generic, ...], divided_by: str) -> Parts:
    if not all(division.split("/")):
        raise Invalid(
            N_("“{division}” has an empty word: write one / between two words and none at the ends."),
            division=division,
        )
    words = [_written(each) for text in division.split("/") for each in re.split(r"(第?[0-9]+)", text) if each]
    name, last = "".join(each.text for each in words), words[-1].text
    generic = _generic_of(last, name, kind=kind, generics=generics)
    if generic is None:
        return Parts(name, "", None, tuple(words), divided_by)
    words[-1] = Word(last, Role.GENERIC)
    modifiers = last.removesuffix(generic.words)
    specific = name.removesuffix(last)
    return Parts(specific, modifiers, generic, tuple(words), divided_by)


def _generic_of(last: str, name: str, *, kind: Kind, generics: tuple[Generic, ...]) -> Generic | None:
    """The generic of an explicit division stands alone or after modifiers: 路, 后街, 西小巷."""
    generic = find_generic("一" + last, kind=kind, generics=generics)
    if generic is None or name == last or not set(last.removesuffix(generic.words)) <= MODIFIERS:
        return None
    return generic
