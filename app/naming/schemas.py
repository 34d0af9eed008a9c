"""What the pages of the naming station say and are told: findings in the reader's language, forms as they came in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.base.errors import N_, Conflict, MingluError, NotAllowed
from app.naming.logic.findings import CLAUSES, Level
from app.naming.logic.findings import Finding as Found
from app.naming.logic.latin import Doubt, DoubtKind
from app.naming.logic.states import MoveNotPossible, State, Verb
from app.naming.models import Finding

#: ``show.text``: a message in the reader's language, filled with its values.
Say = Callable[..., str]

#: Words that stand as values inside other messages; here so that the catalogue has them.
LISTS = (
    N_("placeholders"),
    N_("banned words"),
    N_("state leaders"),
    N_("persons"),
    N_("foreign names"),
    N_("companies and trademarks"),
)
ARTICLES = (
    N_("Reg. 9 ¶1"),
    N_("Reg. 9(1)"),
    N_("Reg. 9(2)"),
    N_("Reg. 9(3)"),
    N_("Reg. 9(4)"),
    N_("Reg. 9(4), Impl. 3"),
    N_("Reg. 9(5)"),
    N_("Reg. 9(6), Impl. 4"),
    N_("Reg. 9(8)"),
)
LEVELS: Mapping[str, str] = {
    Level.ERROR.value: N_("Stands in the way"),
    Level.WARNING.value: N_("Look at this"),
    Level.NOTE.value: N_("Good to know"),
}
ROLES: Mapping[str, str] = {
    "village_contact": N_("Village contact"),
    "town_officer": N_("Town officer"),
    "county_officer": N_("County officer"),
    "city_officer": N_("City officer"),
}
STATES: Mapping[str, str] = {
    State.DRAFT.value: N_("Draft"),
    State.SUBMITTED.value: N_("Submitted"),
    State.RETURNED.value: N_("Sent back"),
    State.APPROVED.value: N_("Approved"),
    State.IN_FORCE.value: N_("Announced"),
    State.WITHDRAWN.value: N_("Withdrawn"),
    State.REJECTED.value: N_("Refused"),
}
VERBS: Mapping[str, str] = {
    Verb.SUBMIT.value: N_("submit"),
    Verb.RETURN.value: N_("send back"),
    Verb.APPROVE.value: N_("approve"),
    Verb.REJECT.value: N_("refuse"),
    Verb.ANNOUNCE.value: N_("announce"),
    Verb.WITHDRAW.value: N_("withdraw"),
}
DOUBTS: Mapping[DoubtKind, str] = {
    DoubtKind.READING: N_("Pronunciation"),
    DoubtKind.NUMERAL: N_("Numeral"),
    DoubtKind.DIVISION: N_("Word division"),
}
COMMA = N_(", ")


class StandsInTheWay(Conflict):
    """A finding that nobody has answered keeps a proposal from being submitted."""

    def __init__(self, message: str, *, about: Finding, **values: object) -> None:
        """``about`` is the finding, so that a page can say it in its reader's language."""
        super().__init__(message, **values)
        self.about = about


@dataclass(frozen=True, slots=True)
class Told:
    """One finding as its reader sees it; ``record`` is its row, None while the words are only being typed."""

    level: str
    title: str
    article: str
    clause: str
    message: str
    remedy: str
    who_may: str
    fully_checked: bool
    needs_tick: bool
    record: Finding | None = None

    @property
    def answered(self) -> bool:
        """Whether somebody gave the reason why it does not stand in the way."""
        return self.record is not None and self.record.waiver is not None

    @property
    def blocks(self) -> bool:
        """Whether the proposal cannot be submitted as long as nobody answers it."""
        return not self.answered and (self.level == Level.ERROR.value or self.needs_tick)


@dataclass(frozen=True, slots=True)
class ToldDoubt:
    """A choice of the spelling that a person looks at."""

    kind: str
    text: str
    chosen: str
    others: tuple[str, ...]
    reason: str
    must_confirm: bool


def told(say: Say, finding: Finding) -> Told:
    """A finding on record."""
    return _told(say, finding.rule, finding.level, finding, finding.waivable_by.split(), record=finding)


def told_now(say: Say, found: Found) -> Told:
    """A finding of words that nobody has saved."""
    return _told(say, found.rule, found.level.value, found, sorted(who.value for who in found.waivable_by))


def _told(
    say: Say, rule: str, level: str, finding: Finding | Found, who: list[str], record: Finding | None = None
) -> Told:
    clause, values = CLAUSES[rule], spoken_values(say, finding.values)
    return Told(
        level=level,
        title=say(LEVELS[level]),
        article=say(clause.article),
        clause=say(clause.text),
        message=say(finding.message, **values),
        remedy=say(finding.remedy, **values) if finding.remedy else "",
        who_may=say(COMMA).join(say(ROLES[each]) for each in who),
        fully_checked=finding.fully_checked,
        needs_tick=finding.needs_tick,
        record=record,
    )


def told_doubt(say: Say, doubt: Doubt) -> ToldDoubt:
    """A doubt of the spelling."""
    return ToldDoubt(
        kind=say(DOUBTS[doubt.kind]),
        text=doubt.text,
        chosen=doubt.chosen,
        others=doubt.others,
        reason=say(doubt.reason, **spoken_values(say, doubt.values)),
        must_confirm=doubt.must_confirm,
    )


def spoken_values(say: Say, values: Mapping[str, Any]) -> dict[str, object]:
    """Values that are messages themselves (a state, the title of a list) are translated too; others stay."""
    return {name: say(value) if isinstance(value, str) else value for name, value in values.items()}


def refusal_words(say: Say, refusal: MingluError) -> str:
    """Why something was refused, with the roles, states and findings inside it in the reader's words."""
    values = dict(refusal.values)
    if isinstance(refusal, StandsInTheWay):
        about = told(say, refusal.about)
        values |= {"clause": about.article, "finding": about.message}
    if isinstance(refusal, MoveNotPossible):
        values["state"] = say(STATES[str(values["state"])])
        values["verb"] = say(VERBS[str(values["verb"])])
        possible = str(values.get("possible", "")).split(", ")
        values["possible"] = say(COMMA).join(say(VERBS[verb]) for verb in possible if verb in VERBS)
    if isinstance(refusal, NotAllowed) and "roles" in values:
        values["roles"] = say(COMMA).join(say(ROLES.get(role, role)) for role in str(values["roles"]).split(", "))
    return say(refusal.message, **spoken_values(say, values))


def day_of(written: str) -> date | None:
    """The day of a date field; None for an empty or impossible one."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
