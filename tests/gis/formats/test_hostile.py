"""Files that nobody would draw: what cannot be read is refused in a sentence, and the good rows beside it are taken."""

from __future__ import annotations

import gzip
import io
import json
import logging
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from gis.errors import UnreadableFile
from gis.features import Verdict
from gis.formats import magic, markup, open_head, open_rows, opening, read_survey, sizes, tables, unfolds_beyond

LINE = {"type": "LineString", "coordinates": [[116.3, 37.4], [116.3, 37.401]]}
OTHER = {"type": "LineString", "coordinates": [[116.31, 37.4], [116.31, 37.401]]}


def features(path: Path, *shapes: dict[str, Any], key: str | None = None) -> Path:
    rows = [
        {"type": "Feature", "properties": {"highway": "residential"}, "geometry": shape} | ({"id": key} if key else {})
        for shape in shapes
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
    return path


def nested(shape: dict[str, Any]) -> dict[str, Any]:
    return {"type": "GeometryCollection", "geometries": [shape]}


@pytest.mark.parametrize(
    "odd",
    [nested(nested(LINE)), nested({"type": "MultiLineString", "coordinates": [LINE["coordinates"]] * 2})],
    ids=["a collection in a collection", "several lines in a collection"],
)
def test_a_row_of_collections_in_collections_is_rejected_and_the_good_one_beside_it_taken(
    tmp_path: Path, odd: dict[str, Any]
):
    survey = read_survey(features(tmp_path / "a.geojson", odd, OTHER))
    assert [report.verdict for report in survey.reports] == [Verdict.REJECTED, Verdict.ACCEPTED]
    assert "holds others than lines" in survey.reports[0].reason


def test_wkt_that_is_nested_without_end_is_a_row_without_a_geometry(tmp_path: Path):
    path = tmp_path / "a.csv"
    deep = "GEOMETRYCOLLECTION(" * 100_000 + "POINT(1 1)" + ")" * 100_000
    path.write_text(f'名称,类型,wkt\n深路,道路,"{deep}"\n好路,道路,"LINESTRING(116.3 37.4,116.3 37.401)"\n')
    survey = read_survey(path, datum="EPSG:4490")
    assert [report.verdict for report in survey.reports] == [Verdict.REJECTED, Verdict.ACCEPTED]
    assert "is no geometry in WKT" in survey.reports[0].reason


def test_a_cell_of_very_many_places_is_read(tmp_path: Path):
    places = ",".join(f"116.3 37.{4000000 + n}" for n in range(20_000))
    path = tmp_path / "a.csv"
    path.write_text(f'名称,类型,wkt\n长路,道路,"LINESTRING({places})"\n')
    survey = read_survey(path, datum="EPSG:4490")
    assert [len(line.line.coords) for line in survey.centrelines] == [20_000]


def test_a_cell_beyond_all_bounds_is_refused_with_its_row(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("名称,类型,wkt\n路,道路,LINESTRING(1 1)\n长路,道路," + "1" * (magic.LONGEST_CELL + 1) + "\n")
    with pytest.raises(UnreadableFile, match=r"row at line 3 of a\.csv has more than 64 million signs"):
        open_rows(path)


def test_a_table_without_one_readable_place_rejects_its_rows(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("sep=;\n名称;类型;经度;纬度\n甲;商店;117,18;37,6\n")
    survey = read_survey(path, datum="EPSG:4490")
    assert [(report.verdict, report.reason) for report in survey.reports] == [
        (Verdict.REJECTED, "“{words}” is no coordinate.")
    ]


def test_what_no_reader_thought_of_is_one_refusal_with_its_trace_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def stumble(*_: object) -> opening.Rows:
        raise KeyError("a thing that nobody thought of")

    monkeypatch.setitem(opening._READERS, "json", stumble)
    with caplog.at_level(logging.ERROR), pytest.raises(UnreadableFile, match=r"a\.geojson could not be read"):
        open_rows(features(tmp_path / "a.geojson", LINE))
    assert "KeyError" in caplog.text


def test_who_stops_the_reading_is_not_told_that_the_file_is_bad(tmp_path: Path):
    class Cancelled(Exception):
        pass

    def stop(_: float) -> None:
        raise Cancelled

    opened = open_rows(features(tmp_path / "a.geojson", *[LINE] * 1000))
    with pytest.raises(Cancelled):
        opened.survey(tell=stop)


def test_features_of_one_id_are_numbered_each_once(tmp_path: Path):
    lines = [{"type": "LineString", "coordinates": [[116 + n / 1e4, 37], [116 + n / 1e4, 37.01]]} for n in range(3000)]
    survey = read_survey(features(tmp_path / "a.geojson", *lines, key="x"))
    keys = Counter(line.key for line in survey.centrelines)
    assert set(keys) == {"x", *(f"x#{n}" for n in range(2, 3001))}
    assert set(keys.values()) == {1}


def long_line(places: int) -> list[list[float]]:
    return [[116 + n / 1e6, 37.0] for n in range(places)]


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of at most 400 places, geometries of at most 100."""
    monkeypatch.setattr(sizes, "MOST_PLACES", 400)
    monkeypatch.setattr(sizes, "MOST_OF_ONE", 100)
    monkeypatch.setattr(markup, "MOST_OF_ONE", 100)
    monkeypatch.setattr(tables, "_AT_ONCE", 2)


def as_geojson(folder: Path, lines: list[list[list[float]]]) -> Path:
    return features(folder / "a.geojson", *[{"type": "LineString", "coordinates": line} for line in lines])


def as_gpkg(folder: Path, lines: list[list[list[float]]]) -> Path:
    path = folder / "a.gpkg"
    shapes = shapely.to_wkb(np.array([shapely.LineString(line) for line in lines], dtype=object))
    names = np.array(["路"] * len(lines), dtype=object)
    options = {"geometry_type": "LineString", "crs": "EPSG:4490", "driver": "GPKG"}
    pyogrio.raw.write(path, shapes, field_data=[names], fields=["路名"], **options)
    return path


def as_kml(folder: Path, lines: list[list[list[float]]]) -> Path:
    path = folder / "a.kml"
    places = [" ".join(f"{x},{y}" for x, y in line) for line in lines]
    marks = "".join(f"<Placemark><LineString><coordinates>{p}</coordinates></LineString></Placemark>" for p in places)
    path.write_text(f"<kml><Document><Folder><name>道路</name>{marks}</Folder></Document></kml>")
    return path


def as_csv(folder: Path, lines: list[list[list[float]]]) -> Path:
    path = folder / "a.csv"
    rows = [f'路,道路,"LINESTRING({",".join(f"{x} {y}" for x, y in line)})"' for line in lines]
    path.write_text("\n".join(["名称,类型,wkt", *rows]))
    return path


EACH = pytest.mark.parametrize("write", [as_geojson, as_gpkg, as_kml, as_csv])
Write = Callable[[Path, list[list[list[float]]]], Path]


@EACH
def test_a_geometry_of_too_many_places_is_rejected_and_the_others_taken(tmp_path: Path, little: None, write: Write):
    path = write(tmp_path, [long_line(5), long_line(210), long_line(6)])
    survey = read_survey(path, datum="EPSG:4490")
    assert [report.verdict for report in survey.reports] == [Verdict.ACCEPTED, Verdict.REJECTED, Verdict.ACCEPTED]
    assert survey.reports[1].reason.startswith("The geometry has {count} vertices, more than {most}")


@EACH
def test_a_file_of_too_many_places_is_refused(tmp_path: Path, little: None, write: Write):
    path = write(tmp_path, [long_line(90 + n) for n in range(10)])
    with pytest.raises(UnreadableFile, match=r"^a\.\w+ has more than 400 vertices"):
        open_rows(path)


def test_a_layer_read_in_pieces_is_the_layer_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = as_gpkg(tmp_path, [long_line(2 + n) for n in range(6)])
    whole = open_rows(path).rows
    for at_once in (1, 4, 6):
        monkeypatch.setattr(tables, "_AT_ONCE", at_once)
        assert open_rows(path).rows == whole


@pytest.mark.parametrize("packed", ["zip", "gzip"])
def test_what_a_packed_file_unfolds_to_is_known_before_it_is_read(packed: str):
    held = io.BytesIO()
    if packed == "zip":
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.geojson", b" " * 1000)
    else:
        held.write(gzip.compress(b" " * 1000))
    assert [unfolds_beyond(held, most) for most in (999, 1000)] == [True, False]
    assert held.tell() == 0
    assert not unfolds_beyond(io.BytesIO(held.getvalue()[:12]), 10)


def test_a_kml_whose_first_place_is_larger_than_a_head_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = as_kml(tmp_path, [long_line(50), long_line(50)])
    monkeypatch.setattr(markup, "HEAD_BYTES", path.stat().st_size - 200)
    head = open_head(path)
    assert head is not None
    assert len(head.rows) == 1
    monkeypatch.setattr(markup, "HEAD_BYTES", 200)
    assert open_head(path) is None
