"""PostgreSQL's own programs: where they lie, as whom they run, their settings, what their refusals mean."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.base.errors import Unready

OLDEST = 15
LONGEST_SOCKET_BYTES = 100  # the kernel's wall is 107 for the whole name
GIB = 1024**3
#: Below this a server that broke off did so for want of room: it writes its log of changes in pieces of 16 MB.
FULL_BYTES = 20 * 1024**2
#: What the demonstration of one county comes to with its cluster and its log of changes, rounded up.
WANTED_MB = 1024


def programs(version: str | None = None) -> Path:
    """Folder with initdb and pg_ctl: of that version, or of the newest one that has PostGIS."""
    found = {int(v): Path(f"/usr/lib/postgresql/{v}/bin") for v in _debian_versions()} | _from_pg_config()
    fitting = {v: path for v, path in found.items() if str(v) == version or (not version and v >= OLDEST)}
    with_postgis = [v for v in fitting if _has_postgis(v, fitting[v])]
    if with_postgis:
        return fitting[max(with_postgis)]
    if version:
        raise Unready(
            ("The database needs PostgreSQL {version} and its PostGIS: run .ci/install."),
            version=version,
        )
    raise Unready("PostgreSQL 15 or newer with PostGIS is not installed: run .ci/install.")


def _debian_versions() -> list[str]:
    found = (path.parent.parent.name for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return [name for name in found if name.isdigit()]


def _from_pg_config() -> dict[int, Path]:
    """Of installations elsewhere (built from source, other systems)."""
    program = shutil.which("pg_config")
    if not program:
        return {}
    said = subprocess.run(  # noqa: S603 - its path was just looked up
        [program, "--bindir", "--version"], capture_output=True, text=True, check=False, start_new_session=True
    )
    found = re.match(r"(.+)\nPostgreSQL (\d+)", said.stdout)
    if not found or not (Path(found[1]) / "initdb").exists():
        return {}
    return {int(found[2]): Path(found[1])}


def _has_postgis(version: int, folder: Path) -> bool:
    shares = (
        Path(f"/usr/share/postgresql/{version}"),
        folder.parent / "share",
        folder.parent / "share/postgresql",
    )
    return any((share / "extension/postgis.control").exists() for share in shares)


def account_for(data: Path) -> pwd.struct_passwd | None:
    """The ordinary account that the server runs as; None: as ourselves, who are not root.

    Whose data it is decides: what a person made as herself runs as her even when root starts it.
    """
    owner = data.stat().st_uid if data.exists() else 0
    if os.geteuid() == 0:
        return pwd.getpwuid(owner) if owner else _ordinary()
    if data.exists() and owner != os.geteuid():
        raise Unready(
            ("{data} belongs to {owner}: run as root, or set MINGLU_STATE to a folder of your own."),
            data=data,
            owner=_name(owner),
        )
    return None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _ordinary() -> pwd.struct_passwd:
    for name in ("postgres", "minglu"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    arguments = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "minglu"]
    done = subprocess.run(["useradd", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607 - fixed words; useradd lies where the system says
    if done.returncode:
        raise Unready(
            ("PostgreSQL refuses root and no account could be made for it ({why}): create one named minglu."),
            why=done.stderr.strip(),
        )
    return pwd.getpwnam("minglu")


def give(path: Path, account: pwd.struct_passwd | None) -> None:
    """Make it the account's own."""
    if account:
        os.chown(path, account.pw_uid, account.pw_gid)


def run(
    command: Sequence[str | Path], *, account: pwd.struct_passwd | None, data: Path, apart: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as the account; what it says comes back in ``stdout``.

    ``apart``: a Ctrl-C of the terminal does not reach it. For what stops the server, which is to end its work; one that
    starts it is to hear of it, as it takes the half-started server down then.
    """
    arguments = [*_become(account, data), *map(str, command)]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    with tempfile.TemporaryFile("w+") as said:  # not a pipe: the server would keep it open after pg_ctl ended
        done = subprocess.run(  # noqa: S603 - our own words and looked-up programs
            arguments,
            check=False,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=apart,
        )
        said.seek(0)
        return subprocess.CompletedProcess(arguments, done.returncode, said.read(), "")


def _become(account: pwd.struct_passwd | None, data: Path) -> list[str]:
    """Words before a command that make it run as the account, with the least it needs to reach the data."""
    if account is None:
        return []
    plain = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    passing = [*plain, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    for prefix in (plain, passing):
        probe = [*prefix, "--", "stat", str(data)]  # not `test`: access() looks away from capabilities
        if not subprocess.run(probe, check=False, capture_output=True, cwd="/", start_new_session=True).returncode:  # noqa: S603 - fixed words
            return [*prefix, "--"]
    raise Unready(
        ("The account {name} runs the database but cannot enter {data}: set MINGLU_STATE to another folder."),
        name=account.pw_name,
        data=data,
    )


def socket_folder(folder: Path) -> Path:
    """In the cluster's folder if the path is short and plain enough, else one named after it elsewhere."""
    own = folder / "socket"
    if len(os.fsencode(own / ".s.PGSQL.65535.lock")) < LONGEST_SOCKET_BYTES and not re.search(r"[\"'\\,\s]", str(own)):
        return own
    name = f"minglu-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    short = os.geteuid() != 0 and runtime and len(runtime) < LONGEST_SOCKET_BYTES // 2
    return Path(runtime if short else "/tmp") / name  # noqa: S108 - guarded by make_socket_folder


def make_socket_folder(folder: Path, account: pwd.struct_passwd | None) -> None:
    """A folder that only the server's account enters; one that somebody else laid there first is refused."""
    owner = account.pw_uid if account else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
        give(folder, account)
    except FileExistsError:
        pass
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise Unready(
            "{folder} should be a folder that only {owner} can enter, but is not: remove it.",
            folder=folder,
            owner=_name(owner),
        )


def configuration(*, port: int, socket_folder: Path, durable: bool) -> str:
    """The server's settings for this machine: a quarter of a small memory, never more than 3 GiB."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    shared_mb = min(max(memory // 8, GIB // 8), 3 * GIB) // 1024**2
    settings: dict[str, str | int] = {
        "port": port,
        "listen_addresses": "127.0.0.1" if durable else "",
        "unix_socket_directories": f'"{socket_folder}"',
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "max_connections": 100,
        "shared_buffers": f"{shared_mb if durable else min(shared_mb, 256)}MB",
        "effective_cache_size": f"{max(memory // 2, GIB // 2) // 1024**2}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "256MB",
        "random_page_cost": "1.1",
        "jit": "off",  # compiling costs more than our short queries take
        "max_parallel_workers_per_gather": min(os.cpu_count() or 1, 4) // 2,
        "max_wal_size": "4GB" if durable else "1GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "log_checkpoints": "off",
        # Values may be people's contacts: neither statements nor details of a violated constraint are logged.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length_on_error": 0,
    }
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        settings |= {"shared_preload_libraries": "", "wal_level": "minimal", "max_wal_senders": 0}
        # What a test fills it analyses itself; vacuuming rows that are dropped within the minute only takes a core.
        settings |= {"autovacuum": "off"}
    lines = [f"{name} = '{value}'" for name, value in settings.items()]
    return "# Written by Minglu at every start; changes here are lost.\n" + "\n".join(lines) + "\n"


def require_space(folder: Path, least_bytes: int) -> None:
    """Refuse beforehand what a full disk would break half-way."""
    if room(folder) < least_bytes:
        raise disk_full(folder)


def room(folder: Path) -> int:
    """Bytes that are free on the disk of a folder, or of the nearest above that is there."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), Path("/"))
    return shutil.disk_usage(there).free


def disk_full(folder: Path) -> Unready:
    """The refusal for it, with what is left."""
    return Unready(
        "The disk of {folder} is full ({free} MB left, {wanted} MB are enough to begin with): free some space, or set"
        " MINGLU_STATE to a folder on a larger disk.",
        folder=folder,
        free=room(folder) // 1024**2,
        wanted=WANTED_MB,
    )


def refusal(said: str, folder: Path, otherwise: str, **values: object) -> Unready:
    """One sentence for what PostgreSQL said, with the remedy where we know one."""
    if "No space left on device" in said:
        return disk_full(folder)
    if "Cannot allocate memory" in said or "could not map anonymous shared memory" in said:
        return Unready("There is not enough memory for the database: close other programs and try again.")
    if "lock file" in said and "already exists" in said:
        return Unready("Another server is already running on the data in {folder}: stop it first.", folder=folder)
    if re.search(r"pg_control|control file|checkpoint record|invalid page", said):
        return Unready(
            "The database is damaged: {line} Restore {folder} from your backup, or move it away to begin with an empty"
            " one.",
            line=_what(said).rstrip(".") + ".",
            folder=folder,
        )
    return Unready(otherwise, line=_what(said), **values)


def _what(said: str) -> str:
    """The line that tells what went wrong."""
    lines = [line.strip() for line in said.splitlines() if re.search(r"FATAL|PANIC|rror|could not|ailed", line)]
    return lines[0] if lines else said.strip().rpartition("\n")[2]


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    return why_not(port, host) is None


def why_not(port: int, host: str) -> OSError | None:
    """What keeps a server from listening there now: a taken port, a host that is not ours."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None


def write_secret(file: Path, secret: str) -> None:
    """A file that nobody else can read, not even for a moment."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(secret + "\n")


def started(pid: int) -> str | None:
    """When a process started, in ticks since boot: with its number, a name that is never given twice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None
