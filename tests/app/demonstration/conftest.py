"""One demonstration for all tests that only look at it: a small slice of the county."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app.base.cluster import Cluster
from app.base.settings import Settings
from app.demonstration.load import load
from app.demonstration.state import is_empty
from tests.app.pages import work_off
from tests.conftest import World, end_world, make_world

DEPTH = 9


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


def quiet(_words: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def interrupting(words: str, done: int, _total: int) -> None:
    """Stop once the second batch is through."""
    if words.startswith("batches") and done == 2:
        raise Interrupted


@pytest.fixture(scope="session")
def demo(cluster: Cluster, template: Settings) -> Iterator[World]:
    """An empty database, loaded in two goes."""
    made = make_world(cluster, template)
    with made.owner.begin() as connection:
        connection.execute(text("DELETE FROM base.division"))
    assert is_empty(made.settings)
    with pytest.raises(Interrupted):
        load(made.settings, made.clock, tell=interrupting, depth=DEPTH)
    assert is_empty(made.settings)
    load(made.settings, made.clock, tell=quiet, depth=DEPTH)
    with made.owner.connect() as connection:
        queued = connection.execute(text("SELECT uid::text FROM base.run WHERE state = 'queued' ORDER BY id")).scalars()
        for uid in queued.all():
            work_off(made, uid)
    yield made
    end_world(made)
