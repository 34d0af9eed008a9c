"""The base map of Tianditu, fetched by the server: the key never reaches a page, nor a page another host.

Off unless the settings name a key and the approval number (审图号), which must stand on every map that shows it. Tiles
are in Web Mercator on CGCS2000, which is what our own are drawn in, so nothing is shifted.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import time
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
TIMEOUT_S, MOST_BYTES = 5.0, 2 * 1024**2
KEEP_S, MOST_KEPT_BYTES = 30 * 24 * 3600.0, 512 * 1024**2
_PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class Unreachable(MingluError):
    """The base map's server does not answer, or not with a picture."""


@dataclass
class Ground:
    """Tiles of the base map: from the folder while they are fresh, else from the server that the settings name."""

    settings: Settings
    folder: Path
    most_bytes: int = MOST_KEPT_BYTES
    _written: int = 0
    _lock: Lock = field(default_factory=Lock)

    @property
    def on(self) -> bool:
        """Whether there is a base map at all."""
        return bool(self.settings.tianditu_key and self.settings.tianditu_approval)

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
        """Ask the one host of the settings (checked when they were read); a redirect is not followed."""
        wmts = {"SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "STYLE": "default", "FORMAT": "tiles"}
        query = {**wmts, "LAYER": layer, "TILEMATRIXSET": "w", "TILEMATRIX": z, "TILEROW": y, "TILECOL": x}
        base = urlsplit(self.settings.tianditu_url)
        kind = http.client.HTTPSConnection if base.scheme == "https" else http.client.HTTPConnection
        connection = kind(base.hostname or "", base.port, timeout=TIMEOUT_S)
        try:
            path = f"{base.path.rstrip('/')}/{layer}_w/wmts?{urlencode({**query, 'tk': self.settings.tianditu_key})}"
            connection.request("GET", path, headers={"user-agent": "Minglu", "accept": "image/png,image/jpeg"})
            answer = connection.getresponse()
            data = answer.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(N_("The base map does not answer. The map works without it.")) from error
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK or len(data) > MOST_BYTES or not _media_type(data):
            raise Unreachable(N_("The base map does not answer. The map works without it."))
        return data

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
