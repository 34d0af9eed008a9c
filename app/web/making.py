"""What both apps have in common: pool, clock, guard, error pages, static files, and two answers for machines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.base.db import Database
from app.base.revisions import newest_revision
from app.web import logs
from app.web.errors import ErrorPages
from app.web.guard import Guard
from app.web.heads import Heads
from app.web.rendering import HERE, environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope

    from app.base.clock import Clock
    from app.base.settings import Settings

FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets one app apart: its database role, its policy, its error template, and where strangers sign in."""

    role: str
    title: str
    policy: str
    error_template: str
    most_bytes: int
    login: str | None = None


class _Static(StaticFiles):
    """Built files have their hash in the name and never change; others are asked for again each time."""

    def file_response(self, full_path: object, stat_result: object, scope: Scope, status_code: int = 200) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)  # type: ignore[arg-type]
        response.headers["cache-control"] = FOREVER if "/dist/" in scope["path"] else "no-cache"
        return response


def make_app(
    settings: Settings,
    kind: Kind,
    *,
    clock: Clock,
    middleware: Sequence[Middleware],
    database: Database,
) -> FastAPI:
    """An app without pages yet. The client's address is taken from trusted proxies only, nobody else's word counts."""
    logs.start()
    env = environment()
    pages = ErrorPages(env, template=kind.error_template, login=kind.login)
    guard = Middleware(
        Guard,
        policy=kind.policy,
        secure=settings.secure_cookies,
        failed=pages.failed,
        most_bytes=kind.most_bytes,
    )
    proxies = settings.trusted_proxies.strip()
    before = [Middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)] if proxies else []
    app = FastAPI(
        title=kind.title,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[Middleware(Heads), *before, guard, *middleware],
        lifespan=_closing,
    )
    app.state.settings, app.state.clock, app.state.database, app.state.env = settings, clock, database, env
    app.state.pages, app.state.closing = pages, []
    pages.install(app)
    _machines(app, database)
    (HERE / "static" / "dist").mkdir(parents=True, exist_ok=True)
    app.mount("/static", GZipMiddleware(_Static(directory=HERE / "static"), minimum_size=1000), name="static")
    return app


@asynccontextmanager
async def _closing(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.database.close()
    for close in app.state.closing:
        await close()


def _machines(app: FastAPI, database: Database) -> None:
    @app.get("/healthz", include_in_schema=False)
    def healthz() -> dict[str, str]:
        return {"state": "ok"}

    @app.get("/readyz", include_in_schema=False)
    def readyz() -> JSONResponse:
        found = revision(database)
        ready = found is not None and found in {"", _newest()}
        state = "ready" if ready else "database is out of reach" if found is None else "database is not migrated"
        return JSONResponse({"state": state}, status_code=200 if ready else 503)


def revision(database: Database) -> str | None:
    """The migration that the database stands at; empty where this role is not told, None where it is out of reach."""
    try:
        with database.engine.connect() as connection:  # no act: what every act calls may be what is not there yet
            if connection.scalar(text("SELECT to_regclass('open.revision')")) is None:
                return "" if connection.scalar(text("SELECT to_regclass('open.sign_page')")) else "none"
            return str(connection.scalar(text("SELECT version_num FROM open.revision")))
    except DBAPIError:
        return None


@cache
def _newest() -> str:
    return newest_revision()
