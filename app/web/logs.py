"""Logs as JSON lines: what was asked of which route, how it ended and how long it took. Never who, never values.

An unexpected failure is logged by its kind and the places in the code it came through, not by its message: messages
of the database and of libraries quote what people typed.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

LOG = logging.getLogger("minglu.web")


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        words = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "values", {}),
        }
        return json.dumps(words, ensure_ascii=False, default=str)


def start() -> None:
    """Let our lines go to standard error; safe to call again."""
    if not LOG.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Lines())
        LOG.addHandler(handler)
        LOG.setLevel(logging.INFO)
        LOG.propagate = False


def tell(event: str, *, level: int = logging.INFO, **values: object) -> None:
    """One line."""
    LOG.log(level, event, extra={"values": values})


def places(trace: TracebackType | None) -> list[str]:
    """Where in the code a failure came through, innermost last: ``file:line function``."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-12:]]
