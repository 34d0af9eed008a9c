"""What an officer decides of a street's shape, from its page: no street, split, join, and back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from sqlalchemy import select

from app.base import seen as as_seen
from app.base.errors import N_, Invalid
from app.base.history import current_act
from app.base.request import Now, Seen, Show, Version, Work
from app.base.seen import require_row
from app.inventory import steps
from app.inventory.models import Street
from app.inventory.views.streets import Holds, Later, show_record, street_of

router = APIRouter()
UNNAMED = N_("Unnamed street")
_EAST, _NORTH = 180, 90


def the_street(session: Work, show: Show, uid: UUID, version: Version) -> Street:
    """The street of a form, as its reader saw it. Raises Stale where it changed since, NotFound for none."""
    street = street_of(session, uid)
    require_row(street, version, title=street.surveyed_name or show.text(UNNAMED), url=f"/inventory/{uid}")
    return street


@router.post("/inventory/{uid}/no-street")
def mark_no_street(
    session: Work,
    show: Show,
    clock: Now,
    later: Later,
    street: Annotated[Street, Depends(the_street)],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """A street is none, for a reason."""
    try:
        with session.begin_nested():
            steps.mark_no_street(session, clock, street=street, reason=reason[:500], holds=later.holds)
    except Invalid as refusal:
        errors = {"reason": show.text(refusal.message, **refusal.values)}
        return show_record(session, show, later, street, errors)
    return show.see(f"/inventory/{street.uid}", "This is no street any more.", undo=current_act(session))


@router.post("/inventory/{uid}/street")
def take_back(session: Work, show: Show, clock: Now, street: Annotated[Street, Depends(the_street)]) -> Response:
    """That a street is none is taken back."""
    steps.take_back_no_street(session, clock, street=street)
    return show.see(f"/inventory/{street.uid}", "This is a street again.", undo=current_act(session))


@router.post("/inventory/{uid}/split")
def split(
    session: Work,
    show: Show,
    clock: Now,
    later: Later,
    street: Annotated[Street, Depends(the_street)],
    at: Annotated[str, Form()] = "",
) -> Response:
    """A street is cut in two; ``at`` is "lon,lat"."""
    try:
        with session.begin_nested():
            made = steps.split(session, clock, street=street, at=_place(at), holds=later.holds)
    except Invalid as refusal:
        return show_record(session, show, later, street, {"at": show.text(refusal.message, **refusal.values)})
    return show.see(
        f"/inventory/{street.uid}",
        "The street is cut: {rest} m are a street of their own now, {kept} m remain.",
        undo=current_act(session),
        rest=round(made.length_m),
        kept=round(street.length_m),
    )


def _place(words: str) -> tuple[float, float]:
    """Lon, lat of a form's field. Raises Invalid (``at``) for what is none."""
    try:
        lon, lat = (float(word) for word in words.split(","))
    except ValueError as error:
        raise Invalid("Choose where the street is cut.", field="at") from error
    if not (abs(lon) <= _EAST and abs(lat) < _NORTH):
        raise Invalid("Choose where the street is cut.", field="at")
    return lon, lat


@router.post("/inventory/{uid}/join")
def join(
    session: Work, show: Show, clock: Now, holds: Holds, street: Annotated[Street, Depends(the_street)], seen: Seen
) -> Response:
    """A street and others that meet it become one; the page of that one is shown."""
    versions = as_seen.read(seen)
    others = session.scalars(select(Street).where(Street.uid.in_(versions))).all()
    rows = [
        as_seen.shown(other, other.surveyed_name or show.text(UNNAMED), f"/inventory/{other.uid}") for other in others
    ]
    as_seen.require(rows, versions, again=f"/inventory/{street.uid}")
    made = steps.join(session, clock, streets=[street, *others], holds=holds)
    return show.see(
        f"/inventory/{made.uid}",
        "{n} streets are one now, {metres} m long.",
        undo=current_act(session),
        n=len(others) + 1,
        metres=round(made.length_m),
    )
