"""Through the office's shell and the public page in a real browser, on a phone's width and on a desk's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import text

from app.base.models import Role
from app.web.office import create_office_app
from app.web.public import create_public_app
from app.web.rendering import DIST
from tests.conftest import PASSWORD, World

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.database,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed: make test installs it"),
    pytest.mark.skipif(not (DIST / "manifest.json").exists(), reason="the browser code is not built: npm run build"),
]


@dataclass
class Watched:
    """A page of the browser, and what it complained of or asked from elsewhere."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda asked: self._own(asked.url))

    def _own(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.complaints.append(f"asked elsewhere: {url}")

    def fits(self) -> bool:
        """Whether the page is as wide as its window: nothing sticks out at the side."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"))


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield made
        made.close()


def serve(app: FastAPI) -> tuple[uvicorn.Server, threading.Thread, str]:
    """The app on a free port, as `minglu serve` does it."""
    config = uvicorn.Config(app, port=0, proxy_headers=False, access_log=False, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive(), "the server ended before it began"
    port = server.servers[0].sockets[0].getsockname()[1]
    return server, thread, f"http://127.0.0.1:{port}"


@pytest.fixture
def office_url(world: World) -> Iterator[str]:
    server, thread, url = serve(create_office_app(world.settings, clock=world.clock, stations={}))
    yield url
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def public_url(world: World) -> Iterator[str]:
    server, thread, url = serve(create_public_app(world.settings, clock=world.clock))
    yield url
    server.should_exit = True
    thread.join(10)


def login_of(world: World, role: Role, place: str) -> str:
    person = world.person(role, place)
    with world.owner.connect() as connection:
        return str(connection.scalar(text("SELECT login FROM base.person WHERE id = :id"), {"id": person}))


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
    context = browser.new_context(viewport={"width": width, "height": 640}, java_script_enabled=False)
    page = context.new_page()
    page.goto(public_url)
    page.get_by_label("标志上的编码").fill("abcd-efgh")
    page.get_by_role("button", name="查看这块标志").click()
    page.get_by_role("heading", name="这不是我们的编码").wait_for()
    assert page.get_by_role("button", name="查看这块标志").bounding_box()["height"] >= 48
    context.close()
