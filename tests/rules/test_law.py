"""What must hold whatever ``base.right`` says: expectations written by hand, and pools that leak nothing."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection as Driver
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from app.base.db import Database
from app.base.errors import NotAllowed
from app.base.models import Role
from app.base.people import may
from app.base.settings import OFFICE
from tests.conftest import World
from tests.rules.rows import Maker

EVERYONE = tuple(Role)
OFFICERS = (Role.CITY_OFFICER, Role.COUNTY_OFFICER, Role.TOWN_OFFICER)
#: Table, what is done, who stands at 南镇 and may do it in 甲村 (theirs) and in 丁村 (another county's).
LAW: list[tuple[str, str, tuple[Role, ...], tuple[Role, ...]]] = [
    ("naming.name", "SELECT", EVERYONE, EVERYONE),
    ("naming.decision", "SELECT", EVERYONE, EVERYONE),
    ("naming.decision", "UPDATE", (), ()),
    ("naming.decision", "DELETE", (), ()),
    ("naming.name", "DELETE", (), ()),
    ("naming.name", "UPDATE", (Role.CITY_OFFICER, Role.COUNTY_OFFICER), ()),
    (
        "naming.proposal",
        "SELECT",
        (*OFFICERS, Role.VILLAGE_CONTACT, Role.INSPECTOR, Role.AUDITOR, Role.ADMINISTRATOR),
        (),
    ),
    ("naming.proposal", "UPDATE", (*OFFICERS, Role.VILLAGE_CONTACT), ()),
    ("inventory.street", "DELETE", OFFICERS, ()),
    ("printing.code", "DELETE", (), ()),
    ("printing.order", "SELECT", (*OFFICERS, Role.INSPECTOR, Role.AUDITOR, Role.ADMINISTRATOR), ()),
    ("rollout.installation", "UPDATE", (), ()),
    ("rollout.installation", "DELETE", (), ()),
    ("rollout.inspection", "SELECT", (*OFFICERS, Role.INSPECTOR, Role.AUDITOR, Role.ADMINISTRATOR), ()),
    ("rollout.inspection", "UPDATE", (), ()),
    ("rollout.inspection", "DELETE", (), ()),
    ("rollout.job", "SELECT", (*OFFICERS, Role.INSPECTOR, Role.AUDITOR, Role.ADMINISTRATOR), ()),
    ("base.contact", "SELECT", OFFICERS, ()),
    ("base.contact", "UPDATE", (), ()),
    ("base.contact", "DELETE", (), ()),
    ("base.file", "UPDATE", (), ()),
    ("base.file", "DELETE", (), ()),
    ("base.file", "SELECT", (*OFFICERS, Role.INSPECTOR, Role.AUDITOR, Role.ADMINISTRATOR), ()),
    ("base.person", "SELECT", (Role.CITY_OFFICER, Role.COUNTY_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR), ()),
    ("base.person", "UPDATE", (Role.ADMINISTRATOR,), ()),
    ("base.person", "DELETE", (), ()),
    ("base.division", "SELECT", EVERYONE, EVERYONE),
    ("base.division", "UPDATE", (Role.CITY_OFFICER, Role.COUNTY_OFFICER, Role.ADMINISTRATOR), ()),
    ("scanning.report", "SELECT", (*OFFICERS, Role.INSPECTOR, Role.AUDITOR, Role.ADMINISTRATOR), ()),
    ("scanning.scan_count", "UPDATE", (), ()),
]
FORMS = {
    "SELECT": "SELECT 1 FROM {} WHERE id = :id",
    "UPDATE": "UPDATE {} SET recorded_at = recorded_at WHERE id = :id",
    "DELETE": "DELETE FROM {} WHERE id = :id",
}


@pytest.fixture(scope="module")
def rows(shared_world: World) -> dict[tuple[str, str], int]:
    """One row of each table of the law in 甲村 and in 丁村; the owner sees each."""
    made = {}
    somebody = shared_world.person(Role.CREW, "市")
    for table in {line[0] for line in LAW}:
        for place in ("甲村", "丁村"):
            with shared_world.owner.begin() as connection:
                maker = Maker(connection, somebody=somebody)
                key = maker.make(table, shared_world.places[place])
                assert connection.execute(text(f"SELECT 1 FROM {_quoted(table)} WHERE id = {key}")).scalar_one() == 1
                made[table, place] = key
    return made


def _quoted(table: str) -> str:
    return ".".join(f'"{part}"' for part in table.split("."))


def done(engine: Engine, person: int, sql: str, values: dict[str, Any]) -> bool:
    """Whether one statement touched a row, as the staff role and this person; taken back afterwards."""
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('minglu.person', :p, true)"), {"p": str(person)})
        try:
            return bool(connection.execute(text(sql), values).rowcount)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in {"42501", "23503"}:
                raise
            return "23503" in str(getattr(error.orig, "sqlstate", ""))
        finally:
            connection.rollback()


@pytest.mark.parametrize(("table", "verb", "here", "elsewhere"), LAW, ids=lambda v: v if isinstance(v, str) else "")
def test_the_law_holds(
    shared_world: World, rows: Any, table: str, verb: str, here: tuple[Role, ...], elsewhere: tuple[Role, ...]
):
    for place, roles in (("甲村", here), ("丁村", elsewhere)):
        found = {
            role
            for role in Role
            if done(
                shared_world.office.engine,
                shared_world.person(role, "南镇"),
                FORMS[verb].format(_quoted(table)),
                {"id": rows[table, place]},
            )
        }
        assert found == set(roles), place


def test_a_sign_maker_sees_only_their_own_orders_and_only_once_released(shared_world: World):
    maker_a, maker_b = shared_world.person(Role.SIGN_MAKER, "东县"), shared_world.person(Role.SIGN_MAKER, "西县")
    made = {}
    with shared_world.owner.begin() as connection:
        rows = Maker(connection, somebody=maker_b)
        for state in ("released", "draft"):
            for whose in (maker_a, maker_b):
                given = {"maker_id": whose, **({"state": "draft"} if state == "draft" else {})}
                order = rows.make("printing.order", shared_world.places["甲村"], **given)
                line = rows.make("printing.order_line", shared_world.places["甲村"], maker_id=whose, order_id=order)
                made[state, whose] = (order, line, rows.read("printing.order", order, "file_id"))
    with shared_world.office.acting(maker_a, via="test") as session:
        orders = set(session.scalars(text('SELECT id FROM printing."order"')))
        lines = set(session.scalars(text("SELECT id FROM printing.order_line")))
        files = set(session.scalars(text("SELECT id FROM base.file")))
    order, line, file = made["released", maker_a]
    assert orders == {order}
    assert lines == {line}
    assert file in files
    assert made["released", maker_b][2] not in files
    assert len({order for order, _, _ in made.values()}) == 4


def test_a_crew_sees_only_its_own_jobs_and_changes_only_how_they_end(shared_world: World):
    mine, other = shared_world.person(Role.CREW, "南镇"), shared_world.person(Role.CREW, "北镇")
    with shared_world.owner.begin() as connection:
        rows = Maker(connection, somebody=other)
        own = rows.make("rollout.job", shared_world.places["丁村"], crew_id=mine)
        foreign = rows.make("rollout.job", shared_world.places["甲村"], crew_id=other)
        sign = rows.make("planning.sign", shared_world.places["丁村"])
        assert {own, foreign} <= set(connection.scalars(text("SELECT id FROM rollout.job")))
    engine = shared_world.office.engine
    with shared_world.office.acting(mine, via="test") as session:
        assert session.scalars(text("SELECT id FROM rollout.job WHERE id = ANY (:k)"), {"k": [own, foreign]}).all() == [
            own
        ]
    values = {"id": own, "sign": sign, "crew": other}
    assert done(engine, mine, "UPDATE rollout.job SET state = 'done', ended_on = '2024-07-02' WHERE id = :id", values)
    assert not done(engine, mine, "UPDATE rollout.job SET sign_id = :sign WHERE id = :id", values)
    assert not done(engine, mine, "UPDATE rollout.job SET crew_id = :crew WHERE id = :id", values)
    assert not done(engine, mine, "UPDATE rollout.job SET due_on = '2030-01-01' WHERE id = :id", values)


def test_only_what_every_office_needs_crosses_territories(shared_world: World):
    with shared_world.owner.connect() as connection:
        found = connection.execute(text("SELECT DISTINCT subject, act FROM base.\"right\" WHERE reach = 'all'")).all()
    assert {tuple(line) for line in found} == {
        *((f"base.{name}", "read") for name in ("division", "division_code", "setting", "succession")),
        ("intake.edition", "read"),  # a county confirms what the city's list says of it
        *((f"milestones.{name}", "read") for name in ("target", "batch", "batch_village")),
        *((f"naming.{name}", "read") for name in ("name", "decision", "deadline")),
        *((f"naming.{name}", "read") for name in ("list", "entry")),  # a check finds the same whoever runs it
    }


def test_nobody_touches_or_makes_a_person_above_themselves(shared_world: World):
    engine = shared_world.office.engine
    county = shared_world.person(Role.ADMINISTRATOR, "东县")
    below, beside = shared_world.person(Role.AUDITOR, "南镇"), shared_world.person(Role.AUDITOR, "西县")
    above, places = shared_world.person(Role.AUDITOR, "市"), shared_world.places
    add = (
        "INSERT INTO base.person (login, name, role, division_id, since_on)"
        " VALUES ('new.one', 'x', 'administrator', :place, '2024-07-01')"
    )
    for statement, reachable, unreachable in (
        ("SELECT 1 FROM base.person WHERE id = :id", below, (above, beside)),
        ("UPDATE base.person SET active = false WHERE id = :id", below, (above, beside)),
        ("SELECT base.set_password(:id, 'x')", below, (above, beside)),
    ):
        assert done(engine, county, statement, {"id": reachable}), statement
        assert not any(done(engine, county, statement, {"id": person}) for person in unreachable), statement
    assert done(engine, county, add, {"place": places["南镇"]})
    assert done(engine, county, add, {"place": places["东县"]})
    for place in ("市", "西县", "中镇"):
        assert not done(engine, county, add, {"place": places[place]}), place
        lift = "UPDATE base.person SET division_id = :place WHERE id = :id"
        for person in (below, county):
            assert not done(engine, county, lift, {"id": person, "place": places[place]}), place


def test_an_auditor_of_a_county_reads_its_history_and_an_auditor_of_the_city_all(shared_world: World):
    admin = shared_world.person(Role.ADMINISTRATOR, "市")
    with shared_world.office.acting(admin, via="test") as session:
        session.execute(text("INSERT INTO base.setting (key, value) VALUES ('audited', '1')"))
        session.execute(
            text("SELECT base.set_password(:id, 'x')"), {"id": shared_world.person(Role.SIGN_MAKER, "中镇")}
        )
    seen = {}
    for place in ("东县", "西县", "市"):
        with shared_world.office.acting(shared_world.person(Role.AUDITOR, place), via="test") as session:
            told = session.execute(text("SELECT territory::text, subject FROM history.entry"))
            seen[place] = {tuple(row) for row in told}
    root = str(shared_world.places["市"])
    for place in ("东县", "西县"):
        home = f"{root}.{shared_world.places[place]}"
        assert seen[place]
        assert all(territory == home or territory.startswith(f"{home}.") for territory, _ in seen[place])
    assert seen["东县"] | seen["西县"] < seen["市"]
    assert ("", "base.setting") in seen["市"]
    assert "base.password" in {subject for _, subject in seen["西县"]} - {subject for _, subject in seen["东县"]}


def test_settings_are_changed_by_the_city_alone(shared_world: World):
    engine = shared_world.office.engine
    add = "INSERT INTO base.setting (key, value) VALUES ('of.the.city', '1')"
    for role in (Role.ADMINISTRATOR, Role.CITY_OFFICER):
        assert done(engine, shared_world.person(role, "市"), add, {})
        assert not done(engine, shared_world.person(role, "东县"), add, {})


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_nobody_promotes_themselves(shared_world: World, role: Role):
    person = shared_world.person(role, "南镇")
    for change in ("role = 'administrator'", "division_id = 1", "login = 'root.root'", "name = '某人'"):
        assert not done(
            shared_world.office.engine, person, f"UPDATE base.person SET {change} WHERE id = :id", {"id": person}
        )


def test_a_person_chooses_their_language(shared_world: World):
    person = shared_world.person(Role.TOWN_OFFICER, "南镇")
    assert done(
        shared_world.office.engine, person, "UPDATE base.person SET language = 'en' WHERE id = :id", {"id": person}
    )


def test_a_divisions_path_is_never_written_by_hand_and_no_division_stands_below_itself(shared_world: World):
    officer = shared_world.person(Role.COUNTY_OFFICER, "东县")
    town, village = shared_world.places["南镇"], shared_world.places["甲村"]
    with shared_world.office.acting(officer, via="test") as session:
        before = session.execute(text("SELECT path::text FROM base.division WHERE id = :id"), {"id": village}).scalar()
        session.execute(text("UPDATE base.division SET path = '1.2.3.4.5.6' WHERE id = :id"), {"id": village})
        after = session.execute(text("SELECT path::text FROM base.division WHERE id = :id"), {"id": village}).scalar()
    assert before == after
    with pytest.raises(DBAPIError, match="below itself"), shared_world.office.acting(officer, via="test") as session:
        session.execute(
            text("UPDATE base.division SET parent_id = :below WHERE id = :id"), {"below": village, "id": town}
        )


def test_a_division_that_moves_takes_everything_below_it_along(world: World):
    officer = world.person(Role.CITY_OFFICER, "市")
    with world.owner.begin() as connection:
        street = Maker(connection, somebody=officer).make("inventory.street", world.places["甲村"])
    with world.office.acting(officer, via="test") as session:
        values = {"id": world.places["南镇"], "to": world.places["西县"]}
        session.execute(text("UPDATE base.division SET parent_id = :to WHERE id = :id"), values)
    path = f"{world.places['市']}.{world.places['西县']}.{world.places['南镇']}.{world.places['甲村']}"
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        sql = text("SELECT territory::text FROM inventory.street WHERE id = :id")
        assert session.execute(sql, {"id": street}).scalar_one() == path
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        assert session.execute(sql, {"id": street}).scalar_one_or_none() is None


def test_a_connection_from_the_pool_knows_nothing_of_who_had_it_before(shared_world: World):
    person = shared_world.person(Role.ADMINISTRATOR, "市")
    pool = Database(shared_world.settings, role=OFFICE, pool_size=1)
    settings = text("SELECT " + ", ".join(f"current_setting('minglu.{n}', true)" for n in ("person", "via", "act")))

    def leaves_nothing() -> bool:
        with pool.engine.connect() as connection:
            left = [value for value in connection.execute(settings).one() if value]
            return left == [] and connection.execute(text("SELECT count(*) FROM base.division")).scalar_one() == 0

    with pool.acting(person, via="secret") as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        assert session.execute(text("SELECT count(*) FROM base.division")).scalar_one() > 0
    assert leaves_nothing()
    with pytest.raises(ZeroDivisionError), pool.acting(person, via="secret"):
        _ = 1 / 0
    assert leaves_nothing()
    with pytest.raises(DBAPIError), pool.acting(person, via="secret") as session:
        session.execute(text("SELECT 1 / 0"))
    assert leaves_nothing()
    with pytest.raises(NotAllowed), pool.acting(person, via="secret") as session:
        session.execute(text("DELETE FROM base.file"))
    assert leaves_nothing()
    with pool.engine.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() == pid, "the pool gave another one"
    pool.close()


def test_a_prepared_statement_shows_each_person_their_own_rows(shared_world: World, rows: Any):
    """psycopg prepares what it has seen five times; its plan must not remember the territory of the first."""
    pool = Database(shared_world.settings, role=OFFICE, pool_size=1)
    here, there = (shared_world.person(Role.TOWN_OFFICER, town) for town in ("南镇", "中镇"))
    keys = {"k": [rows["naming.proposal", "甲村"], rows["naming.proposal", "丁村"]]}
    seen: dict[int, set[tuple[int, ...]]] = {here: set(), there: set()}
    for turn in range(16):
        person = (here, there)[turn % 2] if turn > 7 else here
        with pool.acting(person, via="test") as session:
            sql = text("SELECT id FROM naming.proposal WHERE id = ANY (:k)")
            seen[person].add(tuple(session.scalars(sql, keys)))
            driver = session.connection().connection.driver_connection
            assert isinstance(driver, Driver)
    assert driver._prepared._names, "nothing was prepared, so nothing was proved"
    assert seen == {here: {(keys["k"][0],)}, there: {(keys["k"][1],)}}
    pool.close()


def test_rights_are_asked_of_the_same_rows_by_page_and_policy(shared_world: World):
    with shared_world.office.acting(shared_world.person(Role.SIGN_MAKER, "南镇"), via="test") as session:
        assert may(session, "printing.order", "read")
        assert not may(session, "printing.order", "create")


def test_a_check_finds_the_same_namesakes_whoever_runs_it(shared_world: World):
    """The law looks across towns: what a town officer may not read still stands in the way, as a fact."""
    places = shared_world.places
    with shared_world.owner.begin() as connection:
        rows = Maker(connection, somebody=shared_world.person(Role.CREW, "市"))
        given = {"words": "幸福路", "sound_plain": "xingfu lu", "sound_toned": "xìngfú lù"}
        for place in ("乙村", "丙村", "丁村"):
            rows.make("naming.name", places[place], **given)
            rows.make("naming.proposal", places[place], **given)
    found = {}
    for role, stand in ((Role.TOWN_OFFICER, "南镇"), (Role.VILLAGE_CONTACT, "甲村"), (Role.CITY_OFFICER, "市")):
        with shared_world.office.acting(shared_world.person(role, stand), via="test") as session:
            sql = text("SELECT * FROM naming.namesakes(ARRAY[:village], ARRAY['xingfu lu'], ARRAY[0], ARRAY['幸福路'])")
            found[role] = [tuple(row) for row in session.execute(sql, {"village": places["甲村"]})]
    assert found[Role.TOWN_OFFICER] == found[Role.CITY_OFFICER] == found[Role.VILLAGE_CONTACT]
    told = sorted(
        (words, scope, place, office, state) for _, words, _, scope, place, office, state in found[Role.CITY_OFFICER]
    )
    assert told == sorted(
        ("幸福路", scope, place, office, state)
        for scope, place, office in (("town", "乙村", "南镇"), ("county", "丙村", "北镇"))
        for state in ("in_force", "draft")
    )
    with shared_world.office.nobody(via="test") as session:
        assert session.execute(sql, {"village": places["甲村"]}).all() == []
