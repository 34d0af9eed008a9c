"""The one place that opens, commits and rolls back. A transaction is always somebody's act, made somewhere.

``acting`` names the person for row-level security and history; the settings are local to the transaction, so that
a connection that goes back to the pool leaks nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.base.errors import N_, Changed, Invalid, NotAllowed
from app.base.settings import OFFICE, OWNER, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

#: PostgreSQL's "insufficient_privilege", which row-level security raises too.
_FORBIDDEN = "42501"
_ENTER = text(
    "SELECT set_config('minglu.person', :person, true), set_config('minglu.via', :via, true),"
    " set_config('minglu.undoes', :undoes, true), set_config('minglu.act', base.uuid7()::text, true)"
)


class Database:
    """A pool of connections as one database role. Make one per process and role at start, close it at the end."""

    def __init__(self, settings: Settings, *, role: str = OFFICE, pool_size: int = 10) -> None:
        """Nothing is connected yet; the first use is."""
        self.engine: Engine = create_engine(
            settings.url_of(role),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # errors are logged and shown; what people entered is neither
            connect_args={
                "application_name": role,
                "client_encoding": "utf8",
                "options": "-c timezone=UTC -c statement_timeout=120000",
            },
        )
        #: Requests that hold a connection wait here, not in a thread, for their turn. Each may want a second one while
        #: it holds the first (the frame of its page), and two each leaves some for who is only looking who asks: else
        #: a crowd holds all connections, and each waits for another's.
        self.turns = asyncio.Semaphore(max(1, pool_size - 2))
        # Bulk rows as VALUES of one statement: the history's triggers then fire once a page, not once a row.
        self.engine.dialect.use_insertmanyvalues_wo_returning = True

    @contextmanager
    def acting(self, person_id: int, *, via: str, undoes: UUID | None = None) -> Iterator[Session]:
        """One transaction as one person: committed when the block ends, rolled back when it raises.

        ``via`` says where the act came from (a page, a command, a run) and goes into the history. Refusals of the
        database come out as our own errors: row-level security as NotAllowed, a stale version as Conflict.
        """
        values = {"person": str(person_id), "via": via, "undoes": str(undoes or "")}
        with self._session(values) as session:
            yield session

    @contextmanager
    def nobody(self, *, via: str) -> Iterator[Session]:
        """One transaction without a person: before login, on the public page. Row-level security shows no rows."""
        with self._session({"person": "", "via": via, "undoes": ""}) as session:
            yield session

    @contextmanager
    def _session(self, values: dict[str, str]) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session, refusals(), session.begin():
            session.execute(_ENTER, values)
            yield session

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


@contextmanager
def operating(settings: Settings, *, via: str) -> Iterator[Session]:
    """One transaction of whoever operates this machine: as the database's owner, on a connection for it alone."""
    database = Database(settings, role=OWNER, pool_size=1)
    try:
        with database.nobody(via=via) as session:
            yield session
    finally:
        database.close()


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the database refuses into errors a person can read."""
    try:
        yield
    except StaleDataError as error:
        raise Changed(N_("Somebody changed this record while you worked on it. Load it again and compare.")) from error
    except DataError as error:
        if "NUL" not in str(error.orig):
            raise
        raise Invalid(N_("A text holds a character that cannot be kept (zero). Type it again.")) from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _FORBIDDEN:
            raise NotAllowed("Your role or territory does not allow this.") from error
        raise
