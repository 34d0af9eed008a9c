"""Which lines of a table are its header, and which lines below it are no rows: totals, and who filled it in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gis.formats.columns import guess, header_at, is_number

_TOTAL = re.compile(r"(合\s*计|总\s*计|共\s*计|小\s*计|total)\s*[:：]?\s*\d*\s*[个条处户]?", re.IGNORECASE)
_SIGNED = re.compile(
    r"((填表|填报|制表|审核|调查|经办|复核)(人|日期|单位|时间)?|负责人|联系(人|电话)|电话|日期|单位|盖章|备注|注|说明)"
    r"[^:：]{0,6}[:：].*"
)
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Header:
    """The place of the header's last line, and the names of the columns."""

    last: int
    names: list[str]


def header_of(rows: Sequence[Sequence[str]]) -> Header | None:
    """The header among a table's first rows, or None.

    Of two lines, as Excel has them with merged cells (位置 over 经度, 纬度), a column is called by both: 位置/经度.
    """
    place = header_at(rows)
    if place is None:
        return None
    for upper in (place - 1, place):
        if 0 <= upper < len(rows) - 1 and (names := _joined(rows[upper], rows[upper + 1])):
            return Header(upper + 1, names)
    return Header(place, list(rows[place]))


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str] | None:
    """The names of two lines of which the lower one parts some columns of the upper; None where it does not."""
    width = max(len(upper), len(lower))
    above = [*upper, *[""] * (width - len(upper))]
    below = [*lower, *[""] * (width - len(lower))]
    whole = [bool(a) and not b for a, b in zip(above, below, strict=True)]
    if sum(map(bool, below)) < _FEWEST or not any(whole) or any(map(is_number, below)):
        return None
    names: list[str] = []
    group = ""
    for column, (name, part) in enumerate(zip(above, below, strict=True)):
        starts = bool(name) and (above[column + 1 : column + 2] in ([""], [name]) or name == group)
        if part and not (starts or (not name and group)):
            return None
        group = name or (group if part else "")
        names.append(f"{group}/{part}" if part else name)
    return names if guess(names).of else None


def closing(rows: Sequence[Sequence[str]], width: int) -> int:
    """How many lines at the end of a table of so many columns are none of its rows (合计, 填表人：张三)."""
    count = 0
    for cells in reversed(rows):
        said = [cell for cell in cells if cell]
        if not said or not _closes(said, width):
            break
        count += 1
    return count


def _closes(said: Sequence[str], width: int) -> bool:
    if all(_SIGNED.fullmatch(cell) for cell in said):
        return True
    return 2 * len(said) <= width and bool(_TOTAL.fullmatch(said[0]) or _SIGNED.fullmatch(said[0]))
