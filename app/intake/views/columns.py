"""Which column of a file says what, and what the values of its column of kinds are.

The officer's choice, with a preview of what it makes of the rows.
"""

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
from app.intake.datums import NOWHERE, Look, find_datum
from app.intake.mappings import Said
from app.intake.views import asking
from app.intake.views.asking import Handed, said_before
from app.intake.views.records import VERDICTS
from gis.features import AreaKind, FacilityKind, Survey, Verdict
from gis.formats import LEFT_OUT, By, Columns, Field, Opened, Value, plain

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
    nowhere: str = ""  # where no row has coordinates, and choosing other columns of kinds would not help


@dataclass(frozen=True, slots=True)
class Asked:
    """A value that the page asks about: what is chosen for it, and whether nobody has said anything about it yet."""

    value: Value
    chosen: str
    new: bool


async def the_choice(request: Request) -> Said:
    """The form's fields that name columns, and its ``says`` (kind:value), one a value of the column of kinds."""
    form = await request.form()
    columns = {name: str(form.get(f"of_{name}", "")) for name in [*(field.value for field in Field), "every"]}
    pairs = [str(each).partition(":") for each in form.getlist("says")]
    return Said(columns, {value: kind for kind, _, value in pairs})


@router.get("")
def ask(
    session: Work, show: Show, store: Files, place: Place, uid: UUID, handed: Annotated[Handed, Depends(said_before)]
) -> Response:
    """The columns as they were remembered for such a file, else as their names suggest."""
    steps.require_officer(session)
    file = asking.file_of(session, uid)
    opened, whole = _read(session, store, file, partial(mappings.likely, session, place, handed.named(file.name)))
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
    chosen: Annotated[Said, Depends(the_choice)],
    act: Annotated[str, Form(max_length=10)] = "look",
) -> Response:
    """Look at what the chosen columns make of the file; or remember them, and go on with it.

    A column of kinds that was just chosen shows its values first: nothing of it is left out before it was seen.
    """
    steps.require_officer(session)
    file = asking.file_of(session, uid)
    source = handed.named(file.name)
    page = partial(_page, session, show, place, handed, file)
    try:
        opened, whole = _read(session, store, file, mappings.saying(session, place, source, chosen))
    except Invalid as refusal:
        opened, whole = _read(session, store, file, None)
        errors = {f"of_{refusal.field}": show.text(refusal.message, **refusal.values)}
        return page(opened=opened, columns=_as_typed(chosen, opened), whole=whole, errors=errors)
    columns = opened.by or Columns()
    if act != "take":
        return page(opened=opened, columns=columns, whole=whole)
    try:
        _require_told(opened)
        seen = _something(session, place, handed, opened) if whole else None
    except Invalid as refusal:
        errors = {f"of_{refusal.field or 'name'}": show.text(refusal.message, **refusal.values)}
        return page(opened=opened, columns=columns, whole=whole, errors=errors)
    mappings.remember(session, clock, division=place, source=source, names=opened.names, columns=columns)
    if seen is None:  # only its head was read: the worker looks at all of it
        return asking.queue(session, show, place, handed, file, sure=False, by=columns)
    return asking.onward(session, show, place, handed, file, seen)


def _read(session: Session, store: Store, file: File, by: By) -> tuple[Opened, bool]:
    """A kept file by the columns that ``by`` says, and whether that is all of it or the head of a large table."""
    head = asking.head_of(session, store, file, by)
    return (asking.opened_of(session, store, file.uid, by), True) if head is None else (head, False)


def _require_told(opened: Opened) -> None:
    """Raise Invalid where the column of kinds has values that nobody has said anything about."""
    left = opened.untold()
    if left:
        raise Invalid(
            N_("Look at what these values are, they were not known before: {values}."),
            field="values",
            values=", ".join(value.words for value in left[:MOST_REASONS]) + (" …" if len(left) > MOST_REASONS else ""),
        )


def _something(session: Session, place: Division, handed: Handed, opened: Opened) -> Look:
    """What a file is found to be. Raises Invalid for ``name`` where nothing of it can be used."""
    try:
        seen = find_datum(session, opened, datum=handed.stated, division=place)
        steps.require_mendable(seen.likely())
    except Invalid as refusal:
        raise Invalid(refusal.message, field="name", **refusal.values) from refusal
    return seen


def _as_typed(chosen: Said, opened: Opened) -> Columns:
    """What was chosen, as far as it can be, for showing it again beside what is wrong with it."""
    columns = {field: chosen.columns[field.value] for field in Field}
    values = {plain(value): kind for value, kind in chosen.values.items() if kind in {*mappings.EVERY, LEFT_OUT}}
    return Columns({field: column for field, column in columns.items() if column in opened.names}, values=values)


def _asked(values: list[Value], columns: Columns) -> list[Asked]:
    return [
        Asked(
            value,
            columns.values.get(value.plain) or value.known or LEFT_OUT,
            value.known is None and value.plain not in columns.values,
        )
        for value in values
    ]


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
    readable = not errors or (opened.by is not None and errors.keys() == {"of_values"})  # only what values are is open
    fields = [field for field in FIELDS if opened.table or field not in mappings.PLACES]
    values, beyond = mappings.asked(session, place, handed.named(file.name), opened=opened, columns=columns)
    return show.page(
        "intake/columns.html",
        status=422 if errors else 200,
        place=place,
        file=file,
        url=f"/intake/files/{file.uid}/columns",
        hidden={name: getattr(handed, name) for name in ("source", "licence", "geometry")} | {"other": handed.stated},
        names=opened.names,
        options=[(name, name) for name in opened.names],
        rows=[row.tags for row in opened.rows[:MOST_ROWS] if row.tags],
        total=len(opened.rows),
        whole=whole,
        fields={field.value: FIELDS[field] for field in fields},
        picked={field.value: column for field, column in columns.of.items()} | {"every": columns.every},
        called={column: FIELDS[field] for field, column in columns.of.items() if field in fields},
        every=[(word, word) for word in mappings.EVERY],
        kind_column=columns.of.get(Field.KIND, ""),
        values=_asked(values, columns),
        beyond=beyond,
        left_out=LEFT_OUT,
        preview=_preview(session, show, place, handed, opened) if readable else None,
        of_list=False,
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
        show.reason(report.reason, report.values)
        for report in survey.reports
        if report.verdict in {Verdict.REJECTED, Verdict.IGNORED}
    )
    counted = Counter(report.verdict for report in survey.reports)
    verdicts = {verdict.value: counted[verdict] for verdict in Verdict if counted[verdict]}
    nowhere = show.text(NOWHERE.message) if opened.nowhere else ""
    return Preview(verdicts, _made(survey), left.most_common(MOST_REASONS), nowhere=nowhere)


def _made(survey: Survey) -> dict[str, int]:
    made = Counter(area.kind.value for area in survey.areas) + Counter(each.kind.value for each in survey.facilities)
    return {kind: n for kind in MADE if (n := made[kind] if kind != "roads" else len(survey.centrelines))}
