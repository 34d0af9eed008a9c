"""The law looks at proposals: what it finds is kept with each, and what a person answered stays answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Invalid, NotAllowed
from app.base.many import change_all
from app.base.people import Actor
from app.naming.knowing import known
from app.naming.logic.checks import check_name
from app.naming.logic.findings import Finding as Found
from app.naming.models import Finding, FindingLevel, Proposal
from app.naming.schemas import StandsInTheWay
from app.naming.spelling import Asked, contexts_of, spelled

#: What the person says who submits names they have read (rule N2).
READ = N_("Read and found clear and healthy.")
#: What a list says beside its words: with another remark a finding is about the same words still.
_REMARKS = frozenset({"note", "count", "who"})
_LEVELS = [level.value for level in FindingLevel]
#: What makes two findings the same row, whenever each was found and whatever was answered.
_SAID = ("rule", "clause", "level", "message", "values", "remedy", "waivable_by", "fully_checked", "needs_tick")


def check_all(
    session: Session, clock: Clock, *, proposals: Sequence[Proposal], read_by: Actor | None = None
) -> dict[int, list[Finding]]:
    """The law looks at proposals anew, at all of them at once; what it finds, by the proposal's key.

    A finding that stays is left as it is, one that changed keeps its waiver as long as its words are the same, one
    that does not hold any more goes. ``read_by`` has read the words and finds them clear and healthy, which rule N2
    asks a person to say.
    """
    by = known(session)
    named = [(each, spelled(each.words, by, division=each.word_division)[0]) for each in proposals]
    asked = [Asked(each.street_id, each.division_id, name, each.word_division) for each, name in named]
    earlier = _earlier(session, proposals)
    made: dict[int, list[Finding]] = {}
    for proposal, context in zip(proposals, contexts_of(session, asked, by), strict=True):
        found = [_finding(clock, proposal, each) for each in check_name(proposal.words, context)]
        made[proposal.id] = [_kept(each, earlier.get(proposal.id, ())) for each in found]
    here = {finding.id for findings in made.values() for finding in findings if finding.id is not None}
    gone = [finding.id for findings in earlier.values() for finding in findings if finding.id not in here]
    session.add_all(finding for findings in made.values() for finding in findings if finding.id is None)
    session.flush()  # before the old ones go: whose answer a new one brings along is read off them (keep_answered)
    if gone:
        session.execute(delete(Finding).where(Finding.id.in_(gone)))
    if read_by is not None:
        _tick(session, clock, read_by, [finding for findings in made.values() for finding in findings])
    return made


def _earlier(session: Session, proposals: Sequence[Proposal]) -> dict[int, list[Finding]]:
    found: dict[int, list[Finding]] = defaultdict(list)
    wanted = select(Finding).where(Finding.proposal_id.in_([each.id for each in proposals]))
    for finding in session.scalars(wanted.order_by(Finding.id)):
        found[finding.proposal_id].append(finding)
    return found


def _finding(clock: Clock, proposal: Proposal, found: Found) -> Finding:
    return Finding(
        proposal_id=proposal.id,
        division_id=proposal.division_id,
        rule=found.rule,
        clause=found.clause.article,
        level=found.level.value,
        message=found.message,
        values={key: str(value) for key, value in found.values.items()},
        remedy=found.remedy,
        waivable_by=" ".join(sorted(found.waivable_by)),
        fully_checked=found.fully_checked,
        needs_tick=found.needs_tick,
        found_on=clock.today(),
    )


def _kept(found: Finding, known: Iterable[Finding]) -> Finding:
    """The row that says the same already; or the one about the same words, which says it anew and keeps its answer.

    An answer goes where nobody may let the finding stand any more: the row is open again, and its history tells whose
    answer it had.
    """
    for earlier in known:
        if all(getattr(earlier, column) == getattr(found, column) for column in _SAID):
            return earlier
    for earlier in known:
        if _mark(earlier) == _mark(found):
            for column in _SAID:
                setattr(earlier, column, getattr(found, column))
            if earlier.waiver is not None and not found.waivable_by:
                earlier.waiver = earlier.waived_by = earlier.waived_on = None
            return earlier
    return found


def _mark(finding: Finding) -> tuple[str, str, str]:
    said = {name: value for name, value in finding.values.items() if name not in _REMARKS}
    return finding.rule, finding.message, repr(sorted(said.items()))


def _tick(session: Session, clock: Clock, reader: Actor, findings: Sequence[Finding]) -> None:
    open_ = [finding for finding in findings if finding.needs_tick and finding.waiver is None]
    change_all(session, open_, waiver=READ, waived_by=reader.id, waived_on=clock.today())


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What a check of open proposals came to.

    How many it looked at, how many are found otherwise, how many have something new to answer, and how many are spelled
    otherwise by now.
    """

    proposals: int = 0
    changed: int = 0
    opened: int = 0
    respelled: int = 0

    def and_(self, other: Rechecked) -> Rechecked:
        """Both together."""
        return Rechecked(
            self.proposals + other.proposals,
            self.changed + other.changed,
            self.opened + other.opened,
            self.respelled + other.respelled,
        )


def recheck(session: Session, clock: Clock, *, proposals: Sequence[Proposal]) -> Rechecked:
    """The law looks at open proposals by the lists as they are now; words and spellings stay as they are.

    What was answered stays answered; of what somebody has to answer now and had not to before, each is counted.
    """
    before = _earlier(session, proposals)
    said = {key: _told(found) for key, found in before.items()}
    waiting = {key: _waiting(found) for key, found in before.items()}
    after = check_all(session, clock, proposals=proposals)
    session.flush()
    by = known(session)
    return Rechecked(
        proposals=len(proposals),
        changed=sum(said.get(key, frozenset()) != _told(found) for key, found in after.items()),
        opened=sum(bool(_waiting(found) - waiting.get(key, set())) for key, found in after.items()),
        respelled=sum(
            spelled(each.words, by, division=each.word_division)[0].latin_toned != each.latin_toned
            for each in proposals
        ),
    )


def _told(findings: Iterable[Finding]) -> frozenset[tuple[str, ...]]:
    return frozenset((*_mark(each), each.level, str(each.waiver)) for each in findings if each.fully_checked)


def _waiting(findings: Iterable[Finding]) -> set[tuple[str, str, str]]:
    """What somebody has to answer."""
    heavy = (each for each in findings if each.level != FindingLevel.NOTE.value and each.waiver is None)
    return {_mark(each) for each in heavy}


def findings_of(session: Session, proposal: Proposal) -> list[Finding]:
    """What was found of a proposal: errors first, then in the order of the law."""
    found = session.scalars(select(Finding).where(Finding.proposal_id == proposal.id))
    return sorted(found, key=lambda each: (_LEVELS.index(each.level), _in_the_law(each.rule), each.id))


def _in_the_law(rule: str) -> tuple[int, str]:
    """``N5a`` comes after ``N5`` and before ``N10``."""
    return int("".join(filter(str.isdigit, rule)) or 0), rule


def refuse_open(proposal: Proposal, findings: Iterable[Finding]) -> None:
    """Raise StandsInTheWay for the first finding that somebody has to answer before the proposal goes on."""
    for finding in findings:
        in_the_way = finding.level == FindingLevel.ERROR.value or finding.needs_tick
        if in_the_way and finding.waiver is None:
            raise StandsInTheWay(
                N_("“{words}” cannot be submitted: {clause}: {finding}"),
                about=finding,
                words=proposal.words,
                clause=finding.clause,
                finding=finding.message.format(**finding.values),
            )


def waive(session: Session, clock: Clock, *, by: Actor, finding: Finding, reason: str) -> Finding:
    """A finding's answered reason. Raises NotAllowed for a role that the rule does not name, Invalid for no reason."""
    if not reason.strip():
        raise Invalid("Say why this finding does not stand in the way.", field="reason")
    if by.role.value not in finding.waivable_by.split():
        raise NotAllowed(
            "Your role may not let this finding ({clause}) stand; the finding names who may.", clause=finding.clause
        )
    finding.waiver, finding.waived_by, finding.waived_on = reason.strip(), by.id, clock.today()
    session.flush()
    return finding
