"""The list behind each figure of a batch: the streets in scope of its villages, by village and state."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base.errors import NotFound
from app.base.models import Division
from app.base.request import Show, Work, one_of
from app.inventory.asks import NamesInForce
from app.inventory.models import Street
from app.milestones import queries
from app.milestones.models import Batch

router = APIRouter(prefix="/milestones")


def the_names(request: Request) -> NamesInForce:
    """The later station's answer to which names are in force."""
    return request.app.state.names_in_force  # type: ignore[no-any-return]


@router.get("/{uid}/streets")
def index(  # noqa: PLR0917 - one argument a value of the query
    session: Work,
    show: Show,
    names: Annotated[NamesInForce, Depends(the_names)],
    uid: UUID,
    state: Annotated[str, Query(max_length=20)] = "",
    village: Annotated[UUID | None, Query()] = None,
    after: str | None = None,
) -> Response:
    """Streets in scope of a batch, of one of its villages, in one state; ``named``: decided, announced or not."""
    one_of(state, queries.STREET_STATES, field="state")
    batch = session.scalar(select(Batch).where(Batch.uid == uid))
    if batch is None:
        raise NotFound("There is no such batch. Look for it in the list of batches.")
    home = _village(session, batch, village) if village else None
    wanted = queries.list_of(batch, state=state, village=home)
    keys = [paging.Key(Street.division_id), paging.Key(Street.id)]
    page = paging.page(session, wanted, keys=keys, after=after)
    return show.page(
        "milestones/streets.html",
        batch=batch,
        village=home,
        state=state,
        states=queries.STREET_STATES,
        counts=queries.counts_of(session, batch, home),
        page=page,
        named=names(session, [row.Street.id for row in page.rows]),
    )


def _village(session: Session, batch: Batch, uid: UUID) -> Division:
    found = session.scalar(queries.villages_of(batch).where(Division.uid == uid))
    if found is None:
        raise NotFound("This village is not in the batch. Look at the villages that are in it.")
    return found
