"""Every migration can be taken back: each leaves exactly what the one before it had made."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url, text

from app.base import postgres
from app.base.cluster import Cluster
from app.base.prepare import _config, prepare
from app.base.settings import OWNER, Settings
from app.drift import model_differences

#: What stands before the first migration: the schema and the table of the migrations themselves.
KEPT = {"base.alembic_version", "base.alembic_version_pkc"}


@pytest.fixture
def fresh(cluster: Cluster, template: Settings) -> Iterator[Settings]:
    """A migrated database of its own, made by the migrations and not copied."""
    settings = replace(template, database_url=cluster.url("taken_back"))
    prepare(settings)
    yield settings
    engine = create_engine(make_url(settings.database_url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE taken_back WITH (FORCE)")
    engine.dispose()


def dumped(settings: Settings) -> str:
    """Tables, functions, policies, triggers, grants and default privileges, as ``pg_dump`` tells them."""
    url = make_url(settings.database_url)
    where = {"PGHOST": str(url.query["host"]), "PGPORT": str(url.query["port"]), "PGPASSWORD": str(url.password)}
    answer = subprocess.run(
        [postgres.programs() / "pg_dump", "--schema-only", "-U", str(url.username), "-d", str(url.database)],
        env={**os.environ, **where},
        capture_output=True,
        check=True,
        text=True,
    )
    return "\n".join(line for line in answer.stdout.splitlines() if not line.startswith(("\\", "--")))


def rules(connection: Connection) -> set[tuple[str, ...]]:
    """The rows that migrations write: who may do what, and what may be undone."""
    found: set[tuple[str, ...]] = set()
    if connection.scalar(text("SELECT to_regclass('base.\"right\"')")) is not None:
        found |= {tuple(row) for row in connection.execute(text('SELECT role, subject, act, reach FROM base."right"'))}
    if connection.scalar(text("SELECT to_regclass('history.undoable')")) is not None:
        found |= {("undoable", subject) for subject in connection.scalars(text("SELECT subject FROM history.undoable"))}
    return found


class Steps:
    """A database that goes up and down the migrations, one at a time."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self.settings, self.connection = settings, connection
        self.config: Config = _config(connection)

    def go(self, way: str, revision: str) -> tuple[str, set[tuple[str, ...]]]:
        """Upgrade or downgrade; what the database looks like then."""
        getattr(command, way)(self.config, revision)
        seen = (dumped(self.settings), rules(self.connection))
        self.connection.commit()
        return seen


def test_each_migration_is_taken_back_to_what_stood_before_it_and_made_again(fresh: Settings):
    order = [step.revision for step in ScriptDirectory.from_config(_config(None)).walk_revisions()][::-1]
    engine = create_engine(fresh.url_of(OWNER))
    with engine.connect() as connection:
        steps = Steps(fresh, connection)
        stood = {order[-1]: steps.go("upgrade", "head")}
        for before in [*order[-2::-1], "base"]:
            stood[before] = steps.go("downgrade", before)
        assert left_of_ours(fresh) == KEPT
        for revision in order:
            assert steps.go("upgrade", revision) == stood[revision], revision
        assert model_differences(fresh) == []
    engine.dispose()


def left_of_ours(settings: Settings) -> set[str]:
    """Every relation, function and type in schemas that are ours, and the schemas but ``base`` themselves."""
    engine = create_engine(settings.database_url)
    ours = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')"
    with engine.connect() as connection:
        found = connection.scalars(
            text(
                f"SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                f" WHERE {ours} UNION ALL SELECT n.nspname || '.' || p.proname FROM pg_proc p"
                f" JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {ours}"
                f" UNION ALL SELECT n.nspname FROM pg_namespace n WHERE {ours} AND n.nspname <> 'base'"
                " UNION ALL SELECT 'policy ' || polname FROM pg_policy"
                " UNION ALL SELECT 'default privilege' FROM pg_default_acl"
            )
        )
        left = set(found)
    engine.dispose()
    return left
