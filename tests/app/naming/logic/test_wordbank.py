"""The bank of words for street names: every word lawful, surely read and explained."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

import pytest

from app.naming.logic.characters import default_table, flaws
from app.naming.logic.checks import NameContext, check_name
from app.naming.logic.findings import Level
from app.naming.logic.latin import spell, toneless_key
from app.naming.logic.shapes import StreetShape
from app.naming.logic.suggestions import WORD_LENGTHS, default_bank

THEMES = ("品德", "勤业", "农耕", "吉祥", "和睦", "文教", "安康", "花木", "景物", "水利", "典故", "新风")
FACILITIES = {"committee", "shop", "clinic", "school"}
LEAST = 1_500
LEAST_OF_A_THEME = 100
LEAST_FOR_A_FACILITY = 40
PLAIN = {
    "路": StreetShape("road", 620, 2, 7),
    "街": StreetShape("street", 620, 88, 7),
    "巷": StreetShape("lane", 130, 88, 3),
}
"""Streets of a plain village, by the generic that fits them."""

#: Characters with several readings, in words where another than the commonest one is meant or where one may doubt.
READ = {
    "好学": "Hàoxué",
    "朝霞": "Zhāoxiá",
    "朝气": "Zhāoqì",
    "担当": "Dāndāng",
    "同乐": "Tónglè",
    "乐府": "Yuèfǔ",
    "共济": "Gòngjì",
    "济民": "Jìmín",
    "重阳": "Chóngyáng",
    "芒种": "Mángzhòng",
    "处暑": "Chǔshǔ",
    "荷锄": "Hèchú",
    "春种": "Chūnzhòng",
    "耕种": "Gēngzhòng",
    "劲松": "Jìngsōng",
    "长庚": "Chánggēng",
    "长河": "Chánghé",
    "长青": "Chángqīng",
    "澄清": "Chéngqīng",
    "自省": "Zìxǐng",
    "曲径": "Qūjìng",
    "弦歌": "Xiángē",
    "传承": "Chuánchéng",
    "兴盛": "Xīngshèng",
    "石榴": "Shíliú",
    "沙鸥": "Shā'ōu",
}


def test_the_bank_has_fifteen_hundred_words_in_twelve_themes():
    by_theme = Counter(word.theme for word in default_bank())
    assert set(by_theme) == set(THEMES)
    assert by_theme.total() >= LEAST
    assert min(by_theme.values()) >= LEAST_OF_A_THEME


def test_every_kind_of_facility_has_words_and_there_is_no_other_kind():
    by_facility = Counter(word.facility for word in default_bank() if word.facility)
    assert set(by_facility) == FACILITIES
    assert min(by_facility.values()) >= LEAST_FOR_A_FACILITY


def test_no_word_stands_twice_nor_turned_round():
    words = [word.words for word in default_bank()]
    assert len(set(words)) == len(words)
    assert not [each for each in words if each[::-1] in words and each[::-1] != each]


def test_words_are_two_or_three_common_standard_characters():
    assert {len(word.words) for word in default_bank()} <= set(WORD_LENGTHS)
    assert not [word.words for word in default_bank() if list(flaws(word.words, default_table()))]


def test_every_word_is_explained_by_words_of_its_own():
    meanings = [word.meaning for word in default_bank()]
    assert all(each.strip() == each and each for each in meanings)
    assert len(set(meanings)) == len(meanings)
    assert not [word.words for word in default_bank() if word.meaning == word.words]


def test_meanings_are_chinese_and_fit_a_line():
    assert max(len(word.meaning) for word in default_bank()) <= 30
    assert not [word.words for word in default_bank() if any(each.isascii() for each in word.meaning)]


@pytest.mark.parametrize("generic", PLAIN)
def test_every_word_passes_the_checks_in_a_plain_village(generic: str):
    context = NameContext(shape=PLAIN[generic], neighbours=())
    objected = {
        word.words: [finding.say() for finding in check_name(word.words + generic, context) if grave(finding.level)]
        for word in default_bank()
    }
    assert not {words: said for words, said in objected.items() if said}


def grave(level: Level) -> bool:
    return level is not Level.NOTE


@pytest.mark.parametrize("generic", PLAIN)
def test_every_word_is_read_without_doubt_and_stays_one_word(generic: str):
    for word in default_bank():
        latin = spell(word.words + generic)
        assert not latin.must_confirm, word.words
        assert (latin.parts.specific, len(latin.syllables)) == (word.words, 2), word.words


@pytest.mark.parametrize(("words", "latin"), READ.items())
def test_characters_with_several_readings_are_read_as_meant(words: str, latin: str):
    assert words in {word.words for word in default_bank()}
    assert spell(words + "街").toned == f"{latin} Jiē"


def test_no_two_words_of_the_bank_sound_alike_even_without_tones():
    sounds = Counter(toneless_key(spell(f"{word.words}街").toned) for word in default_bank())
    assert not [sound for sound, times in sounds.items() if times > 1]


def test_the_readme_says_how_many_words_the_bank_has():
    readme = (files("app.naming") / "data" / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in readme.splitlines() if line.startswith("| `wordbank.csv`")]
    assert f"{len(default_bank()):,} words" in row
