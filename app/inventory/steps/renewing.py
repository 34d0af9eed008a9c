"""What nobody has decided of streets is derived again together with what comes: so that two files give what one gives.

Streets that new lines touch, and what meets these, are derived with them by the same rules (:mod:`gis.streets`). What
people decided is in the way as a road is, but stays as it is: nothing continues it. A street that changes keeps its
record: of the new ones each is the standing one with which it shares most of its length.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.models import Division
from app.base.shares import Share, silent
from app.inventory.models import ScopeReason, Street, StreetSegment
from app.inventory.steps.making import Piece, street_values
from app.inventory.steps.standing import Ground, Holds, Part, ground_of, is_one_of
from gis import linework
from gis.crs import lengths_m
from gis.features import Centreline
from gis.streets import Streets, derive_streets, parted_at_corners

New = Sequence[tuple[Any, shapely.LineString]]
#: What share of it is done once streets are known.
_CONTINUED = 0.5


@dataclass(frozen=True, slots=True)
class Renewed:
    """How many streets were made, how many that stood have another course, and how many are part of another now."""

    made: int
    changed: int
    gone: int


@dataclass(slots=True)
class _Group:
    """The pieces of one street as derived; how much of them each standing one has, and whether some are new."""

    number: int
    name: str | None
    metres: float
    pieces: list[Piece] = field(default_factory=list)
    shared: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    new: bool = False


@dataclass(frozen=True, slots=True)
class _Lines:
    """What was derived: the streets, each of their lines with its length, and of which given line it is a piece."""

    streets: Streets
    lines: Sequence[shapely.LineString]
    metres: Sequence[float]
    origin: Sequence[int]


def renew(
    session: Session,
    clock: Clock,
    *,
    new: New = (),
    division: Division,
    holds: Holds,
    without: Mapping[int, Collection[int]] | None = None,
    tell: Share = silent,
) -> Renewed:
    """New lines → streets, with the undecided ones that they touch; those ``without`` some segments are made anew.

    ``without`` gives for streets the segments that they lose.
    """
    without = without or {}
    ground = ground_of(session, division, lines=new, streets=without.keys(), holds=holds)
    lost = {segment for segments in without.values() for segment in segments}
    parts = [part for part in ground.parts if part.segment is None or part.segment.id not in lost]
    derived = _derived(new, parts)
    tell(_CONTINUED)
    plan = _Plan.of(_groups(derived, parts, new), ground, without)
    ids = _write(session, clock, plan)
    tell(1.0)
    return Renewed(len(ids), len(plan.changed), len(plan.gone))


def _derived(new: New, parts: Sequence[Part]) -> _Lines:
    """The streets of all lines, those that stand first."""
    lines = [part.centreline for part in parts]
    lines += [
        Centreline(f"n{row.id:012}:{n}", line, row.name, row.road_class, row.oneway)
        for n, (row, line) in enumerate(new)
    ]
    source = list(range(len(lines)))
    if parts:
        noded = linework.clean(lines)
        lines, source = list(noded.segments), list(noded.source)
    lines, owner = parted_at_corners(lines)
    shapes = [each.line for each in lines]
    metres = lengths_m(np.array(shapes, dtype=object)).tolist()
    return _Lines(derive_streets(lines), shapes, metres, [source[n] for n in owner.tolist()])


def _groups(derived: _Lines, parts: Sequence[Part], new: New) -> list[_Group]:
    """The derived streets but those that people decided.

    What a decided street would carry (a roundabout) stays by itself. A standing street's lines are kept as they are
    drawn where all of one is of one street again.
    """
    of_line: dict[int, list[int]] = defaultdict(list)
    for n, one in enumerate(derived.origin):
        of_line[one].append(n)
    number = derived.streets.street.tolist()
    locked = {number[n] for one, mine in of_line.items() if one < len(parts) and not parts[one].segment for n in mine}
    found = _Found(derived, locked, {})
    for one, mine in sorted(of_line.items()):
        part = parts[one] if one < len(parts) else None
        if part is None:
            found.add(mine, new[one - len(parts)][0])
        elif part.segment:
            found.add(mine, part.segment, part)
    return list(found.groups.values())


@dataclass(frozen=True, slots=True)
class _Found:
    """The groups by the number of the derived street and, of one that is decided (``locked``), by what is beside it."""

    derived: _Lines
    locked: Collection[int]
    groups: dict[tuple[int, int], _Group]

    def add(self, pieces: Sequence[int], row: Any, part: Part | None = None) -> None:
        """The pieces of one line, a new one or a part of a standing street, go to their groups."""
        numbers = [int(self.derived.streets.street[n]) for n in pieces]
        for n, number in zip(pieces, numbers, strict=True):
            group, metres = self._of(number, part.street if part else -1, row), self.derived.metres[n]
            group.metres += metres if number in self.locked else 0.0
            if part:
                group.shared[part.street] += metres
            group.new |= part is None
            if len(set(numbers)) > 1 or part is None:
                group.pieces.append(Piece(row, self.derived.lines[n], metres))
        if part and len(set(numbers)) == 1:
            shapes = _as_drawn(part.centreline.line, [self.derived.lines[n] for n in pieces])
            metres_of = lengths_m(np.array(shapes, dtype=object)).tolist()
            group.pieces += [Piece(row, shape, long_m) for shape, long_m in zip(shapes, metres_of, strict=True)]

    def _of(self, number: int, whose: int, row: Any) -> _Group:
        key = (number, whose if number in self.locked else 0)
        if key not in self.groups:
            streets = self.derived.streets
            name, metres = streets.names[number], float(streets.lengths_m[number])
            if number in self.locked:
                name, metres = row.name, 0.0
            self.groups[key] = _Group(len(self.groups), name, metres)
        return self.groups[key]


def _as_drawn(line: shapely.LineString, pieces: list[shapely.LineString]) -> list[shapely.LineString]:
    """A line without the cuts that were made in it, unless its ends were moved or a part of it left out."""
    if len(pieces) > 1:
        merged = shapely.line_merge(shapely.MultiLineString(pieces))
        if merged.geom_type == "LineString" and _ends(merged) == _ends(line):
            return [line]
    return pieces


def _ends(line: shapely.LineString) -> set[tuple[float, ...]]:
    return {tuple(xy) for xy in np.round(shapely.get_coordinates(line)[[0, -1]], 9).tolist()}


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which groups are which standing streets from now on; which are new, and which streets are no more.

    ``heirs``: of each street that changes the group that has most of it.
    """

    changed: Mapping[int, _Group]
    made: Sequence[_Group]
    gone: Collection[int]
    heirs: Mapping[int, _Group]

    @staticmethod
    def of(groups: Sequence[_Group], ground: Ground, losing: Mapping[int, Collection[int]]) -> _Plan:
        free = {part.street for part in ground.parts if part.segment is not None}
        concerned = [group for group in _concerned(groups, set(ground.touched)) if group.new or group.shared]
        kept: dict[int, _Group] = {}
        pairs = [
            (-long_m, street, group.number, group) for group in concerned for street, long_m in group.shared.items()
        ]
        heirs: dict[int, _Group] = {}
        taken: set[int] = set()
        for _, street, number, group in sorted(pairs, key=lambda pair: (round(pair[0], 3), *pair[1:3])):
            heirs.setdefault(street, group)
            if street not in kept and number not in taken:
                kept[street] = group
                taken.add(number)
        shares: dict[int, int] = defaultdict(int)
        for group in concerned:
            for street in group.shared:
                shares[street] += 1
        changed = {
            street: group
            for street, group in kept.items()
            if group.new or len(group.shared) > 1 or shares[street] > 1 or street in losing
        }
        gone = ({*heirs} | ({*losing} & free)) - kept.keys()
        made = [group for group in concerned if group.number not in taken]
        return _Plan(changed, made, gone, heirs)


def _concerned(groups: Sequence[_Group], touched: set[int]) -> list[_Group]:
    """The groups that hang together with something new, by the standing streets that they share."""
    of_street: dict[int, list[int]] = defaultdict(list)
    for n, group in enumerate(groups):
        for street in group.shared:
            of_street[street].append(n)
    begin = [n for n, group in enumerate(groups) if group.new or touched & group.shared.keys()]
    found, waiting = set(begin), list(begin)
    while waiting:
        for street in groups[waiting.pop()].shared:
            met = [n for n in of_street[street] if n not in found]
            found.update(met)
            waiting += met
    return [groups[n] for n in sorted(found)]


def _write(session: Session, clock: Clock, plan: _Plan) -> Sequence[int]:
    """Store the plan; the keys of the streets that were made."""
    homes: dict[int, int] = {}
    wanted: dict[int, int] = {}  # by group's number, the street's key
    values = {
        group.number: street_values(clock, group.pieces, name=group.name, metres=group.metres)
        for group in (*plan.changed.values(), *plan.made)
    }
    rows = session.scalars(select(Street).where(is_one_of(Street.id, plan.changed.keys()))) if plan.changed else ()
    for street in rows:
        number = plan.changed[street.id].number
        for column in ("division_id", "surveyed_name", "line", "length_m", "bearing_deg", "road_class"):
            setattr(street, column, values[number][column])
        wanted[number], homes[street.id] = street.id, street.division_id
    session.flush()
    ids: Sequence[int] = []
    if plan.made:
        adding = insert(Street).returning(Street.id, sort_by_parameter_order=True)
        made = [values[group.number] for group in plan.made]
        ids = session.scalars(adding, made, execution_options={"render_nulls": True}).all()
    for key, group in zip(ids, plan.made, strict=True):
        wanted[group.number], homes[key] = key, values[group.number]["division_id"]
    heirs = {street: wanted[group.number] for street, group in plan.heirs.items() if group.number in wanted}
    _hand_over(session, {street: heirs.get(street) for street in plan.gone}, homes)
    groups = (*plan.changed.values(), *plan.made)
    _be_made_of(session, {wanted[group.number]: {piece.row.id for piece in group.pieces} for group in groups}, homes)
    if plan.gone:
        session.execute(delete(Street).where(is_one_of(Street.id, plan.gone)))
    return ids


def _hand_over(session: Session, heirs: Mapping[int, int | None], homes: Mapping[int, int]) -> None:
    """What runs beside streets that are no more, and why they were in scope, goes to those that have most of them."""
    if not heirs:
        return
    keys = {*heirs, *(heir for heir in heirs.values() if heir is not None)}
    members = session.scalars(
        select(StreetSegment).where(is_one_of(StreetSegment.street_id, keys)).order_by(StreetSegment.id)
    ).all()
    reasons = session.scalars(
        select(ScopeReason).where(is_one_of(ScopeReason.street_id, keys)).order_by(ScopeReason.found_on, ScopeReason.id)
    ).all()
    there = {(row.street_id, row.segment_id) for row in members} | {
        (row.street_id, -row.facility_id) for row in reasons if row.until_on is None
    }
    moving: list[tuple[StreetSegment | ScopeReason, int]] = []
    asking: list[tuple[StreetSegment | ScopeReason, int | None]]
    asking = [(row, row.segment_id if row.beside else None) for row in members]
    asking += [(row, -row.facility_id if row.until_on is None else 0) for row in reasons]
    for row, at in asking:
        if row.street_id not in heirs:
            continue
        heir = heirs[row.street_id]
        if heir is None or at is None or (heir, at) in there:
            session.delete(row)
            continue
        there |= {(heir, at)} if at else set()
        moving.append((row, heir))
    session.flush()
    for row, heir in moving:
        row.street_id, row.division_id = heir, homes.get(heir, row.division_id)
    session.flush()


def _be_made_of(session: Session, wanted: Mapping[int, set[int]], homes: Mapping[int, int]) -> None:
    """Streets are made of these segments and no others; what is theirs belongs to their division."""
    if not wanted:
        return
    rows = session.scalars(select(StreetSegment).where(is_one_of(StreetSegment.street_id, wanted.keys()))).all()
    stays: set[tuple[int, int]] = set()
    for row in rows:
        part = row.segment_id in wanted[row.street_id]
        if part is row.beside:
            session.delete(row)
            continue
        stays.add((row.street_id, row.segment_id))
        if row.division_id != homes[row.street_id]:
            row.division_id = homes[row.street_id]
    session.flush()
    reasons = session.scalars(select(ScopeReason).where(is_one_of(ScopeReason.street_id, wanted.keys())))
    for reason in reasons:
        if reason.division_id != homes[reason.street_id]:
            reason.division_id = homes[reason.street_id]
    session.flush()
    adding = [
        {"street_id": street, "segment_id": segment, "division_id": homes[street]}
        for street, segments in wanted.items()
        for segment in sorted(segments)
        if (street, segment) not in stays
    ]
    if adding:
        session.execute(insert(StreetSegment), adding)
