"""Which of the two programmes a street is counted in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import Conflict, Invalid
from app.inventory.models import Stream, Street, StreetState
from app.inventory.steps.shaping import judge_again


def count_in(session: Session, clock: Clock, *, streets: Sequence[Street], stream: Stream, reason: str) -> int:
    """Streets of one programme → of the other, from today and for a reason; how many were not in it before.

    In the second stream (无名路、新增路) a street is in no village's scope, never counted in the 5,099; back among the
    village's streets it is judged anew, at the distance last used there. By officers. Raises Invalid (``because``) for
    none, Conflict for what is no street.
    """
    if not reason.strip():
        raise Invalid("Say why: who reads the figures will ask.", field="because")
    if any(street.state == StreetState.NO_STREET.value for street in streets):
        raise Conflict("What was said to be no street is counted nowhere. Take that back first.")
    moved = [street for street in streets if street.stream != stream.value]
    for street in moved:
        street.stream, street.stream_on, street.stream_reason = stream.value, clock.today(), reason.strip()
        street.in_scope = False
    session.flush()
    for _, group in groupby(sorted(moved, key=_village), key=_village):
        judge_again(session, clock, *group)
    return len(moved)


def _village(street: Street) -> int:
    return street.division_id
