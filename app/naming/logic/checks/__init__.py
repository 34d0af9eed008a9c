"""Each clause of the law speaks about a name. A further rule is one more function in the table ``CHECKS``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.naming.logic.checks import form, listed, neighbours, scale
from app.naming.logic.checks.subject import NameContext, Neighbour, Same, Scope, Standing, Subject, subject
from app.naming.logic.findings import Finding, Level

__all__ = ["CHECKS", "Check", "NameContext", "Neighbour", "Same", "Scope", "Standing", "check_name"]

Check = Callable[[Subject], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    form.two_parts,
    listed.generics,
    listed.placeholder,
    listed.banned,
    listed.unconfirmed_words,
    listed.human_tick,
    scale.width,
    scale.length,
    scale.course,
    scale.direction,
    form.fits_a_plate,
    form.standard_characters,
    listed.leaders,
    listed.persons,
    listed.foreign,
    listed.companies,
    neighbours.same_or_alike,
)


def check_name(words: str, context: NameContext | None = None) -> tuple[Finding, ...]:
    """All findings about a proposed name, errors first, in the order of the law within a level."""
    about = subject(words, context or NameContext())
    found = [finding for check in CHECKS for finding in check(about)]
    return tuple(sorted(found, key=lambda finding: list(Level).index(finding.level)))
