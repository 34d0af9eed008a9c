"""A walk says what it finds of a file's datum, and goes on as declared."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import mapping
from sqlalchemy import text

from app.intake.register import read_register
from app.walk.datums import datum_lines, example_for
from app.walk.ground import gather
from gis import crs
from gis.formats import open_rows
from tests.world import World


def written(folder: Path, shape: shapely.Geometry, datum: str) -> Path:
    moved = crs.shapes_from_stored(np.array([shape], dtype=object), crs.datum_named(datum))[0]
    feature = {"type": "Feature", "geometry": mapping(moved), "properties": {"name": "平原县", "类型": "县"}}
    path = folder / "counties.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def known_county(world: World) -> shapely.Geometry:
    outline = next(unit.outline for unit in read_register().counties if unit.name == "平原县")
    assert outline is not None
    with world.owner.begin() as connection:
        connection.execute(
            text(
                "UPDATE base.division SET geometry_source = 'sketch', outline = ST_GeomFromWKB(:wkb, 4490)"
                " WHERE name = '西县'"
            ),
            {"wkb": shapely.to_wkb(outline)},
        )
    return outline


def test_a_walked_file_in_another_datum_is_told_so_with_how_to_read_it(world: World, tmp_path: Path):
    opened = open_rows(written(tmp_path, known_county(world), "GCJ-02"))
    found, remedy = datum_lines(world.settings, opened, None)
    assert "datum proposed: The file lies 50" in found
    assert "shift of GCJ-02 here" in found
    assert remedy.strip() == "read as EPSG:4326 for now; --datum GCJ-02 reads it as proposed"
    assert "confirmed" in next(datum_lines(world.settings, opened, "GCJ-02"))


def test_a_walked_file_of_no_known_place_is_not_spoken_about(world: World, tmp_path: Path):
    opened = open_rows(written(tmp_path, shapely.Point(1.52, 42.51).buffer(0.1), "EPSG:4326"))
    assert list(datum_lines(world.settings, opened, None)) == []
    known_county(world)
    assert list(datum_lines(world.settings, opened, None)) == []


def test_a_walked_file_that_says_nothing_gets_an_example_of_its_kind_and_no_wrong_guess(world: World, tmp_path: Path):
    known_county(world)
    away = shapely.Point(117.9, 40.1).buffer(0.05)
    for datum, example in (
        ("EPSG:4548", "EPSG:4548"),
        ("EPSG:4527", "EPSG:4527"),  # 39 in front: the 3° zone
        ("EPSG:4498", "EPSG:4498"),  # 20 in front: the 6° zone
        ("EPSG:4490", "EPSG:4490"),
    ):
        corners = shapely.get_coordinates(crs.shapes_from_stored(np.array([away], dtype=object), crs.datum_named(datum)))
        path = tmp_path / "list.csv"
        path.write_text("name,x,y\n" + "".join(f"r{n},{x},{y}\n" for n, (x, y) in enumerate(corners)))
        opened = open_rows(path)
        assert opened.stated is None
        assert list(datum_lines(world.settings, opened, None)) == []
        assert example_for(opened) == example


def test_a_walked_file_is_not_held_against_what_earlier_walks_left(world: World, tmp_path: Path):
    shape = shapely.Point(117.9, 40.1).buffer(0.05)
    file = written(tmp_path, shape, "EPSG:4326")
    party = gather(world.settings, world.clock, file)
    with world.owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO base.division (parent_id, kind, name, since_on, outline, geometry_source)"
                " VALUES (:county, 'town', '平原县', '2024-01-01', ST_Multi(ST_GeomFromWKB(:wkb, 4490)), 'survey')"
            ),
            {"county": party.county, "wkb": shapely.to_wkb(shape)},
        )
    assert list(datum_lines(world.settings, open_rows(file), None)) == []
