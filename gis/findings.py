"""What an officer must look at before streets are named: the lists of 摸底排查, as data.

The kinds are those of the survey ledgers of 莆民〔2024〕7号 and its like: 有地无名 (no name), 一地多名 (one street with
several names), 多地重名 (several streets with one name); a street without a name beside or in line with a named one is
asked about before it gets a name of its own. *Named but no sign* is no matter of geometry; it is found where signs are
kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gis.carriageways import BESIDE_NAMED_M, SHARE, beside
from gis.clusters import groups
from gis.continuity import pairs_at
from gis.features import Centreline
from gis.network import lay_courses
from gis.noding import changes
from gis.streets import ALL, Rules, Streets, derive_streets

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

#: A street without a name is near a named one within this many metres side by side (estimate).
NEAR_M = 30.0
#: … along this share of its length.
NEAR_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Nearby:
    """A street without a name and the named street that it continues or runs beside (``apart_m`` > 0)."""

    street: int
    named: int
    name: str
    apart_m: float


@dataclass(frozen=True, slots=True)
class Several:
    """One course with several names: the streets along it, in order of number, and their names."""

    streets: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """One name borne by several streets; ``touching`` where all touch or run side by side, each by way of another."""

    name: str
    streets: tuple[int, ...]
    touching: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """The lists; streets by their number in :class:`gis.streets.Streets`."""

    unnamed: tuple[int, ...]
    nearby: tuple[Nearby, ...]
    several: tuple[Several, ...]
    repeated: tuple[Repeated, ...]


def find(segments: Sequence[Centreline], streets: Streets, *, rules: Rules = ALL) -> Findings:
    """The lists of streets derived from these segments by these rules. No streets give empty lists."""
    return Findings(
        unnamed=tuple(n for n, name in enumerate(streets.names) if name is None),
        nearby=tuple(_nearby(segments, streets, rules)),
        several=tuple(_several(segments, streets, rules)),
        repeated=tuple(_repeated(segments, streets)),
    )


def _repeated(segments: Sequence[Centreline], streets: Streets) -> list[Repeated]:
    """Names that several streets bear, and whether these are one place: they touch, one by way of the other.

    Or they run side by side as near as carriageways do: a file that does not say ``oneway`` of them has two streets.
    """
    ends = streets.network.ends.reshape(-1)
    code = {name: number for number, name in enumerate(sorted({name for name in streets.names if name}))}
    called = np.array([code.get(name or "", -1) for name in streets.names], dtype=np.intp)
    owner = np.repeat(streets.street, 2)
    one, two = pairs_at(ends, called[owner] >= 0)
    same = called[owner[one]] == called[owner[two]]
    links = [np.column_stack([owner[one[same]], owner[two[same]]]), _side_by_side(segments, streets, called)]
    place = groups(np.concatenate(links), len(streets))
    by_name: dict[str, list[int]] = {}
    for number, name in enumerate(streets.names):
        if name is not None:
            by_name.setdefault(name, []).append(number)
    return [
        Repeated(name, tuple(found), touching=len({int(place[n]) for n in found}) == 1)
        for name, found in sorted(by_name.items())
        if len(found) > 1
    ]


def _side_by_side(segments: Sequence[Centreline], streets: Streets, called: Ints) -> Ints:
    """Pairs (P, 2) of streets of one name, by its number in ``called`` (N,), that run beside each other."""
    of_segment = called[streets.street] if len(streets) else np.zeros(0, dtype=np.intp)
    several = np.bincount(called[called >= 0], minlength=1)
    named = np.flatnonzero((of_segment >= 0) & (several[of_segment] > 1))
    if len(named) == 0:
        return np.zeros((0, 2), dtype=np.intp)
    courses = lay_courses(np.array([one.line for one in segments], dtype=object))
    one, other, share, _ = beside(courses, named, named, within_m=BESIDE_NAMED_M)
    fits = (share >= SHARE) & (of_segment[one] == of_segment[other])
    return np.column_stack([streets.street[one[fits]], streets.street[other[fits]]])


def _several(segments: Sequence[Centreline], streets: Streets, rules: Rules) -> list[Several]:
    """Courses as they would be if nothing bore a name, with the names that they bear."""
    courses = derive_streets(segments, rules=replace(rules, names=False)).street
    named = np.array([streets.names[n] is not None for n in streets.street.tolist()], dtype=bool)
    rows = np.unique(np.column_stack([courses[named], streets.street[named]]), axis=0)
    found = []
    for run in np.split(rows[:, 1], np.flatnonzero(changes(rows[:, 0]))[1:-1]):
        names = {streets.names[n] for n in run.tolist()}
        if len(names) > 1:
            found.append(Several(tuple(run.tolist()), tuple(sorted(name for name in names if name))))
    return found


def _nearby(segments: Sequence[Centreline], streets: Streets, rules: Rules) -> list[Nearby]:
    """For each street without a name the named one that it continues straightest, else the one most beside it."""
    if len(streets) == 0:
        return []
    continued = _continued(streets, rules)
    return sorted([*continued, *_beside(segments, streets, {each.street for each in continued})], key=_number)


def _number(found: Nearby) -> int:
    return found.street


def _unnamed(streets: Streets) -> NDArray[np.bool_]:
    return np.array([name is None for name in streets.names], dtype=bool)[streets.street]


def _continued(streets: Streets, rules: Rules) -> list[Nearby]:
    network = streets.network
    unnamed = np.repeat(_unnamed(streets), 2)
    first, second = pairs_at(network.ends.reshape(-1), np.ones(len(unnamed), dtype=bool))
    mixed = unnamed[first] != unnamed[second]
    first, second = first[mixed], second[mixed]
    asked, named = np.where(unnamed[first], first, second), np.where(unnamed[first], second, first)
    bearing = network.bearings_deg.reshape(-1)
    turn = np.round(np.abs((bearing[asked] - bearing[named]) % 360.0 - 180.0), 5)
    fits = turn <= rules.max_deflection_deg
    street, other = streets.street[asked[fits] // 2], streets.street[named[fits] // 2]
    return _best(street, other, turn[fits], np.zeros(int(fits.sum())), streets)


def _beside(segments: Sequence[Centreline], streets: Streets, settled: set[int]) -> list[Nearby]:
    courses = lay_courses(np.array([segment.line for segment in segments], dtype=object))
    unnamed = _unnamed(streets) & ~np.isin(streets.street, list(settled))
    asked, named = np.flatnonzero(unnamed), np.flatnonzero(~_unnamed(streets))
    first, second, share, apart = beside(courses, asked, named, within_m=NEAR_M)
    close = share >= NEAR_SHARE
    first, second, apart = first[close], second[close], apart[close]
    street, other = streets.street[first], streets.street[second]
    pair, where = np.unique(street * len(streets) + other, return_inverse=True)
    once = np.unique(where * len(segments) + first)
    along_m = np.bincount(once // len(segments), weights=courses.metres[once % len(segments)], minlength=len(pair))
    apart_m = np.bincount(where, weights=apart, minlength=len(pair)) / np.maximum(np.bincount(where), 1)
    street, other = pair // len(streets), pair % len(streets)
    whole_m = np.bincount(streets.street, weights=courses.metres)
    enough = along_m >= NEAR_SHARE * whole_m[street]
    return _best(street[enough], other[enough], -along_m[enough], apart_m[enough], streets)


def _best(street: Ints, other: Ints, cost: Floats, apart_m: Floats, streets: Streets) -> list[Nearby]:
    """Of each street's candidates the one of least cost, the first by number among equals."""
    order = np.lexsort((other, np.round(cost, 3), street))
    best = order[changes(street[order])[:-1]]
    return [
        Nearby(n, m, streets.names[m] or "", round(far, 1))
        for n, m, far in zip(street[best].tolist(), other[best].tolist(), apart_m[best].tolist(), strict=True)
    ]
