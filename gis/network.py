"""The street graph: junctions where segments end, and the way each segment leaves its junctions.

Everything is arrays and sorts; the cost grows with n log n. Junctions are numbered by place (lon, then
lat), so that their numbers do not depend on the order of the segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString

from gis import crs
from gis.blocks import blocks, by_blocks
from gis.errors import N_, GisError
from gis.noding import distinct, rounded

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

REACH_M = 15.0


@dataclass(frozen=True, slots=True)
class Courses:
    """The vertices of all segments in a row, and how far along they lie.

    ``xy`` (N, 2) lon, lat; ``first`` and ``last`` (S,) each segment's vertices in it; ``along_m`` (N,) metres from the
    first vertex of all, on the plane that touches the ellipsoid at each leg's latitude; ``metres`` (S,) lengths.
    """

    xy: Floats
    first: Ints
    last: Ints
    along_m: Floats
    metres: Floats

    def at(self, segment: Ints, far_m: Floats) -> tuple[Floats, Ints]:
        """The place ``far_m`` metres along each of the segments, and the vertex that its leg begins with."""
        place = np.empty((len(segment), 2))
        leg = np.empty(len(segment), dtype=np.intp)
        for block in blocks(len(segment)):
            place[block], leg[block] = self._at(segment[block], far_m[block])
        return place, leg

    def _at(self, segment: Ints, far_m: Floats) -> tuple[Floats, Ints]:
        first = self.first[segment]
        target = self.along_m[first] + far_m
        leg = np.searchsorted(self.along_m, target, side="right") - 1
        leg = np.clip(leg, first, self.last[segment] - 1)
        begun = self.along_m[leg]
        long = self.along_m[leg + 1] - begun
        with np.errstate(invalid="ignore"):
            share = np.where(long > 0, (target - begun) / long, 0.0)
        begin = self.xy[leg]
        return begin + (self.xy[leg + 1] - begin) * share[:, None], np.asarray(leg, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Network:
    """Segments as edges between junctions.

    ``places`` (J, 2) lon, lat in EPSG:4490; ``degree`` (J,) how many segment ends meet, a loop counts
    twice; ``ends`` (S, 2) the junctions at each segment's start and end; ``bearings_deg`` (S, 2) the
    bearing in which the segment leaves its start and its end, degrees clockwise from north.
    """

    places: Floats
    degree: Ints
    ends: Ints
    bearings_deg: Floats

    def arms(self, junction: int) -> Floats:
        """The bearings in which segments leave one junction, ascending.

        None for a number that does not exist.
        """
        return np.sort(self.bearings_deg[self.ends == junction])


def lay_courses(lines: Sequence[LineString] | NDArray[np.object_]) -> Courses:
    """The courses of lines (lon, lat in EPSG:4490).

    Missing, empty and pointlike lines raise :class:`gis.errors.GisError` with the index of the first.
    """
    shapes = np.asarray(lines, dtype=object)
    _check(shapes)
    return lay_vertices(*shapely.get_coordinates(shapes, return_index=True))


def lay_vertices(xy: Floats, owner: Ints) -> Courses:
    """The courses of vertices (N, 2), in EPSG:4490, one after another; ``owner`` (N,) says whose they are, from 0."""
    long = np.where(owner[1:] == owner[:-1], by_blocks(_long_m, xy[:-1], xy[1:]), 0.0)
    along = np.concatenate([[0.0], np.cumsum(long)])[: len(xy)]
    count = np.bincount(owner)
    last = np.cumsum(count) - 1
    first = last - count + 1
    return Courses(xy, first, last, along, along[last] - along[first])


def _long_m(begin: Floats, end: Floats) -> Floats:
    east, north = crs.metres_per_degree((end[:, 1] + begin[:, 1]) / 2)
    legs = end - begin
    return np.asarray(np.hypot(legs[:, 0] * east, legs[:, 1] * north))


def build_network(lines: Sequence[LineString] | NDArray[np.object_], *, reach_m: float = REACH_M) -> Network:
    """The graph of noded lines (lon, lat in EPSG:4490): lines meet only where their ends are equal.

    A bearing is taken from the end towards the point ``reach_m`` metres along the line, at most half its
    length, so that the last half metre of a hand-drawn line does not decide its direction; 0 takes the last leg. No
    lines give an empty network; missing, empty and pointlike lines raise :class:`gis.errors.GisError` with the index
    of the first.
    """
    return connect(lay_courses(lines), reach_m=reach_m)


def connect(courses: Courses, *, reach_m: float = REACH_M) -> Network:
    """As :func:`build_network`, from courses."""
    points = np.concatenate([courses.xy[courses.first], courses.xy[courses.last]])
    first, ends = distinct(rounded(points))
    return Network(
        places=points[first],
        degree=np.bincount(ends, minlength=len(first)).astype(np.intp),
        ends=ends.reshape(2, -1).T,
        bearings_deg=departures(courses, reach_m),
    )


def _check(shapes: NDArray[np.object_]) -> None:
    if len(shapes) == 0:
        return
    lengths = shapely.length(shapes)
    bad = ~(lengths > 0) | (shapely.get_type_id(shapes) != shapely.GeometryType.LINESTRING)
    if bad.any():
        raise GisError(
            N_("Segment {index} is no line with a length; clean the lines first."), index=int(np.argmax(bad))
        )


def departures(courses: Courses, reach_m: float) -> Floats:
    """The bearings (S, 2) in which each line leaves its start and its end; ``reach_m`` 0 takes the last leg."""
    starts, finishes = courses.xy[courses.first], courses.xy[courses.last]
    if reach_m > 0:
        every = np.arange(len(courses.first))
        reach = np.minimum(reach_m, courses.metres / 2)
        ahead, back = courses.at(every, reach)[0], courses.at(every, courses.metres - reach)[0]
    else:
        ahead, back = courses.xy[courses.first + 1], courses.xy[courses.last - 1]
    return np.column_stack([crs.bearings_deg(starts, ahead), crs.bearings_deg(finishes, back)])
