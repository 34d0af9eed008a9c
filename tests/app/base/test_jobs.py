"""The worker: real runs through the real queue, as the person who queued them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.base import jobs
from app.base.errors import Invalid, NotAllowed
from app.base.jobs import RunContext, enqueue, enqueue_once, make_worker, perform
from app.base.models import Division, Role, Run
from tests.conftest import World

pytestmark = pytest.mark.database
SECRET = "13912345678"


def queued(world: World, kind: str, args: Mapping[str, Any] | None = None, *, by: int | None = None) -> UUID:
    person = by or world.person(Role.TOWN_OFFICER, "南镇")
    with world.office.acting(person, via="test") as session:
        return enqueue(session, kind, args or {})


def run_of(world: World, uid: UUID) -> Run:
    with world.office.acting(world.person(Role.ADMINISTRATOR, "市"), via="test") as session:
        return session.scalars(select(Run).where(Run.uid == uid)).one()


def test_a_queued_run_is_done_by_a_real_worker_as_the_person_who_queued_it(world: World):
    person = world.person(Role.TOWN_OFFICER, "南镇")

    def count(context: RunContext) -> dict[str, Any]:
        with context.acting() as session:
            me = session.scalar(text("SELECT base.me()"))
            places = session.scalar(select(Division.name).where(Division.uid == UUID(context.args["place"])))
        context.tell(1, 2, "halfway")
        context.tell(2, 2)
        return {"person": me, "place": places}

    with world.office.acting(person, via="test") as session:
        place = session.get_one(Division, world.places["甲村"])
        uid = enqueue(session, "count", {"place": place.uid})
    make_worker(world.settings, {"count": count}).run(wait=False)
    run = run_of(world, uid)
    assert (run.state, run.done, run.total) == ("done", 2, 2)
    assert run.result == {"person": person, "place": "甲村"}
    assert run.started_at is not None
    assert run.ended_at is not None


def test_a_button_that_many_press_at_one_moment_starts_one_run(world: World):
    key = world.person(Role.COUNTY_OFFICER, "东县")
    begin = threading.Barrier(4)

    def press(_: int) -> UUID:
        with world.office.acting(key, via="test") as session:
            begin.wait()
            return enqueue_once(session, "derive", {"division": "here"})

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(press, range(4)))) == 1
    with world.owner.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM base.run")) == 1


def test_a_run_that_has_ended_is_not_run_again(world: World):
    calls: list[UUID] = []

    def note(context: RunContext) -> dict[str, Any]:
        calls.append(context.uid)
        return {}

    uid = queued(world, "note")
    for _ in range(2):
        perform(uid, {"note": note}, office=world.office, queue=autocommit(world))
    assert calls == [uid]


def test_a_cancelled_run_stops_at_its_next_word_and_keeps_nothing(world: World):
    person = world.person(Role.COUNTY_OFFICER, "东县")

    def rename(context: RunContext) -> dict[str, Any]:
        with context.acting() as session:
            session.get_one(Division, world.places["甲村"]).name = "改名村"
            session.flush()
            with world.office.acting(person, via="test") as other:
                assert other.scalar(text("SELECT base.cancel_run(:uid)"), {"uid": context.uid})
            context.tell(1, 9)
        return {}

    uid = queued(world, "rename", by=person)
    perform(uid, {"rename": rename}, office=world.office, queue=autocommit(world))
    assert run_of(world, uid).state == "cancelled"
    with world.office.acting(person, via="test") as session:
        assert session.get_one(Division, world.places["甲村"]).name == "甲村"


def test_a_cancelled_run_stops_at_a_statement_where_its_last_word_is_long_ago(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    person = world.person(Role.COUNTY_OFFICER, "东县")
    monkeypatch.setattr(jobs, "TELL_SECONDS", 0.0)

    def ask(context: RunContext) -> dict[str, Any]:
        with context.acting() as session:
            context.tell(3, 9)
            with world.office.acting(person, via="test") as other:
                assert other.scalar(text("SELECT base.cancel_run(:uid)"), {"uid": context.uid})
            session.scalar(text("SELECT 1"))
        return {"came": "through"}

    uid = queued(world, "ask", by=person)
    perform(uid, {"ask": ask}, office=world.office, queue=autocommit(world))
    run = run_of(world, uid)
    assert (run.state, run.done, run.total, run.result) == ("cancelled", 3, 9, {})


def test_a_run_cancelled_while_it_waits_is_never_begun(world: World):
    person = world.person(Role.TOWN_OFFICER, "南镇")
    uid = queued(world, "note", by=person)
    with world.office.acting(person, via="test") as session:
        assert session.scalar(text("SELECT base.cancel_run(:uid)"), {"uid": uid})
    make_worker(world.settings, {"note": lambda _: pytest.fail("it ran")}).run(wait=False)
    assert run_of(world, uid).state == "cancelled"


def test_a_refusal_is_told_in_its_own_words_and_its_parts(world: World):
    def refuse(_: RunContext) -> dict[str, Any]:
        raise Invalid("Row {row} has no name.", row=7)

    uid = queued(world, "refuse")
    perform(uid, {"refuse": refuse}, office=world.office, queue=autocommit(world))
    run = run_of(world, uid)
    assert (run.state, run.message) == ("failed", "Row 7 has no name.")
    assert run.result["refusal"] == {"message": "Row {row} has no name.", "values": {"row": "7"}}


def test_an_unexpected_failure_tells_a_number_and_nothing_personal(world: World, caplog: pytest.LogCaptureFixture):
    def stumble(_: RunContext) -> dict[str, Any]:
        raise ValueError(SECRET)

    uid = queued(world, "stumble")
    perform(uid, {"stumble": stumble}, office=world.office, queue=autocommit(world))
    run = run_of(world, uid)
    assert run.state == "failed"
    trace = run.result["refusal"]["values"]["trace"]
    assert trace in run.message
    assert trace in caplog.text
    assert SECRET not in f"{run.message}{run.result}{caplog.text}"


def test_a_full_disk_ends_a_run_with_the_remedy(world: World):
    def fill(context: RunContext) -> dict[str, Any]:
        with context.acting() as session:
            session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"))
        return {}

    uid = queued(world, "fill")
    make_worker(world.settings, {"fill": fill}).run(wait=False)
    run = run_of(world, uid)
    assert (run.state, run.message) == (
        "failed",
        "The server's disk is full; nothing was saved. Free some space, then start this again.",
    )


def test_a_kind_that_the_worker_does_not_know_fails_with_a_remedy(world: World):
    uid = queued(world, "unheard-of")
    make_worker(world.settings, {}).run(wait=False)
    assert "newest version" in run_of(world, uid).message


def test_who_may_not_start_runs_is_refused(world: World):
    with pytest.raises(NotAllowed):
        queued(world, "note", by=world.person(Role.CREW, "南镇"))


def autocommit(world: World):
    return world.queue.engine.execution_options(isolation_level="AUTOCOMMIT")
