"""Which programme streets are counted in, set one by one and in bulk; and the list of streets as an Excel file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base import seen as as_seen
from app.base.clock import Clock
from app.base.errors import N_, Invalid, NotAllowed
from app.base.history import current_act
from app.base.models import Division
from app.base.people import may
from app.base.request import Answer, Now, Place, Seen, Show, Work, one_of
from app.inventory import ledgers, queries, steps
from app.inventory.models import Stream, Street
from app.inventory.views.ledgers import DATUM, MOST_ROWS, XLSX
from app.inventory.views.shaping import UNNAMED, the_street
from app.inventory.views.streets import Later, Names, Shown, require_reader, show_record
from gis.formats.workbooks import Sheet, workbook

router = APIRouter()
STREAMS = {Stream.VILLAGE.value: N_("Village streets"), Stream.NEW_ROAD.value: N_("Roads without a name, new roads")}
HEADS = (
    (N_("No."), 6),
    (N_("Village"), 18),
    (N_("Name in force"), 22),
    (N_("Surveyed name"), 22),
    (N_("Programme"), 24),
    (N_("Counted there since"), 16),
    (N_("Reason"), 40),
    (N_("In scope"), 10),
    (N_("Length (m)"), 12),
    (N_("Longitude of the middle (CGCS2000)"), 22),
    (N_("Latitude of the middle (CGCS2000)"), 22),
    (N_("Street's key"), 38),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """The programme that is asked for, and why."""

    stream: Annotated[str, Form(max_length=20)] = ""
    because: Annotated[str, Form(max_length=500)] = ""

    @property
    def chosen(self) -> Stream:
        """Raises Invalid for a programme that is none."""
        return Stream(one_of(self.stream, STREAMS, field="stream") or Stream.NEW_ROAD.value)


Asked = Annotated[Wish, Depends()]


def _require_officer(session: Work) -> None:
    if not may(session, "inventory.street", "change"):
        raise NotAllowed("Only officers decide in which programme a street is counted.")


@router.post("/inventory/stream", dependencies=[Depends(_require_officer)])
def count_many(session: Work, show: Show, clock: Now, place: Place, seen: Seen, wish: Asked) -> Response:
    """Streets picked in the list → counted in one programme, all or none."""
    again = f"/inventory?in={place.uid}"
    versions = as_seen.read(seen)
    streets = session.scalars(select(Street).where(Street.uid.in_(versions))).all()
    shown = [_shown(show, street) for street in streets]
    as_seen.require(shown, versions, again=again)
    if not streets:
        raise Invalid("Choose the streets in the list first.", field="seen")
    n = steps.count_in(session, clock, streets=streets, stream=wish.chosen, reason=wish.because)
    return _told(session, show, f"{again}&stream={wish.chosen.value}", n, wish.chosen)


@router.post("/inventory/{uid}/stream", dependencies=[Depends(_require_officer)])
def count_one(
    session: Work,
    show: Show,
    clock: Now,
    later: Later,
    street: Annotated[Street, Depends(the_street)],
    wish: Asked,
) -> Response:
    """A street → counted in the other programme, for a reason."""
    try:
        with session.begin_nested():
            n = steps.count_in(session, clock, streets=[street], stream=wish.chosen, reason=wish.because)
    except Invalid as refusal:
        errors = {"because": show.text(refusal.message, **refusal.values)}
        return show_record(session, show, later, street, errors)
    return _told(session, show, f"/inventory/{street.uid}", n, wish.chosen)


def _shown(show: Answer, street: Street) -> as_seen.Shown:
    return as_seen.shown(street, street.surveyed_name or show.text(UNNAMED), f"/inventory/{street.uid}")


def _told(session: Session, show: Answer, url: str, n: int, stream: Stream) -> Response:
    message = (
        N_("{n} streets are counted in the second stream now, and in no village's figures.")
        if stream is Stream.NEW_ROAD
        else N_("{n} streets are counted among the village's streets now; their scope was judged anew.")
    )
    return show.see(url, message, undo=current_act(session), n=n)


@router.get("/inventory/streets.xlsx")
def export(
    session: Work, show: Show, clock: Now, place: Place, names: Names, view: Annotated[Shown, Depends()]
) -> Response:
    """The list of streets as its filters show it, as an Excel file. Raises Invalid for a list too long for one."""
    require_reader(session)
    statement = queries.streets(place, **view.filters)
    if paging.count(session, statement) > MOST_ROWS:
        raise Invalid("This list is too long for one file. Choose a smaller territory at the top.", field="in")
    rows = session.execute(ledgers.with_middles(statement).order_by(Division.name, Street.id)).all()
    named = names(session, [row.Street.id for row in rows])
    sheet = Sheet(
        show.text(N_("List")),
        [(show.text(title), width) for title, width in HEADS],
        [_row(show, number, row, named.get(row.Street.id)) for number, row in enumerate(rows, 1)],
    )
    name = f"{show.text(N_('Streets'))}-{place.name}-{clock.today().isoformat()}.xlsx"
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "cache-control": "private, no-store",
    }
    return Response(workbook([sheet, _notes(show, clock, place, rows)]), media_type=XLSX, headers=headers)


def _row(show: Answer, number: int, row: Any, named: Any) -> tuple[object, ...]:
    street: Street = row.Street
    return (
        number,
        row.village,
        named.words if named else "",
        street.surveyed_name or "",
        show.text(STREAMS[street.stream]),
        street.stream_on.isoformat() if street.stream_on else "",
        street.stream_reason or "",
        show.text(N_("yes") if street.in_scope else N_("no")),
        round(street.length_m, 1),
        round(row.lon, 7),
        round(row.lat, 7),
        str(street.uid),
    )


def _notes(show: Answer, clock: Clock, place: Division, rows: Any) -> Sheet:
    lines: list[tuple[str, object]] = [
        (show.text(N_("Territory")), place.name),
        (show.text(N_("As of")), clock.today().isoformat()),
        (show.text(N_("Rows")), len(rows)),
        (show.text(N_("Coordinate system")), show.text(DATUM)),
    ]
    if any(row.Street.geometry_source == "generated" for row in rows):
        note = N_("Demonstration: lines and places are generated, not surveyed.")
        lines.append((show.text(N_("Note")), show.text(note)))
    return Sheet(show.text(N_("About this list")), ((show.text(N_("List")), 24), (show.text(N_("Streets")), 60)), lines)
