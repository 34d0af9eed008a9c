"""Which column of a file says what: told once by an officer, remembered for the next file of the same source."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Invalid
from app.base.models import Division
from app.intake.models import Mapping
from gis.formats import Columns, Field, Opened
from gis.formats.columns import ADDED

#: What all rows of a file may be, where no column says it: words that :mod:`gis.formats.kinds` knows.
EVERY = ("道路", "村", "镇", "县", "村委会", "商店", "卫生室", "学校")


def choosing(session: Session, division: Division, source: str) -> Callable[[Opened], Columns | None]:
    """For :func:`gis.formats.open_rows`: what was remembered for a file of ``source`` with its columns."""
    return lambda opened: remembered(session, division, source, opened.names)


def remembered(session: Session, division: Division, source: str, names: Sequence[str]) -> Columns | None:
    """What an officer said of such columns: of the same source, else the last said of any, at the division or above."""
    kept = session.scalar(
        select(Mapping)
        .where(Mapping.header == header_of(names), Mapping.territory.op("@>")(division.path))
        .order_by((Mapping.source == source).desc(), Mapping.mapped_on.desc(), Mapping.id.desc())
        .limit(1)
    )
    return None if kept is None else Columns.of_told(kept.columns)


def remember(
    session: Session, clock: Clock, *, division: Division, source: str, names: Sequence[str], columns: Columns
) -> Mapping:
    """Keep what an officer said for the next file of the source with the same columns; the last word counts."""
    header = header_of(names)
    kept = session.scalar(
        select(Mapping).where(Mapping.division_id == division.id, Mapping.source == source, Mapping.header == header)
    )
    if kept is None:
        kept = Mapping(division_id=division.id, source=source, header=header)
        session.add(kept)
    kept.columns, kept.mapped_on = columns.told(), clock.today()
    session.flush()
    return kept


def header_of(names: Sequence[str]) -> str:
    """A hash of a file's column names, whatever their order; those that given-back rows bring along don't count."""
    return hashlib.sha256("\n".join(sorted(set(names) - set(ADDED))).encode()).hexdigest()


def columns_of(said: dict[str, str], opened: Opened) -> Columns:
    """An officer's choices, field → column. Raises Invalid, naming the field, for what cannot be read so."""
    chosen = {field: said.get(field.value, "") for field in Field}
    for field, column in chosen.items():
        if column and column not in opened.names:
            raise Invalid(N_("The file has no column {column}."), field=field.value, column=column)
    every = said.get("every", "")
    if every and every not in EVERY:
        raise Invalid(N_("Choose a value of the list."), field="every")
    columns = Columns({field: column for field, column in chosen.items() if column}, every)
    if opened.table and not columns.placed:
        missing = Field.Y if Field.X in columns.of else Field.X
        raise Invalid(N_("Say where the rows are: two columns of coordinates, or one of WKT."), field=missing.value)
    if chosen[Field.X] and chosen[Field.X] == chosen[Field.Y]:
        raise Invalid(N_("Both coordinates cannot stand in one column."), field=Field.Y.value)
    return columns
