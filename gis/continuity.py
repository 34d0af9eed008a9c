"""Which segment ends continue each other at their junction: the straightest pairs, within what names and classes allow.

After the continuity of strokes: Thomson and Richardson 1999, "The good continuation principle of perceptual
organization applied to the generalization of road networks"; Tripathy et al. 2021, "An open-source tool to extract
natural continuity and hierarchy of urban street networks" (COINS).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.noding import changes

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

UNNAMED = -1
UNRANKED = -1
MAX_CLASS_STEPS = 1
_TWO = 2
_ANY_DEG = 180.0


@dataclass(frozen=True, slots=True)
class Ends:
    """Segment ends, two a segment: 2i its start, 2i + 1 its end; -1 as ``junction`` of ends that continue nothing.

    ``bearing_deg`` in which it leaves the junction, ``degree`` how many ends meet there, ``name`` and ``rank`` of its
    segment, ``place`` where its segment stands in an order by place; ``corner`` whether the only two that meet there
    turn a corner.
    """

    junction: Ints
    degree: Ints
    bearing_deg: Floats
    name: Ints
    rank: Ints
    place: Ints
    corner: Flags

    def turns_deg(self, first: Ints, second: Ints) -> Floats:
        """How far from straight on it is from one end to the other, 0-180."""
        return np.asarray(np.abs((self.bearing_deg[first] - self.bearing_deg[second]) % 360.0 - 180.0))

    def steps(self, first: Ints, second: Ints) -> Ints:
        """How many classes apart two ends are; none where one is not known."""
        one, other = self.rank[first], self.rank[second]
        return np.where((one == UNRANKED) | (other == UNRANKED), 0, np.abs(one - other)).astype(np.intp)


def straight_pairs(ends: Ends, *, max_deflection_deg: float, max_bend_deg: float, class_step_deg: float) -> Ints:
    """Pairs (P, 2) of unnamed ends that continue each other, the straightest pairs of each junction.

    Where only two ends meet, those of one class, or of one that is not known, are a pair whatever the bend, others up
    to ``max_bend_deg``, but none at a corner. Ends whose first choice found somebody better look for another among the
    rest.
    """
    first, second = pairs_at(ends.junction, (ends.name == UNNAMED) & (ends.junction >= 0))
    apart = first // 2 != second // 2
    first, second = first[apart], second[apart]
    steps = ends.steps(first, second)
    cost = np.asarray(np.round(ends.turns_deg(first, second) + steps * class_step_deg, 5), dtype=np.float64)
    alone = np.where(steps == 0, _ANY_DEG, max_bend_deg)
    most = np.where(ends.degree[first] == _TWO, alone, max_deflection_deg)
    fits = (cost <= most) & (steps <= MAX_CLASS_STEPS) & ~ends.corner[first]
    first, second, cost = first[fits], second[fits], cost[fits]
    order = _preference(ends, first, second, cost)
    return _mutual(first[order], second[order], count=len(ends.junction))


def _preference(ends: Ends, first: Ints, second: Ints, cost: Floats) -> Ints:
    """Pairs from the straightest on; ties by place, never by the order of input."""
    one, other = ends.place[first], ends.place[second]
    sides = ends.bearing_deg[first], ends.bearing_deg[second]
    return np.lexsort((np.maximum(*sides), np.minimum(*sides), np.maximum(one, other), np.minimum(one, other), cost))


def pairs_at(group: Ints, among: Flags) -> tuple[Ints, Ints]:
    """All pairs of members (indices) that share a group; groups of one size are paired at once."""
    members = np.flatnonzero(among)
    members = members[np.argsort(group[members], kind="stable")]
    begin = np.flatnonzero(changes(group[members]))
    begin, size = begin[:-1], np.diff(begin)
    firsts, seconds = [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=np.intp)]
    for many in np.unique(size[size > 1]):
        table = members[begin[size == many][:, None] + np.arange(many)]
        left, right = np.triu_indices(int(many), k=1)
        firsts.append(table[:, left].ravel())
        seconds.append(table[:, right].ravel())
    return np.concatenate(firsts), np.concatenate(seconds)


def _mutual(first: Ints, second: Ints, *, count: int) -> Ints:
    """From pairs in order of preference those that are each other's best, then the same among the rest; (P, 2)."""
    chosen = [np.zeros((0, 2), dtype=np.intp)]
    while len(first):
        best = np.full(count, len(first), dtype=np.intp)
        position = np.arange(len(first))
        np.minimum.at(best, first, position)
        np.minimum.at(best, second, position)
        mutual = (best[first] == position) & (best[second] == position)
        chosen.append(np.column_stack([first[mutual], second[mutual]]))
        taken = np.zeros(count, dtype=bool)
        taken[first[mutual]] = taken[second[mutual]] = True
        left = ~(taken[first] | taken[second])
        first, second = first[left], second[left]
    return np.concatenate(chosen)


def same_name_pairs(ends: Ends) -> Ints:
    """Ends of one name at one junction, chained; (P, 2) ends."""
    named = np.flatnonzero((ends.name != UNNAMED) & (ends.junction >= 0))
    named = named[np.lexsort((ends.name[named], ends.junction[named]))]
    same = (np.diff(ends.junction[named]) == 0) & (np.diff(ends.name[named]) == 0)
    return np.column_stack([named[:-1][same], named[1:][same]])


def gaps(ends: Ends, unit: Ints, side: Ints, *, max_deflection_deg: float) -> tuple[Ints, Ints]:
    """Units without a name that lie straight between two ends of one name, and that name.

    ``unit`` (E,) says which unit an end is the end of, -1 for none; ``side`` (E,) 0 or 1, which of its two. A name is
    taken over only where it ends: one that goes on at the junction itself has no gap there.
    """
    open_ends = _only_of_their_name(ends)
    hopeful = np.zeros(len(unit), dtype=bool)
    hopeful[_between_names(ends, unit, open_ends)] = True
    reached = np.zeros(int(ends.junction.max(initial=0)) + 1, dtype=bool)
    reached[ends.junction[hopeful]] = True
    first, second = pairs_at(ends.junction, hopeful | (open_ends & reached[ends.junction]))
    asked, named = np.concatenate([first, second]), np.concatenate([second, first])
    asking = (unit[asked] >= 0) & open_ends[named]
    asked, named = asked[asking], named[asking]
    turn = ends.turns_deg(asked, named)
    fits = turn <= max_deflection_deg
    asked, named, turn = asked[fits], named[fits], turn[fits]
    count = int(ends.name.max(initial=0)) + 1
    key = unit[asked] * count + ends.name[named]
    sides = [_least(key[side[asked] == n], turn[side[asked] == n]) for n in (0, 1)]
    both, one, other = np.intersect1d(sides[0][0], sides[1][0], assume_unique=True, return_indices=True)
    cost = np.round(sides[0][1][one] + sides[1][1][other], 5)
    order = np.lexsort((both, cost, both // count))
    best = order[changes(both[order] // count)[:-1]]
    return both[best] // count, both[best] % count


def _between_names(ends: Ends, unit: Ints, open_ends: Flags) -> Ints:
    """The ends of units both of whose ends meet names that end there."""
    bears = np.zeros(int(ends.junction.max(initial=0)) + 1, dtype=bool)
    bears[ends.junction[open_ends]] = True
    asking = np.flatnonzero((unit >= 0) & (ends.junction >= 0))
    asking = asking[bears[ends.junction[asking]]]
    return asking[np.bincount(unit[asking], minlength=1)[unit[asking]] > 1]


def _only_of_their_name(ends: Ends) -> Flags:
    named = np.flatnonzero((ends.name != UNNAMED) & (ends.junction >= 0))
    key = ends.junction[named] * (int(ends.name.max(initial=0)) + 1) + ends.name[named]
    _, where, many = np.unique(key, return_inverse=True, return_counts=True)
    found = np.zeros(len(ends.name), dtype=bool)
    found[named] = many[where] == 1
    return found


def _least(key: Ints, value: Floats) -> tuple[Ints, Floats]:
    order = np.lexsort((value, key))
    key, value = key[order], value[order]
    head = changes(key)[:-1]
    return key[head], value[head]
