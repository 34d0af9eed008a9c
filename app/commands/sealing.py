"""The worker's other duties: every minute seal the history and export its newest hash; every day erase contacts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from app.base import contacts, history
from app.base.clock import Clock
from app.base.db import Database
from app.base.errors import MingluError
from app.base.settings import QUEUE, Settings
from app.base.troubles import is_full

LOG = logging.getLogger("minglu.sealing")
EVERY_S = 60.0


def seal_now(database: Database, clock: Clock, *, anchors: Path) -> tuple[int, Path | None]:
    """Seal what is committed and write today's anchor; how many entries were sealed, and where the anchor is."""
    sealed = history.seal(database, clock)
    with database.nobody(via="sealing") as session:
        return sealed, history.export_anchor(session, clock, anchors)


@contextmanager
def sealing(settings: Settings, clock: Clock, *, every_s: float = EVERY_S) -> Iterator[None]:
    """Seal and erase in the background while the block runs; seal once more at its end."""
    stop = threading.Event()
    thread = threading.Thread(target=_keep_until, args=(settings, clock, stop, every_s), name="sealing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)


def _keep_until(settings: Settings, clock: Clock, stop: threading.Event, every_s: float) -> None:
    database = Database(settings, role=QUEUE, pool_size=1)
    erased_on: date | None = None
    try:
        while True:
            last = stop.wait(every_s)
            erased_on = _erase(database, clock, erased_on)
            _seal(database, clock, settings.state / "anchors")
            if last:
                return
    finally:
        database.close()


def _erase(database: Database, clock: Clock, erased_on: date | None) -> date | None:
    """Once a day: erase contacts past their term. The day it was last done."""
    today = clock.today()
    if erased_on == today:
        return erased_on
    try:
        number = contacts.erase_due(database, clock)
    except SQLAlchemyError as error:
        LOG.error("contacts could not be erased; tried again in a minute: %s", _why(error))  # noqa: TRY400 - no values
        return erased_on
    if number:
        LOG.info("contacts erased", extra={"values": {"number": number, "day": today}})
    return today


def _seal(database: Database, clock: Clock, anchors: Path) -> None:
    try:
        seal_now(database, clock, anchors=anchors)
    except SQLAlchemyError as error:
        LOG.error("the history could not be sealed; tried again in a minute: %s", _why(error))  # noqa: TRY400 - no values
    except (MingluError, OSError) as refusal:
        LOG.error("no anchor was written: %s", refusal if isinstance(refusal, MingluError) else _why(refusal))  # noqa: TRY400 - no values


def _why(error: SQLAlchemyError | OSError) -> str:
    """What is known to hold no values: the remedy for a full disk, else the error's kind."""
    return "the disk is full: free some space" if is_full(error) else type(error).__name__
