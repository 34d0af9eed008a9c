"""Pages of the rollout: jobs and installations for the office, and the phone page of the crews."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session

from app.base import paging
from app.base import seen as as_seen
from app.base.clock import Clock
from app.base.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from app.base.files import fetch
from app.base.models import Division, Role
from app.base.people import Actor, may
from app.base.request import Answer, Config, Files, Me, Now, Place, Seen, Show, Version, Work, one_of
from app.base.settings import Settings
from app.planning.logic import wind_of
from app.planning.models import Sign
from app.planning.schemas import REASONS, SIGN_KINDS
from app.printing.logic import drawn
from app.printing.queries import plate_of
from app.rollout import logic, queries, steps
from app.rollout.models import Installation, Job, JobState
from app.rollout.schemas import VERDICTS, Given, Refused, Sent
from gis.links import links_to

router = APIRouter(prefix="/rollout")
#: Days a crew is given, unless the officer says otherwise (the clock for signs runs 60 days from the decision).
DAYS = 14
THUMB_PX, PHOTO_PX, PHOTOS, SIGNS = 240, 1600, 30, 100
_SUBJECT = "rollout.job"
_INSPECTION = N_("Inspection")
_INSTALLED, _INSPECTED = "rollout.installation", "rollout.inspection"


def waiting(session: Session, actor: Actor, clock: Clock) -> int:
    """A crew's open jobs; for officers, the jobs that are overdue; for inspectors, what nobody inspected."""
    if actor.role is Role.CREW:
        return queries.count_open(session, crew_id=actor.id)
    if actor.role is Role.INSPECTOR:
        return queries.count_waiting(session)
    return queries.count_open(session, before=clock.today()) if may(session, _SUBJECT, "create") else 0


@router.get("")
def index(  # noqa: PLR0917 - one argument a part
    session: Work, show: Show, place: Place, clock: Now, actor: Me, state: str = "open", after: str | None = None
) -> Response:
    """Jobs of the chosen territory; crews are sent to their phone page."""
    if actor.role is Role.CREW:
        return show.see("/rollout/phone")
    _check_reader(session)
    late = state == "late"
    known = "" if state in {"late", "all"} else one_of(state, [one.value for one in JobState], field="state")
    found = queries.listed_jobs(
        division=place, state="open" if late else known, late_on=clock.today() if late else None
    )
    ended = not late and known != JobState.OPEN.value
    keys = [paging.Key(Job.due_on, descending=ended), paging.Key(Job.id, descending=ended)]
    return show.page(
        "rollout/index.html",
        place=place,
        page=paging.page(session, found, keys=keys, after=after),
        total=paging.count(session, found),
        state="late" if late else known,
        today=clock.today(),
        may_give=may(session, _SUBJECT, "create"),
    )


@router.get("/new")
def ask(session: Work, show: Show, place: Place, clock: Now, after: str | None = None) -> Response:
    """Signs that wait for a crew, to choose from."""
    return _choose(session, show, place, after=after, due_on=(clock.today() + timedelta(days=DAYS)).isoformat())


@router.post("/jobs")
def give(session: Work, show: Show, place: Place, clock: Now, given: Annotated[Given, Depends()]) -> Response:
    """Give the chosen signs to a crew, or show the form again with what is wrong."""
    try:
        seen, crew = given.signs(), queries.crew(session, given.crew_key())
        signs = _signs(session, place, seen)
        with session.begin_nested():
            made = steps.give_jobs(session, clock, signs=signs, crew=crew, due_on=given.day())
    except as_seen.Stale:
        raise
    except (Invalid, Conflict) as refusal:
        errors = {getattr(refusal, "field", None) or "uid": show.text(refusal.message, **refusal.values)}
        return _choose(session, show, place, errors=errors, given=given, due_on=given.due_on)
    return show.see(f"/rollout?in={place.uid}", "{n} jobs were given to {name}.", n=len(made), name=crew.name)


def _signs(session: Session, place: Division, seen: Mapping[UUID, int]) -> list[Sign]:
    """The chosen signs as the list showed them. Raises Stale where one of them changed since."""
    signs = queries.signs_with(session, list(seen))
    words = queries.words_of(session, signs)
    again = f"/rollout/new?in={place.uid}"
    as_seen.require([as_seen.shown(each, words[each.id], f"/planning/{each.uid}") for each in signs], seen, again=again)
    return signs


@router.post("/jobs/{uid}/drop")
def drop(session: Work, show: Show, clock: Now, uid: UUID, version: Version) -> Response:
    """Take an open job back from its crew."""
    job = queries.job(session, uid)
    as_seen.require_row(job, version, title=queries.job_row(session, uid).words, url="/rollout")
    steps.drop_job(session, clock, job=job)
    return show.see("/rollout", "The job was taken back; its sign waits for a crew again.")


@router.get("/installations")
def installations(
    session: Work,
    show: Show,
    place: Place,
    far: bool = False,  # noqa: FBT001, FBT002 - the query's word
    state: str = "",
    after: str | None = None,
) -> Response:
    """What was put up, with photo, distance from the plan, and what the office found of it."""
    if not may(session, _INSTALLED, "read"):
        raise NotAllowed(N_("Your role does not see installations."))
    state = one_of(state, VERDICTS, field="state")
    found = queries.listed_installations(division=place, far=far, verdict=state)
    page = paging.page(session, found, keys=[paging.Key(Installation.id, descending=True)], after=after, size=PHOTOS)
    return show.page(
        "rollout/installations.html",
        place=place,
        page=page,
        total=paging.count(session, found),
        far=far,
        far_m=logic.FAR_M,
        state=state,
        verdicts=VERDICTS,
        may_inspect=may(session, _INSPECTED, "create"),
    )


@router.post("/installations/accept")
def accept(session: Work, show: Show, clock: Now, actor: Me, seen: Seen) -> Response:
    """The chosen installations passed the inspection, all or none."""
    versions = as_seen.read(seen)
    chosen = queries.installations_with(session, list(versions))
    if versions:
        _require_uninspected(session, show, versions, again="/rollout/installations?state=waiting")
    if not chosen:
        raise NotFound(N_("Choose at least one installation of your territory in the list."))
    made = steps.accept(session, clock, actor, installations=chosen)
    return show.see("/rollout/installations?state=waiting", "{n} installations passed the inspection.", n=len(made))


@router.get("/installations/{uid}")
def installation(session: Work, show: Show, clock: Now, actor: Me, uid: UUID) -> Response:
    """One installation: the photo, how far it stands from its plan, and the inspection."""
    if actor.role is Role.CREW or not may(session, _INSTALLED, "read"):
        raise NotAllowed(N_("Your role does not see installations."))
    due_on = (clock.today() + timedelta(days=logic.REDO_DAYS)).isoformat()
    return _installation(session, show, uid, Refused(version=0, due_on=due_on))


@router.post("/installations/{uid}/reject")
def reject(
    session: Work, show: Show, clock: Now, actor: Me, uid: UUID, refused: Annotated[Refused, Depends()]
) -> Response:
    """The installation did not pass: its sign is ordered again, and the crew is to put it up anew."""
    found = queries.installation(session, uid)
    if found is None:
        raise NotFound(N_("There is no such installation in your territory."))
    _require_uninspected(session, show, {uid: refused.version}, again=f"/rollout/installations/{uid}")
    try:
        with session.begin_nested():
            steps.reject(session, clock, actor, installation=found, reason=refused.reason, due_on=refused.day())
    except Invalid as refusal:
        errors = {refusal.field or "reason": show.text(refusal.message, **refusal.values)}
        return _installation(session, show, uid, refused, errors)
    return show.see(f"/rollout/installations/{uid}", "The installation was rejected; the sign is to be put up again.")


def _require_uninspected(session: Session, show: Answer, seen: Mapping[UUID, int], *, again: str) -> None:
    """Raise Stale where somebody inspected one of these installations after its page was read.

    Who may not inspect is told so by the step.
    """
    if not may(session, _INSPECTED, "create"):
        return

    def said(verdict: str | None) -> str:
        return show.text(VERDICTS[verdict or queries.WAITING][0])

    rows = queries.installation_rows(session, list(seen))
    by_stage = dict(enumerate(queries.STAGES))
    as_seen.require(
        [
            as_seen.Shown(
                _INSTALLED,
                row.id,
                row.uid,
                row.version,
                row.words,
                f"/rollout/installations/{row.uid}",
                fields=((_INSPECTION, said(by_stage.get(seen[row.uid])), said(row.verdict)),),
            )
            for row in rows
        ],
        seen,
        again=again,
    )


def _installation(
    session: Session, show: Answer, uid: UUID, refused: Refused, errors: dict[str, str] | None = None
) -> Response:
    row = queries.installation_row(session, uid)
    return show.page(
        "rollout/installation.html",
        status=422 if errors else 200,
        row=row,
        others=queries.other_installations(session, row),
        planned=queries.planned_of(session, row),
        refused=refused,
        errors=errors or {},
        verdicts=VERDICTS,
        may_inspect=may(session, _INSPECTED, "create"),
    )


@router.get("/photos/{uid}")
def photo(session: Work, store: Files, uid: UUID, size: str = "") -> Response:
    """A proof's photo for looking at: upright, without the place and phone that its file names."""
    _, content = fetch(session, store, uid)
    with content:
        shown = logic.thumbnail(content.read(), PHOTO_PX if size == "large" else THUMB_PX)
    return Response(shown, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600"})


@router.get("/phone")
def phone(session: Work, show: Show, clock: Now, actor: Me, after: str | None = None) -> Response:
    """A crew's open jobs, the next due first; the phone sorts those of the page by distance when asked."""
    _check_crew(actor)
    page = queries.my_jobs(session, actor.id, after=after)
    if after and not page.rows:  # the last of them was just done
        return show.see("/rollout/phone")
    total = queries.count_open(session, crew_id=actor.id)
    return show.page("rollout/phone.html", page=page, total=total, today=clock.today(), **_words())


@router.get("/phone/{uid}")
def phone_job(session: Work, show: Show, settings: Config, clock: Now, actor: Me, uid: UUID) -> Response:
    """One job: what to put up, where, and the proof that it stands."""
    _check_crew(actor)
    sent = Sent(key=str(queries.fresh_uid(session)), taken_at=clock.now().isoformat())
    return _phone_job(session, show, settings, clock, queries.job(session, uid), sent=sent)


@router.post("/phone/{uid}")
def phone_send(  # noqa: PLR0917 - one argument a part
    session: Work,
    show: Show,
    settings: Config,
    clock: Now,
    actor: Me,
    store: Files,
    uid: UUID,
    sent: Annotated[Sent, Depends()],
) -> Response:
    """Record the installation; the same sent twice is recorded once."""
    _check_crew(actor)
    job = queries.job(session, uid)
    try:
        with session.begin_nested():
            done = steps.record_installation(session, clock, actor, store, job=job, proof=sent.proof())
    except (Invalid, Conflict) as refusal:
        errors = {getattr(refusal, "field", None) or "photo": show.text(refusal.message, **refusal.values)}
        session.refresh(job)
        return _phone_job(session, show, settings, clock, job, sent=sent, errors=errors)
    return show.see(
        f"/rollout/phone/{uid}", "Recorded. The sign stands, {far} from its plan.", far=logic.distance(done.offset_m)
    )


def _phone_job(
    session: Session,
    show: Answer,
    settings: Settings,
    clock: Clock,
    job: Job,
    *,
    sent: Sent,
    errors: dict[str, str] | None = None,
) -> Response:
    row = queries.job_row(session, job.uid)
    plate = plate_of(session, row.sign_uid)
    return show.page(
        "rollout/phone_job.html",
        status=422 if errors else 200,
        job=row,
        done=queries.installation_of(session, job_id=job.id) if job.state == JobState.DONE.value else None,
        face=drawn(plate, settings.code_host) if plate else None,
        maps=links_to(row.lon, row.lat, row.words, native=True),
        ask_m=logic.ASK_M,
        sent=sent,
        errors=errors or {},
        today=clock.today(),
        distance=logic.distance,
        **_words(),
    )


def _choose(
    session: Session,
    show: Answer,
    place: Place,
    *,
    due_on: str,
    after: str | None = None,
    errors: dict[str, str] | None = None,
    given: Given | None = None,
) -> Response:
    if not may(session, _SUBJECT, "create"):
        raise NotAllowed(N_("Only officers may give jobs to crews."))
    return show.page(
        "rollout/new.html",
        status=422 if errors else 200,
        place=place,
        page=paging.page(
            session, queries.to_install(division=place), keys=[paging.Key(Sign.id)], after=after, size=100
        ),
        crews=queries.crews(session),
        picked=set(given.seen) if given else set(),
        crew=given.crew if given else "",
        due_on=due_on,
        errors=errors or {},
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"reasons": REASONS, "kinds": SIGN_KINDS, "wind_of": wind_of}


def _check_reader(session: Session) -> None:
    if not may(session, _SUBJECT, "read"):
        raise NotAllowed(N_("Your role does not see crews' jobs."))


def _check_crew(actor: Actor) -> None:
    if actor.role is not Role.CREW:
        raise NotAllowed(N_("This page is for crews on the road. You find the jobs under “Installation”."))
