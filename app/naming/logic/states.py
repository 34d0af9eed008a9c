"""The life of a proposal: its states, who may move it where, and the refusal when a move is not possible."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.base.errors import N_, Conflict


class Who(StrEnum):
    """Roles that act on proposals, by the names they have everywhere."""

    VILLAGE = "village_contact"
    TOWN = "town_officer"
    COUNTY = "county_officer"
    CITY = "city_officer"


class State(StrEnum):
    """Where a proposal stands."""

    DRAFT = "draft"  # being written; only its office sees it
    SUBMITTED = "submitted"  # waits for the county
    RETURNED = "returned"  # sent back with a reason, to be mended
    APPROVED = "approved"  # the government has decided; nothing in it changes any more
    IN_FORCE = "in_force"  # announced: its words are the street's name
    WITHDRAWN = "withdrawn"  # taken back by those who asked
    REJECTED = "rejected"  # the government has refused


class Verb(StrEnum):
    """What can be done to a proposal."""

    SUBMIT = "submit"
    RETURN = "return"
    APPROVE = "approve"
    REJECT = "reject"
    ANNOUNCE = "announce"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the table: from which state, by which verb, to which state, by whom."""

    state: State
    verb: Verb
    to: State
    who: frozenset[Who]


_ASKING = frozenset({Who.VILLAGE, Who.TOWN, Who.COUNTY})
_SENDING = frozenset({Who.TOWN, Who.COUNTY})
_DECIDING = frozenset({Who.COUNTY, Who.CITY})

MOVES = (
    Move(State.DRAFT, Verb.SUBMIT, State.SUBMITTED, _SENDING),
    Move(State.DRAFT, Verb.WITHDRAW, State.WITHDRAWN, _ASKING),
    Move(State.RETURNED, Verb.SUBMIT, State.SUBMITTED, _SENDING),
    Move(State.RETURNED, Verb.WITHDRAW, State.WITHDRAWN, _ASKING),
    Move(State.SUBMITTED, Verb.RETURN, State.RETURNED, _DECIDING),
    Move(State.SUBMITTED, Verb.WITHDRAW, State.WITHDRAWN, _SENDING),
    Move(State.SUBMITTED, Verb.APPROVE, State.APPROVED, _DECIDING),
    Move(State.SUBMITTED, Verb.REJECT, State.REJECTED, _DECIDING),
    Move(State.APPROVED, Verb.ANNOUNCE, State.IN_FORCE, _DECIDING),
)
"""All that can happen. The city's officer decides where the city's government approves."""

FINAL = frozenset(State) - {move.state for move in MOVES}
EDITABLE = frozenset({State.DRAFT, State.RETURNED})
OPEN = frozenset(State) - FINAL
"""States in which a proposal still keeps its words from being proposed again next door."""


class MoveNotPossible(Conflict):
    """The proposal is not in a state from which this can be done."""


def move(state: State, verb: Verb) -> State:
    """The state after the verb; refuses with what is possible instead."""
    return _line(state, verb).to


def who_may(state: State, verb: Verb) -> frozenset[Who]:
    """The roles that may do this now; refuses what nobody can do."""
    return _line(state, verb).who


def verbs_in(state: State, who: Who | None = None) -> tuple[Verb, ...]:
    """What can be done now, by anyone or by one role."""
    return tuple(line.verb for line in MOVES if line.state is state and (who is None or who in line.who))


def _line(state: State, verb: Verb) -> Move:
    for line in MOVES:
        if line.state is state and line.verb is verb:
            return line
    possible = ", ".join(verbs_in(state))
    if not possible:
        raise MoveNotPossible(
            N_("The proposal is {state}: that is final. Write a new proposal instead."),
            state=state.value,
            verb=verb.value,
        )
    raise MoveNotPossible(
        N_("The proposal is {state}: it cannot be moved by “{verb}”. Possible now: {possible}."),
        state=state.value,
        verb=verb.value,
        possible=possible,
    )
