"""What ends a walk ends it as Ctrl-C does."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.commands.walking import ENDING, walk


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """A process that only walks need not give back how signals are handled; the tests' process does."""
    before = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_a_walk_that_is_told_to_end_takes_back_what_it_made_as_after_ctrl_c(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def ended(*_: object, **__: object) -> None:
        os.kill(os.getpid(), number)
        pytest.fail("nobody listened")

    monkeypatch.setattr("app.walk.walk", ended)
    monkeypatch.setattr("app.commands.walking.settings_now", lambda: None)  # no database is asked for anything
    file = tmp_path / "survey.geojson"
    file.write_text("{}")
    done = CliRunner().invoke(walk, [str(file), "--out", str(tmp_path / "out")])
    assert "nothing of it stays" in done.output
    assert done.exit_code != 0
