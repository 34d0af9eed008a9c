"""Make a database ready: roles, extensions, the dated migrations. Safe to run again; tells what is missing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from app.base.cluster import Cluster
from app.base.errors import Unready
from app.base.revisions import MIGRATIONS
from app.base.settings import OWNER, ROLES, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

EXTENSIONS = ("postgis", "ltree", "hstore", "pg_trgm", "pgcrypto")


def prepare(settings: Settings) -> None:
    """Roles and extensions, as the role of ``database_url``, then migrate as the owner.

    Raises :class:`Unready` with the remedy where the server is out of reach, a privilege is missing, or the roles on
    it are another installation's: they belong to the whole server, and new passwords would lock that one out.
    """
    _make_database(settings)
    with _admin(settings) as connection:
        for role in ROLES:
            _make_role(connection, role, settings.passwords[role])
        _hand_over(connection)
        for extension in EXTENSIONS:
            connection.exec_driver_sql(f'CREATE EXTENSION IF NOT EXISTS "{extension}" WITH SCHEMA public')
    migrate(settings)


def migrate(settings: Settings) -> list[str]:
    """Run the migrations that are not there yet, as the owner; the revisions now in force, newest last."""
    engine = create_engine(settings.url_of(OWNER), connect_args={"options": "-c lock_timeout=10s -c timezone=UTC"})
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS base")
            connection.commit()
            command.upgrade(_config(connection), "head")
            return list(
                MigrationContext.configure(connection, opts={"version_table_schema": "base"}).get_current_heads()
            )
    except OperationalError as error:
        raise Unready("The database cannot be migrated: {error}", error=_first_line(error)) from error
    finally:
        engine.dispose()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / "environment"))
    config.set_main_option("version_locations", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _admin(settings: Settings, database: str | None = None) -> Iterator[Connection]:
    url = make_url(settings.database_url)
    engine = create_engine(url.set(database=database) if database else url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        raise _unanswered(settings, _first_line(error)) from error
    except ProgrammingError as error:
        raise Unready(
            "The role {role} of MINGLU_DATABASE_URL may not do this: {error} Let a superuser run `minglu db prepare`.",
            role=url.username,
            error=_first_line(error),
        ) from error
    finally:
        engine.dispose()


def _unanswered(settings: Settings, error: str) -> Unready:
    url, private = make_url(settings.database_url), Cluster(settings.state / "cluster")
    if url.query.get("host") == str(private.socket_folder):
        return Unready(
            "The private database in {folder} does not answer: {error} Its log {log} says more; restore the folder"
            " from your backup, or move it away to begin with an empty one.",
            folder=private.folder,
            error=error,
            log=private.log,
        )
    host, port = (url.host or url.query.get("host") or "its socket", url.port or url.query.get("port") or 5432)
    return Unready(
        "The database server at {place} does not answer: {error} Check MINGLU_DATABASE_URL and that it runs.",
        place=f"{host}:{port}",
        error=error,
    )


def _make_database(settings: Settings) -> None:
    """Create the database named in the address unless it is there; nothing where the roles are others'."""
    name = make_url(settings.database_url).database or "minglu"
    with _admin(settings, "postgres") as connection:
        found = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).scalar()
        _refuse_foreign_roles(settings, connection, name if found else "postgres")
        if not found:
            _run(
                connection,
                sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name)),
            )


def _refuse_foreign_roles(settings: Settings, connection: Connection, database: str) -> None:
    """Roles that are there already must accept our passwords, unless the operator takes them over."""
    known = connection.scalars(
        text("SELECT rolname::text FROM pg_roles WHERE rolname = ANY (:roles)"), {"roles": list(ROLES)}
    )
    foreign = [] if settings.take_roles else [role for role in known if not _lets_in(settings, role, database)]
    if foreign:
        raise Unready(
            "The roles {roles} of another installation are on this database server already, with other passwords: name"
            " that installation's secrets.json in MINGLU_SECRETS, or set MINGLU_TAKE_ROLES=1 to take the roles over,"
            " which locks the other installation out.",
            roles=", ".join(sorted(foreign)),
        )


def _lets_in(settings: Settings, role: str, database: str) -> bool:
    engine = create_engine(make_url(settings.url_of(role)).set(database=database), poolclass=NullPool)
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False


def _make_role(connection: Connection, role: str, password: str) -> None:
    found = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar()
    verb = "ALTER" if found else "CREATE"
    _run(
        connection,
        sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            sql.Identifier(role), sql.Literal(password)
        ),
    )


def _hand_over(connection: Connection) -> None:
    """Let the owner create schemas, and nobody else connect but our own roles."""
    name = sql.Identifier(connection.engine.url.database or "minglu")
    roles = sql.SQL(", ").join(map(sql.Identifier, ROLES))
    _run(connection, sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    _run(connection, sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(name, roles))
    _run(connection, sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(name, sql.Identifier(OWNER)))


def _run(connection: Connection, statement: sql.Composed) -> None:
    driver(connection).execute(statement)


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """Psycopg's own connection below SQLAlchemy's, for statements that carry no parameters."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0].rstrip(".") + "."
