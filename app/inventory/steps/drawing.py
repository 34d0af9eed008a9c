"""Streets drawn by hand on the map: a new one, and another line for one that is there.

Both lie where their person works, and belong to the village that most of their line lies in, as derived streets do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import shapely
from shapely import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import Conflict, Invalid
from app.base.models import Division
from app.base.people import is_below
from app.intake.keeping import FAR_M
from app.inventory.logic import MOVED_M, Near, village_at
from app.inventory.models import LineSource, Stream, Street, StreetSegment
from app.inventory.queries import line_of
from app.inventory.steps.attaching import NEAR_M
from app.inventory.steps.shaping import Holds, judge_again, judge_in, require_free, shape
from gis import shaping
from gis.resurveys import ALONG
from gis.shaping import Plane, parts_of

#: A drawn street's length, its corners, how often it may meet itself, and how far from its village's point it may lie
#: where no outline of the county is known (estimates: what a village's street is not).
_LEAST_M, _MOST_M, _MOST_CORNERS, _MOST_CROSSINGS, _FAR_M = 2.0, 30_000.0, 2000, 2, 15_000.0
#: At so many places of a line it is asked whose village lies there (estimate; odd, so that one has most of them).
_SAMPLES = 9
_VILLAGES = text(
    """
    SELECT * FROM inventory.villages_at(
      ARRAY(SELECT ST_SetSRID(ST_GeomFromWKB(w), 4490) FROM unnest(CAST(:places AS bytea[])) WITH ORDINALITY x(w, n)
             ORDER BY n), :far_m)
    """
)
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


def village_of(session: Session, line: BaseGeometry, *, top: Division, former: Street | None = None) -> Division:
    """The village that most of a line lies in, below ``top``: by outlines, else by the nearest point.

    A street that is re-shaped stays in its ``former`` village unless another is clearly nearer. Raises Invalid
    (``line``) where that village is another territory's, and where there is none near: nobody would propose a name.
    """
    votes = Counter(_villages_at(session, shaping.places_along(line, _SAMPLES), top=top, former=former))
    found = max(votes, key=lambda one: (votes[one], one is not None), default=None)
    if found is None and former is not None:
        return session.get_one(Division, former.division_id)  # where no village is near, none is nearer than its own
    if found is None:
        raise Invalid(
            "No village of {name} lies there. Draw the street where its village is.", field="line", name=top.name
        )
    village = session.get_one(Division, found)
    if not is_below(village.path, top.path):
        raise Invalid(
            "Most of the line lies in {village}, which is not in {name}. Draw it where your streets are; the street"
            " there is for its own officers.",
            field="line",
            village=village.name,
            name=top.name,
        )
    return village


def _villages_at(
    session: Session, places: Sequence[Point], *, top: Division, former: Street | None
) -> Iterator[int | None]:
    """The village at each place, whosever it is; None where none is near."""
    near: dict[int, list[Near]] = {n: [] for n in range(1, len(places) + 1)}
    asked = {"places": [place.wkb for place in places], "far_m": FAR_M}
    before = former.division_id if former else 0
    for row in session.execute(_VILLAGES, asked):
        mine = is_below(row.path, top.path)
        near[row.n].append(Near(row.division_id, row.holds, row.away_m, mine, former=row.division_id == before))
    for found in near.values():
        village = village_at(found)
        yield village.village if village else None


def drawn_before(session: Session, *, line: LineString, village: Division) -> Street | None:
    """The street that this very line was drawn as, as where a form is sent twice; None for none.

    What is drawn in one village at one time waits for each other.
    """
    key = {"key": f"inventory.draw {village.id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    drawn = select(Street).where(Street.division_id == village.id, Street.geometry_source == LineSource.DRAWN.value)
    return next((one for one in session.scalars(drawn) if line_of(one) == MultiLineString([line])), None)


def draw(session: Session, clock: Clock, *, line: LineString, village: Division) -> Street:
    """Nothing → unnamed: a street of a village that the survey does not have, drawn by hand (lon, lat in EPSG:4490).

    By officers. Raises Invalid (``line``) for an implausible line, Conflict where it runs along a street of the village
    that is there already, or was drawn at the same time.
    """
    whole = MultiLineString([line])
    _require_plausible(session, whole, village)
    drawn_before(session, line=line, village=village)  # waits for those who draw there now
    if _along(session, whole, [village.id]):
        raise Conflict("A street runs there already. Open it and re-shape it, or take back that it is no street.")
    made = Street(
        division_id=village.id,
        stream=Stream.VILLAGE.value,
        geometry_source=LineSource.DRAWN.value,
        surveyed_on=clock.today(),
    )
    shape(made, whole, clock)
    session.add(made)
    session.flush()
    judge_again(session, clock, made)
    return made


def reshape(
    session: Session,
    clock: Clock,
    *,
    street: Street,
    line: MultiLineString,
    holds: Holds,
    village: Division | None = None,
) -> None:
    """An unnamed street → the same along another line, drawn by hand; in ``village``, else where it was.

    Its segments stay its own, so that a survey of its former course makes no second street. By officers. Raises Invalid
    (``line``) for an implausible line and one farther than ``MOVED_M`` metres from the former course, Conflict where a
    later station holds it and where it runs along another street.
    """
    require_free(session, [street], holds)
    before = session.get_one(Division, street.division_id)
    village = village or before
    _require_plausible(session, line, village)
    _require_near(street, line)
    if any(one.id != street.id for one in _along(session, line, {before.id, village.id}, but=street)):
        raise Conflict("Another street runs there already. Join the two, or say of one of them that it is no street.")
    street.geometry_source = LineSource.DRAWN.value
    shape(street, line, clock)
    if village is not before:
        _move(session, street, village)
    session.flush()
    if village is not before:
        judge_in(session, clock, village, like=before)
        judge_in(session, clock, before)
    judge_again(session, clock, street)


def _along(
    session: Session, line: MultiLineString, villages: Iterable[int], *, but: Street | None = None
) -> list[Street]:
    """The streets of some villages that most of a line runs along, those that are none too; none where it is new."""
    wanted = select(Street).where(Street.division_id.in_(villages)).order_by(Street.id)
    found = [one for one in session.scalars(wanted) if one is not but]
    plane = Plane.of(line)
    around = shapely.box(*plane.flat(line).bounds).buffer(NEAR_M)
    near = [one for one in found if plane.flat(line_of(one)).intersects(around)]
    along = shaping.beside(line, [line_of(one) for one in near], near_m=NEAR_M / 2)
    return near if near and along.share >= ALONG else []


def _require_near(street: Street, line: MultiLineString) -> None:
    plane = Plane.of(line)
    away_m = float(plane.flat(line_of(street)).distance(plane.flat(line)))
    if away_m > MOVED_M:
        raise Invalid(
            "The line lies {away_m} m from where this street runs: that is another street. Draw it as a new one; of"
            " this one you can say that it is no street.",
            field="line",
            away_m=round(away_m),
        )


def _move(session: Session, street: Street, village: Division) -> None:
    """A street with its segments into another village; the reasons for its scope are judged anew in both."""
    street.division_id = village.id
    members = update(StreetSegment).where(StreetSegment.street_id == street.id)
    session.execute(members.values(division_id=village.id))


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
