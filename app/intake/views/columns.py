"""Which column of a file says what: the officer's choice, with a preview of what it makes of the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy.orm import Session

from app.base.errors import N_, Invalid
from app.base.files import Store
from app.base.models import Division, File
from app.base.request import Answer, Files, Now, Place, Show, Work
from app.intake import mappings, steps
from app.intake.datums import Look, find_datum
from app.intake.views import asking
from app.intake.views.asking import Handed, said_before
from app.intake.views.records import VERDICTS, said
from gis.features import AreaKind, FacilityKind, Survey, Verdict
from gis.formats import By, Columns, Field, Opened, guess

router = APIRouter(prefix="/intake/files/{uid}/columns")
#: Rows of the file that the page shows as they are, and reasons for refused or ignored rows.
MOST_ROWS, MOST_REASONS = 6, 5
FIELDS = {
    Field.NAME: N_("Name"),
    Field.KIND: N_("Kind of thing"),
    Field.CODE: N_("Division code"),
    Field.TOWN: N_("Town"),
    Field.ROAD_CLASS: N_("Road class"),
    Field.X: N_("Longitude, or x (east)"),
    Field.Y: N_("Latitude, or y (north)"),
    Field.WKT: N_("Geometry as WKT"),
}
PLACES = frozenset({Field.X, Field.Y, Field.WKT})
#: What rows may become, in the words of the preview.
MADE = {
    "roads": N_("Road lines"),
    AreaKind.COUNTY.value: N_("Counties"),
    AreaKind.TOWN.value: N_("Towns"),
    AreaKind.VILLAGE.value: N_("Villages"),
    FacilityKind.COMMITTEE.value: N_("Committees"),
    FacilityKind.SHOP.value: N_("Shops"),
    FacilityKind.CLINIC.value: N_("Clinics"),
    FacilityKind.SCHOOL.value: N_("Schools"),
}


@dataclass(frozen=True, slots=True)
class Preview:
    """What the columns make of the file: its rows by verdict and kind, why rows are left out, or why it cannot be."""

    verdicts: Mapping[str, int]
    made: Mapping[str, int]
    reasons: list[tuple[str, int]]
    refusal: str = ""


async def the_choice(request: Request) -> dict[str, str]:
    """The form's fields that name columns."""
    form = await request.form()
    return {name: str(form.get(f"of_{name}", "")) for name in [*(field.value for field in Field), "every"]}


@router.get("")
def ask(
    session: Work, show: Show, store: Files, place: Place, uid: UUID, handed: Annotated[Handed, Depends(said_before)]
) -> Response:
    """The columns as they were remembered for such a file, else as their names suggest."""
    steps.require_officer(session)
    file = asking.file_of(session, uid)
    opened, whole = _read(session, store, file, partial(_likely, session, place, handed.named(file.name)))
    return _page(session, show, place, handed, file, opened=opened, columns=opened.by or Columns(), whole=whole)


@router.post("")
def choose(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    store: Files,
    place: Place,
    clock: Now,
    uid: UUID,
    handed: Annotated[Handed, Depends()],
    chosen: Annotated[dict[str, str], Depends(the_choice)],
    act: Annotated[str, Form(max_length=10)] = "look",
) -> Response:
    """Look at what the chosen columns make of the file; or remember them, and go on with it."""
    steps.require_officer(session)
    file = asking.file_of(session, uid)
    try:
        opened, whole = _read(session, store, file, partial(mappings.columns_of, chosen))
    except Invalid as refusal:
        errors = {f"of_{refusal.field}": show.text(refusal.message, **refusal.values)}
        opened, _ = _read(session, store, file, None)
        columns = Columns({field: chosen[field.value] for field in Field if chosen[field.value] in opened.names})
        return _page(session, show, place, handed, file, opened=opened, columns=columns, errors=errors)
    columns = opened.by or Columns()
    if act != "take":
        return _page(session, show, place, handed, file, opened=opened, columns=columns, whole=whole)
    try:
        seen = _something(session, place, handed, opened) if whole else None
    except Invalid as refusal:
        errors = {"of_name": show.text(refusal.message, **refusal.values)}
        return _page(session, show, place, handed, file, opened=opened, columns=columns, errors=errors)
    mappings.remember(
        session, clock, division=place, source=handed.named(file.name), names=opened.names, columns=columns
    )
    if seen is None:  # only its head was read: the worker looks at all of it
        return asking.queue(session, show, place, handed, file, sure=False, by=columns)
    return asking.onward(session, show, place, handed, file, seen)


def _read(session: Session, store: Store, file: File, by: By) -> tuple[Opened, bool]:
    """A kept file by the columns that ``by`` says, and whether that is all of it or the head of a large table."""
    head = asking.head_of(session, store, file, by)
    return (asking.opened_of(session, store, file.uid, by), True) if head is None else (head, False)


def _something(session: Session, place: Division, handed: Handed, opened: Opened) -> Look:
    """What a file is found to be. Raises Invalid where nothing of it can be used."""
    seen = find_datum(session, opened, datum=handed.stated, division=place)
    steps.require_something(seen.likely())
    return seen


def _likely(session: Session, place: Division, source: str, opened: Opened) -> Columns:
    """What was remembered for such a file, else what the names suggest; only a table's places stand in columns."""
    columns = mappings.remembered(session, place, source, opened.names) or guess(opened.names)
    if opened.table:
        return columns
    return Columns({field: column for field, column in columns.of.items() if field not in PLACES}, columns.every)


def _page(
    session: Session,
    show: Answer,
    place: Division,
    handed: Handed,
    file: File,
    *,
    opened: Opened,
    columns: Columns,
    whole: bool = True,
    errors: dict[str, str] | None = None,
) -> Response:
    fields = [field for field in FIELDS if opened.table or field not in PLACES]
    return show.page(
        "intake/columns.html",
        status=422 if errors else 200,
        place=place,
        handed=handed,
        file=file,
        names=opened.names,
        options=[(name, name) for name in opened.names],
        rows=[row.tags for row in opened.rows[:MOST_ROWS]],
        total=len(opened.rows),
        whole=whole,
        fields={field.value: FIELDS[field] for field in fields},
        picked={field.value: column for field, column in columns.of.items()} | {"every": columns.every},
        called={column: FIELDS[field] for field, column in columns.of.items() if field in fields},
        every=[(word, word) for word in mappings.EVERY],
        preview=None if errors else _preview(session, show, place, handed, opened),
        verdict_words=VERDICTS,
        made_words=MADE,
        errors=errors or {},
    )


def _preview(session: Session, show: Answer, place: Division, handed: Handed, opened: Opened) -> Preview:
    try:
        seen: Look = find_datum(session, opened, datum=handed.stated, division=place)
        survey = seen.likely()
    except Invalid as refusal:
        return Preview({}, {}, [], show.text(refusal.message, **refusal.values))
    left = Counter(
        said(show, report.reason, report.values)
        for report in survey.reports
        if report.verdict in {Verdict.REJECTED, Verdict.IGNORED}
    )
    counted = Counter(report.verdict for report in survey.reports)
    verdicts = {verdict.value: counted[verdict] for verdict in Verdict if counted[verdict]}
    return Preview(verdicts, _made(survey), left.most_common(MOST_REASONS))


def _made(survey: Survey) -> dict[str, int]:
    made = Counter(area.kind.value for area in survey.areas) + Counter(each.kind.value for each in survey.facilities)
    return {kind: n for kind in MADE if (n := made[kind] if kind != "roads" else len(survey.centrelines))}
