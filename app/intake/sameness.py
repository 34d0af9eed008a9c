"""Which facilities of a file stand in the register already: surveyed again, a few metres off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.errors import N_, Invalid
from app.intake.saying import Said
from gis.crs import metres_per_degree
from gis.streets import plain_name

#: As the rows of facilities of a file are told.
SAME = N_("{name} of {source} stands {metres} m from here already: the same, surveyed again.")
SAME_UNNAMED = N_("A place of this kind of {source} stands {metres} m from here already: the same, surveyed again.")
_MOST_M = 500.0
_OUT = np.array([-1.0, -1.0, 1.0, 1.0])  # a box's edges, outwards
_STANDING = text(
    "SELECT f.kind, f.name, i.source, ST_X(f.point) AS lon, ST_Y(f.point) AS lat"
    " FROM intake.facility f JOIN intake.intake i ON i.id = f.intake_id"
    " WHERE f.territory <@ (:top)::ltree AND f.point && ST_MakeEnvelope(:west, :south, :east, :north, 4490)"
    " ORDER BY f.id"
)


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
    return found


def _nearest(
    name: str | None, others: Sequence[Any], place: NDArray[np.float64], *, scale: NDArray[np.float64], same: Same
) -> Said | None:
    apart = np.hypot(*(np.array([(each.lon, each.lat) for each in others]) * scale - place).T)
    for n in np.argsort(apart, kind="stable").tolist():
        metres = float(apart[n])
        if metres > max(same.named_m, same.unnamed_m):
            return None
        mine, theirs = plain_name(name), plain_name(others[n].name)
        alike = mine == theirs if mine and theirs else None
        if metres <= (same.unnamed_m if alike is None else same.named_m) and alike is not False:
            told = {"source": others[n].source, "metres": round(metres, 1)}
            return Said(SAME, {"name": others[n].name, **told}) if theirs else Said(SAME_UNNAMED, told)
    return None
