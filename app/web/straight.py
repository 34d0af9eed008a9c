"""Tiles straight from the database: one request is one statement, on a connection kept for them.

The rest of the office finds out who asks, begins a transaction, and hands a session to a view: a dozen questions to
the database, fine for a page and too many for the forty tiles of a map. Here one statement reads session, person,
rights and tag each time, and makes the tile unless it is kept under that tag. Whatever is not a plain tile of somebody
who may see it goes on to the office's own route, which refuses it in words.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, LiteralString
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from starlette.responses import Response

from app.base.plain import address_of
from app.base.settings import OFFICE
from app.web.sessions import COOKIE
from app.web.tiles import ANY, FORM, Kept, Spot, is_on_map, tags_in

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.base.clock import Clock
    from app.base.settings import Settings

ROUTE = "/tiles/{layer}/{z}/{x}/{y}"
TILE = "application/vnd.mapbox-vector-tile"
#: Enough to keep PostgreSQL busy on a small machine; further requests wait here, not in the database.
CONNECTIONS = 4
_TAG = "SELECT map.tag_for(%b, %b, %b, %t, %b)"  # %b: sent as bytes, not as text
_ANSWER = "SELECT tag, tile FROM map.answer_for(%b, %b, %b, %t, %b, %b, %b, %b)"
_OPTIONS = "-c timezone=UTC -c statement_timeout=120000"


@dataclass(frozen=True, slots=True)
class Seat:
    """Whose sight of which layer: a session's token as the database keeps it, and the division that narrows it."""

    token: bytes
    within: UUID | None
    layer: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A tile as somebody asks for it; ``known`` are the tags of what they have (:func:`app.web.tiles.tags_in`)."""

    spot: Spot
    seat: Seat
    known: tuple[str, ...]


@dataclass(slots=True)
class _Lines:
    """The connections of one event loop, and who waits there for a tag: those of one seat wait for one answer."""

    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))
    free: list[psycopg.AsyncConnection] = field(default_factory=list)
    waiting: dict[Seat, asyncio.Future[str | None]] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None


class Desk:
    """Asks the database on a few connections of its own, made when they are first needed.

    A tag is never older than the request for it: whoever comes while the database is being asked waits for the next
    answer, together with all that came meanwhile.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Nothing is connected yet."""
        self.address, self.clock = address_of(settings, OFFICE), clock
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lines] = WeakKeyDictionary()

    async def tag(self, seat: Seat) -> str | None:
        """The tag that holds for a seat; None where nobody sits there, or the database does not answer."""
        loop = asyncio.get_running_loop()
        lines = self._lines.setdefault(loop, _Lines())
        answer = lines.waiting.get(seat)
        if answer is None:
            answer = lines.waiting[seat] = loop.create_future()
        if lines.task is None:
            lines.task = loop.create_task(self._tell(lines))
        return await asyncio.shield(answer)  # whoever hangs up leaves the others their answer

    async def _tell(self, lines: _Lines) -> None:
        waiting: dict[Seat, asyncio.Future[str | None]] = {}
        try:
            while lines.waiting:
                waiting, lines.waiting = lines.waiting, {}
                for seat, answer in waiting.items():
                    row = await self._ask(_TAG, *self._values(seat))
                    answer.set_result(row and row[0])
        finally:  # whatever went wrong, nobody waits for ever: they go on to the office's route
            left, lines.waiting, lines.task = [*waiting.values(), *lines.waiting.values()], {}, None
            for answer in left:
                if not answer.done():
                    answer.set_result(None)

    async def tile(self, asked: Asked) -> tuple[str, bytes] | None:
        """Tag and tile; None as for the tag."""
        row: tuple[str, bytes] | None = await self._ask(_ANSWER, *self._values(asked.seat), *asked.spot[1:])
        return row

    def _values(self, seat: Seat) -> tuple[object, ...]:
        return seat.token, self.clock.now(), seat.within, seat.layer, FORM

    async def _ask(self, statement: LiteralString, *values: object) -> Any:
        """The one row of a statement; None where the database fails: the office's route asks it again and says so."""
        lines = self._lines.setdefault(asyncio.get_running_loop(), _Lines())
        try:
            async with lines.turns:
                connection = lines.free.pop() if lines.free else await self._connect()
                try:
                    cursor = await connection.cursor(binary=True).execute(statement, values, prepare=True)
                    row = await cursor.fetchone()
                except BaseException:  # also where the request is given up: what it asked is still under way
                    await connection.close()
                    raise
                lines.free.append(connection)
        except psycopg.Error:
            return None
        return row

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(
            self.address, autocommit=True, connect_timeout=10, application_name=OFFICE, options=_OPTIONS
        )

    async def close(self) -> None:
        """Close the connections of this event loop; the next request makes new ones."""
        lines = self._lines.pop(asyncio.get_running_loop(), None)
        for connection in lines.free if lines else ():
            await connection.close()


class Straight:
    """ASGI middleware before the sessions: answers plain tiles, hands on everything else."""

    def __init__(self, app: ASGIApp, *, desk: Desk, kept: Kept) -> None:
        """``kept`` is the app's, which its own route fills too."""
        self.app, self.desk, self.kept = app, desk, kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asked = read(scope)
        answer = await self._answer(asked) if asked else None
        if answer is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = _ROUTE
        await answer(scope, receive, send)

    async def _answer(self, asked: Asked) -> Response | None:
        if asked.known or self.kept.holds(asked.spot):
            tag = await self.desk.tag(asked.seat)
            if tag is None:
                return None
            tile = b"" if is_known(tag, asked.known) else self.kept.get(asked.spot, tag)
            if tile is not None:
                return answered(tag, tile, known=asked.known)
        made = await self.desk.tile(asked)
        if made is None:
            return None
        self.kept.put(asked.spot, *made)
        return answered(*made, known=asked.known)


_ROUTE = SimpleNamespace(path=ROUTE)


def is_known(tag: str, known: tuple[str, ...]) -> bool:
    """Whether whoever knows these tags has the tile of this one."""
    return tag in known or ANY in known


def answered(tag: str, tile: bytes, *, known: tuple[str, ...]) -> Response:
    """A tile to whoever knows these tags of it: 304 where it is the same, 204 where it is empty."""
    headers = {"etag": tag, "cache-control": "private, no-cache", "vary": "cookie"}
    if is_known(tag, known):
        return Response(status_code=304, headers=headers)
    return Response(tile, media_type=TILE, headers=headers, status_code=200 if tile else 204)


def read(scope: Scope) -> Asked | None:
    """What a request asks for; None where it is no plain tile, or without a session."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith("/tiles/"):
        return None
    spot, token, within = _spot(scope["path"]), b"", _within(scope["query_string"])
    known: tuple[str, ...] = ()
    for name, value in scope["headers"]:
        if name == b"cookie":
            token = _token(value) or token
        elif name == b"if-none-match":
            known += tags_in(value.decode("latin-1"))
    if spot is None or within is False or not token:
        return None
    return Asked(spot, Seat(hashlib.sha256(token).digest(), within or None, spot[0]), known)


def _spot(path: str) -> Spot | None:
    parts = path.split("/")
    if len(parts) != 6 or not all(part.isascii() and part.isdecimal() and len(part) < 8 for part in parts[3:]):  # noqa: PLR2004 - "", tiles, layer, z, x, y
        return None
    spot = (parts[2], int(parts[3]), int(parts[4]), int(parts[5]))
    return spot if is_on_map(spot) else None


def _within(query: bytes) -> UUID | Literal[False] | None:
    """The division of ``?in=``; False for a query that says anything else."""
    if not query:
        return None
    name, _, value = query.partition(b"=")
    try:
        return UUID(value.decode("ascii")) if name == b"in" and value else False
    except ValueError:
        return False


def _token(cookies: bytes) -> bytes:
    for cookie in cookies.split(b";"):
        name, _, value = cookie.strip().partition(b"=")
        if name == _COOKIE:
            return value.strip(b'"')
    return b""


_COOKIE = COOKIE.encode()
