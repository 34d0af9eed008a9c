"""What the milestones' forms take in: a plan of a year as it was typed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated

from fastapi import Form

from app.base.errors import N_, Invalid
from app.milestones.logic import Part

PARTS = {
    Part.PILOT.value: N_("Pilot county"),
    Part.READY.value: N_("Data is ready"),
    Part.UNNAMED.value: N_("Share of streets without a name"),
    Part.FACILITIES.value: N_("Kinds of facility"),
    Part.SIZE.value: N_("Number of streets"),
}
FIGURES = {
    "streets": N_("Streets a village, where none are known"),
    "signs": N_("Signs a street"),
    "plates": N_("Village plates a village"),
    "sign_price": N_("Price of a sign, CNY"),
    "plate_price": N_("Price of a village plate, CNY"),
    "a_day": N_("Signs that a crew puts up in a day"),
}


@dataclass(slots=True)
class TypedPlan:
    """A plan as it was typed; weights and figures as words, so that a wrong one comes back."""

    year: Annotated[int, Form(ge=2020, le=2100)] = 0
    title: Annotated[str, Form(max_length=60)] = ""
    quota: Annotated[str, Form(max_length=12)] = ""
    pilot: Annotated[str, Form(max_length=12)] = ""
    ready: Annotated[str, Form(max_length=12)] = ""
    unnamed: Annotated[str, Form(max_length=12)] = ""
    facilities: Annotated[str, Form(max_length=12)] = ""
    size: Annotated[str, Form(max_length=12)] = ""
    streets: Annotated[str, Form(max_length=12)] = ""
    signs: Annotated[str, Form(max_length=12)] = ""
    plates: Annotated[str, Form(max_length=12)] = ""
    sign_price: Annotated[str, Form(max_length=12)] = ""
    plate_price: Annotated[str, Form(max_length=12)] = ""
    a_day: Annotated[str, Form(max_length=12)] = ""


def plain(number: Decimal | float) -> str:
    """Without the noughts at its end that a column of money keeps."""
    return f"{Decimal(str(number)).normalize():f}"


def number(typed: TypedPlan, field: str) -> Decimal:
    try:
        number = Decimal(getattr(typed, field).strip() or "0")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= 10**9:
        raise Invalid(N_("“{words}” is no number."), field=field, words=getattr(typed, field))
    return number
