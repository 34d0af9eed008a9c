"""Who, when, what before and after: appended with its transaction, sealed without waiting, verified."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from app.base.db import Database
from app.base.errors import Conflict, Invalid, NotAllowed
from app.base.history import Anchor, current_act, export_anchor, read_anchor, read_anchors, seal, verify
from app.base.models import Role
from app.base.settings import QUEUE
from tests.conftest import World
from tests.rules.rows import Maker

STREET = (
    "INSERT INTO inventory.street (division_id, line, length_m, bearing_deg, stream, geometry_source, surveyed_on)"
    " SELECT :place, ST_SetSRID('MULTILINESTRING((116.3 37.4, 116.30123456789012 37.4))'::geometry, 4490),"
    " 100.00000000000001, 0, 'village', 'generated', '2024-07-01' FROM generate_series(1, :n) RETURNING id"
)


def add_streets(
    world: World, person: int, *, n: int = 1, place: str = "甲村", office: Database | None = None
) -> list[int]:
    with (office or world.office).acting(person, via="test") as session:
        return list(session.scalars(text(STREET), {"place": world.places[place], "n": n}))


def entries(world: World, subject: str, key: int) -> list[Any]:
    with world.owner.connect() as connection:
        sql = "SELECT *, hstore_to_json(before) AS b, hstore_to_json(after) AS a FROM history.entry"
        values = {"s": subject, "k": key}
        return list(connection.execute(text(sql + " WHERE subject = :s AND row_id = :k ORDER BY id"), values))


def problems(world: World, *anchors: Anchor) -> list[str]:
    with world.queue.nobody(via="verify") as session:
        return [found.problem for found in verify(session, anchors)]


@pytest.mark.parametrize("table", ["entry", "leaf", "block"])
@pytest.mark.parametrize(
    "verb", ["UPDATE history.{0} SET {1} = {1}", "DELETE FROM history.{0}", "TRUNCATE history.{0} CASCADE"]
)
def test_nobody_changes_history_not_even_the_owner(shared_world: World, table: str, verb: str):
    column = {"entry": "via", "leaf": "digest", "block": "root"}[table]
    engines: list[tuple[Engine, str]] = [
        (shared_world.owner, "append-only"),
        (shared_world.office.engine, "permission denied"),
        (shared_world.queue.engine, "permission denied"),
        (shared_world.public.engine, "permission denied"),
    ]
    for engine, refusal in engines:
        with engine.connect() as connection, pytest.raises(DBAPIError, match=refusal):
            connection.exec_driver_sql(verb.format(table, column))


def test_nobody_writes_history_but_by_doing_something(shared_world: World):
    for engine in (shared_world.office.engine, shared_world.queue.engine, shared_world.public.engine):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            connection.exec_driver_sql(
                "INSERT INTO history.entry (subject, row_id, op, via, territory) VALUES ('a', 1, 'insert', 'x', '')"
            )


def test_entries_come_and_go_with_their_transaction(shared_world: World):
    person = shared_world.person(Role.TOWN_OFFICER, "南镇")
    with pytest.raises(ZeroDivisionError), shared_world.office.acting(person, via="a page") as session:
        lost = session.scalars(text(STREET), {"place": shared_world.places["甲村"], "n": 1}).one()
        _ = 1 / 0
    assert entries(shared_world, "inventory.street", lost) == []
    with shared_world.office.acting(person, via="a page") as session:
        kept = session.scalars(text(STREET), {"place": shared_world.places["甲村"], "n": 1}).one()
        act = current_act(session)
        assert entries(shared_world, "inventory.street", kept) == []
    (entry,) = entries(shared_world, "inventory.street", kept)
    assert (entry.op, entry.person_id, entry.via, entry.act, entry.b) == ("insert", person, "a page", act, None)
    assert entry.territory.endswith(f".{shared_world.places['甲村']}")


def test_an_update_keeps_only_what_changed_and_a_deletion_keeps_all(shared_world: World):
    person = shared_world.person(Role.TOWN_OFFICER, "南镇")
    (key,) = add_streets(shared_world, person)
    for change in ("SET state = 'proposed', length_m = length_m", "SET state = state"):
        with shared_world.office.acting(person, via="test") as session:
            session.execute(text(f"UPDATE inventory.street {change} WHERE id = :id"), {"id": key})
    with shared_world.office.acting(person, via="test") as session:
        session.execute(text("DELETE FROM inventory.street WHERE id = :id"), {"id": key})
    made, changed, removed = entries(shared_world, "inventory.street", key)
    assert (changed.b, changed.a) == ({"state": "unnamed", "version": "1"}, {"state": "proposed", "version": "2"})
    assert removed.a is None
    assert removed.b == {**made.a, "state": "proposed", "version": "3"}


@pytest.mark.parametrize("change", ["id = id + 1000000", "id = id + 1000000, state = 'proposed'"])
def test_a_row_keeps_its_key_so_that_no_change_goes_by_without_an_entry(shared_world: World, change: str):
    person = shared_world.person(Role.TOWN_OFFICER, "南镇")
    (key,) = add_streets(shared_world, person)
    with pytest.raises(NotAllowed), shared_world.office.acting(person, via="test") as session:
        session.execute(text(f"UPDATE inventory.street SET {change} WHERE id = :id"), {"id": key})
    with pytest.raises(DBAPIError, match="never changes"), shared_world.owner.begin() as connection:
        connection.execute(text(f"UPDATE inventory.street SET {change} WHERE id = :id"), {"id": key})


def test_a_large_change_after_a_small_one_is_not_compared_row_by_row_with_all(shared_world: World):
    """The plan of the first change is kept for the session: with a nested loop 20,000 rows took minutes."""
    with shared_world.owner.connect() as connection:
        settings = connection.execute(
            text("SELECT proconfig FROM pg_proc WHERE oid = 'history.record()'::regprocedure")
        )
        assert "enable_nestloop=off" in settings.scalar_one()


def test_geometry_and_numbers_are_kept_to_the_last_bit_whatever_the_client_set(shared_world: World):
    person = shared_world.person(Role.TOWN_OFFICER, "南镇")
    with shared_world.office.acting(person, via="test") as session:
        for setting in ("extra_float_digits = -5", "datestyle = 'SQL, DMY'", "timezone = 'Asia/Shanghai'"):
            session.execute(text(f"SET LOCAL {setting}"))
        key = session.scalars(text(STREET), {"place": shared_world.places["甲村"], "n": 1}).one()
    with shared_world.owner.connect() as connection:
        same = connection.execute(
            text(
                "SELECT ST_OrderingEquals((e.after -> 'line')::geometry, s.line) AND e.after -> 'line' = s.line::text"
                " AND (e.after -> 'length_m')::float8 = s.length_m AND e.after -> 'surveyed_on' = '2024-07-01'"
                " AND (e.after -> 'recorded_at')::timestamptz = s.recorded_at AND e.after -> 'recorded_at' LIKE '%+00'"
                " FROM history.entry e JOIN inventory.street s ON s.id = e.row_id AND e.subject = 'inventory.street'"
                " WHERE s.id = :id"
            ),
            {"id": key},
        ).scalar_one()
    assert same is True


def test_hidden_columns_are_not_in_the_history(shared_world: World):
    person = shared_world.person(Role.TOWN_OFFICER, "南镇")
    with shared_world.owner.begin() as connection:
        key = Maker(connection, somebody=person).make("base.contact", shared_world.places["甲村"])
    (entry,) = entries(shared_world, "base.contact", key)
    assert "sealed" not in entry.a
    assert "fingerprint" in entry.a


class Crowd:
    """Threads that all start at once; what goes wrong in one is kept for the end."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.failures: list[Exception] = []

    def add(self, work: Callable[[], Any]) -> None:
        self.threads.append(threading.Thread(target=self._run, args=(work,)))

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - told at the end, in the thread that can fail
            self.failures.append(error)

    def watch(self, connection: Connection) -> tuple[int, int]:
        """Start all; how often somebody waited for the sealer, and how often we asked, until the others are done."""
        waits = asked = 0
        for thread in self.threads:
            thread.start()
        while any(thread.is_alive() for thread in self.threads[1:]):
            waits += connection.execute(BLOCKED_BY_SEALER, {"role": QUEUE}).scalar_one()
            asked += 1
            time.sleep(0.01)
        return waits, asked


def test_twenty_writers_and_an_import_never_wait_for_the_sealer(world: World):
    person = world.person(Role.TOWN_OFFICER, "南镇")
    office = Database(world.settings, pool_size=22)
    done, crowd = threading.Event(), Crowd()
    crowd.add(lambda: _seal_until(world, done))
    crowd.add(lambda: add_streets(world, person, n=20_000, office=office))
    for _ in range(20):
        crowd.add(lambda: [add_streets(world, person, n=3, office=office) for _ in range(10)])
    with world.admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        waits, asked = crowd.watch(connection)
    done.set()
    crowd.threads[0].join()
    office.close()
    assert crowd.failures == []
    assert (waits, asked > 10) == (0, True)
    assert set(problems(world)) <= {"unsealed"}
    seal(world.queue, world.clock)
    assert problems(world) == []
    with world.owner.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM history.leaf")) >= 20_600
        assert connection.scalar(text("SELECT count(*) FROM history.block")) > 2


BLOCKED_BY_SEALER = text(
    "SELECT count(*) FROM pg_stat_activity waiting JOIN pg_stat_activity sealer"
    " ON sealer.pid = ANY (pg_blocking_pids(waiting.pid))"
    " WHERE sealer.usename = :role AND waiting.usename <> :role"
)


def _seal_until(world: World, stop: threading.Event) -> None:
    while not stop.is_set():
        seal(world.queue, world.clock, most=500)
        time.sleep(0.01)


@pytest.fixture(scope="module")
def sealed(shared_world: World) -> World:
    """Several blocks of fifty entries each."""
    add_streets(shared_world, shared_world.person(Role.TOWN_OFFICER, "南镇"), n=300)
    assert seal(shared_world.queue, shared_world.clock, most=50) >= 300
    assert problems(shared_world) == []
    return shared_world


FORGE = (
    "INSERT INTO history.entry (id, tx, subject, row_id, op, via, territory, recorded_at) OVERRIDING SYSTEM VALUE"
    " SELECT (SELECT max(id) + 1 FROM history.entry), {tx}, 'naming.name', 1, 'insert', 'x', '', '2024-01-01'"
    " FROM history.entry e WHERE id = 5"
)
WRITE = (
    "INSERT INTO history.entry (id, subject, row_id, op, via, territory, recorded_at) OVERRIDING SYSTEM VALUE"
    " VALUES ({id}, 'naming.name', 1, 'insert', 'x', '', {at})"
)
LAST = "(SELECT max(number) FROM history.block)"
NEWEST = "history.entry e WHERE e.id = (SELECT max(id) FROM history.entry)"
LEAF = "INSERT INTO history.leaf SELECT e.id, {block}, history.digest(e) FROM " + NEWEST
BLOCK_OF_NEWEST = (
    "INSERT INTO history.block (number, previous, root, hash, entries, horizon, tx, newest_id, newest_at, sealed_at)"
    " SELECT b.number + 1, b.hash, r.root, history.block_hash(b.number + 1, b.hash, r.root, 1, b.horizon, b.tx,"
    " b.newest_id, b.newest_at, b.sealed_at), 1, b.horizon, b.tx, b.newest_id, b.newest_at, b.sealed_at"
    f" FROM history.block b, (SELECT history.merkle(ARRAY[history.digest(e)]) AS root FROM {NEWEST}) r"
    f" WHERE b.number = {LAST}"
)
CUT = (
    f"DELETE FROM history.entry WHERE id IN (SELECT entry_id FROM history.leaf WHERE block = {LAST})",
    f"DELETE FROM history.leaf WHERE block = {LAST}",
    f"DELETE FROM history.block WHERE number = {LAST}",
)
#: What somebody with all power does behind the triggers' back, and what must be found, with the entry or block named.
TAMPERED: dict[str, tuple[tuple[str, ...], str, str]] = {
    "a value": (
        ('UPDATE history.entry SET after = after || \'"state"=>"in_force"\' WHERE id = 7',),
        "altered",
        "entry 7",
    ),
    "who did it": (("UPDATE history.entry SET person_id = 99 WHERE id = 7",), "altered", "entry 7"),
    "when": (
        ("UPDATE history.entry SET recorded_at = recorded_at - interval '1 day' WHERE id = 7",),
        "altered",
        "entry 7",
    ),
    "a value and its leaf": (
        (
            "UPDATE history.entry SET via = 'x' WHERE id = 7",
            "UPDATE history.leaf SET digest = history.digest(e) FROM history.entry e WHERE e.id = 7 AND entry_id = 7",
        ),
        "broken",
        "block 1",
    ),
    "an entry gone": (("DELETE FROM history.entry WHERE id = 7",), "removed", "entry 7"),
    "an entry and its leaf gone": (
        ("DELETE FROM history.entry WHERE id = 7", "DELETE FROM history.leaf WHERE entry_id = 7"),
        "broken",
        "block 1",
    ),
    "an entry with an old transaction": ((FORGE.format(tx="e.tx"),), "inserted", "entry new"),
    "an entry sealed in a block that there is none of": (
        (FORGE.format(tx="e.tx"), LEAF.format(block=999999)),
        "inserted",
        "entry new",
    ),
    "an entry of old with a block of its own": (
        (FORGE.format(tx="'3'"), BLOCK_OF_NEWEST, LEAF.format(block=LAST)),
        "inserted",
        "entry new",
    ),
    "an inner block gone": (
        (
            "DELETE FROM history.entry WHERE id IN (SELECT entry_id FROM history.leaf WHERE block = 2)",
            "DELETE FROM history.leaf WHERE block = 2",
            "DELETE FROM history.block WHERE number = 2",
        ),
        "broken",
        "block 3",
    ),
    "when a block was made": (("UPDATE history.block SET tx = '999999999' WHERE number = 3",), "broken", "block 3"),
    "a block's horizon": (("UPDATE history.block SET horizon = '1' WHERE number = 3",), "broken", "block 3"),
    "the end cut off": (CUT, "truncated", "block last"),
    "the end cut off and sealed anew": (
        (*CUT, FORGE.format(tx="pg_current_xact_id()"), "SELECT history.seal(50, now())"),
        "truncated",
        "block last",
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_behind_the_triggers_is_found_and_named(sealed: World, tmp_path: Path, how: str):
    with sealed.queue.nobody(via="export") as session:
        written = export_anchor(session, sealed.clock, tmp_path)
    assert written is not None
    anchor = read_anchor(written)
    assert written.name == "anchor-2024-07-01.json"
    assert problems(sealed, anchor) == []
    statements, problem, named = TAMPERED[how]
    with sealed.admin.connect() as connection:
        new = connection.exec_driver_sql("SELECT max(id) + 1 FROM history.entry").scalar_one()
        found = _tamper(connection, statements, anchor)
        connection.rollback()
    kind, what = named.split()
    wanted = {"new": new, "last": anchor.number}.get(what) or int(what)
    told = {(row.problem, row.entry_id if kind == "entry" else row.block) for row in found}
    assert (problem, wanted) in told
    assert problems(sealed, anchor) == [], "nothing of it was kept"


def _tamper(connection: Connection, statements: tuple[str, ...], anchor: Anchor) -> list[Any]:
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    for statement in statements:
        assert connection.exec_driver_sql(statement).rowcount > 0
    connection.exec_driver_sql("SET LOCAL session_replication_role = origin")
    verdict = "SELECT * FROM history.verify(ARRAY[CAST(:n AS bigint)], ARRAY[:h])"
    return list(connection.execute(text(verdict), {"n": anchor.number, "h": anchor.hash}))


@pytest.mark.parametrize(
    ("key", "moment"),
    [
        ("-5", "now() - interval '8 hours'"),
        ("-5", "now()"),
        ("(SELECT max(id) + 1 FROM history.entry)", "'2024-01-01'"),
    ],
)
def test_an_entry_written_as_of_an_earlier_hour_is_found_before_and_after_it_is_sealed(
    world: World, key: str, moment: str
):
    add_streets(world, world.person(Role.TOWN_OFFICER, "南镇"), n=3)
    seal(world.queue, world.clock)
    with world.owner.begin() as connection:
        connection.exec_driver_sql(WRITE.format(id=key, at=moment))
    assert problems(world) == ["inserted"]
    assert seal(world.queue, world.clock) == 1
    assert problems(world) == ["inserted"]


def test_a_history_cut_off_leaves_its_newest_anchor_as_it_is(world: World, tmp_path: Path):
    person = world.person(Role.TOWN_OFFICER, "南镇")

    def sealed_once_more() -> Path | None:
        add_streets(world, person)
        seal(world.queue, world.clock)
        with world.queue.nobody(via="export") as session:
            return export_anchor(session, world.clock, tmp_path)

    sealed_once_more()
    written = sealed_once_more()
    assert written is not None
    kept = written.read_text()
    assert problems(world, *read_anchors(tmp_path)) == []
    with world.admin.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in CUT:
            connection.exec_driver_sql(statement)
    for _ in range(3):  # fewer blocks, as many with another hash, more
        with pytest.raises(Conflict, match="has lost block"):
            sealed_once_more()
        assert written.read_text() == kept
        assert problems(world, *read_anchors(tmp_path)) == ["truncated"]
        assert problems(world) == [], "without an anchor nobody can tell"
    assert list(tmp_path.iterdir()) == [written]


def test_a_file_that_is_no_anchor_is_refused_by_name(tmp_path: Path):
    (tmp_path / "anchor-2024-07-01.json").write_text('{"number": "x"}')
    with pytest.raises(Invalid, match=r"anchor-2024-07-01\.json is no anchor"):
        read_anchors(tmp_path)
    assert read_anchors(tmp_path / "nowhere") == []


def test_who_may_do_nothing_else_cannot_verify_or_seal(shared_world: World):
    for engine in (shared_world.office.engine, shared_world.public.engine):
        for call in ("history.verify()", "history.seal(1, now())"):
            with engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
                connection.exec_driver_sql(f"SELECT * FROM {call}")


def test_a_late_commit_below_a_sealed_entry_is_sealed_later_and_no_forgery(world: World):
    person = world.person(Role.TOWN_OFFICER, "南镇")
    with world.office.acting(person, via="slow") as session:
        late = session.scalars(text(STREET), {"place": world.places["甲村"], "n": 1}).one()
        (early,) = add_streets(world, person)
        seal(world.queue, world.clock)
        assert problems(world) == []
    first, second = entries(world, "inventory.street", late), entries(world, "inventory.street", early)
    assert first[0].id < second[0].id
    assert problems(world) == ["unsealed"]
    assert seal(world.queue, world.clock) == 1
    assert problems(world) == []


def test_a_restore_on_another_server_is_told_and_is_no_forgery(world: World):
    """Transaction numbers begin again there: what is sealed after it has smaller ones than what was sealed before."""
    officer = world.person(Role.TOWN_OFFICER, "南镇")
    add_streets(world, officer, n=3)
    seal(world.queue, world.clock)
    with world.admin.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(
            "UPDATE history.block b SET horizon = '99999999', hash = history.block_hash(number, previous, root,"
            " entries, '99999999', tx, newest_id, newest_at, sealed_at)"
        )
    for n in (3, 4):
        add_streets(world, officer, n=n)
        seal(world.queue, world.clock)
    assert problems(world) == ["restarted"]


def test_a_hundred_thousand_entries_are_sealed_and_verified(world: World):
    with world.owner.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO history.entry (subject, row_id, op, after, via, territory)"
            " SELECT 'inventory.street', n, 'insert', hstore(ARRAY['words', '幸福路', 'length_m', n::text, 'line',"
            " repeat('0102', 100)]), 'test', '1' FROM generate_series(1, 100000) n"
        )
    assert seal(world.queue, world.clock) >= 100_000
    assert problems(world) == []
