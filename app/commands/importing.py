"""``minglu import``: a survey file taken in from the command line, as the officer who answers for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.base.clock import Clock
from app.commands.local import require_folder, settings_now

#: What ``--value`` takes for all values that nothing else is said of.
OTHERS = "*"

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from app.base.db import Database
    from app.base.models import Division, File
    from app.base.settings import Settings
    from app.commands.kinds import Taken
    from app.intake.datums import Look
    from app.intake.mappings import Said
    from gis.features import Survey
    from gis.formats import Form


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "login", required=True, help="The officer's login: what they may do is what is done")
@click.option("--in", "place", required=True, help="Name of the division, or its path: 德州市/乐陵市/市中街道")
@click.option("--source", default="", help="Who surveyed, and when; empty: the file's name")
@click.option("--licence", default="", help="Under which the file may be used")
@click.option("--datum", default="", help="Where the file does not say it, or says it wrongly: EPSG:4548, GCJ-02 …")
@click.option("--column", "columns", multiple=True, help="FIELD=COLUMN: name, kind, code, town, road_class, x, y, wkt")
@click.option("--every", default="", help="What all rows are where no column says it: 道路, 村, 村委会 …")
@click.option("--value", "values", multiple=True, help="VALUE=KIND: 村部=村委会, CZ=不要 (left out); *=不要 for others")
@click.option("--same-m", default=30.0, show_default=True, help="A facility of one kind and name this near is the same")
@click.option("--same-unnamed-m", default=5.0, show_default=True, help="The same where one of the two bears no name")
@click.option("--sketch", is_flag=True, help="The places are a sketch, no survey")
@click.option("--preview", is_flag=True, help="Say how it would be read and what would become of it; keep nothing")
@click.option("--yes", is_flag=True, help="Read a table by the names of its columns without asking")
@click.option("--rejected", type=click.Path(dir_okay=False, path_type=Path), help="Write the rejected rows here")
def import_(columns: tuple[str, ...], every: str, values: tuple[str, ...], rejected: Path | None, **said: Any) -> None:
    """Take in a survey FILE: whole or not at all, with a verdict on every row.

    What is said of columns and of the values of the column of kinds, here or on the page, is remembered for the next
    file of the source. A value that nobody has said anything about stops it, with the option that says it. A table of
    which nobody has said anything is asked about on a terminal, and refused in a pipe, unless ``--yes`` is said.
    """
    from app.base.db import Database
    from app.intake.mappings import Said
    from gis.formats import Field

    if rejected is not None:
        require_folder(rejected.parent, option="--rejected")
    kinds = _values(values)
    rest = kinds.pop(OTHERS, "") != ""
    told = Said(columns_said(columns, every, known=[field.value for field in Field]), kinds, rest)
    settings = settings_now()
    database = Database(settings, pool_size=1)
    try:
        _import(settings, database, told=told, rejected=rejected, **said)
    except KeyboardInterrupt:
        click.echo(f"Stopped: nothing of {said['file'].name} was kept.", err=True)
        raise
    finally:
        database.close()


def _import(
    settings: Settings,
    database: Database,
    *,
    file: Path,
    login: str,
    place: str,
    source: str,
    licence: str,
    datum: str,
    sketch: bool,
    told: Said,
    rejected: Path | None,
    preview: bool,
    yes: bool,
    same_m: float,
    same_unnamed_m: float,
) -> None:
    from app.base.models import GeometrySource
    from app.base.shares import of_rows, part
    from app.base.territory import division_called
    from app.commands import previewing
    from app.commands.kinds import READ, apply
    from app.commands.progress import progress_bars
    from app.intake import mappings
    from app.intake.sameness import Same
    from app.intake.steps import Origin, require_officer

    clock, person, named = Clock(), person_called(settings, login, via="minglu import"), source.strip() or file.name
    with database.acting(person, via="minglu import") as session:
        require_officer(session)
        division = division_called(session, place)
        seen = _seen(session, file, division=division, source=named, datum=datum, told=told)
        origin = Origin(
            source=named,
            licence=licence,
            compared=seen.finding.outcome.value,
            geometry=GeometrySource.SKETCH if sketch else GeometrySource.SURVEY,
            columns=seen.opened.by,
            same=Same(same_m, same_unnamed_m),
        )
        if preview:
            trial = previewing.preview(
                session, clock, seen=seen, survey=seen.survey(), origin=origin, division=division
            )
            for line in trial:
                click.echo(line)
            return
        previewing.require_columns(seen.opened, yes=yes)
        origin = replace(origin, file=kept_file(session, settings, file, division=division, person=person))
        with progress_bars() as bars:
            tell = of_rows(lambda done, total: bars("rows", done, total), len(seen.opened.rows))
            made = apply(
                session,
                clock,
                survey=seen.survey(tell=part(tell, 0.0, READ)),
                origin=origin,
                division=division,
                tell=part(tell, READ, 1.0),
            )
        if seen.opened.by and told != mappings.Said():
            names = seen.opened.names
            mappings.remember(session, clock, division=division, source=named, names=names, columns=seen.opened.by)
        _say(session, made, seen, rejected)


def columns_said(columns: tuple[str, ...], every: str = "", *, known: Sequence[str]) -> dict[str, str]:
    """Field → column, as the page's form sends them; ``known`` are the fields that there are."""
    pairs = [each.partition("=") for each in columns]
    for field, equals, column in pairs:
        if not (field and equals and column):
            wrong = f"“{field}{equals}{column}” is not FIELD=COLUMN, such as name=路名"
            raise click.BadParameter(wrong, param_hint="--column")
        if field not in known:
            raise click.BadParameter(
                f"there is no field “{field}”; it is one of {', '.join(known)}", param_hint="--column"
            )
    told = {field: column.lower() for field, _, column in pairs}
    return {**told, "every": every} if every else told


def _values(values: tuple[str, ...]) -> dict[str, str]:
    """Value → kind; a value may hold the sign that a kind never does."""
    from gis.formats import LEFT_OUT

    pairs = [each.rpartition("=") for each in values]
    for value, _, kind in pairs:
        if not (value and kind) or (value == OTHERS and kind != LEFT_OUT):
            wrong = f"“{value}={kind}” is not VALUE=KIND, such as 村部=村委会, CZ=不要 or, for all others, *=不要"
            raise click.BadParameter(wrong, param_hint="--value")
    return {value: kind for value, _, kind in pairs}


def person_called(settings: Settings, login: str, *, via: str) -> int:
    """Whoever operates the machine may act as anybody; what was done is then theirs in the history."""
    from sqlalchemy import select

    from app.base.db import operating
    from app.base.errors import NotFound
    from app.base.models import Person

    with operating(settings, via=via) as session:
        found = session.scalar(select(Person.id).where(Person.login == login.strip().lower(), Person.active))
    if found is None:
        raise NotFound("There is no person with the login {login}, or they left.", login=login)
    return found


def _seen(session: Session, file: Path, *, division: Division, source: str, datum: str, told: Said) -> Look:
    """The file, opened by what was said or remembered of it, in a datum that is beyond doubt, or was said."""
    from app.base.errors import Invalid
    from app.intake import mappings, steps
    from app.intake.datums import find_datum

    says_nothing = told == mappings.Said()
    by = (mappings.choosing if says_nothing else partial(mappings.saying, said=told))(session, division, source)
    opened = steps.open_bytes(file.read_bytes(), name=file.name, by=by)
    if opened.lost:
        raise Invalid(
            "Nothing says in which columns the places of {file} stand, it has {names}. Say it: --column x=…",
            file=file.name,
            names=", ".join(opened.names),
        )
    mappings.require_values(opened, told)
    seen = find_datum(session, opened, datum=datum, division=division)
    if seen.finding.asks and not datum and not seen.finding.hypotheses:
        raise seen.refusal()
    if seen.finding.asks and not datum:
        raise Invalid("{found} Say it: --datum {datum}", found=seen.refusal(), datum=seen.finding.hypotheses[0].name)
    return seen


def kept_file(session: Session, settings: Settings, file: Path, *, division: Division, person: int) -> File:
    """A file of this machine kept as one that was handed in on the page would be."""
    from app.base.files import open_store
    from app.intake.steps import keep_file

    with file.open("rb") as data:
        store = open_store(settings.files)
        return keep_file(session, store, division=division, data=data, name=file.name, owner_id=person)


def _say(session: Session, made: Taken, seen: Look, rejected: Path | None) -> None:
    """What became of the rows, and the rejected ones in a file where that was asked for."""
    from uuid import UUID

    from sqlalchemy import select

    from app.commands.previewing import left_out, refused
    from app.intake.models import Intake
    from app.intake.queries import as_kept
    from gis.datums import Outcome

    intake = session.scalars(select(Intake).where(Intake.uid == UUID(made["intake"]))).one()
    verdicts = ("accepted", "repaired", "duplicate", "rejected", "ignored")
    counts = ", ".join(f"{getattr(intake, verdict)} {verdict}" for verdict in verdicts)
    click.echo(f"{intake.source}: {intake.rows} rows: {counts} ({intake.datum}).")
    if seen.opened.nowhere:
        click.echo(f"  {seen.finding.says[0]}")
    elif seen.finding.outcome is not Outcome.CONFIRMED:
        click.echo(f"  {intake.datum} is not confirmed: {' '.join(map(str, seen.finding.says))} Look at it on the map.")
    for line in [*left_out(intake), *refused(session, intake)]:
        click.echo(line)
    if intake.is_rejected:
        click.echo("No row could be taken in; nothing was changed. The file is kept with the reasons, to be mended.")
    elif intake.brought_nothing:
        click.echo("No row was new; nothing was changed.")
    else:
        added = f" {made['added']} lines run along streets that are there and belong to them;" if made["added"] else ""
        click.echo(f"{made['streets']} streets were made;{added} {made['in_scope']} streets here are in scope.")
    if rejected is not None:
        write_rejected(as_kept(session, intake, seen.opened), rejected, kind=seen.opened.kind, form=seen.opened.form)


def write_rejected(survey: Survey, file: Path, *, kind: str, form: Form | None = None) -> None:
    """The rejected rows of a read file into ``file``, whose folder is made for it; nothing where there are none."""
    from gis.formats.returning import packed

    made = packed(survey, kind=kind, form=form)
    if not made.rows:
        click.echo("No row was rejected.")
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(made.body)
    click.echo(f"{made.rows} rejected rows are in {file}.")
