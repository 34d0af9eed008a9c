"""Work on a county's streets that takes longer than a page may: making them of surveyed lines, judging their scope."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select

from app.base.errors import N_, NotAllowed, NotFound
from app.base.jobs import enqueue_once, is_under_way
from app.base.models import Division, Run, RunState
from app.base.people import reaches
from app.base.request import Answer, Me, Place, Show, Work

router = APIRouter()


@router.post("/inventory/derive")
def derive(session: Work, show: Show, place: Place) -> Response:
    """Queue the making of streets below the chosen division."""
    if not reaches(session, place.id, subject="inventory.street", act="create"):
        raise NotAllowed(N_("You may not make streets in {place}."), place=place.name)
    run = enqueue_once(session, "derive", {"division": place.uid})
    return show.see(f"/inventory/runs/{run}")


@router.get("/inventory/runs/{uid}")
def run_record(session: Work, show: Show, actor: Me, uid: UUID) -> Response:
    """How far it is; the streets once it is done, with its undoing for who asked for it."""
    run = session.scalar(select(Run).where(Run.uid == uid, Run.kind.in_(("derive", "scope"))))
    if run is None:
        raise NotFound("There is no such run, or it is not in your territory.")
    division = session.scalar(select(Division).where(Division.uid == UUID(run.args["division"])))
    if run.state != RunState.DONE.value or division is None:
        return show.page("inventory/run.html", run=run, division=division, going=is_under_way(run))
    return _made(show, run, division, undo=UUID(run.result["act"]) if run.person_id == actor.id else None)


def _made(show: Answer, run: Run, place: Division, *, undo: UUID | None) -> Response:
    done, back = run.result, f"/inventory?in={place.uid}"
    if run.kind == "scope":
        message = N_("{n} streets of {name} are in scope.")
        return show.see(f"{back}&scope=in", message, undo=undo, n=done["in_scope"], name=place.name)
    if not done["streets"] and not done["added"]:
        return show.see(back, "Every surveyed line of {name} is part of a street already.", name=place.name)
    message = N_("{n} streets were made in {name}. Now judge their scope.")
    if done["added"]:
        message = N_(
            "{n} streets were made in {name}. {added} lines run along streets that are there and belong to them."
        )
    return show.see(back, message, undo=undo, n=done["streets"], added=done["added"], name=place.name)
