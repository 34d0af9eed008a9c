"""What the journeys have in common: a watched page, an app on a free port, who signs in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page
from sqlalchemy import text

from app.base.models import Role
from app.web.rendering import DIST
from tests.world import World

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
MARKS = [
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


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The app on a free port, as `minglu serve` does it; its address."""
    config = uvicorn.Config(app, port=0, proxy_headers=False, access_log=False, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive(), "the server ended before it began"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def login_of(world: World, role: Role, place: str) -> str:
    """The login of a person of this role in this place, who is made where there is none."""
    person = world.person(role, place)
    with world.owner.connect() as connection:
        return str(connection.scalar(text("SELECT login FROM base.person WHERE id = :id"), {"id": person}))
