"""What the planning's pages take in and say: filters, forms, and the words for reasons and kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form

from app.base.errors import N_, Invalid
from app.base.request import one_of
from app.planning.models import SignReason, SignState
from signs.designs import KINDS, Ground

REASONS: Mapping[str, str] = {
    "start": N_("Start of the street"),
    "end": N_("End of the street"),
    "crossing": N_("Crossing"),
    "gap": N_("Between far crossings"),
}
SIGN_KINDS: Mapping[str, str] = {
    "street_plate": N_("Street plate"),
    "street_plate_large": N_("Large street plate"),
    "lane_plate": N_("Lane plate"),
    "lane_plate_wide": N_("Wide lane plate"),
    "village_plate": N_("Village plate"),
    "code_plate_large": N_("Large code plate"),
    "code_plate": N_("Code plate"),
    "code_plate_small": N_("Small code plate"),
}
SIGN_STATES: Mapping[str, str] = {
    "planned": N_("Planned"),
    "ordered": N_("Ordered"),
    "standing": N_("Standing"),
    "removed": N_("Removed"),
}
GROUNDS: Mapping[str, str] = {"blue": N_("Blue, east and west"), "green": N_("Green, north and south")}

BY_BEARING = N_("By the street's bearing")


@dataclass(slots=True)
class Wanted:
    """Which signs a list shows."""

    state: str = ""
    reason: str = ""
    kind: str = ""
    reached: str = ""

    def __post_init__(self) -> None:
        """Raise Invalid for a word that is no state, reason or kind."""
        one_of(self.state, [one.value for one in SignState], field="state")
        one_of(self.reason, [one.value for one in SignReason], field="reason")
        one_of(self.kind, KINDS, field="kind")
        one_of(self.reached, ("planned", "ordered", "standing"), field="reached")


@dataclass(slots=True)
class Colour:
    """A colour chosen by hand; empty for the one that follows from the bearing."""

    version: Annotated[int, Form()]
    ground: Annotated[str, Form(max_length=10)] = ""

    def chosen(self) -> Ground | None:
        """The colour. Raises Invalid for a word that is none."""
        if self.ground not in {"", *GROUNDS}:
            raise Invalid(N_("Choose one of the colours."), field="ground")
        return Ground(self.ground) if self.ground else None


@dataclass(slots=True)
class Move:
    """A new place and bearing as they were typed."""

    version: Annotated[int, Form()]
    lon: Annotated[str, Form(max_length=40)] = ""
    lat: Annotated[str, Form(max_length=40)] = ""
    facing_deg: Annotated[str, Form(max_length=40)] = ""


def number(words: str, field: str) -> float:
    """A number as typed, with a comma or full-width digits too. Raises Invalid naming the field."""
    try:
        value = float(words.strip().replace("，", ".").replace(",", "."))
    except ValueError as error:
        raise Invalid(N_("Write a number, for example {example}."), field=field, example="116.30725") from error
    if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN is not itself
        raise Invalid(N_("Write a number, for example {example}."), field=field, example="116.30725")
    return value
