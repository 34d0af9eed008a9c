"""One throw-away PostGIS cluster a test process, one migrated template in it, and databases copied from that."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from app.base.cluster import Cluster
from app.base.prepare import prepare
from app.base.settings import Settings, read_settings
from tests.world import NOON, PASSWORD, World, begun, end_world, make_world

DEMONSTRATION = "tests/app/demonstration/"
#: What one process's cluster may come to: its databases of the moment, 200,000 streets, and its log of writes.
ROOM_BYTES = 3 * 1024**3

__all__ = ["NOON", "PASSWORD", "World", "end_world", "make_world"]


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist publishes no types
    """Deals tests out to workers by file, so that what a file shares is made once; the demonstration's go together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return DEMONSTRATION if file.startswith(DEMONSTRATION) else file


def pytest_configure() -> None:
    """Ctrl-C means Ctrl-C to the commands that tests start, also where the tests run in the background of a shell."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """In the order of the files, whatever ``--dist`` says."""
    config.option.loadscopereorder = False
    return _ByFile(config, log)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of sample files; tests on them skip where it is not named."""
    folder = os.environ.get("MINGLU_SAMPLES")
    if not folder:
        pytest.skip("MINGLU_SAMPLES names no folder of sample files")
    return Path(folder)


def memory_folder() -> Path | None:
    """A folder in memory with room for a cluster, if there is one: a copy of the template is some 600 files.

    Measured on two busy cores: 0.5 s of the processor for a copy on disk, 0.09 s in memory.
    """
    folder = Path("/dev/shm")  # noqa: S108 - the cluster's folder in it is made with a name of its own, for us alone
    try:
        room = shutil.disk_usage(folder).free
        words = Path("/proc/meminfo").read_text().split()
    except OSError:
        return None
    memory = int(words[words.index("MemAvailable:") + 1]) * 1024
    return folder if room > ROOM_BYTES and memory > 2 * ROOM_BYTES else None


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostGIS server of our own, thrown away at the end; in memory where there is plenty."""
    with Cluster.throwaway(memory_folder()) as made:
        yield made


@pytest.fixture(scope="session")
def template(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The migrated, empty database that all others are copied from."""
    state = tmp_path_factory.mktemp("state")
    settings = read_settings({"MINGLU_STATE": str(state)}, database_url=cluster.url("template_minglu"))
    prepare(settings)
    return settings


@pytest.fixture(scope="module")
def begin() -> Callable[[World], Any] | None:
    """What every test of a file begins with, made once and copied. A file says it by a fixture of its own."""
    return None


@pytest.fixture(scope="module")
def beginning(cluster: Cluster, template: Settings, begin: Callable[[World], Any] | None) -> Iterator[World | None]:
    """The world that a file's tests get copies of; None where that is the small tree."""
    made = begun(cluster, template, begin) if begin else None
    yield made
    if made:
        end_world(made)


@pytest.fixture(scope="module")
def shared_world(cluster: Cluster, template: Settings, beginning: World | None) -> Iterator[World]:
    """A world for tests that only read it, or that don't mind each other. It begins as each test's own would."""
    made = make_world(cluster, template, like=beginning)
    yield made
    end_world(made)


@pytest.fixture
def world(cluster: Cluster, template: Settings, beginning: World | None) -> Iterator[World]:
    """A fresh world for one test."""
    made = make_world(cluster, template, like=beginning)
    yield made
    end_world(made)
