"""Reading the history, sealing it, verifying it, and taking an act back. The rows are written by the database."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.base.errors import N_, Conflict, Invalid, NotAllowed, NotFound, Subject
from app.base.models import Entry
from app.base.shares import Share, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from app.base.clock import Clock
    from app.base.db import Database
    from app.base.people import Actor

#: Entries of a record that its page shows; the history's own page has the rest.
SHOWN = 50
#: How long an act can be taken back.
UNDO_FOR = timedelta(minutes=10)
BLOCK = 10_000
#: So many rows are taken back by one question: less than half a second, after which a run that is to stop stops.
PART = 2000
#: Acts of more rows are taken back by a run: so many rows of an import come back in a second, on a busy server in two.
AT_ONCE = 10_000
_REFUSALS = {
    "UN001": N_("This step cannot be undone: {subject} keeps what was once recorded. Record the correction instead."),
    "UN002": N_("This cannot be undone any more: {subject} was changed again since. Change it by hand."),
    "UN003": N_("This cannot be undone: a row of {subject} is gone, or not yours to change."),
}
_TAKEN = N_("This cannot be undone any more: another {subject} stands in its place since.")
_HELD = N_("This cannot be undone any more: {subject} hangs together with what was done since. Take that back first.")
#: What was done since may stand in the way without having changed a row of the act: the database's own walls.
_STANDING = {"23505": _TAKEN, "23P01": _TAKEN, "23503": _HELD}


#: An act that wrote these confirmed what became of divisions: rows that nobody may change by hand moved with them.
SUCCEEDING = frozenset({"base.succession", "base.division_code", "base.followed"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not hold: broken, altered, removed, inserted, truncated; or unsealed, which is no fault."""

    problem: str
    block: int | None
    entry_id: int | None
    subject: str | None
    row_id: int | None


def entries_of(session: Session, subject: str, row_id: int, *, most: int = SHOWN) -> Sequence[Entry]:
    """The newest of a record's history, newest first: also from where the record stood before it moved here."""
    return session.scalars(
        select(Entry).from_statement(
            text("SELECT * FROM history.of_record(:subject, :row_id, :most)").bindparams(
                subject=subject, row_id=row_id, most=most
            )
        )
    ).all()


def size(session: Session, act: UUID) -> int:
    """How many rows an act changed, as far as this person may see: of one's own, all."""
    return int(session.scalar(select(func.count()).select_from(Entry).where(Entry.act == act)) or 0)


def require_undoable(session: Session, clock: Clock, actor: Actor, act: UUID) -> None:
    """Raise NotFound where the act is not this person's, NotAllowed after ten minutes, Conflict where it was undone."""
    first = session.scalar(
        select(Entry).where(Entry.act == act, Entry.person_id == actor.id).order_by(Entry.id).limit(1)
    )
    if first is None:
        raise NotFound("There is nothing of yours to undo here.")
    if clock.now() - first.recorded_at > UNDO_FOR:
        raise NotAllowed("Undo is possible for ten minutes. Change the record by hand instead.")
    if session.scalar(select(Entry.id).where(Entry.undoes == act).limit(1)) is not None:
        raise Conflict("This was undone already.")


def undo(session: Session, clock: Clock, actor: Actor, act: UUID, *, tell: Share = silent) -> int:
    """Take back all that one act changed, within ten minutes, by whoever did it; the number of rows put back.

    All or nothing: raises Conflict where a row was changed since, NotAllowed where a table keeps what was recorded
    (a decision) or the time is over, NotFound where the act is not this person's. Undoing an undo works the same way.
    ``tell`` hears what share is done; whoever raises there stops it, and the transaction keeps nothing.
    """
    require_undoable(session, clock, actor, act)
    subjects = set(session.scalars(select(Entry.subject).where(Entry.act == act).distinct()))
    try:
        if subjects & SUCCEEDING:
            return int(session.scalar(text("SELECT base.take_back_succession(:act)"), {"act": act}) or 0)
        return _take_back(session, act, tell)
    except DBAPIError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error


_PARTS = text(
    "SELECT min(e.id) AS oldest, max(e.id) AS newest FROM (SELECT id, (row_number() OVER (ORDER BY id DESC) - 1)"
    " / :most AS part FROM history.entry WHERE act = :act) e GROUP BY e.part ORDER BY e.part"
)
_PART = text("SELECT history.undo(:act, :oldest, :newest)")


def _take_back(session: Session, act: UUID, tell: Share) -> int:
    """Part by part, the newest entries first."""
    parts = session.execute(_PARTS, {"act": act, "most": PART}).all()
    n = 0
    for nth, bounds in enumerate(parts, start=1):
        n += int(session.scalar(_PART, {"act": act, **bounds._mapping}) or 0)
        tell(nth / len(parts))
    return n


def refusal_of(error: DBAPIError) -> NotAllowed | Conflict | None:
    """What an undo refused, as an error that a person can read; None for any other failure."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if state in _STANDING:
        told = error.orig.diag  # type: ignore[union-attr]
        return Conflict(_STANDING[state], subject=Subject(f"{told.schema_name}.{told.table_name}"))
    if state not in _REFUSALS:
        return None
    refusal = NotAllowed if state == "UN001" else Conflict
    return refusal(_REFUSALS[state], subject=Subject(str(error.orig).splitlines()[0]))


def current_act(session: Session) -> UUID:
    """The act of this transaction: what a page needs to offer its undo."""
    return UUID(session.scalars(text("SELECT current_setting('minglu.act')")).one())


def seal(queue: Database, clock: Clock, *, most: int = BLOCK) -> int:
    """Seal committed entries until none is left, one block a transaction; how many. ``queue`` is the queue's role."""
    sealed = 0
    while True:
        with queue.nobody(via="seal") as session:
            values = {"most": most, "now": clock.now()}
            n = int(session.scalar(text("SELECT history.seal(:most, :now)"), values) or 0)
        if not n:
            return sealed
        sealed += n


@dataclass(frozen=True, slots=True)
class Anchor:
    """A block's number and hash as they were once written outside the database, and the file they stand in."""

    path: Path
    number: int
    hash: str


def read_anchors(folder: Path) -> list[Anchor]:
    """The anchors kept in a folder, oldest block first; none where there is no folder. Raises as read_anchor does."""
    return sorted((read_anchor(path) for path in folder.glob("anchor-*.json")), key=lambda anchor: anchor.number)


def read_anchor(path: Path) -> Anchor:
    """What :func:`export_anchor` wrote. Raises Invalid where the file holds something else."""
    try:
        words = json.loads(path.read_text())
        return Anchor(path, int(words["number"]), str(words["hash"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(N_("{file} is no anchor: it should hold a block's number and hash."), file=path) from error


def verify(session: Session, anchors: Sequence[Anchor] = ()) -> list[Problem]:
    """All that does not hold, and what is not sealed yet. Every anchor must be found again, with the same hash."""
    rows = session.execute(
        text("SELECT * FROM history.verify(CAST(:numbers AS bigint[]), CAST(:hashes AS text[]))"),
        {"numbers": [anchor.number for anchor in anchors], "hashes": [anchor.hash for anchor in anchors]},
    )
    return [Problem(**row._mapping) for row in rows]


def export_anchor(session: Session, clock: Clock, folder: Path) -> Path | None:
    """Write the newest block's number and hash to ``folder/anchor-<day>.json``; None while nothing is sealed.

    The folder belongs on another machine: whoever can rewrite the database must not be able to rewrite the anchor.
    Raises Conflict, and leaves the old files as they are, where the newest anchor in the folder is not in the history
    any more: that file is then the evidence of what was cut off.
    """
    for kept in read_anchors(folder)[-1:]:
        held = session.scalar(text("SELECT history.holds(:number, :hash)"), {"number": kept.number, "hash": kept.hash})
        if not held:
            raise Conflict(
                N_("The history has lost block {number}, which {file} holds: no newer anchor is written over it."),
                number=kept.number,
                file=kept.path,
            )
    newest = session.execute(text("SELECT * FROM history.newest_block()")).one_or_none()
    if newest is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"anchor-{clock.today().isoformat()}.json"
    words = {"number": str(newest.number), "hash": newest.hash, "sealed_at": newest.sealed_at.isoformat()}
    partial = path.with_suffix(".part")
    with partial.open("w") as file:
        json.dump(words, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return path
