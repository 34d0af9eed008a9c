"""Reads of the inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from geoalchemy2.shape import to_shape
from shapely import MultiLineString, get_parts
from sqlalchemy import ColumnElement, Row, Select, func, literal, literal_column, select
from sqlalchemy.orm import Session

from app.base import paging
from app.base.errors import N_
from app.base.models import Division
from app.base.seen import Whole
from app.intake.models import Facility, Intake, Segment
from app.inventory.logic import CUT_M, JOIN_M, side
from app.inventory.models import ScopeReason, Stream, Street, StreetSegment, StreetState
from gis import cutting, shaping
from gis.carriageways import along_m
from gis.crs import bearings_deg
from gis.errors import GisError
from gis.joining import Meeting, meet

_NFKC: ColumnElement[Any] = literal_column("NFKC")
#: What the page counts from which the scope is judged.
STREETS, IN_SCOPE = N_("Streets"), N_("Streets in scope")
#: What the list can be sorted by.
SORTS: dict[str, ColumnElement[Any]] = {
    "length": Street.length_m.expression,
    "village": Division.name.expression,
    "surveyed": func.coalesce(Street.surveyed_name, ""),
}


def streets(
    place: Division, *, state: str = "", scope: str = "", surveyed: str = "", stream: str = ""
) -> Select[*tuple[Any, ...]]:
    """Streets of a territory with their villages, for paging by key."""
    found = (
        select(Street, Division.name.label("village"))
        .join(Division, Division.id == Street.division_id)
        .where(Street.territory.op("<@")(place.path))
    )
    for wanted in _filters(state, scope, surveyed):
        found = found.where(wanted)
    return found.where(Street.stream == stream) if stream else found


def in_second_stream(session: Session, place: Division) -> int:
    """How many streets of a territory are counted in the second stream."""
    return paging.count(session, streets(place, stream=Stream.NEW_ROAD.value))


def _filters(state: str, scope: str, surveyed: str) -> list[ColumnElement[bool]]:
    kept: list[ColumnElement[bool]] = []
    kept.append(Street.state == state if state else Street.state != StreetState.NO_STREET.value)
    if scope in {"in", "out"}:
        kept.append(Street.in_scope.is_(scope == "in"))
    if surveyed in {"yes", "no"}:
        kept.append(Street.surveyed_name.is_not(None) if surveyed == "yes" else Street.surveyed_name.is_(None))
    return kept


def counts(session: Session, place: Division) -> dict[str, int]:
    """How many streets of a territory are in each state, how many of all are in scope, and which ones as a sum."""
    below = Street.territory.op("<@")(place.path)
    rows = session.execute(
        select(
            Street.state,
            func.count(),
            func.count().filter(Street.in_scope),
            func.coalesce(func.sum(Street.id).filter(Street.in_scope), 0),
        )
        .where(below)
        .group_by(Street.state)
    ).all()
    in_scope, mark = sum(row[2] for row in rows), int(sum(row[3] for row in rows))
    return {**{row[0]: row[1] for row in rows}, "in_scope": in_scope, "mark": mark}


def whole_in_scope(counts: Mapping[str, int]) -> Whole:
    """The counted streets of a territory by what a judgement of their scope changes, as one."""
    n = sum(counts.get(state.value, 0) for state in StreetState)
    return Whole(((STREETS, n), (IN_SCOPE, counts["in_scope"])), counts["mark"])


def called_later(name: ColumnElement[Any]) -> ColumnElement[Any]:
    """What later surveys call a street beside ``name``, by commas; NULL where none calls it otherwise.

    Of the lines that came later and run along it; names are compared without blanks and width (NFKC).
    """
    theirs, mine = (func.regexp_replace(func.normalize(each, _NFKC), r"\s", "", "g") for each in (Segment.name, name))
    return (
        select(func.string_agg(Segment.name.distinct(), "、"))
        .join(StreetSegment, StreetSegment.segment_id == Segment.id)
        .where(StreetSegment.street_id == Street.id, StreetSegment.beside, Segment.name.is_not(None), theirs != mine)
        .correlate_except(Segment, StreetSegment)
        .scalar_subquery()
    )


def also_called(session: Session, street: Street, name: str | None) -> list[str]:
    """What later surveys call a street otherwise than ``name`` or, without one, than its surveyed name."""
    wanted = called_later(literal(name or street.surveyed_name or ""))
    found = session.scalar(select(wanted).select_from(Street).where(Street.id == street.id))
    return found.split("、") if found else []


def loose_segments(session: Session, place: Division) -> int:
    """How many surveyed segments of a territory are part of no street yet."""
    wanted = (
        select(func.count())
        .select_from(Segment)
        .outerjoin(StreetSegment, StreetSegment.segment_id == Segment.id)
        .where(Segment.territory.op("<@")(place.path), StreetSegment.id.is_(None))
    )
    return int(session.scalar(wanted) or 0)


def reasons_of(session: Session, street: Street) -> Sequence[Row[*tuple[Any, ...]]]:
    """Why a street is in scope: which facility, how far, by which rule; the nearest first."""
    return session.execute(
        select(ScopeReason, Facility.kind, Facility.name)
        .join(Facility, Facility.id == ScopeReason.facility_id)
        .where(ScopeReason.street_id == street.id, ScopeReason.until_on.is_(None))
        .order_by(ScopeReason.distance_m, ScopeReason.id)
    ).all()


def intakes_of(session: Session, street: Street) -> Sequence[Intake]:
    """The files that a street's lines came with."""
    of_street = (
        select(Segment.intake_id)
        .join(StreetSegment, StreetSegment.segment_id == Segment.id)
        .where(StreetSegment.street_id == street.id)
    )
    return session.scalars(select(Intake).where(Intake.id.in_(of_street)).order_by(Intake.id)).all()


def segments_of(session: Session, street: Street) -> int:
    """How many segments a street is made of."""
    wanted = select(func.count()).select_from(StreetSegment).where(StreetSegment.street_id == street.id)
    return int(session.scalar(wanted) or 0)


def meeting(session: Session, street: Street) -> list[tuple[Street, Meeting]]:
    """Unnamed streets of the same village that this one can be joined to, and how they meet.

    Its other carriageway first, then those whose ends meet, then those that it touches elsewhere; the nearest first.
    """
    line, around = line_of(street), func.ST_Expand(Street.line, 0.001)
    near = session.scalars(
        select(Street).where(
            Street.division_id == street.division_id,
            Street.id != street.id,
            Street.state == StreetState.UNNAMED.value,
            func.ST_Intersects(around, street.line),
        )
    )
    name = street.surveyed_name
    found = [(one, meet(line, line_of(one), named=bool(name and name == one.surveyed_name))) for one in near]
    found = [(one, met) for one, met in found if met.gap_m <= JOIN_M]
    return sorted(found, key=lambda one: (not one[1].beside, not one[1].ends, one[1].gap_m, one[0].id))


def line_of(street: Street) -> MultiLineString:
    """A street's line."""
    return MultiLineString(shaping.parts_of(to_shape(street.line)))


@dataclass(frozen=True, slots=True)
class Cut:
    """A place where a street may be cut (lon, lat; a ring: two places), and what becomes of it."""

    at: str
    where: str  # a message
    side: str  # a message: which part becomes a street of its own
    rest_m: float
    kept_m: float


def cuts(street: Street) -> list[Cut]:
    """Where a street may be cut: its junctions, and the middle of its longest part where that parts it.

    A ring may be cut at two of its corners.
    """
    line, named = line_of(street), street.surveyed_name is not None
    wanted: list[tuple[tuple[shaping.XY, ...], str]]
    wanted = [((place,), N_("At a junction")) for place in cutting.junctions(line)]
    wanted.append(((cutting.middle(line),), N_("In the middle, at no junction")))
    wanted += [(pair, N_("At two corners of the ring")) for pair in cutting.ring_cuts(line)]
    made: list[Cut] = []
    for places, where in wanted:
        try:
            kept, rest = cutting.cut(line, *places, within_m=CUT_M, named=named)
        except GisError:
            continue
        ends = [np.array([[shape.centroid.x, shape.centroid.y]]) for shape in (kept, rest)]
        lengths = [along_m(get_parts(shape), named=named) for shape in (rest, kept)]
        at = " ".join(f"{lon:.8f},{lat:.8f}" for lon, lat in places)
        one = Cut(at, where, side(float(bearings_deg(*ends)[0])), *lengths)
        if not any(_alike(one, other) for other in made):
            made.append(one)
    return made


def _alike(one: Cut, other: Cut) -> bool:
    """Whether two cuts at one place make the same of a street, as those at the two carriageways' junctions do."""
    same_m = abs(one.rest_m - other.rest_m) <= 1 and abs(one.kept_m - other.kept_m) <= 1
    return same_m and one.side == other.side and " " not in one.at + other.at


def lines(place: Division) -> Select[*tuple[Any, ...]]:
    """Streets of a territory with their lines as GeoJSON texts, for paging by key."""
    return (
        select(Street, Division.uid.label("village_uid"), func.ST_AsGeoJSON(Street.line, 7, 0).label("shape"))
        .join(Division, Division.id == Street.division_id)
        .where(Street.territory.op("<@")(place.path))
    )


def waiting(session: Session) -> int:
    """Streets in scope that this person sees and that have neither name nor proposal."""
    wanted = select(func.count()).select_from(Street).where(Street.in_scope, Street.state == StreetState.UNNAMED.value)
    return int(session.scalar(wanted) or 0)


def made_of_line(session: Session, line: UUID) -> tuple[UUID | None, UUID | None]:
    """The street that was made of a surveyed line, and the file that brought the line, as far as there are any."""
    found = session.execute(
        select(Street.uid, Intake.uid)
        .select_from(Segment)
        .outerjoin(Intake, Intake.id == Segment.intake_id)
        .outerjoin(StreetSegment, StreetSegment.segment_id == Segment.id)
        .outerjoin(Street, Street.id == StreetSegment.street_id)
        .where(Segment.uid == line)
        .order_by(Street.id)
        .limit(1)
    ).one_or_none()
    return (found[0], found[1]) if found else (None, None)
