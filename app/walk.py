"""One survey file through all nine stations, by the steps that the pages call and with no table write of its own.

The file's places become villages of a territory made for the walk; existing names are kept as they are; unnamed
streets in scope get checked default names. It stops with the station's name where a file has nothing for it.
"""

from __future__ import annotations

import io
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from geoalchemy2.shape import to_shape
from PIL import Image, ImageDraw
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.base.clock import Clock
from app.base.db import Database
from app.base.errors import Conflict, Invalid, Unready
from app.base.files import Store, fetch, open_store
from app.base.models import Division, DivisionKind, File, Person, Role
from app.base.people import Actor, actor_of, found_person
from app.base.settings import OWNER, Settings
from app.base.territory import found_division
from app.intake.models import Intake
from app.intake.steps import Origin, take_in, undo_intake
from app.inventory.models import Street, StreetState
from app.inventory.steps import derive, dissolve, judge_scope
from app.milestones.models import Batch
from app.milestones.steps import Terms, open_batch
from app.naming.models import Decision, Proposal
from app.naming.steps import Approval, announce, decide, file_decision, keep_existing, submit
from app.naming.suggesting import suggest
from app.planning.models import Post, Sign
from app.planning.steps import plan
from app.printing.models import Code, Order
from app.printing.steps import draw_up, release
from app.rollout.logic import Proof
from app.rollout.steps import give_jobs, record_installation
from app.tracking.queries import progress
from gis.features import Survey
from gis.formats import read_survey
from signs.qr import page_url

Say = Callable[[str], None]
Tell = Callable[[str, int, int], None]
STATIONS = ("intake", "inventory", "milestones", "naming", "planning", "printing", "rollout", "scanning", "tracking")


class Stopped(Invalid):
    """The walk ends at a station that the file gives nothing to."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who walks: the territory made for it and its people, by key."""

    county: int
    officer: int
    maker: int
    crew: int


@dataclass
class Walk:
    """The walk's equipment; each station is a method that prints what it left behind."""

    settings: Settings
    clock: Clock
    office: Database
    store: Store
    party: Party
    out: Path
    say: Say

    @contextmanager
    def officer(self, station: str) -> Iterator[tuple[Session, Actor, Division]]:
        """A transaction of the walk's county officer, as any page of that station would open it."""
        with self.office.acting(self.party.officer, via=f"minglu walk: {station}") as session:
            yield session, actor_of(session, self.party.officer), session.get_one(Division, self.party.county)

    def left(self, station: str, words: str) -> None:
        """Print what a station left behind."""
        self.say(f"{STATIONS.index(station) + 1} {station:<11}{words}")

    def intake(self, file: Path, survey: Survey) -> int:
        """The file's rows, each with its verdict; villages, segments, facilities. Nothing where one kind is missing."""
        with self.officer("intake") as (session, _, county):
            taken = take_in(session, self.clock, survey=survey, origin=Origin(file.name), division=county)
            villages = _count(
                session,
                select(Division.id).where(Division.kind == DivisionKind.VILLAGE.value, _in(Division.path, county)),
            )
            verdicts = ", ".join(
                f"{getattr(taken, verdict)} {verdict}"
                for verdict in ("accepted", "repaired", "duplicate", "rejected", "ignored")
            )
            if not villages:
                raise Stopped(
                    "Stopped at intake: {file} has no village, neither as a point nor as an area.", file=file.name
                )
            if not survey.centrelines:
                raise Stopped("Stopped at intake: {file} has no road.", file=file.name)
        self.left("intake", f"{taken.rows} rows ({survey.datum}): {verdicts}; {villages} villages")
        return taken.id

    def take_back(self, intake: int) -> None:
        """What an intake brought goes out of the register again, with the unnamed streets made of its lines."""
        with self.officer("taking back") as (session, _, _):
            taken = session.get_one(Intake, intake)
            dissolve(session, intake=taken)
            undo_intake(session, intake=taken)

    def inventory(self) -> None:
        """Segments become streets; those where a committee, shop, clinic or school stands are in scope."""
        with self.officer("inventory") as (session, _, county):
            made = derive(session, self.clock, division=county)
            in_scope = judge_scope(session, self.clock, division=county)
            unnamed = _count(session, _unnamed(county).with_only_columns(Street.id))
        self.left("inventory", f"{made} streets, {in_scope} in scope, {unnamed} of them without a name")
        if not in_scope:
            raise Stopped(
                "Stopped at inventory: no committee, shop, clinic or school stands on any street of the file."
            )
        if not unnamed:
            raise Stopped("Stopped at inventory: every street in scope has a name already.")

    def milestones(self) -> int:
        """A quota for the year, and a batch of the villages that have unnamed streets in scope."""
        with self.officer("milestones") as (session, _, county):
            wanted = select(Division).where(
                Division.id.in_(_unnamed(county).with_only_columns(Street.division_id)),
                Division.kind == DivisionKind.VILLAGE.value,
            )
            villages = session.scalars(wanted.order_by(Division.id)).all()
            if not villages:
                raise Stopped("Stopped at milestones: no unnamed street in scope lies in a village of the file.")
            today = self.clock.today()
            terms = Terms(title=f"{county.name} {today.year}", year=today.year, due_on=today + timedelta(days=60))
            batch = open_batch(
                session, self.clock, owner_id=self.party.officer, division=county, terms=terms, villages=villages
            )
        self.left("milestones", f"batch “{batch.title}” of {len(villages)} villages, due on {batch.due_on}")
        return batch.id

    def naming(self, batch_id: int) -> None:
        """Existing names kept; the rest proposed, checked, submitted, decided, filed and announced."""
        with self.officer("naming") as (session, actor, county):
            kept = keep_existing(session, division=county)
            batch = session.get_one(Batch, batch_id)
            proposals = suggest(session, self.clock, by=actor, batch=batch)
            if not proposals:
                raise Stopped("Stopped at naming: no name of the word bank passes the checks for these streets.")
            submit(session, self.clock, by=actor, proposals=proposals, read_by_hand=True)
            decision = self._decide(session, actor, county, proposals)
        sample = ", ".join(f"{proposal.words} {proposal.latin_toned}" for proposal in proposals[:3])
        self.left(
            "naming",
            f"{len(kept)} names kept as they are, {len(proposals)} decided by {decision.number}"
            f" on {decision.approved_on}: {sample} …",
        )

    def _decide(self, session: Session, actor: Actor, county: Division, proposals: list[Proposal]) -> Decision:
        today = self.clock.today()
        approval = Approval(f"走查〔{today.year}〕{secrets.token_hex(3)}号", f"{county.name}人民政府", today)
        decision = decide(session, self.clock, by=actor, division=county, proposals=proposals, approval=approval)
        file_decision(session, decision=decision, on=today)
        announce(session, by=actor, decision=decision, on=today)
        return decision

    def planning(self, batch_id: int) -> None:
        """Signs at start, end and crossings."""
        with self.officer("planning") as (session, _, county):
            planned = plan(session, self.clock, batch=session.get_one(Batch, batch_id), division=county)
            reasons = Counter(session.scalars(select(Sign.reason).where(_in(Sign.territory, county))))
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        self.left("planning", f"{planned.signs} signs on {planned.posts} posts ({told})")
        if not planned.signs:
            raise Stopped("Stopped at planning: no place for a sign was found.")

    def printing(self, batch_id: int) -> int:
        """One code per sign, and the print file, every plate of it read back."""
        with self.officer("printing") as (session, actor, county):
            maker = session.get_one(Person, self.party.maker)
            order = draw_up(
                session, self.clock, actor, division=county, batch=session.get_one(Batch, batch_id), maker=maker
            )
            release(session, self.clock, actor, self.store, order=order, code_host=self.settings.code_host)
            path = self.out / f"{order.number}.pdf"
            self.out.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_bytes_of(session, self.store, order))
            plates = _count(session, select(Code.id).where(_in(Code.territory, county)))
        self.left("printing", f"order {order.number}: {plates} plates, each read back by two decoders → {path}")
        return order.id

    def rollout(self) -> str:
        """The first sign is put up, with a photo and a position; its code's token."""
        with self.officer("rollout") as (session, _, county):
            sign = session.scalars(select(Sign).where(_in(Sign.territory, county)).order_by(Sign.id).limit(1)).one()
            crew = session.get_one(Person, self.party.crew)
            due_on = self.clock.today() + timedelta(days=14)
            job = give_jobs(session, self.clock, signs=[sign], crew=crew, due_on=due_on)[0]
            place = to_shape(session.get_one(Post, sign.post_id).point).coords[0]
            token = session.scalars(select(Code.token).where(Code.sign_id == sign.id)).one()
        with self.office.acting(self.party.crew, via="minglu walk: rollout") as session:
            proof = Proof(
                uid=UUID(int=secrets.randbits(128), version=4),
                lon=place[0],
                lat=place[1],
                accuracy_m=4.0,
                photo=_photo(token),
                taken_at=self.clock.now(),
                note="",
            )
            job = session.merge(job, load=True)
            actor = actor_of(session, self.party.crew)
            done = record_installation(session, self.clock, actor, self.store, job=job, proof=proof)
        self.left(
            "rollout", f"sign {token} installed on {done.installed_on}, {done.offset_m:.1f} m from its planned post"
        )
        return token

    def scanning(self, token: str) -> None:
        """The page behind the code, asked of a running public app over HTTP."""
        with _public_app(self.settings, self.clock) as address:
            page = f"{address}/S/{token}"
            with urllib.request.urlopen(page, timeout=10) as answer:  # noqa: S310 - our own app on the loopback
                body, status = answer.read().decode(), answer.status
        if status != 200 or token not in body.replace("-", ""):  # noqa: PLR2004 - OK
            raise Conflict(
                "Stopped at scanning: {page} did not answer with the page of sign {token}.", page=page, token=token
            )
        self.left("scanning", f"{page_url(self.settings.code_host, token)} is answered by {page}")

    def tracking(self) -> None:
        """Progress of the walk's territory, counted from what the stations left."""
        with self.officer("tracking") as (session, _, county):
            rows = progress(session, on=self.clock.today(), by="county")
            row = next(row for row in rows if row.uid == county.uid)
        self.left(
            "tracking",
            f"{row.villages_named} villages named, {row.villages_batched} in batches; {row.streets_named} of"
            f" {row.streets_in_scope} streets in scope named; {row.signs_standing} of {row.signs_planned} signs stand",
        )


def walk(settings: Settings, clock: Clock, *, file: Path, datum: str | None, out: Path, say: Say, tell: Tell) -> None:
    """Take ``file`` through all stations; the print file goes to ``out``.

    A file that cannot be read is refused before anything is written. Raises :class:`Stopped` at a station; at the
    first three what was taken in is taken back.
    """
    survey = read_survey(file, datum=datum)
    office = Database(settings, pool_size=2)
    try:
        party = _gather(settings, clock, file)
        store = open_store(settings.files)
        way = Walk(settings, clock, office, store, party, out, say)
        intake = way.intake(file, survey)
        tell("walk", 1, len(STATIONS))
        try:
            way.inventory()
            batch = way.milestones()
        except Stopped:
            way.take_back(intake)
            raise
        way.naming(batch)
        tell("walk", 4, len(STATIONS))
        way.planning(batch)
        way.printing(batch)
        tell("walk", 6, len(STATIONS))
        way.scanning(way.rollout())
        way.tracking()
        tell("walk", len(STATIONS), len(STATIONS))
    finally:
        office.close()


def _gather(settings: Settings, clock: Clock, file: Path) -> Party:
    """A city and a county named after the file, with an officer, a maker and a crew: the operator founds them."""
    owner = Database(settings, role=OWNER, pool_size=1)
    mark = f"{clock.now():%m%d%H%M%S}{secrets.token_hex(2)}"
    try:
        with owner.nobody(via="minglu walk") as session:
            city = found_division(session, clock, name=f"走查 {file.stem} {mark}", kind=DivisionKind.CITY, parent=None)
            county = found_division(session, clock, name=f"走查县{mark}", kind=DivisionKind.COUNTY, parent=city)
            ids = {
                role: found_person(
                    session,
                    clock,
                    login=f"walk.{role.value.replace('_', '-')}.{mark}",
                    name="走查",
                    role=role,
                    place=f"{city.name}/{county.name}",
                    password=secrets.token_urlsafe(24),
                ).id
                for role in (Role.COUNTY_OFFICER, Role.SIGN_MAKER, Role.CREW)
            }
            return Party(county.id, ids[Role.COUNTY_OFFICER], ids[Role.SIGN_MAKER], ids[Role.CREW])
    finally:
        owner.close()


@contextmanager
def _public_app(settings: Settings, clock: Clock) -> Iterator[str]:
    """The address of the running public app; one is started for the moment where none answers."""
    if _answers(settings.public_url):
        yield settings.public_url
        return
    import uvicorn

    from app.web.public import create_public_app

    server = uvicorn.Server(
        uvicorn.Config(
            create_public_app(settings, clock=clock), host="127.0.0.1", port=0, log_level="error", access_log=False
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{_port_of(server)}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own app
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (urllib.error.URLError, OSError):
        return False


def _port_of(server: object) -> int:
    """The port that the system gave, once the server listens. Raises Unready after ten seconds."""
    for _ in range(200):
        if getattr(server, "started", False):
            return int(server.servers[0].sockets[0].getsockname()[1])  # type: ignore[attr-defined]
        time.sleep(0.05)
    raise Unready("The public app did not start within ten seconds.")


def _in(path: InstrumentedAttribute[str], county: Division) -> ColumnElement[bool]:
    return path.bool_op("<@")(county.path)


def _unnamed(county: Division) -> Select[Street]:
    return select(Street).where(
        _in(Street.territory, county),
        Street.in_scope,
        Street.surveyed_name.is_(None),
        Street.state == StreetState.UNNAMED.value,
    )


def _count(session: Session, rows: Select[int]) -> int:
    return int(session.scalar(select(func.count()).select_from(rows.subquery())) or 0)


def _bytes_of(session: Session, store: Store, order: Order) -> bytes:
    kept = session.get_one(File, order.file_id)
    _, stream = fetch(session, store, kept.uid)
    with stream:
        return stream.read()


def _photo(token: str) -> bytes:
    """A picture that says what it is: nobody stood there."""
    picture = Image.new("RGB", (640, 480), "#20508c")
    ImageDraw.Draw(picture).text((40, 220), f"walk {token}: generated, no photograph", fill="white", font_size=28)
    kept = io.BytesIO()
    picture.save(kept, "JPEG")
    return kept.getvalue()
