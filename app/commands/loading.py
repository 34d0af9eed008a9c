"""Filling a database: the register of divisions, or the demonstration."""

from __future__ import annotations

import click

from app.base.clock import Clock
from app.commands.local import settings_now


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
