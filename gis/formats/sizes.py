"""How much one file may hold: counted while it is read, before it takes the memory of the whole office."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import shapely

from gis.errors import N_, UnreadableFile
from gis.formats.flaws import Flaw
from gis.formats.rows import RawRow

#: Places (vertices) of a file, and of one geometry (estimates; a county's survey has some 300,000, a street 20).
MOST_PLACES, MOST_OF_ONE = 5_000_000, 1_000_000
#: Bytes of a place as WKB with height and measure: as many bytes hold so many places at least.
WIDEST_PLACE = 32
#: As it is without them.
FLAT_PLACE = 16
_PLACE = re.compile(r"\[\s*[-+\d]")


@dataclass(slots=True)
class Counted:
    """The places of a file that is being read, row by row."""

    called: str
    places: int = 0

    def add(self, places: int, row: str) -> None:
        """Raises :class:`UnreadableFile`, naming the row, once the file has too many."""
        self.places += places
        if self.places > MOST_PLACES:
            raise _too_many(self.called, row)


def require_json(text: str, called: str) -> None:
    """Raise :class:`UnreadableFile` where a GeoJSON's text has too many places, before it becomes objects."""
    if text.count("[") > MOST_PLACES and sum(1 for _ in islice(_PLACE.finditer(text), MOST_PLACES + 1)) > MOST_PLACES:
        raise UnreadableFile(N_("{file} has more than {most} vertices; split it."), file=called, most=MOST_PLACES)


def sized(rows: Sequence[RawRow], called: str) -> list[RawRow]:
    """The rows, those whose geometry has too many places with that as their flaw.

    Raises :class:`UnreadableFile` where all of them have too many.
    """
    counted = Counted(called)
    checked = []
    for row in rows:
        places = 0 if row.shape is None else int(shapely.get_num_coordinates(row.shape))
        counted.add(places, row.key)
        checked.append(row if places <= MOST_OF_ONE or row.flaw else replace(row, flaw=too_long(places)))
    return checked


def too_long(places: int) -> Flaw:
    """Of a geometry with so many places, more than one may have."""
    return Flaw(
        N_("The geometry has {count} vertices, more than {most}; split or simplify it."),
        "geometry",
        {"count": places, "most": MOST_OF_ONE},
    )


def _too_many(called: str, row: str) -> UnreadableFile:
    return UnreadableFile(
        N_("{file} has more than {most} vertices up to the row {row}; split it."),
        file=called,
        most=MOST_PLACES,
        row=row,
    )
