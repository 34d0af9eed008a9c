"""What happens to the lists: words come, change and go, files are taken in, a content is confirmed.

By the city's officers and administrators (held by the database). Whatever changes a list, its undoing too, has the open
proposals checked anew: the database queues that (``naming.note_content``), in the same transaction.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid, NotAllowed
from app.base.many import change_all
from app.base.people import Actor, may
from app.naming import queries
from app.naming.logic.entries import Form, ListKind, Values, values_of
from app.naming.logic.kinds import KINDS
from app.naming.models import ListEntry, NameList
from gis.errors import GisError
from gis.formats.archive import declared_bytes
from gis.formats.sheets import plain_lines

#: A list that a person keeps; a file of more is another thing.
LARGEST_BYTES, MOST_UNFOLDED, MOST_LINES = 20 << 20, 200 << 20, 100_000
#: Lines of a file looked at for the one with the columns' names: titles stand above it.
_HEADED_BY = 10
_AT_ONCE = 1_000
KNOWN = N_("“{words}” is on the list already.")
WITHDRAWN = N_("“{words}” was withdrawn from the list on {day}. Bring it back instead.")


def may_edit(session: Session) -> bool:
    """Whether the person of the transaction edits and confirms lists."""
    return may(session, "naming.entry", "create")


def require_editor(session: Session) -> None:
    """Raise NotAllowed for whoever does not edit the lists, in words that say who does."""
    if not may_edit(session):
        raise NotAllowed("The lists are kept by the city's officers and administrators. Tell them what is missing.")


def add(session: Session, clock: Clock, *, to: NameList, cells: Mapping[str, str]) -> ListEntry:
    """Nothing → an entry. Raises Invalid for what its list refuses, Conflict for words that are on it or were."""
    made = ListEntry(list_id=to.id, since_on=clock.today(), **values_of(KINDS[to.kind], cells))
    _refuse_twice(session, to, made.words)
    session.add(made)
    _flush(session, made.words)
    return made


def revise(session: Session, *, entry: ListEntry, of: NameList, cells: Mapping[str, str]) -> ListEntry:
    """An entry says something else. Raises as :func:`add`."""
    values = values_of(KINDS[of.kind], cells)
    if values["words"] != entry.words:
        _refuse_twice(session, of, values["words"])
    for key, value in values.items():
        setattr(entry, key, value)
    _flush(session, entry.words)
    return entry


def withdraw(session: Session, clock: Clock, *, entries: Sequence[ListEntry]) -> None:
    """Entries that count → withdrawn from today; they stay on record."""
    change_all(session, [each for each in entries if each.withdrawn_on is None], withdrawn_on=clock.today())


def bring_back(session: Session, *, entries: Sequence[ListEntry]) -> None:
    """Withdrawn entries → entries that count."""
    change_all(session, [each for each in entries if each.withdrawn_on is not None], withdrawn_on=None)


def describe(session: Session, *, of: NameList, source: str, licence: str, dated_on: date) -> None:
    """What a list says of itself. Raises Invalid without a source."""
    if not source.strip():
        raise Invalid(N_("Say where the list is from."), field="source")
    of.source, of.licence, of.dated_on = source.strip(), licence.strip(), dated_on
    session.flush()


def confirm(session: Session, clock: Clock, *, by: Actor, of: NameList, mark: int, note: str) -> None:
    """The content of this mark is confirmed by whoever says so; with another content the list is unconfirmed again."""
    of.confirmed_mark, of.confirmed_by, of.confirmed_on = mark, by.id, clock.today()
    of.confirmed_note = note.strip()
    session.flush()


def revoke(session: Session, *, of: NameList) -> None:
    """Confirmed → confirmed by nobody."""
    of.confirmed_mark = of.confirmed_by = of.confirmed_on = None
    of.confirmed_note = ""
    session.flush()


def _refuse_twice(session: Session, of: NameList, words: str) -> None:
    found = session.scalar(select(ListEntry).where(ListEntry.list_id == of.id, ListEntry.words == words))
    if found is not None and found.withdrawn_on is not None:
        raise Invalid(WITHDRAWN, field="words", words=words, day=found.withdrawn_on)
    if found is not None:
        raise Invalid(KNOWN, field="words", words=words)


def _flush(session: Session, words: str) -> None:
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError as error:
        raise Conflict(KNOWN, words=words) from error


class Verdict(StrEnum):
    """What becomes of a line of a file."""

    NEW = "new"
    KNOWN = "known"  # on the list, and says the same
    CHANGED = "changed"  # on the list, and says something else
    WITHDRAWN = "withdrawn"  # was on the list, and stays withdrawn
    REPEATED = "repeated"  # stands further up in the file
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: its number, what it says, what becomes of it and why, and the entry that it changes."""

    number: int
    words: str
    verdict: Verdict
    values: Values = field(default_factory=dict)
    reason: str = ""
    told: Mapping[str, object] = field(default_factory=dict)
    entry: ListEntry | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A file beside a list: its lines, and the entries that count and stand in none of them."""

    lines: Sequence[Line]
    missing: Sequence[ListEntry]

    def of(self, verdict: Verdict) -> list[Line]:
        """The lines with this verdict."""
        return [line for line in self.lines if line.verdict is verdict]


@dataclass(frozen=True, slots=True)
class Wordings:
    """How a file may call columns and values: in small letters, by title and by ``(column, word)``."""

    columns: Mapping[str, str]
    values: Mapping[tuple[str, str], str]


def lines_of(data: bytes, *, name: str) -> list[tuple[int, list[str]]]:
    """The lines of a CSV or Excel file. Raises Invalid for ``file`` where it is too large or cannot be read."""
    if len(data) > LARGEST_BYTES:
        raise Invalid(N_("The file is too large for a list."), field="file")
    with tempfile.TemporaryDirectory(prefix="minglu-") as folder:
        path = Path(folder) / "list"
        path.write_bytes(data)
        try:
            if data[:2] == b"PK" and declared_bytes(path) > MOST_UNFOLDED:
                raise Invalid(N_("The file is too large for a list."), field="file")
            lines = plain_lines(path, called=name)
        except GisError as error:
            raise Invalid(error.message, field="file", **error.values) from error
    if not lines:
        raise Invalid(N_("The file has no lines. Choose another."), field="file")
    if len(lines) > MOST_LINES:
        raise Invalid(N_("The file is too large for a list."), field="file")
    return lines


def compare(
    session: Session, *, to: NameList, lines: Sequence[tuple[int, list[str]]], wordings: Wordings
) -> Comparison:
    """What each line of a file would do to a list; nothing is changed.

    The first lines are looked at for the columns' names; a file without them has the words in its first column.
    """
    kind = KINDS[to.kind]
    named, rows = _headed(lines, wordings)
    known = {each.words: each for each in session.scalars(select(ListEntry).where(ListEntry.list_id == to.id))}
    seen: set[str] = set()
    found = []
    for number, cells in rows:
        line = _line(kind, number, _cells(named, cells, kind, wordings), known, named)
        if line.verdict is not Verdict.REJECTED and line.words in seen:
            line = Line(number, line.words, Verdict.REPEATED)
        seen.add(line.words)
        found.append(line)
    return Comparison(found, [each for words, each in known.items() if each.withdrawn_on is None and words not in seen])


def _headed(
    lines: Sequence[tuple[int, list[str]]], wordings: Wordings
) -> tuple[dict[int, str], Sequence[tuple[int, list[str]]]]:
    """Which column of the file is which of the list's, and the lines below."""
    for at, (_, cells) in enumerate(lines[:_HEADED_BY]):
        named = {place: wordings.columns.get(cell.lower(), "") for place, cell in enumerate(cells)}
        if "words" in named.values():
            return {place: key for place, key in named.items() if key}, lines[at + 1 :]
    return {0: "words"}, lines


def _cells(named: Mapping[int, str], cells: Sequence[str], kind: ListKind, wordings: Wordings) -> dict[str, str]:
    """The cells by column, values as the program calls them."""
    written = {key: cells[place] for place, key in named.items() if place < len(cells)}
    for key, column in kind.by_key.items():
        if key in written and column.form in {Form.CHOICE, Form.YES}:
            written[key] = wordings.values.get((key, written[key].lower()), written[key])
    return written


def _line(
    kind: ListKind, number: int, cells: Mapping[str, str], known: Mapping[str, ListEntry], named: Mapping[int, str]
) -> Line:
    entry = known.get(cells.get("words", ""))
    if entry is not None:  # what the file does not speak of stays as it is
        here = set(named.values())
        cells = {key: cells.get(key, "") if key in here else _as_written(entry, key) for key in kind.by_key}
    try:
        values = values_of(kind, cells)
    except Invalid as refusal:
        return Line(number, cells.get("words", ""), Verdict.REJECTED, {}, refusal.message, refusal.values)
    words = values["words"]
    if entry is None:
        return Line(number, words, Verdict.NEW, values)
    if entry.withdrawn_on is not None:
        return Line(number, words, Verdict.WITHDRAWN, values, entry=entry)
    same = all(getattr(entry, key) == value for key, value in values.items())
    return Line(number, words, Verdict.KNOWN if same else Verdict.CHANGED, values, entry=entry)


def _as_written(entry: ListEntry, key: str) -> str:
    value = getattr(entry, key)
    return ("yes" if value else "no") if isinstance(value, bool) else "" if value is None else str(value)


def take_in(session: Session, clock: Clock, *, to: NameList, found: Comparison, whole: bool = False) -> int:
    """A compared file comes true: new words come, others change; with ``whole`` what it does not have is withdrawn.

    Returns how many entries were touched.
    """
    new = [line.values for line in found.of(Verdict.NEW)]
    for first in range(0, len(new), _AT_ONCE):
        rows: list[dict[str, Any]] = [
            {"list_id": to.id, "since_on": clock.today(), **values} for values in new[first : first + _AT_ONCE]
        ]
        session.execute(insert(ListEntry.__table__), rows)  # type: ignore[arg-type]  # the entries' table
    changed = found.of(Verdict.CHANGED)
    for line in changed:
        for key, value in line.values.items():
            setattr(line.entry, key, value)
    session.flush()
    gone = list(found.missing) if whole else []
    withdraw(session, clock, entries=gone)
    return len(new) + len(changed) + len(gone)


def of_kind(session: Session, key: str) -> Any:
    """A list with its content (:func:`app.naming.queries.name_lists`) by its kind; None where there is none."""
    return session.execute(queries.name_lists().where(NameList.kind == key)).one_or_none()
