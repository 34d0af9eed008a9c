"""Why a row cannot be kept."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from gis.errors import N_


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a row cannot be kept: a message template, its values and the column at fault."""

    reason: str
    field: str | None = None
    values: dict[str, object] = dataclasses.field(default_factory=dict)


CURVE = N_("The geometry is a curve, which is not read here; export it as straight pieces.")
BROKEN = Flaw(N_("The geometry is broken; digitise this row again."), "geometry")
