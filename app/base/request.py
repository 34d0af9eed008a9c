"""What a view asks of its request: the signed-in person, and a transaction that is theirs.

``app.web`` puts ``database``, ``clock``, ``settings`` and ``actor`` in place; views take them with ``Depends``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import NotAllowed
from app.base.people import Actor
from app.base.settings import Settings


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


def a_transaction(request: Request, actor: Annotated[Actor, Depends(the_actor)]) -> Iterator[Session]:
    """One request, one transaction, as the signed-in person; committed before the answer is sent.

    Declared with ``scope="function"``, so that a commit that fails becomes an error page and not a lie.
    """
    with request.app.state.database.acting(actor.id, via=f"{request.method} {request.url.path}") as session:
        yield session


Me = Annotated[Actor, Depends(the_actor)]
Now = Annotated[Clock, Depends(the_clock)]
Config = Annotated[Settings, Depends(the_settings)]
Work = Annotated[Session, Depends(a_transaction, scope="function")]
