"""Lines joined to one: where their ends meet, where they touch, and side by side as the carriageways of one road.

Coordinates and planes as in :mod:`gis.shaping`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point

from gis.carriageways import BESIDE_M, BESIDE_NAMED_M, are_beside
from gis.cutting import cut_part
from gis.errors import N_, GisError
from gis.noding import rounded
from gis.shaping import XY, Floats, Plane, loose_ends, parts_of

#: Lines this near touch: what a survey's noding leaves.
TOUCH_M = 0.5
#: An end is drawn to the middle of another line rather than to its end where that is so much nearer.
_NEARER = 0.5


@dataclass(frozen=True, slots=True)
class Meeting:
    """How two lines meet: how far apart in metres, and whether they run side by side, as carriageways do.

    ``mine`` and ``theirs`` are the two nearest places (lon, lat); ``ends`` says that both are ends.
    """

    gap_m: float
    beside: bool = False
    ends: bool = False
    mine: Floats | None = None
    theirs: Floats | None = None


def meet(one: MultiLineString, other: MultiLineString, *, named: bool = False) -> Meeting:
    """How two lines meet: side by side first, then where they touch, with their ends, with one end and a middle.

    ``named``: both bear one name, and so are one road's carriageways farther apart (:mod:`gis.carriageways`).
    """
    if are_beside(shapely.get_parts(one), shapely.get_parts(other), named=named):
        return Meeting(0.0, beside=True)
    plane = Plane.of(one)
    touch = _nearest_m(one, other, plane)
    ends = _nearest_ends(one, other, plane)
    if ends is not None and ends.gap_m <= max(touch.gap_m, TOUCH_M):
        return ends
    if touch.gap_m <= TOUCH_M:
        return touch
    open_m = [one for one in (_end_to(one, other, plane), _end_to(other, one, plane, turned=True)) if one is not None]
    best = min(open_m, key=lambda found: found.gap_m, default=touch)
    return ends if ends is not None and best.gap_m > ends.gap_m * _NEARER else best


def join(lines: Sequence[MultiLineString], *, within_m: float, named: bool = False) -> MultiLineString:
    """Lines that meet within ``within_m`` metres, or run side by side as one road's carriageways, as one.

    A gap is closed by drawing an end on; carriageways and lines that touch stay as they are, with a junction where they
    touch. Raises :class:`gis.errors.GisError` where one of them meets none of the others.
    """
    made, left = lines[0], list(lines[1:])
    while left:
        found = [meet(made, other, named=named) for other in left]
        best = int(np.argmin([one.gap_m for one in found]))
        if found[best].gap_m > within_m:
            raise GisError(
                N_(
                    "These streets do not meet: they are more than {within_m} m apart. As the two carriageways of one"
                    " road, lines are joined that run side by side up to {beside_m} m apart, of one name up to"
                    " {named_m} m."
                ),
                within_m=round(within_m),
                beside_m=round(BESIDE_M),
                named_m=round(BESIDE_NAMED_M),
            )
        made = _together(made, left.pop(best), found[best])
    return made


def _nearest_m(one: MultiLineString, other: MultiLineString, plane: Plane) -> Meeting:
    """Where two lines come nearest to each other."""
    near = shapely.get_coordinates(shapely.shortest_line(plane.flat(one), plane.flat(other)))
    return _at(near[0], near[1], plane)


def _at(mine_m: Floats, theirs_m: Floats, plane: Plane, *, ends: bool = False) -> Meeting:
    unit = np.array([plane.east, plane.north])
    gap = float(np.hypot(*(mine_m - theirs_m)))
    return Meeting(gap, ends=ends, mine=mine_m / unit, theirs=theirs_m / unit)


def _nearest_ends(one: MultiLineString, other: MultiLineString, plane: Plane) -> Meeting | None:
    """The two nearest ends of two lines; None where one has none."""
    mine, theirs = loose_ends(one), loose_ends(other)
    if len(mine) == 0 or len(theirs) == 0:
        return None
    apart = np.hypot(*((mine[:, None] - theirs[None]) * (plane.east, plane.north)).T).T
    at = np.unravel_index(int(apart.argmin()), apart.shape)
    return Meeting(float(apart[at]), ends=True, mine=mine[at[0]], theirs=theirs[at[1]])


def _end_to(one: MultiLineString, other: MultiLineString, plane: Plane, *, turned: bool = False) -> Meeting | None:
    """The end of one line that is nearest to another line, and its place there; None for a line without ends."""
    ends = loose_ends(one)
    if len(ends) == 0:
        return None
    there = plane.flat(other)
    lines = [shapely.shortest_line(plane.flat(Point(end)), there) for end in ends]
    near = shapely.get_coordinates(min(lines, key=lambda line: line.length))
    return _at(near[1], near[0], plane) if turned else _at(near[0], near[1], plane)


def _together(one: MultiLineString, other: MultiLineString, met: Meeting) -> MultiLineString:
    """Two lines as one, with a junction where they meet."""
    mine, theirs = parts_of(one), parts_of(other)
    if met.mine is None or met.theirs is None:
        return MultiLineString([*mine, *theirs])
    if met.ends:
        return MultiLineString([*_drawn_to(mine, met.mine, met.theirs), *theirs])
    plane = Plane.of(one)
    node = _noded(theirs, met.theirs, plane)
    here = _noded(mine, met.mine, plane)
    if any((rounded(end) == rounded(node)).all() for end in loose_ends(other)):
        return MultiLineString([*mine, *_drawn_to(theirs, node, here)])
    return MultiLineString([*_drawn_to(mine, here, node), *theirs])


def _noded(parts: list[LineString], at: Floats, plane: Plane) -> Floats:
    """Cut that of the parts which is nearest to a place, there; the place of the cut, or the end that is there."""
    away = [float(plane.flat(part).distance(plane.flat(Point(at)))) for part in parts]
    which = int(np.argmin(away))
    place: XY = (float(at[0]), float(at[1]))
    parts[which : which + 1], node = cut_part(parts[which], place, plane, snap_m=TOUCH_M)
    return node


def _drawn_to(parts: Sequence[LineString], end: Floats, to: Floats) -> list[LineString]:
    """The parts of a line, that with this end drawn on to another place; moved there where lines touch."""
    plane, drawn = Plane.at(float(end[1])), []
    touching = float(np.hypot(*((end - to) * (plane.east, plane.north)))) <= TOUCH_M
    for part in parts:
        xy = shapely.get_coordinates(part)
        if (rounded(xy[-1]) == rounded(end)).all():
            xy = np.array([*xy[:-1], to] if touching else [*xy, to])
        if (rounded(xy[0]) == rounded(end)).all():
            xy = np.array([to, *xy[1:]] if touching else [to, *xy])
        drawn.append(LineString(xy))
    return drawn
