"""Exports as GeoJSON and GeoPackage, always with the datum written down."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis import crs
from gis.errors import N_, UnknownDatum

_DECIMALS = 8  # about a millimetre; millimetres again in plane systems
Columns = Mapping[str, Sequence[object]]


def write_geojson(
    path: Path, shapes: Sequence[BaseGeometry | None], columns: Columns, *, datum: str = crs.STORED
) -> None:
    """Write shapes given in EPSG:4490 as GeoJSON in ``datum``, which its foreign member ``datum`` names.

    RFC 7946 knows no datum but WGS84, so that the member states which one is meant. ``columns`` are as long
    as ``shapes``; None among the shapes gives a feature without geometry. Coordinates are rounded to 1e-8.
    """
    target = crs.datum_named(datum)
    placed = crs.shapes_from_stored(_array(shapes), target)
    write_features(path, placed, columns, target.name)


def write_features(path: Path, placed: Iterable[BaseGeometry | None], columns: Columns, datum: str) -> None:
    """Write shapes that are in ``datum`` already as GeoJSON that names it."""
    features = [
        {
            "type": "Feature",
            "geometry": _geometry(shape),
            "properties": dict(zip(columns, values, strict=True)),
        }
        for shape, *values in zip(placed, *columns.values(), strict=True)
    ]
    document = {"type": "FeatureCollection", "datum": datum, **_crs(datum), "features": features}
    path.write_text(json.dumps(document, ensure_ascii=False, default=str), encoding="utf-8")


def _crs(datum: str) -> dict[str, object]:
    """The ``crs`` member of GeoJSON 2008, which GDAL reads; none for a datum without a code, and for WGS84."""
    if not datum.startswith("EPSG:") or not datum[5:].isdecimal() or datum == "EPSG:4326":
        return {}
    return {"crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{datum[5:]}"}}}


def write_gpkg(
    path: Path,
    shapes: Sequence[BaseGeometry | None],
    columns: Columns,
    *,
    layer: str = "export",
    datum: str = crs.STORED,
) -> None:
    """Write shapes given in EPSG:4490 as one GeoPackage layer in ``datum``; adds it if the file exists.

    GCJ-02 and BD-09 have no EPSG code to declare and are refused with :class:`UnknownDatum`: take GeoJSON
    for them. Shapes of several kinds share a layer of kind Unknown.
    """
    target = crs.datum_named(datum)
    if not target.name.startswith("EPSG:"):
        raise UnknownDatum(
            N_("GeoPackage cannot declare {datum}; export GeoJSON, which names it in the file."),
            datum=target.name,
        )
    write_table(path, crs.shapes_from_stored(_array(shapes), target), columns, crs=target.name, layer=layer)


def write_table(
    path: Path,
    placed: Iterable[BaseGeometry | None],
    columns: Columns,
    *,
    crs: str | None,
    layer: str = "export",
) -> None:
    """Write shapes that are in ``crs`` already as GeoPackage or shapefile, by the ending of ``path``.

    ``crs`` is None where a shapefile must not declare any; its texts are UTF-8, and say so.
    """
    shapes = _array(list(placed))
    kinds = {shape.geom_type for shape in shapes if shape is not None}
    plain = {kind.removeprefix("Multi") for kind in kinds}
    promoted = len(kinds) > len(plain) == 1
    packed = path.suffix == ".gpkg"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided")  # on purpose: none is better than a wrong one
        pyogrio.raw.write(
            path,
            shapely.to_wkb(shapes),
            [_column(values) for values in columns.values()],
            list(columns),
            layer=layer if packed else path.stem,
            driver="GPKG" if packed else "ESRI Shapefile",
            geometry_type=f"Multi{plain.pop()}" if promoted else kinds.pop() if len(kinds) == 1 else "Unknown",
            promote_to_multi=promoted,
            encoding="UTF-8",
            crs=crs,
            append=False,
        )


def _array(shapes: Sequence[BaseGeometry | None]) -> NDArray[np.object_]:
    array = np.empty(len(shapes), dtype=object)
    array[:] = list(shapes)
    return array


def _column(values: Sequence[object]) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind in "iufb":
        return array
    texts = np.empty(len(values), dtype=object)
    texts[:] = [None if value is None else str(value) for value in values]
    return texts


def _geometry(shape: BaseGeometry | None) -> dict[str, Any] | None:
    if shape is None or not np.isfinite(shapely.get_coordinates(shape)).all():
        return None
    return _rounded(shapely.geometry.mapping(shape))


def _rounded(mapping: dict[str, Any]) -> dict[str, Any]:
    def rounded(value: Any) -> Any:
        return round(value, _DECIMALS) if isinstance(value, float) else [rounded(part) for part in value]

    if "geometries" in mapping:
        return {**mapping, "geometries": [_rounded(part) for part in mapping["geometries"]]}
    return {**mapping, "coordinates": rounded(mapping["coordinates"])}
