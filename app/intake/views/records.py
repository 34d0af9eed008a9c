"""The pages of the intake: files taken in, each with the verdict on every row; taking one in, and undoing it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base.errors import N_, NotFound
from app.base.files import fetch
from app.base.history import entries_of
from app.base.models import Division, File, Run, RunState
from app.base.people import may
from app.base.request import Answer, Files, Place, Show, Work, one_of
from app.intake import queries, steps
from app.intake.models import Intake, IntakeRow, IntakeState, Repair
from app.intake.repairs import SAID
from app.intake.views import asking
from gis.features import RowReport, Verdict
from gis.formats import Columns
from gis.linework import Deed

router = APIRouter(prefix="/intake")
VERDICTS = {
    Verdict.ACCEPTED.value: N_("Accepted"),
    Verdict.REPAIRED.value: N_("Repaired"),
    Verdict.DUPLICATE.value: N_("Duplicate"),
    Verdict.REJECTED.value: N_("Rejected"),
    Verdict.IGNORED.value: N_("Ignored"),
}


#: Repairs in few words, for filters and the map.
DEEDS = {
    Deed.EMPTY.value: N_("Part without length"),
    Deed.FLATTENED.value: N_("Heights left out"),
    Deed.PARTED.value: N_("Line of several parts"),
    Deed.SNAPPED.value: N_("End moved"),
    Deed.COLLAPSED.value: N_("Too short"),
    Deed.UNTANGLED.value: N_("Crosses itself"),
    Deed.OVERLAPPED.value: N_("Lies on another in part"),
    Deed.REPEATED.value: N_("Lies on another"),
}


@router.get("")
def index(session: Work, show: Show, place: Place, after: str | None = None) -> Response:
    """Files taken in for the chosen territory, the newest first."""
    asking.require_reader(session)
    keys = [paging.Key(Intake.id, descending=True)]
    return show.page(
        "intake/index.html",
        page=paging.page(session, queries.intakes(place), keys=keys, after=after),
        above=queries.taken_above(session, place),
        place=place,
        may_take=may(session, "intake.intake", "create"),
    )


@router.get("/runs/{uid}")
def run_record(session: Work, show: Show, uid: UUID) -> Response:
    """How far an intake is; the record of the intake itself once it is done."""
    run = session.scalar(select(Run).where(Run.uid == uid, Run.kind == "intake"))
    if run is None:
        raise NotFound("There is no such run, or it is not in your territory.")
    made = run.result.get("intake") if run.state == RunState.DONE.value else None
    if made:
        return RedirectResponse(f"/intake/{made}", status_code=303)
    file = session.scalar(select(File).where(File.uid == UUID(run.args["file"])))
    big = file is not None and file.bytes > asking.LOOKED_AT
    return show.page("intake/run.html", run=run, file=file, division=run.args.get("division", ""), big=big)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows a page shows: of one verdict, those that ended as the row ``like`` did, or one ``row`` alone."""

    verdict: str = ""
    like: int = 0
    row: int = 0


@router.get("/{uid}")
def record(
    session: Work, show: Show, uid: UUID, asked: Annotated[Asked, Depends()], after: str | None = None
) -> Response:
    """One file: its counts, and what became of each of its rows."""
    intake = _intake(session, uid)
    known = {each.value: each for each in Verdict}
    one_of(asked.verdict, known, field="verdict")
    alike = queries.row_at(session, intake, asked.like) if asked.like else None
    rows = queries.rows_like(intake, alike) if alike else queries.rows_of(intake, verdict=known.get(asked.verdict))
    rows = queries.row_alone(intake, asked.row) if asked.row else rows
    page = paging.page(session, rows, keys=[paging.Key(IntakeRow.row)], after=after)
    return show.page(
        "intake/record.html",
        intake=intake,
        datum="" if intake.is_rejected else asking.called(show, intake.datum),
        compared="" if intake.is_rejected else show.text(asking.COMPARED[intake.compared]),
        division=session.get(Division, intake.division_id),
        file=session.get(File, intake.file_id) if intake.file_id else None,
        made=queries.made_by(session, intake),
        mended=queries.repairs_counted(session, intake),
        deeds=DEEDS,
        left_out=[{**one, "said": show.reason(one["reason"], one["values"])} for one in intake.left_out],
        why=[
            (why, show.reason(why.first.reason, why.first.values)) for why in queries.reasons_counted(session, intake)
        ],
        page=page,
        alike=alike,
        alone=asked.row,
        links={each.id: link for each in page.rows if (link := _link(each))},
        reasons={row.id: show.reason(row.reason, row.values) for row in page.rows},
        verdict=alike.verdict if alike else asked.verdict,
        verdicts=list(known),
        verdict_words=VERDICTS,
        may_undo=intake.state == IntakeState.APPLIED.value and may(session, "intake.intake", "change"),
        entries=entries_of(session, "intake.intake", intake.id),
    )


@router.get("/{uid}/repairs")
def mended(session: Work, show: Show, uid: UUID, deed: str = "", after: str | None = None) -> Response:
    """What was mended in the lines of a file, where, and how much."""
    intake = _intake(session, uid)
    counts = queries.repairs_counted(session, intake)
    one_of(deed, counts, field="deed")
    keys = [paging.Key(Repair.row), paging.Key(Repair.id)]
    page = paging.page(session, queries.repairs_of(intake, deed=deed), keys=keys, after=after)
    return show.page(
        "intake/repairs.html",
        intake=intake,
        division=session.get(Division, intake.division_id),
        counts=counts,
        deed=deed,
        deeds=DEEDS,
        page=page,
        said={row.Repair.id: told(show, row.Repair) for row in page.rows},
    )


@router.get("/{uid}/rejected")
def rejected(session: Work, show: Show, store: Files, uid: UUID) -> Response:
    """The rejected rows in the file's own format with the reasons, to be mended and handed in again."""
    intake = _intake(session, uid)
    file = session.get(File, intake.file_id) if intake.file_id else None
    if file is None:
        raise NotFound("The file of this intake was not kept; its rejected rows cannot be given back.")
    _, content = fetch(session, store, file.uid)
    with content:
        by = Columns.of_told(intake.columns) if intake.columns else None
        opened = steps.open_bytes(content.read(), name=file.name, by=by)
    survey = queries.as_kept(session, intake, opened)
    told = tuple(_told(show, report) for report in survey.reports)
    return asking.given_back(replace(survey, reports=told), kind=opened.kind, name=file.name, form=opened.form)


def told(show: Answer, repair: Repair) -> str:
    """What was done to a line, in the reader's language."""
    return show.text(SAID[Deed(repair.deed)], **repair.values)


def _link(row: IntakeRow) -> str | None:
    """Where that stands which a duplicate repeats: its street, its division, or the row that brought it."""
    if row.verdict != Verdict.DUPLICATE.value:
        return None
    values = row.values
    if "segment" in values:
        return f"/inventory/lines/{values['segment']}"
    if "division" in values:
        return f"/divisions/{values['division']}"
    return f"/intake/{values['intake']}?row={values.get('row', 0)}#rows" if values.get("intake") else None


def _told(show: Answer, report: RowReport) -> RowReport:
    words = show.reason(report.reason, report.values)
    return replace(report, reason=words.replace("{", "{{").replace("}", "}}"), values={})


def _intake(session: Session, uid: UUID) -> Intake:
    found = session.scalar(select(Intake).where(Intake.uid == uid))
    if found is None:
        raise NotFound("There is no such intake in your territory. Look for it in the list of files taken in.")
    return found
