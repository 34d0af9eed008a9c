"""Vector tiles: what is asked for, the database's answer with its tag, and the tiles made a moment ago."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import text

from app.base.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

DEEPEST = 20
#: No tile is larger, at any zoom; streets bear their names from this zoom on (``map.streets``).
LARGEST_BYTES, NAMED_FROM = 500_000, 14
#: Raised when tiles are made in another way, so that browsers ask anew.
FORM = 3
#: How many tiles are kept, also empty ones; and how many of one place, which differ by territory and by age.
MOST_TILES, MOST_OF_A_PLACE = 20_000, 12
#: Layer, zoom, column and row.
Spot = tuple[str, int, int, int]
#: The layers, each made by a function of its own; ``map.answer`` knows them and the tables whose changes change them.
LAYERS = ("divisions", "streets", "facilities", "signs")
#: What an If-None-Match says of whoever has the tile, however it looks.
ANY = "*"
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_ANSWER = text(
    "SELECT tag, tile FROM map.answer(:layer, :z, :x, :y, CAST(:top AS ltree), CAST(:places AS bigint[]), :form,"
    " CAST(:held AS text[]))"
)


def tags_in(header: str) -> tuple[str, ...]:
    """The tags of an If-None-Match as we write them, quoted and without the ``W/`` of weak ones; ``*`` is any.

    They are compared weakly (RFC 9110 §13.1.2): a proxy that packs what it hands on makes our tags weak.
    """
    return (ANY,) if header.strip() == ANY else tuple(_TAG.findall(header))


def is_on_map(spot: Spot) -> bool:
    """Whether there is such a layer, and such a tile in the pyramid."""
    layer, z, x, y = spot
    return layer in LAYERS and 0 <= z <= DEEPEST and 0 <= x < 2**z and 0 <= y < 2**z


@dataclass(frozen=True, slots=True)
class Wanted:
    """One tile as it is asked for: layer and place, narrowed to a division and to the villages of a batch."""

    layer: str
    z: int
    x: int
    y: int
    top: str
    places: tuple[int, ...] | None = None

    @property
    def spot(self) -> Spot:
        """Layer and place."""
        return self.layer, self.z, self.x, self.y

    def checked(self) -> Wanted:
        """Raises NotFound for a layer or a place that no map has."""
        if not is_on_map(self.spot):
            raise NotFound("There is no such tile.")
        return self

    def answer(self, session: Session, held: Sequence[str]) -> tuple[str, bytes | None]:
        """The ETag, and the tile (empty where nothing of the person's lies) unless its tag is among those ``held``.

        The tag is the same only while the same territory shows the same data of this layer.
        """
        values = {"z": self.z, "x": self.x, "y": self.y, "top": self.top, "form": FORM, "held": list(held)}
        places = None if self.places is None else list(self.places)
        row = session.execute(_ANSWER, {**values, "layer": self.layer, "places": places}).one()
        return row.tag, None if row.tile is None else bytes(row.tile)


@dataclass
class Kept:
    """Tiles by their places and tags, the longest unused thrown away first. A tag says all, so none is ever stale."""

    most_bytes: int = 64 * 1024**2
    _tiles: OrderedDict[tuple[Spot, str], bytes] = field(default_factory=OrderedDict)
    _tags: dict[Spot, tuple[str, ...]] = field(default_factory=dict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def holds(self, spot: Spot) -> bool:
        """Whether anything of a place is kept, whoever may see it and however old."""
        return spot in self._tags

    def get(self, spot: Spot, tag: str) -> bytes | None:
        """The tile of a tag, if it is still here."""
        with self._lock:
            found = self._tiles.get((spot, tag))
            if found is not None:
                self._tiles.move_to_end((spot, tag))
            return found

    def put(self, spot: Spot, tag: str, tile: bytes) -> None:
        """Keep a tile; the oldest make room, first those of the same place."""
        with self._lock:
            self._drop(spot, tag)
            self._tiles[spot, tag] = tile
            self._tags[spot] = (*self._tags.get(spot, ()), tag)
            self._bytes += len(tile)
            while len(self._tags[spot]) > MOST_OF_A_PLACE:
                self._drop(spot, self._tags[spot][0])
            while self._bytes > self.most_bytes or len(self._tiles) > MOST_TILES:
                self._drop(*next(iter(self._tiles)))

    def _drop(self, spot: Spot, tag: str) -> None:
        tile = self._tiles.pop((spot, tag), None)
        if tile is None:
            return
        self._bytes -= len(tile)
        left = tuple(one for one in self._tags[spot] if one != tag)
        if left:
            self._tags[spot] = left
        else:
            del self._tags[spot]
