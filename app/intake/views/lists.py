"""A list of divisions handed in: its file kept, what its columns mean, how far its comparison is, its rejected rows."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Annotated, BinaryIO
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response, UploadFile
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid, NotFound
from app.base.files import Store, fetch
from app.base.jobs import enqueue
from app.base.models import CodeSystem, Division, File, Run, RunState
from app.base.request import Answer, Files, Me, Now, Place, Show, Work, one_of
from app.intake import editions, listing, mappings, queries, steps
from app.intake.views import asking
from app.intake.views.columns import MOST_REASONS, MOST_ROWS, Preview
from app.intake.views.editions import SYSTEMS, edition_of
from app.intake.views.records import VERDICTS
from gis.features import Verdict
from gis.formats import Opened

router = APIRouter(prefix="/intake/editions")
#: Lists up to this size (some 12,000 villages) are checked before they are queued: a bad one is refused on the form.
CHECKED_AT = 1024 * 1024
FIELDS = {
    "code": N_("Division code"),
    "name": N_("Name"),
    "town_code": N_("Code of the town"),
    "town_name": N_("Name of the town"),
    "county_code": N_("Code of the county"),
    "county_name": N_("Name of the county"),
}
#: What rows may become, in the words of the preview.
MADE = {"county": N_("Counties"), "town": N_("Towns"), "village": N_("Villages")}
_LEVELS = {listing.COUNTY: "county", listing.TOWN: "town", listing.VILLAGE: "village"}


@dataclass(slots=True)
class Told:
    """What is said about a list that is handed in."""

    system: Annotated[str, Form(max_length=20)] = CodeSystem.STATISTICS.value
    title: Annotated[str, Form(max_length=40)] = ""
    in_force_on: Annotated[str, Form(max_length=10)] = ""
    source: Annotated[str, Form(max_length=120)] = ""
    licence: Annotated[str, Form(max_length=120)] = ""
    packaged: Annotated[str, Form(max_length=3)] = ""

    def said(self) -> dict[str, str]:
        """As the pages of a kept list carry it."""
        return {name: str(getattr(self, name)) for name in ("system", "title", "in_force_on", "source", "licence")}

    def named(self, file: str) -> str:
        """The source, else the file's name."""
        return self.source.strip() or file

    def origin(self, clock: Clock, file: str) -> editions.Origin:
        """What is said, checked. Raises Invalid, naming the field."""
        one_of(self.system, SYSTEMS, field="system")
        try:
            day = date.fromisoformat(self.in_force_on)
        except ValueError as error:
            raise Invalid("Say from which day the list holds.", field="in_force_on") from error
        origin = editions.Origin(CodeSystem(self.system), self.title, day, self.named(file), self.licence)
        editions.require_said(origin, clock)
        return origin


def said_before(
    system: Annotated[str, Query(max_length=20)] = CodeSystem.STATISTICS.value,
    title: Annotated[str, Query(max_length=40)] = "",
    in_force_on: Annotated[str, Query(max_length=10)] = "",
    source: Annotated[str, Query(max_length=120)] = "",
    licence: Annotated[str, Query(max_length=120)] = "",
) -> Told:
    """What was said of a kept list, as its address carries it."""
    return Told(system, title, in_force_on, source, licence)


async def the_choice(request: Request) -> dict[str, str]:
    """The form's fields that name columns."""
    form = await request.form()
    return {name: str(form.get(f"of_{name}", "")) for name in listing.FIELDS}


@router.get("/new")
def ask(session: Work, show: Show, place: Place) -> Response:
    """The form for a list."""
    editions.require_officer(session)
    return _form(show, place, Told(), {})


@router.post("/new")
def take(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    actor: Me,
    clock: Now,
    store: Files,
    place: Place,
    told: Annotated[Told, Depends()],
    file: UploadFile | None = None,
) -> Response:
    """Keep the list and queue its comparison; a small one is checked first, and refused on the form where it is bad."""
    editions.require_officer(session)
    if told.packaged:
        said = {"division": str(place.uid), "packaged": "yes", "source": show.text("The list of 2023")}
        run = enqueue(session, "edition", said)
        return show.see(f"/intake/editions/runs/{run}", "The list waits to be compared.")
    data, name = (file.file, file.filename or "") if file is not None else (io.BytesIO(), "")
    try:
        _require_named(name)
        origin = told.origin(clock, name)
        opened, whole = _opened(data, name, data.seek(0, io.SEEK_END))
        columns = _columns(session, place, origin.source, opened)
        known = columns is not None and (not whole or _is_usable(session, place, origin, opened, columns))
    except (Invalid, Conflict) as refusal:
        field = getattr(refusal, "field", None) or "file"
        return _form(show, place, told, {field: show.text(refusal.message, **refusal.values)})
    data.seek(0)
    kept = steps.keep_file(session, store, division=place, data=data, name=name, owner_id=actor.id)
    if not known:
        query = urlencode({"in": str(place.uid), **told.said()})
        return show.see(f"/intake/editions/files/{kept.uid}/columns?{query}")
    return _queue(session, show, place, told, kept, {})


def _require_named(name: str) -> None:
    if not name:
        raise Invalid("Choose a file.", field="file")


def _opened(data: BinaryIO, name: str, size: int) -> tuple[Opened, bool]:
    """A list that is handed in, and whether that is all of it or the head of a large table."""
    data.seek(0)
    head = steps.open_head(data, name=name) if size > CHECKED_AT else None
    if head is not None:
        return head, False
    data.seek(0)
    return steps.open_bytes(data.read(), name=name), True


def _columns(session: Session, place: Division, source: str, opened: Opened) -> dict[str, str] | None:
    """By what the list is read: as an officer said of such columns, else as they are called; None where neither is."""
    columns = mappings.remembered_list(session, place, source, opened.names) or listing.columns_of(opened.names)
    return columns if listing.is_enough(columns) else None


def _is_usable(
    session: Session, place: Division, origin: editions.Origin, opened: Opened, columns: dict[str, str]
) -> bool:
    """Whether a list can be compared; not where no row has a code, which an officer is asked about.

    Raises Invalid where all rows are wrong otherwise.
    """
    within = editions.beginning(session, place, origin.system)
    given = listing.read_listing(opened.rows, within=within, columns=columns)
    if listing.has_no_codes(given):
        return False
    editions.require_usable(given)
    return True


def _queue(
    session: Session, show: Answer, place: Division, told: Told, file: File, columns: dict[str, str]
) -> Response:
    args = {
        "file": str(file.uid),
        "division": str(place.uid),
        **told.said(),
        "source": told.named(file.name),
        **({"columns": columns} if columns else {}),
    }
    run = enqueue(session, "edition", args)
    return show.see(f"/intake/editions/runs/{run}", "{name} is kept and waits to be compared.", name=file.name)


def _form(show: Answer, place: Division, told: Told, errors: dict[str, str]) -> Response:
    return show.page(
        "intake/new_edition.html",
        status=422 if errors else 200,
        place=place,
        told=told,
        systems=SYSTEMS,
        errors=errors,
    )


@router.get("/runs/{uid}")
def run_record(session: Work, show: Show, uid: UUID) -> Response:
    """How far the comparison of a list is; the edition itself once it is done."""
    run = session.scalar(select(Run).where(Run.uid == uid, Run.kind == "edition"))
    if run is None:
        raise NotFound("There is no such run, or it is not in your territory.")
    made = run.result.get("edition") if run.state == RunState.DONE.value else None
    if made:
        known = N_("This list was handed in before; nothing was changed.") if run.result.get("known") else ""
        return show.see(f"/intake/editions/{made}", known)
    file = session.scalar(select(File).where(File.uid == UUID(run.args["file"]))) if "file" in run.args else None
    said = {name: run.args.get(name, "") for name in Told().said()}
    return show.page("intake/edition_run.html", run=run, file=file, division=run.args["division"], said=said)


@router.get("/files/{uid}/columns")
def ask_columns(
    session: Work, show: Show, store: Files, place: Place, uid: UUID, told: Annotated[Told, Depends(said_before)]
) -> Response:
    """The columns as they were remembered for such a list, else as their names suggest."""
    editions.require_officer(session)
    file = asking.file_of(session, uid)
    opened, whole = _reopened(session, store, file)
    source = told.named(file.name)
    picked = mappings.remembered_list(session, place, source, opened.names) or listing.columns_of(opened.names)
    return _asked(session, show, place, told, file, opened=opened, whole=whole, picked=picked)


@router.post("/files/{uid}/columns")
def choose(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    store: Files,
    place: Place,
    clock: Now,
    uid: UUID,
    told: Annotated[Told, Depends()],
    chosen: Annotated[dict[str, str], Depends(the_choice)],
    act: Annotated[str, Form(max_length=10)] = "look",
) -> Response:
    """Look at what the chosen columns make of the list; or remember them, and have it compared."""
    editions.require_officer(session)
    file = asking.file_of(session, uid)
    opened, whole = _reopened(session, store, file)
    try:
        columns = mappings.list_columns_of(chosen, opened)
        origin = told.origin(clock, file.name)
        within = editions.beginning(session, place, origin.system)
        if act == "take" and whole:
            editions.require_usable(listing.read_listing(opened.rows, within=within, columns=columns))
    except Invalid as refusal:
        at = refusal.field if refusal.field in FIELDS else "code"
        errors = {f"of_{at}": show.text(refusal.message, **refusal.values)}
        return _asked(session, show, place, told, file, opened=opened, whole=whole, picked=chosen, errors=errors)
    if act != "take":
        return _asked(session, show, place, told, file, opened=opened, whole=whole, picked=columns)
    mappings.remember_list(session, clock, division=place, source=origin.source, names=opened.names, columns=columns)
    return _queue(session, show, place, told, file, columns)


def _reopened(session: Session, store: Store, file: File) -> tuple[Opened, bool]:
    _, content = fetch(session, store, file.uid)
    with content:
        return _opened(content, file.name, file.bytes)


def _asked(
    session: Session,
    show: Answer,
    place: Division,
    told: Told,
    file: File,
    *,
    opened: Opened,
    whole: bool,
    picked: dict[str, str],
    errors: dict[str, str] | None = None,
) -> Response:
    named = {field: column for field, column in picked.items() if column in opened.names}
    return show.page(
        "intake/columns.html",
        status=422 if errors else 200,
        place=place,
        file=file,
        url=f"/intake/editions/files/{file.uid}/columns",
        hidden=told.said(),
        names=opened.names,
        options=[(name, name) for name in opened.names],
        rows=[row.tags for row in opened.rows[:MOST_ROWS]],
        total=len(opened.rows),
        whole=whole,
        fields=FIELDS,
        picked=named,
        called={column: FIELDS[field] for field, column in named.items()},
        every=[],
        of_list=True,
        preview=None if errors else _preview(session, show, place, told, opened, named),
        verdict_words=VERDICTS,
        made_words=MADE,
        errors=errors or {},
    )


def _preview(
    session: Session, show: Answer, place: Division, told: Told, opened: Opened, columns: dict[str, str]
) -> Preview:
    if not listing.is_enough(columns):
        return Preview({}, {}, [], show.text("Say in which columns code and name stand."))
    within = editions.beginning(session, place, CodeSystem(told.system))
    given = listing.read_listing(opened.rows, within=within, columns=columns)
    left = Counter(show.text(row.reason) for row in given.told if row.verdict is Verdict.REJECTED)
    made = {_LEVELS[digits]: len(codes) for digits, (codes, _, _) in sorted(given.levels.items()) if codes}
    verdicts = {verdict.value: n for verdict, n in given.counts.items() if n}
    return Preview(verdicts, made, left.most_common(MOST_REASONS))


@router.get("/{uid}/rejected")
def rejected(session: Work, show: Show, store: Files, uid: UUID) -> Response:
    """The rejected rows as a table like the one that was handed in, with line and reason, to be mended."""
    edition = edition_of(session, uid)
    file = session.get(File, edition.file_id) if edition.file_id else None
    if file is None:
        raise NotFound("The file of this list was not kept, or is not yours; its rejected rows cannot be given back.")
    _, content = fetch(session, store, file.uid)
    with content:
        opened = steps.open_bytes(content.read(), name=file.name)
    reasons = {row: (reason, show.text(reason)) for row, reason in queries.rejected_rows(session, edition)}
    survey = listing.returned(opened, reasons, edition.columns)
    return asking.given_back(survey, kind=listing.like(opened), name=file.name, form=opened.form)
