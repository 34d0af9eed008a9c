"""The supervisor behind ``minglu run``: database first, then the parts of the program, and all down in order.

It stays in the foreground. Every part runs in a process group of its own, so that Ctrl-C reaches only the
supervisor, and is told by the kernel to end when the supervisor dies, however that happens.
"""

from __future__ import annotations

import errno
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

from app.base.cluster import Cluster
from app.base.errors import Unready
from app.base.postgres import FULL_BYTES, disk_full, room, why_not

READY_SECONDS = 90.0
STOP_SECONDS = 15.0
#: A second Ctrl-C that comes sooner is meant for the first one's stopping.
AGAIN_SECONDS = 1.0
CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Part:
    """One child: its name (the prefix of its lines), its command, and where it answers if it is a web app."""

    name: str
    command: Sequence[str]
    host: str = "127.0.0.1"
    port: int | None = None
    setting: str = ""  # how the variables begin that move it elsewhere (…_HOST, …_PORT), for the refusals
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str | None:
        """What a person types into the browser; None for a part without pages."""
        if self.port is None:
            return None
        return f"http://{self.reached_at}:{self.port}"

    @property
    def reached_at(self) -> str:
        """The address to connect to: listening everywhere includes the loopback."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104 - not bound


class RunsAlready(Unready):
    """Another ``minglu run`` has this state folder, and its database."""


class _PartDied(Exception):
    pass


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run(
    parts: Sequence[Part],
    *,
    state: Path,
    cluster: Cluster | None,
    prepare: Callable[[], None] = lambda: None,
    announce: Callable[[], None] = lambda: None,
    say: Callable[[str], None] = _say,
) -> int:
    """Start everything, wait for Ctrl-C or SIGTERM, stop everything; returns the exit code.

    ``cluster`` is None where another server is used. ``prepare`` (migrate, load) runs once the database
    answers, ``announce`` (logins) once every part is ready. 0 after a request to stop, 1 if a part died or
    never got ready. Raises Unready if it runs already, a port is taken, or the database cannot start.
    """
    running: list[_Running] = []
    with only_one(state), _signals() as asked:
        _require_ports(parts)
        try:
            if cluster:
                cluster.start()
            prepare()
            asked.heed()
            for one in _started(parts, say):
                running.append(one)  # noqa: PERF402 - each counts if the next fails
            _await_ready(running, asked)
            announce()
            _watch(running, asked, state, say)
        except KeyboardInterrupt:
            say("\nStopping; what was entered is kept.")  # below what the terminal shows of Ctrl-C
            return 0
        except _PartDied as death:
            say(f"{death} Everything is being stopped.")
            _say_full(state, say)
            return 1
        finally:
            asked.stopping = True
            _stop(running, cluster, say)


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Refuse a second ``minglu run`` on the same state folder; the lock ends with its process."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "run.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RunsAlready(
                "Minglu already runs here (process {pid}): use it, or stop it with Ctrl-C where it runs.",
                pid=file.read().strip() or "?",
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@dataclass(slots=True)
class _Asked:
    """Whether somebody asked us to stop. The exception alone does not do: raised in a finaliser, it is swallowed."""

    heard_at: float | None = None
    stopping: bool = False

    def hear(self, _number: int, _frame: FrameType | None) -> None:
        """A signal's handler. Once we are stopping, and right after the first, a further Ctrl-C changes nothing."""
        first = self.heard_at is None or time.monotonic() - self.heard_at > AGAIN_SECONDS
        if first and not self.stopping:
            self.heard_at = time.monotonic()
            raise KeyboardInterrupt

    def heed(self) -> None:
        """Raise KeyboardInterrupt where one was heard and did not get through."""
        if self.heard_at is not None:
            raise KeyboardInterrupt


@contextmanager
def _signals() -> Iterator[_Asked]:
    """SIGTERM (and SIGHUP: the terminal closed) stop us as Ctrl-C does.

    Handlers rather than SIG_IGN while we stop, which the programs that stop the database would inherit. Once somebody
    asked, all that is left is to end: a further Ctrl-C is no longer for anybody.
    """
    asked = _Asked()
    before = {number: signal.signal(number, asked.hear) for number in CAUGHT}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if asked.heard_at is None else signal.SIG_IGN)


def _require_ports(parts: Sequence[Part]) -> None:
    webs = [part for part in parts if part.port is not None]
    for part in webs:
        twin = next((other for other in webs if other is not part and _collide(part, other)), None)
        if twin:
            raise Unready(
                "{name} and {other} would both listen on port {port}: set {setting}_PORT or {other_setting}_PORT to"
                " another.",
                name=part.name,
                other=twin.name,
                port=part.port,
                setting=part.setting,
                other_setting=twin.setting,
            )
        require_place(part.port or 0, part.host, name=part.name, setting=part.setting)


def _collide(one: Part, other: Part) -> bool:
    everywhere = {"0.0.0.0", "::", ""}  # noqa: S104 - not bound
    return one.port == other.port and (one.host == other.host or bool(everywhere & {one.host, other.host}))


def require_place(port: int, host: str, *, name: str, setting: str) -> None:
    """Refuse a port that is taken, and a host that is not of this machine; ``setting`` begins their variables."""
    trouble = why_not(port, host)
    if trouble is None:
        return
    if isinstance(trouble, socket.gaierror) or trouble.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
        raise Unready(
            "{host} for {name} is no address of this machine: set {setting}_HOST to one that is, 127.0.0.1 for this"
            " machine alone, 0.0.0.0 for all its addresses.",
            host=host,
            name=name,
            setting=setting,
        )
    if trouble.errno == errno.EACCES:
        raise Unready(
            "Port {port} for {name} may only be opened by root: set {setting}_PORT to one from 1024 on.",
            port=port,
            name=name,
            setting=setting,
        )
    raise Unready(
        "Port {port} for {name} is taken: stop the other program or set {setting}_PORT to a free one.",
        port=port,
        name=name,
        setting=setting,
    )


@dataclass(slots=True)
class _Running:
    part: Part
    child: subprocess.Popen[bytes]
    echo: threading.Thread

    def check(self) -> None:
        code = self.child.poll()
        if code is None:
            return
        self.echo.join(timeout=2)
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise _PartDied(f"{self.part.name} {how}; what it said last stands above.")

    def answers(self) -> bool:
        if self.part.port is None:
            return True
        connection = http.client.HTTPConnection(self.part.reached_at, self.part.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, number)


def _started(parts: Sequence[Part], say: Callable[[str], None]) -> Iterator[_Running]:
    """Each part as soon as it is started, so that those there are stopped if the next cannot be."""
    width = max((len(part.name) for part in parts), default=0)
    for part in parts:
        child = subprocess.Popen(  # noqa: S603 - our own commands
            ["setpriv", "--pdeathsig", "TERM", "--", *part.command],  # noqa: S607 - in every Debian
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **part.environment},
        )
        echo = threading.Thread(target=_echo, args=(child, f"{part.name:<{width}} | ", say), daemon=True)
        echo.start()
        yield _Running(part, child, echo)


def _echo(child: subprocess.Popen[bytes], prefix: str, say: Callable[[str], None]) -> None:
    if child.stdout is None:
        return
    with child.stdout:
        for line in child.stdout:
            say(prefix + line.decode(errors="replace").rstrip())


def _await_ready(running: Sequence[_Running], asked: _Asked) -> None:
    deadline = time.monotonic() + READY_SECONDS
    waiting = list(running)
    while waiting:
        asked.heed()
        for one in running:
            one.check()
        waiting = [one for one in waiting if not one.answers()]
        if waiting and time.monotonic() > deadline:
            names = ", ".join(one.part.name for one in waiting)
            raise _PartDied(f"{names} did not get ready within {READY_SECONDS:.0f} s.")
        time.sleep(0.05)


def _watch(running: Sequence[_Running], asked: _Asked, state: Path, say: Callable[[str], None]) -> NoReturn:
    """Until a part dies; a disk that runs full meanwhile is said once, and again after it had room."""
    was_full, look = False, 0.0
    while True:
        asked.heed()
        for one in running:
            one.check()
        if time.monotonic() >= look:
            was_full, look = room(state) < FULL_BYTES and (was_full or _say_full(state, say)), time.monotonic() + 2
        time.sleep(0.2)


def _say_full(state: Path, say: Callable[[str], None]) -> bool:
    """Whether the disk is full; what cannot be saved until there is room again is refused, and said so."""
    if room(state) >= FULL_BYTES:
        return False
    say(str(disk_full(state)))
    return True


def _stop(running: Sequence[_Running], cluster: Cluster | None, say: Callable[[str], None]) -> None:
    """Children first, so that none loses the database under its feet; a second Ctrl-C changes nothing."""
    for one in running:
        one.signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for one in running:
        try:
            one.child.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(f"{one.part.name} did not stop within {STOP_SECONDS:.0f} s and was killed.")
        one.signal(signal.SIGKILL)  # what a part left behind in its group
        one.child.wait()
        one.echo.join(timeout=2)
    if cluster:
        cluster.stop()
