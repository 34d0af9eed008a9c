"""Undoing as a run: whole or not at all, once, and within the ten minutes in which it was asked for."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import create_engine, event, text

from app.base import history
from app.base.history import current_act
from app.base.jobs import enqueue, perform
from app.base.models import Role
from app.base.settings import QUEUE
from app.commands.kinds import kinds
from tests.app.pages import Office, Person, hidden_in, survey, taken_in, uids_in, work_off
from tests.rules.rows import Maker
from tests.world import World

pytestmark = pytest.mark.database
STREETS = 7


def renamed(world: World) -> tuple[int, UUID]:
    """An officer, and their act: all streets of 甲村 have another name."""
    officer = world.person(Role.COUNTY_OFFICER, "东县")
    with world.owner.begin() as connection:
        maker = Maker(connection, somebody=officer)
        for _ in range(STREETS):
            maker.make("inventory.street", world.places["甲村"], surveyed_name="老街")
    with world.office.acting(officer, via="test") as session:
        session.execute(text("UPDATE inventory.street SET surveyed_name = '新街'"))
        return officer, current_act(session)


def names(world: World) -> list[str]:
    with world.owner.connect() as connection:
        return list(connection.scalars(text("SELECT surveyed_name FROM inventory.street")))


def asked(world: World, officer: int, act: UUID) -> UUID:
    with world.office.acting(officer, via="test") as session:
        return enqueue(session, "undo", {"act": act})


def ended(world: World, uid: UUID) -> tuple[str, str, dict[str, object]]:
    """The run's state, message and result once it was worked off."""
    queue = create_engine(world.settings.url_of(QUEUE), isolation_level="AUTOCOMMIT")
    perform(uid, kinds(world.settings, world.clock), office=world.office, queue=queue)
    queue.dispose()
    with world.owner.connect() as connection:
        row = connection.execute(text("SELECT state, message, result FROM base.run WHERE uid = :uid"), {"uid": uid})
        state, message, result = row.one()
        return state, message, result


def test_a_run_takes_an_act_back_and_says_by_which_act_that_is_undone(world: World):
    officer, act = renamed(world)
    state, _, result = ended(world, asked(world, officer, act))
    assert (state, result["rows"]) == ("done", STREETS)
    assert names(world) == ["老街"] * STREETS
    state, _, result = ended(world, asked(world, officer, UUID(str(result["act"]))))
    assert (state, result["rows"]) == ("done", STREETS)
    assert names(world) == ["新街"] * STREETS


def test_an_undoing_that_is_cancelled_half_way_leaves_all_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(history, "PART", 2)
    officer, act = renamed(world)
    uid = asked(world, officer, act)
    parts = []

    def cancel(*told: object) -> None:
        if "history.undo(" in str(told[2]):
            parts.append(told[2])
        if len(parts) == 2:
            with world.owner.begin() as connection:
                connection.execute(text("UPDATE base.run SET cancel_asked = true WHERE uid = :uid"), {"uid": uid})

    event.listen(world.office.engine, "after_cursor_execute", cancel)
    state, _, result = ended(world, uid)
    event.remove(world.office.engine, "after_cursor_execute", cancel)
    assert (state, result, len(parts)) == ("cancelled", {}, 2)
    assert names(world) == ["新街"] * STREETS
    assert ended(world, asked(world, officer, act))[0] == "done"


def test_a_run_that_is_begun_anew_after_its_end_says_what_it_did(world: World):
    officer, act = renamed(world)
    uid = asked(world, officer, act)
    first = ended(world, uid)
    with world.owner.begin() as connection:
        connection.execute(text("UPDATE base.run SET state = 'running', result = '{}' WHERE uid = :uid"), {"uid": uid})
    assert ended(world, uid) == first
    assert names(world) == ["老街"] * STREETS


def test_the_ten_minutes_end_when_the_run_is_asked_for(world: World):
    officer, act = renamed(world)
    uid = asked(world, officer, act)
    with world.owner.begin() as connection:
        late = text("UPDATE base.run SET recorded_at = now() + interval '10 minutes 5 seconds' WHERE uid = :uid")
        connection.execute(late, {"uid": uid})
    state, message, _ = ended(world, uid)
    assert (state, "ten minutes" in message) == ("failed", True)
    assert names(world) == ["新街"] * STREETS


@pytest.fixture
def all_by_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.inventory.views.withdrawing.AT_ONCE", 0)
    monkeypatch.setattr(history, "AT_ONCE", 0)


@pytest.mark.usefixtures("all_by_runs")
def test_a_large_intake_is_undone_and_brought_back_by_runs_with_their_own_pages(world: World, office: Office):
    officer = Person(office, Role.COUNTY_OFFICER, "西县")
    record = taken_in(world, officer, "中镇", survey())
    streets = uids_in(officer.reads("/inventory"), "/inventory")
    here = f"/inventory/intakes/{record.rpartition('/')[2]}/undo"
    going = officer.goes(here, **hidden_in(officer.reads(record), here))
    assert "撤销导入" in officer.reads(going)
    work_off(world, going.rpartition("/")[2])
    assert officer.goes_to(going) == record
    toast = officer.reads(record)
    assert "已撤销" in toast
    assert uids_in(officer.reads("/inventory"), "/inventory") == []
    act = toast.split('action="/undo/')[1].split('"')[0]
    back = officer.goes(f"/undo/{act}", next=record)
    assert "撤销大批量操作" in officer.reads(back)
    work_off(world, back.partition("?")[0].rpartition("/")[2])
    assert officer.goes_to(back) == record
    assert "恢复原样" in officer.reads(record)
    assert set(uids_in(officer.reads("/inventory"), "/inventory")) == set(streets) != set()


@pytest.mark.usefixtures("all_by_runs")
def test_a_withdrawal_that_is_cancelled_or_overtaken_leaves_the_intake_as_it_was(world: World, office: Office):
    officer = Person(office, Role.COUNTY_OFFICER, "西县")
    record = taken_in(world, officer, "中镇", survey())
    streets = uids_in(officer.reads("/inventory"), "/inventory")
    here = f"/inventory/intakes/{record.rpartition('/')[2]}/undo"
    going = officer.goes(here, **hidden_in(officer.reads(record), here))
    officer.goes(f"/runs/{going.rpartition('/')[2]}/cancel")
    assert "此文件带来的内容保持原样" in officer.reads(going)
    again = officer.goes(here, **hidden_in(officer.reads(record), here))
    assert again != going
    with world.owner.begin() as connection:
        connection.exec_driver_sql("UPDATE intake.intake SET version = version + 1")
    work_off(world, again.rpartition("/")[2])
    assert "此文件带来的内容保持原样" in officer.reads(again)
    assert uids_in(officer.reads("/inventory"), "/inventory") == streets


def test_an_act_of_somebody_else_is_taken_back_by_no_run(world: World):
    _, act = renamed(world)
    state, message, _ = ended(world, asked(world, world.person(Role.COUNTY_OFFICER, "西县"), act))
    assert (state, "nothing of yours" in message) == ("failed", True)
