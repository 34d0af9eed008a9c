"""What the tests of all stations' pages begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.app.succession import Scene
from tests.app.web.conftest import Office
from tests.world import World


@pytest.fixture(scope="module")
def stations() -> bool:
    """Whether the office of a file's tests has the pages of the flow, or the shell alone."""
    return True


@pytest.fixture
def office(world: World, stations: bool) -> Iterator[Office]:
    """The office on a world of its own."""
    made = Office(world, stations=stations)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_office(shared_world: World, stations: bool) -> Iterator[Office]:
    """For a file's tests that only read or are refused."""
    made = Office(shared_world, stations=stations, shared=True)
    yield made
    made.close()


@pytest.fixture
def scene(world: World) -> Scene:
    """What a file's tests begin with that say so by ``with_codes``."""
    return Scene(world, **world.found)
