"""What a rule gets to see: the name, its parts, its spelling, the street, the lists and the neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.base.errors import N_, Invalid
from app.naming.logic.characters import all_chinese
from app.naming.logic.findings import Level
from app.naming.logic.latin import Latin, sound_key, spell
from app.naming.logic.lists import Lists, default_lists
from app.naming.logic.parts import Parts, split_name, written_name
from app.naming.logic.readings import Readings, default_readings
from app.naming.logic.shapes import StreetShape


class Scope(StrEnum):
    """The smallest area that the two names share."""

    VILLAGE = "village"
    TOWN = "town"
    COUNTY = "county"


class Standing(StrEnum):
    """What the other name is at present."""

    IN_FORCE = "in_force"
    IN_USE = "in_use"  # what the survey found people call it
    PROPOSED = "proposed"
    RETIRED = "retired"


class Same(StrEnum):
    """How alike two names are, the nearest first."""

    TEXT = "text"
    TONED = "toned"
    TONELESS = "toneless"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A name nearby, as the caller's query found it. ``latin`` is its toned spelling; empty: spelled here."""

    name: str
    latin: str
    scope: Scope
    where: str
    office: str = ""
    state: Standing = Standing.IN_FORCE


LONGEST = 9
"""A plate of the usual sizes shows names of 2 to 9 characters readably (our reading, from no regulation; a setting)."""

SameLevels = Mapping[tuple[Same, Scope], Level | None]

DEFAULT_SAME_LEVELS: SameLevels = {
    (Same.TEXT, Scope.VILLAGE): Level.ERROR,
    (Same.TEXT, Scope.TOWN): Level.WARNING,
    (Same.TEXT, Scope.COUNTY): Level.NOTE,
    (Same.TONED, Scope.VILLAGE): Level.WARNING,
    (Same.TONED, Scope.TOWN): Level.WARNING,
    (Same.TONED, Scope.COUNTY): Level.NOTE,
    (Same.TONELESS, Scope.VILLAGE): Level.WARNING,
    (Same.TONELESS, Scope.TOWN): Level.NOTE,
    (Same.TONELESS, Scope.COUNTY): None,
}
"""Until the bureau has said what a built-up area is for villages; ``None``: say nothing."""


@dataclass(frozen=True, slots=True)
class NameContext:
    """Everything around a name. ``neighbours`` is ``None`` where nobody has looked for any.

    ``division`` and ``latin`` are what a person has confirmed: ``东四/12/条``, ``Dōngsì 12 Tiáo``.
    """

    shape: StreetShape | None = None
    lists: Lists = field(default_factory=default_lists)
    neighbours: tuple[Neighbour, ...] | None = None
    same_levels: SameLevels = field(default_factory=lambda: DEFAULT_SAME_LEVELS)
    longest: int = LONGEST
    readings: Readings = field(default_factory=default_readings)
    division: str = ""
    latin: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """One name under examination. ``sound`` is empty where the name cannot be spelled."""

    words: str
    parts: Parts
    sound: str
    context: NameContext

    @property
    def lists(self) -> Lists:
        """The lists to compare with."""
        return self.context.lists


def subject(words: str, context: NameContext) -> Subject:
    """Take the name apart and spell it, once for all rules. Refuses the division of another name."""
    if context.division and written_name(context.division) != words:
        raise Invalid(
            N_("The division “{division}” does not spell the name “{words}”."),
            field="division",
            division=context.division,
            words=words,
        )
    parts = split_name(
        context.division or words.replace("/", ""), generics=context.lists.generics, divisions=context.lists.divisions
    )
    sound = sound_key(context.latin) if context.latin else spoken(context.division or words, context)
    return Subject(words, parts, sound, context)


def spelled_by(name: str, context: NameContext) -> Latin:
    """A name as the lists of the context spell it."""
    lists = context.lists
    return spell(name, readings=context.readings, generics=lists.generics, divisions=lists.divisions)


def spoken(name: str, context: NameContext) -> str:
    """The toned sound of a name, or nothing where a character has no reading."""
    if not all_chinese(written_name(name)):
        return ""
    try:
        return spelled_by(name, context).sound
    except Invalid:
        return ""
