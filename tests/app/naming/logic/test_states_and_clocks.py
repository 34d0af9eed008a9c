"""What may happen to a proposal, and by when."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import Conflict
from app.naming.logic.clocks import DEFAULT_RULES, ClockRule, Due, Start, deadlines, due_on
from app.naming.logic.states import EDITABLE, FINAL, MOVES, OPEN, State, Verb, Who, move, verbs_in, who_may


@pytest.mark.parametrize(
    ("state", "verb", "to"),
    [
        (State.DRAFT, Verb.SUBMIT, State.SUBMITTED),
        (State.SUBMITTED, Verb.RETURN, State.RETURNED),
        (State.RETURNED, Verb.SUBMIT, State.SUBMITTED),
        (State.SUBMITTED, Verb.APPROVE, State.APPROVED),
        (State.APPROVED, Verb.ANNOUNCE, State.IN_FORCE),
        (State.SUBMITTED, Verb.REJECT, State.REJECTED),
        (State.DRAFT, Verb.WITHDRAW, State.WITHDRAWN),
    ],
)
def test_a_proposal_moves_along_the_table(state, verb, to):
    assert move(state, verb) is to


@pytest.mark.parametrize(
    ("state", "verb"), sorted(set(product(State, Verb)) - {(line.state, line.verb) for line in MOVES})
)
def test_every_other_move_is_refused_with_a_reason(state, verb):
    with pytest.raises(Conflict) as refused:
        move(state, verb)
    assert state.value in str(refused.value)


def test_a_decided_proposal_cannot_go_back():
    assert verbs_in(State.APPROVED) == (Verb.ANNOUNCE,)


def test_a_village_contact_neither_submits_nor_decides():
    assert {line.verb for line in MOVES if Who.VILLAGE in line.who} == {Verb.WITHDRAW}


def test_only_county_and_city_decide():
    assert who_may(State.SUBMITTED, Verb.APPROVE) == {Who.COUNTY, Who.CITY}
    assert verbs_in(State.SUBMITTED, Who.TOWN) == (Verb.WITHDRAW,)


def test_every_state_can_be_reached_and_is_either_open_or_final():
    assert {line.to for line in MOVES} | {State.DRAFT} == set(State)
    assert {State.IN_FORCE, State.WITHDRAWN, State.REJECTED} == FINAL
    assert set(State) == OPEN | FINAL
    assert EDITABLE <= OPEN


def test_a_name_approved_on_the_first_of_july_is_filed_and_announced_by_the_sixteenth():
    running = {each.clock: each.due_on for each in deadlines({Start.APPROVED: date(2024, 7, 1)})}
    assert running == {
        Due.FILE: date(2024, 7, 16),
        Due.ANNOUNCE: date(2024, 7, 16),
        Due.SIGN: date(2024, 8, 30),
    }


def test_a_defect_is_mended_within_thirty_days_of_notice():
    (repair,) = deadlines({Start.NOTICED: date(2024, 2, 1)})
    assert (repair.clock, repair.due_on) == (Due.REPAIR, date(2024, 3, 2))
    assert repair.days_left(date(2024, 3, 5)) == -3


def test_months_end_where_the_month_ends():
    assert due_on(date(2024, 11, 30), DEFAULT_RULES[Due.SWAP]) == date(2025, 2, 28)


def test_a_clock_is_a_setting():
    rules = {Due.FILE: ClockRule(Start.APPROVED, days=20)}
    assert [each.due_on for each in deadlines({Start.APPROVED: date(2024, 7, 1)}, rules)] == [date(2024, 7, 21)]


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 400), st.integers(0, 40))
def test_a_deadline_is_never_before_its_event(day, days, months):
    assert due_on(day, ClockRule(Start.APPROVED, days=days, months=months)) >= day
