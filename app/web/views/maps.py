"""The map: streets by state, facilities and signs of one's own territory, with the list beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from app.base.errors import N_, Invalid, NotAllowed, NotFound
from app.base.models import Division
from app.base.people import may
from app.base.request import Place, Show, Work, one_of
from app.base.tables import SAID_OF_PLACES
from app.intake.views.asking import require_reader
from app.intake.views.records import told
from app.inventory.models import StreetState
from app.inventory.views.streams import STREAMS
from app.inventory.views.streets import FACILITIES
from app.planning.models import SignState
from app.planning.queries import batch as batch_of
from app.web import mapping
from app.web.ground import Ground
from app.web.mapping import Box, Mended, Narrowed, Spotted
from gis.streets import plain_name

router = APIRouter()
#: What the address says where every state is unticked.
NO_STATE = "none"
STATES = tuple(state.value for state in StreetState)
KINDS = ("street", "sign", "facility", "village", "batch")
SCOPES = {"in": N_("In scope"), "out": N_("Out of scope")}
MOST_REPAIRS = 5_000
SIGNS = tuple(state.value for state in SignState if state is not SignState.REMOVED)


@dataclass(frozen=True, slots=True)
class Marked:
    """What the address asks to be shown and marked; at most one is shown, the smallest thing first."""

    street: UUID | None = None
    sign: UUID | None = None
    facility: UUID | None = None
    village: UUID | None = None
    batch: UUID | None = None
    mended: UUID | None = None  # the intake whose repairs are shown
    streets: Annotated[str, Query(max_length=8000)] = ""  # those that are selected, by commas

    def picked(self) -> list[UUID]:
        """The streets that are selected. Raises Invalid for what is no list of keys."""
        try:
            return [UUID(word) for word in self.streets.split(",") if word][: mapping.MOST_PICKED]
        except ValueError as error:
            raise Invalid("The selection in the address is broken. Select the streets on the map again.") from error

    def spotted(self, session: Session) -> Spotted | None:
        """The thing with its place. Raises NotFound where there is none for this person."""
        for kind in KINDS:
            uid = getattr(self, kind)
            if uid is not None:
                return getattr(mapping, kind)(session, uid)  # type: ignore[no-any-return]
        return None


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address says of streets: states by commas or ``none``, whether in scope, the stream; empty for all."""

    state: Annotated[str, Query(max_length=80)] = ""
    scope: Annotated[str, Query(max_length=10)] = ""
    stream: Annotated[str, Query(max_length=20)] = ""

    def narrowed(self, session: Session, place: Division, batch: UUID | None) -> Narrowed:
        """As the queries take it. Raises what :func:`the_narrowed` raises."""
        if not may(session, "inventory.street", "read"):
            raise NotAllowed("The map is for those who may read the streets of a territory.")
        states = () if self.state == NO_STATE else tuple(part for part in self.state.split(",") if part) or None
        for one in states or ():
            if one not in STATES:
                raise Invalid("There is no state “{name}”. Use the filters on the page.", field="state", name=one)
        scope = one_of(self.scope, SCOPES, field="scope")
        stream = one_of(self.stream, STREAMS, field="stream") or None
        found = batch_of(session, batch) if batch else None
        places = mapping.places_of(session, found) if found else None
        return Narrowed(place, found, places, states, (scope == "in") if scope else None, stream)


def the_narrowed(
    session: Work, place: Place, filters: Annotated[Filters, Depends()], batch: UUID | None = None
) -> Narrowed:
    """The filters of the address: territory, batch, states, scope and stream; every street where nothing is said.

    Raises NotAllowed where there is nothing on the map for this person, Invalid for an unknown state, scope or stream.
    """
    return filters.narrowed(session, place, batch)


@dataclass(frozen=True, slots=True)
class Opened:
    """What the map opens with; ``gone`` names what its address asks for and this person does not find (any more)."""

    narrowed: Narrowed
    spotted: Spotted | None
    mended: Mended | None
    gone: tuple[str, ...]


def the_opened(
    session: Work, place: Place, marked: Annotated[Marked, Depends()], filters: Annotated[Filters, Depends()]
) -> Opened:
    """The address of the map as far as it holds: a street is gone once its drawing is undone, and its address stays.

    What is another territory's is told apart in nothing. Raises what :func:`the_narrowed` raises but for a batch.
    """
    gone: list[str] = []
    narrowed, spotted, mended = filters.narrowed(session, place, None), None, None
    if marked.batch:
        try:
            narrowed = filters.narrowed(session, place, marked.batch)
        except NotFound:
            gone, marked = ["batch"], replace(marked, batch=None)
    try:
        spotted = marked.spotted(session)
    except NotFound:
        gone += [kind for kind in KINDS if getattr(marked, kind)][:1]
    try:
        mended = mapping.mended(session, marked.mended)
    except NotFound:
        gone.append("mended")
    return Opened(narrowed, spotted, mended, tuple(gone))


def the_box(box: Annotated[str, Query(max_length=120)] = "") -> Box | None:
    """``west,south,east,north`` in degrees; None where nothing is said. Raises Invalid for anything else."""
    if not box:
        return None
    try:
        west, south, east, north = (float(part) for part in box.split(","))
    except ValueError:
        west, south, east, north = 1.0, 1.0, 0.0, 0.0
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004 - degrees
        raise Invalid("A box is four numbers: west, south, east, north.", field="box")
    return west, south, east, north


@router.get("/map")
def page(
    request: Request,
    session: Work,
    show: Show,
    opened: Annotated[Opened, Depends(the_opened)],
    marked: Annotated[Marked, Depends()],
) -> Response:
    """The map, its filters and its legend, and the same figures as a table for those who cannot use a map."""
    narrowed, spotted, mended = opened.narrowed, opened.spotted, opened.mended
    picked, ground = mapping.picked(session, marked.picked()), request.app.state.ground
    return show.page(
        "map/map.html",
        place=narrowed.place,
        narrowed=narrowed,
        picked=picked.uids,
        box=picked.box
        or (spotted.box if spotted else None)
        or (mended.box if mended else None)
        or mapping.box_of(session, [narrowed.place.id])
        or mapping.WHOLE,
        spotted=spotted,
        mended=mended,
        gone=opened.gone,
        editable=mapping.editable(session, spotted),
        may_shape=may(session, "inventory.street", "change"),
        counts=mapping.counts(session, narrowed),
        states=STATES,
        scopes=SCOPES,
        streams=STREAMS,
        facilities=FACILITIES,
        signs=SIGNS if may(session, "planning.sign", "read") else (),
        batches=mapping.batches(session, narrowed.place),
        approval=_approval(ground),
        most=mapping.MOST_PICKED,
    )


def _approval(ground: Ground) -> str:
    return ground.settings.tianditu_approval if ground.on else ""


@router.get("/map/list")
def rows(
    session: Work,
    show: Show,
    narrowed: Annotated[Narrowed, Depends(the_narrowed)],
    box: Annotated[Box | None, Depends(the_box)],
    q: Annotated[str, Query(max_length=60)] = "",
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """The list beside the map: streets in sight, or what the words find wherever it is; ``after`` a street's key."""
    words, most = plain_name(q) or "", mapping.MOST_ROWS  # names are kept without blanks between Chinese characters
    ids = (
        mapping.found(session, narrowed, words, most=most + 1, beyond=after)
        if words
        else mapping.in_box(session, narrowed, box or mapping.WHOLE, most=most + 1, beyond=after)
    )
    return show.page(
        "map/_list.html",
        rows=mapping.rows_of(session, ids[:most]),
        places=mapping.found_places(session, narrowed, words) if words and not after else [],
        beyond=ids[most - 1] if len(ids) > most else 0,
        after=after,
        most=most,
        words_asked=words,
        nothing_chosen=narrowed.states == (),
    )


@router.get("/map/figures")
def figures(session: Work, show: Show, narrowed: Annotated[Narrowed, Depends(the_narrowed)]) -> Response:
    """The figures beside the states and their table, anew where the filters changed; states left out are counted."""
    return show.page("map/_figures.html", counts=mapping.counts(session, narrowed), states=STATES)


@router.get("/map/about")
def about(session: Work, show: Show, marked: Annotated[Marked, Depends()]) -> Response:
    """The panel of one thing on the map, with the way to its record."""
    spotted = marked.spotted(session)
    if spotted is None:
        raise Invalid("Say which street, sign, facility, village or batch.", field="street")
    editable = mapping.editable(session, spotted)
    return show.page("map/_panel.html", spotted=spotted, editable=editable, facilities=FACILITIES)


@router.get("/map/joining")
def joining(session: Work, show: Show, marked: Annotated[Marked, Depends()]) -> Response:
    """What becomes of the selected streets when they are joined: each with its length, asked once more."""
    return show.page("map/_joining.html", joining=mapping.joining(session, marked.picked()))


@router.get("/api/v1/intakes/{uid}/repairs")
def repairs(session: Work, show: Show, uid: UUID) -> Response:
    """What was mended in the lines of a file as GeoJSON points (CRS84), at most so many, each with what was done."""
    require_reader(session)
    found = mapping.mended(session, uid)
    rows = mapping.repairs(session, found.intake, most=MOST_REPAIRS + 1) if found else []
    features = [
        {
            "type": "Feature",
            "id": n,
            "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
            "properties": {"row": row.Repair.row, "deed": row.Repair.deed, "said": told(show, row.Repair)},
        }
        for n, row in enumerate(rows[:MOST_REPAIRS], start=1)
    ]
    body = {"type": "FeatureCollection", "features": features, **SAID_OF_PLACES, "more": len(rows) > MOST_REPAIRS}
    return JSONResponse(body, media_type="application/geo+json", headers={"cache-control": "private, no-store"})


@router.get("/api/v1/map/within")
def within(
    session: Work, narrowed: Annotated[Narrowed, Depends(the_narrowed)], box: Annotated[Box | None, Depends(the_box)]
) -> Response:
    """Streets in a box that was drawn to select them, at any zoom: keys outside and whether there are more."""
    most = mapping.MOST_PICKED
    ids = mapping.in_box(session, narrowed, box or mapping.WHOLE, most=most + 1)
    picked = mapping.rows_of(session, ids[:most])
    told = {"uids": [str(row.uid) for row in picked], "more": len(ids) > most}
    return JSONResponse(told, headers={"cache-control": "private, no-store"})
