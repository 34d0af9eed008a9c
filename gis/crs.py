"""Every coordinate system in use, and the only place that transforms between them.

Everything is kept in CGCS2000 (EPSG:4490) as x, y = lon, lat in degrees. WGS84 is taken as equal to it:
both datums agree within centimetres and the registered transformation shifts by nothing. GCJ-02 and BD-09,
the shifted datums of Chinese map providers, are no EPSG systems and are computed here.

Sources: EPSG registry as shipped with PROJ; CGCS2000 ellipsoid of GB 22021-2008 (a = 6 378 137 m,
f = 1/298.257222101); the shift formulas as published in the providers' own converters.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError

from gis import shifted
from gis.blocks import by_blocks
from gis.errors import N_, UnknownDatum

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

STORED = "EPSG:4490"
SHIFTED = ("GCJ-02", "BD-09")
_Y_FIRST = "/yx"
ELLIPSOID = Geod(a=6378137.0, rf=298.257222101)
_DEGREE_M = float(np.radians(6378137.0))
_E2 = 2 / 298.257222101 - 1 / 298.257222101**2

_SAME_AS_STORED = frozenset({"EPSG:4490", "EPSG:4326", "EPSG:4979", "EPSG:4480", "OGC:CRS84"})
_ALIASES = {
    "wgs84": "EPSG:4326",
    "gps": "EPSG:4326",
    "crs84": "EPSG:4326",
    "ogc:crs84": "EPSG:4326",
    "cgcs2000": "EPSG:4490",
    "china2000": "EPSG:4490",
    "2000国家大地坐标系": "EPSG:4490",
    "国家2000": "EPSG:4490",
    "gcj02": "GCJ-02",
    "gcj": "GCJ-02",
    "火星坐标": "GCJ-02",
    "火星坐标系": "GCJ-02",
    "高德": "GCJ-02",
    "amap": "GCJ-02",
    "bd09": "BD-09",
    "bd09ll": "BD-09",
    "百度": "BD-09",
    "baidu": "BD-09",
}
# CGCS2000: 6° zones 4491-4512, 3° zones 4513-4554; WGS84 UTM north and south; web mercator.
_KNOWN_RANGES = ((4491, 4554), (32601, 32660), (32701, 32760), (3857, 3857))
# Geodetic systems whose coordinates reach CGCS2000 without parameters that are kept locally.
_TRUSTED_GEODETIC = (
    "China Geodetic Coordinate System 2000",
    "CGCS2000",
    "China 2000",
    "China_2000",
    "WGS 84",
    "WGS_1984",
)
_LOCAL_GEODETIC = ("Beijing 1954", "Beijing_1954", "New Beijing", "Xian 1980", "Xian_1980")


@dataclass(frozen=True, slots=True)
class Datum:
    """One coordinate system. ``box`` = lon min, lat min, lon max, lat max of a plane system's use, else None.

    ``definition`` is what PROJ takes; empty where the coordinates are ours already or the shift is our own
    code. ``under`` names the shifted datum whose degrees were projected as if they were CGCS2000 (an internet
    map's export, brought to a zone); ``swapped`` says that a row has y first (latitude, longitude).
    """

    name: str
    definition: str = ""
    planar: bool = False
    box: tuple[float, float, float, float] | None = None
    under: str = ""
    swapped: bool = False


def datum_named(text: str) -> Datum:
    """The datum that a person, a file or a WKT text names: ``EPSG:4548``, ``4548``, ``GCJ-02``, ``百度`` ….

    ``EPSG:4548+GCJ-02`` is a plane system over shifted degrees, ``…/yx`` any system with y before x.
    Raises :class:`UnknownDatum` for empty text, unknown names and for Beijing 1954 and Xian 1980, which
    cannot be brought to CGCS2000 without parameters that the surveying authority keeps.
    """
    return _datum(unicodedata.normalize("NFKC", text).strip())


@lru_cache(maxsize=256)
def _datum(text: str) -> Datum:
    if not text:
        raise UnknownDatum(
            N_("No coordinate system is given; say which one it is, for example EPSG:4490 or EPSG:4548.")
        )
    if text.endswith(_Y_FIRST):
        plain = datum_named(text.removesuffix(_Y_FIRST))
        return plain if plain.swapped else replace(plain, name=plain.name + _Y_FIRST, swapped=True)
    plane, plus, under = text.rpartition("+")
    if plus and under in SHIFTED:
        return over(datum_named(plane), under)
    name = _ALIASES.get(re.sub(r"[\s_-]", "", text).lower(), text)
    if name in SHIFTED or name in _SAME_AS_STORED:
        return Datum(name)
    return _registered(name, text)


def over(plane: Datum, under: str) -> Datum:
    """A plane system whose projected degrees were those of a shifted datum; UnknownDatum for degrees."""
    if not plane.planar or plane.under or plane.swapped:
        raise _unknown(f"{plane.name}+{under}")
    return replace(plane, name=f"{plane.name}+{under}", under=under)


def swapped(datum: Datum) -> Datum:
    """The same system with its axes the other way round."""
    if datum.swapped:
        return replace(datum, name=datum.name.removesuffix(_Y_FIRST), swapped=False)
    return replace(datum, name=datum.name + _Y_FIRST, swapped=True)


def _registered(name: str, text: str) -> Datum:
    try:
        crs = CRS.from_user_input(int(name) if name.isdigit() else name)
    except CRSError:
        raise _unknown(text) from None
    code = crs.to_epsg(min_confidence=70)
    label = f"EPSG:{code}" if code else crs.name
    if label in _SAME_AS_STORED or (crs.is_geographic and _names_any(crs, _TRUSTED_GEODETIC)):
        return Datum(label if code else _geographic_label(crs))
    known = code is not None and any(low <= code <= high for low, high in _KNOWN_RANGES)
    if not known and not _names_any(crs, _TRUSTED_GEODETIC):
        raise _unknown(text, crs)
    if not crs.is_projected:
        raise _unknown(text, crs)
    area = crs.area_of_use
    return Datum(
        label,
        definition=label if code else crs.to_wkt(),
        planar=True,
        box=(area.west, area.south, area.east, area.north) if area else None,
    )


def _geographic_label(crs: CRS) -> str:
    return "EPSG:4490" if "2000" in crs.name else "EPSG:4326"


def _names_any(crs: CRS, names: tuple[str, ...]) -> bool:
    geodetic = crs.geodetic_crs
    described = " ".join(
        filter(None, [crs.name, geodetic.name if geodetic else "", crs.datum.name if crs.datum else ""])
    )
    return any(name.lower() in described.lower() for name in names)


def _unknown(text: str, crs: CRS | None = None) -> UnknownDatum:
    shown = text if len(text) < 60 else f"{crs.name if crs else text[:57]}…"  # noqa: PLR2004 - fits one line
    if crs is not None and _names_any(crs, _LOCAL_GEODETIC):
        return UnknownDatum(
            N_(
                "{datum} cannot be brought to CGCS2000 without parameters that the surveying authority "
                "keeps; ask for the same file in CGCS2000 (EPSG:4490 or a zone such as EPSG:4548)."
            ),
            datum=shown,
        )
    return UnknownDatum(
        N_(
            "The coordinate system “{datum}” is not known here; choose CGCS2000 (EPSG:4490 or a zone such as "
            "EPSG:4548), WGS84 (EPSG:4326), UTM, GCJ-02 or BD-09."
        ),
        datum=shown,
    )


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def to_stored(xy: Floats, datum: Datum) -> Floats:
    """Coordinates ``(n, 2)`` of ``datum``, x, y order, as lon, lat in EPSG:4490; impossible ones become inf.

    Nothing is checked and nothing is raised: rows out of range are for the reader to report. Empty in,
    empty out.
    """
    if datum.swapped:
        return to_stored(np.ascontiguousarray(xy[:, ::-1]), swapped(datum))
    if datum.planar:
        lon, lat = _transformer(datum.definition, "EPSG:4326").transform(xy[:, 0], xy[:, 1])
        xy = np.column_stack([lon, lat])
    shift = datum.under or datum.name
    if shift == "GCJ-02":
        return shifted.gcj02_to_wgs84(xy)
    if shift == "BD-09":
        return shifted.bd09_to_wgs84(xy)
    return xy


def from_stored(xy: Floats, datum: Datum) -> Floats:
    """Lon, lat ``(n, 2)`` in EPSG:4490 as coordinates of ``datum``, x, y order.

    The inverse of :func:`to_stored`.
    """
    if datum.swapped:
        return np.ascontiguousarray(from_stored(xy, swapped(datum))[:, ::-1])
    shift = datum.under or datum.name
    if shift == "GCJ-02":
        xy = shifted.wgs84_to_gcj02(xy)
    elif shift == "BD-09":
        xy = shifted.wgs84_to_bd09(xy)
    if datum.planar:
        x, y = _transformer("EPSG:4326", datum.definition).transform(xy[:, 0], xy[:, 1])
        return np.column_stack([x, y])
    return xy


def shapes_to_stored(shapes: Shapes, datum: Datum) -> Shapes:
    """An array of geometries of ``datum`` in EPSG:4490, without heights; None and empty ones pass through."""
    return np.asarray(shapely.transform(shapes, lambda xy: to_stored(xy, datum)), dtype=object)


def shapes_from_stored(shapes: Shapes, datum: Datum) -> Shapes:
    """An array of geometries in EPSG:4490 in ``datum``, without heights; None and empty ones pass through."""
    return np.asarray(shapely.transform(shapes, lambda xy: from_stored(xy, datum)), dtype=object)


def metric_zone(lon: float) -> Datum:
    """The CGCS2000 3° zone (without prefix, EPSG:4534-4554) for ``lon``.

    The nearest UTM zone outside 73.5-136.5°E.
    """
    zone = round(lon / 3)
    if 25 <= zone <= 45:  # noqa: PLR2004 - the zones that CGCS2000 defines
        return datum_named(f"EPSG:{4509 + zone}")
    return datum_named(f"EPSG:{32600 + min(int((lon + 180) // 6) + 1, 60)}")


def lengths_m(lines: Shapes) -> Floats:
    """Geodesic length in metres of each line (lon, lat in EPSG:4490).

    0 for None, empty and pointlike ones.
    """
    shapes = np.asarray(lines, dtype=object)
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    if len(xy) < 2:  # noqa: PLR2004 - a leg has two ends
        return np.zeros(len(shapes))
    within = owner[1:] == owner[:-1]
    legs = np.flatnonzero(within)
    _, _, metres = ELLIPSOID.inv(xy[legs, 0], xy[legs, 1], xy[legs + 1, 0], xy[legs + 1, 1])
    sums = np.bincount(owner[legs], weights=np.asarray(metres), minlength=len(shapes))
    return np.asarray(sums, dtype=float)


def metres_per_degree(lat_deg: Floats | float) -> tuple[Floats, Floats]:
    """Metres per degree of longitude and of latitude at ``lat_deg``, by the radii of curvature."""
    sin2 = np.sin(np.radians(np.asarray(lat_deg, dtype=float))) ** 2
    w2 = 1 - _E2 * sin2
    w = np.sqrt(w2)
    return np.asarray(_DEGREE_M * np.sqrt(1 - sin2) / w), np.asarray(_DEGREE_M * (1 - _E2) / (w2 * w))


def bearings_deg(origin: Floats, target: Floats) -> Floats:
    """Bearing in degrees clockwise from true north, 0 ≤ b < 360, of each target from its origin, ``(n, 2)``.

    Taken on the plane that touches the ellipsoid at mid latitude: within 0.01° of the geodesic for legs up
    to 1 km, at a fraction of its cost. Equal points give 0.
    """
    return by_blocks(_bearings_deg, origin, target)


def _bearings_deg(origin: Floats, target: Floats) -> Floats:
    step = target - origin
    east, north = metres_per_degree((origin[:, 1] + target[:, 1]) / 2)
    return np.asarray(np.degrees(np.arctan2(step[:, 0] * east, step[:, 1] * north)) % 360.0)
