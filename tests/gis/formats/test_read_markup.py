"""KML, KMZ and GPX from phones, DXF from drawing programs."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from shapely import LineString

from gis.errors import UnknownDatum, UnreadableFile
from gis.features import FacilityKind, Verdict
from gis.formats import read_survey

KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>调查</name>
<Folder><name>道路</name>
<Placemark id="p1"><name>幸福路</name><ExtendedData><Data name="道路等级"><value>村道</value></Data></ExtendedData>
<LineString><coordinates>116.3,37.4,5
 116.31,37.4,6</coordinates></LineString></Placemark>
<Placemark><name>无名路</name>
<MultiGeometry><LineString><coordinates>116.3,37.41 116.31,37.41</coordinates></LineString>
<LineString><coordinates>116.32,37.41 116.33,37.41</coordinates></LineString></MultiGeometry></Placemark>
<Placemark><name>坏路</name><LineString><coordinates>abc</coordinates></LineString></Placemark>
<Placemark><name>空路</name></Placemark>
</Folder><Folder><name>设施</name>
<Placemark><name>甲村村委会</name><Point><coordinates>116.3,37.4</coordinates></Point></Placemark>
<Placemark><name>甲村</name><Polygon><outerBoundaryIs><LinearRing><coordinates>
116.29,37.39 116.32,37.39 116.32,37.42 116.29,37.39</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>
</Folder></Document></kml>"""
GPX = """<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="phone" xmlns="http://www.topografix.com/GPX/1/1">
<wpt lat="37.4" lon="116.3"><name>甲村村委会</name></wpt>
<rte><name>平安路</name><type>道路</type><rtept lat="37.4" lon="116.3"/><rtept lat="37.41" lon="116.3"/></rte>
<trk><name>幸福路</name><type>道路</type><trkseg><trkpt lat="37.4" lon="116.31"><ele>5</ele></trkpt>
<trkpt lat="37.41" lon="116.31"/></trkseg></trk></gpx>"""


@pytest.fixture
def written(tmp_path: Path):
    def make(content: str | bytes, name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def test_placemarks_become_streets_villages_and_facilities_by_folder_name_and_shape(written):
    survey = read_survey(written(KML, "调查.kml"))
    assert [(line.key, line.name, line.road_class) for line in survey.centrelines] == [
        ("p1", "幸福路", "村道"),
        ("row/2/1", None, None),
        ("row/2/2", None, None),
    ]
    assert [(each.kind, each.name) for each in survey.facilities] == [(FacilityKind.COMMITTEE, "甲村村委会")]
    assert [area.name for area in survey.areas] == ["甲村"]
    assert [report.verdict.value for report in survey.reports] == [
        *("repaired", "repaired", "rejected", "rejected", "accepted", "accepted"),
    ]


def test_a_kmz_is_the_kml_inside_it(tmp_path: Path):
    path = tmp_path / "调查.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", KML)
        archive.writestr("files/photo.jpg", b"\xff\xd8")
    assert len(read_survey(path).centrelines) == 3


def test_a_gpx_gives_waypoints_routes_and_tracks(written):
    survey = read_survey(written(GPX, "轨迹.gpx"))
    assert [(line.key, line.name) for line in survey.centrelines] == [
        ("routes/row/1", "平安路"),
        ("tracks/row/1", "幸福路"),
    ]
    assert [each.name for each in survey.facilities] == ["甲村村委会"]


def test_xml_with_entities_is_refused_before_it_grows(written):
    bomb = '<!DOCTYPE k [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    for text, name in ((KML, "b.kml"), (GPX, "b.gpx")):
        head, _, rest = text.partition("?>")
        with pytest.raises(UnreadableFile, match="declares XML entities"):
            read_survey(written(f"{head}?>{bomb}{rest}", name))


@pytest.mark.parametrize("text", [KML, GPX], ids=["kml", "gpx"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_xml_that_breaks_off_names_the_place(written, text: str, share: float):
    with pytest.raises(UnreadableFile, match=r"cut off or damaged at line \d+, column \d+"):
        read_survey(written(text.encode()[: int(len(text.encode()) * share)], "x.xml"))


def test_folders_without_end_and_a_kml_of_links_are_refused(written):
    deep = '<kml xmlns="http://www.opengis.net/kml/2.2">' + "<Folder>" * 5000 + "</Folder>" * 5000 + "</kml>"
    with pytest.raises(UnreadableFile, match="nested too deeply"):
        read_survey(written(deep, "deep.kml"))
    link = '<kml xmlns="http://www.opengis.net/kml/2.2"><NetworkLink><Link><href>a</href></Link></NetworkLink></kml>'
    with pytest.raises(UnreadableFile, match="no placemark"):
        read_survey(written(link, "link.kml"))


@pytest.fixture
def drawn(tmp_path: Path):
    """A drawing with one line a layer, its text in this encoding."""

    def make(*layers: str, encoding: str = "utf-8", page: str = "ANSI_1252") -> Path:
        lines = [LineString([(438000 + 100 * n, 4141000), (438090 + 100 * n, 4141000)]) for n in range(len(layers))]
        path = tmp_path / "道路.dxf"
        marks = [f"LAYER{n}" for n in range(len(layers))]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a drawing has no place for a datum
            pyogrio.raw.write(
                path,
                shapely.to_wkb(np.array(lines, dtype=object)),
                [np.array(marks, dtype=object)],
                ["Layer"],
                driver="DXF",
                geometry_type="LineString",
                crs=None,
            )
        data = path.read_bytes().replace(b"ANSI_1252", page.encode())
        for mark, layer in zip(marks, layers, strict=True):
            data = data.replace(mark.encode(), layer.encode(encoding))
        path.write_bytes(data)
        return path

    return make


@pytest.mark.parametrize(
    ("encoding", "page"), [("utf-8", "ANSI_1252"), ("gbk", "ANSI_1252"), ("gbk", "ANSI_936"), ("utf-8", "UTF-8")]
)
def test_a_drawing_is_read_by_its_layers_whatever_its_program_declared(drawn, encoding: str, page: str):
    survey = read_survey(drawn("道路中心线", "房屋", encoding=encoding, page=page), datum="EPSG:4548")
    assert len(survey.centrelines) == 1
    assert [report.verdict for report in survey.reports] == [Verdict.ACCEPTED, Verdict.IGNORED]


def test_a_drawing_has_no_datum_and_must_end(drawn):
    path = drawn("道路中心线")
    with pytest.raises(UnknownDatum, match="does not say its coordinate system"):
        read_survey(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableFile, match="cut off: a drawing ends with EOF"):
        read_survey(path, datum="EPSG:4548")


SEGMENTS = {
    "an empty piece": "<trkseg/>",
    "a piece of one place": '<trkseg><trkpt lat="37.5" lon="116.3"/></trkseg>',
    "a piece of one place with its height": '<trkseg><trkpt lat="37.5" lon="116.3"><ele>3</ele></trkpt></trkseg>',
}


@pytest.mark.parametrize("odd", SEGMENTS)
@pytest.mark.parametrize("before", [True, False])
def test_a_track_keeps_its_other_pieces_beside_one_that_is_none(tmp_path: Path, odd: str, before: bool):
    whole = '<trkseg><trkpt lat="37.4" lon="116.3"/><trkpt lat="37.4" lon="116.4"/></trkseg>'
    pieces = SEGMENTS[odd] + whole if before else whole + SEGMENTS[odd]
    path = tmp_path / "a.gpx"
    path.write_text(
        '<gpx version="1.1" creator="p" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>南北街</name>{pieces}</trk></gpx>"
    )
    survey = read_survey(path)
    assert [list(line.line.coords) for line in survey.centrelines] == [[(116.3, 37.4), (116.4, 37.4)]]
    assert [(report.verdict, report.reason) for report in survey.reports] == [
        (Verdict.REPAIRED, "Pieces without length were dropped.")
    ]


def test_a_line_with_a_point_beside_it_is_the_line_and_says_so(tmp_path: Path):
    path = tmp_path / "a.kml"
    path.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>道路</name><Placemark><name>好街</name>'
        "<MultiGeometry><LineString><coordinates>116.3,37.4 116.4,37.4</coordinates></LineString>"
        "<Point><coordinates>116.3,37.4</coordinates></Point></MultiGeometry></Placemark></Folder></Document></kml>"
    )
    survey = read_survey(path)
    assert [line.name for line in survey.centrelines] == ["好街"]
    assert [(report.verdict, report.reason) for report in survey.reports] == [
        (Verdict.REPAIRED, "Points beside the line were left out.")
    ]


def test_an_outline_with_a_point_beside_it_says_that_the_point_is_left_out(make_geojson):
    square = {"type": "Polygon", "coordinates": [[[116, 37], [117, 37], [117, 38], [116, 37]]]}
    point = {"type": "Point", "coordinates": [116.5, 37.2]}
    both = {"type": "GeometryCollection", "geometries": [square, point]}
    report = read_survey(make_geojson((both, {"类型": "村", "名称": "张庄村"}))).reports[0]
    assert (report.verdict, report.reason) == (Verdict.REPAIRED, "Points and lines beside the outline were left out.")
