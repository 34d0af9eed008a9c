"""How the office answers: pages inside its frame, and redirects that carry a sentence to the next page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.base.people import is_below
from app.web import language
from app.web.marking import marked
from app.web.rendering import with_query
from app.web.sessions import keep, token_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from fastapi import Request
    from jinja2 import Environment

    from app.web.frame import Frame

#: The sentence for the next page travels in a signed cookie, for a minute.
TOAST, TOAST_SECONDS = "minglu_toast", 60


class OfficeAnswer:
    """The office's :class:`app.base.request.Answer` to one request."""

    def __init__(self, request: Request, env: Environment, frame: Frame) -> None:
        """``frame`` gathers what stands around every page."""
        self.request, self.env, self.frame = request, env, frame

    def page(self, template: str, /, *, status: int = 200, **context: object) -> Response:
        """See the protocol. A template whose name begins with ``_`` is a part of a page and gets no frame."""
        actor = getattr(self.request.state, "actor", None)
        language.use(self.request.state.language)
        bare = actor is None or template.rpartition("/")[2].startswith("_")
        around = self.frame.around(self.request, actor) if actor and not bare else self.frame.nothing()
        toast = None if bare and actor else self._toast()
        body = self.env.get_template(template).render(**self._basics(), **around.__dict__, toast=toast, **context)
        body = body if self.request.state.language == language.DEFAULT else marked(body)
        response = HTMLResponse(body, status_code=status)
        if toast is not None:
            response.delete_cookie(TOAST)
        return response

    def see(self, url: str, message: str = "", /, *, undo: UUID | None = None, **values: object) -> Response:
        """See the protocol; htmx is told to load the page, others are redirected."""
        where, actor = local(url), getattr(self.request.state, "actor", None)
        if actor is not None:
            self.frame.forget(actor.id)
        if self.request.headers.get("hx-request"):
            response = Response(status_code=204, headers={"hx-redirect": where})
        else:
            response = RedirectResponse(where, status_code=303)
        if message:
            said = {"text": self.text(message, **values), "undo": str(undo) if undo else ""}
            keep(response, self._settings, TOAST, self._signer().dumps(said), hours=1)
        return response

    def text(self, message: str, /, **values: object) -> str:
        """See the protocol."""
        return language.translate(message, self.request.state.language, **values)

    def reason(self, message: str, values: Mapping[str, object]) -> str:
        """See the protocol."""
        return language.reason(message, values, self.request.state.language)

    @property
    def _settings(self) -> Any:
        return self.request.app.state.settings

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._settings.secret, salt=f"toast:{self.request.state.form_key}")

    def _toast(self) -> dict[str, str] | None:
        kept = self.request.cookies.get(TOAST)
        if not kept:
            return None
        try:
            return dict(self._signer().loads(kept, max_age=TOAST_SECONDS))
        except BadSignature:
            return {"text": "", "undo": ""}

    def _basics(self) -> dict[str, object]:
        return {
            "request": self.request,
            "actor": getattr(self.request.state, "actor", None),
            "language": self.request.state.language,
            "form_token": token_of(self.request),
            "trace": self.request.state.trace,
            "path": self.request.url.path,
            "now": self.request.app.state.clock.now(),
            "here": self._again(),
            "again": self._again,
            "kept": self._kept,
            "is_mine": self._is_mine,
        }

    def _again(self, **changes: object) -> str:
        """This page's address with some query values changed; None takes one out."""
        return with_query(self.request.url.path, **{**self.request.query_params, **changes})

    def _kept(self, url: str) -> str:
        """Another page's address that stays in the chosen division."""
        return with_query(url, in_=self.request.query_params.get("in"))

    def _is_mine(self, path: str) -> bool:
        """Whether lists and the map can be narrowed to a division: it lies in the reader's territory."""
        actor = getattr(self.request.state, "actor", None)
        return actor is not None and is_below(path, actor.territory)


def local(url: str) -> str:
    """``url`` if it is a page of ours, else the start page: nobody is sent elsewhere by a crafted link."""
    parts = urlsplit(url)
    ours = url.startswith("/") and not url.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return url if ours and url.isprintable() else "/"
