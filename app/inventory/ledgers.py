"""The lists of 摸底排查: what an officer looks into before streets are named and signs are put up.

What is a matter of rows (no name, no sign, no street in scope) is asked of the database each time. What is a matter of
lines (:mod:`gis.findings`) is found for the whole county that the chosen place lies in, as far as the reader's
territory goes, so that a street beside one of the next village is found from either, and a town's list is a part of its
county's. Nothing of it is stored: the process
keeps what it found by a digest of exactly the rows that it was found from, each street with its version and its name.
So a list is never older than its streets, whichever step or undo changed them, and never another reader's. Above
the county there is no such list: streets of different counties may bear the same name.

Measured on two cores: a county of 14,700 streets (the demonstration's, ten times over) takes about a second to look
through once, then a tenth to see that nothing changed; one of 1,300 a tenth and nothing. A table of findings would have
to be made anew by every step, undo and job that touches a street or a name, and be wrong where one forgets to.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, Text, cast, func, null, select
from sqlalchemy.orm import Session, aliased, defer

from app.base.models import Division, DivisionKind
from app.base.people import Actor
from app.inventory.asks import NamedStreets, SignedStreets
from app.inventory.logic import Ledger
from app.inventory.models import Street, StreetState
from app.inventory.queries import called_later
from gis.features import Centreline
from gis.findings import Findings, find
from gis.streets import known_streets

#: What people called no street stands in none of the lists.
_IS_STREET = Street.state != StreetState.NO_STREET.value
#: The lists that need the lines of a county.
BY_LINES = (Ledger.NEARBY, Ledger.SEVERAL, Ledger.REPEATED)
#: Of the other streets concerned so many are told by name and shown on the map.
MOST_TOLD = 12
#: Findings of so many grounds are kept in memory; a county's take some hundred kilobytes.
MOST_KEPT = 64
_GROUNDS = (DivisionKind.COUNTY.value, DivisionKind.ZONE.value)
_VILLAGES = (DivisionKind.VILLAGE.value, DivisionKind.RESIDENTS.value)


@dataclass(frozen=True, slots=True)
class Concern:
    """Why a street is in a list by lines: it and the streets that it is about.

    How far beside it the other one runs, and whether those of one name touch each other.
    """

    group: tuple[int, ...]
    apart_m: float = 0.0
    touching: bool = False


Looked = Mapping[Ledger, Mapping[int, Concern]]


@dataclass(frozen=True, slots=True)
class Told:
    """Another street that a row is about."""

    id: int
    uid: UUID
    name: str
    village: str


@dataclass(slots=True)
class Memory:
    """What was found, by the digest of what it was found from; the longest unused is thrown away first."""

    most: int = MOST_KEPT
    _found: OrderedDict[str, Looked] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, tag: str) -> Looked | None:
        """What was found from these rows, if it is still here."""
        with self._lock:
            if tag in self._found:
                self._found.move_to_end(tag)
            return self._found.get(tag)

    def put(self, tag: str, found: Looked) -> None:
        """Keep it."""
        with self._lock:
            self._found[tag] = found
            while len(self._found) > self.most:
                self._found.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the place, the scope ("in", "out" or "") and the later stations' answers."""

    place: Division
    scope: str
    names: NamedStreets
    signs: SignedStreets


def ground_of(session: Session, actor: Actor, place: Division) -> Division | None:
    """The county of a place, or as much of it as the person reaches; None for a place above the counties."""
    above = (Division.path.op("@>")(place.path), Division.path.op("<@")(actor.territory))
    wanted = select(Division).where(*above, Division.kind.in_(_GROUNDS)).order_by(func.nlevel(Division.path).desc())
    found = session.scalars(wanted.limit(1)).first()
    if found is not None or place.kind == DivisionKind.CITY.value:
        return found
    return session.scalar(select(Division).where(Division.id == actor.division_id))


def counties(session: Session, place: Division) -> Sequence[Division]:
    """The counties to choose from at a place above them."""
    below = (Division.path.op("<@")(place.path), Division.kind.in_(_GROUNDS), Division.until_on.is_(None))
    return session.scalars(select(Division).where(*below).order_by(Division.id)).all()


def look(session: Session, memory: Memory, ground: Division, names: NamedStreets) -> Looked:
    """The lists by lines of a ground, as far as the person of the session sees its streets; streets by their keys."""
    wanted = _named(ground, names)
    found = memory.get(_tag(session.execute(wanted).all()))
    if found is None:
        rows = session.execute(wanted.add_columns(Street.road_class, Street.line.ST_AsBinary().label("line"))).all()
        found = _found(rows)
        memory.put(_tag(rows), found)
    return found


def _named(ground: Division, names: NamedStreets) -> Select[*tuple[Any, ...]]:
    """Every street of a ground with its version and its name, the one in force before the surveyed one."""
    known = names().subquery()
    name = func.coalesce(known.c.words, Street.surveyed_name).label("name")
    return (
        select(Street.id, Street.version, name)
        .outerjoin(known, known.c.street_id == Street.id)
        .where(Street.territory.op("<@")(ground.path), _IS_STREET)
        .order_by(Street.id)
    )


def _tag(rows: Iterable[Any]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for row in rows:
        digest.update(f"{row.id} {row.version} {row.name!r};".encode())
    return digest.hexdigest()


def _found(rows: Sequence[Any]) -> Looked:
    parts, owner = shapely.get_parts(shapely.from_wkb([bytes(row.line) for row in rows]), return_index=True)
    drawn = shapely.length(parts) > 0
    parts, owner = parts[drawn], owner[drawn]
    segments = [
        Centreline(key=f"{rows[n].id}/{k}", line=line, name=rows[n].name, road_class=rows[n].road_class)
        for k, (n, line) in enumerate(zip(owner.tolist(), parts, strict=True))
    ]
    findings = find(segments, known_streets(segments, np.asarray(owner), [row.name for row in rows]))
    return _by_key(findings, [row.id for row in rows])


def _by_key(findings: Findings, keys: Sequence[int]) -> Looked:
    several: dict[int, set[int]] = {}
    for course in findings.several:
        for n in course.streets:
            several.setdefault(n, set()).update(course.streets)
    repeated = [Concern(tuple(keys[n] for n in each.streets), touching=each.touching) for each in findings.repeated]
    return {
        Ledger.NEARBY: {
            keys[each.street]: Concern((keys[each.street], keys[each.named]), each.apart_m) for each in findings.nearby
        },
        Ledger.SEVERAL: {keys[n]: Concern(tuple(keys[m] for m in sorted(group))) for n, group in several.items()},
        Ledger.REPEATED: {key: concern for concern in repeated for key in concern.group},
    }


def rows_of(asked: Asked, ledger: Ledger, looked: Looked) -> Select[*tuple[Any, ...]]:
    """The streets of a list with village and town, name, and how many signs they have, for paging by key."""
    known, signed, town = asked.names().subquery(), asked.signs().subquery(), aliased(Division)
    name = func.coalesce(known.c.words, Street.surveyed_name)
    found = (
        select(
            Street,
            name.label("name"),
            func.coalesce(signed.c.signs, 0).label("signs"),
            (called_later(name) if ledger is Ledger.SEVERAL else null()).label("called"),
            Division.name.label("village"),
            func.coalesce(town.name, "").label("town"),
        )
        .options(defer(Street.line))
        .join(Division, Division.id == Street.division_id)
        .outerjoin(town, town.id == Division.parent_id)
        .outerjoin(known, known.c.street_id == Street.id)
        .outerjoin(signed, signed.c.street_id == Street.id)
        .where(*_here(asked))
    )
    return found.where(_belongs(ledger, looked, name, func.coalesce(signed.c.standing, 0)))


def keys_of(statement: Select[*tuple[Any, ...]], ledger: Ledger) -> list[ColumnElement[Any]]:
    """What orders a list, the last one unique: by town and village; streets of one name stand together."""
    columns = statement.selected_columns
    places: list[ColumnElement[Any]] = [columns.town, columns.village, Street.id.expression]
    return [columns.name, *places] if ledger is Ledger.REPEATED else places


def _here(asked: Asked) -> list[ColumnElement[bool]]:
    here: list[ColumnElement[bool]] = [Street.territory.op("<@")(asked.place.path), _IS_STREET]
    return here if not asked.scope else [*here, Street.in_scope.is_(asked.scope == "in")]


def _belongs(ledger: Ledger, looked: Looked, name: Any, standing: Any) -> ColumnElement[bool]:
    if ledger is Ledger.UNNAMED:
        return name.is_(None)  # type: ignore[no-any-return]
    if ledger is Ledger.UNSIGNED:
        return name.is_not(None) & (standing == 0)  # type: ignore[no-any-return]
    along = _is_one_of(looked.get(ledger, {}))
    return along | called_later(name).is_not(None) if ledger is Ledger.SEVERAL else along


def _is_one_of(keys: Collection[int]) -> ColumnElement[bool]:
    """Of the column's own type, so that PostgreSQL hashes them: thousands of keys, a second without."""
    return Street.id == func.any(cast(list(keys), ARRAY(BigInteger)))


def counts(session: Session, asked: Asked, looked: Looked | None) -> dict[Ledger, int]:
    """How many streets each list has, and how many villages have none in scope; without lines only what rows tell."""
    known, signed = asked.names().subquery(), asked.signs().subquery()
    name, standing = func.coalesce(known.c.words, Street.surveyed_name), func.coalesce(signed.c.standing, 0)
    ledgers = [each for each in Ledger if each is not Ledger.BARE and (looked is not None or each not in BY_LINES)]
    row = session.execute(
        select(*(func.count().filter(_belongs(each, looked or {}, name, standing)) for each in ledgers))
        .select_from(Street)
        .outerjoin(known, known.c.street_id == Street.id)
        .outerjoin(signed, signed.c.street_id == Street.id)
        .where(*_here(asked))
    ).one()
    bare = session.scalar(select(func.count()).select_from(bare_villages(asked.place).subquery()))
    return {**dict(zip(ledgers, map(int, row), strict=True)), Ledger.BARE: int(bare or 0)}


def bare_villages(place: Division) -> Select[*tuple[Any, ...]]:
    """Villages and residents' committees without a street in scope, with their town and how many streets they have."""
    town, here = aliased(Division), Street.territory.op("<@")(place.path) & _IS_STREET
    made = select(Street.division_id, func.count().label("n")).where(here).group_by(Street.division_id).subquery()
    in_scope = select(Street.division_id).where(here, Street.in_scope)
    return (
        select(Division, func.coalesce(town.name, "").label("town"), func.coalesce(made.c.n, 0).label("streets"))
        .outerjoin(town, town.id == Division.parent_id)
        .outerjoin(made, made.c.division_id == Division.id)
        .where(Division.path.op("<@")(place.path), Division.kind.in_(_VILLAGES), Division.until_on.is_(None))
        .where(Division.id.not_in(in_scope))
    )


def committees(session: Session, place: Division) -> int:
    """How many of these are residents' committees, which the progress does not count among the villages."""
    found = bare_villages(place).where(Division.kind == DivisionKind.RESIDENTS.value).subquery()
    return int(session.scalar(select(func.count()).select_from(found)) or 0)


def told(session: Session, names: NamedStreets, keys: Collection[int]) -> dict[int, Told]:
    """The streets of these keys as another row tells of them."""
    known = names().subquery()
    rows = session.execute(
        select(
            Street.id,
            Street.uid,
            func.coalesce(known.c.words, Street.surveyed_name, "").label("name"),
            Division.name.label("village"),
        )
        .join(Division, Division.id == Street.division_id)
        .outerjoin(known, known.c.street_id == Street.id)
        .where(_is_one_of(keys))
    )
    return {row.id: Told(*row) for row in rows}


def with_middles(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """A list's rows with the point of each street that is nearest to its centre of gravity, lon and lat."""
    middle = func.ST_ClosestPoint(Street.line, func.ST_Centroid(Street.line))
    return statement.add_columns(func.ST_X(middle).label("lon"), func.ST_Y(middle).label("lat"))


def with_points(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Villages with their points, where they are known."""
    return statement.add_columns(func.ST_X(Division.point).label("lon"), func.ST_Y(Division.point).label("lat"))


def order_of_villages(statement: Select[*tuple[Any, ...]]) -> list[ColumnElement[Any]]:
    """By town and name, the last one unique."""
    return [statement.selected_columns.town, cast(Division.name, Text), Division.id.expression]
