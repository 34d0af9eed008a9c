"""The figures of the map: tiles of a town for its officer, made and kept, against tipg and against a constant body."""

from __future__ import annotations

import math
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import httpx
import mapbox_vector_tile
from sqlalchemy import text

from app.base.models import Role
from app.web.sessions import COOKIE
from app.web.tiles import LARGEST_BYTES, LAYERS, NAMED_FROM
from tests.benchmarks.asking import CONNECTIONS, Answer, Browser
from tests.benchmarks.grounds import fresh_world
from tests.benchmarks.office import CONSTANT
from tests.benchmarks.towns import Built, build
from tests.world import PASSWORD, World

Figure = tuple[float, str, str]
Tile = tuple[int, int, int]
ZOOMS = range(10, 15)
#: Zooms of which the largest tile is told, down to which every tile is asked for, and how many of the others.
ALL_ZOOMS, WHOLE_TO, FULLEST = range(5, 17), 12, 150
#: Requests a round at least, and rounds.
LEAST, ROUNDS = 60, 5
KEPT_REQUESTS = 2_000
#: What tipg reads: the same tables, joined as we do, cut to the town once and for all.
_VIEW = """
CREATE SCHEMA bench;
CREATE VIEW bench.street AS
  SELECT s.id, s.uid::text AS uid, s.state, s.in_scope, coalesce(n.words, s.surveyed_name, '') AS name,
         coalesce(n.latin_sign, '') AS latin, s.line::geometry(MultiLineString, 4490) AS line
    FROM inventory.street s LEFT JOIN naming.name n ON n.street_id = s.id AND n.retired_on IS NULL
   WHERE s.territory <@ '{town}'
"""
_TILES = text(
    "SELECT floor((ST_X(p.g) + 20037508.342789244) / (40075016.685578488 / 2 ^ :z))::int AS x,"
    " floor((20037508.342789244 - ST_Y(p.g)) / (40075016.685578488 / 2 ^ :z))::int AS y"
    " FROM inventory.street s, LATERAL (SELECT ST_Transform(ST_Centroid(s.line), 3857) AS g) p"
    " WHERE s.territory <@ CAST(:place AS ltree) GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2"
)
#: A street is saved again as it is: what happens all day, and makes all tiles of its town new.
_SAVE = text("UPDATE inventory.street SET surveyed_on = surveyed_on WHERE id = :street")
_MEETING = text(
    "SELECT count(*) FROM inventory.street s WHERE s.id = ANY (:streets)"
    " AND ST_Intersects(s.line, ST_Transform(ST_TileEnvelope(:z, :x, :y), 4490))"
)


@dataclass(frozen=True, slots=True)
class City:
    """The generated city with its town, and where the two servers answer."""

    world: World
    built: Built
    office: int
    peer: int

    def tiles(self, z: int, *, place: str = "") -> list[Tile]:
        """The tiles in which streets of a place have their middles, the fullest first; of the town unless named."""
        with self.world.admin.connect() as connection:
            rows = connection.execute(_TILES, {"z": z, "place": place or self.built.town})
            return [(z, row.x, row.y) for row in rows]

    def save_a_street(self) -> None:
        """Every tile of the town is to be made anew."""
        with self.world.admin.begin() as connection:
            street = connection.scalar(
                text("SELECT min(id) FROM inventory.street WHERE territory <@ CAST(:town AS ltree)"),
                {"town": self.built.town},
            )
            connection.execute(_SAVE, {"street": street})

    def meeting(self, streets: Sequence[int], tile: Tile) -> int:
        """How many of these streets lie in a tile itself, not only in the margin around it."""
        z, x, y = tile
        with self.world.admin.connect() as connection:
            found = connection.scalar(_MEETING, {"streets": list(streets), "z": z, "x": x, "y": y})
        return int(found or 0)

    def signed_in(self, role: Role, place: str) -> Browser:
        """A browser of somebody who has signed in by the office's own page."""
        person = self.world.person(role, place)
        with self.world.owner.connect() as connection:
            login = connection.scalar(text("SELECT login FROM base.person WHERE id = :id"), {"id": person})
        with httpx.Client(base_url=f"http://127.0.0.1:{self.office}") as client:
            found = re.search(r'name="form_token" value="(\w+)"', client.get("/login").text)
            token = found[1] if found else ""
            client.post("/login", data={"form_token": token, "login": login, "password": PASSWORD})
            return Browser(self.office, cookie=f"{COOKIE}={client.cookies[COOKIE]}")


@contextmanager
def _city(*, peer: bool = False) -> Iterator[City]:
    with ExitStack() as stack:
        world = stack.enter_context(fresh_world())
        built = build(world)
        with world.admin.begin() as connection:
            connection.exec_driver_sql(_VIEW.format(town=built.town))
        ports = _free_port(), _free_port()
        place = {"MINGLU_STATE": str(world.settings.state), "MINGLU_DATABASE_URL": world.settings.database_url}
        stack.enter_context(_serving("tests.benchmarks.office", ports[0], env=place))
        if peer:
            # As its documentation advises, and nothing dropped: it would leave out what is beyond 10,000 streets.
            settings = {"TIPG_DB_SCHEMAS": '["bench"]', "TIPG_MAX_FEATURES_PER_TILE": "1000000"}
            settings |= {"TIPG_DB_SPATIAL_EXTENT": "false", "TIPG_DB_DATETIME_EXTENT": "false"}
            address = world.settings.database_url.replace("postgresql+psycopg:", "postgresql:", 1)
            stack.enter_context(
                _serving("tests.benchmarks.peer", ports[1], env={**settings, "BENCH_DATABASE": address})
            )
        yield City(world, built, *ports)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serving(module: str, port: int, *words: str, env: Mapping[str, str]) -> Iterator[None]:
    """One process that serves on this machine, until the block ends."""
    command = [sys.executable, "-m", module, str(port), *words]
    with subprocess.Popen(command, env={**os.environ, **env}, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(300):
                if process.poll() is not None:
                    raise AssertionError(f"{module} ended with {process.returncode}")
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def _paths(tiles: Sequence[Tile]) -> list[str]:
    return [f"/tiles/streets/{z}/{x}/{y}" for z, x, y in tiles]


def _peers_paths(tiles: Sequence[Tile]) -> list[str]:
    """The same attributes as ours: from afar tiles of ours are without names."""
    wanted = "?properties=id,uid,state,in_scope"
    return [
        f"/collections/bench.street/tiles/WebMercatorQuad/{z}/{x}/{y}{wanted if z < NAMED_FROM else ''}"
        for z, x, y in tiles
    ]


def cold_vs_tipg() -> Figure:
    """Requests a second, ours ÷ tipg's, geometric mean of five zooms; every answer of ours is made anew."""
    with _city(peer=True) as city:
        officer, peer = city.signed_in(Role.TOWN_OFFICER, "镇"), Browser(city.peer)
        ratios, said, compared, apart = [], [], 0, 0
        for z in ZOOMS:
            tiles = city.tiles(z)
            ours, theirs = _both(city, officer, peer, tiles)
            ratios.append(ours / theirs)
            said.append(f"z{z} {ours:.0f} against {theirs:.0f} ({len(tiles)} tiles)")
            equal, margin = _compare(city, officer, peer, tiles)
            compared, apart = compared + equal, apart + margin
        officer.close()
        peer.close()
    said.append(f"{compared} features equal in key and attributes, {apart} more of ours in the margins")
    against = (
        f"tipg {version('tipg')} on a view of one town of the city's {city.built.streets:,} streets, one process each,"
        f" {CONNECTIONS} connections: {', '.join(said)}"
    )
    return math.prod(ratios) ** (1 / len(ratios)), "times as many requests/s", against


def _both(city: City, officer: Browser, peer: Browser, tiles: Sequence[Tile]) -> tuple[float, float]:
    ours, theirs = _paths(tiles), _peers_paths(tiles)
    found = [
        (_rate(city, lambda: officer.ask(ours), fresh=True), _rate(city, lambda: peer.ask(theirs)))
        for _ in range(ROUNDS)
    ]
    return _middle(found)


def _middle(rates: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The round of the middle ratio: both sides of a round had the same machine."""
    return sorted(rates, key=lambda both: both[0] / both[1])[len(rates) // 2]


def _rate(city: City, ask: Callable[[], tuple[float, list[Answer]]], *, fresh: bool = False) -> float:
    """Requests a second; a street is saved before each turn, so that ours has nothing kept that is good."""
    seconds, requests, tags = 0.0, 0, set[str]()
    while requests < LEAST:
        city.save_a_street()
        taken, answers = ask()
        seconds, requests = seconds + taken, requests + len(answers)
        wrong = [answer.status for answer in answers if answer.status != 200]
        if wrong:
            raise AssertionError(f"answered with {wrong}")
        new = {answer.headers.get("etag", "") for answer in answers}
        if fresh and tags & new:
            raise AssertionError("a tile was not made anew")
        tags |= new
    return requests / seconds


def _compare(city: City, officer: Browser, peer: Browser, tiles: Sequence[Tile]) -> tuple[int, int]:
    """How many features are equal, and how many more ours has in the margins; raises where anything else differs."""
    equal = margin = 0
    answers = zip(tiles, officer.ask(_paths(tiles))[1], peer.ask(_peers_paths(tiles))[1], strict=True)
    for tile, mine, other in answers:
        ours, theirs = _features(mine.body, "streets"), _features(other.body, "default")
        if ours is None:
            continue  # generalised, and its layer says so
        if not theirs or any(ours.get(key) != attributes for key, attributes in theirs.items()):
            raise AssertionError(f"tile {tile} differs from tipg's")
        more = [key for key in ours if key not in theirs]
        if city.meeting(more, tile):
            raise AssertionError(f"tipg's tile {tile} lacks streets of ours")
        equal, margin = equal + len(theirs), margin + len(more)
    return equal, margin


def _features(body: bytes, layer: str) -> dict[int, dict[str, Any]] | None:
    """Attributes by key; None where the tile has no such layer."""
    told = mapbox_vector_tile.decode(body).get(layer)
    if told is None:
        return None
    found = {}
    for feature in told["features"]:
        attributes = dict(feature["properties"])
        found[int(attributes.pop("id", None) or feature["id"])] = attributes
    return found


def largest() -> Figure:
    """The largest tile of all layers at every zoom from 5 to 16, of the whole generated city for its officer, in kB.

    Every tile with a street in it down to zoom 12; below, where nothing is generalised and a tile is the larger the
    more it holds, the fullest of each zoom.
    """
    with fresh_world() as world, ExitStack() as stack:
        built = build(world, points=True)
        port = _free_port()
        place = {"MINGLU_STATE": str(world.settings.state), "MINGLU_DATABASE_URL": world.settings.database_url}
        stack.enter_context(_serving("tests.benchmarks.office", port, env=place))
        found = _sizes(City(world, built, port, 0))
    (layer, z, x, y), size = max(found.items(), key=lambda each: each[1])
    if size > LARGEST_BYTES:
        raise AssertionError(f"the tile {layer}/{z}/{x}/{y} has {size} bytes")
    of_layer = {name: max(n for spot, n in found.items() if spot[0] == name) for name in LAYERS}
    said = ", ".join(f"{name} {n / 1000:.1f} kB" for name, n in of_layer.items())
    against = f"the limit of {LARGEST_BYTES / 1000:.0f} kB; {layer}/{z}/{x}/{y} of {len(found)} tiles,"
    against += f" all of z5–z{WHOLE_TO} and the {FULLEST} fullest of each zoom to z16: {said}"
    return size / 1000, "kB", against


def _sizes(city: City) -> dict[tuple[str, int, int, int], int]:
    """Bytes by layer, zoom, column and row."""
    browser, found = city.signed_in(Role.CITY_OFFICER, "德州市"), {}
    for z in ALL_ZOOMS:
        tiles = city.tiles(z, place=city.built.city)[: None if z <= WHOLE_TO else FULLEST]
        for layer in LAYERS:
            _, answers = browser.ask([f"/tiles/{layer}/{z}/{x}/{y}" for z, x, y in tiles])
            for (_, x, y), answer in zip(tiles, answers, strict=True):
                if answer.status not in {200, 204}:
                    raise AssertionError(f"{layer}/{z}/{x}/{y} is answered with {answer.status}")
                found[layer, z, x, y] = len(answer.body)
    browser.close()
    return found


def cached_vs_constant() -> Figure:
    """Requests a second for kept tiles ÷ for a constant body of the same size from the same process, whole bodies."""
    with _city() as city:
        officer = city.signed_in(Role.TOWN_OFFICER, "镇")
        paths = _paths(city.tiles(NAMED_FROM))
        size, path = max((len(answer.body), path) for path, answer in zip(paths, officer.ask(paths)[1], strict=True))
        constant = [f"{CONSTANT}?bytes={size}"]
        rates = []
        for _ in range(2 * ROUNDS + 1):
            kept, [answer] = officer.ask([path], times=KEPT_REQUESTS)
            plain, [body] = officer.ask(constant, times=KEPT_REQUESTS)
            if len(answer.body) != len(body.body) or answer.status != 200:
                raise AssertionError("these are not two bodies of one size")
            rates.append((KEPT_REQUESTS / kept, KEPT_REQUESTS / plain))
        officer.close()
    ours, theirs = _middle(rates)
    said = (
        f"{size} bytes from the same process without a session ({theirs:.0f}/s against {ours:.0f}/s), {CONNECTIONS}"
        " connections; for each tile session, person and rights are read again"
    )
    return ours / theirs, "of the rate", said
