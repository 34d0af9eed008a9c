"""``python -m tests.benchmarks.office PORT``: the office as it is served, and bodies of any constant size.

They stand below ``/static/``, where nobody is asked who they are and no line is logged: the least that this
server can do for an answer.
"""

from __future__ import annotations

import sys

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.base.clock import Clock
from app.base.settings import read_settings
from app.web import logs
from app.web.office import create_office_app
from app.web.straight import TILE

CONSTANT = "/static/constant"


def main(port: int) -> None:
    """Serve until ended."""
    logs.take_over()
    bodies: dict[str, bytes] = {}

    async def constant(request: Request) -> Response:
        asked = request.scope["query_string"].decode()  # bytes=4000
        body = bodies.get(asked)
        if body is None:
            body = bodies[asked] = bytes(int(asked.partition("=")[2]))
        return Response(body, media_type=TILE)

    app = create_office_app(read_settings(), clock=Clock())
    app.router.routes.insert(0, Route(CONSTANT, constant))
    uvicorn.run(
        app, port=port, proxy_headers=False, server_header=False, access_log=False, log_config=None, log_level="warning"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
