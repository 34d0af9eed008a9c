"""The page of long work: from a run, also a cancelled one, there is a way back to what it was about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import get_type_hints
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from app.base.errors import NotFound, Subject
from app.base.jobs import RunContext, Work, enqueue, perform
from app.base.models import Role
from app.base.settings import QUEUE
from app.commands.kinds import kinds
from app.web.language import catalogue
from app.web.words import RUN_KEYS, RUN_KINDS, RUN_RESULTS
from tests.app.web.conftest import Office, token_in
from tests.conftest import World

pytestmark = pytest.mark.database
DIVISION, BATCH, ORDER = (str(UUID(int=number)) for number in (1, 2, 3))  # fixed: two workers collect the same tests


@pytest.mark.parametrize(
    ("kind", "args", "back"),
    [
        ("release", {"order": ORDER}, f"/printing/{ORDER}"),
        ("plan", {"division": DIVISION, "batch": BATCH}, f"/milestones/{BATCH}"),
        ("plan", {"division": DIVISION, "batch": ""}, f"/planning?in={DIVISION}"),
        ("intake", {"division": DIVISION}, f"/intake?in={DIVISION}"),
    ],
)
def test_a_cancelled_run_leads_back_to_what_it_was_about(office: Office, kind: str, args: dict[str, str], back: str):
    client = office.signed_in(Role.COUNTY_OFFICER, "东县")
    with office.world.office.acting(office.world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        uid = enqueue(session, kind, args)
    form = {"form_token": token_in(client.get(f"/runs/{uid}").text)}
    answer = client.post(f"/runs/{uid}/cancel", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{uid}")
    assert f'href="{back}"' in client.get(f"/runs/{uid}").text


def test_the_list_of_runs_says_which_file_each_is_about(office: Office):
    client = office.signed_in(Role.COUNTY_OFFICER, "东县")
    with office.world.office.acting(office.world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        enqueue(session, "intake", {"division": DIVISION, "source": "南镇补测.geojson"})
        enqueue(session, "release", {"order": ORDER})
    assert client.get("/runs").text.count("南镇补测.geojson") == 1


def test_work_that_is_about_nothing_has_no_way_back(office: Office):
    client = office.signed_in(Role.COUNTY_OFFICER, "东县")
    with office.world.office.acting(office.world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        uid = enqueue(session, "export", {})
    page = client.get(f"/runs/{uid}").text
    assert "返回" not in page


def kinds_of(world: World) -> Mapping[str, Work]:
    return kinds(world.settings, world.clock)


def test_every_kind_of_work_and_every_value_of_its_result_has_a_word(office: Office):
    known = kinds_of(office.world)
    assert set(known) == set(RUN_KINDS) == set(RUN_RESULTS)
    for kind, work in known.items():
        assert isinstance(work, partial)
        said = get_type_hints(work.func)["return"].__annotations__
        assert set(said) == set(RUN_RESULTS[kind]) | RUN_KEYS.get(kind, frozenset()), kind
        told = [RUN_KINDS[kind], *RUN_RESULTS[kind].values()]
        assert all(catalogue("zh").get(word) for word in told), kind


def done(office: Office, kind: str, args: dict[str, str], result: Mapping[str, object]) -> UUID:
    """A run of the county officer that has ended with this result."""
    person = office.world.person(Role.COUNTY_OFFICER, "东县")
    with office.world.office.acting(person, via="test") as session:
        uid = enqueue(session, kind, args)
    with office.world.owner.begin() as connection:
        connection.execute(
            text("UPDATE base.run SET state = 'done', ended_at = now(), result = CAST(:r AS jsonb) WHERE uid = :u"),
            {"u": uid, "r": json.dumps(result)},
        )
    return uid


def test_a_result_is_told_in_words_with_links_and_without_keys(office: Office):
    client = office.signed_in(Role.COUNTY_OFFICER, "东县")
    planned = {"signs": 1234, "posts": 3, "left": 2, "spots": 0, "act": BATCH}
    page = client.get(f"/runs/{done(office, 'plan', {'division': DIVISION, 'batch': ''}, planned)}").text
    assert "<dt>规划标志</dt><dd>1,234</dd>" in page
    assert BATCH not in page
    assert not re.search(r"<dt>(signs|posts|left|spots|act)</dt>", page)
    released = {"order": ORDER, "number": "2026-演示-001"}
    page = client.get(f"/runs/{done(office, 'release', {'order': ORDER}, released)}").text
    assert f'<dd><a href="/printing/{ORDER}">2026-演示-001</a></dd>' in page
    assert f">{ORDER}" not in page


def test_a_run_offers_nobody_a_way_to_pages_that_are_closed_to_them(office: Office):
    uid = done(office, "intake", {"division": DIVISION}, {"intake": ORDER, "rows": 7, "streets": 5, "in_scope": 3})
    assert f'href="/intake?in={DIVISION}"' in office.signed_in(Role.COUNTY_OFFICER, "东县").get(f"/runs/{uid}").text
    closed = office.signed_in(Role.CONTENT_EDITOR, "东县").get(f"/runs/{uid}")
    assert (closed.status_code, "/intake" in closed.text) == (200, False)


def told(office: Office, state: str, *, done: int, total: int | None, seconds: int) -> str:
    """What the bar says of an intake in this state that began so many seconds ago."""
    client = office.signed_in(Role.COUNTY_OFFICER, "东县")
    with office.world.office.acting(office.world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        uid = enqueue(session, "intake", {"division": DIVISION})
    begun, ended = office.world.clock.now() - timedelta(seconds=seconds), state in {"cancelled", "failed", "done"}
    with office.world.owner.begin() as connection:
        connection.execute(
            text(
                "UPDATE base.run SET state = :s, done = :d, total = :t, started_at = :b,"
                " ended_at = CASE WHEN :e THEN :b END WHERE uid = :u"
            ),
            {"u": uid, "s": state, "d": done, "t": total, "b": begun, "e": ended},
        )
    return str(client.get(f"/runs/{uid}/bar").text)


@pytest.mark.parametrize(
    ("done", "seconds", "left"),
    [(5_000, 10, "30 秒"), (5_000, 100, "5 分钟"), (100, 100, "6 小时"), (19_999, 60, "1 秒")],
)
def test_the_bar_tells_about_how_long_the_rest_takes(office: Office, done: int, seconds: int, left: str):
    page = told(office, "running", done=done, total=20_000, seconds=seconds)
    assert f"已处理 {done:,} / 20,000 条，剩余 {20_000 - done:,} 条 · 大约还需 {left}" in page


@pytest.mark.parametrize(("done", "total", "seconds"), [(0, 20_000, 60), (0, None, 60), (500, 20_000, 0)])
def test_before_there_is_something_to_go_by_no_time_is_told(office: Office, done: int, total: int | None, seconds: int):
    assert "大约还需" not in told(office, "running", done=done, total=total, seconds=seconds)


@pytest.mark.parametrize("state", ["cancelled", "failed"])
def test_a_run_that_did_not_come_through_says_that_nothing_was_kept_and_not_what_is_left(office: Office, state: str):
    page = told(office, state, done=20_000, total=20_000, seconds=60)
    assert "未保留任何内容" in page
    assert "剩余" not in page
    assert "20,000" not in page
    assert "<progress" not in page
    assert "20,000" not in office.signed_in(Role.COUNTY_OFFICER, "东县").get("/runs").text


def test_the_number_of_failed_runs_leads_to_the_list_that_it_counts(office: Office):
    with office.world.office.acting(office.world.person(Role.ADMINISTRATOR, "市"), via="test") as session:
        failed, good, old = (enqueue(session, "intake", {"source": f"{name}.geojson"}) for name in ("甲", "乙", "丙"))
    long_ago = office.world.clock.now() - timedelta(days=8)
    with office.world.owner.begin() as connection:
        connection.execute(text("UPDATE base.run SET recorded_at = :now"), {"now": office.world.clock.now()})
        connection.execute(
            text("UPDATE base.run SET state = 'failed', ended_at = recorded_at WHERE uid IN (:failed, :old)"),
            {"failed": failed, "old": old},
        )
        connection.execute(
            text("UPDATE base.run SET recorded_at = :then WHERE uid = :old"), {"then": long_ago, "old": old}
        )
    admin = office.signed_in(Role.ADMINISTRATOR, "市")
    assert 'href="/runs?state=failed&amp;lately=yes"' in admin.get("/").text
    listed = admin.get("/runs?state=failed&lately=yes").text
    assert str(failed) in listed
    assert str(old) not in listed
    assert str(good) not in listed
    assert str(old) in admin.get("/runs?state=failed").text


def test_why_a_run_failed_is_told_in_its_readers_language_with_the_day_and_the_record_as_they_are_said(
    world: World, office: Office
):
    officer = Role.COUNTY_OFFICER, "东县"

    def refuse(_: RunContext) -> dict[str, object]:
        raise NotFound("{subject}: there is none of {day}.", subject=Subject("intake.segment"), day=date(2024, 6, 18))

    with world.office.acting(world.person(*officer), via="test") as session:
        uid = enqueue(session, "intake", {"division": DIVISION})
    queue = create_engine(world.settings.url_of(QUEUE), isolation_level="AUTOCOMMIT")
    perform(uid, {"intake": refuse}, office=world.office, queue=queue)
    queue.dispose()
    client = office.signed_in(*officer)
    for language, said in (
        ("en", "Segment: there is none of 18 June 2024."),
        ("zh", "路段: there is none of 2024年6月18日."),
    ):
        client.post("/language", data={"form_token": office.token_of(client), "language": language})
        assert said in client.get(f"/runs/{uid}").text
        assert said in client.get("/runs?state=failed").text
