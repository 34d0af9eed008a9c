"""Streets, why they are in scope, and making them from what was surveyed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from app.base.history import current_act, entries_of
from app.base.jobs import enqueue_once
from app.base.models import Division
from app.base.people import Actor, may
from app.base.request import Answer, Now, Place, Seen, Show, Work, one_of
from app.base.tables import SAID_OF_PLACES
from app.inventory import logic, queries, steps
from app.inventory.asks import DaysOfNaming, HoldsOfStreets, NamesInForce
from app.inventory.models import Stream, Street, StreetState
from signs.designs import is_blue

router = APIRouter()


def the_names(request: Request) -> NamesInForce:
    """The later station's answer to which names are in force."""
    return request.app.state.names_in_force  # type: ignore[no-any-return]


def the_days(request: Request) -> DaysOfNaming:
    """The later station's answer to when a street's name came to each stage."""
    return request.app.state.days_of_naming  # type: ignore[no-any-return]


def the_holds(request: Request) -> tuple[HoldsOfStreets, ...]:
    """The later stations' answers to what was built on streets."""
    return request.app.state.holds_of_streets  # type: ignore[no-any-return]


Names = Annotated[NamesInForce, Depends(the_names)]
Days = Annotated[DaysOfNaming, Depends(the_days)]
Holds = Annotated[tuple[HoldsOfStreets, ...], Depends(the_holds)]
GEOJSON = "application/geo+json"
STATES = tuple(state.value for state in StreetState)
#: Streets whose scope is judged while the page waits (a second or two); more are judged by the worker.
AT_ONCE = 3000
FACILITIES = {
    "committee": N_("Committee"),
    "shop": N_("Shop"),
    "clinic": N_("Clinic"),
    "school": N_("School"),
}
ROADS = {
    "motorway": N_("Motorway"),
    "trunk": N_("Trunk road"),
    "primary": N_("Main road"),
    "secondary": N_("Secondary road"),
    "tertiary": N_("Connecting road"),
    "residential": N_("Residential street"),
    "unclassified": N_("Minor road"),
    "service": N_("Service road"),
    "living_street": N_("Living street"),
    "pedestrian": N_("Pedestrian street"),
    "track": N_("Track"),
    "footway": N_("Footway"),
    "path": N_("Path"),
    "国道": N_("National road"),
    "省道": N_("Provincial road"),
    "县道": N_("County road"),
    "乡道": N_("Township road"),
    "村道": N_("Village road"),
    "主街": N_("Main street"),
    "街": N_("Village street"),
    "路": N_("Road"),
    "巷": N_("Lane"),
    "胡同": N_("Alley"),
    "里弄": N_("Alley"),
}


def waiting(session: Session, actor: Actor, clock: Clock) -> int:
    """Unnamed streets in scope without a proposal, for those who may propose."""
    del actor, clock
    return queries.waiting(session) if may(session, "inventory.street", "change") else 0


@dataclass(frozen=True, slots=True)
class Shown:
    """What the list shows, as its address says."""

    state: Annotated[str, Query(max_length=20)] = ""
    scope: Annotated[str, Query(max_length=4)] = ""
    surveyed: Annotated[str, Query(max_length=4)] = ""
    stream: Annotated[str, Query(max_length=20)] = ""
    sort: Annotated[str, Query(max_length=20)] = ""
    only: Annotated[str, Query(max_length=8000)] = ""  # the streets selected on the map, by commas
    after: Annotated[str | None, Query(max_length=400)] = None

    def __post_init__(self) -> None:
        """Raise Invalid for a value that no filter of the list has."""
        one_of(self.state, STATES, field="state")
        one_of(self.scope, ("in", "out"), field="scope")
        one_of(self.surveyed, ("yes", "no"), field="surveyed")
        one_of(self.stream, [stream.value for stream in Stream], field="stream")
        one_of(self.sort.removeprefix("-"), queries.SORTS, field="sort")

    @property
    def filters(self) -> dict[str, str]:
        """What narrows the list."""
        return {"state": self.state, "scope": self.scope, "surveyed": self.surveyed, "stream": self.stream}


@dataclass(slots=True)
class Rule:
    """The distance that is asked for, and the streets as they were when it was."""

    within_m: Annotated[float, Form()]
    seen: Seen


@router.get("/inventory")
def index(session: Work, show: Show, place: Place, names: Names, view: Annotated[Shown, Depends()]) -> Response:
    """Streets of the chosen territory, by state, scope and surveyed name."""
    return _index(session, show, place, names, view)


def _index(
    session: Session,
    show: Answer,
    place: Division,
    names: NamesInForce,
    view: Shown,
    errors: dict[str, str] | None = None,
) -> Response:
    require_reader(session)
    counts = queries.counts(session, place)
    statement = queries.streets(place, **view.filters)
    if view.only:
        statement = statement.where(Street.uid.in_(_uids(view.only)))
    page = paging.page(session, statement, keys=_keys(view.sort), after=view.after)
    return show.page(
        "inventory/index.html",
        status=422 if errors else 200,
        page=page,
        named=names(session, [row.Street.id for row in page.rows]),
        view=view,
        states=STATES,
        counts=counts,
        second=queries.in_second_stream(session, place),
        may_change=may(session, "inventory.street", "change"),
        total=sum(counts.get(state, 0) for state in STATES),
        found=paging.count(session, statement),
        loose=queries.loose_segments(session, place),
        place=place,
        may_make=may(session, "inventory.street", "create"),
        whole=queries.whole_in_scope(counts),
        within_m=steps.SCOPE_M,
        roads=ROADS,
        is_blue=is_blue,
        errors=errors or {},
    )


@router.post("/inventory/scope")
def judge(
    session: Work, show: Show, place: Place, clock: Now, names: Names, rule: Annotated[Rule, Depends()]
) -> Response:
    """Which streets below the chosen division are in scope, anew: at once, or as a run where they are many."""
    again, counts = f"/inventory?in={place.uid}", queries.counts(session, place)
    queries.whole_in_scope(counts).require(" ".join(rule.seen), again=again)
    try:
        steps.require_distance(rule.within_m)
        if sum(counts.get(state, 0) for state in STATES) > AT_ONCE:
            run = enqueue_once(session, "scope", {"division": place.uid, "within_m": rule.within_m})
            return show.see(f"/inventory/runs/{run}")
        with session.begin_nested():
            inside = steps.judge_scope(session, clock, division=place, within_m=rule.within_m)
    except Invalid as refusal:
        errors = {"within_m": show.text(refusal.message, **refusal.values)}
        return _index(session, show, place, names, Shown(), errors)
    return show.see(
        f"/inventory?in={place.uid}&scope=in",
        "{n} streets of {name} are in scope.",
        undo=current_act(session),
        n=inside,
        name=place.name,
    )


@dataclass(slots=True)
class Asked:
    """What later stations are asked of one street."""

    in_force: Names
    days: Days
    holds: Holds


Later = Annotated[Asked, Depends()]


@router.get("/inventory/lines/{uid}")
def of_line(session: Work, uid: UUID) -> Response:
    """From a surveyed line to the street that was made of it, else to the file that brought it."""
    require_reader(session)
    street, intake = queries.made_of_line(session, uid)
    if not (street or intake):
        raise NotFound("There is no such line in your territory; it may have been undone with its file.")
    return RedirectResponse(f"/inventory/{street}" if street else f"/intake/{intake}", status_code=303)


@router.get("/inventory/{uid}")
def record(session: Work, show: Show, later: Later, uid: UUID) -> Response:
    """One street: what is known of it, why it is in scope, and how far its name is."""
    require_reader(session)
    return show_record(session, show, later, street_of(session, uid))


def street_of(session: Session, uid: UUID) -> Street:
    """A street. Raises NotFound for one that is none, or outside of the person's territory."""
    street = session.scalar(select(Street).where(Street.uid == uid))
    if street is None:
        raise NotFound("There is no such street in your territory. Look for it in the inventory.")
    return street


def show_record(
    session: Session, show: Answer, later: Asked, street: Street, errors: dict[str, str] | None = None
) -> Response:
    """The page of a street; with ``errors`` beside what was typed."""
    village = session.get_one(Division, street.division_id)
    named = later.in_force(session, [street.id]).get(street.id)
    return show.page(
        "inventory/record.html",
        status=422 if errors else 200,
        street=street,
        named=named,
        days=later.days(session, street.id),
        runs=logic.runs(street.bearing_deg),
        village=village,
        town=session.get(Division, village.parent_id) if village.parent_id else None,
        reasons=queries.reasons_of(session, street),
        intakes=queries.intakes_of(session, street),
        segments=queries.segments_of(session, street),
        called=queries.also_called(session, street, named.words if named else None),
        facilities=FACILITIES,
        roads=ROADS,
        is_blue=is_blue,
        entries=entries_of(session, "inventory.street", street.id),
        errors=errors or {},
        **_shaping(session, street, later.holds),
    )


def _shaping(session: Session, street: Street, holds: tuple[HoldsOfStreets, ...]) -> dict[str, Any]:
    """What an officer may do with the shape of a street, or why not."""
    nothing: dict[str, Any] = {"may_shape": False, "held": "", "cuts": [], "meeting": []}
    if not may(session, "inventory.street", "change"):
        return nothing
    try:
        steps.require_free(session, [street], holds)
    except Conflict as refusal:
        return {**nothing, "may_shape": True, "held": refusal.message}
    return {
        "may_shape": True,
        "held": "",
        "cuts": queries.cuts(street),
        "meeting": queries.meeting(session, street),
    }


@router.get("/api/v1/streets")
def streets(session: Work, place: Place, after: str | None = None, size: Annotated[int, Query(ge=1)] = 200) -> Response:
    """Streets of a division as GeoJSON, lon/lat; ``next`` is the cursor of the next page."""
    require_reader(session)
    page = paging.page(session, queries.lines(place), keys=[paging.Key(Street.id)], after=after, size=size)
    collection = {
        "type": "FeatureCollection",
        **SAID_OF_PLACES,
        "next": page.next,
        "features": [_feature(row) for row in page.rows],
    }
    return JSONResponse(collection, media_type=GEOJSON, headers={"cache-control": "private, no-store"})


def _feature(row: Any) -> dict[str, Any]:
    street: Street = row.Street
    return {
        "type": "Feature",
        "id": str(street.uid),
        "geometry": json.loads(row.shape),
        "properties": {
            "state": street.state,
            "in_scope": street.in_scope,
            "surveyed_name": street.surveyed_name,
            "length_m": round(street.length_m, 1),
            "bearing_deg": round(street.bearing_deg, 1),
            "road_class": street.road_class,
            "stream": street.stream,
            "village": str(row.village_uid),
            "geometry_source": street.geometry_source,
            "surveyed_on": street.surveyed_on.isoformat(),
        },
    }


def _uids(words: str) -> list[UUID]:
    try:
        return [UUID(word) for word in words.split(",")]
    except ValueError as error:
        raise Invalid("The selection in the address is broken. Select the streets on the map again.") from error


def _keys(sort: str) -> list[paging.Key]:
    down, column = sort.startswith("-"), queries.SORTS.get(sort.lstrip("-"))
    last = paging.Key(Street.id, descending=down)
    return [last] if column is None else [paging.Key(column, descending=down), last]


def require_reader(session: Session) -> None:
    """Raise NotAllowed for a role that reads no streets."""
    if not may(session, "inventory.street", "read"):
        raise NotAllowed("The inventory of streets is for the offices that name them.")
