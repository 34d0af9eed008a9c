"""One throw-away PostGIS cluster a test process, one migrated template in it, and databases copied from that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.cluster import Cluster
from app.base.prepare import prepare
from app.base.settings import Settings, read_settings
from tests.world import NOON, PASSWORD, World, end_world, make_world

__all__ = ["NOON", "PASSWORD", "World", "end_world", "make_world"]


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of sample files; tests on them skip where it is not named."""
    folder = os.environ.get("MINGLU_SAMPLES")
    if not folder:
        pytest.skip("MINGLU_SAMPLES names no folder of sample files")
    return Path(folder)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostGIS server of our own, thrown away at the end."""
    with Cluster.throwaway() as made:
        yield made


@pytest.fixture(scope="session")
def template(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The migrated, empty database that all others are copied from."""
    state = tmp_path_factory.mktemp("state")
    settings = read_settings({"MINGLU_STATE": str(state)}, database_url=cluster.url("template_minglu"))
    prepare(settings)
    return settings


@pytest.fixture(scope="module")
def shared_world(cluster: Cluster, template: Settings) -> Iterator[World]:
    """A world for tests that only read it, or that don't mind each other."""
    world = make_world(cluster, template)
    yield world
    end_world(world)


@pytest.fixture
def world(cluster: Cluster, template: Settings) -> Iterator[World]:
    """A fresh world for one test."""
    made = make_world(cluster, template)
    yield made
    end_world(made)
