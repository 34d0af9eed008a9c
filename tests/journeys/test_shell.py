"""Through the office's shell and the public page in a real browser, on a phone's width and on a desk's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from app.base.models import Role
from app.web.office import create_office_app
from app.web.public import create_public_app
from tests.conftest import PASSWORD, World
from tests.journeys.browsing import MARKS, Watched, login_of, served

pytestmark = MARKS


@pytest.fixture
def office_url(world: World) -> Iterator[str]:
    with served(create_office_app(world.settings, clock=world.clock, stations={})) as url:
        yield url


@pytest.fixture
def public_url(world: World) -> Iterator[str]:
    with served(create_public_app(world.settings, clock=world.clock)) as url:
        yield url


@pytest.mark.parametrize("width", [390, 1440])
def test_from_the_door_over_the_divisions_to_the_map(browser: Browser, world: World, office_url: str, width: int):
    context = browser.new_context(viewport={"width": width, "height": 844}, locale="zh-CN")
    watched = Watched(context.new_page())
    page = watched.page
    page.goto(f"{office_url}/divisions")
    page.get_by_label("账号").fill(login_of(world, Role.COUNTY_OFFICER, "东县"))
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("heading", name="政区", exact=True).wait_for()
    page.get_by_role("link", name="南镇", exact=True).click()
    page.get_by_role("heading", name="南镇").wait_for()
    assert page.get_by_role("link", name="甲村").is_visible()
    assert watched.fits()
    if width < 992:
        page.get_by_role("link", name="菜单").click()
    page.get_by_label("工作环节").get_by_role("link", name="地图").click()
    page.locator(".maplibregl-canvas").wait_for()
    page.wait_for_load_state("networkidle")
    assert not page.locator(".map.has-failed").count()
    assert watched.fits()
    page.goto(office_url)
    page.get_by_text("没有到期事项").wait_for()
    assert watched.fits()
    assert watched.complaints == []
    context.close()


def test_the_keyboard_finds_moves_and_explains(browser: Browser, world: World, office_url: str):
    watched = Watched(browser.new_page(locale="zh-CN"))
    page = watched.page
    page.goto(office_url)
    page.get_by_label("账号").fill(login_of(world, Role.COUNTY_OFFICER, "东县"))
    page.get_by_label("密码").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="今日").wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("下一行、上一行").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("南镇")
    page.keyboard.press("Enter")
    page.get_by_role("cell", name="南镇", exact=True).wait_for()
    page.locator("main").click(position={"x": 2, "y": 2})
    page.keyboard.press("j")
    assert page.locator("tr.is-current").count() == 1
    page.locator("body").press("Enter")
    page.get_by_role("heading", name="南镇").wait_for()
    assert watched.complaints == []


@pytest.mark.parametrize("width", [360, 1440])
def test_the_public_start_page_needs_no_script(browser: Browser, public_url: str, width: int):
    context = browser.new_context(viewport={"width": width, "height": 640}, java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(public_url)
    page.get_by_label("标志上的编码").fill("abcd-efgh")
    page.get_by_role("button", name="查看这块标志").click()
    page.get_by_role("heading", name="这不是我们的编码").wait_for()
    button = page.get_by_role("button", name="查看这块标志").bounding_box()
    assert button
    assert button["height"] >= 48
    context.close()
