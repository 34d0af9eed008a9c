"""The document of a decision: what can be said against it before it is made, since nobody can take it back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid
from app.base.models import File, Setting
from app.naming import queries
from app.naming.logic.approvers import document_number
from app.naming.models import Decision, Proposal

#: The city's own form of document numbers, as a regular expression; without one, that of official documents: an
#: office's short name, the year in brackets, a number (国办发〔2012〕14号).
NUMBER_SETTING = "naming.number_form"
NUMBER_FORM = r"[\u4e00-\u9fff]{1,15}[〔\[［【(（]\d{4}[〕\]］】)）]第?\d{1,6}号"
EXAMPLE = "乐政字〔2024〕12号"
UNUSUAL = N_(
    "“{number}” has not the form of an official document number ({example}). Correct it, or say why it is right."
)
#: The first Regulations on place names came into force: no application of ours is older.
FIRST_RULES = date(1986, 1, 23)
_MARKUP = frozenset("<>&\"'\\{}|`")


@dataclass(frozen=True, slots=True)
class Approval:
    """What a decision is: its document number, its authority, the day, the scan of the document."""

    number: str
    authority: str
    approved_on: date
    file: File | None = None
    note: str = ""  # why its number has another form than official documents have
    applied_on: date | None = None  # when the application was made on paper, where it was entered here later


class NumberTaken(Conflict):
    """The authority gave this number to another document; ``decision`` is the one that bears it, where it is known."""

    def __init__(self, number: str, authority: str, decision: Decision | None = None) -> None:
        """``decision`` is None where it was made in the same moment."""
        self.decision = decision
        if decision is None:
            super().__init__(
                N_("{authority} has just decided under {number}. Check the number."), authority=authority, number=number
            )
        else:
            super().__init__(
                N_("{number} is the decision of {authority} of {day} already. Check the number."),
                number=decision.number,
                authority=decision.authority,
                day=decision.approved_on,
            )


def refuse_unfit(session: Session, clock: Clock, *, proposals: Sequence[Proposal], approval: Approval) -> str:
    """What can be said against a decision before it is made; returns its number as it is kept.

    Raises Invalid for no number, for one of no official form that nobody gave a reason for, for a day that lies ahead
    or before a proposal was submitted (on paper, where ``applied_on`` says when that was), for no proposals, and for an
    authority that approves no names there (Reg. 12); :class:`NumberTaken` for a number that the authority has used.
    """
    number = number_of(session, approval)
    _refuse_number(session, number, approval)
    if approval.approved_on > clock.today():
        raise Invalid(
            "The day of the decision ({day}) lies ahead: today is {today}.",
            field="approved_on",
            day=approval.approved_on,
            today=clock.today(),
        )
    if not proposals:
        raise Invalid("Choose at least one proposal.", field="proposals")
    _refuse_authority(session, proposals, approval, number)
    _refuse_earlier(proposals, approval)
    return number


def _refuse_number(session: Session, number: str, approval: Approval) -> None:
    if not number:
        raise Invalid("A decision has a document number.", field="number")
    if _MARKUP & set(number):
        raise Invalid("A document number has no signs like < and >: “{number}”.", field="number", number=number)
    if not is_official(session, number) and not approval.note.strip():
        raise Invalid(UNUSUAL, field="note", number=number, example=EXAMPLE)


def _refuse_authority(session: Session, proposals: Iterable[Proposal], approval: Approval, number: str) -> None:
    authority, allowed = approval.authority.strip(), queries.approvers(session, proposals)
    if not allowed:
        raise Invalid(
            "No government approves names in all these places by one document. Decide those of each county by itself.",
            field="authority",
        )
    if authority not in allowed:
        raise Invalid(
            "“{authority}” does not approve names here (Reg. 12). It is one of these: {allowed}.",
            field="authority",
            authority=authority,
            allowed="、".join(allowed),
        )
    taken = session.scalar(select(Decision).where(Decision.authority == authority, Decision.number == number))
    if taken is not None:
        raise NumberTaken(number, authority, taken)


def number_of(session: Session, approval: Approval) -> str:
    """The number as it is kept: one of the official form with standard brackets, another as it was written."""
    number = approval.number.strip()
    plain = document_number(number)
    return plain if is_official(session, plain) else number


def is_official(session: Session, number: str) -> bool:
    """Whether a document number has the form that the city's setting, or else our default, asks for."""
    form = session.scalar(select(Setting.value).where(Setting.key == NUMBER_SETTING))
    return re.fullmatch(str(form or NUMBER_FORM), number) is not None


def _refuse_earlier(proposals: Iterable[Proposal], approval: Approval) -> None:
    """A decision follows its application: the day entered here, or that of the paper where this was entered later."""
    day, applied_on = approval.approved_on, approval.applied_on
    if applied_on is not None and not FIRST_RULES <= applied_on <= day:
        raise Invalid(
            "The application ({applied_on}) comes before the decision ({day}), and not before {first}.",
            field="applied_on",
            applied_on=applied_on,
            day=day,
            first=FIRST_RULES,
        )
    for proposal in proposals:
        submitted_on = proposal.submitted_on or proposal.proposed_on
        if day < submitted_on and applied_on is None:
            raise Invalid(
                "“{words}” was submitted here on {submitted_on}: a decision of {day} came before it. Check the day; or,"
                " if the application was made on paper before and entered here later, say on which day it was made.",
                field="applied_on",
                words=proposal.words,
                submitted_on=submitted_on,
                day=day,
            )
