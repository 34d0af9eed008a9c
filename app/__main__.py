"""The `minglu` command: every step without a browser. ``minglu --help`` lists what there is."""

from __future__ import annotations

import sys

import click

from app.base.errors import MingluError
from app.commands import minglu
from gis.errors import GisError


def main() -> None:
    """Run the command; a refusal is one clear sentence and exit code 1, never a traceback."""
    try:
        minglu(standalone_mode=False)
    except (MingluError, GisError) as refusal:
        click.secho(f"minglu: {refusal}", fg="red", err=True)
        sys.exit(1)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)


if __name__ == "__main__":
    main()
