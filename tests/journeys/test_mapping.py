"""A list with kinds that nobody knows, said what they are in a real browser, on a phone's width and on a desk's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.base.models import Role
from app.web.office import create_office_app
from tests.conftest import PASSWORD, World
from tests.journeys.browsing import MARKS, Watched, login_of, served

pytestmark = MARKS

LONG = "公共厕所（含化粪池、残疾人专用设施及其附属管理用房）"
LIST = f"""点名,东,北,性质
丁村村部,116.3302,37.4005,村部
丁村小卖铺,116.3301,37.4003,小卖铺
丁村小学,116.3303,37.4002,学校
一号,116.3304,37.4004,{LONG}
"""


@pytest.fixture
def office_url(world: World) -> Iterator[str]:
    with served(create_office_app(world.settings, clock=world.clock)) as url:
        yield url


@pytest.mark.parametrize("width", [390, 1440])
def test_an_officer_says_what_values_are_and_sees_what_comes_of_it(
    browser: Browser, world: World, office_url: str, tmp_path: Path, width: int
):
    file = tmp_path / "list.csv"
    file.write_text(LIST, encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 844}, locale="zh-CN")
    watched = Watched(context.new_page())
    page = watched.page
    page.goto(f"{office_url}/intake/new")
    page.get_by_label("账号").fill(login_of(world, Role.COUNTY_OFFICER, "西县"))
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.locator("#f-file").set_input_files(file)
    page.locator("#f-datum").select_option("EPSG:4490")
    page.locator("main form button[type=submit]").click()
    for field, column in (("name", "点名"), ("x", "东"), ("y", "北"), ("kind", "性质")):
        page.locator(f"#f-of_{field}").select_option(column)
    page.get_by_role("button", name="重新预览").click()
    expect(page.locator(".values-table tbody tr")).to_have_count(4)
    assert watched.fits()
    for label in (page.get_by_label("村部", exact=True), page.get_by_label(LONG)):
        box = label.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width, "what is chosen stands in sight"
        expect(label.locator("option:checked")).to_have_text("不要")
    page.get_by_label("村部", exact=True).select_option(label="村委会")
    page.get_by_label("小卖铺", exact=True).select_option(label="商店")
    page.get_by_role("button", name="重新预览").click()
    expect(page.locator(".sums dd")).to_have_text(["3", "1", "4"])
    expect(page.locator(".made")).to_contain_text("商店 1")
    expect(page.get_by_label("村部", exact=True).locator("option:checked")).to_have_text("村委会")
    page.get_by_role("button", name="导入", exact=True).click()
    page.wait_for_url("**/intake/runs/**")
    assert watched.complaints == []
    context.close()
