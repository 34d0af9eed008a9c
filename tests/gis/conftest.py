"""Survey files that the tests make themselves, and the folder of real samples where there is one."""

import json
import os
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import settings

# two shared cores: how long an example takes says nothing
settings.register_profile("unhurried", deadline=None, max_examples=50)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def samples():
    folder = os.environ.get("MINGLU_SAMPLES")
    if not folder:
        pytest.skip("MINGLU_SAMPLES does not name the folder of sample files")
    return Path(folder)


@pytest.fixture
def make_geojson(tmp_path):
    def make(*features, name="survey.geojson", encoding="utf-8", **members):
        rows = [{"type": "Feature", "geometry": geometry, "properties": tags} for geometry, tags in features]
        document = {"type": "FeatureCollection", **members, "features": rows}
        path = tmp_path / name
        path.write_text(json.dumps(document, ensure_ascii=False), encoding=encoding)
        return path

    return make


@pytest.fixture
def make_gpkg(tmp_path):
    def make(shapes, *, crs="EPSG:4490", layer="道路", **columns):
        path = tmp_path / "survey.gpkg"
        _write(path, shapes, columns, crs=crs, layer=layer, driver="GPKG", append=False)
        return path

    return make


@pytest.fixture
def make_shapefile(tmp_path):
    def make(shapes, *, crs="EPSG:4548", encoding="GBK", cpg=None, drop=(), inside="", **columns):
        folder = tmp_path / "parts"
        folder.mkdir(exist_ok=True)
        _write(folder / "村道.shp", shapes, columns, crs=crs, driver="ESRI Shapefile", encoding=encoding)
        (folder / "村道.cpg").unlink(missing_ok=True)
        if cpg is not None:
            (folder / "村道.cpg").write_text(cpg)
        path = tmp_path / "survey.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(folder.iterdir()):
                if part.suffix not in drop:
                    archive.write(part, f"{inside}{part.name}")
        return path

    return make


def _write(path, shapes, columns, *, crs, driver, **options):
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    kinds = {shape.geom_type for shape in shapes if shape is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL says that it cuts long texts
        pyogrio.raw.write(
            path,
            shapely.to_wkb(array),
            [np.array(values, dtype=object) for values in columns.values()],
            list(columns),
            geometry_type=kinds.pop() if len(kinds) == 1 else "Unknown",
            crs=crs,
            driver=driver,
            **options,
        )
