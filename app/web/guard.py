"""The outermost layer of both apps: request number, security headers, log line, and the last net for failures."""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from app.web.logs import places, tell

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Names of the policy's parts: nothing may be loaded but from here, nothing runs or styles inline, nobody frames us.
OFFICE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self';"
    " connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
PUBLIC_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
#: What goes well here leaves no line: files, looks whether we are well, and tiles, of which a map asks for forty.
_QUIET = ("/static/", "/healthz", "/readyz", "/tiles/")


@dataclass(slots=True)
class _Told:
    status: int = 500
    started: bool = False
    begun: float = field(default_factory=time.perf_counter)


class Guard:
    """ASGI middleware. ``failed`` makes the page for what nobody expected; its words hold the trace number only."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        policy: str,
        secure: bool,
        failed: Callable[[Request, Exception], Awaitable[Response]],
        most_bytes: int,
    ) -> None:
        """``most_bytes`` is the largest body taken, ``secure`` says that we are reached by https only."""
        self.app, self.failed, self.most_bytes = app, failed, most_bytes
        self.headers = _headers(policy, secure=secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trace = secrets.token_hex(6)
        scope.setdefault("state", {})["trace"] = trace
        told = _Told()

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.status, told.started = message["status"], True
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = trace
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._serve(scope, receive, guarded)
        except Exception as error:  # noqa: BLE001 - the last net
            tell(
                "failed", level=logging.ERROR, id=trace, error=type(error).__name__, places=places(error.__traceback__)
            )
            if not told.started:
                await (await self.failed(Request(scope), error))(scope, receive, guarded)
        _log(scope, told)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if says_too_much(scope, self.most_bytes):
            await PlainTextResponse("413", status_code=413)(scope, receive, send)
            return
        await self.app(scope, counted(receive, self.most_bytes), send)


def says_too_much(scope: Scope, most_bytes: int) -> bool:
    """Whether the body is too large by what is said of it, before any of it is read."""
    length = Request(scope).headers.get("content-length", "0")
    return length.isdecimal() and int(length) > most_bytes


def counted(receive: Receive, most_bytes: int) -> Receive:
    """The same body, broken off with 413 where it goes on beyond the limit without having said its length."""
    taken = 0

    async def next_part() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most_bytes:
            raise HTTPException(413)
        return message

    return next_part


def _headers(policy: str, *, secure: bool) -> Mapping[str, str]:
    always = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }
    return {**always, "strict-transport-security": "max-age=31536000"} if secure else always


def _log(scope: Scope, told: _Told) -> None:
    if scope["path"].startswith(_QUIET) and told.status < 400:  # noqa: PLR2004 - below are the good ones
        return
    tell(
        "request",
        id=scope["state"]["trace"],
        method="HEAD" if "head" in scope["state"] else scope["method"],
        route=getattr(scope.get("route"), "path", None),
        status=told.status,
        ms=round((time.perf_counter() - told.begun) * 1000, 1),
    )
