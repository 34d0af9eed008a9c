"""The territory that a walk goes over: founded for it with its people, and taken back where the walk ends early."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base import territory
from app.base.clock import Clock
from app.base.db import operating
from app.base.models import Division, DivisionKind, Person, Role
from app.base.people import found_person
from app.base.settings import Settings
from app.models import metadata


#: How the logins of those who walk begin.
_LOGINS = "walk."


@dataclass(frozen=True, slots=True)
class Party:
    """Who walks: the territory made for it and its people, by key."""

    city: int
    county: int
    officer: int
    maker: int
    crew: int


def gather(settings: Settings, clock: Clock, file: Path) -> Party:
    """A city and a county named after the file, with an officer, a maker and a crew: the operator founds them."""
    mark = f"{clock.now():%m%d%H%M%S}{secrets.token_hex(2)}"
    with operating(settings, via="minglu walk") as session:
        city = territory.found_division(
            session, clock, name=f"走查 {file.stem} {mark}", kind=DivisionKind.CITY, parent=None
        )
        county = territory.found_division(session, clock, name=f"走查县{mark}", kind=DivisionKind.COUNTY, parent=city)
        ids = {
            role: found_person(
                session,
                clock,
                login=f"{_LOGINS}{role.value.replace('_', '-')}.{mark}",
                name="走查",
                role=role,
                place=f"{city.name}/{county.name}",
                password=secrets.token_urlsafe(24),
            ).id
            for role in (Role.COUNTY_OFFICER, Role.SIGN_MAKER, Role.CREW)
        }
        return Party(city.id, county.id, ids[Role.COUNTY_OFFICER], ids[Role.SIGN_MAKER], ids[Role.CREW])


def grounds(session: Session) -> list[str]:
    """The paths of the territories that walks have left: what lies there was told by their files alone."""
    found = select(text("subpath(division.path, 0, 1)::text")).select_from(Person).join(Division)
    return list(session.scalars(found.where(Person.login.startswith(_LOGINS, autoescape=True)).distinct()))


def take_back(settings: Settings, party: Party) -> None:
    """The territory, its people and all rows in it go again, by the operator who founded them."""
    with operating(settings, via="minglu walk: taking back") as session:
        territory.take_back(session, root=session.get_one(Division, party.city), tables=metadata().sorted_tables)
