"""What became of the divisions of one list in the next: the kinds, the evidence, and that nothing is lost."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intake.comparing import Change, Clue, Unit, compare, core_of, likeness, successors
from app.intake.models import Certainty, ChangeKind

TOWN, OTHER = "371481100", "371481101"


def unit(code: str, name: str, above: str = TOWN) -> Unit:
    return Unit(above + code, name, above)


def told(before: list[Unit], after: list[Unit], **towns: str) -> list[tuple[str, str, list[str], list[str]]]:
    changes = compare(before, after, towns=towns)
    names = [([old.name for old in each.olds], [new.name for new in each.news]) for each in changes]
    return [(each.kind.value, each.certainty.value, *sides) for each, sides in zip(changes, names, strict=True)]


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("宁家社区宁家村村民委员会", "宁家"),
        ("宁家村委会", "宁家"),
        ("永和社区村委会", "永和"),
        ("七里庄社区居委会", "七里庄"),
        ("九村社区村委会", "九"),
        ("周庄村村委会", "周庄"),
    ],
)
def test_a_name_comes_to_its_core_however_the_list_writes_it(name: str, core: str) -> None:
    assert core_of(name) == core


@pytest.mark.parametrize(
    ("old", "new", "clue"),
    [
        ("永和社区村委会", "永和村委会", Clue.SAME_NAME),
        ("东曹村委会", "东曹塘村村委会", Clue.NAME_WITHIN),
        ("赵九房村委会", "赵酒房村委会", Clue.NAME_ALIKE),
        ("东坦村民委员会", "东谭村村民委员会", Clue.SAME_SOUND),
        ("良庄村委会", "梁庄村委会", Clue.SAME_SOUND),
        ("李家村委会", "李庄村村委会", Clue.NAME_FAR),
        ("李学武居委会", "康博公馆社区居民委员会", None),
        ("南家村委会", "北家村委会", None),
    ],
)
def test_names_are_near_by_what_tells_one_village_from_another(old: str, new: str, clue: Clue | None) -> None:
    assert likeness(old, new) is clue


def test_a_code_that_stays_is_unchanged_or_renamed() -> None:
    before = [unit("201", "张庄村委会"), unit("202", "宁家社区大刘村村民委员会"), unit("203", "李家村委会")]
    after = [unit("201", "张庄村委会"), unit("202", "大刘村村民委员会"), unit("203", "李庄村委会")]
    assert told(before, after) == [
        ("unchanged", "sure", ["张庄村委会"], ["张庄村委会"]),
        ("renamed", "sure", ["宁家社区大刘村村民委员会"], ["大刘村村民委员会"]),
        ("renamed", "open", ["李家村委会"], ["李庄村委会"]),
    ]


def test_a_code_under_which_another_place_stands_is_reused() -> None:
    before = [unit("001", "李学武居委会"), unit("201", "后屯村委会")]
    after = [unit("001", "康博公馆社区居委会"), unit("201", "姜园村委会"), unit("301", "后屯村村委会")]
    assert told(before, after) == [
        ("reused", "open", ["李学武居委会"], ["康博公馆社区居委会"]),
        ("reused", "likely", [], ["姜园村委会"]),
        ("recoded", "sure", ["后屯村委会"], ["后屯村村委会"]),
    ]


def test_the_only_one_of_its_name_is_found_in_its_town_and_in_another() -> None:
    before = [unit("201", "五李社区村民委员会"), unit("202", "石庄村委会"), unit("203", "张庄村委会")]
    after = [unit("005", "五李社区居委会"), unit("256", "石庄村村委会", OTHER), unit("203", "张庄村委会")]
    assert told(before, after) == [
        ("recoded", "sure", ["五李社区村民委员会"], ["五李社区居委会"]),
        ("moved", "likely", ["石庄村委会"], ["石庄村村委会"]),
        ("unchanged", "sure", ["张庄村委会"], ["张庄村委会"]),
    ]


def test_villages_of_a_town_that_moved_are_found_below_it_though_the_name_stands_elsewhere_too() -> None:
    before = [Unit("371471106201", "张庄村委会", "371471106"), unit("201", "张庄村委会")]
    after = [Unit("371472100305", "张庄村委会", "371472100"), unit("201", "张庄村委会")]
    assert told(before, after, **{"371471106": "371472100"})[0][:2] == ("moved", "sure")


def test_several_that_are_gone_merged_into_the_only_one_that_is_new() -> None:
    before = [unit("208", "二小屯村委会"), unit("209", "三小屯村委会"), unit("210", "四屯村委会")]
    after = [unit("210", "四屯村委会"), unit("223", "二三屯村村民委员会")]
    assert told(before, after)[0] == ("merged", "likely", ["二小屯村委会", "三小屯村委会"], ["二三屯村村民委员会"])


def test_what_may_have_gone_into_one_of_several_stays_open_with_the_candidates() -> None:
    before = [unit("210", "大王村委会"), unit("215", "安子李村委会")]
    after = [unit("200", "千都苑新村委会"), unit("389", "万安居新村委会")]
    changes = compare(before, after)
    assert [(each.kind, each.certainty) for each in changes] == [
        (ChangeKind.NEW, Certainty.OPEN),
        (ChangeKind.MERGED, Certainty.OPEN),
        (ChangeKind.MERGED, Certainty.OPEN),
        (ChangeKind.NEW, Certainty.OPEN),
    ]
    assert changes[1].candidates == (TOWN + "200", TOWN + "389")
    assert (changes[1].gone_there, changes[1].new_there) == (2, 2)


def test_the_community_in_the_old_name_comes_first_among_the_candidates() -> None:
    before = [unit("284", "苗屯社区侯家村委会"), unit("283", "苗屯社区苗屯村委会")]
    after = [unit("283", "苗屯村委会"), unit("351", "五福源村委会"), unit("352", "振兴新村委会")]
    (merged,) = (each for each in compare(before, after) if each.kind is ChangeKind.MERGED)
    assert merged.candidates[0] == TOWN + "283"
    assert Clue.COMMUNITY in merged.clues


def test_one_that_became_two_with_its_name_is_split() -> None:
    before, after = [unit("210", "大王村委会")], [unit("301", "东大王村委会"), unit("302", "西大王村委会")]
    assert told(before, after) == [("split", "likely", ["大王村委会"], ["东大王村委会", "西大王村委会"])]


def test_one_that_is_gone_where_nothing_is_new_is_abolished_with_its_neighbours_for_candidates() -> None:
    before = [unit("201", "东关村委会"), unit("202", "西关村委会")]
    (gone, stays) = compare(before, before[1:])
    assert (gone.kind, gone.candidates, stays.kind) == (ChangeKind.ABOLISHED, (TOWN + "202",), ChangeKind.UNCHANGED)


_NAMES = st.text(alphabet="东西大小张王李庄屯", min_size=1, max_size=4).map(lambda name: f"{name}村委会")
_LISTS = st.dictionaries(st.tuples(st.sampled_from([TOWN, OTHER]), st.integers(200, 212)), _NAMES, max_size=20).map(
    lambda found: [Unit(f"{town}{n}", name, town) for (town, n), name in found.items()]
)


@given(before=_LISTS, after=_LISTS)
def test_each_old_and_each_new_code_is_in_exactly_one_change(before: list[Unit], after: list[Unit]) -> None:
    assert_whole(compare(before, after), before, after)


def assert_whole(changes: list[Change], before: list[Unit], after: list[Unit]) -> None:
    assert Counter(old for each in changes for old in each.olds) == Counter(before)
    assert Counter(new for each in changes for new in each.news) == Counter(after)


def levels(path: Path) -> list[list[Unit]]:
    """Counties, towns and villages of a list."""
    with path.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    return [
        list({Unit(row["county_code"], row["county_name"], "371400"): None for row in rows}),
        list({Unit(row["town_code"], row["town_name"], row["county_code"]): None for row in rows}),
        [Unit(row["code"], row["name"], row["town_code"]) for row in rows],
    ]


#: Codes gone, codes new, codes with another name, as counted from the files; and what became of villages, by kind.
REAL = [
    (
        "dezhou_villages_2020.csv",
        "dezhou_villages_2021.csv",
        (3_989, 1_211, 427),
        {
            "unchanged": 3_693,
            "renamed": 404,
            "reused": 23,
            "recoded": 55,
            "moved": 140,
            "merged": 3_754,
            "abolished": 31,
            "new": 1_012,
        },
    ),
    (
        "dezhou_villages_2021.csv",
        "dezhou_villages.csv",
        (136, 112, 249),
        {"unchanged": 4_946, "renamed": 237, "reused": 12, "recoded": 2, "moved": 86, "merged": 48, "new": 24},
    ),
]


@pytest.mark.parametrize(("older", "newer", "counts", "kinds"), REAL)
def test_the_real_lists_are_told_apart_whole(
    samples: Path, older: str, newer: str, counts: tuple[int, int, int], kinds: dict[str, int]
) -> None:
    before, after = levels(samples / older), levels(samples / newer)
    towns: dict[str, str] = {}
    for old, new in zip(before, after, strict=True):
        changes = compare(old, new, towns=towns)
        towns = successors(changes)
        assert_whole(changes, old, new)
    was, now = ({each.code: each.name for each in units[2]} for units in (before, after))
    other = sum(was[code] != now[code] for code in was.keys() & now.keys())
    assert (len(was.keys() - now.keys()), len(now.keys() - was.keys()), other) == counts
    assert Counter(each.kind.value for each in changes) == kinds


def test_the_towns_that_changed_their_county_are_known_again(samples: Path) -> None:
    before, after = (levels(samples / name)[1] for name in REAL[0][:2])
    moved = [each for each in compare(before, after) if each.kind is ChangeKind.MOVED]
    assert {(each.olds[0].name, each.olds[0].code, each.news[0].code) for each in moved} == {
        ("赵虎镇", "371471106", "371472100"),
        ("抬头寺镇", "371471107", "371472101"),
        ("运河街道", "371472005", "371402009"),
    }
