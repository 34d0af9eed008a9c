"""Which villages fill a year's quota, and what they come to."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.milestones.logic import Candidate, Figures, Hands, Part, estimate, propose

#: A third of the programme, of 135 towns in 12 counties.
SCORES = st.floats(0, 1, allow_nan=False)


@st.composite
def places(draw: st.DrawFn) -> list[Candidate]:
    """Villages of some counties with a few towns each."""
    found = []
    for county in range(draw(st.integers(1, 4))):
        for town in range(draw(st.integers(1, 5))):
            for n in range(draw(st.integers(1, 12))):
                key = county * 10_000 + town * 100 + n
                found.append(
                    Candidate(
                        key,
                        county * 100 + town,
                        county,
                        {Part.READY: draw(SCORES)},
                        draw(st.none() | st.integers(0, 9)),
                    )
                )
    return found


@given(places(), st.data())
def test_the_quota_is_met_to_the_village_with_one_town_in_part_at_most(
    candidates: list[Candidate], data: st.DataObject
):
    quota = data.draw(st.integers(0, len(candidates) + 3))
    found = propose(candidates, quota)
    assert len(set(found.villages)) == len(found.villages) == min(quota, len(candidates))
    assert found.short == max(quota - len(candidates), 0)
    assert len(found.parted) <= 1


@given(places(), st.data())
def test_the_plan_does_not_depend_on_the_order_of_the_villages(candidates: list[Candidate], data: st.DataObject):
    quota = data.draw(st.integers(0, len(candidates)))
    assert propose(data.draw(st.permutations(candidates)), quota) == propose(candidates, quota)


@given(places(), st.data())
def test_no_county_is_off_its_share_by_more_than_the_largest_town(candidates: list[Candidate], data: st.DataObject):
    quota = data.draw(st.integers(0, len(candidates)))
    county_of = {one.village: one.county for one in candidates}
    left = Counter(one.county for one in candidates)
    largest = max(Counter(one.town for one in candidates).values())
    got = Counter(county_of[village] for village in propose(candidates, quota).villages)
    for county, n in left.items():
        assert abs(got[county] - quota * n / len(candidates)) <= largest + 1


@given(places(), st.data())
def test_what_was_moved_by_hand_stays_and_the_rest_fills_the_quota_around_it(
    candidates: list[Candidate], data: st.DataObject
):
    keys = [one.village for one in candidates]
    within = frozenset(data.draw(st.lists(st.sampled_from(keys), max_size=4)))
    without = frozenset(data.draw(st.lists(st.sampled_from(keys), max_size=4))) - within
    quota = data.draw(st.integers(0, len(keys)))
    found = propose(candidates, quota, hands=Hands(within, without))
    assert within <= set(found.villages)
    assert not without & set(found.villages)
    assert len(found.villages) == max(min(quota, len(keys) - len(without)), len(within))


def test_the_pilot_county_goes_first_as_far_as_its_share_and_the_best_of_its_towns():
    towns = {1: 0.2, 2: 0.9, 3: 0.5}
    candidates = [
        Candidate(town * 10 + n, town, 0, {Part.READY: score}) for town, score in towns.items() for n in range(4)
    ]
    assert propose(candidates, 8).villages == (20, 21, 22, 23, 30, 31, 32, 33)
    pilot = [
        Candidate(one.village, one.town, one.county, {**one.parts, Part.PILOT: one.town == 1}) for one in candidates
    ]
    assert {village // 10 for village in propose(pilot, 4).villages} == {1}
    assert {village // 10 for village in propose(pilot, 4, weights={Part.PILOT: 0, Part.READY: 1}).villages} == {2}


def test_a_town_that_was_begun_by_hand_is_made_whole_first():
    candidates = [Candidate(town * 10 + n, town, 0, {Part.READY: town / 3}) for town in (1, 2, 3) for n in range(4)]
    found = propose(candidates, 4, hands=Hands(within=frozenset({10})))
    assert found.villages == (10, 11, 12, 13)


def test_an_estimate_takes_known_streets_and_the_usual_number_elsewhere():
    villages = [Candidate(n, 1, 1, {}, streets) for n, streets in enumerate((3, None, 0))]
    made = estimate(villages)
    assert (made.villages, made.streets, made.known, made.signs, made.plates) == (3, 9, 3, 16, 3)
    assert made.cost == 16 * Decimal("1650.00") + 3 * Decimal("3250.00")
    assert made.crew_days == 1
    assert estimate([], Figures()).crew_days == 0
    whole = estimate([Candidate(n, 1, 1, {}) for n in range(5_099)])
    assert (whole.streets, whole.signs, whole.plates) == (30_594, 55_069, 5_099)


def test_a_quota_below_nought_and_a_crew_that_does_nothing_are_no_plan():
    with pytest.raises(ValueError, match="nought"):
        propose([], -1)
    with pytest.raises(ValueError, match="crew"):
        estimate([], Figures(a_day=0.0))
