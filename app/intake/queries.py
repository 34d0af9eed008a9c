"""Reads of the intake, and what every record's page shows of its history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, column, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.base.models import Division
from app.intake.models import (
    Certainty,
    Change,
    ChangeKind,
    ChangeState,
    Edition,
    EditionRow,
    Facility,
    Intake,
    IntakeRow,
    Repair,
    Segment,
)
from gis.features import RowReport, Survey, Verdict
from gis.formats import Opened

#: Digits of a town's code: nothing stands below a village.
_TOWN = 9


def intakes(place: Division | None = None) -> Select[*tuple[Any, ...]]:
    """Files taken in with the division they were taken in for, for paging by key."""
    found = select(Intake, Division.name.label("division")).join(Division, Division.id == Intake.division_id)
    return found.where(Intake.territory.op("<@")(place.path)) if place else found


def taken_above(session: Session, place: Division) -> Sequence[Row[Any]]:
    """Files taken in for a place above that brought lines or facilities here, the newest first."""
    return session.execute(text("SELECT * FROM intake.taken_above(CAST(:path AS ltree))"), {"path": place.path}).all()


def rows_of(intake: Intake, *, verdict: Verdict | None = None) -> Select[IntakeRow]:
    """What became of the rows of one file."""
    chosen = select(IntakeRow).where(IntakeRow.intake_id == intake.id)
    return chosen if verdict is None else chosen.where(IntakeRow.verdict == verdict.value)


def rows_like(intake: Intake, row: IntakeRow) -> Select[IntakeRow]:
    """The rows of one file that ended as one of them did, for the same reason, whatever values it names."""
    same = (IntakeRow.verdict == row.verdict, IntakeRow.reason == row.reason)
    return select(IntakeRow).where(IntakeRow.intake_id == intake.id, *same)


def row_alone(intake: Intake, row: int) -> Select[IntakeRow]:
    """The row of one number, for a list."""
    return select(IntakeRow).where(IntakeRow.intake_id == intake.id, IntakeRow.row == row)


def row_at(session: Session, intake: Intake, row: int) -> IntakeRow | None:
    """What became of the row of one number, if that was kept."""
    return session.scalar(row_alone(intake, row))


@dataclass(frozen=True, slots=True)
class Why:
    """Rows of one verdict and reason: how many, the first of them, and in how many wordings (other values)."""

    first: IntakeRow
    rows: int
    wordings: int


def reasons_counted(session: Session, intake: Intake) -> list[Why]:
    """Why rows were rejected, known already or repaired, in this order; the most frequent reason first."""
    told = (Verdict.REJECTED.value, Verdict.DUPLICATE.value, Verdict.REPAIRED.value)
    n = func.count()
    groups = (
        select(func.min(IntakeRow.row).label("first"), n.label("n"), func.count(IntakeRow.values.distinct()).label("w"))
        .where(IntakeRow.intake_id == intake.id, IntakeRow.verdict.in_(told), IntakeRow.reason != "")
        .group_by(IntakeRow.verdict, IntakeRow.reason)
        .subquery()
    )
    found = select(IntakeRow, groups.c.n, groups.c.w).join(
        groups, and_(IntakeRow.row == groups.c.first, IntakeRow.intake_id == intake.id)
    )
    rows = [Why(row, n, w) for row, n, w in session.execute(found)]
    return sorted(rows, key=lambda why: (told.index(why.first.verdict), -why.rows, why.first.row))


def repairs_of(intake: Intake, *, deed: str = "") -> Select[Repair, float, float]:
    """What was mended in the lines of one file, with where."""
    found = select(Repair, func.ST_X(Repair.point).label("lon"), func.ST_Y(Repair.point).label("lat"))
    found = found.where(Repair.intake_id == intake.id)
    return found.where(Repair.deed == deed) if deed else found


def repairs_counted(session: Session, intake: Intake) -> dict[str, int]:
    """How many repairs of each kind, the most frequent first."""
    counted = select(Repair.deed, func.count().label("n")).where(Repair.intake_id == intake.id).group_by(Repair.deed)
    return {row.deed: row.n for row in session.execute(counted.order_by(func.count().desc(), Repair.deed))}


def made_by(session: Session, intake: Intake) -> dict[str, int]:
    """What one file brought into the register: ``segments`` are pieces of ``lines``, cut where these cross."""
    counted = {
        name: int(session.scalar(select(func.count()).select_from(table).where(table.intake_id == intake.id)) or 0)
        for name, table in (("segments", Segment), ("facilities", Facility))
    }
    session.execute(_HASHING)
    lines = int(session.scalar(_LINES, {"intake": intake.id}) or 0)
    session.execute(_AS_EVER)
    return counted | {"lines": lines}


# Of rows that have just come in the planner knows nothing yet: each would be compared with all, for minutes.
_HASHING, _AS_EVER = text("SET LOCAL enable_nestloop = off"), text("SET LOCAL enable_nestloop = on")
# A piece's key is that of its line with its number behind (``7:2``); a line may have such a key itself.
_LINES = text("""
SELECT count(DISTINCT coalesce(whole.key, line.key, s.key)) FROM intake.segment s
  LEFT JOIN intake.intake_row whole ON whole.intake_id = s.intake_id AND whole.key = s.key
  LEFT JOIN intake.intake_row line ON line.intake_id = s.intake_id AND line.key = regexp_replace(s.key, ':[0-9]+$', '')
 WHERE s.intake_id = :intake
""")


def as_kept(session: Session, intake: Intake, opened: Opened) -> Survey:
    """An intake's file read anew, with what the register had against its rows, which the file alone does not tell."""
    survey = opened.survey(intake.datum)
    refused = {row.row: row for row in session.scalars(rows_of(intake, verdict=Verdict.REJECTED))}
    return replace(
        survey, reports=tuple(_refused(report, refused.get(report.row), opened) for report in survey.reports)
    )


def _refused(report: RowReport, kept: IntakeRow | None, opened: Opened) -> RowReport:
    if kept is None or report.verdict is Verdict.REJECTED:
        return report
    row = opened.rows[report.row - 1]
    return replace(
        report,
        verdict=Verdict.REJECTED,
        reason=kept.reason,
        field=kept.field,
        values=kept.values,
        attributes=row.tags,
        shape=row.shape,
    )


def editions(place: Division) -> Select[*tuple[Any, ...]]:
    """Editions of a place, of those below it and of those above it, for paging by key."""
    lies = Edition.territory.op("<@")(place.path) | Edition.territory.op("@>")(place.path)
    return (
        select(Edition, Division.name.label("division")).join(Division, Division.id == Edition.division_id).where(lies)
    )


def rejected_rows(session: Session, edition: Edition) -> Sequence[Row[int, str]]:
    """The rejected rows of a list: number and reason, in their order."""
    rows = select(EditionRow.row, EditionRow.reason).where(
        EditionRow.edition_id == edition.id, EditionRow.verdict == Verdict.REJECTED.value
    )
    return session.execute(rows.order_by(EditionRow.row)).all()


def changes(edition: Edition, place: Division, **asked: str) -> Select[Change]:
    """The changes of an edition within a territory, narrowed to values of their columns; empty ones narrow nothing."""
    found = select(Change).where(Change.edition_id == edition.id, Change.territory.op("<@")(place.path))
    return found.where(*(getattr(Change, column) == value for column, value in asked.items() if value))


def counted(session: Session, edition: Edition, place: Division) -> dict[str, dict[str, int]]:
    """How many changes of an edition there are within a territory, by each of three columns."""
    rows = session.execute(
        select(Change.kind, Change.certainty, Change.state, func.count())
        .where(Change.edition_id == edition.id, Change.territory.op("<@")(place.path))
        .group_by(Change.kind, Change.certainty, Change.state)
    ).all()
    told: dict[str, dict[str, int]] = {"kind": {}, "certainty": {}, "state": {}}
    for kind, certainty, state, n in rows:
        for name, value in (("kind", kind), ("certainty", certainty), ("state", state)):
            told[name][value] = told[name].get(value, 0) + n
    return told


def sure(edition: Edition, place: Division) -> Select[Change]:
    """The changes beyond doubt that nobody decided yet, within a territory: names, codes, moves, and what is new."""
    found = changes(edition, place, certainty=Certainty.SURE.value, state=ChangeState.OPEN.value)
    return found.where(Change.kind != ChangeKind.REUSED.value)


def openings(session: Session, edition: Edition, codes: Iterable[str]) -> dict[str, UUID]:
    """By code, the open change of an edition that says what becomes of the place that bears it, or shall bear it."""
    wanted = set(codes)
    news = func.jsonb_array_elements(Change.news).table_valued(column("value", JSONB), joins_implicitly=True)
    of_news = select(Change.uid, Change.code, news.c.value["code"].astext.label("new")).where(
        Change.edition_id == edition.id, Change.state == ChangeState.OPEN.value, func.length(Change.code) <= _TOWN
    )
    found = {row.new: row.uid for row in session.execute(of_news) if row.new in wanted}
    held = select(Change.uid, Change.code).where(
        Change.edition_id == edition.id, Change.state == ChangeState.OPEN.value, Change.code.in_(wanted)
    )
    return found | {row.code: row.uid for row in session.execute(held)}


def divisions_of_changes(session: Session, found: Iterable[Change]) -> dict[int, Division]:
    """The old divisions of these changes by key."""
    keys = {old["id"] for change in found for old in change.olds}
    return {each.id: each for each in session.scalars(select(Division).where(Division.id.in_(keys)))}
