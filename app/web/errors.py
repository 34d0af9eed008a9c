"""The one table from refusals to HTTP status, and the pages and JSON that tell them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from app.base.errors import N_, Changed, Conflict, Invalid, MingluError, NotAllowed, NotFound, Unready
from app.base.troubles import is_full
from app.web import language
from app.web.answers import local
from app.web.logs import tell

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from jinja2 import Environment

STATUS: dict[type[MingluError], int] = {NotFound: 404, NotAllowed: 403, Conflict: 409, Invalid: 422, Unready: 503}
TITLES = {
    400: N_("Something is wrong with what was sent"),
    403: N_("You may not do this"),
    404: N_("Not found"),
    405: N_("This cannot be done here"),
    409: N_("This cannot be done now"),
    413: N_("That is too large"),
    422: N_("Something is wrong with what was sent"),
    429: N_("Too many at once"),
    500: N_("Something went wrong here"),
    503: N_("Not ready"),
}
UNEXPECTED = N_(
    "This is our fault, and it was recorded. Try again; if it stays, tell the administrator the number below."
)
NO_DATABASE = N_("The database does not answer. What you entered was not saved; try again in a minute.")
FULL = N_(
    "The server's disk is full. What you entered was not saved. Ask the administrator to free some space, then try"
    " again."
)
#: The title of a write that was overtaken.
CHANGED = N_("This has changed meanwhile")
NO_PAGE = N_("There is no page at this address. Check it, or go on from the start page.")
BAD_FORM = N_("A field is missing or has a value of the wrong kind: {field}.")


def status_of(error: MingluError) -> int:
    """The status of a refusal: that of its nearest class in the table, 400 for one outside of it."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)


def _field_of(place: Sequence[str | int]) -> str:
    """The field that a place in a form or query means: of one of many values the field, not its number."""
    return next((str(part) for part in reversed(place) if isinstance(part, str)), "")


class ErrorPages:
    """Turns what was raised into answers, for one app; ``page`` renders a template of that app."""

    def __init__(self, env: Environment, *, template: str, login: str | None) -> None:
        """``login`` is where pages without a session are sent, None for the public app."""
        self.env, self.template, self.login = env, template, login

    def install(self, app: FastAPI) -> None:
        """Handle everything that can be raised below the guard."""
        for kind, handler in self._handlers().items():
            app.add_exception_handler(kind, handler)

    def _handlers(self) -> dict[type[Exception], Callable[..., Awaitable[Response]]]:
        return {
            MingluError: self.refused,
            RequestValidationError: self.malformed,
            HTTPException: self.http,
            OperationalError: self.failed,
            NoConnection: self.failed,
            InterfaceError: self.failed,
        }

    async def refused(self, request: Request, error: MingluError) -> Response:
        """A refusal: a redirect to the login where a page was asked for without a session, else page or JSON."""
        nobody = self.login and getattr(request.state, "actor", None) is None
        if isinstance(error, NotAllowed) and nobody and not wants_json(request) and request.url.path != self.login:
            return self._to_login(request)
        field = error.field if isinstance(error, Invalid) else None
        title = CHANGED if isinstance(error, Changed) else ""
        return await self._tell(request, status_of(error), error.message, error.values, field, title=title)

    async def malformed(self, request: Request, error: RequestValidationError) -> Response:
        """A form or query that does not fit the route, of which the fields are named; no address of ours is 404."""
        if request.method == "GET" and all(one["loc"][:1] == ("path",) for one in error.errors()):
            return await self._tell(request, 404, NO_PAGE, {}, None)
        names = sorted({_field_of(one["loc"]) for one in error.errors() if one.get("loc")})
        return await self._tell(request, 422, BAD_FORM, {"field": ", ".join(names)}, names[0] if names else None)

    async def http(self, request: Request, error: HTTPException) -> Response:
        """What the web framework itself refuses: unknown address, wrong method."""
        return await self._tell(request, error.status_code, NO_PAGE if error.status_code == 404 else "", {}, None)  # noqa: PLR2004

    async def failed(self, request: Request, error: Exception) -> Response:
        """What nobody expected, a full disk, a database that does not answer; no word of the error itself is told."""
        if is_full(error):
            tell("the disk is full: free some space", level=logging.ERROR, id=request.state.trace)
            return await self._tell(request, 503, FULL, {}, None)
        away = isinstance(error, OperationalError | InterfaceError | NoConnection)
        status, message = (503, NO_DATABASE) if away else (500, UNEXPECTED)
        return await self._tell(request, status, message, {}, None)

    def _to_login(self, request: Request) -> Response:
        asked = f"?{request.url.query}" if request.url.query else ""
        back = request.url.path + asked if request.method == "GET" else "/"
        url = f"{self.login}?next={quote(back)}"
        if request.headers.get("hx-request"):
            return Response(status_code=204, headers={"hx-redirect": url})
        return RedirectResponse(url, status_code=303)

    async def _tell(
        self,
        request: Request,
        status: int,
        message: str,
        values: dict[str, object],
        field: str | None,
        *,
        title: str = "",
    ) -> Response:
        lang = getattr(request.state, "language", language.DEFAULT)
        title = language.translate(title or TITLES.get(status, TITLES[500]), lang)
        words = language.translate(message, lang, **values) if message else title
        trace = request.state.trace
        if wants_json(request):
            told = {"title": title, "message": words, "field": field, "trace": trace}
            return JSONResponse({"error": told}, status_code=status)
        body = await run_in_threadpool(self._page, request, lang, {"title": title, "message": words, "status": status})
        headers = {"hx-retarget": "#toasts", "hx-reswap": "beforeend"} if request.headers.get("hx-request") else {}
        return HTMLResponse(body, status_code=status, headers=headers)

    def _page(self, request: Request, lang: str, told: dict[str, object]) -> str:
        language.use(lang)
        name = "macros/_error_toast.html" if request.headers.get("hx-request") and self.login else self.template
        return self.env.get_template(name).render(
            request=request,
            language=lang,
            trace=request.state.trace,
            actor=getattr(request.state, "actor", None),
            back=_came_from(request, above=told["status"] != STATUS[NotAllowed]),
            **told,
        )


def _came_from(request: Request, *, above: bool) -> str:
    """The page of ours that a refused form was sent from, as path and query; else the nearest ``above`` its address.

    A form that was itself the answer to a form stands at an address that nobody can open. Empty where only the start
    page is left, and for who may not be there: the page above may refuse them too.
    """
    if request.method != "POST":
        return ""
    said = urlsplit(request.headers.get("referer", ""))
    way = f"{said.path}?{said.query}" if said.query else said.path
    ours = said.netloc == request.url.netloc and local(way) == way
    if ours and _opens(request, said.path):
        return way
    pages = PurePosixPath(said.path if ours else request.url.path).parents if above else ()
    return next((str(path) for path in pages if path.name and _opens(request, str(path))), "")


def _opens(request: Request, path: str) -> bool:
    """Whether an address leads to a page of this app; where a record's key stands, it must be one."""
    asked = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    for route in routes_of(request.app.routes):
        match, found = route.matches(asked)
        if match is Match.FULL and isinstance(route, APIRoute):
            return _is_key(found["path_params"].get("uid"))
    return False


def routes_of(table: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Every route of a table, those of the routers in it too, which FastAPI keeps as they were given."""
    for route in table:
        within = getattr(route, "original_router", None)
        if within is None:
            yield route
        else:
            yield from routes_of(within.routes)


def _is_key(uid: str | None) -> bool:
    try:
        return uid is None or bool(UUID(uid))
    except ValueError:
        return False


def wants_json(request: Request) -> bool:
    """Whether the answer is for a program: below ``/api/``, or where no page is accepted but JSON is."""
    accepted = request.headers.get("accept", "")
    return request.url.path.startswith("/api/") or ("application/json" in accepted and "text/html" not in accepted)
