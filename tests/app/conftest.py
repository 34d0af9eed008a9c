"""What the tests of all stations' pages begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.app.succession import Scene
from tests.app.web.conftest import Office
from tests.world import World


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    """The office with all its stations, on a world of its own."""
    made = Office(world, stations=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_office(shared_world: World) -> Iterator[Office]:
    """The office with all its stations, for a file's tests that only read or are refused."""
    made = Office(shared_world, stations=True, shared=True)
    yield made
    made.close()


@pytest.fixture
def scene(world: World) -> Scene:
    """What a file's tests begin with that say so by ``with_codes``."""
    return Scene(world, **world.found)
