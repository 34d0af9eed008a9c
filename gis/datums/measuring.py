"""How far a file's shapes lie from what is known, and which of them say so.

The file's lines are sampled once, in the file's own numbers; each reading moves the samples, never the choice of
them. The displacement is found by a vote: every pair of a sample and a known point of like direction votes for the
step between them, the true step gets a vote from every sample that has a counterpart, chance gets few, so that half
of the lines may lack a counterpart. The peak is then refined by least squares along the lines' normals. Lengths in
metres; east and north positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from gis import crs

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Shapes = NDArray[np.object_]

#: Samples taken of a file, and of one known set of lines; of a line at least four, so that one can be judged.
_SAMPLES, _KNOWN_SAMPLES = 800, 12_000
#: Of more lines than this some are looked at, spread over the whole by length: a shift shows on a thousand as on all.
_MOST_LINES = 1_000
#: Samples that vote together: each with every known place within the radius, so that memory stays bounded.
_VOTERS = 256
#: Lines whose directions differ by more than this (cosine of 30°) do not vote for each other.
_ALONG = 0.866
_TURNS = 8
#: In the first turns lines count that lie two bins of the vote away: those along the step fit from the start.
_WIDE = 3
#: Pairs that are given out to be drawn.
SHOWN = 400


class Comparison(Enum):
    """What a file was laid on."""

    OUTLINES = "outlines"  # outlines of the same division
    NAMED = "named"  # streets of a name that one street bears, in the file and in the register nearby
    STREETS = "streets"
    BORDERS = "borders"  # outlines of other divisions, which may share a part of their border
    POINTS = "points"  # points of the same name


@dataclass(frozen=True, slots=True)
class Scale:
    """Bounds of one comparison: radius and bin of the vote, cap on a distance, displacement that counts as none."""

    radius_m: float
    bin_m: float
    cap_m: float
    close_m: float


SCALES = {
    Comparison.OUTLINES: Scale(2000.0, 60.0, 600.0, 60.0),
    Comparison.BORDERS: Scale(2000.0, 60.0, 300.0, 60.0),
    Comparison.NAMED: Scale(2000.0, 12.0, 150.0, 25.0),
    Comparison.STREETS: Scale(1600.0, 12.0, 40.0, 25.0),
    Comparison.POINTS: Scale(3000.0, 0.0, 3000.0, 150.0),
}


#: The part of a feature that has to lie on what is known; of a village only one side lies on the county's border.
_FOLLOWS = {Comparison.OUTLINES: 0.5, Comparison.NAMED: 0.5, Comparison.STREETS: 0.5, Comparison.BORDERS: 0.1}


@dataclass(frozen=True, slots=True)
class Shift:
    """How the file lies to what is known: ``east_m``, ``north_m`` off, ``residual_m`` (median) when that is removed.

    ``agree`` of ``of`` features lie at the known places once it is removed. ``prominence`` is how many times more
    votes the displacement got than the next best one (inf without a vote). ``pairs`` (n, 2, 2) are sample pairs of
    lon, lat: where the file has a point, and where it is known to be.
    """

    by: Comparison
    east_m: float
    north_m: float
    residual_m: float
    agree: int
    of: int
    prominence: float
    pairs: Floats

    @property
    def distance_m(self) -> float:
        """Length of the displacement."""
        return float(np.hypot(self.east_m, self.north_m))


@dataclass(frozen=True, slots=True)
class Frame:
    """The plane that touches the ellipsoid at lon, lat; good to a hundredth for the few kilometres measured in it."""

    lon: float
    lat: float

    @property
    def _scale(self) -> Floats:
        return np.array([float(each) for each in crs.metres_per_degree(self.lat)])

    def metres(self, places: Floats) -> Floats:
        """Lon, lat (n, 2) as metres east and north of the middle."""
        return np.asarray((places - (self.lon, self.lat)) * self._scale, dtype=float)

    def places(self, metres: Floats) -> Floats:
        """The way back."""
        return np.asarray(metres / self._scale + (self.lon, self.lat), dtype=float)

    def flat(self, shapes: Shapes) -> Shapes:
        """Geometries of lon, lat in metres."""
        return np.asarray(shapely.transform(shapes, self.metres), dtype=object)


class Lines:
    """Known lines in metres: the nearest place on them, and places along them."""

    def __init__(self, lines: Shapes) -> None:
        """``lines`` (n,) of LineString, in metres of the frame."""
        self.lines = lines

    @cached_property
    def _pieces(self) -> tuple[Floats, Floats, shapely.STRtree]:
        xy, owner = shapely.get_coordinates(self.lines, return_index=True)
        legs = np.flatnonzero((owner[1:] == owner[:-1]) & (xy[1:] != xy[:-1]).any(axis=1))
        starts, ends = xy[legs], xy[legs + 1]
        pieces = np.asarray(shapely.linestrings(np.stack([starts, ends], axis=1)), dtype=object)
        return starts, ends - starts, shapely.STRtree(pieces)

    def nearest(self, points: Floats) -> Floats:
        """The nearest place on the lines for each of ``points`` (n, 2)."""
        starts, steps, tree = self._pieces
        which = tree.nearest(shapely.points(points))
        start, step = starts[which], steps[which]
        along = ((points - start) * step).sum(axis=1) / (step**2).sum(axis=1)
        return np.asarray(start + np.clip(along, 0.0, 1.0)[:, None] * step)

    def places(self, spacing_m: float) -> tuple[Floats, Floats]:
        """Points along the lines and the unit directions there."""
        spacing = max(spacing_m, float(shapely.length(self.lines).sum()) / _KNOWN_SAMPLES)
        _, xy, after = sampled(self.lines, np.maximum(shapely.length(self.lines) / spacing, 1).astype(int))
        return xy, _unit(after - xy)


def sampled(lines: Shapes, counts: Ints) -> tuple[Ints, Floats, Floats]:
    """For ``counts`` samples of each line: the line of each, the samples (n, 2), and points a little further along."""
    owner = np.repeat(np.arange(len(lines)), counts)
    xy, line = shapely.get_coordinates(lines, return_index=True)
    legs = _length(np.diff(xy, axis=0)) * (line[1:] == line[:-1])
    along = np.concatenate([[0.0], np.cumsum(legs)])
    first = np.searchsorted(line, np.arange(len(lines)))
    last = np.searchsorted(line, np.arange(len(lines)), side="right") - 1
    at = (_number(counts) + 0.5) / counts[owner]
    places = []
    for share in (at, at + 0.1 / counts[owner]):
        goal = along[first[owner]] + share * (along[last[owner]] - along[first[owner]])
        leg = np.minimum(np.searchsorted(along, goal, side="right") - 1, last[owner] - 1)
        part = (goal - along[leg]) / np.where(legs[leg] > 0, legs[leg], 1.0)
        places.append(xy[leg] + part[:, None] * (xy[leg + 1] - xy[leg]))
    return owner, places[0], places[1]


def _number(counts: Ints) -> Ints:
    """0, 1, 2 … within each of the counts."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)


def _unit(steps: Floats) -> Floats:
    length = np.hypot(steps[:, 0], steps[:, 1])
    return np.asarray(steps / np.where(length > 0, length, 1.0)[:, None])


@dataclass(frozen=True, slots=True)
class Samples:
    """Places on a file's lines in the file's own numbers, and the known lines each belongs on.

    ``xy`` (n, 2) are the samples, ``after`` stands a little further along the line; ``feature`` and ``unit`` (n,)
    count the features and the parts of them that are judged one by one; ``group`` (n,) indexes ``known``.
    """

    by: Comparison
    xy: Floats
    after: Floats
    feature: Ints
    unit: Ints
    group: Ints
    known: tuple[Lines, ...]

    def on(self, datum: crs.Datum, frame: Frame) -> tuple[Floats, Floats]:
        """The samples as ``datum`` reads them, in metres, and the lines' unit directions there."""
        xy, after = (frame.metres(crs.to_stored(side, datum)) for side in (self.xy, self.after))
        return xy, _unit(after - xy)

    def nearest(self, points: Floats) -> Floats:
        """The nearest known place of each point, on the lines that it belongs on."""
        found = np.empty_like(points)
        for number, lines in enumerate(self.known):
            mine = self.group == number
            if mine.any():
                found[mine] = lines.nearest(points[mine])
        return found

    def misfits(self, datum: crs.Datum, frame: Frame) -> Floats:
        """The mean distance to what is known of each unit, as ``datum`` reads the file, each sample capped."""
        points, _ = self.on(datum, frame)
        apart = np.minimum(_length(self.nearest(points) - points), SCALES[self.by].cap_m)
        return _means(apart, self.unit)

    def measure(self, datum: crs.Datum, frame: Frame, *, voted: bool = True) -> Shift:
        """The displacement of the samples as ``datum`` reads them; without a vote the small one around that place."""
        points, directions = self.on(datum, frame)
        step, prominence = _vote(self, points, directions) if voted else (np.zeros(2), 1.0)
        step = _refine(self, points, directions, step)
        there = self.nearest(points + step)
        apart, scale = _length(there - points - step), SCALES[self.by]
        close = apart[apart < max(scale.cap_m / 2, scale.close_m)]
        residual = float(np.median(close if len(close) else apart))
        held = apart <= max(3 * residual, scale.close_m / 4)
        within = _means(held.astype(float), self.feature) > _FOLLOWS[self.by]
        return Shift(
            self.by,
            float(-step[0]),
            float(-step[1]),
            residual,
            agree=int(within.sum()),
            of=len(within),
            prominence=prominence,
            pairs=np.stack([frame.places(points), frame.places(there)], axis=1)[_few(len(points))],
        )

    def shown(self, datum: crs.Datum, frame: Frame) -> Floats:
        """Where ``datum`` puts the samples that are shown, lon, lat."""
        points, _ = self.on(datum, frame)
        return frame.places(points[_few(len(points))])


@dataclass(frozen=True, slots=True)
class Twins:
    """Points of a file in its own numbers (n, 2) and where the same things are known to be, in metres."""

    xy: Floats
    there: Floats
    by: Comparison = Comparison.POINTS

    def misfits(self, datum: crs.Datum, frame: Frame) -> Floats:
        """The distance of each point to where it is known to be."""
        return _length(frame.metres(crs.to_stored(self.xy, datum)) - self.there)

    def measure(self, datum: crs.Datum, frame: Frame, *, voted: bool = True) -> Shift:
        """The median displacement of the points; those agree that lie at most twice the allowed distance from it."""
        del voted
        points = frame.metres(crs.to_stored(self.xy, datum))
        steps = points - self.there
        east, north = (float(each) for each in np.median(steps, axis=0))
        apart = _length(steps - (east, north))
        residual = float(np.median(apart))
        within = int((apart <= min(max(3 * residual, 1.0), 2 * SCALES[self.by].close_m)).sum())
        pairs = np.stack([frame.places(points), frame.places(self.there)], axis=1)[_few(len(points))]
        return Shift(self.by, east, north, residual, agree=within, of=len(steps), prominence=np.inf, pairs=pairs)

    def shown(self, datum: crs.Datum, frame: Frame) -> Floats:
        """Where ``datum`` puts the points that are shown, lon, lat."""
        del frame
        return crs.to_stored(self.xy, datum)[_few(len(self.xy))]


def _few(count: int) -> Ints:
    return np.linspace(0, count - 1, min(SHOWN, count)).astype(np.intp)


def take_samples(by: Comparison, lines: Shapes, feature: Ints, known: tuple[Lines, ...], *, parts: int) -> Samples:
    """Samples along ``lines`` (file's numbers), spread by length; each line is judged in ``parts`` parts.

    ``feature`` (n,) is the feature of each line; of several known sets, a feature belongs on that of its number.
    """
    lengths = shapely.length(lines)
    if len(lines) > _MOST_LINES:
        kept = _spread(lengths)
        lines, feature, lengths = lines[kept], feature[kept], lengths[kept]
    counts = np.maximum(_SAMPLES * lengths / max(float(lengths.sum()), 1e-300), 4 * parts).astype(int)
    owner, xy, after = sampled(lines, counts)
    unit = owner * parts + _number(counts) * parts // counts[owner]
    group = feature[owner] if len(known) > 1 else np.zeros(len(owner), dtype=np.intp)
    _, counted = np.unique(feature, return_inverse=True)
    return Samples(by, xy, after, counted[owner], unit, group, known)


def _spread(lengths: Floats) -> Ints:
    """The lines that lie at so many places, spread evenly, of all put end to end."""
    end_m = np.cumsum(lengths)
    places = (np.arange(_MOST_LINES) + 0.5) / _MOST_LINES * end_m[-1]
    return np.unique(np.searchsorted(end_m, places)).astype(np.intp)


def _means(values: Floats, owner: Ints) -> Floats:
    return np.asarray(np.bincount(owner, weights=values) / np.maximum(np.bincount(owner), 1))


def _length(steps: Floats) -> Floats:
    return np.asarray(np.hypot(steps[:, 0], steps[:, 1]))


def _vote(samples: Samples, points: Floats, directions: Floats) -> tuple[Floats, float]:
    """The step that most samples agree on, and how many times the votes of the next best it has."""
    scale = SCALES[samples.by]
    edges = int(np.ceil(scale.radius_m / scale.bin_m))
    size = 2 * edges + 1
    votes = np.zeros((size, size))
    for number, lines in enumerate(samples.known):
        mine = np.flatnonzero(samples.group == number)
        if not len(mine):
            continue
        there, along = lines.places(scale.bin_m)
        tree = shapely.STRtree(np.asarray(shapely.points(there), dtype=object))
        for first in range(0, len(mine), _VOTERS):
            some = mine[first : first + _VOTERS]
            left, right = tree.query(shapely.points(points[some]), predicate="dwithin", distance=scale.radius_m)
            alike = np.abs((directions[some[left]] * along[right]).sum(axis=1)) >= _ALONG
            steps = there[right[alike]] - points[some[left[alike]]]
            cell = np.rint(steps / scale.bin_m).astype(int) + edges
            votes += np.bincount(cell @ (size, 1), minlength=size * size).reshape(size, size)
    votes = _blurred(votes)
    x, y = np.unravel_index(int(votes.argmax()), votes.shape)
    peak = float(votes[x, y])
    rest = votes.copy()
    rest[max(x - 3, 0) : x + 4, max(y - 3, 0) : y + 4] = 0.0
    step = np.array([float(x) - edges, float(y) - edges]) * scale.bin_m
    return step, peak / max(float(rest.max()), 1.0)


def _blurred(votes: Floats) -> Floats:
    """Each bin with its eight neighbours."""
    wide = np.pad(votes, 1)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    return np.asarray(rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:])


def _refine(samples: Samples, points: Floats, directions: Floats, step: Floats) -> Floats:
    """The step at which the samples lie best on the known lines: least squares along the normals, outliers left out.

    A line does not tell how far a thing moved along it; the few millimetres that steady the equations keep what the
    vote found there.
    """
    scale = SCALES[samples.by]
    normals = np.column_stack([-directions[:, 1], directions[:, 0]])
    for turn in range(_TURNS):
        apart = samples.nearest(points + step) - points - step
        length = _length(apart)
        near = length[length < scale.cap_m]
        kept = length <= max(
            3 * float(np.median(near)) if len(near) else 0.0, 2 * scale.bin_m / 2**turn, scale.bin_m / 4
        )
        if not kept.any():
            return step
        normal = normals[kept]
        matrix = normal.T @ normal + 1e-3 * kept.sum() * np.eye(2)
        change = np.linalg.solve(matrix, normal.T @ (normal * apart[kept]).sum(axis=1))
        step = step + change
        if turn >= _WIDE and _length(change[None, :])[0] < 0.01:  # noqa: PLR2004 - a centimetre
            break
    return step
