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
from gis.errors import N_, GisError

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_DECIMALS = 9  # a tenth of a millimetre: ends that a transformation moved apart in the last digits still meet
REACH_M = 15.0


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


def build_network(lines: Sequence[LineString] | NDArray[np.object_], *, reach_m: float = REACH_M) -> Network:
    """The graph of noded lines (lon, lat in EPSG:4490): lines meet only where their ends are equal.

    A bearing is taken from the end towards the point ``reach_m`` metres along the line, at most half its
    length, so that the last half metre of a hand-drawn line does not decide its direction. No lines give an
    empty network; missing, empty and pointlike lines raise :class:`gis.errors.GisError` with the index of
    the first.
    """
    shapes = np.asarray(lines, dtype=object)
    _check(shapes)
    if len(shapes) == 0:
        none = np.zeros((0, 2))
        return Network(none, np.zeros(0, dtype=np.intp), np.zeros((0, 2), dtype=np.intp), none)
    starts, start_bearings = _departures(shapes, reach_m)
    finishes, finish_bearings = _departures(shapely.reverse(shapes), reach_m)
    points = np.concatenate([starts, finishes])
    places, ends = _junctions(points)
    return Network(
        places=places,
        degree=np.bincount(ends, minlength=len(places)).astype(np.intp),
        ends=ends.reshape(2, -1).T,
        bearings_deg=np.column_stack([start_bearings, finish_bearings]),
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


def _departures(shapes: NDArray[np.object_], reach_m: float) -> tuple[Floats, Floats]:
    """Where each line starts, and its bearing there."""
    starts = shapely.get_coordinates(shapely.get_point(shapes, 0))
    east, north = crs.metres_per_degree(starts[:, 1])
    # lengths along the line are in degrees of latitude; longitudes shrink as they do on the ground
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    flat = np.column_stack([xy[:, 0] * (east / north)[owner], xy[:, 1]])
    drawn = shapely.linestrings(flat, indices=owner)
    along = np.minimum(reach_m / north, shapely.length(drawn) / 2)
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(drawn, along))
    ahead[:, 0] *= north / east
    return starts, crs.bearings_deg(starts, ahead)


def _junctions(points: Floats) -> tuple[Floats, Ints]:
    """Distinct places in order of lon, lat, and for each point the place it is at."""
    keys = np.round(points, _DECIMALS) + 0.0  # turns -0.0 into 0.0
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    ordered = keys[order]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    number = np.empty(len(order), dtype=np.intp)
    number[order] = np.cumsum(fresh) - 1
    return points[order[fresh]], number
