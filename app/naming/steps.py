"""From a proposed name to a name in force: proposed, checked, submitted, decided, filed, announced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid, NotAllowed
from app.base.many import change_all
from app.base.models import Division
from app.base.people import Actor
from app.inventory.models import Street, StreetState
from app.inventory.steps import mark
from app.milestones.models import Batch
from app.milestones.queries import UNDECIDED, streets_of
from app.naming import papers
from app.naming.checking import check_all, refuse_open
from app.naming.knowing import known
from app.naming.logic import states
from app.naming.logic.clocks import DEFAULT_RULES, Due, due_on
from app.naming.logic.states import State, Verb, Who
from app.naming.models import Deadline, DeadlineKind, Decision, Name, NameOrigin, Proposal
from app.naming.papers import Approval
from app.naming.spelling import as_it_stands, spelled

_CLOCKS = {DeadlineKind.FILE: Due.FILE, DeadlineKind.ANNOUNCE: Due.ANNOUNCE, DeadlineKind.SIGN: Due.SIGN}


@dataclass(frozen=True, slots=True)
class Wording:
    """The words asked for, what they mean, and a person's word division (``东四/12/条``) where one was given."""

    words: str
    meaning: str = ""
    division: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """Words for one street."""

    street: Street
    wording: Wording


def propose(
    session: Session, clock: Clock, *, by: Actor, street: Street, wording: Wording, batch: Batch | None = None
) -> Proposal:
    """Nothing → draft: a name for one street; as :func:`propose_all`."""
    return propose_all(session, clock, by=by, wishes=[Wish(street, wording)], batch=batch)[0]


def propose_all(
    session: Session, clock: Clock, *, by: Actor, wishes: Sequence[Wish], batch: Batch | None = None
) -> list[Proposal]:
    """Nothing → draft: names for streets, all or none, checked at once. By officers and the village's contact.

    Raises Conflict where a street has a live proposal or is said to be none; Invalid where words cannot be spelled.
    Findings never stop a draft: they stop its submission.
    """
    if any(wish.street.state == StreetState.NO_STREET.value for wish in wishes):
        raise Conflict("This was said to be no street, so it bears no name. Take that back on its page first.")
    by_lists = known(session)
    made = [
        Proposal(
            division_id=wish.street.division_id,
            street_id=wish.street.id,
            batch_id=batch.id if batch else None,
            meaning=wish.wording.meaning.strip(),
            word_division=wish.wording.division,
            proposed_by=by.id,
            proposed_on=clock.today(),
            **spelled(wish.wording.words, by_lists, division=wish.wording.division)[0].columns(),
        )
        for wish in wishes
    ]
    try:
        with session.begin_nested():
            session.add_all(made)
    except IntegrityError as error:
        raise Conflict("This street has a proposal already. Change that one, or withdraw it.") from error
    check_all(session, clock, proposals=made)
    mark(session, street_ids=_undecided(session, made), state=StreetState.DRAFT)
    return made


def revise(session: Session, clock: Clock, *, proposal: Proposal, wording: Wording) -> Proposal:
    """Draft or returned → the same, with other words, checked anew. Raises Conflict for one already submitted."""
    if State(proposal.state) not in states.EDITABLE:
        raise Conflict(
            "The proposal “{words}” was submitted: it can be changed once it is returned.", words=proposal.words
        )
    name, _ = spelled(wording.words, known(session), division=wording.division)
    for column, value in name.columns().items():
        setattr(proposal, column, value)
    proposal.meaning, proposal.word_division = wording.meaning.strip(), wording.division
    session.flush()
    check_all(session, clock, proposals=[proposal])
    return proposal


def submit(
    session: Session, clock: Clock, *, by: Actor, proposals: Sequence[Proposal], read_by_hand: bool = False
) -> None:
    """Draft or returned → submitted, all or none; checked anew first.

    ``read_by_hand``: the person says they read each name and find it clear and healthy (rule N2 asks for that).
    Raises Conflict naming the proposal and the clause that stands in the way.
    """
    found = check_all(session, clock, proposals=proposals, read_by=by if read_by_hand else None)
    for proposal in proposals:
        refuse_open(proposal, found[proposal.id])
    _move(session, by=by, proposals=proposals, verb=Verb.SUBMIT, submitted_on=clock.today())
    mark(session, street_ids=_undecided(session, proposals), state=StreetState.PROPOSED)


def send_back(session: Session, *, by: Actor, proposals: Sequence[Proposal], reason: str) -> None:
    """Submitted → returned, with the reason for those who asked."""
    if not reason.strip():
        raise Invalid("Say why it is sent back, so that it can be mended.", field="reason")
    _move(session, by=by, proposals=proposals, verb=Verb.RETURN, note=reason.strip())
    mark(session, street_ids=_undecided(session, proposals), state=StreetState.DRAFT)


def reject(session: Session, *, by: Actor, proposals: Sequence[Proposal], reason: str) -> None:
    """Submitted → refused for good, with the reason; the streets are without a proposal again.

    By those who decide. Raises Invalid for no reason, NotAllowed for others, Conflict for what was not submitted.
    """
    if not reason.strip():
        raise Invalid("Say why it is refused: those who asked will read it.", field="reason")
    _move(session, by=by, proposals=proposals, verb=Verb.REJECT, note=reason.strip())
    _set_free(session, proposals)


def withdraw(session: Session, *, by: Actor, proposals: Sequence[Proposal]) -> None:
    """Draft, returned or submitted → withdrawn; the streets are without a proposal again."""
    _move(session, by=by, proposals=proposals, verb=Verb.WITHDRAW)
    _set_free(session, proposals)


def _set_free(session: Session, proposals: Sequence[Proposal]) -> None:
    """Their streets are unnamed again; those that bear a decided name have been as they are all along."""
    streets = set(_undecided(session, proposals))
    named = set(session.scalars(select(Name.street_id).where(Name.street_id.in_(streets), Name.retired_on.is_(None))))
    mark(session, street_ids=sorted(named), state=StreetState.IN_FORCE)
    mark(session, street_ids=sorted(streets - named), state=StreetState.UNNAMED)


def _undecided(session: Session, proposals: Sequence[Proposal]) -> list[int]:
    """Their streets without a decided name: a renaming that is only proposed takes nothing from the name in force."""
    streets = {proposal.street_id for proposal in proposals}
    open_states = [state.value for state in UNDECIDED]
    return sorted(session.scalars(select(Street.id).where(Street.id.in_(streets), Street.state.in_(open_states))))


def decide(
    session: Session, clock: Clock, *, by: Actor, division: Division, proposals: Sequence[Proposal], approval: Approval
) -> Decision:
    """Submitted → approved, many names by one decision of ``division``'s government; each name is in force from then.

    Where the application was made on paper before it was entered here (``applied_on``), proposals get that day.
    Starts the clocks of filing and notice (Reg. 13, 14: 15 days) and of the signs. Raises Invalid and Conflict as
    :func:`app.naming.papers.refuse_unfit` does.
    """
    number = papers.refuse_unfit(session, clock, proposals=proposals, approval=approval)
    decision = Decision(
        division_id=division.id,
        number=number,
        number_note=approval.note.strip(),
        authority=approval.authority.strip(),
        approved_on=approval.approved_on,
        file_id=approval.file.id if approval.file else None,
        decided_by=by.id,
    )
    try:
        with session.begin_nested():
            session.add(decision)
    except IntegrityError as error:
        raise papers.NumberTaken(decision.number, decision.authority) from error
    if approval.applied_on is not None:
        _date_back(session, proposals, approval.applied_on)
    _move(session, by=by, proposals=proposals, verb=Verb.APPROVE, decision_id=decision.id)
    _into_force(session, decision=decision, proposals=proposals)
    for kind, clock_name in _CLOCKS.items():
        session.add(
            Deadline(
                division_id=division.id,
                decision_id=decision.id,
                kind=kind.value,
                started_on=decision.approved_on,
                due_on=due_on(decision.approved_on, DEFAULT_RULES[clock_name]),
            )
        )
    session.flush()
    return decision


def _date_back(session: Session, proposals: Sequence[Proposal], applied_on: date) -> None:
    """What was entered after the application on paper bears its day; the moment of entry stays on record."""
    late = [proposal for proposal in proposals if proposal.submitted_on and proposal.submitted_on > applied_on]
    written = [proposal for proposal in late if proposal.proposed_on > applied_on]
    change_all(session, written, proposed_on=applied_on, submitted_on=applied_on)
    change_all(session, [each for each in late if each.submitted_on != applied_on], submitted_on=applied_on)


def _into_force(session: Session, *, decision: Decision, proposals: Sequence[Proposal]) -> None:
    streets = [proposal.street_id for proposal in proposals]
    for former in session.scalars(select(Name).where(Name.street_id.in_(streets), Name.retired_on.is_(None))):
        if former.decision_id is not None and former.in_force_on > decision.approved_on:
            raise Invalid(
                N_("“{words}” is in force since {day}; the decision of {on} is older. Check the day."),
                field="approved_on",
                words=former.words,
                day=former.in_force_on,
                on=decision.approved_on,
            )
        former.retired_on = max(decision.approved_on, former.in_force_on)
    session.flush()
    session.add_all(
        Name(
            division_id=proposal.division_id,
            street_id=proposal.street_id,
            proposal_id=proposal.id,
            decision_id=decision.id,
            origin=NameOrigin.DECIDED.value,
            in_force_on=decision.approved_on,
            meaning=proposal.meaning,
            **{column: getattr(proposal, column) for column in NAME_COLUMNS},
        )
        for proposal in proposals
    )
    mark(session, street_ids=streets, state=StreetState.APPROVED)


NAME_COLUMNS = (
    "words",
    "specific",
    "generic",
    "latin_toned",
    "latin_plain",
    "latin_sign",
    "sound_toned",
    "sound_plain",
)


def file_decision(session: Session, *, decision: Decision, on: date) -> Deadline:
    """The decision was reported to the next higher government (Reg. 13): its filing clock stops."""
    return _stop(session, decision=decision, kind=DeadlineKind.FILE, on=on)


def announce(session: Session, *, by: Actor, decision: Decision, on: date) -> Deadline:
    """Approved → in force for all names of a decision, published (Reg. 14): its notice clock stops."""
    stopped = _stop(session, decision=decision, kind=DeadlineKind.ANNOUNCE, on=on)
    proposals = session.scalars(select(Proposal).where(Proposal.decision_id == decision.id)).all()
    _move(session, by=by, proposals=proposals, verb=Verb.ANNOUNCE)
    mark(session, street_ids=[proposal.street_id for proposal in proposals], state=StreetState.IN_FORCE)
    return stopped


def _stop(session: Session, *, decision: Decision, kind: DeadlineKind, on: date) -> Deadline:
    deadline = session.scalars(
        select(Deadline).where(Deadline.decision_id == decision.id, Deadline.kind == kind.value)
    ).one()
    if deadline.done_on is not None:
        raise Conflict("This was done on {day} already.", day=deadline.done_on)
    if on < deadline.started_on:
        raise Invalid("It cannot be done before the decision of {day}.", field="on", day=deadline.started_on)
    deadline.done_on = on
    session.flush()
    return deadline


def keep_existing(session: Session, *, division: Division) -> list[Name]:
    """Surveyed names of streets below ``division`` → names in force as they stand, of origin ``existing``.

    They were in use before the programme: no proposal, no decision; a later decision retires them.
    """
    streets = session.scalars(
        select(Street).where(
            Street.territory.op("<@")(division.path),
            Street.surveyed_name.is_not(None),
            Street.state != StreetState.NO_STREET.value,
            Street.id.not_in(select(Name.street_id).where(Name.retired_on.is_(None))),
        )
    ).all()
    by_lists = known(session)
    names = [
        Name(
            division_id=street.division_id,
            street_id=street.id,
            origin=NameOrigin.EXISTING.value,
            in_force_on=street.surveyed_on,
            **as_it_stands(street.surveyed_name or "", by_lists).columns(),
        )
        for street in streets
    ]
    session.add_all(names)
    session.flush()
    mark(session, street_ids=[street.id for street in streets], state=StreetState.IN_FORCE)
    return names


def _move(session: Session, *, by: Actor, proposals: Sequence[Proposal], verb: Verb, **changes: Any) -> None:
    """Move all or none, with other ``changes`` of theirs.

    The role is held by the state table here and by the database's policies below.
    """
    together: dict[State, list[Proposal]] = defaultdict(list)
    for proposal in proposals:
        state = State(proposal.state)
        allowed = states.who_may(state, verb)
        if by.role.value not in {who.value for who in allowed}:
            raise NotAllowed(
                N_("Only {roles} may do this with “{words}”."),
                roles=", ".join(sorted(Who(who).value for who in allowed)),
                words=proposal.words,
            )
        together[state].append(proposal)
    for state, alike in together.items():
        change_all(session, alike, state=states.move(state, verb).value, **changes)


def unnamed_streets(session: Session, batch: Batch) -> list[Street]:
    """In-scope streets of a batch that have neither a name in force nor a live proposal."""
    live = select(Proposal.street_id).where(Proposal.state.in_([state.value for state in states.OPEN]))
    named = select(Name.street_id).where(Name.retired_on.is_(None))
    return list(session.scalars(streets_of(batch).where(Street.id.not_in(live), Street.id.not_in(named))))
