"""A file of words taken into a list: what each line would do is shown first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response, UploadFile
from sqlalchemy.orm import Session

from app.base.errors import N_, Invalid
from app.base.files import Store, fetch, keep
from app.base.history import current_act
from app.base.models import File
from app.base.request import Answer, Files, Me, Now, Seen, Show, Work
from app.naming import editing
from app.naming.editing import Comparison, Verdict, Wordings
from app.naming.logic.entries import Form as Written
from app.naming.logic.entries import ListKind
from app.naming.schemas import day_of, spoken_values
from app.naming.views.lists import the_list, whole_of

router = APIRouter(prefix="/lists")

PURPOSE = "list"
#: So many lines of each kind are shown; the rest is counted.
MOST_SHOWN = 200
VERDICTS = {
    Verdict.NEW: N_("New entries"),
    Verdict.CHANGED: N_("Entries that change"),
    Verdict.KNOWN: N_("On the list already"),
    Verdict.WITHDRAWN: N_("Withdrawn before, stays so"),
    Verdict.REPEATED: N_("Twice in the file"),
    Verdict.REJECTED: N_("Rejected"),
}


@dataclass(slots=True)
class Said:
    """What is said of a file when it is taken in."""

    whole: Annotated[str, Form(max_length=3)] = ""
    source: Annotated[str, Form(max_length=400)] = ""
    dated_on: Annotated[str, Form(max_length=10)] = ""


@router.get("/{kind}/import")
def ask(session: Work, show: Show, kind: str) -> Response:
    """The form for a file."""
    editing.require_editor(session)
    return _form(session, show, kind, {})


@router.post("/{kind}/import")
def hand_in(session: Work, show: Show, actor: Me, store: Files, kind: str, file: UploadFile | None = None) -> Response:
    """Keep a file and show what it would do; one that cannot be read is refused on the form."""
    editing.require_editor(session)
    the_list(session, kind)
    data, name = (file.file.read(editing.LARGEST_BYTES + 1), file.filename or "") if file else (b"", "")
    if not name:
        return _form(session, show, kind, {"file": show.text("Choose a file.")})
    try:
        editing.lines_of(data, name=name)
    except Invalid as refusal:
        return _form(session, show, kind, {"file": show.text(refusal.message, **refusal.values)})
    kept = keep(
        session,
        store,
        division_id=actor.division_id,
        data=data,
        media_type=(file.content_type if file else "") or "application/octet-stream",
        name=name,
        purpose=PURPOSE,
        owner_id=actor.id,
    )
    return show.see(f"/lists/{kind}/import/{kept.uid}")


@router.get("/{kind}/import/{uid}")
def preview(session: Work, show: Show, store: Files, kind: str, uid: UUID) -> Response:
    """What a kept file would do to the list, line by line; nothing is changed."""
    editing.require_editor(session)
    file, found = _compared(session, show, store, kind, uid)
    return _preview(session, show, kind, file, found, Said(), {})


@router.post("/{kind}/import/{uid}")
def take_in(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    clock: Now,
    store: Files,
    kind: str,
    uid: UUID,
    seen: Seen,
    said: Annotated[Said, Depends()],
) -> Response:
    """The file comes true, as it was shown: refused where the list changed since."""
    editing.require_editor(session)
    row, of = the_list(session, kind)
    whole_of(row).require(" ".join(seen), again=f"/lists/{kind}/import/{uid}")
    file, found = _compared(session, show, store, kind, uid)
    dated_on = day_of(said.dated_on) if said.dated_on else row.NameList.dated_on
    if dated_on is None or dated_on > clock.today():
        errors = {"dated_on": show.text("Give the day of the list; it does not lie ahead.")}
        return _preview(session, show, kind, file, found, said, errors)
    n = editing.take_in(session, clock, to=row.NameList, found=found, whole=said.whole == "yes")
    if said.source.strip():
        licence = row.NameList.licence
        editing.describe(session, of=row.NameList, source=said.source, licence=licence, dated_on=dated_on)
    return show.see(
        f"/lists/{kind}",
        "{n} entries of “{title}” came, changed or went.",
        undo=current_act(session),
        n=n,
        title=show.text(of.title),
    )


def _compared(session: Session, show: Answer, store: Store, kind: str, uid: UUID) -> tuple[File, Comparison]:
    row, of = the_list(session, kind)
    file, content = fetch(session, store, uid)
    with content:
        lines = editing.lines_of(content.read(), name=file.name)
    return file, editing.compare(session, to=row.NameList, lines=lines, wordings=_wordings(show, of))


def _wordings(show: Answer, kind: ListKind) -> Wordings:
    """How a file may call columns and values: as the program, in English, in the reader's language."""
    columns: dict[str, str] = {}
    values: dict[tuple[str, str], str] = {}
    for key, column in kind.by_key.items():
        for name in (key, column.shipped, column.title, show.text(column.title)):
            columns[name.lower()] = key
        for value, word in column.choices.items():
            values |= {(key, word.lower()): value, (key, show.text(word).lower()): value}
        if column.form is Written.YES:
            values |= {(key, show.text(N_("yes")).lower()): "yes", (key, show.text(N_("no")).lower()): "no"}
    columns.pop("", None)
    return Wordings(columns, values)


def _form(session: Session, show: Answer, kind: str, errors: dict[str, str]) -> Response:
    row, of = the_list(session, kind)
    return show.page(
        "naming/list_import.html", status=422 if errors else 200, row=row, kind=of, found=None, errors=errors
    )


def _preview(  # noqa: PLR0917 - what a refused form brings along
    session: Session,
    show: Answer,
    kind: str,
    file: File,
    found: Comparison,
    said: Said,
    errors: dict[str, str],
) -> Response:
    row, of = the_list(session, kind)
    lines = {verdict: found.of(verdict) for verdict in VERDICTS}
    return show.page(
        "naming/list_import.html",
        status=422 if errors else 200,
        row=row,
        kind=of,
        found=found,
        file=file,
        lines={verdict: some[:MOST_SHOWN] for verdict, some in lines.items()},
        counts={verdict: len(some) for verdict, some in lines.items()},
        verdicts=VERDICTS,
        reason=lambda line: show.text(line.reason, **spoken_values(show.text, line.told)) if line.reason else "",
        whole=whole_of(row),
        said=said,
        errors=errors,
    )
