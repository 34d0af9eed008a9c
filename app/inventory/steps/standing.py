"""The streets around new lines, with the lines that they are made of: those that nobody decided, and the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Row, cast, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.base.models import Division
from app.base.shares import chunks, silent
from app.intake.models import Segment
from app.inventory.asks import HoldsOfStreets
from app.inventory.models import Stream, Street, StreetSegment, StreetState
from gis.features import Centreline
from gis.linework import SNAP_M
from gis.streets import plain_name

Holds = Sequence[HoldsOfStreets]
#: Two carriageways of one road lie no farther apart.
_CARRIAGEWAYS_M = 40.0
#: So near (some 60 m, as far as a leg of a corner reaches) what meets a street tells what it does there.
_NEAR_DEG = 0.0007
#: A character that no name has, before the names of what is not derived again.
_DECIDED = "\ue000"


@dataclass(frozen=True, slots=True)
class Part:
    """A line of a street that stands: whose, and the segment that it is of; without one the street is decided."""

    street: int
    segment: Any
    centreline: Centreline


@dataclass(frozen=True, slots=True)
class Ground:
    """The parts of the streets around; ``touched``: those of them that the new lines touch."""

    parts: Sequence[Part]
    touched: Collection[int]


def is_one_of(column: InstrumentedAttribute[int], keys: Collection[int]) -> ColumnElement[bool]:
    """Whether a column is one of many keys."""
    return column == func.any(cast(sorted(keys), ARRAY(BigInteger)))


def ground_of(
    session: Session,
    division: Division,
    *,
    lines: Sequence[tuple[Any, shapely.LineString]],
    streets: Collection[int],
    holds: Holds,
) -> Ground:
    """The streets that new lines touch, or that are given, whole; and of those that these meet what lies near.

    So far a street's continuation depends on what meets it. Whole are of the others also those that a gap in a name or
    a roundabout may join to the first; the rest tell how many roads meet at a junction, as what people decided does.
    """
    near = touching(session, division, lines=[line for _, line in lines], within_m=SNAP_M)
    near |= touching(session, division, lines=[line for row, line in lines if row.oneway], within_m=_CARRIAGEWAYS_M)
    touched = near | set(streets) | touching(session, division, streets=streets, within_m=SNAP_M)
    if not touched:
        return Ground((), touched)
    around = touching(session, division, streets=touched, within_m=SNAP_M) - touched
    rows = _streets(session, touched | around)
    members = _members(session, _free([row for row in rows if row.id in touched], session, holds))
    carrying = [street for street, of in members.items() if any(row.oneway for row in of)]
    near_rings = touching(session, division, streets=carrying, within_m=SNAP_M)
    names = {plain_name(row.name) for row, _ in lines} | {
        plain_name(row.surveyed_name) for row in rows if row.id in touched
    }
    also = [
        row
        for row in rows
        if row.id in around and (row.id in near_rings or (row.surveyed_name and plain_name(row.surveyed_name) in names))
    ]
    members = {**members, **_members(session, _free(also, session, holds))}
    return Ground(_parts(rows, members, [line for _, line in lines]), touched)


def touching(
    session: Session,
    division: Division,
    *,
    lines: Sequence[shapely.LineString] = (),
    streets: Collection[int] = (),
    within_m: float,
) -> set[int]:
    """The streets that the person may change, so near to lines or to other streets, which are among them."""
    if not lines and not streets:
        return set()
    asked = text(
        "SELECT street_id FROM inventory.touching("
        "CAST(:top AS ltree), CAST(:lines AS bytea[]), CAST(:streets AS bigint[]), :within_m)"
    )
    shapes = [line.wkb for line in lines]
    values = {"top": division.path, "lines": shapes, "streets": sorted(streets), "within_m": within_m}
    return set(session.scalars(asked, values))


def _streets(session: Session, keys: Collection[int]) -> Sequence[Any]:
    """These streets with their lines, and whether people decided what they are."""
    return session.execute(
        select(
            Street.id,
            Street.surveyed_name,
            Street.road_class,
            Street.line.ST_AsBinary().label("line"),
            (
                (Street.state != StreetState.UNNAMED.value)
                | Street.shaped_on.is_not(None)
                | (Street.stream != Stream.VILLAGE.value)
                | Street.stream_on.is_not(None)
            ).label("decided"),
        )
        .where(is_one_of(Street.id, keys))
        .order_by(Street.id)
    ).all()


def _free(streets: Sequence[Any], session: Session, holds: Holds) -> list[int]:
    """Those of the streets that nobody decided, and that no later station knows of."""
    keys = [row.id for row in streets if not row.decided]
    held = {street for ask in holds for some in chunks(keys, silent) for street in ask(session, some)}
    return [key for key in keys if key not in held]


def _parts(streets: Sequence[Any], members: Mapping[int, Sequence[Any]], new: Sequence[Any]) -> list[Part]:
    """The lines of the streets that have members; of the others, with a name each that nothing else has, what is near.

    Near to the new lines and to those streets.
    """
    lines, owner = shapely.get_parts(shapely.from_wkb([bytes(row.line) for row in streets]), return_index=True)
    free = np.array([row.id in members for row in streets])[owner]
    tree = shapely.STRtree([*lines[free], *new])
    kept = free.copy()
    kept[~free] = np.isin(
        np.arange((~free).sum()), tree.query(lines[~free], predicate="dwithin", distance=_NEAR_DEG)[0]
    )
    of_street: dict[int, list[Any]] = defaultdict(list)
    for n in np.flatnonzero(kept & (shapely.length(lines) > 0)).tolist():
        of_street[int(owner[n])].append(lines[n])
    return [part for n, row in enumerate(streets) for part in _parts_of(row, of_street[n], members.get(row.id, ()))]


def _members(session: Session, streets: Collection[int]) -> Mapping[int, list[Any]]:
    """The segments that streets are made of, with their lines."""
    if not streets:
        return {}
    rows = session.execute(
        segments(StreetSegment.street_id)
        .join(StreetSegment, StreetSegment.segment_id == Segment.id)
        .where(is_one_of(StreetSegment.street_id, streets), ~StreetSegment.beside)
        .order_by(Segment.id)
    ).all()
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.street_id].append(row)
    return found


def segments(*also: Any) -> Any:
    """A select of segments with what streets are made by, the lines as WKB."""
    return select(
        Segment.id,
        Segment.name,
        Segment.road_class,
        Segment.oneway,
        Segment.division_id,
        Segment.geometry_source,
        Segment.length_m,
        Segment.line.ST_AsBinary().label("line"),
        *also,
    )


def _parts_of(street: Row[Any], lines: Sequence[Any], members: Sequence[Any]) -> list[Part]:
    """The lines of one street, each with the segment that it lies on."""
    key, name = f"{street.id:012}", plain_name(street.surveyed_name)
    if not members:
        return [
            Part(street.id, None, Centreline(f"{key}/{n}", line, f"{_DECIDED}{key}/{n}", street.road_class))
            for n, line in enumerate(lines)
        ]
    shapes = shapely.from_wkb([bytes(row.line) for row in members])
    middles = shapely.line_interpolate_point(np.array(lines, dtype=object), 0.5, normalized=True)
    nearest = shapely.STRtree(shapes).nearest(middles).tolist()
    borne = {plain_name(row.name) for row in members}
    learnt = name if name not in borne else None  # from another survey: no line of its own says so
    return [
        Part(street.id, row, Centreline(f"{key}/{n}", line, row.name or learnt, row.road_class, row.oneway))
        for n, (line, row) in enumerate(zip(lines, (members[m] for m in nearest), strict=True))
    ]
