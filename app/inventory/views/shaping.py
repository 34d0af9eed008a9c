"""What an officer decides of a street's shape, from its page or the map: no street, split, join, draw, re-shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from shapely import LineString, MultiLineString
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import seen as as_seen
from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid, NotAllowed
from app.base.history import current_act
from app.base.models import Division
from app.base.people import may
from app.base.request import Answer, Me, Now, Place, Seen, Show, Version, Work
from app.base.seen import require_row
from app.inventory import steps
from app.inventory.asks import HoldsOfStreets
from app.inventory.models import Street
from app.inventory.views.streets import Holds, Later, show_record, street_of


def require_officer(session: Work) -> None:
    """Raise NotAllowed for a role that decides nothing of streets, before their form and its version are looked at."""
    if not may(session, "inventory.street", "change"):
        raise NotAllowed("Only officers decide what is a street and how it runs.")


router = APIRouter(dependencies=[Depends(require_officer)])
UNNAMED = N_("Unnamed street")
_EAST, _NORTH = 180, 90
MOVED = N_("The street has its new shape and belongs to {name} now, where most of it lies.")
JOINED = N_("{n} streets are one now, {metres} m long.")
#: What sends an officer back to the map with a sentence, and how much of what they drew goes back in the address; the
#: browser keeps what is longer.
REFUSED, LONGEST = (Invalid, Conflict), 4000


#: What the map's address narrows it to, which stands after a step as before; what it marks is another thing then.
NARROWS = ("in", "batch", "state", "scope", "stream", "q", "ground")


def the_narrowing(request: Request) -> str:
    """The filters of the map that a form was sent from, as the rest of an address; empty for another page's form.

    The browser says where a form stood (``Referer``, which our pages let it say to us alone). One that says nothing
    comes back to the map without its filters.
    """
    said = urlsplit(request.headers.get("referer", ""))
    if said.path != "/map" or said.netloc != request.headers.get("host", ""):
        return ""
    kept = {name: value[:200] for name, value in parse_qsl(said.query) if name in NARROWS}
    return f"&{urlencode(kept, safe=',')}" if kept else ""


def the_home(session: Work, actor: Me) -> Division:
    """The division that the person works for, however the page is narrowed."""
    return session.get_one(Division, actor.division_id)


Home = Annotated[Division, Depends(the_home)]
Narrowing = Annotated[str, Depends(the_narrowing)]


def the_street(session: Work, show: Show, uid: UUID, version: Version) -> Street:
    """The street of a form, as its reader saw it. Raises Stale where it changed since, NotFound for none."""
    street = street_of(session, uid)
    require_row(street, version, title=street.surveyed_name or show.text(UNNAMED), url=f"/inventory/{uid}")
    return street


@dataclass(frozen=True, slots=True)
class NoStreet:
    """Why a street is none, and whether the map asked, which is shown again."""

    reason: Annotated[str, Form()] = ""
    from_map: Annotated[bool, Form()] = False

    @property
    def words(self) -> str:
        """The reason, as much of it as is kept."""
        return self.reason[:500]


@router.post("/inventory/{uid}/no-street")
def mark_no_street(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    clock: Now,
    later: Later,
    street: Annotated[Street, Depends(the_street)],
    said: Annotated[NoStreet, Depends()],
    narrowing: Narrowing,
) -> Response:
    """A street is none, for a reason; from its page or the map."""
    here = f"/map?street={street.uid}{narrowing}" if said.from_map else f"/inventory/{street.uid}"
    try:
        with session.begin_nested():
            steps.mark_no_street(session, clock, street=street, reason=said.words, holds=later.holds)
    except REFUSED as refusal:
        if said.from_map:
            again = f"{here}&edit=no-street&reason={quote(said.words)}"
            return show.see(again, refusal.message, undo=None, **refusal.values)
        if isinstance(refusal, Conflict):
            raise
        errors = {"reason": show.text(refusal.message, **refusal.values)}
        return show_record(session, show, later, street, errors)
    return show.see(here, "This is no street any more.", undo=current_act(session))


@router.post("/inventory/{uid}/street")
def take_back(
    session: Work,
    show: Show,
    clock: Now,
    street: Annotated[Street, Depends(the_street)],
    narrowing: Narrowing,
    from_map: Annotated[bool, Form()] = False,  # noqa: FBT002 - a form's field
) -> Response:
    """That a street is none is taken back, from its page or the map."""
    steps.take_back_no_street(session, clock, street=street)
    here = f"/map?street={street.uid}{narrowing}" if from_map else f"/inventory/{street.uid}"
    return show.see(here, "This is a street again.", undo=current_act(session))


@router.post("/inventory/{uid}/split")
def split(
    session: Work,
    show: Show,
    clock: Now,
    later: Later,
    street: Annotated[Street, Depends(the_street)],
    at: Annotated[str, Form()] = "",
) -> Response:
    """A street is cut in two; ``at`` is "lon,lat", of a ring "lon,lat lon,lat"."""
    try:
        with session.begin_nested():
            made = steps.split(session, clock, street=street, at=_places(at), holds=later.holds)
    except Invalid as refusal:
        return show_record(session, show, later, street, {"at": show.text(refusal.message, **refusal.values)})
    return show.see(
        f"/inventory/{street.uid}",
        "The street is cut: {rest} m are a street of their own now, {kept} m remain.",
        undo=current_act(session),
        rest=round(made.length_m),
        kept=round(street.length_m),
    )


def _places(words: str) -> list[float]:
    """Lon, lat of one place or of two. Raises Invalid (``at``) for what is none."""
    return [number for word in words.split()[:2] or [""] for number in _place(word)]


def _place(words: str, *, field: str = "at") -> tuple[float, float]:
    """Lon, lat of a form's field. Raises Invalid for what is none."""
    try:
        lon, lat = (float(word) for word in words.split(","))
    except ValueError as error:
        raise Invalid("Choose a place on the map or in the list.", field=field) from error
    if not (abs(lon) <= _EAST and abs(lat) < _NORTH):
        raise Invalid("Choose a place on the map or in the list.", field=field)
    return lon, lat


@router.post("/inventory/{uid}/cut")
def cut(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    clock: Now,
    holds: Holds,
    street: Annotated[Street, Depends(the_street)],
    narrowing: Narrowing,
    at: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """As :func:`split`, from the map, which is shown again."""
    here = f"/map?street={street.uid}{narrowing}"
    try:
        with session.begin_nested():
            steps.split(session, clock, street=street, at=_places(at), holds=holds)
    except REFUSED as refusal:
        return show.see(f"{here}&edit=cut", refusal.message, undo=None, **refusal.values)
    return show.see(here, "The street is cut in two.", undo=current_act(session))


@router.post("/inventory/draw")
def draw(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    clock: Now,
    place: Place,
    home: Home,
    narrowing: Narrowing,
    line: Annotated[str, Form(max_length=80_000)] = "",
) -> Response:
    """A street is drawn on the map; it belongs to the village that it lies in."""
    try:
        with session.begin_nested():
            drawn = _line(line)
            village = steps.village_of(session, drawn, top=home)
            before = steps.drawn_before(session, line=drawn, village=village)
            made = before or steps.draw(session, clock, line=drawn, village=village)
    except REFUSED as refusal:
        here = f"/map?edit=draw{_again(line)}{narrowing or f'&in={place.uid}'}"
        return show.see(here, refusal.message, undo=None, **refusal.values)
    return show.see(
        f"/map?street={made.uid}{narrowing}",
        "A street of {metres} m is drawn in {name}.",
        undo=None if before else current_act(session),
        metres=round(made.length_m),
        name=village.name,
    )


@router.post("/inventory/{uid}/reshape")
def reshape(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    clock: Now,
    holds: Holds,
    street: Annotated[Street, Depends(the_street)],
    home: Home,
    narrowing: Narrowing,
    line: Annotated[str, Form(max_length=80_000)] = "",
) -> Response:
    """A street runs along another line, drawn on the map."""
    here = f"/map?street={street.uid}{narrowing}"
    try:
        with session.begin_nested():
            drawn, before = _lines(line), street.division_id
            village = steps.village_of(session, drawn, top=home, former=street)
            steps.reshape(session, clock, street=street, line=drawn, holds=holds, village=village)
    except REFUSED as refusal:
        return show.see(f"{here}&edit=reshape{_again(line)}", refusal.message, undo=None, **refusal.values)
    if village.id != before:
        return show.see(here, MOVED, undo=current_act(session), name=village.name)
    return show.see(here, "The street has its new shape.", undo=current_act(session))


def _again(line: str) -> str:
    return f"&line={quote(line)}" if len(line) <= LONGEST else ""


def _lines(words: str) -> MultiLineString:
    """A street's lines, parted by semicolons. Raises Invalid (``line``) for what is none."""
    return MultiLineString([_line(one) for one in words.split(";") if one.strip()] or [_line("")])


def _line(words: str) -> LineString:
    """A line of "lon,lat lon,lat …". Raises Invalid (``line``) for what is none."""
    places = [_place(word, field="line") for word in words.split()]
    if len(places) < 2:  # noqa: PLR2004 - a line has two ends
        raise Invalid("Click at least twice: where the street begins and where it ends.", field="line")
    return LineString(places)


@router.post("/inventory/join")
def join_selected(  # noqa: PLR0917 - one argument a dependency
    session: Work,
    show: Show,
    clock: Now,
    holds: Holds,
    seen: Seen,
    narrowing: Narrowing,
    from_map: Annotated[bool, Form()] = False,  # noqa: FBT002 - a form's field
) -> Response:
    """Streets that were selected on the map become one, from there or from their list."""
    streets = _chosen(session, show, seen, again="/map")
    if not from_map:
        return _joined(session, show, clock, holds, streets)
    picked = ",".join(str(street.uid) for street in streets)
    try:
        with session.begin_nested():
            made = steps.join(session, clock, streets=streets, holds=holds)
    except REFUSED as refusal:
        here = f"/map?streets={picked}&edit=join{narrowing}"
        return show.see(here, refusal.message, undo=None, **refusal.values)
    return show.see(f"/map?street={made.uid}{narrowing}", JOINED, undo=current_act(session), **_told(streets, made))


@router.post("/inventory/{uid}/join")
def join(
    session: Work,
    show: Show,
    clock: Now,
    holds: Holds,
    street: Annotated[Street, Depends(the_street)],
    seen: Seen,
) -> Response:
    """A street and others that meet it become one; the page of that one is shown."""
    others = _chosen(session, show, seen, again=f"/inventory/{street.uid}")
    return _joined(session, show, clock, holds, [street, *others])


def _chosen(session: Session, show: Answer, seen: list[str], *, again: str) -> list[Street]:
    """The streets of a form as its reader saw them. Raises Stale where one changed since."""
    versions = as_seen.read(seen)
    streets = list(session.scalars(select(Street).where(Street.uid.in_(versions)).order_by(Street.id)))
    rows = [as_seen.shown(one, one.surveyed_name or show.text(UNNAMED), f"/inventory/{one.uid}") for one in streets]
    as_seen.require(rows, versions, again=again)
    return streets


def _joined(
    session: Session, show: Answer, clock: Clock, holds: tuple[HoldsOfStreets, ...], streets: list[Street]
) -> Response:
    made = steps.join(session, clock, streets=streets, holds=holds)
    return show.see(f"/inventory/{made.uid}", JOINED, undo=current_act(session), **_told(streets, made))


def _told(streets: list[Street], made: Street) -> dict[str, object]:
    return {"n": len(streets), "metres": round(made.length_m)}
