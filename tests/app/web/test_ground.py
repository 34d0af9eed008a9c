"""The base map by way of our server: its key stays there, its approval number stands on the map."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.base.errors import NotFound, Unready
from app.base.models import Role
from app.base.settings import read_settings
from app.web import ground
from app.web.ground import Ground, Unreachable
from tests.app.web.conftest import Office
from tests.conftest import World

KEY, APPROVAL = "a-key-that-nobody-may-see", "GS(2024)0568号"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture" * 20


class Upstream(ThreadingHTTPServer):
    """A server that answers like Tianditu's, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.asked: list[str] = []
        self.answer: tuple[int, bytes] = (200, PICTURE)
        self.hangs, self.let_go, self.came = False, Event(), Semaphore(0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answering(BaseHTTPRequestHandler):
    server: Upstream

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.came.release()
        if self.server.hangs:
            self.server.let_go.wait(60)
        status, body = self.server.answer
        self.send_response(status)
        if status == 302:
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # who asked may have gone
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def the_ground(upstream: Upstream, folder: Path, **more: Any) -> Ground:
    env = {"MINGLU_TIANDITU_KEY": KEY, "MINGLU_TIANDITU_APPROVAL": APPROVAL, "MINGLU_TIANDITU_URL": upstream.url}
    settings = read_settings({**env, "MINGLU_STATE": str(folder)}, database_url="postgresql://nowhere")
    return Ground(settings, folder / "ground", **more)


def test_a_tile_is_asked_for_once_with_the_key_and_then_kept(upstream: Upstream, tmp_path: Path):
    base = the_ground(upstream, tmp_path)
    assert base.tile("vec", 12, 3375, 1590) == (PICTURE, "image/png")
    assert base.tile("vec", 12, 3375, 1590) == (PICTURE, "image/png")
    [asked] = upstream.asked
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked).query).items()}
    assert urlsplit(asked).path == "/vec_w/wmts"
    assert query["tk"] == KEY
    assert (query["LAYER"], query["TILEMATRIX"], query["TILECOL"], query["TILEROW"]) == ("vec", "12", "3375", "1590")
    kept = [path for path in (tmp_path / "ground").rglob("*") if path.is_file()]
    assert [KEY in str(path) for path in kept] == [False]


def test_a_tile_that_is_too_old_is_asked_for_again(upstream: Upstream, tmp_path: Path):
    base = the_ground(upstream, tmp_path)
    base.tile("img", 3, 1, 1)
    os.utime(tmp_path / "ground/img/3/1-1", (1, 1))
    base.tile("img", 3, 1, 1)
    assert len(upstream.asked) == 2


@pytest.mark.parametrize(
    "answer", [(403, b"no"), (200, b"<html>not a picture"), (302, b""), (200, b"\x89PNG" + b"0" * ground.MOST_BYTES)]
)
def test_what_is_no_picture_is_neither_shown_nor_kept(upstream: Upstream, tmp_path: Path, answer: tuple[int, bytes]):
    base = the_ground(upstream, tmp_path)
    upstream.answer = answer
    with pytest.raises(Unreachable):
        base.tile("vec", 5, 1, 1)
    assert not (tmp_path / "ground/vec/5/1-1").exists()
    upstream.answer = (200, PICTURE)
    assert base.tile("vec", 5, 1, 1)[0] == PICTURE


def test_a_server_that_is_away_is_told(upstream: Upstream, tmp_path: Path):
    base = the_ground(upstream, tmp_path)
    base.settings = replace(base.settings, tianditu_url="http://127.0.0.1:9")
    with pytest.raises(Unreachable):
        base.tile("vec", 5, 1, 1)


def test_a_server_that_hangs_is_left_alone_for_a_while_and_then_asked_again(upstream: Upstream, tmp_path: Path):
    now = [0.0]
    base = the_ground(upstream, tmp_path, timeout_s=0.2, monotonic=lambda: now[0])
    upstream.hangs = True
    for x in range(5):
        with pytest.raises(Unreachable):
            base.tile("vec", 5, x, 1)
    assert len(upstream.asked) == 1
    upstream.let_go.set()
    upstream.hangs = False
    now[0] = ground.LEFT_ALONE_S + 1
    assert base.tile("vec", 5, 1, 1)[0] == PICTURE


def test_a_server_that_answers_drop_by_drop_is_given_up(upstream: Upstream, tmp_path: Path):
    ticks = iter(range(0, 100, 2))
    base = the_ground(upstream, tmp_path, timeout_s=1.0, monotonic=lambda: float(next(ticks)))
    with pytest.raises(Unreachable):
        base.tile("vec", 5, 1, 1)
    assert len(upstream.asked) == 1


def test_few_are_asked_for_at_once_and_none_by_the_threads_of_the_pages(upstream: Upstream, tmp_path: Path):
    base = the_ground(upstream, tmp_path, timeout_s=30.0)
    upstream.hangs = True

    async def many() -> list[object]:
        wanted = [asyncio.ensure_future(base.fetched("vec", 8, x, 1)) for x in range(3 * ground.MOST_ASKED)]
        for _ in range(ground.MOST_ASKED):
            await asyncio.to_thread(upstream.came.acquire)
        page = await asyncio.to_thread(lambda: "a page")  # what waits for the base map keeps no other thread
        assert len(upstream.asked) == ground.MOST_ASKED
        upstream.let_go.set()
        tiles = await asyncio.gather(*wanted)
        await base.close()
        return [page, *tiles]

    page, *tiles = asyncio.run(many())
    assert page == "a page"
    assert tiles == [(PICTURE, "image/png")] * 3 * ground.MOST_ASKED


def test_the_folder_keeps_to_its_limit(upstream: Upstream, tmp_path: Path):
    base = the_ground(upstream, tmp_path, most_bytes=len(PICTURE) * 8)
    for x in range(30):
        base.tile("vec", 8, x, 0)
    kept = [path for path in (tmp_path / "ground").rglob("*") if path.is_file()]
    assert 0 < len(kept) <= 9


@pytest.mark.parametrize(
    "spot", [("osm", 5, 1, 1), ("vec", 0, 0, 0), ("vec", 19, 1, 1), ("vec", 3, 8, 0), ("vec", 3, -1, 0)]
)
def test_only_tiles_that_can_be_are_asked_for(upstream: Upstream, tmp_path: Path, spot: tuple[str, int, int, int]):
    with pytest.raises(NotFound):
        the_ground(upstream, tmp_path).tile(*spot)
    assert upstream.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://tianditu.example",
        "http://t0.tianditu.gov.cn",
        "https://t9.tianditu.gov.cn",
        "https://t0.tianditu.gov.cn@x.cn",
    ],
)
def test_no_other_host_can_be_named(tmp_path: Path, url: str):
    with pytest.raises(Unready, match="MINGLU_TIANDITU_URL"):
        read_settings({"MINGLU_STATE": str(tmp_path), "MINGLU_TIANDITU_URL": url}, database_url="postgresql://nowhere")


def test_a_key_without_its_approval_number_is_refused_at_the_start(tmp_path: Path):
    with pytest.raises(Unready, match="MINGLU_TIANDITU_APPROVAL"):
        read_settings({"MINGLU_STATE": str(tmp_path), "MINGLU_TIANDITU_KEY": KEY}, database_url="postgresql://nowhere")


@pytest.mark.database
def test_the_page_shows_the_number_and_never_the_key_nor_another_host(world: World, upstream: Upstream):
    named: dict[str, Any] = {"tianditu_key": KEY, "tianditu_approval": APPROVAL, "tianditu_url": upstream.url}
    office = Office(replace(world, settings=replace(world.settings, **named)))
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    page = client.get("/map")
    assert APPROVAL in page.text
    assert KEY not in page.text
    assert "tianditu.gov.cn" not in page.text + page.headers["content-security-policy"]
    answer = client.get("/ground/vec/12/3375/1590")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PICTURE, "image/png")
    assert "private" in answer.headers["cache-control"]
    upstream.answer = (500, b"")
    failed = client.get("/ground/vec/12/3376/1590")
    assert failed.status_code == 502
    assert KEY not in failed.text + str(failed.headers)
    assert office.stranger().get("/ground/vec/12/3375/1590").status_code == 303
    office.close()


@pytest.mark.database
def test_without_a_key_there_is_no_base_map_and_the_map_works(office_off: Office):
    client = office_off.signed_in(Role.TOWN_OFFICER, "南镇")
    page = client.get("/map")
    assert page.status_code == 200
    assert "data-map-ground" not in page.text
    assert client.get("/ground/vec/12/3375/1590").status_code == 404


@pytest.fixture
def office_off(office: Office) -> Office:
    """The office as the settings make it: no key is named."""
    assert not office.world.settings.tianditu_key
    return office
