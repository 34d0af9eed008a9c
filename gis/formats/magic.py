"""What kind of file it is, by its first bytes; its ending only tells what a damaged one was to be."""

from __future__ import annotations

import codecs
import csv
import io
import re
from functools import partial
from itertools import chain, islice
from pathlib import Path

from gis.errors import N_, UnreadableFile
from gis.formats.columns import words_in

_PEEK, _CHUNK = 4096, 1 << 20
UNKNOWN, _MARKUP = "unknown", "XML / HTML"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"SQLite format 3\x00", "gpkg"),
    (b"\x00\x00\x27\x0a", "shp"),
    (b"AutoCAD Binary DXF", "binary DXF"),
    (b"%PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0", "Office 97 (doc, xls, ppt)"),
    (b"AC10", "DWG"),
    (b"BZh", "bzip2 (bz2)"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "RAR"),
    (b"\xfd7zXZ", "xz"),
)
_ROOTS = (("<osm", "osm"), ("<kml", "kml"), ("<gpx", "gpx"))
#: What a file's ending promises; where the first bytes are of no kind at all, that is what was damaged.
_PROMISED = {
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".gpkg": "GeoPackage",
    ".zip": "zip",
    ".gz": "gzip",
    ".pbf": "OSM PBF",
    ".osm": "OSM XML",
    ".shp": "shapefile",
    ".kml": "KML",
    ".kmz": "KMZ",
    ".gpx": "GPX",
    ".dxf": "DXF",
    ".xlsx": "Excel",
}
_TABLES = frozenset({".csv", ".tsv", ".txt"})
_NO_TEXT = re.compile("[\0-\x08\x0e-\x1f\x7f\ufffd]")
_XML = frozenset({"OSM XML", "KML", "GPX"})
#: Lines looked at for the sign between columns, and the signs, the commonest first.
_LINES, _DELIMITERS = 20, (",", "\t", ";", "|")
_FEWEST = 2
#: Characters of a cell: the WKT of a million places. The csv module has one limit for the whole program, set here.
LONGEST_CELL = 64 << 20
csv.field_size_limit(LONGEST_CELL)


def kind_of_file(path: Path, called: str) -> str:
    """``zip``, ``gzip``, ``gpkg``, ``shp``, ``pbf``, ``osm``, ``kml``, ``gpx``, ``json``, ``dxf``, ``csv``, or another.

    Raises :class:`UnreadableFile` for an empty file.
    """
    with path.open("rb") as file:
        head = file.read(_PEEK)
        pieces = chain([head], iter(partial(file.read, _CHUNK), b""))
        zeros = head[:1] == b"\x00" and not any(piece.strip(b"\x00") for piece in pieces)
    if zeros:
        raise UnreadableFile(
            N_(
                "{file} holds nothing but zero bytes, so its content was lost; copy or export it again and upload that."
            ),
            file=called,
        )
    if not head.strip(b" \t\r\n"):
        raise UnreadableFile(N_("{file} is empty; export and upload it again."), file=called)
    known = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    return known or ("pbf" if b"OSMHeader" in head[:32] else _kind_of_text(head))


def delimiter_of(text: str) -> str | None:
    """The sign that parts the first lines of a text into columns; None for none.

    It is the one that gives a line most of the names that we know; else one that parts the first line too, and most
    lines into as many columns, two at least.
    """
    first = islice(io.StringIO(text, newline=None), _LINES)
    lines = [line[: LONGEST_CELL // _LINES] for line in first if line.strip()]  # together no longer than a cell may be
    fits = {sign: fit for sign in _DELIMITERS if (fit := _fit(lines, sign))}
    return max(fits, key=fits.__getitem__, default=None)  # of equals the commonest, which is the first


def _fit(lines: list[str], delimiter: str) -> tuple[int, bool, float] | None:
    """How well a sign parts lines: names that we know in one line, whether it parts the first, lines of as many."""
    rows = list(csv.reader(lines, delimiter=delimiter))
    widths = [len(cells) for cells in rows]
    usual = max(widths, key=widths.count, default=0)
    known = max((words_in(cells) for cells in rows if len(cells) > 1), default=0)
    even = usual > 1 and 2 * widths.count(usual) >= len(widths)
    if len(widths) < _FEWEST or not (even or known >= _FEWEST):
        return None
    return known if known >= _FEWEST else 0, widths[0] > 1, widths.count(usual) / len(widths)


def _kind_of_text(head: bytes) -> str:
    text = beginning(head)
    if text.startswith("<"):
        return next((kind for root, kind in _ROOTS if root in text), _MARKUP)
    if text[:1] in {"{", "["}:
        return "json"
    if text.startswith(("0", "999")) and "SECTION" in text[:1000]:
        return "dxf"
    return "csv" if _is_table(text) else UNKNOWN


def _is_table(text: str) -> bool:
    return _NO_TEXT.search(text) is None and delimiter_of(text) is not None


def beginning(head: bytes) -> str:
    """The first characters, whatever they are written in; with signs of replacement where the bytes are no text."""
    for encoding in ["utf-16"] if head[:2] in _UTF16 else ["utf-8-sig", "gb18030"]:
        try:
            return codecs.getincrementaldecoder(encoding)().decode(head, final=False).lstrip("\x1e \t\r\n")
        except UnicodeDecodeError:
            continue
    return head.decode("utf-8", "replace").lstrip()


def promised_by(name: str) -> str | None:
    """The kind of survey file that a name's ending promises; None for none."""
    return next((kind for ending, kind in _PROMISED.items() if name.lower().endswith(ending)), None)


def of_no_use(kind: str, path: Path, called: str, *, read: str) -> UnreadableFile:
    """Why a file is not read: damaged, by what its ending promises; of another kind; of none that we know.

    ``read`` names the kinds that are.
    """
    ending = path.suffix or Path(called.lower().removesuffix(".gz")).suffix
    promised = promised_by(ending)
    if promised and (kind == UNKNOWN or (kind == _MARKUP and promised in _XML)):
        message = N_(
            "{file} is damaged or cut off: its first bytes are not those of {promised}."
            " Export or download it again, and check its ending."
        )
        return UnreadableFile(message, file=called, promised=promised)
    if kind == UNKNOWN and (wrong := _wrong_table(path, ending)):
        return UnreadableFile(wrong, file=called)
    if kind == UNKNOWN:
        return UnreadableFile(N_("{file} is of a kind that is not known here; hand in {read}."), file=called, read=read)
    message = N_("{file} is a file of the kind {kind}, which is not read here; hand in {read}.")
    return UnreadableFile(message, file=called, kind=kind, read=read)


def _wrong_table(path: Path, ending: str) -> str | None:
    """What is wrong with a file that its ending calls a table; None for others, and for bytes that are no text."""
    if ending.lower() not in _TABLES:
        return None
    with path.open("rb") as file:
        head = file.read(_PEEK)
        more = bool(file.read(1))
    text = beginning(head)
    if "\0" in text:
        return N_("{file} has zero bytes among its text, so it was damaged; export it again as CSV in UTF-8.")
    if _NO_TEXT.search(text) is not None:
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and not more and any(delimiter in lines[0] for delimiter in _DELIMITERS):
        return N_(
            "{file} has only one line: a table needs a line of column names and rows below it;"
            " export it again with its rows."
        )
    return N_("{file} is a text without columns; export the table as CSV with a line of column names.")
