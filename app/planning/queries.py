"""Reads of the planning: what wants signs, which posts are there, the signs of a place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import shapely
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text
from sqlalchemy.orm import aliased

from app.base.errors import N_, NotFound
from app.base.models import Division
from app.inventory.asks import Hold
from app.inventory.models import Stream, Street
from app.milestones.models import Batch, BatchState, BatchVillage
from app.naming.models import Name
from app.planning.logic import Hanging, StandingPost, width_of
from app.planning.models import Post, Sign, SignState
from signs.placement import StreetLine

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from app.base.clock import Clock


@dataclass(frozen=True, slots=True)
class StreetToSign:
    """A street that wants signs: where it belongs, its name, and the generic that decides the plate."""

    id: int
    division_id: int
    name_id: int
    generic: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one plan is made from: streets to sign by their key, and the lines of these and of all around."""

    streets: dict[str, StreetToSign]
    lines: tuple[StreetLine, ...]


@dataclass(frozen=True, slots=True)
class SignRow:
    """A sign as lists and maps show it."""

    id: int
    uid: UUID
    words: str
    latin: str
    kind: str
    reason: str
    state: str
    facing_deg: float
    lon: float
    lat: float
    village: str
    planned_on: date


@dataclass(frozen=True, slots=True)
class SignRecord:
    """One sign with all that its page shows; ``others`` are the plates on the same post."""

    sign: Sign
    hanging: Hanging
    lon: float
    lat: float
    village: str
    street_uid: UUID
    name_on: date
    others: list[SignRow]


def places_of(session: Session, *, batch: Batch | None, division: Division) -> list[int]:
    """Keys of all divisions at and below ``division``; with ``batch`` only those of its villages."""
    wanted = select(Division.id).where(Division.path.op("<@")(_path(division.id)))
    if batch is not None:
        wanted = wanted.join(BatchVillage, BatchVillage.division_id == Division.id).where(
            BatchVillage.batch_id == batch.id, BatchVillage.left_on.is_(None)
        )
    return list(session.scalars(wanted))


def _path(division_id: int) -> ColumnElement[str]:
    own = aliased(Division)
    return select(own.path).where(own.id == division_id).scalar_subquery()


def surroundings(session: Session, clock: Clock, *, places: list[int], around_m: float) -> Surroundings:
    """Streets of ``places`` that want signs, with all roads within ``around_m`` of them, in one read."""
    rows = session.execute(
        text("SELECT * FROM planning.streets_to_sign(:places, :today, :around)"),
        {"places": places, "today": clock.today(), "around": around_m},
    ).all()
    lines = shapely.from_wkb([bytes(row.line) for row in rows])
    return Surroundings(
        streets={
            str(row.street_id): StreetToSign(row.street_id, row.division_id, row.name_id, row.generic)
            for row in rows
            if row.name_id is not None
        },
        lines=tuple(
            StreetLine(str(row.street_id), line, width_of(row.road_class), signed=row.name_id is not None)
            for row, line in zip(rows, lines, strict=True)
        ),
    )


def posts_at(session: Session, *, streets: list[int]) -> list[StandingPost]:
    """Posts that carry a sign of one of ``streets``, as far as the person may see them."""
    found = (
        select(Post.id, func.ST_X(Post.point), func.ST_Y(Post.point))
        .join(Sign, Sign.post_id == Post.id)
        .where(Sign.street_id == func.any(streets), Sign.state != SignState.REMOVED.value)
        .distinct()
    )
    return [StandingPost(*row) for row in session.execute(found)]


#: The village's streets in scope, and every road of the second stream.
_TO_SIGN = or_(Street.in_scope, Street.stream == Stream.NEW_ROAD.value)


def count_nameless(session: Session, clock: Clock, *, places: list[int]) -> int:
    """Streets of ``places`` in scope that cannot get a sign, because no decided name is in force."""
    counted = select(func.count()).where(Street.division_id == func.any(places), _TO_SIGN, ~_decided(clock))
    return int(session.scalar(counted) or 0)


def _decided(clock: Clock) -> ColumnElement[bool]:
    """Whether the street has a name in force that a government decided; without a decision there is no sign."""
    return select(Name.id).where(Name.street_id == Street.id, *_in_force(clock)).correlate(Street).exists()


def _in_force(clock: Clock) -> tuple[ColumnElement[bool], ...]:
    return Name.decision_id.is_not(None), Name.retired_on.is_(None), Name.in_force_on <= clock.today()


def waiting(session: Session, clock: Clock, *, division: Division, most: int, batch: Batch | None = None) -> int:
    """Streets at and below ``division`` that want signs (in scope, name decided, none planned), counted to ``most``.

    With ``batch`` only those of its villages.
    """
    found = select(Street.id).where(Street.territory.op("<@")(_path(division.id)), *_wants(clock)).limit(most)
    if batch is not None:
        villages = select(BatchVillage.division_id).where(
            BatchVillage.batch_id == batch.id, BatchVillage.left_on.is_(None)
        )
        found = found.where(Street.division_id.in_(villages))
    return int(session.scalar(select(func.count()).select_from(found.subquery())) or 0)


def streets_waiting(clock: Clock, *, division: Division) -> Select[*tuple[Any, ...]]:
    """Those streets, for a list by key: what each is called, its village, and how long it is."""
    return (
        select(Street.id, Street.uid, Street.length_m, Name.words, Name.latin_toned, Division.name.label("village"))
        .join(Name, and_(Name.street_id == Street.id, *_in_force(clock)))
        .join(Division, Division.id == Street.division_id)
        .where(Street.territory.op("<@")(division.path), *_wants(clock))
    )


def waiting_by_batch(session: Session, clock: Clock, *, division: Division) -> list[tuple[Batch, int]]:
    """Open batches with streets that want signs at and below ``division``, and how many; the next due first."""
    count = func.count(Street.id)
    found = (
        select(Batch, count)
        .join(BatchVillage, BatchVillage.batch_id == Batch.id)
        .join(Street, Street.division_id == BatchVillage.division_id)
        .where(Batch.state == BatchState.OPEN.value, BatchVillage.left_on.is_(None), *_wants(clock))
        .where(BatchVillage.territory.op("<@")(_path(division.id)))
        .group_by(Batch.id)
        .order_by(Batch.due_on, Batch.id)
    )
    return [(batch, n) for batch, n in session.execute(found)]


def _wants(clock: Clock) -> tuple[Any, ...]:
    return (_TO_SIGN, _decided(clock), ~select(Sign.id).where(Sign.street_id == Street.id).exists())


def batch(session: Session, uid: UUID) -> Batch:
    """One batch. Raises NotFound for an unknown one."""
    found = session.scalar(select(Batch).where(Batch.uid == uid))
    if found is None:
        raise NotFound(N_("There is no such batch. Choose another."))
    return found


def record(session: Session, uid: UUID) -> SignRecord:
    """One sign with its surroundings. Raises NotFound as :func:`sign` does."""
    found = sign(session, uid)
    row = session.execute(
        select(
            Name.words,
            Name.latin_sign,
            Name.in_force_on,
            Street.uid.label("street_uid"),
            Street.bearing_deg,
            func.ST_X(Post.point).label("lon"),
            func.ST_Y(Post.point).label("lat"),
            Division.name.label("village"),
        )
        .join_from(Sign, Post, Post.id == Sign.post_id)
        .join(Name, Name.id == Sign.name_id)
        .join(Street, Street.id == Sign.street_id)
        .join(Division, Division.id == Sign.division_id)
        .where(Sign.id == found.id)
    ).one()
    others = _rows().where(Sign.post_id == found.post_id, Sign.id != found.id, Sign.state != SignState.REMOVED.value)
    return SignRecord(
        sign=found,
        hanging=hanging(found, row.words, row.latin_sign, row.bearing_deg),
        lon=row.lon,
        lat=row.lat,
        village=row.village,
        street_uid=row.street_uid,
        name_on=row.in_force_on,
        others=[SignRow(**other._mapping) for other in session.execute(others.order_by(Sign.id))],
    )


def hanging(sign: Sign, words: str, latin: str, street_deg: float) -> Hanging:
    """What decides how the plate of ``sign`` looks with this name."""
    return Hanging(
        kind=sign.kind,
        words=words,
        latin=latin,
        street_deg=street_deg,
        facing_deg=sign.facing_deg,
        along_deg=sign.along_deg,
        goes_on=sign.goes_on,
        goes_back=sign.goes_back,
        ground=sign.ground,
    )


def sign(session: Session, uid: UUID) -> Sign:
    """One sign. Raises NotFound for an unknown one and for one that this person may not know of."""
    found = session.scalar(select(Sign).where(Sign.uid == uid))
    if found is None:
        raise NotFound(N_("There is no sign {uid} in your territory."), uid=uid)
    return found


def signs(
    session: Session, *, division: Division, state: SignState | None = None, after: int = 0, most: int = 50
) -> list[SignRow]:
    """Signs at and below ``division``, in order of their keys: the next ``most`` behind ``after``."""
    wanted = _rows().where(Sign.id > after, Sign.territory.op("<@")(_path(division.id)))
    if state is not None:
        wanted = wanted.where(Sign.state == state.value)
    return [SignRow(**row._mapping) for row in session.execute(wanted.order_by(Sign.id).limit(most))]


#: A sign's life so far, as the progress counts it: what was ordered is still planned, what stands was ordered.
REACHED = {
    "planned": (SignState.PLANNED.value, SignState.ORDERED.value, SignState.STANDING.value),
    "ordered": (SignState.ORDERED.value, SignState.STANDING.value),
    "standing": (SignState.STANDING.value,),
}


def listed(
    *, division: Division, state: str = "", reason: str = "", kind: str = "", reached: str = ""
) -> Select[*tuple[Any, ...]]:
    """Signs at and below ``division`` that fit the filters, for a list by key; ``reached``: that far or further."""
    wanted = _rows().where(Sign.territory.op("<@")(_path(division.id)))
    for column, value in ((Sign.state, state), (Sign.reason, reason), (Sign.kind, kind)):
        wanted = wanted.where(column == value) if value else wanted
    return wanted.where(Sign.state.in_(REACHED[reached])) if reached else wanted


def signed_streets() -> Select[int, int, int]:
    """Answers :class:`app.inventory.asks.SignedStreets`."""
    standing = func.count().filter(Sign.state == SignState.STANDING.value)
    return (
        select(Sign.street_id, func.count().label("signs"), standing.label("standing"))
        .where(Sign.state != SignState.REMOVED.value)
        .group_by(Sign.street_id)
    )


def signs_of(session: Session, *, street_id: int) -> list[SignRow]:
    """All signs of one street, removed ones included."""
    return [
        SignRow(**row._mapping) for row in session.execute(_rows().where(Sign.street_id == street_id).order_by(Sign.id))
    ]


def _rows() -> Select[tuple[int, UUID, str, str, str, str, str, float, float, float, str, date]]:
    return (
        select(
            Sign.id,
            Sign.uid,
            Name.words,
            Name.latin_sign.label("latin"),
            Sign.kind,
            Sign.reason,
            Sign.state,
            Sign.facing_deg,
            func.ST_X(Post.point).label("lon"),
            func.ST_Y(Post.point).label("lat"),
            Division.name.label("village"),
            Sign.planned_on,
        )
        .join(Post, Post.id == Sign.post_id)
        .join(Name, Name.id == Sign.name_id)
        .join(Division, Division.id == Sign.division_id)
    )


def holds_of_streets(session: Session, streets: Collection[int], /) -> dict[int, Hold]:
    """Answers :class:`app.inventory.asks.HoldsOfStreets`: signs that are not removed, or only removed ones."""
    standing = func.bool_or(Sign.state != SignState.REMOVED.value)
    rows = session.execute(select(Sign.street_id, standing).where(Sign.street_id.in_(streets)).group_by(Sign.street_id))
    return {street: Hold.SIGNS if alive else Hold.PAST for street, alive in rows}
