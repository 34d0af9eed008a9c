"""Where only two segments meet, and nothing tells them apart, they are one way: how a file cut its lines says nothing.

A surveyor's program begins a new line at a bend, at a bridge or after so many vertices; another one does not. So
segments are put together to ways before anything is asked of their angles, lengths or sides. Only corners part them
(:mod:`gis.corners`), and these are looked for on whole ways.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.clusters import groups
from gis.network import Courses, Network, connect, departures, lay_vertices
from gis.noding import changes, rounded

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

_TWO = 2


@dataclass(frozen=True, slots=True)
class Ways:
    """``courses`` and ``network`` of the ways; ``owner`` (S,) the way of each segment, ``head`` (W,) one of its own."""

    courses: Courses
    network: Network
    owner: Ints
    head: Ints


@dataclass(frozen=True, slots=True)
class Trails:
    """Ways as vertices of segments: ``vertex`` (N,) their indices in ``Courses.xy``, way by way; ``way`` (N,) whose.

    ``owner`` (S,) the way of each segment, ``head`` (W,) the first segment of each, ``ends`` (W, 2) the junctions at
    which it begins and ends; ``whole``: every way is one segment as it was drawn.
    """

    vertex: Ints
    way: Ints
    owner: Ints
    head: Ints
    ends: Ints
    whole: bool


def trails(courses: Courses, network: Network, alike: Ints, *, parted: Flags | None = None) -> Trails:
    """The ways of segments: joined where just two ends meet and ``alike`` (S,) is equal, but not where ``parted`` (J,).

    A ring begins at its lowest junction.
    """
    link = _links(network, alike, parted)
    owner, state = _chained(link, len(alike))
    begins = changes(owner[state // 2])
    inside = ~begins[:-1]
    vertex, way = _vertices(courses, state, inside)
    head, tail = state[begins[:-1]], state[begins[1:]]
    junction = network.ends.reshape(-1)
    ends = np.column_stack([junction[head], junction[tail ^ 1]])
    return Trails(vertex, way, owner, head // 2, ends, not inside.any())


def join_ways(courses: Courses, network: Network, alike: Ints, parted: Flags, *, reach_m: float) -> Ways:
    """The ways of segments (:func:`trails`); ``reach_m`` as in `connect`.

    A ring on which no other segment ends, and that turns no corner, begins at its lowest vertex, wherever it was cut.
    """
    found = trails(courses, network, alike, parted=parted)
    ends = found.ends
    free = (network.degree[ends[:, 0]] == _TWO) & ~parted[ends[:, 0]]
    lone = np.flatnonzero((ends[:, 0] == ends[:, 1]) & free)
    xy = courses.xy[found.vertex]
    if len(lone):
        joined = lay_vertices(_turned(xy, found.way, lone), found.way)
        return Ways(joined, connect(joined, reach_m=reach_m), found.owner, found.head)
    if found.whole:
        return Ways(courses, network, found.owner, found.head)
    joined = lay_vertices(xy, found.way)
    return Ways(joined, _thinned(network, ends, departures(joined, reach_m)), found.owner, found.head)


def _links(network: Network, alike: Ints, parted: Flags | None) -> Ints:
    """For each end the one that it meets alone and that goes on as it does, or -1; rings are cut where they lie lowest.

    An end 2i is the start of segment i, 2i + 1 its end.
    """
    junction = network.ends.reshape(-1)
    two = np.flatnonzero(network.degree[junction] == _TWO)
    if parted is not None:
        two = two[~parted[junction[two]]]
    two = two[np.argsort(junction[two], kind="stable")]
    one, other = two[::2], two[1::2]
    fits = (one // 2 != other // 2) & (alike[one // 2] == alike[other // 2])
    one, other = one[fits], other[fits]
    link = np.full(len(junction), -1, dtype=np.intp)
    link[one], link[other] = other, one
    group = groups(np.column_stack([one // 2, other // 2]), len(alike))
    free = np.zeros(len(alike), dtype=bool)
    free[group[np.flatnonzero(link < 0) // 2]] = True
    round_ = np.flatnonzero(~free[group[one // 2]])
    ring = group[one[round_] // 2]
    cut = round_[np.lexsort((junction[one[round_]], ring))]
    cut = cut[changes(np.sort(ring))[:-1]]
    link[one[cut]], link[other[cut]] = -1, -1
    return link


def _chained(link: Ints, count: int) -> tuple[Ints, Ints]:
    """The way of each segment, and all segments way by way in the order of their courses.

    A segment stands there by the end at which the way enters it. How far it is from there to the way's last segment is
    found by doubling steps (Wyllie 1979, "The complexity of parallel computation": list ranking).
    """
    state = np.arange(2 * count)
    after = link[state ^ 1]
    target = np.where(after < 0, state, after)
    left = (after >= 0).astype(np.intp)
    while (target[target] != target).any():
        left += left[target]
        target = target[target]
    # each way stands there twice, once from either side: the side with the lower last segment is taken
    way = np.minimum(target, target[state ^ 1])
    taken = state[target == way]
    taken = taken[np.lexsort((-left[taken], way[taken]))]
    number = np.cumsum(changes(way[taken])[:-1]) - 1
    owner = np.empty(count, dtype=np.intp)
    owner[taken // 2] = number
    return owner, taken


def _vertices(courses: Courses, state: Ints, inside: Flags) -> tuple[Ints, Ints]:
    """The vertices of the ways (indices in ``courses.xy``), each once, and whose they are."""
    segment, step = state // 2, np.where(state % 2 == 0, 1, -1)
    start = np.where(step > 0, courses.first[segment], courses.last[segment]) + np.where(inside, step, 0)
    many = courses.last[segment] - courses.first[segment] + 1 - inside
    number = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    way = np.repeat(np.cumsum(~inside) - 1, many)
    return np.repeat(start, many) + number * np.repeat(step, many), way


def _turned(xy: Floats, way: Ints, lone: Ints) -> Floats:
    """The vertices with those of lone rings moved round, so that each begins at the lowest by lon, lat."""
    xy = xy.copy()
    first, last = np.searchsorted(way, lone), np.searchsorted(way, lone, side="right")
    for begin, end in zip(first.tolist(), last.tolist(), strict=True):
        ring = rounded(xy[begin : end - 1])
        lowest = int(np.lexsort((ring[:, 1], ring[:, 0]))[0])
        around = np.roll(xy[begin : end - 1], -lowest, axis=0)
        xy[begin:end] = np.concatenate([around, around[:1]])
    return xy


def _thinned(network: Network, ends: Ints, bearings_deg: Floats) -> Network:
    """The network of the ways, without the junctions that now lie on their way."""
    kept = np.zeros(len(network.places), dtype=bool)
    kept[ends.reshape(-1)] = True
    number = np.cumsum(kept) - 1
    return Network(network.places[kept], network.degree[kept], np.asarray(number[ends], dtype=np.intp), bearings_deg)
