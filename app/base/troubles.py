"""What the machine or the database server refuses, told in one sentence with the remedy.

Nobody can say beforehand which statement meets a full disk or a server that is gone. Such an error travels up as it
was raised and is told where everything ends: by the command line (``app.__main__``), on the error page
(``app.web.errors``), and as the end of a run (``app.base.jobs``).
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from app.base.cluster import Cluster
from app.base.errors import Unready
from app.base.postgres import FULL_BYTES, disk_full, room
from app.base.revisions import causes
from app.base.settings import ROLES

_FULL, _FORBIDDEN, _NO_EXTENSION = "53100", "42501", {"0A000", "58P01"}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_SHUT = {errno.EACCES, errno.EPERM, errno.EROFS}
_GONE = {"57P01", "57P02", "57P03"}


@dataclass(frozen=True, slots=True)
class Site:
    """Where an installation lies: its state folder, and its database's address (empty: the private one)."""

    state: Path
    url: str = ""

    @property
    def private(self) -> Cluster | None:
        """The private cluster where the database lies in it."""
        cluster = Cluster(self.state / "cluster")
        own = not self.url or make_url(self.url).query.get("host") == str(cluster.socket_folder)
        return cluster if own else None

    @property
    def server(self) -> str:
        """Host and port of the named server, or the private one's folder."""
        private = self.private
        if private:
            return str(private.folder)
        url = make_url(self.url)
        return f"{url.host or url.query.get('host') or 'its socket'}:{url.port or url.query.get('port') or 5432}"

    @property
    def role(self) -> str:
        """Whom the address names."""
        return make_url(self.url).username or "?" if self.url else "minglu_admin"


def trouble(error: BaseException, site: Site) -> Unready | None:
    """The sentence for an error, or None where it is not one of these: then it is a fault of ours."""
    for cause in causes(error):
        if isinstance(cause, Unready):
            return cause
        if isinstance(cause, psycopg.Error):
            return _of_database(cause, site)
        if isinstance(cause, OSError):
            return _of_machine(cause, site)
    return None


def is_full(error: BaseException) -> bool:
    """Whether a full disk is what stood behind it, the database server's or ours."""
    return any(
        (isinstance(cause, psycopg.Error) and cause.sqlstate == _FULL)
        or (isinstance(cause, OSError) and cause.errno in _NO_ROOM)
        for cause in causes(error)
    )


def first_line(error: BaseException) -> str:
    """What an error says, as a sentence."""
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines() or [type(error).__name__]
    return said[0].rstrip(".") + "."


def _of_machine(error: OSError, site: Site) -> Unready | None:
    place = Path(str(error.filename)) if error.filename else site.state
    if error.errno in _NO_ROOM:
        return disk_full(place)
    if error.errno in _SHUT and error.filename:
        return Unready(
            "{file} cannot be read or written ({why}): run as who owns it, or set MINGLU_STATE to a folder of your"
            " own.",
            file=place,
            why=error.strerror,
        )
    return None


def _of_database(error: psycopg.Error, site: Site) -> Unready | None:
    state = error.sqlstate or ""
    if state == _FULL:
        return _server_full(site)
    if state == _FORBIDDEN:
        return forbidden(error, site)
    if state in _NO_EXTENSION and "extension" in str(error):
        return Unready(
            "The database server at {place} lacks an extension: {error} Install PostGIS and PostgreSQL's contrib"
            " package there.",
            place=site.server,
            error=first_line(error),
        )
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return _unanswered(error, site) if not state or state in _GONE or _is_about_login(state) else _broken_off(error)
    return None


def forbidden(error: BaseException, site: Site) -> Unready:
    """A privilege is missing: what for, and who has it."""
    return Unready(
        "The role {role} of MINGLU_DATABASE_URL may not prepare the database: {error} Run `minglu db prepare` once with"
        " a superuser's address in MINGLU_DATABASE_URL and the same state folder; after that this role will do.",
        role=site.role,
        error=first_line(error),
    )


def _is_about_login(state: str) -> bool:
    return state.startswith(("08", "28", "3D"))


def _server_full(site: Site) -> Unready:
    if site.private:
        return disk_full(site.private.folder)
    return Unready(
        "The disk of the database server at {place} is full; nothing of this step was saved. Free some space there, and"
        " do it again.",
        place=site.server,
    )


def _broken_off(error: psycopg.Error) -> Unready:
    return Unready(
        "The database broke off: {error} Nothing of this step was saved; do it again.", error=first_line(error)
    )


def _unanswered(error: psycopg.Error, site: Site) -> Unready:
    private, said = site.private, first_line(error)
    if private and room(private.folder) < FULL_BYTES:
        return disk_full(private.folder)
    if "permission denied" in said:
        return forbidden(error, site)
    unknown = f'role "{site.role}" does not exist' in said and site.role not in ROLES
    if ("does not exist" in said and not unknown) or any(f'failed for user "{role}"' in said for role in ROLES):
        return Unready(
            "The database is not prepared for this installation: {error} Run `minglu db prepare`, or name in"
            " MINGLU_SECRETS the secrets.json of the installation that made it.",
            error=said,
        )
    if private:
        return Unready(
            "The private database in {folder} does not answer: {error} Its log {log} says more; start it with"
            " `minglu db start`, restore the folder from your backup, or move it away to begin with an empty one.",
            folder=private.folder,
            error=said,
            log=private.log,
        )
    if unknown or "authentication failed" in said or "pg_hba.conf" in said or "no password supplied" in said:
        return Unready(
            "The database server at {place} does not let {role} in: {error} Check name and password in"
            " MINGLU_DATABASE_URL, and the server's pg_hba.conf.",
            place=site.server,
            role=site.role,
            error=said,
        )
    return Unready(
        "The database server at {place} does not answer: {error} Check MINGLU_DATABASE_URL and that it runs.",
        place=site.server,
        error=said,
    )
