"""The office: what the staff work with. One process, one database role, one cookie of its own."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from app.base.db import Database
from app.base.files import open_store
from app.base.history import SHOWN
from app.base.settings import OFFICE
from app.inventory.ledgers import Memory
from app.naming import queries as naming
from app.naming.queries import days_of_batch, days_of_naming, named_streets, names_in_force
from app.naming.suggesting import may_suggest
from app.planning import queries as planning
from app.planning.queries import signed_streets
from app.printing.queries import ordered_on
from app.rollout.queries import standing_on
from app.web import columns, queries, references, stale, succession
from app.web.answers import OfficeAnswer
from app.web.asking import refuse_unknown
from app.web.frame import Frame
from app.web.ground import Ground
from app.web.guard import OFFICE_POLICY
from app.web.making import Kind, make_app
from app.web.sessions import Sessions, require_form_token
from app.web.straight import Desk, Straight
from app.web.tiles import Kept
from app.web.views import account, divisions, files, history, maps, people, runs, search, tiles, today
from app.web.words import STATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.base.clock import Clock
    from app.base.settings import Settings

#: Survey files are large: an upload goes to disk and from there into the store, a piece at a time.
MOST_BYTES = 2 * 1024**3
SHELL = (account, today, divisions, maps, tiles, runs, history, people, files, search)


def create_office_app(settings: Settings, *, clock: Clock, stations: Mapping[str, ModuleType] | None = None) -> FastAPI:
    """The office's app with its own pool. Serve it without a server's own proxy handling: the app does that.

    ``stations`` are the pages of the flow, by station; those that are there unless given.
    """
    database = Database(settings, role=OFFICE)
    stations = station_views() if stations is None else stations
    desk, kept = Desk(settings, clock), Kept()
    app = make_app(
        settings,
        Kind(OFFICE, "Minglu office", OFFICE_POLICY, "error.html", MOST_BYTES, login="/login"),
        clock=clock,
        middleware=[
            Middleware(Straight, desk=desk, kept=kept),
            Middleware(Sessions, database=database, clock=clock),
        ],
        database=database,
    )
    frame = Frame(database, {key: getattr(views, "waiting", None) for key, views in stations.items()}, clock)
    app.state.frame, app.state.store = frame, open_store(settings.files)
    app.state.closing.append(desk.close)
    app.state.ground = Ground(settings, settings.state / "ground")
    app.state.closing.append(app.state.ground.close)
    found = (getattr(views, "FINDERS", ()) for views in stations.values())
    app.state.finders = {finder.key: finder for finder in chain(queries.FINDERS, succession.FINDERS, *found)}
    app.state.days_of_naming, app.state.days_of_batch = days_of_naming, days_of_batch
    app.state.may_suggest = may_suggest
    app.state.ordered_on, app.state.standing_on = ordered_on, standing_on
    app.state.names_in_force, app.state.ledgers = names_in_force, Memory()
    app.state.named_streets, app.state.signed_streets = named_streets, signed_streets
    app.state.holds_of_streets = (naming.holds_of_streets, planning.holds_of_streets)
    app.state.env.globals.update(columns=columns, told_by=references.told_by, banner=frame.demonstration)
    app.state.env.globals.update(most_shown=SHOWN)
    app.state.answers = lambda request: OfficeAnswer(request, app.state.env, frame)
    stale.install(app)
    app.router.routes.extend(_routes(*SHELL, *stations.values()))
    return app


@cache
def _routes(*pages: ModuleType) -> tuple[BaseRoute, ...]:
    """What leads to these pages, worked out once a process: a route takes FastAPI 5 ms, and tests make many an app."""
    router = APIRouter(dependencies=[Depends(require_form_token), Depends(refuse_unknown)])
    for views in pages:
        router.include_router(views.router)
    return tuple(router.routes)


def station_views() -> dict[str, ModuleType]:
    """The ``views`` of every station that has some, in the order of the flow: ``router``, ``waiting``, ``find``."""
    names = {key: f"app.{key}.views" for key, _, _ in STATIONS}
    return {key: importlib.import_module(name) for key, name in names.items() if importlib.util.find_spec(name)}
