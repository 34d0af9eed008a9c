"""``minglu walk``: one survey file through all nine stations."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from app.base.clock import Clock
from app.commands.local import require_folder, settings_now

#: How a process is told to end, by a person or by the machine that shuts down, besides Ctrl-C.
ENDING = (signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--datum", help="Where the file does not declare it: EPSG:4490, GCJ-02 …")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("walk"), show_default=True)
def walk(file: Path, datum: str | None, out: Path) -> None:
    """Take one survey FILE from the village list to a scanned sign, and print what each station left behind.

    Where it stops at a station, or is interrupted, nothing of it stays. A walk that comes through leaves its own
    city, named after the file, so that its sign can be scanned.
    """
    from app.commands.progress import progress_bars
    from app.walk import walk as take

    require_folder(out, option="--out")
    for number in ENDING:  # what ends us otherwise than Ctrl-C takes back what the walk made, too
        signal.signal(number, signal.default_int_handler)
    try:
        with progress_bars() as tell:
            take(settings_now(), Clock(), file=file, datum=datum, out=out, say=click.echo, tell=tell)
    except KeyboardInterrupt:
        click.echo("minglu: The walk was interrupted; nothing of it stays.", err=True)
        raise
