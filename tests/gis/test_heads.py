"""The head of a large file: its columns and first rows, read without the rest."""

from __future__ import annotations

import json
import tracemalloc
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from gis.errors import UnreadableFile
from gis.formats import open_head, open_rows, opening, sheets, writing

LINE = '民生路{n},116.{n:04},37.4,"两行\n备注"\n'


def table(path: Path, encoding: str, *, rows: int = 400) -> Path:
    path.write_bytes(("名称,经度,纬度,备注\n" + "".join(LINE.format(n=n) for n in range(1, rows))).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("size", range(2000, 2080, 7))
def test_wherever_a_table_is_cut_its_head_holds_whole_rows_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, size: int
):
    monkeypatch.setattr(sheets, "HEAD_BYTES", size)
    path = table(tmp_path / "large.csv", encoding)
    head, whole = open_head(path), open_rows(path)
    assert head is not None
    assert head.names == whole.names
    assert 10 < len(head.rows) < len(whole.rows)
    for row, same in zip(head.rows[:-1], whole.rows, strict=False):
        assert (row.key, row.tags) == (same.key, same.tags)


def test_a_small_table_is_its_own_head(tmp_path: Path):
    path = table(tmp_path / "small.csv", "utf-8", rows=5)
    assert open_head(path) is not None
    assert open_head(path).rows == open_rows(path).rows


def test_what_is_broken_off_is_refused_at_its_head(tmp_path: Path):
    packed = tmp_path / "packed.zip"
    packed.write_bytes(b"PK\x03\x04 broken off")
    with pytest.raises(UnreadableFile, match="cannot be unpacked"):
        open_head(packed)


HEAD = 40
#: Lines of a survey with a kind that nobody knows, many times a head.
LINES = [shapely.LineString([(116 + n / 1000, 37.4), (116 + n / 1000, 37.41)]) for n in range(300)]
TOLD = {"LB": [f"第{n % 3}类" for n in range(300)], "MC": [f"幸福{n}路" for n in range(300)]}


@pytest.fixture
def headed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "HEAD_ROWS", HEAD)


def geojson(folder: Path, **members: object) -> Path:
    """A GeoJSON in one line, with what stands before its features."""
    path = folder / "large.geojson"
    features = [
        {"type": "Feature", "properties": {"lb": kind, "mc": name}, "geometry": shapely.geometry.mapping(line)}
        for kind, name, line in zip(TOLD["LB"], TOLD["MC"], LINES, strict=True)
    ]
    document = {"type": "FeatureCollection", **members, "features": features}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def kml(folder: Path) -> Path:
    path = folder / "large.kml"
    marks = "".join(
        f'<Placemark><name>{name}</name><ExtendedData><Data name="lb"><value>{kind}</value></Data></ExtendedData>'
        f"<LineString><coordinates>{116 + n / 1000},37.4 {116 + n / 1000},37.41</coordinates></LineString></Placemark>"
        for n, (kind, name) in enumerate(zip(TOLD["LB"], TOLD["MC"], strict=True))
    )
    path.write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>', encoding="utf-8")
    return path


def dxf(folder: Path) -> Path:
    path = folder / "large.dxf"
    layers = [np.array(["DL"] * len(LINES), dtype=object)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a drawing has no datum
        pyogrio.raw.write(path, shapely.to_wkb(LINES), layers, ["Layer"], geometry_type="LineString", driver="DXF")
    return path


@pytest.mark.parametrize("kind", ["gpkg", "shp", "json", "kml"])
def test_the_head_of_a_drawn_file_holds_its_first_rows_its_columns_and_its_datum(
    tmp_path: Path, headed: None, make_gpkg, make_shapefile, kind: str
):
    path = {
        "gpkg": lambda: make_gpkg(LINES, **TOLD),
        "shp": lambda: make_shapefile(LINES, crs="EPSG:4490", **TOLD),
        "json": lambda: geojson(tmp_path),
        "kml": lambda: kml(tmp_path),
    }[kind]()
    head, whole = open_head(path), open_rows(path)
    assert head is not None
    assert (len(head.rows), len(whole.rows)) == (HEAD, 300)
    assert (head.names, head.stated, head.kind, head.table) == (whole.names, whole.stated, whole.kind, whole.table)
    assert head.rows == whole.rows[:HEAD]


def test_a_zip_that_unfolds_to_more_than_a_page_can_wait_for_has_no_head(
    monkeypatch: pytest.MonkeyPatch, make_shapefile
):
    path = make_shapefile(LINES, crs="EPSG:4490", **TOLD)
    monkeypatch.setattr(opening, "HEAD_UNFOLDED", 10_000)
    assert open_head(path) is None
    assert len(open_rows(path).rows) == 300


def test_the_head_of_a_drawing_tells_its_layers(tmp_path: Path, headed: None):
    head = open_head(dxf(tmp_path))
    assert head is not None
    assert {row.tags["图层"] for row in head.rows} == {"DL"}
    assert len(head.rows) == HEAD


def test_each_layer_and_each_shapefile_gives_its_first_rows(tmp_path: Path, headed: None, make_gpkg):
    path = make_gpkg(LINES, **TOLD)
    writing.write_table(path, LINES, TOLD, crs="EPSG:4490", layer="另一层")
    head = open_head(path)
    assert head is not None
    assert Counter(row.key.partition("/")[0] for row in head.rows) == {"道路": HEAD // 2, "另一层": HEAD // 2}


@pytest.mark.parametrize("size", range(700, 1500, 37))
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_wherever_a_geojson_is_cut_its_head_holds_whole_features_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, size: int
):
    path = geojson(tmp_path)
    whole = open_rows(path)
    text = path.read_text(encoding="utf-8")
    cut = tmp_path / "cut.geojson"
    cut.write_bytes(text.encode(encoding)[: 2 * size])
    monkeypatch.setattr("gis.formats.geojson.HEAD_BYTES", size)
    head = open_head(cut)
    assert head is not None
    assert 1 <= len(head.rows) < 20
    assert head.rows == whole.rows[: len(head.rows)]


@pytest.mark.parametrize(
    ("members", "stated"),
    [
        ({"datum": "GCJ-02"}, "GCJ-02"),
        ({"name": "a", "crs": {"type": "name", "properties": {"name": "EPSG:4548"}}}, "EPSG:4548"),
        ({}, "EPSG:4326"),
    ],
)
def test_the_head_of_a_geojson_states_the_datum_that_stands_before_its_features(
    tmp_path: Path, members: dict[str, object], stated: str
):
    head = open_head(geojson(tmp_path, **members))
    assert head is not None
    assert head.stated == stated


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.geojson", b'{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"coordinates":[[1,2],'),
        ("a.geojson", b'{"type":"Feature","properties":{},"geometry":null}'),
        ("a.osm", b'<?xml version="1.0"?><osm version="0.6"></osm>'),
        ("a.gpx", b'<?xml version="1.0"?><gpx version="1.1"></gpx>'),
        ("a.geojson.gz", b"\x1f\x8b\x08\x00"),
        ("a.pdf", b"%PDF-1.7"),
    ],
)
def test_a_kind_whose_first_rows_cannot_be_had_alone_has_no_head(tmp_path: Path, name: str, data: bytes):
    path = tmp_path / name
    path.write_bytes(data)
    assert open_head(path) is None


def test_the_head_of_a_large_file_takes_little_memory(tmp_path: Path):
    path = tmp_path / "large.geojson"
    feature = json.dumps({"type": "Feature", "properties": {"lb": "x" * 200}, "geometry": None})
    path.write_text('{"type":"FeatureCollection","features":[' + ",".join([feature] * 120_000) + "]}")
    tracemalloc.start()
    head = open_head(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert head is not None
    assert most < path.stat().st_size / 2
