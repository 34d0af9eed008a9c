"""How a file's numbers might be meant: every datum that could put them at a place, with either order of the axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis import crs

Floats = NDArray[np.float64]
#: Larger numbers than these are no degrees.
_DEGREES = 180.0
#: CGCS2000 zones in the EPSG registry: by 3°, zones 25-45, with and without the number in front; by 6°, zones 13-23.
_THREE, _THREE_FIRST, _THREE_PREFIXED, _THREE_PLAIN = range(25, 46), 25, 4513, 4534
_SIX, _SIX_FIRST, _SIX_PREFIXED, _SIX_PLAIN = range(13, 24), 13, 4491, 4502
#: A zone's number stands in the millions of metres, before the easting of six places.
_PREFIX = 1_000_000
#: Readings that put the vertices closer together than this, on average, are one.
_SAME_M = 2.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the numbers; ``alike`` names other systems that give the same places here.

    ``inside`` is the share of the vertices that this reading puts at the place.
    """

    datum: crs.Datum
    inside: float
    places: Floats  # the vertices as lon, lat in EPSG:4490
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A box of lon, lat within which a file should lie."""

    west: float
    south: float
    east: float
    north: float

    @property
    def middle(self) -> tuple[float, float]:
        """Lon, lat of the centre."""
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    def share(self, places: Floats) -> float:
        """How much of ``places`` (n, 2) lies inside; 0 of none."""
        if not len(places):
            return 0.0
        with np.errstate(invalid="ignore"):
            held = (places >= (self.west, self.south)).all(axis=1) & (places <= (self.east, self.north)).all(axis=1)
        return float(held.mean())


#: Where there is nothing known to lie at: the systems above are those of China.
CHINA = Place(73.0, 3.0, 136.0, 54.0)


def readings(xy: Floats, *, place: Place, declared: crs.Datum | None, least: float) -> list[Reading]:
    """Readings of the vertices ``xy`` (n, 2) that put a share of at least ``least`` of them at the place.

    The declared one comes first, then the usual ones before the rare ones; systems that give the same places (WGS84
    and CGCS2000, a 3° and a 6° zone of one meridian) are one reading with the others in ``alike``.
    """
    found: list[Reading] = []
    for datum in _candidates(xy, place, declared):
        places = crs.to_stored(xy, datum)
        share = place.share(places)
        if share < least or not np.isfinite(places).all(axis=1).any():
            continue
        twin = next((n for n, other in enumerate(found) if _same(places, other.places)), None)
        if twin is None:
            found.append(Reading(datum, share, places))
        elif datum.name != found[twin].datum.name:
            first = found[twin]
            found[twin] = Reading(first.datum, first.inside, first.places, (*first.alike, datum.name))
    return found


def _same(places: Floats, others: Floats) -> bool:
    east, north = crs.metres_per_degree(float(np.nanmedian(others[:, 1])))
    with np.errstate(invalid="ignore"):
        apart = np.hypot((places[:, 0] - others[:, 0]) * east, (places[:, 1] - others[:, 1]) * north)
    return bool(np.nanmedian(apart) < _SAME_M)


def in_degrees(xy: Floats) -> bool:
    """Whether these vertices (n, 2) are written in degrees, as most of a file's are."""
    return bool(len(xy)) and bool(np.median(np.abs(xy).max(axis=1)) <= _DEGREES)


def zone_named(xy: Floats) -> str:
    """The CGCS2000 zone whose number stands in front of these metres (n, 2), in either order: an EPSG name, or empty.

    Zones 25-45 are 3° wide (EPSG:4513-4533), zones 13-23 are 6° wide (EPSG:4491-4501): no number means two of them.
    """
    if not len(xy):
        return ""
    zone = int(np.median(np.abs(xy).max(axis=1)) // _PREFIX)
    if zone in _THREE:
        return f"EPSG:{_THREE_PREFIXED + zone - _THREE_FIRST}"
    return f"EPSG:{_SIX_PREFIXED + zone - _SIX_FIRST}" if zone in _SIX else ""


def _candidates(xy: Floats, place: Place, declared: crs.Datum | None) -> list[crs.Datum]:
    straight = _degrees() if in_degrees(xy) else _planes(place)
    if declared is not None:
        first = [declared, *_over(declared)] if declared.planar else [declared]
        straight = [*first, *(datum for datum in straight if datum.name not in {each.name for each in first})]
    names = {datum.name for datum in straight}
    turned = [crs.swapped(datum) for datum in straight]
    return [*straight, *(datum for datum in turned if datum.name not in names)]


def _degrees() -> list[crs.Datum]:
    return [crs.datum_named(name) for name in (crs.STORED, "EPSG:4326", *crs.SHIFTED)]


def _planes(place: Place) -> list[crs.Datum]:
    lon, _ = place.middle
    three = [zone for zone in range(round(lon / 3) - 1, round(lon / 3) + 2) if zone in _THREE]
    six = [zone for zone in range(int(lon // 6), int(lon // 6) + 3) if zone in _SIX]
    utm = int((lon + 180) // 6) + 1
    codes = [
        *(code + zone - _THREE_FIRST for code in (_THREE_PLAIN, _THREE_PREFIXED) for zone in three),
        *(code + zone - _SIX_FIRST for code in (_SIX_PLAIN, _SIX_PREFIXED) for zone in six),
        *(32600 + zone for zone in (utm, utm - 1, utm + 1) if 1 <= zone <= 60),  # noqa: PLR2004 - UTM's zones
        3857,
    ]
    planes = [crs.datum_named(f"EPSG:{code}") for code in codes]
    return [*planes, *(shifted for plane in planes for shifted in _over(plane))]


def _over(plane: crs.Datum) -> list[crs.Datum]:
    if plane.under or plane.swapped:
        return []
    return [crs.over(plane, name) for name in crs.SHIFTED]
