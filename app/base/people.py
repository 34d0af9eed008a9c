"""Who signs in and what they may do: accounts, sessions, throttled login, rights.

Passwords are hashed with argon2id (RFC 9106, the library's defaults). A session is a random token of 256 bits in the
browser and its SHA-256 in the database; it ends after 12 hours, or 8 unused. Rights are rows of ``base.right``; the
database enforces them in its policies, and ``may`` reads the same rows so that a page offers only what will work.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from app.base.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from app.base.models import Division, Person, Role
from app.base.territory import division_called

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.base.clock import Clock
    from app.base.db import Database

SESSION_HOURS = 12
#: Failures within 15 minutes after which a login, or an address, has to wait.
LOGIN_FAILURES, ADDRESS_FAILURES = 5, 50
SHORTEST_PASSWORD = 10
TOO_SHORT = N_("The password must have at least {n} characters.")
#: The levels of the tree at which the officers of each level work, and what is said of any other. The remaining roles
#: work wherever they are put.
LEVELS = {
    Role.CITY_OFFICER: ({"city"}, N_("A city officer works for the city: choose it above.")),
    Role.COUNTY_OFFICER: (
        {"county", "zone"},
        N_("A county officer works for a county, or a city or district of that level: choose one above."),
    ),
    Role.TOWN_OFFICER: ({"town"}, N_("A town officer works for a town, township or sub-district: choose one above.")),
    Role.VILLAGE_CONTACT: (
        {"village", "residents"},
        N_("A village contact stands for one village or residents' community: choose it above."),
    ),
}
#: What is said of a wrong login and a wrong password alike.
WRONG = N_("Login or password is wrong.")
_HASHER = PasswordHasher()
#: Compared against when the login is unknown, so that the answer takes as long as for a known one.
_NOBODY = _HASHER.hash("nobody")


@dataclass(frozen=True, slots=True)
class Actor:
    """The signed-in person of a request, as much as every page needs."""

    id: int
    uid: UUID
    login: str
    name: str
    role: Role
    division_id: int
    territory: str
    place: str
    language: str


def log_in(database: Database, clock: Clock, *, login: str, password: str, address: str) -> str:
    """A new session's token for the right password. Raises NotAllowed, in the same words whatever was wrong.

    After 5 failures of a login, or 50 of an address, within 15 minutes: NotAllowed with the time to wait, even for
    the right password. An attempt counts as failed from before its password is compared until it proves right, so
    that many at once get no more tries than many in turn; no transaction waits for the comparing.
    """
    wanted, place = login.strip().lower(), hashlib.sha256(address.encode()).digest()
    with database.nobody(via="login") as session:
        state = session.execute(
            text("SELECT * FROM base.begin_attempt(:login, :address, :now, :of_login, :of_address)"),
            {
                "login": wanted,
                "address": place,
                "now": clock.now(),
                "of_login": LOGIN_FAILURES,
                "of_address": ADDRESS_FAILURES,
            },
        ).one_or_none()
    if state is None:
        raise NotAllowed(
            "Too many failed logins of this name or from this address. Wait 15 minutes; a new password by the"
            " administrator lets the name in at once, the address not."
        )
    if not _matches(state.hash or _NOBODY, password) or state.person_id is None:
        raise NotAllowed(WRONG)
    token = secrets.token_urlsafe(32)
    with database.nobody(via="login") as session:
        session.execute(
            text("SELECT base.open_session(:attempt, :person, :token, :now, :until)"),
            {
                "attempt": state.attempt_id,
                "person": state.person_id,
                "token": _digest(token),
                "now": clock.now(),
                "until": clock.now() + timedelta(hours=SESSION_HOURS),
            },
        )
    return token


def find_actor(database: Database, clock: Clock, token: str) -> Actor | None:
    """The person behind a session's token, or None where it is unknown, ended, or the person left."""
    with database.nobody(via="session") as session:
        row = session.execute(
            text("SELECT * FROM base.find_session(:token, :now)"),
            {"token": _digest(token), "now": clock.now()},
        ).one_or_none()
    return None if row is None else Actor(**{**row._mapping, "role": Role(row.role)})


def actor_of(session: Session, person_id: int) -> Actor:
    """The person as a step needs them, where no session is at hand (a command, a run). Raises NotFound."""
    row = session.execute(
        select(Person, Division.name.label("place"))
        .join(Division, Division.id == Person.division_id)
        .where(Person.id == person_id, Person.active)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such person, or they left.")
    person = row.Person
    return Actor(
        id=person.id,
        uid=person.uid,
        login=person.login,
        name=person.name,
        role=Role(person.role),
        division_id=person.division_id,
        territory=person.territory,
        place=row.place,
        language=person.language,
    )


def log_out(database: Database, token: str) -> None:
    """End the session; an unknown token is no error."""
    with database.nobody(via="logout") as session:
        session.execute(text("SELECT base.close_session(:token)"), {"token": _digest(token)})


def form_token(secret: bytes, session_token: str) -> str:
    """What every form of a session carries against forged requests: an HMAC, so that nothing has to be stored."""
    return hmac.new(secret, b"form:" + session_token.encode(), hashlib.sha256).hexdigest()


def add_person(
    session: Session,
    clock: Clock,
    *,
    login: str,
    name: str,
    role: Role,
    division: Division,
    password: str,
    department: str = "",
) -> Person:
    """A new account, by an administrator.

    Raises Invalid for a short password, an editor without a department or an officer of another level than the
    division's, Conflict for a login already given.
    """
    _require_whole(role, name, department, password)
    _require_level(role, division)
    person = _add(session, clock, login=login, name=name, role=role, division=division, department=department)
    set_password(session, person.id, password)
    return person


def found_person(
    session: Session,
    clock: Clock,
    *,
    login: str,
    name: str,
    role: Role,
    place: str,
    password: str,
    department: str = "",
) -> Person:
    """An account made by the operator of the machine, as the database's owner: the first administrator has no other.

    ``place`` is a division's name or its path of names (``德州市/乐陵市``). Raises NotFound for an unknown place,
    Conflict for one that several divisions bear, Invalid as :func:`add_person`.
    """
    _require_whole(role, name, department, password)
    division = division_called(session, place)
    _require_level(role, division)
    person = _add(session, clock, login=login, name=name, role=role, division=division, department=department)
    session.execute(
        text("INSERT INTO base.password (person_id, hash) VALUES (:person, :hash)"),
        {"person": person.id, "hash": _HASHER.hash(password)},
    )
    return person


def set_password(session: Session, person_id: int, password: str, *, keep: str = "") -> None:
    """Set a password; the database refuses whoever is neither the person nor may change them.

    All sessions of the person end, but the one of the token ``keep`` where the person does it themselves. Somebody
    else's reset also lifts the lock that failed logins put on the name.
    """
    session.execute(
        text("SELECT base.set_password(:person, :hash, :keep)"),
        {"person": person_id, "hash": _HASHER.hash(password), "keep": _digest(keep)},
    )


def change_own_password(
    database: Database, session: Session, clock: Clock, actor: Actor, *, old: str, new: str, address: str, keep: str
) -> None:
    """One's own new password, for whoever knows the old one: a session left open is not enough to take an account over.

    The old one is tried as at the login, and a wrong one counts as a failure there. Raises Invalid for ``old`` or
    ``password``, NotAllowed once too many failed.
    """
    if len(new) < SHORTEST_PASSWORD:
        raise Invalid(TOO_SHORT, field="password", n=SHORTEST_PASSWORD)
    try:
        log_in(database, clock, login=actor.login, password=old, address=address)
    except NotAllowed as refusal:
        if refusal.message == WRONG:
            raise Invalid("This is not your present password.", field="old") from refusal
        raise
    set_password(session, actor.id, new, keep=keep)


def may(session: Session, subject: str, act: str) -> bool:
    """Whether the person of the transaction has this right anywhere; where, the database decides row by row."""
    reach = select(
        func.coalesce(func.base.reach(subject, act).is_not(None) | func.base.own(subject, act).is_not(None), False)
    )
    return bool(session.scalar(reach))


def reaches(session: Session, division_id: int, *, subject: str, act: str) -> bool:
    """Whether the person of the transaction may do this in this division."""
    return bool(
        session.scalar(
            text(
                "SELECT coalesce(d.path <@ base.reach(:subject, :act), false) FROM base.division d WHERE d.id = :place"
            ),
            {"subject": subject, "act": act, "place": division_id},
        )
    )


def is_below(path: str, top: str) -> bool:
    """Whether a division's path is ``top`` or lies below it."""
    return not top or path == top or path.startswith(f"{top}.")


def speak(session: Session, language: str) -> None:
    """The language that the person of the transaction is spoken to in, wherever they sign in."""
    session.execute(text("SELECT base.speak(:language)"), {"language": language})


def rights_of(session: Session, actor: Actor) -> frozenset[str]:
    """What a role may do anywhere, as ``naming.proposal:read``; where, the database decides row by row."""
    wanted = text("SELECT subject || ':' || act FROM base.\"right\" WHERE role = :role AND reach <> 'root'")
    return frozenset(session.scalars(wanted, {"role": actor.role.value}))


def _require_whole(role: Role, name: str, department: str, password: str) -> None:
    if not name.strip():
        raise Invalid("Give the person's name, as colleagues know it.", field="name")
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(TOO_SHORT, field="password", n=SHORTEST_PASSWORD)
    if role is Role.CONTENT_EDITOR and not department:
        raise Invalid("An editor writes for a department; name it, for example 文化和旅游局.", field="department")


def _add(
    session: Session, clock: Clock, *, login: str, name: str, role: Role, division: Division, department: str
) -> Person:
    person = Person(
        login=login,
        name=name,
        role=role.value,
        division_id=division.id,
        department=department,
        since_on=clock.today(),
    )
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError as error:
        if "ck_person" in str(error.orig):
            raise Invalid("A login has 2 to 63 of a–z, 0–9, dot, dash and underscore.", field="login") from error
        raise Conflict("The login {login} is taken. Choose another.", login=login) from error
    return person


def _require_level(role: Role, division: Division) -> None:
    kinds, told = LEVELS.get(role, ({division.kind}, ""))
    if division.kind not in kinds:
        raise Invalid(told, field="division")


def _matches(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
