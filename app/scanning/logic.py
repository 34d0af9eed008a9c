"""Decides about readers' reports: what may be said, and in what. No database."""

from __future__ import annotations

from app.base.errors import N_, Invalid

MOST_WORDS = 500
#: Reports a sign takes on one day, so that nobody can bury it; the database holds the same number.
MOST_A_DAY = 20


def said(words: str, *, field: str = "words") -> str:
    """The text without blanks around it. Raises Invalid when nothing is left, or more than 500 characters."""
    plain = words.strip()
    if not plain:
        raise Invalid(N_("Write what is wrong."), field=field)
    if len(plain) > MOST_WORDS:
        raise Invalid(N_("At most {n} characters."), field=field, n=MOST_WORDS)
    return plain
