"""Tables whose places stand in columns: CSV and Excel lists with longitude and latitude, x and y, or WKT.

Which column is which is the business of :mod:`gis.formats.columns`; here rows keep what their cells say.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException

from gis.errors import N_, UnreadableFile
from gis.formats.flaws import Flaw
from gis.formats.headers import closing, header_of
from gis.formats.kinds import Skipped
from gis.formats.magic import LONGEST_CELL, UNKNOWN, delimiter_of, kind_of_file, of_no_use
from gis.formats.rows import RawRow
from gis.formats.texts import Form, Worded, encoding_of, text_of

#: A list that a person keeps; what is larger is a database's, and comes as GeoPackage.
_LARGEST = 256 << 20
_MOST_ROWS, _MOST_COLUMNS = 1_000_000, 200
#: The head of a large table: bytes of a text, rows of each sheet, and the texts of a workbook that may be read for it.
HEAD_BYTES, HEAD_ROWS, HEAD_TEXTS = 1 << 20, 2_000, 64 << 20
#: Rows looked at for the header: titles and merged cells stand above it.
_PEEK_ROWS = 15

#: What no text of words has: control characters, but for tabs and ends of lines.
_NO_WORDS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")
#: Names of columns in traditional characters: what tells a text in Big5, whose bytes are GB18030 too.
_TRADITIONAL = ("名稱", "類型", "經度", "緯度", "座標", "編號", "道路名")
_CLOSING = N_("The line “{words}” below the table is none of its rows.")

_Line = tuple[int, list[str]]  # the number that the person sees beside the row, and its cells


def read_csv(path: Path, *, called: str, head: bool = False) -> list[RawRow]:
    """The rows of a delimited text (comma, tab, semicolon, bar) in UTF-8, UTF-16 or GB18030.

    ``called`` is the file's name for messages. A row's key is its line in the file; of a ``head`` only the rows in the
    first megabyte are read. Raises :class:`UnreadableFile` for a text that is no table, for one that breaks off inside
    quotes, and for one that is larger than a list can be.
    """
    return read_csv_as(path, called=called, head=head)[0]


def read_csv_as(path: Path, *, called: str, head: bool = False) -> tuple[list[RawRow], Form]:
    """As :func:`read_csv`, with how the text was written."""
    _refuse_giants(path, called)
    raw = _beginning(path) if head else path.read_bytes()
    text = text_of(raw, called)
    _refuse_big5(raw, text, called)
    delimiter = delimiter_of(text)
    if delimiter is None:
        raise UnreadableFile(
            N_("{file} is a text without columns; export the table as CSV with a line of column names."), file=called
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines = list(_lines(reader, called, head=head))
    rows = _rows(lines, called=called, prefix="")
    return rows, Form(encoding_of(raw), delimiter, names_as_written(lines))


def _refuse_big5(raw: bytes, text: str, called: str) -> None:
    """Refuse a text that only makes sense in Big5: as GB18030 its characters are others."""
    if encoding_of(raw) != "gb18030" or any(word in text for word in _TRADITIONAL):
        return
    first = next((line for line in raw.splitlines() if line.strip()), b"")
    if any(word in first.decode("big5", "replace") for word in _TRADITIONAL):
        raise UnreadableFile(
            N_("{file} is written in Big5 (traditional Chinese), which is not read here; save it as UTF-8."),
            file=called,
        )


def names_as_written(lines: Sequence[_Line]) -> dict[str, str]:
    """The names of a table's columns as its header has them, by what they are called in its rows."""
    head = header_of([cells for _, cells in _filled(lines)[:_PEEK_ROWS]])
    written = head.names if head is not None else []
    return {name: own for name, own in zip(_distinct(written), written, strict=True) if own}


def _filled(lines: Sequence[_Line]) -> list[_Line]:
    """The lines that say something, without blanks around their cells."""
    bare = [(number, [cell if isinstance(cell, Worded) else cell.strip() for cell in cells]) for number, cells in lines]
    return [line for line in bare if any(map(_says, line[1]))]


def _says(cell: str) -> bool:
    return bool(cell) or isinstance(cell, Worded)


def _beginning(path: Path) -> bytes:
    """Whole lines of the first megabyte; those of UTF-16 end in two bytes."""
    with path.open("rb") as file:
        read = file.read(HEAD_BYTES)
        if not file.read(1):
            return read
    end = read.rfind(b"\n\0" if read.startswith(b"\xff\xfe") else b"\n")
    return read[: end + 1 + read.startswith(b"\xff\xfe")] if end >= 0 else read


def _lines(reader: Iterator[list[str]], called: str, *, head: bool) -> Iterator[_Line]:
    line = 1  # a cell may hold line breaks: a row is called by the line that it begins in
    try:
        while True:
            cells = next(reader, None)
            if cells is None:
                return
            yield line, cells
            line = reader.line_num + 1  # type: ignore[attr-defined]  # typeshed: _csv._reader has it
    except csv.Error as error:
        if head and line > 1:  # cut within a cell of several lines
            return
        if "field limit" in str(error):
            raise UnreadableFile(
                N_(
                    "A cell of the row at line {line} of {file} has more than {most} million signs; split its geometry."
                ),
                file=called,
                line=line,
                most=LONGEST_CELL >> 20,
            ) from error
        raise UnreadableFile(
            N_("{file} is damaged at line {line}: a quotation mark is not closed, or a cell has no end."),
            file=called,
            line=line,
        ) from error


def read_xlsx(path: Path, *, called: str, head: bool = False) -> list[RawRow]:
    """The rows of all sheets of an Excel workbook that have a line of column names; formulas by their last value.

    A row's key is its number as Excel shows it, after the sheet's name where several sheets have rows; of a ``head``
    only the first rows of each sheet are read. Raises :class:`UnreadableFile` for damage, for entities in its XML, and
    where no sheet has a table.
    """
    return read_xlsx_as(path, called=called, head=head)[0]


def read_xlsx_as(path: Path, *, called: str, head: bool = False) -> tuple[list[RawRow], Form]:
    """As :func:`read_xlsx`, with the columns' names as they are written."""
    sheets = _sheets(path, called=called, most=HEAD_ROWS if head else None)
    tables = {title: lines for title, lines in sheets.items() if len(lines) > 1}
    if not tables:
        raise UnreadableFile(
            N_("{file} has no table: a line of column names and rows below it; fill a sheet."), file=called
        )
    headed = {title: lines for title, lines in tables.items() if _header(lines) is not None}
    if not headed:
        raise UnreadableFile(
            N_(
                "No sheet of {file} ({sheets}) has a line of column names that can be read (2 to {most} columns);"
                " add one."
            ),
            file=called,
            sheets=", ".join(tables),
            most=_MOST_COLUMNS,
        )
    parted = len(tables) > 1
    rows = [
        row
        for title, lines in tables.items()
        for row in (
            _rows(lines, called=called, prefix=f"{title}/" if parted else "")
            if title in headed
            else _left_out(title, lines)
        )
    ]
    return rows, Form(names={k: v for lines in headed.values() for k, v in names_as_written(lines).items()})


def plain_lines(path: Path, *, called: str) -> list[tuple[int, list[str]]]:
    """The lines of a delimited text or of a workbook's first filled sheet, as cells, each with its number.

    Nothing is taken for a header, and a text of one column is a table too. Raises :class:`UnreadableFile` as
    :func:`read_csv` and :func:`read_xlsx` do.
    """
    kind = kind_of_file(path, called)
    if kind == "zip":
        filled = (lines for lines in _sheets(path, called=called, most=None).values() if lines)
        lines = next(filled, [])
    else:
        _refuse_giants(path, called)
        text = text_of(path.read_bytes(), called) if kind in {"csv", UNKNOWN} else None
        if text is None or _NO_WORDS.search(text):
            raise of_no_use(kind, path, called, read="CSV, Excel (xlsx)")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text) or ",", strict=True)
        lines = list(_lines(reader, called, head=False))
    return [(number, [cell.strip() for cell in cells]) for number, cells in lines if any(c.strip() for c in cells)]


def _sheets(path: Path, *, called: str, most: int | None) -> dict[str, list[_Line]]:
    """The lines of each sheet of a workbook, at most so many of each."""
    _refuse_giants(path, called)
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # styles and filters that openpyxl doesn't know
            return {
                title: list(_cells(islice(rows, most), called)) for title, rows in _values(file, openpyxl.load_workbook)
            }
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, ParseError, EOFError) as error:
        if isinstance(error, UnreadableFile):
            raise
        if isinstance(error, DefusedXmlException) or isinstance(error.__context__, DefusedXmlException):
            raise UnreadableFile(
                N_("{file} declares XML entities, which are refused; save it anew."), file=called
            ) from error
        raise UnreadableFile(
            N_("{file} is damaged or no Excel workbook; open it in Excel, save it as .xlsx and hand that in."),
            file=called,
        ) from error


def _values(file: BinaryIO, load: Callable[..., Any]) -> Iterator[tuple[str, Iterator[Sequence[object]]]]:
    """The sheets of a workbook with the values of their cells; a formula that has none is itself."""
    plain = load(file, read_only=True, data_only=True)
    formulas = load(file, read_only=True) if _has_formulas(file) else None
    for at, sheet in enumerate(plain.worksheets):
        values = sheet.iter_rows(values_only=True)
        if formulas is None:
            yield sheet.title, values
        else:
            yield sheet.title, map(_computed, values, formulas.worksheets[at].iter_rows(values_only=True))
    for book in (plain, formulas):
        if book is not None:
            book.close()


def _has_formulas(file: BinaryIO) -> bool:
    with zipfile.ZipFile(file) as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with book.open(name) as sheet:
                    before = b""
                    while piece := sheet.read(HEAD_BYTES):
                        if b"<f>" in before + piece or b"<f " in before + piece:
                            return True
                        before = piece[-2:]
    return False


def _computed(values: Sequence[object], formulas: Sequence[object]) -> list[object]:
    """A row's values, in the place of one that is missing the formula that it was to come from."""
    return [
        Worded("", formula) if value is None and isinstance(formula, str) and formula.startswith("=") else value
        for value, formula in zip(values, formulas, strict=False)
    ]


def _header(lines: Sequence[_Line]) -> int | None:
    """The place of the (last) line of column names among the lines of a sheet that say something."""
    head = header_of([cells for _, cells in _filled(lines)[:_PEEK_ROWS]])
    return None if head is None or len(head.names) > _MOST_COLUMNS else head.last


def _left_out(title: str, lines: Sequence[_Line]) -> list[RawRow]:
    """The rows of a sheet beside others that is no table, such as notes: each says that it was left out."""
    why = Skipped(N_("The sheet {sheet} has no line of column names, so it was left out."), None, {"sheet": title})
    return [RawRow(f"{title}/row/{number}", {}, None, left=why) for number, _ in lines]


def _cells(rows: Iterable[Sequence[object]], called: str) -> Iterator[_Line]:
    for number, row in enumerate(rows, start=1):
        if number > _MOST_ROWS or len(row) > _MOST_COLUMNS * 100:
            raise UnreadableFile(
                N_("{file} has more than {most} rows; split it or use GeoPackage."), file=called, most=_MOST_ROWS
            )
        cells = [_worded(value) for value in row[: _MOST_COLUMNS + 1]]
        if any(map(_says, cells)):
            yield number, cells


def _worded(value: object) -> str:
    """A cell as a person reads it: whole numbers without a point, days without midnight."""
    if value is None:
        return ""
    if isinstance(value, Worded):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact in a float
        value = int(value)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        value = value.date()
    words = str(value).strip()
    return words if isinstance(value, str) else Worded(words, value)


def _refuse_giants(path: Path, called: str) -> None:
    if path.stat().st_size > _LARGEST:
        raise UnreadableFile(N_("{file} is larger than 256 MiB; split it or use GeoPackage."), file=called)


def _rows(lines: Sequence[_Line], *, called: str, prefix: str) -> list[RawRow]:
    """The lines below the header as rows; blank lines are none."""
    lines = _filled(lines)
    head = header_of([cells for _, cells in lines[:_PEEK_ROWS]])
    if head is None or len(head.names) > _MOST_COLUMNS:
        raise UnreadableFile(
            N_("{file} has no line of column names that can be read (2 to {most} columns); add one."),
            file=called,
            most=_MOST_COLUMNS,
        )
    names, below = _distinct(head.names), lines[head.last + 1 :]
    end = len(below) - closing([cells for _, cells in below], len(names))
    rows = [_row(f"{prefix}row/{number}", names, cells) for number, cells in below[:end]]
    return [*rows, *(_closed(f"{prefix}row/{number}", cells) for number, cells in below[end:])]


def _closed(key: str, cells: Sequence[str]) -> RawRow:
    words = " ".join(cell for cell in cells if cell)[:40]
    return RawRow(key, {}, None, left=Skipped(_CLOSING, None, {"words": words}))


def _distinct(names: Sequence[str]) -> list[str]:
    """Column names in lower case, the second of a name numbered, a nameless one called by its place."""
    distinct: list[str] = []
    for place, name in enumerate(names, start=1):
        plain = " ".join(name.lower().split()) or f"column {place}"
        again = sum(other == plain or other.startswith(f"{plain} #") for other in distinct)
        distinct.append(f"{plain} #{again + 1}" if again else plain)
    return distinct


def _row(key: str, names: Sequence[str], cells: Sequence[str]) -> RawRow:
    tags = {name: cell for name, cell in zip(names, cells, strict=False) if _says(cell)}
    beyond = [cell for cell in cells[len(names) :] if _says(cell)]
    if beyond:
        values: dict[str, object] = {"columns": len(names), "beyond": len(beyond)}
        reason = N_("The row has {beyond} values beyond the {columns} columns; a text with the delimiter needs quotes.")
        return RawRow(key, tags, None, Flaw(reason, names[-1], values))
    return RawRow(key, tags, None)


def read_head(path: Path, *, called: str) -> list[RawRow] | None:
    """The first rows of a large table, in bounded memory; None for what is no CSV and no workbook, or cannot be so.

    Raises as :func:`read_csv` and :func:`read_xlsx` do.
    """
    kind = kind_of_file(path, called)
    if kind == "csv":
        return read_csv(path, called=called, head=True)
    if kind != "zip":
        return None
    try:
        with zipfile.ZipFile(path) as packed:
            sizes = {member.filename: member.file_size for member in packed.infolist()}
    except (zipfile.BadZipFile, OSError):
        return None
    if "xl/workbook.xml" not in sizes or sizes.get("xl/sharedStrings.xml", 0) > HEAD_TEXTS:
        return None  # openpyxl reads all texts of a workbook before its first row
    return read_xlsx(path, called=called, head=True)
