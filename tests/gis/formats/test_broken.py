"""Files of every kind that were cut off, overwritten, or handed in under a wrong ending."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from shapely import LineString

from gis.errors import UnreadableFile
from gis.features import Verdict
from gis.formats import read_survey

LINES = [LineString([(116.3 + n / 1000, 37.4), (116.3 + n / 1000, 37.401)]) for n in range(60)]
ROW = '{"type":"Feature","properties":{"highway":"road","name":"第%d路"},"geometry":%s}'
GEOJSON = (
    '{"type":"FeatureCollection","features":['
    + ",".join(ROW % (n, json.dumps(line.__geo_interface__)) for n, line in enumerate(LINES))
    + "]}"
).encode()
NAMES = ("survey.geojson", "survey.gpkg", "survey.shp.zip", "survey.zip", "survey.osm.pbf", "survey.osm", "survey.gz")


@pytest.fixture
def whole(
    make_gpkg: Callable[..., Path], make_shapefile: Callable[..., Path], tmp_path: Path
) -> Callable[[str], bytes]:
    """The bytes of a good file of this name."""

    def osm(name: str) -> bytes:
        import osmium

        path = tmp_path / f"whole{name[6:]}"
        writer = osmium.SimpleWriter(str(path))
        for n in range(1, 400):
            writer.add_node(osmium.osm.mutable.Node(id=n, location=(116.3 + n / 10_000, 37.4)))
        for n in range(1, 399):
            writer.add_way(osmium.osm.mutable.Way(id=n, nodes=[n, n + 1], tags={"highway": "residential"}))
        writer.close()
        return path.read_bytes()

    def zipped() -> bytes:
        with zipfile.ZipFile(tmp_path / "whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.geojson", GEOJSON)
        return (tmp_path / "whole.zip").read_bytes()

    columns = {"name": [f"第{n}路" for n in range(60)], "kind": ["道路"] * 60}
    ways: dict[str, Callable[[], bytes]] = {
        "survey.geojson": lambda: GEOJSON,
        "survey.gpkg": lambda: make_gpkg(LINES, **columns).read_bytes(),
        "survey.shp.zip": lambda: make_shapefile(LINES, crs="EPSG:4490", **columns).read_bytes(),
        "survey.zip": zipped,
        "survey.osm.pbf": lambda: osm("survey.osm.pbf"),
        "survey.osm": lambda: osm("survey.osm"),
        "survey.gz": lambda: gzip.compress(GEOJSON),
    }
    return lambda name: ways[name]()


def noise(length: int) -> bytes:
    """Bytes without meaning, the same each time; the first is of no known kind and no blank."""
    return b"\x81" + random.Random(length).randbytes(length - 1)  # noqa: S311 - no secret


BREAKS: dict[str, Callable[[bytes], bytes]] = {
    "seven bytes": lambda data: data[:7],
    "a tenth": lambda data: data[: len(data) // 10],
    "half": lambda data: data[: len(data) // 2],
    "nine tenths": lambda data: data[: len(data) * 9 // 10],
    "noise": lambda data: noise(len(data)),
    "noise in the middle": lambda data: (
        data[: len(data) // 2] + noise(len(data) // 4) + data[len(data) // 2 + len(data) // 4 :]
    ),
    "zeros behind the middle": lambda data: data[: len(data) // 2] + bytes(len(data) - len(data) // 2),
}


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("name", NAMES)
def test_a_broken_file_is_called_damaged_by_its_name_with_the_remedy(
    whole: Callable[[str], bytes], tmp_path: Path, name: str, how: str
):
    path = tmp_path / name
    path.write_bytes(BREAKS[how](whole(name)))
    with pytest.raises(UnreadableFile) as refused:
        read_survey(path)
    said = str(refused.value)
    assert name in said
    assert "damaged" in said
    assert "again" in said or "UTF-8" in said
    assert tempfile.gettempdir() not in said, "nobody but us knows our scratch folder"


@pytest.mark.parametrize("data", [b"", b" \n"], ids=["nothing", "blanks"])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_without_content_is_called_empty(tmp_path: Path, name: str, data: bytes):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match=f"{name} is empty"):
        read_survey(path)


@pytest.mark.parametrize("length", [1, 4000, 3_000_000])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_zeros_is_called_that_and_not_empty(tmp_path: Path, name: str, length: int):
    path = tmp_path / name
    path.write_bytes(bytes(length))
    with pytest.raises(UnreadableFile, match=f"{name} holds nothing but zero bytes"):
        read_survey(path)


def test_a_file_that_only_begins_with_zeros_is_not_said_to_hold_nothing_else(tmp_path: Path):
    path = tmp_path / "survey.geojson"
    path.write_bytes(bytes(5000) + GEOJSON)
    with pytest.raises(UnreadableFile, match="damaged"):
        read_survey(path)


@pytest.mark.parametrize("ending", [".geojson", ".gpkg", ".zip", ".pbf", ".txt"])
@pytest.mark.parametrize("name", NAMES)
def test_a_good_file_under_a_wrong_ending_is_read_all_the_same(
    whole: Callable[[str], bytes], tmp_path: Path, name: str, ending: str
):
    path = tmp_path / f"wrong{ending}"
    path.write_bytes(whole(name))
    read = read_survey(path)
    assert len(read.centrelines) >= len(LINES)
    assert {report.verdict for report in read.reports} == {Verdict.ACCEPTED}


def test_what_no_ending_tells_is_of_no_known_kind(tmp_path: Path):
    path = tmp_path / "survey.dat"
    path.write_bytes(noise(500))
    with pytest.raises(UnreadableFile, match=r"survey\.dat is of a kind that is not known here"):
        read_survey(path)
