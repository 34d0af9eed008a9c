"""The private cluster, and making a database ready."""

from __future__ import annotations

import click

from app.base.cluster import Cluster
from app.base.errors import Unready
from app.commands.local import private_cluster, settings_now, settings_of


@click.group()
def db() -> None:
    """Start, stop and prepare the database."""


def _private() -> Cluster:
    cluster = private_cluster()
    if cluster is None:
        raise Unready("MINGLU_DATABASE_URL names another server: start and stop that one where it runs.")
    return cluster


@db.command()
def start() -> None:
    """Start the private cluster and bring its database up to date."""
    from app.base.prepare import prepare

    cluster = _private()
    cluster.start()
    prepare(settings_of(cluster))
    click.echo(cluster.status().value)


@db.command()
def stop() -> None:
    """Stop the private cluster."""
    cluster = _private()
    cluster.stop()
    click.echo(cluster.status().value)


@db.command()
def status() -> None:
    """Say how the private cluster stands."""
    click.echo(_private().status().value)


@db.command("prepare")
def prepare_() -> None:
    """Make roles, extensions and tables in the named server; safe to run again."""
    from app.base.prepare import prepare

    prepare(settings_now())
    click.echo("The database is ready.")


@db.command("migrate")
def migrate_() -> None:
    """Bring the tables up to date."""
    from app.base.prepare import migrate

    click.echo("Now at " + ", ".join(migrate(settings_now())))
