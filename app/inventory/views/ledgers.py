"""The lists of 摸底排查, on pages and as Excel files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.base import paging
from app.base.errors import N_, Invalid
from app.base.people import may
from app.base.request import Answer, Me, Now, Place, Show, Work, one_of
from app.inventory import ledgers, logic
from app.inventory.ledgers import MOST_TOLD, Asked, Concern, Looked, Memory, Told
from app.inventory.logic import Case, Ledger
from app.inventory.views.streets import STATES, require_reader
from gis.formats.workbooks import Sheet, workbook

router = APIRouter()

TITLES = {
    Ledger.UNNAMED: N_("No name"),
    Ledger.UNSIGNED: N_("Named but no sign"),
    Ledger.NEARBY: N_("Near another street's name"),
    Ledger.SEVERAL: N_("One street, several names"),
    Ledger.REPEATED: N_("Several streets, one name"),
    Ledger.BARE: N_("Villages and communities without a street in scope"),
}
#: What each list holds, and what to do about it.
HINTS = {
    Ledger.UNNAMED: N_("Streets without a name in force and without a surveyed one. Those in scope want a proposal."),
    Ledger.UNSIGNED: N_(
        "Streets with a name of which no sign stands. Decide names that are only surveyed, then plan their signs."
    ),
    Ledger.NEARBY: N_(
        "Streets without a name beside a named one, or in line with it. Ask whether they belong to it first."
    ),
    Ledger.SEVERAL: N_(
        "Streets that run on as one course under several names, or that a later survey calls otherwise. Decide which"
        " name it keeps, or where the one ends."
    ),
    Ledger.REPEATED: N_(
        "Streets of one county that bear the same name. Decide which of them keeps it; join those that meet and are"
        " one."
    ),
    Ledger.BARE: N_(
        "Villages and residents' committees without a street in scope. Take in roads and facilities, or judge again."
    ),
}
#: Rows that one file holds at most: what Excel opens at once, and a few seconds to write.
MOST_ROWS = 20_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DATUM = N_("CGCS2000 (EPSG:4490), longitude and latitude in degrees")
HEADS = (
    (N_("No."), 6),
    (N_("Village"), 18),
    (N_("Town"), 14),
    (N_("Street"), 22),
    (N_("Reason"), 40),
    (N_("Other streets concerned"), 48),
    (N_("Length (m)"), 12),
    (N_("Longitude of the middle (CGCS2000)"), 22),
    (N_("Latitude of the middle (CGCS2000)"), 22),
    (N_("In scope"), 10),
    (N_("Street's key"), 38),
)
VILLAGE_HEADS = (
    (N_("No."), 6),
    (N_("Village"), 18),
    (N_("Town"), 14),
    (N_("Reason"), 40),
    (N_("Streets"), 12),
    (N_("Longitude (CGCS2000)"), 22),
    (N_("Latitude (CGCS2000)"), 22),
)


def the_memory(request: Request) -> Memory:
    """What the process has found already."""
    return request.app.state.ledgers  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Shown:
    """Which list is asked for, and of which scope, as the address says; streets without a name unless it does."""

    ledger: Annotated[str, Query(alias="list", max_length=20)] = ""
    scope: Annotated[str, Query(max_length=4)] = ""

    def __post_init__(self) -> None:
        """Raise Invalid for a value that the page does not know."""
        one_of(self.ledger, [each.value for each in Ledger], field="list")
        one_of(self.scope, ("in", "out"), field="scope")

    @property
    def chosen(self) -> Ledger:
        """The list."""
        return Ledger(self.ledger or Ledger.UNNAMED.value)


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of the chosen territory for the person who asks; ``looked`` is None above the counties."""

    asked: Asked
    looked: Looked | None

    def concern(self, ledger: Ledger, street: int) -> Concern:
        """What a street of a list is about; itself alone in a list by rows."""
        return (self.looked or {}).get(ledger, {}).get(street, Concern((street,)))


def the_lists(
    request: Request,
    session: Work,
    actor: Me,
    place: Place,
    view: Annotated[Shown, Depends()],
    memory: Annotated[Memory, Depends(the_memory)],
) -> Lists:
    """The lists of the chosen territory. Raises NotAllowed for a role that reads no streets."""
    require_reader(session)
    state = request.app.state
    asked = Asked(place, view.scope, state.named_streets, state.signed_streets)
    ground = ledgers.ground_of(session, actor, place)
    return Lists(asked, ledgers.look(session, memory, ground, asked.names) if ground else None)


Found = Annotated[Lists, Depends(the_lists)]
View = Annotated[Shown, Depends()]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a list: the street, the sentence why, the other streets that it is about as far as they are told."""

    row: Any
    reason: str
    others: tuple[Told, ...]
    more: int
    to_join: bool = False  # it and the others meet in one village: an officer may join them


@router.get("/inventory/ledgers")
def index(
    session: Work, show: Show, found: Found, view: View, after: Annotated[str | None, Query(max_length=400)] = None
) -> Response:
    """One list of the chosen territory, beside how many rows each has."""
    ledger, asked = view.chosen, found.asked
    known = ledger is Ledger.BARE or ledger not in ledgers.BY_LINES or found.looked is not None
    statement, keys = _statement(found, ledger)
    page = paging.page(session, statement, keys=keys, after=after) if known else None
    bare = ledger is Ledger.BARE
    return show.page(
        "inventory/ledgers.html",
        place=asked.place,
        view=view,
        ledger=ledger.value,
        titles={each.value: title for each, title in TITLES.items()},
        hint=HINTS[ledger],
        counts={each.value: n for each, n in ledgers.counts(session, asked, found.looked).items()},
        committees=ledgers.committees(session, asked.place) if bare else 0,
        page=page,
        entries=[] if bare or page is None else _entries(session, show, found, ledger, page.rows),
        counties=[] if known else ledgers.counties(session, asked.place),
        states=STATES,
        may_join=may(session, "inventory.street", "change"),
    )


@router.get("/inventory/ledgers.xlsx")
def export(session: Work, show: Show, clock: Now, found: Found, view: View) -> Response:
    """One list of the chosen territory as an Excel file: its rows, and a sheet that says what they are."""
    ledger, place = view.chosen, found.asked.place
    if ledger in ledgers.BY_LINES and found.looked is None:
        raise Invalid("This list is made county by county. Choose a county at the top.", field="in")
    statement, keys = _statement(found, ledger)
    if paging.count(session, statement) > MOST_ROWS:
        raise Invalid("This list is too long for one file. Choose a smaller territory at the top.", field="in")
    if ledger is Ledger.BARE:
        rows = session.execute(ledgers.with_points(statement).order_by(*keys_as_columns(keys))).all()
        sheet = _village_sheet(show, rows)
    else:
        rows = session.execute(ledgers.with_middles(statement).order_by(*keys_as_columns(keys))).all()
        sheet = _street_sheet(show, _entries(session, show, found, ledger, rows))
    title, day = show.text(TITLES[ledger]), clock.today().isoformat()
    notes = _notes(show, title=title, place=place.name, day=day, rows=rows)
    name = f"{title}-{place.name}-{day}.xlsx"
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "cache-control": "private, no-store",
    }
    return Response(workbook([sheet, notes]), media_type=XLSX, headers=headers)


def keys_as_columns(keys: Sequence[paging.Key]) -> list[Any]:
    """What a list is ordered by, for a statement that is read whole."""
    return [key.column for key in keys]


def _statement(found: Lists, ledger: Ledger) -> tuple[Any, list[paging.Key]]:
    if ledger is Ledger.BARE:
        statement = ledgers.bare_villages(found.asked.place)
        return statement, [paging.Key(column) for column in ledgers.order_of_villages(statement)]
    statement = ledgers.rows_of(found.asked, ledger, found.looked or {})
    return statement, [paging.Key(column) for column in ledgers.keys_of(statement, ledger)]


def _entries(session: Session, show: Answer, found: Lists, ledger: Ledger, rows: Iterable[Any]) -> list[Entry]:
    concerns = [(row, found.concern(ledger, row.Street.id)) for row in rows]
    others = {row.Street.id: _others(row.Street.id, concern) for row, concern in concerns}
    known = ledgers.told(session, found.asked.names, {key for keys in others.values() for key in keys})
    return [
        _entry(show.text, ledger, row, concern, tuple(known[key] for key in others[row.Street.id] if key in known))
        for row, concern in concerns
    ]


def _others(street: int, concern: Concern) -> list[int]:
    return [key for key in concern.group[: MOST_TOLD + 1] if key != street][:MOST_TOLD]


def _entry(say: Callable[..., str], ledger: Ledger, row: Any, concern: Concern, others: tuple[Told, ...]) -> Entry:
    names = tuple(other.name for other in others)
    named = (row.name, *names) if ledger is Ledger.SEVERAL else names
    state, signs, group = row.Street.state, row.signs, len(concern.group)
    case = Case(state, signs, concern.apart_m, named, group, touching=concern.touching, called=row.called or "")
    message, values = logic.reason(ledger, case)
    more = group - 1 - len(others)
    to_join = concern.touching and not more and {other.village for other in others} == {row.village}
    return Entry(row, say(message, **values), others, more, to_join)


def _street_sheet(show: Answer, entries: Sequence[Entry]) -> Sheet:
    yes, no = show.text(N_("yes")), show.text(N_("no"))
    unnamed = show.text(N_("Unnamed street"))
    rows = [
        (
            number,
            entry.row.village,
            entry.row.town,
            entry.row.name or unnamed,
            entry.reason,
            _told(show, entry),
            round(entry.row.Street.length_m, 1),
            round(entry.row.lon, 7),
            round(entry.row.lat, 7),
            yes if entry.row.Street.in_scope else no,
            str(entry.row.Street.uid),
        )
        for number, entry in enumerate(entries, 1)
    ]
    return Sheet(show.text(N_("List")), _heads(show, HEADS), rows)


def _told(show: Answer, entry: Entry) -> str:
    unnamed = show.text(N_("Unnamed street"))
    words = "、".join(f"{other.name or unnamed} ({other.village})" for other in entry.others)
    return words if entry.more <= 0 else f"{words} {show.text(N_('and {n} more'), n=entry.more)}"


def _village_sheet(show: Answer, rows: Sequence[Any]) -> Sheet:
    none, some = show.text(N_("No street was surveyed")), show.text(N_("Streets, but none in scope"))
    lines = [
        (
            number,
            row.Division.name,
            row.town,
            some if row.streets else none,
            row.streets,
            *(None if value is None else round(value, 7) for value in (row.lon, row.lat)),
        )
        for number, row in enumerate(rows, 1)
    ]
    return Sheet(show.text(N_("List")), _heads(show, VILLAGE_HEADS), lines)


def _heads(show: Answer, heads: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(show.text(title), width) for title, width in heads]


def _notes(show: Answer, *, title: str, place: str, day: str, rows: Sequence[Any]) -> Sheet:
    """What the file is, where and when it was made, in which datum, and whether a demonstration made the places."""
    lines: list[tuple[str, object]] = [
        (show.text(N_("Territory")), place),
        (show.text(N_("As of")), day),
        (show.text(N_("Rows")), len(rows)),
        (show.text(N_("Coordinate system")), show.text(DATUM)),
    ]
    generated = (getattr(row, "Street", None) or row.Division for row in rows)
    if any(each.geometry_source == "generated" for each in generated):
        note = N_("Demonstration: lines and places are generated, not surveyed.")
        lines.append((show.text(N_("Note")), show.text(note)))
    return Sheet(show.text(N_("About this list")), ((show.text(N_("List")), 24), (title, 60)), lines)
