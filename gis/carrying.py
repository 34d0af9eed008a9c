"""Which street a roundabout belongs to: the one that it carries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gis.continuity import UNNAMED, Ends, pairs_at
from gis.noding import changes
from gis.rings import Rings

Ints = NDArray[np.intp]


def carried(rings: Rings, ends: Ends, straight: Ints) -> tuple[Ints, Ends]:
    """Links of roundabouts that bear no name with the street that they carry; the ends with its name on them."""
    segment = np.flatnonzero(rings.segment >= 0)
    segment = segment[np.argsort(rings.segment[segment], kind="stable")]
    ring = rings.segment[segment]
    named = np.bincount(ring, weights=ends.name[2 * segment] != UNNAMED, minlength=len(rings.centre)) > 0
    together = (np.diff(ring) == 0) & ~named[ring[:-1]]
    links = [np.column_stack([segment[:-1][together], segment[1:][together]])]
    hub, arm = _through(rings, ends, straight)
    hub, arm = hub[~named[hub]], arm[~named[hub]]
    first = segment[np.searchsorted(ring, hub)]
    links.append(np.column_stack([first, arm // 2]))
    called = np.full(len(rings.centre), UNNAMED)
    called[hub] = ends.name[arm]
    name = ends.name[::2].copy()
    name[segment] = np.where(named[ring], name[segment], called[ring])
    return np.concatenate(links), replace(ends, name=np.repeat(name, 2))


def _through(rings: Rings, ends: Ends, straight: Ints) -> tuple[Ints, Ints]:
    """Rings and one arm of the street that each carries: a named one before others, the straightest before others.

    Where none goes on over it: the only one that reaches it.
    """
    hubs = np.arange(len(rings.centre)) + len(rings.junction)
    at_hub = ends.junction >= len(rings.junction)
    one, two = pairs_at(ends.junction, at_hub & (ends.name != UNNAMED))
    same = ends.name[one] == ends.name[two]
    over = straight[at_hub[straight[:, 0]]]
    one, two = np.concatenate([one[same], over[:, 0]]), np.concatenate([two[same], over[:, 1]])
    unnamed = ends.name[one] == UNNAMED
    turn, place = ends.turns_deg(one, two), np.minimum(ends.place[one], ends.place[two])
    order = np.lexsort((place, turn, unnamed, ends.junction[one]))
    best = one[order][changes(ends.junction[one][order])[:-1]]
    arms = np.flatnonzero(at_hub)
    only = arms[(ends.degree[arms] == 1) & ~np.isin(ends.junction[arms], ends.junction[best])]
    arm = np.concatenate([best, only])
    return ends.junction[arm] - hubs[0], arm
