"""What came of long work, in words: counts, and links to the records that it made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.base.people import may
from app.intake.models import Edition, Intake
from app.web.words import RUN_RESULTS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.base.models import Run


@dataclass(frozen=True, slots=True)
class Outcome:
    """One value of a result: what it is called, what it says, and the record's page where there is one to open."""

    title: str
    value: str | int
    url: str = ""


def outcomes(session: Session, run: Run) -> list[Outcome]:
    """What a run that is done says; nothing for values that nobody has a word for, nor for records that are gone."""
    found = [
        _outcome(session, run, key, title)
        for key, title in RUN_RESULTS.get(run.kind, {}).items()
        if run.result.get(key) is not None
    ]
    return [outcome for outcome in found if outcome is not None]


def _outcome(session: Session, run: Run, key: str, title: str) -> Outcome | None:
    value = run.result[key]
    match run.kind, key:
        case "intake" | "withdraw", "intake":
            source = session.scalar(select(Intake.source).where(Intake.uid == value))
            return Outcome(title, source, f"/intake/{value}") if source is not None else None
        case "edition", "edition":
            called = session.scalar(select(Edition.title).where(Edition.uid == value))
            return Outcome(title, called, f"/intake/editions/{value}") if called is not None else None
        case "withdraw", "names":
            return Outcome(title, ", ".join(value)) if value else None
        case "release", "number":
            readable = may(session, "printing.order", "read")
            return Outcome(title, value, f"/printing/{run.result['order']}" if readable else "")
    return Outcome(title, value)
