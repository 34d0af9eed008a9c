"""The page behind a sign's code. No login, no script, nothing personal; its own process and database role.

Plain HTML. The code is taken in any case and as people type it; what is forged, unknown or taken down gets a page
that helps. A page view counts once, for the sign alone: nothing of who looked is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup
from starlette.middleware import Middleware

from app.base.db import Database
from app.base.errors import N_, Conflict
from app.base.settings import PUBLIC
from app.planning.logic import Hanging, picture
from app.scanning.models import ReportKind
from app.scanning.queries import SignPage, page_of
from app.scanning.schemas import Said
from app.scanning.steps import count_scan, file_report
from app.web import language
from app.web.frame import Frame
from app.web.guard import PUBLIC_POLICY
from app.web.limits import Limit
from app.web.making import Kind, make_app
from app.web.rendering import with_query
from gis.links import links_to
from signs import codes
from signs.designs import is_blue

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.base.clock import Clock
    from app.base.settings import Settings

MOST_BYTES = 64 * 1024
MOST_WORDS, MOST_CONTACT = 500, 100
#: Map programs that a place can be handed to, as :class:`gis.links.Links` calls them.
PROGRAMS = (("amap", N_("Amap")), ("baidu", N_("Baidu Maps")), ("tencent", N_("Tencent Maps")))
REPORT_KINDS = {
    ReportKind.DAMAGED.value: N_("The sign is damaged or cannot be read"),
    ReportKind.WRONG.value: N_("Something on the sign or page is wrong"),
    ReportKind.FALSE_CODE.value: N_("The code was pasted over, or asks for money or a login"),
    ReportKind.OTHER.value: N_("Something else"),
}
_MACHINES = re.compile(
    r"bot|crawl|spider|slurp|preview|fetch|curl|wget|python|java/|go-http|monitor|headless|lighthouse|facebookexternal",
    re.IGNORECASE,
)
router = APIRouter()


class _Reader:
    """ASGI middleware: the language asked for in the address (``?lang=en``), else the browser's first of ours.

    No cookie is ever set here; what is kept of a page on its way differs by the browser's languages.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            request.state.actor = None
            asked = request.query_params.get("lang") or language.preferred(request.headers.get("accept-language", ""))
            request.state.language = language.use(asked)
        await self.app(scope, receive, send)


@dataclass(slots=True)
class Told:
    """A report as it was typed. ``website`` is a trap: people don't see it, programs fill it in.

    ``key`` is the form's own: sent twice, it is one report.
    """

    kind: Annotated[str, Form(max_length=20)] = ""
    words: Annotated[str, Form(max_length=4000)] = ""
    contact: Annotated[str, Form(max_length=400)] = ""
    website: Annotated[str, Form(max_length=400)] = ""
    key: Annotated[UUID | None, Form()] = None


def create_public_app(settings: Settings, *, clock: Clock) -> FastAPI:
    """The public app with its own pool. Serve it without a server's own proxy handling: the app does that."""
    database = Database(settings, role=PUBLIC)
    app = make_app(
        settings,
        Kind(PUBLIC, "Minglu", PUBLIC_POLICY, "public/error.html", MOST_BYTES),
        clock=clock,
        middleware=[Middleware(_Reader)],
        database=database,
    )
    frame = Frame(database, {}, clock)
    app.state.env.globals.update(
        banner=frame.demonstration, host=settings.code_host, public_query=_public_query, report_kinds=REPORT_KINDS
    )
    app.state.reports = Limit(most=5, minutes=10)
    app.include_router(router)
    return app


@router.get("/")
def explain(request: Request, code: str = "") -> Response:
    """What these pages are, and a box for a code that no camera can read."""
    if code.strip():
        return RedirectResponse(_public_query(request, f"/s/{codes.normalise(code)[:20]}"), status_code=303)
    return _page(request, "public/explain.html")


@router.get("/s/{token}")
@router.get("/S/{token}")
def sign(request: Request, token: str, said: str = "") -> Response:
    """The page of a sign. Counted once for a person's look, not for machines and not for what asks for the head."""
    found = _find(request, token)
    if isinstance(found, Response):
        return found
    if not said and not _by_machine(request):
        with request.app.state.database.nobody(via="scan") as session:
            count_scan(session, request.app.state.clock, token=found.token)
    return _sign_page(request, found, said=said == "thanks")


@router.post("/s/{token}/report")
@router.post("/S/{token}/report")
def report(request: Request, token: str, told: Annotated[Told, Depends()]) -> Response:
    """Take a reader's report, without a login and without asking who they are."""
    found = _find(request, token)
    if isinstance(found, Response):
        return found
    thanks = RedirectResponse(_public_query(request, f"/s/{found.token}", said="thanks") + "#report", status_code=303)
    if told.website:
        return thanks
    problem = _problem(told)
    if problem:
        return _sign_page(request, found, told=told, problem=problem, status=422)
    clock = request.app.state.clock
    if not request.app.state.reports.take(request.client.host if request.client else "", clock.now()):
        return _sign_page(
            request,
            found,
            told=told,
            problem=N_("Too many reports from here. Try again in ten minutes, or call 12345."),
            status=429,
        )
    try:
        with request.app.state.database.nobody(via="report") as session:
            said = Said(ReportKind(told.kind), told.words, contact=told.contact, key=told.key)
            file_report(session, clock, token=found.token, said=said)
    except Conflict as refusal:
        return _sign_page(request, found, told=told, problem=refusal.message, status=429)
    return thanks


def _problem(told: Told) -> str:
    if told.kind not in REPORT_KINDS:
        return N_("Choose what is wrong.")
    if not told.words.strip():
        return N_("Say in a few words what you saw.")
    if len(told.words.strip()) > MOST_WORDS:
        return N_("That is too long: 500 characters at most.")
    if len(told.contact.strip()) > MOST_CONTACT:
        return N_("The contact is too long: 100 characters at most.")
    return ""


def _find(request: Request, token: str) -> SignPage | Response:
    """The published sign of a code as typed, or the page that helps."""
    code = codes.normalise(token)
    if not codes.is_valid(code):
        return _page(request, "public/unknown.html", status=404, code=code[:20], forged=True)
    with request.app.state.database.nobody(via="scan") as session:
        row = page_of(session, code)
    if row is None:
        return _page(request, "public/unknown.html", status=404, code=codes.grouped(code), forged=False)
    if row.code_state == "retired" or row.sign_state == "removed":
        return _page(request, "public/retired.html", sign=row, code=codes.grouped(code), status=410)
    return row


def _sign_page(
    request: Request,
    row: SignPage,
    *,
    said: bool = False,
    told: Told | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    place = "".join(part for part in (row.county, row.town, row.village) if part)
    return _page(
        request,
        "public/sign.html",
        status=status,
        sign=row,
        code=codes.grouped(row.token),
        plate=Markup(picture(_hanging(row)) or ""),  # noqa: S704 - signs.drawing escapes every text
        blue=is_blue(row.bearing_deg, row.ground),
        maps=links_to(row.lon, row.lat, f"{place}{row.words}"),
        programs=PROGRAMS,
        said=said,
        told=told or Told(),
        key=(told and told.key) or row.form_key,
        problem=problem,
    )


def _hanging(row: SignPage) -> Hanging:
    return Hanging(
        kind=row.kind,
        words=row.words,
        latin=row.latin_sign,
        street_deg=row.bearing_deg,
        facing_deg=row.facing_deg,
        along_deg=row.along_deg,
        goes_on=row.goes_on,
        goes_back=row.goes_back,
        ground=row.ground,
    )


def _page(request: Request, template: str, *, status: int = 200, **context: object) -> Response:
    lang = language.use(request.state.language)
    body = request.app.state.env.get_template(template).render(request=request, language=lang, **context)
    return HTMLResponse(body, status_code=status, headers={"vary": "accept-language"})


def _by_machine(request: Request) -> bool:
    agent = request.headers.get("user-agent", "")
    ahead = request.headers.get("sec-purpose") or request.headers.get("purpose")
    head = getattr(request.state, "head", False)
    return head or not agent or bool(ahead) or _MACHINES.search(agent) is not None


def _public_query(request: Request, url: str, **changes: object) -> str:
    """A page's address that keeps the reader's language and size of print, unless they are changed."""
    kept = {name: request.query_params.get(name) for name in ("lang", "size")}
    return with_query(url, **{**kept, **changes})
