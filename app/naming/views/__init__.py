"""The pages of the naming station: proposals, decisions, names in force."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_
from app.base.models import Division, Role
from app.base.paging import Key
from app.base.people import Actor
from app.base.request import Finder, Hit
from app.naming import queries
from app.naming.logic.states import State
from app.naming.models import Name
from app.naming.views import decisions, exporting, lists, moving, names, proposals, taking, writing

__all__ = ["FINDERS", "router", "waiting"]

router = APIRouter()
for part in (decisions, names, moving, writing, proposals, taking, exporting, lists):
    router.include_router(part.router)

_WAITING = {
    Role.COUNTY_OFFICER: (State.SUBMITTED.value,),
    Role.CITY_OFFICER: (State.SUBMITTED.value,),
    Role.TOWN_OFFICER: queries.ASKING,
    Role.VILLAGE_CONTACT: queries.ASKING,
}


def waiting(session: Session, actor: Actor, clock: Clock) -> int:  # noqa: ARG001 - every station is told the day
    """For those who decide what was submitted, for those who ask what they still have to write or mend."""
    return queries.waiting(session, _WAITING[actor.role]) if actor.role in _WAITING else 0


def _in_force(session: Session, words: str, _: Division) -> Select[*tuple[Any, ...]] | None:
    """Names of streets by characters or pinyin, wherever they are: all staff read names in force."""
    top = session.scalars(select(Division).order_by(Division.id).limit(1)).first()
    return None if top is None else queries.names(top, words).where(Name.street_id.is_not(None))


#: Names in force lead to their streets.
FINDERS = (
    Finder(
        "name",
        N_("Name in force"),
        _in_force,
        (Key(Name.id),),
        lambda row: Hit(f"{row.Name.words} {row.Name.latin_plain}", row.village, f"/inventory/{row.street_uid}"),
    ),
)
