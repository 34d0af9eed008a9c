"""What is said of a row of a survey file beyond its reading."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.base.errors import N_

KNOWN = N_("Already in the register.")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a row beyond its reading: a message template, its values, and the column at fault."""

    reason: str
    values: dict[str, object] = field(default_factory=dict)
    field: str | None = None
