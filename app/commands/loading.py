"""Filling a database: the register of divisions, or the demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.base.clock import Clock
from app.commands.local import settings_now

if TYPE_CHECKING:
    from app.base.db import Database
    from app.base.settings import Settings
    from app.intake.models import Edition


@click.group()
def register() -> None:
    """The register of divisions."""


@register.command("load")
def load_register_() -> None:
    """Load Dezhou's counties, towns and villages (statistical register, 2023 edition); safe to run again."""
    from app.base.db import operating
    from app.commands.progress import progress_bars
    from app.intake.register import load_register

    with progress_bars() as tell, operating(settings_now(), via="minglu register load") as session:
        loaded = load_register(session, Clock(), tell=tell)
    click.echo("Added: " + (", ".join(f"{n} {kind.value}" for kind, n in loaded.counts.items()) or "nothing"))
    for difference in loaded.differences:
        click.echo(f"  {difference}")


@register.command("hand-in")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--packaged", is_flag=True, help="The list that ships with the program instead of a file")
@click.option("--as", "login", required=True, help="The officer's login: what they may do is what is done")
@click.option("--in", "place", default="德州市", show_default=True, help="The division that the list is of")
@click.option("--system", type=click.Choice(["statistics", "ministry"]), default="statistics", show_default=True)
@click.option("--title", default="", help="What the edition is called, such as 2021")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day from which it holds")
@click.option("--source", default="", help="Where the list is from; empty: the file's name")
@click.option("--licence", default="", help="Under which the list may be used")
def hand_in_list(file: Path | None, *, packaged: bool, login: str, **said: Any) -> None:
    """Hand in a list of divisions (CSV, Excel): the first founds what it names, a later one is compared.

    Nothing but the first list changes the register: an officer confirms what became of each division.
    """
    from app.base.db import Database

    if (file is None) != packaged:
        raise click.UsageError("Give a FILE, or --packaged.")
    settings = settings_now()
    database = Database(settings, pool_size=1)
    try:
        _hand_in(settings, database, file=file, login=login, **said)
    finally:
        database.close()


def _hand_in(settings: Settings, database: Database, *, file: Path | None, login: str, place: str, **said: Any) -> None:
    from app.base.models import CodeSystem
    from app.base.territory import division_called
    from app.commands.importing import person_called
    from app.commands.progress import progress_bars
    from app.intake.editions import Origin, beginning, hand_in, kinds_of, packaged
    from app.intake.listing import read_list

    clock, person = Clock(), person_called(settings, login, via="minglu register hand-in")
    system = CodeSystem(said["system"])
    with progress_bars() as tell, database.acting(person, via="minglu register hand-in") as session:
        division = division_called(session, place)
        within = beginning(session, division, system)
        if file is None:
            listing, origin = packaged()
        else:
            if said["day"] is None:
                raise click.UsageError("Say from which day the list holds: --on 2021-10-31")
            listing = read_list(file.read_bytes(), name=file.name, within=within)
            source = said["source"] or file.name
            origin = Origin(system, said["title"], said["day"].date(), source, said["licence"])
        made, new = hand_in(session, clock, listing=listing, origin=origin, place=division, tell=tell)
        _say_of_list(made, kinds_of(session, made), new=new)


def _say_of_list(made: Edition, kinds: dict[tuple[str, str, str], int], *, new: bool) -> None:
    counts = ", ".join(f"{getattr(made, each)} {each}" for each in ("accepted", "repaired", "duplicate", "rejected"))
    click.echo(f"{made.title} ({made.system}): {made.rows} rows: {counts}.")
    if not new:
        click.echo("The list was handed in before; nothing was changed.")
    click.echo(f"{made.founded} divisions founded, {made.unchanged} unchanged.")
    for (kind, certainty, state), n in sorted(kinds.items()):
        click.echo(f"  {n} {kind}, {certainty}, {state}")


@click.group()
def demo() -> None:
    """The demonstration: real divisions, generated streets, and people of every role."""


@demo.command("load")
@click.option("--all", "everything", is_flag=True, help="The whole city: about 100,000 streets and 200,000 signs")
@click.option("--county", default="乐陵市", show_default=True, help="The county shown in depth")
def load_demo(*, everything: bool, county: str) -> None:
    """Load the demonstration into an empty database, and do what its people left queued."""
    from app.base.jobs import make_worker
    from app.commands.kinds import kinds
    from app.commands.progress import progress_bars
    from app.demonstration.load import load

    settings, clock = settings_now(), Clock()
    with progress_bars() as tell:
        load(settings, clock, everything=everything, county=county, tell=tell)
    make_worker(settings, kinds(settings, clock)).run(wait=False)
