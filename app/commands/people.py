"""Accounts from the command line: the first administrator of a real installation starts here."""

from __future__ import annotations

import click

from app.base.clock import Clock
from app.base.db import Database
from app.base.models import Role
from app.base.people import found_person
from app.base.settings import OWNER
from app.commands.local import settings_now


@click.group()
def user() -> None:
    """Add people."""


@user.command()
@click.option("--login", required=True, help="a–z, 0–9, dot, dash, underscore")
@click.option("--name", required=True, help="The person's name as colleagues see it")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--place", required=True, help="Name of the division, or its path: 德州市/乐陵市/市中街道")
@click.password_option(help="At least 10 characters; asked for where it is not given")
def add(login: str, name: str, role: str, place: str, password: str) -> None:
    """Add an account, as the operator of this machine."""
    database = Database(settings_now(), role=OWNER, pool_size=1)
    try:
        with database.nobody(via="minglu user add") as session:
            person = found_person(
                session, Clock(), login=login, name=name, role=Role(role), place=place, password=password
            )
            click.echo(f"{person.login} is {role} of {place}.")
    finally:
        database.close()
