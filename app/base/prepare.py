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
from sqlalchemy.exc import DBAPIError, OperationalError

from app.base.errors import Unready
from app.base.revisions import MIGRATIONS
from app.base.settings import OWNER, ROLES, Settings
from app.base.troubles import Site, forbidden, trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Whether a role of ours is as it should be; none where there is no such role.
_FITTING = """
SELECT rolcanlogin AND NOT (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole)
  FROM pg_roles WHERE rolname = :role
"""
#: Whether all our roles may connect, the owner may create schemas, and nobody else has anything.
_HANDED_OVER = """
SELECT bool_and(has_database_privilege(role, d.oid, 'CONNECT') AND has_database_privilege(role, d.oid, 'TEMPORARY'))
   AND has_database_privilege(:owner, d.oid, 'CREATE')
   AND d.datacl IS NOT NULL AND NOT EXISTS (SELECT 1 FROM aclexplode(d.datacl) a WHERE a.grantee = 0)
  FROM pg_database d, unnest(CAST(:roles AS text[])) role WHERE d.datname = current_database() GROUP BY d.oid, d.datacl
"""
_ENCODING = text("SELECT pg_encoding_to_char(encoding)::text FROM pg_database WHERE datname = :name")
#: Else the driver gives bytes for text where a database has no encoding (SQL_ASCII).
_UTF8 = {"client_encoding": "utf8"}
EXTENSIONS = ("postgis", "ltree", "hstore", "pg_trgm", "pgcrypto")


#: What everybody may call in a fresh database and nobody needs: PostGIS' functions that read with their owner's rights
#: (the estimated extent of a table that one may not read), and those that make large objects. Both are closed where the
#: role of ``database_url`` may do so, as it may on a server of one's own.
CLOSE_TO_ALL = """
DO $$ DECLARE one regprocedure; BEGIN
  FOR one IN SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE pg_has_role(p.proowner, 'USAGE')
                AND (n.nspname = 'public' AND p.prosecdef OR n.nspname = 'pg_catalog'
                     AND p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_import'))
  LOOP EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || one || ' FROM PUBLIC'; END LOOP;
END $$
"""


def prepare(settings: Settings) -> None:
    """Roles and extensions, as the role of ``database_url``, then migrate as the owner.

    Raises :class:`Unready` with the remedy where the server is out of reach, a privilege is missing, or the roles on
    it are another installation's: they belong to the whole server, and new passwords would lock that one out.
    """
    _make_database(settings)
    with _admin(settings) as connection:
        for role in ROLES:
            _make_role(settings, connection, role)
        _hand_over(settings, connection)
        for extension in EXTENSIONS:
            adding = sql.SQL("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA public")
            _run(connection, adding.format(sql.Identifier(extension)))
        connection.exec_driver_sql(CLOSE_TO_ALL)
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
    except (DBAPIError, psycopg.Error) as error:
        told = trouble(error, _site(settings))
        if told is None:
            raise
        raise told from error
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
    engine = create_engine(
        url.set(database=database) if database else url, isolation_level="AUTOCOMMIT", connect_args=_UTF8
    )
    try:
        with engine.connect() as connection:
            yield connection
    except (DBAPIError, psycopg.Error) as error:
        told = trouble(error, _site(settings))
        if told is None:
            raise
        raise told from error
    finally:
        engine.dispose()


def _site(settings: Settings) -> Site:
    return Site(settings.state, settings.database_url)


def _make_database(settings: Settings) -> None:
    """Create the database named in the address unless it is there; nothing where the roles are others'."""
    name = make_url(settings.database_url).database or "minglu"
    with _admin(settings, "postgres") as connection:
        found = connection.execute(_ENCODING, {"name": name}).scalar()
        if found not in {None, "UTF8"}:
            raise Unready(
                "The database {name} keeps its texts as {encoding}, which cannot hold them safely: name another one in"
                " MINGLU_DATABASE_URL (one that is not there yet is made), or make it anew with ENCODING 'UTF8'.",
                name=name,
                encoding=found,
            )
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
    engine = create_engine(
        make_url(settings.url_of(role)).set(database=database), poolclass=NullPool, connect_args=_UTF8
    )
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False


def _make_role(settings: Settings, connection: Connection, role: str) -> None:
    """Make the role or set it right; one that is right already is left alone, which needs no privilege."""
    fitting = connection.scalar(text(_FITTING), {"role": role})
    if fitting and _lets_in(settings, role, str(connection.engine.url.database)):
        return
    verb = "CREATE" if fitting is None else "ALTER"
    _run(
        connection,
        sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            sql.Identifier(role), sql.Literal(settings.passwords[role])
        ),
    )


def _hand_over(settings: Settings, connection: Connection) -> None:
    """Let the owner create schemas, and nobody else connect but our own roles.

    Whoever does not own the database may be told so by a warning only: hence the second look.
    """
    wanted, asked = text(_HANDED_OVER), {"owner": OWNER, "roles": list(ROLES)}
    if connection.scalar(wanted, asked):
        return
    name = sql.Identifier(connection.engine.url.database or "minglu")
    roles = sql.SQL(", ").join(map(sql.Identifier, ROLES))
    _run(connection, sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    _run(connection, sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(name, roles))
    _run(connection, sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(name, sql.Identifier(OWNER)))
    if not connection.scalar(wanted, asked):
        raise forbidden(
            PermissionError(f"it does not own the database {connection.engine.url.database}"), _site(settings)
        )


def _run(connection: Connection, statement: sql.Composed) -> None:
    driver(connection).execute(statement)


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """Psycopg's own connection below SQLAlchemy's, for statements that carry no parameters."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
