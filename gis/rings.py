"""Roundabouts and turning loops: small round faces of the street graph, told by their shape alone.

A face is walked along half-edges, at each junction into the leftmost; all faces are walked at once as the cycles of
one permutation (doubly connected edge list, de Berg et al., "Computational Geometry", ch. 2). Round is what encloses
nearly as much as a circle of its length (Polsby and Popper 1991: 4πA/P²) without a sharp corner at a junction; blocks
of houses have corners.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis import crs
from gis.clusters import groups
from gis.network import Courses, Network, departures

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

LONGEST_M = 300.0
ROUND, ROUND_ONEWAY = 0.85, 0.6
SHARPEST_DEG = 60.0
_NONE = -1
_TURN_DEG = (
    361.0  # more than a full turn, so that the last way out of a junction sorts before the next junction's first
)


@dataclass(frozen=True, slots=True)
class Rings:
    """``segment`` (S,) and ``junction`` (J,) the number of the ring that each lies on, or -1; ``centre`` (R, 2)."""

    segment: Ints
    junction: Ints
    centre: Floats


def find_rings(courses: Courses, network: Network, oneway: Flags) -> Rings:
    """Rings up to 300 m around. Rounds that meet are one ring; one-way ones may be as oval as a running track."""
    count = len(courses.first)
    half = np.arange(2 * count)
    corner, after = _walk(network, departures(courses, 0.0).reshape(-1))
    face = groups(np.column_stack([half, after]), 2 * count)
    around = np.bincount(face, weights=courses.metres[half // 2])
    area = np.bincount(face, weights=_areas(courses)[half // 2] * np.where(half % 2 == 0, 1.0, -1.0))
    sharpest = np.zeros(len(area))
    np.maximum.at(sharpest, face, corner)
    every_oneway = np.bincount(face, weights=~oneway[half // 2]) == 0
    roundness = 4 * np.pi * area / around**2
    is_ring = (area > 0) & (around <= LONGEST_M) & (sharpest <= SHARPEST_DEG)
    is_ring &= roundness >= np.where(every_oneway, ROUND_ONEWAY, ROUND)
    return _numbered(courses, network, half[is_ring[face]], face)


def _walk(network: Network, bearing_deg: Floats) -> tuple[Floats, Ints]:
    """For each half-edge (2i along segment i, 2i + 1 back) the next of its face, and how sharp the corner there is.

    A half-edge is also the segment's end that it leaves from. At a junction the walk turns into the first way clockwise
    from where it came; where nothing else leaves, it turns back: no corner of a ring, but 180°.
    """
    junction = network.ends.reshape(-1)
    order = np.argsort(junction + bearing_deg / _TURN_DEG, kind="stable")  # one key sorts faster than two
    end = np.cumsum(network.degree)
    following = np.append(order[1:], 0)
    following[end - 1] = order[end - network.degree]  # after a junction's last comes its first
    turned = np.empty(len(order), dtype=np.intp)
    turned[order] = following
    twin = np.arange(len(order)) ^ 1
    after = turned[twin]
    return np.abs((bearing_deg[after] - bearing_deg[twin]) % 360.0 - 180.0), after


def _areas(courses: Courses) -> Floats:
    """What each segment adds to the area on its left, in square metres (the shoelace formula)."""
    if len(courses.xy) == 0:
        return np.zeros(0)
    east, north = crs.metres_per_degree(courses.xy[:, 1])
    near = courses.xy - courses.xy.mean(axis=0)
    # one scale for both coordinates of a product; that it drifts with latitude weighs nothing over 300 m
    first_m, second_m = near[:-1] * np.column_stack([east, north])[:-1], near[1:] * np.column_stack([east, north])[:-1]
    twice = first_m[:, 0] * second_m[:, 1] - first_m[:, 1] * second_m[:, 0]
    summed = np.concatenate([[0.0], np.cumsum(twice)])
    return np.asarray((summed[courses.last] - summed[courses.first]) / 2)


def _numbered(courses: Courses, network: Network, half: Ints, face: Ints) -> Rings:
    """Rings by place of their first junction, and the middle of each ring's vertices, weighed by length."""
    segment, junction = np.full(len(courses.first), _NONE), np.full(len(network.places), _NONE)
    edges = half // 2
    nodes = network.ends.reshape(-1)[half]
    if len(half) == 0:
        return Rings(segment, junction, np.zeros((0, 2)))
    _, local = np.unique(face[half], return_inverse=True)
    faces = int(local.max()) + 1
    group = groups(np.column_stack([local, faces + nodes]), faces + len(network.places))
    least = np.full(len(group), len(network.places), dtype=np.intp)
    np.minimum.at(least, group[local], nodes)
    _, number = np.unique(least[group[local]], return_inverse=True)
    segment[edges] = number
    junction[nodes] = number
    middle, _ = courses.at(edges, courses.metres[edges] / 2)
    points, owner = np.concatenate([middle, network.places[nodes]]), np.concatenate([number, number])
    many = np.bincount(owner)
    centre = np.column_stack([np.bincount(owner, weights=points[:, axis]) / many for axis in (0, 1)])
    return Rings(segment.astype(np.intp), junction.astype(np.intp), centre)
