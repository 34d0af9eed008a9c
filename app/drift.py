"""Whether the models and the migrations say the same; ``minglu check models`` and a test of the rules ask here."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from geoalchemy2.types import Geometry
from sqlalchemy import CheckConstraint, Column, Connection, create_engine, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.types import TypeEngine

from app.base.settings import OWNER, Settings
from app.base.tables import Ltree, Xid8
from app.models import metadata, ours

_CHECKS = text(
    "SELECT n.nspname || '.' || c.relname || '.' || o.conname FROM pg_constraint o"
    " JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE o.contype = 'c'"
)


def model_differences(settings: Settings) -> list[str]:
    """Each way in which the migrated database and the models differ, in words; empty where they agree.

    Tables, columns with type, null and default, keys, unique and check constraints (these by name), indexes.
    """
    engine = create_engine(settings.url_of(OWNER))
    # The dialect's own copy of the table of types, so that these two are read back as what the models call them.
    engine.dialect.ischema_names = {**PGDialect.ischema_names, "ltree": Ltree, "xid8": Xid8}  # type: ignore[attr-defined]
    try:
        with engine.connect() as connection:
            return [*_structure(connection), *_checks(connection)]
    finally:
        engine.dispose()


def _structure(connection: Connection) -> list[str]:
    context = MigrationContext.configure(
        connection,
        opts={
            "include_schemas": True,
            "include_object": ours,
            "version_table_schema": "base",
            "compare_type": _types_differ,
            "compare_server_default": True,
        },
    )
    return [str(difference) for difference in compare_metadata(context, metadata())]


def _types_differ(
    _context: MigrationContext,
    _found: Column[Any],
    _wanted: Column[Any],
    found: TypeEngine[Any],
    wanted: TypeEngine[Any],
) -> bool | None:
    """Types that alembic cannot compare by itself; None leaves the others to it."""
    if isinstance(wanted, (Ltree, Xid8)):
        return not isinstance(found, type(wanted))
    if isinstance(wanted, Geometry):
        return not isinstance(found, Geometry) or (
            (found.geometry_type, found.srid) != (wanted.geometry_type, wanted.srid)
        )
    return None


def _checks(connection: Connection) -> list[str]:
    """Alembic doesn't look at check constraints."""
    mapped = [table for table in metadata().tables.values() if ours(table, table.name, "table", False, None)]
    wanted = {
        f"{table.schema}.{table.name}.{constraint.name}"
        for table in mapped
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    tables = tuple(f"{table.schema}.{table.name}." for table in mapped)
    found = {name for name in connection.scalars(_CHECKS) if name.startswith(tables)}
    return [f"check only in the models: {name}" for name in sorted(wanted - found)] + [
        f"check only in the database: {name}" for name in sorted(found - wanted)
    ]
