import gzip
import stat
import zipfile
from pathlib import Path

import pytest
from shapely import LineString

from gis.errors import UnknownDatum, UnreadableFile
from gis.features import Verdict
from gis.formats import Limits, open_rows, read_survey, unfolds_beyond
from gis.formats.returning import give_back
from gis.formats.workbooks import Sheet, workbook

FEATURE = (
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"highway":"road"},'
    '"geometry":{"type":"LineString","coordinates":[[116,37],[116.1,37]]}}]}'
)

OTHER = FEATURE.replace("37]", "38]")
KML = (
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>道路</name><Placemark><name>街</name>'
    "<LineString><coordinates>116.%d,37 116.3,37.%d</coordinates></LineString></Placemark></Folder></Document></kml>"
)


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_single_survey_may_come_zipped_or_gzipped(tmp_path):
    packed = tmp_path / "survey.gz"
    packed.write_bytes(gzip.compress(FEATURE.encode()))
    assert len(read_survey(packed).centrelines) == 1
    assert len(read_survey(zipped(tmp_path / "s.zip", **{"a.geojson": FEATURE})).centrelines) == 1


@pytest.mark.parametrize(
    "name", ["../evil.shp", "/etc/evil.shp", "a/../../evil.shp", "c:/evil.shp", "..\\..\\evil.shp", "../.evil"]
)
def test_paths_that_lead_out_of_the_archive_are_refused(tmp_path, name):
    with pytest.raises(UnreadableFile, match="outside"):
        read_survey(zipped(tmp_path / "s.zip", **{name: FEATURE}))


def test_links_are_refused(tmp_path):
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("a.geojson")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnreadableFile, match="outside"):
        read_survey(path)


@pytest.mark.parametrize("pack", ["zip", "gzip"])
def test_a_bomb_is_refused_before_it_unfolds(tmp_path, pack):
    path = tmp_path / "bomb"
    zeros = bytes(40 << 20)
    if pack == "zip":
        zipped(path, **{"a.geojson": zeros})
    else:
        path.write_bytes(gzip.compress(zeros))
    with pytest.raises(UnreadableFile, match="far more than its size"):
        read_survey(path)


def test_too_many_members_are_refused(tmp_path):
    path = zipped(tmp_path / "s.zip", **{f"{n}.txt": "" for n in range(5)})
    with pytest.raises(UnreadableFile, match="more than 3"):
        read_survey(path, limits=Limits(members=3))


def test_an_archive_in_an_archive_is_not_opened(tmp_path):
    inner = zipped(tmp_path / "inner.zip", **{"a.geojson": FEATURE})
    with pytest.raises(UnreadableFile):
        read_survey(zipped(tmp_path / "outer.zip", **{"inner.zip": inner.read_bytes()}))


def test_a_zip_cut_off_is_refused(tmp_path):
    path = zipped(tmp_path / "s.zip", **{"a.geojson": FEATURE})
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(UnreadableFile, match="cut off"):
        read_survey(path)


def test_all_surveys_of_an_archive_are_read_each_under_its_path(tmp_path):
    survey = read_survey(zipped(tmp_path / "s.zip", **{"甲/街.geojson": FEATURE, "乙/街.geojson": OTHER}))
    assert [line.key for line in survey.centrelines] == ["甲/街/row/1", "乙/街/row/1"]
    assert survey.rows == 2


def test_shapefiles_of_one_name_in_two_folders_are_two_layers(make_shapefile, tmp_path):
    both = tmp_path / "both.zip"
    with zipfile.ZipFile(both, "w") as target:
        for folder, east in (("市中街道", 0), ("胡家街道", 500)):
            lines = [LineString([(438000 + east, 4141000), (438090 + east, 4141000)])]
            with zipfile.ZipFile(make_shapefile(lines, 类型=["道路"], 名称=["甲街"])) as one:
                for entry in one.namelist():
                    target.writestr(f"{folder}/{entry}", one.read(entry))
    assert [line.key for line in read_survey(both).centrelines] == ["市中街道/村道/row/1", "胡家街道/村道/row/1"]


def test_a_second_document_of_a_kmz_is_read_too(tmp_path):
    members = {"doc.kml": KML % (1, 1), "other.kml": KML % (2, 2), "images/sign.png": "picture"}
    survey = read_survey(zipped(tmp_path / "s.kmz", **members))
    assert [line.key for line in survey.centrelines] == ["doc/row/1", "other/row/1"]
    assert survey.rows == 2


def test_a_table_beside_a_shapefile_is_read_in_its_datum(make_shapefile, tmp_path):
    path = make_shapefile([LineString([(116.3, 37.4), (116.31, 37.4)])], crs="EPSG:4490", 类型=["道路"], 名称=["甲街"])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("便民设施.csv", "名称,类型,经度,纬度\n好店,商店,116.3,37.4\n坏店,商店,东边,37.4\n")
    survey = read_survey(path)
    assert [place.key for place in survey.facilities] == ["便民设施/row/2"]
    assert [report.verdict for report in survey.reports] == [Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.REJECTED]
    opened = open_rows(path)
    returned = give_back(survey, kind=opened.kind, folder=tmp_path, stem="back", form=opened.form)
    with zipfile.ZipFile(returned.path) as back:
        assert back.namelist() == ["便民设施-rejected.csv"]
        rows = back.read("便民设施-rejected.csv").decode("utf-8-sig").splitlines()
    assert rows == ["名称,类型,经度,纬度,行号,原因,字段", "坏店,商店,东边,37.4,3,“东边” is no coordinate.,经度"]


def test_workbooks_and_texts_of_an_archive_are_one_table_and_come_back_one_by_one(tmp_path):
    book = workbook([Sheet("点", [(name, 9) for name in ("名称", "类型", "经度", "纬度")],
                           [["乙店", "商店", 116.31, 37.4], ["丙店", "商店", None, 37.4]])])  # fmt: skip
    text = "店名;类型;lon;lat\n甲店;商店;116.3;37.4\n丁店;商店;x;37.4\n"
    path = zipped(tmp_path / "s.zip", **{"甲.csv": text, "乙.xlsx": book})
    opened = open_rows(path)
    assert opened.table
    survey = opened.survey("EPSG:4490")
    assert [place.key for place in survey.facilities] == ["甲/row/2", "乙/row/2"]
    returned = give_back(survey, kind=opened.kind, folder=tmp_path, stem="back", form=opened.form)
    with zipfile.ZipFile(returned.path) as back:
        assert back.namelist() == ["甲-rejected.csv", "乙-rejected.xlsx"]
        assert back.read("甲-rejected.csv").decode("utf-8-sig").startswith("店名;类型;lon;lat;行号")
    assert {report.verdict for report in open_rows(returned.path).survey("EPSG:4490").reports} == {Verdict.REJECTED}


def test_files_in_different_datums_meet_in_ours(make_shapefile, tmp_path):
    path = make_shapefile([LineString([(438060.53, 4146682.89), (438160.5, 4146682.9)])], 类型=["道路"])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("路.geojson", FEATURE)
    survey = read_survey(path)
    assert survey.datum == "EPSG:4490"
    assert [line.line.coords[0] for line in survey.centrelines] == [pytest.approx((116.30, 37.45)), (116.0, 37.0)]


def test_a_file_without_a_datum_beside_one_with_one_is_refused_and_both_are_named(make_shapefile, tmp_path):
    path = make_shapefile([LineString([(438060, 4146682), (438160, 4146682)])], drop={".prj"}, 类型=["道路"])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("路.geojson", FEATURE)
    with pytest.raises(UnknownDatum, match=r"different coordinate systems: 村道 \(\?\), 路 \(EPSG:4326\)"):
        read_survey(path)


def test_files_of_an_archive_that_are_no_surveys_are_counted_and_named(tmp_path):
    members = {"路.geojson": FEATURE, "说明.docx": "words", "说明.txt": "一，二\n三，四\n", "a.jpg": "", "b.JPG": ""}
    survey = read_survey(zipped(tmp_path / "s.zip", **members))
    told = [(each.reason.format(**each.values), each.rows) for each in survey.others]
    assert told == [
        ("说明.docx in the archive is no survey file that is read here, so it was left out.", 1),
        ("说明.txt in the archive is no survey file that is read here, so it was left out.", 1),
        ("Pictures in the archive are not read.", 2),
    ]
    assert survey.rows == 5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("乙.geojson", "is cut off or damaged"),
        ("乙.gpkg", "not those of GeoPac"),
        ("乙.xlsx", "not those of Excel"),
        ("乙.csv", "kind that is not known"),
    ],
)
def test_a_damaged_survey_beside_a_good_one_is_refused_by_its_own_name(tmp_path, name, said):
    content = FEATURE[:50] if name.endswith("json") else b"\x81\x82\x83 nothing"
    with pytest.raises(UnreadableFile, match=rf"s\.zip/乙.*{said}"):
        read_survey(zipped(tmp_path / "s.zip", **{"甲.geojson": FEATURE, name: content}))


@pytest.mark.parametrize("names", [("街.geojson", "街.geojson"), ("街.geojson", "街.GEOJSON")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(tmp_path, names):
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, FEATURE)
    with pytest.raises(UnreadableFile, match="two files of one name"):
        read_survey(path)


def test_a_letter_is_named_as_such(tmp_path):
    with pytest.raises(UnreadableFile, match="Word / PowerPoint, which is not read here"):
        read_survey(zipped(tmp_path / "s.docx", **{"[Content_Types].xml": "", "word/document.xml": ""}))


def test_a_workbook_without_its_parts_is_called_damaged(tmp_path):
    with pytest.raises(UnreadableFile, match="damaged or no Excel workbook"):
        read_survey(zipped(tmp_path / "s.xlsx", **{"[Content_Types].xml": "", "xl/workbook.xml": ""}))


@pytest.mark.parametrize("members", [{"read me.docx.txt": b"words"}, {"plan.pdf": b"%PDF-1.7"}, {}])
def test_a_zip_without_a_survey_says_that_it_holds_none(tmp_path: Path, members: dict[str, bytes]):
    packed = tmp_path / "survey.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/", b"")
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(UnreadableFile, match=r"survey\.zip holds no file that is read here; pack one of GeoJSON, Geo"):
        read_survey(packed)


def test_a_damaged_survey_in_a_zip_is_called_damaged(tmp_path: Path):
    packed = tmp_path / "survey.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("roads.gpkg", b"no GeoPackage")
    with pytest.raises(UnreadableFile, match="not those of GeoPackage"):
        read_survey(packed)


def test_workbooks_and_kmz_in_an_archive_share_its_bounds(tmp_path):
    inner = zipped(tmp_path / "a.kmz", **{"doc.kml": KML % (1, 1) + " " * 400_000}).read_bytes()
    outer = zipped(tmp_path / "s.zip", **{f"{n}.kmz": inner for n in range(4)})
    assert len(read_survey(outer, limits=Limits(unfolded_bytes=2_000_000)).reports) == 4
    with pytest.raises(UnreadableFile, match=r"s\.zip/2 unfolds to far more"):
        read_survey(outer, limits=Limits(unfolded_bytes=1_000_000))
    with outer.open("rb") as data:
        assert not unfolds_beyond(data, 2_000_000)
        assert unfolds_beyond(data, 1_000_000)


def test_archives_in_archives_in_an_archive_are_not_unfolded(tmp_path):
    inner = zipped(tmp_path / "a.kmz", **{"doc.kml": KML % (1, 1)}).read_bytes()
    middle = zipped(tmp_path / "b.kmz", **{"doc.kml": KML % (1, 1), "a.kmz": inner}).read_bytes()
    with pytest.raises(UnreadableFile, match=r"holds the archive a\.kmz, which is not unfolded"):
        read_survey(zipped(tmp_path / "s.zip", **{"b.kmz": middle}))


def test_a_project_of_a_program_is_no_archive_of_surveys(tmp_path):
    project = zipped(tmp_path / "a.qgz", **{"a.qgs": "<qgis/>"}).read_bytes()
    survey = read_survey(zipped(tmp_path / "s.zip", **{"路.geojson": FEATURE, "a.qgz": project}))
    assert [each.values for each in survey.others] == [{"member": "a.qgz"}]
