"""Dual carriageways: one-way lines that run side by side are one road, whichever way each was drawn.

Each one-way line is sampled every twenty metres; two lines go together where most of the shorter one's samples have a
sample of the other beside them, in the same or the opposite bearing. Distances are estimates after the widest medians
of village and county roads; a common name is stronger evidence than nearness and reaches farther.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis import crs
from gis.clusters import pairs_within
from gis.network import Courses, lay_courses

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

BESIDE_M, BESIDE_NAMED_M = 20.0, 40.0
STEP_M = 20.0
#: … and lines of one name that no file says to be one-way: lanes with houses between them lie farther apart (estimate).
BESIDE_UNTAGGED_M = 24.0
PARALLEL_DEG = 25.0
SHARE, SHARE_OF_RUN = 0.6, 0.3
LEAST_M = 20.0
NARROWEST_M = 3.0
_FEWEST = 2
_HALF = 0.55


@dataclass(frozen=True, slots=True)
class _Samples:
    """Places along segments: ``xy_m`` on a plane, ``bearing_deg`` of the course, ``owner`` the segment.

    ``reach_m`` is how far along its course a sample speaks for: a little over half the way to the next one.
    """

    xy_m: Floats
    bearing_deg: Floats
    owner: Ints
    reach_m: Floats


def beside(courses: Courses, asked: Ints, others: Ints, *, within_m: float) -> tuple[Ints, Ints, Floats, Floats]:
    """Segments that run side by side: asked, other, the share of the shorter one that does, how far apart in metres.

    ``asked`` and ``others`` are segment numbers; the same ones in both give each pair once, the lower number first.
    """
    count = len(courses.first)
    samples = _sample(courses, np.union1d(asked, others))
    taken = np.bincount(samples.owner, minlength=count)
    one, two, across = _neighbours(samples, within_m)
    is_asked, is_other = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    is_asked[asked], is_other[others] = True, True
    first, second = samples.owner[one], samples.owner[two]
    # a pair in which both are asked and others stands once; else the asked one comes first
    turned = ~(is_asked[first] & is_other[second]) | (is_asked[second] & is_other[first] & (first > second))
    first, second = np.where(turned, second, first), np.where(turned, first, second)
    one, two = np.where(turned, two, one), np.where(turned, one, two)
    fits = is_asked[first] & is_other[second] & (first != second)
    key = first[fits] * count + second[fits]
    pairs, where, many = np.unique(key, return_inverse=True, return_counts=True)
    apart = np.bincount(where, weights=across[fits], minlength=len(pairs)) / np.maximum(many, 1)
    share = [
        _distinct(where, sample[fits], len(samples.owner), len(pairs)) / taken[owner]
        for sample, owner in ((one, pairs // count), (two, pairs % count))
    ]
    return pairs // count, pairs % count, np.maximum(*share), apart


def _distinct(where: Ints, sample: Ints, samples: int, pairs: int) -> Ints:
    return np.bincount(np.unique(where * samples + sample) // max(samples, 1), minlength=pairs).astype(np.intp)


def _sample(courses: Courses, segments: Ints) -> _Samples:
    metres = courses.metres[segments]
    many = np.maximum(np.ceil(metres / STEP_M), _FEWEST).astype(np.intp)
    owner = np.repeat(segments, many)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(many) - many, many)
    step = np.repeat(metres / many, many)
    far = (number + 0.5) * step
    xy, leg = courses.at(owner, far)
    bearing = crs.bearings_deg(courses.xy[leg], courses.xy[leg + 1])
    east, north = crs.metres_per_degree(float(xy[:, 1].mean()) if len(xy) else 0.0)
    return _Samples(xy * np.array([float(east), float(north)]), bearing, owner, step * _HALF)


def _neighbours(samples: _Samples, within_m: float) -> tuple[Ints, Ints, Floats]:
    """Pairs of samples of different segments beside each other, not behind one another, and how far across."""
    if len(samples.owner) == 0:
        none = np.zeros(0, dtype=np.intp)
        return none, none, np.zeros(0)
    near = pairs_within(samples.xy_m, float(np.hypot(within_m, STEP_M)))
    one, two = near[:, 0], near[:, 1]
    apart = samples.owner[one] != samples.owner[two]
    one, two = one[apart], two[apart]
    turn = (samples.bearing_deg[one] - samples.bearing_deg[two]) % 180.0
    way = _between(samples.bearing_deg[one], samples.bearing_deg[two])
    east, north = (samples.xy_m[two] - samples.xy_m[one]).T
    along = np.abs(east * np.sin(way) + north * np.cos(way))
    across = np.abs(east * np.cos(way) - north * np.sin(way))
    fits = (np.minimum(turn, 180.0 - turn) <= PARALLEL_DEG) & (across <= within_m)
    fits &= along <= np.maximum(samples.reach_m[one], samples.reach_m[two])
    return one[fits], two[fits], across[fits]


def _between(one_deg: Floats, two_deg: Floats) -> Floats:
    """The course midway between two, whichever way each runs, in radians."""
    one, two = np.radians(2 * one_deg), np.radians(2 * two_deg)
    return np.asarray(np.arctan2(np.sin(one) + np.sin(two), np.cos(one) + np.cos(two)) / 2)


def carriageway_pairs(courses: Courses, oneway: Flags, name: Ints, rank: Ints, run: Ints) -> Ints:
    """Segments (P, 2) that are the two carriageways of one road: one-way, of one class, of one name or both without.

    Many files do not say which lines are one-way: those of one name are carriageways too where they lie nearer and most
    of the shorter run has the other beside it. ``run`` (S,) says which segments continue each other. Two long roads
    that are side by side for a moment only, as where one branches off, are two: the other must be beside a good part of
    the shorter run.
    """
    lines = np.flatnonzero(np.where(name >= 0, _near_namesakes(courses, name, run), oneway))
    first, second, share, apart = beside(courses, lines, lines, within_m=BESIDE_NAMED_M)
    single = oneway[first] & oneway[second]
    reach = np.where(single, np.where(name[first] >= 0, BESIDE_NAMED_M, BESIDE_M), BESIDE_UNTAGGED_M)
    fits = (share >= SHARE) & (name[first] == name[second]) & (rank[first] == rank[second]) & (apart <= reach)
    fits &= (run[first] != run[second]) & (apart >= NARROWEST_M)
    first, second, single = first[fits], second[fits], single[fits]
    whole_m = np.bincount(run, weights=courses.metres, minlength=1)
    low, high = np.minimum(run[first], run[second]), np.maximum(run[first], run[second])
    between, where = np.unique(low * len(run) + high, return_inverse=True)
    together_m = _covered(courses, first, second, run, where, len(between))
    shorter_m = np.minimum(whole_m[between // len(run)], whole_m[between % len(run)])
    least = np.full(len(between), SHARE)
    np.minimum.at(least, where, np.where(single, SHARE_OF_RUN, SHARE))
    good = (together_m >= least * shorter_m) & (together_m >= LEAST_M)
    return np.column_stack([first[good[where]], second[good[where]]])


def _near_namesakes(courses: Courses, name: Ints, run: Ints) -> Flags:
    """Named segments (S,) whose run has another of its name so near that samples of both could pair.

    Only these are sampled: in a town every street has a name, and hardly any has a namesake beside it.
    """
    found = np.zeros(len(name), dtype=bool)
    named = np.flatnonzero(name >= 0)
    if len(named) == 0:
        return found
    key = run[named] * (int(name.max()) + 1) + name[named]
    _, head, part = np.unique(key, return_index=True, return_inverse=True)
    called, low, high = name[named[head]], np.full((len(head), 2), np.inf), np.full((len(head), 2), -np.inf)
    np.minimum.at(low, part, np.minimum.reduceat(courses.xy, courses.first)[named])
    np.maximum.at(high, part, np.maximum.reduceat(courses.xy, courses.first)[named])
    east, _ = crs.metres_per_degree(float(np.abs([low[:, 1], high[:, 1]]).max()))  # where a degree is shortest
    _, north = crs.metres_per_degree(0.0)
    reach = np.hypot(BESIDE_NAMED_M, STEP_M) / np.array([float(east), float(north)])
    tree = shapely.STRtree(shapely.box(*(low - reach).T, *(high + reach).T))
    one, other = tree.query(shapely.box(*low.T, *high.T))  # of boxes the tree tells all
    alike = (one != other) & (called[one] == called[other])
    near = np.zeros(len(head), dtype=bool)
    near[one[alike]] = near[other[alike]] = True
    found[named] = near[part]
    return found


def _covered(courses: Courses, first: Ints, second: Ints, run: Ints, where: Ints, pairs: int) -> Floats:
    """How many metres of each pair of runs go side by side: on the side that has less of it, each segment once."""
    turned = run[first] > run[second]
    sides = np.where(turned, second, first), np.where(turned, first, second)
    sums = []
    for side in sides:
        key = np.unique(where * len(run) + side)
        sums.append(np.bincount(key // len(run), weights=courses.metres[key % len(run)], minlength=pairs))
    return np.minimum(*sums)


def doubled(courses: Courses, street: Ints, *, among: Flags, named: Flags) -> Floats:
    """What share of each segment (S,) has another of its street beside it, 0-1: there the road is drawn twice.

    ``street`` (S,) is the street of each, ``among`` which can be carriageways, ``named`` which bear a name and so may
    lie farther apart.
    """
    lines = np.flatnonzero(among)
    if len(lines) == 0:
        return np.zeros(len(street))
    samples = _sample(courses, lines)
    one, two, across = _neighbours(samples, BESIDE_NAMED_M)
    first, second = samples.owner[one], samples.owner[two]
    fits = (street[first] == street[second]) & (across >= NARROWEST_M)
    fits &= across <= np.where(named[first], BESIDE_NAMED_M, BESIDE_M)
    has = np.zeros(len(samples.owner))
    has[one[fits]] = has[two[fits]] = 1.0
    many = np.bincount(samples.owner, minlength=len(street))
    return np.asarray(np.bincount(samples.owner, weights=has, minlength=len(street)) / np.maximum(many, 1))


def along_m(lines: NDArray[np.object_], *, named: bool) -> float:
    """How long a street is whose lines (lon, lat in EPSG:4490) are these, in geodesic metres along the road.

    Where two of its lines run side by side they are its carriageways, and count once.
    """
    courses, count = lay_courses(lines), len(lines)
    every, one = np.ones(count, dtype=bool), np.zeros(count, dtype=np.intp)
    twice = doubled(courses, one, among=every, named=np.full(count, named))
    return float((crs.lengths_m(lines) * (1.0 - twice / 2)).sum())


def are_beside(one: NDArray[np.object_], other: NDArray[np.object_], *, named: bool) -> bool:
    """Whether two streets' lines (lon, lat in EPSG:4490) are the two carriageways of one road, drawn in any direction.

    Most of the shorter has the other beside it, as far off as :func:`carriageway_pairs` pairs them; ``named``: both
    bear one name.
    """
    courses = lay_courses(np.concatenate([one, other]))
    count = len(one) + len(other)
    samples = _sample(courses, np.arange(count))
    first, second, across = _neighbours(samples, BESIDE_NAMED_M if named else BESIDE_M)
    mine = samples.owner < len(one)
    fits = (mine[first] != mine[second]) & (across >= NARROWEST_M)
    has = np.zeros(len(samples.owner), dtype=bool)
    has[first[fits]] = has[second[fits]] = True
    metres = courses.metres / np.bincount(samples.owner, minlength=count)
    along, whole = (
        [float(metres[samples.owner[which]].sum()) for which in (mine & kept, ~mine & kept)]
        for kept in (has, np.ones_like(has))
    )
    shorter = int(np.argmin(whole))
    return along[shorter] >= max(SHARE * whole[shorter], LEAST_M)
