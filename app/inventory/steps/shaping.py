"""What people decide of the shape of streets: split, join, draw, re-shape, and *this is no street*.

Each step is one act, taken back with the one undo, and refused where a later station holds the street
(:class:`app.inventory.asks.Hold`): a name, a proposal or signs were made for its shape. Afterwards the scope of its
village is judged anew at the distance last used there, for a shop may stand at one half only.
"""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from geoalchemy2 import WKBElement
from geoalchemy2.shape import to_shape
from shapely import LineString, MultiLineString, Point
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid
from app.base.models import Division
from app.base.tables import SRID
from app.intake.keeping import FAR_M
from app.intake.models import Segment
from app.inventory.asks import Hold, HoldsOfStreets
from app.inventory.logic import CUT_M, JOIN_M
from app.inventory.models import LineSource, ScopeReason, Stream, Street, StreetSegment, StreetState
from app.inventory.queries import line_of
from app.inventory.steps.attaching import ALONG, NEAR_M
from app.inventory.steps.deriving import chord_bearing_deg
from app.inventory.steps.deriving import judge_again as judge_village
from gis import shaping
from gis.carriageways import along_m
from gis.cutting import cut
from gis.errors import GisError
from gis.joining import join as join_lines
from gis.shaping import Plane, parts_of

Holds = Sequence[HoldsOfStreets]
#: A drawn street's length, its corners, how often it may meet itself, and how far from its village's point it may lie
#: where no outline of the county is known (estimates: what a village's street is not).
_LEAST_M, _MOST_M, _MOST_CORNERS, _MOST_CROSSINGS, _FAR_M = 2.0, 30_000.0, 2000, 2, 15_000.0
_HELD = {
    Hold.NAME: N_("A name is in force for this street as it is. Retire the name first."),
    Hold.PROPOSAL: N_("A name is proposed for this street as it is. Withdraw the proposal first."),
    Hold.SIGNS: N_("Signs are planned or stand along this street as it is. Take them away first."),
}
_OUTSIDE = text(
    """
    SELECT d.name FROM base.division d, ST_GeomFromWKB(:line, 4490) l
     WHERE d.path @> CAST(:path AS ltree)
       AND CASE WHEN d.outline IS NOT NULL THEN d.kind IN ('county', 'zone') AND EXISTS (
                  SELECT FROM ST_DumpPoints(l) p WHERE NOT ST_DWithin(d.outline, p.geom, 0.002))
                ELSE d.path = CAST(:path AS ltree) AND d.point IS NOT NULL
                 AND ST_Distance(d.point::geography, l::geography) > :far_m END
     LIMIT 1
    """
)


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
    _shape(made, rest, clock)
    session.add(made)
    session.flush()
    _share_segments(session, street, kept=kept, made=made, rest=rest)
    _shape(street, kept, clock)
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
    _shape(kept, line, clock)
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


def village_of(session: Session, line: LineString, *, top: Division) -> Division:
    """The village that the middle of a line lies in, or nearest to, below ``top``.

    Raises Invalid (``line``) where there is none near: nobody would propose a name for a street there.
    """
    place = line.interpolate(0.5, normalized=True)
    asked = text("SELECT * FROM intake.places_of(ARRAY[ST_GeomFromWKB(:place, 4490)], CAST(:top AS ltree), :far_m)")
    found = session.scalar(asked, {"place": place.wkb, "top": top.path, "far_m": FAR_M})
    if found is None:
        raise Invalid(
            "No village of {name} lies there. Draw the street where its village is.", field="line", name=top.name
        )
    return session.get_one(Division, found)


def draw(session: Session, clock: Clock, *, line: LineString, village: Division) -> Street:
    """Nothing → unnamed: a street of a village that the survey does not have, drawn by hand (lon, lat in EPSG:4490).

    By officers. Raises Invalid (``line``) for an implausible line, Conflict where it runs along a street of the village
    that is there already.
    """
    _require_plausible(session, MultiLineString([line]), village)
    there = session.scalars(select(Street).where(Street.division_id == village.id)).all()
    if shaping.beside(line, [line_of(street) for street in there], near_m=NEAR_M / 2).share >= ALONG:
        raise Conflict("A street runs there already. Open it and re-shape it, or take back that it is no street.")
    made = Street(
        division_id=village.id,
        stream=Stream.VILLAGE.value,
        geometry_source=LineSource.DRAWN.value,
        surveyed_on=clock.today(),
    )
    _shape(made, MultiLineString([line]), clock)
    session.add(made)
    session.flush()
    judge_again(session, clock, made)
    return made


def reshape(session: Session, clock: Clock, *, street: Street, line: MultiLineString, holds: Holds) -> None:
    """An unnamed street → the same along another line, drawn by hand.

    Its segments stay its own, so that a survey of its former course makes no second street. By officers. Raises Invalid
    (``line``) for an implausible line, Conflict where a later station holds it.
    """
    require_free(session, [street], holds)
    village = session.get_one(Division, street.division_id)
    _require_plausible(session, line, village)
    street.geometry_source = LineSource.DRAWN.value
    _shape(street, line, clock)
    session.flush()
    judge_again(session, clock, street)


def _shape(street: Street, line: MultiLineString, clock: Clock) -> None:
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


def _require_plausible(session: Session, line: MultiLineString, village: Division) -> None:
    """Raise Invalid (``line``) where drawn lines can be no street of this village."""
    if line.is_empty or not shapely.is_valid(line) or not _LEAST_M < shaping.length_m(line) <= _MOST_M:
        raise Invalid(
            "A street is between {least} m and {most} km long. Draw its line from one end to the other.",
            field="line",
            least=round(_LEAST_M),
            most=round(_MOST_M / 1000),
        )
    if shapely.get_num_coordinates(line) > _MOST_CORNERS:
        raise Invalid("The line has more than {most} corners. Draw it with fewer.", field="line", most=_MOST_CORNERS)
    if any(shaping.crossings(part) > _MOST_CROSSINGS for part in parts_of(line)):
        raise Invalid("The line crosses itself again and again. Draw it along the middle of the street.", field="line")
    asked = {"line": line.wkb, "path": village.path, "far_m": _FAR_M}
    outside = session.scalar(_OUTSIDE, asked)
    if outside is not None:
        raise Invalid("The line lies outside of {name}. Draw it where the street is.", field="line", name=outside)


def judge_again(session: Session, clock: Clock, *streets: Street) -> None:
    """The scope of the streets' village anew, at the distance last used there; nothing where it was never judged."""
    village = session.get_one(Division, streets[0].division_id)
    judged = select(ScopeReason.id).where(ScopeReason.territory.op("<@")(village.path)).limit(1)
    if session.scalar(judged) is not None:
        judge_village(session, clock, division=village)
    for street in streets:
        session.refresh(street)
