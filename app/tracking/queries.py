"""Progress, derived from dated rows each time it is asked for: any past day's figures can be told again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from app.base.errors import N_, NotAllowed
from app.base.people import may
from app.inventory.models import Stream
from app.scanning.queries import is_demonstration
from app.tracking import logic

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from app.base.clock import Clock
    from app.base.models import Division

#: What progress is counted from; who may not read all of it would be shown wrong figures.
SUBJECTS = ("inventory.street", "planning.sign", "printing.order_line", "rollout.installation", "rollout.inspection")


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
    """

    division_id: int | None
    uid: UUID | None
    name: str
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


# One statement. Facts of one street (of one sign) are laid below each other and grouped, not joined: a policy makes the
# planner expect a handful of rows from every table, and it would join hundreds of thousands one by one.
_PROGRESS = text("""
WITH reach AS MATERIALIZED (SELECT base.reach('inventory.street', 'read') AS root),
head AS MATERIALIZED (SELECT d.id, d.path FROM base.division d WHERE d.kind = ANY (:kinds) OR d.id = :only),
member AS MATERIALIZED (
  SELECT DISTINCT ON (j.division_id) j.division_id, b.year
    FROM milestones.batch_village j JOIN milestones.batch b ON b.id = j.batch_id
   WHERE j.joined_on <= :day AND (j.left_on IS NULL OR j.left_on > :day OR j.left_on = b.closed_on)
     AND b.stream = :stream
   ORDER BY j.division_id, j.joined_on DESC, j.id DESC
),
place AS MATERIALIZED (
  SELECT d.id, d.kind = 'village' AS is_village, h.id AS row_id
    FROM base.division d LEFT JOIN head h ON d.path <@ h.path
   WHERE d.path <@ (SELECT root FROM reach) AND d.since_on <= :day AND (d.until_on IS NULL OR d.until_on > :day)
),
street AS (
  SELECT x.id, max(x.division_id) AS division_id, bool_or(x.named) AS named
    FROM (SELECT s.id, s.division_id, s.surveyed_on, s.in_scope, CAST(NULL AS boolean) AS holds, false AS named
            FROM inventory.street s
           WHERE s.stream = :stream AND (s.in_scope OR s.id IN (
                 SELECT e.street_id FROM inventory.scope_reason e WHERE e.until_on > :day))
          UNION ALL
          SELECT r.street_id, NULL, NULL, NULL, r.found_on <= :day AND coalesce(r.until_on > :day, true), false
            FROM inventory.scope_reason r
          UNION ALL
          SELECT n.street_id, NULL, NULL, NULL, NULL, true FROM naming.name n
           WHERE n.in_force_on <= :day AND (n.retired_on IS NULL OR n.retired_on > :day)) x
   GROUP BY x.id
  HAVING max(x.division_id) IS NOT NULL
     AND coalesce(bool_or(x.holds), bool_or(x.in_scope) AND max(x.surveyed_on) <= :day)
),
unannounced AS MATERIALIZED (
  SELECT n.street_id FROM naming.name n JOIN naming.deadline t ON t.decision_id = n.decision_id AND t.kind = 'announce'
   WHERE n.in_force_on <= :day AND (n.retired_on IS NULL OR n.retired_on > :day)
     AND (t.done_on IS NULL OR t.done_on > :day)
),
streets AS (
  SELECT division_id, count(*) AS streets, count(*) FILTER (WHERE named) AS named,
         count(*) FILTER (WHERE named AND id IN (SELECT u.street_id FROM unannounced u)) AS approved
    FROM street GROUP BY division_id
),
sign AS (
  SELECT max(x.street_id) AS street_id, max(x.division_id) AS division_id, bool_or(x.ordered) AS ordered,
         bool_or(x.standing) AS standing
    FROM (SELECT g.id, g.street_id, g.division_id, false AS ordered, false AS standing FROM planning.sign g
           WHERE g.planned_on <= :day AND (g.removed_on IS NULL OR g.removed_on > :day)
          UNION ALL
          SELECT l.sign_id, NULL, NULL, true, false FROM printing.order_line l WHERE l.ordered_on <= :day
          UNION ALL
          SELECT i.sign_id, NULL, NULL, false, true FROM rollout.installation i
           WHERE i.installed_on <= :day AND i.id NOT IN (SELECT f.installation_id FROM rollout.inspection f
                                                          WHERE f.verdict = 'rejected' AND f.inspected_on <= :day)) x
   GROUP BY x.id HAVING max(x.street_id) IS NOT NULL
),
signed AS (
  SELECT max(x.division_id) AS division_id, sum(x.planned) AS planned, sum(x.ordered) AS ordered,
         sum(x.standing) AS standing
    FROM (SELECT g.street_id, g.division_id, count(*) AS planned, count(*) FILTER (WHERE g.ordered) AS ordered,
                 count(*) FILTER (WHERE g.standing) AS standing, false AS counts
            FROM sign g GROUP BY g.street_id, g.division_id
          UNION ALL
          SELECT s.id, NULL, 0, 0, 0, true FROM inventory.street s WHERE s.stream = :stream) x
   GROUP BY x.street_id HAVING bool_or(x.counts) AND max(x.division_id) IS NOT NULL
),
fact AS (
  SELECT m.division_id AS id, CAST(NULL AS boolean) AS is_village, CAST(NULL AS bigint) AS row_id, m.year,
         0 AS streets, 0 AS named, 0 AS approved, 0 AS planned, 0 AS ordered, 0 AS standing FROM member m
  UNION ALL SELECT p.id, p.is_village, p.row_id, NULL, 0, 0, 0, 0, 0, 0 FROM place p
  UNION ALL SELECT t.division_id, NULL, NULL, NULL, t.streets, t.named, t.approved, 0, 0, 0 FROM streets t
  UNION ALL SELECT g.division_id, NULL, NULL, NULL, 0, 0, 0, g.planned, g.ordered, g.standing FROM signed g
),
told AS (
  SELECT bool_or(f.is_village) AS is_village, max(f.row_id) AS row_id, max(f.year) AS year, sum(f.streets) AS streets,
         sum(f.named) AS named, sum(f.approved) AS approved, sum(f.planned) AS planned, sum(f.ordered) AS ordered,
         sum(f.standing) AS standing
    FROM fact f GROUP BY f.id HAVING bool_or(f.is_village) IS NOT NULL
),
counted AS MATERIALIZED (
  SELECT t.row_id, CASE WHEN :by = 'year' THEN t.year END AS year,
         count(*) FILTER (WHERE t.is_village) AS villages,
         count(t.year) FILTER (WHERE t.is_village) AS villages_batched,
         count(*) FILTER (WHERE t.is_village AND t.streets > 0 AND t.streets = t.named) AS villages_named,
         count(*) FILTER (WHERE t.is_village AND t.streets = 0) AS villages_without_streets,
         coalesce(sum(t.streets), 0) AS streets_in_scope, coalesce(sum(t.named), 0) AS streets_named,
         coalesce(sum(t.approved), 0) AS streets_approved,
         coalesce(sum(t.planned), 0) AS signs_planned, coalesce(sum(t.ordered), 0) AS signs_ordered,
         coalesce(sum(t.standing), 0) AS signs_standing
    FROM told t WHERE t.row_id IS NOT NULL OR :by = 'year'
   GROUP BY 1, 2
),
target AS (
  SELECT t.division_id, t.year, t.villages, rank() OVER (ORDER BY nlevel(t.territory)) = 1 AS topmost
    FROM milestones.target t
   WHERE t.stream = :stream AND t.set_on <= :day AND t.territory <@ (SELECT root FROM reach)
)
SELECT d.id AS division_id, d.uid, coalesce(d.name, '') AS name, CAST(c.year AS integer) AS year, c.villages,
       CASE WHEN :by = 'year'
            THEN (SELECT sum(t.villages) FROM target t WHERE t.topmost AND t.year = c.year)
            ELSE (SELECT sum(t.villages) FROM target t
                   WHERE t.division_id = c.row_id AND t.year <= extract(year FROM CAST(:day AS date)))
       END AS villages_target,
       c.villages_batched, c.villages_named, c.villages_without_streets, c.streets_in_scope, c.streets_named,
       c.streets_approved, c.signs_planned, c.signs_ordered, c.signs_standing
  FROM counted c LEFT JOIN base.division d ON d.id = c.row_id
 WHERE c.villages + c.streets_in_scope > 0 OR d.id = :only
 ORDER BY c.year NULLS LAST,
          (SELECT max(o.code) FROM base.division_code o
             WHERE o.division_id = d.id AND o.system = 'statistics' AND o.valid_to_on IS NULL) NULLS LAST, d.name, d.id
""")

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


def progress(session: Session, *, on: date, by: By | str, stream: Stream = Stream.VILLAGE) -> list[Progress]:
    """Progress of one stream on one day, a row for each county, town, year …, as far as the person's territory goes.

    Raises NotAllowed for a role that may not read all that is counted.
    """
    if not all(may(session, subject, "read") for subject in SUBJECTS):
        raise NotAllowed(N_("Progress is shown to officers, inspectors and auditors."))
    by = By(by)
    asked = {"day": on, "by": by.value, "kinds": _KINDS[by], "only": None, "stream": stream.value}
    return [_told(row) for row in session.execute(_PROGRESS, asked)]


def progress_of(session: Session, place: Division, *, on: date, stream: Stream = Stream.VILLAGE) -> Progress | None:
    """Progress of one division, counted as :func:`progress` counts it; None outside the person's territory.

    Who may not read the rows of printing and rollout gets no signs ordered or standing: see ``SUBJECTS``.
    """
    asked = {"day": on, "by": "", "kinds": [], "only": place.id, "stream": stream.value}
    return next((_told(row) for row in session.execute(_PROGRESS, asked)), None)


def _told(row: Row[Any]) -> Progress:
    return Progress(**{**row._mapping, **_whole(row._mapping)})


def _whole(row: object) -> dict[str, int | None]:
    """Sums come out of the database as numeric."""
    counts = (
        "villages_target",
        "streets_in_scope",
        "streets_named",
        "streets_approved",
        "signs_planned",
        "signs_ordered",
        "signs_standing",
    )
    values = {name: row[name] for name in counts}  # type: ignore[index]
    return {name: None if value is None else int(value) for name, value in values.items()}


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
