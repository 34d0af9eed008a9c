"""Characters against the table, numerals as numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin_dict.pinyin_data import kmandarin_8105

from app.naming.logic import numerals
from app.naming.logic.characters import Flaw, default_table, flaws, level_of


def test_the_table_has_the_8105_characters_that_the_dictionary_has():
    assert set(default_table().levels) == {chr(code) for code in kmandarin_8105.pinyin_dict}


def test_the_levels_have_their_official_sizes():
    levels = list(default_table().levels.values())
    assert [levels.count(level) for level in (1, 2, 3)] == [3500, 3000, 1605]


@pytest.mark.parametrize(
    ("character", "level"),
    [("一", 1), ("疃", 2), ("埝", 2), ("垡", 2), ("洼", 1), ("婍", 3), ("榠", None), ("東", None)],
)
def test_a_character_has_its_level(character, level):
    assert level_of(character) == level


@pytest.mark.parametrize(
    ("words", "flaw", "instead"),
    [
        ("a", Flaw.LATIN, ""),
        ("Ａ", Flaw.LATIN, ""),
        ("é", Flaw.LATIN, ""),
        ("7", Flaw.DIGIT, "七"),
        ("７", Flaw.DIGIT, "七"),
        (" ", Flaw.BLANK, ""),
        ("\u3000", Flaw.BLANK, ""),
        ("\u200b", Flaw.BLANK, ""),
        ("\ufeff", Flaw.BLANK, ""),
        ("\t", Flaw.BLANK, ""),
        ("\x01", Flaw.CONTROL, ""),
        ("\x7f", Flaw.CONTROL, ""),
        ("\u200d", Flaw.CONTROL, ""),
        ("\u202e", Flaw.CONTROL, ""),
        ("\ufe0f", Flaw.CONTROL, ""),
        ("（", Flaw.PUNCTUATION, ""),
        ("-", Flaw.PUNCTUATION, ""),
        ("、", Flaw.PUNCTUATION, ""),
        ("★", Flaw.SYMBOL, ""),
        ("+", Flaw.SYMBOL, ""),
        ("\U0001f600", Flaw.SYMBOL, ""),
        ("\u2764", Flaw.SYMBOL, ""),
        ("義", Flaw.TRADITIONAL, "义"),
        ("塚", Flaw.OUTSIDE, ""),
        ("\ufa0c", Flaw.OUTSIDE, "兀"),
    ],
)
def test_each_flaw_has_its_own_name(words, flaw, instead):
    (found,) = flaws(words)
    assert (found.flaw, found.instead) == (flaw, instead)


@given(st.text(sorted(each for each, level in default_table().levels.items() if level < 3)))
def test_common_characters_are_never_flawed(words):
    assert flaws(words) == ()


@given(st.integers(0, 9999))
def test_a_number_written_in_chinese_reads_as_itself(number):
    assert numerals.value(numerals.chinese(number)) == number


@pytest.mark.parametrize(
    ("words", "tail"),
    [
        ("大川淀一", "一"),
        ("东", ""),
        ("三八", "三八"),
        ("双百", ""),
        ("幸福二十三", "二十三"),
        ("三眼井", ""),
        ("千十", "十"),
    ],
)
def test_the_numeral_at_the_end_is_found(words, tail):
    assert numerals.tail(words) == tail


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("一二九", 129),
        ("一百零八", 108),
        ("十", 10),
        ("二十", 20),
        ("十百", None),
        ("", None),
        ("百一十二十", None),
    ],
)
def test_a_numeral_has_a_value_or_none(numeral, value):
    assert numerals.value(numeral) == value
