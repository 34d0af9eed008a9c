"""Why a row cannot be kept."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a row cannot be kept: a message template, its values and the column at fault."""

    reason: str
    field: str | None = None
    values: dict[str, object] = dataclasses.field(default_factory=dict)
