"""Names in force: open to all staff, found by characters and by pinyin."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.base import paging
from app.base.request import Place, Show, Work
from app.naming import queries
from app.naming.models import Name
from signs.designs import is_blue

router = APIRouter(prefix="/naming")


@router.get("/names")
def index(session: Work, show: Show, place: Place, q: str = "", after: str | None = None) -> Response:
    """Names in force of the chosen territory in the order of their sound."""
    keys = [paging.Key(Name.sound_plain), paging.Key(Name.id)]
    page = paging.page(session, queries.names(place, q[:40]), keys=keys, after=after)
    return show.page("naming/names.html", page=page, q=q[:40], place=place, is_blue=is_blue)
