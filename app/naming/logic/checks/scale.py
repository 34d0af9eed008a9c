"""N3: the generic fits the street's width and length, and a direction word fits where it lies."""

from __future__ import annotations

from collections.abc import Iterator

from app.base.errors import N_
from app.naming.logic.checks.subject import Subject
from app.naming.logic.findings import TOWN_UP, Finding, Level
from app.naming.logic.parts import COMPOUND, Generic
from app.naming.logic.shapes import COMPASS, Axis, StreetShape, between_deg, compass_word

NEAR_CENTRE_M = 50.0
"""Nearer to the village's centre than this, a street lies in no direction from it."""
OPPOSITE_DEG = 90.0

ANOTHER_GENERIC = N_("Choose a generic that fits, or say why this one does.")
TOO_NARROW = N_("“{words}” is for streets at least {limit} m wide; this one is {size} m.")
TOO_WIDE = N_("“{words}” is for streets at most {limit} m wide; this one is {size} m.")
TOO_SHORT = N_("“{words}” is for streets at least {limit} m long; this one is {size} m.")
COURSES = {
    Axis.EAST_WEST: N_("“{words}” is for streets that run east–west here; this one runs north–south."),
    Axis.NORTH_SOUTH: N_("“{words}” is for streets that run north–south here; this one runs east–west."),
}
TOO_LONG = N_("“{words}” is for streets at most {limit} m long; this one is {size} m.")


def width(subject: Subject) -> Iterator[Finding]:
    """The generic against the width, where it is known."""
    generic, shape = subject.parts.generic, subject.context.shape
    if generic is None or shape is None:
        return
    limits = (generic.width_from_m, generic.width_to_m)
    if shape.width_m is None and any(limit is not None for limit in limits):
        message = N_("Not fully checked: the width is not known, so nobody can say whether “{words}” fits.")
        remedy = N_("Measure the street's width.")
        yield Finding("N3", Level.NOTE, message, {"words": generic.words}, generic.words, remedy, fully_checked=False)
        return
    yield from _size(generic.words, shape.width_m, limits, (TOO_NARROW, TOO_WIDE))


def length(subject: Subject) -> Iterator[Finding]:
    """The generic against the length."""
    generic, shape = subject.parts.generic, subject.context.shape
    if generic is None or shape is None:
        return
    limits = (generic.length_from_m, generic.length_to_m)
    yield from _size(generic.words, shape.length_m, limits, (TOO_SHORT, TOO_LONG))


def course(subject: Subject) -> Iterator[Finding]:
    """The generic against the street's course, where local rule keeps one for east-west or north-south streets."""
    generic, shape = subject.parts.generic, subject.context.shape
    if generic is None or generic.axis is None or shape is None or _runs_as(generic, shape):
        return
    message = COURSES[Axis(generic.axis)]
    values = {"words": generic.words}
    yield Finding("N3", Level.WARNING, message, values, generic.words, ANOTHER_GENERIC, TOWN_UP)


def _runs_as(generic: Generic, shape: StreetShape) -> bool:
    return generic.axis is None or shape.axis.value == generic.axis


def direction(subject: Subject) -> Iterator[Finding]:
    """东路 lies east of the village's centre, or at least not west of it."""
    shape = subject.context.shape
    if shape is None or shape.centre_bearing_deg is None or (shape.centre_distance_m or 0.0) < NEAR_CENTRE_M:
        return
    stated = _stated(subject.parts.modifiers)
    if stated and between_deg(COMPASS[stated], shape.centre_bearing_deg) > OPPOSITE_DEG:
        message = N_("“{words}” says {stated}, but the street lies {actual} of the village's centre.")
        actual = compass_word(shape.centre_bearing_deg)
        values = {"words": subject.words, "stated": stated, "actual": actual}
        remedy = N_("Use the direction in which the street lies, or say what it is measured from.")
        yield Finding("N3", Level.WARNING, message, values, stated, remedy, TOWN_UP)


def _stated(modifiers: str) -> str:
    compound = next((each for each in COMPOUND if each in modifiers), "")
    return compound or next((each for each in modifiers if each in COMPASS), "")


def _size(
    words: str, size_m: float | None, limits: tuple[float | None, float | None], messages: tuple[str, str]
) -> Iterator[Finding]:
    if size_m is None:
        return
    low, high = limits
    broken = [(low, messages[0])] if low is not None and size_m < low else []
    broken += [(high, messages[1])] if high is not None and size_m > high else []
    for limit, message in broken:
        values = {"words": words, "limit": f"{limit:g}", "size": f"{size_m:.3g}"}
        yield Finding("N3", Level.WARNING, message, values, words, ANOTHER_GENERIC, TOWN_UP)


def fits(generic: Generic, shape: StreetShape) -> bool:
    """Whether a street's known size lies within the generic's limits, and its course is the generic's."""
    if not _runs_as(generic, shape):
        return False
    widths = _size(generic.words, shape.width_m, (generic.width_from_m, generic.width_to_m), (TOO_NARROW, TOO_WIDE))
    lengths = _size(generic.words, shape.length_m, (generic.length_from_m, generic.length_to_m), (TOO_SHORT, TOO_LONG))
    return not any(True for _ in (*widths, *lengths))
