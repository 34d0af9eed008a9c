"""What the reader of a form saw. A form sends each row that it changes with the version that its page showed.

A row that was changed in between stops the whole step: :class:`Stale` names it, and the office shows both (what was
seen, what stands there now; ``app.web.stale``). The versions that are compared here stand in the UPDATE's condition
too, so that nothing slips in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import HSTORE

from app.base.errors import N_, Changed, Conflict, Invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from app.base.tables import Editable

#: So many changed rows are named in the sentence.
MOST_NAMED = 5
WHICH = N_("Which ones")
#: A field's title, what the reader saw there, and what stands there now; titles are messages, values may be.
Field = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as it stands now: what it is called, its page, its version; ``fields`` where no history tells them."""

    subject: str
    id: int
    uid: UUID
    version: int
    title: str
    url: str = ""
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A row that changed since version ``seen``."""

    now: Shown
    seen: int


class Stale(Changed):
    """Somebody changed what the form was filled in for; nothing was done. ``again`` is where to look at it anew."""

    def __init__(self, rows: Sequence[Overtaken], *, again: str, fields: Sequence[Field] = ()) -> None:
        """``fields`` are figures of a whole that differ from those the reader saw."""
        named = ", ".join(dict.fromkeys(row.now.title for row in rows[:MOST_NAMED]))
        more = "…" if len(rows) > MOST_NAMED else ""
        if rows:
            super().__init__(
                N_("Somebody changed {rows} after you had read it. Nothing was done: look at it anew."),
                rows=f"{named}{more}",
            )
        else:
            super().__init__(N_("This changed after you had read it. Nothing was done: look at it anew."))
        self.rows, self.fields, self.again = tuple(rows), tuple(fields), again


def shown(row: Editable, title: str, url: str = "") -> Shown:
    """A row of one of our tables, for :func:`require`."""
    return Shown(str(row.__table__), row.id, row.uid, row.version, title, url)  # type: ignore[attr-defined]


def told(row: Editable) -> str:
    """A row as a form sends it: ``key:version``."""
    return f"{row.uid}:{row.version}"


def read(written: Iterable[str]) -> dict[UUID, int]:
    """Versions by key, of fields like ``key:version key:version``. Raises Invalid for what is none."""
    try:
        pairs = [each.split(":") for words in written for each in words.split()]
        return {UUID(key): int(version) for key, version in pairs}
    except ValueError as error:
        raise Invalid(N_("This page is too old. Load it again and choose anew."), field="seen") from error


def require(rows: Sequence[Shown], seen: Mapping[UUID, int], *, again: str) -> None:
    """Raise :class:`Stale` unless each of ``rows`` is as it was seen, Conflict where one of those seen is gone."""
    overtaken = [Overtaken(row, seen.get(row.uid, 0)) for row in rows if seen.get(row.uid) != row.version]
    if overtaken:
        raise Stale(overtaken, again=again)
    gone = len(seen.keys() - {row.uid for row in rows})
    if gone:
        raise Conflict(
            N_("{n} of the chosen records are gone, or not yours any more. Nothing was done: load the list again."),
            n=gone,
        )


def require_row(row: Editable, version: int, *, title: str, url: str) -> None:
    """As :func:`require`, for a form of one record."""
    require([shown(row, title, url)], {row.uid: version}, again=url)


@dataclass(frozen=True, slots=True)
class Whole:
    """Many rows at once, by figures that a page shows, and a sum that tells one set of rows from another."""

    figures: tuple[tuple[str, int], ...]
    mark: int

    def __str__(self) -> str:
        """As a form sends it."""
        return " ".join(str(n) for n in (*(n for _, n in self.figures), self.mark))

    def require(self, written: str, *, again: str) -> None:
        """Raise :class:`Stale` with both figures unless ``written`` is what stands here now."""
        if written == str(self):
            return
        saw = written.split() if len(written.split()) == len(self.figures) + 1 else ["–"] * (len(self.figures) + 1)
        fields = [(title, seen, str(n)) for (title, n), seen in zip(self.figures, saw, strict=False)]
        if saw[-1] != str(self.mark):
            fields.append((WHICH, N_("those you saw"), N_("not the same any more")))
        raise Stale((), again=again, fields=fields)


def changes(session: Session, rows: Sequence[Overtaken]) -> list[tuple[Overtaken, dict[str, Any], dict[str, Any]]]:
    """Of each row the columns that differ now: as they were when it was seen, and as they are; of one subject a call.

    Empty where nothing differs any more, or where the history of the row is not this reader's.
    """
    found = session.execute(
        text("SELECT row_id, before, after FROM history.since(:subject, :ids, :versions)").columns(
            before=HSTORE(), after=HSTORE()
        ),
        {
            "subject": rows[0].now.subject,
            "ids": [row.now.id for row in rows],
            "versions": [row.seen for row in rows],
        },
    ).all()
    both = []
    for row in rows:
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        for entry in (entry for entry in found if entry.row_id == row.now.id):
            before, after = {**entry.before, **before}, {**after, **entry.after}
        same = {column for column in before if before[column] == after.get(column)}
        both.append((row, _without(before, same), _without(after, same)))
    return both


def _without(columns: Mapping[str, Any], same: Collection[str]) -> dict[str, Any]:
    return {column: value for column, value in columns.items() if column not in same}
