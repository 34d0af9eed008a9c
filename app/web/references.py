"""The keys inside history entries, by the names of what they point at, as far as the reader may read it."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import object_session

from app.base.models import Division, Entry, File
from app.inventory.models import Street
from app.milestones.models import Batch
from app.models import metadata
from app.naming.models import Decision, Name, Proposal
from app.printing.models import Code, Order
from app.web import language
from app.web.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

#: What a key of each table is called: the name in force of a street, or else what the survey calls it.
_IN_FORCE = select(Name.words).where(Name.street_id == Street.id, Name.retired_on.is_(None)).limit(1).scalar_subquery()
_NAMES: Mapping[str, tuple[ColumnElement[int], ColumnElement[str]]] = {
    "base.division": (Division.__table__.c.id, Division.__table__.c.name),
    "milestones.batch": (Batch.__table__.c.id, Batch.__table__.c.title),
    "inventory.street": (Street.__table__.c.id, func.coalesce(_IN_FORCE, Street.surveyed_name)),
    "naming.proposal": (Proposal.__table__.c.id, Proposal.__table__.c.words),
    "naming.decision": (Decision.__table__.c.id, Decision.__table__.c.number),
    "naming.name": (Name.__table__.c.id, Name.__table__.c.words),
    "printing.code": (Code.__table__.c.id, Code.__table__.c.token),
    "printing.order": (Order.__table__.c.id, Order.__table__.c.number),
    "base.file": (File.__table__.c.id, File.__table__.c.name),
}
_PEOPLE = "base.person"


@cache
def _targets(subject: str) -> Mapping[str, str]:
    """Of a table's columns those that pages tell and that point at something with a name, and where they point.

    The path beside each ``division_id`` belongs to the same foreign key and says nothing of its own.
    """
    table = metadata().tables.get(subject)
    keys = [] if table is None else [key for column in table.columns for key in column.foreign_keys]
    found = {key.parent.name: key.target_fullname.rpartition(".")[0] for key in keys}
    return {column: target for column, target in found.items() if column in COLUMNS and target in {*_NAMES, _PEOPLE}}


class Told:
    """Names behind the keys of one page of history, and of the people who made its entries."""

    def __init__(self, names: Mapping[tuple[str, int], str]) -> None:
        """``names``: by table and key."""
        self.names = names

    def name(self, subject: str, column: str, value: str | None) -> str:
        """The name behind a value; empty for what is no key, or one that this reader may not read."""
        target = "base.division" if column == "division_id" else _targets(subject).get(column)
        return self.names.get((target, int(value)), "") if target and value and value.isdecimal() else ""

    def who(self, entry: Entry) -> str:
        """Who made an entry; empty for the program itself."""
        return "" if entry.person_id is None else self.names.get((_PEOPLE, entry.person_id)) or "–"

    def about(self, entry: Entry) -> list[tuple[str, str]]:
        """What a record belongs to, by column title: its place, and what its keys point at."""
        place = self.name(entry.subject, "division_id", _last(entry.territory))
        row = (entry.after or {}) if entry.op == "insert" else (entry.before or {}) if entry.op == "delete" else {}
        found = {column: self.name(entry.subject, column, row.get(column)) for column in _targets(entry.subject)}
        told = {"division_id": place} | {column: name for column, name in found.items() if name}
        return [(language.translate(COLUMNS[column]), name) for column, name in told.items() if name]


def told(session: Session, entries: Sequence[Entry]) -> Told:
    """One question a table for all entries of a page."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        for target, value in _keys(entry):
            if value and value.isdecimal():
                wanted[target].add(int(value))
    names: dict[tuple[str, int], str] = {}
    for target, (key, name) in _NAMES.items():
        if wanted[target]:
            rows = session.execute(select(key, name).where(key.in_(wanted[target])))
            names |= {(target, row[0]): row[1] for row in rows if row[1]}
    for person in wanted[_PEOPLE]:
        names[_PEOPLE, person] = session.scalar(select(func.base.name_of(person))) or ""
    return Told(names)


def told_by(entries: Sequence[Entry]) -> Told:
    """As :func:`told`, in the transaction that read the entries: for templates, which know of none."""
    session = object_session(entries[0])
    assert session is not None  # noqa: S101 - entries are rendered while the request's transaction is open
    return told(session, entries)


def _keys(entry: Entry) -> Iterable[tuple[str, str | None]]:
    yield "base.division", _last(entry.territory)
    yield _PEOPLE, str(entry.person_id)
    for row in (entry.before or {}, entry.after or {}):
        for column, target in _targets(entry.subject).items():
            yield target, row.get(column)


def _last(territory: str | None) -> str:
    """The key of the division that a path of keys ends in."""
    return (territory or "").rpartition(".")[2]
