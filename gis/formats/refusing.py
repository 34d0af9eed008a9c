"""Whatever a file makes a reader stumble over becomes one refusal of that file, with its trace in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gis.errors import N_, GisError, UnreadableFile

#: Of XML that declares what it is to be read as: the way of bombs and of reading other files.
ENTITIES = N_("{file} declares XML entities or a document type, which are refused; export it again.")
log = logging.getLogger(__name__)


class _Stopped(Exception):
    """Who listens how far the reading is has raised: nothing is wrong with the file."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@contextmanager
def refusing(called: str) -> Iterator[None]:
    """Turn what is raised inside into :class:`UnreadableFile`, but for our own refusals.

    No file may stop the program with a trace: readers refuse what they know, and this what nobody thought of.
    """
    try:
        yield
    except GisError as error:
        error.values["file"] = error.values.get("file") or called
        raise
    except _Stopped as stopped:
        raise stopped.error from None
    except Exception as error:
        log.exception("%s could not be read", called)
        raise UnreadableFile(
            N_("{file} could not be read: something in it is not as its format says. Export it again."), file=called
        ) from error


def stopping(tell: Callable[[float], None]) -> Callable[[float], None]:
    """``tell`` whose own errors go through :func:`refusing` as they are."""

    def told(share: float) -> None:
        try:
            tell(share)
        except Exception as error:
            raise _Stopped(error) from error

    return told
