"""The tree of divisions: what the register holds, beside the official targets."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select

from app.base.errors import NotFound
from app.base.history import entries_of
from app.base.models import Division
from app.base.request import Place, Show, Work
from app.intake.views.editions import KINDS, SYSTEMS
from app.web import queries, succession

router = APIRouter(prefix="/divisions")


@router.get("")
def index(session: Work, show: Show, place: Place, after: str | None = None) -> Response:
    """The divisions right below the chosen one."""
    return show.page(
        "divisions/index.html",
        place=place,
        page=queries.children(session, place, after),
        total=queries.count_children(session, place),
        sums=queries.sums(session, place),
    )


@router.get("/{uid}")
def record(session: Work, show: Show, uid: UUID, after: str | None = None) -> Response:
    """One division with its codes and history."""
    found = session.scalar(select(Division).where(Division.uid == uid))
    if found is None:
        raise NotFound("There is no such division. Look for it in the list of divisions.")
    return show.page(
        "divisions/record.html",
        division=found,
        parent=session.get(Division, found.parent_id) if found.parent_id else None,
        sums=queries.sums(session, found),
        codes=queries.codes(session, found),
        kinds=KINDS,
        systems=SYSTEMS,
        successions=succession.successions(session, found),
        page=queries.children(session, found, after),
        entries=entries_of(session, "base.division", found.id),
    )
