"""People of the demonstration: one of every role, with one easy password; only where a demonstration made the database.

A real installation never has them: :func:`make_people` refuses where the demonstration's setting is missing, and that
setting is made in an empty database only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.db import operating
from app.base.errors import N_, Conflict
from app.base.models import Division, Person, Role
from app.base.people import add_person
from app.base.settings import Settings

PASSWORD = "minglu-demo"  # noqa: S105 - printed on every start of a demonstration


class Place(Enum):
    """Which division of the demonstration a person is bound to."""

    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"


@dataclass(frozen=True, slots=True)
class Login:
    """One account of the demonstration."""

    login: str
    name: str
    role: Role
    place: Place
    department: str = ""


LOGINS = (
    Login("admin", "系统管理员（演示）", Role.ADMINISTRATOR, Place.CITY, "市民政局"),
    Login("city", "市级经办（演示）", Role.CITY_OFFICER, Place.CITY, "市民政局"),
    Login("county", "县级经办（演示）", Role.COUNTY_OFFICER, Place.COUNTY, "县民政局"),
    Login("town", "镇级经办（演示）", Role.TOWN_OFFICER, Place.TOWN, "社会事务办公室"),
    Login("village", "村联系人（演示）", Role.VILLAGE_CONTACT, Place.VILLAGE),
    Login("maker", "标牌厂（演示）", Role.SIGN_MAKER, Place.COUNTY),
    Login("crew", "安装队（演示）", Role.CREW, Place.COUNTY),
    Login("inspector", "巡查员（演示）", Role.INSPECTOR, Place.COUNTY),
    Login("editor", "内容编辑（演示）", Role.CONTENT_EDITOR, Place.COUNTY, "文化和旅游局"),
    Login("auditor", "审计员（演示）", Role.AUDITOR, Place.CITY, "市审计局"),
)


def is_demonstration(session: Session) -> bool:
    """Whether a demonstration made this database."""
    return bool(session.scalar(text("SELECT bool_or(demonstration) FROM open.demonstration")))


def make_people(session: Session, clock: Clock, *, places: Mapping[Place, Division]) -> dict[str, int]:
    """The accounts that are not there yet; all keys by login. By an administrator.

    Raises Conflict where no demonstration made the database: these passwords are known to everybody.
    """
    if not is_demonstration(session):
        raise Conflict(N_("Demonstration logins exist only in a database that the demonstration made."))
    known = _known(session)
    for wanted in LOGINS:
        if wanted.login not in known:
            add_person(
                session,
                clock,
                login=wanted.login,
                name=wanted.name,
                role=wanted.role,
                division=places[wanted.place],
                password=PASSWORD,
                department=wanted.department,
            )
    session.flush()
    return _known(session)


def make_county_officer(session: Session, clock: Clock, *, login: str, county: Division) -> int:
    """A county's own officer, who does there what the demonstration shows; the key, made or known. As make_people."""
    known = _known(session)
    if login in known:
        return known[login]
    if not is_demonstration(session):
        raise Conflict(N_("Demonstration logins exist only in a database that the demonstration made."))
    name = f"{county.name}经办（演示）"
    return add_person(
        session, clock, login=login, name=name, role=Role.COUNTY_OFFICER, division=county, password=PASSWORD
    ).id


def _known(session: Session) -> dict[str, int]:
    return dict(session.execute(select(Person.login, Person.id)).all())


def logins(settings: Settings) -> list[str]:
    """The demonstration's accounts as lines to print, login, password, role and place; none in a real installation."""
    with operating(settings, via="minglu run") as session:
        if not is_demonstration(session):
            return []
        wanted = [login.login for login in LOGINS]
        rows = session.execute(
            select(Person.login, Person.role, Division.name.label("place"))
            .join(Division, Division.id == Person.division_id)
            .where(Person.login.in_(wanted), Person.active)
            .order_by(Person.id)
        ).all()
    return [f"{row.login:<10} {PASSWORD}   {row.role.replace('_', ' '):<16} {row.place}" for row in rows]
