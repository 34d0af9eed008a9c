"""What happens to crews' jobs: given, done with a proof that the sign stands, inspected, to be done again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from geoalchemy2.shape import from_shape
from shapely import Point
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.util import identity_key

from app.base.errors import N_, Conflict, Invalid, NotAllowed
from app.base.files import keep
from app.base.models import Role
from app.base.people import may
from app.base.tables import SRID
from app.naming.models import Name
from app.planning.models import Sign, SignState
from app.printing.queries import sign_called
from app.rollout import logic, queries
from app.rollout.models import Inspection, Installation, Job, JobState, Verdict

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.base.clock import Clock
    from app.base.files import Store
    from app.base.models import Person
    from app.base.people import Actor

_PROVED = N_("This photo already proves the sign {sign}. Take a new one.")


def give_jobs(session: Session, clock: Clock, *, signs: Sequence[Sign], crew: Person, due_on: date) -> list[Job]:
    """Ordered signs → each with an open job of ``crew``, to be done by ``due_on``.

    By officers of the territory (NotAllowed for others). Refuses a person who is no crew, a sign outside the crew's
    territory and a day that is over (Invalid); a sign that isn't ordered, whose order isn't released, or that a crew
    has already (Conflict naming the sign). All or none.
    """
    if not may(session, "rollout.job", "create"):
        raise NotAllowed(N_("Only officers may give jobs to crews."))
    _check_jobs(session, clock, signs=signs, crew=crew, due_on=due_on)
    if not signs:
        return []
    again = queries.redo_reasons(session, signs=[sign.id for sign in signs])
    rows = [
        {
            "sign_id": sign.id,
            "division_id": sign.division_id,
            "crew_id": crew.id,
            "given_on": clock.today(),
            "due_on": due_on,
            "redo_reason": again.get(sign.id, ""),
        }
        for sign in signs
    ]
    try:
        with session.begin_nested():
            return list(session.scalars(insert(Job).returning(Job, sort_by_parameter_order=True), rows))
    except IntegrityError as error:
        if "uq_job_open" not in str(error.orig):
            raise
        raise Conflict(N_("A crew was given one of these signs just now. Load the list again.")) from error


def _check_jobs(session: Session, clock: Clock, *, signs: Sequence[Sign], crew: Person, due_on: date) -> None:
    if crew.role != Role.CREW.value or not crew.active:
        raise Invalid(N_("{name} is no crew."), field="crew", name=crew.name)
    if due_on < clock.today():
        raise Invalid(N_("{day} is over."), field="due_on", day=due_on)
    for sign in signs:
        if not f"{sign.territory}.".startswith(f"{crew.territory}."):
            raise Invalid(
                N_("The sign {sign} lies outside the territory of {name}."),
                sign=sign_called(session, sign.id),
                name=crew.name,
            )
        if sign.state != SignState.ORDERED.value:
            raise Conflict(
                N_("The sign {sign} is {state}, not ordered."), sign=sign_called(session, sign.id), state=sign.state
            )
    ids = [sign.id for sign in signs]
    for uid in queries.with_open_job(session, signs=ids):
        raise Conflict(N_("The sign {sign} is with a crew already."), sign=sign_called(session, uid))
    for uid in queries.unreleased(session, signs=ids):
        raise Conflict(N_("The order of the sign {sign} is not released yet."), sign=sign_called(session, uid))


def record_installation(
    session: Session, clock: Clock, actor: Actor, store: Store, *, job: Job, proof: logic.Proof
) -> Installation:
    """An open job → done, its sign → standing, by the crew whose job it is; installed on the clock's day.

    The proof's ``uid`` is made by the phone: sending the same once more gives the same installation again and changes
    nothing; other content under it is a Conflict. Refuses a job that isn't open (Conflict), another crew's
    (NotAllowed), a photo that cannot be decoded, a place that cannot be, a moment ahead of now or before the job was
    given (Invalid), and a photo that proves a sign already (Conflict). A place more than 50 m from the planned post is
    kept as it is, and ``queries.listed_installations`` shows it. The photo is kept as it came; whatever is shown of it
    goes through ``logic.publishable``.
    """
    known = queries.installation(session, proof.uid)
    if known is not None:
        return _same(session, known, job=job, proof=proof)
    if job.crew_id != actor.id:
        raise NotAllowed(N_("This job belongs to another crew."))
    if job.state != JobState.OPEN.value:
        raise Conflict(N_("This job is {state} since {day}."), state=job.state, day=job.ended_on)
    logic.check_proof(proof, now=clock.now(), given_on=job.given_on)
    media_type = logic.media_type_of(proof.photo)
    proved = queries.proved_by(session, sha256=proof.sha256)
    if proved is not None:
        sign = sign_called(session, proved)
        told = _PROVED if sign else N_("This photo already proves a sign elsewhere. Take a new one.")
        raise Conflict(told, sign=sign)
    offset_m = logic.offset_m(proof, *queries.planned_place(session, sign_id=job.sign_id))
    if offset_m > logic.ELSEWHERE_M:
        raise Invalid(
            N_("This position is {km} km from where the sign is planned. Locate again at the sign."),
            field="lon",
            km=round(offset_m / 1000),
        )
    made = Installation(
        uid=proof.uid,
        sign_id=job.sign_id,
        division_id=job.division_id,
        job_id=job.id,
        crew_id=actor.id,
        photo_sha256=proof.sha256,
        point=from_shape(Point(proof.lon, proof.lat), srid=SRID),
        accuracy_m=proof.accuracy_m,
        offset_m=offset_m,
        note=proof.note,
        taken_at=proof.taken_at,
        installed_on=clock.today(),
    )
    _keep(session, store, made=made, photo=proof.photo, media_type=media_type)
    job.state, job.ended_on = JobState.DONE.value, clock.today()
    session.flush()
    return made


def _keep(session: Session, store: Store, *, made: Installation, photo: bytes, media_type: str) -> None:
    """The photo's bytes and row, then the installation; what was sent twice in the same moment is refused."""
    try:
        with session.begin_nested():
            made.photo_id = keep(
                session,
                store,
                division_id=made.division_id,
                data=photo,
                media_type=media_type,
                name=f"{made.uid}.{media_type.partition('/')[2]}",
                purpose="installation",
                owner_id=made.crew_id,
            ).id
            session.add(made)
            session.flush()
    except IntegrityError as error:
        if "uq_installation" not in str(error.orig):
            raise
        raise Conflict(N_("This installation or its photo was sent before. Load the job again.")) from error


def _same(session: Session, known: Installation, *, job: Job, proof: logic.Proof) -> Installation:
    kept = (known.job_id, known.photo_sha256, known.accuracy_m, _utc(known.taken_at), known.note)
    sent = (job.id, proof.sha256, proof.accuracy_m, _utc(proof.taken_at), proof.note)
    if kept != sent or queries.place_of(session, known.id) != (proof.lon, proof.lat):
        raise Conflict(
            N_("The installation of the sign {sign} was recorded with other content."),
            sign=sign_called(session, known.sign_id),
        )
    return known


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


def drop_job(session: Session, clock: Clock, *, job: Job) -> Job:
    """An open job → dropped; its sign waits for a crew again. By officers of the territory.

    Refuses a job that is done or dropped (Conflict), and others than officers (NotAllowed).
    """
    if not may(session, "rollout.job", "create"):
        raise NotAllowed(N_("Only officers may take jobs back."))
    if job.state != JobState.OPEN.value:
        raise Conflict(N_("This job is {state} since {day}."), state=job.state, day=job.ended_on)
    job.state, job.ended_on = JobState.DROPPED.value, clock.today()
    session.flush()
    return job


def accept(session: Session, clock: Clock, actor: Actor, *, installations: Sequence[Installation]) -> list[Inspection]:
    """Installations that wait for inspection → accepted. By inspectors and officers of the territory; all or none.

    Refuses one that was inspected already (Conflict naming the verdict), and other roles (NotAllowed).
    """
    _require_inspector(session)
    known = queries.verdicts(session, installations=[each.id for each in installations])
    for each in installations:
        if each.id in known:
            raise Conflict(
                N_("The installation of the sign {sign} was inspected on {day} already."),
                sign=sign_called(session, each.sign_id),
                day=known[each.id].inspected_on,
            )
    made = [_inspection(clock, actor, each, verdict=Verdict.ACCEPTED) for each in installations]
    session.add_all(made)
    session.flush()
    return made


def reject(
    session: Session, clock: Clock, actor: Actor, *, installation: Installation, reason: str, due_on: date
) -> Inspection:
    """An installation → rejected; its sign is ordered again, and its crew has a new job with the reason by ``due_on``.

    By inspectors and officers of the territory (NotAllowed for others); one that was accepted can be rejected later.
    The database gives the job; where the crew left, the sign waits for another. The installation is kept: it proves
    that the sign stood, for all until this day. Refuses no reason and a day that is over (Invalid), and a second
    rejection (Conflict).
    """
    _require_inspector(session)
    if not reason.strip():
        raise Invalid(N_("Say what is wrong: the crew will read it."), field="reason")
    if due_on < clock.today():
        raise Invalid(N_("{day} is over."), field="due_on", day=due_on)
    _refuse_replaced(session, installation)
    known = queries.verdicts(session, installations=[installation.id]).get(installation.id)
    if known is not None and known.verdict == Verdict.REJECTED.value:
        raise Conflict(N_("This installation was rejected on {day} already."), day=known.inspected_on)
    made = _inspection(clock, actor, installation, verdict=Verdict.REJECTED)
    made.reason, made.due_on = reason.strip(), due_on
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        if "uq_inspection_rejected" not in str(error.orig):
            raise
        raise Conflict(N_("This installation was rejected just now. Load the page again.")) from error
    _forget_sign(session, installation.sign_id)
    return made


def _refuse_replaced(session: Session, installation: Installation) -> None:
    """Nobody puts up a plate again whose name is another by now: it is taken down when the new one comes."""
    wanted = (
        select(Name.words, Name.retired_on).join(Sign, Sign.name_id == Name.id).where(Sign.id == installation.sign_id)
    )
    words, retired_on = session.execute(wanted).one()
    if retired_on is not None:
        raise Conflict(
            N_("“{words}” was replaced on {day}: this plate is not mended, but taken down for one with the new name."),
            words=words,
            day=retired_on,
        )


def _require_inspector(session: Session) -> None:
    if not may(session, "rollout.inspection", "create"):
        raise NotAllowed(N_("Installations are inspected by inspectors and officers."))


def _inspection(clock: Clock, actor: Actor, installation: Installation, *, verdict: Verdict) -> Inspection:
    return Inspection(
        installation_id=installation.id,
        division_id=installation.division_id,
        crew_id=installation.crew_id,
        verdict=verdict.value,
        inspected_by=actor.id,
        inspected_on=clock.today(),
    )


def _forget_sign(session: Session, sign_id: int) -> None:
    """The database moved the sign: a copy that was read before is read anew."""
    known = session.identity_map.get(identity_key(Sign, sign_id))
    if known is not None:
        session.expire(known)
