"""Reads of the rollout: what waits for a crew, a crew's jobs, installations and those that stand far off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select, text, true

from app.base.errors import N_, NotFound
from app.base.models import Division, File, Person, Role
from app.base.paging import Key, Page, page
from app.naming.models import Name
from app.planning.models import Post, Sign, SignState
from app.printing.models import Order, OrderLine, OrderState
from app.rollout.logic import FAR_M
from app.rollout.models import Inspection, Installation, Job, JobState, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

#: A page of the phone's list: far more than a day's work, so that "nearest first" has all to choose from.
ON_PHONE = 300
#: The newest inspection of the installation in the same row.
_newest = (
    select(Inspection.verdict, Inspection.reason, Inspection.due_on, Inspection.inspected_on, Inspection.inspected_by)
    .where(Inspection.installation_id == Installation.id)
    .correlate(Installation)
    .order_by(Inspection.id.desc())
    .limit(1)
    .lateral("newest")
)


def standing_on(session: Session, sign: int, /) -> date | None:
    """Answers :class:`app.planning.asks.DayOfSign`: the day of the newest installation that was not rejected."""
    day: date | None = session.scalar(select(func.rollout.standing_on(sign)))
    return day


#: An installation waits, was accepted, was rejected: never the other way.
STAGES = (None, Verdict.ACCEPTED.value, Verdict.REJECTED.value)


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the crew's list shows it: what to put up, where (lon, lat), looking where, until when."""

    id: int
    uid: UUID
    state: str
    due_on: date
    sign_uid: UUID
    words: str
    latin: str
    kind: str
    reason: str
    facing_deg: float
    lon: float
    lat: float
    village: str
    crew: str
    redo_reason: str
    version: int


@dataclass(frozen=True, slots=True)
class InstallationRow:
    """An installation as officers see it; ``far`` when it stands more than 50 m from its plan.

    ``verdict`` and what follows are of its newest inspection, None where it waits for one. An installation is never
    changed, only inspected: ``version`` is the place of its verdict in ``STAGES``.
    """

    id: int
    uid: UUID
    sign_uid: UUID
    words: str
    village: str
    crew: str
    lon: float
    lat: float
    accuracy_m: float | None
    offset_m: float
    far: bool
    note: str
    photo_id: int
    photo_uid: UUID
    taken_at: datetime
    installed_on: date
    verdict: str | None
    reason: str | None
    due_on: date | None
    inspected_on: date | None
    inspector: str | None
    version: int


def unreleased(session: Session, *, signs: list[int]) -> list[UUID]:
    """Those of ``signs`` that stand in no released order."""
    return list(session.scalars(select(Sign.uid).where(Sign.id == func.any(signs), ~_released())))


def with_open_job(session: Session, *, signs: list[int]) -> list[UUID]:
    """Those of ``signs`` that a crew has already."""
    return list(session.scalars(select(Sign.uid).where(Sign.id == func.any(signs), _has_open_job())))


def _released() -> ColumnElement[bool]:
    lines = select(OrderLine.id).join(Order, Order.id == OrderLine.order_id)
    return lines.where(OrderLine.sign_id == Sign.id, Order.state == OrderState.RELEASED.value).exists()


def _has_open_job() -> ColumnElement[bool]:
    return select(Job.id).where(Job.sign_id == Sign.id, Job.state == JobState.OPEN.value).exists()


def job(session: Session, uid: UUID) -> Job:
    """One job. Raises NotFound for an unknown one, and to a crew for another crew's."""
    found = session.scalar(select(Job).where(Job.uid == uid))
    if found is None:
        raise NotFound(N_("There is no such job for you."))
    return found


def jobs(session: Session, *, state: JobState | None = JobState.OPEN, after: int = 0, most: int = 50) -> list[JobRow]:
    """Jobs that the person may see (a crew its own): the next ``most`` behind ``after``."""
    wanted = listed_jobs(state="" if state is None else state.value).where(Job.id > after)
    return [JobRow(**row._mapping) for row in session.execute(wanted.order_by(Job.id).limit(most))]


def listed_jobs(
    *, division: Division | None = None, state: str = "", late_on: date | None = None
) -> Select[*tuple[Any, ...]]:
    """Jobs that the person may see, for a list by key: at and below ``division``, in this state, due before a day."""
    wanted: Select[*tuple[Any, ...]] = (
        select(
            Job.id,
            Job.uid,
            Job.state,
            Job.due_on,
            Sign.uid.label("sign_uid"),
            Name.words,
            Name.latin_sign.label("latin"),
            Sign.kind,
            Sign.reason,
            Sign.facing_deg,
            func.ST_X(Post.point).label("lon"),
            func.ST_Y(Post.point).label("lat"),
            Division.name.label("village"),
            func.base.name_of(Job.crew_id).label("crew"),
            Job.redo_reason,
            Job.version,
        )
        .join(Sign, Sign.id == Job.sign_id)
        .join(Post, Post.id == Sign.post_id)
        .join(Name, Name.id == Sign.name_id)
        .join(Division, Division.id == Sign.division_id)
    )
    if division is not None:
        wanted = wanted.where(Job.territory.op("<@")(division.path))
    if late_on is not None:
        wanted = wanted.where(Job.due_on < late_on)
    return wanted.where(Job.state == state) if state else wanted


def job_row(session: Session, uid: UUID) -> JobRow:
    """One job as lists show it. Raises NotFound as :func:`job` does."""
    row = session.execute(listed_jobs().where(Job.uid == uid)).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such job for you."))
    return JobRow(**row._mapping)


def fresh_uid(session: Session) -> UUID:
    """A new key, for a phone without a script."""
    return UUID(str(session.scalar(select(func.base.uuid7()))))


def my_jobs(session: Session, crew_id: int, *, after: str | None = None, size: int = ON_PHONE) -> Page:
    """A crew's open jobs as :class:`JobRow`, the next due first, those of one village together."""
    wanted = listed_jobs(state=JobState.OPEN.value).where(Job.crew_id == crew_id)
    keys = [Key(Job.due_on), Key(Job.division_id), Key(Job.id)]
    found = page(session, wanted, keys=keys, after=after, size=size)
    return replace(found, rows=[JobRow(**row._mapping) for row in found.rows])


def count_open(session: Session, *, crew_id: int | None = None, before: date | None = None) -> int:
    """Open jobs that the person may see: of one crew, or due before a day."""
    wanted = select(func.count()).where(Job.state == JobState.OPEN.value)
    wanted = wanted if crew_id is None else wanted.where(Job.crew_id == crew_id)
    wanted = wanted if before is None else wanted.where(Job.due_on < before)
    return int(session.scalar(wanted) or 0)


def crews(session: Session) -> list[Person]:
    """Crews that the person may know of."""
    wanted = select(Person).where(Person.role == Role.CREW.value, Person.active)
    return list(session.scalars(wanted.order_by(Person.name, Person.id)))


def crew(session: Session, uid: UUID) -> Person:
    """One person to give jobs to. Raises NotFound for one that is not there or not known to this person."""
    found = session.scalar(select(Person).where(Person.uid == uid))
    if found is None:
        raise NotFound(N_("There is no such crew in your territory."))
    return found


def to_install(*, division: Division) -> Select[*tuple[Any, ...]]:
    """Signs at and below ``division`` that wait for a crew, for a list by key."""
    return (
        select(
            Sign.id,
            Sign.uid,
            Name.words,
            Name.latin_sign.label("latin"),
            Sign.reason,
            Sign.kind,
            Sign.version,
            Division.name.label("village"),
        )
        .join(Name, Name.id == Sign.name_id)
        .join(Division, Division.id == Sign.division_id)
        .where(Sign.state == SignState.ORDERED.value, _released(), ~_has_open_job())
        .where(Sign.territory.op("<@")(division.path))
    )


def signs_with(session: Session, uids: list[UUID]) -> list[Sign]:
    """These signs in the order of their keys, as far as the person may see them."""
    return list(session.scalars(select(Sign).where(Sign.uid.in_(uids)).order_by(Sign.id)))


def words_of(session: Session, signs: Sequence[Sign]) -> dict[int, str]:
    """The names on some signs, by the sign's key."""
    wanted = (
        select(Sign.id, Name.words).join(Name, Name.id == Sign.name_id).where(Sign.id.in_([one.id for one in signs]))
    )
    return {row[0]: row[1] for row in session.execute(wanted)}


def installation_rows(session: Session, uids: list[UUID]) -> list[InstallationRow]:
    """These installations as officers see them, in the order of their keys."""
    found = session.execute(_installations().where(Installation.uid.in_(uids)).order_by(Installation.id))
    return [InstallationRow(**row._mapping) for row in found]


def installation_of(session: Session, *, job_id: int) -> InstallationRow | None:
    """What a job's crew recorded."""
    row = session.execute(listed_installations().where(Installation.job_id == job_id)).one_or_none()
    return None if row is None else InstallationRow(**row._mapping)


#: Installations that nobody inspected yet, as a list's filter has it.
WAITING = "waiting"


def listed_installations(
    *, division: Division | None = None, far: bool = False, verdict: str = ""
) -> Select[*tuple[Any, ...]]:
    """Installations that the person may see, for a list by key.

    ``far`` for those that stand far from their plan, ``verdict`` for those of one, or ``WAITING`` for one.
    """
    wanted = _installations()
    if division is not None:
        wanted = wanted.where(Installation.territory.op("<@")(division.path))
    if verdict:
        wanted = wanted.where(_newest.c.verdict.is_(None) if verdict == WAITING else _newest.c.verdict == verdict)
    return wanted.where(Installation.offset_m > FAR_M) if far else wanted


def installation_row(session: Session, uid: UUID) -> InstallationRow:
    """One installation as lists show it. Raises NotFound where the person may not know of it."""
    row = session.execute(listed_installations().where(Installation.uid == uid)).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such installation in your territory."))
    return InstallationRow(**row._mapping)


def planned_of(session: Session, row: InstallationRow) -> tuple[float, float]:
    """Lon, lat of the post that an installation's sign is planned on."""
    return planned_place(session, sign_id=session.scalars(select(Sign.id).where(Sign.uid == row.sign_uid)).one())


def other_installations(session: Session, row: InstallationRow) -> list[InstallationRow]:
    """What else was recorded of the same sign, the newest first."""
    wanted = listed_installations().where(Sign.uid == row.sign_uid, Installation.id != row.id)
    return [InstallationRow(**each._mapping) for each in session.execute(wanted.order_by(Installation.id.desc()))]


def installations_with(session: Session, uids: list[UUID]) -> list[Installation]:
    """These installations in the order of their keys, as far as the person may see them."""
    return list(session.scalars(select(Installation).where(Installation.uid.in_(uids)).order_by(Installation.id)))


def count_waiting(session: Session, *, most: int = 1000) -> int:
    """Installations that wait for inspection, as far as the person may see them; counted up to ``most``."""
    done = select(Inspection.id).where(Inspection.installation_id == Installation.id).exists()
    return int(session.scalar(select(func.count()).select_from(_some(~done, most))) or 0)


def _some(wanted: ColumnElement[bool], most: int) -> Any:
    return select(Installation.id).where(wanted).limit(most).subquery()


def verdicts(session: Session, *, installations: list[int]) -> dict[int, Inspection]:
    """The newest inspection of each of ``installations`` that was inspected, by the installation."""
    wanted = select(Inspection).where(Inspection.installation_id == func.any(installations)).order_by(Inspection.id)
    return {each.installation_id: each for each in session.scalars(wanted)}


def redo_reasons(session: Session, *, signs: list[int]) -> dict[int, str]:
    """Why those of ``signs`` that stood before must be put up again, by the sign."""
    wanted = (
        select(Installation.sign_id, Inspection.reason)
        .join(Inspection, Inspection.installation_id == Installation.id)
        .where(Installation.sign_id == func.any(signs), Inspection.verdict == Verdict.REJECTED.value)
        .order_by(Inspection.id)
    )
    return {row.sign_id: row.reason for row in session.execute(wanted)}


def planned_place(session: Session, *, sign_id: int) -> tuple[float, float]:
    """Lon, lat of the post that a sign is planned on. Raises NotFound where the person may not know of it."""
    wanted = select(func.ST_X(Post.point), func.ST_Y(Post.point)).join(Sign, Sign.post_id == Post.id)
    found = session.execute(wanted.where(Sign.id == sign_id)).one_or_none()
    if found is None:
        raise NotFound(N_("There is no such sign in your territory."))
    return float(found[0]), float(found[1])


def proved_by(session: Session, *, sha256: str) -> UUID | None:
    """The sign that a photo proves already, whoever took it."""
    found: UUID | None = session.scalar(text("SELECT rollout.proved_by(:sha256)"), {"sha256": sha256})
    return found


def installation(session: Session, uid: UUID) -> Installation | None:
    """One installation by the key its phone made, as far as the person may see it."""
    return session.scalar(select(Installation).where(Installation.uid == uid))


def place_of(session: Session, installation_id: int) -> tuple[float, float]:
    """Lon, lat where an installation was recorded."""
    point = Installation.point
    row = session.execute(select(func.ST_X(point), func.ST_Y(point)).where(Installation.id == installation_id)).one()
    return float(row[0]), float(row[1])


def installations(
    session: Session, *, far: bool = False, before: int | None = None, most: int = 50
) -> list[InstallationRow]:
    """As :func:`listed_installations`, the newest first: the next ``most`` behind ``before``."""
    wanted = listed_installations(far=far)
    wanted = wanted if before is None else wanted.where(Installation.id < before)
    wanted = wanted.order_by(Installation.id.desc()).limit(most)
    return [InstallationRow(**row._mapping) for row in session.execute(wanted)]


def _installations() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Installation.id,
            Installation.uid,
            Sign.uid.label("sign_uid"),
            Name.words,
            Division.name.label("village"),
            func.base.name_of(Installation.crew_id).label("crew"),
            func.ST_X(Installation.point).label("lon"),
            func.ST_Y(Installation.point).label("lat"),
            Installation.accuracy_m,
            Installation.offset_m,
            (Installation.offset_m > FAR_M).label("far"),
            Installation.note,
            Installation.photo_id,
            File.uid.label("photo_uid"),
            Installation.taken_at,
            Installation.installed_on,
            _newest.c.verdict,
            _newest.c.reason,
            _newest.c.due_on,
            _newest.c.inspected_on,
            func.base.name_of(_newest.c.inspected_by).label("inspector"),
            case((_newest.c.verdict.is_(None), 0), (_newest.c.verdict == STAGES[1], 1), else_=2).label("version"),
        )
        .join(Sign, Sign.id == Installation.sign_id)
        .join(Name, Name.id == Sign.name_id)
        .join(Division, Division.id == Installation.division_id)
        .join(File, File.id == Installation.photo_id)
        .join(_newest, true(), isouter=True)
    )
