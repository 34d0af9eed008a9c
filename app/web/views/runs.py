"""Long work: how far it is, cancelling it, and what came of it."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base import paging
from app.base.errors import N_, Conflict, NotFound
from app.base.models import Run, RunState
from app.base.people import may
from app.base.request import Me, Now, Place, Show, Work, one_of
from app.web import queries
from app.web.rendering import with_query
from app.web.results import outcomes

router = APIRouter(prefix="/runs")


@router.get("")
def index(  # noqa: PLR0917 - one argument a value of the query
    session: Work, show: Show, place: Place, actor: Me, clock: Now, state: str = "", lately: str = "", after: str = ""
) -> Response:
    """Runs of one's own and of the territory, newest first; in a state, of the last days, of the chosen place."""
    states = [each.value for each in RunState]
    one_of(state, states, field="state")
    one_of(lately, ["yes"], field="lately")
    since = clock.now() - queries.LATELY if lately else None
    wanted = queries.runs(None if place.id == actor.division_id else place, state=state, since=since)
    page = paging.page(session, wanted, keys=[paging.Key(Run.id, descending=True)], after=after or None)
    subjects = queries.subjects_of_runs(session, page.rows)
    return show.page("runs/index.html", page=page, subjects=subjects, state=state, states=states, lately=lately)


@router.get("/{uid}")
def record(session: Work, show: Show, uid: UUID) -> Response:
    """One run with its result."""
    run = _run(session, uid)
    told = outcomes(session, run) if run.state == RunState.DONE.value else []
    return show.page("runs/record.html", run=run, back=_back(session, run), outcomes=told)


@router.get("/{uid}/bar")
def bar(session: Work, show: Show, uid: UUID) -> Response:
    """The progress bar alone; it asks for itself again while the run goes on, and loads the page at its end."""
    run = _run(session, uid)
    response = show.page("runs/_bar.html", run=run)
    if run.ended_at is not None:
        response.headers["hx-refresh"] = "true"
    return response


@router.post("/{uid}/cancel")
def cancel(session: Work, show: Show, uid: UUID) -> Response:
    """Ask a run to stop; it does at its next step, and nothing of it is kept."""
    run = _run(session, uid)
    if not session.scalar(text("SELECT base.cancel_run(:uid)"), {"uid": run.uid}):
        raise Conflict("This run cannot be cancelled: it has ended, or is not yours.")
    return show.see(f"/runs/{run.uid}", "The run will stop at its next step.")


def _back(session: Session, run: Run) -> tuple[str, str] | None:
    """Where the run was asked for, and what that is called: its order, its batch or its list.

    None where there is no such place, or none that this person may see.
    """
    division, batch = run.args.get("division"), run.args.get("batch")
    match run.kind:
        case "release" if run.args.get("order"):
            subject, url, words = "printing.order", f"/printing/{_part(run, 'order')}", N_("Back to the print order")
        case "plan" if batch:
            subject, url, words = "milestones.batch", f"/milestones/{_part(run, 'batch')}", N_("Back to the batch")
        case "plan":
            subject, url = "planning.sign", with_query("/planning", in_=division)
            words = N_("Back to the planned signs")
        case "derive" | "scope":
            subject, url, words = "inventory.street", with_query("/inventory", in_=division), N_("Back to the streets")
        case "intake":
            subject, url, words = "intake.intake", with_query("/intake", in_=division), N_("Back to the intake")
        case "withdraw":
            subject, url, words = "intake.intake", f"/intake/{_part(run, 'intake')}", N_("Back to the file")
        case "edition":
            subject, url = "intake.edition", with_query("/intake/editions", in_=division)
            words = N_("Back to the lists of divisions")
        case _:
            return ("/history", N_("Back to the history")) if run.kind == "undo" else None
    return (url, words) if may(session, subject, "read") else None


def _part(run: Run, name: str) -> str:
    return quote(str(run.args[name]))


def _run(session: Session, uid: UUID) -> Run:
    found = session.scalar(select(Run).where(Run.uid == uid))
    if found is None:
        raise NotFound("There is no such run, or it is not in your territory.")
    return found
