"""An edition of a list of divisions comes in: the first founds what it names, a later one is compared to what stands.

The ministry's and the statistics' codes are two systems and never joined: the first list of the second system finds the
divisions by their names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid, NotAllowed
from app.base.models import CodeSystem, Division, DivisionCode, DivisionKind, File
from app.base.people import may
from app.intake.comparing import Change as Found
from app.intake.comparing import Unit, compare, successors
from app.intake.listing import COUNTY, LEVELS, TOWN, VILLAGE, Listing, digest_of
from app.intake.models import Change, ChangeKind, ChangeState, Edition, EditionRow, EditionState
from app.intake.register import EDITION, EDITION_ON, Listed, Tell, add_units, kind_of, read_register
from app.intake.register import Unit as Registered
from gis.features import Verdict

#: How the key of a division stands where it has no code in the system yet.
_NAMELESS = "#"
#: Codes of areas that exist in the statistics only (economic zones) have 71 and more behind the city.
_ZONES = range(71, 81)
_BATCH = 5_000
_DIVISIONS = text(
    "SELECT id, name, path::text AS path, kind, parent_id FROM base.division"
    " WHERE path <@ (:top)::ltree AND until_on IS NULL ORDER BY id"
)
_CODES = text(
    "SELECT division_id, code FROM base.division_code"
    " WHERE system = :system AND valid_to_on IS NULL AND territory <@ (:top)::ltree"
)
_DIGITS = {
    DivisionKind.COUNTY.value: COUNTY,
    DivisionKind.ZONE.value: COUNTY,
    DivisionKind.TOWN.value: TOWN,
    DivisionKind.VILLAGE.value: VILLAGE,
    DivisionKind.RESIDENTS.value: VILLAGE,
}


@dataclass(frozen=True, slots=True)
class Origin:
    """What is said of a list: its system, what its edition is called, since when it holds, where it came from."""

    system: CodeSystem
    title: str
    in_force_on: date
    source: str
    licence: str = ""
    file: File | None = None


def packaged() -> tuple[Listing, Origin]:
    """The list that ships with the program, with its towns and counties; and what is said of it."""
    register = read_register()
    levels = {
        digits: ([u.code for u in units], [u.name for u in units], [u.code[:above] for u in units])
        for digits, above, units in zip(LEVELS, (4, COUNTY, TOWN), register.levels, strict=True)
    }
    rows = len(register.villages)
    counts = dict.fromkeys((Verdict.REPAIRED, Verdict.DUPLICATE, Verdict.REJECTED), 0) | {Verdict.ACCEPTED: rows}
    listing = Listing(rows, counts, (), digest_of(levels), levels)
    return listing, Origin(CodeSystem.STATISTICS, EDITION, EDITION_ON, "china-division 2.7.0", "MIT")


def require_officer(session: Session) -> None:
    """Raise NotAllowed for all but officers of city and county."""
    if not may(session, "intake.edition", "create"):
        raise NotAllowed("Only the officers of city and county hand in lists of divisions.")


def beginning(session: Session, place: Division, system: CodeSystem) -> str:
    """What all codes below a division begin with in a system; empty where it has no code there."""
    code = session.scalar(
        select(DivisionCode.code).where(
            DivisionCode.division_id == place.id,
            DivisionCode.system == system.value,
            DivisionCode.valid_to_on.is_(None),
        )
    )
    return (code or "")[:4] if place.kind == DivisionKind.CITY.value else code or ""


def hand_in(
    session: Session,
    clock: Clock,
    *,
    listing: Listing,
    origin: Origin,
    place: Division,
    tell: Tell | None = None,
) -> tuple[Edition, bool]:
    """Nothing → loaded (the first list of its system below ``place``) or compared; with whether it is new.

    By officers of city and county within their territory (the database refuses others). The same list a second time
    is the edition that was made then, and changes nothing. Raises Invalid for a day to come or a title that is empty,
    Conflict for a list that is older than what the register holds.
    """
    require_officer(session)
    _require_said(origin, clock)
    own = _DIGITS.get(place.kind, 0)  # what a list says of the divisions around its place is not its to change
    listing = replace(listing, levels={digits: level for digits, level in listing.levels.items() if digits > own})
    if listing.counts[Verdict.REJECTED] == listing.rows:
        raise Invalid(listing.told[0].reason, field="file")  # of the first row, and no other could be used
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('intake.edition', :id))"), {"id": place.id})
    known = select(Edition).where(
        Edition.division_id == place.id, Edition.system == origin.system.value, Edition.digest == listing.digest
    )
    before = session.scalars(known).one_or_none()
    if before is not None:
        return before, False
    _require_newer(session, origin, place)
    edition = _written(session, clock, listing=listing, origin=origin, place=place)
    standing = _standing(session, origin.system, place)
    if any(_DIGITS.get(row.kind) for row in standing):
        _compare(session, clock, edition, listing=listing, standing=standing, place=place)
    else:
        _found(session, edition, listing=listing, place=place, tell=tell)
    session.flush()
    return edition, True


@dataclass(frozen=True, slots=True)
class _Standing:
    """A division of the register with its code in one system, and that of the division it stands below."""

    id: int
    name: str
    path: str
    kind: str
    parent_id: int | None
    code: str | None
    above: str | None


def _standing(session: Session, system: CodeSystem, place: Division) -> list[_Standing]:
    """All at and below a place. Two questions, joined here: the planner takes "<@" for a handful of rows."""
    values = {"system": system.value, "top": place.path}
    codes = {row.division_id: row.code for row in session.execute(_CODES, values)}
    rows = session.execute(_DIVISIONS, values)
    return [
        _Standing(row.id, row.name, row.path, row.kind, row.parent_id, codes.get(row.id), codes.get(row.parent_id))
        for row in rows
    ]


def _require_said(origin: Origin, clock: Clock) -> None:
    if not origin.title.strip():
        raise Invalid("Say which edition it is, such as 2024.", field="title")
    if origin.in_force_on > clock.today():
        raise Invalid(
            "The edition holds from {day} on, which has not come.", field="in_force_on", day=origin.in_force_on
        )


def _require_newer(session: Session, origin: Origin, place: Division) -> None:
    newest = session.execute(
        select(DivisionCode.edition, DivisionCode.valid_from_on)
        .where(
            DivisionCode.territory.op("<@")(place.path),
            DivisionCode.division_id != place.id,
            DivisionCode.system == origin.system.value,
            DivisionCode.valid_from_on > origin.in_force_on,
        )
        .order_by(DivisionCode.valid_from_on.desc())
        .limit(1)
    ).first()
    if newest is not None:
        raise Conflict(
            N_("The register holds codes of {edition}, in force since {day}: an older list cannot follow them."),
            field="in_force_on",
            edition=newest.edition,
            day=newest.valid_from_on,
        )


def _written(session: Session, clock: Clock, *, listing: Listing, origin: Origin, place: Division) -> Edition:
    counts = {verdict.value: listing.counts[verdict] for verdict in Verdict if verdict is not Verdict.IGNORED}
    edition = Edition(
        division_id=place.id,
        system=origin.system.value,
        title=origin.title.strip(),
        in_force_on=origin.in_force_on,
        source=origin.source.strip(),
        licence=origin.licence.strip(),
        file_id=origin.file.id if origin.file else None,
        digest=listing.digest,
        state=EditionState.COMPARED.value,
        rows=listing.rows,
        taken_on=clock.today(),
        **counts,
    )
    session.add(edition)
    session.flush()
    rows = [
        {**asdict(told), "verdict": told.verdict.value, "edition_id": edition.id, "division_id": place.id}
        for told in listing.told
    ]
    _insert(session, EditionRow, rows)
    return edition


def _insert(session: Session, table: type[EditionRow | Change], rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(table), rows[start : start + _BATCH])


# -- the first list of a system ------------------------------------------------


def _found(session: Session, edition: Edition, *, listing: Listing, place: Division, tell: Tell | None) -> None:
    """All that the list names, level by level, below what stands there."""
    listed = Listed(CodeSystem(edition.system), edition.title)
    top = beginning(session, place, listed.system)
    known = {top: place.id, "": place.id}
    done, total = 0, sum(len(set(codes) - known.keys()) for codes, _, _ in listing.levels.values())
    for digits, (codes, names, aboves) in sorted(listing.levels.items()):
        units = [
            Registered(code, name, kind_below(code), above if above in known else top)
            for code, name, above in zip(codes, names, aboves, strict=True)
            if code not in known
        ]
        _require_above(units, known, digits=digits, place=place)
        known |= add_units(session, units, known, listed=listed, since=edition.in_force_on)
        done += len(units)
        if tell is not None:
            tell("register", done, total)
    edition.state, edition.founded = EditionState.LOADED.value, total


def kind_below(code: str) -> DivisionKind:
    """What kind of division a code's digits tell."""
    if len(code) == COUNTY:
        return DivisionKind.ZONE if int(code[4:]) in _ZONES else DivisionKind.COUNTY
    return DivisionKind.TOWN if len(code) == TOWN else kind_of(code)


def _require_above(units: Iterable[Registered], known: Mapping[str, int], *, digits: int, place: Division) -> None:
    """Refuse villages right below a city: a list without its towns' names has nothing to stand below."""
    fits = {
        DivisionKind.CITY.value: COUNTY,
        DivisionKind.COUNTY.value: TOWN,
        DivisionKind.ZONE.value: TOWN,
        DivisionKind.TOWN.value: VILLAGE,
    }.get(place.kind)
    if digits != fits and any(known[unit.parent] == place.id for unit in units):
        raise Invalid(
            N_("The list names no counties or towns, and the register has none yet: add columns with their names."),
            field="file",
        )


# -- a later list --------------------------------------------------------------


def _compare(
    session: Session,
    clock: Clock,
    edition: Edition,
    *,
    listing: Listing,
    standing: Sequence[_Standing],
    place: Division,
) -> None:
    """The changes between what stands and the list; those of older editions that nobody decided are overtaken."""
    session.execute(
        update(Change)
        .where(
            Change.state == ChangeState.OPEN.value,
            Change.edition_id.in_(
                select(Edition.id).where(
                    Edition.system == edition.system,
                    Edition.id != edition.id,
                    Edition.territory.op("<@")(place.path),
                )
            ),
        )
        .values(state=ChangeState.OVERTAKEN.value, settled_on=clock.today()),
        execution_options={"synchronize_session": False},
    )
    root = next((codes[0][:4] for codes, _, _ in listing.levels.values() if codes), "")
    writing = _Writing(standing, edition, place, root=root)
    towns: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    coded = any(row.code and _DIGITS.get(row.kind) for row in standing)
    for digits in LEVELS:
        before = writing.units(digits, coded=coded)
        if digits not in listing.levels:
            towns |= {unit.code: unit.code for unit in before}
            continue
        after = [Unit(*unit) for unit in zip(*listing.levels[digits], strict=True)]
        changes = compare(before, after, towns=towns)
        towns = successors(changes)
        writing.names |= {unit.code: unit.name for unit in after}
        rows += (
            writing.row(change)
            for change in map(_first_of_system if not coded else _as_it_is, changes)
            if change is not None and change.kind is not ChangeKind.UNCHANGED
        )
        edition.unchanged += Counter(change.kind for change in changes)[ChangeKind.UNCHANGED]
    _insert(session, Change, rows)


def _as_it_is(change: Found) -> Found | None:
    return change


def _first_of_system(change: Found) -> Found | None:
    """Of a system's first list: a division of the same name gets its code; what the list does not name stays."""
    if not change.news:
        return None
    if change.olds and len(change.olds) == 1:
        return replace(change, kind=ChangeKind.RECODED)
    return replace(change, kind=ChangeKind.NEW, olds=())


def _common(paths: Sequence[Sequence[str]]) -> list[str]:
    """The keys of the divisions that all of these paths begin with."""
    common = []
    for keys in zip(*paths, strict=False):
        if len(set(keys)) > 1:
            break
        common.append(keys[0])
    return common


class _Writing:
    """Rows of changes: which divisions they mean, and whose territory they lie in."""

    def __init__(self, standing: Sequence[_Standing], edition: Edition, place: Division, *, root: str) -> None:
        self.standing, self.edition, self.place, self.root = standing, edition, place, root
        self.by_code = {row.code or f"{_NAMELESS}{row.id}": row for row in standing}
        self.names: dict[str, str] = {}

    def units(self, digits: int, *, coded: bool) -> list[Unit]:
        """What stands, as a list of one level; in a system without codes yet by the divisions' own keys."""
        rows = [row for row in self.standing if _DIGITS.get(row.kind) == digits and (row.code or not coded)]
        if digits == COUNTY:
            return [Unit(row.code or f"{_NAMELESS}{row.id}", row.name, self.root) for row in rows]
        if coded:
            return [Unit(row.code or "", row.name, row.above or "") for row in rows]
        return [Unit(f"{_NAMELESS}{row.id}", row.name, f"{_NAMELESS}{row.parent_id}") for row in rows]

    def row(self, change: Found) -> dict[str, Any]:
        """A change as its table has it."""
        lead = (change.olds or change.news)[0]
        paths = [self.by_code[unit.code].path.rpartition(".")[0] for unit in change.olds]
        paths += [self._above(unit.above) for unit in change.news]
        above = _common([path.split(".") for path in paths])
        code = (change.news or change.olds)[0].code
        return {
            "edition_id": self.edition.id,
            "division_id": int(above[-1]) if len(above) >= self.place.path.count(".") + 1 else self.place.id,
            "kind": change.kind.value,
            "certainty": change.certainty.value,
            "code": code if lead.code.startswith(_NAMELESS) else lead.code,
            "town": self._called(lead.above),
            "olds": [self._old(unit) for unit in change.olds],
            "news": [
                {"code": u.code, "name": u.name, "above": u.above, "town": self._called(u.above)} for u in change.news
            ],
            "clues": [clue.value for clue in change.clues],
            "candidates": [{"code": code, "name": self.names.get(code, "")} for code in change.candidates],
            "gone_there": change.gone_there,
            "new_there": change.new_there,
        }

    def _old(self, unit: Unit) -> dict[str, Any]:
        row = self.by_code[unit.code]
        return {"id": row.id, "code": row.code or "", "name": row.name, "town": self._called(unit.above)}

    def _above(self, code: str) -> str:
        """The path of the division that bears the code, or of the next one above that does."""
        found = self.by_code.get(code) or self.by_code.get(code[:COUNTY])
        return found.path if found is not None else self.place.path

    def _called(self, code: str) -> str:
        found = self.by_code.get(code)
        return self.names.get(code) or (found.name if found is not None else "")


def kinds_of(session: Session, edition: Edition) -> dict[tuple[str, str, str], int]:
    """How many changes of an edition there are by kind, certainty and state."""
    counted = (
        select(Change.kind, Change.certainty, Change.state, func.count())
        .where(Change.edition_id == edition.id)
        .group_by(Change.kind, Change.certainty, Change.state)
    )
    return {(row[0], row[1], row[2]): row[3] for row in session.execute(counted)}
