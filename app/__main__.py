"""The `minglu` command: every step without a browser. ``minglu --help`` lists what there is."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from app.base.errors import MingluError

#: How a process ends that Ctrl-C stopped (128 + SIGINT).
STOPPED = 130


def main() -> None:
    """Run the command; a refusal is one clear sentence and exit code 1, never a traceback.

    So is what the machine or the database server refuses, wherever it happens. What is left is a fault of ours. Ctrl-C
    while the command is still being read in stops it as quietly as later.
    """
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(STOPPED)


def _run() -> None:
    import click  # here, so that Ctrl-C is listened to from the first line on

    from app.base.errors import MingluError
    from app.commands import minglu
    from gis.errors import GisError

    try:
        minglu(standalone_mode=False)
    except (MingluError, GisError) as refusal:
        _refuse(refusal)
    except click.exceptions.Abort:
        sys.exit(STOPPED)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except Exception as error:
        told = _trouble(error)
        if told is None:
            raise
        _refuse(told)


def _refuse(refusal: Exception) -> NoReturn:
    import click

    click.secho(f"minglu: {refusal}", fg="red", err=True)
    sys.exit(1)


def _trouble(error: Exception) -> MingluError | None:
    from app.base.revisions import unprepared  # only where something went wrong
    from app.base.troubles import Site, trouble
    from app.commands.local import settings_now, state_folder

    told = trouble(error, Site(state_folder(), os.environ.get("MINGLU_DATABASE_URL", "")))
    return told or unprepared(error, settings_now)


if __name__ == "__main__":
    main()
