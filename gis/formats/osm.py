"""OpenStreetMap files (PBF, XML, packed or not), with multipolygons assembled by libosmium.

A *row* of an OSM file is each node, way or relation that carries one of the tags of interest: ``highway``
(ways and relations; nodes with it are road furniture), ``place``, ``admin_level``, ``shop``,
``healthcare``, ``office=government``, or ``amenity`` = townhall, school, clinic, doctors, hospital. Rows
stand in the file's order. All other tagged objects are counted by their main key.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import osmium
import shapely
from shapely.errors import ShapelyError

from gis.errors import N_, UnreadableFile
from gis.features import Others
from gis.formats.flaws import Flaw
from gis.formats.refusing import ENTITIES
from gis.formats.rows import NO_LENGTH, RawRow
from gis.formats.sizes import FLAT_PLACE, Counted

_AMENITIES = frozenset({"townhall", "school", "clinic", "doctors", "hospital"})
_INTEREST = ("highway", "place", "admin_level", "shop", "healthcare", "office", "amenity")
#: By which an object of another kind is counted, the first that it has.
_MAIN = ("building", *_INTEREST, "landuse", "natural", "waterway", "barrier", "power", "railway", "leisure", "man_made",
         "tourism", "historic", "public_transport", "route", "boundary", "entrance", "addr:housenumber")  # fmt: skip
_OTHER = N_("Objects with the key {field} of this kind are not kept.")
_REST = N_("Objects with none of the usual keys are not kept.")
_WORD = {"n": "node", "w": "way", "r": "relation"}


def read(path: Path, *, called: str, packing: str) -> tuple[list[RawRow], list[Others]]:
    """The rows of an OSM file in WGS84, and how many tagged objects are none, the most frequent first.

    ``packing`` is libosmium's name of the format: ``pbf`` or ``osm``.

    Objects whose members or points are not in the file are rows with a flaw. Raises :class:`UnreadableFile`
    for damage.
    """
    reading = _Reading(Counted(called))
    try:
        source = osmium.io.File(str(path), packing)
        interest = osmium.filter.KeyFilter(*_INTEREST)
        for thing in osmium.FileProcessor(source).with_areas(interest).with_filter(osmium.filter.EmptyTagFilter()):
            reading.take(thing)
    except UnreadableFile:
        raise
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        if "entities" in str(error):
            raise UnreadableFile(ENTITIES, file=called) from error
        raise UnreadableFile(
            N_("{file} is damaged or cut off; download it again."),
            file=called,
        ) from error
    return reading.rows(), reading.counted_others()


def _is_row(kind: str, tags: dict[str, str]) -> bool:
    if "highway" in tags and kind != "n":
        return True
    if tags.keys() & {"place", "admin_level", "shop", "healthcare"}:
        return True
    return tags.get("office") == "government" or tags.get("amenity") in _AMENITIES


class _Reading:
    """Rows by object. An area comes with its last way, thus before its relation.

    Shapes are put together at the end.
    """

    def __init__(self, counted: Counted) -> None:
        self.counted = counted
        self.factory = osmium.geom.WKBFactory()
        self.tags: dict[tuple[str, int], dict[str, str]] = {}
        self.shapes: dict[tuple[str, int], str | Flaw] = {}
        self.areas: dict[tuple[str, int], str] = {}
        self.others: Counter[str] = Counter()

    def take(self, thing: Any) -> None:
        if thing.is_area():
            self._take_area(thing)
            return
        kind = thing.type_str()
        tags = {tag.k.lower(): tag.v for tag in thing.tags}
        if not _is_row(kind, tags):
            self.others[next((key for key in _MAIN if key in tags), "")] += 1
            return
        identity = (kind, thing.id)
        self.tags[identity] = tags
        if kind == "r":
            self.shapes[identity] = Flaw(N_("The outline has gaps or members that the file lacks."), "geometry")
        else:
            self.shapes[identity] = self._simple(thing)

    def _simple(self, thing: Any) -> str | Flaw:
        try:
            make = self.factory.create_point if thing.is_node() else self.factory.create_linestring
            made = str(make(thing))
        except (RuntimeError, osmium.InvalidLocationError):
            if thing.is_way() and len(thing.nodes) > 1 and all(node.location.valid() for node in thing.nodes):
                return Flaw(NO_LENGTH, "geometry")
            return Flaw(N_("The row has fewer than two points in this file; download the area whole."), "geometry")
        self.counted.add(len(made) // 2 // FLAT_PLACE, f"{_WORD[thing.type_str()]}/{thing.id}")
        return made

    def _take_area(self, area: Any) -> None:
        identity = ("w" if area.from_way() else "r", area.orig_id())
        if not _is_row(identity[0], {tag.k.lower(): tag.v for tag in area.tags}):
            return
        try:
            made = str(self.factory.create_multipolygon(area))
        except (RuntimeError, osmium.InvalidLocationError):
            return
        self.counted.add(len(made) // 2 // FLAT_PLACE, f"{_WORD[identity[0]]}/{identity[1]}")
        self.areas[identity] = made

    def counted_others(self) -> list[Others]:
        return [
            Others(_OTHER, {"field": key}, n) if key else Others(_REST, {}, n) for key, n in self.others.most_common()
        ]

    def rows(self) -> list[RawRow]:
        return [self._row(identity, tags) for identity, tags in self.tags.items()]

    def _row(self, identity: tuple[str, int], tags: dict[str, str]) -> RawRow:
        key = f"{_WORD[identity[0]]}/{identity[1]}"
        shape = self.shapes[identity]
        if identity in self.areas and not _stays_line(tags):
            shape = self.areas[identity]
        if isinstance(shape, Flaw):
            return RawRow(key, tags, None, shape)
        try:
            return RawRow(key, tags, _single(shapely.from_wkb(bytes.fromhex(shape))))
        except ShapelyError:
            return RawRow(key, tags, None, Flaw(N_("The geometry is broken; mend it at the source."), "geometry"))


def _stays_line(tags: dict[str, str]) -> bool:
    return "highway" in tags and tags.get("area") != "yes"


def _single(shape: Any) -> Any:
    parts = shapely.get_parts(shape)
    return parts[0] if len(parts) == 1 else shape
