"""Which segments of a survey are another survey of streets that are there: these are added to them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from app.base.models import Division
from app.base.shares import Share, each, silent
from app.inventory.models import Street, StreetSegment, StreetState
from gis.shaping import Beside, beside, length_m

#: A line within so many metres of a street's is a second survey of it (estimate: what two hand-held receivers differ).
NEAR_M = 10.0
#: A line runs along a street where this much of it does (estimate); less than so many metres of it is a crossing, or
#: what two surveys draw differently where streets meet.
ALONG, APART_M = 0.8, 25.0
#: … and within so many where it runs along the whole of what people shaped or called no street: receivers under trees
#: and eaves scatter that far, and streets of a village lie 25 m apart (estimate, an option of the derivation).
DECIDED_M = 20.0


@dataclass(frozen=True, slots=True)
class Attached:
    """The segments that were added to streets, and of those that run along one in part (both by key) what does not."""

    segments: Collection[int]
    rest: Mapping[int, Beside]


def attach(
    session: Session, loose: Sequence[Any], *, division: Division, decided_m: float = DECIDED_M, tell: Share = silent
) -> Attached:
    """Those of the loose segments below ``division`` that run along existing streets → part of these.

    So that a second survey of the same roads, shifted by a few metres, brings back nothing that people split, joined,
    re-shaped or called no street. Compared are the lines of streets and the survey they were made of. A street without
    a name in the first survey takes the one that the second knows for most of its length. What people decided is known
    again ``decided_m`` metres off as well (:func:`_decided`).
    """
    if session.scalar(select(Street.id).limit(1)) is None:
        return Attached(frozenset(), {})
    near: dict[int, list[tuple[int, Any]]] = defaultdict(list)
    asked = text("SELECT * FROM inventory.along(CAST(:top AS ltree), :near_m)")
    for row in session.execute(asked, {"top": division.path, "near_m": max(NEAR_M, decided_m)}):
        near[row.segment_id].append((row.street_id, shapely.from_wkb(bytes(row.line))))
    asking = [row for row in loose if row.id in near]
    added, rest = _along(asking, near, tell)
    settled = {row.id for rows in added.values() for row in rows}
    left = {row.id: shapely.from_wkb(row.line) for row in asking if row.id not in settled}
    again = _decided(session, left, near, decided_m=decided_m, but=added)
    for row in asking:
        if row.id in again:
            added[again[row.id]].append(row)
    _add(session, added)
    return Attached(settled | again.keys(), rest)


def _along(
    asking: Sequence[Any], near: Mapping[int, Sequence[tuple[int, Any]]], tell: Share
) -> tuple[dict[int, list[Any]], dict[int, Beside]]:
    """Which segments run along which street, and of those that do so in part, by key, what does not."""
    added: dict[int, list[Any]] = defaultdict(list)
    rest: dict[int, Beside] = {}
    for row in each(asking, tell):
        line = shapely.from_wkb(row.line)
        found = beside(line, [other for _, other in near[row.id]], near_m=NEAR_M)
        kept = tuple(piece for piece in found.rest if length_m(piece) > APART_M)
        if found.along_m and (found.share >= ALONG or not kept):
            added[_most_along(line, near[row.id])].append(row)
        elif found.along_m > APART_M:
            rest[row.id] = Beside(found.along_m, found.whole_m, kept)
    return added, rest


def _decided(
    session: Session,
    left: Mapping[int, shapely.LineString],
    near: Mapping[int, Sequence[tuple[int, Any]]],
    *,
    decided_m: float,
    but: Collection[int],
) -> dict[int, int]:
    """Of the segments that are ``left`` those that are another survey of what people decided, and of which street.

    They lie within ``decided_m`` metres of a street that people shaped or called none, and together run along the whole
    of it. A street that some line of the same survey lies nearer to (``but``) was found already: the other is another.
    """
    around: dict[int, dict[int, None]] = defaultdict(dict)  # the segments near each street, each once, in their order
    for row in left:
        for key, _ in near[row]:
            around[key][row] = None
    decided = Street.shaped_on.is_not(None) | (Street.state == StreetState.NO_STREET.value)
    streets = session.execute(
        select(Street.id, Street.line.ST_AsBinary().label("line"))
        .where(Street.id.in_(around.keys() - {*but}), decided)
        .order_by(Street.id)
    )
    found: dict[int, int] = {}
    for street in streets:
        whole = shapely.from_wkb(bytes(street.line))
        rows = [row for row in around[street.id] if row not in found]
        along = [row for row in rows if beside(left[row], [whole], near_m=decided_m).share >= ALONG]
        if along and beside(whole, [left[row] for row in along], near_m=decided_m).share >= ALONG:
            found.update(dict.fromkeys(along, street.id))
    return found


def _most_along(line: shapely.LineString, near: Sequence[tuple[int, Any]]) -> int:
    """The street that most of a line runs along."""
    streets: dict[int, list[Any]] = defaultdict(list)
    for street, other in near:
        streets[street].append(other)
    return max(sorted(streets), key=lambda street: beside(line, streets[street], near_m=NEAR_M).along_m)


def _add(session: Session, added: Mapping[int, Sequence[Any]]) -> None:
    """Store which segments run beside which street, and the name that a nameless one has now."""
    if not added:
        return
    streets = session.scalars(select(Street).where(Street.id.in_(added))).all()
    rows = [
        {"street_id": street.id, "segment_id": row.id, "division_id": street.division_id, "beside": True}
        for street in streets
        for row in added[street.id]
    ]
    session.execute(insert(StreetSegment), rows)
    for street in streets:
        named = Counter[str]()
        for row in added[street.id]:
            if row.name:
                named[row.name] += row.length_m
        if street.surveyed_name is None and len(named) == 1 and named.total() > street.length_m / 2:
            street.surveyed_name = next(iter(named))
    session.flush()
