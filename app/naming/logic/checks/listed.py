"""Words on a list: placeholders and banned words (N2), leaders, persons, foreign names, companies."""

from __future__ import annotations

from collections.abc import Iterator

from app.base.errors import N_
from app.naming.logic.checks.subject import Subject
from app.naming.logic.findings import NOBODY, OFFICERS, TOWN_UP, Finding, Level
from app.naming.logic.lists import Entry, WordList

ANOTHER = N_("Choose another specific.")
BANNED = N_("“{words}” is on the list of banned words ({note}).")
NOBODY_DID = N_("Not fully checked: nobody has confirmed the list “{title}” ({count} words).")
CHANGED_SINCE = N_("Not fully checked: the list “{title}” ({count} words) was changed after {who} had confirmed it.")
SHORT = 2
"""A foreign name of two characters inside a longer specific is more often chance than meant (里加, 万象)."""


def placeholder(subject: Subject) -> Iterator[Finding]:
    """N2: a stand-in is not a name."""
    for entry in subject.lists.placeholders.hits(subject.words):
        message = N_("“{words}” stands in for a name: {note}.")
        values = {"words": entry.words, "note": entry.note}
        yield Finding("N2", Level.ERROR, message, values, entry.words, N_("Give the street a name."))


def banned(subject: Subject) -> Iterator[Finding]:
    """N2: words on the list of banned words."""
    for entry in subject.lists.banned.hits(subject.words):
        values = {"words": entry.words, "note": entry.note}
        level = entry.level or Level.WARNING
        yield Finding("N2", level, BANNED, values, entry.words, ANOTHER, waivable_by=OFFICERS)


def unconfirmed_words(subject: Subject) -> Iterator[Finding]:
    """N2: words that nobody has listed yet are found by nobody."""
    yield from _unconfirmed("N2", subject.lists.placeholders)
    yield from _unconfirmed("N2", subject.lists.banned)


def generics(subject: Subject) -> Iterator[Finding]:
    """N1: which words end a name is what the list says."""
    yield from _unconfirmed("N1", subject.lists.terms)


def human_tick(subject: Subject) -> Iterator[Finding]:
    """N2: no list knows what offends; a person reads the name and says so."""
    yield Finding(
        rule="N2",
        level=Level.NOTE,
        message=N_("A person confirms that the meaning of “{words}” is clear and healthy and offends nobody."),
        values={"words": subject.words},
        words=subject.words,
        remedy=N_("Read the name aloud, ask villagers, then tick."),
        waivable_by=TOWN_UP,
        needs_tick=True,
    )


def leaders(subject: Subject) -> Iterator[Finding]:
    """N5: names of state leaders; nobody may waive a full name. A name that only warns counts in the specific alone."""
    known = subject.lists.leaders
    for entry in known.hits(subject.words):
        level = entry.level or Level.ERROR
        if level is not Level.ERROR and entry.words not in subject.parts.specific:
            continue
        message = N_("“{words}” is the name of a state leader.")
        waivable_by = NOBODY if level is Level.ERROR else OFFICERS
        yield Finding("N5", level, message, {"words": entry.words}, entry.words, ANOTHER, waivable_by)
    yield from _unconfirmed("N5", known)


def persons(subject: Subject) -> Iterator[Finding]:
    """N5a: names of persons, when there is no reason that has nothing to do with the person.

    A name of two characters inside a longer specific is more often chance than meant (张旭 in 张旭庄): where the
    specific begins with it, a note says so. State leaders are rule N5's.
    """
    known, specific = subject.lists.persons, subject.parts.specific or subject.words
    leading = {entry.words for entry in subject.lists.leaders.hits(specific)}
    for entry in known.hits(specific):
        by_chance = len(entry.words) <= SHORT and entry.words != specific
        if entry.words in leading or (by_chance and not specific.startswith(entry.words)):
            continue
        level = Level.NOTE if by_chance else entry.level or Level.WARNING
        message = N_("“{words}” is the name of a person.")
        remedy = N_("Choose another specific, or say why it has no link to the person.")
        yield Finding("N5a", level, message, {"words": entry.words}, entry.words, remedy, OFFICERS)
    yield from _unconfirmed("N5a", known)


def foreign(subject: Subject) -> Iterator[Finding]:
    """N6: foreign names; only a chance likeness may be waived."""
    known = subject.lists.foreign
    for entry in known.hits(subject.parts.specific or subject.words):
        message = N_("“{words}” is a foreign name ({note}).")
        remedy = N_("Choose another specific; if the likeness is mere chance, say so.")
        values = {"words": entry.words, "note": entry.note}
        yield Finding("N6", _foreign_level(entry, subject), message, values, entry.words, remedy, OFFICERS)
    yield from _unconfirmed("N6", known)


def companies(subject: Subject) -> Iterator[Finding]:
    """N7: companies and trademarks, unless there is no specific link."""
    known = subject.lists.companies
    for entry in known.hits(subject.words):
        message = N_("“{words}” is a company or a trademark ({note}).")
        remedy = N_("Choose another specific, or say why it has no link to the company.")
        values = {"words": entry.words, "note": entry.note}
        yield Finding("N7", entry.level or Level.ERROR, message, values, entry.words, remedy, OFFICERS)
    yield from _unconfirmed("N7", known)


def _foreign_level(entry: Entry, subject: Subject) -> Level:
    by_chance = len(entry.words) <= SHORT and entry.words != subject.parts.specific
    return entry.level or (Level.WARNING if by_chance else Level.ERROR)


def _confirmed(known: WordList) -> bool:
    return bool(known.entries and known.confirmed_by)


def _unconfirmed(rule: str, known: WordList) -> Iterator[Finding]:
    """Say that the check is not complete, so that silence is not taken for a clean bill."""
    if _confirmed(known):
        return
    message = CHANGED_SINCE if known.changed_since else NOBODY_DID
    values = {"title": known.title, "count": len(known.entries), "who": known.changed_since or ""}
    remedy = N_("Ask the bureau to confirm the list.")
    yield Finding(rule, Level.NOTE, message, values, remedy=remedy, fully_checked=False)
