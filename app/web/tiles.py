"""Vector tiles: which function makes a layer, what changes it, its tag, and the tiles made a moment ago."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import TextClause, text

from app.base.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

DEEPEST = 20
#: Raised when tiles are made in another way, so that browsers ask anew.
FORM = 1
_REVISION = text("SELECT map.revision(CAST(:subjects AS text[]))")


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: the statement that makes its tile, and the tables whose changes change it."""

    made: TextClause
    subjects: Sequence[str]


LAYERS: Mapping[str, Layer] = {
    "divisions": Layer(
        text("SELECT map.divisions(:z, :x, :y, CAST(:top AS ltree), CAST(:places AS bigint[]))"), ("base.division",)
    ),
    "streets": Layer(
        text("SELECT map.streets(:z, :x, :y, CAST(:top AS ltree), CAST(:places AS bigint[]))"),
        ("inventory.street", "naming.name"),
    ),
    "facilities": Layer(
        text("SELECT map.facilities(:z, :x, :y, CAST(:top AS ltree), CAST(:places AS bigint[]))"),
        ("intake.facility",),
    ),
    "signs": Layer(
        text("SELECT map.signs(:z, :x, :y, CAST(:top AS ltree), CAST(:places AS bigint[]))"),
        ("planning.post", "planning.sign", "naming.name"),
    ),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One tile as it is asked for: layer and place, narrowed to a division and to the villages of a batch."""

    layer: str
    z: int
    x: int
    y: int
    top: str
    places: tuple[int, ...] | None = None

    def checked(self) -> Wanted:
        """Raises NotFound for a layer or a place that no map has."""
        if self.layer not in LAYERS or not 0 <= self.z <= DEEPEST:
            raise NotFound("There is no such tile.")
        if not (0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z):
            raise NotFound("There is no such tile.")
        return self

    def tag(self, session: Session) -> str:
        """The ETag: the same only while the same person may see the same data of this layer. Ask before making."""
        revision = session.scalar(_REVISION, {"subjects": list(LAYERS[self.layer].subjects)})
        return f'"{hashlib.sha256(repr((FORM, self, revision)).encode()).hexdigest()[:24]}"'

    def make(self, session: Session) -> bytes:
        """The tile, empty where nothing of the person's lies."""
        values = {"z": self.z, "x": self.x, "y": self.y, "top": self.top}
        places = None if self.places is None else list(self.places)
        return bytes(session.scalar(LAYERS[self.layer].made, {**values, "places": places}) or b"")


@dataclass
class Kept:
    """Tiles by their tags, the longest unused thrown away first. A tag says all, so none is ever stale."""

    most_bytes: int = 64 * 1024**2
    _tiles: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def get(self, tag: str) -> bytes | None:
        """The tile of a tag, if it is still here."""
        with self._lock:
            if tag in self._tiles:
                self._tiles.move_to_end(tag)
            return self._tiles.get(tag)

    def put(self, tag: str, tile: bytes) -> None:
        """Keep a tile; the oldest make room."""
        with self._lock:
            self._bytes += len(tile) - len(self._tiles.pop(tag, b""))
            self._tiles[tag] = tile
            while self._bytes > self.most_bytes or len(self._tiles) > 20_000:  # noqa: PLR2004 - empty ones count too
                self._bytes -= len(self._tiles.popitem(last=False)[1])
