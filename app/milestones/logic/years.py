"""Which villages fill a year's quota: balanced over counties, whole towns kept together, the most pressing first.

Each village has a score: the weighted mean of its parts, every part from 0 to 1 and every weight the officer's to
change. A county's share of the quota goes by how many of its villages are still to be done. A county takes whole towns
by their mean score as long as they fit; what it took too many or too few by goes on to the next county, so that no
county is off by more than half a town, and only the last town taken is taken in part, its best villages first.
What an officer moved by hand stays where they put it, and the rest is balanced around it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from enum import Enum
from fractions import Fraction


class Part(Enum):
    """What a village's score is made of; each from 0 (not pressing, not ready) to 1."""

    PILOT = "pilot"  # it lies in a pilot county
    READY = "ready"  # its streets are surveyed, and some are in scope
    UNNAMED = "unnamed"  # share of its streets in scope that bear no name
    FACILITIES = "facilities"  # how many of the four kinds of facility it has
    SIZE = "size"  # streets in scope, against the largest village


Weights = Mapping[Part, float]
#: Scores go up to 1: a town of which an officer took villages by hand is made whole before another is begun.
_BEGUN = 2.0
#: Pilot first, then ready data (issue of the programme); the other three are an estimate, the officer's to change.
DEFAULT_WEIGHTS: Weights = {
    Part.PILOT: 4.0,
    Part.READY: 3.0,
    Part.UNNAMED: 2.0,
    Part.FACILITIES: 1.0,
    Part.SIZE: 0.5,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A village still to be done; ``streets`` in scope as far as they are known, None before any survey."""

    village: int
    town: int
    county: int
    parts: Mapping[Part, float]
    streets: int | None = None

    def score(self, weights: Weights) -> float:
        """The weighted mean of the parts, from 0 to 1; 0 where nothing has weight."""
        whole = sum(weights.values())
        return sum(weights[part] * self.parts.get(part, 0.0) for part in weights) / whole if whole > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Hands:
    """What an officer decided by hand: villages that are in the year, and such as are not."""

    within: frozenset[int] = frozenset()
    without: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Proposed:
    """Villages of a year in order of county, town and score; ``parted`` the towns of which only some were taken."""

    villages: tuple[int, ...]
    parted: frozenset[int]
    short: int  # how many the quota lacks, because no more are left


@dataclass(slots=True)
class _Town:
    key: int
    county: int
    score: float  # of those that are free to take; a town that somebody began by hand goes before all others
    fixed: list[Candidate]
    free: list[Candidate]  # best first
    taken: int = 0  # how many of the free ones

    @property
    def parted(self) -> bool:
        return 0 < self.taken < len(self.free)


def propose(
    candidates: Iterable[Candidate], quota: int, *, weights: Weights = DEFAULT_WEIGHTS, hands: Hands = Hands()
) -> Proposed:
    """The villages that fill ``quota``; the same for any order of ``candidates``.

    What was put in by hand counts first, even where it is more than the quota. Raises ValueError for a quota or a
    weight below nought.
    """
    if quota < 0 or any(weight < 0 for weight in weights.values()):
        raise ValueError("a quota and a weight are nought or more")
    every = list(candidates)
    rank = {one.village: (-one.score(weights), one.village) for one in every}
    towns = _towns(sorted(every, key=lambda one: rank[one.village]), weights, hands)
    shares = _shares(towns, quota)
    carried = Fraction(0)
    for county in sorted(shares):
        here = [town for town in towns if town.county == county]
        wanted = shares[county] + carried - sum(len(town.fixed) for town in here)
        carried = wanted - _take_whole(here, wanted)
    _even_out(towns, quota - sum(len(town.fixed) + town.taken for town in towns))
    taken = [one for town in towns for one in (*town.fixed, *town.free[: town.taken])]
    order = sorted(taken, key=lambda one: (one.county, one.town, rank[one.village]))
    return Proposed(
        tuple(one.village for one in order),
        frozenset(town.key for town in towns if town.parted),
        max(quota - len(taken), 0),
    )


def _towns(best_first: Sequence[Candidate], weights: Weights, hands: Hands) -> list[_Town]:
    """The towns, the first to be taken first; who is kept out by hand is in none."""
    members: dict[tuple[int, int], list[Candidate]] = defaultdict(list)
    for one in best_first:
        if one.village in hands.within or one.village not in hands.without:
            members[one.county, one.town].append(one)
    towns = []
    for (county, key), here in members.items():
        fixed = [one for one in here if one.village in hands.within]
        free = [one for one in here if one.village not in hands.within]
        score = sum(one.score(weights) for one in free) / len(free) if free else 0.0
        towns.append(_Town(key, county, score + (_BEGUN if fixed else 0.0), fixed, free))
    return sorted(towns, key=lambda town: (-town.score, town.key))


def _shares(towns: Sequence[_Town], quota: int) -> dict[int, Fraction]:
    """Each county's share of the quota, by how many of its villages are still to be done."""
    left: dict[int, int] = defaultdict(int)
    for town in towns:
        left[town.county] += len(town.fixed) + len(town.free)
    whole = sum(left.values())
    return {county: Fraction(quota * n, whole) for county, n in left.items()}


def _take_whole(towns: Iterable[_Town], wanted: Fraction) -> int:
    """Take whole towns as long as each brings the sum nearer to what is wanted; how many villages that makes."""
    taken = 0
    for town in towns:
        if town.free and taken + Fraction(len(town.free), 2) <= wanted:
            town.taken = len(town.free)
            taken += town.taken
    return taken


def _even_out(towns: Sequence[_Town], lacking: int) -> None:
    """Fill what is still lacking, or give back what is too much: whole towns that fit, and a part of one."""
    for town in towns:
        if not town.taken and 0 < len(town.free) <= lacking:
            town.taken = len(town.free)
            lacking -= town.taken
    for town in towns:
        if lacking > 0 and not town.taken and town.free:
            town.taken = min(lacking, len(town.free))
            lacking -= town.taken
    for town in reversed(towns):
        if lacking < 0 and town.taken:
            given = min(-lacking, town.taken)
            town.taken -= given
            lacking += given


@dataclass(frozen=True, slots=True)
class Figures:
    """What a year is reckoned with, the bureau's to change; prices in CNY. Defaults: the programme's planning figures.

    ``streets``: a village's, where no survey tells; ``signs`` a street; ``plates`` a village; ``a_day`` signs that a
    crew puts up in a day (Songjiang 2010: 662 roads, 2,924 signs in 50 days). Prices lie in the middle of what is known
    (unverified: road sign with post 800–2,500, village plate 1,500–5,000).
    """

    streets: float = 6.0
    signs: float = 1.8
    plates: float = 1.0
    sign_price: Decimal = Decimal("1650.00")
    plate_price: Decimal = Decimal("3250.00")
    a_day: float = 58.0


DEFAULT_FIGURES = Figures()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What some villages come to: how many, their streets (``known``: surveyed), signs, plates, CNY, crew days."""

    villages: int
    streets: int
    known: int
    signs: int
    plates: int
    cost: Decimal
    crew_days: int


def estimate(villages: Sequence[Candidate], figures: Figures = DEFAULT_FIGURES) -> Estimate:
    """Streets in scope where they are known, else the usual number; the rest follows from them, halves rounded up.

    Raises ValueError where a crew is to put up nothing in a day.
    """
    if figures.a_day <= 0:
        raise ValueError("a crew puts up something in a day")
    known = sum(one.streets for one in villages if one.streets is not None)
    unknown = sum(1 for one in villages if one.streets is None)
    streets = known + _times(unknown, figures.streets)
    signs, plates = _times(streets, figures.signs), _times(len(villages), figures.plates)
    cost = (signs * figures.sign_price + plates * figures.plate_price).quantize(Decimal("0.01"), ROUND_HALF_UP)
    days = (Decimal(signs + plates) / Decimal(str(figures.a_day))).to_integral_value(ROUND_CEILING)
    return Estimate(len(villages), streets, known, signs, plates, cost, int(days))


def _times(many: int, figure: float) -> int:
    """As people reckon it: 1.8 is eighteen tenths."""
    return int((many * Decimal(str(figure))).quantize(Decimal(1), ROUND_HALF_UP))
