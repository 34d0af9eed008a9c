"""What the scanning's office pages take in and say."""

from __future__ import annotations

from collections.abc import Mapping

from app.base.errors import N_

REPORT_KINDS: Mapping[str, str] = {
    "damaged": N_("Damaged"),
    "wrong": N_("Something is wrong"),
    "false_code": N_("False code"),
    "other": N_("Something else"),
}
#: How many days the list of scans goes back.
PERIODS = (7, 30, 90, 365)
