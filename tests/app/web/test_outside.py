"""What we give out is read back by GDAL, which knows nothing of us: places, words and counts are the database's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from app.base.models import Role
from tests.app.builders import build_street
from tests.app.pages import Office, Person, uid_of
from tests.world import World

Z = 14


@pytest.fixture
def officer(world: World) -> Iterator[Person]:
    office = Office(world, stations=True)
    yield Person(office, Role.COUNTY_OFFICER, "东县")
    office.close()


@pytest.fixture
def lines(world: World) -> dict[str, BaseGeometry]:
    """Three streets of a village, one with a surveyed name, by their key outside."""
    build_street(world, "甲村", surveyed_name="迎宾路")
    build_street(world, "甲村", ((0, 50), (80, 90), (200, 50)))
    build_street(world, "甲村", ((30, -200), (30, 300)))
    with world.owner.connect() as connection:
        rows = connection.execute(text("SELECT uid::text, ST_AsBinary(line) FROM inventory.street"))
        return {uid: shapely.from_wkb(bytes(line)) for uid, line in rows}


def test_streets_come_out_as_geojson_where_they_lie(officer: Person, lines: dict[str, BaseGeometry], tmp_path: Path):
    file = tmp_path / "streets.geojson"
    file.write_text(officer.reads(f"/api/v1/streets?in={uid_of(officer.world, '甲村')}"), encoding="utf-8")
    read = geopandas.read_file(file)
    assert read.crs.to_epsg() == 4326  # GeoJSON has no other; the file names CGCS2000 beside it
    assert set(read["id"]) == set(lines)
    assert sum(read["surveyed_name"] == "迎宾路") == 1
    for uid, shape in zip(read["id"], read.geometry, strict=True):
        assert shapely.hausdorff_distance(shape, lines[uid]) < 1e-7


def test_a_tile_is_one_to_gdal_with_every_street_where_it_lies(
    officer: Person, lines: dict[str, BaseGeometry], tmp_path: Path
):
    west, south, east, north = shapely.total_bounds(list(lines.values()))
    lon, lat = (west + east) / 2, (south + north) / 2
    x, y = int((lon + 180) / 360 * 2**Z), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**Z)
    file = tmp_path / f"{Z}" / f"{x}" / f"{y}.mvt"
    file.parent.mkdir(parents=True)
    answer = officer.client.get(f"/tiles/streets/{Z}/{x}/{y}")
    file.write_bytes(answer.content)
    assert "streets" in [name for name, _ in pyogrio.list_layers(file)]
    read = pyogrio.read_dataframe(file, layer="streets").to_crs(4490)
    assert set(read["uid"]) == set(lines)
    assert [name for name in read["name"].dropna() if name] == ["迎宾路"]
    step = 360 / 2**Z / 4096  # of the tile's grid, in degrees
    for uid, shape in zip(read["uid"], read.geometry, strict=True):
        places = shapely.points(shapely.get_coordinates(lines[uid]))
        assert np.max(shapely.distance(places, shape)) < 2 * step


def test_the_ledger_is_a_sheet_to_gdal_with_every_street_without_a_name(
    officer: Person, lines: dict[str, BaseGeometry], tmp_path: Path
):
    file = tmp_path / "ledger.xlsx"
    place = uid_of(officer.world, "甲村")
    file.write_bytes(officer.client.get(f"/inventory/ledgers.xlsx?list=unnamed&in={place}").content)
    [first, *_] = [name for name, _ in pyogrio.list_layers(file)]
    assert len(pyogrio.read_dataframe(file, layer=first)) == len(lines) - 1


def test_progress_is_a_table_to_gdal(officer: Person, tmp_path: Path):
    file = tmp_path / "progress.csv"
    file.write_bytes(officer.client.get("/tracking/export.csv?by=town").content)
    read = pyogrio.read_dataframe(file)
    assert "南镇" in read.astype(str).to_numpy()
