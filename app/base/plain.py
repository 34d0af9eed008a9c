"""One connection of psycopg's own, for a question at the start of the program: SQLAlchemy takes longer to import."""

from __future__ import annotations

import psycopg

from app.base.settings import Settings


def address_of(settings: Settings, role: str) -> str:
    """The database's address for a role, as PostgreSQL's own programs write it."""
    return settings.url_of(role).replace("postgresql+psycopg:", "postgresql:", 1)


def connect(settings: Settings, role: str) -> psycopg.Connection:
    """A connection as one of our roles; the block that it is used in commits it and closes it."""
    return psycopg.connect(address_of(settings, role), connect_timeout=10, application_name=role)
