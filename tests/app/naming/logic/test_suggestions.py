"""Names suggested for a whole village."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.naming.logic.checks import NameContext, Neighbour, Scope
from app.naming.logic.findings import Level
from app.naming.logic.latin import toneless_key
from app.naming.logic.shapes import Axis, StreetShape
from app.naming.logic.suggestions import BankWord, NamingRules, VillageContext, suggest_names

ZHANGZHUANG = VillageContext(stem="张庄", where="张庄村", seed="371424")

VILLAGE = (
    StreetShape("main", 620, 88, 7, ("committee", "shop"), 0, 20),
    StreetShape("school", 540, 92, 6, ("school",), 10, 180),
    StreetShape("clinic", 480, 3, 6, ("clinic",), 95, 150),
    StreetShape("west", 500, 178, 5, (), 268, 210),
    StreetShape("lane-north", 130, 85, 3, (), 355, 260),
    StreetShape("lane-south", 120, 85, 3, (), 185, 240),
    StreetShape("lane-east", 140, 2, 3, (), 80, 300),
)

shapes = st.builds(
    StreetShape,
    key=st.uuids().map(str),
    length_m=st.floats(20, 3000),
    bearing_deg=st.floats(0, 359.9),
    width_m=st.none() | st.floats(1.5, 20),
    facilities=st.lists(st.sampled_from(["committee", "shop", "clinic", "school"]), max_size=2).map(tuple),
    centre_bearing_deg=st.none() | st.floats(0, 359.9),
    centre_distance_m=st.none() | st.floats(0, 2000),
)
villages = st.lists(shapes, max_size=12, unique_by=lambda shape: shape.key)


def first_names(streets, context=ZHANGZHUANG):
    return {each.key: each.name for each in suggest_names(streets, context)}


def test_every_street_of_a_village_gets_three_choices_with_reasons():
    for suggestion in suggest_names(VILLAGE, ZHANGZHUANG):
        assert len(suggestion.choices) == 3
        assert all(choice.say() and choice.latin.sign for choice in suggestion.choices)


def test_generics_follow_the_direction():
    names = first_names(VILLAGE)
    assert [names[key][-1] for key in ("main", "school", "clinic", "west")] == ["街", "街", "路", "路"]


def test_the_direction_rule_is_a_setting():
    rules = NamingRules(east_west="路", north_south="街")
    names = first_names(VILLAGE, VillageContext(rules=rules))
    assert [names[key][-1] for key in ("main", "west")] == ["路", "街"]


def test_lanes_are_numbered_from_north_to_south_and_from_west_to_east():
    names = first_names(VILLAGE)
    assert [names[key] for key in ("lane-north", "lane-south", "lane-east")] == ["张庄一巷", "张庄二巷", "张庄三巷"]


def test_a_numbered_lane_leaves_nothing_to_confirm():
    lane = next(each for each in suggest_names(VILLAGE, ZHANGZHUANG) if each.key == "lane-north").choices[0]
    assert (lane.division, lane.latin.toned) == ("张庄/1/巷", "Zhāngzhuāng 1 Xiàng")
    assert not lane.latin.must_confirm


def test_a_school_s_street_is_named_for_learning():
    (school,) = [each for each in suggest_names(VILLAGE, ZHANGZHUANG) if each.key == "school"]
    assert school.choices[0].values["facility"] == "school"


def test_the_same_seed_gives_the_same_names_and_another_seed_others():
    other = VillageContext(stem="张庄", where="张庄村", seed="another")
    assert first_names(VILLAGE) == first_names(VILLAGE)
    assert first_names(VILLAGE) != first_names(VILLAGE, other)


def test_preferred_themes_come_first():
    context = VillageContext(rules=NamingRules(themes=("花木", "农耕")))
    suggested = {each.key: each.choices[0] for each in suggest_names(VILLAGE, context)}
    assert suggested["west"].values["theme"] == "农耕"


def test_a_wide_short_street_still_gets_a_generic_that_fits():
    (suggestion,) = suggest_names((StreetShape("short", 60, 0, 12),), ZHANGZHUANG)
    assert suggestion.name.endswith("街")


def test_a_name_of_the_same_village_is_not_suggested_with_another_generic():
    taken = first_names(VILLAGE)["main"]
    neighbour = Neighbour(taken[:-1] + "胡同", "", Scope.VILLAGE, "张庄村")
    context = VillageContext(stem="张庄", seed="371424", names=NameContext(neighbours=(neighbour,)))
    assert not [name for name in first_names(VILLAGE, context).values() if name.startswith(taken[:-1])]


def test_a_village_draws_words_that_its_town_does_not_use_yet_whatever_their_generic():
    words = [BankWord(words, "景物", words) for words in ("春风", "明月", "清泉")]
    street = (StreetShape("only", 620, 88, 7),)
    for kept in words:
        town = [Neighbour(each.words + "大道", "", Scope.TOWN, "李庄村") for each in words if each is not kept]
        context = VillageContext(bank=tuple(words), names=NameContext(neighbours=tuple(town)), choices=1)
        assert first_names(street, context) == {"only": kept.words + "街"}


def test_words_that_the_town_uses_come_back_when_all_are_used():
    words = tuple(BankWord(words, "景物", words) for words in ("春风", "明月"))
    town = tuple(Neighbour(each.words + "路", "", Scope.TOWN, "李庄村") for each in words)
    context = VillageContext(bank=words, names=NameContext(neighbours=town), choices=1)
    (name,) = first_names((StreetShape("only", 620, 88, 7),), context).values()
    assert name in {"春风街", "明月街"}


def test_a_word_kept_for_a_facility_is_not_given_to_a_street_without_one():
    words = (BankWord("育才", "文教", "培养人才", "school"), BankWord("诗书", "文教", "书籍"))
    school, other = StreetShape("school", 620, 88, 7, ("school",)), StreetShape("other", 900, 88, 7)
    assert first_names((school, other), VillageContext(bank=words, choices=1)) == {
        "school": "育才街",
        "other": "诗书街",
    }


def test_the_villages_of_a_town_share_no_word_while_the_bank_has_others():
    town: list[Neighbour] = []
    for number in range(40):
        names = NameContext(neighbours=tuple(town))
        context = VillageContext(stem=f"{number}", names=names, seed=f"village {number}", choices=1)
        given = first_names(VILLAGE[:4], context).values()
        town += [Neighbour(name, "", Scope.TOWN, "") for name in given]
    assert len({neighbour.name[:-1] for neighbour in town}) == len(town) == 160


@pytest.mark.parametrize(
    ("bearing", "axis"),
    [
        (90, Axis.EAST_WEST),
        (270, Axis.EAST_WEST),
        (46, Axis.EAST_WEST),
        (45, Axis.EAST_WEST),
        (135, Axis.EAST_WEST),
        (44, Axis.NORTH_SOUTH),
        (0, Axis.NORTH_SOUTH),
        (181, Axis.NORTH_SOUTH),
        (136, Axis.NORTH_SOUTH),
    ],
)
def test_a_street_within_45_degrees_of_east_west_runs_east_west(bearing, axis):
    assert StreetShape("a", 100, bearing).axis is axis


@settings(max_examples=25, deadline=None)
@given(villages)
def test_suggestions_are_lawful_and_unlike_each_other(streets):
    suggested = suggest_names(streets, ZHANGZHUANG)
    assert [each.key for each in suggested] == [street.key for street in streets]
    choices = [choice for each in suggested for choice in each.choices]
    assert all(finding.level is Level.NOTE for choice in choices for finding in choice.findings)
    assert len({toneless_key(choice.latin.toned) for choice in choices}) == len(choices)
    assert len({choice.latin.parts.specific for choice in choices}) == len(choices)


@settings(max_examples=15, deadline=None)
@given(villages, st.randoms(use_true_random=False))
def test_the_order_of_the_streets_does_not_change_their_names(streets, random):
    mixed = random.sample(streets, len(streets))
    assert first_names(streets) == first_names(mixed)
