"""The start page: what is overdue, due, waiting for me, sent back to me; and the programme's one number."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.base.models import Role
from app.base.people import may
from app.base.request import Me, Now, Place, Show, Work
from app.milestones.queries import target_years
from app.tracking import queries as tracking
from app.web import queries
from app.web.words import NEXT_STEPS

router = APIRouter()
#: Clocks run for those who see the names on their way; the programme's number is for everybody.
SUBJECTS = ("naming.proposal", "milestones.batch")


@router.get("/")
def today(session: Work, show: Show, place: Place, actor: Me, clock: Now) -> Response:
    """What this day asks of this person; panels of what their role may not read are left out, not shown empty."""
    sees = {subject: may(session, subject, "read") for subject in SUBJECTS}
    orders = queries.released_orders(session, most=8) if actor.role is Role.SIGN_MAKER else []
    return show.page(
        "home/today.html",
        place=place,
        today=clock.today(),
        due=queries.due(session, place, most=12) if sees["naming.proposal"] else None,
        batches=queries.open_batches(session, place, most=8) if sees["milestones.batch"] else None,
        tasks=queries.tasks(session, clock, actor, place),
        orders=orders if actor.role is Role.SIGN_MAKER else None,
        number=tracking.progress_of(session, place, on=clock.today()),
        target=sum(target.villages for target in target_years(session, place)),
        next_step=NEXT_STEPS[actor.role.value],
    )
