"""The worker as a process of its own: killed, stopped, and kept out of the database."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from app.base.jobs import enqueue
from app.base.models import Role
from app.base.settings import Settings
from tests.conftest import World

pytestmark = pytest.mark.database
ROOT = Path(__file__).resolve().parents[3]

#: A worker with one kind of work: it renames the village, then tells its progress or asks the database for long.
WORKER = """
import sys, time
from pathlib import Path
from sqlalchemy import text
from app.base import jobs
from app.base.settings import Settings
from app.web import logs
logs.take_over()
jobs.STALLED_SECONDS, jobs.LOOK_SECONDS = float(sys.argv[3]), 0.5
def rename(run):
    begun = Path(sys.argv[2])
    again = begun.exists()
    with run.acting() as session:
        session.execute(text("UPDATE base.division SET name = '改名村' WHERE name = '甲村'"))
        begun.write_text("begun")
        for n in range(0 if again else 600):
            time.sleep(0.1)
            if sys.argv[4] == "tells":
                run.tell(n, 600)
            else:
                session.execute(text("SELECT 1"))
    return {"again": again}
jobs.make_worker(Settings(**eval(sys.argv[1])), {"rename": rename}).run()
"""


class Workers:
    """Worker processes on one world, each killed at the end if it lives."""

    def __init__(self, world: World, folder: Path) -> None:
        """``begun`` is the file that the work writes once it has begun."""
        self.world, self.begun = world, folder / "begun"
        self.children: list[subprocess.Popen[str]] = []

    def start(self, *, stalled_s: float = 3, how: str = "tells") -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", WORKER, words_of(self.world.settings), str(self.begun), str(stalled_s), how],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.children.append(child)
        return child

    def end(self) -> None:
        for child in self.children:
            child.kill()
            child.communicate()


def words_of(settings: Settings) -> str:
    """Settings as a literal, paths as words."""
    fields = {name: getattr(settings, name) for name in settings.__dataclass_fields__} | {
        "passwords": dict(settings.passwords)
    }
    return repr({name: str(value) if isinstance(value, Path) else value for name, value in fields.items()})


@pytest.fixture
def workers(world: World, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(world, tmp_path)
    yield made
    made.end()


def until(true: Callable[[], bool], *, seconds: float = 40) -> bool:
    """Whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


def queued(world: World) -> UUID:
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        return enqueue(session, "rename", {})


def state_of(world: World) -> tuple[str, str]:
    """The run's state, and the village's name."""
    with world.admin.connect() as connection:
        run, name = connection.execute(
            text("SELECT (SELECT state FROM base.run), (SELECT name FROM base.division WHERE id = :id)"),
            {"id": world.places["甲村"]},
        ).one()
    return str(run), str(name)


def test_a_run_whose_worker_was_killed_is_begun_anew_by_the_next_one_that_starts_at_once(
    world: World, workers: Workers
):
    queued(world)
    first = workers.start()
    assert until(workers.begun.exists)
    first.kill()
    first.wait()
    assert state_of(world) == ("running", "甲村")
    workers.start()
    assert until(lambda: state_of(world) == ("done", "改名村"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("how", ["tells", "asks"])
def test_a_worker_told_to_stop_puts_its_run_back_and_the_next_one_does_it(
    world: World, workers: Workers, number: signal.Signals, how: str
):
    queued(world)
    first = workers.start(how=how, stalled_s=600)
    assert until(workers.begun.exists)
    first.send_signal(number)
    first.wait(timeout=10)
    assert state_of(world) == ("queued", "甲村")
    second = workers.start(stalled_s=600)
    assert until(lambda: state_of(world) == ("done", "改名村"))
    second.send_signal(number)
    assert second.wait(timeout=10) == 0


def test_a_worker_that_may_not_log_in_says_so_in_lines_of_json(world: World, workers: Workers):
    url = world.settings.database_url.replace(world.admin.url.database or "", "no_such_database")
    workers.world = replace(world, settings=replace(world.settings, database_url=url))
    child = workers.start()
    assert child.stderr is not None
    first = child.stderr.readline()  # told to stop only once it has begun: until then Python itself would answer
    child.send_signal(signal.SIGINT)
    told = [json.loads(line) for line in [first, *child.communicate(timeout=40)[1].splitlines()]]
    assert {"at", "level", "event"} <= set(told[0])
    assert any("no_such_database" in line["event"] for line in told)
