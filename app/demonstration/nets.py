"""One village's streets as they are laid out on the plain of north China: rows E-W, lanes N-S, not quite regular.

A bent and slightly turned grid of crossings; which of its edges are streets is drawn by lot: the main street and two or
three lanes go right through and on as roads to the neighbours, further streets and lanes take part of it, some blocks
are missing, some lanes end inside a block. A row goes on a little beyond the lane that ends on its last crossing, to
the last houses: at a corner with no third way the two would be one street (:mod:`gis.streets`). All in metres around
the village's point, x east, y north.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.features import FacilityKind

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BLOCK_M, ROW_M = 62.0, 74.0
"""How far lanes and rows of houses usually lie apart."""
LANES, DEAD_ENDS = 19, 3
SHOPS_ON_MAIN = 0.4
_SMALLEST_M = 60.0


@dataclass(frozen=True, slots=True)
class Net:
    """Segments that meet at their ends only, where facilities stand, and the ends that lead out of the village."""

    segments: tuple[Floats, ...]
    main: tuple[bool, ...]
    facilities: tuple[tuple[FacilityKind, float, float], ...]
    gates: Floats


@dataclass(slots=True)
class _Grid:
    """Crossings ``at[i, j]`` (column, row) and which edges between them are streets."""

    at: Floats
    east: Flags  # [i, j]: from column i to i + 1 along row j
    north: Flags  # [i, j]: from row j to j + 1 along column i
    middle: int
    through: int


def street_net(rng: np.random.Generator, *, room_m: float) -> Net:
    """A village's net no point of which is farther than ``room_m`` from its middle."""
    grid = _laid_out(rng, room_m)
    _draw_streets(grid, rng)
    _keep_connected(grid)
    pieces = [*_rows(grid), *_lanes(grid)]
    segments = [line for line, _ in pieces]
    main = [row == grid.middle for _, row in pieces]
    for stub, cut in _dead_ends(grid, rng, segments):
        segments[cut : cut + 1] = [stub[0], stub[1]]
        main[cut : cut + 1] = [main[cut]] * 2
        segments.append(stub[2])
        main.append(False)
    facilities = tuple(_facilities(rng, segments, main))
    beyond = _beyond_corners(grid)
    return Net((*segments, *beyond), (*main, *[False] * len(beyond)), facilities, _gates(grid))


def _laid_out(rng: np.random.Generator, room_m: float) -> _Grid:
    """Crossings with uneven blocks, a bend of the main direction, a small turn, all within ``room_m``."""
    wide = max(rng.uniform(0.72, 0.88) * room_m, _SMALLEST_M)
    high = max(float(np.sqrt(max(room_m**2 - wide**2, 0.0))) * 0.95, _SMALLEST_M / 2)
    columns = int(np.clip(round(2 * wide / BLOCK_M), 4, 9)) + 2
    rows = int(np.clip(round(2 * high / ROW_M), 3, 5)) + 2
    x = np.linspace(-wide, wide, columns) + rng.uniform(-0.16, 0.16, columns) * 2 * wide / columns
    y = np.linspace(-high, high, rows) + rng.uniform(-0.13, 0.13, rows) * 2 * high / rows
    at = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    at += rng.normal(0.0, 1.6, at.shape)
    bend_at, bend = rng.uniform(-0.5, 0.5) * wide, np.tan(np.radians(rng.normal(0.0, 7.0)))
    at[..., 1] += np.maximum(at[..., 0] - bend_at, 0.0) * bend
    turn = np.radians(rng.normal(0.0, 4.0))
    at = at @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    at -= at[columns // 2, rows // 2]
    at *= min(1.0, room_m / float(np.hypot(at[..., 0], at[..., 1]).max()))
    shape = (columns, rows)
    return _Grid(at, np.zeros(shape, bool), np.zeros(shape, bool), rows // 2, columns // 2 + int(rng.integers(0, 2)))


def _draw_streets(grid: _Grid, rng: np.random.Generator) -> None:
    """The outermost columns and rows stay empty but for the roads that lead out."""
    columns, rows = grid.at.shape[:2]
    grid.east[:-1, grid.middle] = True
    grid.north[grid.through, :-1] = True
    for row in (j for j in range(1, rows - 1) if j != grid.middle):
        first = int(rng.integers(1, max(2, columns // 3)))
        last = int(rng.integers(columns - max(2, columns // 3), columns - 1))
        grid.east[first:last, row] = True
        if last - first > 4 and rng.random() < 0.35:  # noqa: PLR2004 - a street of that length may have a gap
            grid.east[int(rng.integers(first + 1, last - 1)), row] = False
    others = [i for i in range(1, columns - 1) if i != grid.through]
    grid.north[int(rng.choice(others)), 1 : rows - 2] = True
    for _ in range(LANES - 2):
        column = int(rng.choice(others))
        first = int(rng.integers(1, rows - 2))
        grid.north[column, first : min(first + int(rng.choice((1, 1, 1, 2))), rows - 2)] = True


def _keep_connected(grid: _Grid) -> None:
    """Streets that no way leads to from the main street are not there."""
    number = np.arange(grid.at[..., 0].size).reshape(grid.at.shape[:2])
    east, north = np.nonzero(grid.east), np.nonzero(grid.north)
    begin = np.concatenate([number[east], number[north]])
    end = np.concatenate([number[east[0] + 1, east[1]], number[north[0], north[1] + 1]])
    graph = coo_array((np.ones(len(begin)), (begin, end)), shape=(number.size, number.size))
    _, part = connected_components(graph, directed=False)
    reached = (part == part[number[0, grid.middle]]).reshape(number.shape)
    grid.east &= reached
    grid.north &= reached


def _rows(grid: _Grid) -> Iterator[tuple[Floats, int]]:
    """Segments along rows, cut where a lane meets; with the number of the row."""
    met = grid.north.copy()
    met[:, 1:] |= grid.north[:, :-1]
    for row in range(grid.at.shape[1]):
        yield from ((line, row) for line in _runs(grid.at[:, row], grid.east[:, row], met[:, row]))


def _lanes(grid: _Grid) -> Iterator[tuple[Floats, int]]:
    """Segments along columns, cut where a row meets."""
    met = grid.east.copy()
    met[1:] |= grid.east[:-1]
    for column in range(grid.at.shape[0]):
        yield from ((line, -1) for line in _runs(grid.at[column], grid.north[column], met[column]))


def _runs(at: Floats, edges: Flags, cuts: Flags) -> Iterator[Floats]:
    begin = None
    for k in range(len(at)):
        if begin is not None and (cuts[k] or not edges[k]):
            yield at[begin : k + 1]
            begin = None
        if edges[k] and begin is None:
            begin = k


def _dead_ends(
    grid: _Grid, rng: np.random.Generator, segments: list[Floats]
) -> Iterator[tuple[tuple[Floats, Floats, Floats], int]]:
    """Lanes that leave a street mid-block and end: the two halves of the cut segment, and the lane.

    Only straight segments along rows are cut, from the last to the first, so that their numbers stay right.
    """
    high = float(np.abs(np.diff(grid.at[..., 1], axis=1)).min())
    flat = [n for n, line in enumerate(segments) if len(line) == 2 and abs(line[1, 0] - line[0, 0]) > BLOCK_M / 2]  # noqa: PLR2004
    chosen: list[int] = rng.permutation(np.array(flat, dtype=int))[:DEAD_ENDS].tolist()
    for n in sorted(chosen, reverse=True):
        begin, end = segments[n]
        middle = begin + (end - begin) * rng.uniform(0.4, 0.6)
        tip = middle + np.array([rng.uniform(-3.0, 3.0), rng.uniform(0.5, 0.7) * high])
        yield (np.stack([begin, middle]), np.stack([middle, end]), np.stack([middle, tip])), n


def _beyond_corners(grid: _Grid) -> list[Floats]:
    """Half a block further along the row, from each crossing where just one edge of a row and one of a lane end."""
    west, south = np.zeros_like(grid.east), np.zeros_like(grid.north)
    west[1:], south[:, 1:] = grid.east[:-1], grid.north[:, :-1]
    corners = np.argwhere((grid.east ^ west) & (grid.north ^ south)).tolist()
    ahead = [(i, j, i - 1 if grid.east[i, j] else i + 1) for i, j in corners]
    return [np.stack([grid.at[i, j], (grid.at[i, j] + grid.at[k, j]) / 2]) for i, j, k in ahead]


def _gates(grid: _Grid) -> Floats:
    """The four ends of the main street and the main lane: west, east, south, north."""
    at = grid.at
    return np.stack([at[0, grid.middle], at[-1, grid.middle], at[grid.through, 0], at[grid.through, -1]])


def _facilities(
    rng: np.random.Generator, segments: list[Floats], main: list[bool]
) -> Iterator[tuple[FacilityKind, float, float]]:
    """The committee and the clinic near the middle of the main street, shops there and in lanes, perhaps a school."""
    middles = np.array([line[[0, -1]].mean(axis=0) for line in segments])
    far = np.hypot(middles[:, 0], middles[:, 1])
    street = np.array(main)
    central = np.flatnonzero(street)[np.argsort(far[street], kind="stable")]
    lanes = np.flatnonzero(~street)[np.argsort(far[~street], kind="stable")]
    yield FacilityKind.COMMITTEE, *_beside(rng, segments[central[0]])
    yield FacilityKind.CLINIC, *_beside(rng, segments[central[min(1, len(central) - 1)]])
    for _ in range(int(rng.integers(4, 8))):
        near = central[:4] if rng.random() < SHOPS_ON_MAIN else np.arange(len(segments))
        yield FacilityKind.SHOP, *_beside(rng, segments[int(rng.choice(near))])
    if rng.random() < 0.3 and len(lanes):  # noqa: PLR2004 - three villages in ten still have a school
        yield FacilityKind.SCHOOL, *_beside(rng, segments[lanes[0]])


def _beside(rng: np.random.Generator, line: Floats) -> tuple[float, float]:
    """A place 7-12 m beside the first leg of a line, away from its ends."""
    begin, end = line[0], line[1]
    along = end - begin
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1.0)
    side = 1.0 if rng.random() < 0.5 else -1.0  # noqa: PLR2004 - either side
    x, y = begin + along * rng.uniform(0.3, 0.7) + across * side * rng.uniform(7.0, 12.0)
    return float(x), float(y)
