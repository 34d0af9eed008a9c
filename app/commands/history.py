"""Sealing, exporting and verifying the history."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.base.clock import Clock
from app.base.settings import QUEUE
from app.commands.local import require_folder, settings_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.base.history import Anchor, Problem

RESTARTED = (
    "restarted: transaction numbers began again with block {block}. If the database was restored on another server"
    " before it, say so: --restored {block}. If it was not, what that block and the next ones hold may be forged."
)


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
    folder = require_folder(anchors or settings.state / "anchors", option="--anchors")
    database = Database(settings, role=QUEUE, pool_size=1)
    try:
        sealed, path = seal_now(database, Clock(), anchors=folder)
    finally:
        database.close()
    click.echo(f"{sealed} entries sealed; anchor: {path or 'nothing sealed yet'}")


@history.command()
@click.option(
    "--anchor",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="One exported anchor to compare with, instead of all in the state folder",
)
@click.option("--restored", multiple=True, type=int, help="The first block after a restore on another server")
def verify(anchor: Path | None, restored: tuple[int, ...]) -> None:
    """Find altered, removed, inserted and truncated rows; name the unsealed ones. Exit code 1 where one is found.

    Compared with every anchor in the state folder's anchors/, unless one is named.
    """
    from app.base import history as kept
    from app.base.db import Database

    settings = settings_now()
    folder = settings.state / "anchors"
    anchors = [kept.read_anchor(anchor)] if anchor else kept.read_anchors(folder)
    database = Database(settings, role=QUEUE, pool_size=1)
    try:
        with database.nobody(via="minglu history verify") as session:
            problems = kept.verify(session, anchors)
    finally:
        database.close()
    click.echo(_compared(anchors, folder))
    if _told(problems, frozenset(restored)):
        sys.exit(1)
    click.secho("The history holds.", fg="green")


def _compared(anchors: Sequence[Anchor], folder: Path) -> str:
    """What a cut-off end was looked for with."""
    if not anchors:
        return f"No anchor in {folder}: that the end was cut off cannot be seen without one."
    files = anchors[0].path if len(anchors) == 1 else f"{len(anchors)} anchors in {anchors[0].path.parent}"
    blocks = (
        f"block {anchors[0].number}" if len(anchors) == 1 else f"blocks {anchors[0].number} to {anchors[-1].number}"
    )
    return f"Compared with {files}: {blocks}."


def _told(problems: Sequence[Problem], restored: frozenset[int]) -> bool:
    """Say each problem, and how much is unsealed; whether one of them is a fault."""
    faults = [
        problem
        for problem in problems
        if problem.problem != "unsealed" and not (problem.problem == "restarted" and problem.block in restored)
    ]
    for problem in faults:
        words = RESTARTED.format(block=problem.block) if problem.problem == "restarted" else _words(problem)
        click.secho(words, fg="red")
    unsealed = sorted(problem.entry_id or 0 for problem in problems if problem.problem == "unsealed")
    if unsealed:
        click.echo(f"{len(unsealed)} entries are not sealed yet: {', '.join(_runs(unsealed))}.")
    return bool(faults)


def _words(problem: Problem) -> str:
    """What is known of a fault; a removed entry says no longer what it was about."""
    row = " ".join(str(part) for part in (problem.subject, problem.row_id) if part is not None)
    known = (
        problem.block is not None and f"block {problem.block}",
        problem.entry_id is not None and f"entry {problem.entry_id}",
        row,
    )
    return f"{problem.problem}: {', '.join(part for part in known if part)}"


def _runs(numbers: Sequence[int]) -> Iterator[str]:
    """Sorted numbers as what stands without a gap: 3–7, 9."""
    for _, group in itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        yield str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}"
