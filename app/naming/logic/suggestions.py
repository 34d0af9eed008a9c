"""Names for all streets of a village at once: lawful, unlike each other, one kind of generic per direction.

A suggestion is a default for people to accept or to replace; it says why it was made. The same streets, context and
seed give the same names. Part of the choice is a rule the bureau sets (``NamingRules``), part a bank of words by theme.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from app.base.errors import N_
from app.naming.logic import numerals, tables
from app.naming.logic.checks import NameContext, Neighbour, Scope, Standing, check_name
from app.naming.logic.checks.scale import NEAR_CENTRE_M, fits
from app.naming.logic.checks.subject import spelled_by, spoken
from app.naming.logic.findings import Finding, Level
from app.naming.logic.latin import Latin, toneless_key
from app.naming.logic.parts import Generic, split_name, written_name
from app.naming.logic.shapes import Axis, StreetShape, compass_word

SIDES = ("北", "东", "南", "西")
WORD_LENGTHS = (2, 3)
"""Characters of a word of the bank."""

FOR_FACILITY = N_("“{word}” means {meaning}: chosen because of what stands on the street ({facility}).")
FOR_THEME = N_("“{word}” means {meaning}; theme of the streets that run this way: {theme}.")
FOR_SIDE = N_("The village's name, and where the street lies: {side}.")
FOR_ORDINAL = N_("The village's name and the lane's number, counted from north to south and from west to east.")


@dataclass(frozen=True, slots=True)
class BankWord:
    """One word of the bank; ``facility`` names the kind that it suits."""

    words: str
    theme: str
    meaning: str
    facility: str = ""


@cache
def default_bank() -> tuple[BankWord, ...]:
    """The words that ship with the program."""
    return tuple(
        BankWord(row["words"], row["theme"], row["meaning"], row["facility"]) for row in tables.rows("wordbank")
    )


@dataclass(frozen=True, slots=True)
class NamingRules:
    """Local rules for new names. Narrow or short streets are lanes; the rest bear a generic by their direction."""

    east_west: str = "街"
    north_south: str = "路"
    lane: str = "巷"
    lane_up_to_width_m: float = 4.0
    lane_up_to_length_m: float = 150.0
    number_lanes: bool = True
    themes: tuple[str, ...] = ()  # the preferred themes, in order; none: the seed decides


@dataclass(frozen=True, slots=True)
class VillageContext:
    """The village, what is known around it, and the rules. ``stem`` is its name without 村; empty: not used."""

    stem: str = ""
    where: str = ""
    names: NameContext = field(default_factory=NameContext)
    rules: NamingRules = field(default_factory=NamingRules)
    bank: tuple[BankWord, ...] = field(default_factory=default_bank)
    seed: str = ""
    choices: int = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """One name that passes the checks, how it is spelled, and why it was chosen."""

    name: str
    latin: Latin
    division: str  # handed on to the proposal, so that an ordinal need not be asked about again
    reason: str
    values: Mapping[str, str]
    findings: tuple[Finding, ...]

    def say(self) -> str:
        """The reason in English."""
        return self.reason.format(**self.values)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The names for one street, best first; none where nothing of the bank is left."""

    key: str
    choices: tuple[Choice, ...]

    @property
    def name(self) -> str:
        """The best name, or nothing."""
        return self.choices[0].name if self.choices else ""


@dataclass(frozen=True, slots=True)
class _Idea:
    """A name not yet checked, perhaps divided by ``/``."""

    division: str
    reason: str
    values: Mapping[str, str]


def suggest_names(streets: Sequence[StreetShape], context: VillageContext | None = None) -> tuple[Suggestion, ...]:
    """Names for the streets of one village, in the order given.

    No name stands twice, no two share a specific or a sound, and none is suggested that raises an error or a warning.
    """
    context = context or VillageContext()
    ranked = sorted(streets, key=lambda street: (not street.facilities, -street.length_m, street.key))
    around = _Around(context)
    deck = _Deck(context, around.beginnings, _lane_numbers(streets, context))
    ideas = {street.key: _ideas(street, context, deck) for street in streets}
    found: dict[str, list[Choice]] = {street.key: [] for street in streets}
    for _ in range(context.choices):
        for street in ranked:
            choice = around.first_good(street, ideas[street.key])
            if choice is not None:
                found[street.key].append(choice)
    return tuple(Suggestion(street.key, tuple(found[street.key])) for street in streets)


class _Around:
    """The names that are already there, growing with each one suggested; found by their words and by their sound.

    A check sees only the neighbours that could be alike: all likeness of rule N9 implies equal words or an equal
    toneless sound. So a name costs the same in a town of ten names and of ten thousand.
    """

    def __init__(self, context: VillageContext) -> None:
        self.context = context
        self.by_words: dict[str, list[Neighbour]] = defaultdict(list)
        self.by_sound: dict[str, list[Neighbour]] = defaultdict(list)
        self.specifics: set[str] = set()
        self.beginnings: set[str] = set()  # of the names that stood here before, as long as a word of the bank
        generics = context.names.lists.generics
        for each in context.names.neighbours or ():
            self._add(each, sound=each.latin or spoken(each.name, context.names))
            self.beginnings.update(each.name[:length] for length in WORD_LENGTHS)
            if each.scope is Scope.VILLAGE:
                self.specifics.add(
                    split_name(each.name, generics=generics, divisions=context.names.lists.divisions).specific
                )

    def first_good(self, street: StreetShape, ideas: Iterator[_Idea]) -> Choice | None:
        """The first idea that the law and the neighbours let pass; it is taken from then on."""
        for idea in ideas:
            choice = self._checked(street, idea)
            if choice is not None:
                self._take(choice)
                return choice
        return None

    def _checked(self, street: StreetShape, idea: _Idea) -> Choice | None:
        names, name = self.context.names, written_name(idea.division)
        division = idea.division if "/" in idea.division else ""
        if self.by_words.get(name):  # taken, whatever the law says of it: no need to spell and check it
            return None
        lists = names.lists
        if split_name(idea.division, generics=lists.generics, divisions=lists.divisions).specific in self.specifics:
            return None
        latin = spelled_by(idea.division, names)
        near = dict.fromkeys((*self.by_words[name], *self.by_sound[toneless_key(latin.toned)]))
        findings = check_name(name, replace(names, shape=street, neighbours=tuple(near), division=division, latin=""))
        if any(finding.level is not Level.NOTE for finding in findings):
            return None
        return Choice(name, latin, division, idea.reason, idea.values, findings)

    def _take(self, choice: Choice) -> None:
        self.specifics.add(choice.latin.parts.specific)
        taken = Neighbour(choice.name, choice.latin.toned, Scope.VILLAGE, self.context.where, state=Standing.PROPOSED)
        self._add(taken, sound=choice.latin.toned)

    def _add(self, neighbour: Neighbour, *, sound: str) -> None:
        self.by_words[neighbour.name].append(neighbour)
        self.by_sound[toneless_key(sound)].append(neighbour)


class _Deck:
    """The bank in this village's order: words new to the town first, then those that a street of the town bears.

    Only what is drawn is shuffled, once for all streets of the village; a bank ten times as long costs no more than
    sorting it into its themes.
    """

    def __init__(self, context: VillageContext, beginnings: set[str], lane_numbers: Mapping[str, int]) -> None:
        self.lane_numbers = lane_numbers
        self.themes = _themes(context)
        self._seed, self._beginnings = context.seed, beginnings
        self._heaps: dict[tuple[str, str], list[BankWord]] = defaultdict(list)
        self._shuffled: dict[tuple[str, str], dict[bool, list[BankWord]]] = {}
        for word in context.bank:
            heap = ("facility", word.facility) if word.facility else ("theme", word.theme)
            self._heaps[heap].append(word)

    def of_facility(self, kind: str, *, used: bool) -> list[BankWord]:
        """The words that suit a kind of facility: kept for the streets on which one stands."""
        return self._drawn(("facility", kind), used=used)

    def of_theme(self, theme: str, *, used: bool) -> list[BankWord]:
        """The words of a theme that suit any street."""
        return self._drawn(("theme", theme), used=used)

    def _drawn(self, heap: tuple[str, str], *, used: bool) -> list[BankWord]:
        if heap not in self._shuffled:
            words = sorted(self._heaps.get(heap, ()), key=lambda word: _mark(self._seed, word.words))
            self._shuffled[heap] = {
                each: [word for word in words if (word.words in self._beginnings) is each] for each in (False, True)
            }
        return self._shuffled[heap][used]


def is_lane(street: StreetShape, rules: NamingRules) -> bool:
    """Narrow, or short where the width is not known to be more."""
    if street.width_m is not None and street.width_m <= rules.lane_up_to_width_m:
        return True
    return street.length_m <= rules.lane_up_to_length_m


def generic_for(street: StreetShape, rules: NamingRules, generics: tuple[Generic, ...]) -> str:
    """The generic by the local rule; if the street's size forbids it, the next one that fits."""
    by_axis = rules.east_west if street.axis is Axis.EAST_WEST else rules.north_south
    other = rules.north_south if street.axis is Axis.EAST_WEST else rules.east_west
    wanted = (rules.lane, by_axis, other) if is_lane(street, rules) else (by_axis, rules.lane, other)
    known = {generic.words: generic for generic in generics}
    fitting = (words for words in wanted if words not in known or fits(known[words], street))
    return next(fitting, wanted[0])


def _ideas(street: StreetShape, context: VillageContext, deck: _Deck) -> Iterator[_Idea]:
    generic = generic_for(street, context.rules, context.names.lists.generics)
    lane = generic == context.rules.lane
    if lane and context.rules.number_lanes:
        yield from _ordinal(street, context, deck, generic)
    for used in (False, True):
        yield from _for_facilities(street, deck, generic, used=used)
        yield from _for_themes(street, deck, generic, used=used)
    if not lane:
        yield from _side(street, context, generic)


def _for_facilities(street: StreetShape, deck: _Deck, generic: str, *, used: bool) -> Iterator[_Idea]:
    for facility in street.facilities:
        for word in deck.of_facility(facility, used=used):
            values = {"word": word.words, "meaning": word.meaning, "facility": facility}
            yield _Idea(word.words + generic, FOR_FACILITY, values)


def _for_themes(street: StreetShape, deck: _Deck, generic: str, *, used: bool) -> Iterator[_Idea]:
    shift = 0 if street.axis is Axis.EAST_WEST else 1
    for theme in (*deck.themes[shift:], *deck.themes[:shift]):
        for word in deck.of_theme(theme, used=used):
            values = {"word": word.words, "meaning": word.meaning, "theme": theme}
            yield _Idea(word.words + generic, FOR_THEME, values)


def _side(street: StreetShape, context: VillageContext, generic: str) -> Iterator[_Idea]:
    if context.stem and street.centre_bearing_deg is not None and street.centre_distance_m is not None:
        central = street.centre_distance_m < NEAR_CENTRE_M
        side = "中" if central else compass_word(street.centre_bearing_deg, SIDES)
        yield _Idea(context.stem + side + generic, FOR_SIDE, {"side": side})


def _ordinal(street: StreetShape, context: VillageContext, deck: _Deck, generic: str) -> Iterator[_Idea]:
    """A stem and a number: a sequence over all lanes of the village."""
    if context.stem:
        ordinal = deck.lane_numbers[street.key]
        values = {"number": numerals.chinese(ordinal)}
        yield _Idea(f"{context.stem}/{ordinal}/{generic}", FOR_ORDINAL, values)


def _lane_numbers(streets: Sequence[StreetShape], context: VillageContext) -> dict[str, int]:
    """The village's lanes, counted from one."""
    rules, generics = context.rules, context.names.lists.generics
    lanes = (each for each in streets if generic_for(each, rules, generics) == rules.lane)
    return {lane.key: number for number, lane in enumerate(sorted(lanes, key=_order), start=1)}


def _order(street: StreetShape) -> tuple[bool, float, str]:
    """East-west lanes first, from north to south; then the others, from west to east."""
    bearing = math.radians(street.centre_bearing_deg or 0.0)
    distance_m = street.centre_distance_m or 0.0
    east_west = street.axis is Axis.EAST_WEST
    along = -distance_m * math.cos(bearing) if east_west else distance_m * math.sin(bearing)
    return (not east_west, round(along, 3), street.key)


def _themes(context: VillageContext) -> list[str]:
    """The themes in their order, without those kept for facilities."""
    of_bank = dict.fromkeys(word.theme for word in context.bank if not word.facility)
    wanted = [theme for theme in context.rules.themes if theme in of_bank]
    rest = [theme for theme in of_bank if theme not in wanted]
    return [*wanted, *sorted(rest, key=lambda theme: _mark(context.seed, theme))]


def _mark(seed: str, words: str) -> str:
    """A number that looks like chance and never changes, on any machine."""
    return hashlib.sha256(f"{seed}\n{words}".encode()).hexdigest()
