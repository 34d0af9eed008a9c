"""Shapes of a file brought to EPSG:4490, and what is wrong with where they lie."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from gis import crs
from gis.errors import N_
from gis.formats.flaws import Flaw

_PREFIXED = (25e6, 46e6)  # eastings that carry a CGCS2000 3° zone number in front
_MARGIN_DEG = 3.0  # survey files of one zone may reach a little into the next


def place_all(shapes: NDArray[np.object_], datum: crs.Datum) -> tuple[NDArray[np.object_], dict[int, Flaw]]:
    """Shapes in EPSG:4490 without heights, and what is wrong with where they lie, by index."""
    flat = shapely.force_2d(shapes)
    flaws: dict[int, Flaw] = {}
    bounds = shapely.bounds(flat)
    there = ~(shapely.is_missing(flat) | shapely.is_empty(flat))
    placed = crs.shapes_to_stored(flat, datum)
    after = shapely.bounds(placed)
    wrong = there & ~_plausible(after, datum)
    # min and max over coordinates skip nan, so that a single broken vertex has to be looked for
    finite = np.ones(len(flat), dtype=bool)
    xy, owner = shapely.get_coordinates(flat, return_index=True)
    finite[owner[~np.isfinite(xy).all(axis=1)]] = False
    for index in np.flatnonzero(wrong | (there & ~finite)):
        flaws[int(index)] = _misplaced(bounds[index], xy[owner == index], datum) if finite[index] else _not_a_number()
    return placed, flaws


def _plausible(bounds: NDArray[np.float64], datum: crs.Datum) -> NDArray[np.bool_]:
    west, south, east, north = datum.box or (-180.0, -90.0, 180.0, 90.0)
    margin = _MARGIN_DEG if datum.box else 0.0
    with np.errstate(invalid="ignore"):
        return np.asarray(
            (bounds[:, 0] >= west - margin)
            & (bounds[:, 1] >= south - margin)
            & (bounds[:, 2] <= east + margin)
            & (bounds[:, 3] <= north + margin)
        )


def _not_a_number() -> Flaw:
    return Flaw(N_("A coordinate is not a finite number; digitise this row again."), "geometry")


def _misplaced(bounds: NDArray[np.float64], xy: NDArray[np.float64], datum: crs.Datum) -> Flaw:
    """Why a shape of these vertices (n, 2) cannot lie where it does: the first vertex that cannot."""
    wrong = np.flatnonzero(~_plausible(np.tile(crs.to_stored(xy, datum), 2), datum))
    first = int(wrong[0]) if len(wrong) else 0
    x, y = (float(each) for each in xy[first])
    values: dict[str, object] = {"x": round(x, 6), "y": round(y, 6), "datum": datum.name}
    if 0 < len(wrong) <= len(xy) // 2:
        reason = N_("Vertex {vertex}, x = {x}, y = {y}, lies where no place of {datum} is, and the others do not.")
        return Flaw(reason, "geometry", {**values, "vertex": first + 1})
    swapped = crs.to_stored(np.array([[y, x], [bounds[3], bounds[2]]], dtype=float), datum)
    if _plausible(np.array([[*swapped.min(axis=0), *swapped.max(axis=0)]]), datum)[0]:
        return Flaw(
            N_("x = {x}, y = {y} looks like swapped axes; x must be the longitude or easting."),
            "geometry",
            values,
        )
    if not datum.planar:
        return Flaw(
            N_("x = {x}, y = {y} is not longitude and latitude; declare the coordinate system of the file."),
            "geometry",
            values,
        )
    if _PREFIXED[0] <= x < _PREFIXED[1]:
        values["zone"] = int(x // 1e6)
        values["proposed"] = f"EPSG:{4488 + int(x // 1e6)}"
        return Flaw(
            N_("x = {x} carries the zone number {zone} in front; declare {proposed} instead of {datum}."),
            "geometry",
            values,
        )
    return Flaw(
        N_("x = {x}, y = {y} lies outside the area of {datum}; declare the zone of the file."),
        "geometry",
        values,
    )
