"""What the checks know: the bureau's lists as they stand in the database now, as plain values.

A check asks for one token, which the database makes new with every change of any list and which costs no more than
looking up a key. Under a token that this process has not seen yet it asks for the mark of each list, and reads the
entries of those alone whose mark is new to it. A mark is a digest of the content: a change that is taken back leads to
the values that are known already. No process needs telling.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base.errors import N_, Conflict
from app.naming.logic.findings import Level
from app.naming.logic.kinds import KINDS
from app.naming.logic.lists import Entry, Lists, WordList
from app.naming.logic.parts import Generic, Kind
from app.naming.logic.readings import Reading, Readings, Surname, default_readings
from app.naming.logic.suggestions import BankWord, default_bank
from app.naming.models import ListEntry, NameList

#: The lists whose words a name is compared with, by their field of :class:`Lists`.
_COMPARED = ("placeholders", "banned", "leaders", "persons", "foreign", "companies", "alike")
_READ = ("readings", "surnames", "usual", "polyphones")
_STATES = text(
    "SELECT l.kind, coalesce(c.mark, 0) AS mark, coalesce(c.size, 0) AS size, l.source, l.dated_on,"
    "       l.confirmed_mark IS NOT DISTINCT FROM coalesce(c.mark, 0) AS confirmed,"
    "       base.name_of(l.confirmed_by) AS who"
    "  FROM naming.list l LEFT JOIN naming.content c ON c.list_id = l.id ORDER BY l.kind"
)
_TOKEN = text("SELECT token FROM naming.standing")
_TRIES = 3


@dataclass(frozen=True, slots=True, eq=False)  # one of a kind: found again by identity
class Known:
    """All that a check, a spelling and a suggestion go by; the same value as long as no list changes."""

    lists: Lists = field(default_factory=Lists)
    readings: Readings = field(default_factory=default_readings)
    bank: tuple[BankWord, ...] = field(default_factory=default_bank)


@dataclass(frozen=True, slots=True)
class State:
    """A list at this moment: the mark and size of its content, where it is from, who has confirmed just this."""

    kind: str
    mark: int
    size: int
    source: str
    dated_on: date
    confirmed: bool
    who: str | None


class _Moved(Exception):
    """A list changed between the question for its mark and the one for its entries."""


def known(session: Session) -> Known:
    """The lists as this transaction sees them. Where none are to be seen (nobody acts), those that ship."""
    token = session.scalar(_TOKEN)
    return _once(token, lambda: _known(session))


def _known(session: Session) -> Known:
    for _ in range(_TRIES):
        states = tuple(State(**row) for row in session.execute(_STATES).mappings())
        try:
            return _gathered(states, _reader(session))
        except _Moved:
            continue
    raise Conflict(N_("The lists are being changed just now. Try again in a moment."))


Read = Callable[[str, int], "Sequence[ListEntry]"]
Made = TypeVar("Made")
#: How many contents this process remembers; then all are read anew. An office edits a few lists a day.
_MOST = 64
_KEPT: dict[Hashable, Any] = {}


def _once(key: Hashable, make: Callable[[], Made]) -> Made:
    """What was made under this key before, else made now and remembered."""
    if key not in _KEPT:
        made = make()
        if len(_KEPT) >= _MOST:
            _KEPT.clear()
        _KEPT[key] = made
        return made
    found: Made = _KEPT[key]
    return found


def _gathered(states: tuple[State, ...], read: Read) -> Known:
    return _once(states, lambda: _made(states, read))


def _made(states: tuple[State, ...], read: Read) -> Known:
    of = {state.kind: state for state in states if state.kind in KINDS}
    if not of:
        return Known()
    pieces = {kind: _piece(kind, state.mark, read) for kind, state in of.items()}
    said = {kind: _said(of[kind], pieces[kind]) for kind in _COMPARED}
    terms = _said(of["generics"], tuple(Entry(each.words) for each in pieces["generics"]))
    lists = replace(
        Lists(generics=pieces["generics"], terms=terms, divisions=pieces["divisions"]),
        **said,  # type: ignore[arg-type]  # all of these are lists of words
    )
    phrases, surnames, usual, polyphones = (pieces[kind] for kind in _READ)
    readings = _once(  # one value for each content: what was read by it is remembered by it
        tuple((kind, of[kind].mark) for kind in _READ),
        lambda: Readings(phrases=phrases, surnames=surnames, usual=usual, polyphones=polyphones),
    )
    return Known(lists, readings, pieces["wordbank"])


def _piece(kind: str, mark: int, read: Read) -> Any:
    """What one list is to the checks; made once for each content."""
    return _once((kind, mark), lambda: _MAKERS.get(kind, _words)(read(kind, mark)))


def _reader(session: Session) -> Read:
    marked = text(
        "SELECT coalesce(c.mark, 0) FROM naming.list l LEFT JOIN naming.content c ON c.list_id = l.id"
        " WHERE l.kind = :kind"
    )

    def read(kind: str, mark: int) -> Sequence[ListEntry]:
        wanted = (
            select(ListEntry.__table__)
            .join(NameList, NameList.id == ListEntry.list_id)
            .where(NameList.kind == kind, ListEntry.withdrawn_on.is_(None))
            .order_by(ListEntry.id)
        )
        rows = session.execute(wanted).all()
        if session.scalar(marked, {"kind": kind}) != mark:
            raise _Moved
        return rows  # type: ignore[return-value]  # rows with the entry's columns

    return read


def _said(state: State, entries: tuple[Entry, ...]) -> WordList:
    return _once(state, lambda: _word_list(state, entries))


def _word_list(state: State, entries: tuple[Entry, ...]) -> WordList:
    return WordList(
        title=KINDS[state.kind].title,
        entries=entries,
        source=state.source,
        dated_on=state.dated_on,
        confirmed_by=state.who if state.confirmed else None,
        changed_since=state.who if not state.confirmed else None,
    )


def _words(entries: Sequence[ListEntry]) -> tuple[Entry, ...]:
    return tuple(Entry(each.words, each.note, Level(each.level) if each.level else None) for each in entries)


def _generics(entries: Sequence[ListEntry]) -> tuple[Generic, ...]:
    return tuple(
        Generic(
            words=each.words,
            kind=Kind(each.sort),
            latin=tuple(each.spelling.split()),
            needs_number=each.numbered,
            width_from_m=each.width_from_m,
            width_to_m=each.width_to_m,
            length_from_m=each.length_from_m,
            length_to_m=each.length_to_m,
            axis=each.axis,
        )
        for each in entries
    )


def _reading(entries: Sequence[ListEntry]) -> dict[str, Reading]:
    return {
        each.words: Reading(each.words, tuple(each.spelling.split()), _split(each.others), each.asks, each.note)
        for each in entries
    }


def _surname(entries: Sequence[ListEntry]) -> dict[str, Surname]:
    return {each.words: Surname(each.spelling, _split(each.others), each.asks) for each in entries}


def _plain(entries: Sequence[ListEntry]) -> dict[str, str]:
    return {each.words: each.spelling for each in entries}


def _polyphones(entries: Sequence[ListEntry]) -> dict[str, tuple[str, ...]]:
    return {each.words: tuple(each.spelling.split()) for each in entries}


def _bank(entries: Sequence[ListEntry]) -> tuple[BankWord, ...]:
    return tuple(BankWord(each.words, each.sort, each.note, each.facility) for each in entries)


def _split(written: str) -> tuple[str, ...]:
    return tuple(each for each in written.split("|") if each)


_MAKERS: Mapping[str, Callable[[Sequence[ListEntry]], Any]] = {
    "generics": _generics,
    "readings": _reading,
    "surnames": _surname,
    "usual": _plain,
    "polyphones": _polyphones,
    "divisions": _plain,
    "wordbank": _bank,
}
