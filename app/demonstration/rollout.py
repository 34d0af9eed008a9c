"""Signs of the demonstration go up, are scanned and reported; photos are generated and say so."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta
from itertools import cycle, groupby
from operator import itemgetter

from geoalchemy2.shape import to_shape
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.models import Person
from app.demonstration.cast import VIA
from app.demonstration.flow import Part
from app.demonstration.points import seeded
from app.demonstration.stories import Reach
from app.planning.models import Post, Sign, SignState
from app.printing.models import Code, Order, OrderLine
from app.rollout.logic import Proof
from app.rollout.models import Installation, Job, JobState
from app.rollout.queries import fresh_uid, verdicts
from app.rollout.steps import accept, give_jobs, record_installation, reject
from app.scanning.models import Report, ReportKind, ReportState, ScanCount
from app.scanning.schemas import Said
from app.scanning.steps import close_report, count_scan, file_report
from gis.crs import metres_per_degree
from signs.fonts import PLATE_FONT

CREW, INSPECTOR = "crew", "inspector"
_JOB_DAYS, _PER_DAY, _SCANNED = 30, 12, 12
_FAR_M, _FAR_EVERY = 80.0, 40
_BAD_EVERY, _REDO_DAYS = 12, 14
_FLAWS = ("立柱歪斜，请扶正后重新拍照。", "照片看不清二维码，请擦净牌面后重拍。")
_REPORTS = (
    (ReportKind.DAMAGED, "牌面被车刮弯了，二维码还能扫。", "已派人校正。"),
    (ReportKind.WRONG, "箭头方向好像反了，请核实。", ""),
    (ReportKind.OTHER, "夜里看不清，能不能换反光膜？", ""),
)


def roll_out(part: Part) -> None:
    """Jobs for the signs of a released order, some done, then scans and reports; as far as the story goes."""
    if part.story.reach < Reach.GIVEN:
        return
    _give(part)
    if part.story.reach >= Reach.INSTALLED:
        _install(part)
        _inspect(part)
        _scan(part)


def _give(part: Part) -> None:
    clock = part.cast.on_day(part.story.days_ago(Reach.GIVEN))
    with part.cast.acting(part.county.officer, "rollout") as (session, _):
        with_job = select(Job.sign_id).where(Job.state == JobState.OPEN.value)
        ordered = Sign.state == SignState.ORDERED.value
        signs = session.scalars(
            select(Sign).where(Sign.id.in_(_signs_of(part)), ordered, Sign.id.not_in(with_job)).order_by(Sign.id)
        ).all()
        crew = session.get_one(Person, part.cast.people[CREW])
        give_jobs(session, clock, signs=signs, crew=crew, due_on=clock.today() + timedelta(days=_JOB_DAYS))


def _signs_of(part: Part) -> Select[int]:
    return select(OrderLine.sign_id).join(Order, Order.id == OrderLine.order_id).where(Order.batch_id == part.batch[0])


def _install(part: Part) -> None:
    """The first share of each village's signs, some a day, as the crew's phone would send them."""
    with part.cast.acting(part.county.officer, "rollout") as (session, _):
        first_time = select(Job.id, Job.division_id).where(Job.sign_id.in_(_signs_of(part)), Job.redo_reason == "")
        given = session.execute(first_time.order_by(Job.division_id, Job.id)).all()
    done = first_share([(job, village) for job, village in given], part.story.standing)
    first = part.story.days_ago(Reach.INSTALLED)
    with part.cast.acting(CREW, "rollout") as (session, actor):
        for n, job in enumerate(session.scalars(select(Job).where(Job.id.in_(done)).order_by(Job.id))):
            if job.state == JobState.OPEN.value:
                clock = part.cast.on_day(max(first - n // _PER_DAY, 1))
                proof = _proof(session, clock, job, far=n % _FAR_EVERY == _FAR_EVERY // 2)
                record_installation(session, clock, actor, part.cast.store, job=job, proof=proof)


def first_share(given: Sequence[tuple[int, int]], share: float) -> list[int]:
    """Of jobs with their villages, which come village by village: the first share of each village's."""
    done: list[int] = []
    for _, some in groupby(given, key=itemgetter(1)):
        jobs = [job for job, _ in some]
        done += jobs[: round(len(jobs) * share)]
    return done


def _inspect(part: Part) -> None:
    """The first two thirds of what was put up, a few of them rejected; those far from their plan wait for somebody."""
    with part.cast.acting(INSPECTOR, "rollout") as (session, actor):
        found = session.scalars(
            select(Installation).where(Installation.sign_id.in_(_signs_of(part))).order_by(Installation.id)
        ).all()
        if verdicts(session, installations=[each.id for each in found]):
            return
        near = [each for each in found[: 2 * len(found) // 3] if each.offset_m < _FAR_M]
        bad = near[_BAD_EVERY // 2 :: _BAD_EVERY]
        accept(session, part.cast.on_day(3), actor, installations=[each for each in near if each not in bad])
        due_on = part.cast.clock.today() + timedelta(days=_REDO_DAYS)
        for installation, reason in zip(bad, cycle(_FLAWS)):
            reject(session, part.cast.on_day(2), actor, installation=installation, reason=reason, due_on=due_on)


def _proof(session: Session, clock: Clock, job: Job, *, far: bool) -> Proof:
    """A photo that shows nothing but words, and a place some metres beside the post, or far from it."""
    sign = session.get_one(Sign, job.sign_id)
    lon, lat = to_shape(session.get_one(Post, sign.post_id).point).coords[0][:2]
    east, north = metres_per_degree(lat)
    rng = seeded("proof", str(sign.uid))
    off = rng.normal(0.0, 2.5, 2) + (_FAR_M if far else 0.0)
    return Proof(
        uid=fresh_uid(session),
        lon=lon + float(off[0]) / float(east),
        lat=lat + float(off[1]) / float(north),
        accuracy_m=round(float(rng.uniform(3.0, 9.0)), 1),
        photo=picture(f"{sign.uid}"),
        taken_at=clock.now(),
        note="演示数据：照片和位置为生成",
    )


def picture(words: str) -> bytes:
    """A small JPEG that says 演示 (demonstration) and the words; different words give different bytes."""
    image = Image.new("RGB", (480, 320), "#d9dde0")
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 90, 420, 190), fill="#1f5aa6", outline="white", width=4)
    draw.rectangle((232, 190, 248, 320), fill="#7a7f85")
    large, small = (ImageFont.truetype(PLATE_FONT.path, size, index=PLATE_FONT.index) for size in (56, 16))
    draw.text((240, 140), "演示", font=large, fill="white", anchor="mm")
    draw.text((240, 40), f"生成的图片，不是照片 · {words[-12:]}", font=small, fill="#333333", anchor="mm")
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=70)
    return kept.getvalue()


def _scan(part: Part) -> None:
    """Readers open some pages on some days, and three of them report something; one report is answered."""
    tokens = _standing_tokens(part)
    if not tokens:
        return
    with part.cast.public.nobody(via=f"{VIA}: scanning") as session:
        for n, token in enumerate(tokens):
            for days_ago in range(1, 4 + n % 5):
                count_scan(session, part.cast.on_day(days_ago), token=token)
        for token, (kind, words, _) in zip(tokens, _REPORTS, strict=False):
            file_report(session, part.cast.on_day(2), token=token, said=Said(kind, words))
    with part.cast.acting(part.county.officer, "scanning") as (session, actor):
        answers = {words: answer for _, words, answer in _REPORTS if answer}
        waiting = select(Report).where(Report.state == ReportState.OPEN.value, Report.words.in_(answers))
        for report in session.scalars(waiting):
            close_report(session, part.cast.clock, actor, report=report, answer=answers[report.words])


def _standing_tokens(part: Part) -> Sequence[str]:
    """Some of the batch's codes whose signs stand; none once pages of the batch were opened."""
    with part.cast.acting(part.county.officer, "scanning") as (session, _):
        of_batch = select(Code.id).where(Code.sign_id.in_(_signs_of(part)))
        if session.scalar(select(ScanCount.id).where(ScanCount.code_id.in_(of_batch)).limit(1)) is not None:
            return []
        return session.scalars(
            select(Code.token)
            .join(Sign, Sign.id == Code.sign_id)
            .where(Sign.id.in_(_signs_of(part)), Sign.state == SignState.STANDING.value)
            .order_by(Sign.division_id, Sign.id)
            .limit(_SCANNED)
        ).all()
