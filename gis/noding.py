"""Courses as chains of vertex numbers, cut where they meet: all lines at once, as arrays.

A vertex is a place, numbered once however many lines pass it; places within a millimetre of each other are one. A leg
is the way from one vertex to the next. Legs of one level meet where they cross and where a vertex of one lies on the
other; of different levels (bridges, tunnels) only where a line ends. Candidates come from one search tree over the
boxes of the legs, everything after that is arithmetic on arrays; the cost grows with n log n.

The rule for what meets is that of snap rounding with a tolerance: places are rounded to a grid before they are compared
(Hobby 1999, "Practical segment intersection with finite precision output"), and what that bends is looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.clusters import groups, pairs_within

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

DECIMALS = 9  # a tenth of a millimetre
NEAR_DEG = 1e-8  # a millimetre: nearer than that is the same place
_TURNS = 8
_OWN = 2  # legs of a course at a vertex on its way


@dataclass(frozen=True, slots=True)
class Legs:
    """Legs in the order of their chains: ``begin`` and ``finish`` (L,) vertices, ``chain`` (L,) whose leg it is.

    ``places`` (V, 2) lon, lat of the vertices.
    """

    places: Floats
    begin: Ints
    finish: Ints
    chain: Ints

    def opens(self) -> Flags:
        """Whether a leg is the first of its chain."""
        return changes(self.chain)[:-1]

    def closes(self) -> Flags:
        """Whether a leg is the last of its chain."""
        return changes(self.chain)[1:]


def changes(values: NDArray[np.generic]) -> Flags:
    """Before which of the values, and after the last, another one begins: always at both ends; (len + 1,)."""
    found = np.ones(len(values) + 1, dtype=bool)
    found[1:-1] = values[1:] != values[:-1]
    return found


def legs_of(xy: Floats, chain: Ints) -> Legs:
    """The legs of chains whose vertices stand one after another in ``xy``; legs without a length are left out."""
    xy = rounded(xy)
    first, vertex = distinct(xy)
    places = xy[first]
    vertex = _united(places)[vertex]
    kept = (chain[1:] == chain[:-1]) & (vertex[1:] != vertex[:-1])
    return Legs(places, vertex[:-1][kept], vertex[1:][kept], chain[1:][kept])


def rounded(xy: Floats) -> Floats:
    """Places on the grid on which they are compared: what a transformation moved apart in the last digits is one."""
    return np.asarray(np.round(xy, DECIMALS) + 0.0)  # turns -0.0 into 0.0


def distinct(xy: Floats) -> tuple[Ints, Ints]:
    """The first of each of equal places, in order of lon, lat, and the number of the place that each is at."""
    order = np.lexsort((xy[:, 1], xy[:, 0]))
    ordered = xy[order]
    fresh = np.ones(len(xy), dtype=bool)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    number = np.empty(len(xy), dtype=np.intp)
    number[order] = np.cumsum(fresh) - 1
    return order[fresh], number


def _united(places: Floats) -> Ints:
    """For each place the first of those that it is within a millimetre of, directly or over others."""
    number = np.arange(len(places))
    near = pairs_within(places, NEAR_DEG)
    if len(near) == 0:
        return number
    cluster = groups(near, len(places))
    first = np.full(len(places), len(places), dtype=np.intp)
    np.minimum.at(first, cluster, number)
    return np.asarray(first[cluster], dtype=np.intp)


def node(legs: Legs, level: Ints) -> Legs:
    """Legs that meet at vertices only; ``level`` is each chain's.

    A new vertex bends a course by less than a millimetre, which may make new meetings of lines that nearly touch; what
    was bent is therefore looked at again until nothing meets any more.
    """
    fresh = np.ones(len(legs.chain), dtype=bool)
    for _ in range(_TURNS):
        first, second = _candidates(legs, fresh)
        leg, vertex = _touches(legs, level, first, second)
        places, crossed, at = _crossings(legs, level, first, second)
        leg, vertex = np.concatenate([leg, crossed]), np.concatenate([vertex, at])
        if len(leg) == 0:
            break
        legs, fresh = _with_vertices(replace(legs, places=places), leg, vertex)
    return legs


def _candidates(legs: Legs, fresh: Flags) -> tuple[Ints, Ints]:
    """Pairs of legs whose boxes meet, each pair once, at least one of the two fresh."""
    begin, finish = legs.places[legs.begin], legs.places[legs.finish]
    low, high = np.minimum(begin, finish) - NEAR_DEG, np.maximum(begin, finish) + NEAR_DEG
    boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    looked = np.flatnonzero(fresh)
    first, second = shapely.STRtree(boxes).query(boxes[looked])
    first = looked[first]
    once = (first < second) | ((first != second) & ~fresh[second])
    return first[once], second[once]


def _touches(legs: Legs, level: Ints, first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """Legs and the vertices of others that lie on them away from their ends."""
    opens, closes = legs.opens(), legs.closes()
    found: list[tuple[Ints, Ints]] = []
    for leg, other in ((first, second), (second, first)):
        same = level[legs.chain[leg]] == level[legs.chain[other]]
        for vertex, ends in ((legs.begin[other], opens[other]), (legs.finish[other], closes[other])):
            asked = (same | ends) & (vertex != legs.begin[leg]) & (vertex != legs.finish[leg])
            hit, point = leg[asked], vertex[asked]
            on = _lies_on(legs, hit, point)
            found.append((hit[on], point[on]))
    return np.concatenate([leg for leg, _ in found]), np.concatenate([vertex for _, vertex in found])


def _lies_on(legs: Legs, leg: Ints, vertex: Ints) -> Flags:
    start = legs.places[legs.begin[leg]]
    way = legs.places[legs.finish[leg]] - start
    out = legs.places[vertex] - start
    share = np.clip(_dot(way, out) / _dot(way, way), 0.0, 1.0)
    off = out - way * share[:, None]
    return np.asarray(_dot(off, off) <= NEAR_DEG**2)


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1])


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _crossings(legs: Legs, level: Ints, first: Ints, second: Ints) -> tuple[Floats, Ints, Ints]:
    """All places with those where legs cross added; the legs that cross, and at which of the places."""
    asked = level[legs.chain[first]] == level[legs.chain[second]]
    for mine in (legs.begin[first], legs.finish[first]):
        asked &= (mine != legs.begin[second]) & (mine != legs.finish[second])
    first, second = first[asked], second[asked]
    start, other = legs.places[legs.begin[first]], legs.places[legs.begin[second]]
    way, course = legs.places[legs.finish[first]] - start, legs.places[legs.finish[second]] - other
    area = _cross(way, course)
    with np.errstate(divide="ignore", invalid="ignore"):
        along = _cross(other - start, course) / area
        across = _cross(other - start, way) / area
    inside = (along > 0) & (along < 1) & (across > 0) & (across < 1)
    spot = start[inside] + way[inside] * along[inside, None]
    first, second = first[inside], second[inside]
    free = np.ones(len(spot), dtype=bool)
    for vertex in (legs.begin[first], legs.finish[first], legs.begin[second], legs.finish[second]):
        off = legs.places[vertex] - spot
        free &= _dot(off, off) > NEAR_DEG**2
    new = rounded(spot[free])
    once, number = distinct(new)
    at = number + len(legs.places)
    places = np.concatenate([legs.places, new[once]])
    return places, np.concatenate([first[free], second[free]]), np.concatenate([at, at])


def _with_vertices(legs: Legs, leg: Ints, vertex: Ints) -> tuple[Legs, Flags]:
    """The legs with vertices put in along them, and which legs are new; near places become one."""
    number = _united(legs.places)
    begin, finish, vertex = number[legs.begin], number[legs.finish], number[vertex]
    inner = (vertex != begin[leg]) & (vertex != finish[leg])
    leg, vertex = np.divmod(np.unique(leg[inner] * len(number) + vertex[inner]), len(number))
    start = legs.places[begin[leg]]
    along = _dot(legs.places[finish[leg]] - start, legs.places[vertex] - start)
    order = np.lexsort((vertex, along, leg))
    leg, vertex = leg[order], vertex[order]
    pieces = 1 + np.bincount(leg, minlength=len(begin))
    owner = np.repeat(np.arange(len(begin)), pieces)
    heads = np.cumsum(pieces) - pieces
    inserted = np.ones(len(owner), dtype=bool)
    inserted[heads] = False
    starts = np.empty(len(owner), dtype=np.intp)
    starts[heads], starts[inserted] = begin, vertex
    ends = np.append(starts[1:], 0)
    ends[heads + pieces - 1] = finish
    moved = (begin != legs.begin) | (finish != legs.finish)
    kept = starts != ends
    return Legs(legs.places, starts[kept], ends[kept], legs.chain[owner][kept]), ((pieces > 1) | moved)[owner][kept]


def first_drawn(legs: Legs, level: Ints, priority: Ints) -> tuple[Flags, Ints]:
    """Which legs stay where several chains of a level have the same leg, and for each leg the chain that has it.

    The chain of the lowest ``priority`` keeps it, a chain that comes back over its own leg keeps the first.
    """
    low, high = np.minimum(legs.begin, legs.finish), np.maximum(legs.begin, legs.finish)
    floor = level[legs.chain]
    order = np.lexsort((np.arange(len(low)), priority[legs.chain], floor, high, low))
    head = np.zeros(len(order) + 1, dtype=bool)
    for column in (low, high, floor):
        head |= changes(column[order])
    first = np.maximum.accumulate(np.where(head[:-1], np.arange(len(order)), 0))
    kept = np.zeros(len(order), dtype=bool)
    kept[order[head[:-1]]] = True
    holder = np.empty(len(order), dtype=np.intp)
    holder[order] = legs.chain[order[first]]
    return kept, holder


def heads(legs: Legs, level: Ints, kept: Flags) -> Flags:
    """Whether a new piece begins with a leg: with its chain, at meetings, and where kept and dropped legs change.

    A course is cut where other kept courses of its level pass, and where one of any level ends or is cut.
    """
    starts = legs.opens() | changes(kept)[:-1]
    ends = np.append(starts[1:], True)[: len(starts)]
    floors, floor = np.unique(level[legs.chain], return_inverse=True)
    spots = np.stack([legs.begin, legs.finish]) * len(floors) + floor
    meets = np.bincount(spots[:, kept].ravel(), minlength=len(legs.places) * len(floors))
    busy = np.asarray((meets.reshape(len(legs.places), -1) > _OWN).any(axis=1)).reshape(-1)
    busy[legs.begin[starts & kept]] = True
    busy[legs.finish[ends & kept]] = True
    return np.asarray(starts | (kept & busy[legs.begin]))


def own_meetings(legs: Legs, kept: Flags) -> tuple[Ints, Ints]:
    """Chains and the vertices at which they cross or touch themselves."""
    count = len(legs.places)
    spot = np.concatenate([legs.chain[kept], legs.chain[kept]]) * count
    spot += np.concatenate([legs.begin[kept], legs.finish[kept]])
    there, many = np.unique(spot, return_counts=True)
    again = there[many > _OWN]
    return again // count, again % count
