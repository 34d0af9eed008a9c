"""Signing in and out, and the language."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from app.base.errors import Invalid, NotAllowed
from app.base.models import Role
from app.base.people import Actor, find_actor, log_in, log_out, speak
from app.base.request import Config, Now, Show
from app.web import language
from app.web.answers import local
from app.web.limits import counted_as
from app.web.sessions import COOKIE, DOOR, LANGUAGE, keep

router = APIRouter()
_YEAR_HOURS = 24 * 365
#: Where signing in leads those whose work is on one page; the others begin with the start page.
LANDINGS = {Role.CREW: "/rollout/phone", Role.SIGN_MAKER: "/printing"}


@router.get("/login")
def ask(request: Request, show: Show, settings: Config, next: str = "/") -> Response:  # noqa: A002 - the query's word
    """The login page; its form hangs on a cookie of its own, as there is no session yet."""
    if request.state.actor:
        return RedirectResponse(_landing(request.state.actor, next), status_code=303)
    return _door(request, show, settings, {"next": local(next), "login": "", "error": ""}, 200)


@router.post("/login")
def enter(  # noqa: PLR0917 - one argument a field
    request: Request,
    show: Show,
    settings: Config,
    clock: Now,
    login: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the field's word
) -> Response:
    """Open a session, or show the page again with the reason."""
    address = counted_as(settings.secret, request.client.host if request.client else "")
    database = request.app.state.database
    try:
        token = log_in(database, clock, login=login, password=password, address=address)
    except NotAllowed as refusal:
        error = show.text(refusal.message, **refusal.values)
        return _door(request, show, settings, {"next": local(next), "login": login, "error": error}, 403)
    response = RedirectResponse(_landing(find_actor(database, clock, token), next), status_code=303)
    keep(response, settings, COOKIE, token)
    response.delete_cookie(DOOR)
    return response


@router.post("/logout")
def leave(request: Request) -> Response:
    """End the session and go back to the door."""
    log_out(request.app.state.database, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(COOKIE)
    return response


@router.post("/language")
def choose(
    request: Request,
    settings: Config,
    wanted: Annotated[str, Form(alias="language")],
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Keep the language in this browser, and for who is signed in wherever they sign in next."""
    if wanted not in language.LANGUAGES:
        raise Invalid("Choose a value of the list.", field="language")
    spoken, actor = language.use(wanted), request.state.actor
    if actor is not None:
        with request.app.state.database.acting(actor.id, via="language") as session:
            speak(session, spoken)
    response = RedirectResponse(local(next), status_code=303)
    keep(response, settings, LANGUAGE, spoken, hours=_YEAR_HOURS)
    return response


def _landing(actor: Actor | None, wanted: str) -> str:
    """The page that was asked for; for who asked for none, the page that is theirs."""
    where = local(wanted)
    return LANDINGS.get(actor.role, where) if actor is not None and where == "/" else where


def _door(request: Request, show: Show, settings: Config, context: dict[str, str], status: int) -> Response:
    response = show.page("login.html", status=status, **context)
    keep(response, settings, DOOR, request.state.form_key)
    return response
