"""What the printing's pages take in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Form

from app.base.errors import N_, Invalid
from app.base.request import Seen, Version


@dataclass(slots=True)
class Asked:
    """An order as it was asked for; ``batch`` and ``maker`` are keys, or empty for none.

    ``seen`` are the signs that waited for an order when the form was read.
    """

    seen: Seen
    batch: Annotated[str, Form(max_length=40)] = ""
    maker: Annotated[str, Form(max_length=40)] = ""

    def key(self, field: str) -> UUID | None:
        """The key in a field. Raises Invalid naming it when it is none."""
        return key_of(str(getattr(self, field)), field=field)


@dataclass(slots=True)
class MakerNamed:
    """Who shall make an order of this version."""

    version: Version
    maker: Annotated[str, Form(max_length=40)] = ""

    def key(self) -> UUID:
        """The maker's key. Raises Invalid where none was chosen."""
        found = key_of(self.maker, field="maker")
        if found is None:
            raise Invalid(N_("Choose who makes the signs."), field="maker")
        return found


def key_of(words: str, *, field: str) -> UUID | None:
    """A key as a form has it, None for none. Raises Invalid naming the field for what is no key."""
    try:
        return UUID(words) if words else None
    except ValueError as error:
        raise Invalid(N_("Choose from the list."), field=field) from error
