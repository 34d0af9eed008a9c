"""Logs as JSON lines: what was asked of which route, how it ended and how long it took. Never who, never values.

Every logger of the process ends here, the libraries' too: one line an event. An unexpected failure is logged by its
kind and the places in the code it came through, not by its message: messages of the database and of libraries quote
what people typed.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

LOG = logging.getLogger("minglu.web")


class Lines(logging.Formatter):
    """A record as one line of JSON; a failure in it by kind and places."""

    def format(self, record: logging.LogRecord) -> str:
        words: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "values", {}),
        }
        if not record.name.startswith("minglu"):
            words["logger"] = record.name
        if record.exc_info and record.exc_info[0] is not None:
            words["failure"] = record.exc_info[0].__name__
            words["places"] = places(record.exc_info[2])
        return json.dumps(words, ensure_ascii=False, default=str)


def start() -> None:
    """Let our lines go to standard error; safe to call again."""
    ours = logging.getLogger("minglu")
    ours.setLevel(logging.INFO)
    if not any(isinstance(handler.formatter, Lines) for handler in logging.root.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(Lines())
        logging.root.addHandler(handler)


def take_over() -> None:
    """What a process that serves or works does at its start: also what nobody caught is one line, in any thread."""
    start()
    logging.captureWarnings(capture=True)
    sys.excepthook = _tell_failure
    threading.excepthook = lambda told: _tell_failure(told.exc_type, told.exc_value, told.exc_traceback)


def _tell_failure(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("minglu").critical("the program failed", exc_info=(kind, error or kind(), trace))


def tell(event: str, *, level: int = logging.INFO, **values: object) -> None:
    """One line."""
    LOG.log(level, event, extra={"values": values})


def places(trace: TracebackType | None) -> list[str]:
    """Where in the code a failure came through, innermost last: ``file:line function``."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-12:]]
