"""What can be refused. Each error carries a message for the person who will read it; status codes live in ``web``.

A message is a translatable template (English message id, marked with ``N_``) and its values: which record, what is
wrong, what to do. ``app.web.errors`` turns it into the reader's language and into an HTTP status.
"""

from __future__ import annotations


def N_(message: str) -> str:  # noqa: N802 - the gettext convention for "translate later"
    """Mark a message for the catalogue; it is translated where it is shown."""
    return message


class MingluError(Exception):
    """A refusal that a person can read and act on.

    ``message`` is the English template with ``{named}`` places, ``values`` fills them. ``str(error)`` is English.
    """

    def __init__(self, message: str, **values: object) -> None:
        """Keep the template apart from its values, so that it can still be translated."""
        super().__init__(message)
        self.message = message
        self.values = values

    def __str__(self) -> str:
        """The message in English, for logs and the command line."""
        return self.message.format(**self.values)


class NotFound(MingluError):
    """No such record, or none that this person may know of."""


class NotAllowed(MingluError):
    """The record is there, but this person may not do this with it."""


class Conflict(MingluError):
    """The record changed, or is in a state in which this cannot happen."""


class Changed(Conflict):
    """Somebody changed the record after it was read; what stands there now is to be looked at first."""


class Invalid(MingluError):
    """What was handed in is wrong; ``field`` names the field at fault where there is one."""

    def __init__(self, message: str, *, field: str | None = None, **values: object) -> None:
        """See :class:`MingluError`; ``field`` is where the page shows the message."""
        super().__init__(message, **values)
        self.field = field


class Unready(MingluError):
    """Something the program needs is missing (database, privilege, port, disk); the message says the remedy."""


class Subject(str):
    """A table's name (``naming.finding``) as a value of a message: pages say what its records are called."""

    __slots__ = ()
