"""Who is asking: the session's cookie, the person behind it, the language, and the token every form carries."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from app.base.errors import NotAllowed
from app.base.people import SESSION_HOURS, find_actor, form_token
from app.web import language

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
_WITHOUT = ("/static/", "/healthz", "/readyz")


class Sessions:
    """ASGI middleware that puts ``actor``, ``language`` and ``form_key`` into ``request.state``."""

    def __init__(self, app: ASGIApp, *, database: Database, clock: Clock) -> None:
        """``database`` is the office's."""
        self.app, self.database, self.clock = app, database, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the person, unless nobody needs to be known."""
        if scope["type"] == "http" and not scope["path"].startswith(_WITHOUT):
            await self._find(Request(scope))
        await self.app(scope, receive, send)

    async def _find(self, request: Request) -> None:
        token = request.cookies.get(COOKIE, "")
        actor = await run_in_threadpool(find_actor, self.database, self.clock, token) if token else None
        request.state.actor = actor
        wanted = request.cookies.get(LANGUAGE) or (actor.language if actor else language.DEFAULT)
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
        raise NotAllowed("This form is too old or did not come from here. Load the page again and send it once more.")


def keep(response: Response, settings: Settings, name: str, value: str, *, hours: int = SESSION_HOURS) -> None:
    """Set a cookie of this app: not for scripts, not sent along from other sites."""
    response.set_cookie(
        name, value, max_age=hours * 3600, path="/", secure=settings.secure_cookies, httponly=True, samesite="lax"
    )
