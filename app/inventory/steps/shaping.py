"""What people decide of the shape of streets: split, join, and *this is no street*; :mod:`.drawing` has the rest.

Each step is one act, taken back with the one undo, and refused where a later station holds the street
(:class:`app.inventory.asks.Hold`): a name, a proposal or signs were made for its shape. Afterwards the scope of its
village is judged anew at the distance last used there, for a shop may stand at one half only.
"""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from geoalchemy2 import WKBElement
from geoalchemy2.shape import to_shape
from shapely import MultiLineString, Point
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid
from app.base.models import Division
from app.base.tables import SRID
from app.intake.models import Segment
from app.inventory.asks import Hold, HoldsOfStreets
from app.inventory.logic import CUT_M, JOIN_M
from app.inventory.models import ScopeReason, Street, StreetSegment, StreetState
from app.inventory.queries import line_of
from app.inventory.steps.deriving import judge_again as judge_village
from app.inventory.steps.deriving import judge_scope
from app.inventory.steps.making import chord_bearing_deg
from gis.carriageways import along_m
from gis.cutting import cut
from gis.errors import GisError
from gis.joining import join as join_lines
from gis.shaping import Plane, parts_of

Holds = Sequence[HoldsOfStreets]
_HELD = {
    Hold.NAME: N_("A name is in force for this street as it is. Retire the name first."),
    Hold.PROPOSAL: N_("A name is proposed for this street as it is. Withdraw the proposal first."),
    Hold.SIGNS: N_("Signs are planned or stand along this street as it is. Take them away first."),
}


def split(session: Session, clock: Clock, *, street: Street, at: Sequence[float], holds: Holds) -> Street:
    """One unnamed street → two, cut at its place nearest to ``at`` (lon, lat); the new one, which is the shorter.

    A ring is cut in two places: lon, lat, lon, lat.

    At a junction between segments or within one; each segment goes with the part it mostly lies along. By officers.
    Raises Conflict where a later station holds the street, Invalid (``at``) for a place that is not on it or does not
    part it.
    """
    require_free(session, [street], holds)
    try:
        places, named = zip(at[::2], at[1::2], strict=True), street.surveyed_name is not None
        kept, rest = cut(line_of(street), *places, within_m=CUT_M, named=named)
    except GisError as refusal:
        raise Invalid(refusal.message, field=refusal.field, **refusal.values) from refusal
    made = Street(
        division_id=street.division_id,
        surveyed_name=street.surveyed_name,
        road_class=street.road_class,
        stream=street.stream,
        stream_on=street.stream_on,
        stream_reason=street.stream_reason,
        in_scope=street.in_scope,
        geometry_source=street.geometry_source,
        surveyed_on=street.surveyed_on,
    )
    shape(made, rest, clock)
    session.add(made)
    session.flush()
    _share_segments(session, street, kept=kept, made=made, rest=rest)
    shape(street, kept, clock)
    session.flush()
    judge_again(session, clock, street, made)
    return made


def join(session: Session, clock: Clock, *, streets: Sequence[Street], holds: Holds) -> Street:
    """Unnamed streets of one village that meet or are carriageways of one road → one; the longest or that with a past.

    Their segments and reasons go over to it. By officers. Raises Conflict where they are of several villages, held by
    a later station, called differently by the survey, farther apart than ``JOIN_M`` metres, or where the records of
    more than one have a past that must not be lost; Invalid for fewer than two.
    """
    if len({street.id for street in streets}) < 2:  # noqa: PLR2004 - one street is joined to nothing
        raise Invalid("Choose the streets that are one: two at least.", field="seen")
    if len({street.division_id for street in streets}) > 1:
        raise Conflict(
            "These streets belong to several villages. A street that crosses a border keeps one part in each."
        )
    if len({street.stream for street in streets}) > 1:
        raise Conflict("These streets are counted in different programmes. Put them into one first.")
    past = require_free(session, streets, holds)
    names = {street.surveyed_name for street in streets if street.surveyed_name}
    if len(names) > 1:
        raise Conflict(
            "The survey calls these streets {names}: these are several streets.", names="、".join(sorted(names))
        )
    if len(past) > 1:
        raise Conflict("Names or signs were recorded for more than one of these streets: their records stay apart.")
    try:
        lines = [line_of(street) for street in streets]
        line = join_lines(lines, within_m=JOIN_M, named=all(street.surveyed_name for street in streets))
    except GisError as refusal:
        raise Conflict(refusal.message, **refusal.values) from refusal
    kept = next(iter(past), None) or max(streets, key=lambda street: (street.length_m, -street.id))
    others = [street for street in streets if street is not kept]
    _take_over(session, kept, others)
    kept.surveyed_name = next(iter(names), None)
    kept.in_scope = any(street.in_scope for street in streets)
    shape(kept, line, clock)
    session.flush()
    _remove(session, others)
    judge_again(session, clock, kept)
    return kept


def mark_no_street(session: Session, clock: Clock, *, street: Street, reason: str, holds: Holds) -> None:
    """Unnamed → no street, for a reason: out of scope, out of the lists, no crossing for signs.

    Later surveys of its lines do not bring it back. By officers. Raises Invalid (``reason``) for none, Conflict where a
    later station holds it.
    """
    if not reason.strip():
        raise Invalid("Say why this is no street: those who find it in the survey again will read it.", field="reason")
    require_free(session, [street], holds)
    street.state = StreetState.NO_STREET.value
    street.in_scope = False
    street.no_street_on, street.no_street_reason = clock.today(), reason.strip()
    session.flush()
    judge_again(session, clock, street)


def take_back_no_street(session: Session, clock: Clock, *, street: Street) -> None:
    """No street → unnamed again. By officers. Raises Conflict for a street that nobody called none."""
    if street.state != StreetState.NO_STREET.value:
        raise Conflict("Nobody said that this is no street. Load its page again.")
    street.state = StreetState.UNNAMED.value
    street.no_street_on = street.no_street_reason = None
    session.flush()
    judge_again(session, clock, street)


def shape(street: Street, line: MultiLineString, clock: Clock) -> None:
    """A street takes a line, today: its length along the road, how it runs."""
    parts = parts_of(line)
    street.line = WKBElement(line.wkb, srid=SRID)
    street.length_m = along_m(shapely.get_parts(line), named=street.surveyed_name is not None)
    street.bearing_deg = chord_bearing_deg(parts)
    street.shaped_on = clock.today()


def require_free(session: Session, streets: Sequence[Street], holds: Holds) -> list[Street]:
    """The streets with a past, none of them held. Raises Conflict where a later station holds one now."""
    if any(street.state == StreetState.NO_STREET.value for street in streets):
        raise Conflict("This was said to be no street. Take that back first.")
    keys = [street.id for street in streets]
    found = [(street, answer) for ask in holds for street, answer in ask(session, keys).items()]
    for hold, message in _HELD.items():
        if any(answer is hold for _, answer in found):
            raise Conflict(message)
    if any(street.state not in {StreetState.UNNAMED.value, StreetState.RETIRED.value} for street in streets):
        raise Conflict(_HELD[Hold.PROPOSAL])
    past = {street for street, _ in found}
    return [street for street in streets if street.id in past]


def _share_segments(
    session: Session, street: Street, *, kept: MultiLineString, made: Street, rest: MultiLineString
) -> None:
    plane = Plane.of(kept)
    sides = [plane.flat(kept), plane.flat(rest)]
    rows = session.execute(
        select(StreetSegment, Segment.line)
        .join(Segment, Segment.id == StreetSegment.segment_id)
        .where(StreetSegment.street_id == street.id)
        .order_by(StreetSegment.id)
    )
    for member, line in rows:
        middle: Point = plane.flat(to_shape(line)).interpolate(0.5, normalized=True)
        if sides[1].distance(middle) < sides[0].distance(middle):
            member.street_id = made.id
    session.flush()


def _take_over(session: Session, kept: Street, others: Sequence[Street]) -> None:
    """The segments of the others, each once, and their reasons, each facility once: the oldest reason that holds."""
    keys = [street.id for street in (kept, *others)]
    members = session.scalars(
        select(StreetSegment).where(StreetSegment.street_id.in_(keys)).order_by(StreetSegment.id)
    ).all()
    reasons = session.scalars(
        select(ScopeReason).where(ScopeReason.street_id.in_(keys)).order_by(ScopeReason.found_on, ScopeReason.id)
    ).all()
    mine = sorted(members, key=lambda member: member.street_id != kept.id)
    moving = [*_once(mine, "segment_id"), *_once([one for one in reasons if one.until_on is None], "facility_id")]
    moving += [reason for reason in reasons if reason.until_on is not None]
    for row in {*members, *reasons} - {*moving}:
        session.delete(row)
    session.flush()
    for row in moving:
        row.street_id = kept.id
    session.flush()


def _once(rows: Sequence[StreetSegment | ScopeReason], key: str) -> list[StreetSegment | ScopeReason]:
    """The first row of each value of a column."""
    found: dict[int, StreetSegment | ScopeReason] = {}
    for row in rows:
        found.setdefault(getattr(row, key), row)
    return list(found.values())


def _remove(session: Session, streets: Sequence[Street]) -> None:
    try:
        with session.begin_nested():
            for street in streets:
                session.delete(street)
    except IntegrityError as error:
        raise Conflict(_HELD[Hold.PROPOSAL]) from error


def judge_again(session: Session, clock: Clock, *streets: Street) -> None:
    """The scope of the streets' villages anew, at the distance last used there; nothing where it was never judged."""
    for key in dict.fromkeys(street.division_id for street in streets):
        judge_in(session, clock, session.get_one(Division, key))
    for street in streets:
        session.refresh(street)


def judge_in(session: Session, clock: Clock, village: Division, *, like: Division | None = None) -> None:
    """The scope of a village's streets anew, at the distance last used there; nothing where it was never judged.

    A village that was never judged takes the distance last used in another that is ``like`` it.
    """
    if _used_m(session, village) is not None:
        judge_village(session, clock, division=village)
    elif like is not None and (within_m := _used_m(session, like)) is not None:
        judge_scope(session, clock, division=village, within_m=within_m)


def _used_m(session: Session, village: Division) -> float | None:
    """At what distance the scope of a village's streets was last judged; None where it never was."""
    judged = select(ScopeReason.within_m).where(ScopeReason.territory.op("<@")(village.path))
    return session.scalar(judged.order_by(ScopeReason.id.desc()).limit(1))
