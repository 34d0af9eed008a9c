"""GeoJSON (RFC 7946), read row by row: a broken feature is one rejected row, not the end of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape as shape_of

from gis.errors import N_, UnreadableFile
from gis.formats.flaws import Flaw
from gis.formats.magic import beginning
from gis.formats.rows import RawRow
from gis.formats.sizes import require_json
from gis.formats.texts import text_of

_LARGEST = 1 << 30
#: How much of a large file is read for its head.
HEAD_BYTES = 2 << 20
_FEATURES = re.compile(r'"features"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


def read(path: Path, *, called: str) -> tuple[list[RawRow], str | None]:
    """The rows of a FeatureCollection, a Feature, a bare geometry or one feature a line, and the datum that it states.

    The datum is the foreign member ``datum`` of our own exports or the ``crs`` member of GeoJSON 2008; None
    means that the file says nothing, which RFC 7946 defines as WGS84. ``called`` is the file's name for
    messages. Text in UTF-8 with or without mark, UTF-16 or GB18030. Raises :class:`UnreadableFile` where
    the text is no GeoJSON.
    """
    if path.stat().st_size > _LARGEST:
        raise UnreadableFile(N_("{file} is larger than 1 GiB; split it or use GeoPackage."), file=called)
    text = text_of(path.read_bytes(), called)
    require_json(text, called)
    document = _parse(text, called)
    features = _features(document, called)
    with np.errstate(invalid="ignore"):  # NaN among coordinates is for the row's report
        rows = [_row(number, feature) for number, feature in enumerate(features, start=1)]
    return rows, _datum(document)


def read_head(path: Path, *, most: int) -> tuple[list[RawRow], str | None] | None:
    """The first rows of a large FeatureCollection, and its datum where that stands before them; at most ``most``.

    Only the first megabytes of the file are read, so it may be cut off. None where no whole feature stands there, or
    no list of features.
    """
    with path.open("rb") as file:
        text = beginning(file.read(HEAD_BYTES))
    start = _FEATURES.search(text)
    if start is None:
        return None
    rows = [_row(number, feature) for number, feature in enumerate(_first(text, start.end(), most), start=1)]
    return (rows, _datum(_before(text[: start.start()]))) if rows else None


def _first(text: str, at: int, most: int) -> Iterator[Any]:
    """Each whole value of a list whose first stands at ``at``, up to where the text is cut off or the list ends."""
    decoder = json.JSONDecoder(strict=False)
    for _ in range(most):
        begin = _BETWEEN.match(text, at)
        try:
            feature, at = decoder.raw_decode(text, begin.end() if begin else at)
        except (ValueError, RecursionError):
            return
        yield feature


def _before(text: str) -> dict[str, Any]:
    """The members of a document that stand before its features; none where these cannot be told."""
    try:
        found = json.loads(text.rstrip().rstrip(",") + "}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _parse(text: str, called: str) -> dict[str, Any]:
    try:
        document = json.loads(text, strict=False)  # a raw zero in a text is its row's concern
    except json.JSONDecodeError as error:
        lines = _by_lines(text)
        if lines:
            return {"type": "FeatureCollection", "features": lines}
        raise UnreadableFile(
            N_("{file} is cut off or damaged at line {line}, column {column}; export it again."),
            file=called,
            line=error.lineno,
            column=error.colno,
        ) from None
    except (RecursionError, ValueError):
        raise UnreadableFile(N_("{file} is no GeoJSON; export it again."), file=called) from None
    if not isinstance(document, dict):
        raise UnreadableFile(N_("{file} is JSON, but no GeoJSON; export it as GeoJSON."), file=called)
    return document


def _by_lines(text: str) -> list[Any]:
    """The features of a text that has one a line (RFC 8142); none where a line is no feature."""
    lines = [line for each in text.split("\n") if (line := each.strip("\x1e \t\r"))]
    try:
        features = [json.loads(line, strict=False) for line in lines]
    except (ValueError, RecursionError):
        return []
    return features if all(isinstance(each, dict) and each.get("type") == "Feature" for each in features) else []


def _features(document: dict[str, Any], called: str) -> list[Any]:
    kind = document.get("type")
    features = document.get("features")
    if kind == "FeatureCollection" and isinstance(features, list):
        return features
    if kind == "Feature":
        return [document]
    if "coordinates" in document or "geometries" in document:
        return [{"type": "Feature", "properties": {}, "geometry": document}]
    raise UnreadableFile(N_("{file} is JSON, but no GeoJSON; export it as GeoJSON."), file=called)


def _datum(document: dict[str, Any]) -> str | None:
    stated = document.get("datum")
    if isinstance(stated, str):
        return stated
    try:
        return str(document["crs"]["properties"]["name"])
    except (KeyError, TypeError):
        return None


def _row(number: int, feature: Any) -> RawRow:
    if not isinstance(feature, dict):
        return RawRow(f"row/{number}", {}, None, Flaw(N_("The row is no GeoJSON feature."), "type"))
    properties = feature.get("properties")
    tags = _tags(properties if isinstance(properties, dict) else {})
    key = str(feature.get("id") or tags.get("@id") or f"row/{number}")
    geometry = feature.get("geometry")
    if geometry is None:
        return RawRow(key, tags, None)
    try:
        shape = shape_of(geometry)
        return RawRow(key, tags, shape if isinstance(shape, shapely.Geometry) else None)
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        return RawRow(key, tags, None, Flaw(N_("The geometry is broken; digitise this row again."), "geometry"))


def _tags(properties: dict[str, Any]) -> dict[str, str]:
    return {str(key).strip().lower(): str(value) for key, value in properties.items() if value is not None}
