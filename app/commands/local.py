"""Where this installation's database is: the server that MINGLU_DATABASE_URL names, or the private cluster."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from app.base.cluster import Cluster, Status
from app.base.errors import Unready
from app.base.settings import Settings, read_settings

DATABASE = "minglu"


def state_folder() -> Path:
    """The ignored folder that holds the private cluster, files and secrets."""
    return Path(os.environ.get("MINGLU_STATE") or ".minglu").absolute()


def private_cluster() -> Cluster | None:
    """The private cluster, or None where another server is named."""
    return None if os.environ.get("MINGLU_DATABASE_URL") else Cluster(state_folder() / "cluster")


def settings_of(cluster: Cluster | None) -> Settings:
    """Settings with the cluster's address; the cluster must have been made."""
    return read_settings(database_url=cluster.url(DATABASE) if cluster else None)


def settings_now() -> Settings:
    """Settings for a command that needs a running database. Raises Unready where it does not run."""
    cluster = private_cluster()
    if cluster is not None:
        _require_running(cluster)
    return settings_of(cluster)


def _require_running(cluster: Cluster) -> None:
    status = cluster.status()
    if status is not Status.ABSENT and not os.access(cluster.folder / "password", os.R_OK):
        raise Unready(
            "The private database in {folder} is not yours to use: do this as its owner.", folder=cluster.folder
        )
    if status is not Status.RUNNING:
        raise Unready(
            "The private database does not run. Start it with `minglu db start`, or everything with `make run`."
        )


def require_folder(folder: Path, *, option: str) -> Path:
    """A folder that an option names, before any work is done for it: made later, where there is something to put in.

    Raises Unready where it cannot be made or written to.
    """
    try:
        above = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
        tempfile.TemporaryDirectory(prefix=".minglu-", dir=above).cleanup()
    except OSError as error:
        raise Unready(
            "The folder {folder} cannot be made or written to ({why}): name another one with {option}.",
            folder=folder,
            why=error.strerror,
            option=option,
        ) from error
    return folder
