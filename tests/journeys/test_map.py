"""The map in a real browser: list and map tell each other, many are selected, the address keeps it all."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from app.base.models import Role
from app.web.office import create_office_app
from tests.app.web.conftest import put
from tests.conftest import PASSWORD, World
from tests.journeys.browsing import MARKS, Watched, login_of, served

pytestmark = [*MARKS, pytest.mark.timeout(300)]


@pytest.fixture
def street(world: World) -> str:
    """Two streets of 甲村 that cross; the key of the named one."""
    for name, line in (("老街", "116.30 37.45, 116.31 37.45"), ("新巷", "116.305 37.446, 116.305 37.454")):
        put(
            world,
            "inventory.street",
            {
                "division_id": world.places["甲村"],
                "surveyed_name": name,
                "line": f"SRID=4490;MULTILINESTRING(({line}))",
                "length_m": 880.0,
                "stream": "village",
                "in_scope": True,
                "geometry_source": "generated",
                "surveyed_on": "2024-04-01",
            },
        )
    with world.owner.connect() as connection:
        return str(connection.scalar(text("SELECT uid FROM inventory.street WHERE surveyed_name = '老街'")))


def open_map(page: Page, url: str, login: str, *, listed: bool = True) -> None:
    """Sign in and wait for the map; ``listed``: and for the list, which a phone shows when it is asked for."""
    page.set_default_timeout(60_000)
    page.goto(url)
    page.get_by_label("账号").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.locator("[data-ready]").wait_for()
    if listed:
        page.locator("tr[data-street]").first.wait_for()


def test_the_map_and_its_list_tell_each_other(browser: Browser, world: World, office_url: str, street: str):
    watched = Watched(browser.new_page(viewport={"width": 1024, "height": 600}, locale="zh-CN"))
    page = watched.page
    open_map(page, f"{office_url}/map?street={street}", login_of(world, Role.TOWN_OFFICER, "南镇"))
    panel = page.locator("[data-map-panel]")
    expect(panel.get_by_role("heading", name="老街")).to_be_visible()
    expect(page.locator("tr.is-marked")).to_contain_text("老街")
    page.get_by_role("button", name="新巷").click()
    expect(panel.get_by_role("heading", name="新巷")).to_be_visible()
    expect(page).not_to_have_url(re.compile(street))
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-map-count]")).to_have_text("1")
    box = page.locator(".maplibregl-canvas").bounding_box()
    assert box
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 60, box["y"] + box["height"] - 90, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.locator("[data-map-count]")).to_have_text("2")
    page.get_by_label("未命名").uncheck()
    expect(page.locator("[data-map-list]")).to_contain_text("视野内没有街路巷")
    expect(page).to_have_url(re.compile(r"state=draft,proposed,approved,in_force,retired"))
    page.reload()
    expect(page.get_by_label("未命名")).not_to_be_checked()
    assert watched.complaints == []


def test_without_any_state_list_map_and_address_are_empty_until_all_are_shown(
    browser: Browser, world: World, office_url: str, street: str
):
    watched = Watched(browser.new_page(viewport={"width": 1024, "height": 600}, locale="zh-CN"))
    page = watched.page
    open_map(page, f"{office_url}/map?street={street}", login_of(world, Role.TOWN_OFFICER, "南镇"))
    for tick in page.locator('input[name="state"]').all():
        tick.uncheck()
    expect(page.locator("[data-map-list]")).to_contain_text("未勾选任何状态")
    expect(page).to_have_url(re.compile(r"state=none"))
    page.reload()
    expect(page.locator('input[name="state"]:checked')).to_have_count(0)
    page.get_by_role("button", name="显示全部状态").click()
    expect(page.locator("tr[data-street]")).to_have_count(2)
    expect(page.locator('input[name="state"]:not(:checked)')).to_have_count(0)
    expect(page).not_to_have_url(re.compile(r"state="))
    assert watched.complaints == []


@pytest.fixture
def office_url(world: World) -> Iterator[str]:
    """The office's shell, served to the browser."""
    with served(create_office_app(world.settings, clock=world.clock, stations={})) as url:
        yield url


def test_an_officer_draws_a_street_and_moves_its_corner(browser: Browser, world: World, street: str):
    watched = Watched(browser.new_page(viewport={"width": 1024, "height": 600}, locale="zh-CN"))
    page = watched.page
    with served(create_office_app(world.settings, clock=world.clock)) as url:
        open_map(page, f"{url}/map?street={street}", login_of(world, Role.TOWN_OFFICER, "南镇"))
        page.goto(f"{url}/map#at=16/37.4/116.36")
        page.locator("[data-ready]").wait_for()
        page.get_by_role("button", name="绘制街路巷").click()
        box = page.locator(".maplibregl-canvas").bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
        expect(page.locator(".map-corner")).to_have_count(1)
        page.get_by_role("button", name="在地图中心设点").press("Enter")
        expect(page.locator(".map-corner")).to_have_count(2)
        page.get_by_role("button", name="保存").click()
        expect(page.locator("#toasts")).to_contain_text("已在甲村绘制")
        page.locator("[data-ready]").wait_for()
        page.get_by_role("button", name="修改线形").click()
        expect(page.locator(".maplibregl-marker:not(.map-corner)")).to_be_hidden()  # the pin would cover a corner
        page.get_by_label("第 2 个折点").press("ArrowDown")
        page.get_by_role("button", name="保存").click()
        expect(page.locator("#toasts")).to_contain_text("线形已更新")
        expect(page.locator(".maplibregl-marker:not(.map-corner)")).to_be_visible()
    assert watched.complaints == []


def test_a_drawn_street_that_is_undone_leaves_the_map_with_a_note_and_no_mark(
    browser: Browser, world: World, street: str
):
    watched = Watched(browser.new_page(viewport={"width": 1024, "height": 600}, locale="zh-CN"))
    page = watched.page
    with served(create_office_app(world.settings, clock=world.clock)) as url:
        open_map(page, f"{url}/map?street={street}", login_of(world, Role.TOWN_OFFICER, "南镇"))
        page.goto(f"{url}/map#at=16/37.4/116.36")
        page.locator("[data-ready]").wait_for()
        page.get_by_role("button", name="绘制街路巷").click()
        for across in (0.3, 0.5):
            box = page.locator(".maplibregl-canvas").bounding_box()
            assert box
            page.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * 0.4)
        expect(page.locator(".map-corner")).to_have_count(2)
        page.get_by_role("button", name="保存").click()
        expect(page).to_have_url(re.compile(r"street="))
        page.locator("#toasts").get_by_role("button", name="撤销").click()
        expect(page.locator("#toasts")).to_contain_text("已撤销")
        expect(page.locator(".note")).to_contain_text("已撤销、已合并或已删除")
        page.locator("[data-ready]").wait_for()
        expect(page).not_to_have_url(re.compile(r"street="))
        expect(page.locator("[data-map-panel]")).to_be_empty()
    assert watched.complaints == []


def test_a_corner_is_tapped_and_taken_away_on_a_phone(browser: Browser, world: World, fork: str):
    page = browser.new_page(viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True, is_mobile=True)
    watched = Watched(page)
    with served(create_office_app(world.settings, clock=world.clock)) as url:
        open_map(page, f"{url}/map?street={fork}", login_of(world, Role.TOWN_OFFICER, "南镇"), listed=False)
        page.get_by_role("button", name="修改线形").click()
        corners, drop = page.locator(".map-corner"), page.get_by_role("button", name="删除所选折点")
        expect(corners).to_have_count(4)
        expect(drop).to_be_disabled()
        refused = 0
        for n in range(4):
            corners.nth(n).tap()
            expect(corners.nth(n)).to_have_attribute("aria-pressed", "true")
            drop.tap()
            if "相接" in page.locator("#toasts").inner_text():
                refused += 1
                expect(corners).to_have_count(4)
                page.locator("#toasts").evaluate("toasts => toasts.replaceChildren()")
            else:
                expect(corners).to_have_count(3)
                expect(drop).to_be_disabled()
                page.get_by_role("button", name="撤销上一步").tap()
                expect(corners).to_have_count(4)
        assert refused == 1, "only where the branches meet"
    assert watched.complaints == []


@pytest.fixture
def fork(world: World) -> str:
    """A street of 甲村 of three branches that meet, and one that goes on from it; the key of the fork."""
    lines = (
        "(116.30 37.45, 116.305 37.45), (116.305 37.45, 116.31 37.45), (116.305 37.45, 116.305 37.454)",
        "(116.31 37.45, 116.315 37.45)",
    )
    for line in lines:
        put(
            world,
            "inventory.street",
            {
                "division_id": world.places["甲村"],
                "line": f"SRID=4490;MULTILINESTRING({line})",
                "length_m": 880.0,
                "stream": "village",
                "in_scope": True,
                "geometry_source": "generated",
                "surveyed_on": "2024-04-01",
            },
        )
    with world.owner.connect() as connection:
        return str(connection.scalar(text("SELECT uid FROM inventory.street ORDER BY id LIMIT 1")))


def test_an_officer_moves_where_branches_meet_and_joins_streets_on_the_map(browser: Browser, world: World, fork: str):
    watched = Watched(browser.new_page(viewport={"width": 1024, "height": 600}, locale="zh-CN"))
    page = watched.page
    with served(create_office_app(world.settings, clock=world.clock)) as url:
        open_map(page, f"{url}/map?street={fork}", login_of(world, Role.TOWN_OFFICER, "南镇"))
        page.get_by_role("button", name="修改线形").click()
        expect(page.locator(".map-corner")).to_have_count(4)
        for n in range(1, 5):
            page.get_by_label(f"第 {n} 个折点").press("Delete")
            if "相接" in page.locator("#toasts").inner_text():
                page.get_by_label(f"第 {n} 个折点").press("ArrowDown")
                break
            page.get_by_role("button", name="撤销上一步").click()
        expect(page.locator(".map-corner")).to_have_count(4)
        page.get_by_role("button", name="保存").click()
        expect(page.locator("#toasts")).to_contain_text("线形已更新")
        with world.owner.connect() as connection:
            met = "SELECT count(*) FROM (SELECT (ST_DumpPoints(line)).geom g, id FROM inventory.street) p"
            assert (
                connection.scalar(text(f"{met} WHERE NOT ST_DWithin(g, 'SRID=4490;POINT(116.305 37.45)', 1e-9)")) == 8
            )
            assert connection.scalar(text(f"{met} WHERE ST_Distance(g, 'SRID=4490;POINT(116.305 37.45)') < 0.001")) == 3
        page.locator("[data-ready]").wait_for()
        for row in page.locator("tr[data-street] [data-pick]").all():
            row.check()
        page.get_by_role("button", name="合并为一条").click()
        expect(page.locator("[data-map-panel]")).to_contain_text("将这 2 条街路巷合并为一条")
        page.locator("[data-map-panel]").get_by_role("button", name="合并").click()
        expect(page.locator("#toasts")).to_contain_text("2 条")
        expect(page.locator("tr[data-street]")).to_have_count(1)
    assert watched.complaints == []


def test_an_officer_says_on_the_map_that_this_is_no_street_and_takes_it_back(
    browser: Browser, world: World, street: str
):
    watched = Watched(browser.new_page(viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True))
    page = watched.page
    with served(create_office_app(world.settings, clock=world.clock)) as url:
        open_map(page, f"{url}/map?street={street}", login_of(world, Role.TOWN_OFFICER, "南镇"), listed=False)
        page.goto(f"{url}/map?street={street}#at=17/37.45/116.305")
        expect(page).to_have_url(re.compile("#at=17"))
        panel = page.locator("[data-map-panel]")
        panel.get_by_text("这不是街路巷").tap()
        panel.get_by_label("理由").fill("   ")
        panel.get_by_role("button", name="认定为非街路巷").tap()
        expect(page.locator("#toasts .toast-error")).to_contain_text("请说明为何不是街路巷")
        expect(page).not_to_have_url(re.compile("edit="))
        panel.get_by_label("理由").fill("院内通道")
        panel.get_by_role("button", name="认定为非街路巷").tap()
        expect(page.locator("#toasts")).to_contain_text("已认定为非街路巷")
        expect(page).to_have_url(re.compile(rf"/map\?street={street}#at=17"))
        expect(panel.get_by_role("button", name="认定为非街路巷")).to_have_count(0)
        page.locator("#toasts").get_by_role("button", name="撤销").tap()
        expect(page.locator("#toasts")).to_contain_text("已撤销")
        expect(page).to_have_url(re.compile(rf"/map\?street={street}#at=17"))
        expect(panel.get_by_text("这不是街路巷")).to_be_visible()
    assert watched.complaints == []
