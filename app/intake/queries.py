"""Reads of the intake."""

from __future__ import annotations

from sqlalchemy import Select, select

from app.intake.models import Intake, IntakeRow
from gis.features import Verdict


def intakes() -> Select[Intake]:
    """Files taken in, for paging by key."""
    return select(Intake)


def rows_of(intake: Intake, *, verdict: Verdict | None = None) -> Select[IntakeRow]:
    """What became of the rows of one file."""
    chosen = select(IntakeRow).where(IntakeRow.intake_id == intake.id)
    return chosen if verdict is None else chosen.where(IntakeRow.verdict == verdict.value)
