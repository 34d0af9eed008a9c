"""What hangs together: pairs of near places, and the groups that links make. The only place that knows scipy.

scipy takes most of a second to import and is needed where linework is mended, not where a page is shown.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: So few places are compared each with each: a street's lines on its page.
_FEW = 200


def pairs_within(xy: NDArray[np.float64], distance: float) -> NDArray[np.intp]:
    """Every two places at most ``distance`` apart (in the unit of ``xy``), as (P, 2) rows of ``xy``; none: (0, 2)."""
    if len(xy) <= _FEW:
        apart = np.hypot(*(xy[:, None] - xy[None]).T)
        return np.argwhere(np.triu(apart <= distance, k=1))
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(xy).query_pairs(distance, output_type="ndarray"), dtype=np.intp)


def groups(links: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """The group of each of ``count`` things that (P, 2) links join, from 0; what no link names stands alone."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(links), dtype=np.int8), (links[:, 0], links[:, 1])), shape=(count, count))
    _, group = connected_components(graph, directed=False)
    return np.asarray(group, dtype=np.intp)
