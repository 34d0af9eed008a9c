"""The private PostGIS cluster in the project's own ignored folder: made, started, stopped, asked about.

PostgreSQL refuses to run as root. When we are root the server runs as an ordinary account (``postgres`` from
the Debian package, or ``minglu`` made here), otherwise as ourselves. A clone may lie under a folder that this
account cannot enter (``/root``); then, and only then, the server gets the one capability that lets it pass
and read (``dac_read_search``). Connections come over a unix socket or loopback, always with a password.

What lies in the folder::

    data/      the database itself, owned by the ordinary account
    log/       what the server says; never statements or values, which may hold people's contacts
    socket/    the unix socket, or a short folder elsewhere if this path is too long for a socket
    password   of the role minglu_admin, readable by us alone
    port       remembered, so that addresses stay the same
    server.conf  written anew at every start, so that a new version of this file takes effect
    made       written last: without it, ``data`` is the remains of an interrupted creation
"""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from urllib.parse import quote

from app.base import postgres
from app.base.errors import Unready

ADMIN = "minglu_admin"
PORT = 54329
THROWAWAY = "minglu-throwaway"
LEAST_FREE_BYTES = 400 * 1024 * 1024
#: Of what initdb lays down, the parts without which a server does not start, or starts and knows no database.
ESSENTIAL = ("PG_VERSION", "global/pg_control", "base", "pg_wal", "pg_xact")
LARGEST_LOG_BYTES = 10 * 1024 * 1024


class Status(Enum):
    """How a cluster stands."""

    ABSENT = "not made yet"
    HALF_MADE = "half made: its creation was interrupted; the next start makes it anew"
    UNMARKED = "in use before, but without its mark; the next start tells what to do"
    STOPPED = "stopped"
    RUNNING = "running"


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


class Cluster:
    """One private PostgreSQL server and its folder.

    ``durable=False`` gives up safety against a crash, and the TCP port, for speed: only for tests. ``say``
    receives the sentences that a person at the terminal should read.
    """

    def __init__(self, folder: Path, *, durable: bool = True, say: Callable[[str], None] = _say) -> None:
        """Nothing is touched until :meth:`create` or :meth:`start`."""
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.log = self.folder / "log" / "postgresql.log"
        self.durable = durable
        self.say = say

    @property
    def pid(self) -> int | None:
        """Number of the running server, or None. A stale or foreign postmaster.pid is not believed."""
        with suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            if Path(f"/proc/{pid}/cwd").resolve(strict=True) == self.data.resolve():
                return pid
        return None

    @property
    def port(self) -> int:
        """The remembered port; the socket's name bears it too."""
        try:
            return int((self.folder / "port").read_text())
        except (OSError, ValueError):
            return PORT

    @property
    def admin_password(self) -> str:
        """Password of the superuser role ``minglu_admin``."""
        file = self.folder / "password"
        try:
            return file.read_text().strip()
        except FileNotFoundError:
            raise Unready(
                "The file {file} with the database's password is missing: restore it from your backup, or move {folder}"
                " away to begin with an empty database.",
                file=file,
                folder=self.folder,
            ) from None
        except OSError as error:
            raise Unready(
                "The password of the database in {folder} cannot be read ({why}): run as who made it.",
                folder=self.folder,
                why=error.strerror,
            ) from error

    @property
    def socket_folder(self) -> Path:
        """Where the unix socket lies: in our folder, or elsewhere when that path is too long for a socket."""
        return postgres.socket_folder(self.folder)

    def status(self) -> Status:
        """How it stands, without changing anything."""
        if not (self.folder / "made").exists():
            if not self.data.exists():
                return Status.ABSENT
            return Status.UNMARKED if self._was_in_use else Status.HALF_MADE
        return Status.RUNNING if self.pid else Status.STOPPED

    def url(self, database: str, user: str | None = None, *, password: str | None = None) -> str:
        """SQLAlchemy address over the unix socket; without a user, as ``minglu_admin`` with its password."""
        name, secret = (user, password) if user else (ADMIN, self.admin_password)
        login = quote(name, safe="") + (f":{quote(secret, safe='')}" if secret else "")
        where = quote(str(self.socket_folder), safe="")
        return f"postgresql+psycopg://{login}@/{quote(database, safe='')}?host={where}&port={self.port}"

    @property
    def _was_in_use(self) -> bool:
        return (self.data / "postmaster.opts").exists()

    def create(self) -> None:
        """Make the cluster if there is none; remains of an interrupted creation are moved aside first."""
        with self._locked():
            self._create()

    def _create(self) -> None:
        if (self.folder / "made").exists():
            return
        if self.data.exists() and any(self.data.iterdir()):
            self._move_remains_aside()
        postgres.require_space(self.folder, LEAST_FREE_BYTES)
        programs = postgres.programs()
        account = postgres.account_for(self.data)
        for folder in (self.data, self.log.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
            postgres.give(folder, account)
        password = secrets.token_urlsafe(24)
        postgres.write_secret(self.folder / "password", password)
        self._initdb(programs, account, password)
        (self.folder / "made").write_text(f"{datetime.now(UTC).isoformat()}\n")

    def _initdb(self, programs: Path, account: pwd.struct_passwd | None, password: str) -> None:
        asked = self.log.parent / "password"
        postgres.write_secret(asked, password)
        postgres.give(asked, account)
        arguments = ["-D", str(self.data), "-U", ADMIN, "--pwfile", str(asked), "--auth=scram-sha-256"]
        arguments += ["--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions"]
        arguments += [] if self.durable else ["--no-sync"]
        try:
            done = postgres.run([programs / "initdb", *arguments], account=account, data=self.data)
        finally:
            asked.unlink()
        if done.returncode:
            raise postgres.refusal(done.stdout, self.folder, "The database could not be made: {line}")

    def _move_remains_aside(self) -> None:
        if self._was_in_use:
            raise Unready(
                (
                    "{data} has been in use, but the file {made} beside it is missing; "
                    "if this is your database, create that file (touch), otherwise move the folder away."
                ),
                data=self.data,
                made=self.folder / "made",
            )
        aside = self.folder / f"remains-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        self.data.rename(aside)
        self.say(
            f"Making the database in {self.folder} had been interrupted before anything was entered; "
            f"its remains now lie in {aside.name} (you may delete them) and it is made anew."
        )

    def start(self) -> None:
        """Make it if need be, start it, and return once it answers. A running one is left as it is."""
        with self._locked():
            self._create()
            if self.pid:
                self._await_ready()
                return
            account = postgres.account_for(self.data)
            self._remove_stale_pid()
            postgres.require_space(self.folder, LEAST_FREE_BYTES // 4)
            postgres.make_socket_folder(self.socket_folder, account)
            for _ in range(3):
                if self._launch(account):
                    return
            raise Unready(
                ("Port {port} is taken as soon as it is free; write the number of a free one into {file}."),
                port=self.port,
                file=self.folder / "port",
            )

    def _version(self) -> str:
        """Whose programs the data needs. Raises Unready where parts that no server starts without are missing."""
        missing = next((name for name in ESSENTIAL if not (self.data / name).exists()), None)
        if missing:
            raise Unready(
                "The database is damaged: {missing} is missing. Restore {folder} from your backup, or move it away to"
                " begin with an empty one; what the server said last is in {log}.",
                missing=self.data / missing,
                folder=self.folder,
                log=self.log,
            )
        return (self.data / "PG_VERSION").read_text().strip()

    def _launch(self, account: pwd.struct_passwd | None) -> bool:
        """True once it answers; False if the port was taken between our looking and the server's."""
        self._settle_port()
        conf = self.folder / "server.conf"
        conf.write_text(
            postgres.configuration(
                port=self.port,
                socket_folder=self.socket_folder,
                durable=self.durable,
            )
        )
        conf.chmod(0o644)  # whatever the umask: the ordinary account reads it, and it holds no secret
        self._rotate_log()
        before = self.log.stat().st_size if self.log.exists() else 0
        version = self._version()
        options = f"-c config_file={_shell_quoted(conf)}"
        command: list[str | Path] = [
            postgres.programs(version) / "pg_ctl",
            "start",
            "-D",
            self.data,
            "-l",
            self.log,
        ]
        done = postgres.run([*command, "-w", "-t", "300", "-o", options], account=account, data=self.data)
        if not done.returncode:
            return True
        said = done.stdout + self._log_since(before)
        if "Address already in use" in said:
            return False
        raise postgres.refusal(said, self.folder, "The database did not start; {log} ends with: {line}", log=self.log)

    def stop(self) -> None:
        """Fast shutdown: sessions are cut, what was committed is kept; no harm if it is not running."""
        with self._locked():
            if not self.pid:
                return
            version = self._version()
            how = "fast" if self.durable else "immediate"
            program = postgres.programs(version) / "pg_ctl"
            command: list[str | Path] = [program, "stop", "-D", self.data, "-m", how, "-w", "-t", "120"]
            done = postgres.run(command, account=postgres.account_for(self.data), data=self.data, apart=True)
            if done.returncode and self.pid:
                raise postgres.refusal(done.stdout, self.folder, "The database did not stop: {line}")
            with suppress(OSError):
                self.socket_folder.rmdir()

    def remove(self) -> None:
        """Stop a throw-away cluster and delete its folder; a durable one is never deleted."""
        if self.durable:
            raise Unready("{folder} holds a real database and is not deleted by a program.", folder=self.folder)
        _remove(self.folder)

    @classmethod
    @contextmanager
    def throwaway(cls, within: Path | None = None) -> Iterator[Cluster]:
        """A running cluster for tests in a folder (the temporary one unless named), gone at the end.

        Those that a crashed test run left behind are known by the number of its process and removed first.
        """
        within = within or Path(tempfile.gettempdir())
        _remove_orphans(within)
        name = f"{THROWAWAY}-{os.getpid()}-{postgres.started(os.getpid())}-"
        folder = Path(tempfile.mkdtemp(prefix=name, dir=within))
        folder.chmod(0o711)  # the ordinary account must pass; what is secret in it is locked by itself
        cluster = cls(folder, durable=False)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.remove()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One program at a time makes, starts or stops this cluster; a second one waits."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / "lock").open("w")
        except OSError as error:
            raise Unready(
                ("The folder {folder} cannot be written ({why}); set MINGLU_STATE to a folder of your own."),
                folder=self.folder,
                why=error.strerror,
            ) from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    raise postgres.disk_full(self.folder) from error
                raise

    def _settle_port(self) -> None:
        """Keep the remembered port if it is free, else remember the next free one and say so."""
        if not self.durable:
            return
        wanted = self.port
        port = next((port for port in range(wanted, wanted + 200) if postgres.port_is_free(port)), None)
        if port is None:
            raise Unready(
                "Ports {first} to {last} are all taken; write the number of a free one into {file}.",
                first=wanted,
                last=wanted + 199,
                file=self.folder / "port",
            )
        if port != wanted:
            self.say(f"Port {wanted} is taken by another program; the database listens on {port} from now on.")
        (self.folder / "port").write_text(f"{port}\n")

    def _remove_stale_pid(self) -> None:
        """PostgreSQL believes a stale file if its number was given to another program of the same account."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _rotate_log(self) -> None:
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > LARGEST_LOG_BYTES:
                self.log.rename(self.log.with_suffix(".log.1"))

    def _log_since(self, offset: int) -> str:
        try:
            with self.log.open("rb") as file:
                file.seek(offset)
                return file.read(20_000).decode(errors="replace")
        except OSError:
            return ""

    def _await_ready(self) -> None:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            with suppress(OSError, IndexError):
                if (self.data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready":
                    return
            time.sleep(0.05)
        raise Unready("The database has been starting for five minutes; its log is {log}.", log=self.log)


def _shell_quoted(path: Path) -> str:
    """pg_ctl hands its options to a shell."""
    return "'" + str(path).replace("'", "'\\''") + "'"


def _remove_orphans(within: Path | None = None) -> None:
    for folder in (within or Path(tempfile.gettempdir())).glob(f"{THROWAWAY}-*"):
        with suppress(OSError, ValueError):
            pid, started = folder.name.removeprefix(f"{THROWAWAY}-").split("-")[:2]
            if folder.stat().st_uid == os.geteuid() and postgres.started(int(pid)) != started:
                _remove(folder)


def _remove(folder: Path) -> None:
    """Kill the throw-away server without ceremony, wait until it is gone, delete its folder and socket."""
    cluster = Cluster(folder, durable=False)
    pid = cluster.pid
    if pid:
        os.kill(pid, signal.SIGQUIT)
    deadline = time.monotonic() + 10
    while pid and Path(f"/proc/{pid}/cwd").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    shutil.rmtree(cluster.socket_folder, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
