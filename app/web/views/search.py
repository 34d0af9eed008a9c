"""The box at the top: finds divisions, streets, sign codes, and whatever the stations know to find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from app.base import paging
from app.base.request import Finder, Place, Show, Work, one_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.base.models import Division

router = APIRouter()
SHORTEST, LONGEST = 1, 60
#: So many of each kind stand on the first page; each kind has pages of its own.
OF_EACH = 20


@dataclass(frozen=True, slots=True)
class Found:
    """What one finder found: a page of it."""

    finder: Finder
    page: paging.Page


@router.get("/search")
def search(  # noqa: PLR0917 - one argument a value of the query
    request: Request,
    session: Work,
    show: Show,
    place: Place,
    q: str = "",
    kind: str = "",
    after: str | None = None,
) -> Response:
    """Everything that holds the words, some of each kind; of one kind all, a page at a time."""
    finders: dict[str, Finder] = request.app.state.finders
    one_of(kind, finders, field="kind")
    words, found = q.strip()[:LONGEST], []
    if len(words) >= SHORTEST:
        size = paging.SIZE if kind else OF_EACH
        asked = [finders[kind]] if kind else finders.values()
        found = [one for finder in asked if (one := _find(session, finder, words, place, after=after, size=size))]
    return show.page("search/results.html", words_asked=words, found=found, kind=kind, finders=finders)


def _find(
    session: Session, finder: Finder, words: str, place: Division, *, after: str | None, size: int
) -> Found | None:
    """A page of what one finder found; None where there is nothing, or nothing for this person."""
    rows = finder.rows(session, words, place)
    if rows is None:
        return None
    page = paging.page(session, rows, keys=finder.keys, after=after, size=size)
    return Found(finder, page) if page.rows else None
