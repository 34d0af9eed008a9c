"""Sign kinds as data: sizes, colours and lettering in mm, each value with its source.

GB 17733-2008 (地名 标志) governs these plates, but its tables of sizes are not at hand: nearly every figure
below is a starting row (``verified=False``) which the application replaces from an editable table through
``revise``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Axis(Enum):
    """How a street runs, judged by the chord between its ends."""

    EAST_WEST = "east_west"
    NORTH_SOUTH = "north_south"


class Ground(Enum):
    """The colour of a plate's field."""

    BLUE = "blue"
    GREEN = "green"


class Mark(Enum):
    """What stands beside a direction word (pages on Jinan and Huangshi plates)."""

    ARROW = "arrow"  # the street goes on to this side
    DOT = "dot"  # the street starts or ends on this side


class DesignError(ValueError):
    """A sign kind, or the words asked of it, that cannot be made into a plate."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from; ``verified`` only after somebody has read the paper itself."""

    text: str
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Rgb:
    """A printed colour, each part 0–255."""

    red: int
    green: int
    blue: int

    @property
    def hex(self) -> str:
        """The colour as ``#rrggbb``."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


WHITE = Rgb(255, 255, 255)
BLACK = Rgb(0, 0, 0)
GROUND_RGB: Mapping[Ground, Rgb] = MappingProxyType({Ground.BLUE: Rgb(0, 71, 157), Ground.GREEN: Rgb(0, 122, 61)})
GROUND_SOURCE = Source("estimate near the safety blue and green of GB 2893; the film maker's swatch decides")


@dataclass(frozen=True, slots=True)
class Lettering:
    """Proportions of the writing; shares are parts of the height they name.

    ``hanzi_share`` of the height inside the border goes to the characters, the rest to the pinyin (3/5 and
    2/5: GB 17733.1-1999, still repeated by guides to the edition of 2008). ``hanzi_fill`` and ``pinyin_fill``
    say how much of its zone the ink takes, ``spread_em`` how far few characters may stand apart,
    ``direction_em`` how large a direction word is beside the name's characters. The border's figures are
    shares of the plate's height.
    """

    hanzi_share: float = 0.6
    hanzi_fill: float = 0.86
    pinyin_fill: float = 0.52
    spread_em: float = 0.45
    direction_em: float = 0.56
    border_inset: float = 0.03
    border_line: float = 0.012
    border_radius: float = 0.06


@dataclass(frozen=True, slots=True)
class SignKind:
    """One kind of sign. Lengths in mm; ``qr_mm`` counts the quiet zone in, 0 means no code on this kind.

    ``ground`` None lets the street's axis choose. ``least_hanzi_mm`` is the smallest character body that may
    be printed; a name that would need less wants a longer plate. ``sources`` names every field that holds a
    figure.
    """

    key: str
    name_zh: str
    width_mm: float
    height_mm: float
    qr_mm: float
    lower_edge_m: float
    least_hanzi_mm: float
    ground: Ground | None
    directions: bool
    sources: Mapping[str, Source]
    lettering: Lettering = Lettering()

    @property
    def reading_m(self) -> float:
        """How far off the code can be read, in metres: ten times its width (rule of thumb, unverified)."""
        return self.qr_mm * 10 / 1000


_STREET = Source("starting row: street 1500×400 or 1600×480 mm, makers' lists")
_LANE = Source("starting row: lane 700×300 or 900×300 mm, makers' lists")
_VILLAGE = Source("starting row: village plates are 1200–2000 mm wide, makers' lists; height estimated")
_TIANJIN = Source("津公人口函[2021]484号 as quoted on the web: code 120, 75 and 40 mm; outer size estimated")
_CODE = Source("estimate: code about a tenth of the reading distance")
_EDGE = Source("lower edge of name plates 2.0–2.5 m, makers' lists")
_HAND = Source("estimate: a code is held up to at 1.2–1.5 m")
_LEAST = Source("estimate: a twelfth of the plate's height")
_LAYOUT = Source("GB 17733.1-1999 as repeated by guides (3/5 hanzi, 2/5 pinyin); other shares estimated")
_COLOUR = Source("GB 17733.1-1999 and pages on Huangshi, Urumqi, Jinan: E–W blue, N–S green")


def _sources(size: Source, code: Source, edge: Source) -> Mapping[str, Source]:
    return MappingProxyType(
        {
            "width_mm": size,
            "height_mm": size,
            "qr_mm": code,
            "lower_edge_m": edge,
            "least_hanzi_mm": _LEAST,
            "ground": _COLOUR,
            "directions": _COLOUR,
            "lettering": _LAYOUT,
        },
    )


_STREET_SOURCES = _sources(_STREET, _CODE, _EDGE)
_LANE_SOURCES = _sources(_LANE, _CODE, _EDGE)
_VILLAGE_SOURCES = _sources(_VILLAGE, _CODE, _EDGE)
_CODE_SOURCES = _sources(_TIANJIN, _TIANJIN, _HAND)

KINDS: Mapping[str, SignKind] = MappingProxyType(
    {
        kind.key: kind
        for kind in (
            SignKind("street_plate", "街路牌", 1500, 400, 230, 2.5, 33, None, True, _STREET_SOURCES),
            SignKind("street_plate_large", "大街路牌", 1600, 480, 280, 2.5, 40, None, True, _STREET_SOURCES),
            SignKind("lane_plate", "巷牌", 700, 300, 165, 2.0, 25, None, True, _LANE_SOURCES),
            SignKind("lane_plate_wide", "宽巷牌", 900, 300, 165, 2.0, 25, None, True, _LANE_SOURCES),
            SignKind("village_plate", "村牌", 1600, 600, 320, 2.0, 50, Ground.BLUE, False, _VILLAGE_SOURCES),
            SignKind("code_plate_large", "大编码牌", 600, 400, 120, 1.3, 33, None, False, _CODE_SOURCES),
            SignKind("code_plate", "编码牌", 300, 200, 75, 1.3, 16, None, False, _CODE_SOURCES),
            SignKind("code_plate_small", "小编码牌", 180, 120, 40, 1.3, 10, None, False, _CODE_SOURCES),
        )
    },
)


def revise(kind: SignKind, *, source: Source, **values: object) -> SignKind:
    """``kind`` with some fields replaced by an editable table's row, each of them now from ``source``.

    Lengths in mm, heights above ground in m. Refuses unknown fields and lengths that are not positive finite
    numbers (``qr_mm`` may be 0) with a ``DesignError`` that names the field.
    """
    known = {field.name for field in fields(kind)} - {"key", "sources"}
    for name, value in values.items():
        if name not in known:
            raise DesignError(f"sign kind {kind.key}: there is no field “{name}”")
        if name.endswith(("_mm", "_m")) and not _is_length(value, may_be_zero=name == "qr_mm"):
            raise DesignError(f"sign kind {kind.key}: {name} must be a positive number, not {value!r}")
    sources = MappingProxyType({**kind.sources, **dict.fromkeys(values, source)})
    return replace(kind, **{**values, "sources": sources})  # type: ignore[arg-type]


def _is_length(value: object, *, may_be_zero: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return value > 0 or (may_be_zero and value == 0)


def axis_of(azimuth_deg: float) -> Axis:
    """East–west when the end-to-end chord lies within 45° of E–W (exactly 45° included), else north–south.

    ``azimuth_deg`` is clockwise from north, any turn or sense of travel. Estimate: no source at hand settles
    diagonal streets, so the application keeps an override.
    """
    off_east_west = abs((azimuth_deg % 180) - 90)
    return Axis.EAST_WEST if off_east_west <= 45 else Axis.NORTH_SOUTH  # noqa: PLR2004 - the rule's own figure


def ground_of(axis: Axis, *, override: Ground | None = None) -> Ground:
    """Blue for east–west, green for north–south (GB 17733.1-1999, unverified for 2008), unless overridden."""
    if override is not None:
        return override
    return Ground.BLUE if axis is Axis.EAST_WEST else Ground.GREEN


def is_blue(azimuth_deg: float, by_hand: str | None = None) -> bool:
    """Whether a street's plates are blue: it runs east–west, or ``by_hand`` (a ground's value) says so."""
    return ground_of(axis_of(azimuth_deg), override=Ground(by_hand) if by_hand else None) is Ground.BLUE


@dataclass(frozen=True, slots=True)
class Side:
    """What one side of a face tells: the direction word and whether the street goes on that way."""

    word: str
    mark: Mark


def sides_of(
    axis: Axis, *, facing_deg: float, along_deg: float, goes_on: bool = True, goes_back: bool = True
) -> tuple[Side, Side]:
    """The left and right side of a face, as its reader sees them.

    ``facing_deg`` is the bearing the face looks to; its reader looks the other way, so the reader's left lies
    at ``facing_deg + 90``. ``along_deg`` is the street's bearing there from start to end; ``goes_on`` and
    ``goes_back`` say whether the street continues along it and against it (arrow) or not (dot).
    """
    left_deg = facing_deg + 90
    words = _words(axis, left_deg)
    ahead_is_left = math.cos(math.radians(left_deg - along_deg)) >= 0
    continues = (goes_on, goes_back) if ahead_is_left else (goes_back, goes_on)
    marks = [Mark.ARROW if on else Mark.DOT for on in continues]
    return Side(words[0], marks[0]), Side(words[1], marks[1])


def _words(axis: Axis, left_deg: float) -> tuple[str, str]:
    if axis is Axis.EAST_WEST:
        return ("东", "西") if math.sin(math.radians(left_deg)) >= 0 else ("西", "东")
    return ("北", "南") if math.cos(math.radians(left_deg)) >= 0 else ("南", "北")
