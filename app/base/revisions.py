"""Which migration the code expects, and whether a database stands there, asked without alembic.

Every start and every /readyz asks it; alembic, which only a migration needs, takes most of a second to import.
"""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from app.base.errors import Unready
from app.base.plain import connect
from app.base.settings import OWNER, ROLES, Settings

MIGRATIONS = Path(__file__).parents[2] / "migrations"
_LINK = re.compile(r'^(down_revision|revision) = "(.+)"$', re.MULTILINE)


def newest_revision() -> str:
    """The revision that the code expects: the one on which no other file builds. Raises Unready where it is not one."""
    links = [link for file in MIGRATIONS.glob("*.py") for link in _LINK.findall(file.read_text(encoding="utf-8"))]
    last: set[str] = {name for key, name in links if key == "revision"} - {
        name for key, name in links if key == "down_revision"
    }
    if len(last) != 1:
        raise Unready("{folder} should end in one migration: {names}.", folder=MIGRATIONS, names=sorted(last))
    return last.pop()


def is_prepared(settings: Settings) -> bool:
    """Whether there is nothing to prepare: each of our roles can log in, and the newest migration is in force."""
    try:
        for role in ROLES:
            with connect(settings, role) as connection:
                if role == OWNER and _revision(connection) != newest_revision():
                    return False
    except psycopg.Error:
        return False
    return True


def _revision(connection: psycopg.Connection) -> str:
    found = connection.execute("SELECT version_num FROM base.alembic_version").fetchone()
    return str(found[0]) if found else ""
