"""What stood in a place that was split: where it lies, and the officer's word on which part it goes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base import seen as as_seen
from app.base.errors import N_, Invalid, NotFound
from app.base.history import current_act
from app.base.models import Division
from app.base.request import Seen, Show, Work, one_of
from app.intake.models import Facility
from app.inventory import parting
from app.inventory.models import Street
from app.inventory.parting import How
from app.inventory.views.streets import FACILITIES, Names

router = APIRouter(prefix="/inventory/parting")
WHAT = {"streets": N_("Streets"), "facilities": N_("Facilities")}
TABLES: dict[str, type[Street | Facility]] = {"streets": Street, "facilities": Facility}
GROUPS = {"elsewhere": N_("Lie in another part"), "open": N_("Cannot be told"), "there": N_("Stand where they lie")}
WHY = {
    How.OUTLINE.value: N_("its outline holds the middle"),
    How.SEAT.value: N_("its seat is the nearest"),
    How.OPEN.value: N_("no outline holds it, and no seat is clearly nearer"),
}
#: In place of a part: each where it lies.
LIES = "lies"


@dataclass(slots=True)
class Asked:
    """What the list shows."""

    what: Annotated[str, Query(max_length=20)] = "streets"
    group: Annotated[str, Query(max_length=20)] = ""

    def require_known(self) -> None:
        """Raise Invalid for a value that the list does not know."""
        one_of(self.what, WHAT, field="what")
        one_of(self.group, GROUPS, field="group")


@router.get("/{uid}")
def index(
    session: Work, show: Show, names: Names, uid: UUID, asked: Annotated[Asked, Depends()], after: str | None = None
) -> Response:
    """Streets or facilities that a split left to one part, each with the part that it lies in."""
    parting.require_officer(session)
    asked.require_known()
    old, parts = _old(session, uid)
    table = TABLES[asked.what]
    found = parting.came(old, table)
    rows = [row[0] for row in session.execute(found)]
    lies = parting.placed(parts, rows)
    groups = {row.id: _group(row, lies[row.id]) for row in rows}
    if asked.group:
        found = found.where(table.id.in_([each for each, group in groups.items() if group == asked.group]))
    called = {part.id: part.name for part in parts}
    page = paging.page(session, found, keys=[paging.Key(table.id)], after=after)
    return show.page(
        "inventory/parting.html",
        old=old,
        pieces=parts,
        asked=asked,
        page=page,
        named=names(session, [row[0].id for row in page.rows]) if asked.what == "streets" else {},
        lies={each: (called.get(lie.part or 0, ""), WHY[lie.how.value]) for each, lie in lies.items()},
        counts=Counter(groups.values()),
        stands=Counter(row.division_id for row in rows),
        what=WHAT,
        groups=GROUPS,
        kinds=FACILITIES,
    )


@router.post("/{uid}")
def place(
    session: Work,
    show: Show,
    uid: UUID,
    seen: Seen,
    part: Annotated[str, Form(max_length=40)] = "",
    what: Annotated[str, Form(max_length=20)] = "streets",
) -> Response:
    """What was picked goes to the part that was said, or each to the one that it lies in."""
    parting.require_officer(session)
    one_of(what, WHAT, field="what")
    old, parts = _old(session, uid)
    url = f"/inventory/parting/{uid}?what={what}"
    versions = as_seen.read(seen)
    rows = _rows(session, what, list(versions))
    as_seen.require([as_seen.shown(row, _title(row), url) for row in rows], versions, again=url)
    into = _into(parts, rows, part)
    n = parting.place(session, old=old, rows=rows, into=into)
    left = len(rows) - len(into)
    if left:
        words = N_("{n} went to another part; where {left} lie cannot be told: choose their part.")
        return show.see(url, words, undo=current_act(session) if n else None, n=n, left=left)
    return show.see(url, "{n} went to another part.", undo=current_act(session) if n else None, n=n)


def _rows(session: Session, what: str, keys: list[UUID]) -> Sequence[Street | Facility]:
    table: type[Any] = TABLES[what]
    return session.scalars(select(table).where(table.uid.in_(keys))).all()


def _into(parts: list[parting.Part], rows: Sequence[Street | Facility], part: str) -> dict[int, int]:
    if part == LIES:
        return {each: lie.part for each, lie in parting.placed(parts, rows).items() if lie.part is not None}
    chosen = next((each.id for each in parts if str(each.uid) == part), None)
    if chosen is None:
        raise Invalid("Choose one of the parts.", field="part")
    return dict.fromkeys((row.id for row in rows), chosen)


def _group(row: Street | Facility, lie: parting.Lies) -> str:
    if lie.part is None:
        return "open"
    return "there" if lie.part == row.division_id else "elsewhere"


def _title(row: Street | Facility) -> str:
    return (row.surveyed_name if isinstance(row, Street) else row.name) or "–"


def _old(session: Session, uid: UUID) -> tuple[Division, list[parting.Part]]:
    """A place that was split, and its parts. Raises NotFound for one that was not."""
    old = session.scalar(select(Division).where(Division.uid == uid))
    parts = parting.parts_of(session, old) if old is not None else []
    if old is None or not parts:
        raise NotFound("No division that was split is meant. Look for it in the list of the edition.")
    return old, parts
