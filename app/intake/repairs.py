"""What was mended in a file's lines, told row by row and kept with its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from geoalchemy2 import WKBElement
from shapely import Point

from app.base.errors import N_
from app.base.tables import SRID
from gis.features import RowReport, Verdict
from gis.linework import SNAP_M, Change, Deed

#: What is said of each deed. A cut where lines meet is no repair: that is what makes a network of lines.
SAID: Mapping[Deed, str] = {
    Deed.EMPTY: N_("A part without length was left out."),
    Deed.FLATTENED: N_("Heights and measures were left out."),
    Deed.PARTED: N_("A line of {pieces} parts became as many lines."),
    Deed.SNAPPED: N_("An end was moved {moved_m} m onto the line beside it."),
    Deed.COLLAPSED: N_(
        "The line is shorter than {least_m} m, and its ends fell together. Draw it longer, or leave it out."
    ),
    Deed.UNTANGLED: N_("It crossed itself and was cut there."),
    Deed.OVERLAPPED: N_("{dropped_m} m of it lie on line {other} and were left out."),
    Deed.REPEATED: N_("Its whole course is that of line {other} in this file."),
}
#: Deeds that leave nothing of a line, and what its row is then.
_GONE = {Deed.COLLAPSED: Verdict.REJECTED, Deed.REPEATED: Verdict.DUPLICATE}


def by_line(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """The repairs of each line, by the line's key; of a line of which nothing is left only what took it away."""
    gone = {change.key for change in changes if change.deed in _GONE}
    found: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.deed in SAID and (change.key not in gone or change.deed in _GONE):
            found[change.key].append(change)
    return found


def judged(report: RowReport, repairs: Mapping[str, Sequence[Change]]) -> RowReport:
    """A row's report once its lines were noded: what was mended, or that nothing of it is left and why."""
    keys = report.made or (report.key,)
    mine = [change for key in keys for change in repairs.get(key, ())]
    if not mine:
        return report
    gone = {change.key: change for change in mine if change.deed in _GONE}
    told = replace(report, values=report.values | _values(mine))
    if len(gone) == len(keys):
        last = gone[keys[0]]
        return replace(told, verdict=_GONE[last.deed], reason=SAID[last.deed])
    said = " ".join(dict.fromkeys(SAID[change.deed] for change in mine))
    return replace(told, verdict=Verdict.REPAIRED, reason=f"{report.reason} {said}".strip())


def values_of(change: Change) -> dict[str, Any]:
    """What the sentence of a repair is filled with."""
    return _values([change])


def _values(changes: Sequence[Change]) -> dict[str, Any]:
    """Of several repairs of a kind the largest."""
    others = [change.other for change in changes if change.other]
    return {
        "moved_m": max(round(max(change.moved_m for change in changes), 2), 0.01),
        "dropped_m": round(sum(change.dropped_m for change in changes), 1),
        "pieces": max(change.pieces for change in changes),
        "least_m": SNAP_M,
        **({"other": others[0]} if others else {}),
    }


def rows(repairs: Mapping[str, Sequence[Change]], row_of: Mapping[str, int]) -> list[dict[str, Any]]:
    """Repairs with a place as rows of the table: the row of the file, the deed, where, and how much."""
    return [
        {
            "row": row_of[key],
            "deed": change.deed.value,
            "point": WKBElement(Point(change.place).wkb, srid=SRID),
            "values": {name: str(value) for name, value in values_of(change).items()},
        }
        for key, changes in repairs.items()
        for change in changes
        if key in row_of and all(map(isfinite, change.place))
    ]
