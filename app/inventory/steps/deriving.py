"""Segments become streets or are added to those that they run along; streets come into scope; how far names are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from geoalchemy2 import WKBElement
from sqlalchemy import Date, Double, bindparam, func, insert, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from app.base.clock import Clock
from app.base.errors import Invalid
from app.base.models import Division
from app.base.shares import Share, part, silent
from app.base.tables import SRID
from app.intake.models import Segment
from app.inventory.models import ScopeReason, Stream, Street, StreetSegment, StreetState
from app.inventory.steps.attaching import DECIDED_M, attach
from gis.crs import bearings_deg, metres_per_degree
from gis.features import Centreline
from gis.streets import derive_streets, parted_at_corners

#: What share of a derivation is done once the lines beside streets are known, once the others are streets, and once
#: these are written (measured with 20,000 lines).
_ATTACHED, _CONTINUED, _WRITTEN = 0.3, 0.5, 0.8
#: Within how many metres of a committee, shop, clinic or school a street is in scope (estimate, setting).
SCOPE_M = 50.0
#: A committee that stands near no street is on the nearest one, within this many metres (estimate, setting).
SEAT_M = 400.0
#: What stands near which street now, against what was found before: one judgement, whole.
_JUDGE = text(
    """
    WITH near AS MATERIALIZED (
      SELECT n.street_id, n.facility_id, n.distance_m, s.division_id
        FROM inventory.near_facilities((:top)::ltree, :within_m, :seat_m) n
        JOIN inventory.street s ON s.id = n.street_id
    ), known AS MATERIALIZED (
      SELECT r.id, r.found_on, n.distance_m, n.street_id IS NOT NULL AS holds
        FROM inventory.scope_reason r
        LEFT JOIN near n ON n.street_id = r.street_id AND n.facility_id = r.facility_id
       WHERE r.territory <@ (:top)::ltree AND r.until_on IS NULL
    ), dropped AS (
      DELETE FROM inventory.scope_reason r USING known k WHERE r.id = k.id AND NOT k.holds AND k.found_on >= :today
    ), ended AS (
      UPDATE inventory.scope_reason r SET until_on = :today
        FROM known k WHERE r.id = k.id AND NOT k.holds AND k.found_on < :today
    ), moved AS (
      UPDATE inventory.scope_reason r SET distance_m = k.distance_m, within_m = :within_m
        FROM known k WHERE r.id = k.id AND k.holds AND (r.distance_m <> k.distance_m OR r.within_m <> :within_m)
    )
    INSERT INTO inventory.scope_reason (street_id, facility_id, division_id, distance_m, within_m, found_on)
    SELECT n.street_id, n.facility_id, n.division_id, n.distance_m, :within_m, :today FROM near n
     WHERE NOT EXISTS (SELECT FROM inventory.scope_reason r
                        WHERE r.street_id = n.street_id AND r.facility_id = n.facility_id AND r.until_on IS NULL)
    """
).bindparams(bindparam("today", type_=Date), bindparam("within_m", type_=Double))
_HASHING, _AS_EVER = text("SET LOCAL enable_nestloop = off"), text("SET LOCAL enable_nestloop = on")


@dataclass(frozen=True, slots=True)
class Derived:
    """How many streets were made, and how many lines were added to streets that were there."""

    streets: int
    added: int


def derive(
    session: Session, clock: Clock, *, division: Division, decided_m: float = DECIDED_M, tell: Share = silent
) -> Derived:
    """Segments without a street → streets, below ``division``; ``tell`` hears what share of it is done.

    Continuity by angle, name and class (:func:`gis.streets.derive_streets`); a segment that turns a corner on its way
    is a part of two streets. A street belongs to the division that most of its length lies in. Streets that exist
    already stay as they are, whatever people made of them: a segment that runs along one is added to it
    (:func:`app.inventory.steps.attaching.attach`), and of one that does so in part only the rest is new.
    """
    loose = _loose_segments(session, division)
    attached = attach(session, loose, division=division, decided_m=decided_m, tell=part(tell, 0.0, _ATTACHED))
    runs, rows = attached.rest, [row for row in loose if row.id not in attached.segments]
    if not rows:
        return Derived(0, len(attached.segments))
    pieces = [
        (row, line)
        for row, line in zip(rows, shapely.from_wkb([row.line for row in rows]), strict=True)
        for line in (runs[row.id].rest if row.id in runs else (line,))
    ]
    centrelines, owner = parted_at_corners(
        [
            Centreline(key=f"{row.id}:{n}", line=line, name=row.name, road_class=row.road_class, oneway=row.oneway)
            for n, (row, line) in enumerate(pieces)
        ]
    )
    pieces = [(pieces[n][0], each.line) for n, each in zip(owner.tolist(), centrelines, strict=True)]
    streets = derive_streets(centrelines)
    tell(_CONTINUED)
    members = streets.members()
    made = [
        _street(clock, [pieces[i] for i in run], name=streets.names[n], metres=float(streets.lengths_m[n]))
        for n, run in enumerate(members)
    ]
    adding = insert(Street).returning(Street.id, sort_by_parameter_order=True)
    ids = session.scalars(adding, made, execution_options={"render_nulls": True}).all()
    tell(_WRITTEN)
    owners = dict.fromkeys((row.id, int(number)) for (row, _), number in zip(pieces, streets.street, strict=True))
    session.execute(
        insert(StreetSegment),
        [
            {"street_id": ids[number], "segment_id": segment, "division_id": made[number]["division_id"]}
            for segment, number in owners
        ],
    )
    tell(1.0)
    return Derived(len(ids), len(attached.segments))


def _loose_segments(session: Session, division: Division) -> Sequence[Any]:
    """Segments of the territory that are part of no street yet, with their lines as WKB, in order of key."""
    return session.execute(
        select(
            Segment.id,
            Segment.name,
            Segment.road_class,
            Segment.oneway,
            Segment.division_id,
            Segment.length_m,
            Segment.geometry_source,
            Segment.line.ST_AsBinary().label("line"),
        )
        .outerjoin(StreetSegment, StreetSegment.segment_id == Segment.id)
        .where(Segment.territory.op("<@")(division.path), StreetSegment.id.is_(None))
        .order_by(Segment.id)
    ).all()


def _street(clock: Clock, pieces: list[tuple[Any, Any]], *, name: str | None, metres: float) -> dict[str, Any]:
    rows, lines = [row for row, _ in pieces], [line for _, line in pieces]
    homes: Counter[int] = Counter()
    for row in rows:
        homes[row.division_id] += row.length_m
    classes = Counter(row.road_class for row in rows if row.road_class)
    return {
        "division_id": min(homes, key=lambda home: (-homes[home], home)),
        "surveyed_name": name,
        "line": WKBElement(shapely.MultiLineString(list(lines)).wkb, srid=SRID),
        "length_m": metres,
        "bearing_deg": chord_bearing_deg(lines),
        "road_class": classes.most_common(1)[0][0] if classes else None,
        "stream": Stream.VILLAGE.value,
        "geometry_source": rows[0].geometry_source,
        "surveyed_on": clock.today(),
    }


def chord_bearing_deg(lines: Sequence[shapely.LineString]) -> float:
    """Bearing of the line between the street's two ends that lie farthest apart, 0 ≤ deg < 180.

    A ring has no such ends: the longer side of its box stands for it.
    """
    merged = shapely.line_merge(shapely.MultiLineString(list(lines)))
    ends = (
        shapely.get_coordinates(shapely.get_point(shapely.get_parts(merged), 0)),
        shapely.get_coordinates(shapely.get_point(shapely.get_parts(merged), -1)),
    )
    points = np.unique(np.concatenate(ends), axis=0)
    if len(points) < 2:  # noqa: PLR2004 - a chord has two ends
        corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(merged))
        pairs = corners[[0, 1]], corners[[1, 2]]
    else:
        first, second = np.triu_indices(len(points), k=1)
        pairs = points[first], points[second]
    return _longest_bearing_deg(*pairs)


def _longest_bearing_deg(starts: Any, ends: Any) -> float:
    lon_m, lat_m = metres_per_degree(float(starts[:, 1].mean()))
    far = int(np.argmax(np.hypot(*((starts - ends) * (float(lon_m), float(lat_m))).T)))
    return float(bearings_deg(starts[far][None], ends[far][None])[0]) % 180.0


def judge_scope(session: Session, clock: Clock, *, division: Division, within_m: float = SCOPE_M) -> int:
    """Streets below ``division`` → in scope or not, anew; how many are in scope. The reasons are stored.

    In scope where a committee, shop, clinic or school stands within ``within_m`` metres (programme of 2024-04-08).
    A reason that still holds keeps its day, one that does not ends today, so that past days can be told again. Raises
    Invalid for a distance outside 1–500 m.
    """
    require_distance(within_m)
    below = Street.territory.op("<@")(division.path)
    asked = {"top": division.path, "within_m": within_m, "seat_m": SEAT_M, "today": clock.today()}
    session.execute(_HASHING)  # the planner takes what stands in a territory for a row or two, and would loop n by n
    session.execute(_JUDGE, asked)
    session.execute(_AS_EVER)
    reached = select(ScopeReason.street_id).where(ScopeReason.until_on.is_(None))
    session.execute(update(Street).where(below, Street.in_scope, Street.id.not_in(reached)).values(in_scope=False))
    session.execute(update(Street).where(below, ~Street.in_scope, Street.id.in_(reached)).values(in_scope=True))
    return _in_scope(session, division)


def judge_again(session: Session, clock: Clock, *, division: Division) -> int:
    """As :func:`judge_scope` at the distances last used below the division; how many are in scope.

    Villages of which none is known take the newest of the others, else ``SCOPE_M``.
    """
    newest = (
        select(func.max(ScopeReason.id))
        .where(ScopeReason.territory.op("<@")(division.path))
        .group_by(ScopeReason.division_id)
    )
    wanted = select(ScopeReason.division_id, ScopeReason.within_m, ScopeReason.id).where(ScopeReason.id.in_(newest))
    used = session.execute(wanted.order_by(ScopeReason.id)).all()
    usual = used[-1].within_m if used else SCOPE_M
    judge_scope(session, clock, division=division, within_m=usual)
    for row in used:
        if row.within_m != usual:
            judge_scope(session, clock, division=session.get_one(Division, row.division_id), within_m=row.within_m)
    return _in_scope(session, division)


def _in_scope(session: Session, division: Division) -> int:
    below = Street.territory.op("<@")(division.path)
    return int(session.scalar(select(text("count(*)")).select_from(Street).where(below, Street.in_scope)) or 0)


def require_distance(within_m: float) -> None:
    """Raise Invalid for a distance outside 1–500 m."""
    if not 1 <= within_m <= 500:  # noqa: PLR2004 - beyond, every street of a village would be in scope
        raise Invalid("The distance must be between 1 and 500 m, not {value}.", field="within_m", value=within_m)


def mark(session: Session, *, street_ids: Sequence[int], state: StreetState) -> None:
    """Any state → ``state``, as the naming station says; the colour of the street on the map.

    By officers, and up to what is proposed by whoever writes names there; the database refuses the others.
    """
    if not street_ids:
        return
    session.flush()
    changed = session.execute(
        text("SELECT * FROM inventory.mark(:streets, :state)"), {"streets": list(street_ids), "state": state.value}
    )
    for street_id, version in changed:
        loaded = session.identity_map.get(identity_key(Street, street_id))
        if loaded is not None:
            set_committed_value(loaded, "state", state.value)
            set_committed_value(loaded, "version", version)
