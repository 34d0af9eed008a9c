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
from gis.formats.workbooks import Sheet, workbook

LINES = [LineString([(116.3 + n / 1000, 37.4), (116.3 + n / 1000, 37.401)]) for n in range(60)]
ROW = '{"type":"Feature","properties":{"highway":"road","name":"第%d路"},"geometry":%s}'
GEOJSON = (
    '{"type":"FeatureCollection","features":['
    + ",".join(ROW % (n, json.dumps(line.__geo_interface__)) for n, line in enumerate(LINES))
    + "]}"
).encode()
KML = (
    '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>道路</name>'
    + "".join(
        f"<Placemark><name>第{n}路</name><LineString><coordinates>"
        + " ".join(f"{x},{y}" for x, y in line.coords)
        + "</coordinates></LineString></Placemark>"
        for n, line in enumerate(LINES)
    )
    + "</Folder></Document></kml>"
)
GPX = (
    '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="phone" xmlns="http://www.topografix.com/GPX/1/1">'
    + "".join(
        f"<trk><name>第{n}路</name><type>道路</type><trkseg>"
        + "".join(f'<trkpt lat="{y}" lon="{x}"/>' for x, y in line.coords)
        + "</trkseg></trk>"
        for n, line in enumerate(LINES)
    )
    + "</gpx>"
)
HEAD = ("名称", "类型", "wkt")
CSV = "\r\n".join([",".join(HEAD), *(f'第{n}路,道路,"{line.wkt}"' for n, line in enumerate(LINES)), ""])
#: A file of every kind that is read.
NAMES = (
    *("survey.geojson", "survey.gpkg", "survey.shp.zip", "survey.zip", "survey.osm.pbf", "survey.osm", "survey.gz"),
    *("survey.kml", "survey.kmz", "survey.gpx", "survey.dxf", "survey.csv", "survey.xlsx"),
)
#: Those that state no datum, which is told beside them.
UNPLACED = {"survey.dxf": "EPSG:4326", "survey.csv": "EPSG:4326", "survey.xlsx": "EPSG:4326"}


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

    def zipped(name: str, content: bytes | str) -> bytes:
        with zipfile.ZipFile(tmp_path / "whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
        return (tmp_path / "whole.zip").read_bytes()

    def drawn() -> bytes:
        pairs: list[tuple[int, object]] = [(0, "SECTION"), (2, "ENTITIES")]
        for line in LINES:
            pairs += [(0, "POLYLINE"), (8, "道路"), (66, 1)]
            pairs += [pair for x, y in line.coords for pair in ((0, "VERTEX"), (8, "道路"), (10, x), (20, y))]
            pairs += [(0, "SEQEND"), (8, "道路")]
        pairs += [(0, "ENDSEC"), (0, "EOF")]
        return "".join(f"{code:3d}\r\n{value}\r\n" for code, value in pairs).encode("gbk")

    columns = {"name": [f"第{n}路" for n in range(60)], "kind": ["道路"] * 60}
    ways: dict[str, Callable[[], bytes]] = {
        "survey.geojson": lambda: GEOJSON,
        "survey.gpkg": lambda: make_gpkg(LINES, **columns).read_bytes(),
        "survey.shp.zip": lambda: make_shapefile(LINES, crs="EPSG:4490", **columns).read_bytes(),
        "survey.zip": lambda: zipped("a.geojson", GEOJSON),
        "survey.osm.pbf": lambda: osm("survey.osm.pbf"),
        "survey.osm": lambda: osm("survey.osm"),
        "survey.gz": lambda: gzip.compress(GEOJSON, mtime=0),
        "survey.kml": KML.encode,
        "survey.kmz": lambda: zipped("doc.kml", KML),
        "survey.gpx": GPX.encode,
        "survey.dxf": drawn,
        "survey.csv": CSV.encode,
        "survey.xlsx": lambda: workbook(
            [
                Sheet(
                    "路", [(name, 9) for name in HEAD], [(f"第{n}路", "道路", line.wkt) for n, line in enumerate(LINES)]
                )
            ]
        ),
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


#: What each broken file must be told, after its name: by its kind, in the order of :data:`BREAKS`.
EXPORT = "is damaged or cut off; export it again."
DOWNLOAD = "is damaged or cut off; download it again."
PACK = "is damaged or cut off and cannot be unpacked; pack and upload it again."
SAVE = "is damaged or cut off and cannot be read; save or copy it again and upload that."
DRAWN = "is cut off: a drawing ends with EOF; save it as DXF again."
ENCODING = "is damaged or written in no known encoding; save it as UTF-8."
ZEROS = "has zero bytes among its text, so it was damaged; export it again as CSV in UTF-8."
ONE_LINE = "has only one line: a table needs a line of column names and rows below it; export it again with its rows."
FIRST = "is damaged or cut off: its first bytes are not those of {}. Export or download it again, and check its ending."
AT = "is cut off or damaged at line 1, column {}; export it again."
QUOTE = "is damaged at line {}: a quotation mark is not closed, or a cell has no end."
SAID: dict[str, tuple[str, ...]] = {
    "survey.geojson": (
        AT.format(8),
        AT.format(911),
        AT.format(4603),
        AT.format(8303),
        FIRST.format("GeoJSON"),
        ENCODING,
        AT.format(4603),
    ),
    "survey.gpkg": (FIRST.format("GeoPackage"), EXPORT, EXPORT, EXPORT, FIRST.format("GeoPackage"), EXPORT, EXPORT),
    "survey.shp.zip": (PACK, PACK, PACK, PACK, FIRST.format("zip"), PACK, PACK),
    "survey.zip": (PACK, PACK, PACK, PACK, FIRST.format("zip"), PACK, PACK),
    "survey.osm.pbf": (
        FIRST.format("OSM PBF"),
        DOWNLOAD,
        DOWNLOAD,
        DOWNLOAD,
        FIRST.format("OSM PBF"),
        DOWNLOAD,
        DOWNLOAD,
    ),
    "survey.osm": (FIRST.format("OSM XML"), DOWNLOAD, DOWNLOAD, DOWNLOAD, FIRST.format("OSM XML"), DOWNLOAD, DOWNLOAD),
    "survey.gz": (PACK, PACK, PACK, PACK, FIRST.format("gzip"), PACK, PACK),
    "survey.kml": (
        FIRST.format("KML"),
        AT.format(734),
        AT.format(3664),
        AT.format(6605),
        FIRST.format("KML"),
        AT.format(3670),
        AT.format(3670),
    ),
    "survey.kmz": (PACK, PACK, PACK, PACK, FIRST.format("KMZ"), PACK, PACK),
    "survey.gpx": (
        FIRST.format("GPX"),
        AT.format(789),
        AT.format(3927),
        AT.format(7076),
        FIRST.format("GPX"),
        AT.format(3932),
        AT.format(3932),
    ),
    "survey.dxf": (FIRST.format("DXF"), DRAWN, DRAWN, DRAWN, FIRST.format("DXF"), EXPORT, DRAWN),
    "survey.csv": (ONE_LINE, QUOTE.format(7), ENCODING, QUOTE.format(55), ZEROS, ZEROS, ZEROS),
    "survey.xlsx": (SAVE, SAVE, SAVE, SAVE, FIRST.format("Excel"), SAVE, SAVE),
}


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [(name, how, said) for name in NAMES for how, said in zip(BREAKS, SAID[name], strict=True)],
)
def test_a_broken_file_is_told_what_is_wrong_with_it_and_the_remedy(
    whole: Callable[[str], bytes], tmp_path: Path, name: str, how: str, said: str
):
    path = tmp_path / name
    path.write_bytes(BREAKS[how](whole(name)))
    with pytest.raises(UnreadableFile) as refused:
        read_survey(path, datum=UNPLACED.get(name))
    assert str(refused.value) == f"{name} {said}"
    assert tempfile.gettempdir() not in str(refused.value), "nobody but us knows our scratch folder"


@pytest.mark.parametrize("data", [b"", b" \n"], ids=["nothing", "blanks"])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_without_content_is_called_empty(tmp_path: Path, name: str, data: bytes):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnreadableFile) as refused:
        read_survey(path)
    assert str(refused.value) == f"{name} is empty; export and upload it again."


@pytest.mark.parametrize("length", [1, 4000, 3_000_000])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_zeros_is_called_that_and_not_empty(tmp_path: Path, name: str, length: int):
    path = tmp_path / name
    path.write_bytes(bytes(length))
    with pytest.raises(UnreadableFile) as refused:
        read_survey(path)
    lost = "holds nothing but zero bytes, so its content was lost; copy or export it again and upload that."
    assert str(refused.value) == f"{name} {lost}"


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
    read = read_survey(path, datum=UNPLACED.get(name))
    assert len(read.centrelines) >= len(LINES)
    assert {report.verdict for report in read.reports} == {Verdict.ACCEPTED}


def test_what_no_ending_tells_is_of_no_known_kind(tmp_path: Path):
    path = tmp_path / "survey.dat"
    path.write_bytes(noise(500))
    with pytest.raises(UnreadableFile, match=r"survey\.dat is of a kind that is not known here"):
        read_survey(path)
