"""Names proposed for all unnamed in-scope streets of a batch at once, each already through the checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import Invalid
from app.base.models import Division
from app.base.people import Actor
from app.inventory.models import Street
from app.milestones.models import Batch
from app.naming.knowing import known
from app.naming.logic import tables
from app.naming.logic.characters import all_chinese
from app.naming.logic.checks import NameContext, check_name
from app.naming.logic.findings import Level
from app.naming.logic.suggestions import FOR_ORDINAL, FOR_SIDE, Choice, Suggestion, VillageContext, suggest_names
from app.naming.models import Proposal
from app.naming.spelling import Asked, contexts_of, longest_name, neighbours_around, shapes_of, spelled
from app.naming.steps import Wish, Wording, propose_all, unnamed_streets

#: How many names a person is offered for one street.
CHOICES = 3
_ENDINGS = ("社区居民委员会", "村民委员会", "居民委员会", "村委会", "居委会", "社区", "村")


@dataclass(frozen=True, slots=True)
class Suggested:
    """Proposals made at once, and streets that were left alone: their surveyed name does not pass as it stands."""

    made: tuple[Proposal, ...]
    left: tuple[Street, ...] = ()


def suggest(session: Session, clock: Clock, *, by: Actor, batch: Batch) -> Suggested:
    """Nothing → draft for every unnamed in-scope street of the batch; streets with a proposal keep theirs.

    As :func:`suggest_for`.
    """
    return suggest_for(session, clock, by=by, batch=batch, streets=unnamed_streets(session, batch))


def may_suggest(session: Session, batch: int, /) -> bool:
    """Answers :class:`app.milestones.asks.MaySuggest`: as surveyed names go; the bank nearly always has words."""
    streets = unnamed_streets(session, session.get_one(Batch, batch))
    return any(not _surveyed(street) for street in streets) or any(
        surveyed_wishes(session, list(of_village)) for _, of_village in groupby(streets, key=attrgetter("division_id"))
    )


def suggest_for(session: Session, clock: Clock, *, by: Actor, batch: Batch, streets: Sequence[Street]) -> Suggested:
    """Nothing → draft for these streets of the batch, which come village by village and have no proposal yet.

    A street that bears a name where it lies is proposed under it: a name is changed only where it no longer fits
    (Reg. 10). Where that name cannot be submitted as it stands, the street is left to a person, who may mend it or
    answer the finding.
    """
    made: list[Proposal] = []
    left: list[Street] = []
    for village_id, some in groupby(streets, key=attrgetter("division_id")):
        of_village = list(some)
        village = session.get_one(Division, village_id)
        kept = surveyed_wishes(session, [street for street in of_village if _surveyed(street)])
        made += propose_all(session, clock, by=by, wishes=kept, batch=batch)
        keeping = {wish.street.id for wish in kept}
        left += [street for street in of_village if _surveyed(street) and street.id not in keeping]
        bare = {str(street.id): street for street in of_village if not _surveyed(street)}
        suggested = suggestions_for(session, village=village, streets=list(bare.values()), choices=1)
        wishes = [
            Wish(bare[each.key], Wording(best.name, meaning=meaning_of(best), division=best.division))
            for each in suggested
            for best in each.choices
        ]
        made += propose_all(session, clock, by=by, wishes=wishes, batch=batch)
    return Suggested(tuple(made), tuple(left))


def surveyed_wishes(session: Session, streets: Sequence[Street]) -> list[Wish]:
    """The surveyed names of streets that can be spelled and have no finding that stands in the way of submission."""
    asked, by = [], known(session)
    for street in streets:
        try:
            name, _ = spelled(_surveyed(street), by)
        except Invalid:
            continue
        asked.append((street, Asked(street.id, street.division_id, name)))
    contexts = contexts_of(session, [each for _, each in asked], by)
    meaning = _meanings()["surveyed"]
    return [
        Wish(street, Wording(each.name.words, meaning=meaning))
        for (street, each), context in zip(asked, contexts, strict=True)
        if not any(finding.level is Level.ERROR for finding in check_name(each.name.words, context))
    ]


def _surveyed(street: Street) -> str:
    return (street.surveyed_name or "").strip()


def suggestions_for(
    session: Session, *, village: Division, streets: Sequence[Street], choices: int = CHOICES
) -> tuple[Suggestion, ...]:
    """Choices for the streets of one village, different from all names of its town."""
    by = known(session)
    context = VillageContext(
        stem=stem_of(village.name),
        where=village.name,
        names=NameContext(
            lists=by.lists,
            readings=by.readings,
            neighbours=neighbours_around(session, village, by),
            longest=longest_name(session),
        ),
        bank=by.bank,
        seed=str(village.uid),
        choices=choices,
    )
    shapes = shapes_of(session, [street.id for street in streets])
    return suggest_names([shapes[street.id] for street in streets], context)


def stem_of(name: str) -> str:
    """A village's name without what says that it is one; empty for a name that is not in Chinese characters."""
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) > len(ending):
            name = name.removesuffix(ending)
            break
    return name if all_chinese(name) else ""


def meaning_of(choice: Choice) -> str:
    """What the words mean, in Chinese: it goes to the government with the proposal, whatever language the page has."""
    if "meaning" in choice.values:
        return choice.values["meaning"]
    return _meanings().get({FOR_SIDE: "side", FOR_ORDINAL: "ordinal"}.get(choice.reason, ""), "")


def _meanings() -> dict[str, str]:
    return {row["reason"]: row["words"] for row in tables.rows("meanings")}
