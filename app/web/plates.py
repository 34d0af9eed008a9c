"""The plate as it hangs there, drawn for the screen; kept, because a plate changes never and is looked at often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from signs.designs import KINDS, Axis, DesignError, Ground, Side, axis_of, ground_of, sides_of
from signs.drawing import svg
from signs.fonts import FontError, MissingGlyphError
from signs.rendering import Words, face_of

#: The page's policy allows no style attribute, and its stylesheet sets the size.
_FOR_PRINT = re.compile(r' (?:style|width|height)="[^"]*"')


@dataclass(frozen=True, slots=True)
class Hanging:
    """What decides how a plate looks: its kind, its words, and how street and face lie (degrees from north)."""

    kind: str
    words: str
    latin: str
    bearing_deg: float
    facing_deg: float
    along_deg: float
    goes_on: bool
    goes_back: bool
    ground: str | None = None  # set by hand where the bearing does not decide


@lru_cache(maxsize=2048)
def plate(sign: Hanging) -> Markup | None:
    """The face as inline SVG without its code; None where it cannot be drawn (kind, font or glyph is missing)."""
    design = KINDS.get(sign.kind)
    if design is None:
        return None
    axis = axis_of(sign.bearing_deg)
    left, right = _sides(sign, axis) if design.directions else (None, None)
    try:
        face = face_of(
            design, Words(sign.words, sign.latin, left, right), ground=_ground(sign.bearing_deg, sign.ground)
        )
    except (DesignError, MissingGlyphError, FontError):
        return None
    head, rest = svg(face).split(">", 1)
    return Markup(_FOR_PRINT.sub("", head) + ">" + rest)  # noqa: S704 - signs.drawing escapes every text


def _sides(sign: Hanging, axis: Axis) -> tuple[Side, Side]:
    return sides_of(
        axis,
        facing_deg=sign.facing_deg,
        along_deg=sign.along_deg,
        goes_on=sign.goes_on,
        goes_back=sign.goes_back,
    )


def is_blue(bearing_deg: float, ground: str | None = None) -> bool:
    """Whether a street's plates are blue: it runs east to west, or somebody decided so."""
    return _ground(bearing_deg, ground) is Ground.BLUE


def _ground(bearing_deg: float, by_hand: str | None) -> Ground:
    return ground_of(axis_of(bearing_deg), override=Ground(by_hand) if by_hand else None)
