"""The pages of the tracking: progress of any day as table, chart, file and map."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from sqlalchemy import text

from app.base.models import Role
from app.tracking.schemas import COLUMNS
from tests.app.builders import build_name, build_street, build_target
from tests.app.pages import uid_of
from tests.app.web.conftest import Office
from tests.conftest import World


@pytest.fixture(scope="module")
def begin() -> Callable[[World], int]:
    return with_name


def with_name(world: World) -> int:
    """One of two streets is named."""
    build_target(world, "市", 2024, 7)
    build_street(world, "乙村")
    return build_name(world, build_street(world, "甲村"))


def rows_of(body: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body)))


def test_progress_is_told_of_today_and_of_past_days(shared_office: Office):
    auditor = shared_office.signed_in(Role.AUDITOR, "市")
    page = auditor.get("/tracking").text
    assert "1 / 2" in page
    assert "<svg" in page
    before = auditor.get("/tracking?on=2024-04-30&by=town").text
    assert "南镇" in before
    assert "0 / 2" in before
    assert "style=" not in page


def test_the_difference_between_register_and_targets_is_shown(shared_office: Office):
    page = shared_office.signed_in(Role.AUDITOR, "市").get("/tracking").text
    assert "名册内共 4 个行政村" in page
    assert "相差 −3 个（名册减目标）" in page


def test_the_difference_keeps_its_sign_in_english(office: Office):
    auditor = office.signed_in(Role.AUDITOR, "市")
    auditor.post("/language", data={"form_token": office.token_of(auditor), "language": "en"})
    assert "difference −3 (register less targets)" in auditor.get("/tracking").text
    assert "difference −5,095" in auditor.get("/milestones").text


@pytest.mark.parametrize("on", ["2031-01-01", "yesterday"])
def test_a_day_that_cannot_be_told_is_refused_at_the_field(shared_office: Office, on: str):
    answer = shared_office.signed_in(Role.AUDITOR, "市").get(f"/tracking?on={on}")
    assert answer.status_code == 422
    assert 'href="#f-on"' in answer.text


def test_the_file_names_day_and_datum_and_holds_the_same_figures(shared_office: Office):
    answer = shared_office.signed_in(Role.COUNTY_OFFICER, "东县").get("/tracking/export.csv?on=2024-06-30&by=county")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = rows_of(answer.text.lstrip("\ufeff"))
    assert rows[0][1] == "2024-06-30"
    assert "CGCS2000" in rows[1][1]
    assert [row[0] for row in rows[3:]] == ["东县"], "no other county"
    figures = dict(zip(COLUMNS, rows[3][2:], strict=True))
    assert (figures["streets_in_scope"], figures["streets_named"]) == ("2", "1")


def test_the_map_is_one_file_to_save_that_asks_no_host(shared_office: Office):
    answer = shared_office.signed_in(Role.AUDITOR, "市").get("/tracking/map.html")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "\\u4e1c\\u53bf" in answer.text or "东县" in answer.text
    assert 'src="http' not in answer.text
    assert "CGCS2000" in answer.text
    assert "演示数据" not in answer.text


def test_what_is_taken_away_from_a_demonstration_says_so(office: Office, world: World):
    with world.owner.begin() as connection:
        connection.execute(text("INSERT INTO base.setting (key, value) VALUES ('demonstration', 'true')"))
    answer = office.signed_in(Role.AUDITOR, "市").get("/tracking/map.html")
    assert "演示数据" in answer.text
    assert "演示数据,街道线" in office.signed_in(Role.COUNTY_OFFICER, "东县").get("/tracking/export.csv").text


@pytest.mark.parametrize("role", list(Role))
def test_progress_is_open_to_all_staff(shared_office: Office, role: Role):
    person = shared_office.signed_in(role, "东县")
    assert "1 / 2" in person.get("/tracking").text
    for url in ("/tracking/export.csv", "/tracking/map.html"):
        assert person.get(url).status_code == 200, url


def test_a_years_row_in_the_file_stands_under_the_heading_of_that_years_target(shared_office: Office):
    auditor = shared_office.signed_in(Role.AUDITOR, "市")
    years, cities = (rows_of(auditor.get(f"/tracking/export.csv?by={by}").text) for by in ("year", "city"))
    assert (years[2][3], years[3][3]) == ("当年目标", "7")
    assert cities[2][3] == "截至年末的目标"


@pytest.mark.parametrize(
    ("place", "by", "names"),
    [
        ("东县", "county", ["东县"]),
        ("东县", "town", ["北镇", "南镇"]),
        ("南镇", "town", ["南镇"]),
        ("南镇", "county", ["南镇"]),
        ("甲村", "county", ["甲村"]),
        ("西县", "county", ["西县"]),
    ],
)
def test_progress_is_of_the_chosen_place(
    shared_office: Office, shared_world: World, place: str, by: str, names: list[str]
):
    auditor, uid = shared_office.signed_in(Role.AUDITOR, "市"), uid_of(shared_world, place)
    rows = rows_of(auditor.get(f"/tracking/export.csv?by={by}&in={uid}").content.decode("utf-8-sig"))
    told = [row[0] for row in rows if row and row[0] in {"市", "东县", "西县", "北镇", "南镇", "中镇", "甲村"}]
    assert sorted(told) == sorted(names)
    page = auditor.get(f"/tracking?by={by}&in={uid}")
    assert page.status_code == 200
    assert f'href="/tracking/export.csv?on=2024-07-01&amp;by={by}&amp;in={uid}"' in page.text


@pytest.mark.parametrize(
    "path", ["/tracking", "/tracking/export.csv", "/tracking/second", "/tracking/second.csv", "/runs"]
)
def test_a_foreign_place_is_not_found(shared_office: Office, shared_world: World, path: str):
    town = shared_office.signed_in(Role.TOWN_OFFICER, "南镇")
    assert town.get(f"{path}?in={uid_of(shared_world, '中镇')}").status_code == 404
    assert town.get(path).status_code == 200
