"""Reads of the naming station."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, column, func, literal, or_, select, table, text
from sqlalchemy.orm import Session

from app.base.models import Division, Entry, Setting
from app.inventory.asks import Hold, NamingDays, StreetName
from app.inventory.models import Stream, Street
from app.milestones.asks import BatchDays
from app.milestones.models import Batch
from app.naming.logic.approvers import approvers as each_approvers
from app.naming.logic.approvers import approvers_of_all, delegations
from app.naming.logic.latin import without_tones
from app.naming.logic.states import OPEN, State
from app.naming.models import (
    Deadline,
    DeadlineKind,
    Decision,
    Finding,
    FindingLevel,
    ListEntry,
    Name,
    NameList,
    Proposal,
)

#: Waiting for the offices that ask, and for the government that decides.
ASKING = (State.DRAFT.value, State.RETURNED.value)
#: What a list calls all of these.
ASKED = "asked"


def open_findings(*about: Any) -> Any:
    """How many findings of a proposal nobody has answered, of those that hold this, for a column of a list."""
    return (
        select(func.count())
        .where(Finding.proposal_id == Proposal.id, Finding.waiver.is_(None), *about)
        .correlate(Proposal)
        .scalar_subquery()
    )


def proposals(place: Division, *, state: str = "", batch: Batch | None = None) -> Select[*tuple[Any, ...]]:
    """Proposals of a territory with village, street and open findings, for paging by key; of a state or ``ASKED``.

    Open findings by what they ask for: ``errors`` stand in the way, ``warnings`` want a look, ``notes`` are good to
    know (those that only tell what was not looked up are left out, they are ``partly``), ``unread`` are those that a
    person has to say yes to.
    """
    found = (
        select(
            Proposal,
            Division.name.label("village"),
            Street.uid.label("street_uid"),
            Street.length_m,
            Street.bearing_deg,
            open_findings(Finding.level == FindingLevel.ERROR.value).label("errors"),
            open_findings(Finding.level == FindingLevel.WARNING.value).label("warnings"),
            open_findings(Finding.level == FindingLevel.NOTE.value, ~Finding.needs_tick, Finding.fully_checked).label(
                "notes"
            ),
            open_findings(Finding.needs_tick).label("unread"),
            open_findings(~Finding.fully_checked).label("partly"),
        )
        .join(Division, Division.id == Proposal.division_id)
        .join(Street, Street.id == Proposal.street_id)
        .where(Proposal.territory.op("<@")(place.path))
    )
    found = found.where(Proposal.state.in_(ASKING if state == ASKED else (state,))) if state else found
    return found.where(Proposal.batch_id == batch.id) if batch else found


def counts(session: Session, place: Division, batch: Batch | None = None) -> dict[str, int]:
    """How many proposals of a territory are in each state."""
    wanted = select(Proposal.state, func.count()).where(Proposal.territory.op("<@")(place.path))
    wanted = wanted.where(Proposal.batch_id == batch.id) if batch else wanted
    return {row[0]: row[1] for row in session.execute(wanted.group_by(Proposal.state))}


def by_uid(session: Session, uids: Sequence[UUID]) -> list[Proposal]:
    """The proposals of these keys that this person may see, in order of making."""
    return list(session.scalars(select(Proposal).where(Proposal.uid.in_(uids)).order_by(Proposal.id)))


def submitted_of(session: Session, batch: Batch) -> list[Proposal]:
    """What of a batch waits for a decision."""
    wanted = select(Proposal).where(Proposal.batch_id == batch.id, Proposal.state == State.SUBMITTED.value)
    return list(session.scalars(wanted.order_by(Proposal.division_id, Proposal.id)))


def villages(session: Session, found: Sequence[Proposal]) -> dict[int, str]:
    """Names of the villages of some proposals, by key."""
    wanted = select(Division.id, Division.name).where(Division.id.in_({each.division_id for each in found}))
    return {row[0]: row[1] for row in session.execute(wanted)}


def of_street(session: Session, street: Street) -> tuple[Sequence[Proposal], Sequence[Name]]:
    """A street's proposals and names, the newest first."""
    proposed = select(Proposal).where(Proposal.street_id == street.id).order_by(Proposal.id.desc())
    named = select(Name).where(Name.street_id == street.id).order_by(Name.in_force_on.desc(), Name.id.desc())
    return session.scalars(proposed).all(), session.scalars(named).all()


def decisions(place: Division) -> Select[*tuple[Any, ...]]:
    """Decisions of a territory, and those of one above on its names: how many each approved, and its clocks."""
    count = (
        select(func.count()).where(Name.decision_id == Decision.id).correlate(Decision).scalar_subquery().label("names")
    )
    return (
        select(
            Decision, count, *(_clock(kind).label(kind.value) for kind in (DeadlineKind.FILE, DeadlineKind.ANNOUNCE))
        )
        .where(
            or_(
                Decision.territory.op("<@")(place.path),
                select(Name.id).where(Name.decision_id == Decision.id, Name.territory.op("<@")(place.path)).exists(),
            )
        )
        .order_by(Decision.id)
    )


def _clock(kind: DeadlineKind) -> Any:
    """The day by which something is due; NULL once it was done."""
    return (
        select(Deadline.due_on)
        .where(Deadline.decision_id == Decision.id, Deadline.kind == kind.value, Deadline.done_on.is_(None))
        .correlate(Decision)
        .scalar_subquery()
    )


def names_of(decision: Decision) -> Select[*tuple[Any, ...]]:
    """The names that a decision approved, with their villages, for paging by key."""
    return (
        select(Name, Division.name.label("village"), Street.bearing_deg, Street.uid.label("street_uid"), Proposal.uid)
        .join(Division, Division.id == Name.division_id)
        .outerjoin(Street, Street.id == Name.street_id)
        .outerjoin(Proposal, Proposal.id == Name.proposal_id)
        .where(Name.decision_id == decision.id)
    )


def count_of(session: Session, decision: Decision) -> int:
    """How many names a decision approved."""
    return session.scalar(select(func.count()).select_from(Name).where(Name.decision_id == decision.id)) or 0


def applied_on(session: Session, decision: Decision) -> tuple[date, date] | None:
    """The first and the last day on which its names were applied for, on paper or here; None where that is not told."""
    days = select(func.min(Proposal.submitted_on), func.max(Proposal.submitted_on))
    first, last = session.execute(days.where(Proposal.decision_id == decision.id)).one()
    return None if first is None or last is None else (first, last)


def deadlines_of(session: Session, decision: Decision) -> dict[str, Deadline]:
    """A decision's clocks, by kind."""
    found = session.scalars(select(Deadline).where(Deadline.decision_id == decision.id))
    return {deadline.kind: deadline for deadline in found}


def days_of_naming(session: Session, street: int, /) -> NamingDays:
    """Answers :class:`app.inventory.asks.DaysOfNaming`."""
    held = (*(state.value for state in OPEN), State.IN_FORCE.value)
    proposal = session.scalars(
        select(Proposal)
        .where(Proposal.street_id == street, Proposal.state.in_(held))
        .order_by(Proposal.id.desc())
        .limit(1)
    ).first()
    if proposal is None:
        return _days_of_name(session, street)
    proposed = proposal.submitted_on if proposal.state not in ASKING else None
    decision = session.get(Decision, proposal.decision_id) if proposal.decision_id else None
    return NamingDays(
        drafted_on=proposal.proposed_on,
        proposed_on=proposed or (proposal.proposed_on if decision else None),
        approved_on=decision.approved_on if decision else None,
        announced_on=announced_on(session, decision) if decision else None,
    )


def _days_of_name(session: Session, street: int) -> NamingDays:
    """What a street's name tells of its days to those who read names and no proposals, or where none was proposed."""
    name = session.scalars(select(Name).where(Name.street_id == street, Name.retired_on.is_(None))).first()
    if name is None:
        return NamingDays()
    decision = session.get(Decision, name.decision_id) if name.decision_id else None
    if decision is None:
        return NamingDays(announced_on=name.in_force_on)
    return NamingDays(approved_on=decision.approved_on, announced_on=announced_on(session, decision))


def announced_on(session: Session, decision: Decision) -> date | None:
    """The day of a decision's notice; None while it is not published."""
    return session.scalar(
        select(Deadline.done_on).where(
            Deadline.decision_id == decision.id, Deadline.kind == DeadlineKind.ANNOUNCE.value
        )
    )


def days_of_batch(session: Session, batch: int, /) -> BatchDays:
    """Answers :class:`app.milestones.asks.DaysOfBatch`."""
    row = session.execute(text("SELECT * FROM naming.days_of_batch(:batch)"), {"batch": batch}).one()
    return BatchDays(*row)


def names(place: Division, words: str = "", *, in_scope: bool = False) -> Select[*tuple[Any, ...]]:
    """Names in force of a territory, by characters or by pinyin written with or without tones and blanks."""
    found = (
        select(
            Name,
            Division.name.label("village"),
            Street.bearing_deg,
            Street.uid.label("street_uid"),
            Decision.number,
            Decision.uid.label("decision_uid"),
        )
        .join(Division, Division.id == Name.division_id)
        .outerjoin(Street, Street.id == Name.street_id)
        .outerjoin(Decision, Decision.id == Name.decision_id)
        .where(Name.retired_on.is_(None), Name.territory.op("<@")(place.path))
    )
    if in_scope:
        found = found.where(Street.in_scope, Street.stream == Stream.VILLAGE.value)
    if not words.strip():
        return found
    alike = func.naming.find_names(words.strip(), sound_of(words)).table_valued("id", "street_id")
    return found.where(Name.id.in_(select(alike.c.id)))


def names_in_force(session: Session, streets: Collection[int], /) -> dict[int, StreetName]:
    """Answers :class:`app.inventory.asks.NamesInForce`."""
    wanted = select(Name.street_id, Name.words, Name.latin_sign, Name.in_force_on)
    found = session.execute(wanted.where(Name.street_id.in_(streets), Name.retired_on.is_(None)))
    return {row.street_id: StreetName(row.words, row.latin_sign, row.in_force_on) for row in found}


def named_streets() -> Select[int, str]:
    """Answers :class:`app.inventory.asks.NamedStreets`."""
    return select(Name.street_id, Name.words).where(Name.retired_on.is_(None))


def open_proposal(session: Session, street: Street) -> Proposal | None:
    """The proposal of a street that is not at its end yet; there is one at most."""
    live = [state.value for state in OPEN]
    wanted = select(Proposal).where(Proposal.street_id == street.id, Proposal.state.in_(live))
    return session.scalars(wanted.order_by(Proposal.id.desc()).limit(1)).first()


def holds_of_streets(session: Session, streets: Collection[int], /) -> dict[int, Hold]:
    """Answers :class:`app.inventory.asks.HoldsOfStreets`: a name in force, a live proposal, or only what is no more."""
    live = [state.value for state in OPEN]
    known = [
        select(Proposal.street_id, Proposal.state.in_(live), literal(value=False)).where(
            Proposal.street_id.in_(streets)
        ),
        select(Name.street_id, literal(value=False), Name.retired_on.is_(None)).where(Name.street_id.in_(streets)),
    ]
    holds: dict[int, Hold] = {}
    for street, asked, in_force in (row for wanted in known for row in session.execute(wanted)):
        found = Hold.NAME if in_force else Hold.PROPOSAL if asked else Hold.PAST
        holds[street] = min(holds.get(street, found), found, key=list(Hold).index)
    return holds


def sound_of(words: str) -> str:
    """Typed pinyin as the column ``sound_plain`` has it; empty for words that hold no letters."""
    letters = re.sub(r"[\s'’-]+", "", without_tones(words.casefold())).replace("v", "ü")
    return letters if re.fullmatch(r"[a-zü0-9]+", letters) else ""


def government_of(session: Session, place: Division) -> Division:
    """The county or city whose government decides for a division."""
    wanted = (
        select(Division)
        .where(text("base.division.path @> CAST(:path AS ltree)"), Division.kind.in_(("county", "zone", "city")))
        .order_by(func.nlevel(Division.path).desc())
        .limit(1)
    )
    return session.scalars(wanted, {"path": place.path}).first() or place


#: Governments that approve names otherwise than the law's rule says, by county: ``{"德城区": "德城区人民政府"}``.
APPROVERS_SETTING = "naming.approvers"


def approvers(session: Session, proposals: Iterable[Proposal]) -> tuple[str, ...]:
    """Governments that may approve these names by one document (Reg. 12), the one that usually does first."""
    places = {proposal.territory for proposal in proposals}
    return approvers_in(session, sorted(places))


def approvers_in(session: Session, places: Sequence[str]) -> tuple[str, ...]:
    """As :func:`approvers`, for paths of divisions."""
    said = delegations(session.scalar(select(Setting.value).where(Setting.key == APPROVERS_SETTING)))
    chains = {path.split(".")[i] for path in places for i in range(path.count(".") + 1)}
    seats = select(Division.path, Division.name).where(
        Division.id.in_([int(key) for key in chains]), Division.kind.in_(("county", "zone", "city"))
    )
    known = {row.path: row.name for row in session.execute(seats)}
    return approvers_of_all([each_approvers(_above(path, known), said) for path in places])


def _above(path: str, known: dict[str, str]) -> list[str]:
    """Names of the seats on the way up from a path, the nearest first."""
    keys = path.split(".")
    ways = (".".join(keys[:depth]) for depth in range(len(keys), 0, -1))
    return [known[way] for way in ways if way in known]


def waiting(session: Session, states: Sequence[str]) -> int:
    """How many proposals that this person sees are in one of these states."""
    return int(session.scalar(select(func.count()).select_from(Proposal).where(Proposal.state.in_(states))) or 0)


#: What the database keeps of each list's content: its mark and how many entries it has.
_CONTENT = table("content", *(column(name) for name in ("list_id", "mark", "size", "changed_at")), schema="naming")


def name_lists() -> Select[*tuple[Any, ...]]:
    """All lists with their content, who confirmed one of it, and whether it is the one that stands there now."""
    mark = func.coalesce(_CONTENT.c.mark, 0)
    return (
        select(
            NameList,
            mark.label("mark"),
            func.coalesce(_CONTENT.c.size, 0).label("size"),
            _CONTENT.c.changed_at,
            NameList.confirmed_mark.is_not_distinct_from(mark).label("confirmed"),
            func.base.name_of(NameList.confirmed_by).label("who"),
        )
        .outerjoin(_CONTENT, _CONTENT.c.list_id == NameList.id)
        .order_by(NameList.id)
    )


def entries(of: NameList, *, words: str = "", withdrawn: bool = False, sort: str = "") -> Select[*tuple[Any, ...]]:
    """A list's entries that hold the words in what they say, those withdrawn or those that count; of one sort."""
    found = select(ListEntry).where(ListEntry.list_id == of.id)
    found = found.where(ListEntry.withdrawn_on.is_not(None) if withdrawn else ListEntry.withdrawn_on.is_(None))
    found = found.where(ListEntry.sort == sort) if sort else found
    held = (ListEntry.words, ListEntry.note, ListEntry.spelling)
    return found.where(or_(*(each.contains(words, autoescape=True) for each in held))) if words else found


def count(session: Session, statement: Select[*tuple[Any, ...]]) -> int:
    """How many rows a list has."""
    return int(session.scalar(select(func.count()).select_from(statement.subquery())) or 0)


def sorts(session: Session, of: NameList) -> dict[str, int]:
    """The sorts of a list's entries and how many there are of each, the most first."""
    n = func.count()
    wanted = select(ListEntry.sort, n).where(ListEntry.list_id == of.id, ListEntry.withdrawn_on.is_(None))
    return {row[0]: row[1] for row in session.execute(wanted.group_by(ListEntry.sort).order_by(n.desc()))}


def changes_of_list(session: Session, of: NameList, *, most: int = 20) -> list[tuple[Entry, str]]:
    """The newest changes of a list's entries with their words, as far as the reader may read the history.

    What ships is no change: of the entries only those are looked at that somebody made or touched.
    """
    touched = select(ListEntry.id, ListEntry.words).where(
        ListEntry.list_id == of.id, or_(ListEntry.version > 1, ListEntry.recorded_at > of.recorded_at)
    )
    of_entries = touched.subquery()
    wanted = (
        select(Entry, of_entries.c.words)
        .join(of_entries, of_entries.c.id == Entry.row_id)
        .where(Entry.subject == "naming.entry")
        .order_by(Entry.id.desc())
        .limit(most)
    )
    return [(row[0], row[1]) for row in session.execute(wanted)]
