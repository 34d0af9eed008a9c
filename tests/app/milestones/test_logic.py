"""What the milestones say without a database."""

from __future__ import annotations

import pytest

from app.milestones.logic import title_of


@pytest.mark.parametrize(("n", "said"), [(8, "八"), (10, "十"), (19, "十九"), (21, "二十一"), (100, "100")])
def test_a_batch_is_titled_in_chinese_numerals_without_blanks(n: int, said: str):
    assert title_of(2026, n) == f"2026年第{said}批"
