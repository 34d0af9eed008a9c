"""The kinds of long work that the worker knows; each gets its run: whose it is, and a way to tell progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import NotAllowed, NotFound
from app.base.files import Store, fetch, open_store
from app.base.history import current_act
from app.base.jobs import RunContext
from app.base.models import Division, File, GeometrySource
from app.base.people import reaches
from app.base.settings import Settings
from app.base.shares import Share, of_rows, part
from app.commands.lists import hand_in_list
from app.commands.plates import plan_signs, release_order
from app.commands.rechecking import check_again
from app.commands.undoing import HOLDS, take_back, withdraw_intake
from app.intake.datums import Look, look
from app.intake.mappings import choosing
from app.intake.steps import Origin, take_in
from app.inventory.queries import loose_segments
from app.inventory.steps import derive, judge_again, judge_scope
from gis.features import Survey
from gis.formats import Columns

#: What share of the work is done once a file is read; and of what comes then, once its rows are kept and once streets
#: are made of them (measured with 20,000 lines).
READ, _TAKEN_IN, _DERIVED = 0.15, 0.85, 0.95


class Taken(TypedDict):
    """What an intake says at its end: uid, rows, streets made, lines added to others, the territory's in scope."""

    intake: str
    rows: int
    streets: int
    added: int
    in_scope: int


def kinds(settings: Settings, clock: Clock) -> dict[str, Callable[[RunContext], Mapping[str, Any]]]:
    """The work of each kind, with the store and the clock of the process that does it.

    Survey files are taken in, lists of divisions compared, streets with a decided name get signs, an order's plates are
    printed and read back, open proposals checked by lists that changed, acts of many rows and intakes undone.
    """
    store = open_store(settings.files)
    return {
        "intake": partial(take_in_file, store=store, clock=clock),
        "derive": partial(make_streets, clock=clock),
        "edition": partial(hand_in_list, store=store, clock=clock),
        "scope": partial(judge, clock=clock),
        "plan": partial(plan_signs, clock=clock),
        "recheck": partial(check_again, clock=clock),
        "release": partial(release_order, store=store, clock=clock, code_host=settings.code_host),
        "undo": partial(take_back),
        "withdraw": partial(withdraw_intake, clock=clock),
    }


def take_in_file(run: RunContext, *, store: Store, clock: Clock) -> Taken:
    """A kept survey file becomes segments, facilities and villages; of these streets, and which are in scope.

    One transaction, so that a file is there whole or not at all.

    Arguments: ``file`` and ``division`` by uid, ``source``, ``licence``, ``datum`` (empty: as declared), ``geometry``,
    ``sure`` (somebody has chosen the datum), ``columns`` (what somebody said that they mean).

    A file whose datum is found to be another than declared is refused until somebody has chosen.
    """
    with run.acting() as session:
        division = session.scalar(select(Division).where(Division.uid == UUID(run.args["division"])))
        if division is None:
            raise NotFound("The division of this intake is gone. Choose another and hand the file in again.")
        file, seen = _read(session, run, store, division)
        tell = of_rows(run.tell, len(seen.opened.rows))
        tell(0.0)
        survey = seen.survey(tell=part(tell, 0.0, READ))
        origin = Origin(
            source=run.args.get("source") or file.name,
            licence=run.args.get("licence", ""),
            compared=seen.finding.outcome.value,
            geometry=GeometrySource(run.args.get("geometry") or GeometrySource.SURVEY.value),
            file=file,
            columns=seen.opened.by,
        )
        return apply(session, clock, survey=survey, origin=origin, division=division, tell=part(tell, READ, 1.0))


class Made(TypedDict):
    """What the making of streets says at its end; ``act`` is what its undoing takes back."""

    streets: int
    added: int
    act: str


def make_streets(run: RunContext, *, clock: Clock) -> Made:
    """The work of a run of kind ``derive``: one transaction. Argument: ``division`` by uid.

    Lines that are part of a street already are left alone, so that begun anew it makes none twice.
    """
    with run.acting() as session:
        division = _division(session, run)
        if not reaches(session, division.id, subject="inventory.street", act="create"):
            raise NotAllowed("You may not make streets in {place}.", place=division.name)
        steps = loose_segments(session, division)
        run.tell(0, steps)
        made = derive(session, clock, division=division, holds=HOLDS, tell=of_rows(run.tell, steps))
        return {"streets": made.streets, "added": made.added, "act": str(current_act(session))}


class Judged(TypedDict):
    """What a judgement of scope says at its end: the streets in scope, and the act that its undoing takes back."""

    in_scope: int
    act: str


def judge(run: RunContext, *, clock: Clock) -> Judged:
    """The work of a run of kind ``scope``: one transaction. Arguments: ``division`` by uid, ``within_m``."""
    with run.acting() as session:
        division = _division(session, run)
        if not reaches(session, division.id, subject="inventory.street", act="change"):
            raise NotAllowed("You may not change streets in {place}.", place=division.name)
        inside = judge_scope(session, clock, division=division, within_m=float(run.args["within_m"]))
        return {"in_scope": inside, "act": str(current_act(session))}


def _division(session: Session, run: RunContext) -> Division:
    found = session.scalar(select(Division).where(Division.uid == UUID(run.args["division"])))
    if found is None:
        raise NotFound("The place of this work is not in your territory any more, or it is gone. Choose another.")
    return found


def apply(
    session: Session,
    clock: Clock,
    *,
    survey: Survey,
    origin: Origin,
    division: Division,
    tell: Share,
) -> Taken:
    """A read file → segments, facilities and villages below ``division``, their streets, and which are in scope.

    ``tell`` hears what share of this is done.
    """
    taken = take_in(session, clock, survey=survey, origin=origin, division=division, tell=part(tell, 0.0, _TAKEN_IN))
    if taken.is_rejected:  # the file is kept to be mended, and nothing else changes
        return {"intake": str(taken.uid), "rows": len(survey.reports), "streets": 0, "added": 0, "in_scope": 0}
    made = derive(session, clock, division=division, holds=HOLDS, tell=part(tell, _TAKEN_IN, _DERIVED))
    in_scope = judge_again(session, clock, division=division)
    tell(1.0)
    return {
        "intake": str(taken.uid),
        "rows": len(survey.reports),
        "streets": made.streets,
        "added": made.added,
        "in_scope": in_scope,
    }


def _read(session: Session, run: RunContext, store: Store, division: Division) -> tuple[File, Look]:
    file, content = fetch(session, store, UUID(run.args["file"]))
    with content:
        said, datum = run.args.get("columns"), run.args.get("datum", "")
        source = run.args.get("source") or file.name
        by = Columns.of_told(said) if said else choosing(session, division, source)
        seen = look(session, content.read(), name=file.name, datum=datum, division=division, by=by)
    if seen.finding.asks and not run.args.get("sure"):
        raise seen.refusal()
    return file, seen
