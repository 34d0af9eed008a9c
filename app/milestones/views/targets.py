"""Targets of villages by year, and quotas of roads in the second stream: set by the city's officers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, NotAllowed
from app.base.history import current_act
from app.base.models import Division
from app.base.people import may
from app.base.request import Answer, Now, Place, Show, Work
from app.inventory.models import Stream
from app.milestones import queries, steps
from app.milestones.models import Target

router = APIRouter(prefix="/milestones")


@dataclass(slots=True)
class Quota:
    """A year's target as it was typed."""

    #: ``year:version`` of each target that the page showed; a year that is not among them had none.
    seen: Annotated[list[str], Form(default_factory=list)]
    year: Annotated[int, Form(ge=2020, le=2100)] = 0
    villages: Annotated[int, Form(ge=0, le=100_000)] = 0
    source: Annotated[str, Form(max_length=200)] = ""

    def wanted(self, stream: Stream) -> steps.Quota:
        """As the step takes it."""
        return steps.Quota(self.year, self.villages, self.source, stream)

    def was_read(self, target: Target | None) -> bool:
        """Whether the year's target is still as the page showed it."""
        versions = [each.partition(":")[2] for each in self.seen if each.partition(":")[0] == str(self.year)]
        return versions == ([] if target is None else [str(target.version)])


@router.post("/targets")
def set_target(session: Work, show: Show, place: Place, clock: Now, quota: Annotated[Quota, Depends()]) -> Response:
    """A year's target of the chosen division, new or changed."""
    return _set(session, show, place, clock, quota, Stream.VILLAGE)


@router.post("/quotas")
def set_quota(session: Work, show: Show, place: Place, clock: Now, quota: Annotated[Quota, Depends()]) -> Response:
    """A year's quota of the second stream for the chosen division, new or changed."""
    return _set(session, show, place, clock, quota, Stream.NEW_ROAD)


def _set(session: Session, show: Answer, place: Division, clock: Clock, quota: Quota, stream: Stream) -> Response:
    if not may(session, "milestones.target", "change"):
        raise NotAllowed("Only the city's officers set targets.")
    wanted = quota.wanted(stream)
    known = queries.target_of(session, place, quota.year, stream=wanted.stream)
    if not quota.was_read(known):
        return show.page(
            "conflict.html",
            status=409,
            subject=show.text("Target of {year}", year=quota.year),
            again_url=f"/milestones?in={place.uid}",
            fields=[
                (show.text("Villages"), quota.villages, known.villages if known else "—"),
                (show.text("Who says so"), quota.source, known.source if known else "—"),
            ],
        )
    steps.set_quota(session, clock, division=place, quota=wanted)
    message = (
        N_("The target of {year} is {n} villages.")
        if wanted.stream is Stream.VILLAGE
        else N_("The quota of {year} in the second stream is {n} roads.")
    )
    return show.see(
        f"/milestones?in={place.uid}",
        message,
        undo=current_act(session),
        year=quota.year,
        n=quota.villages,
    )
