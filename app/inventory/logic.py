"""What the inventory says without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from app.base.errors import N_

#: A street has no beginning: of the eight winds four ways to run are left, clockwise from north.
WAYS = (N_("North–south"), N_("Northeast–southwest"), N_("East–west"), N_("Northwest–southeast"))

#: How far from a street's line a cut may be pointed at, and how far apart ends may lie that are joined (estimates).
CUT_M, JOIN_M = 30.0, 15.0
#: A re-shaped street comes this near to its former course somewhere, else it is another street (estimate: what a line
#: drawn from memory is off; a datum that was mistaken shifts a whole file, which is taken in anew).
MOVED_M = 100.0
#: Without outlines a street stays with a village unless the point of another is nearer by this factor (estimate).
CLEARLY = 1.25
#: Parts of a street, by the eight winds clockwise from north.
SIDES = (
    N_("the part in the north"),
    N_("the part in the northeast"),
    N_("the part in the east"),
    N_("the part in the southeast"),
    N_("the part in the south"),
    N_("the part in the southwest"),
    N_("the part in the west"),
    N_("the part in the northwest"),
)


def runs(bearing_deg: float) -> str:
    """How a street runs, as a message, by its bearing of 0 ≤ deg < 180 from north: 90 is east–west."""
    return WAYS[round(bearing_deg / 45) % 4]


class Ledger(Enum):
    """The lists of 摸底排查, kept apart (ledgers of 莆民〔2024〕7号 and its like); a street may stand in several."""

    UNNAMED = "unnamed"  # 有地无名: no name in force and none in the survey
    UNSIGNED = "unsigned"  # 有名无标: a name, and no sign of it stands
    NEARBY = "nearby"  # without a name, beside or in line with a street that has one
    SEVERAL = "several"  # 一地多名: one course, several names
    REPEATED = "repeated"  # 多地重名: several streets, one name; they may be one that was drawn in two
    BARE = "bare"  # 范围内无街巷的村: villages without any street in scope


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of one street of a list: how far its name is, how many signs it has, what it is about."""

    state: str
    signs: int = 0
    apart_m: float = 0.0
    others: tuple[str, ...] = ()
    group: int = 0
    touching: bool = False  # those of its name, each other
    called: str = ""  # what later surveys call it


Said = tuple[str, dict[str, object]]


def reason(ledger: Ledger, case: Case) -> Said:
    """Why a street is in a list: a message and its values. ``others`` are the names of those it is about."""
    if ledger is Ledger.UNSIGNED:
        return _unsigned(case)
    if ledger is Ledger.NEARBY:
        return _nearby(case)
    if ledger is Ledger.SEVERAL and case.called:
        return N_("A later survey calls it {names}"), {"names": case.called}
    if ledger is Ledger.SEVERAL:
        return N_("On one course with {names}"), {"names": "、".join(dict.fromkeys(case.others))}
    if ledger is Ledger.REPEATED:
        meet = N_("{n} streets of this name meet or run side by side: one street in parts?")
        return meet if case.touching else N_("{n} streets bear this name"), {"n": case.group}
    return _UNNAMED.get(case.state, N_("No name in force, and none in the survey")), {}


_UNNAMED = {
    "draft": N_("No name yet: one is being written"),
    "proposed": N_("No name yet: one is proposed"),
}
_UNSIGNED = {
    "in_force": N_("A name in force, but no sign is planned"),
    "approved": N_("A name is decided, but not announced yet"),
}


def _unsigned(case: Case) -> Said:
    if case.signs:
        return N_("Signs planned or ordered: {n}; none stands yet"), {"n": case.signs}
    return _UNSIGNED.get(case.state, N_("Named in the survey only: its name is to be decided first")), {}


def _nearby(case: Case) -> Said:
    name = next(iter(case.others), "")
    if case.apart_m > 0:
        return N_("Beside {name}, {metres} m apart"), {"name": name, "metres": f"{case.apart_m:.0f}"}
    return N_("In line with {name}"), {"name": name}


@dataclass(frozen=True, slots=True)
class Near:
    """A village at a place: its key, whether its outline holds the place, how far its point is, and whose it is."""

    village: int
    holds: bool
    away_m: float
    mine: bool  # it lies in the person's territory
    former: bool = False  # the street was in it before


def village_at(near: Sequence[Near]) -> Near | None:
    """The village that a place lies in: of those whose outline holds it, else by the nearest point; None for none.

    Borders between points are estimates: the former village, then one's own, stand unless another is clearly nearer.
    """
    holding = [one for one in near if one.holds]
    by_rank = sorted(holding or near, key=lambda one: (not one.former, not one.mine, one.away_m, one.village))
    nearest_m = min((one.away_m for one in near), default=0.0)
    return next((one for one in by_rank if holding or one.away_m <= CLEARLY * nearest_m), None)


def side(bearing_deg: float) -> str:
    """Which part of a street lies in that direction from the rest, as a message."""
    return SIDES[round(bearing_deg / 45) % 8]
