"""A later survey laid on streets that stand: which of its lines are these again, and what of it is new.

Lines that run along a standing street (:mod:`gis.alongside`) are its second survey. What is left are new roads; where
these meet a line that is another survey of a street, they are drawn to the street itself, so that a road goes on where
it was surveyed on, however far two receivers differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry

from gis.alongside import Alongside, Stretch
from gis.noding import distinct, rounded
from gis.shaping import Plane, length_m, parts_of

Ints = NDArray[np.intp]
XY = tuple[float, ...]  # lon, lat

#: A stretch of a line that runs along others elsewhere is the same road from so many metres on (estimate: less is what
#: two surveys draw differently where streets meet); a line most of which is one, from its length on.
LEAST_M, ALONG = 25.0, 0.8
#: What sticks out so far where a second survey of a street ends is where two surveyors stopped (estimate).
OUT_M = 10.0
#: A new road's end moves no farther to the street it was surveyed to meet.
_MOVED_M, _FEWEST_M = 20.0, 0.5
#: How near a street's own end draws the end of a road that went on from it.
_END_M = 10.0
_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Laid:
    """``along``: by line, how many metres of it run along which streets; ``pieces``: the new roads, of which line."""

    along: Mapping[int, Mapping[int, float]]
    whole: frozenset[int]
    pieces: Sequence[tuple[int, LineString]]


#: The lines of a street near to a line of the survey: of which line, of which street.
Drawn = Callable[[int, int], Sequence[BaseGeometry]]


@dataclass(slots=True)
class _Survey:
    """The lines with their nodes, (n, 2) start and end, and what runs along what."""

    lines: Sequence[LineString]
    found: Mapping[int, Alongside]
    node: Ints
    at: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    stretches: dict[int, tuple[Stretch, ...]] = field(default_factory=dict)
    whole: dict[int, dict[int, float]] = field(default_factory=dict)

    def covered(self, line: int, end: int) -> bool:
        """Whether a line is another survey of a street at one of its ends."""
        if line in self.whole:
            return True
        stretches = self.stretches.get(line)
        if not stretches:
            return False
        out = stretches[0].from_m if end == 0 else self.found[line].whole_m - stretches[-1].to_m
        return out <= OUT_M

    def others(self, line: int, end: int) -> list[bool]:
        """Of the other ends that meet an end of a line, whether they are covered."""
        here = self.at[int(self.node[line, end])]
        return [self.covered(*other) for other in here if other != (line, end)]


def lay(lines: Sequence[LineString], found: Mapping[int, Alongside], drawn: Drawn) -> Laid:
    """Sort a survey's lines (noded, lon, lat in EPSG:4490) by what was ``found`` to run along streets, by line.

    ``drawn`` gives a street's own lines near to a line of the survey. Lines that nothing was found of are new.
    """
    ends = np.array([line.coords[n] for line in lines for n in (0, -1)]).reshape(-1, 2)
    _, number = distinct(rounded(ends)) if len(ends) else (None, np.zeros(0, dtype=np.intp))
    survey = _Survey(lines, found, number.reshape(-1, 2))
    for line, pair in enumerate(survey.node.tolist()):
        for end, node in enumerate(pair):
            survey.at[node].append((line, end))
    for line, one in found.items():
        kept = tuple(s for s in one.stretches if s.parallel and s.long_m >= min(LEAST_M, ALONG * one.whole_m))
        if kept:
            survey.stretches[line] = kept
    rests = {line: _rests(survey, line) for line in survey.stretches}
    survey.whole |= {line: found[line].metres() for line, rest in rests.items() if not rest}
    _settle(survey)
    along = {line: _metres(stretches) for line, stretches in survey.stretches.items()} | survey.whole
    return Laid(along, frozenset(survey.whole), _pieces(survey, rests, drawn))


def _metres(stretches: Sequence[Stretch]) -> dict[int, float]:
    found: dict[int, float] = defaultdict(float)
    for stretch in stretches:
        found[stretch.along] += stretch.long_m
    return dict(found)


def _rests(survey: _Survey, line: int) -> list[tuple[float, float]]:
    """From where to where a line is no survey of a street, but for what two surveys of one street differ."""
    one, stretches = survey.found[line], survey.stretches[line]
    rests = [
        (before.to_m, after.from_m)
        for before, after in pairwise(stretches)
        if after.from_m - before.to_m > (LEAST_M if before.along == after.along else OUT_M)
    ]
    for end, rest in ((0, (0.0, stretches[0].from_m)), (1, (stretches[-1].to_m, one.whole_m))):
        long_m = rest[1] - rest[0]
        if long_m > OUT_M or (long_m > _FEWEST_M and not all(survey.others(line, end))):
            rests.append(rest)
    return sorted(rests)


def _settle(survey: _Survey) -> None:
    """Settle short lines between those that are settled: they drift, or turn where streets meet."""
    open_ = [line for line in survey.found if line not in survey.stretches]
    for _ in range(_ROUNDS):
        settled = [
            line
            for line in open_
            if survey.found[line].along_m >= ALONG * survey.found[line].whole_m
            and all(any(survey.others(line, end)) for end in (0, 1))
        ]
        survey.whole |= {line: survey.found[line].metres() for line in settled}
        open_ = [line for line in open_ if line not in survey.whole]
        if not settled:
            break
    for line in open_:
        one, others = survey.found[line], [*survey.others(line, 0), *survey.others(line, 1)]
        if one.near is not None and one.whole_m <= 2 * OUT_M and others and all(others):
            survey.whole[line] = {one.near: one.whole_m}


def _pieces(
    survey: _Survey, rests: Mapping[int, Sequence[tuple[float, float]]], drawn: Drawn
) -> list[tuple[int, LineString]]:
    """What is new, its ends drawn to the streets that it was surveyed to meet."""
    weld = _Weld(survey, drawn)
    pieces: list[tuple[int, LineString]] = []
    for line, shape in enumerate(survey.lines):
        if line in survey.whole:
            continue
        if line not in survey.stretches:
            pieces.append((line, weld.moved(shape, weld.at_node(line, 0), weld.at_node(line, 1))))
            continue
        one = survey.found[line]
        for from_m, to_m in rests[line]:
            piece = one.piece(from_m, to_m)
            begin = weld.at_node(line, 0) if from_m <= 0 else weld.at_cut(line, from_m, piece.coords[0])
            end = weld.at_node(line, 1) if to_m >= one.whole_m else weld.at_cut(line, to_m, piece.coords[-1])
            pieces.append((line, weld.moved(piece, begin, end)))
    return [(line, piece) for line, piece in pieces if length_m(piece) > _FEWEST_M]


class _Weld:
    """Where ends of new roads go: onto the streets that the lines that they meet are another survey of."""

    def __init__(self, survey: _Survey, drawn: Drawn) -> None:
        self.survey, self.drawn = survey, drawn
        self.known: dict[int, XY | None] = {}

    def at_node(self, line: int, end: int) -> XY | None:
        """Where the end of a line goes, None for where it is."""
        node = int(self.survey.node[line, end])
        if node not in self.known:
            self.known[node] = self._target(node, self.survey.lines[line].coords[-end])
        return self.known[node]

    def _target(self, node: int, here: XY) -> XY | None:
        onto: dict[int, list[BaseGeometry]] = defaultdict(list)
        many: dict[int, int] = defaultdict(int)
        for line, end in self.survey.at[node]:
            if self.survey.covered(line, end):
                key = self._street(line, end)
                onto[key] += self.drawn(line, key)
                many[key] += 1
        return _drawn_to(here, [(lines, many[key] == 1) for key, lines in sorted(onto.items())], _END_M)

    def _street(self, line: int, end: int) -> int:
        """The street that a line runs along at one of its ends."""
        stretches = self.survey.stretches.get(line) or self.survey.found[line].stretches
        if stretches:
            return stretches[-end].along
        return next(iter(self.survey.whole[line]))

    def at_cut(self, line: int, at_m: float, here: XY) -> XY | None:
        """Where a line goes that was cut where it leaves a street."""
        stretches = self.survey.stretches[line]
        key = next(s.along for s in stretches if at_m in (s.from_m, s.to_m))
        return _drawn_to(here, [(self.drawn(line, key), True)], _END_M / 2)

    @staticmethod
    def moved(piece: LineString, begin: XY | None, end: XY | None) -> LineString:
        """A piece with its ends drawn to other places; vertices nearer to its end than that moved are left out."""
        xy = list(piece.coords)
        plane = Plane.of(piece)
        for target in (begin, end):
            if target is not None:
                gone = plane.flat(Point(xy[0])).distance(plane.flat(Point(target)))
                while len(xy) > 2 and plane.flat(LineString(xy[:2])).length <= gone:  # noqa: PLR2004 - an end is left
                    del xy[1]
                xy[0] = target
            xy.reverse()
        return LineString(xy)


def _drawn_to(here: XY, streets: Sequence[tuple[Sequence[BaseGeometry], bool]], end_m: float) -> XY | None:
    """The place on all of some streets' lines nearest to ``here``; a street's own end where it ends there as well.

    With each street whether the survey of it ends here. None where there are none or they lie too far.
    """
    plane = Plane.at(here[1])
    flats = []
    for lines, only in streets:
        flat = plane.flat(MultiLineString([part for line in lines for part in parts_of(line)]))
        if not flat.is_empty:
            flats.append((flat, only))
    if not flats:
        return None
    start = place = Point(shapely.get_coordinates(plane.flat(Point(here)))[0])
    for _ in range(_ROUNDS if len(flats) > 1 else 1):
        for flat, _only in flats:
            place = shapely.get_point(shapely.shortest_line(flat, place), 0)
    if len(flats) == 1 and flats[0][1]:
        place = _own_end(flats[0][0], place, end_m)
    if place.distance(start) > _MOVED_M:
        return None
    return tuple(shapely.get_coordinates(plane.round(place))[0].tolist())


def _own_end(flat: BaseGeometry, place: Point, within_m: float) -> Point:
    """The end of a street nearest to a place on it, if it is so near."""
    ends = shapely.get_coordinates([shapely.get_point(part, n) for part in parts_of(flat) for n in (0, -1)])
    once, many = np.unique(np.round(ends, 3), axis=0, return_counts=True)
    loose = once[many == 1]
    if not len(loose):
        return place
    apart = np.hypot(*(loose - shapely.get_coordinates(place)).T)
    best = int(np.argmin(apart))
    near = ends[int(np.argmin(np.hypot(*(ends - loose[best]).T)))]
    return Point(near) if apart[best] <= within_m else place
