"""Jobs and installations: as officers and as the crew's own role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.base.errors import Conflict, Invalid, NotAllowed, NotFound
from app.base.files import LocalStore
from app.base.models import File, Role
from app.base.people import Actor
from app.planning.models import Sign
from app.rollout import queries, steps
from app.rollout.logic import Proof
from app.rollout.models import Installation, Job, JobState
from tests.app.builders import build_order, build_sign, build_street, division, person, person_row, run
from tests.app.rollout.photos import photo
from tests.conftest import NOON, World

DUE = date(2024, 7, 31)
PLACE = (116.36, 37.4)  # 甲村's point, where its streets start


@pytest.fixture(scope="module")
def begin() -> Callable[[World], None]:
    return with_order


def with_order(world: World) -> None:
    """Two signs in 甲村 and one in 丙村, in a released order of the county."""
    signs = [build_sign(world, build_street(world, village), state="ordered") for village in ("甲村", "甲村", "丙村")]
    build_order(world, signs)


@pytest.fixture
def released(world: World) -> World:
    """A world of one's own, ``with_order``."""
    return world


def give(
    world: World,
    *,
    role: Role = Role.COUNTY_OFFICER,
    at: str = "东县",
    crew: tuple[Role, str] = (Role.CREW, "东县"),
    due_on: date = DUE,
    only: int | None = None,
) -> list[Job]:
    officer, worker = person(world, role, at), person(world, *crew)
    with world.office.acting(officer.id, via="test") as session:
        signs = session.scalars(select(Sign).order_by(Sign.id).limit(only)).all()
        with world.owner.connect():
            return steps.give_jobs(session, world.clock, signs=signs, crew=person_row(session, worker), due_on=due_on)


def proof(**values: object) -> Proof:
    made = Proof(uid=uuid4(), lon=PLACE[0], lat=PLACE[1], accuracy_m=6.0, taken_at=NOON, photo=photo(), note="")
    return replace(made, **values)  # type: ignore[arg-type]


def record(world: World, folder: Path, job: Job, sent: Proof, *, by: Actor | None = None) -> Installation:
    crew = by or person(world, Role.CREW, "东县")
    with world.office.acting(crew.id, via="test") as session:
        mine = session.get(Job, job.id)
        if mine is None:
            raise NotFound("none of mine")
        return steps.record_installation(session, world.clock, crew, LocalStore(folder), job=mine, proof=sent)


def test_a_crew_sees_its_jobs_with_words_and_place_and_no_other_crews(released: World):
    jobs = give(released)
    assert [job.state for job in jobs] == ["open"] * 3
    assert {job.given_on for job in jobs} == {released.clock.today()}
    with released.office.acting(person(released, Role.CREW, "东县").id, via="test") as session:
        rows = queries.jobs(session)
        assert [row.words for row in rows] == ["明德路"] * 3
        assert (rows[0].village, rows[0].due_on, rows[0].facing_deg) == ("甲村", DUE, 180)
        assert (rows[0].lon, rows[0].lat) == pytest.approx(PLACE)
        assert [row.id for row in queries.jobs(session, after=rows[0].id, most=1)] == [rows[1].id]
        assert queries.jobs(session, state=JobState.DONE) == []
    with released.office.acting(person(released, Role.CREW, "南镇").id, via="test") as session:
        assert queries.jobs(session) == []
        with pytest.raises(NotFound):
            queries.job(session, jobs[0].uid)


def test_signs_wait_for_a_crew_until_each_has_one(released: World):
    def waiting() -> int:
        with released.office.acting(released.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
            return len(session.execute(queries.to_install(division=division(session, released, "东县"))).all())

    assert waiting() == 3
    job = give(released, only=1)[0]
    assert waiting() == 2
    with released.office.acting(released.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        steps.drop_job(session, released.clock, job=queries.job(session, job.uid))
        with pytest.raises(Conflict):
            steps.drop_job(session, released.clock, job=queries.job(session, job.uid))
    assert waiting() == 3


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("UPDATE planning.sign SET state = 'standing'", "standing, not ordered"),
        ("UPDATE printing.order SET state = 'draft', released_on = NULL", "not released"),
    ],
)
def test_a_sign_that_is_not_ready_gets_no_job(released: World, spoil: str, said: str):
    run(released, spoil)
    with pytest.raises(Conflict, match=said):
        give(released)
    assert run(released, "SELECT count(*) FROM rollout.job") == 0


def test_a_sign_is_given_to_one_crew(released: World):
    give(released, only=1)
    with pytest.raises(Conflict, match="with a crew already"):
        give(released)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"crew": (Role.SIGN_MAKER, "东县")}, "is no crew"),
        ({"crew": (Role.CREW, "北镇")}, "outside the territory"),
        ({"due_on": date(2024, 6, 30)}, "is over"),
    ],
)
def test_a_job_needs_a_crew_of_the_territory_and_a_day_to_come(released: World, values: dict[str, object], said: str):
    with pytest.raises(Invalid, match=said):
        give(released, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.AUDITOR])
def test_jobs_are_given_and_taken_back_by_officers_alone(released: World, role: Role):
    job = give(released, only=1)[0]
    with released.office.acting(person(released, role, "东县").id, via="test") as session:
        signs = session.scalars(select(Sign)).all()
        with pytest.raises(NotAllowed):
            steps.give_jobs(session, released.clock, signs=signs, crew=None, due_on=DUE)  # type: ignore[arg-type]
        with pytest.raises(NotAllowed):
            steps.drop_job(session, released.clock, job=queries.job(session, job.uid))
    with released.office.acting(person(released, Role.COUNTY_OFFICER, "西县").id, via="test") as session:
        assert session.scalars(select(Sign)).all() == []


def test_an_installation_ends_the_job_and_makes_the_sign_stand(released: World, tmp_path: Path):
    job = give(released)[0]
    made = record(released, tmp_path, job, proof(lon=PLACE[0] + 0.0001, note="墙上"))
    assert made.installed_on == released.clock.today()
    assert made.offset_m == pytest.approx(8.9, abs=0.1)
    assert run(released, "SELECT state FROM planning.sign WHERE id = :id", id=job.sign_id) == "standing"
    assert run(released, "SELECT state || ended_on FROM rollout.job WHERE id = :id", id=job.id) == "done2024-07-01"
    with released.office.acting(person(released, Role.INSPECTOR, "东县").id, via="test") as session:
        (row,) = queries.installations(session)
        assert (row.note, row.far, row.village) == ("墙上", False, "甲村")
        kept = session.get_one(File, row.photo_id)
        with LocalStore(tmp_path).get(kept.sha256) as original:
            assert original.read(), "the original is kept"
        assert queries.installations(session, far=True) == []


def test_a_position_in_another_country_proves_nothing(released: World, tmp_path: Path):
    job = give(released)[0]
    with pytest.raises(Invalid, match="km from where the sign is planned"):
        record(released, tmp_path, job, proof(lon=10.0, lat=10.0))
    assert run(released, "SELECT state FROM rollout.job WHERE id = :id", id=job.id) == "open"


def test_an_installation_far_from_its_plan_is_kept_and_shown(released: World, tmp_path: Path):
    jobs = give(released)
    record(released, tmp_path, jobs[0], proof(lon=PLACE[0] + 0.001))
    record(released, tmp_path, jobs[1], proof(photo=photo("#112233")))
    with released.office.acting(person(released, Role.COUNTY_OFFICER, "东县").id, via="test") as session:
        (far,) = queries.installations(session, far=True)
        assert far.far
        assert far.offset_m > 50
        assert len(queries.installations(session)) == 2
        assert queries.installations(session, before=far.id) == []
        assert queries.installations(session, far=True, before=far.id) == []


def test_sending_the_same_once_more_gives_the_same_installation(released: World, tmp_path: Path):
    job, sent = give(released)[0], proof()
    first = record(released, tmp_path, job, sent)
    again = record(released, tmp_path, job, sent)
    assert again.id == first.id
    assert run(released, "SELECT count(*) FROM rollout.installation") == 1
    assert run(released, "SELECT count(*) FROM base.file WHERE purpose = 'installation'") == 1


@pytest.mark.parametrize(
    "other",
    [
        {"lon": 116.38},
        {"accuracy_m": None},
        {"note": "x"},
        {"taken_at": NOON - timedelta(hours=1)},
        {"photo": photo("#000000")},
    ],
    ids=["place", "accuracy", "note", "moment", "photo"],
)
def test_other_content_under_the_same_key_is_refused(released: World, tmp_path: Path, other: dict[str, object]):
    job, sent = give(released)[0], proof()
    record(released, tmp_path, job, sent)
    with pytest.raises(Conflict, match="other content"):
        record(released, tmp_path, job, replace(sent, **other))  # type: ignore[arg-type]


def test_a_photo_proves_one_sign_whoever_took_it(released: World, tmp_path: Path):
    jobs, picture = give(released), photo()
    record(released, tmp_path, jobs[0], proof(photo=picture))
    token = run(released, "SELECT token FROM printing.code WHERE sign_id = :id", id=jobs[0].sign_id)
    with pytest.raises(Conflict, match=r"already proves the sign .+村 · .+ · ") as refused:
        record(released, tmp_path, jobs[1], proof(photo=picture))
    assert str(refused.value.values["sign"]).endswith(f"{token[:4]}-{token[4:]}")
    other = person(released, Role.CREW, "北镇")
    run(released, "UPDATE rollout.job SET crew_id = :crew WHERE id = :id", crew=other.id, id=jobs[2].id)
    with pytest.raises(Conflict, match="already proves a sign elsewhere"):
        record(released, tmp_path, jobs[2], proof(photo=picture), by=other)


def test_a_key_that_another_crew_used_is_refused(released: World, tmp_path: Path):
    jobs, sent = give(released), proof()
    record(released, tmp_path, jobs[0], sent)
    other = person(released, Role.CREW, "北镇")
    run(released, "UPDATE rollout.job SET crew_id = :crew WHERE id = :id", crew=other.id, id=jobs[2].id)
    with pytest.raises(Conflict, match="sent before"):
        record(released, tmp_path, jobs[2], replace(sent, photo=photo("#445566")), by=other)
    assert run(released, "SELECT count(*) FROM base.file WHERE purpose = 'installation'") == 1
    assert run(released, "SELECT state FROM rollout.job WHERE id = :id", id=jobs[2].id) == "open"


def test_a_job_is_done_once(released: World, tmp_path: Path):
    job = give(released)[0]
    record(released, tmp_path, job, proof())
    with pytest.raises(Conflict, match="done since 2024-07-01"):
        record(released, tmp_path, job, proof(photo=photo("#101010")))


@pytest.mark.parametrize(
    "wrong",
    [
        {"photo": b"no picture"},
        {"lat": 100.0},
        {"taken_at": NOON + timedelta(minutes=6)},
        {"taken_at": NOON - timedelta(days=400)},
    ],
)
def test_a_proof_that_cannot_be_leaves_nothing_behind(released: World, tmp_path: Path, wrong: dict[str, object]):
    job = give(released)[0]
    with pytest.raises(Invalid):
        record(released, tmp_path, job, proof(**wrong))
    assert run(released, "SELECT count(*) FROM base.file WHERE purpose = 'installation'") == 0
    assert run(released, "SELECT state FROM rollout.job WHERE id = :id", id=job.id) == "open"


def test_another_crew_cannot_record_on_this_job(released: World, tmp_path: Path):
    job, other = give(released)[0], person(released, Role.CREW, "南镇")
    with pytest.raises(NotFound):
        record(released, tmp_path, job, proof(), by=other)
    officer = person(released, Role.COUNTY_OFFICER, "东县")
    with pytest.raises(NotAllowed, match="another crew"):
        record(released, tmp_path, job, proof(), by=officer)
    assert run(released, "SELECT count(*) FROM rollout.installation") == 0


def test_an_unknown_key_is_no_installation(released: World):
    with released.office.acting(person(released, Role.CREW, "东县").id, via="test") as session:
        assert queries.installation(session, UUID(int=0)) is None
        with pytest.raises(NotFound):
            queries.planned_place(session, sign_id=0)


def inspect(
    world: World, made: Installation, *, reason: str = "", role: Role = Role.INSPECTOR, at: str = "东县"
) -> None:
    """Accept an installation, or reject it with a reason."""
    who = person(world, role, at)
    with world.office.acting(who.id, via="test") as session:
        found = queries.installation(session, made.uid)
        if found is None:
            raise NotFound("none of mine")
        if reason:
            steps.reject(session, world.clock, who, installation=found, reason=reason, due_on=DUE)
        else:
            steps.accept(session, world.clock, who, installations=[found])


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.TOWN_OFFICER, Role.COUNTY_OFFICER, Role.CITY_OFFICER])
def test_a_rejected_installation_gives_the_crew_its_job_anew_and_orders_the_sign_again(
    released: World, tmp_path: Path, role: Role
):
    at = {Role.TOWN_OFFICER: "南镇", Role.CITY_OFFICER: "市"}.get(role, "东县")
    job = give(released, only=1)[0]
    made = record(released, tmp_path, job, proof())
    inspect(released, made, reason=" 立反了 ", role=role, at=at)
    assert run(released, "SELECT state FROM planning.sign WHERE id = :id", id=job.sign_id) == "ordered"
    assert run(released, "SELECT state FROM rollout.job WHERE id = :id", id=job.id) == "done", "history stays"
    with released.office.acting(person(released, Role.CREW, "东县").id, via="test") as session:
        (again,) = queries.jobs(session)
        assert (again.redo_reason, again.due_on) == ("立反了", DUE)
        old = queries.installation_of(session, job_id=job.id)
        assert old is not None
        assert (old.verdict, old.reason) == ("rejected", "立反了")
    with pytest.raises(Conflict, match="already proves"):
        record(released, tmp_path, _job(released, again.uid), proof(photo=_photo_of(released, tmp_path, made)))
    second = record(released, tmp_path, _job(released, again.uid), proof(photo=photo("#203040")))
    assert run(released, "SELECT state FROM planning.sign WHERE id = :id", id=job.sign_id) == "standing"
    inspect(released, second)
    with released.office.acting(person(released, Role.AUDITOR, "市").id, via="test") as session:
        rows = queries.installations(session)
        assert [row.verdict for row in rows] == ["accepted", "rejected"]
        assert [row.id for row in queries.other_installations(session, rows[0])] == [rows[1].id]


def _job(world: World, uid: UUID) -> Job:
    with world.office.acting(person(world, Role.CREW, "东县").id, via="test") as session:
        return queries.job(session, uid)


def _photo_of(world: World, folder: Path, made: Installation) -> bytes:
    sha256 = str(run(world, "SELECT photo_sha256 FROM rollout.installation WHERE id = :id", id=made.id))
    with LocalStore(folder).get(sha256) as content:
        return content.read()


def test_an_accepted_installation_is_inspected_once_and_can_be_rejected_later(released: World, tmp_path: Path):
    made = record(released, tmp_path, give(released, only=1)[0], proof())
    inspect(released, made)
    assert run(released, "SELECT count(*) FROM rollout.job WHERE state = 'open'") == 0
    with pytest.raises(Conflict, match="inspected on 2024-07-01 already"):
        inspect(released, made)
    inspect(released, made, reason="柱子松动")
    with pytest.raises(Conflict, match="rejected on 2024-07-01 already"):
        inspect(released, made, reason="再次")
    with pytest.raises(Conflict, match="inspected on"):
        inspect(released, made)
    assert run(released, "SELECT count(*) FROM rollout.job WHERE state = 'open'") == 1


def test_a_plate_whose_name_was_replaced_is_sent_to_no_crew_again(released: World, tmp_path: Path):
    job = give(released, only=1)[0]
    made = record(released, tmp_path, job, proof())
    run(
        released,
        "UPDATE naming.name SET retired_on = '2024-06-30' FROM planning.sign g"
        " WHERE g.id = :sign AND g.name_id = name.id RETURNING 1",
        sign=job.sign_id,
    )
    with pytest.raises(Conflict, match="was replaced on"):
        inspect(released, made, reason="立反了")
    assert run(released, "SELECT state FROM planning.sign WHERE id = :id", id=job.sign_id) == "standing"
    inspect(released, made)


@pytest.mark.parametrize(("role", "at"), [(Role.AUDITOR, "市"), (Role.CREW, "东县"), (Role.ADMINISTRATOR, "市")])
def test_those_who_do_not_inspect_reject_and_accept_nothing(released: World, tmp_path: Path, role: Role, at: str):
    made = record(released, tmp_path, give(released, only=1)[0], proof())
    for reason in ("", "不合格"):
        with pytest.raises(NotAllowed):
            inspect(released, made, reason=reason, role=role, at=at)
    with pytest.raises(NotFound):
        inspect(released, made, reason="不合格", at="西县")
    assert run(released, "SELECT count(*) FROM rollout.inspection") == 0
    assert run(released, "SELECT count(*) FROM planning.sign WHERE state = 'standing'") == 1


def test_a_rejection_needs_a_reason_and_a_day_to_come(released: World, tmp_path: Path):
    made = record(released, tmp_path, give(released, only=1)[0], proof())
    who = person(released, Role.INSPECTOR, "东县")
    with released.office.acting(who.id, via="test") as session:
        found = queries.installation(session, made.uid)
        assert found is not None
        for reason, day, field in ((" ", DUE, "reason"), ("歪了", date(2024, 6, 30), "due_on")):
            with pytest.raises(Invalid) as refused:
                steps.reject(session, released.clock, who, installation=found, reason=reason, due_on=day)
            assert refused.value.field == field
    assert run(released, "SELECT count(*) FROM rollout.inspection") == 0


def test_where_the_crew_left_a_rejected_sign_waits_for_another_crew_that_reads_the_reason(
    released: World, tmp_path: Path
):
    made = record(released, tmp_path, give(released, only=1)[0], proof())
    run(released, "UPDATE base.person SET active = false WHERE id = :id", id=released.person(Role.CREW, "东县"))
    inspect(released, made, reason="被遮挡")
    assert run(released, "SELECT count(*) FROM rollout.job WHERE state = 'open'") == 0
    run(released, "UPDATE base.person SET active = true WHERE id = :id", id=released.person(Role.CREW, "东县"))
    (job,) = give(released, only=1)
    assert job.redo_reason == "被遮挡"


def test_what_waits_for_inspection_is_counted_and_listed(released: World, tmp_path: Path):
    jobs = give(released)
    first = record(released, tmp_path, jobs[0], proof())
    record(released, tmp_path, jobs[1], proof(photo=photo("#112233")))
    inspect(released, first)
    with released.office.acting(person(released, Role.INSPECTOR, "东县").id, via="test") as session:
        assert queries.count_waiting(session) == 1
        listed = session.execute(queries.listed_installations(verdict=queries.WAITING)).all()
        assert [row.verdict for row in listed] == [None]
        assert len(session.execute(queries.listed_installations(verdict="accepted")).all()) == 1
