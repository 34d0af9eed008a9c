"""Sealing, exporting and verifying the history."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import click

from app.base.clock import Clock
from app.base.settings import QUEUE
from app.commands.local import settings_now


@click.group()
def history() -> None:
    """Seal and verify who changed what."""


@history.command()
@click.option("--anchors", type=click.Path(path_type=Path), help="Folder for the newest block's hash, best elsewhere")
def seal(anchors: Path | None) -> None:
    """Seal what is not sealed yet and export the newest block's hash."""
    from app.base.db import Database
    from app.commands.sealing import seal_now

    settings = settings_now()
    database = Database(settings, role=QUEUE, pool_size=1)
    try:
        sealed, path = seal_now(database, Clock(), anchors=anchors or settings.state / "anchors")
    finally:
        database.close()
    click.echo(f"{sealed} entries sealed; anchor: {path or 'nothing sealed yet'}")


@history.command()
@click.option("--anchor", type=click.Path(exists=True, path_type=Path), help="An exported anchor to compare with")
def verify(anchor: Path | None) -> None:
    """Find altered, removed, inserted and truncated rows; name the unsealed ones. Exit code 1 where one is found."""
    from app.base import history as kept
    from app.base.db import Database

    words = json.loads(anchor.read_text()) if anchor else None
    database = Database(settings_now(), role=QUEUE, pool_size=1)
    try:
        with database.nobody(via="minglu history verify") as session:
            problems = kept.verify(session, words)
    finally:
        database.close()
    for problem in problems:
        if problem.problem != "unsealed":
            click.secho(
                f"{problem.problem}: block {problem.block}, entry {problem.entry_id},"
                f" {problem.subject} {problem.row_id}",
                fg="red",
            )
    counts = Counter(problem.problem for problem in problems)
    unsealed = [problem.entry_id or 0 for problem in problems if problem.problem == "unsealed"]
    if unsealed:
        click.echo(f"{len(unsealed)} entries are not sealed yet: {min(unsealed)} to {max(unsealed)}.")
    if set(counts) - {"unsealed"}:
        sys.exit(1)
    click.secho("The history holds.", fg="green")
