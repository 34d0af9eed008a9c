"""What naming needs to know of a street: length, width, course, and where it lies in its village."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

HALF_TURN = 180
FLAT = 45
"""Within this many degrees of east-west a street counts as running east-west."""

COMPASS = {"北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315}


class Axis(StrEnum):
    """The course of a street."""

    EAST_WEST = "east_west"
    NORTH_SOUTH = "north_south"


@dataclass(frozen=True, slots=True)
class StreetShape:
    """One street. ``None`` means not known; nothing is checked against what is not known."""

    key: str
    length_m: float
    bearing_deg: float  # of the chord from end to end, either way round
    width_m: float | None = None
    facilities: tuple[str, ...] = ()  # kinds that stand on it: committee, shop, clinic, school
    centre_bearing_deg: float | None = None  # from the village's centre to the street's middle
    centre_distance_m: float | None = None

    @property
    def axis(self) -> Axis:
        """East-west or north-south, by the 45 degree rule; exactly on the line counts as east-west."""
        from_east_west = abs(self.bearing_deg % HALF_TURN - 90)
        return Axis.EAST_WEST if from_east_west <= FLAT else Axis.NORTH_SOUTH


def between_deg(one_deg: float, other_deg: float) -> float:
    """The angle between two bearings, 0 to 180."""
    turn = abs(one_deg - other_deg) % 360
    return min(turn, 360 - turn)


def compass_word(bearing_deg: float, words: tuple[str, ...] = tuple(COMPASS)) -> str:
    """The Chinese compass word nearest to a bearing, of those allowed."""
    return min(words, key=lambda word: between_deg(bearing_deg, COMPASS[word]))
