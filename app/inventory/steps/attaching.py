"""Which segments of a survey are another survey of streets that are there: these are added to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from app.base.models import Division
from app.base.shares import Share, chunks, silent
from app.inventory.models import Street, StreetSegment, StreetState
from app.inventory.steps.standing import is_one_of
from gis.alongside import Alongside, alongside
from gis.resurveys import ALONG, LEAST_M, Laid, lay
from gis.shaping import beside

#: A line within so many metres of a street's is a second survey of it (estimate: what two hand-held receivers differ).
NEAR_M = 10.0
#: … and within so many where it runs along the whole of what people shaped or called no street: receivers under trees
#: and eaves scatter that far, and streets of a village lie 25 m apart (estimate, an option of the derivation).
DECIDED_M = 20.0
#: A street with a decided name takes none from a survey.
_NAMED = frozenset({StreetState.APPROVED.value, StreetState.IN_FORCE.value, StreetState.RETIRED.value})


@dataclass(frozen=True, slots=True)
class Attached:
    """The segments (by key) that are nothing but streets' again, and what is new: lines and the rows they are of."""

    segments: Collection[int]
    pieces: Sequence[tuple[Any, shapely.LineString]]


@dataclass(slots=True)
class _Near:
    """The lines near each loose segment (by key), of which street; ``own``: those that are that street's own."""

    street: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    line: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    own: dict[tuple[int, int], list[Any]] = field(default_factory=lambda: defaultdict(list))

    @staticmethod
    def of(session: Session, division: Division, near_m: float) -> _Near:
        found = _Near()
        asked = text("SELECT * FROM inventory.along(CAST(:top AS ltree), :near_m)")
        rows = session.execute(asked, {"top": division.path, "near_m": near_m}).all()
        for row, line in zip(rows, shapely.from_wkb([bytes(row.line) for row in rows]), strict=True):
            if line.is_empty:
                continue
            found.street[row.segment_id].append(row.street_id)
            found.line[row.segment_id].append(line)
            if row.own:
                found.own[row.segment_id, row.street_id].append(line)
        return found


def attach(
    session: Session, loose: Sequence[Any], *, division: Division, decided_m: float = DECIDED_M, tell: Share = silent
) -> Attached:
    """Those of the loose segments below ``division`` that run along existing streets → part of these.

    So that a second survey of the same roads, shifted by a few metres, brings back nothing that people split, joined,
    re-shaped or called no street. Compared are the lines of streets and other surveys of them, near and in the same
    direction (:mod:`gis.alongside`): what crosses a street is another. A segment of which only a part runs along a
    street is noted with that street, and the rest of it is new. A street without a name in the first survey takes the
    one that the second knows for most of its length. What people decided is known again ``decided_m`` metres off as
    well (:func:`_decided`).
    """
    lines = shapely.from_wkb([row.line for row in loose]).tolist() if loose else []
    if not loose or session.scalar(select(Street.id).limit(1)) is None:
        return Attached(frozenset(), list(zip(loose, lines, strict=True)))
    near = _Near.of(session, division, max(NEAR_M, decided_m))
    asking = [n for n, row in enumerate(loose) if row.id in near.line]
    found: dict[int, Alongside] = {}
    for some in chunks(asking, tell):
        found |= dict(zip(some, _alongside(loose, lines, some, near, NEAR_M), strict=True))
    laid = lay(lines, found, lambda n, street: near.own[loose[n].id, street])
    again = _decided(session, loose, lines, near, decided_m=decided_m, laid=laid)
    metres = {loose[n].id: along for n, along in laid.along.items()} | again
    _add(session, [row for row in loose if row.id in metres], metres)
    settled = {loose[n].id for n in laid.whole} | again.keys()
    return Attached(settled, [(loose[n], piece) for n, piece in laid.pieces if loose[n].id not in settled])


def _alongside(
    loose: Sequence[Any], lines: Sequence[Any], some: Sequence[int], near: _Near, near_m: float
) -> list[Alongside]:
    """What some of the segments run along."""
    keys = [loose[n].id for n in some]
    owner = np.repeat(np.arange(len(some)), [len(near.line[key]) for key in keys])
    others = [line for key in keys for line in near.line[key]]
    streets = np.array([street for key in keys for street in near.street[key]], dtype=np.intp)
    return alongside([lines[n] for n in some], owner, others, streets, near_m=near_m)


def _decided(
    session: Session, loose: Sequence[Any], lines: Sequence[Any], near: _Near, *, decided_m: float, laid: Laid
) -> dict[int, dict[int, float]]:
    """Of the segments that are not streets' again as a whole those that are what people decided, surveyed again.

    They lie within ``decided_m`` metres of a street that people shaped or called none, and together run along the whole
    of it. A street that some line of the same survey lies nearer to was found already: the other is another. By
    segment, how many metres of it run along which street.
    """
    left = [n for n, row in enumerate(loose) if n not in laid.whole and row.id in near.line]
    around: dict[int, list[int]] = defaultdict(list)  # the segments near each street, each once, in their order
    for n in left:
        for street in dict.fromkeys(near.street[loose[n].id]):
            around[street].append(n)
    but = {street for n in laid.whole for street in laid.along[n]}
    decided = Street.shaped_on.is_not(None) | (Street.state == StreetState.NO_STREET.value)
    streets = session.execute(
        select(Street.id, Street.line.ST_AsBinary().label("line"))
        .where(Street.id.in_(around.keys() - but), decided)
        .order_by(Street.id)
    )
    found: dict[int, dict[int, float]] = {}
    for row in streets:
        street, whole = int(row.id), shapely.from_wkb(bytes(row.line))
        rows = [n for n in around[street] if loose[n].id not in found]
        mine = [lines[n] for n in rows]
        keys = np.full(len(rows), street)
        seen = alongside(mine, np.arange(len(rows)), [whole] * len(rows), keys, near_m=decided_m)
        along = [n for n, one in zip(rows, seen, strict=True) if one.along_m >= ALONG * one.whole_m]
        if along and beside(whole, [lines[n] for n in along], near_m=decided_m).share >= ALONG:
            found.update({loose[n].id: {street: loose[n].length_m} for n in along})
    return found


def _add(session: Session, rows: Sequence[Any], metres: Mapping[int, Mapping[int, float]]) -> None:
    """Store which segments run beside which streets, and the names that nameless ones have now."""
    by_street = _by_street(rows, metres)
    if not by_street:
        return
    streets = session.execute(
        select(Street.id, Street.division_id, Street.length_m, Street.surveyed_name, Street.state).where(
            is_one_of(Street.id, by_street.keys())
        )
    ).all()
    members = [
        {"street_id": street.id, "segment_id": row.id, "division_id": street.division_id, "beside": True}
        for street in streets
        for row, _ in by_street[street.id]
    ]
    session.execute(insert(StreetSegment), members)
    names = {
        street.id: name
        for street in streets
        if street.surveyed_name is None
        and street.state not in _NAMED
        and (name := _learnt(by_street[street.id], street.length_m))
    }
    if names:
        for street in session.scalars(select(Street).where(is_one_of(Street.id, names.keys()))):
            street.surveyed_name = names[street.id]
    session.flush()


def _by_street(rows: Sequence[Any], metres: Mapping[int, Mapping[int, float]]) -> dict[int, list[tuple[Any, float]]]:
    """The segments beside each street, and how many metres of each.

    Of several streets that one runs along, those that it does so for a while, and that which it does most.
    """
    found: dict[int, list[tuple[Any, float]]] = defaultdict(list)
    for row in rows:
        along = metres[row.id]
        most = min(along, key=lambda street: (-along[street], street))
        for street, long_m in along.items():
            if street == most or long_m > LEAST_M:
                found[street].append((row, long_m))
    return found


def _learnt(beside: Sequence[tuple[Any, float]], length_m: float) -> str | None:
    """The one name that the segments beside a street have, if they have it along most of its length."""
    named: dict[str, float] = defaultdict(float)
    for row, long_m in beside:
        if row.name:
            named[row.name] += long_m
    return next(iter(named)) if len(named) == 1 and sum(named.values()) > length_m / 2 else None
