"""What the law says about a name."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import Invalid
from app.naming.logic.checks import NameContext, Neighbour, Same, Scope, Standing, check_name
from app.naming.logic.findings import CLAUSES, Level, worst
from app.naming.logic.lists import Entry, WordList, default_lists
from app.naming.logic.shapes import StreetShape

LANE = StreetShape("lane", length_m=120, bearing_deg=0, width_m=3)
WEST = StreetShape("west", length_m=300, bearing_deg=90, width_m=5, centre_bearing_deg=265, centre_distance_m=400)


def loud(words, context=None):
    """Errors and warnings, shortly."""
    return [
        (each.rule, each.level.value, each.words) for each in check_name(words, context) if each.level is not Level.NOTE
    ]


def near(name, scope=Scope.VILLAGE, latin="", state=Standing.IN_FORCE):
    return NameContext(neighbours=(Neighbour(name, latin, scope, "王村", "张庄镇", state),))


@pytest.mark.parametrize(
    "name", ["幸福路", "文化街", "振兴大街", "疃里街", "复兴南路", "东埝巷", "小街", "五一广场", "二马路"]
)
def test_a_lawful_name_raises_no_error_and_no_warning(name):
    assert loud(name, NameContext(neighbours=())) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", [("N1", "error", "")]),
        ("路", [("N1", "error", "路")]),
        ("大街", [("N1", "error", "大街")]),
        ("幸福", [("N1", "error", "幸福")]),
        ("无名路", [("N2", "error", "无名")]),
        ("未命名街", [("N2", "error", "未命名")]),
        ("待定路", [("N2", "error", "待定")]),
        ("国际大街", [("N2", "warning", "国际")]),
        ("王八胡同", [("N2", "error", "王八")]),
        ("屎路", [("N2", "error", "屎")]),
        ("赌博路", [("N2", "error", "赌博")]),
        ("吸毒街", [("N2", "error", "吸毒")]),
        ("杀人巷", [("N2", "error", "杀人")]),
        ("卖淫街", [("N2", "error", "卖淫")]),
        ("算命胡同", [("N2", "warning", "算命")]),
        ("墓地路", [("N2", "warning", "墓地")]),
        ("瘟疫路", [("N2", "warning", "瘟疫")]),
        ("鲁迅路", [("N5a", "warning", "鲁迅")]),
        ("鲁迅东路", [("N5a", "warning", "鲁迅")]),
        ("张之洞路", [("N5a", "warning", "张之洞")]),
        ("张旭庄路", []),
        ("幸福文化振兴大街东", [("N1", "error", "幸福文化振兴大街东")]),
        ("幸福文化振兴建设大街", [("N3", "error", "幸福文化振兴建设大街")]),
        ("東方路", [("N4", "error", "東")]),
        ("榠樝路", [("N4", "error", "榠"), ("N4", "error", "樝")]),
        ("幸福1路", [("N4", "error", "1")]),
        ("幸福１路", [("N4", "error", "１")]),
        ("A区路", [("N4", "error", "A")]),
        ("Ａ区路", [("N4", "error", "Ａ")]),
        ("幸 福路", [("N4", "error", " ")]),
        ("幸\u3000福路", [("N4", "error", "\u3000")]),
        ("幸·福路", [("N4", "error", "·")]),
        ("婍美路", [("N4", "warning", "婍")]),
        ("毛泽东路", [("N5", "error", "毛泽东")]),
        ("小平路", [("N5", "warning", "小平")]),
        ("毛泽东街", [("N5", "error", "毛泽东")]),
        ("福泽东街", []),
        ("巴黎路", [("N6", "error", "巴黎")]),
        ("威尼斯大道", [("N6", "error", "威尼斯")]),
        ("曼哈顿广场", [("N6", "error", "曼哈顿")]),
        ("内蒙古路", [("N6", "warning", "蒙古")]),
        ("华为路", [("N7", "error", "华为")]),
    ],
)
def test_an_unlawful_name_is_found_out(name, expected):
    assert loud(name, NameContext(neighbours=())) == expected


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("幸福大道", LANE, ["大道", "大道"]),
        ("幸福巷", LANE, []),
        ("幸福巷", replace(LANE, width_m=12), ["巷"]),
        ("幸福路", replace(LANE, length_m=40), ["路"]),
        ("文化东路", WEST, ["东"]),
        ("文化西路", WEST, []),
        ("文化东北路", WEST, ["东北"]),
        ("文化东路", replace(WEST, centre_distance_m=20), []),
        ("文化东路", LANE, []),
    ],
)
def test_a_generic_and_a_direction_fit_the_street(name, shape, expected):
    found = [each for each in check_name(name, NameContext(shape=shape, neighbours=())) if each.rule == "N3"]
    assert [each.words for each in found] == expected
    assert all(each.level is Level.WARNING and each.waivable_by for each in found)


@pytest.mark.parametrize(
    ("name", "found", "instead"),
    [
        ("乐Ling路", ["Ling"], [""]),
        ("幸福12巷", ["12"], ["十二"]),
        ("幸福１２巷", ["１２"], ["十二"]),
        ("1A2路", ["1", "A", "2"], ["一", "", "二"]),
        ("20245路", ["20245"], ["二零二四五"]),
    ],
)
def test_letters_and_digits_that_stand_together_are_one_finding(name: str, found: list[str], instead: list[str]):
    of_characters = [each for each in check_name(name, NameContext(neighbours=())) if each.rule == "N4"]
    assert [each.words for each in of_characters] == found
    assert [each.values["instead"] for each in of_characters] == instead


def test_an_unknown_width_is_said_to_be_unchecked():
    found = check_name("幸福巷", NameContext(shape=replace(LANE, width_m=None)))
    (note,) = [each for each in found if each.rule == "N3"]
    assert (note.level, note.fully_checked) == (Level.NOTE, False)


@pytest.mark.parametrize(
    ("scope", "text", "toned", "toneless"),
    [
        (Scope.VILLAGE, "error", "warning", "warning"),
        (Scope.TOWN, "warning", "warning", "note"),
        (Scope.COUNTY, "note", "note", None),
    ],
)
def test_the_weight_of_likeness_depends_on_how_near_it_is(scope, text, toned, toneless):
    for other, level in (("福民路", text), ("福敏路", toneless), ("扶民路", toneless), ("服民路", toneless)):
        found = [each.level for each in check_name("福民路", near(other, scope)) if each.rule == "N9"]
        expected = toned if other in {"扶民路", "服民路"} else level
        assert found == ([expected] if expected else []), other


def test_the_confirmed_spelling_decides_how_a_name_sounds():
    neighbour = near("乐陵路", latin="Làolíng Lù")
    assert not [each for each in check_name("乐灵路", neighbour) if each.rule == "N9"]
    assert [each.rule for each in check_name("烙灵路", neighbour) if each.words == "乐陵路"] == ["N9"]
    confirmed = replace(neighbour, latin="Làolíng Lù")
    assert [each.rule for each in check_name("乐灵路", confirmed) if each.words == "乐陵路"] == ["N9"]


def test_an_ordinal_sounds_like_the_word_it_is_read_as():
    found = [each for each in check_name("幸福依巷", near("幸福一巷")) if each.rule == "N9"]
    assert [each.level for each in found] == [Level.WARNING]


def test_a_retired_name_only_deserves_a_note():
    (found,) = [each for each in check_name("福民路", near("福民路", state=Standing.RETIRED)) if each.rule == "N9"]
    assert found.level is Level.NOTE
    assert "retired" in found.say()


def test_scopes_are_a_setting():
    strict = replace(near("福民路", Scope.COUNTY), same_levels={(Same.TEXT, Scope.COUNTY): Level.ERROR})
    assert loud("福民路", strict) == [("N9", "error", "福民路")]


def test_a_name_that_nobody_looked_around_for_is_not_fully_checked():
    (found,) = [each for each in check_name("幸福路") if each.rule == "N9"]
    assert (found.level, found.fully_checked) == (Level.NOTE, False)


def test_every_name_needs_a_person_to_read_it():
    ticks = [each for each in check_name("幸福路") if each.needs_tick]
    assert [each.rule for each in ticks] == ["N2"]


def test_a_list_nobody_has_confirmed_is_said_to_be_unchecked():
    rules = {each.rule for each in check_name("幸福路", NameContext(neighbours=())) if not each.fully_checked}
    assert rules == {"N1", "N2", "N5", "N5a", "N6", "N7"}


def test_a_list_that_was_changed_after_somebody_confirmed_it_says_so():
    changed = WordList("persons", (Entry("某人"),), changed_since="王科长")
    context = NameContext(lists=replace(default_lists(), persons=changed), neighbours=())
    (found,) = [each for each in check_name("幸福路", context) if each.rule == "N5a"]
    assert (found.fully_checked, "王科长" in found.say()) == (False, True)


def test_where_every_list_is_confirmed_nothing_is_unchecked():
    shipped = default_lists()
    kinds = ("terms", "placeholders", "banned", "leaders", "persons", "foreign", "companies")
    signed = {kind: replace(getattr(shipped, kind), confirmed_by="王科长") for kind in kinds}
    found = check_name("幸福路", NameContext(lists=replace(shipped, **signed), neighbours=()))
    assert [each.rule for each in found] == ["N2"]
    assert found[0].needs_tick
    assert found[0].fully_checked


@pytest.mark.parametrize(
    ("axis", "expected"), [(None, []), ("north_south", []), ("east_west", [("N3", "warning", "路")])]
)
def test_a_generic_that_local_rule_keeps_for_one_course_warns_on_the_other(axis, expected):
    shipped = default_lists()
    generics = tuple(replace(each, axis=axis) if each.words == "路" else each for each in shipped.generics)
    street = StreetShape("street", length_m=300, bearing_deg=0, width_m=5)
    context = NameContext(shape=street, lists=replace(shipped, generics=generics), neighbours=())
    assert loud("幸福路", context) == expected


def test_a_confirmed_list_speaks_only_when_it_has_something_to_say():
    signed = WordList("state leaders", (Entry("某人"),), "file 1", confirmed_by="bureau")
    context = NameContext(lists=replace(default_lists(), leaders=signed), neighbours=())
    assert not [each for each in check_name("幸福路", context) if each.rule == "N5"]
    assert ("N5", "error", "某人") in loud("某人路", context)


def test_a_person_s_name_may_be_waived_by_an_officer():
    persons = WordList("persons", (Entry("张之洞", "清"),))
    context = NameContext(lists=replace(default_lists(), persons=persons), neighbours=())
    (found,) = [each for each in check_name("张之洞路", context) if each.words == "张之洞"]
    assert (found.rule, found.level) == ("N5a", Level.WARNING)
    assert found.waivable_by


def test_leaders_latin_letters_and_empty_specifics_cannot_be_waived():
    for name in ("毛泽东路", "A区路", "路", "東方路", "无名路"):
        errors = [each for each in check_name(name) if each.level is Level.ERROR]
        assert errors
        assert not any(each.waivable_by for each in errors)


def test_a_traditional_form_is_answered_with_the_simplified_one():
    (found,) = [each for each in check_name("興隆路") if each.level is Level.ERROR]
    assert found.advise() == "Write “兴”."


def test_a_confirmed_division_is_used():
    context = NameContext(division="东四/12/条", neighbours=())
    assert loud("东四十二条", context) == []


def test_the_division_of_another_name_is_refused():
    with pytest.raises(Invalid, match="does not spell"):
        check_name("幸福路", NameContext(division="长安/街"))


def test_the_worst_finding_decides():
    assert worst(check_name("毛泽东路")) is Level.ERROR
    assert worst(check_name("小平路")) is Level.WARNING
    assert worst(()) is None


@given(st.text(max_size=12))
def test_any_text_is_answered_in_whole_sentences(text):
    for finding in check_name(text, NameContext(shape=LANE, neighbours=(Neighbour("幸福路", "", Scope.TOWN, "王村"),))):
        assert finding.clause is CLAUSES[finding.rule]
        assert finding.say().strip()
        assert "{" not in finding.message.format(**dict.fromkeys(finding.values, ""))
        finding.advise()


@given(st.text(string.printable, min_size=1, max_size=6))
def test_text_without_chinese_is_never_a_lawful_name(text):
    assert worst(check_name(text)) is Level.ERROR


def test_a_name_longer_than_a_plate_is_told_with_the_remedy_and_the_county_may_answer():
    name = "幸福" * 18 + "大街北"[:1] + "大街"
    (found,) = [each for each in check_name(name) if each.rule == "N3"]
    assert (len(name), found.level, found.values["length"]) == (39, Level.ERROR, 39)
    assert "Shorten" in found.advise()
    assert found.waivable_by


def test_a_banned_word_is_said_in_the_same_words_whether_its_list_is_confirmed_or_not():
    """What somebody answered stays answered when the list is confirmed; that nobody did is a note of its own."""
    banned = default_lists().banned
    said = [
        [
            (each.message, each.fully_checked)
            for each in check_name("屎路", NameContext(lists=replace(default_lists(), banned=known), neighbours=()))
            if each.rule == "N2" and each.words == "屎"
        ]
        for known in (banned, replace(banned, confirmed_by="王科长"))
    ]
    assert said[0] == said[1] != []


def test_a_person_of_two_characters_at_the_head_of_a_longer_specific_is_a_note():
    (found,) = [each for each in check_name("鲁迅公园路") if each.rule == "N5a" and each.words]
    assert (found.words, found.level) == ("鲁迅", Level.NOTE)


@pytest.mark.parametrize("specific", ["许昌", "麦田", "建安", "尚书"])
def test_a_place_an_era_an_office_and_a_plain_word_are_no_persons(specific: str):
    assert not [each for each in check_name(f"{specific}路") if each.rule == "N5a" and each.words]


def test_a_surveyed_name_in_use_counts_as_a_neighbour_and_the_county_may_answer():
    (found,) = [each for each in check_name("幸福路", near("幸福路", state=Standing.IN_USE)) if each.rule == "N9"]
    assert (found.level, bool(found.waivable_by)) == (Level.ERROR, True)
    (found,) = [each for each in check_name("幸福路", near("兴福路", state=Standing.IN_USE)) if each.rule == "N9"]
    assert found.level is Level.WARNING


def test_the_lists_that_ship_are_of_a_size_and_unconfirmed():
    lists = default_lists()
    assert len(lists.persons.entries) == 13_658 - 263  # what the table of other words takes out
    assert len(lists.banned.entries) > 300
    assert lists.banned.source == "own compilation"
    assert lists.banned.confirmed_by is None
