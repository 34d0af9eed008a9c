"""Row-wise work on long columns, a block at a time: what is computed on the way stays in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Rows of a block. A dozen columns of intermediate results of so many take a megabyte.
ROWS = 8_192


def blocks(rows: int) -> Iterator[slice]:
    """The rows, a block after another; one empty block where there are none."""
    for first in range(0, max(rows, 1), ROWS):
        yield slice(first, min(first + ROWS, rows))


def by_blocks(work: Callable[..., NDArray[Any]], *columns: NDArray[Any]) -> NDArray[Any]:
    """What ``work`` gives for each row of ``columns``: a row's result may depend on that row alone."""
    rows = len(columns[0])
    if rows <= ROWS:
        return work(*columns)
    return np.concatenate([work(*(column[block] for column in columns)) for block in blocks(rows)])
