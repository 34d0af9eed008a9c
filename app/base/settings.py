"""One frozen object, read once at start from the environment and the state folder, and passed down as a value."""

from __future__ import annotations

import errno
import json
import os
import secrets
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from app.base.errors import Unready

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Login roles of the database. What each may do stands in migrations/ and docs/decisions.
OWNER, OFFICE, PUBLIC, QUEUE = "minglu_owner", "minglu_office", "minglu_public", "minglu_queue"
ROLES = (OWNER, OFFICE, PUBLIC, QUEUE)
SHORTEST_SECRET_BYTES = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and who may reach them. Hosts and ports are what each app binds to."""

    database_url: str  # as a role that may create roles and extensions; used by `db prepare` only
    state: Path
    secret: bytes = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)
    files: str
    take_roles: bool = False  # `db prepare` may give roles that another installation uses our passwords
    office_host: str = "127.0.0.1"
    office_port: int = 8000
    public_host: str = "127.0.0.1"
    public_port: int = 8001
    code_host: str = "dm.dezhou.gov.cn"
    public_url: str = "http://localhost:8001"
    trusted_proxies: str = ""
    secure_cookies: bool = False
    tianditu_key: str = field(default="", repr=False)
    tianditu_approval: str = ""
    tianditu_url: str = ""

    def url_of(self, role: str) -> str:
        """The database's address for one of :data:`ROLES`, on the same server and database as ``database_url``."""
        parts = urlsplit(self.database_url)
        host = parts.netloc.rpartition("@")[2]
        login = f"{role}:{quote(self.passwords[role], safe='')}"
        return urlunsplit(parts._replace(netloc=f"{login}@{host}"))


def read_settings(env: Mapping[str, str] | None = None, *, database_url: str | None = None) -> Settings:
    """Settings from the environment. ``database_url`` stands for a private cluster's where none is named there.

    Secrets are made at the first start and kept in ``secrets.json`` of the state folder (mode 0600). Raises
    :class:`Unready` where a number isn't one or no database is named.
    """
    env = os.environ if env is None else env
    state = Path(env.get("MINGLU_STATE") or ".minglu").absolute()
    url = _psycopg(env.get("MINGLU_DATABASE_URL") or database_url or "")
    kept = _kept_secrets(state, env)
    office_port, public_port = _port(env, "MINGLU_OFFICE_PORT", 8000), _port(env, "MINGLU_PUBLIC_PORT", 8001)
    public_host = env.get("MINGLU_PUBLIC_HOST") or "127.0.0.1"
    return Settings(
        database_url=url,
        state=state,
        secret=bytes.fromhex(kept["secret"]),
        passwords={role: kept[role] for role in ROLES},
        files=env.get("MINGLU_FILES") or str(state / "files"),
        take_roles=env.get("MINGLU_TAKE_ROLES", "") in {"1", "true", "yes"},
        office_host=env.get("MINGLU_OFFICE_HOST") or "127.0.0.1",
        office_port=office_port,
        public_host=public_host,
        public_port=public_port,
        code_host=env.get("MINGLU_CODE_HOST") or "dm.dezhou.gov.cn",
        public_url=(env.get("MINGLU_PUBLIC_URL") or f"http://{_other_name(public_host)}:{public_port}").rstrip("/"),
        trusted_proxies=_proxies(env.get("MINGLU_TRUSTED_PROXIES") or ""),
        secure_cookies=env.get("MINGLU_SECURE_COOKIES", "") in {"1", "true", "yes"},
        **_base_map(env),
    )


def _proxies(words: str) -> str:
    """Addresses and networks, parted by commas. Raises Unready for what is none: it would trust nobody in silence."""
    for one in filter(None, map(str.strip, words.split(","))):
        try:
            ip_network(one, strict=False)
        except ValueError as error:
            raise Unready(
                "MINGLU_TRUSTED_PROXIES holds {word}, which is no address: write for example 10.0.0.2,192.168.1.0/24.",
                word=one,
            ) from error
    return words


def _base_map(env: Mapping[str, str]) -> dict[str, str]:
    """Tianditu's key, its approval number, and its address: its own hosts, or a stand-in on this machine."""
    key, approval = env.get("MINGLU_TIANDITU_KEY") or "", env.get("MINGLU_TIANDITU_APPROVAL") or ""
    url = env.get("MINGLU_TIANDITU_URL") or "https://t0.tianditu.gov.cn"
    parts = urlsplit(url)
    own = parts.scheme == "https" and parts.netloc in {f"t{n}.tianditu.gov.cn" for n in range(8)}
    if not own and not (parts.scheme in {"http", "https"} and parts.hostname in {"127.0.0.1", "localhost", "::1"}):
        raise Unready("MINGLU_TIANDITU_URL must be https://t0.tianditu.gov.cn to t7, not {url}.", url=url)
    if key and not approval:
        raise Unready(
            "MINGLU_TIANDITU_KEY is set but not MINGLU_TIANDITU_APPROVAL: the approval number (审图号) must stand on"
            " every map that shows Tianditu."
        )
    return {"tianditu_key": key, "tianditu_approval": approval, "tianditu_url": url}


def _other_name(host: str) -> str:
    """A host of its own for the public pages: cookies know no ports, so the office's would go to 127.0.0.1's."""
    return "localhost" if host == "127.0.0.1" else host


def _psycopg(url: str) -> str:
    """The address with our driver's name in it; both ``postgres://`` and ``postgresql://`` are understood."""
    if not url:
        raise Unready("No database is named: set MINGLU_DATABASE_URL, or run `make run`, which makes a private one.")
    scheme, _, rest = url.partition("://")
    if scheme.partition("+")[0] not in {"postgres", "postgresql"}:
        raise Unready("MINGLU_DATABASE_URL must begin with postgresql://, not {scheme}://.", scheme=scheme)
    ours = f"postgresql+psycopg://{rest}"
    try:
        parts = urlsplit(ours)
        readable = parts.port != 0 and parts.netloc.count("@") <= 1
    except ValueError:  # its words may hold a piece of the password
        readable = False
    if not readable:
        raise Unready(
            "Host or port of MINGLU_DATABASE_URL cannot be read: write postgresql://name:password@host:5432/database,"
            " and / ? # [ ] @ % in the password as %2F %3F %23 %5B %5D %40 %25."
        )
    return ours if parts.path.strip("/") else urlunsplit(parts._replace(path="/minglu"))


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:  # noqa: PLR2004 - the range of ports
        raise Unready("{name} must be a port number between 1 and 65535, not {value}.", name=name, value=value)
    return int(value)


def _kept_secrets(state: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Secrets from ``MINGLU_SECRETS`` (a JSON file given by the operator) or from the state folder, made if absent."""
    path = Path(env.get("MINGLU_SECRETS") or state / "secrets.json")
    try:
        return _read_secrets(path) if path.exists() else _make_secrets(path)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise Unready(
            "The secrets file {path} cannot be used ({why}): run as who owns it, or name another folder in"
            " MINGLU_STATE.",
            path=path,
            why=error.strerror,
        ) from error


def _read_secrets(path: Path) -> dict[str, str]:
    """What the file holds, and fresh ones for what it lacks. Raises Unready with the remedy where it is damaged."""
    try:
        held = json.loads(path.read_text())
        fitting = isinstance(held, dict) and all(isinstance(value, str) and value for value in held.values())
        kept = {**_fresh_secrets(), **held} if fitting else {}
        usable = len(bytes.fromhex(kept["secret"])) >= SHORTEST_SECRET_BYTES
    except (ValueError, KeyError):
        usable = False
    if not usable:
        raise Unready(
            "The secrets file {path} is damaged: restore it from your backup. Without one move it away and set"
            " MINGLU_TAKE_ROLES=1 for one start: the database's roles get new passwords, and everybody signs in anew.",
            path=path,
        )
    return kept


def _fresh_secrets() -> dict[str, str]:
    return {"secret": secrets.token_hex(32), **{role: secrets.token_urlsafe(24) for role in ROLES}}


def _make_secrets(path: Path) -> dict[str, str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = _fresh_secrets()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(made, file)
    return made
