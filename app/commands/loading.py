"""Filling a database: the register of divisions, or the demonstration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.base.clock import Clock
from app.commands.local import require_folder, settings_now

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from app.base.db import Database
    from app.base.models import Division
    from app.base.settings import Settings
    from app.intake.editions import Origin
    from app.intake.listing import Listing
    from app.intake.models import Edition
    from gis.features import Survey
    from gis.formats import Opened


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


@register.command("found")
@click.argument("name")
@click.option("--code", required=True, help="The city's code of six digits (GB/T 2260), such as 371400")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day from which it stands; empty: today")
def found_city_(name: str, code: str, day: datetime | None) -> None:
    """Begin an empty register with the city NAME alone; its first list, of whatever year, founds the rest.

    Then: minglu user add, and minglu register hand-in, or the page of lists.
    """
    from app.base.db import operating
    from app.intake.founding import found_city

    with operating(settings_now(), via="minglu register found") as session:
        city = found_city(session, name=name, code=code, since=day.date() if day else Clock().today())
        click.echo(f"{city.name} ({code}) stands; hand in its first list.")


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
@click.option(
    "--column", "columns", multiple=True, help="FIELD=COLUMN: code, name, town_code, town_name, county_code …"
)
@click.option("--rejected", type=click.Path(dir_okay=False, path_type=Path), help="Write the rejected rows here")
def hand_in_list(file: Path | None, *, packaged: bool, login: str, columns: tuple[str, ...], **said: Any) -> None:
    """Hand in a list of divisions (CSV, Excel): the first founds what it names, a later one is compared.

    Nothing but the first list changes the register: an officer confirms what became of each division. Columns that are
    said once, here or on the page, are remembered for the next list of the source.
    """
    from app.base.db import Database
    from app.commands.importing import columns_said
    from app.intake.listing import FIELDS

    if (file is None) != packaged:
        raise click.UsageError("Give a FILE, or --packaged.")
    if said["rejected"] is not None:
        require_folder(said["rejected"].parent, option="--rejected")
    if file is not None and said["day"] is None:
        raise click.UsageError("Say from which day the list holds: --on 2021-10-31")
    said["told"] = columns_said(columns, known=FIELDS)
    settings = settings_now()
    database = Database(settings, pool_size=1)
    try:
        _hand_in(settings, database, file=file, login=login, **said)
    finally:
        database.close()


def _hand_in(settings: Settings, database: Database, *, file: Path | None, login: str, place: str, **said: Any) -> None:
    from app.base.shares import of_rows, part
    from app.base.territory import division_called
    from app.commands.importing import kept_file, person_called, write_rejected
    from app.commands.lists import READ
    from app.commands.progress import progress_bars
    from app.intake.editions import hand_in, kinds_of, require_officer
    from app.intake.listing import like

    via = "minglu register hand-in"
    clock, person = Clock(), person_called(settings, login, via=via)
    with progress_bars() as bars, database.acting(person, via=via) as session:
        require_officer(session)
        division = division_called(session, place)
        listing, origin, opened = _listed(session, clock, file, division, said)
        if file is not None:
            origin = replace(origin, file=kept_file(session, settings, file, division=division, person=person))
        tell = of_rows(lambda done, total: bars("rows", done, total), listing.rows)
        tell(READ)
        made, new = hand_in(session, clock, listing=listing, origin=origin, place=division, tell=part(tell, READ, 1.0))
        _say_of_list(made, kinds_of(session, made), new=new)
        if said["rejected"] is not None and opened is not None:
            write_rejected(_rejected(listing, opened, origin), said["rejected"], kind=like(opened), form=opened.form)


def _listed(
    session: Session, clock: Clock, file: Path | None, division: Division, said: Mapping[str, Any]
) -> tuple[Listing, Origin, Opened | None]:
    """The list with what is said of it, and its file as it was opened; columns that were told are remembered."""
    from app.base.models import CodeSystem
    from app.commands.lists import read
    from app.intake import mappings
    from app.intake.editions import Origin, beginning, packaged
    from app.intake.steps import open_bytes

    if file is None:
        return *packaged(beginning(session, division, CodeSystem.STATISTICS)), None
    opened = open_bytes(file.read_bytes(), name=file.name)
    source, system = said["source"].strip() or file.name, CodeSystem(said["system"])
    origin = Origin(system, said["title"], said["day"].date(), source, said["licence"])
    told = mappings.list_columns_of(said["told"], opened) if said["told"] else {}
    listing, origin = read(session, opened, origin=origin, place=division, told=told)
    if told:
        names = opened.names
        mappings.remember_list(session, clock, division=division, source=source, names=names, columns=told)
    return listing, origin, opened


def _rejected(listing: Listing, opened: Opened, origin: Origin) -> Survey:
    from app.intake.listing import returned
    from gis.features import Verdict

    reasons = {told.row: (told.reason, told.reason) for told in listing.told if told.verdict is Verdict.REJECTED}
    return returned(opened, reasons, origin.columns)


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
