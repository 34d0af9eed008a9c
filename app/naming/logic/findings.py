"""What one clause of the law says about one name.

Messages are English ids, translated where they are shown; a value that is itself a marked message is
translated too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.base.errors import N_
from app.naming.logic.states import Who


class Level(StrEnum):
    """How much it weighs."""

    ERROR = "error"  # stands in the way unless waived by someone who may
    WARNING = "warning"  # somebody has to look and answer
    NOTE = "note"  # good to know


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule: its id, where it stands, and what it asks, in a user's words."""

    rule: str
    article: str
    text: str


CLAUSES: Mapping[str, Clause] = {
    clause.rule: clause
    for clause in (
        Clause("N1", "Reg. 9 ¶1", N_("A name has two parts, a specific and a generic.")),
        Clause("N2", "Reg. 9(1)", N_("The meaning is clear and healthy and offends nobody.")),
        Clause("N3", "Reg. 9(2)", N_("The name fits the place, its size and its nature.")),
        Clause("N4", "Reg. 9(3)", N_("Standard Chinese characters, and no rare ones.")),
        Clause("N5", "Reg. 9(4)", N_("Names of state leaders are not used.")),
        Clause("N5a", "Reg. 9(4), Impl. 3", N_("Names of persons are generally not used.")),
        Clause("N6", "Reg. 9(5)", N_("Names of foreign persons and places are not used.")),
        Clause("N7", "Reg. 9(6), Impl. 4", N_("Names of companies and trademarks are not used.")),
        Clause("N9", "Reg. 9(8)", N_("No two streets of one built-up area bear the same name or sound alike.")),
    )
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One clause speaking. ``words`` set it off; ``waivable_by`` is empty where nobody may waive it.

    ``fully_checked`` is false when the clause was not checked to the end (a list that nobody has confirmed,
    a width that is not known). ``needs_tick`` asks a person to say yes, whatever the program found.
    """

    rule: str
    level: Level
    message: str
    values: Mapping[str, object] = field(default_factory=dict)
    words: str = ""
    remedy: str = ""
    waivable_by: frozenset[Who] = frozenset()
    fully_checked: bool = True
    needs_tick: bool = False

    @property
    def clause(self) -> Clause:
        """The rule that speaks."""
        return CLAUSES[self.rule]

    def say(self) -> str:
        """The message in English."""
        return self.message.format(**self.values)

    def advise(self) -> str:
        """The remedy in English."""
        return self.remedy.format(**self.values)


NOBODY: frozenset[Who] = frozenset()
OFFICERS = frozenset({Who.COUNTY, Who.CITY})
TOWN_UP = frozenset({Who.TOWN, Who.COUNTY, Who.CITY})


def worst(findings: tuple[Finding, ...]) -> Level | None:
    """The heaviest level among them."""
    return min((finding.level for finding in findings), key=list(Level).index, default=None)
