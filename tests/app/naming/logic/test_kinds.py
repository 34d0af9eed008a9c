"""The lists that the bureau edits, as plain values."""

from __future__ import annotations

import pytest

from app.base.errors import Invalid
from app.naming.logic.entries import values_of, written_values
from app.naming.logic.kinds import KINDS, shipped


@pytest.mark.parametrize("key", KINDS)
def test_what_ships_is_fit_for_its_list_and_reads_as_it_is_written(key: str):
    kind = KINDS[key]
    rows = [values for values, _ in shipped(kind)]
    assert len(rows) == len({values["words"] for values in rows})
    assert [values_of(kind, written_values(kind, values)) for values in rows] == rows
    assert kind.source


def test_words_that_name_no_person_are_withdrawn_from_the_start():
    withdrawn = {values["words"]: values["note"] for values, out in shipped(KINDS["persons"]) if out}
    assert len(withdrawn) == 263
    assert withdrawn["丹阳"] == "地名"


@pytest.mark.parametrize(
    ("key", "cells", "field"),
    [
        ("banned", {"words": ""}, "words"),
        ("banned", {"words": "某 某"}, "words"),
        ("banned", {"words": "某" * 41}, "words"),
        ("banned", {"words": "某某", "level": "grave"}, "level"),
        ("banned", {"words": "某某", "note": "长" * 401}, "note"),
        ("readings", {"words": "乐陵", "spelling": "lào"}, "spelling"),
        ("readings", {"words": "乐陵", "spelling": "lao4 ling2"}, "spelling"),
        ("readings", {"words": "乐陵", "spelling": "lào líng", "others": "lè líng|luò"}, "others"),
        ("readings", {"words": "乐陵", "spelling": "lào líng", "asks": "perhaps"}, "asks"),
        ("readings", {"words": "Leling", "spelling": "lào líng"}, "words"),
        ("surnames", {"words": "单于", "spelling": "chán yú"}, "words"),
        ("polyphones", {"words": "乐", "spelling": "lè"}, "spelling"),
        ("generics", {"words": "路", "sort": "street", "spelling": "lù", "width_from_m": "-3"}, "width_from_m"),
        ("generics", {"words": "路", "sort": "street", "spelling": "lù", "width_from_m": "wide"}, "width_from_m"),
        (
            "generics",
            {"words": "路", "sort": "street", "spelling": "lù", "width_from_m": "9", "width_to_m": "3"},
            "width_to_m",
        ),
        ("generics", {"words": "路", "spelling": "lù"}, "sort"),
        ("divisions", {"words": "东四十二条", "spelling": "东四/13/条"}, "spelling"),
        ("divisions", {"words": "东四十二条", "spelling": "东四//12条"}, "spelling"),
        ("alike", {"words": "未"}, "words"),
        ("alike", {"words": "未未"}, "words"),
        ("wordbank", {"words": "德", "sort": "品德", "note": "x"}, "words"),
        ("wordbank", {"words": "明德", "sort": "", "note": "x"}, "sort"),
    ],
)
def test_what_does_not_fit_its_list_is_refused_at_its_column(key: str, cells: dict[str, str], field: str):
    with pytest.raises(Invalid) as refusal:
        values_of(KINDS[key], cells)
    assert refusal.value.field == field
    assert str(refusal.value)


def test_an_ordinal_in_a_word_division_may_stand_in_digits():
    values = values_of(KINDS["divisions"], {"words": "东四十二条", "spelling": "东四/12/条"})
    assert values["spelling"] == "东四/12/条"
