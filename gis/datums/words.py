"""What is told about a found datum: English templates with their values, for the catalogue of the program around."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gis import crs
from gis.datums.measuring import Comparison, Floats, Shift
from gis.datums.readings import Reading
from gis.datums.values import Sentence
from gis.errors import N_

#: Below this, nothing remains that a survey could tell.
_EXACT_M = 0.05
#: By whether it lies east, and whether it lies north.
_EXPLAINED = {
    (True, True): N_(
        "The file lies {east} m east and {north} m north of where the register knows it: that is the shift of"
        " {datum} here."
    ),
    (True, False): N_(
        "The file lies {east} m east and {north} m south of where the register knows it: that is the shift of"
        " {datum} here."
    ),
    (False, True): N_(
        "The file lies {east} m west and {north} m north of where the register knows it: that is the shift of"
        " {datum} here."
    ),
    (False, False): N_(
        "The file lies {east} m west and {north} m south of where the register knows it: that is the shift of"
        " {datum} here."
    ),
}
_UNEXPLAINED = {
    (True, True): N_(
        "The file lies {east} m east and {north} m north of where the register knows it; no coordinate system"
        " explains that."
    ),
    (True, False): N_(
        "The file lies {east} m east and {north} m south of where the register knows it; no coordinate system"
        " explains that."
    ),
    (False, True): N_(
        "The file lies {east} m west and {north} m north of where the register knows it; no coordinate system"
        " explains that."
    ),
    (False, False): N_(
        "The file lies {east} m west and {north} m south of where the register knows it; no coordinate system"
        " explains that."
    ),
}
_CORRECTED = N_(
    "Read in {declared}, the file lies {metres} m from where the register knows it; read in {datum}, it lies there."
)
_SWAPPED = N_("The axes are swapped: the file gives latitude or northing first. Read in {datum}, it lies here.")
_OTHER = N_("Read in {declared}, the file would not lie here; read in {datum}, it does.")
_UNDECLARED = N_("The file does not say its coordinate system; read in {datum}, it lies where the register knows it.")
_EVIDENCE = {
    Comparison.OUTLINES: N_(
        "{agree} of {of} outlines agree with those of the same divisions; {residual} m remain between them."
    ),
    Comparison.BORDERS: N_("{agree} of {of} outlines follow known boundaries; {residual} m remain between them."),
    Comparison.NAMED: N_(
        "{agree} of {of} named streets lie where the register knows streets of their names; {residual} m remain"
        " between them."
    ),
    Comparison.STREETS: N_("{agree} of {of} lines fall on known streets; {residual} m remain between them."),
    Comparison.POINTS: N_("{agree} of {of} points agree with known points of the same name, within {residual} m."),
}
_FEW = {
    Comparison.OUTLINES: N_(
        "Cannot be told from outlines: {agree} of {of} agree with those of the same divisions, and most would have to."
    ),
    Comparison.BORDERS: N_("Cannot be told from outlines: {agree} of {of} follow known boundaries."),
    Comparison.NAMED: N_(
        "Cannot be told from named streets: {agree} of {of} lie where the register knows streets of their names, and"
        " three and most of them would have to."
    ),
    Comparison.STREETS: N_(
        "Cannot be told from lines: {agree} of {of} fall on known streets together, and three would have to."
    ),
    Comparison.POINTS: N_(
        "Cannot be told from points: {agree} of {of} agree with known points of the same name, and three and most"
        " of them would have to."
    ),
}
COMPARE_MORE = Sentence(
    N_(
        "Outlines of known divisions, streets that are in the register already, or five known points with their"
        " names would decide it."
    )
)
ASK_THE_MAKER = Sentence(N_("Ask who made the file for its coordinate system, and check the division."))
SHIFT_UNKNOWN = Sentence(
    N_("Whether it is shifted as well (GCJ-02, BD-09) cannot be told: nothing known lies on the same lines.")
)
REPEATED = Sentence(
    N_(
        "The streets here repeat themselves like a grid, so that the file fits in more than one place. Look at it on"
        " the map before you choose."
    )
)
NOTHING_TO_GO_BY = Sentence(N_("The file does not say its coordinate system, and nothing in it tells."))
NOWHERE = Sentence(N_("In no known coordinate system does the file lie here."))


def proposed(reading: Reading, declared: crs.Datum | None, shift: Shift | None) -> Sentence:
    """Why another datum than the declared one is proposed."""
    name, said = reading.datum.name, declared.name if declared else ""
    if shift is not None and reading.datum.name in crs.SHIFTED and said not in crs.SHIFTED:
        return _by_side(_EXPLAINED, shift, datum=name)
    if shift is not None and declared is not None:
        return Sentence(_CORRECTED, {"declared": said, "metres": round(shift.distance_m), "datum": name})
    if reading.datum.swapped and (declared is None or not declared.swapped):
        return Sentence(_SWAPPED, {"datum": name})
    if declared is None:
        return Sentence(_UNDECLARED, {"datum": name})
    return Sentence(_OTHER, {"declared": said, "datum": name})


def unexplained(shift: Shift) -> Sentence:
    """A displacement that no reading removes."""
    return _by_side(_UNEXPLAINED, shift)


def _by_side(templates: Mapping[tuple[bool, bool], str], shift: Shift, **values: object) -> Sentence:
    metres = {"east": abs(round(shift.east_m)), "north": abs(round(shift.north_m))}
    return Sentence(templates[shift.east_m >= 0, shift.north_m >= 0], {**metres, **values})


def evidence(shift: Shift) -> Sentence:
    """What a comparison rests on."""
    residual = math.ceil(shift.residual_m) if shift.residual_m > _EXACT_M else 0
    return Sentence(_EVIDENCE[shift.by], {"agree": shift.agree, "of": shift.of, "residual": residual})


def too_few(shift: Shift) -> Sentence:
    """Too few rows agree for a comparison to say anything."""
    return Sentence(_FEW[shift.by], {"agree": shift.agree, "of": shift.of})


def confirmed(datum: str) -> Sentence:
    """The declared datum is right."""
    return Sentence(N_("Read in {datum}, the file lies where the register knows it."), {"datum": datum})


def unchecked(datum: str) -> Sentence:
    """Nothing speaks for or against the declared datum."""
    return Sentence(
        N_("Nothing that the register knows tells whether {datum} is right; the file is read as it says."),
        {"datum": datum},
    )


def among(names: Sequence[str]) -> Sentence:
    """Several readings are left."""
    return Sentence(N_("The file may be in any of these coordinate systems: {names}."), {"names": ", ".join(names)})


def conflict(names: Sequence[str]) -> Sentence:
    """Two comparisons decide, and differently."""
    return Sentence(
        N_("One part of the file speaks for one coordinate system, another for another: {names}."),
        {"names": ", ".join(names)},
    )


def elsewhere(datum: str, middle: Floats | None) -> Sentence:
    """No reading lies at the place."""
    if middle is None:
        return Sentence(N_("The numbers of the file are no places in {datum}, nor in any system used here."),
                        {"datum": datum})  # fmt: skip
    return Sentence(
        N_("In no coordinate system does the file lie here; read in {datum}, its middle is at {lon}° E, {lat}° N."),
        {"datum": datum, "lon": round(float(middle[0]), 4), "lat": round(float(middle[1]), 4)},
    )
