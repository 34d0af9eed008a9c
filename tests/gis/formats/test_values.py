"""What the values of a column of kinds are: known by themselves, said by a person, or left out and told so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.features import AreaKind, FacilityKind, Verdict
from gis.formats import KEPT, LEFT_OUT, Columns, Field, Opened, open_rows, plain
from gis.formats.columns import LEFT
from gis.formats.kinds import LONGEST_VALUE, NO_KIND, read_as

OF = {Field.NAME: "名字", Field.KIND: "类别", Field.X: "经度", Field.Y: "纬度"}


def listed(folder: Path, *values: str) -> Path:
    path = folder / "list.csv"
    rows = [f"丁村{n},{value},{116.33 + n / 10_000},37.4\n" for n, value in enumerate(values)]
    path.write_text("名字,类别,经度,纬度\n" + "".join(rows), encoding="utf-8")
    return path


def opened(folder: Path, *values: str, **said: object) -> Opened:
    return open_rows(listed(folder, *values), by=Columns(OF, **said))  # type: ignore[arg-type]  # what a test says


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("道路", "道路"),
        (" Road ", "道路"),
        ("行政村", "村"),
        ("街道办事处", "镇"),
        ("县级市", "县"),
        ("党群服务中心", "村委会"),
        ("商\u3000店", "商店"),
        ("ＳＨＯＰ", "商店"),
        ("中心卫生院", "卫生室"),
        ("小学", "学校"),
        ("村部", None),
        ("小卖铺", None),
        ("文化大院", None),
        ("2", None),
        ("", None),
    ],
)
def test_a_value_is_read_as_one_of_the_kinds_that_are_kept_or_is_unknown(value: str, word: str | None):
    assert read_as(value) == word


@pytest.mark.parametrize("word", KEPT)
def test_each_kind_that_a_person_may_say_is_read_as_itself(word: str):
    assert read_as(word) == word


@given(st.text(max_size=200))
def test_a_value_made_plain_stays_so_and_is_short(value: str):
    assert len(plain(value)) <= LONGEST_VALUE
    assert not any(sign.isspace() for sign in plain(value))
    assert plain(f" {value}\u3000") == plain(value) or len(value) > LONGEST_VALUE


def test_values_are_listed_unknown_first_and_by_how_many_rows_have_them(tmp_path: Path):
    file = opened(tmp_path, "商店", "村部", "商 店", "CZ", "cz", "ＣＺ", "", "商店")
    told = [(value.words, value.rows, value.known) for value in file.values_by(file.by)]
    assert told == [("CZ", 3, None), ("村部", 1, None), ("商店", 3, "商店")]
    assert [value.words for value in file.untold()] == ["CZ", "村部"]


def test_what_a_person_said_decides_over_what_we_would_read(tmp_path: Path):
    values = {"村部": "村委会", "cz": "村", "2": LEFT_OUT, "学校": "商店"}
    file = opened(tmp_path, "村部", "CZ", "２", "学校", "小学", values=values)
    assert file.untold() == []
    survey = file.survey("EPSG:4490")
    assert [each.kind for each in survey.facilities] == [
        FacilityKind.COMMITTEE,
        FacilityKind.SHOP,
        FacilityKind.SCHOOL,
    ]
    assert [each.kind for each in survey.areas] == [AreaKind.VILLAGE]
    left = survey.reports[2]
    assert (left.verdict, left.reason, left.field) == (Verdict.IGNORED, LEFT, "类别")
    assert left.reason.format(**left.values).startswith("类别=２ was left out by the officer")


def test_a_value_that_nobody_said_is_left_out_with_the_value_and_its_column(tmp_path: Path):
    report = opened(tmp_path, "文化大院" * 40, rest=True).survey("EPSG:4490").reports[0]
    assert (report.verdict, report.reason, report.field) == (Verdict.IGNORED, NO_KIND, "类别")
    assert len(str(report.values["value"])) == LONGEST_VALUE


@pytest.mark.parametrize("said", [{"rest": True}, {"every": "商店"}, {"values": {"村部": LEFT_OUT}}])
def test_nothing_is_open_once_the_rest_or_all_rows_or_the_value_was_said(tmp_path: Path, said: dict[str, object]):
    assert opened(tmp_path, "村部", **said).untold() == []


def test_where_all_rows_are_one_kind_no_value_overrules_it(tmp_path: Path):
    survey = opened(tmp_path, "村部", every="商店", values={"村部": LEFT_OUT}).survey("EPSG:4490")
    assert [each.kind for each in survey.facilities] == [FacilityKind.SHOP]


@pytest.mark.parametrize(
    "columns",
    [
        Columns(OF),
        Columns(OF, every="道路"),
        Columns(OF, values={"村部": "村委会", "2": LEFT_OUT}, rest=True),
    ],
)
def test_what_is_told_is_read_again(columns: Columns):
    assert Columns.of_told(columns.told()) == columns


def test_what_was_stored_before_values_could_be_said_is_still_read():
    assert Columns.of_told({"name": "名字", "kind": "类别"}) == Columns({Field.NAME: "名字", Field.KIND: "类别"})


def test_a_drawn_file_that_nobody_mapped_tells_its_unknown_values_unless_it_speaks_in_tags_of_osm(make_geojson):
    line = {"type": "LineString", "coordinates": [[116.3, 37.4], [116.31, 37.4]]}
    rows = [(line, {"类型": kind}) for kind in ("道路", "电杆", "井", "井")]
    assert [(value.words, value.rows) for value in open_rows(make_geojson(*rows)).untold()] == [("井", 2), ("电杆", 1)]
    tagged = make_geojson(*rows, (line, {"highway": "residential"}))
    assert open_rows(tagged).untold() == []


@given(
    values=st.lists(st.sampled_from(["商店", "村部", "CZ", "cz ", "2", ""]), min_size=1, max_size=30), data=st.data()
)
def test_whatever_is_said_of_values_every_row_keeps_its_verdict(tmp_path_factory, values, data):
    said = data.draw(st.dictionaries(st.sampled_from(["村部", "cz", "2", "商店"]), st.sampled_from([*KEPT, LEFT_OUT])))
    file = opened(tmp_path_factory.mktemp("values"), *values, values=said)
    survey = file.survey("EPSG:4490")
    assert len(survey.reports) == len(values)
    left = Counter(report.reason for report in survey.reports)[LEFT]
    assert left == sum(said.get(plain(value)) == LEFT_OUT for value in values)
    blank = sum(not value for value in values)
    assert sum(value.rows for value in file.values_by(file.by)) == len(values) - blank
