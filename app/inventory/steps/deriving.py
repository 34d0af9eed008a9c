"""Segments become streets or are added to those that they run along; streets come into scope; how far names are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Date, Double, bindparam, func, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from app.base.clock import Clock
from app.base.errors import Invalid
from app.base.models import Division
from app.base.shares import Share, part, silent
from app.intake.models import Segment
from app.inventory.models import ScopeReason, Street, StreetSegment, StreetState
from app.inventory.steps.attaching import DECIDED_M, attach
from app.inventory.steps.renewing import renew
from app.inventory.steps.standing import Holds, segments

#: What share of a derivation is done once the lines beside streets are known (measured with 20,000 lines).
_ATTACHED = 0.3
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
    """How many streets were made, how many lines were added to streets that were there, how many of those changed."""

    streets: int
    added: int
    changed: int = 0


def derive(
    session: Session,
    clock: Clock,
    *,
    division: Division,
    decided_m: float = DECIDED_M,
    holds: Holds = (),
    tell: Share = silent,
) -> Derived:
    """Segments without a street → streets, below ``division``; ``tell`` hears what share of it is done.

    Continuity by angle, name and class (:func:`gis.streets.derive_streets`); a segment that turns a corner on its way
    is a part of two streets. A street belongs to the division that most of its length lies in. A segment that runs
    along a street is added to it (:func:`app.inventory.steps.attaching.attach`), and of one that does so in part only
    the rest is new. Streets that people decided (named, shaped, called none, counted in the second stream) stay as they
    are, and those that ``holds`` say a later station knows of; others that the new lines touch are derived again with
    them (:func:`app.inventory.steps.renewing.renew`).
    """
    loose = session.execute(
        segments()
        .outerjoin(StreetSegment, StreetSegment.segment_id == Segment.id)
        .where(Segment.territory.op("<@")(division.path), StreetSegment.id.is_(None))
        .order_by(Segment.id)
    ).all()
    attached = attach(session, loose, division=division, decided_m=decided_m, tell=part(tell, 0.0, _ATTACHED))
    if not attached.pieces:
        return Derived(0, len(attached.segments))
    renewed = renew(
        session, clock, new=attached.pieces, division=division, holds=holds, tell=part(tell, _ATTACHED, 1.0)
    )
    return Derived(renewed.made, len(attached.segments), renewed.changed)


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
