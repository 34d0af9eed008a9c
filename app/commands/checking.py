"""What can be checked without running the program for real: templates, texts, models against migrations."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click


def _templates() -> list[str]:
    from app.web.checking import check_templates

    return check_templates()


def _texts() -> list[str]:
    from app.web.checking import untranslated

    return untranslated()


def _models() -> list[str]:
    from app.base.cluster import Cluster
    from app.base.prepare import prepare
    from app.base.settings import read_settings
    from app.drift import model_differences

    with tempfile.TemporaryDirectory() as state, Cluster.throwaway() as cluster:
        settings = read_settings({"MINGLU_STATE": str(Path(state))}, database_url=cluster.url("minglu"))
        prepare(settings)
        return model_differences(settings)


CHECKS: dict[str, Callable[[], list[str]]] = {"templates": _templates, "texts": _texts, "models": _models}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(CHECKS)))
def check(names: tuple[str, ...]) -> None:
    """Check templates, texts (translated?), models (equal to the migrations?); all without a name."""
    faults = 0
    for name in names or tuple(CHECKS):
        found = CHECKS[name]()
        faults += len(found)
        click.secho(f"{name}: {len(found)} faults" if found else f"{name}: in order", fg="red" if found else "green")
        for fault in found:
            click.echo(f"  {fault}")
    sys.exit(1 if faults else 0)
