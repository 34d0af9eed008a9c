"""Who changed what: the history of one's territory, and taking an act back."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy import select

from app.base import history, paging
from app.base.clock import Clock
from app.base.errors import N_, NotFound
from app.base.jobs import enqueue_once, is_under_way
from app.base.models import Entry, Run, RunState
from app.base.people import Actor, may
from app.base.request import Me, Now, Place, Show, Work, one_of, route_of
from app.web.answers import local
from app.web.words import SUBJECTS

router = APIRouter()
UNDONE = N_("Undone: {n} rows are as they were.")


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
    """Take back all that one act of one's own changed, by a run where that is much; the toast offers to undo it."""
    via = f"{request.method} {route_of(request)}"
    run = _queued(request, actor, clock, act, via)
    if run is not None:
        return show.see(f"/history/runs/{run}?{urlencode({'next': local(next)})}")
    with request.app.state.database.acting(actor.id, via=via, undoes=act) as session:
        n = history.undo(session, clock, actor, act)
        again = history.current_act(session)
    return show.see(next, UNDONE, undo=again, n=n)


def _queued(request: Request, actor: Actor, clock: Clock, act: UUID, via: str) -> UUID | None:
    """The run that takes back an act of many rows; None for few, and for who may not start runs."""
    with request.app.state.database.acting(actor.id, via=via) as session:
        if history.size(session, act) <= history.AT_ONCE or not may(session, "base.run", "create"):
            return None
        history.require_undoable(session, clock, actor, act)
        return enqueue_once(session, "undo", {"act": act})


@router.get("/history/runs/{uid}")
def run_record(session: Work, show: Show, actor: Me, uid: UUID, next: str = "/") -> Response:  # noqa: A002
    """How far an undoing is; back to where it was asked for once it is done, for who asked."""
    run = session.scalar(select(Run).where(Run.uid == uid, Run.kind == "undo"))
    if run is None:
        raise NotFound("There is no such run, or it is not in your territory.")
    if run.state != RunState.DONE.value:
        return show.page("history/run.html", run=run, next=local(next), going=is_under_way(run))
    again = UUID(run.result["act"]) if run.person_id == actor.id else None
    return show.see(next, UNDONE, undo=again, n=run.result["rows"])
