"""Which migration the code expects, and whether a database stands there, asked without alembic.

Every start and every /readyz asks it; alembic, which only a migration needs, takes most of a second to import.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from app.base.errors import Unready
from app.base.plain import address_of, connect
from app.base.settings import OWNER, ROLES, Settings

MIGRATIONS = Path(__file__).parents[2] / "migrations"
#: What PostgreSQL says of a schema, a table or a function that is not there (appendix A of its manual).
_UNDEFINED = {"3F000", "42P01", "42883"}
_LINK = re.compile(r'^(down_revision|revision) = "(.+)"$', re.MULTILINE)


def newest_revision() -> str:
    """The revision that the code expects: the one on which no other file builds. Raises Unready where it is not one."""
    last = _links("revision") - _links("down_revision")
    if len(last) != 1:
        raise Unready("{folder} should end in one migration: {names}.", folder=MIGRATIONS, names=sorted(last))
    return last.pop()


def _links(what: str) -> set[str]:
    """What the files say as ``revision`` or as ``down_revision``."""
    links = [link for file in MIGRATIONS.glob("*.py") for link in _LINK.findall(file.read_text(encoding="utf-8"))]
    return {name for key, name in links if key == what}


def unprepared(error: BaseException, settings: Callable[[], Settings]) -> Unready | None:
    """The sentence for a schema, table or function that is not there, where its migration is what is missing.

    None for any other error, and where the newest migration is in force: then it is a fault of ours.
    """
    if not any(isinstance(cause, psycopg.Error) and cause.sqlstate in _UNDEFINED for cause in causes(error)):
        return None
    try:
        with connect(settings(), OWNER) as connection:
            stands = _revision(connection)
            name = connection.info.dbname
    except psycopg.errors.UndefinedTable:
        stands, name = "", address_of(settings(), OWNER).partition("?")[0].rpartition("/")[2]
    except psycopg.Error:
        return None
    if stands == newest_revision() or (stands and stands not in _links("revision")):
        return None
    return Unready("The database {name} is not prepared: run `minglu db prepare`.", name=name)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it was raised from on purpose; SQLAlchemy keeps the driver's own as ``orig``."""
    while error is not None:
        yield error
        orig = getattr(error, "orig", None)
        error = orig if isinstance(orig, BaseException) else error.__cause__


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
