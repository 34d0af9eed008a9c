"""Progress, derived from dated rows each time it is asked for: any past day's figures can be told again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Select, select, text

from app.base.models import Division
from app.base.territory import is_demonstration
from app.inventory.models import Stream
from app.tracking import logic

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.base.clock import Clock


class By(Enum):
    """What a table of progress has a row for. A year's row holds the villages that are in a batch of that year."""

    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    YEAR = "year"


_KINDS = {By.CITY: ["city"], By.COUNTY: ["county", "zone"], By.TOWN: ["town"], By.YEAR: []}


@dataclass(frozen=True, slots=True)
class Progress:
    """One row. Villages are those of the register on that day, without residents' committees.

    ``target`` is what is to be done by the end of that day's year (of the row's own year, by year); None where no
    target is set. A village is named when all its streets in scope have a name in force; ``villages_without_streets``
    counts those that have none in scope. Streets and signs of residents' committees are counted in. A name is in force
    from its decision: ``streets_approved`` are those of ``streets_named`` whose decision is not announced yet.
    ``is_own``: whether the place lies in the reader's territory, so that lists of it are open to them; the figures are
    of the whole place all the same.
    """

    division_id: int | None
    uid: UUID | None
    name: str
    is_own: bool = field(compare=False)
    year: int | None
    villages: int
    villages_target: int | None
    villages_batched: int
    villages_named: int
    villages_without_streets: int
    streets_in_scope: int
    streets_named: int
    streets_approved: int
    signs_planned: int
    signs_ordered: int
    signs_standing: int

    @property
    def streets_in_force(self) -> int:
        """Streets named whose name is announced, or was in use before the programme."""
        return self.streets_named - self.streets_approved

    @property
    def villages_with_streets(self) -> int:
        """Villages that have streets in scope: what the villages named are counted among."""
        return self.villages - self.villages_without_streets


@dataclass(frozen=True, slots=True)
class RegisterDifference:
    """The register's villages beside the villages that all targets together ask for, and their difference."""

    register: int
    residents: int
    target: int
    source: str

    @property
    def apart(self) -> int:
        """The register's villages less those that the targets ask for; negative where the register lacks some."""
        return self.register - self.target


# Only counts, and the whole of each place, whoever asks: migrations/*_m_tracking.py.
_PROGRESS = text("SELECT * FROM tracking.progress(:day, :by, CAST(:kinds AS text[]), CAST(:asked AS bigint), :stream)")

# Villages of the territories that the topmost targets are set for: a walk's or another city's are not theirs.
_DIFFERENCE = text("""
WITH asked AS (
  SELECT * FROM (SELECT t.*, rank() OVER (ORDER BY nlevel(t.territory)) AS place
                   FROM milestones.target t WHERE t.stream = :stream) ranked WHERE place = 1
), counted AS (
  SELECT d.kind, count(*) AS n FROM base.division d
   WHERE d.kind IN ('village', 'residents') AND d.until_on IS NULL
     AND (d.path <@ (SELECT array_agg(DISTINCT territory) FROM asked) OR NOT EXISTS (SELECT 1 FROM asked))
   GROUP BY d.kind
)
SELECT coalesce((SELECT n FROM counted WHERE kind = 'village'), 0) AS register,
       coalesce((SELECT n FROM counted WHERE kind = 'residents'), 0) AS residents,
       coalesce((SELECT sum(villages) FROM asked), 0) AS target,
       coalesce((SELECT string_agg(DISTINCT source, '; ') FROM asked), '') AS source
""")

_SHAPES = text("""
SELECT d.uid, d.geometry_source,
       ST_AsGeoJSON(ST_SimplifyPreserveTopology(coalesce(d.outline, d.point), 0.0005), 5, 0) AS shape
  FROM base.division d WHERE d.uid = ANY (:uids) AND coalesce(d.outline, d.point) IS NOT NULL
""")


def progress(
    session: Session, *, on: date, by: By | str, stream: Stream = Stream.VILLAGE, place: Division | None = None
) -> list[Progress]:
    """Progress of one stream on one day, a row for each county, town or year.

    Rows are of the places at, below and above the person's own; by year they are of the person's own place, and each
    year that has a target has one. Of ``place``, where one is chosen: of the places at and below it, or of it alone
    where none of them is of that kind. The figures are the same for every reader: they are no secret among staff.
    """
    by = By(by)
    if place is None:
        return _told(session, on, by.value, _KINDS[by], None, stream)
    if by is By.YEAR:
        return _told(session, on, by.value, [], place.id, stream)
    below = set(session.scalars(_below(place, by)))
    rows = _told(session, on, by.value, _KINDS[by], None, stream) if below else []
    return [row for row in rows if row.division_id in below] or _told(session, on, "", [], place.id, stream)


def _below(place: Division, by: By) -> Select[int]:
    """Divisions of the kinds of a table's rows at and below a place."""
    return select(Division.id).where(Division.path.op("<@")(place.path), Division.kind.in_(_KINDS[by]))


def progress_of(session: Session, place: Division, *, on: date, stream: Stream = Stream.VILLAGE) -> Progress | None:
    """Progress of one division, counted as :func:`progress` counts it; None for one beside the person's own."""
    return next(iter(_told(session, on, "", [], place.id, stream)), None)


def _told(session: Session, on: date, by: str, kinds: list[str], asked: int | None, stream: Stream) -> list[Progress]:
    values = {"day": on, "by": by, "kinds": kinds, "asked": asked, "stream": stream.value}
    return [Progress(**row._mapping) for row in session.execute(_PROGRESS, values)]


@dataclass(frozen=True, slots=True)
class SecondStream:
    """The second stream (无名路、新增路) in one division on one day; in no figure of :class:`Progress`.

    ``quota`` is the division's own for that day's year, None where none is set; ``named_this_year`` are those of
    ``roads_named`` whose name came into force in that year.
    """

    division_id: int
    uid: UUID
    name: str
    is_own: bool = field(compare=False)
    quota: int | None
    named_this_year: int
    roads: int
    roads_named: int
    signs_standing: int


def second_stream(session: Session, *, on: date, by: By, place: Division | None = None) -> list[SecondStream]:
    """The second stream by city, county or town; the figures are of the whole of each place, whoever asks.

    At and below ``place``, where one is chosen.
    """
    asked = text("SELECT * FROM tracking.second_stream(:day, CAST(:kinds AS text[]))")
    rows = [SecondStream(**row._mapping) for row in session.execute(asked, {"day": on, "kinds": _KINDS[by]})]
    below = None if place is None else set(session.scalars(_below(place, by)))
    return [row for row in rows if below is None or row.division_id in below]


def register_difference(session: Session, *, stream: Stream = Stream.VILLAGE) -> RegisterDifference:
    """The villages in the register beside the number that the targets ask for: shown, not hidden."""
    row = session.execute(_DIFFERENCE, {"stream": stream.value}).one()
    return RegisterDifference(int(row.register), int(row.residents), int(row.target), row.source)


def progress_map(
    session: Session, clock: Clock, *, leaflet: Path, by: By = By.COUNTY, say: Callable[[str], str] = str
) -> str:
    """Today's progress as a map in one HTML file, for a bulletin: no request leaves the reader's computer.

    ``leaflet`` is the folder with ``leaflet.js`` and ``leaflet.css`` (raises Unready without them), ``say`` translates.
    """
    today = clock.today()
    rows = progress(session, on=today, by=by)
    found = session.execute(_SHAPES, {"uids": [row.uid for row in rows if row.uid is not None]})
    shapes = {row.uid: (json.loads(row.shape), row.geometry_source) for row in found}
    areas = [
        logic.ShownArea(
            name=row.name,
            shape=shapes[row.uid][0],
            is_sketch=shapes[row.uid][1] != "survey",
            named=row.villages_named,
            villages=row.villages,
            standing=row.signs_standing,
            planned=row.signs_planned,
        )
        for row in rows
        if row.uid in shapes
    ]
    shown = is_demonstration(session)
    return logic.draw_map(areas, on=today, leaflet=leaflet, say=say, demonstration=shown)
