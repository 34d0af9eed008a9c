"""How much of a piece of work is done, as a share from 0 to 1, told by its parts while they work.

Whoever listens may raise (:class:`app.base.jobs.Cancelled`): so the work stops where it tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Share = Callable[[float], None]
#: Rows between two tellings: so many are written by one statement, in less than a second.
MANY = 1000


def silent(_: float) -> None:
    """Nobody listens."""


def part(tell: Share, begin: float, end: float) -> Share:
    """For a part of the work that is this much of the whole."""
    return lambda share: tell(begin + share * (end - begin))


def of_rows(tell: Callable[[int, int], None], rows: int) -> Share:
    """A share of the work told as rows done of so many."""
    return lambda share: tell(round(share * rows), rows)


def chunks(items: Sequence[Item], tell: Share, *, many: int = MANY) -> Iterator[Sequence[Item]]:
    """The items, ``many`` at a time; after each of these what share of them is done. None of them is done at once."""
    for first in range(0, len(items), many):
        yield items[first : first + many]
        tell(min(1.0, (first + many) / len(items)))
    if not items:
        tell(1.0)


def each(items: Sequence[Item], tell: Share) -> Iterator[Item]:
    """The items one by one; after many of them what share is done."""
    for some in chunks(items, tell):
        yield from some
