"""Excel files: numbers stay numbers, and text from outside is never a formula.

What was read from a cell (:class:`gis.formats.texts.Worded`) goes back as it was held; a formula as its text, as the
cells that it names lie elsewhere now.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from gis.formats.texts import Worded

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook: its name, a heading with its width for each column, and the rows."""

    name: str
    heads: Sequence[tuple[str, int]]
    rows: Sequence[Sequence[object]]


def workbook(sheets: Sequence[Sheet], *, title: str = "") -> bytes:
    """The content of an Excel file; characters that it cannot hold are left out."""
    from openpyxl import Workbook  # a second to import: only who asks for the list waits for it
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.properties.title = title or None
    book.remove(book.worksheets[0])
    for one in sheets:
        sheet = book.create_sheet(one.name)
        for column, (_, width) in enumerate(one.heads, 1):
            sheet.column_dimensions[get_column_letter(column)].width = width
        for number, values in enumerate(([head for head, _ in one.heads], *one.rows), 1):
            _write(sheet, number, values)
        sheet.freeze_panes = "A2"
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _write(sheet: Worksheet, row: int, values: Sequence[object]) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    for column, value in enumerate(values, 1):
        if value is None or (value == "" and not isinstance(value, Worded)):
            continue
        cell = sheet.cell(row, column)
        held = value.value if isinstance(value, Worded) else None
        if isinstance(value, int | float):
            cell.value = value
        elif isinstance(held, int | float | dt.date | dt.time):
            cell.value = held
        else:
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", str(value if held is None else held))
            cell.data_type = "s"
