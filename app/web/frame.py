"""What stands around every page of the office: stations with what waits for me, the territory, the banner."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.models import Division, DivisionKind
from app.base.order import in_register_order
from app.base.people import Actor, is_below, rights_of
from app.web.words import STATIONS

if TYPE_CHECKING:
    from fastapi import Request

    from app.base.db import Database

#: How many records of a station wait for this person today.
Waiting = Callable[[Session, Actor, Clock], int]
#: Counts may be this old, so that moving between pages does not count anew.
KEEP_SECONDS = 10.0
#: What somebody must be able to read for whom a station has pages; the way there is shown to nobody else. Progress is
#: no secret among staff.
READS = {
    "intake": "intake.intake",
    "inventory": "inventory.street",
    "milestones": "milestones.batch",
    "naming": "naming.proposal",
    "planning": "planning.sign",
    "printing": "printing.order",
    "rollout": "rollout.job",
    "scanning": "scanning.report",
    "tracking": "base.division",
}
#: What is written beside a record, or about oneself.
ASIDE = frozenset({"base.person", "base.file", "base.run"})
#: Where somebody who may not read that finds the part of the station that is theirs, and what they must read for it.
INSTEAD = {"naming": ("/naming/names", "naming.name"), "scanning": ("/scanning/scans", "scanning.scan_count")}


@dataclass(frozen=True, slots=True)
class Station:
    """A line of the navigation; ``ready`` once the station has pages."""

    key: str
    title: str
    icon: str
    ready: bool
    waiting: int
    url: str


@dataclass(frozen=True)
class Around:
    """The frame of one page. ``crumbs`` runs from the top of the person's territory to the chosen division.

    ``rights`` are the person's, as ``naming.proposal:read``: no page shows the way to where its reader is refused.
    ``remembered``: whether there is a history for them, of a territory or of what they do themselves.
    """

    stations: Sequence[Station] = ()
    crumbs: Sequence[Division] = ()
    below: Sequence[Division] = ()
    chosen: Division | None = None
    demonstration: bool = False
    rights: frozenset[str] = frozenset()
    remembered: bool = False


@dataclass
class Frame:
    """Gathers :class:`Around`; one per app. ``registry`` holds the stations that have pages, with their counters."""

    database: Database
    registry: Mapping[str, Waiting | None]
    clock: Clock
    _counts: dict[int, tuple[float, dict[str, int]]] = field(default_factory=dict)
    _is_demonstration: bool = False

    def nothing(self) -> Around:
        """The frame of a page that nobody has signed in to."""
        return Around(demonstration=self.demonstration())

    def around(self, request: Request, actor: Actor) -> Around:
        """The frame of a page of this person."""
        with self.database.acting(actor.id, via="frame") as session:
            counts = self._waiting(session, actor)
            crumbs = _crumbs(session, actor, request.query_params.get("in", ""))
            below = _below(session, crumbs[-1]) if crumbs else []
            self._is_demonstration = demonstration = _demonstration(session)
            rights = rights_of(session, actor)
        stations = [
            Station(key, title, icon, key in self.registry, counts.get(key, 0), url)
            for key, title, icon in STATIONS
            if (url := _way(key, rights))
        ]
        chosen = crumbs[-1] if crumbs and request.query_params.get("in") else None
        return Around(stations, crumbs, below, chosen, demonstration, rights, _is_remembered(rights))

    def demonstration(self) -> bool:
        """Whether a demonstration made this database; what was last known while it does not answer."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self.database.nobody(via="frame") as session:
                self._is_demonstration = _demonstration(session)
        except SQLAlchemyError:
            pass
        return self._is_demonstration

    def forget(self, person_id: int) -> None:
        """Count anew for this person at the next page: they have just done something."""
        self._counts.pop(person_id, None)

    def _waiting(self, session: Session, actor: Actor) -> dict[str, int]:
        kept = self._counts.get(actor.id)
        if kept and time.monotonic() - kept[0] < KEEP_SECONDS:
            return kept[1]
        counts = {key: count(session, actor, self.clock) for key, count in self.registry.items() if count}
        if len(self._counts) > 10_000:  # noqa: PLR2004 - more people than any office has
            self._counts.clear()
        self._counts[actor.id] = (time.monotonic(), counts)
        return counts


def _is_remembered(rights: frozenset[str]) -> bool:
    """Whether somebody reads the history, or writes more than their own account and what hangs on other records."""
    written = {right.partition(":")[0] for right in rights if not right.endswith(":read")}
    return "history.entry:read" in rights or bool(written - ASIDE)


def _way(station: str, rights: frozenset[str]) -> str:
    """Where a station's line leads; empty for whom it has no page."""
    if f"{READS[station]}:read" in rights:
        return f"/{station}"
    url, subject = INSTEAD.get(station, ("", ""))
    return url if f"{subject}:read" in rights else ""


def _demonstration(session: Session) -> bool:
    return bool(session.scalar(text("SELECT bool_or(demonstration) FROM open.demonstration")))


def _crumbs(session: Session, actor: Actor, wanted: str) -> list[Division]:
    """The chain from the top of the territory down to the wanted division, or to the person's own."""
    own = select(Division).where(text("path @> CAST(:path AS ltree)")).order_by(text("nlevel(path)"))
    path = actor.territory
    if wanted:
        found = session.scalar(
            text("SELECT path::text FROM base.division WHERE uid::text = :uid"), {"uid": wanted.lower()}
        )
        path = found if found and is_below(found, actor.territory) else path
    chain = session.scalars(own, {"path": path}).all()
    return [division for division in chain if is_below(division.path, actor.territory)]


def _below(session: Session, parent: Division) -> list[Division]:
    if parent.kind in {DivisionKind.VILLAGE.value, DivisionKind.RESIDENTS.value}:
        return []
    found = select(Division).where(Division.parent_id == parent.id, Division.until_on.is_(None))
    return list(session.scalars(found.order_by(*in_register_order()).limit(400)))
