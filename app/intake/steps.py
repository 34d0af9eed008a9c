"""A survey file comes in: whole or not at all, nothing silently dropped, and the same file twice changes nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import shapely
from sqlalchemy import delete, insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid, NotAllowed
from app.base.files import Store, keep
from app.base.models import Division, File, GeometrySource
from app.base.people import may
from app.base.shares import Share, chunks, part, silent
from app.intake import repairs
from app.intake.giving_back import give_back
from app.intake.keeping import WHOLE, Keeper
from app.intake.models import Facility, Intake, IntakeRow, IntakeState, Repair, Segment
from app.intake.sameness import USUAL, Same
from app.intake.saying import Said
from app.intake.villages import Settled, make, settle
from gis.datums import MARGIN_DEG, MOST
from gis.errors import GisError
from gis.features import RowReport, Survey, Verdict
from gis.formats import By, Columns, Opened, begins_to_tell, open_rows
from gis.formats import open_head as open_head_of
from gis.formats.kinds import UNTOLD
from gis.linework import Change

#: Characters kept of a file's name: file systems end at 255 bytes, and a Chinese character has three.
LONGEST_NAME = 80
#: Bytes of a file that are enough to tell its kind, and for the head of a text.
_HEAD = 2 << 20
#: What share of an intake is done once its lines are kept, and its facilities (measured with 20,000 lines).
_LINES, _PLACES = 0.7, 0.75
#: Why a place of a file is not taken in.
OUTSIDE = N_("This lies outside {name}. Check its coordinates.")
#: Rows of a kind we do not keep are counted, not stored one by one: an OSM extract has hundreds of thousands. Where an
#: officer has said what the columns mean, all rows are: they are told what was said of them.
STORED = frozenset(Verdict) - {Verdict.IGNORED}
#: Reasons for leaving rows out that an intake names one by one.
_REASONS = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file came from: its source's name, licence, how far its geometry can be trusted, the kept original."""

    source: str
    licence: str = ""
    geometry: GeometrySource = GeometrySource.SURVEY
    file: File | None = None
    columns: Columns | None = None  # by which its rows were read, where somebody said it
    compared: str = ""  # what laying it on the register said of its datum (gis.datums.Outcome)
    same: Same = USUAL  # how near a facility of the register is taken for the file's


def require_officer(session: Session) -> None:
    """Raise NotAllowed for all but officers."""
    if not may(session, "intake.intake", "create"):
        raise NotAllowed("Only the officers of city, county and town take in files.")


def keep_file(session: Session, store: Store, *, division: Division, data: BinaryIO, name: str, owner_id: int) -> File:
    """A survey file as it came, before anything of it is read."""
    return keep(
        session,
        store,
        division_id=division.id,
        data=data,
        media_type="application/octet-stream",
        name=name,
        purpose="intake",
        owner_id=owner_id,
    )


def open_bytes(data: bytes, *, name: str, by: By = None) -> Opened:
    """A survey file's rows, handed in under a name, before anything is placed; ``by`` says which column means what.

    Raises Invalid for ``file`` with what is wrong and the remedy: empty, cut off, damaged or of a kind that is not
    read.
    """
    with tempfile.TemporaryDirectory(prefix="minglu-") as folder:
        path = Path(folder) / (Path(name.replace("\\", "/").replace("\0", "")).name[-LONGEST_NAME:] or "file")
        path.write_bytes(data)
        try:
            return open_rows(path, by=by)
        except GisError as error:
            raise Invalid(error.message, field="file", **error.values) from error


def open_head(data: BinaryIO, *, name: str, by: By = None) -> Opened | None:
    """The first rows of a large file that is handed in, to ask what its columns mean; None for a kind without a head.

    ``data`` goes to disk a piece at a time, no further than it is needed. Raises Invalid as :func:`open_bytes` does.
    """
    with tempfile.TemporaryDirectory(prefix="minglu-") as folder:
        path = Path(folder) / (Path(name.replace("\\", "/").replace("\0", "")).name[-LONGEST_NAME:] or "file")
        try:
            return open_head_of(path, by=by) if _began(data, path) else None
        except GisError as error:
            raise Invalid(error.message, field="file", **error.values) from error


def _began(data: BinaryIO, path: Path) -> bool:
    """Write as much of a file as its head needs; false for a kind that has none."""
    with path.open("wb") as kept:
        kept.write(data.read(_HEAD))
        kept.flush()
        enough = begins_to_tell(path, called=path.name)
        if enough is False:
            shutil.copyfileobj(data, kept)
    return enough is not None


def take_in(
    session: Session,
    clock: Clock,
    *,
    survey: Survey,
    origin: Origin,
    division: Division,
    villages_from_file: bool = False,
    tell: Share = silent,
) -> Intake:
    """Nothing → applied: places of divisions, segments and facilities of one read file, below ``division``.

    By officers within their territory (the database refuses others). Villages of the file are matched to the register,
    and a row that means none of it is rejected; ``villages_from_file`` makes them instead, for a territory made for a
    trial. Segments are noded first; each row ends in one verdict, and what is in the register already counts as a
    duplicate. ``tell`` hears what share is done. Raises Invalid as :func:`require_mendable` does; a file whose rows are
    all rejected is kept with their reasons, to be mended, and changes nothing else.
    """
    require_mendable(survey)
    survey, strays = _within(session, survey=survey, division=division)
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('intake', :id))"), {"id": division.id})
    intake = Intake(
        division_id=division.id,
        source=origin.source,
        licence=origin.licence,
        file_id=origin.file.id if origin.file else None,
        datum=survey.datum,
        compared=origin.compared,
        columns=origin.columns.told() if origin.columns else {},
        taken_on=clock.today(),
        **dict.fromkeys(("rows", "accepted", "repaired", "duplicate", "rejected", "ignored"), 0),
    )
    session.add(intake)
    session.flush()
    if villages_from_file:
        settled = make(session, clock, areas=survey.areas, division=division, source=origin.geometry)
    else:
        settled = settle(session, areas=survey.areas, division=division, source=origin.geometry)
    keep = Keeper(session, clock, intake=intake, division=division, geometry=origin.geometry)
    known = keep.segments(survey.centrelines, tell=part(tell, 0.0, _LINES))
    again = keep.facilities(survey.facilities, same=origin.same, tell=part(tell, _LINES, _PLACES))
    keep.seats(settled.seats)
    settled.known |= known | again
    settled.refused |= strays
    mended = repairs.by_line(keep.changes)
    final = [_judged(repairs.judged(report, mended), settled) for report in survey.reports]
    _report(session, intake, survey=replace(survey, reports=tuple(final)), tell=part(tell, _PLACES, 1.0))
    _report_repairs(session, intake, mended=mended, reports=survey.reports)
    return intake


def has_something(survey: Survey) -> bool:
    """Whether anything of a file can be kept."""
    return bool(survey.centrelines or survey.areas or survey.facilities)


def require_mendable(survey: Survey) -> None:
    """Refuse a file of which nothing can be kept, nor mended row by row, as Invalid.

    Nobody knows what some of its rows are, or all of them are of kinds that are not kept.
    """
    reasons = {report.reason for report in survey.reports if report.verdict is Verdict.REJECTED}
    if UNTOLD in reasons or not reasons:
        require_something(survey)


def require_something(survey: Survey) -> None:
    """Refuse a file of which nothing can be kept, as Invalid."""
    if not has_something(survey):
        raise Invalid(
            "Nothing of this file can be used: none of its {rows} rows ({rejected} rejected) is a road or place."
            " Check the columns name and kind.",
            rows=survey.rows,
            field="file",
            rejected=sum(report.verdict is Verdict.REJECTED for report in survey.reports),
        )


def require_here(session: Session, *, survey: Survey, division: Division) -> None:
    """Refuse a file most of which lies outside of its division, as Invalid."""
    _within(session, survey=survey, division=division)


@dataclass(frozen=True, slots=True)
class Home:
    """Where a division's files lie: the box of the nearest outline above it, widened; ``name`` says whose it is."""

    name: str
    box: tuple[float, float, float, float]


def home_of(session: Session, division: Division) -> Home | None:
    """Where the files of a division lie; None where no outline is known."""
    around = session.execute(
        text(
            "SELECT d.name, ST_XMin(e) AS west, ST_YMin(e) AS south, ST_XMax(e) AS east, ST_YMax(e) AS north"
            " FROM base.division d, ST_Expand(Box2D(d.outline), :margin) e"
            " WHERE d.path @> (:path)::ltree AND d.outline IS NOT NULL ORDER BY nlevel(d.path) DESC LIMIT 1"
        ),
        {"path": division.path, "margin": MARGIN_DEG},
    ).one_or_none()
    return None if around is None else Home(around.name, (around.west, around.south, around.east, around.north))


def _within(session: Session, *, survey: Survey, division: Division) -> tuple[Survey, dict[str, Said]]:
    """The survey without what lies outside of the division, by key why not; all of it where no outline is known.

    Raises Invalid where most of a file lies outside: a wrong datum, swapped axes, another county. The last wall;
    :func:`app.intake.datums.look` tells before what the reason is.
    """
    around = home_of(session, division)
    found = [
        *((line.key, line.line) for line in survey.centrelines),
        *((area.key, area.shape) for area in survey.areas),
        *((facility.key, facility.point) for facility in survey.facilities),
    ]
    if around is None or not found:
        return survey, {}
    inside = shapely.intersects(np.array([shape for _, shape in found], dtype=object), shapely.box(*around.box))
    if inside.mean() < MOST:
        raise Invalid(
            "{share} % of the file's places lie outside {name}. Check the coordinate system and the division.",
            field="datum",
            share=round(100 * (1 - float(inside.mean()))),
            name=around.name,
        )
    gone = {key for (key, _), lies in zip(found, inside.tolist(), strict=True) if not lies}
    kept = replace(
        survey,
        centrelines=tuple(line for line in survey.centrelines if line.key not in gone),
        areas=tuple(area for area in survey.areas if area.key not in gone),
        facilities=tuple(facility for facility in survey.facilities if facility.key not in gone),
    )
    return kept, dict.fromkeys(gone, Said(OUTSIDE, {"name": around.name}, "geometry"))


def undo_intake(session: Session, *, intake: Intake) -> list[str]:
    """Applied → undone: its segments and facilities go, divisions have the places back that they had before.

    The names of divisions that keep theirs, as it was set again since. Raises Conflict once a street was built on its
    lines, NotAllowed for who may not set the places of the divisions that have theirs from it.
    """
    if intake.state != IntakeState.APPLIED.value:
        raise Conflict("The intake of {source} was undone already.", source=intake.source)
    try:
        with session.begin_nested():
            for table in (Segment, Facility):
                session.execute(delete(table).where(table.intake_id == intake.id))
    except IntegrityError as error:
        raise Conflict(
            "Streets were made from the lines of {source}. Dissolve these streets first.", source=intake.source
        ) from error
    left = give_back(session, intake=intake)
    intake.state = IntakeState.UNDONE.value
    session.flush()
    return left


def _report(session: Session, intake: Intake, *, survey: Survey, tell: Share) -> None:
    """Store the verdict on every row, and the counts, which add up to the rows by a constraint."""
    counts = Counter(report.verdict for report in survey.reports)
    counts[Verdict.IGNORED] += survey.rows - len(survey.reports)
    intake.rows = survey.rows
    for verdict in Verdict:
        setattr(intake, verdict.value, counts[verdict])
    intake.left_out = _left_out(survey)
    rows = [
        {
            "intake_id": intake.id,
            "division_id": intake.division_id,
            "row": report.row,
            "key": report.key,
            "verdict": report.verdict.value,
            "reason": report.reason,
            "field": report.field,
            "values": {name: str(value) for name, value in report.values.items()},
        }
        for report in survey.reports
        if report.verdict in STORED or intake.columns
    ]
    session.flush()
    for chunk in chunks(rows, tell):
        session.execute(insert(IntakeRow), chunk, execution_options=WHOLE)


def _left_out(survey: Survey) -> list[dict[str, Any]]:
    """Why rows were ignored, as :class:`app.intake.models.Intake` keeps it; those that are only counted come last."""
    only = [{"reason": each.reason, "values": each.values, "rows": each.rows, "first": 0} for each in survey.others]
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[int]] = {}
    for report in survey.reports:
        if report.verdict is Verdict.IGNORED:
            values = tuple(sorted((name, str(value)) for name, value in report.values.items()))
            found.setdefault((report.reason, values), []).append(report.row)
    often = sorted(found.items(), key=lambda each: (-len(each[1]), each[1][0]))
    told = [
        {"reason": reason, "values": dict(values), "rows": len(rows), "first": rows[0]}
        for (reason, values), rows in often[:_REASONS]
    ]
    rest = [row for _, rows in often[_REASONS:] for row in rows]
    more = [{"reason": "", "values": {}, "rows": len(rest), "first": min(rest)}] if rest else []
    return [*told, *more, *only]


def _report_repairs(
    session: Session, intake: Intake, *, mended: Mapping[str, Sequence[Change]], reports: Sequence[RowReport]
) -> None:
    """Store what was mended in the lines, with its place."""
    row_of = {key: report.row for report in reports for key in report.made or (report.key,)}
    given = {"intake_id": intake.id, "division_id": intake.division_id}
    found = [row | given for row in repairs.rows(mended, row_of)]
    if found:
        session.execute(insert(Repair), found, execution_options=WHOLE)


def _judged(report: RowReport, settled: Settled) -> RowReport:
    """A row's report after the register was asked: refused, known already, or with what it changed there."""
    if report.verdict not in {Verdict.ACCEPTED, Verdict.REPAIRED}:
        return report
    keys = report.made or (report.key,)
    refused, taken = settled.refused.get(keys[0]), settled.taken.get(keys[0])
    if refused is not None:
        return _with(report, Verdict.REJECTED, refused)
    if all(key in settled.known for key in keys):
        return _with(report, Verdict.DUPLICATE, settled.known[keys[0]])
    if taken is not None:
        more = replace(taken, reason=f"{report.reason} {taken.reason}".strip(), values=report.values | taken.values)
        return _with(report, report.verdict, replace(more, field=report.field))
    return report


def _with(report: RowReport, verdict: Verdict, said: Said) -> RowReport:
    return replace(report, verdict=verdict, reason=said.reason, values=said.values, field=said.field)
