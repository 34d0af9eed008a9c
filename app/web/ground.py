"""The base map of Tianditu, fetched by the server: the key never reaches a page, nor a page another host.

Off unless the settings name a key and the approval number (审图号), which must stand on every map that shows it. Tiles
are in Web Mercator on CGCS2000, which is what our own are drawn in, so nothing is shifted.

A server that hangs must not slow the office: it is asked by a few threads of the base map's own, it has little time to
answer, and one that did not is left alone for a while.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import time
from asyncio import wrap_future
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from app.base.errors import N_, MingluError, NotFound

if TYPE_CHECKING:
    from app.base.settings import Settings

#: Lines and names; pictures and their names.
LAYERS = ("vec", "cva", "img", "cia")
DEEPEST = 18
#: How long it may take to answer in all, how many are asked for at once, and how long a server that did not answer is
#: not asked again (estimates: a tile of Tianditu comes in some 100 ms, a map asks for about 20).
TIMEOUT_S, MOST_ASKED, LEFT_ALONE_S = 3.0, 6, 15.0
MOST_BYTES, _CHUNK_BYTES = 2 * 1024**2, 64 * 1024
KEEP_S, MOST_KEPT_BYTES = 30 * 24 * 3600.0, 512 * 1024**2
_PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_SILENT = N_("The base map does not answer. The map works without it.")


class Unreachable(MingluError):
    """The base map's server does not answer, or not with a picture."""


@dataclass
class Ground:
    """Tiles of the base map: from the folder while they are fresh, else from the server that the settings name."""

    settings: Settings
    folder: Path
    most_bytes: int = MOST_KEPT_BYTES
    timeout_s: float = TIMEOUT_S
    monotonic: Callable[[], float] = time.monotonic
    _written: int = 0
    _down_until: float = 0.0
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(MOST_ASKED, "ground"))
    _lock: Lock = field(default_factory=Lock)

    @property
    def on(self) -> bool:
        """Whether there is a base map at all."""
        return bool(self.settings.tianditu_key and self.settings.tianditu_approval)

    async def fetched(self, layer: str, z: int, x: int, y: int) -> tuple[bytes, str]:
        """As :meth:`tile`, by threads of the base map's own: those that wait for it keep no page waiting."""
        return await wrap_future(self._pool.submit(self.tile, layer, z, x, y))

    async def close(self) -> None:
        """Ask for no more tiles."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def tile(self, layer: str, z: int, x: int, y: int) -> tuple[bytes, str]:
        """A picture and its media type. Raises NotFound for a tile that cannot be, Unreachable where none came."""
        if not self.on or layer not in LAYERS or not 1 <= z <= DEEPEST or not (0 <= x < 2**z and 0 <= y < 2**z):
            raise NotFound("There is no such tile.")
        place = self.folder / layer / str(z) / f"{x}-{y}"
        data = _fresh(place)
        if data is None:
            data = self._fetch(layer, z, x, y)
            self._keep(place, data)
        return data, _media_type(data)

    def _fetch(self, layer: str, z: int, x: int, y: int) -> bytes:
        """Ask the server, unless it did not answer just now."""
        if self.monotonic() < self._down_until:
            raise Unreachable(_SILENT)
        try:
            status, data = self._asked(layer, z, x, y)
        except (OSError, http.client.HTTPException) as error:
            self._down_until = self.monotonic() + LEFT_ALONE_S
            raise Unreachable(_SILENT) from error
        if status != http.HTTPStatus.OK or len(data) > MOST_BYTES or not _media_type(data):
            raise Unreachable(_SILENT)
        return data

    def _asked(self, layer: str, z: int, x: int, y: int) -> tuple[int, bytes]:
        """Ask the one host of the settings (checked when they were read); a redirect is not followed."""
        wmts = {"SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "STYLE": "default", "FORMAT": "tiles"}
        query = {**wmts, "LAYER": layer, "TILEMATRIXSET": "w", "TILEMATRIX": z, "TILEROW": y, "TILECOL": x}
        base = urlsplit(self.settings.tianditu_url)
        kind = http.client.HTTPSConnection if base.scheme == "https" else http.client.HTTPConnection
        connection = kind(base.hostname or "", base.port, timeout=self.timeout_s)
        late = self.monotonic() + self.timeout_s
        try:
            path = f"{base.path.rstrip('/')}/{layer}_w/wmts?{urlencode({**query, 'tk': self.settings.tianditu_key})}"
            connection.request("GET", path, headers={"user-agent": "Minglu", "accept": "image/png,image/jpeg"})
            answer = connection.getresponse()
            data = bytearray()
            while len(data) <= MOST_BYTES and (chunk := answer.read1(_CHUNK_BYTES)):
                data += chunk
                if self.monotonic() > late:
                    raise TimeoutError
            return answer.status, bytes(data)
        finally:
            connection.close()

    def _keep(self, place: Path, data: bytes) -> None:
        """Write the tile; a disk that is full only means that it is fetched again."""
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(dir=place.parent, prefix=".")
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(draft).replace(place)
        with self._lock:
            self._written += len(data)
            if self._written > self.most_bytes // 16:
                self._written = 0
                _shrink(self.folder, self.most_bytes)


def _fresh(place: Path) -> bytes | None:
    with suppress(OSError):
        if time.time() - place.stat().st_mtime < KEEP_S:
            return place.read_bytes()
    return None


def _shrink(folder: Path, most_bytes: int) -> None:
    """Throw the oldest files away until a folder holds at most so many bytes."""
    files = []
    for path in folder.rglob("*"):
        with suppress(OSError):
            if path.is_file():
                files.append((path.stat().st_mtime, path.stat().st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= most_bytes:
            return
        with suppress(OSError):
            path.unlink()
        total -= size


def _media_type(data: bytes) -> str:
    return next((kind for start, kind in _PICTURES.items() if data.startswith(start)), "")
