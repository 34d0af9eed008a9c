"""Alembic's entry: runs the dated files of ``migrations/`` on the connection that ``app.base.prepare`` hands over."""

from alembic import context

from app.models import metadata, ours

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata(),
    include_schemas=True,
    include_object=ours,
    version_table_schema="base",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
