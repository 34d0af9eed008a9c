"""What a view asks of its request: the signed-in person, a transaction that is theirs, and a way to answer.

``app.web`` puts ``database``, ``clock``, ``settings``, ``answers`` and ``actor`` in place; views take them with
``Depends``. A stage never imports ``app.web``: what it needs of it is declared here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import Depends, Form, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.db import Database
from app.base.errors import Invalid, NotAllowed, NotFound
from app.base.files import Store
from app.base.models import Division
from app.base.paging import Key
from app.base.people import Actor, is_below
from app.base.settings import Settings


class Answer(Protocol):
    """How a view answers: with a page, or by sending the reader on with a sentence that says what was done."""

    def page(self, template: str, /, *, status: int = 200, **context: object) -> Response:
        """``templates/<template>`` with the frame's own context (person, territory, stations) around it."""

    def see(self, url: str, message: str = "", /, *, undo: UUID | None = None, **values: object) -> Response:
        """Send the reader to a page of ours; ``message`` stands there as a toast, with undo for ten minutes."""

    def text(self, message: str, /, **values: object) -> str:
        """A message in the reader's language."""

    def reason(self, message: str, values: Mapping[str, object]) -> str:
        """Why a row ended as it did; what was mended in several ways is told sentence by sentence. Empty for none."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that the search found: its title, where it is, and its page."""

    title: str
    place: str
    url: str


@dataclass(frozen=True, slots=True)
class Finder:
    """One kind of thing that the search finds.

    ``key`` stands in the address, ``title`` (a message id) over the list; ``rows`` are those that hold the words below
    a division, None where the person may not see any; ``keys`` are their order, and ``hit`` tells one of them.
    """

    key: str
    title: str
    rows: Callable[[Session, str, Division], Select[*tuple[Any, ...]] | None]
    keys: Sequence[Key]
    hit: Callable[[Any], Hit]


def the_actor(request: Request) -> Actor:
    """The signed-in person; the office app's middleware has found them already. Raises NotAllowed for nobody."""
    actor = getattr(request.state, "actor", None)
    if actor is None:
        raise NotAllowed("Sign in first.")
    return actor  # type: ignore[no-any-return]


def the_clock(request: Request) -> Clock:
    """The one clock of the app."""
    return request.app.state.clock  # type: ignore[no-any-return]


def the_settings(request: Request) -> Settings:
    """The settings the app was made with."""
    return request.app.state.settings  # type: ignore[no-any-return]


def the_answer(request: Request) -> Answer:
    """The app's way to answer this request."""
    return request.app.state.answers(request)  # type: ignore[no-any-return]


def the_store(request: Request) -> Store:
    """Where the content of files is kept."""
    return request.app.state.store  # type: ignore[no-any-return]


async def a_transaction(request: Request, actor: Annotated[Actor, Depends(the_actor)]) -> AsyncIterator[Session]:
    """One request, one transaction, as the signed-in person; committed before the answer is sent.

    Declared with ``scope="function"``, so that a commit that fails becomes an error page and not a lie.
    """
    database: Database = request.app.state.database
    act = database.acting(actor.id, via=f"{request.method} {route_of(request)}")
    async with database.turns, contextmanager_in_threadpool(act) as session:
        yield session


def route_of(request: Request) -> str:
    """The route's template, without the keys of this request."""
    return str(getattr(request.scope.get("route"), "path", request.url.path))


Me = Annotated[Actor, Depends(the_actor)]
Now = Annotated[Clock, Depends(the_clock)]
Config = Annotated[Settings, Depends(the_settings)]
Files = Annotated[Store, Depends(the_store)]
Show = Annotated[Answer, Depends(the_answer)]
Work = Annotated[Session, Depends(a_transaction, scope="function")]
#: What a form sends of the rows that it changes, as its reader saw them: ``key:version`` each, or figures of a whole.
Seen = Annotated[list[str], Form(default_factory=list)]
#: The version of the one record that a form changes, as its reader saw it.
Version = Annotated[int, Form()]


def the_place(request: Request, actor: Me, session: Work) -> Division:
    """The division that the page is filtered by (``?in=<uid>``), else the person's own.

    Raises NotFound for one that does not exist or lies outside the person's territory.
    """
    wanted = request.query_params.get("in", "")
    try:
        where = Division.uid == UUID(wanted) if wanted else Division.id == actor.division_id
    except ValueError:
        where = Division.id == 0
    found = session.scalar(select(Division).where(where))
    if found is None or not is_below(found.path, actor.territory):
        raise NotFound("There is no such division in your territory. Choose another above.")
    return found


def one_of(value: str, known: Iterable[str], *, field: str) -> str:
    """A list's filter as the address has it; empty for none. Raises Invalid for a value that the list does not know."""
    if value and value not in known:
        raise Invalid(
            "The address asks for “{name}={value}”, which this page does not know. Use the filters on the page.",
            field=field,
            name=field,
            value=value,
        )
    return value


Place = Annotated[Division, Depends(the_place)]
