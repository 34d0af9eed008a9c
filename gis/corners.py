"""Where a road without a name turns a corner: an east–west and a north–south street are two, however a file draws them.

A corner is a turn of 70 to 110 degrees between two legs of which each runs straight for 40 m, on a way on which only
two segments meet or within one of them. A bend drawn in many vertices is none, nor is a hairpin or a jog. What is
looked at is the way, not the line: a corner is where it is wherever a file cuts its lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from shapely import LineString

from gis import crs
from gis.continuity import UNNAMED, pairs_at
from gis.features import Centreline
from gis.network import REACH_M, Courses, Network, departures, lay_vertices
from gis.noding import changes, rounded
from gis.ways import Trails, trails

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

#: A turn that is a corner, degrees from straight on. Against the hidden names of OSM's streets of Andorra and of a
#: suburb, 60 to 120 parts more streets that bear one name than it finds (`street_derivation_truth`).
LEAST_DEG, MOST_DEG = 70.0, 110.0
#: Each leg runs straight for so many metres (estimate: the front of two yards) …
LEG_M = 40.0
#: … but for what is cut off or rounded at the corner itself, on either side (measured as above).
ROUNDED_M = 2.0
#: Of vertices that turn this near to each other along the way one is the corner.
_ONE_M = 20.0
#: Straight is a leg whose ends lie nearly as far apart as it is long: 40 m, and 2.5 m aside in their middle.
_STRAIGHT = 0.99
#: A vertex that turns less is on a leg; a leg of which so much is known says where it runs.
_OWN_DEG, _KNOWN_M = 10.0, 12.0
#: Beyond a crossing a leg goes on along what bends no more than that, over so many crossings.
_ON_DEG, _CROSSINGS = 20.0, 4
_TWO = 2


def corners(courses: Courses, network: Network, name: Ints) -> Ints:
    """The vertices (indices in ``courses.xy``) at which ways of segments without a ``name`` (S,) turn a corner.

    Where two segments meet there, one of their two vertices.
    """
    named = name != UNNAMED
    found = trails(courses, network, np.where(named, np.arange(len(name)), UNNAMED))
    free = ~named[found.head]
    round_ = np.flatnonzero(free & (found.ends[:, 0] == found.ends[:, 1]) & (network.degree[found.ends[:, 0]] == _TWO))
    free[round_] = False
    ahead = _Ahead(courses, network, found, free)
    at = found.vertex[_chosen(ahead.laid, _candidates(ahead.laid, free), ahead)]
    first, last = ahead.laid.first[round_].tolist(), ahead.laid.last[round_].tolist()
    around = [_around(courses.xy, found.vertex[begin : end + 1]) for begin, end in zip(first, last, strict=True)]
    return np.unique(np.concatenate([at, *around]))


def at_junctions(courses: Courses, network: Network, name: Ints) -> Flags:
    """At which junctions (J,) of the network two segments without a name meet in a corner."""
    found = np.zeros(len(network.places), dtype=bool)
    at = corners(courses, network, name)
    for bounds, side in ((courses.first, 0), (courses.last, 1)):
        which = np.searchsorted(bounds, at)
        hit = which < len(bounds)
        hit[hit] = bounds[which[hit]] == at[hit]
        found[network.ends[which[hit], side]] = True
    return found


def cut_at(segments: Sequence[Centreline], courses: Courses, at: Ints) -> tuple[list[Centreline], Ints]:
    """Segments cut at those of the vertices ``at`` that lie on their way; and whose piece each piece is."""
    which = np.searchsorted(courses.last, at)
    inner = (at > courses.first[which]) & (at < courses.last[which])
    cuts: dict[int, list[int]] = {}
    for n, vertex in zip(which[inner].tolist(), at[inner].tolist(), strict=True):
        cuts.setdefault(n, []).append(vertex)
    pieces: list[Centreline] = []
    owner: list[int] = []
    for n, segment in enumerate(segments):
        if n not in cuts:
            pieces.append(segment)
            owner.append(n)
            continue
        first = int(courses.first[n])
        bounds = [first, *cuts[n], int(courses.last[n])]
        for k, (begin, end) in enumerate(pairwise(bounds)):
            piece = LineString(courses.xy[begin : end + 1])
            pieces.append(replace(segment, key=f"{segment.key}/{k}", line=piece))
            owner.append(n)
    return pieces, np.array(owner, dtype=np.intp)


class _Ahead:
    """How far the ways run straight on beyond their ends, over crossings: asked for few of them."""

    def __init__(self, courses: Courses, network: Network, found: Trails, free: Flags) -> None:
        self.found, self.free = found, free
        self.network = network
        self.laid = lay_vertices(courses.xy[found.vertex], found.way)

    def beyond_m(self, end: Ints) -> Floats:
        """Metres beyond each of the ways' ends (2i the start of way i, 2i + 1 its end), as far as it matters."""
        metres = np.zeros(len(end))
        asked = np.flatnonzero(self.network.degree[self.found.ends.reshape(-1)[end]] > _TWO)
        if len(asked) == 0:
            return metres
        bearing = departures(self.laid, REACH_M).reshape(-1)
        here = end[asked]
        for _ in range(_CROSSINGS):
            onto = self._straight_on(here, bearing)
            asked, here = asked[onto >= 0], onto[onto >= 0] ^ 1
            metres[asked] += self.laid.metres[here // 2]
            short = metres[asked] < LEG_M
            asked, here = asked[short], here[short]
            if len(asked) == 0:
                break
        return metres

    def _straight_on(self, end: Ints, bearing_deg: Floats) -> Ints:
        """The end that each of some ends runs on into, the straightest and the longest among equals; or -1."""
        junction = self.found.ends.reshape(-1)
        met = np.zeros(len(self.network.places), dtype=bool)
        met[junction[end]] = True
        one, other = pairs_at(junction, met[junction] & np.repeat(self.free, 2))
        one, other = np.concatenate([one, other]), np.concatenate([other, one])
        turn = np.round(np.abs((bearing_deg[one] - bearing_deg[other]) % 360.0 - 180.0), 3)
        fits = (turn <= _ON_DEG) & (one // 2 != other // 2)
        one, other, turn = one[fits], other[fits], turn[fits]
        order = np.lexsort((-self.laid.metres[other // 2], turn, one))
        first = order[changes(one[order])[:-1]]
        onto = np.full(len(junction), -1, dtype=np.intp)
        onto[one[first]] = other[first]
        return onto[end]


def _around(xy: Floats, vertex: Ints) -> Ints:
    """The corners of a ring on which nothing else ends: looked for on three rounds, taken from the second."""
    lap = vertex[:-1]
    laps = np.concatenate([np.tile(lap, 3), lap[:1]])
    laid = lay_vertices(xy[laps], np.zeros(len(laps), dtype=np.intp))
    at = _chosen(laid, _candidates(laid, np.ones(1, dtype=bool)), None)
    second = (at >= len(lap)) & (at < 2 * len(lap))
    return laps[at[second]]


def _candidates(laid: Courses, free: Flags) -> Ints:
    """Vertices on the way of free ways that turn by themselves, and have something of a leg on either side."""
    way = np.repeat(np.arange(len(laid.first)), laid.last - laid.first + 1)
    east, north = crs.metres_per_degree(laid.xy[1:, 1])
    dx, dy = np.diff(laid.xy, axis=0).T * (east, north)
    heading = np.degrees(np.arctan2(dx, dy))
    inner = np.flatnonzero(free[way[1:-1]] & (way[2:] == way[:-2])) + 1 if len(way) > _TWO else np.zeros(0, dtype=int)
    at = inner[_turn_deg(heading[inner - 1], heading[inner]) >= _OWN_DEG]
    one = way[at]
    back, on = laid.along_m[at] - laid.along_m[laid.first[one]], laid.along_m[laid.last[one]] - laid.along_m[at]
    return np.asarray(at[np.minimum(back, on) >= _KNOWN_M], dtype=np.intp)


def _turn_deg(before: Floats, after: Floats) -> Floats:
    return np.asarray(np.abs((after - before + 180.0) % 360.0 - 180.0))


def _chosen(laid: Courses, at: Ints, ahead: _Ahead | None) -> Ints:
    """Those of the candidates that are corners; of several within a rounded one that which turns most itself."""
    way = np.searchsorted(laid.last, at)
    here = laid.along_m[at] - laid.along_m[laid.first[way]]
    back, on = here, laid.metres[way] - here
    back_deg, back_straight = _leg(laid, way, here, -np.minimum(back, LEG_M + ROUNDED_M))
    on_deg, on_straight = _leg(laid, way, here, np.minimum(on, LEG_M + ROUNDED_M))
    turn = np.round(_turn_deg((back_deg + 180.0) % 360.0, on_deg), 5)
    fits = back_straight & on_straight & (turn >= LEAST_DEG) & (turn <= MOST_DEG)
    at, way, back, on = at[fits], way[fits], back[fits], on[fits]
    for side, known in ((0, back), (1, on)):
        short = np.flatnonzero(known < LEG_M)
        if ahead is not None and len(short):
            known[short] += ahead.beyond_m(2 * way[short] + side)
    long = np.minimum(back, on) >= LEG_M
    return _one_each(laid, at[long], way[long])


def _leg(laid: Courses, way: Ints, here_m: Floats, far_m: Floats) -> tuple[Floats, Flags]:
    """The bearing of the leg between what is rounded at a place of a way and ``far_m`` from it, and if it is straight.

    Negative is back along the way.
    """
    near_m = np.sign(far_m) * np.minimum(ROUNDED_M, np.abs(far_m) / 3)
    begin, end = laid.at(way, here_m + near_m)[0], laid.at(way, here_m + far_m)[0]
    east, north = crs.metres_per_degree(begin[:, 1])
    dx, dy = (end - begin).T * (east, north)
    straight = np.hypot(dx, dy) >= _STRAIGHT * np.abs(far_m - near_m)
    return np.degrees(np.arctan2(dx, dy)), straight


def _one_each(laid: Courses, at: Ints, way: Ints) -> Ints:
    """Of candidates that follow each other closely on a way the one that turns most; ties by place."""
    if len(at) == 0:
        return at
    apart = (np.diff(way) != 0) | (np.diff(laid.along_m[at]) > _ONE_M)
    cluster = np.concatenate([[0], np.cumsum(apart)])
    east, north = crs.metres_per_degree(laid.xy[at, 1])
    scale = np.column_stack([east, north])
    before, after = (laid.xy[at] - laid.xy[at - 1]) * scale, (laid.xy[at + 1] - laid.xy[at]) * scale
    own = _turn_deg(np.degrees(np.arctan2(*before.T)), np.degrees(np.arctan2(*after.T)))
    places = rounded(laid.xy[at])
    order = np.lexsort((places[:, 1], places[:, 0], -np.round(own, 3), cluster))
    return np.sort(at[order[changes(cluster[order])[:-1]]])
