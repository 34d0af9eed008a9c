import sqlite3
import zipfile

import pytest
from shapely import LineString, MultiLineString, Point, Polygon

from gis.errors import UnknownDatum, UnreadableFile
from gis.features import AreaKind, FacilityKind, Verdict
from gis.formats import read_survey

ROADS = [
    LineString([(438060.53, 4146682.89), (438160.5, 4146682.9)]),
    LineString([(438160.5, 4146682.9), (438160.5, 4146782.9)]),
]
COLUMNS = {"名称": ["东街", None], "类型": ["道路", "道路"]}
LONLAT = [LineString([(116.3, 37.4), (116.31, 37.4)]), LineString([(116.31, 37.4), (116.31, 37.41)])]


@pytest.mark.parametrize(
    ("encoding", "cpg"),
    [("GBK", None), ("GBK", "GBK"), ("GBK", "936"), ("GBK", "UTF-8"), ("UTF-8", None), ("UTF-8", "UTF-8"),
     ("UTF-8", "GBK"), ("GBK", "nonsense"), ("GBK", "OEM")],
)  # fmt: skip
def test_chinese_text_is_read_whatever_the_sidecar_says(make_shapefile, encoding, cpg):
    survey = read_survey(make_shapefile(ROADS, encoding=encoding, cpg=cpg, **COLUMNS))
    assert [c.name for c in survey.centrelines] == ["东街", None]
    assert survey.datum == "EPSG:4548"
    assert survey.centrelines[0].line.coords[0] == pytest.approx((116.30, 37.45))


def test_a_text_cut_off_inside_a_character_does_not_spoil_the_file(make_shapefile):
    long = "很" * 100
    survey = read_survey(make_shapefile(ROADS, encoding="UTF-8", 名称=[long, "东街"], 类型=["道路", "道路"]))
    assert survey.centrelines[1].name == "东街"
    assert long.startswith(survey.centrelines[0].name or "–")


def test_a_shapefile_without_datum_asks_for_it(make_shapefile):
    path = make_shapefile(ROADS, drop={".prj"}, **COLUMNS)
    with pytest.raises(UnknownDatum, match="coordinate system"):
        read_survey(path)
    assert len(read_survey(path, datum="EPSG:4548").centrelines) == 2


def test_a_shapefile_without_its_index_is_still_read(make_shapefile):
    assert len(read_survey(make_shapefile(ROADS, drop={".shx"}, **COLUMNS)).centrelines) == 2


def test_folders_inside_the_zip_are_no_matter(make_shapefile):
    assert len(read_survey(make_shapefile(ROADS, inside="数据/2025/", **COLUMNS)).centrelines) == 2


def test_a_shapefile_in_an_old_datum_is_refused(make_shapefile):
    with pytest.raises(UnknownDatum, match="surveying authority"):
        read_survey(make_shapefile(ROADS, crs="EPSG:2436", **COLUMNS))


def test_a_damaged_shapefile_is_refused_without_a_traceback(make_shapefile, tmp_path):
    good = make_shapefile(ROADS, **COLUMNS)
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[:60] if name.endswith((".shp", ".shx")) else content)
    with pytest.raises(UnreadableFile, match=r"bad\.zip"):
        read_survey(bad)


@pytest.mark.parametrize("part", [".shp", ".dbf", ".shx"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_part_of_a_shapefile_that_is_cut_off_is_not_read_as_if_it_were_whole(make_shapefile, tmp_path, part, share):
    good = make_shapefile(ROADS, **COLUMNS)
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[: int(len(content) * share)] if name.endswith(part) else content)
    with pytest.raises(UnreadableFile, match=r"bad\.zip is damaged or cut off"):
        read_survey(bad)


def test_a_shapefile_without_its_table_is_refused_with_the_remedy(make_shapefile):
    with pytest.raises(UnreadableFile, match=r"lacks parts of the shapefile; zip \.shp"):
        read_survey(make_shapefile(ROADS, drop=(".dbf",), **COLUMNS))


def test_rows_of_a_geopackage_become_features(make_gpkg):
    shapes = [
        LONLAT[0],
        Polygon([(116, 37), (117, 37), (117, 38), (116, 38)]),
        Point(116.3, 37.4),
        None,
        MultiLineString([[(116, 37), (116.1, 37)], [(116.2, 37), (116.3, 37)]]),
    ]
    kinds = ["道路", "行政村", "卫生室", "道路", "道路"]
    survey = read_survey(make_gpkg(shapes, 类型=kinds, 名称=["东街", "张庄村", None, "西街", "南街"]))
    assert [r.verdict.value for r in survey.reports] == ["accepted", "accepted", "accepted", "rejected", "repaired"]
    assert [a.kind for a in survey.areas] == [AreaKind.VILLAGE]
    assert [f.kind for f in survey.facilities] == [FacilityKind.CLINIC]
    assert len(survey.centrelines) == 3


def test_one_broken_row_in_a_hundred_leaves_the_others(make_gpkg):
    shapes = [LineString([(116 + n / 1000, 37), (116 + n / 1000, 37.001)]) for n in range(99)]
    shapes.insert(50, LineString([(116, 37), (116, 37)]))
    survey = read_survey(make_gpkg(shapes, 类型=["道路"] * 100))
    assert [r.row for r in survey.reports if r.verdict is Verdict.REJECTED] == [51]
    assert len(survey.centrelines) == 99


def test_a_geopackage_cut_off_is_refused(make_gpkg):
    path = make_gpkg(LONLAT, 类型=["道路", "道路"])
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(UnreadableFile, match=r"survey\.gpkg"):
        read_survey(path)


def test_a_database_that_is_no_geopackage_is_refused(tmp_path):
    path = tmp_path / "other.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("create table t (a int)")
    database.close()
    with pytest.raises(UnreadableFile, match=r"other\.gpkg"):
        read_survey(path)


def test_the_content_decides_and_not_the_ending(make_gpkg, tmp_path):
    renamed = make_gpkg(LONLAT, 类型=["道路", "道路"]).rename(tmp_path / "survey.geojson")
    assert len(read_survey(renamed).centrelines) == 2


def test_a_zip_of_a_shapefile_for_each_kind_of_shape_is_one_survey(make_shapefile, tmp_path):
    parts = {"lines": ([LineString([(438000, 4141000), (438090, 4141000)])], ["道路"]),
             "points": ([Point(438000, 4141000)], ["村委会"])}  # fmt: skip
    both = tmp_path / "both.zip"
    with zipfile.ZipFile(both, "w") as target:
        for stem, (shapes, kinds) in parts.items():
            with zipfile.ZipFile(make_shapefile(shapes, 类型=kinds, 名称=["甲村"])) as one:
                for entry in one.namelist():
                    target.writestr(f"{stem}{entry[entry.rindex('.') :]}", one.read(entry))
    survey = read_survey(both)
    assert [line.key for line in survey.centrelines] == ["lines/row/1"]
    assert [each.key for each in survey.facilities] == ["points/row/1"]
    assert survey.datum == "EPSG:4548"
