"""What of a file belongs on what of the known: by name, else by overlap, else by shared borders; streets, points."""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from gis import crs
from gis.datums.measuring import Comparison, Floats, Frame, Ints, Lines, Samples, Shapes, Twins, take_samples
from gis.datums.values import Known

#: Things of one name are the same where they are at most this far apart.
_NEAR_M = 6000.0
#: Share of the union that two outlines must have in common to be taken for the same division.
_OVERLAP = 0.5
#: A comparison of lines is judged in at least this many parts.
_PARTS = 24
#: Pieces of a street lie at most this far apart; a name is looked for this far around; so many names are compared.
_GAP_M, _AROUND_M, _NAMES = 60.0, 2000.0, 300
#: A name that the file writes on more pieces than this is not compared: no street is drawn in so many.
_PIECES = 2000
#: Features taken of a file at most, spread over it.
_MOST = 4000
_POLYGON, _LINE = 2, 1


def comparisons(
    shapes: Shapes, names: Sequence[str | None], *, datum: crs.Datum, frame: Frame, known: Known
) -> list[Samples | Twins]:
    """What of ``shapes`` (file's own numbers, none missing or empty) can be laid on what is known.

    ``datum`` is a reading that puts the file roughly where it belongs. The most telling comparison comes first.
    """
    flat = frame.flat(crs.shapes_to_stored(shapes, datum))
    kinds = shapely.get_dimensions(shapes)
    found: list[Samples | Twins] = []
    areas, lines = np.flatnonzero(kinds == _POLYGON), np.flatnonzero(kinds == _LINE)
    if len(areas) and known.outlines:
        found += _outlines(shapes[areas], [names[int(n)] for n in areas], flat[areas], frame=frame, known=known)
    if len(lines) and known.streets:
        found += _named(shapes[lines], [names[int(n)] for n in lines], flat[lines], frame=frame, known=known)
        found += _streets(shapes[lines], flat[lines], frame=frame, known=known)
    told = any(each.by is Comparison.OUTLINES for each in found)
    points = np.flatnonzero(kinds == 0) if told else np.flatnonzero(kinds != _LINE)
    if len(points) and known.points:
        found += _points(shapes[points], [names[int(n)] for n in points], flat[points], frame=frame, known=known)
    return sorted(found, key=lambda each: list(Comparison).index(each.by))


def _outlines(
    shapes: Shapes, names: Sequence[str | None], flat: Shapes, *, frame: Frame, known: Known
) -> list[Samples]:
    outlines = frame.flat(_objects([outline for _, outline in known.outlines]))
    pairs = _by_name(names, flat, [name for name, _ in known.outlines], outlines)
    pairs |= _by_overlap([n for n in range(len(flat)) if n not in pairs], flat, outlines)
    if not pairs:
        return _borders(shapes, flat, outlines)
    lines = [_rings(shapes[mine]) for mine in pairs]
    known_lines = tuple(Lines(_rings(outlines[theirs])) for theirs in pairs.values())
    feature = np.repeat(np.arange(len(lines)), [len(rings) for rings in lines])
    return [_taken(Comparison.OUTLINES, np.concatenate(lines), feature, known_lines)]


def _borders(shapes: Shapes, flat: Shapes, outlines: Shapes) -> list[Samples]:
    edges = Lines(np.concatenate([_rings(outline) for outline in outlines]))
    near = shapely.dwithin(flat, shapely.multilinestrings(edges.lines), _NEAR_M / 3)
    if not near.any():
        return []
    rings = np.concatenate([_rings(shape) for shape in shapes[near]])
    return [_taken(Comparison.BORDERS, rings, np.arange(len(rings)), (edges,))]


def _streets(shapes: Shapes, flat: Shapes, *, frame: Frame, known: Known) -> list[Samples]:
    streets = frame.flat(_objects(list(known.streets)))
    box = shapely.box(*shapely.total_bounds(flat)).buffer(_NEAR_M / 3)
    streets = streets[shapely.intersects(streets, box)]
    if not len(streets):
        return []
    near = np.unique(shapely.STRtree(streets).query(flat, predicate="dwithin", distance=_NEAR_M / 3)[0])
    if not len(near):
        return []
    parts = np.asarray(shapely.get_parts(shapes[near]), dtype=object)
    lines = parts[shapely.length(parts) > 0]
    laid = (Lines(np.asarray(shapely.get_parts(streets), dtype=object)),)
    return [take_samples(Comparison.STREETS, lines, np.arange(len(lines)), laid, parts=1)]


def _named(shapes: Shapes, names: Sequence[str | None], flat: Shapes, *, frame: Frame, known: Known) -> list[Samples]:
    """Streets of a name that one street bears in the file, and one in the register around: whatever their shape."""
    mine, theirs = _bearers(names), _bearers(known.called)
    shared = sorted(set(mine) & set(theirs))[:_NAMES]
    there = frame.flat(_objects(list(known.streets))) if shared else flat
    lines: list[Shapes] = []
    owner: list[int] = []
    belongs: list[Lines] = []
    for name in shared:
        if shapely.get_num_geometries(flat[mine[name]]).sum() > _PIECES:
            continue
        [street, *others] = _streets_of(flat[mine[name]])
        near = [each for each in _streets_of(there[theirs[name]]) if shapely.dwithin(each, street, _AROUND_M)]
        parts = shapely.get_parts(shapes[mine[name]])
        parts = parts[shapely.length(parts) > 0]
        if others or len(near) != 1 or not len(parts):
            continue
        lines.append(parts)
        owner += [len(belongs)] * len(parts)
        belongs.append(Lines(np.asarray(shapely.get_parts(near[0]), dtype=object)))
    if not lines:
        return []
    taken = np.asarray(np.concatenate(lines), dtype=object)
    return [take_samples(Comparison.NAMED, taken, np.array(owner), tuple(belongs), parts=1)]


def _bearers(names: Sequence[str | None]) -> dict[str, list[int]]:
    """By name, which bear it."""
    bearers = defaultdict(list)
    for number, name in enumerate(names):
        if name and _plain(name):
            bearers[_plain(name)].append(number)
    return bearers


def _streets_of(lines: Shapes) -> Shapes:
    """Lines of one name as streets (multi-lines): what lies further apart than a gap is another one."""
    pieces = np.asarray(shapely.get_parts(lines), dtype=object)
    wholes = shapely.get_parts(shapely.union_all(shapely.buffer(pieces, _GAP_M / 2)))
    return _objects([shapely.MultiLineString(list(pieces[shapely.intersects(pieces, whole)])) for whole in wholes])


def _taken(by: Comparison, lines: Shapes, feature: Ints, known: tuple[Lines, ...]) -> Samples:
    return take_samples(by, lines, feature, known, parts=max(1, math.ceil(_PARTS / len(lines))))


def _by_name(names: Sequence[str | None], flat: Shapes, known: Sequence[str], there: Shapes) -> dict[int, int]:
    """Index → index of the known thing of the same name that is nearest, at most 6 km between their middles."""
    bearers = defaultdict(list)
    for number, bearer in enumerate(known):
        bearers[_plain(bearer)].append(number)
    middles, others = _middles(flat), _middles(there)
    pairs = {}
    for number, name in enumerate(names):
        same = bearers.get(_plain(name), []) if name else []
        if not same or not np.isfinite(middles[number]).all():
            continue
        apart = np.hypot(*(others[same] - middles[number]).T)
        if apart.min() <= _NEAR_M:
            pairs[number] = same[int(apart.argmin())]
    return pairs


def _by_overlap(rest: Sequence[int], flat: Shapes, outlines: Shapes) -> dict[int, int]:
    pairs = {}
    valid = shapely.make_valid(outlines)
    tree = shapely.STRtree(valid)
    for number in rest[:_MOST]:
        shape = shapely.make_valid(flat[number])
        near = tree.query(shape)
        alike = near[shapely.area(valid[near]) > _OVERLAP * shape.area] if len(near) else near
        if not len(alike):
            continue
        shared = shapely.area(shapely.intersection(valid[alike], shape))
        shares = shared / (shapely.area(valid[alike]) + shape.area - shared)
        if shares.max() >= _OVERLAP:
            pairs[number] = int(alike[int(shares.argmax())])
    return pairs


def _points(shapes: Shapes, names: Sequence[str | None], flat: Shapes, *, frame: Frame, known: Known) -> list[Twins]:
    there = frame.flat(_objects([point for _, point in known.points]))
    pairs = _by_name(names, flat, [name for name, _ in known.points], there)
    if not pairs:
        return []
    return [Twins(_middles(shapes)[list(pairs)], _middles(there)[list(pairs.values())])]


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _middles(shapes: Shapes) -> Floats:
    return np.asarray(shapely.get_coordinates(shapely.centroid(shapes)), dtype=float)


def _rings(shape: shapely.Geometry) -> Shapes:
    """The outer rings of an outline; islands of less than a hundredth of the longest ring are left out."""
    rings = np.asarray(shapely.get_exterior_ring(shapely.get_parts(shape)), dtype=object)
    rings = rings[~shapely.is_missing(rings)]
    lengths = shapely.length(rings)
    return np.asarray(rings[lengths > lengths.max(initial=0.0) / 100], dtype=object)


def _objects(shapes: Sequence[shapely.Geometry]) -> NDArray[np.object_]:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array
