"""The spelling of names: every vector of the 1984 rules, and what must hold for any name."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin
from pypinyin.constants import PHRASES_DICT

from app.base.errors import Invalid
from app.naming.logic.characters import default_table
from app.naming.logic.latin import DoubtKind, sound_key, spell, toneless_key, without_tones
from app.naming.logic.parts import Kind, default_generics, split_name
from app.naming.logic.readings import Reading, Readings, default_readings

COMMON = sorted(character for character, level in default_table().levels.items() if level < 3)
GENERICS = [generic.words for generic in default_generics() if generic.kind is Kind.STREET]
names = st.builds(
    lambda specific, generic: specific + generic,
    st.text(COMMON, min_size=1, max_size=5),
    st.sampled_from(GENERICS),
)

DIVIDED_STREETS = [
    "长安/街",
    "南京/路",
    "滨江/道",
    "梧桐/巷",
    "门框/胡同",
    "景山/后街",
    "造币/左路",
    "清波门/直街",
    "后赵家楼/胡同",
    "朝阳门内/大街",
    "小/街",
    "小街/南街",
    "南横/东街",
    "修文/西小巷",
    "东直门外/南后街",
    "解放路/南小街",
    "包头/胡同/东巷",
    "张之洞/路",
    "三八/路",
    "五一/广场",
    "三眼井/胡同",
    "二/马路",
    "经/五/路",
    "三/环路",
    "大川淀/一/巷",
    "东四/十二/条",
    "迎宾/路",
    "文化/东路",
    "济南/路",
    "山东/路",
    "石家庄/西路",
    "文化/西北/路",
    "统一/路",
    "北/大街",
]


@pytest.mark.parametrize("divided", DIVIDED_STREETS)
def test_a_street_name_is_divided_as_the_rules_divide_it(divided):
    parts = split_name(divided.replace("/", ""))
    assert "/".join(word.text for word in parts.words) == divided


@pytest.mark.parametrize(
    ("name", "toned"),
    [
        ("景山后街", "Jǐngshān Hòujiē"),
        ("广安门/北滨河/路", "Guǎng'ānmén Běibīnhé Lù"),
        ("广渠/南水关/胡同", "Guǎngqú Nánshuǐguān Hútong"),
        ("三八路", "Sānbā Lù"),
        ("五一广场", "Wǔyī Guǎngchǎng"),
        ("三眼井胡同", "Sānyǎnjǐng Hútong"),
        ("二马路", "2 Mǎlù"),
        ("经五路", "Jīng 5 Lù"),
        ("三环路", "3 Huánlù"),
        ("大川淀一巷", "Dàchuāndiàn 1 Xiàng"),
        ("东四/12/条", "Dōngsì 12 Tiáo"),
        ("东四十二条", "Dōngsì 12 Tiáo"),
        ("第九弄", "Dì-9 Lòng"),
        ("第9/弄", "Dì-9 Lòng"),
        ("第一巷", "Dì-1 Xiàng"),
        ("第十二巷", "Dì-12 Xiàng"),
        ("第二大街", "Dì-2 Dàjiē"),
        ("第一小巷", "Dì-1 Xiǎoxiàng"),
        ("张庄第一巷", "Zhāngzhuāng Dì-1 Xiàng"),
        ("一巷", "1 Xiàng"),
        ("东一路", "Dōng 1 Lù"),
        ("天下第一街", "Tiānxiàdìyī Jiē"),
        ("第一中学路", "Dìyīzhōngxué Lù"),
        ("西安路", "Xī'ān Lù"),
        ("天鹅路", "Tiān'é Lù"),
        ("盆儿胡同", "Pénr Hútong"),
        ("女儿街", "Nǚ'ér Jiē"),
        ("儿童路", "Értóng Lù"),
        ("乐陵路", "Làolíng Lù"),
        ("安乐陵园路", "Ānlèlíngyuán Lù"),
        ("包头胡同东巷", "Bāotóu Hútong Dōngxiàng"),
        ("重兴街", "Chóngxīng Jiē"),
        ("朝阳街", "Cháoyáng Jiē"),
        ("东三环路", "Dōng 3 Huánlù"),
        ("绿色路", "Lǜsè Lù"),
        ("新华村路", "Xīnhuácūn Lù"),
        ("翟家庄街", "Zháijiāzhuāng Jiē"),
        ("肖何庄路", "Xiāohézhuāng Lù"),
        ("东长街", "Dōngcháng Jiē"),
    ],
)
def test_a_street_name_is_spelled_with_tones(name, toned):
    assert spell(name).toned == toned


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("长安街", "CHANG'AN JIE"),
        ("景山后街", "JINGSHAN HOUJIE"),
        ("大川淀一巷", "DACHUANDIAN 1 XIANG"),
        ("盆儿胡同", "PENR HUTONG"),
        ("西安路", "XI'AN LU"),
        ("乐陵路", "LAOLING LU"),
        ("张之洞路", "ZHANGZHIDONG LU"),
        ("迎宾路", "YINGBIN LU"),
        ("绿色路", "LÜSE LU"),
    ],
)
def test_a_sign_has_capitals_without_tones(name, sign):
    assert spell(name).sign == sign


@pytest.mark.parametrize(
    ("name", "toned"),
    [
        ("王村", "Wángcūn"),
        ("江镇", "Jiāngzhèn"),
        ("周口店", "Zhōukǒudiàn"),
        ("文家市", "Wénjiāshì"),
        ("油坊桥", "Yóufángqiáo"),
        ("龙王集", "Lóngwángjí"),
        ("龚家棚", "Gōngjiāpéng"),
        ("众埠街", "Zhòngbùjiē"),
        ("东桑家堡子", "Dōngsāngjiābǎozi"),
        ("第六屯", "Dìliùtún"),
        ("十里堡", "Shílǐpù"),
        ("大黄堡", "Dàhuángbǎo"),
        ("吴堡", "Wúbǔ"),
        ("吕家村", "Lǚjiācūn"),
        ("建瓯", "Jiàn'ōu"),
        ("故宫", "Gùgōng"),
    ],
)
def test_a_settlement_is_one_word(name, toned):
    assert spell(name, kind=Kind.SETTLEMENT).toned == toned


def test_a_village_plate_keeps_the_two_dots():
    assert spell("吕家村", kind=Kind.SETTLEMENT).sign == "LÜJIACUN"


@pytest.mark.parametrize(
    ("name", "toned"),
    [
        ("江苏省", "Jiāngsū Shěng"),
        ("通县", "Tōng Xiàn"),
        ("友谊乡", "Yǒuyì Xiāng"),
        ("西峰镇", "Xīfēng Zhèn"),
        ("黑龙江省", "Hēilóngjiāng Shěng"),
        ("左权县", "Zuǒquán Xiàn"),
        ("单县", "Shàn Xiàn"),
        ("乐亭县", "Làotíng Xiàn"),
        ("乐陵市", "Làolíng Shì"),
    ],
)
def test_a_division_has_its_generic_apart(name, toned):
    assert spell(name, kind=Kind.DIVISION).toned == toned


@pytest.mark.parametrize(
    ("surname", "reading"),
    [
        *zip(
            "任解盖仇查曾华薄缪朴",
            ["rén", "xiè", "gě", "qiú", "zhā", "zēng", "huà", "bó", "miào", "piáo"],
            strict=True,
        ),
        *zip("区乜种都单郇", ["ōu", "niè", "chóng", "dū", "shàn", "xún"], strict=True),
    ],
)
@pytest.mark.parametrize("pattern", ["{}家庄", "{}家", "后{}家楼", "{}家村东"])
def test_a_surname_before_jia_is_read_as_a_surname(surname, reading, pattern):
    spelled = spell(pattern.format(surname), kind=Kind.SETTLEMENT)
    assert reading in spelled.syllables[0]


@pytest.mark.parametrize(
    "name", ["乐陵路", "重兴街", "朝阳街", "马家堡路", "行头村路", "泊头路", "黄夹街", "子牛路", "任庄路"]
)
def test_an_uncertain_reading_has_to_be_confirmed(name):
    assert any(doubt.must_confirm and doubt.kind is DoubtKind.READING for doubt in spell(name).doubts)


@pytest.mark.parametrize(
    "name", ["三八路", "二马路", "经五路", "三环路", "东四十二条", "统一路", "三眼井胡同", "第九弄"]
)
def test_every_numeral_has_to_be_confirmed(name):
    numerals = [doubt for doubt in spell(name).doubts if doubt.kind is DoubtKind.NUMERAL]
    assert numerals
    assert all(doubt.must_confirm for doubt in numerals)


def test_an_explicit_division_answers_the_doubt_about_a_numeral():
    assert not spell("东四/12/条").must_confirm
    assert spell("三八/路").toned == "Sānbā Lù"
    assert spell("3/8/路").toned == "3 8 Lù"


def test_a_numeral_doubt_names_both_ways_of_writing():
    (doubt,) = spell("幸福十二巷").doubts
    assert (doubt.text, doubt.chosen, doubt.others) == ("十二", "12", ("shí'èr",))
    assert doubt.say()


def test_an_ordinary_name_leaves_no_doubt_to_confirm():
    for name in ("幸福路", "文化街", "振兴大街", "迎宾路", "复兴南路"):
        assert not spell(name).must_confirm, name


def test_the_bureau_s_own_table_wins_over_the_shipped_one():
    signed = Reading("乐陵", ("lè", "líng"), confirm=False)
    known = replace(default_readings(), phrases={**default_readings().phrases, "乐陵": signed})
    spelled = spell("乐陵路", readings=known)
    assert spelled.toned == "Lèlíng Lù"
    assert not spelled.must_confirm


def test_local_readings_do_not_change_the_process():
    before = dict(PHRASES_DICT)
    spell("乐陵路")
    assert before == PHRASES_DICT
    assert lazy_pinyin("乐陵") == ["le", "ling"]


def test_without_any_table_the_dictionary_alone_answers():
    assert spell("乐陵路", readings=Readings()).toned == "Lèlíng Lù"


def test_a_division_with_an_empty_word_is_refused():
    with pytest.raises(Invalid, match="empty word"):
        spell("长安//街")


def test_a_character_without_a_reading_is_refused_with_the_remedy():
    with pytest.raises(Invalid, match="use a standard character"):
        spell("A路")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2 Mǎlù", "Èr Mǎlù"),
        ("Dì-9 Lòng", "Dìjiǔ Lòng"),
        ("Xī'ān Lù", "XĪ'ĀN LÙ"),
        ("Dōng 2 Lù", "Dōng'èr Lù"),
    ],
)
def test_division_and_digits_do_not_change_the_sound(one, other):
    assert sound_key(one) == sound_key(other)


@pytest.mark.parametrize(("one", "other"), [("Xī'ān Lù", "Xiān Lù"), ("Lù Lù", "Lǜ Lù")])
def test_different_syllables_do_not_sound_the_same(one, other):
    assert toneless_key(one) != toneless_key(other)


@given(names)
def test_the_three_spellings_agree(name):
    spelled = spell(name)
    assert spelled.plain == without_tones(spelled.toned)
    assert spelled.sign == spelled.plain.upper()
    assert len(spelled.syllables) == len(spelled.toned.split(" "))
    assert spelled.toned == unicodedata.normalize("NFC", spelled.toned)


@given(names)
def test_spelling_keeps_every_character_of_the_name(name):
    assert split_name(name).name == name
    assert "".join(word.text for word in spell(name).parts.words) == name


@given(names)
def test_a_sign_has_only_letters_digits_apostrophes_hyphens_and_blanks(name):
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZÜÊ0123456789' -")
    assert set(spell(name).sign) <= allowed


@given(names)
def test_spelling_twice_gives_the_same(name):
    assert spell(name) == spell(name)
