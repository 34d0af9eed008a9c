"""Survey files in, exports out: one module per format family.

GDAL (pyogrio, which brings pandas) and osmium take seconds to import: the modules that need them are imported by the
first file that does, and :mod:`gis.formats.writing` by who writes.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis import crs
from gis.errors import N_, UnknownDatum, UnreadableFile
from gis.features import Others, Survey
from gis.formats import columns
from gis.formats.archive import DEFAULT_LIMITS, Limits, unfolds_beyond
from gis.formats.columns import LEFT_OUT, Columns, Field, Value, guess
from gis.formats.kinds import KEPT, KIND, NO_KIND, Found, Skipped, name_of, plain
from gis.formats.names import with_plain_names
from gis.formats.opening import Rows, begins_to_tell, head_of, rows_of
from gis.formats.refusing import refusing, stopping
from gis.formats.rows import RawRow, gather, keepable, silent
from gis.formats.sizes import sized
from gis.formats.srids import stated_by
from gis.formats.texts import Form

__all__ = [
    "DEFAULT_LIMITS",
    "KEPT",
    "LEFT_OUT",
    "By",
    "Columns",
    "Field",
    "Form",
    "Limits",
    "Opened",
    "Value",
    "begins_to_tell",
    "guess",
    "open_head",
    "open_rows",
    "plain",
    "read_survey",
    "unfolds_beyond",
]

#: OSM keys: a file with one of these columns is read by them.
_TAGS = frozenset({"highway", "amenity", "shop", "place", "admin_level"})


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was read and not yet placed: its rows in its own numbers, and the datum that it states (or None)."""

    rows: tuple[RawRow, ...]
    stated: str | None
    name: str
    table: bool = False  # its places stand in columns
    kind: str = ""  # as :func:`gis.formats.opening.rows_of` has it
    by: Columns | None = None  # what a person said of the columns, where somebody did
    form: Form | None = None  # how it was written, where it is a table
    others: tuple[Others, ...] = ()  # rows that are only counted

    @property
    def names(self) -> list[str]:
        """The columns that any row fills, in their order."""
        return columns.names_of(self.rows)

    @property
    def mappable(self) -> bool:
        """Whether a person may say what its columns mean. OSM's tags mean what OSM says."""
        return self.kind not in {"pbf", "osm"}

    @property
    def lost(self) -> bool:
        """Whether it is a table of which nobody knows yet in which columns its places stand."""
        return self.table and all(row.shape is None and row.flaw is None for row in self.rows)

    @property
    def nowhere(self) -> bool:
        """Whether no row has coordinates that can be read: its datum is of no matter."""
        return all(row.shape is None or row.flaw is not None for row in self.rows)

    @property
    def tagged(self) -> bool:
        """Whether it speaks in OSM's tags, which nobody has to explain."""
        return not self.mappable or not _TAGS.isdisjoint(self.names)

    @property
    def useful(self) -> bool:
        """Whether any row is of a kind that we keep."""
        return any(isinstance(row.what, Found) for row in self.rows)

    def values_by(self, by: Columns | None) -> list[Value]:
        """The values of the column of kinds, as :func:`gis.formats.columns.values_of` has them; none without one."""
        column = by.of.get(Field.KIND) if by and not by.every else None
        return columns.values_of(self.rows, column) if column else []

    def untold(self) -> list[Value]:
        """Values of a column of kinds that leave rows out without anybody having said so; the most frequent first."""
        if self.by is not None:
            said = self.by
            found = [] if said.rest else self.values_by(said)
            return [value for value in found if value.known is None and value.plain not in said.values]
        if self.tagged:
            return []
        left = [what for row in self.rows if isinstance(what := row.what, Skipped) and what.reason == NO_KIND]
        counted = Counter(str(what.values["value"]) for what in left if what.field in KIND)
        return [Value(plain(words), words, n) for words, n in counted.most_common()]

    def read(self, by: Columns | None) -> Opened:
        """The rows of a file just read: by these columns and no others, else by what its columns are called."""
        if by is None:
            rows = columns.place_by_names(self.rows) if self.table else list(self.rows)
        else:
            rows = columns.mapped(self.rows, by)
            rows = columns.place(rows, by) if self.table and by.placed else rows
        rows, stated = stated_by(rows, self.stated, self.name)
        return replace(self, rows=tuple(with_plain_names(sized(rows, self.name))), stated=stated, by=by)

    def require_places(self) -> None:
        """Raise UnreadableFile for ``columns`` where :attr:`lost`."""
        if self.lost:
            raise UnreadableFile(
                N_("{file} has no columns that say where its rows are: 经度 and 纬度, x and y, or WKT. Choose them."),
                file=self.name,
                field="columns",
            )

    def shapes(self) -> tuple[NDArray[np.object_], list[str | None]]:
        """The shapes of the rows that are of a kind we keep (of all, where none is), and their names.

        For :func:`gis.datums.find`; None where a row has no shape.
        """
        mine = [row for row in self.rows if isinstance(row.what, Found)]
        rows = mine or list(self.rows)
        shapes = np.empty(len(rows), dtype=object)
        shapes[:] = [None if row.flaw else row.shape for row in rows]
        return shapes, [name_of(row.words) for row in rows]

    def survey(self, datum: str | None = None, *, tell: Callable[[float], None] = silent) -> Survey:
        """The rows in EPSG:4490; ``datum`` overrules what the file states. Raises as read_survey.

        ``tell`` hears what share of them is read.
        """
        self.require_places()
        if datum is None and self.stated is None and not self.nowhere:
            raise UnknownDatum(
                N_(
                    "{file} does not say its coordinate system (no .prj, or none that can be read);"
                    " choose it, for example EPSG:4548."
                ),
                file=self.name,
            )
        named = crs.datum_named(datum or self.stated or crs.STORED)
        with refusing(self.name):
            survey = replace(gather(self.rows, datum=named, tell=stopping(tell)), others=self.others)
        by = self.by
        if by is None:
            return survey
        return replace(survey, reports=tuple(columns.as_called(report, by) for report in survey.reports))


#: What a person said of a file's columns, or who is asked for it once the file is read.
By = Columns | Callable[[Opened], Columns | None] | None


def open_rows(path: Path, *, by: By = None, limits: Limits = DEFAULT_LIMITS) -> Opened:
    """A file's rows before anything is placed; raises UnreadableFile as :func:`read_survey` does.

    ``by`` says which columns mean what, or is asked for it with the file as it was read. Without it a table's
    columns of places are found by their names; where they are not, its rows have no shape, and :attr:`Opened.lost` is
    true.
    """
    if not path.is_file():
        raise UnreadableFile(N_("{file} is not there or is no file."), file=path.name)
    with refusing(path.name), tempfile.TemporaryDirectory(prefix="minglu-") as scratch:
        read = rows_of(path, called=path.name, scratch=Path(scratch), limits=limits)
    return _opened(read, path.name, by)


def open_head(path: Path, *, by: By = None, limits: Limits = DEFAULT_LIMITS) -> Opened | None:
    """The first rows of a large file, in bounded memory, to ask what its columns mean; ``by`` as for :func:`open_rows`.

    None for what is read whole or not at all: OSM and GPX, which nobody has to explain, a workbook of very many texts,
    gzip, and a GeoJSON or CSV whose first row is larger than a head. Raises :class:`UnreadableFile`.
    """
    from gis.formats import sheets

    with refusing(path.name), tempfile.TemporaryDirectory(prefix="minglu-") as scratch:
        listed = sheets.read_head(path, called=path.name)
        if listed is None:
            head = head_of(path, called=path.name, scratch=Path(scratch), limits=limits)
        else:
            head = Rows(listed, None, table=True) if listed else None
    return None if head is None else _opened(head, path.name, by)


def _opened(read: Rows, called: str, by: By) -> Opened:
    if not read.rows and read.others:
        raise UnreadableFile(
            N_("None of the {count} tagged objects of {file} is a road, place or facility; take another area."),
            file=called,
            count=sum(each.rows for each in read.others),
        )
    if not read.rows:
        raise UnreadableFile(N_("{file} has no rows; export it again with its features."), file=called)
    with refusing(called):
        opened = Opened(
            tuple(keepable(row) for row in read.rows),
            read.stated,
            called,
            read.table,
            read.kind,
            form=read.form,
            others=read.others,
        )
    said = by(opened) if callable(by) else by
    with refusing(called):
        return opened.read(said)


def read_survey(
    path: Path, *, datum: str | None = None, by: Columns | None = None, limits: Limits = DEFAULT_LIMITS
) -> Survey:
    """Everything one file gives, in EPSG:4490: any of :data:`gis.formats.opening.READ`.

    The kind of file is told from its content. ``datum`` (as :func:`gis.crs.datum_named` takes it) overrules
    what the file states; without it the file must state one, except GeoJSON, OSM, KML and GPX, which are WGS84 by
    definition. ``by`` says which columns mean what (:class:`gis.formats.columns.Columns`); a table (CSV, Excel) needs
    it where its columns of places have names that we don't know.

    Every input row ends in exactly one report, in the file's order; in OSM files a row is a tagged object, and those of
    other kinds are only counted (:attr:`gis.features.Survey.others`). Raises :class:`UnreadableFile` for a file that is
    empty, cut off, damaged, too large or of another kind,
    :class:`UnknownDatum` for a datum that is missing or unknown; both say the remedy.
    """
    if datum is not None:
        crs.datum_named(datum)  # before the file is read
    return open_rows(path, by=by, limits=limits).survey(datum)
