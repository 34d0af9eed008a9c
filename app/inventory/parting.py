"""What stood in a place that was split: which of its parts a street or facility lies in, and placing it there.

The split itself gives all to the part that leads, for a list of divisions knows names and codes only. Where a part has
an outline it tells what lies in it; else the nearest seat does: its own point, or the committee that bears its name.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from geoalchemy2.shape import to_shape
from shapely import transform
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from app.base.errors import Invalid, NotAllowed
from app.base.models import Division, Followed, Succession, SuccessionKind
from app.base.people import may
from app.intake.models import Facility
from app.intake.register import stem_of
from app.inventory.models import Street
from gis.features import FacilityKind

#: A second seat that is hardly farther than the nearest leaves it open whose a street is.
CLEARLY = 1.25
_MOVED = text("SELECT base.part(:old, :part, :what, CAST(:things AS bigint[]))")


class How(Enum):
    """What tells the part that something lies in; the words stand in :mod:`app.inventory.views.parting`."""

    OUTLINE = "outline"
    SEAT = "seat"
    OPEN = "open"  # no outline holds it, and a seat is unknown, or two are as near


@dataclass(frozen=True, slots=True)
class Part:
    """One of the divisions that a split made, with where it is as far as that is known (EPSG:4490)."""

    id: int
    uid: UUID
    name: str
    leads: bool
    outline: BaseGeometry | None = None
    seat: BaseGeometry | None = None


@dataclass(frozen=True, slots=True)
class Lies:
    """The part that something lies in, by its key, and what tells it; None where that is open."""

    part: int | None
    how: How


def parts_of(session: Session, old: Division) -> list[Part]:
    """The parts of a place that was split, the leading one first; none where it was not."""
    found = session.execute(
        select(Division, Succession.leads)
        .join(Succession, Succession.division_id == Division.id)
        .where(Succession.predecessor_id == old.id, Succession.kind == SuccessionKind.SPLIT.value)
        .order_by(Succession.leads.desc(), Division.id)
    ).all()
    seats = _committees(session, [division for division, _ in found])
    return [
        Part(
            division.id,
            division.uid,
            division.name,
            leads,
            None if division.outline is None else to_shape(division.outline),
            seats.get(division.id) if division.point is None else to_shape(division.point),
        )
        for division, leads in found
    ]


def _committees(session: Session, parts: Sequence[Division]) -> dict[int, BaseGeometry]:
    """Where a committee that stands in one of the parts bears a part's name, and no other does: its place."""
    rows = session.execute(
        select(Facility.name, Facility.point).where(
            Facility.division_id.in_([part.id for part in parts]),
            Facility.kind == FacilityKind.COMMITTEE.value,
            Facility.name.is_not(None),
        )
    )
    named = defaultdict[str, list[BaseGeometry]](list)
    for row in rows:
        named[stem_of(row.name)].append(to_shape(row.point))
    return {part.id: named[stem_of(part.name)][0] for part in parts if len(named[stem_of(part.name)]) == 1}


def lies_in(parts: Sequence[Part], shape: BaseGeometry) -> Lies:
    """The part whose outline holds the middle of a shape, else the one whose seat is clearly nearest."""
    middle = shape.representative_point()
    around = [part.id for part in parts if part.outline is not None and part.outline.covers(middle)]
    if len(around) == 1:
        return Lies(around[0], How.OUTLINE)
    seats = [part for part in parts if part.seat is not None and part.outline is None]
    if around or len(seats) < len([part for part in parts if part.outline is None]) or not seats:
        return Lies(None, How.OPEN)
    away = sorted((_apart(part.seat, shape), part.id) for part in seats if part.seat is not None)
    if len(away) > 1 and away[1][0] < CLEARLY * away[0][0]:
        return Lies(None, How.OPEN)
    return Lies(away[0][1], How.SEAT)


def _apart(seat: BaseGeometry, shape: BaseGeometry) -> float:
    """How far two places are, in degrees of latitude: near enough to tell the nearer one within a village."""
    flat = math.cos(math.radians(seat.centroid.y))
    near, far = (transform(each, lambda xy: xy * [flat, 1.0]) for each in (seat, shape))
    return float(near.distance(far))


def came(old: Division, table: type[Street | Facility]) -> Select[*tuple[Any, ...]]:
    """Streets or facilities that came from a place that was split, with the name of the part that each stands in."""
    moved = select(Followed.row_id).where(Followed.predecessor_id == old.id, Followed.subject == _subject(table))
    part = Division.name.label("part")
    return select(table, part).join(Division, Division.id == table.division_id).where(table.id.in_(moved))


def _subject(table: type[Street | Facility]) -> str:
    return str(table.__table__)


def placed(parts: Sequence[Part], rows: Iterable[Street | Facility]) -> dict[int, Lies]:
    """Where each of some streets or facilities lies, by its key."""
    return {
        row.id: lies_in(parts, to_shape(row.line if isinstance(row, Street) else row.point))
        for row in rows
    }  # fmt: skip


def require_officer(session: Session) -> None:
    """Raise NotAllowed for all but officers of city and county."""
    if not may(session, "base.succession", "create"):
        raise NotAllowed("Only the officers of city and county say which part something goes to.")


def place(session: Session, *, old: Division, rows: Sequence[Street | Facility], into: Mapping[int, int]) -> int:
    """Streets or facilities of a place that was split → in the part that ``into`` says (row's key → part's key).

    With a street goes all that hangs on it: names, signs, codes, jobs, proofs, reports; and they count there since the
    day of the split. How many moved; those that stand there already, and those that ``into`` does not name, stay.
    By officers who may speak of all the parts (the database refuses others). Raises Invalid for no rows.
    """
    require_officer(session)
    if not rows:
        raise Invalid("Choose what is to go to a part.", field="seen")
    what = _subject(type(rows[0]))
    groups = defaultdict[int, list[int]](list)
    for row in rows:
        if row.id in into:
            groups[into[row.id]].append(row.id)
    moved = 0
    for part, things in sorted(groups.items()):
        values = {"old": old.id, "part": part, "what": what, "things": things}
        moved += int(session.scalar(_MOVED, values) or 0)
    session.expire_all()
    return moved
