"""The worker's other duty: every minute seal the history, every day export the newest block's hash."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from app.base import history
from app.base.clock import Clock
from app.base.db import Database
from app.base.settings import QUEUE, Settings

LOG = logging.getLogger("minglu.sealing")
EVERY_S = 60.0


def seal_now(database: Database, clock: Clock, *, anchors: Path) -> tuple[int, Path | None]:
    """Seal what is committed and write today's anchor; how many entries were sealed, and where the anchor is."""
    sealed = history.seal(database, clock)
    with database.nobody(via="sealing") as session:
        return sealed, history.export_anchor(session, clock, anchors)


@contextmanager
def sealing(settings: Settings, clock: Clock, *, every_s: float = EVERY_S) -> Iterator[None]:
    """Seal in the background while the block runs; once more at its end."""
    stop = threading.Event()
    thread = threading.Thread(target=_seal_until, args=(settings, clock, stop, every_s), name="sealing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)


def _seal_until(settings: Settings, clock: Clock, stop: threading.Event, every_s: float) -> None:
    database = Database(settings, role=QUEUE, pool_size=1)
    try:
        while True:
            last = stop.wait(every_s)
            try:
                seal_now(database, clock, anchors=settings.state / "anchors")
            except SQLAlchemyError:
                LOG.exception("the history could not be sealed; tried again in %s s", every_s)
            if last:
                return
    finally:
        database.close()
