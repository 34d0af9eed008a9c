"""Reads of the intake, and what every record's page shows of its history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.base.models import Division, Entry
from app.intake.models import Facility, Intake, IntakeRow, Segment
from gis.features import Verdict


def intakes(place: Division | None = None) -> Select[*tuple[Any, ...]]:
    """Files taken in with the division they were taken in for, for paging by key."""
    found = select(Intake, Division.name.label("division")).join(Division, Division.id == Intake.division_id)
    return found.where(Intake.territory.op("<@")(place.path)) if place else found


def rows_of(intake: Intake, *, verdict: Verdict | None = None) -> Select[IntakeRow]:
    """What became of the rows of one file."""
    chosen = select(IntakeRow).where(IntakeRow.intake_id == intake.id)
    return chosen if verdict is None else chosen.where(IntakeRow.verdict == verdict.value)


def made_by(session: Session, intake: Intake) -> dict[str, int]:
    """What one file brought into the register."""
    return {
        name: int(session.scalar(select(func.count()).select_from(table).where(table.intake_id == intake.id)) or 0)
        for name, table in (("segments", Segment), ("facilities", Facility))
    }


def entries_of(session: Session, subject: str, row_id: int, *, most: int = 50) -> Sequence[Entry]:
    """A record's history, newest first."""
    return session.scalars(
        select(Entry).where(Entry.subject == subject, Entry.row_id == row_id).order_by(Entry.id.desc()).limit(most)
    ).all()


def names_of(session: Session, entries: Sequence[Entry]) -> dict[int, str]:
    """Names of the people behind history entries."""
    ids = {entry.person_id for entry in entries if entry.person_id is not None}
    return {key: session.scalar(select(func.base.name_of(key))) or "–" for key in ids}
