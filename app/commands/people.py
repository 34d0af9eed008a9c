"""Accounts from the command line: the first administrator of a real installation starts here."""

from __future__ import annotations

import click

from app.base.clock import Clock
from app.commands.local import settings_now


class _RoleName(click.ParamType[str]):
    """A role's name; the list of them is only imported where somebody adds a person."""

    name = "role"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        return _roles().get_metavar(param, ctx)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return _roles().convert(value, param, ctx)


def _roles() -> click.Choice[str]:
    from app.base.models import Role

    return click.Choice([role.value for role in Role])


@click.group()
def user() -> None:
    """Add people."""


@user.command()
@click.option("--login", required=True, help="a–z, 0–9, dot, dash, underscore")
@click.option("--name", required=True, help="The person's name as colleagues see it")
@click.option("--role", type=_RoleName(), required=True)
@click.option("--place", required=True, help="Name of the division, or its path: 德州市/乐陵市/市中街道")
@click.option("--department", default="", help="The department that a content editor writes for")
@click.password_option(help="At least 10 characters; asked for where it is not given")
def add(login: str, name: str, role: str, place: str, department: str, password: str) -> None:
    """Add an account, as the operator of this machine."""
    from app.base.db import operating
    from app.base.models import Role
    from app.base.people import found_person

    with operating(settings_now(), via="minglu user add") as session:
        person = found_person(
            session,
            Clock(),
            login=login,
            name=name,
            role=Role(role),
            place=place,
            password=password,
            department=department.strip(),
        )
        click.echo(f"{person.login} is {role} of {place}.")
