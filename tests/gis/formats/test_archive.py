import gzip
import stat
import zipfile
from pathlib import Path

import pytest

from gis.errors import UnreadableFile
from gis.formats import Limits, read_survey

FEATURE = (
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"highway":"road"},'
    '"geometry":{"type":"LineString","coordinates":[[116,37],[116.1,37]]}}]}'
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


@pytest.mark.parametrize("name", ["../evil.shp", "/etc/evil.shp", "a/../../evil.shp", "c:/evil.shp"])
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


def test_several_files_without_a_shapefile_are_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="holds 2 files and no shapefile"):
        read_survey(zipped(tmp_path / "s.zip", **{"a.geojson": FEATURE, "b.geojson": FEATURE}))


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
