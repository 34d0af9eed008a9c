"""A list of divisions handed in: read, checked row by row, and compared to the register, by the worker or the shell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import NotFound
from app.base.files import Store, fetch
from app.base.jobs import RunContext
from app.base.models import CodeSystem, Division, DivisionKind
from app.base.shares import of_rows, part
from app.intake import mappings
from app.intake.editions import Origin, beginning, hand_in, packaged, require_officer
from app.intake.listing import Listing, read_listing
from app.intake.models import Change, Edition
from app.intake.steps import open_bytes
from gis.formats import Opened

#: What share of the work is done once a list is read and checked (measured with 8,109 villages).
READ = 0.2


class Compared(TypedDict):
    """What a list says at its end: its edition, its rows, and what they came to; ``known``: it was handed in before."""

    edition: str
    rows: int
    rejected: int
    founded: int
    unchanged: int
    changes: int
    known: bool


def hand_in_list(run: RunContext, *, store: Store, clock: Clock) -> Compared:
    """A kept list founds what it names, or is compared to what stands: one transaction, whole or not at all.

    Arguments: ``division`` by uid, ``file`` by uid, ``system``, ``title``, ``in_force_on``, ``source``, ``licence``,
    ``columns`` (field → column, where somebody said it); or ``packaged`` for the list that ships with the program.
    Begun anew, or asked for twice, it finds the edition that was made the first time.
    """
    with run.acting() as session:
        require_officer(session)
        place = session.scalar(select(Division).where(Division.uid == UUID(run.args["division"])))
        if place is None:
            raise NotFound("The division of this list is gone. Choose another and hand the list in again.")
        run.tell(0)
        listing, origin = _given(session, run.args, store, place)
        tell = of_rows(run.tell, listing.rows)
        tell(READ)
        made, new = hand_in(session, clock, listing=listing, origin=origin, place=place, tell=part(tell, READ, 1.0))
        tell(1.0)
        return compared(session, made, new=new)


def compared(session: Session, made: Edition, *, new: bool) -> Compared:
    """What an edition came to."""
    changes = select(func.count()).select_from(Change).where(Change.edition_id == made.id)
    return {
        "edition": str(made.uid),
        "rows": made.rows,
        "rejected": made.rejected,
        "founded": made.founded,
        "unchanged": made.unchanged,
        "changes": session.scalar(changes) or 0,
        "known": not new,
    }


def _given(session: Session, args: Mapping[str, Any], store: Store, place: Division) -> tuple[Listing, Origin]:
    if args.get("packaged"):
        return packaged(beginning(session, place, CodeSystem.STATISTICS))
    file, content = fetch(session, store, UUID(args["file"]))
    with content:
        opened = open_bytes(content.read(), name=file.name)
    origin = Origin(
        CodeSystem(args["system"]),
        args["title"],
        date.fromisoformat(args["in_force_on"]),
        args.get("source") or file.name,
        args.get("licence", ""),
        file=file,
    )
    return read(session, opened, origin=origin, place=place, told=dict(args.get("columns") or {}))


def read(
    session: Session, opened: Opened, *, origin: Origin, place: Division, told: Mapping[str, str]
) -> tuple[Listing, Origin]:
    """A file's rows as a list, by the columns that were told, remembered, or that their names tell; and by which.

    Raises Invalid for ``file`` where none of these say where codes and names stand.
    """
    columns = told or mappings.remembered_list(session, place, origin.source, opened.names)
    # in a tree without any code the list itself says of which city it is; rows of another one are rejected
    within = beginning(session, place, origin.system) or (None if place.kind == DivisionKind.CITY.value else "")
    listing = read_listing(opened.rows, within=within, columns=columns or None)
    return listing, replace(origin, columns=columns or {})
