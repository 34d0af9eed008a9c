"""One survey file through all nine stations, by the steps that the pages call and with no table write of its own.

The file's places become villages of a territory made for the walk; existing names are kept as they are; unnamed
streets in scope get checked default names. It stops with the station's name where a file has nothing for it; then, as
when it is interrupted, nothing of it stays but the history's entries.
"""

from __future__ import annotations

import io
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from geoalchemy2.shape import to_shape
from PIL import Image, ImageDraw
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.base.clock import Clock
from app.base.db import Database
from app.base.errors import Invalid, MingluError
from app.base.files import Store, fetch, open_store
from app.base.models import Division, DivisionKind, File, Person
from app.base.people import Actor, actor_of
from app.base.settings import Settings
from app.intake.models import Facility
from app.intake.steps import Origin, require_something, take_in
from app.inventory.models import Street, StreetState
from app.inventory.steps import derive, judge_scope
from app.milestones.models import Batch
from app.milestones.steps import Terms, open_batch
from app.naming.models import Decision, Proposal
from app.naming.papers import Approval
from app.naming.queries import approvers_in
from app.naming.steps import announce, decide, file_decision, keep_existing, submit
from app.naming.suggesting import suggest
from app.planning.models import Post, Sign
from app.planning.steps import plan
from app.printing.models import Code, Order
from app.printing.steps import draw_up, release
from app.rollout.logic import Proof
from app.rollout.steps import give_jobs, record_installation
from app.tracking.queries import progress
from app.walk.datums import datum_lines, example_for
from app.walk.ground import Party, gather, take_back
from app.walk.serving import asked, public_app
from gis.errors import GisError
from gis.features import Survey, Verdict
from gis.formats import open_rows
from signs.qr import page_url

Say = Callable[[str], None]
Tell = Callable[[str, int, int], None]
STATIONS = ("intake", "inventory", "milestones", "naming", "planning", "printing", "rollout", "scanning", "tracking")


class Stopped(Invalid):
    """The walk ends at a station that the file gives nothing to."""


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
    made: list[Path] = field(default_factory=list)

    @contextmanager
    def officer(self, station: str) -> Iterator[tuple[Session, Actor, Division]]:
        """A transaction of the walk's county officer, as any page of that station would open it."""
        with _at(station), self.office.acting(self.party.officer, via=f"minglu walk: {station}") as session:
            yield session, actor_of(session, self.party.officer), session.get_one(Division, self.party.county)

    def left(self, station: str, words: str) -> None:
        """Print what a station left behind."""
        self.say(f"{STATIONS.index(station) + 1} {station:<11}{words}")

    def intake(self, file: Path, survey: Survey) -> None:
        """The file's rows, each with its verdict; villages, segments, facilities. Nothing where one kind is missing."""
        with self.officer("intake") as (session, _, county):
            taken = take_in(
                session,
                self.clock,
                survey=survey,
                origin=Origin(file.name),
                division=county,
                villages_from_file=True,
            )
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
        self.left("intake", f"{taken.rows} rows ({survey.datum}): {verdicts}; {villages} villages{_wrong_row(survey)}")

    def inventory(self, file: Path) -> None:
        """Segments become streets; those where a committee, shop, clinic or school stands are in scope."""
        with self.officer("inventory") as (session, _, county):
            made = derive(session, self.clock, division=county)
            in_scope = judge_scope(session, self.clock, division=county)
            facilities = _count(session, select(Facility.id).where(_in(Facility.territory, county)))
            unnamed = _count(session, _unnamed(county).with_only_columns(Street.id))
        self.left("inventory", f"{made.streets} streets, {in_scope} in scope, {unnamed} of them without a name")
        if not facilities:
            raise Stopped(
                "Stopped at inventory: {file} has no facility. It has no committee, shop, clinic or school, and no"
                " village as a point, which would stand for its committee's seat.",
                file=file.name,
            )
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
            proposals = list(suggest(session, self.clock, by=actor, batch=batch).made)
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
        (authority, *_) = approvers_in(session, [county.path])
        approval = Approval(f"走查〔{today.year}〕{secrets.randbelow(900_000) + 100_000}号", authority, today)
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
            self.made.append(path)
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
        with _at("rollout"), self.office.acting(self.party.crew, via="minglu walk: rollout") as session:
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
        with public_app(self.settings, self.clock) as (address, whose):
            page = f"{address}/S/{token}"
            if token not in asked(page).replace("-", ""):
                raise Stopped(
                    "Stopped at scanning: {page} does not answer with the page of sign {token}. Does that public app"
                    " serve this database? Set MINGLU_PUBLIC_URL to the one that does, or stop it.",
                    page=page,
                    token=token,
                )
        self.left("scanning", f"{page_url(self.settings.code_host, token)} is answered by {page} ({whose})")

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

    A file that cannot be read is refused before anything is written. Raises :class:`Stopped` naming the station;
    then, and whatever else ends it early, all that the walk made is taken back.
    """
    with _at("intake"):
        opened = open_rows(file)
        for line in datum_lines(settings, opened, datum):
            say(line)
        if datum is None and opened.stated is None:
            raise Stopped(
                "Stopped at intake: {file} does not say its coordinate system. Name it, for example --datum {datum}.",
                file=file.name,
                datum=example_for(opened),
            )
        survey = opened.survey(datum)
    with _at("intake", more=_wrong_row(survey)):
        require_something(survey)
    office = Database(settings, pool_size=2)
    try:
        way = Walk(settings, clock, office, open_store(settings.files), gather(settings, clock, file), out, say)
        try:
            _go(way, file, survey, tell)
        except BaseException as ended:  # Ctrl-C too: whatever it was, it goes on to the caller
            office.close()
            take_back(settings, way.party)
            for path in way.made:
                path.unlink(missing_ok=True)
            if _was_interrupted(ended):
                raise KeyboardInterrupt from None
            raise
    finally:
        office.close()


def _was_interrupted(ended: BaseException | None) -> bool:
    """Whether Ctrl-C is at the beginning of it: a statement that it cut short ends in an error of the driver."""
    while ended is not None and not isinstance(ended, KeyboardInterrupt):
        ended = ended.__context__
    return ended is not None


def _go(way: Walk, file: Path, survey: Survey, tell: Tell) -> None:
    way.intake(file, survey)
    tell("walk", 1, len(STATIONS))
    way.inventory(file)
    batch = way.milestones()
    way.naming(batch)
    tell("walk", 4, len(STATIONS))
    way.planning(batch)
    way.printing(batch)
    tell("walk", 6, len(STATIONS))
    way.scanning(way.rollout())
    way.tracking()
    tell("walk", len(STATIONS), len(STATIONS))


@contextmanager
def _at(station: str, *, more: str = "") -> Iterator[None]:
    """What is refused here names the station."""
    try:
        yield
    except Stopped:
        raise
    except (MingluError, GisError) as refusal:
        raise Stopped("Stopped at {station}: {words}", station=station, words=f"{refusal}{more}") from refusal


def _wrong_row(survey: Survey) -> str:
    """The first row that was rejected, and why; empty where there is none."""
    for report in survey.reports:
        if report.verdict is Verdict.REJECTED:
            column = f", column {report.field}" if report.field else ""
            return f"; first rejected: row {report.row} ({report.key}{column}): {report.reason.format(**report.values)}"
    return ""


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
