"""Names in force: open to all staff, found by characters and by pinyin."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.base import paging
from app.base.request import Place, Show, Work, one_of
from app.naming import queries
from app.naming.models import Name
from signs.designs import is_blue

router = APIRouter(prefix="/naming")


@router.get("/names")
def index(session: Work, show: Show, place: Place, q: str = "", scope: str = "", after: str | None = None) -> Response:
    """Names in force of the chosen territory in the order of their sound, with how many there are."""
    one_of(scope, ("in",), field="scope")
    keys = [paging.Key(Name.sound_plain), paging.Key(Name.id)]
    found = queries.names(place, q[:40], in_scope=scope == "in")
    return show.page(
        "naming/names.html",
        page=paging.page(session, found, keys=keys, after=after),
        total=paging.count(session, found),
        q=q[:40],
        scope=scope,
        place=place,
        is_blue=is_blue,
    )
