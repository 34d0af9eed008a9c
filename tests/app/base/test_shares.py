"""Parts of a work tell their shares of the whole, in their order and to its end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.base.shares import chunks, part


@given(st.lists(st.integers(), max_size=50), st.integers(1, 9))
def test_chunks_hold_all_items_once_and_tell_up_to_the_end(items: list[int], many: int):
    heard: list[float] = []
    assert [item for chunk in chunks(items, heard.append, many=many) for item in chunk] == items
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_a_part_tells_its_share_of_the_whole():
    heard: list[float] = []
    inner = part(part(heard.append, 0.5, 1.0), 0.0, 0.5)
    for share in (0.0, 0.5, 1.0):
        inner(share)
    assert heard == [0.5, 0.625, 0.75]
