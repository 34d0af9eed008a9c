"""What an import would do, said on the terminal before anything is kept."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from app.base.clock import Clock
    from app.base.models import Division
    from app.intake.datums import Look
    from app.intake.models import Intake
    from app.intake.steps import Origin
    from gis.features import Survey
    from gis.formats import Columns, Opened

#: Rows of a file that are shown, and signs of each of their columns.
_ROWS, _SIGNS = 5, 24
#: Reasons for ignored rows that are told; the page has all of them.
_REASONS = 8


def require_columns(opened: Opened, *, yes: bool) -> None:
    """Ask on a terminal whether a table of which nobody said anything is to be read by its columns' names.

    Raises Invalid where nobody can be asked, with how to go on; click.Abort for a no. ``yes``: it was said already.
    """
    from app.base.errors import Invalid

    if yes or not opened.table or opened.by is not None:
        return
    read = "; ".join(mapping_of(opened))
    if not sys.stdin.isatty():
        raise Invalid(
            "Nobody has said yet what the columns of {file} are; by their names they are: {read}."
            " Look at it with --preview; then go on with --yes, or say it with --column name=…",
            file=opened.name,
            read=read,
        )
    click.echo(f"By the names of its columns {opened.name} is read so: {read}.")
    click.confirm("Take it in so?", abort=True)


def mapping_of(opened: Opened) -> list[str]:
    """Which column is what, as ``name = 路名``; what is read by OSM's tags says that."""
    from gis.formats import guess

    if opened.by is None and opened.tagged:
        return ["the tags are OpenStreetMap's"]
    by: Columns = opened.by or guess(opened.names)
    told = [f"{field.value} = {column}" for field, column in by.of.items()]
    told += [f"every row = {by.every}"] if by.every else []
    told += [f"{value} is {kind}" for value, kind in by.values.items()]
    return told or ["no column says anything that is known"]


def preview(
    session: Session, clock: Clock, *, seen: Look, survey: Survey, origin: Origin, division: Division
) -> Iterator[str]:
    """What would become of a file, line by line; it is taken in, counted, and taken back."""
    from app.intake.models import IntakeRow
    from app.intake.queries import rows_of
    from app.intake.steps import take_in
    from gis.features import Verdict

    opened, finding = seen.opened, seen.finding
    yield f"{opened.name}: {survey.rows} rows, in {survey.datum}."
    yield from (f"  {each.message.format(**each.values)}" for each in finding.says)
    yield "Columns:"
    yield from (f"  {each}" for each in mapping_of(opened))
    trial = session.begin_nested()
    try:
        made = take_in(session, clock, survey=survey, origin=origin, division=division)
        counts = ", ".join(f"{getattr(made, verdict.value)} {verdict.value}" for verdict in Verdict)
        rows = rows_of(made).order_by(IntakeRow.row).limit(_ROWS)
        became = [(row.row, row.verdict, row.reason, row.values) for row in session.scalars(rows)]
        left = list(left_out(made))
    finally:
        trial.rollback()
    yield "The first rows:"
    for number, verdict, reason, values in became:
        row = opened.rows[number - 1]
        cells = ", ".join(f"{name}: {words[:_SIGNS]}" for name, words in row.tags.items())
        at = "" if row.shape is None else f" [{row.shape.geom_type}]"
        why = f" ({reason.format(**values)})" if reason else ""
        yield f"  {number}{at} {cells} → {verdict}{why}"
    yield f"It would be {counts}. Nothing was kept."
    yield from left


def left_out(intake: Intake) -> Iterator[str]:
    """Why rows were ignored, the most frequent reasons."""
    for one in intake.left_out[:_REASONS]:
        reason = one["reason"].format(**one["values"]) if one["reason"] else "Other reasons"
        begins = f" from row {one['first']} on" if one["first"] else ""
        yield f"  ignored, {one['rows']}{begins}: {reason}"
    if len(intake.left_out) > _REASONS:
        yield f"  … and {len(intake.left_out) - _REASONS} reasons more: its page in the office names them."


def refused(session: Session, intake: Intake) -> Iterator[str]:
    """Why rows were rejected or known already, each reason with its first row."""
    from app.intake.queries import reasons_counted
    from gis.features import Verdict

    for why in reasons_counted(session, intake):
        if why.first.verdict in {Verdict.REJECTED.value, Verdict.DUPLICATE.value}:
            such = "such as " if why.rows > 1 else ""
            reason = why.first.reason.format(**why.first.values)
            yield f"  {why.first.verdict}, {why.rows}, {such}row {why.first.row}: {reason}"
