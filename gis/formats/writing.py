"""Exports and rejected rows as GeoJSON and GeoPackage, always with the datum written down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis import crs
from gis.errors import N_, UnknownDatum
from gis.features import Survey, Verdict

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
    _write_features(path, placed, columns, target.name)


def _write_features(path: Path, placed: NDArray[np.object_], columns: Columns, datum: str) -> None:
    features = [
        {
            "type": "Feature",
            "geometry": _geometry(shape),
            "properties": dict(zip(columns, values, strict=True)),
        }
        for shape, *values in zip(placed, *columns.values(), strict=True)
    ]
    document = {"type": "FeatureCollection", "datum": datum, "features": features}
    path.write_text(json.dumps(document, ensure_ascii=False, default=str), encoding="utf-8")


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
    placed = crs.shapes_from_stored(_array(shapes), target)
    kinds = {shape.geom_type for shape in placed if shape is not None}
    pyogrio.raw.write(
        path,
        shapely.to_wkb(placed),
        [_column(values) for values in columns.values()],
        list(columns),
        layer=layer,
        driver="GPKG",
        geometry_type=kinds.pop() if len(kinds) == 1 else "Unknown",
        crs=target.name,
        append=False,
    )


def write_rejected(path: Path, survey: Survey) -> int:
    """Write the rejected rows of a survey as GeoJSON for correction; gives how many there were.

    Every row keeps its own attributes and coordinates in the datum that the survey was read in, and says in
    行号 which row it was, in 原因 why it was rejected (in English) and in 字段 which column is at fault.
    """
    rejected = [report for report in survey.reports if report.verdict is Verdict.REJECTED]
    names = list(dict.fromkeys(name for report in rejected for name in report.attributes or {}))
    columns: dict[str, Sequence[object]] = {
        "行号": [report.row for report in rejected],
        "原因": [report.reason.format(**report.values) for report in rejected],
        "字段": [report.field for report in rejected],
    }
    columns.update({name: [(report.attributes or {}).get(name) for report in rejected] for name in names})
    _write_features(path, _array([report.shape for report in rejected]), columns, survey.datum)
    return len(rejected)


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
