"""Which rows of a file stand in the register already, as what; facilities also where surveyed some metres off."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.errors import N_, Invalid
from app.intake.saying import Said, known_as
from gis.crs import metres_per_degree
from gis.streets import plain_name

#: As the rows of facilities of a file are told.
SAME = N_("{name} of {source} stands {metres} m from here already: the same, surveyed again.")
SAME_UNNAMED = N_("A place of this kind of {source} stands {metres} m from here already: the same, surveyed again.")
_MOST_M = 500.0
_OUT = np.array([-1.0, -1.0, 1.0, 1.0])  # a box's edges, outwards
_STANDING = text(
    "SELECT f.kind, f.name, f.key, f.intake_id, i.uid AS intake, i.source, ST_X(f.point) AS lon, ST_Y(f.point) AS lat"
    " FROM intake.facility f JOIN intake.intake i ON i.id = f.intake_id"
    " WHERE f.territory <@ (:top)::ltree AND f.point && ST_MakeEnvelope(:west, :south, :east, :north, 4490)"
    " ORDER BY f.id"
)
_SEGMENTS = text(
    "SELECT s.digest, s.id, s.uid, s.name, s.key, s.intake_id, i.source, i.uid AS intake"
    " FROM intake.segment s LEFT JOIN intake.intake i ON i.id = s.intake_id"
    " WHERE s.territory <@ (:top)::ltree AND (s.digest = ANY(:digests) OR s.id = ANY(:keys))"
)
_FACILITIES = text(
    "SELECT f.digest, f.id, f.name, f.key, f.intake_id, i.source, i.uid AS intake"
    " FROM intake.facility f LEFT JOIN intake.intake i ON i.id = f.intake_id"
    " WHERE f.territory <@ (:top)::ltree AND f.digest = ANY(:digests)"
)
_ROWS = text(
    "SELECT intake_id, key, min(row) AS row FROM intake.intake_row"
    " WHERE intake_id = ANY(:intakes) AND key = ANY(:keys) GROUP BY intake_id, key"
)
#: What the key of a line has behind the key of its row: the number of the part, and that of the piece cut of it.
_PART, _PIECE = re.compile(r"/\d+$"), re.compile(r":\d+$")


@dataclass(frozen=True, slots=True)
class Same:
    """Within how many metres a facility of one kind is the same: of one name, and where either bears none.

    Estimates: two hand-held receivers differ by some ten metres, and one person marks the door, another the house; two
    shops without a name may stand door by door. 0 takes nothing for the same but what is at the same centimetre.
    """

    named_m: float = 30.0
    unnamed_m: float = 5.0

    def __post_init__(self) -> None:
        """Raise Invalid for a distance that would make one of half a village."""
        for field, value in (("named_m", self.named_m), ("unnamed_m", self.unnamed_m)):
            if not 0 <= value <= _MOST_M:
                raise Invalid("The distance must be between 0 and 500 m, not {value}.", field=field, value=value)


#: As it is where nobody says otherwise.
USUAL = Same()


def lines_standing(
    session: Session, *, county: str, digests: Collection[str], keys: Collection[int]
) -> dict[str | int, Said]:
    """What is said of duplicates of lines of the register, by the line's digest and by its key."""
    found = session.execute(_SEGMENTS, {"top": county, "digests": list(digests), "keys": list(keys)}).all()
    rows = _rows(session, found)
    told: dict[str | int, Said] = {}
    for there in found:
        said = known_as(there.name, source=there.source, row=_row(there, rows), segment=there.uid)
        told[there.digest] = told[there.id] = said
    return told


def places_standing(session: Session, *, county: str, digests: Collection[str]) -> dict[str, Said]:
    """What is said of duplicates of facilities of the register, by their digest."""
    found = session.execute(_FACILITIES, {"top": county, "digests": list(digests)}).all()
    rows = _rows(session, found)
    return {
        there.digest: known_as(there.name, source=there.source, row=_row(there, rows), intake=there.intake)
        for there in found
    }


def _rows(session: Session, found: Sequence[Any]) -> dict[tuple[int, str], int]:
    """By intake and key, the row of its file that brought something."""
    keys = {key for there in found for key in _keys(there.key)}
    asked = {"intakes": list({there.intake_id for there in found}), "keys": list(keys)}
    return {(row.intake_id, row.key): row.row for row in session.execute(_ROWS, asked)} if found else {}


def _row(there: Any, rows: dict[tuple[int, str], int]) -> int | None:
    return next((row for key in _keys(there.key) if (row := rows.get((there.intake_id, key)))), None)


def _keys(key: str) -> list[str]:
    """The keys that the row may have had of which something with this key came, the likeliest first."""
    whole = _PIECE.sub("", key)
    return [key, whole, _PART.sub("", whole)]


def standing_again(session: Session, rows: Sequence[dict[str, Any]], *, county: str, same: Same) -> dict[str, Said]:
    """By digest, which of the rows stand in the register already, below the path ``county``, and what is said of them.

    The nearest of one kind counts that bears the same name (as streets' names are compared), within ``same.named_m``,
    or within ``same.unnamed_m`` where one of the two bears none. Two names are two places, however near.
    """
    if not rows:
        return {}
    points = shapely.from_wkb([row["point"] for row in rows])
    east, north = (float(each) for each in metres_per_degree(float(shapely.get_y(points).mean())))
    reach = max(same.named_m, same.unnamed_m) / min(east, north)
    box = dict(zip(("west", "south", "east", "north"), shapely.total_bounds(points) + reach * _OUT, strict=True))
    by_kind = defaultdict(list)
    for there in session.execute(_STANDING, {**box, "top": county}):
        by_kind[there.kind].append(there)
    scale = np.array([east, north])
    places = shapely.get_coordinates(points) * scale
    found = {}
    for row, place in zip(rows, places, strict=True):
        others = by_kind.get(row["kind"], [])
        said = _nearest(row["name"], others, place, scale=scale, same=same) if others else None
        if said is not None:
            found[row["digest"]] = said
    rows_there = _rows(session, [there for there, _ in found.values()])
    return {digest: _linked(said, there, rows_there) for digest, (there, said) in found.items()}


def _linked(said: Said, there: Any, rows: dict[tuple[int, str], int]) -> Said:
    row = _row(there, rows)
    link = {"intake": there.intake} if row is None else {"intake": there.intake, "row": row}
    return Said(said.reason, said.values | link, said.field)


def _nearest(
    name: str | None, others: Sequence[Any], place: NDArray[np.float64], *, scale: NDArray[np.float64], same: Same
) -> tuple[Any, Said] | None:
    """The one that counts, and what is said of the row."""
    apart = np.hypot(*(np.array([(each.lon, each.lat) for each in others]) * scale - place).T)
    for n in np.argsort(apart, kind="stable").tolist():
        metres = float(apart[n])
        if metres > max(same.named_m, same.unnamed_m):
            return None
        mine, theirs = plain_name(name), plain_name(others[n].name)
        alike = mine == theirs if mine and theirs else None
        if metres <= (same.unnamed_m if alike is None else same.named_m) and alike is not False:
            told = {"source": others[n].source, "metres": round(metres, 1)}
            said = Said(SAME, {"name": others[n].name, **told}) if theirs else Said(SAME_UNNAMED, told)
            return others[n], said
    return None
