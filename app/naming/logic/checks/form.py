"""The form of a name: its two parts (N1) and its characters (N4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from unicodedata import normalize

from app.base.errors import N_
from app.naming.logic.characters import Flaw, Flawed, flaws
from app.naming.logic.checks.subject import Subject
from app.naming.logic.findings import NOBODY, OFFICERS, Finding, Level
from app.naming.logic.numerals import chinese

EXAMPLES = 6
_IN_RUNS = {Flaw.LATIN, Flaw.DIGIT}

CHARACTER_MESSAGES = {
    Flaw.LATIN: N_("“{character}” is not a Chinese character: Latin letters are not used in names."),
    Flaw.DIGIT: N_("“{character}” is an Arabic digit: numbers in names are written in Chinese."),
    Flaw.BLANK: N_("There is a blank at place {place}: a name has none."),
    Flaw.CONTROL: N_("There is a control character at place {place}, which cannot be seen: a name has none."),
    Flaw.PUNCTUATION: N_("“{character}” is a mark of punctuation: a name has none."),
    Flaw.SYMBOL: N_("“{character}” is a symbol or an emoji: a name has none."),
    Flaw.TRADITIONAL: N_("“{character}” is a traditional form."),
    Flaw.OUTSIDE: N_("“{character}” is not in the table of standard characters."),
    Flaw.RARE: N_("“{character}” is rare (third level of the table of standard characters)."),
}
CHARACTER_REMEDIES = {
    Flaw.LATIN: N_("Write the name in Chinese characters."),
    Flaw.DIGIT: N_("Write “{instead}”."),
    Flaw.BLANK: N_("Take it out."),
    Flaw.CONTROL: N_("Take it out: delete the name and write it anew."),
    Flaw.PUNCTUATION: N_("Take it out."),
    Flaw.SYMBOL: N_("Take it out."),
    Flaw.TRADITIONAL: N_("Write “{instead}”."),
    Flaw.OUTSIDE: N_("Use a standard character; an old local character needs the county's reason."),
    Flaw.RARE: N_("Prefer a common character, or give the reason for this one."),
}
SHORTEN = N_("Shorten the specific, or give the reason for so long a name and see to a larger plate.")
CHOOSE_STANDARD = N_("Write “{instead}”.")


def two_parts(subject: Subject) -> Iterator[Finding]:
    """N1: there is a generic of the list, and something in front of it."""
    if not subject.words.strip():
        yield Finding("N1", Level.ERROR, N_("There is no name."), remedy=N_("Write the name."))
        return
    generics = [generic.words for generic in subject.lists.generics]
    values = {"words": subject.words, "generics": "、".join(generics[:EXAMPLES])}
    if subject.words in generics:
        message, remedy = (
            N_("“{words}” has no specific."),
            N_("Put what tells this street from others before it."),
        )
        yield Finding("N1", Level.ERROR, message, values, subject.words, remedy)
    elif subject.parts.generic is None:
        message = N_("“{words}” has no generic that is on the list.")
        remedy = N_("End the name in one of {generics} …; a local generic can be added to the list.")
        yield Finding("N1", Level.ERROR, message, values, subject.words, remedy)


def fits_a_plate(subject: Subject) -> Iterator[Finding]:
    """N3: a name that no plate can show does not fit its street; the county may say why it has to be so long."""
    length, longest = len(subject.words.strip()), subject.context.longest
    if length > longest:
        message = N_("The name has {length} characters: a plate shows at most {longest}.")
        values = {"length": length, "longest": longest}
        yield Finding("N3", Level.ERROR, message, values, subject.words, SHORTEN, waivable_by=OFFICERS)


def standard_characters(subject: Subject) -> Iterator[Finding]:
    """N4: every character is in the table; its third level warns."""
    for flawed in _in_runs(flaws(subject.words, subject.lists.characters)):
        yield _character(flawed)


def _in_runs(found: Iterable[Flawed]) -> Iterator[Flawed]:
    """Letters and digits that stand together are one fault: “Ling”, and “12”, which is 十二 and not 一二."""
    run: Flawed | None = None
    for flawed in found:
        if run and flawed.flaw is run.flaw in _IN_RUNS and flawed.at == run.at + len(run.character):
            words = run.character + flawed.character
            instead = run.instead and chinese(int(normalize("NFKC", words)))
            run = replace(run, character=words, instead=instead)
            continue
        if run:
            yield run
        run = flawed
    if run:
        yield run


def _character(flawed: Flawed) -> Finding:
    remedy = CHARACTER_REMEDIES[flawed.flaw]
    if flawed.flaw is Flaw.OUTSIDE and flawed.instead:
        remedy = CHOOSE_STANDARD
    return Finding(
        rule="N4",
        level=Level.WARNING if flawed.flaw is Flaw.RARE else Level.ERROR,
        message=CHARACTER_MESSAGES[flawed.flaw],
        values={"character": flawed.character, "place": flawed.at + 1, "instead": flawed.instead},
        words=flawed.character,
        remedy=remedy,
        waivable_by=OFFICERS if flawed.flaw in {Flaw.OUTSIDE, Flaw.RARE} else NOBODY,
    )
