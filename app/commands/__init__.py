"""The command line: one module a group of commands; each only parses, calls a step, and prints.

What a command needs is imported when it runs: ``minglu --help`` and the supervisor of ``minglu run`` need little.
"""

from __future__ import annotations

import click

from app.commands.checking import check
from app.commands.database import db
from app.commands.history import history
from app.commands.importing import import_
from app.commands.loading import demo, register
from app.commands.people import user
from app.commands.serving import run, serve, work
from app.commands.walking import walk


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def minglu() -> None:
    """Village street names, road signs, and the page behind each sign's code."""


for command in (run, serve, work, db, user, register, demo, import_, walk, history, check):
    minglu.add_command(command)
