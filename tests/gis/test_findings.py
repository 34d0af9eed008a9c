"""The lists that an officer looks at before streets are named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.findings import Findings, Repeated, find
from gis.streets import derive_streets, known_streets
from tests.gis.test_streets import EAST, NORTH, SOUTH, WEST, O, segment, towns


def findings(*segments):
    """The findings, with streets written as the keys of their segments."""
    streets = derive_streets(segments)
    called = [" ".join(segments[i].key for i in members) for members in streets.members()]
    return find(segments, streets), called


def test_no_streets_give_empty_lists():
    assert find([], derive_streets([])) == Findings((), (), (), ())


def test_streets_without_a_name_are_listed():
    found, called = findings(segment("a", O, EAST), segment("b", (0, 1), (1, 1), name="东街"))
    assert [called[n] for n in found.unnamed] == ["a"]


def test_an_unnamed_street_that_continues_a_named_one_says_so():
    found, called = findings(segment("w", WEST, O, name="东街"), segment("e", O, EAST), segment("n", O, NORTH))
    assert [(called[each.street], each.name, each.apart_m) for each in found.nearby] == [("e", "东街", 0.0)]


def test_of_two_names_ahead_the_straighter_is_told():
    found, called = findings(
        segment("w", WEST, O), segment("a", O, (1, 0.3), name="甲"), segment("b", O, (1, -0.1), name="乙")
    )
    assert [(called[each.street], each.name) for each in found.nearby] == [("w", "乙")]


@pytest.mark.parametrize(("apart", "expected"), [(0.02, [2]), (0.2, [22]), (0.4, [])])
def test_an_unnamed_street_beside_a_named_one_says_how_far(apart, expected):
    found, _ = findings(segment("a", O, (3, 0), name="东街"), segment("b", (0.1, apart), (2.9, apart)))
    assert [each.apart_m for each in found.nearby] == [pytest.approx(far, abs=0.5) for far in expected]


def test_a_street_that_is_beside_a_named_one_for_a_short_way_is_not_near_it():
    found, _ = findings(segment("a", O, (1, 0), name="东街"), segment("b", (0.8, 0.2), (4, 0.2)))
    assert found.nearby == ()


def test_a_course_with_two_names_is_listed_with_both():
    found, called = findings(
        segment("w", WEST, O, name="东街"),
        segment("e", O, EAST, name="东大街"),
        segment("n", NORTH, O, name="北街"),
        segment("s", O, SOUTH),
    )
    assert [(each.names, {called[n] for n in each.streets}) for each in found.several] == [
        (("东大街", "东街"), {"w", "e"})
    ]


def test_one_name_in_two_places_is_listed_once_with_both():
    found, called = findings(
        segment("a", O, EAST, name="幸福路"), segment("b", (3, 3), (4, 3), name="幸福路"), segment("c", O, NORTH)
    )
    assert [(each.name, {called[n] for n in each.streets}) for each in found.repeated] == [("幸福路", {"a", "b"})]


def known(*segments):
    """The findings where each segment is a street of its own, as people made them."""
    return find(segments, known_streets(segments, np.arange(len(segments)), [one.name for one in segments]))


def test_streets_of_one_name_side_by_side_are_listed_as_one_place_and_those_farther_apart_are_not():
    row = [segment("a", O, (4, 0), name="长江路"), segment("b", (4, 0.22), (0, 0.22), name="长江路")]
    assert known(*row).repeated == (Repeated("长江路", (0, 1), touching=True),)
    row[1] = segment("b", (4, 0.9), (0, 0.9), name="长江路")
    assert known(*row).repeated == (Repeated("长江路", (0, 1), touching=False),)


def test_streets_of_one_name_that_touch_are_listed_as_such_unless_there_is_one_elsewhere():
    row = [segment("a", O, EAST, name="东街"), segment("b", EAST, (2, 0), name="东街")]
    assert known(*row).repeated == (Repeated("东街", (0, 1), touching=True),)
    assert known(*row, segment("c", (5, 5), (6, 5), name="东街")).repeated == (Repeated("东街", (0, 1, 2)),)


def test_streets_that_people_made_are_looked_through_as_derived_ones_are():
    found = known(
        segment("w", WEST, O, name=" 东  街"), segment("e", O, EAST), segment("f", EAST, (2, 0), name="东大街")
    )
    assert found.unnamed == (1,)
    assert [(each.street, each.name) for each in found.nearby] == [(1, "东街")]
    assert [(each.streets, each.names) for each in found.several] == [((0, 2), ("东大街", "东街"))]


def test_known_streets_tell_their_lengths_and_how_many_segments_they_have():
    streets = known_streets([segment("a", O, EAST), segment("b", EAST, (2, 0))], np.array([1, 1]), ["空", None])
    assert (streets.names, streets.segments.tolist(), len(streets)) == (("空", None), [0, 2], 2)
    assert streets.lengths_m.tolist() == [0, pytest.approx(200, abs=25)]


def test_no_known_streets_give_empty_lists():
    assert find([], known_streets([], np.zeros(0, dtype=np.intp), [])) == Findings((), (), (), ())


@given(towns())
def test_derived_streets_and_the_same_streets_known_have_the_same_findings(town):
    streets = derive_streets(town)
    again = known_streets(town, streets.street, streets.names)
    assert find(town, again) == find(town, streets)


@given(towns(), st.randoms(use_true_random=False))
def test_the_lists_do_not_depend_on_the_order_of_input(town, random):
    shuffled = random.sample(town, len(town))
    assert find(town, derive_streets(town)) == find(shuffled, derive_streets(shuffled))


@given(towns())
def test_every_street_near_a_name_has_none_of_its_own(town):
    streets = derive_streets(town)
    found = find(town, streets)
    assert {each.street for each in found.nearby} <= set(found.unnamed)
    assert all(streets.names[each.named] == each.name for each in found.nearby)
    assert {n for each in found.several for n in each.streets}.isdisjoint(found.unnamed)
