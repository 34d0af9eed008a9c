"""Undoing an intake with the streets made of its lines: at once, or as a run where they are many."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.errors import N_, NotFound
from app.base.history import current_act
from app.base.jobs import enqueue_once, is_under_way
from app.base.models import Run, RunState
from app.base.request import Answer, Me, Now, Show, Version, Work
from app.base.seen import require_row
from app.intake.models import Intake
from app.inventory import steps
from app.inventory.views.streets import Holds

router = APIRouter()
#: Rows of a file that are undone while the page waits: 0.3 to 1.3 ms each, the more the younger they are.
AT_ONCE = 1500
#: Divisions that a sentence names.
NAMED = 5


@router.post("/inventory/intakes/{uid}/undo")
def undo_intake(session: Work, show: Show, clock: Now, uid: UUID, version: Version, holds: Holds) -> Response:
    """An intake is undone together with the unnamed streets made of its lines; its record and its file stay."""
    intake = _intake(session, uid)
    require_row(intake, version, title=intake.source, url=f"/intake/{uid}")
    if intake.accepted + intake.repaired > AT_ONCE:
        steps.require_unbuilt(session, intake=intake, holds=holds)
        run = enqueue_once(session, "withdraw", {"intake": uid, "version": intake.version})
        return show.see(f"/inventory/withdrawals/{run}")
    left = steps.withdraw(session, clock, intake=intake, holds=holds)
    return _undone(show, intake, left, undo=current_act(session))


@router.get("/inventory/withdrawals/{uid}")
def run_record(session: Work, show: Show, actor: Me, uid: UUID) -> Response:
    """How far it is; the record of the intake once it is done, with the undoing of it for who asked for it."""
    run = session.scalar(select(Run).where(Run.uid == uid, Run.kind == "withdraw"))
    if run is None:
        raise NotFound("There is no such run, or it is not in your territory.")
    intake = _intake(session, UUID(run.args["intake"]))
    if run.state != RunState.DONE.value:
        return show.page("inventory/withdrawal.html", run=run, intake=intake, going=is_under_way(run))
    undo = UUID(run.result["act"]) if run.person_id == actor.id else None
    return _undone(show, intake, run.result["names"], undo=undo)


def _intake(session: Session, uid: UUID) -> Intake:
    intake = session.scalar(select(Intake).where(Intake.uid == uid))
    if intake is None:
        raise NotFound("There is no such intake in your territory. Look for it in the list of files taken in.")
    return intake


def _undone(show: Answer, intake: Intake, left: Sequence[str], *, undo: UUID | None) -> Response:
    said = N_("The intake of {source} is undone.")
    if left:
        said = N_("The intake of {source} is undone. The places of {names} stay: they were set again since.")
    names = ", ".join(left[:NAMED]) + (" …" if len(left) > NAMED else "")
    return show.see(f"/intake/{intake.uid}", said, undo=undo, source=intake.source, names=names)
