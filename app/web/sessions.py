"""Who is asking: the session's cookie, the person behind it, the language, and the token every form carries."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.base.errors import N_, NotAllowed
from app.base.people import SESSION_HOURS, find_actor, form_token
from app.web import language
from app.web.guard import counted, says_too_much

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.base.clock import Clock
    from app.base.db import Database
    from app.base.settings import Settings

COOKIE = "minglu_office"
#: Before login there is no session; the login form's token hangs on this cookie instead.
DOOR = "minglu_door"
LANGUAGE = "minglu_language"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Where somebody without a session may send a form, and how much of it is read.
_OPEN, _OPEN_BYTES = frozenset({"/login", "/logout", "/language"}), 64 * 1024
_NOBODY = N_("This form is too old or did not come from here. Load the page again and send it once more.")
_WITHOUT = ("/static/", "/healthz", "/readyz")


class Sessions:
    """ASGI middleware that puts ``actor``, ``language`` and ``form_key`` into ``request.state``.

    Whoever has no session is answered before the body of what they send is read, except for the small forms of the
    door.
    """

    def __init__(self, app: ASGIApp, *, database: Database, clock: Clock) -> None:
        """``database`` is the office's."""
        self.app, self.database, self.clock = app, database, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the person, unless nobody needs to be known."""
        if scope["type"] != "http" or scope["path"].startswith(_WITHOUT):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        await self._find(request)
        if request.state.actor is not None or request.method in _SAFE:
            await self.app(scope, receive, send)
            return
        pages = request.app.state.pages
        if scope["path"] not in _OPEN:
            await (await pages.refused(request, NotAllowed(_NOBODY)))(scope, receive, send)
        elif says_too_much(scope, _OPEN_BYTES):
            await (await pages.http(request, HTTPException(413)))(scope, receive, send)
        else:
            await self.app(scope, counted(receive, _OPEN_BYTES), send)

    async def _find(self, request: Request) -> None:
        token = request.cookies.get(COOKIE, "")
        actor = await run_in_threadpool(find_actor, self.database, self.clock, token) if token else None
        request.state.actor = actor
        wanted = actor.language if actor else request.cookies.get(LANGUAGE) or language.DEFAULT
        request.state.language = language.use(wanted)
        request.state.form_key = token if actor else request.cookies.get(DOOR) or secrets.token_urlsafe(16)


def token_of(request: Request) -> str:
    """What the forms of this page carry."""
    return form_token(request.app.state.settings.secret, request.state.form_key)


async def require_form_token(request: Request) -> None:
    """Refuse unsafe requests that did not come from a page of ours. A dependency of every route of the office."""
    if request.method in _SAFE:
        return
    given = request.headers.get("x-form-token") or str((await request.form()).get("form_token", ""))
    foreign = request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
    if foreign or not hmac.compare_digest(given.encode(), token_of(request).encode()):
        raise NotAllowed(_NOBODY)


def keep(response: Response, settings: Settings, name: str, value: str, *, hours: int = SESSION_HOURS) -> None:
    """Set a cookie of this app: not for scripts, not sent along from other sites."""
    response.set_cookie(
        name, value, max_age=hours * 3600, path="/", secure=settings.secure_cookies, httponly=True, samesite="lax"
    )
