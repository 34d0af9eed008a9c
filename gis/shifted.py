"""GCJ-02 and BD-09, the shifted datums of Chinese map providers: forward, and inverse to the last digit.

Both shifts are smooth and small against their wavelength, so that the inverse is found by letting the
forward formula correct its own guess; each turn shrinks the error at least fifty-fold, six turns reach the
last digit of a double. A fixed number of turns keeps the result of a point independent of the points it is
computed with.

All functions take and give ``(n, 2)`` arrays of lon, lat in degrees, leave nan and inf as they are and
accept n = 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Krasovsky 1940, which the published formula uses for a shift of WGS84 coordinates.
_A = 6378245.0
_E2 = 0.00669342162296594323
_TURNS = 6
_BD_PI = np.pi * 3000.0 / 180.0
# Outside this box the providers shift nothing.
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271


def _inside(xy: Floats) -> NDArray[np.bool_]:
    lon, lat = xy[:, 0], xy[:, 1]
    return np.asarray((lon >= _WEST) & (lon <= _EAST) & (lat >= _SOUTH) & (lat <= _NORTH))


def _waves(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The published sums of sines: east and north shift in metres on the formula's ellipsoid."""
    short = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    root = np.sqrt(np.abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + short
    north = north + (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north = north + (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + short
    east = east + (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east = east + (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    return east, north


def _shift_gcj(xy: Floats) -> Floats:
    east, north = _waves(xy[:, 0] - 105.0, xy[:, 1] - 35.0)
    phi = np.radians(xy[:, 1])
    w2 = 1.0 - _E2 * np.sin(phi) ** 2
    lon = xy[:, 0] + np.degrees(east / (_A / np.sqrt(w2) * np.cos(phi)))
    lat = xy[:, 1] + np.degrees(north / (_A * (1.0 - _E2) / (w2 * np.sqrt(w2))))
    return np.column_stack([lon, lat])


def _shift_bd(xy: Floats) -> Floats:
    lon, lat = xy[:, 0], xy[:, 1]
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_PI)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_PI)
    return np.column_stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006])


def _undo(forward: Callable[[Floats], Floats], xy: Floats) -> Floats:
    guess = xy.copy()
    for _ in range(_TURNS):
        guess = guess + (xy - forward(guess))
    return guess


def _where(keep: NDArray[np.bool_], changed: Floats, unchanged: Floats) -> Floats:
    return np.where(keep[:, None], changed, unchanged)


def wgs84_to_gcj02(xy: Floats) -> Floats:
    """WGS84 (or CGCS2000) to GCJ-02; points outside the providers' box around China stay where they are."""
    with np.errstate(all="ignore"):
        return _where(_inside(xy), _shift_gcj(xy), xy)


def gcj02_to_wgs84(xy: Floats) -> Floats:
    """GCJ-02 to WGS84, exact to 1e-12°; a point is taken as shifted where its origin lies inside the box."""
    with np.errstate(all="ignore"):
        origin = _undo(_shift_gcj, xy)
        return _where(_inside(origin), origin, xy)


def wgs84_to_bd09(xy: Floats) -> Floats:
    """WGS84 (or CGCS2000) to BD-09, which is GCJ-02 shifted once more; outside the box nothing is shifted."""
    with np.errstate(all="ignore"):
        return _where(_inside(xy), _shift_bd(_shift_gcj(xy)), xy)


def bd09_to_wgs84(xy: Floats) -> Floats:
    """BD-09 to WGS84, exact to 1e-12°; a point is taken as shifted where its origin lies inside the box."""
    with np.errstate(all="ignore"):
        origin = _undo(_shift_gcj, _undo(_shift_bd, xy))
        return _where(_inside(origin), origin, xy)
