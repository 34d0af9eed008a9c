import sqlite3
import zipfile
from contextlib import closing

import numpy as np
import pyogrio
import pytest
import shapely
from shapely import LineString, MultiLineString, Point, Polygon

from gis.errors import UnknownDatum, UnreadableFile
from gis.features import AreaKind, FacilityKind, Verdict
from gis.formats import open_rows, read_survey

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


@pytest.mark.parametrize("told", [0, 10, 99_999])
def test_a_stale_count_in_a_geopackage_loses_no_row(tmp_path, told):
    path, starts = tmp_path / "long.gpkg", np.linspace(116.0, 116.9, 25_000)
    ends = np.stack([starts, np.full_like(starts, 37.0), starts + 0.01, np.full_like(starts, 37.1)], axis=1)
    lines = np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)), dtype=object)
    pyogrio.raw.write(path, shapely.to_wkb(lines), [np.array(["道路"] * len(lines), dtype=object)], ["类型"],
                      driver="GPKG", layer="路", geometry_type="LineString", crs="EPSG:4490")  # fmt: skip
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE gpkg_ogr_contents SET feature_count = ?", (told,))
    rows = open_rows(path).rows
    assert len(rows) == len(lines)
    assert len({row.key for row in rows}) == len(lines)


def test_a_layer_that_gives_fewer_rows_than_it_has_is_refused(make_gpkg, monkeypatch):
    monkeypatch.setattr("gis.formats.tables._EVERY", "fid < 2")
    with pytest.raises(UnreadableFile, match="Only 1 of the 2 rows of 道路"):
        open_rows(make_gpkg(LONLAT, 类型=["道路", "道路"]))


def beside(path, table, **columns):
    """A table without geometries in a GeoPackage that is there."""
    names = ", ".join(f'"{name}" TEXT' for name in columns)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f'CREATE TABLE "{table}" (fid INTEGER PRIMARY KEY, {names})')
        marks = ", ".join("?" * len(columns))
        database.executemany(f'INSERT INTO "{table}" VALUES (NULL, {marks})', zip(*columns.values(), strict=True))
        database.execute("INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)",
                         (table, table))  # fmt: skip
    return path


def test_a_table_with_coordinates_beside_a_layer_is_read(make_gpkg):
    path = beside(make_gpkg(LONLAT, 类型=["道路", "道路"]), "村委会表", 名称=["张庄村委会", "李庄村委会"],
                  类型=["村委会", "村委会"], 经度=["116.305", ""], 纬度=["37.405", "37.4"])  # fmt: skip
    survey = read_survey(path)
    assert [(place.name, place.point.coords[0]) for place in survey.facilities] == [("张庄村委会", (116.305, 37.405))]
    assert [report.verdict for report in survey.reports] == [Verdict.ACCEPTED] * 3 + [Verdict.REJECTED]
    assert survey.reports[3].reason.format(**survey.reports[3].values).startswith("The row has no 经度")


def test_a_table_that_says_no_place_is_left_out_row_by_row(make_gpkg):
    path = beside(make_gpkg(LONLAT, 类型=["道路", "道路"]), "说明", 名称=["一", "二"], 备注=["甲", "乙"])
    left = read_survey(path).reports[2:]
    assert [report.verdict for report in left] == [Verdict.IGNORED] * 2
    assert "The table 说明 has no geometries" in left[0].reason.format(**left[0].values)


def test_a_table_in_degrees_beside_a_plane_layer_is_told_so(make_gpkg):
    path = beside(make_gpkg(ROADS, crs="EPSG:4548", 类型=["道路", "道路"]), "表", 类型=["村委会"],
                  经度=["116.305"], 纬度=["37.405"])  # fmt: skip
    last = read_survey(path).reports[-1]
    assert last.verdict is Verdict.REJECTED
    assert "hand it in by itself" in last.reason


def test_a_curve_of_a_geopackage_is_read_as_straight_pieces(make_gpkg):
    path = make_gpkg([LONLAT[0], LONLAT[1]], 类型=["道路", "道路"])
    places = np.array([116.3, 37.4, 116.35, 37.45, 116.4, 37.4]).astype("<f8").tobytes()
    curve = b"GP\0\1\x8a\x11\0\0" + b"\1" + (8).to_bytes(4, "little") + (3).to_bytes(4, "little") + places
    with closing(sqlite3.connect(path)) as database, database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')  # its index asks for functions of GDAL
        database.execute('UPDATE "道路" SET geom = ? WHERE fid = 1', (curve,))
    survey = read_survey(path)
    assert [report.verdict for report in survey.reports] == [Verdict.ACCEPTED] * 2
    assert len(survey.centrelines[0].line.coords) > 3
