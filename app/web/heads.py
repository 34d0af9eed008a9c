"""HEAD for every address that GET opens: the same answer without its body, as HTTP wants it (RFC 9110, 9.3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """ASGI middleware: what lies behind it is asked by GET; ``request.state.head`` tells it that nobody reads it."""

    def __init__(self, app: ASGIApp) -> None:
        """Nothing to set."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask by GET and leave the body out."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def only_heads(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        asked = {**scope, "method": "GET", "state": {**scope.get("state", {}), "head": True}}
        await self.app(asked, receive, only_heads)
