"""Reads of the intake, and what every record's page shows of its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, Select, func, select, text
from sqlalchemy.orm import Session

from app.base.models import Division
from app.intake.models import Facility, Intake, IntakeRow, Repair, Segment
from gis.features import RowReport, Survey, Verdict
from gis.formats import Opened


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
    """What one file brought into the register."""
    return {
        name: int(session.scalar(select(func.count()).select_from(table).where(table.intake_id == intake.id)) or 0)
        for name, table in (("segments", Segment), ("facilities", Facility))
    }


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
