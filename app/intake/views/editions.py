"""Editions of the list of divisions: what each says became of each place, and confirming that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import paging
from app.base import seen as as_seen
from app.base.errors import N_, Conflict, Invalid, NotFound
from app.base.history import current_act, entries_of
from app.base.models import CodeSystem, Division
from app.base.people import may
from app.base.request import Answer, Me, Now, Place, Seen, Show, Version, Work, one_of
from app.intake import queries, succeeding
from app.intake.comparing import Clue
from app.intake.models import Certainty, Change, ChangeKind, ChangeState, Edition, EditionRow
from app.intake.views.records import VERDICTS

router = APIRouter(prefix="/intake/editions")
SYSTEMS = {
    CodeSystem.STATISTICS.value: N_("Statistics office"),
    CodeSystem.MINISTRY.value: N_("Ministry of Civil Affairs"),
}
KINDS = {
    ChangeKind.RENAMED.value: N_("Renamed"),
    ChangeKind.RECODED.value: N_("Another code"),
    ChangeKind.MOVED.value: N_("Moved to another town or county"),
    ChangeKind.MERGED.value: N_("Merged"),
    ChangeKind.SPLIT.value: N_("Split"),
    ChangeKind.ABOLISHED.value: N_("Abolished"),
    ChangeKind.NEW.value: N_("New"),
    ChangeKind.REUSED.value: N_("Code used again"),
}
CERTAINTIES = {
    Certainty.SURE.value: N_("Sure"),
    Certainty.LIKELY.value: N_("Likely"),
    Certainty.OPEN.value: N_("Ambiguous"),
}
STATES = {
    ChangeState.OPEN.value: N_("To decide"),
    ChangeState.CONFIRMED.value: N_("Confirmed"),
    ChangeState.REFUSED.value: N_("Refused"),
    ChangeState.OVERTAKEN.value: N_("Overtaken"),
}
CLUES = {
    Clue.SAME_CODE.value: N_("the code is the same"),
    Clue.SAME_NAME.value: N_("the name is the same but for its form"),
    Clue.NAME_WITHIN.value: N_("one name holds the other"),
    Clue.NAME_ALIKE.value: N_("the names differ in a character"),
    Clue.SAME_SOUND.value: N_("the names sound the same"),
    Clue.NAME_FAR.value: N_("the names have one character in common"),
    Clue.NAME_ELSEWHERE.value: N_("the name stands under another code in the other list"),
    Clue.SAME_TOWN.value: N_("it is the same town"),
    Clue.TOWN_MOVED.value: N_("the whole town has another code"),
    Clue.ONLY_ONE.value: N_("no other of this name is gone or new"),
    Clue.ONE_NEW.value: N_("it is the only new one in the town"),
    Clue.SEVERAL_NEW.value: N_("several are gone and several new in the town"),
    Clue.NONE_NEW.value: N_("none is new in the town"),
    Clue.COMMUNITY.value: N_("its old name says of which community it was"),
    Clue.NEIGHBOUR.value: N_("neighbours in the order of codes stay"),
    Clue.DIRECTION.value: N_("the new names are the old one with a direction or number"),
    Clue.SAID.value: N_("an officer said so"),
}


@dataclass(slots=True)
class Filter:
    """What a list of changes is narrowed to."""

    kind: Annotated[str, Query(max_length=20)] = ""
    certainty: Annotated[str, Query(max_length=20)] = ""
    state: Annotated[str, Query(max_length=20)] = ""
    town: Annotated[str, Query(max_length=40)] = ""

    def require_known(self) -> None:
        """Raise Invalid for a value that the list does not know."""
        one_of(self.kind, KINDS, field="kind")
        one_of(self.certainty, CERTAINTIES, field="certainty")
        one_of(self.state, STATES, field="state")


@dataclass(slots=True)
class Chosen:
    """Changes picked in a list as it showed them; ``into`` or ``other`` is the code of their successor."""

    seen: Seen
    into: Annotated[str, Form(max_length=12)] = ""
    other: Annotated[str, Form(max_length=12)] = ""
    sure: Annotated[str, Form(max_length=3)] = ""

    @property
    def successor(self) -> str:
        """The code that was chosen or typed. Raises Invalid where both were, and differ."""
        typed = self.other.strip()
        if typed and self.into and typed != self.into:
            raise Invalid(
                N_("You chose {chosen} and typed {typed}. Keep one of them."),
                field="other",
                chosen=self.into,
                typed=typed,
            )
        return typed or self.into


@router.get("")
def index(session: Work, show: Show, place: Place, after: str | None = None) -> Response:
    """Editions handed in for the chosen place, for one above or below it, the newest first."""
    keys = [paging.Key(Edition.id, descending=True)]
    return show.page(
        "intake/editions.html",
        page=paging.page(session, queries.editions(place), keys=keys, after=after),
        place=place,
        systems=SYSTEMS,
        may_hand_in=may(session, "intake.edition", "create"),
    )


@router.get("/{uid}")
def record(
    session: Work,
    show: Show,
    place: Place,
    uid: UUID,
    asked: Annotated[Filter, Depends()],
    after: str | None = None,
) -> Response:
    """One edition: its counts, and what it says became of each place."""
    asked.require_known()
    edition = edition_of(session, uid)
    found = queries.changes(
        edition, place, kind=asked.kind, certainty=asked.certainty, state=asked.state, town=asked.town
    )
    keys = [paging.Key(Change.code), paging.Key(Change.id)]
    sorted_out = _sorted(session, edition, place)
    return show.page(
        "intake/edition.html",
        edition=edition,
        place=place,
        of=session.get_one(Division, edition.division_id),
        page=paging.page(session, found, keys=keys, after=after),
        count=paging.count(session, found),
        counts=queries.counted(session, edition, place),
        sure=_whole(sorted_out),
        waits=_waits(session, edition, sorted_out),
        asked=asked,
        may_confirm=may(session, "base.succession", "create"),
        **_words(),
    )


@router.get("/{uid}/rows")
def rows(session: Work, show: Show, uid: UUID, after: str | None = None) -> Response:
    """The rows of a list that were not taken as they stood, with the reason."""
    edition = edition_of(session, uid)
    found = select(EditionRow).where(EditionRow.edition_id == edition.id)
    page = paging.page(session, found, keys=[paging.Key(EditionRow.row)], after=after)
    reasons = {row.id: show.text(row.reason) for row in page.rows}
    return show.page("intake/edition_rows.html", edition=edition, page=page, reasons=reasons, verdict_words=VERDICTS)


@router.get("/{uid}/changes/{key}")
def change(session: Work, show: Show, uid: UUID, key: UUID) -> Response:
    """One change: both sides, what speaks for it, whom else it may have gone into."""
    edition = edition_of(session, uid)
    found = session.scalar(select(Change).where(Change.uid == key, Change.edition_id == edition.id))
    if found is None:
        raise NotFound("There is no such change in your territory. Look for it in the list of the edition.")
    return _asking(session, show, edition, [found], Chosen([]), {})


@router.post("/{uid}/confirm")
def confirm(
    session: Work,
    show: Show,
    actor: Me,
    clock: Now,
    uid: UUID,
    chosen: Annotated[Chosen, Depends()],
) -> Response:
    """Shown whole first; with ``sure`` it is so: names, codes and successors, and all that stands there follows."""
    succeeding.require_officer(session)
    edition = edition_of(session, uid)
    found = _changes(session, edition, chosen.seen)
    if chosen.sure != "yes" or not found:
        return _asking(session, show, edition, found, chosen, {})
    try:
        with session.begin_nested():
            n = succeeding.confirm(session, clock, by=actor, edition=edition, changes=found, into=chosen.successor)
    except (Invalid, Conflict) as refusal:
        if isinstance(refusal, as_seen.Stale):
            raise
        found = _changes(session, edition, chosen.seen)
        errors = {getattr(refusal, "field", None) or "other": show.text(refusal.message, **refusal.values)}
        return _asking(session, show, edition, found, chosen, errors)
    return show.see(f"/intake/editions/{uid}", "{n} changes are confirmed.", undo=current_act(session), n=n)


@router.post("/{uid}/sure")
def confirm_sure(  # noqa: PLR0917 - one argument a dependency
    session: Work, show: Show, actor: Me, clock: Now, place: Place, uid: UUID, seen: Seen
) -> Response:
    """All changes at once that are beyond doubt: names, codes and moves."""
    succeeding.require_officer(session)
    edition = edition_of(session, uid)
    sorted_out = _sorted(session, edition, place)
    _whole(sorted_out).require(" ".join(seen), again=f"/intake/editions/{uid}")
    if not sorted_out.ready:
        raise Conflict("These wait for their towns: confirm what became of those first.")
    n = succeeding.confirm(session, clock, by=actor, edition=edition, changes=sorted_out.ready)
    return show.see(f"/intake/editions/{uid}", "{n} changes are confirmed.", undo=current_act(session), n=n)


@router.post("/{uid}/refuse")
def refuse(session: Work, show: Show, clock: Now, uid: UUID, seen: Seen) -> Response:
    """It is not so: the register stays as it is."""
    succeeding.require_officer(session)
    edition = edition_of(session, uid)
    found = _changes(session, edition, seen)
    n = succeeding.refuse(session, clock, changes=found)
    return show.see(f"/intake/editions/{uid}", "{n} changes are refused.", undo=current_act(session), n=n)


@router.post("/{uid}/changes/{key}/back")
def take_back(session: Work, show: Show, uid: UUID, key: UUID, version: Version) -> Response:
    """All that was confirmed with this change is open again, as long as nothing was built on it."""
    edition = edition_of(session, uid)
    found = session.scalar(select(Change).where(Change.uid == key, Change.edition_id == edition.id))
    if found is None or found.in_act is None:
        raise NotFound("There is no such change in your territory. Look for it in the list of the edition.")
    url = f"/intake/editions/{uid}/changes/{key}"
    as_seen.require_row(found, version, title=found.code, url=url)
    n = succeeding.take_back(session, act=found.in_act)
    return show.see(url, "It is open again; {n} records stand where they stood before.", n=n)


def _asking(
    session: Session,
    show: Answer,
    edition: Edition,
    found: Sequence[Change],
    chosen: Chosen,
    errors: dict[str, str],
) -> Response:
    """The page that shows what is about to be confirmed, or one change by itself."""
    candidates = {each["code"]: each["name"] for one in found for each in (*one.candidates, *_parts(one))}
    one = found[0] if len(found) == 1 else None
    return show.page(
        "intake/change.html",
        status=422 if errors else 200,
        edition=edition,
        changes=found,
        one=one,
        entries=entries_of(session, "intake.change", one.id) if one else [],
        candidates=[(code, f"{name} ({code})") for code, name in sorted(candidates.items())],
        needs=any(change.kind in _NEEDING and not (change.kind == "merged" and change.news) for change in found),
        kinds_here=succeeding.by_kind(found),
        typed=chosen,
        errors=errors,
        may_confirm=may(session, "base.succession", "create"),
        divisions=queries.divisions_of_changes(session, found),
        successors=succeeding.successors_of(session, one) if one else [],
        **_words(),
    )


#: Where the officer may, or must, say the successor.
_NEEDING = frozenset(
    kind.value for kind in (ChangeKind.MERGED, ChangeKind.ABOLISHED, ChangeKind.REUSED, ChangeKind.SPLIT)
)


def _parts(change: Change) -> list[dict[str, str]]:
    """The parts of a split, of which one takes all that stands; and the same place under its code."""
    return change.news if change.kind in {ChangeKind.SPLIT.value, ChangeKind.REUSED.value} else []


def _words() -> dict[str, Any]:
    return {
        "kinds": KINDS,
        "certainties": CERTAINTIES,
        "states": STATES,
        "clues": CLUES,
        "systems": SYSTEMS,
        "verdict_words": VERDICTS,
    }


def edition_of(session: Session, uid: UUID) -> Edition:
    """An edition by its key. Raises NotFound."""
    found = session.scalar(select(Edition).where(Edition.uid == uid))
    if found is None:
        raise NotFound("There is no such edition. Look for it in the list of editions.")
    return found


def _changes(session: Session, edition: Edition, seen: Sequence[str]) -> list[Change]:
    """The changes that a form was filled in for. Raises Stale where one is not as its reader saw it."""
    versions = as_seen.read(seen)
    chosen = select(Change).where(Change.edition_id == edition.id, Change.uid.in_(list(versions)))
    found = list(session.scalars(chosen.order_by(Change.code, Change.id)))
    url = f"/intake/editions/{edition.uid}"
    if not versions:
        raise NotFound("Choose at least one change in the list.")
    rows = [as_seen.shown(each, each.code, f"{url}/changes/{each.uid}") for each in found]
    as_seen.require(rows, versions, again=url)
    return found


def _sorted(session: Session, edition: Edition, place: Division) -> succeeding.Sorted:
    return succeeding.sort_out(session, edition, session.scalars(queries.sure(edition, place)).all())


def _whole(sorted_out: succeeding.Sorted) -> as_seen.Whole:
    """What the button confirms: those beyond doubt that wait for nothing."""
    found = sorted_out.ready
    return as_seen.Whole(
        ((N_("Changes beyond doubt"), len(found)),), sum(change.id * change.version for change in found)
    )


def _waits(session: Session, edition: Edition, sorted_out: succeeding.Sorted) -> list[tuple[str, int, UUID | None]]:
    """What changes beyond doubt wait for, with how many, the most first; and the change that is to decide first."""
    first = queries.openings(session, edition, sorted_out.waiting)
    found = [(sorted_out.called[code], n, first.get(code)) for code, n in sorted_out.waiting.items()]
    return sorted(found, key=lambda each: (-each[1], each[0]))
