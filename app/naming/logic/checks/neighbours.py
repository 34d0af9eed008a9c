"""N9: no second street of the same name, and none that sounds alike, in the village, the town, the county."""

from __future__ import annotations

from collections.abc import Iterator

from app.base.errors import N_
from app.naming.logic.checks.subject import Neighbour, Same, Scope, Standing, Subject, spoken
from app.naming.logic.findings import NOBODY, OFFICERS, TOWN_UP, Finding, Level
from app.naming.logic.latin import sound_key, without_tones
from app.naming.logic.states import Who

MESSAGES = {
    Same.TEXT: N_("“{other}” already exists in {where} ({state}{office})."),
    Same.TONED: N_("“{other}” in {where} sounds the same ({state}{office})."),
    Same.TONELESS: N_("“{other}” in {where} sounds the same but for the tones ({state}{office})."),
}
STATES = {
    Standing.IN_FORCE: N_("in force"),
    Standing.IN_USE: N_("in use, as surveyed"),
    Standing.PROPOSED: N_("proposed"),
    Standing.RETIRED: N_("retired"),
}
REMEDY = N_("Choose another specific.")
NOT_LOOKED = N_("Not fully checked: nobody has looked for equal names nearby.")


def same_or_alike(subject: Subject) -> Iterator[Finding]:
    """One finding for each neighbour that is too near, by the nearest likeness."""
    if subject.context.neighbours is None:
        yield Finding("N9", Level.NOTE, NOT_LOOKED, words=subject.words, fully_checked=False)
        return
    if not subject.words.strip():
        return
    for neighbour in subject.context.neighbours:
        yield from _about(neighbour, subject)


def likeness(subject: Subject, neighbour: Neighbour) -> Same | None:
    """How alike the two names are, or not at all."""
    if neighbour.name == subject.words:
        return Same.TEXT
    other = sound_key(neighbour.latin) if neighbour.latin else spoken(neighbour.name, subject.context)
    if not other or not subject.sound:
        return None
    if other == subject.sound:
        return Same.TONED
    return Same.TONELESS if without_tones(other) == without_tones(subject.sound) else None


def _about(neighbour: Neighbour, subject: Subject) -> Iterator[Finding]:
    same = likeness(subject, neighbour)
    level = subject.context.same_levels.get((same, neighbour.scope)) if same else None
    if same is None or level is None:
        return
    values = {
        "other": neighbour.name,
        "where": neighbour.where,
        "state": STATES[neighbour.state],
        "office": f", {neighbour.office}" if neighbour.office else "",
    }
    yield Finding(
        rule="N9",
        level=Level.NOTE if neighbour.state is Standing.RETIRED else level,
        message=MESSAGES[same],
        values=values,
        words=neighbour.name,
        remedy=REMEDY,
        waivable_by=_waivable_by(same, neighbour),
    )


def _waivable_by(same: Same, neighbour: Neighbour) -> frozenset[Who]:
    """A survey may be wrong, or have cut one street in two: the county may answer it even inside the village."""
    if same is Same.TEXT:
        lawful = neighbour.scope is Scope.VILLAGE and neighbour.state is not Standing.IN_USE
        return NOBODY if lawful else OFFICERS
    return OFFICERS if neighbour.scope is Scope.VILLAGE else TOWN_UP
