"""Which segments make one street: by continuing straight on at junctions, refined by existing name and class.

The rule, after the continuity of strokes (Thomson and Richardson 1999; Tripathy et al. 2021, "COINS"), made
for naming: two segment ends at a junction belong together if they are each other's best continuation.

* Segments that already bear the same name are one street wherever they meet, at any angle.
* Segments with different names are never one street; nor is a named one with an unnamed one, because the name ends
  where it was decided to end. Only a short gap that lies straight between two ends of one name (a bridge, the stub of a
  crossing) takes that name.
* Where only two unnamed segments of one class meet, the road goes on whatever its bend, but for a corner: a turn of 70
  to 110 degrees between two straight legs parts streets (:mod:`gis.corners`), at the meeting of two segments as at a
  vertex of one (:func:`parted_at_corners`). Where a file cuts its lines says nothing (:mod:`gis.ways`).
* At other junctions unnamed segments continue each other if the road bends by at most ``max_deflection_deg``, and
  neither has a straighter partner; where only two of different classes meet, by ``max_bend_deg``. A step in class
  counts like a further bend, two or more steps part them.
* The two carriageways of one road are one street (:mod:`gis.carriageways`), of one name also where no file says oneway.
* A roundabout is one junction (:mod:`gis.rings`): streets continue over it, and it belongs to the straightest that does
  so, a named one first, or to the only street that reaches it; else, or if it bears a name, it is one of its own.

Each end takes at most one partner, pairs are taken from the straightest on, ties fall by place and never by
the order of the input. The cost grows with n log n in the number of segments. Five rules can be switched off
(:class:`Rules`): names, classes, carriageways, rings and corners. :data:`ANGLES`, which is compared with COINS, is
every rule with those five off and, besides, ``reach_m`` 0: COINS takes the direction over the last leg, and over 15 m
the same junctions look different (decision 0011). Nothing else is set for the comparison; that ends whose best partner
has a better one look on stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from gis import crs
from gis.carriageways import carriageway_pairs, doubled
from gis.carrying import carried
from gis.clusters import groups
from gis.continuity import UNNAMED, UNRANKED, Ends, gaps, pairs_at, same_name_pairs, straight_pairs
from gis.corners import at_junctions, corners, cut_at
from gis.features import Centreline
from gis.network import REACH_M, Courses, Network, connect, lay_courses
from gis.noding import changes, distinct, rounded
from gis.rings import Rings, find_rings
from gis.ways import Ways, join_ways

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

#: A gap in a name is no longer than this (estimate: bridges and crossings of county roads).
GAP_M = 150.0
#: The two ways around a traffic island are no longer than this, nor is one longer than the other by more than that.
ISLAND_M, ISLAND_RATIO = 120.0, 1.5
#: A blank beside a Chinese character parts no words.
_BLANK = re.compile(r"(?<=[\u3400-\u9fff]) | (?=[\u3400-\u9fff])")
# Rank of importance; equal ranks are the same to a walker. Words of OSM and of 公路法 / village road tables.
CLASS_RANKS = {
    **dict.fromkeys(("primary", "国道", "省道"), 1),
    **dict.fromkeys(("secondary", "县道"), 2),
    **dict.fromkeys(("tertiary", "乡道"), 3),
    **dict.fromkeys(("unclassified", "residential", "living_street", "村道", "主街", "街", "路"), 4),
    **dict.fromkeys(("巷", "胡同", "里弄"), 5),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides that segments are one street.

    ``max_deflection_deg``: the largest bend at a junction, 0 = straight on; ``max_bend_deg``: where only two segments
    of different classes meet. ``class_step_deg``: the bend that one step in class counts for. ``reach_m``: over which
    length the direction at an end is taken, 0 = the last leg. The switches turn off what looks at names, classes,
    carriageways, roundabouts and corners.
    """

    max_deflection_deg: float = 45.0
    max_bend_deg: float = 75.0
    class_step_deg: float = 15.0
    reach_m: float = REACH_M
    names: bool = True
    classes: bool = True
    carriageways: bool = True
    rings: bool = True
    corners: bool = True


#: Every rule.
ALL = Rules()
#: What is compared with COINS (its ``flow_mode``, ``angle_threshold`` 135): the five rules that it has not are off, and
#: the direction is taken over the last leg, as it does. See decision 0011.
ANGLES = Rules(reach_m=0.0, names=False, classes=False, carriageways=False, rings=False, corners=False)


@dataclass(frozen=True, slots=True)
class Streets:
    """Streets as runs of segments.

    ``street`` (S,) the street's number for each segment in input order; numbers run from 0, by the place of
    each street's first segment. ``names`` the name of each street or None; ``segments`` (N,) how many segments each
    has; ``filled`` (S,) whether a segment that bears no name closes a gap in its street's, or is a roundabout that its
    street goes over. ``lengths_m`` (N,) geodesic metres along the road: where both carriageways run side by side, and
    both ways around a traffic island, half of each counts, so that a dual carriageway is as long as its middle.
    """

    street: Ints
    names: tuple[str | None, ...]
    lengths_m: Floats
    segments: Ints
    network: Network
    filled: Flags

    def __len__(self) -> int:
        """How many streets there are."""
        return len(self.names)

    def members(self) -> list[Ints]:
        """For each street the indices of its segments, ascending."""
        order = np.argsort(self.street, kind="stable")
        return np.split(order, np.cumsum(self.segments)[:-1]) if len(self) else []


def derive_streets(segments: Sequence[Centreline], *, rules: Rules = ALL) -> Streets:
    """The street of each noded segment (lon, lat in EPSG:4490; see :mod:`gis.linework`), by the rules above.

    No segments give no streets; a segment without length raises :class:`gis.errors.GisError`. The result does not
    depend on the input's order nor on the direction in which lines are drawn; nor on where they are cut, if those that
    turn a corner on their way were cut there before (:func:`parted_at_corners`): a segment has one street.
    """
    courses = lay_courses(_column(segments, "line"))
    network = connect(courses, reach_m=rules.reach_m)
    titles, name = _codes(_column(segments, "name") if rules.names else np.full(len(segments), None))
    rank = _ranks(_column(segments, "road_class")) if rules.classes else np.full(len(segments), UNRANKED)
    oneway = _column(segments, "oneway").astype(bool)
    alike = ((name + 1) * (max(CLASS_RANKS.values()) + 2) + rank + 1) * 2 + oneway
    parted = at_junctions(courses, network, name) if rules.corners else np.zeros(len(network.places), dtype=bool)
    ways = join_ways(courses, network, alike, parted, reach_m=rules.reach_m)
    ground = _Ground(
        ways.courses,
        ways.network,
        _order(ways, segments),
        rank[ways.head],
        oneway[ways.head],
        _kept(parted, network, ways.network),
    )
    links, named, islands, pairs = _linked(ground, name[ways.head], rules)
    street = _numbered(links, ground.place)
    filled = (named != name[ways.head])[ways.owner]
    single = ground.oneway & rules.carriageways | np.isin(np.arange(len(street)), pairs)
    twice = doubled(ways.courses, street, among=single, named=named != UNNAMED)
    twice[islands.reshape(-1)] = 1.0
    of_segment = street[ways.owner]
    return Streets(
        street=of_segment,
        names=_titled(street, titles, named),
        lengths_m=_lengths_m(ways.courses, street, twice),
        segments=np.bincount(of_segment).astype(np.intp),
        network=network,
        filled=filled,
    )


def parted_at_corners(segments: Sequence[Centreline], *, rules: Rules = ALL) -> tuple[list[Centreline], Ints]:
    """Segments as in :func:`derive_streets`, cut where they turn a corner on their way; whose piece each is, (P,)."""
    courses = lay_courses(_column(segments, "line"))
    _, name = _codes(_column(segments, "name") if rules.names else np.full(len(segments), None))
    if not rules.corners:
        return list(segments), np.arange(len(segments))
    return cut_at(segments, courses, corners(courses, connect(courses), name))


def known_streets(segments: Sequence[Centreline], street: Ints, names: Sequence[str | None]) -> Streets:
    """Streets that are known already, whoever made them, in the form in which derived ones come.

    ``street`` (S,) the number of each segment's street, ``names`` the streets' names by number, None for none; they are
    compared as derived names are (:func:`plain_name`). Segments as in :func:`derive_streets`. Raises
    :class:`gis.errors.GisError` for a segment without length.
    """
    courses = lay_courses(_column(segments, "line"))
    titles = tuple(map(plain_name, names))
    return Streets(
        street=np.asarray(street, dtype=np.intp),
        names=titles,
        lengths_m=np.bincount(street, weights=courses.metres, minlength=len(titles)).astype(float),
        segments=np.bincount(street, minlength=len(titles)).astype(np.intp),
        network=connect(courses),
        filled=np.zeros(len(segments), dtype=bool),
    )


@dataclass(frozen=True, slots=True)
class _Ground:
    """What is known of the ways besides their names; in what follows a segment is a way."""

    courses: Courses
    network: Network
    place: Ints
    rank: Ints
    oneway: Flags
    corner: Flags  # (J,) of the ways' junctions


def plain_name(name: str | None) -> str | None:
    """A name as it is compared: NFKC, one blank between words, none beside a Chinese character; None for none."""
    words = " ".join(unicodedata.normalize("NFKC", name).split()) if name else ""
    return _BLANK.sub("", words) or None


def _column(segments: Sequence[Centreline], field: str) -> NDArray[np.object_]:
    column = np.empty(len(segments), dtype=object)
    column[:] = list(map(attrgetter(field), segments))
    return column


def _codes(names: NDArray[np.object_]) -> tuple[list[str], Ints]:
    """The different names, and each segment's as a number in them."""
    written = {name: plain_name(name) for name in set(names)}
    titles = sorted({name for name in written.values() if name is not None})
    number = {title: code for code, title in enumerate(titles)}
    code = {name: UNNAMED if plain is None else number[plain] for name, plain in written.items()}
    return titles, np.fromiter(map(code.__getitem__, names), dtype=np.intp, count=len(names))


def _ranks(classes: NDArray[np.object_]) -> Ints:
    rank = {name: CLASS_RANKS.get(name or "", UNRANKED) for name in set(classes)}
    return np.fromiter(map(rank.__getitem__, classes), dtype=np.intp, count=len(classes))


def _order(ways: Ways, segments: Sequence[Centreline]) -> Ints:
    """The rank of each way by where it lies, whichever way round it was drawn.

    By its junctions, then by its middle and length, by its first key where all that is equal.
    """
    courses, network = ways.courses, ways.network
    between = network.ends.min(axis=1) * len(network.places) + network.ends.max(axis=1)
    order = np.argsort(between, kind="stable")
    heads = changes(between[order])
    tied = np.flatnonzero(~(heads[:-1] & heads[1:]))
    which = order[tied]
    middle = np.round(courses.at(which, courses.metres[which] / 2)[0], 9)
    _, key = np.unique(np.array(_first_keys(ways, which, segments)), return_inverse=True)
    columns = key, np.round(courses.metres[which], 6), middle[:, 1], middle[:, 0], between[which]
    order[tied] = which[np.lexsort(columns)]
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    return rank


def _kept(parted: Flags, before: Network, after: Network) -> Flags:
    """What is said of the junctions of a network, for those of another one with fewer of them."""
    if after is before:
        return parted
    if not parted.any():
        return np.zeros(len(after.places), dtype=bool)
    _, number = distinct(rounded(np.concatenate([after.places, before.places[parted]])))
    return np.isin(number[: len(after.places)], number[len(after.places) :])


def _first_keys(ways: Ways, which: Ints, segments: Sequence[Centreline]) -> list[str]:
    """The lowest key of each of the ways' segments."""
    keys: dict[int, str] = {}
    for n in np.flatnonzero(np.isin(ways.owner, which)).tolist():
        way = int(ways.owner[n])
        keys[way] = min(keys.get(way, segments[n].key), segments[n].key)
    return [keys[way] for way in which.tolist()]


def _linked(ground: _Ground, name: Ints, rules: Rules) -> tuple[Ints, Ints, Ints, Ints]:
    """Pairs (P, 2) of segments that are one street, names with the gaps filled, pairs round islands, carriageways."""
    network = ground.network
    rings = find_rings(ground.courses, network, ground.oneway) if rules.rings else _no_rings(network)
    ends = _ends(ground, name, rings, rules)
    if rules.names:  # single segments first: they would otherwise continue somebody else
        ends = _filled(ends, np.arange(len(name)), np.tile([0, 1], len(name)), ground, rules)
    straight = straight_pairs(
        ends,
        max_deflection_deg=rules.max_deflection_deg,
        max_bend_deg=rules.max_bend_deg,
        class_step_deg=rules.class_step_deg,
    )
    if rules.names:
        ends = _filled(ends, *_runs(ends, straight), ground, rules)
    links = [straight // 2, same_name_pairs(ends) // 2]
    islands = pairs = np.zeros((0, 2), dtype=np.intp)
    if rules.carriageways:
        off_ring = rings.segment < 0
        islands = _islands(ends, ground)
        links += [islands]
        run = groups(np.concatenate(links), len(name))
        called = np.where(off_ring, ends.name[::2], UNNAMED)
        pairs = carriageway_pairs(ground.courses, ground.oneway & off_ring, called, ground.rank, run)
        links += [pairs]
    if len(rings.centre):
        round_links, ends = carried(rings, ends, straight)
        at_place = replace(ends, junction=network.ends.reshape(-1))
        links += [round_links, same_name_pairs(at_place) // 2]
    return np.concatenate(links), ends.name[::2], islands, pairs


def _no_rings(network: Network) -> Rings:
    return Rings(np.full(len(network.ends), -1), np.full(len(network.places), -1), np.zeros((0, 2)))


def _ends(ground: _Ground, name: Ints, rings: Rings, rules: Rules) -> Ends:
    """Segment ends; those at a ring meet in its middle, and leave it as a spoke leaves a hub."""
    network, courses = ground.network, ground.courses
    junction = network.ends.reshape(-1).copy()
    bearing = network.bearings_deg.reshape(-1).copy()
    ring = rings.junction[junction]
    on_ring = np.repeat(rings.segment >= 0, 2)
    spoke = np.flatnonzero((ring >= 0) & ~on_ring)
    segment = spoke // 2
    reach = np.minimum(rules.reach_m, courses.metres[segment])
    far = np.where(spoke % 2 == 0, reach, courses.metres[segment] - reach)
    bearing[spoke] = crs.bearings_deg(rings.centre[ring[spoke]], courses.at(segment, far)[0])
    junction = np.where(ring >= 0, len(network.places) + ring, junction)
    junction[on_ring] = -1
    degree = np.bincount(junction[~on_ring], minlength=1)[junction]
    return Ends(
        junction=junction,
        degree=degree.astype(np.intp),
        bearing_deg=np.round(bearing, 6),
        name=np.repeat(name, 2),
        rank=np.repeat(ground.rank, 2),
        place=np.repeat(ground.place, 2),
        corner=ground.corner[network.ends.reshape(-1)],
    )


def _runs(ends: Ends, straight: Ints) -> tuple[Ints, Ints]:
    """The run of each segment, and for each end which of its run's two loose ends it is, -1 for neither."""
    run = groups(straight // 2, len(ends.name) // 2)
    linked = np.zeros(len(ends.name), dtype=bool)
    linked[straight.reshape(-1)] = True
    loose = np.flatnonzero(~linked & (ends.name == UNNAMED) & (ends.junction >= 0))
    loose = loose[np.lexsort((ends.bearing_deg[loose], ends.place[loose], run[loose // 2]))]
    size = np.diff(np.flatnonzero(changes(run[loose // 2])))
    two = loose[np.repeat(size, size) == 2]  # noqa: PLR2004 - a course has two ends
    side = np.full(len(ends.name), -1)
    side[two] = np.arange(len(two)) % 2
    return run, side


def _filled(ends: Ends, run: Ints, side: Ints, ground: _Ground, rules: Rules) -> Ends:
    """The ends with short gaps in a name filled: runs of unnamed segments between two ends of one name."""
    unnamed = ends.name == UNNAMED
    long_m = np.bincount(run, weights=ground.courses.metres, minlength=1)
    asking = np.where(unnamed & (side >= 0) & np.repeat(long_m[run] <= GAP_M, 2), np.repeat(run, 2), -1)
    found, called = gaps(ends, asking, side, max_deflection_deg=rules.max_deflection_deg)
    title = np.full(len(long_m), UNNAMED)
    title[found] = called
    return replace(ends, name=np.where(unnamed, title[np.repeat(run, 2)], ends.name))


def _islands(ends: Ends, ground: _Ground) -> Ints:
    """The two one-way ways around a traffic island: from one junction to the same other one, about as long."""
    begin, finish = ends.junction[::2], ends.junction[1::2]
    metres = ground.courses.metres
    asked = ground.oneway & (np.minimum(begin, finish) >= 0) & (begin != finish) & (metres <= ISLAND_M)
    along = np.minimum(begin, finish) * (ends.junction.max(initial=0) + 1) + np.maximum(begin, finish)
    first, second = pairs_at(along, asked)
    long, short = np.maximum(metres[first], metres[second]), np.minimum(metres[first], metres[second])
    alike = (ends.name[::2][first] == ends.name[::2][second]) & (ground.rank[first] == ground.rank[second])
    fits = alike & (long <= short * ISLAND_RATIO)
    return np.column_stack([first[fits], second[fits]])


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


def _titled(street: Ints, titles: Sequence[str], named: Ints) -> tuple[str | None, ...]:
    """The name of each street, from the street and the name of each way."""
    code = np.full(int(street.max(initial=-1)) + 1, UNNAMED)
    code[street] = named
    return tuple(None if n == UNNAMED else titles[n] for n in code.tolist())


def _lengths_m(courses: Courses, street: Ints, twice: Floats) -> Floats:
    """Geodesic metres of each street; of what is there ``twice`` (a share of each way) half counts."""
    xy, within = courses.xy, np.ones(len(courses.xy), dtype=bool)
    within[courses.last] = False
    legs = np.flatnonzero(within)
    _, _, metres = crs.ELLIPSOID.inv(xy[legs, 0], xy[legs, 1], xy[legs + 1, 0], xy[legs + 1, 1])
    way = np.repeat(np.arange(len(street)), courses.last - courses.first)
    return np.bincount(street[way], weights=metres * (1.0 - twice[way] / 2)).astype(float)
