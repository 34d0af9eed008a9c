"""The pages of the naming station: proposals, decisions, names in force."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_
from app.base.models import Division, Role
from app.base.people import Actor
from app.base.request import Hit
from app.naming import queries
from app.naming.logic.states import State
from app.naming.models import Name
from app.naming.views import decisions, moving, names, proposals, writing

__all__ = ["find", "router", "waiting"]

router = APIRouter()
for part in (decisions, names, moving, writing, proposals):
    router.include_router(part.router)

NAME = N_("Name in force")
_WAITING = {
    Role.COUNTY_OFFICER: (State.SUBMITTED.value,),
    Role.CITY_OFFICER: (State.SUBMITTED.value,),
    Role.TOWN_OFFICER: queries.ASKING,
    Role.VILLAGE_CONTACT: queries.ASKING,
}


def waiting(session: Session, actor: Actor, clock: Clock) -> int:  # noqa: ARG001 - every station is told the day
    """For those who decide what was submitted, for those who ask what they still have to write or mend."""
    return queries.waiting(session, _WAITING[actor.role]) if actor.role in _WAITING else 0


def find(session: Session, words: str, most: int) -> list[Hit]:
    """Names in force by characters or pinyin; they lead to their streets."""
    top = session.scalars(select(Division).order_by(Division.id).limit(1)).first()
    if top is None:
        return []
    rows = session.execute(queries.names(top, words).order_by(Name.id).limit(most))
    return [
        Hit(NAME, f"{row.Name.words} {row.Name.latin_plain}", row.village, f"/inventory/{row.street_uid}")
        for row in rows
        if row.street_uid is not None
    ]
