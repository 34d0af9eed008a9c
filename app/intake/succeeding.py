"""What an officer confirmed of an edition comes true: places get their names and codes, end, and have successors.

A place that stays a place keeps its row, whatever its name, code or town; one that went into another ends, and what
stood in it follows (the database moves it when the succession is written). Everything goes by sets: 3,989 codes went
in one year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import Conflict, Invalid, NotAllowed
from app.base.history import current_act, refusal_of
from app.base.many import change_all
from app.base.models import CodeSystem, Division, DivisionCode, Succession, SuccessionKind
from app.base.people import Actor, may
from app.intake.comparing import Clue
from app.intake.editions import kind_below
from app.intake.listing import COUNTY
from app.intake.models import Change, ChangeKind, ChangeState, Edition
from app.intake.register import Listed, add_codes, add_units
from app.intake.register import Unit as Registered

_ALTERED = text(
    "UPDATE base.division d SET name = n.name, kind = n.kind, parent_id = n.above"
    "  FROM unnest((:ids)::bigint[], (:names)::text[], (:kinds)::text[], (:aboves)::bigint[])"
    "       AS n(id, name, kind, above)"
    " WHERE d.id = n.id AND (d.name, d.kind, d.parent_id) IS DISTINCT FROM (n.name, n.kind, n.above)"
)
_ENDED = text(
    "UPDATE base.division SET until_on = greatest((:day)::date, since_on) WHERE id = ANY (:ids) AND until_on IS NULL"
)
_CLOSED = text(
    "UPDATE base.division_code SET valid_to_on = greatest((:day)::date, valid_from_on)"
    " WHERE division_id = ANY (:ids) AND system = :system AND valid_to_on IS NULL"
)
_STANDING = text(
    "SELECT d.name, sum(s.n)::bigint AS n FROM base.standing_at(:ids) s JOIN base.division d ON d.id = s.division_id"
    " GROUP BY d.id, d.name ORDER BY n DESC LIMIT 1"
)
_BELOW = text(
    "SELECT d.name, count(*) AS n FROM base.division c JOIN base.division d ON d.id = c.parent_id"
    " WHERE d.id = ANY (:ids) AND c.until_on IS NULL GROUP BY d.id, d.name LIMIT 1"
)
#: Changes that one statement settles: 4,000 at once take its triggers three times as long as 500 and 500.
_AT_ONCE = 500
#: Kinds under which a place goes on being itself.
_STAYS = {
    ChangeKind.RENAMED: SuccessionKind.RENAMED,
    ChangeKind.RECODED: SuccessionKind.RECODED,
    ChangeKind.MOVED: SuccessionKind.MOVED,
}


@dataclass(frozen=True, slots=True)
class _Link:
    """Old place → the one that bears a code."""

    old: Mapping[str, Any]
    into: str
    kind: SuccessionKind
    clues: Sequence[str]
    leads: bool = True


@dataclass(slots=True)
class _Plan:
    """What a set of changes comes to, in codes of the list and keys of the register."""

    founded: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    altered: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    recoded: set[int] = field(default_factory=set)
    coded: dict[str, int] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    links: list[_Link] = field(default_factory=list)


def require_officer(session: Session) -> None:
    """Raise NotAllowed for all but officers of city and county."""
    if not may(session, "base.succession", "create"):
        raise NotAllowed("Only the officers of city and county confirm what became of a division.")


def confirm(
    session: Session,
    clock: Clock,
    *,
    by: Actor,
    edition: Edition,
    changes: Sequence[Change],
    into: str = "",
) -> int:
    """Open → confirmed, all or none: the register is as the edition says of them; how many changes that were.

    ``into`` is the code of the successor where an officer says it: for what merged or was abolished, for a code that is
    used again, and for the part of a split that all that stands there goes to. Where that code is new itself, its
    change is confirmed along. By officers for places of their territory (the database refuses others). Raises Conflict
    for a change that is settled already, a place that still holds something and has no successor, a code that another
    place still bears; Invalid for a successor that is not known.
    """
    require_officer(session)
    _require_open(changes)
    changes = _with_founding(session, edition, changes, into)
    plan = _planned(changes, into)
    _carry_out(session, edition, plan)
    _write_links(session, edition, plan, by)
    settled = {"state": ChangeState.CONFIRMED.value, "settled_on": clock.today(), "in_act": current_act(session)}
    for start in range(0, len(changes), _AT_ONCE):
        change_all(session, changes[start : start + _AT_ONCE], **settled)
    session.flush()
    session.expire_all()
    return len(changes)


@dataclass(frozen=True, slots=True)
class Sorted:
    """A set of changes: those that can be confirmed together, and how many wait, by the code that they wait for.

    ``called`` are the names of these codes, as far as the list or the register says them.
    """

    ready: tuple[Change, ...]
    waiting: Mapping[str, int]
    called: Mapping[str, str]


def sort_out(session: Session, edition: Edition, changes: Sequence[Change]) -> Sorted:
    """What of a set can be confirmed together: what it stands below is there, or comes with it.

    So a village of a town whose own change is still to decide waits for it, and one whose new code another place still
    bears waits for that.
    """
    news = [new for change in changes for new in change.news]
    ours = {old["id"] for change in changes for old in change.olds}
    bearers = _bearers(session, edition.system, {*(new["above"] for new in news), *(new["code"] for new in news)})
    there = set(bearers)
    found, waiting, called = [], defaultdict[str, int](int), {}
    for change in sorted(changes, key=lambda change: len(change.code)):
        above = [new for new in change.news if len(new["code"]) > COUNTY and new["above"] not in there]
        held = [new for new in change.news if new["code"] in bearers and bearers[new["code"]][0] not in ours]
        if above:
            waiting[above[0]["above"]] += 1
            called[above[0]["above"]] = above[0]["town"] or above[0]["above"]
        elif held:
            waiting[held[0]["code"]] += 1
            called[held[0]["code"]] = bearers[held[0]["code"]][1]
        else:
            found.append(change)
            there |= {new["code"] for new in change.news}
    return Sorted(tuple(found), dict(waiting), called)


def successors_of(session: Session, change: Change) -> Sequence[Division]:
    """The places that the old ones of a confirmed change went into, as its officer said; themselves left out."""
    olds = [old["id"] for old in change.olds]
    if change.state != ChangeState.CONFIRMED.value or not olds:
        return []
    went = select(Succession.division_id).where(
        Succession.predecessor_id.in_(olds), Succession.division_id.not_in(olds)
    )
    return session.scalars(select(Division).where(Division.id.in_(went)).order_by(Division.id)).all()


def refuse(session: Session, clock: Clock, *, changes: Sequence[Change]) -> int:
    """Open → refused: it is not so, and the register stays as it is. Raises Conflict for a change that is settled."""
    require_officer(session)
    _require_open(changes)
    change_all(session, changes, state=ChangeState.REFUSED.value, settled_on=clock.today())
    return len(changes)


def take_back(session: Session, *, act: UUID) -> int:
    """Confirmed → open: all that one act confirmed, as if it had not been; the number of rows put back.

    Raises Conflict where something was changed or built on it since, NotAllowed outside of one's own territory.
    """
    require_officer(session)
    try:
        done = int(session.scalar(text("SELECT base.take_back_succession(:act)"), {"act": act}) or 0)
    except DBAPIError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error
    session.expire_all()
    return done


def _require_open(changes: Sequence[Change]) -> None:
    if not changes:
        raise Invalid("Choose at least one change.", field="seen")
    settled = next((change for change in changes if change.state != ChangeState.OPEN.value), None)
    if settled is not None:
        raise Conflict("{code} is settled already.", code=settled.code)


def _with_founding(session: Session, edition: Edition, changes: Sequence[Change], into: str) -> list[Change]:
    """With the change that founds the successor, where that stands in the list and not in the register yet."""
    own = {new["code"] for change in changes for new in change.news}
    if not into or into in own or into in _bearers(session, edition.system, [into]):
        return list(changes)
    found = session.scalars(
        select(Change).where(
            Change.edition_id == edition.id,
            Change.kind == ChangeKind.NEW.value,
            Change.state == ChangeState.OPEN.value,
            Change.code == into,
        )
    ).one_or_none()
    if found is None:
        raise Invalid("{code} is no division of the register, and not new in this edition.", field="into", code=into)
    return [*changes, found]


def _planned(changes: Iterable[Change], into: str) -> _Plan:
    plan = _Plan()
    for change in changes:
        kind = ChangeKind(change.kind)
        same = bool(into) and kind is ChangeKind.REUSED and [new["code"] for new in change.news] == [into]
        if same and change.olds:
            kind = ChangeKind.RENAMED
        if kind in _STAYS:
            _stay(plan, change, kind)
        elif kind is ChangeKind.SPLIT:
            _split(plan, change, into)
        else:
            _end(plan, change, kind, into)
    return plan


def _stay(plan: _Plan, change: Change, kind: ChangeKind) -> None:
    old, new = change.olds[0], change.news[0]
    if not old["code"]:  # the first list of a system gives codes, and changes nothing
        plan.coded[new["code"]] = old["id"]
        return
    plan.altered[old["id"]] = new
    if old["code"] != new["code"]:
        plan.recoded.add(old["id"])
    plan.links.append(_Link(old, new["code"], _STAYS[kind], change.clues))


def _split(plan: _Plan, change: Change, into: str) -> None:
    codes = [new["code"] for new in change.news]
    if into and into not in codes:
        raise Invalid("{code} is none of the parts.", field="into", code=into)
    plan.founded |= {new["code"]: new for new in change.news}
    plan.ended.add(change.olds[0]["id"])
    leading = into or codes[0]
    plan.links += [
        _Link(change.olds[0], code, SuccessionKind.SPLIT, change.clues, leads=code == leading) for code in codes
    ]


def _end(plan: _Plan, change: Change, kind: ChangeKind, into: str) -> None:
    """Merged, abolished, new, or a code used again: the old ones end, the new ones begin."""
    plan.founded |= {new["code"]: new for new in change.news}
    plan.ended |= {old["id"] for old in change.olds}
    merged = kind is ChangeKind.MERGED and change.news
    successor = change.news[0]["code"] if merged else into
    if kind is ChangeKind.MERGED and not successor:
        raise Conflict("Say which division {name} went into.", name=change.olds[0]["name"], field="into")
    if successor and kind is not ChangeKind.NEW:
        clues = change.clues if merged or not change.candidates else [*change.clues, Clue.SAID.value]
        plan.links += [_Link(old, successor, SuccessionKind.MERGED, clues) for old in change.olds]


# -- carrying out --------------------------------------------------------------


def _carry_out(session: Session, edition: Edition, plan: _Plan) -> None:
    listed = Listed(CodeSystem(edition.system), edition.title)
    _require_free(session, edition, plan)
    values = {"day": edition.in_force_on, "system": edition.system}
    session.execute(_CLOSED, {**values, "ids": sorted(plan.ended | plan.recoded)})
    add_codes(session, plan.coded, listed=listed, since=edition.in_force_on)  # first: others may stand below these
    for digits in sorted({len(new["code"]) for new in (*plan.founded.values(), *plan.altered.values())}):
        founded = {code: new for code, new in plan.founded.items() if len(code) == digits}
        altered = {key: new for key, new in plan.altered.items() if len(new["code"]) == digits}
        above = _above(session, edition, [*founded.values(), *altered.values()])
        units = [Registered(code, new["name"], kind_below(code), new["above"]) for code, new in founded.items()]
        add_units(session, units, above, listed=listed, since=edition.in_force_on)
        _alter(session, altered, above)
        recoded = {new["code"]: key for key, new in altered.items() if key in plan.recoded}
        add_codes(session, recoded, listed=listed, since=edition.in_force_on)
    linked = {link.old["id"] for link in plan.links}
    _require_empty(session, sorted(plan.ended - linked))
    session.execute(_ENDED, {**values, "ids": sorted(plan.ended)})
    below = session.execute(_BELOW, {"ids": sorted(plan.ended)}).first()
    if below is not None:
        raise Conflict(
            "{name} still has {n} divisions below it: confirm their changes first.", name=below.name, n=below.n
        )


def _require_free(session: Session, edition: Edition, plan: _Plan) -> None:
    """Refuse a code that a place bears which neither ends nor gets another code here."""
    wanted = {*plan.founded, *plan.coded, *(new["code"] for key, new in plan.altered.items() if key in plan.recoded)}
    free = plan.ended | plan.recoded
    for code, (key, name) in _bearers(session, edition.system, wanted).items():
        if key not in free:
            raise Conflict("{name} still bears the code {code}: confirm its change first.", name=name, code=code)


def _bearers(session: Session, system: str, codes: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Who bears these codes now: key and name by code."""
    found = session.execute(
        select(DivisionCode.code, Division.id, Division.name)
        .join(Division, Division.id == DivisionCode.division_id)
        .where(
            DivisionCode.system == system,
            DivisionCode.code == func.any(sorted(codes)),
            DivisionCode.valid_to_on.is_(None),
            Division.until_on.is_(None),
        )
    )
    return {row.code: (row.id, row.name) for row in found}


def _above(session: Session, edition: Edition, news: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The divisions that new ones stand below, by code; counties stand below the place of the edition."""
    codes = {new["above"] for new in news if len(new["code"]) > COUNTY}
    known = {code: key for code, (key, _) in _bearers(session, edition.system, codes).items()}
    missing = next((new for new in news if len(new["code"]) > COUNTY and new["above"] not in known), None)
    if missing is not None:
        raise Conflict(
            "{name} stands below {above}, which the register does not have: confirm its change first.",
            name=missing["name"],
            above=missing["town"] or missing["above"],
        )
    tops = {new["above"] for new in news if len(new["code"]) == COUNTY}
    return known | dict.fromkeys(tops, edition.division_id)


def _alter(session: Session, altered: Mapping[int, Mapping[str, Any]], above: Mapping[str, int]) -> None:
    values = {
        "ids": list(altered),
        "names": [new["name"] for new in altered.values()],
        "kinds": [kind_below(new["code"]).value for new in altered.values()],
        "aboves": [above[new["above"]] for new in altered.values()],
    }
    session.execute(_ALTERED, values)


def _require_empty(session: Session, ids: Sequence[int]) -> None:
    """Refuse to end a place without a successor while something stands in it."""
    held = session.execute(_STANDING, {"ids": list(ids)}).first()
    if held is not None:
        raise Conflict("{name} still holds {n} records: say which division they go to.", name=held.name, n=held.n)


def _write_links(session: Session, edition: Edition, plan: _Plan, by: Actor) -> None:
    """All successions in one statement: what stands in the old places follows in one statement a table."""
    bearers = _bearers(session, edition.system, {link.into for link in plan.links})
    rows = []
    for link in plan.links:
        if link.into not in bearers:
            raise Invalid("{code} is no division of the register.", field="into", code=link.into)
        if link.old["code"] and len(link.into) != len(link.old["code"]):
            raise Invalid("{code} is of another level: a village goes into a village.", field="into", code=link.into)
        rows.append(
            {
                "division_id": bearers[link.into][0],
                "predecessor_id": link.old["id"],
                "kind": link.kind.value,
                "system": edition.system,
                "code": link.old["code"],
                "name": link.old["name"],
                "succeeded_on": edition.in_force_on,
                "leads": link.leads,
                "clues": list(link.clues),
                "confirmed_by": by.id,
            }
        )
    if rows:
        session.execute(insert(Succession), rows)


def by_kind(changes: Iterable[Change]) -> dict[str, int]:
    """How many changes there are of each kind, for the page that asks before it is done."""
    counts = defaultdict[str, int](int)
    for change in changes:
        counts[change.kind] += 1
    return dict(counts)
