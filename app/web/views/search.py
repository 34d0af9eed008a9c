"""The box at the top: finds divisions, streets, sign codes, and whatever the stations know to find."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.base.request import Place, Show, Work
from app.web import queries

router = APIRouter()
SHORTEST = 1


@router.get("/search")
def search(request: Request, session: Work, show: Show, place: Place, q: str = "") -> Response:
    """Everything that holds the words, by kind."""
    words = q.strip()[:60]
    hits = []
    if len(words) >= SHORTEST:
        hits += queries.find_divisions(session, words, place)
        hits += queries.find_streets(session, words)
        for find in request.app.state.finders:
            hits += find(session, words)
    return show.page("search/results.html", words_asked=words, hits=hits)
