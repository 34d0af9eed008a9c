"""An edition of a list of divisions comes in: the first founds what it names, a later one is compared to what stands.

The ministry's and the statistics' codes are two systems and never joined: the first list of the second system finds the
divisions by their names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid, NotAllowed
from app.base.models import CodeSystem, Division, DivisionCode, DivisionKind, File
from app.base.people import may
from app.base.shares import Share, chunks, part, silent
from app.intake.comparing import Change as Found
from app.intake.comparing import Unit, compare, successors
from app.intake.listing import CITY, COUNTY, LEVELS, TOWN, VILLAGE, Listing, digest_of
from app.intake.models import Certainty, Change, ChangeKind, ChangeState, Edition, EditionRow, EditionState
from app.intake.register import EDITION, EDITION_ON, Listed, add_units, kind_of, read_register
from app.intake.register import Unit as Registered
from app.intake.standing import DIGITS, Standing, Writing, standing_below
from gis.features import Verdict

#: Codes of areas that exist in the statistics only (economic zones) have 71 and more behind the city.
_ZONES = range(71, 81)
_BATCH = 5_000
#: What share of a comparison is done once the list is compared; what is left is writing the changes down.
_COMPARED = 0.8


@dataclass(frozen=True, slots=True)
class Origin:
    """What is said of a list: its system, what its edition is called, since when it holds, where it came from."""

    system: CodeSystem
    title: str
    in_force_on: date
    source: str
    licence: str = ""
    file: File | None = None
    columns: Mapping[str, str] = field(default_factory=dict)  # by which its rows were read, where somebody said it


def packaged(within: str = "") -> tuple[Listing, Origin]:
    """The list that ships with the program, with its towns and counties; and what is said of it.

    ``within`` is what its codes begin with, for a place below the city.
    """
    levels = {}
    for digits, above, whole in zip(LEVELS, (4, COUNTY, TOWN), read_register().levels, strict=True):
        units = [unit for unit in whole if unit.code.startswith(within)]
        levels[digits] = ([u.code for u in units], [u.name for u in units], [u.code[:above] for u in units])
    rows = len(levels[VILLAGE][0])
    counts = dict.fromkeys((Verdict.REPAIRED, Verdict.DUPLICATE, Verdict.REJECTED), 0) | {Verdict.ACCEPTED: rows}
    listing = Listing(rows, counts, (), digest_of(levels), levels)
    return listing, Origin(CodeSystem.STATISTICS, EDITION, EDITION_ON, "china-division 2.7.0", "MIT")


def require_officer(session: Session) -> None:
    """Raise NotAllowed for all but officers of city and county."""
    if not may(session, "intake.edition", "create"):
        raise NotAllowed("Only the officers of city and county hand in lists of divisions.")


def beginning(session: Session, place: Division, system: CodeSystem) -> str:
    """What all codes below a division begin with in a system; empty only above cities, and where no code is known.

    The first four digits, those of the city, are GB/T 2260 in both systems: where a place has no code of its own, those
    of the other system tell them, or of the places around it, above and below.
    """
    city = place.kind == DivisionKind.CITY.value
    borne = select(DivisionCode.system, DivisionCode.code).where(
        DivisionCode.division_id == place.id, DivisionCode.valid_to_on.is_(None)
    )
    codes: dict[str, str] = {row.system: row.code for row in session.execute(borne)}
    if system.value in codes:
        return codes[system.value][:CITY] if city else codes[system.value]
    known = next(iter(codes.values()), "") or _around(session, place)
    return known[:CITY]


def _around(session: Session, place: Division) -> str:
    """The city's digits that most codes of the tree begin with, above and below a place in a city."""
    if not place.path or place.kind not in {DivisionKind.CITY.value, *DIGITS}:
        return ""
    digits = func.left(DivisionCode.code, CITY)
    near = DivisionCode.territory.op("<@")(place.path) | DivisionCode.territory.op("@>")(place.path)
    found = select(digits).where(near, DivisionCode.valid_to_on.is_(None), func.length(DivisionCode.code) >= CITY)
    return session.scalar(found.group_by(digits).order_by(func.count().desc(), digits).limit(1)) or ""


def hand_in(
    session: Session,
    clock: Clock,
    *,
    listing: Listing,
    origin: Origin,
    place: Division,
    tell: Share = silent,
) -> tuple[Edition, bool]:
    """Nothing → loaded (the first list of its system below ``place``) or compared; with whether it is new.

    By officers of city and county within their territory (the database refuses others). The same list a second time
    is the edition that was made then, and changes nothing. ``tell`` hears what share is done. Raises Invalid for a day
    to come or a title that is empty, Conflict for a list that is older than what the register holds.
    """
    require_officer(session)
    require_said(origin, clock)
    own = DIGITS.get(place.kind, 0)  # what a list says of the divisions around its place is not its to change
    listing = replace(listing, levels={digits: level for digits, level in listing.levels.items() if digits > own})
    require_usable(listing)
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('intake.edition', :id))"), {"id": place.id})
    known = select(Edition).where(
        Edition.division_id == place.id, Edition.system == origin.system.value, Edition.digest == listing.digest
    )
    before = session.scalars(known).one_or_none()
    if before is not None:
        return before, False
    _require_newer(session, origin, place)
    edition = _written(session, clock, listing=listing, origin=origin, place=place)
    standing = standing_below(session, origin.system, place)
    if any(DIGITS.get(row.kind) for row in standing):
        _compare(session, clock, edition, listing=listing, standing=standing, place=place, tell=tell)
    else:
        _found(session, edition, listing=listing, place=place, tell=tell)
    session.flush()
    return edition, True


def require_usable(listing: Listing) -> None:
    """Refuse a list of which every row is rejected, as Invalid with the reason of its first row."""
    if listing.counts[Verdict.REJECTED] == listing.rows:
        raise Invalid(listing.told[0].reason, field="file")


def require_said(origin: Origin, clock: Clock) -> None:
    """Refuse a list whose edition has no title, or holds from a day to come, as Invalid."""
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
        columns=dict(origin.columns),
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
    _insert(session, EditionRow, rows, silent)
    return edition


def _insert(session: Session, table: type[EditionRow | Change], rows: Sequence[Mapping[str, Any]], tell: Share) -> None:
    for chunk in chunks(rows, tell, many=_BATCH):
        session.execute(insert(table), chunk)


# -- the first list of a system ------------------------------------------------


def _found(session: Session, edition: Edition, *, listing: Listing, place: Division, tell: Share) -> None:
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
        tell(done / max(total, 1))
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
    standing: Sequence[Standing],
    place: Division,
    tell: Share,
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
    writing = Writing(standing, edition, place, root=root)
    towns: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    coded = any(row.code and DIGITS.get(row.kind) for row in standing)
    shares = {COUNTY: (0.0, 0.0), TOWN: (0.0, 0.1), VILLAGE: (0.1, _COMPARED)}
    for digits in LEVELS:
        before = writing.units(digits, coded=coded)
        if digits not in listing.levels:
            towns |= {unit.code: unit.code for unit in before}
            continue
        after = [Unit(*unit) for unit in zip(*listing.levels[digits], strict=True)]
        changes = compare(before, after, towns=towns, tell=part(tell, *shares[digits]))
        # A county that the other system does not have (a zone) hides no town of it: the name is looked for in the city.
        towns = ({} if coded else {unit.code: root for unit in before}) | successors(changes)
        writing.names |= {unit.code: unit.name for unit in after}
        rows += (
            writing.row(change)
            for change in map(_first_of_system if not coded else _as_it_is, changes)
            if change is not None and change.kind is not ChangeKind.UNCHANGED
        )
        edition.unchanged += Counter(change.kind for change in changes)[ChangeKind.UNCHANGED]
    _insert(session, Change, rows, part(tell, _COMPARED, 1.0))


def _as_it_is(change: Found) -> Found | None:
    return change


def _first_of_system(change: Found) -> Found | None:
    """Of a system's first list: a division of the same name gets its code; what the list does not name stays.

    One that only this system has is never beyond doubt: it may stand in the register under another name.
    """
    if not change.news:
        return None
    if change.olds and len(change.olds) == 1:
        return replace(change, kind=ChangeKind.RECODED)
    return replace(change, kind=ChangeKind.NEW, certainty=Certainty.OPEN, olds=())


def kinds_of(session: Session, edition: Edition) -> dict[tuple[str, str, str], int]:
    """How many changes of an edition there are by kind, certainty and state."""
    counted = (
        select(Change.kind, Change.certainty, Change.state, func.count())
        .where(Change.edition_id == edition.id)
        .group_by(Change.kind, Change.certainty, Change.state)
    )
    return {(row[0], row[1], row[2]): row[3] for row in session.execute(counted)}
