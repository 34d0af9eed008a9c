import json

import pytest
from shapely import LineString, Point

from gis.errors import UnknownDatum
from gis.formats import read_survey
from gis.formats.writing import write_geojson, write_gpkg

SHAPES = [LineString([(116.3, 37.4), (116.31, 37.4)]), LineString([(116.31, 37.4), (116.31, 37.41)])]
COLUMNS: dict[str, list[object]] = {"类型": ["道路", "道路"], "名称": ["东街", None], "长度": [880.5, 1110.0]}


@pytest.mark.parametrize("datum", ["EPSG:4490", "EPSG:4326", "EPSG:4548", "GCJ-02", "BD-09"])
def test_what_is_written_as_geojson_reads_back_the_same(tmp_path, datum):
    path = tmp_path / "out.geojson"
    write_geojson(path, SHAPES, COLUMNS, datum=datum)
    assert json.loads(path.read_text())["datum"] == datum
    survey = read_survey(path)
    assert survey.datum == datum
    assert [c.name for c in survey.centrelines] == ["东街", None]
    for shape, found in zip(SHAPES, survey.centrelines, strict=True):
        assert found.line.equals_exact(shape, 2e-8)


@pytest.mark.parametrize("datum", ["EPSG:4490", "EPSG:4548"])
def test_what_is_written_as_geopackage_reads_back_the_same(tmp_path, datum):
    path = tmp_path / "out.gpkg"
    write_gpkg(path, SHAPES, COLUMNS, datum=datum)
    survey = read_survey(path)
    assert survey.datum == datum
    assert [c.name for c in survey.centrelines] == ["东街", None]
    assert survey.centrelines[0].line.equals_exact(SHAPES[0], 1e-9)


def test_a_geopackage_cannot_hold_a_datum_without_a_code(tmp_path):
    with pytest.raises(UnknownDatum, match="GeoJSON"):
        write_gpkg(tmp_path / "out.gpkg", SHAPES, COLUMNS, datum="GCJ-02")


def test_columns_must_be_as_long_as_the_shapes(tmp_path):
    with pytest.raises(ValueError, match="shorter"):
        write_geojson(tmp_path / "out.geojson", SHAPES, {"名称": ["东街"]})


def test_points_and_lines_share_a_layer(tmp_path):
    path = tmp_path / "out.gpkg"
    write_gpkg(path, [SHAPES[0], Point(116, 37)], {"类型": ["道路", "商店"]})
    survey = read_survey(path)
    assert (len(survey.centrelines), len(survey.facilities)) == (1, 1)
