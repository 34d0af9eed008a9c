"""What spatial reading refuses as a whole; defects of single rows are results (``features.RowReport``).

Same shape as the errors of ``app``: an English template with ``{named}`` places and the values that fill
them, so that the program around us can translate the message and show the values. ``gis`` knows nothing of
that program.
"""

from __future__ import annotations


def N_(message: str) -> str:  # noqa: N802 - the gettext convention for "translate later"
    """Mark a message for the catalogue; it is translated where it is shown."""
    return message


class GisError(ValueError):
    """A refusal with a message for the person who handed the file in.

    Which file, what is wrong, what to do.
    """

    def __init__(self, message: str, *, field: str | None = None, **values: object) -> None:
        """``message`` is the English template, ``values`` fill it, ``field`` names the input at fault."""
        super().__init__(message)
        self.message = message
        self.field = field
        self.values = values

    def __str__(self) -> str:
        """The message in English, for logs and the command line."""
        return self.message.format(**self.values)


class UnreadableFile(GisError):
    """The file is empty, cut off, damaged, too large or of a kind we do not read."""


class UnknownDatum(GisError):
    """A coordinate system is missing, not known, or only its keeper can bring it to CGCS2000."""
