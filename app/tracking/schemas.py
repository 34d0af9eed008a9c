"""Progress as it leaves the house: a table for a spreadsheet, and the bars of a chart."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.base.errors import N_, Invalid
from app.tracking.logic import DEMONSTRATION, share
from app.tracking.queries import By, Progress, SecondStream

BYS: Mapping[str, str] = {
    By.CITY.value: N_("City"),
    By.COUNTY.value: N_("County"),
    By.TOWN.value: N_("Town"),
    By.YEAR.value: N_("By year of naming"),
}
COLUMNS: Mapping[str, str] = {
    "villages": N_("Villages"),
    "villages_target": N_("Target by year's end"),
    "villages_batched": N_("Villages in batches"),
    "villages_named": N_("Villages named"),
    "villages_without_streets": N_("Villages with no street in scope"),
    "streets_in_scope": N_("Streets in scope"),
    "streets_named": N_("Streets named"),
    "streets_approved": N_("Approved (not announced)"),
    "signs_planned": N_("Signs planned"),
    "signs_ordered": N_("Signs in orders, drafts included"),
    "signs_standing": N_("Signs standing"),
}
#: A year's row stands beside that year's own target; what the years before asked for is in their rows.
TARGET_OF_YEAR = N_("Target of the year")


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of the chart: how long its bar is in hundredths, and the numbers beside it."""

    name: str
    percent: float
    said: str


def columns(by: By) -> Mapping[str, str]:
    """The columns of a table and their titles."""
    return {**COLUMNS, "villages_target": TARGET_OF_YEAR} if by is By.YEAR else COLUMNS


def asked_day(words: str, today: date) -> date:
    """The day to tell of; today for nothing. Raises Invalid for what is no day, or lies ahead."""
    try:
        day = date.fromisoformat(words) if words else today
    except ValueError as error:
        raise Invalid(N_("Write the day as 2024-07-01."), field="on") from error
    if day > today:
        raise Invalid(N_("{day} lies ahead; progress is told of today and past days."), field="on", day=day)
    return day


#: The second stream's columns.
SECOND: Mapping[str, str] = {
    "quota": N_("Quota of the year, roads"),
    "named_this_year": N_("Named this year"),
    "roads": N_("Roads in all"),
    "roads_named": N_("Roads named in all"),
    "signs_standing": N_("Signs standing"),
}


def second_table(rows: Sequence[SecondStream], *, on: date, say: Callable[[str], str], demonstration: bool) -> str:
    """The second stream as CSV, headed as :func:`table` heads the programme's."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([say(N_("Second stream (roads without a name, new roads), day")), on.isoformat()])
    writer.writerow([say(N_("Divisions")), say(N_("statistical register; places in CGCS2000 (EPSG:4490)"))])
    if demonstration:
        writer.writerow([say(part) for part in DEMONSTRATION])
    writer.writerow([say(N_("Name")), "uid", *(say(title) for title in SECOND.values())])
    for row in rows:
        figures = ["" if (value := getattr(row, key)) is None else value for key in SECOND]
        writer.writerow([_harmless(row.name), row.uid, *figures])
    return "\ufeff" + out.getvalue()


def bars(rows: Sequence[Progress], name: Callable[[Progress], str]) -> list[Bar]:
    """Streets named of those in scope, a bar a row."""
    return [
        Bar(
            name(row),
            round(share(row.streets_named, row.streets_in_scope) * 100, 1),
            f"{row.streets_named:,} / {row.streets_in_scope:,}",
        )
        for row in rows
    ]


def table(
    rows: Sequence[Progress],
    *,
    on: date,
    by: By,
    name: Callable[[Progress], str],
    say: Callable[[str], str],
    demonstration: bool = False,
) -> str:
    """The rows as CSV with the day and the datum named above, and whether a ``demonstration`` made them up.

    A byte-order mark lets Excel read the Chinese.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([say(N_("Progress of the naming, day")), on.isoformat()])
    writer.writerow([say(N_("Divisions")), say(N_("statistical register; places in CGCS2000 (EPSG:4490)"))])
    if demonstration:
        writer.writerow([say(part) for part in DEMONSTRATION])
    writer.writerow([say(N_("Name")), "uid", *(say(title) for title in columns(by).values())])
    for row in rows:
        figures = ["" if (value := getattr(row, key)) is None else value for key in COLUMNS]
        writer.writerow([_harmless(name(row)), row.uid or "", *figures])
    return "\ufeff" + out.getvalue()


def _harmless(words: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{words}" if words[:1] in {"=", "+", "-", "@"} else words
