"""Which segments make one street: by continuing straight on at junctions, refined by existing name and class.

The rule, after the continuity of strokes (Thomson and Richardson 1999; Tripathy et al. 2021, "COINS"), made
for naming: two segment ends at a junction belong together if they are each other's best continuation.

* Segments that already bear the same name are one street wherever they meet, at any angle. * Segments with
different names are never one street; nor is a named one with an unnamed one, because the name ends where it
was decided to end. * Unnamed segments continue each other if the road bends by at most
``max_deflection_deg``, and neither has a straighter partner; a step in class counts like a further bend,
two or more steps part them.

Each end takes at most one partner, pairs are taken from the straightest on, ties fall by place and never by
the order of the input. The cost grows with n log n in the number of segments.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis import crs
from gis.clusters import groups
from gis.features import Centreline
from gis.network import REACH_M, Network, build_network

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

MAX_DEFLECTION_DEG = 45.0
CLASS_STEP_DEG = 15.0
MAX_CLASS_STEPS = 1
_UNNAMED = -1
_UNRANKED = -1
# Rank of importance; equal ranks are the same to a walker. Words of OSM and of 公路法 / village road tables.
CLASS_RANKS = {
    **dict.fromkeys(("primary", "国道", "省道"), 1),
    **dict.fromkeys(("secondary", "县道"), 2),
    **dict.fromkeys(("tertiary", "乡道"), 3),
    **dict.fromkeys(("unclassified", "residential", "living_street", "村道", "主街", "街", "路"), 4),
    **dict.fromkeys(("巷", "胡同", "里弄"), 5),
}


@dataclass(frozen=True, slots=True)
class Streets:
    """Streets as runs of segments.

    ``street`` (S,) the street's number for each segment in input order; numbers run from 0, by the place of
    each street's first segment. ``names`` the name of each street or None; ``lengths_m`` (N,) geodesic
    metres; ``segments`` (N,) how many segments each has.
    """

    street: Ints
    names: tuple[str | None, ...]
    lengths_m: Floats
    segments: Ints
    network: Network

    def __len__(self) -> int:
        """How many streets there are."""
        return len(self.names)

    def members(self) -> list[Ints]:
        """For each street the indices of its segments, ascending."""
        order = np.argsort(self.street, kind="stable")
        return np.split(order, np.cumsum(self.segments)[:-1]) if len(self) else []


def derive_streets(
    segments: Sequence[Centreline],
    *,
    max_deflection_deg: float = MAX_DEFLECTION_DEG,
    class_step_deg: float = CLASS_STEP_DEG,
    reach_m: float = REACH_M,
) -> Streets:
    """The street of each noded segment (lon, lat in EPSG:4490; see :mod:`gis.linework`), by the rule above.

    ``max_deflection_deg``: the largest bend, 0 = straight on. ``class_step_deg``: the bend that one step in
    class counts for. ``reach_m``: over which length the direction at an end is taken. No segments give no
    streets; a segment without length raises :class:`gis.errors.GisError`. The result does not depend on the
    input's order nor on the direction in which lines are drawn.
    """
    lines = np.empty(len(segments), dtype=object)
    lines[:] = [segment.line for segment in segments]
    network = build_network(lines, reach_m=reach_m)
    names = [_plain(segment.name) for segment in segments]
    place = _order(lines, segments)
    name = _codes(names)
    rank = np.array([CLASS_RANKS.get(s.road_class or "", _UNRANKED) for s in segments], dtype=np.intp)
    ends = _Ends(network, name, rank, place)
    pairs = _candidates(ends, max_deflection_deg=max_deflection_deg, class_step_deg=class_step_deg)
    links = np.concatenate([_straightest(*pairs, count=2 * len(segments)), _same_name(ends)])
    street = _numbered(links // 2, place)
    return _streets(street, names, lines, network)


def _plain(name: str | None) -> str | None:
    return " ".join(unicodedata.normalize("NFKC", name).split()) or None if name else None


def _codes(names: Sequence[str | None]) -> Ints:
    known = {name: code for code, name in enumerate(sorted({n for n in names if n is not None}))}
    return np.array([_UNNAMED if n is None else known[n] for n in names], dtype=np.intp)


def _order(lines: NDArray[np.object_], segments: Sequence[Centreline]) -> Ints:
    """The rank of each segment by where it lies, whichever way round it was drawn.

    By key where that is equal.
    """
    if len(lines) == 0:
        return np.zeros(0, dtype=np.intp)
    same_way = shapely.normalize(lines)
    marks = [
        shapely.get_coordinates(shapely.get_point(same_way, 0)),
        shapely.get_coordinates(shapely.get_point(same_way, -1)),
        shapely.get_coordinates(shapely.line_interpolate_point(same_way, 0.5, normalized=True)),
    ]
    _, keys = np.unique(np.array([segment.key for segment in segments]), return_inverse=True)
    columns = [keys, shapely.length(same_way)]
    for mark in reversed(marks):
        columns += [mark[:, 1], mark[:, 0]]
    rank = np.empty(len(lines), dtype=np.intp)
    rank[np.lexsort(columns)] = np.arange(len(lines))
    return rank


class _Ends:
    """Segment ends (2 per segment: 2i its start, 2i+1 its end) with what the rule looks at."""

    def __init__(self, network: Network, name: Ints, rank: Ints, place: Ints) -> None:
        self.junction = network.ends.reshape(-1)
        self.bearing_deg = np.round(network.bearings_deg.reshape(-1), 6)
        self.name = np.repeat(name, 2)
        self.rank = np.repeat(rank, 2)
        self.place = np.repeat(place, 2)


def _candidates(ends: _Ends, *, max_deflection_deg: float, class_step_deg: float) -> tuple[Ints, Ints]:
    """Pairs of unnamed ends that may continue each other, the best first."""
    first, second = _pairs_within(ends.junction, ends.name == _UNNAMED)
    apart = first // 2 != second // 2
    first, second = first[apart], second[apart]
    turn = np.abs((ends.bearing_deg[first] - ends.bearing_deg[second]) % 360.0 - 180.0)
    ranks = ends.rank[first], ends.rank[second]
    steps = np.where((ranks[0] == _UNRANKED) | (ranks[1] == _UNRANKED), 0, np.abs(ranks[0] - ranks[1]))
    cost = np.round(turn + steps * class_step_deg, 5)
    fits = (cost <= max_deflection_deg) & (steps <= MAX_CLASS_STEPS)
    first, second, cost = first[fits], second[fits], cost[fits]
    low, high = (
        np.minimum(ends.place[first], ends.place[second]),
        np.maximum(ends.place[first], ends.place[second]),
    )
    sides = ends.bearing_deg[first], ends.bearing_deg[second]
    order = np.lexsort((np.maximum(*sides), np.minimum(*sides), high, low, cost))
    return first[order], second[order]


def _pairs_within(group: Ints, among: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """All pairs of members (indices) that share a group; groups of one size are paired at once."""
    members = np.flatnonzero(among)
    members = members[np.argsort(group[members], kind="stable")]
    _, begin, size = np.unique(group[members], return_index=True, return_counts=True)
    firsts, seconds = [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=np.intp)]
    for many in np.unique(size[size > 1]):
        table = members[begin[size == many][:, None] + np.arange(many)]
        left, right = np.triu_indices(int(many), k=1)
        firsts.append(table[:, left].ravel())
        seconds.append(table[:, right].ravel())
    return np.concatenate(firsts), np.concatenate(seconds)


def _straightest(first: Ints, second: Ints, *, count: int) -> Ints:
    """From pairs in order of preference those that are each other's best, then again among the rest.

    (P, 2) ends.
    """
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


def _same_name(ends: _Ends) -> Ints:
    """Ends of one name at one junction, chained; (P, 2) ends."""
    named = np.flatnonzero(ends.name != _UNNAMED)
    named = named[np.lexsort((ends.name[named], ends.junction[named]))]
    same = (np.diff(ends.junction[named]) == 0) & (np.diff(ends.name[named]) == 0)
    return np.column_stack([named[:-1][same], named[1:][same]])


def _numbered(links: Ints, place: Ints) -> Ints:
    """Linked segments get one number; numbers run by the place of each street's first segment."""
    count = len(place)
    if count == 0:
        return np.zeros(0, dtype=np.intp)
    label = groups(links, count)
    total = int(label.max()) + 1
    earliest = np.full(total, count, dtype=np.intp)
    np.minimum.at(earliest, label, place)
    number = np.empty(total, dtype=np.intp)
    number[np.argsort(earliest)] = np.arange(total)
    return np.asarray(number[label], dtype=np.intp)


def _streets(street: Ints, names: Sequence[str | None], lines: NDArray[np.object_], network: Network) -> Streets:
    segments = np.bincount(street).astype(np.intp)
    titles: list[str | None] = [None] * len(segments)
    for number, name in zip(street.tolist(), names, strict=True):
        titles[number] = name
    lengths = np.bincount(street, weights=crs.lengths_m(lines), minlength=len(segments)).astype(float)
    return Streets(street, tuple(titles), lengths, segments, network)
