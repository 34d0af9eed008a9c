"""One undo, built on history: exact, all or nothing, by whoever did it, within ten minutes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app.base import history
from app.base.clock import Clock
from app.base.errors import Conflict, NotAllowed, NotFound, Subject
from app.base.history import current_act, undo
from app.base.models import Role
from app.base.people import Actor
from app.web.language import translate
from tests.conftest import World
from tests.rules.rows import Maker

NAMED = (
    "UPDATE inventory.street SET surveyed_name = :name, length_m = 0.1 + 0.2, line = ST_Reverse(line) WHERE id = :id"
)
REMOVED = "DELETE FROM inventory.street WHERE id = :id"


def actor(world: World, person: int) -> Actor:
    """As much of the person as an undo asks for."""
    with world.owner.connect() as connection:
        row = connection.execute(text("SELECT * FROM base.person WHERE id = :id"), {"id": person}).one()
    role = Role(row.role)
    return Actor(row.id, row.uid, row.login, row.name, role, row.division_id, row.territory, "", row.language)


def streets(world: World, n: int = 1) -> list[int]:
    with world.owner.begin() as connection:
        maker = Maker(connection, somebody=0)
        return [maker.make("inventory.street", world.places["甲村"]) for _ in range(n)]


def snapshot(world: World, keys: list[int], table: str = "inventory.street", but: str = "version") -> list[str]:
    """Each row's text as the database writes it, to the last byte."""
    with world.owner.connect() as connection:
        sql = f"SELECT (hstore(t) - '{but}'::text)::text FROM {table} t WHERE id = ANY (:keys) ORDER BY id"
        return list(connection.scalars(text(sql), {"keys": keys}))


def do(world: World, person: int, *statements: tuple[str, Mapping[str, object]]) -> UUID:
    """One act."""
    with world.office.acting(person, via="test") as session:
        for statement, values in statements:
            session.execute(text(statement), values)
        return current_act(session)


def take_back(world: World, person: int, act: UUID, clock: Clock | None = None) -> UUID:
    """The undo's own act."""
    with world.office.acting(person, via="undo", undoes=act) as session:
        assert undo(session, clock or Clock(), actor(world, person), act) > 0
        return current_act(session)


@pytest.fixture(scope="module")
def officer(shared_world: World) -> int:
    return shared_world.person(Role.TOWN_OFFICER, "南镇")


def test_a_change_is_taken_back_to_the_last_bit(shared_world: World, officer: int):
    (key,) = streets(shared_world)
    before = snapshot(shared_world, [key])
    act = do(shared_world, officer, (NAMED, {"name": "幸福路", "id": key}))
    assert snapshot(shared_world, [key]) != before
    take_back(shared_world, officer, act)
    assert snapshot(shared_world, [key]) == before


def test_a_removed_row_returns_with_its_keys_and_its_version(shared_world: World, officer: int):
    keys = streets(shared_world, 3)
    before = snapshot(shared_world, keys, but="")
    act = do(shared_world, officer, *((REMOVED, {"id": key}) for key in keys))
    assert snapshot(shared_world, keys) == []
    take_back(shared_world, officer, act)
    assert snapshot(shared_world, keys, but="") == before


def test_an_act_of_many_kinds_is_taken_back_whole_and_its_undo_as_well(shared_world: World, officer: int):
    changed, removed, other = streets(shared_world, 3)
    keys = [changed, removed, other]
    before = snapshot(shared_world, keys)
    added = (
        "INSERT INTO inventory.street (id, division_id, line, length_m, bearing_deg, stream, geometry_source,"
        " surveyed_on)"
        " SELECT 990001, division_id, line, length_m, 1, stream, geometry_source, surveyed_on FROM inventory.street"
        " WHERE id = :id"
    )
    act = do(
        shared_world,
        officer,
        (added, {"id": other}),
        (NAMED, {"name": "一", "id": changed}),
        (NAMED, {"name": "二", "id": changed}),
        ("UPDATE inventory.street SET state = 'proposed' WHERE id = 990001", {}),
        (NAMED, {"name": "三", "id": removed}),
        (REMOVED, {"id": removed}),
    )
    after = snapshot(shared_world, [*keys, 990001])
    assert len(after) == 3
    undone = take_back(shared_world, officer, act)
    assert snapshot(shared_world, [*keys, 990001]) == before
    take_back(shared_world, officer, undone)
    assert snapshot(shared_world, [*keys, 990001]) == after


def test_an_act_is_undone_once(shared_world: World, officer: int):
    (key,) = streets(shared_world)
    act = do(shared_world, officer, (NAMED, {"name": "幸福路", "id": key}))
    take_back(shared_world, officer, act)
    with pytest.raises(Conflict, match="already"):
        take_back(shared_world, officer, act)


def test_what_was_changed_since_stands_and_nothing_is_taken_back(shared_world: World, officer: int):
    first, second = streets(shared_world, 2)
    act = do(shared_world, officer, (NAMED, {"name": "甲", "id": first}), (NAMED, {"name": "乙", "id": second}))
    do(shared_world, shared_world.person(Role.COUNTY_OFFICER, "东县"), (NAMED, {"name": "丙", "id": first}))
    before = snapshot(shared_world, [first, second])
    with pytest.raises(Conflict, match="changed again"):
        take_back(shared_world, officer, act)
    assert snapshot(shared_world, [first, second]) == before


def test_what_was_changed_by_one_whose_history_one_may_not_read_stands_as_well(shared_world: World, officer: int):
    contact = shared_world.person(Role.VILLAGE_CONTACT, "甲村")
    with shared_world.owner.begin() as connection:
        key = Maker(connection, somebody=contact).make("naming.proposal", shared_world.places["甲村"])
    act = do(shared_world, contact, ("UPDATE naming.proposal SET note = 'mine' WHERE id = :id", {"id": key}))
    do(shared_world, officer, ("UPDATE naming.proposal SET note = 'theirs' WHERE id = :id", {"id": key}))
    with pytest.raises(Conflict, match="changed again"):
        take_back(shared_world, contact, act)
    with shared_world.owner.connect() as connection:
        assert connection.scalar(text("SELECT note FROM naming.proposal WHERE id = :id"), {"id": key}) == "theirs"


def test_what_stands_in_the_way_since_is_said_and_nothing_is_taken_back(shared_world: World, officer: int):
    (key,) = streets(shared_world)
    removed = do(shared_world, officer, (REMOVED, {"id": key}))
    back = take_back(shared_world, officer, removed)
    with shared_world.owner.begin() as connection:
        Maker(connection, somebody=officer).make("naming.proposal", shared_world.places["甲村"], street_id=key)
    with pytest.raises(Conflict, match=r"naming\.proposal hangs together"):
        take_back(shared_world, officer, back)
    assert len(snapshot(shared_world, [key])) == 1


def test_a_row_whose_place_another_took_is_not_brought_back(shared_world: World):
    officer = shared_world.person(Role.COUNTY_OFFICER, "东县")
    with shared_world.owner.begin() as connection:
        maker = Maker(connection, somebody=officer)
        key = maker.make("milestones.batch", shared_world.places["东县"], title="春批")
    renamed = do(shared_world, officer, ("UPDATE milestones.batch SET title = '夏批' WHERE id = :id", {"id": key}))
    with shared_world.owner.begin() as connection:
        Maker(connection, somebody=officer).make("milestones.batch", shared_world.places["东县"], title="春批")
    with pytest.raises(Conflict, match=r"another milestones\.batch stands"):
        take_back(shared_world, officer, renamed)


def test_what_the_law_keeps_cannot_be_undone(shared_world: World):
    officer = shared_world.person(Role.COUNTY_OFFICER, "东县")
    with shared_world.owner.begin() as connection:
        key = Maker(connection, somebody=officer).make("naming.name", shared_world.places["甲村"])
    act = do(shared_world, officer, ("UPDATE naming.name SET retired_on = '2024-08-01' WHERE id = :id", {"id": key}))
    with pytest.raises(NotAllowed, match=r"naming\.name keeps"):
        take_back(shared_world, officer, act)


def test_after_ten_minutes_and_for_somebody_else_there_is_no_undo(shared_world: World, officer: int):
    (key,) = streets(shared_world)
    act = do(shared_world, officer, (NAMED, {"name": "幸福路", "id": key}))
    with pytest.raises(NotAllowed, match="ten minutes"):
        take_back(shared_world, officer, act, Clock(datetime.now(UTC) + timedelta(minutes=10, seconds=1)))
    with pytest.raises(NotFound):
        take_back(shared_world, shared_world.person(Role.COUNTY_OFFICER, "东县"), act)
    take_back(shared_world, officer, act, Clock(datetime.now(UTC) + timedelta(minutes=9, seconds=55)))


def test_a_row_that_is_out_of_reach_now_is_not_put_back(world: World):
    officer = world.person(Role.TOWN_OFFICER, "南镇")
    (key,) = streets(world)
    act = do(world, officer, (NAMED, {"name": "幸福路", "id": key}))
    with world.owner.begin() as connection:
        connection.execute(
            text("UPDATE base.person SET division_id = :to WHERE id = :id"), {"to": world.places["中镇"], "id": officer}
        )
    with pytest.raises(Conflict, match="not yours to change"):
        take_back(world, officer, act)


def test_an_undo_is_itself_recorded_and_says_what_it_undid(shared_world: World, officer: int):
    (key,) = streets(shared_world)
    act = do(shared_world, officer, (NAMED, {"name": "幸福路", "id": key}))
    undone = take_back(shared_world, officer, act)
    with shared_world.owner.connect() as connection:
        rows = connection.execute(
            text("SELECT act, undoes, op, via FROM history.entry WHERE row_id = :id AND subject = 'inventory.street'"),
            {"id": key},
        ).all()
    assert tuple(rows[-1]) == (undone, act, "update", "undo")


COUNTED = """
CREATE SEQUENCE base.statements;
CREATE FUNCTION base.count_statement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
  $$ BEGIN PERFORM nextval('base.statements'); RETURN NULL; END $$;
CREATE TRIGGER z_counted AFTER INSERT OR UPDATE OR DELETE ON inventory.street
  FOR EACH STATEMENT EXECUTE FUNCTION base.count_statement();
"""


def test_the_rows_of_a_large_act_go_and_come_by_sets_and_are_what_they_were(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(history, "PART", 40)
    officer = world.person(Role.TOWN_OFFICER, "南镇")
    keys = streets(world, 90)
    before = snapshot(world, keys, but="")
    some = "UPDATE inventory.street SET surveyed_name = :name WHERE id = ANY (:keys)"
    act = do(
        world,
        officer,
        (some, {"name": "甲", "keys": keys[:60]}),
        (some, {"name": "乙", "keys": keys[30:]}),
        ("DELETE FROM inventory.street WHERE id = ANY (:keys)", {"keys": keys}),
    )
    with world.owner.begin() as connection:
        connection.exec_driver_sql(COUNTED)
    undone = take_back(world, officer, act)
    assert snapshot(world, keys) == snapshot_of(before)
    gone = take_back(world, officer, undone)
    assert snapshot(world, keys) == []
    take_back(world, officer, gone)
    assert snapshot(world, keys) == snapshot_of(before)
    with world.owner.connect() as connection:
        statements = connection.scalar(text("SELECT last_value FROM base.statements"))
        entries = connection.scalar(
            text("SELECT count(*) FROM history.entry WHERE undoes = ANY (:acts)"), {"acts": [act, undone, gone]}
        )
    assert entries == 3 * (90 + 60 + 60)
    assert 3 * 3 <= statements <= 3 * 12


def snapshot_of(rows: list[str]) -> list[str]:
    """Without the versions: a row that came back was changed back after it."""
    return [re.sub(r', "version"=>"\d+"|"version"=>"\d+", ', "", row) for row in rows]


def test_rows_that_exchanged_what_is_there_once_get_it_back(shared_world: World):
    officer = shared_world.person(Role.COUNTY_OFFICER, "东县")
    with shared_world.owner.begin() as connection:
        maker = Maker(connection, somebody=officer)
        titles = ("前批", "后批")
        keys = [maker.make("milestones.batch", shared_world.places["东县"], title=title) for title in titles]
    before = snapshot(shared_world, keys, "milestones.batch")
    named = "UPDATE milestones.batch SET title = :title WHERE id = :id"
    act = do(
        shared_world,
        officer,
        *((named, {"title": title, "id": keys[nth]}) for nth, title in ((0, "暂名"), (1, "前批"), (0, "后批"))),
    )
    exchanged = snapshot(shared_world, keys, "milestones.batch")
    undone = take_back(shared_world, officer, act)
    assert snapshot(shared_world, keys, "milestones.batch") == before
    take_back(shared_world, officer, undone)
    assert snapshot(shared_world, keys, "milestones.batch") == exchanged


def test_what_somebody_changes_while_an_undo_waits_for_their_row_is_not_written_over(shared_world: World, officer: int):
    (key,) = streets(shared_world)
    act = do(shared_world, officer, (NAMED, {"name": "甲", "id": key}))
    colleague = shared_world.person(Role.COUNTY_OFFICER, "东县")
    with ThreadPoolExecutor(1) as pool:
        with shared_world.office.acting(colleague, via="test") as session:
            session.execute(text(NAMED), {"name": "丙", "id": key})
            undoing = pool.submit(take_back, shared_world, officer, act)
            mine = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid")
            while not undoing.done() and not session.scalar(mine):
                pass
        with pytest.raises(Conflict, match="changed again"):
            undoing.result()
    with shared_world.owner.connect() as connection:
        kept = connection.scalar(text("SELECT surveyed_name FROM inventory.street WHERE id = :id"), {"id": key})
    assert kept == "丙"


def test_many_proposals_come_back_with_the_hands_of_colleagues_and_their_moments(shared_world: World):
    officer, colleague = (shared_world.person(Role.COUNTY_OFFICER, place) for place in ("东县", "市"))
    with shared_world.owner.begin() as connection:
        maker = Maker(connection, somebody=colleague)
        keys = [maker.make("naming.proposal", shared_world.places["甲村"], proposed_by=colleague) for _ in range(20)]
    before = snapshot(shared_world, keys, "naming.proposal", but="")
    gone = do(shared_world, officer, ("DELETE FROM naming.proposal WHERE id = ANY (:keys)", {"keys": keys}))
    take_back(shared_world, officer, gone)
    assert snapshot(shared_world, keys, "naming.proposal", but="") == before


@pytest.mark.parametrize("state", ["UN001", "UN002", "UN003"])
def test_what_an_undo_refuses_is_said_in_chinese_with_the_name_of_the_record(state: str):
    told = translate(history._REFUSALS[state], "zh", subject=Subject("naming.finding"))
    assert "核查意见" in told
    assert "naming" not in told
    assert not re.search("[a-z]{3}", told)
