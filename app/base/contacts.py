"""Erasing what readers left to be reached by: the key is destroyed, at its term or when an officer asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from app.base.models import Contact

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from app.base.clock import Clock
    from app.base.db import Database


def erase_due(queue: Database, clock: Clock) -> int:
    """Erase every contact whose term is over by the clock's day; how many. ``queue`` is the queue's role.

    The history keeps that each was erased and on which day, and nothing of what it said.
    """
    with queue.nobody(via="erasing contacts") as session:
        return int(session.scalar(text("SELECT base.erase_due_contacts(:today)"), {"today": clock.today()}) or 0)


def erase(session: Session, clock: Clock, *, contact_id: int) -> bool:
    """Erase one contact at once; False where it is erased already, or is not this person's to erase."""
    values = {"key": contact_id, "today": clock.today()}
    return bool(session.scalar(text("SELECT base.erase_contact(:key, :today)"), values))


def term(session: Session, contact_id: int) -> tuple[date, date | None] | None:
    """The day a contact is to be erased on, and the day it was; None where the person may not read it."""
    found = select(Contact.erase_on, Contact.erased_on).where(Contact.id == contact_id)
    row = session.execute(found).one_or_none()
    return None if row is None else (row.erase_on, row.erased_on)
