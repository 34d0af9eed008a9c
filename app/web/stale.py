"""The page of a form that was overtaken: each row that changed, as its reader saw it and as it stands now."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from app.base import seen
from app.base.models import Entry
from app.base.request import route_of
from app.models import metadata
from app.web import columns, language, references
from app.web.errors import wants_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fastapi import FastAPI, Request, Response
    from sqlalchemy.orm import Session

    from app.base.people import Actor

#: So many rows are shown with both sides; all of them are looked at anew anyway.
MOST_SHOWN = 50
#: What follows from a name's words and says nothing of its own beside them.
DERIVED = frozenset({"specific", "generic", "latin_plain", "latin_sign", "sound_toned", "sound_plain"})


@dataclass(frozen=True, slots=True)
class Card:
    """One row: what it is called, its page, and ``(title, seen, now)`` of each field that differs."""

    title: str
    url: str
    fields: Sequence[seen.Field]


def install(app: FastAPI) -> None:
    """Answer with the page; a program and a part of a page get the sentence, as for any other refusal."""

    async def overtaken(request: Request, error: seen.Stale) -> Response:
        actor = getattr(request.state, "actor", None)
        if actor is None or wants_json(request) or request.headers.get("hx-request"):
            told: Response = await app.state.pages.refused(request, error)
            return told
        form = await request.form() if request.method == "POST" else FormData()
        sent = [value.strip() for key, value in form.multi_items() if key != "seen" and isinstance(value, str)]
        typed = [value for value in sent if is_typed(value)]
        return await run_in_threadpool(answer, request, actor, error, list(dict.fromkeys(typed)))

    app.add_exception_handler(seen.Stale, overtaken)  # type: ignore[arg-type]


def is_typed(value: str) -> bool:
    """Whether a form's value is somebody's own words; keys, versions, days and choices are in bare ASCII."""
    return not value.isascii() or " " in value


def answer(request: Request, actor: Actor, stale: seen.Stale, typed: Sequence[str] = ()) -> Response:
    """The page, in a transaction of its own: that of the request was taken back with all it had done.

    ``typed`` are words of the form, which stay in sight to be copied.
    """
    language.use(request.state.language)
    with request.app.state.database.acting(actor.id, via=f"{request.method} {route_of(request)}") as session:
        cards = [*_whole(stale), *_cards(session, stale.rows[:MOST_SHOWN])]
    page: Response = request.app.state.answers(request).page(
        "stale.html",
        status=409,
        message=language.translate(stale.message, request.state.language, **stale.values),
        cards=cards,
        typed=typed,
        more=max(0, len(stale.rows) - MOST_SHOWN),
        again_url=stale.again,
    )
    return page


def _whole(stale: seen.Stale) -> list[Card]:
    return [Card("", "", _said(stale.fields))] if stale.fields else []


def _said(fields: Iterable[seen.Field]) -> list[seen.Field]:
    return [(language.translate(title), language.translate(saw), language.translate(now)) for title, saw, now in fields]


def _cards(session: Session, rows: Sequence[seen.Overtaken]) -> list[Card]:
    found: list[Card] = []
    for subject, alike in groupby(rows, key=lambda row: row.now.subject):
        changed = seen.changes(session, list(alike))
        told = references.told(session, [_entry(subject, before, after) for _, before, after in changed])
        for row, before, after in changed:
            fields = [
                (
                    language.translate(columns.COLUMNS[column]),
                    _value(told, subject, column, before[column]),
                    _value(told, subject, column, after.get(column)),
                )
                for column in _told(subject, before)
            ]
            found.append(Card(row.now.title, row.now.url, [*_said(row.now.fields), *fields]))
    return found


def _told(subject: str, before: dict[str, str | None]) -> list[str]:
    """The columns that a reader is told of, in the table's own order."""
    order = list(metadata().tables[subject].columns.keys())
    known = [column for column in columns.changed(before) if column in columns.COLUMNS and column not in DERIVED]
    return sorted(known, key=order.index)


def _value(told: references.Told, subject: str, column: str, value: str | None) -> str:
    return told.name(subject, column, value) or columns.said(subject, column, value)


def _entry(subject: str, before: dict[str, str | None], after: dict[str, str | None]) -> Entry:
    """Both sides as the history would have them in one entry, to be asked for the names behind their keys."""
    return Entry(subject=subject, op="update", before=before, after=after, person_id=None, territory="")
