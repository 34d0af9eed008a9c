"""Undoing that takes longer than a page may: of an act of many rows, of an intake of many lines."""

from __future__ import annotations

from typing import TypedDict
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import history
from app.base.clock import Clock
from app.base.errors import N_, Changed, NotFound
from app.base.jobs import RunContext
from app.base.models import Entry, Run
from app.base.people import actor_of
from app.base.shares import of_rows
from app.intake.models import Intake
from app.inventory.steps import withdraw
from app.naming.queries import holds_of_streets as named
from app.planning.queries import holds_of_streets as signed

#: What later stations know of streets that are not the inventory's alone to change.
HOLDS = (named, signed)


class TakenBack(TypedDict):
    """What an undo says at its end: the rows put back, and its own act, which the undoing of it takes back."""

    rows: int
    act: str


def take_back(run: RunContext) -> TakenBack:
    """The work of a run of kind ``undo``: one transaction. Argument: ``act`` of whoever asked.

    The ten minutes end when it was asked for: the run may have waited. One that was done and is begun anew says what
    it did.
    """
    act = UUID(run.args["act"])
    with run.acting(undoes=act) as session:
        done = _done(session, run, act)
        if done is not None:
            return done
        asked_at = session.scalars(select(Run.recorded_at).where(Run.uid == run.uid)).one()
        rows = history.size(session, act)
        run.tell(0, rows)
        actor = actor_of(session, run.person_id)
        n = history.undo(session, Clock(asked_at), actor, act, tell=of_rows(run.tell, rows))
        return {"rows": n, "act": str(history.current_act(session))}


def _done(session: Session, run: RunContext, act: UUID) -> TakenBack | None:
    """What this run did already: its worker died between its end and the saying of it."""
    mine = select(Entry.act, func.count()).where(Entry.undoes == act, Entry.via == run.via).group_by(Entry.act)
    found = session.execute(mine).one_or_none()
    return None if found is None else {"rows": found[1], "act": str(found[0])}


class Withdrawn(TypedDict):
    """What the undoing of an intake says: its uid, the names of divisions that keep their places, and its act."""

    intake: str
    names: list[str]
    act: str


_WITHDRAWN = select(Entry.act).where(Entry.subject == "intake.intake").limit(1)


def withdraw_intake(run: RunContext, *, clock: Clock) -> Withdrawn:
    """The work of a run of kind ``withdraw``: one transaction. Arguments: ``intake`` by uid, ``version`` as seen."""
    with run.acting() as session:
        intake = session.scalar(select(Intake).where(Intake.uid == UUID(run.args["intake"])))
        if intake is None:
            raise NotFound("There is no such intake in your territory. Look for it in the list of files taken in.")
        done = session.scalar(_WITHDRAWN.where(Entry.row_id == intake.id, Entry.via == run.via))
        if done is not None:
            return {"intake": str(intake.uid), "names": [], "act": str(done)}
        if intake.version != int(run.args["version"]):
            raise Changed(N_("Somebody changed this record while you worked on it. Load it again and compare."))
        run.tell(0, intake.rows)
        names = withdraw(session, clock, intake=intake, holds=HOLDS, tell=of_rows(run.tell, intake.rows))
        return {"intake": str(intake.uid), "names": names, "act": str(history.current_act(session))}
