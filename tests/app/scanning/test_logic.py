"""What a reader may say."""

from __future__ import annotations

import pytest

from app.base.errors import Invalid
from app.scanning.logic import MOST_WORDS, said


def test_what_is_said_is_kept_without_blanks_around_it():
    assert said("  牌子倒了 \n") == "牌子倒了"
    assert len(said("字" * MOST_WORDS)) == MOST_WORDS


@pytest.mark.parametrize("words", ["", " \n\t", "字" * (MOST_WORDS + 1)])
def test_nothing_and_too_much_are_refused_at_the_field(words: str):
    with pytest.raises(Invalid) as refused:
        said(words, field="answer")
    assert refused.value.field == "answer"
