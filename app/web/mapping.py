"""Reads of the map: what lies in a box, what a search finds, and what one thing on the map is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import shapely
from sqlalchemy import Row, func, or_, select, text

from app.base.errors import N_, NotFound
from app.base.models import Division
from app.base.people import may
from app.intake.models import Facility, Intake, Repair
from app.intake.queries import repairs_of
from app.inventory.models import Street, StreetState
from app.inventory.queries import line_of
from app.milestones.models import Batch, BatchState, BatchVillage
from app.naming.queries import sound_of
from app.planning.queries import batch as batch_of
from app.planning.queries import record as sign_record
from app.web.queries import divisions_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

#: West, south, east, north in degrees.
Box = tuple[float, float, float, float]
#: Dezhou, where a map without anything on it looks.
WHOLE: Box = (115.75, 36.4, 117.6, 38.0)
MOST_ROWS, MOST_PICKED = 100, 200

_ROWS = text("""
SELECT s.id, s.uid, s.state, s.in_scope, s.length_m, coalesce(n.words, s.surveyed_name) AS name, n.latin_sign AS latin,
       d.name AS village, ST_XMin(s.line) AS west, ST_YMin(s.line) AS south, ST_XMax(s.line) AS east,
       ST_YMax(s.line) AS north
  FROM inventory.street s JOIN base.division d ON d.id = s.division_id
  LEFT JOIN naming.name n ON n.street_id = s.id AND n.retired_on IS NULL
 WHERE s.id = ANY (:ids) ORDER BY s.id
""")
_IN_BOX = text("""
SELECT map.streets_in(ST_MakeEnvelope(:west, :south, :east, :north, 4490), CAST(:top AS ltree),
                      CAST(:places AS bigint[]), CAST(:states AS text[]), :most, :beyond, CAST(:scoped AS boolean),
                      CAST(:stream AS text))
""")
_FOUND = text("""
SELECT s.id FROM inventory.street s JOIN (
    SELECT f.id FROM inventory.find_streets(:words, NULL) AS f(id)
    UNION SELECT n.street_id FROM naming.find_names(:words, :sound) n
  ) f USING (id)
 WHERE s.territory <@ CAST(:top AS ltree) AND (CAST(:states AS text[]) IS NULL OR s.state = ANY (:states))
   AND (CAST(:places AS bigint[]) IS NULL OR s.division_id = ANY (:places))
   AND (CAST(:scoped AS boolean) IS NULL OR s.in_scope = :scoped)
   AND (CAST(:stream AS text) IS NULL OR s.stream = :stream) AND s.id > :beyond ORDER BY s.id LIMIT :most
""")
#: The outline or point of a division, or else all that lies below it.
_BOXES = text("""
SELECT min(ST_XMin(g)) AS west, min(ST_YMin(g)) AS south, max(ST_XMax(g)) AS east, max(ST_YMax(g)) AS north
  FROM (SELECT coalesce(d.outline, d.point) AS g FROM base.division d, base.division top
         WHERE top.id = ANY (:ids) AND d.path <@ top.path) x WHERE g IS NOT NULL
""")
_COUNTS = text("""
SELECT s.state, count(*) AS streets, sum(s.length_m) AS length_m, count(*) FILTER (WHERE s.in_scope) AS in_scope
  FROM inventory.street s WHERE s.territory <@ CAST(:top AS ltree)
   AND (CAST(:places AS bigint[]) IS NULL OR s.division_id = ANY (:places))
   AND (CAST(:scoped AS boolean) IS NULL OR s.in_scope = :scoped)
   AND (CAST(:stream AS text) IS NULL OR s.stream = :stream) GROUP BY 1
""")
_PICKED = text("""
SELECT array_agg(s.uid ORDER BY s.id) AS uids, min(ST_XMin(s.line)) AS west, min(ST_YMin(s.line)) AS south,
       max(ST_XMax(s.line)) AS east, max(ST_YMax(s.line)) AS north
  FROM inventory.street s WHERE s.uid = ANY (:uids)
""")
_MENDED = text("""
SELECT count(*) AS n, min(ST_X(point)) AS west, min(ST_Y(point)) AS south, max(ST_X(point)) AS east,
       max(ST_Y(point)) AS north FROM intake.repair WHERE intake_id = :intake
""")
_IN_SCOPE_BY = text("""
SELECT s.uid, coalesce(n.words, s.surveyed_name) AS name, s.state, r.distance_m
  FROM inventory.scope_reason r JOIN inventory.street s ON s.id = r.street_id
  LEFT JOIN naming.name n ON n.street_id = s.id AND n.retired_on IS NULL
 WHERE r.facility_id = :facility AND r.until_on IS NULL ORDER BY r.distance_m, s.id
""")
_STREET = text("SELECT id FROM inventory.street WHERE uid = :uid")


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What the map is narrowed to: a division, the villages of a batch, states, scope and stream.

    All of them where nothing is said.

    No state at all (an empty tuple, other than None) is a choice too: nothing is shown.
    """

    place: Division
    batch: Batch | None = None
    places: tuple[int, ...] | None = None
    states: tuple[str, ...] | None = None
    scoped: bool | None = None
    stream: str | None = None

    def values(self) -> dict[str, Any]:
        """As the statements want it."""
        return {
            "top": self.place.path,
            "places": None if self.places is None else list(self.places),
            "states": None if self.states is None else list(self.states),
            "scoped": self.scoped,
            "stream": self.stream,
        }


@dataclass(frozen=True, slots=True)
class Spotted:
    """One thing on the map: its kind, its page, where it is, and the row that the panel tells of."""

    kind: str
    uid: UUID
    url: str
    box: Box
    row: Any


@dataclass(frozen=True, slots=True)
class Selected:
    """Streets that are selected on the map as it opens, and the box around them."""

    uids: tuple[UUID, ...] = ()
    box: Box | None = None


def picked(session: Session, uids: Sequence[UUID]) -> Selected:
    """Those of these streets that the person sees, with a margin around them; nothing where none is."""
    if not uids:
        return Selected()
    row = session.execute(_PICKED, {"uids": list(uids)}).one()
    margin = 0.001
    if row.west is None:
        return Selected()
    return Selected(tuple(row.uids), (row.west - margin, row.south - margin, row.east + margin, row.north + margin))


def joining(session: Session, uids: Sequence[UUID]) -> Sequence[Row[Street, str]]:
    """Those of these streets that the person sees, each with its village, the longest first."""
    rows = (
        select(Street, Division.name)
        .join(Division, Division.id == Street.division_id)
        .where(Street.uid.in_(uids))
        .order_by(Street.length_m.desc(), Street.id)
    )
    return session.execute(rows).all()


def places_of(session: Session, batch: Batch) -> tuple[int, ...]:
    """Keys of the villages of a batch; those of a closed one as they were at its end."""
    rows = session.scalars(
        select(BatchVillage.division_id)
        .where(BatchVillage.batch_id == batch.id)
        .where(or_(BatchVillage.left_on.is_(None), BatchVillage.left_on == batch.closed_on))
        .order_by(BatchVillage.division_id)
    )
    return tuple(rows)


def batches(session: Session, place: Division, *, most: int = 60) -> Sequence[Batch]:
    """Batches to choose from: those in a division and above it, open ones first, the next due first."""
    near = or_(Batch.territory.op("<@")(place.path), Batch.territory.op("@>")(place.path))
    order = (Batch.state != BatchState.OPEN.value, Batch.due_on, Batch.id)
    return session.scalars(select(Batch).where(near).order_by(*order).limit(most)).all()


def counts(session: Session, narrowed: Narrowed) -> dict[str, Row[Any]]:
    """Streets and their length by state, of the batch, the scope and the stream that the map is narrowed to."""
    return {row.state: row for row in session.execute(_COUNTS, narrowed.values())}


def in_box(session: Session, narrowed: Narrowed, box: Box, *, most: int, beyond: int = 0) -> list[int]:
    """Keys of streets in a box in their order, at most so many, those beyond a key."""
    west, south, east, north = box
    edges = {"west": west, "south": south, "east": east, "north": north}
    return list(session.scalars(_IN_BOX, {**narrowed.values(), **edges, "most": most, "beyond": beyond}))


def found(session: Session, narrowed: Narrowed, words: str, *, most: int, beyond: int = 0) -> list[int]:
    """Keys of streets whose surveyed name or name in force holds the words, in their order, those beyond a key."""
    asked = {"words": words, "sound": sound_of(words), "most": most, "beyond": beyond}
    return list(session.scalars(_FOUND, narrowed.values() | asked))


def found_places(session: Session, narrowed: Narrowed, words: str, *, most: int = 8) -> list[tuple[Division, Box]]:
    """Divisions whose name holds the words and that lie somewhere, with where."""
    rows = session.scalars(divisions_like(words, narrowed.place, most=most))
    return [(row, box) for row in rows if (box := box_of(session, [row.id])) is not None]


def rows_of(session: Session, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Streets as the list beside the map shows them, by their keys."""
    return session.execute(_ROWS, {"ids": list(ids)}).all()


@dataclass(frozen=True, slots=True)
class Mended:
    """A file whose repairs are shown: its intake, how many there are, and the box around them."""

    intake: Intake
    count: int
    box: Box


def mended(session: Session, uid: UUID | None) -> Mended | None:
    """The repairs of an intake; None where none is asked for, or none was needed. Raises NotFound for a foreign one."""
    if uid is None:
        return None
    intake = session.scalar(select(Intake).where(Intake.uid == uid))
    if intake is None:
        raise NotFound(N_("There is no such intake in your territory. Look for it in the list of files taken in."))
    row = session.execute(_MENDED, {"intake": intake.id}).one()
    margin = 0.002
    edges = (row.west, row.south, row.east, row.north)
    if None in edges:
        return None
    west, south, east, north = edges
    return Mended(intake, row.n, (west - margin, south - margin, east + margin, north + margin))


def repairs(session: Session, intake: Intake, *, most: int) -> Sequence[Row[Repair, float, float]]:
    """Repairs of an intake with their places, row by row of its file, at most so many."""
    return session.execute(repairs_of(intake).order_by(Repair.row, Repair.id).limit(most)).all()


def box_of(session: Session, ids: Sequence[int]) -> Box | None:
    """The box around divisions and all below them, with a margin; None where no place is known."""
    row = session.execute(_BOXES, {"ids": list(ids)}).one()
    if row.west is None:
        return None
    margin = 0.01
    return row.west - margin, row.south - margin, row.east + margin, row.north + margin


def street(session: Session, uid: UUID) -> Spotted:
    """A street. Raises NotFound for one outside of the person's territory."""
    rows = rows_of(session, list(session.scalars(_STREET, {"uid": uid})))
    if not rows:
        raise NotFound(N_("There is no such street in your territory. Look for it in the inventory."))
    row = rows[0]
    return Spotted("street", uid, f"/inventory/{uid}", (row.west, row.south, row.east, row.north), row)


@dataclass(frozen=True, slots=True)
class Editable:
    """A street that the reader may re-shape, and its corners "lon,lat lon,lat …", branches parted by semicolons."""

    uid: UUID
    version: int
    corners: str
    none: bool = False  # it was said to be no street, and that can be taken back


def editable(session: Session, spotted: Spotted | None) -> Editable | None:
    """What the map's editing is told of an unnamed street, or of what is none; None for others and other readers."""
    if spotted is None or spotted.kind != "street" or not may(session, "inventory.street", "change"):
        return None
    street = session.scalar(select(Street).where(Street.uid == spotted.uid))
    if street is None or street.state not in {StreetState.UNNAMED.value, StreetState.NO_STREET.value}:
        return None
    if street.state == StreetState.NO_STREET.value:
        return Editable(street.uid, street.version, "", none=True)
    parts = shapely.get_parts(shapely.line_merge(line_of(street)))
    lines = (" ".join(f"{x:.7f},{y:.7f}" for x, y in shapely.get_coordinates(part).tolist()) for part in parts)
    return Editable(street.uid, street.version, ";".join(lines))


def sign(session: Session, uid: UUID) -> Spotted:
    """A sign. Raises NotFound for one outside of the person's territory."""
    row = sign_record(session, uid)
    return Spotted("sign", uid, f"/planning/{uid}", (row.lon, row.lat, row.lon, row.lat), row)


@dataclass(frozen=True, slots=True)
class Serving:
    """A facility with its village and file, and the streets that it puts in scope, the nearest first."""

    facility: Facility
    village: str
    village_uid: UUID
    source: str
    intake_uid: UUID
    streets: Sequence[Row[Any]]


def facility(session: Session, uid: UUID) -> Spotted:
    """A facility. Raises NotFound for one outside of the person's territory."""
    rows = (
        select(Facility, Division, Intake, func.ST_X(Facility.point), func.ST_Y(Facility.point))
        .join(Division, Division.id == Facility.division_id)
        .join(Intake, Intake.id == Facility.intake_id)
        .where(Facility.uid == uid)
    )
    row = session.execute(rows).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such facility in your territory. Look for its file in the intake."))
    found, place, intake, lon, lat = row
    streets = session.execute(_IN_SCOPE_BY, {"facility": found.id}).all()
    serving = Serving(found, place.name, place.uid, intake.source, intake.uid, streets)
    return Spotted("facility", uid, f"/intake/{intake.uid}", (lon, lat, lon, lat), serving)


def village(session: Session, uid: UUID) -> Spotted:
    """A division of any kind. Raises NotFound for an unknown one."""
    row = session.scalar(select(Division).where(Division.uid == uid))
    if row is None:
        raise NotFound(N_("There is no such division. Choose another above."))
    return Spotted("village", uid, f"/divisions/{uid}", box_of(session, [row.id]) or WHOLE, row)


def batch(session: Session, uid: UUID) -> Spotted:
    """A batch with all its villages."""
    row = batch_of(session, uid)
    places = places_of(session, row)
    return Spotted("batch", uid, f"/milestones/{uid}", box_of(session, places) or WHOLE, (row, len(places)))
