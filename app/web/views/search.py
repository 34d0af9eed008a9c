"""The box at the top: finds divisions, streets, sign codes, and whatever the stations know to find."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.base.request import Place, Show, Work
from app.web import queries

router = APIRouter()
SHORTEST = 1
#: So many of each kind are shown at first, and how many at most: whoever wants more needs other words.
FIRST, LAST = 20, 500


@router.get("/search")
def search(
    request: Request,
    session: Work,
    show: Show,
    place: Place,
    q: str = "",
    most: Annotated[int, Query(ge=1, le=LAST)] = FIRST,
) -> Response:
    """Everything that holds the words, by kind; at most ``most`` of each, and whether there are more."""
    words = q.strip()[:60]
    found = []
    if len(words) >= SHORTEST:
        found = [queries.find_divisions(session, words, place, most=most + 1)]
        found.append(queries.find_streets(session, words, most=most + 1))
        found += [find(session, words, most + 1) for find in request.app.state.finders]
    return show.page(
        "search/results.html",
        words_asked=words,
        hits=[hit for each in found for hit in each[:most]],
        more=any(len(each) > most for each in found),
        most=most,
        next_most=min(5 * most, LAST),
        last=LAST,
    )
