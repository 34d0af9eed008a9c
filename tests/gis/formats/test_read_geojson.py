import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis.errors import UnreadableFile
from gis.features import AreaKind, FacilityKind, Verdict
from gis.formats import read_survey


def line(*points):
    return {"type": "LineString", "coordinates": [list(p) for p in points]}


def point(x, y):
    return {"type": "Point", "coordinates": [x, y]}


ROAD = line((116.30, 37.40), (116.31, 37.40))
SQUARE = {"type": "Polygon", "coordinates": [[[116, 37], [117, 37], [117, 38], [116, 38], [116, 37]]]}
BOWTIE = {"type": "Polygon", "coordinates": [[[116, 37], [117, 38], [117, 37], [116, 38], [116, 37]]]}

KINDS = [
    (ROAD, {"highway": "residential"}, "road"),
    (ROAD, {"类型": "道路", "名称": "东街"}, "road"),
    (ROAD, {"TYPE": "road", "NAME": "东街"}, "road"),
    (ROAD, {"fclass": "residential"}, "road"),
    (ROAD, {"名称": "东街"}, "road"),
    (point(116, 37), {"place": "village", "name": "张庄村"}, AreaKind.VILLAGE),
    (SQUARE, {"place": "hamlet", "name": "张庄"}, AreaKind.VILLAGE),
    (SQUARE, {"类型": "行政村", "名称": "张庄村"}, AreaKind.VILLAGE),
    (SQUARE, {"kind": "village", "name": "Zhangzhuang"}, AreaKind.VILLAGE),
    (SQUARE, {"admin_level": "8", "name": "某镇"}, AreaKind.TOWN),
    (SQUARE, {"admin_level": "6", "name": "某县"}, AreaKind.COUNTY),
    (SQUARE, {"name": "德城区", "id": "371402"}, AreaKind.COUNTY),
    (SQUARE, {"name": "张庄村", "code": "371402001201"}, AreaKind.VILLAGE),
    (point(116, 37), {"amenity": "townhall"}, FacilityKind.COMMITTEE),
    (point(116, 37), {"office": "government"}, FacilityKind.COMMITTEE),
    (SQUARE, {"amenity": "school"}, FacilityKind.SCHOOL),
    (point(116, 37), {"shop": "bakery"}, FacilityKind.SHOP),
    (point(116, 37), {"healthcare": "clinic"}, FacilityKind.CLINIC),
    (point(116, 37), {"amenity": "hospital"}, FacilityKind.CLINIC),
    (point(116, 37), {"类型": "村委会", "名称": "张庄"}, FacilityKind.COMMITTEE),
    (point(116, 37), {"类型": "卫生室"}, FacilityKind.CLINIC),
    (point(116, 37), {"类型": "商店"}, FacilityKind.SHOP),
    (point(116, 37), {"kind": "school"}, FacilityKind.SCHOOL),
    (point(116, 37), {"名称": "张庄小学"}, FacilityKind.SCHOOL),
    (ROAD, {"highway": "footway"}, "ignored"),
    (ROAD, {"highway": "service"}, "ignored"),
    (ROAD, {"waterway": "river", "name": "马颊河"}, "ignored"),
    (SQUARE, {"building": "yes"}, "ignored"),
    (SQUARE, {"admin_level": "4", "name": "山东省"}, "ignored"),
    (ROAD, {"admin_level": "8", "name": "某镇"}, "ignored"),
    (point(116, 37), {"place": "city", "name": "德州市"}, "ignored"),
    (point(116, 37), {"healthcare": "pharmacy"}, "ignored"),
    (point(116, 37), {}, "rejected"),
    (ROAD, {}, "rejected"),
    (ROAD, {"备注": "土路"}, "rejected"),
]


@pytest.mark.parametrize(("geometry", "tags", "expected"), KINDS, ids=[str(k[1]) for k in KINDS])
def test_a_row_is_told_by_its_attributes(make_geojson, geometry, tags, expected):
    survey = read_survey(make_geojson((geometry, tags)))
    kinds = ["road"] * len(survey.centrelines) + [a.kind for a in survey.areas] + [f.kind for f in survey.facilities]
    left = {"ignored": Verdict.IGNORED, "rejected": Verdict.REJECTED}
    assert kinds == ([] if expected in left else [expected])
    assert survey.reports[0].verdict is left.get(expected, Verdict.ACCEPTED)


def test_lines_without_a_name_are_roads_where_others_of_the_file_are_by_theirs(make_geojson):
    """What the programme looks for: the unnamed roads of a survey whose only column is the name."""
    survey = read_survey(
        make_geojson(
            (line((116.3, 37.4), (116.31, 37.4)), {"路名": "幸福街"}),
            (line((116.3, 37.41), (116.31, 37.41)), {"路名": None}),
            (line((116.3, 37.42), (116.31, 37.42)), {}),
            (point(116.3, 37.4), {}),
            (line((116.3, 37.43), (116.31, 37.43)), {"waterway": "river"}),
        )
    )
    assert [street.name for street in survey.centrelines] == ["幸福街", None, None]
    verdicts = [report.verdict for report in survey.reports]
    assert verdicts == [Verdict.ACCEPTED] * 3 + [Verdict.REJECTED, Verdict.IGNORED]


def test_lines_that_nothing_tells_are_no_roads_beside_those_of_a_stated_kind(make_geojson):
    survey = read_survey(
        make_geojson(
            (line((116.3, 37.4), (116.31, 37.4)), {"highway": "residential", "name": "幸福街"}),
            (line((116.3, 37.41), (116.31, 37.41)), {"备注": "电缆"}),
        )
    )
    assert len(survey.centrelines) == 1
    assert survey.reports[1].verdict is Verdict.REJECTED


@pytest.mark.parametrize("name", ["", "  ", "无", "无名路", "NULL", None])
def test_a_name_that_says_there_is_none_is_none(make_geojson, name):
    survey = read_survey(make_geojson((ROAD, {"highway": "residential", "name": name})))
    assert survey.centrelines[0].name is None


REPAIRS = [
    ({"type": "LineString", "coordinates": [[116.3, 37.4, 20], [116.31, 37.4, 21]]}, "heights", 1),
    (line((116.3, 37.4), (116.3, 37.4), (116.31, 37.4)), "Repeated points", 1),
    ({"type": "MultiLineString", "coordinates": [[[116, 37], [116.1, 37]], [[116.2, 37], [116.3, 37]]]}, "2 lines", 2),
    ({"type": "MultiLineString", "coordinates": [[[116, 37], [116.1, 37]], [[116.1, 37], [116.3, 37]]]}, "joined", 1),
]


@pytest.mark.parametrize(("geometry", "said", "count"), REPAIRS)
def test_a_line_that_can_be_mended_is_mended_and_says_how(make_geojson, geometry, said, count):
    survey = read_survey(make_geojson((geometry, {"highway": "residential"})))
    report = survey.reports[0]
    assert report.verdict is Verdict.REPAIRED
    assert said in report.reason.format(**report.values)
    assert len(survey.centrelines) == count
    assert not any(c.line.has_z for c in survey.centrelines)


def test_the_lines_of_one_row_get_keys_of_their_own(make_geojson):
    survey = read_survey(make_geojson((REPAIRS[2][0], {"highway": "residential"})))
    assert [c.key for c in survey.centrelines] == ["row/1/1", "row/1/2"]


def test_an_outline_that_crosses_itself_is_mended(make_geojson):
    survey = read_survey(make_geojson((BOWTIE, {"类型": "村", "名称": "张庄村"})))
    assert survey.reports[0].verdict is Verdict.REPAIRED
    assert survey.areas[0].shape.is_valid
    assert survey.areas[0].shape.area > 0


REJECTED = [
    (None, "no geometry"),
    ({"type": "LineString", "coordinates": []}, "no geometry"),
    (line((116.3, 37.4), (116.3, 37.4)), "no length"),
    (line((37.4, 116.3), (37.41, 116.3)), "swapped axes"),
    (line((438060.5, 4146682.9), (438160.5, 4146682.9)), "not longitude and latitude"),
    (line((116.3, float("nan")), (116.31, 37.4)), "finite"),
    (line((116.3, 37.4)), "broken"),
    ({"type": "LineString", "coordinates": "nonsense"}, "broken"),
    ({"type": "LineString"}, "broken"),
    ({"type": "Circle", "coordinates": [1, 2]}, "broken"),
    (point(116.3, 37.4), "must be a line"),
]


@pytest.mark.parametrize(("geometry", "said"), REJECTED)
def test_a_row_that_cannot_be_kept_says_why_and_where(make_geojson, geometry, said):
    survey = read_survey(make_geojson((ROAD, {"类型": "道路"}), (geometry, {"类型": "道路", "名称": "西街"})))
    report = survey.reports[1]
    assert (report.verdict, report.row, report.field) == (Verdict.REJECTED, 2, "geometry")
    assert said in report.reason.format(**report.values)
    assert report.attributes == {"类型": "道路", "名称": "西街"}
    assert len(survey.centrelines) == 1


def test_a_division_without_a_name_is_rejected_by_the_column(make_geojson):
    report = read_survey(make_geojson((SQUARE, {"类型": "村"}))).reports[0]
    assert (report.verdict, report.field) == (Verdict.REJECTED, "name")


def test_the_same_place_and_name_is_a_duplicate_of_the_first(make_geojson):
    backwards = line((116.31, 37.40), (116.30, 37.40))
    tags = {"类型": "道路", "名称": "东街"}
    survey = read_survey(make_geojson((ROAD, tags), (backwards, tags), (ROAD, {**tags, "名称": "西街"})))
    assert [r.verdict for r in survey.reports] == [Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.ACCEPTED]
    assert survey.reports[1].values["original"] == "row/1"


def test_the_file_may_name_its_datum(make_geojson):
    survey = read_survey(make_geojson((ROAD, {"类型": "道路"}), datum="GCJ-02"))
    assert survey.datum == "GCJ-02"
    assert survey.centrelines[0].line.coords[0] == pytest.approx((116.294218, 37.39919), abs=1e-4)


def test_a_declared_datum_overrules_the_file(make_geojson):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    path = make_geojson((line((438060.53, 4146682.89), (438160.5, 4146682.9)), {"类型": "道路"}), crs=crs)
    assert read_survey(path, datum="EPSG:4548").centrelines[0].line.coords[0] == pytest.approx((116.30, 37.45))


def test_an_easting_with_the_zone_in_front_names_the_right_system(make_geojson):
    path = make_geojson((line((39438060.53, 4146682.89), (39438160.5, 4146682.9)), {"类型": "道路"}))
    report = read_survey(path, datum="EPSG:4548").reports[0]
    assert report.verdict is Verdict.REJECTED
    assert report.values["proposed"] == "EPSG:4527"


def test_northing_before_easting_looks_swapped(make_geojson):
    path = make_geojson((line((4146682.89, 438060.53), (4146682.9, 438160.5)), {"类型": "道路"}))
    assert "swapped" in read_survey(path, datum="EPSG:4548").reports[0].reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_encoding_is_found(make_geojson, encoding):
    path = make_geojson((ROAD, {"类型": "道路", "名称": "东街"}), encoding=encoding)
    assert read_survey(path).centrelines[0].name == "东街"


def test_a_feature_of_overpass_keeps_its_identity(tmp_path):
    feature = {"type": "Feature", "id": "way/12", "geometry": ROAD, "properties": {"highway": "tertiary"}}
    path = tmp_path / "export.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature, feature]}))
    survey = read_survey(path)
    assert [c.key for c in survey.centrelines] == ["way/12"]
    assert [r.verdict for r in survey.reports] == [Verdict.ACCEPTED, Verdict.DUPLICATE]


BROKEN = [
    (b"", "empty"),
    (b"   \n", "empty"),
    (b'{"type": "FeatureCollection", "features": [{"ty', "line 1, column"),
    (b'{"a": 1}', "no GeoJSON"),
    (b"[1, 2]", "no GeoJSON"),
    (b'{"type": "FeatureCollection", "features": []}', "no rows"),
    (b'{"type": "FeatureCollection", "features": 7}', "no GeoJSON"),
    (b"{" + b'"a":[' * 1 + b"[" * 200_000, "no GeoJSON"),
    (b"hello, world", "damaged or cut off: its first bytes are not those of GeoJSON"),
    (b"%PDF-1.7", "of the kind PDF"),
    (b"<!DOCTYPE html><html></html>", "XML / HTML"),
    (b'{"type": "\xff\xfe\x80\xff"}', "no known encoding"),
]


@pytest.mark.parametrize(("content", "said"), BROKEN, ids=[b[1] for b in BROKEN])
def test_a_file_that_cannot_be_read_names_itself_and_the_remedy(tmp_path, content, said):
    path = tmp_path / "道路.geojson"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile) as caught:
        read_survey(path)
    assert said in str(caught.value)
    assert "道路.geojson" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadableFile, match=r"gone\.geojson"):
        read_survey(tmp_path / "gone.geojson")


values = st.recursive(
    st.none() | st.floats() | st.text(max_size=3) | st.just("Polygon"), lambda x: st.lists(x, max_size=4), max_leaves=8
)
anything = st.one_of(
    st.none(),
    st.sampled_from([ROAD, SQUARE, BOWTIE, *(r[0] for r in REJECTED)]),
    st.dictionaries(st.sampled_from(["type", "coordinates"]), values),
)
tags = st.dictionaries(
    st.sampled_from(["highway", "类型", "名称", "place", "name", "shop", "admin_level"]),
    st.sampled_from(["residential", "道路", "村", "village", "yes", "8", "张庄村", ""]) | st.integers(),
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(anything, tags), min_size=1, max_size=12))
def test_whatever_the_rows_hold_each_gets_exactly_one_report(make_geojson, rows):
    survey = read_survey(make_geojson(*rows))
    assert [report.row for report in survey.reports] == list(range(1, len(rows) + 1))
    counts = Counter(report.verdict for report in survey.reports)
    assert counts.total() == len(rows)
    kept = counts[Verdict.ACCEPTED] + counts[Verdict.REPAIRED]
    assert len(survey.centrelines) + len(survey.areas) + len(survey.facilities) >= kept
    for report in survey.reports:
        report.reason.format(**report.values)
    features: list[Any] = [*survey.centrelines, *survey.areas, *survey.facilities]
    keys = [each.key for each in features]
    assert len(keys) == len(set(keys))


def test_of_a_line_with_one_wrong_vertex_that_vertex_is_named(make_geojson):
    line = {"type": "LineString", "coordinates": [[117.1512, 37.7588], [117.1513, 37.7589], [117.1512, 95.5]]}
    path = make_geojson((line, {"highway": "residential"}))
    (report,) = read_survey(path).reports
    assert report.verdict.value == "rejected"
    assert report.reason.format(**report.values) == (
        "Vertex 3, x = 117.1512, y = 95.5, lies where no place of EPSG:4326 is, and the others do not."
    )


@pytest.mark.parametrize("begins", ["", "\x1e"])
def test_one_feature_a_line_is_read(tmp_path, begins):
    line = (
        '{"type":"Feature","properties":{"highway":"road"},'
        '"geometry":{"type":"LineString","coordinates":[[1,%d],[2,3]]}}'
    )
    path = tmp_path / "a.geojsonl"
    path.write_text("".join(f"{begins}{line % n}\n" for n in range(3)))
    assert [report.verdict for report in read_survey(path).reports] == [Verdict.ACCEPTED] * 3


def test_a_file_of_features_by_line_that_is_cut_off_is_refused(tmp_path):
    path = tmp_path / "a.geojsonl"
    path.write_text('{"type":"Feature","properties":{},"geometry":null}\n{"type":"Feat')
    with pytest.raises(UnreadableFile, match="cut off or damaged at line 2"):
        read_survey(path)
