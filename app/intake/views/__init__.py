"""The pages of the intake: files taken in with the verdict on every row, handing one in, and what is asked about it."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.people import Actor
from app.intake.views import columns, doubts, editions, handing, lists, records

__all__ = ["router", "waiting"]

router = APIRouter()
for part in (handing, lists, editions, columns, doubts, records):
    router.include_router(part.router)


def waiting(session: Session, actor: Actor, clock: Clock) -> int:
    """Nothing waits at the intake: files come when they come."""
    del session, actor, clock
    return 0
