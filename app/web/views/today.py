"""The start page: what is overdue, due, waiting for me, sent back to me; and the programme's one number."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.base.request import Me, Now, Place, Show, Work
from app.web import queries

router = APIRouter()


@router.get("/")
def today(session: Work, show: Show, place: Place, actor: Me, clock: Now) -> Response:
    """What this day asks of this person."""
    return show.page(
        "home/today.html",
        place=place,
        today=clock.today(),
        due=queries.due(session, place, most=12),
        batches=queries.open_batches(session, place, most=8),
        returned=queries.returned_to(session, actor.id),
        number=queries.one_number(session, place),
    )
