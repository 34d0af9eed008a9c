"""What the scanning's office pages take in and say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Form

from app.base.errors import N_
from app.scanning.models import ReportKind

REPORT_KINDS: Mapping[str, str] = {
    "damaged": N_("Damaged"),
    "wrong": N_("Something is wrong"),
    "false_code": N_("False code"),
    "other": N_("Something else"),
}
REPORT_STATES: Mapping[str, str] = {"open": N_("Open"), "closed": N_("Closed")}
#: How many days the list of scans goes back.
PERIODS = (7, 30, 90, 365)


@dataclass(frozen=True, slots=True)
class Said:
    """A reader's report as it was sent; ``key`` is its form's own."""

    kind: ReportKind
    words: str
    contact: str = ""
    key: UUID | None = None


@dataclass(slots=True)
class Closing:
    """An answer as it was typed, to a report as it was read."""

    version: Annotated[int, Form()]
    answer: Annotated[str, Form(max_length=4000)] = ""
