"""Which column of a file says what, and what the values of its column of kinds are.

Told once by an officer, remembered for the next file of the same source. A value that nobody has said anything about
and that we don't know by itself brings the officer back, as a new column does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Invalid
from app.base.models import Division
from app.intake import listing
from app.intake.models import Mapping as Remembered
from gis.features import FacilityKind
from gis.formats import KEPT, LEFT_OUT, Columns, Field, Opened, Value, guess, plain
from gis.formats.columns import ADDED

#: What all rows of a file may be, where no column says it, and what a value may be.
EVERY = tuple(KEPT)
#: So many values are asked about, the most frequent; a column of more is no list of kinds, and what goes beyond is left
#: out, now and in the next file, each row with its reason.
MOST_VALUES = 40
#: The fields that only a table reads from columns.
PLACES = frozenset({Field.X, Field.Y, Field.WKT})


@dataclass(frozen=True, slots=True)
class Said:
    """An officer's words: field → column (with ``every``), and value → kind or :data:`gis.formats.LEFT_OUT`.

    ``rest``: that all other values are left out, in later files too.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    rest: bool = False


#: Before the names of the columns of a list of divisions: what they mean there says nothing of survey files.
_LIST = "list of divisions"


def choosing(session: Session, division: Division, source: str) -> Callable[[Opened], Columns | None]:
    """For :func:`gis.formats.open_rows`: what was remembered for a file of ``source`` with its columns."""
    return lambda opened: remembered(session, division, source, opened.names)


def saying(session: Session, division: Division, source: str, said: Said) -> Callable[[Opened], Columns]:
    """For :func:`gis.formats.open_rows`: what is said now, over what was remembered of the values of the same column.

    Where no column is said, these are as :func:`likely` has them. Raises Invalid, naming the field or the value, for
    what cannot be read so.
    """

    def by(opened: Opened) -> Columns:
        before = remembered(session, division, source, opened.names)
        columns = columns_of(said.columns, opened) if said.columns else _likely(before, opened)
        mine = _alike(before, columns)
        return _with_values(replace(columns, values=mine.values if mine else {}), said, opened, mine)

    return by


def _alike(before: Columns | None, columns: Columns) -> Columns | None:
    """What was said before, where it was of the same column of kinds."""
    return before if before is not None and before.of.get(Field.KIND) == columns.of.get(Field.KIND) else None


def asked(
    session: Session, division: Division, source: str, *, opened: Opened, columns: Columns
) -> tuple[list[Value], list[Value]]:
    """The values of a file's column of kinds to ask about, and those beyond, as :func:`listed` has them."""
    before = remembered(session, division, source, opened.names)
    return listed(opened.values_by(columns), _alike(before, columns))


def likely(session: Session, division: Division, source: str, opened: Opened) -> Columns:
    """What was remembered for such a file, else what the names suggest; only a table's places stand in columns."""
    return _likely(remembered(session, division, source, opened.names), opened)


def _likely(before: Columns | None, opened: Opened) -> Columns:
    columns = before or guess(opened.names)
    if opened.table:
        return columns
    return replace(columns, of={each: column for each, column in columns.of.items() if each not in PLACES})


def remembered(session: Session, division: Division, source: str, names: Sequence[str]) -> Columns | None:
    """What an officer said of such columns: of the same source, else the last said of any, at the division or above."""
    kept = _kept(session, division, source, header_of(names))
    return None if kept is None else Columns.of_told(kept)


def remember(
    session: Session, clock: Clock, *, division: Division, source: str, names: Sequence[str], columns: Columns
) -> Remembered:
    """Keep what an officer said for the next file of the source with the same columns; the last word counts."""
    return _keep(session, clock, division=division, source=source, header=header_of(names), columns=columns.told())


def remembered_list(session: Session, division: Division, source: str, names: Sequence[str]) -> dict[str, str] | None:
    """As :func:`remembered`, of a list of divisions: field of :data:`app.intake.listing.FIELDS` → column."""
    return _kept(session, division, source, header_of(names, of=_LIST))


def remember_list(
    session: Session, clock: Clock, *, division: Division, source: str, names: Sequence[str], columns: dict[str, str]
) -> Remembered:
    """As :func:`remember`, of a list of divisions."""
    header = header_of(names, of=_LIST)
    return _keep(session, clock, division=division, source=source, header=header, columns=columns)


def _kept(session: Session, division: Division, source: str, header: str) -> dict[str, Any] | None:
    return session.scalar(
        select(Remembered.columns)
        .where(Remembered.header == header, Remembered.territory.op("@>")(division.path))
        .order_by((Remembered.source == source).desc(), Remembered.mapped_on.desc(), Remembered.id.desc())
        .limit(1)
    )


def _keep(
    session: Session, clock: Clock, *, division: Division, source: str, header: str, columns: dict[str, Any]
) -> Remembered:
    kept = session.scalar(
        select(Remembered).where(
            Remembered.division_id == division.id, Remembered.source == source, Remembered.header == header
        )
    )
    if kept is None:
        kept = Remembered(division_id=division.id, source=source, header=header)
        session.add(kept)
    kept.columns, kept.mapped_on = columns, clock.today()
    session.flush()
    return kept


def header_of(names: Sequence[str], *, of: str = "") -> str:
    """A hash of a file's column names, whatever their order; those that given-back rows bring along don't count.

    ``of`` keeps apart what the same columns mean in files of another sort.
    """
    return hashlib.sha256("\n".join([*([of] if of else []), *sorted(set(names) - set(ADDED))]).encode()).hexdigest()


def list_columns_of(said: dict[str, str], opened: Opened) -> dict[str, str]:
    """An officer's choices for a list, field → column. Raises Invalid, naming the field, for what cannot be read so."""
    chosen = {each: said.get(each, "") for each in listing.FIELDS if said.get(each, "")}
    for each, column in chosen.items():
        if column not in opened.names:
            raise Invalid(N_("The file has no column {column}."), field=each, column=column)
    for code, name in (("code", "name"), ("town_code", "town_name"), ("county_code", "county_name")):
        if chosen.get(code) and chosen.get(code) == chosen.get(name):
            raise Invalid(N_("Code and name cannot stand in one column."), field=name)
    if not listing.is_enough(chosen):
        missing = "name" if "code" in chosen else "code"
        raise Invalid(N_("Say in which columns code and name stand."), field=missing)
    return chosen


def columns_of(said: Mapping[str, str], opened: Opened) -> Columns:
    """An officer's choices, field → column. Raises Invalid, naming the field, for what cannot be read so."""
    chosen = {each: said.get(each.value, "") for each in Field}
    for each, column in chosen.items():
        if column and column not in opened.names:
            raise Invalid(N_("The file has no column {column}."), field=each.value, column=column)
    every = said.get("every", "")
    if every and every not in EVERY:
        raise Invalid(N_("Choose a value of the list."), field="every")
    columns = Columns({each: column for each, column in chosen.items() if column}, every)
    if opened.table and not columns.placed:
        missing = Field.Y if Field.X in columns.of else Field.X
        raise Invalid(N_("Say where the rows are: two columns of coordinates, or one of WKT."), field=missing.value)
    if chosen[Field.X] and chosen[Field.X] == chosen[Field.Y]:
        raise Invalid(N_("Both coordinates cannot stand in one column."), field=Field.Y.value)
    return columns


def listed(values: Sequence[Value], before: Columns | None) -> tuple[list[Value], list[Value]]:
    """The values to ask about, and those beyond; first what we don't know and was not said ``before``, then by rows."""
    told = before.values if before else {}
    ordered = sorted(values, key=lambda value: (value.known is not None, value.plain in told))
    return ordered[:MOST_VALUES], ordered[MOST_VALUES:]


def require_values(opened: Opened, said: Said) -> None:
    """For the command line, which shows no page: every value that was said is there, and every value was said.

    Raises Invalid, naming the values and the option, else.
    """
    column = opened.by.of.get(Field.KIND, "") if opened.by else ""
    if said.values and not column:
        raise Invalid(
            N_("No column of {file} is known to say what its rows are, it has {names}. Say it: --column kind=…"),
            field="values",
            file=opened.name,
            names=", ".join(opened.names),
        )
    here = opened.values_by(opened.by)
    plainly = {value.plain for value in here}
    strange = next((value for value in said.values if plain(value) not in plainly), None)
    if strange is not None:
        raise Invalid(
            N_("The column {column} has no value “{value}”; it has {values}."),
            field="values",
            column=column,
            value=strange,
            values=_counted(here),
        )
    left = opened.untold()
    if left:
        raise Invalid(
            N_(
                "Nobody said what these values are: {values}."
                " Say it of each: --value {first}={kind} or {first}={none}; of all others: --value *={none}."
            ),
            field="values",
            values=_counted(left),
            first=left[0].words,
            kind=next(kind for kind, meant in KEPT.items() if meant is FacilityKind.COMMITTEE),
            none=LEFT_OUT,
        )


def _counted(values: Sequence[Value]) -> str:
    """The most frequent values with their rows, and how many more there are."""
    beyond = len(values) - MOST_VALUES
    told = ", ".join(f"{value.words} ({value.rows})" for value in values[:MOST_VALUES])
    return f"{told} … (+{beyond})" if beyond > 0 else told


def _with_values(columns: Columns, said: Said, opened: Opened, before: Columns | None) -> Columns:
    """The columns with what is said of the values that the file has; what was said before of others stays.

    A value that is said to be what it is read as by itself needs no word, and once all are said that are asked about,
    the rest of a long list needs none.
    """
    _check(said.values)
    here = {value.plain: value for value in opened.values_by(columns)}
    words = {plain(value): kind for value, kind in said.values.items()}
    told = dict(columns.values) | {key: kind for key, kind in words.items() if key in here}
    told = {key: kind for key, kind in told.items() if key not in here or here[key].known != kind}
    shown, beyond = (
        any(value.known is None and value.plain not in told for value in part)
        for part in listed(list(here.values()), before)
    )
    return replace(columns, values=told, rest=said.rest or (beyond and not shown))


def _check(values: Mapping[str, str]) -> None:
    for value, kind in values.items():
        if kind != LEFT_OUT and kind not in KEPT:
            raise Invalid(
                N_("“{value}” cannot be “{kind}”; choose one of {kinds}."),
                field="values",
                value=value,
                kind=kind,
                kinds=", ".join((*EVERY, LEFT_OUT)),
            )
