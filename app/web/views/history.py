"""Who changed what: the history of one's territory, and taking an act back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy import select

from app.base import history, paging
from app.base.models import Entry
from app.base.request import Me, Now, Place, Show, Work, one_of, route_of
from app.web.words import SUBJECTS

router = APIRouter()


@router.get("/history")
def index(  # noqa: PLR0917 - one argument a value of the query
    session: Work,
    show: Show,
    place: Place,
    clock: Now,
    subject: str = "",
    record: Annotated[int, Query(ge=0)] = 0,
    after: str | None = None,
) -> Response:
    """Entries of the chosen territory, newest first; of one kind of record, or of one record."""
    one_of(subject, SUBJECTS, field="subject")
    wanted = select(Entry).where(Entry.territory.op("<@")(place.path))
    wanted = wanted.where(Entry.subject == subject) if subject else wanted
    wanted = wanted.where(Entry.row_id == record) if subject and record else wanted
    page = paging.page(session, wanted, keys=[paging.Key(Entry.id, descending=True)], after=after)
    return show.page(
        "history/index.html",
        place=place,
        page=page,
        subject=subject,
        record=record if subject else 0,
        undo_since=clock.now() - history.UNDO_FOR,
    )


@router.post("/undo/{act}")
def undo(
    request: Request,
    show: Show,
    actor: Me,
    clock: Now,
    act: UUID,
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Take back all that one act of one's own changed; the toast offers to undo the undoing."""
    via = f"{request.method} {route_of(request)}"
    with request.app.state.database.acting(actor.id, via=via, undoes=act) as session:
        n = history.undo(session, clock, actor, act)
        again = history.current_act(session)
    return show.see(next, "Undone: {n} rows are as they were.", undo=again, n=n)
