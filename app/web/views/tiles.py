"""Tiles: our own layers of the person's territory, and the base map by way of this server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.base.request import Me, Place, Work
from app.planning.queries import batch as batch_of
from app.web import mapping
from app.web.ground import Ground, Unreachable
from app.web.straight import answered
from app.web.tiles import Wanted, tags_in

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Spot:
    """A layer and a place in the pyramid of tiles, as the address has them."""

    layer: str
    z: int
    x: int
    y: int


def the_tile(session: Work, place: Place, spot: Annotated[Spot, Depends()], batch: UUID | None = None) -> Wanted:
    """The tile that the address names, narrowed to the chosen territory and to a batch."""
    places = mapping.places_of(session, batch_of(session, batch)) if batch else None
    return Wanted(spot.layer, spot.z, spot.x, spot.y, place.path, places).checked()


@router.get("/tiles/{layer}/{z}/{x}/{y}")
def tile(request: Request, session: Work, wanted: Annotated[Wanted, Depends(the_tile)]) -> Response:
    """One tile of one layer. Asked for again each time, by ETag: 304 as long as nothing in sight has changed.

    Most requests are answered before they come here (:class:`app.web.straight.Straight`): what comes is refused here,
    or narrowed to a batch.
    """
    known = tags_in(", ".join(request.headers.getlist("if-none-match")))
    tag, made = wanted.answer(session, known)
    return answered(tag, made or b"", known=known)


@router.get("/ground/{layer}/{z}/{x}/{y}")
async def ground(request: Request, actor: Me, spot: Annotated[Spot, Depends()]) -> Response:
    """A picture of the base map; the browser keeps it for a day. 502 where its server does not answer."""
    del actor  # signed in is enough
    source: Ground = request.app.state.ground
    try:
        data, kind = await source.fetched(spot.layer, spot.z, spot.x, spot.y)
    except Unreachable:
        return Response(status_code=502)
    return Response(data, media_type=kind, headers={"cache-control": "private, max-age=86400"})
