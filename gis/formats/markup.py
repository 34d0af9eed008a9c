"""KML (also inside KMZ) and GPX: what phones and map programs write.

KML is read here, as GDAL makes underscores of Chinese column names; GPX is read by GDAL. Both are WGS84 by definition
(OGC 07-147r2 §9; GPX 1.1), whatever a Chinese map program has put in: the datum is looked for all the same.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import shapely
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from numpy.typing import NDArray
from shapely import Point
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from gis.errors import N_, UnreadableFile
from gis.formats.flaws import Flaw
from gis.formats.refusing import ENTITIES
from gis.formats.rows import RawRow
from gis.formats.sizes import MOST_OF_ONE, Counted, too_long

_LARGEST = 256 << 20
#: How much of a KML is read for its head.
HEAD_BYTES = 8 << 20
#: How deep folders and geometries may lie in each other.
_DEEPEST = 50
_SHAPES = frozenset({"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack", "Model"})


class _TooLong(Exception):
    def __init__(self, places: int) -> None:
        super().__init__(places)
        self.places = places


def check(path: Path, *, called: str) -> None:
    """Refuse XML with entities of its own, or broken off, before a reader without such care opens it.

    Raises :class:`UnreadableFile`.
    """
    for element in _elements(path, called):
        element.clear()


def read_kml(path: Path, *, called: str, most: int | None = None) -> list[RawRow]:
    """The placemarks of a KML, in their order. Columns are name, the extended data and, as 图层, the folder's name.

    ``most``: only the first, whatever comes after them; none where the first is larger than a head.

    A key is the placemark's ``id``, else its number. Raises :class:`UnreadableFile` for what is broken off, nested too
    deeply, declares entities, or has no placemark.
    """
    rows: list[RawRow] = []
    counted = Counted(called)
    for row in islice(_placemarks(path, called, head=most is not None), most):
        counted.add(0 if row.shape is None else int(shapely.get_num_coordinates(row.shape)), row.key)
        rows.append(row)
    if not rows and (most is None or path.stat().st_size <= HEAD_BYTES):
        raise UnreadableFile(N_("{file} has no placemark; export the places, not a link to them."), file=called)
    return rows


def _placemarks(path: Path, called: str, *, head: bool) -> Iterator[RawRow]:
    folders: list[str] = []
    number = 0
    for element in _elements(path, called, folders, head=head):
        if _local(element) == "Placemark":
            number += 1
            yield _placemark(element, number=number, folder=folders[-1] if folders else "")
            element.clear()


def _elements(path: Path, called: str, folders: list[str] | None = None, *, head: bool = False) -> Iterator[Element]:
    """Each element at its end, of a ``head`` those that end in the first megabytes.

    ``folders`` is kept as the names of the folders around it, from outside in.
    """
    if path.stat().st_size > _LARGEST:
        raise UnreadableFile(N_("{file} is larger than 256 MiB; split it or use GeoPackage."), file=called)
    try:
        yield from _ended(path, called, [] if folders is None else folders, head=head)
    except ParseError as error:
        if head and path.stat().st_size > HEAD_BYTES:  # cut off by us
            return
        raise UnreadableFile(
            N_("{file} is cut off or damaged at line {line}, column {column}; export it again."),
            file=called,
            line=error.position[0],
            column=error.position[1],
        ) from error
    except DefusedXmlException as error:
        raise UnreadableFile(ENTITIES, file=called) from error


def _ended(path: Path, called: str, folders: list[str], *, head: bool) -> Iterator[Element]:
    around: list[Element] = []
    source = io.BytesIO(_first(path)) if head else path
    for event, element in iterparse(source, events=("start", "end"), forbid_dtd=True):
        if event == "start":
            around.append(element)
            if len(around) > _DEEPEST:
                raise UnreadableFile(N_("{file} is nested too deeply; export it again."), file=called)
            continue
        around.pop()
        if _local(element) == "name" and around and _local(around[-1]) == "Folder":
            around[-1].set("called", (element.text or "").strip())
        folders[:] = [name for each in around if (name := each.get("called"))]
        yield element


def _first(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _placemark(element: Element, *, number: int, folder: str) -> RawRow:
    tags = {"图层": folder} if folder else {}
    key, shape, flaw = element.get("id") or f"row/{number}", None, None
    for child in element:
        local = _local(child)
        if local in {"name", "description"} and (child.text or "").strip():
            tags[local] = (child.text or "").strip()
        elif local == "ExtendedData":
            tags |= _extended(child)
        elif local in _SHAPES:
            try:
                shape = _shape(child)
            except _TooLong as error:
                flaw = too_long(error.places)
            except (ShapelyError, ValueError):
                flaw = Flaw(N_("The geometry is broken; digitise this row again."), "geometry")
    return RawRow(key, tags, shape, flaw)


def _extended(element: Element) -> dict[str, str]:
    """Data with a value below it, and SimpleData with its value inside."""
    told = {}
    for each in element.iter():
        name = (each.get("name") or "").strip().lower()
        inner = next((child.text for child in each if _local(child) == "value"), None)
        words = (inner if _local(each) == "Data" else each.text) or ""
        if name and _local(each) in {"Data", "SimpleData"} and words.strip():
            told[name] = words.strip()
    return told


def _shape(element: Element) -> BaseGeometry | None:
    local = _local(element)
    if local in {"MultiGeometry", "MultiTrack"}:
        parts = [_shape(child) for child in element if _local(child) in _SHAPES]
        return _gathered([part for part in parts if part is not None])
    if local == "Polygon":
        rings = [_coordinates(ring) for ring in element.iter() if _local(ring) == "LinearRing"]
        return shapely.Polygon(rings[0], rings[1:]) if rings else None
    if local == "Track":
        return shapely.LineString(
            [[float(n) for n in (each.text or "").split()[:2]] for each in element if _local(each) == "coord"]
        )
    if local == "Model":
        return None
    points = _coordinates(element)
    return Point(points[0]) if local == "Point" else shapely.LineString(points)


def _gathered(parts: list[BaseGeometry]) -> BaseGeometry | None:
    kinds = {part.geom_type for part in parts}
    if len(parts) == 1:
        return parts[0]
    if len(kinds) > 1 or not parts:
        return shapely.GeometryCollection(parts) if parts else None
    whole: Mapping[str, Callable[[list[BaseGeometry]], BaseGeometry]] = {
        "LineString": shapely.MultiLineString,  # type: ignore[dict-item]  # all parts are lines then
        "Polygon": shapely.MultiPolygon,  # type: ignore[dict-item]  # and here polygons
    }
    return whole.get(kinds.pop(), shapely.GeometryCollection)(parts)


def _coordinates(element: Element) -> NDArray[np.float64]:
    """The numbers, n × 2 or n × 3. Raises ValueError where the text is none."""
    texts = [each.text or "" for each in element.iter() if _local(each) == "coordinates"]
    places = sum(text.count(",") for text in texts) // 2  # at least: each has a comma or two
    if places > MOST_OF_ONE:
        raise _TooLong(places)
    rows = [[float(number) for number in place.split(",")] for place in " ".join(texts).replace(", ", ",").split()]
    if not rows:
        raise ValueError
    size = min(len(row) for row in rows)
    return np.array([row[:size] for row in rows], dtype=float)
