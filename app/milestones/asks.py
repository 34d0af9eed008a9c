"""What the milestones ask of later stations; they answer, and ``app.web.office`` wires the answers in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class BatchDays:
    """The newest day on which names of a batch were proposed, decided and announced."""

    proposed_on: date | None = None
    decided_on: date | None = None
    announced_on: date | None = None


class DaysOfBatch(Protocol):
    """When the names of a batch's streets came to each stage."""

    def __call__(self, session: Session, batch: int, /) -> BatchDays:
        """Empty while nothing is proposed."""


class MaySuggest(Protocol):
    """Whether a name could be proposed for a street of a batch without a person's help."""

    def __call__(self, session: Session, batch: int, /) -> bool:
        """False where all that are left bear surveyed names that do not pass the checks as they stand."""
