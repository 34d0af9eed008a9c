"""The staff: who they are, what they may do where; adding, passwords, leaving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from app.base.history import entries_of
from app.base.models import Division, Person, Role
from app.base.people import LEVELS, SHORTEST_PASSWORD, add_person, change_own_password, may, set_password
from app.base.request import Me, Now, Place, Show, Version, Work, one_of
from app.base.seen import require_row
from app.web import queries
from app.web.limits import counted_as
from app.web.sessions import COOKIE
from app.web.words import ROLES

router = APIRouter(prefix="/people")


@dataclass(slots=True)
class Wanted:
    """A new account as it was typed."""

    login: Annotated[str, Form(max_length=64)] = ""
    name: Annotated[str, Form(max_length=64)] = ""
    role: Annotated[str, Form()] = ""
    department: Annotated[str, Form(max_length=64)] = ""
    division: Annotated[str, Form()] = ""
    password: Annotated[str, Form(max_length=200)] = ""


@router.get("")
def index(session: Work, show: Show, place: Place, state: str = "", after: str | None = None) -> Response:
    """People of the chosen territory."""
    if not may(session, "base.person", "read"):
        raise NotAllowed("Your role does not see the list of people.")
    one_of(state, ["left"], field="state")
    return show.page(
        "people/index.html",
        page=paging.page(
            session, queries.people(place, active=state != "left"), keys=[paging.Key(Person.login)], after=after
        ),
        state=state,
        may_add=may(session, "base.person", "create"),
    )


@router.get("/new")
def ask(session: Work, show: Show, place: Place) -> Response:
    """The form for a new account."""
    _require_administrator(session)
    return _form(show, place, Wanted(division=str(place.uid)), {}, 200)


@router.post("/new")
def add(session: Work, show: Show, place: Place, clock: Now, wanted: Annotated[Wanted, Depends()]) -> Response:
    """Add an account, or show the form again with what is wrong in it."""
    _require_administrator(session)
    errors = _errors(wanted)
    division = _division(session, wanted.division)
    if division is None:
        errors["division"] = N_("Choose a division above, then add the person there.")
    if errors or division is None:
        return _form(show, place, wanted, errors, 422)
    try:
        add_person(
            session,
            clock,
            login=wanted.login.strip().lower(),
            name=wanted.name.strip(),
            role=Role(wanted.role),
            division=division,
            password=wanted.password,
            department=wanted.department.strip(),
        )
    except (Invalid, Conflict) as refusal:
        field = getattr(refusal, "field", None) or "login"
        return _form(show, place, wanted, {field: show.text(refusal.message, **refusal.values)}, 422)
    return show.see("/people", "{name} can sign in now.", name=wanted.name.strip())


@router.get("/me")
def mine(show: Show, actor: Me) -> Response:
    """One's own password."""
    return show.page("people/password.html", person=actor, own=True, errors={})


@router.post("/me")
def change_mine(  # noqa: PLR0917 - one argument a field
    request: Request,
    session: Work,
    show: Show,
    actor: Me,
    clock: Now,
    password: Annotated[str, Form(max_length=200)],
    old: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Set one's own password; one's sessions elsewhere end, this one goes on."""
    database, secret = request.app.state.database, request.app.state.settings.secret
    address = counted_as(secret, request.client.host if request.client else "")
    keep = request.cookies.get(COOKIE, "")
    try:
        change_own_password(database, session, clock, actor, old=old, new=password, address=address, keep=keep)
    except (Invalid, NotAllowed) as refusal:
        errors = {getattr(refusal, "field", None) or "old": show.text(refusal.message, **refusal.values)}
        return show.page("people/password.html", status=422, person=actor, own=True, errors=errors)
    return show.see("/", "Your password was changed. Wherever else you were signed in, you no longer are.")


@router.get("/{uid}")
def record(session: Work, show: Show, uid: UUID) -> Response:
    """One person: facts, a new password, leaving and coming back."""
    person = _person(session, uid)
    return show.page(
        "people/record.html",
        person=person,
        division=session.get(Division, person.division_id),
        may_change=may(session, "base.person", "create"),
        entries=entries_of(session, "base.person", person.id),
        errors={},
    )


@router.post("/{uid}/password")
def reset(
    session: Work, show: Show, uid: UUID, password: Annotated[str, Form(max_length=200)], version: Version
) -> Response:
    """Set somebody's password; all their sessions end."""
    person = _person(session, uid)
    require_row(person, version, title=person.name, url=f"/people/{uid}")
    if len(password) < SHORTEST_PASSWORD:
        return show.page("people/password.html", status=422, person=person, own=False, errors=_too_short(show))
    set_password(session, person.id, password)
    return show.see(f"/people/{uid}", "{name} has a new password and was signed out everywhere.", name=person.name)


@router.post("/{uid}/active")
def activate(
    session: Work, show: Show, actor: Me, uid: UUID, active: Annotated[bool, Form()], version: Annotated[int, Form()]
) -> Response:
    """Let a person leave (their sessions end at once) or come back; a stale version is refused and shows both."""
    person = _person(session, uid)
    if person.id == actor.id:
        raise Conflict("You cannot deactivate your own account. Ask another administrator.")
    if person.version != version:
        return _stale(session, show, person, active=active)
    person.active = active
    session.flush()
    said = N_("{name} can sign in again.") if active else N_("{name} can no longer sign in.")
    return show.see(f"/people/{uid}", said, name=person.name)


def _stale(session: Session, show: Show, person: Person, *, active: bool) -> Response:
    mine, theirs = (show.text("Active") if one else show.text("Left") for one in (active, person.active))
    home = session.get_one(Division, person.division_id)
    return show.page(
        "conflict.html",
        status=409,
        subject=person.name,
        again_url=f"/people/{person.uid}",
        fields=[
            (show.text("State"), mine, theirs),
            (show.text("Role"), "—", show.text(ROLES[person.role])),
            (show.text("Territory"), "—", home.name),
        ],
    )


def _require_administrator(session: Session) -> None:
    if not may(session, "base.person", "create"):
        raise NotAllowed("Only an administrator adds people.")


def _errors(wanted: Wanted) -> dict[str, str]:
    missing = {"name": wanted.name, "login": wanted.login}
    errors = {field: N_("This field must not be empty.") for field, value in missing.items() if not value.strip()}
    if wanted.role not in {role.value for role in Role}:
        errors["role"] = N_("Choose a role.")
    return errors


def _too_short(show: Show) -> dict[str, str]:
    return {"password": show.text("The password must have at least {n} characters.", n=SHORTEST_PASSWORD)}


def _form(show: Show, place: Division, wanted: Wanted, errors: dict[str, str], status: int) -> Response:
    told = {field: show.text(message) for field, message in errors.items()}
    fitting = [role.value for role in Role if place.kind in LEVELS.get(role, ({place.kind}, ""))[0]]
    roles = fitting if wanted.role in {"", *fitting} else [wanted.role, *fitting]
    return show.page("people/new.html", status=status, wanted=wanted, errors=told, place=place, roles=roles)


def _division(session: Session, uid: str) -> Division | None:
    try:
        return session.scalar(select(Division).where(Division.uid == UUID(uid)))
    except ValueError:
        return None


def _person(session: Session, uid: UUID) -> Person:
    found = session.scalar(select(Person).where(Person.uid == uid))
    if found is None:
        raise NotFound("There is no such person, or they are not in your territory.")
    return found
