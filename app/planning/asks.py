"""What the planning asks of later stations; they answer, and ``app.web.office`` wires the answers in."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from sqlalchemy.orm import Session


class DayOfSign(Protocol):
    """The day on which a sign came to a later stage: its order, its installation."""

    def __call__(self, session: Session, sign: int, /) -> date | None:
        """None where it has not come so far, or where this person may not see it."""
