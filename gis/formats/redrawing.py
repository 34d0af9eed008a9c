"""Rejected rows drawn again as GPX, DXF and OpenStreetMap files, each as its format can hold a row and what is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import shapely
from shapely.geometry.base import BaseGeometry

from gis.features import RowReport
from gis.formats.columns import ADDED

_GPX = "http://www.topografix.com/GPX/1/1"
#: What GPX 1.1 has of a place and of a way, in the order of its schema; GDAL calls the link's parts as here.
_OF_PLACE = ("ele", "time", "magvar", "geoidheight", "name", "cmt", "desc", "src", "sym", "type")
_OF_WAY = ("name", "cmt", "desc", "src", "number", "type")
#: How the reasons begin in a comment: a comment of the file's own stands below them.
_BEGINS = f"{ADDED[1]}："
#: The layer of a drawing on which the reasons stand; :func:`gis.formats.tables.read_dxf` passes it over.
REASONS = "拒绝原因"
_NO_LAYER = "0"
_TEXT_HEIGHT = 2.0  # in the drawing's unit, mostly metres
#: The first of the keys of nodes that a drawn way gets: far beyond those of OpenStreetMap, which are at some 10^10.
_FIRST_NODE = 10**15


def said_of(report: RowReport) -> dict[str, str]:
    """What is said of a row, by the columns that are added to it."""
    told = (str(report.row), report.reason.format(**report.values), report.field)
    return {name: words for name, words in zip(ADDED, told, strict=True) if words}


def gpx(path: Path, rejected: Sequence[RowReport], _: str) -> None:
    """GPX 1.1: a waypoint, route or track a row; what is said stands in its comment (``cmt``)."""
    root = ET.Element("gpx", xmlns=_GPX, version="1.1", creator="Minglu")
    drawn: dict[str, list[ET.Element]] = {"wpt": [], "rte": [], "trk": []}
    for report in rejected:
        element = _in_gpx(report)
        drawn[element.tag].append(element)
    for elements in drawn.values():  # in the order of the schema
        root.extend(elements)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _in_gpx(report: RowReport) -> ET.Element:
    shape = report.shape
    if isinstance(shape, shapely.Point) and not shape.is_empty:
        element = ET.Element("wpt", lat=f"{shape.y:.8f}", lon=f"{shape.x:.8f}")
        _words(element, report, _OF_PLACE)
        return element
    element = ET.Element("rte" if report.key.startswith("routes/") else "trk")
    _words(element, report, _OF_WAY)
    for part in _lines(shape):
        inside = element if element.tag == "rte" else ET.SubElement(element, "trkseg")
        for x, y in shapely.get_coordinates(part):
            ET.SubElement(inside, f"{element.tag}pt", lat=f"{y:.8f}", lon=f"{x:.8f}")
    return element


def _words(element: ET.Element, report: RowReport, names: Sequence[str]) -> None:
    tags = report.attributes or {}
    own = [line for line in tags.get("cmt", "").splitlines() if not line.startswith(_BEGINS)]
    said = said_of(report)
    first = _BEGINS + "；".join([said.pop(ADDED[1], ""), *(f"{name} {words}" for name, words in said.items())])
    for name in names:
        words = "\n".join([first, *own]) if name == "cmt" else tags.get(name)
        if words:
            ET.SubElement(element, name).text = words


def _lines(shape: BaseGeometry | None) -> Iterator[BaseGeometry]:
    """The lines of a shape: those that it is made of, or the edges of its areas."""
    for part in [] if shape is None else shapely.get_parts(shape).tolist():
        if isinstance(part, shapely.Polygon):
            yield from (part.exterior, *part.interiors)
        elif isinstance(part, shapely.LineString):
            yield part
        elif isinstance(part, shapely.GeometryCollection):
            yield from _lines(part)


def dxf(path: Path, rejected: Sequence[RowReport], _: str) -> None:
    """DXF R12 (AC1009) with texts in GBK: each row on its own layer, and beside it what is said, on a layer for it.

    Areas come back as their edges. A row without a shape is told at the drawing's origin.
    """
    pairs: list[tuple[int, object]] = [(0, "SECTION"), (2, "HEADER"), (9, "$ACADVER"), (1, "AC1009")]
    pairs += [(9, "$DWGCODEPAGE"), (3, "ANSI_936"), (0, "ENDSEC"), (0, "SECTION"), (2, "ENTITIES")]
    for report in rejected:
        tags = report.attributes or {}
        layer = tags.get("图层") or _NO_LAYER
        pairs += [pair for entity in _entities(report.shape, layer, tags.get("text")) for pair in entity]
        at = shapely.get_coordinates(report.shape)[:1].tolist() if report.shape is not None else []
        pairs += _text(REASONS, "；".join(f"{name} {words}" for name, words in said_of(report).items()), *at[:1])
    pairs += [(0, "ENDSEC"), (0, "EOF")]
    written = "".join(f"{code:3d}\r\n{' '.join(str(value).splitlines())}\r\n" for code, value in pairs)
    path.write_bytes(written.encode("gbk", "replace"))


_Pairs = list[tuple[int, object]]


def _entities(shape: BaseGeometry | None, layer: str, words: str | None) -> Iterator[_Pairs]:
    for part in [] if shape is None else shapely.get_parts(shape).tolist():
        if isinstance(part, shapely.Point):
            yield (
                _text(layer, words, *shapely.get_coordinates(part).tolist())
                if words
                else [
                    (0, "POINT"),
                    (8, layer),
                    *_at(part.x, part.y),
                ]
            )
    for line in _lines(shape):
        corners = [
            pair for x, y in shapely.get_coordinates(line).tolist() for pair in [(0, "VERTEX"), (8, layer), *_at(x, y)]
        ]
        yield [(0, "POLYLINE"), (8, layer), (66, 1), *_at(0.0, 0.0), *corners, (0, "SEQEND"), (8, layer)]


def _at(x: float, y: float) -> _Pairs:
    return [(10, repr(float(x))), (20, repr(float(y))), (30, "0.0")]


def _text(layer: str, words: str, at: Sequence[float] = (0.0, 0.0)) -> _Pairs:
    return [(0, "TEXT"), (8, layer), *_at(at[0], at[1]), (40, _TEXT_HEIGHT), (1, words)]


def osm(path: Path, rejected: Sequence[RowReport], _: str) -> None:
    """OSM XML or PBF, by the ending of ``path``: each object under its own key, with what is said as three tags.

    Ways get nodes of their own; a relation comes back with its outlines. An object whose nodes
    or members the file lacked comes back without any.
    """
    import osmium

    kept = _Objects()
    for report in rejected:
        kept.add(report)
    make = osmium.osm.mutable
    with osmium.SimpleWriter(str(path)) as writer:
        for key, (place, tags) in sorted(kept.nodes.items()):
            writer.add_node(make.Node(id=key, location=place, tags=tags))
        for key, (nodes, tags) in sorted(kept.ways.items()):
            writer.add_way(make.Way(id=key, nodes=nodes, tags=tags))
        for key, (members, tags) in sorted(kept.relations.items()):
            writer.add_relation(make.Relation(id=key, members=members, tags=tags))


_Tags = dict[str, str]


class _Objects:
    """OSM objects of rows by their keys, and the nodes and ways that they need."""

    def __init__(self) -> None:
        self.nodes: dict[int, tuple[tuple[float, float] | None, _Tags]] = {}
        self.ways: dict[int, tuple[list[int], _Tags]] = {}
        self.relations: dict[int, tuple[list[tuple[str, int, str]], _Tags]] = {}
        self.next = _FIRST_NODE

    def add(self, report: RowReport) -> None:
        tags = {**(report.attributes or {}), **said_of(report)}
        kind, _, number = report.key.partition("/")
        key = int(number) if number.isdecimal() else self._new()
        if kind == "node":
            at = report.shape if isinstance(report.shape, shapely.Point) else None
            self.nodes[key] = ((at.x, at.y) if at is not None else None, tags)
        elif kind == "way":
            line = next(_lines(report.shape), None)
            self.ways[key] = ([] if line is None else self._nodes(line), tags)
        else:
            areas = [] if report.shape is None else shapely.get_parts(report.shape).tolist()
            rings = [(ring, n) for area in areas for n, ring in enumerate(_lines(area))]
            members = [("w", self._way(ring), "inner" if n else "outer") for ring, n in rings]
            self.relations[key] = (members, {"type": "multipolygon", **tags})

    def _new(self) -> int:
        self.next += 1
        return self.next

    def _nodes(self, line: BaseGeometry) -> list[int]:
        """Nodes at the corners of a line; the last of a ring is its first."""
        corners = [(x, y) for x, y in shapely.get_coordinates(line).tolist()]
        first = self.next + 1
        closed = len(corners) > 1 and corners[0] == corners[-1]
        for corner in corners[:-1] if closed else corners:
            self.nodes[self._new()] = (corner, {})
        return [*range(first, self.next + 1), *([first] if closed else [])]

    def _way(self, ring: BaseGeometry) -> int:
        key = self._new()
        self.ways[key] = (self._nodes(ring), {})
        return key
