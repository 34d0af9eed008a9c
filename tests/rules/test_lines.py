"""Whose row is pointed at: nobody gives a foreign county's street a name, its sign a code, or its batch a village."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert, text, update
from sqlalchemy.exc import DBAPIError

from app.base.models import Role
from tests.conftest import World
from tests.rules.rows import SIGNED, Maker, protected, signed

MINE, FOREIGN = "甲村", "丁村"
REFUSED, BROKEN = (
    "42501",
    {"23000", "23514", "23503", "P0001"},
)  # by whoever writes it; by what the tables say of each other


#: What belongs to no place cannot point out of one; only who stands at the top of the tree writes it.
NOWHERE = {"naming.list", "naming.entry"}


def bindings() -> list[tuple[str, str, str]]:
    """Each key of a table with a territory that points at another such table: table, column, target."""
    placed = {name for name, table in protected().items() if "territory" in table.c} - NOWHERE
    return [
        (name, column.name, key.column.table.fullname)
        for name in sorted(placed)
        for column in protected()[name].columns
        for key in column.foreign_keys
        if key.column.table.fullname in placed and column.name not in {"division_id", "territory"}
    ]


@pytest.fixture(scope="module")
def maker(shared_world: World) -> Iterator[Maker]:
    """Makes rows as the owner, and keeps them."""
    somebody = shared_world.person(Role.CREW, "市")
    with shared_world.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield Maker(connection, somebody=somebody)


def creator(world: World, table: str, act: str = "create") -> int | None:
    """Somebody of the county 东县 who may do this with rows of a table; None where it is done by functions alone."""
    with world.owner.connect() as connection:
        role = connection.scalar(
            text(
                "SELECT role FROM base.\"right\" WHERE subject = :table AND act = :act AND reach = 'territory'"
                " ORDER BY role LIMIT 1"
            ),
            {"table": table, "act": act},
        )
        granted = connection.scalar(
            text("SELECT has_table_privilege('minglu_office', :table, :verb)"),
            {
                "table": ".".join(f'"{part}"' for part in table.split(".")),
                "verb": {"create": "INSERT"}.get(act, "UPDATE"),
            },
        )
    return world.person(Role(role), "东县") if role and granted else None


def outcome(connection: Connection, statement: Any) -> str:
    """Empty where the database lets it through, else the error's code."""
    point = connection.begin_nested()
    try:
        connection.execute(statement)
    except DBAPIError as error:
        return str(getattr(error.orig, "sqlstate", ""))
    finally:
        point.rollback()
    return ""


def as_person(world: World, person: int) -> Connection:
    connection = world.office.engine.connect()
    connection.execute(text("SELECT set_config('minglu.person', :p, true)"), {"p": str(person)})
    return connection


def target_at(world: World, maker: Maker, target: str, place: str) -> int:
    if target == "base.person":
        return world.person(Role.CREW, {MINE: "东县", FOREIGN: "西县"}[place])
    return maker.make(target, world.places[place])


@pytest.mark.parametrize(("table", "column", "target"), bindings())
def test_no_new_row_points_at_a_foreign_one(shared_world: World, maker: Maker, table: str, column: str, target: str):
    person = creator(shared_world, table)
    if person is None:
        pytest.skip("nobody's role makes such rows in a territory")
    mine, foreign = (target_at(shared_world, maker, target, place) for place in (MINE, FOREIGN))
    if column == SIGNED.get(table):
        mine = person
    values = signed(table, maker.values(table, shared_world.places[MINE], **{column: mine}), person)
    with as_person(shared_world, person) as connection:
        lines = insert(protected()[table]).inline()
        assert outcome(connection, lines.values(values)) in {"", *BROKEN}, "the same row with what is its own"
        assert outcome(connection, lines.values({**values, column: foreign})) in {REFUSED, *BROKEN}
        connection.rollback()


def test_a_foreign_sign_gets_no_job_no_code_no_name_and_no_batch(shared_world: World, maker: Maker):
    """The ways that a stranger found: each is let through with a sign of one's own."""
    officer = shared_world.person(Role.COUNTY_OFFICER, "东县")
    ways = [("rollout.job", "sign_id", "planning.sign"), ("printing.code", "sign_id", "planning.sign"),
            ("naming.proposal", "street_id", "inventory.street"), ("naming.name", "street_id", "inventory.street"),
            ("milestones.batch_village", "batch_id", "milestones.batch")]  # fmt: skip
    for table, column, target in ways:
        mine, foreign = (maker.make(target, shared_world.places[place]) for place in (MINE, FOREIGN))
        values = signed(table, maker.values(table, shared_world.places[MINE], **{column: mine}), officer)
        with as_person(shared_world, officer) as connection:
            lines = insert(protected()[table]).inline()
            assert outcome(connection, lines.values(values)) == "", table
            assert outcome(connection, lines.values({**values, column: foreign})) == REFUSED, table
            connection.rollback()


def test_a_row_of_ones_own_is_not_pointed_at_a_foreign_one_later(shared_world: World, maker: Maker):
    officer = shared_world.person(Role.COUNTY_OFFICER, "东县")
    proposal = maker.make("naming.proposal", shared_world.places[MINE])
    batches = [maker.make("milestones.batch", shared_world.places[place]) for place in ("东县", "西县")]
    table = protected()["naming.proposal"]
    with as_person(shared_world, officer) as connection:
        change = update(table).where(table.c.id == proposal)
        assert [outcome(connection, change.values(batch_id=batch)) for batch in batches] == ["", REFUSED]
        connection.rollback()


def test_a_crew_records_nothing_where_it_does_not_work(shared_world: World, maker: Maker):
    crew = shared_world.person(Role.CREW, "东县")
    table = protected()["rollout.installation"]
    for place, wanted in ((MINE, ""), (FOREIGN, REFUSED)):
        sign = maker.make("planning.sign", shared_world.places[place])
        job = maker.make("rollout.job", shared_world.places[place], sign_id=sign, crew_id=crew)
        photo = maker.make("base.file", shared_world.places[place], owner_id=crew)
        given = {"sign_id": sign, "job_id": job, "crew_id": crew, "photo_id": photo}
        values = maker.values("rollout.installation", shared_world.places[place], **given)
        with as_person(shared_world, crew) as connection:
            assert outcome(connection, insert(table).values(values).inline()) == wanted, place
            connection.rollback()


def test_every_key_between_placed_tables_is_bound(shared_world: World):
    """A new one fails here until its table is bound by a migration (``base.bind``)."""
    with shared_world.owner.connect() as connection:
        found = connection.execute(
            text(
                "SELECT t.tgrelid::regclass::text AS name, encode(t.tgargs, 'escape') AS args FROM pg_trigger t"
                " JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'keep_in_line'"
            )
        ).all()
    bound = {(row.name.replace('"', ""), column) for row in found for column in row.args.split("\\000")[0:-1:2]}
    assert {(table, column) for table, column, _ in bindings()} <= bound


#: Of rows that nobody makes: held where they are changed (tests/app/naming/test_lists.py).
CONFIRMED = {"naming.list.confirmed_by"}


def test_nobody_signs_for_a_colleague(shared_world: World, maker: Maker):
    """Who confirmed, decided, proposed or inspected is who did it, whatever a statement says."""
    hands = {
        f"{name}.{column.name}"
        for name, table in protected().items()
        for column in table.columns
        if column.name.endswith("_by") and column.foreign_keys
    }
    assert (hands - CONFIRMED) | {"base.file.owner_id"} == {f"{name}.{column}" for name, column in SIGNED.items()}
    for name, column in SIGNED.items():
        person = creator(shared_world, name)
        assert person is not None
        values = signed(name, maker.values(name, shared_world.places[MINE]), person)
        colleague = shared_world.person(Role.COUNTY_OFFICER, "市")
        with as_person(shared_world, person) as connection:
            lines = insert(protected()[name]).inline()
            assert outcome(connection, lines.values(values)) in {"", *BROKEN}, name
            assert outcome(connection, lines.values({**values, column: colleague})) == REFUSED, name
            connection.rollback()


def test_a_row_keeps_its_hand_also_a_former_one_is_not_written_back(world: World):
    """An act of one's own is no reason to write a colleague's name, nor is that it stood there once."""
    officer, colleague = (world.person(Role.COUNTY_OFFICER, place) for place in ("东县", "市"))
    table = protected()["naming.proposal"]
    with world.owner.begin() as connection:
        mine = Maker(connection, somebody=colleague).make("naming.proposal", world.places[MINE], proposed_by=colleague)
        connection.execute(update(table).where(table.c.id == mine).values(proposed_by=officer))
    with as_person(world, officer) as connection:
        change = update(table).where(table.c.id == mine)
        assert outcome(connection, change.values(proposed_by=officer, note="unchanged")) == ""
        for hand in (colleague, world.person(Role.CREW, "东县")):
            assert outcome(connection, change.values(proposed_by=hand)) == REFUSED
        connection.rollback()


def test_a_removed_row_comes_back_whole_with_its_hand_and_its_moment_or_not_at_all(world: World):
    officer, colleague = (world.person(Role.COUNTY_OFFICER, place) for place in ("东县", "市"))
    table = protected()["naming.proposal"]
    with world.owner.begin() as connection:
        maker = Maker(connection, somebody=colleague)
        key = maker.make("naming.proposal", world.places[MINE], recorded_at=text("'2024-01-02 03:04:05.678901+08'"))
        connection.execute(update(table).where(table.c.id == key).values(recorded_at=text("'2024-01-03'")))
        row = connection.execute(table.select().where(table.c.id == key)).mappings().one()
    with as_person(world, officer) as connection:
        connection.execute(table.delete().where(table.c.id == key))
        back = insert(table).inline()
        assert outcome(connection, back.values(dict(row))) == "", "as it was when it was removed"
        for other in ({"words": "别的路"}, {"proposed_by": officer}, {"recorded_at": text("'2024-01-02'")}):
            assert outcome(connection, back.values({**row, **other})) == REFUSED, other
        connection.rollback()


def test_nobody_chooses_the_moment_at_which_a_new_row_was_learned(shared_world: World, maker: Maker):
    """Whoever may make rows of a table: the moment is that of the transaction."""
    seen = set()
    for name, table in protected().items():
        person = creator(shared_world, name)
        if person is None or not {"uid", "recorded_at"} <= set(table.c.keys()):
            continue
        values = signed(name, maker.values(name, shared_world.places[MINE]), person)
        with as_person(shared_world, person) as connection:
            lines = insert(table).inline()
            assert outcome(connection, lines.values({**values, "recorded_at": text("now()")})) in {"", *BROKEN}, name
            chosen = outcome(connection, lines.values({**values, "recorded_at": text("'2001-01-01'")}))
            assert chosen in {REFUSED, *BROKEN}, name
            connection.rollback()
        seen |= {name} if chosen == REFUSED else set()
    assert {"naming.proposal", "naming.finding", "planning.sign", "inventory.street", "milestones.batch"} <= seen


def test_every_table_that_keeps_a_rows_birth_keeps_its_moment_too(shared_world: World):
    with shared_world.owner.connect() as connection:
        found = {
            kind: set(connection.scalars(text("SELECT tgrelid FROM pg_trigger WHERE tgname = :kind"), {"kind": kind}))
            for kind in ("b_born", "x_born")
        }
    assert found["b_born"] == found["x_born"] != set()


def test_settings_belong_to_no_place(world: World):
    officer = world.person(Role.CITY_OFFICER, "市")
    with world.owner.begin() as connection:
        key = Maker(connection, somebody=officer).make("base.setting", world.places["市"])
    table = protected()["base.setting"]
    with as_person(world, officer) as connection:
        here = update(table).where(table.c.id == key)
        assert outcome(connection, here.values(source="公文")) == ""
        assert outcome(connection, here.values(territory=text("'1.2'"))) in BROKEN
        connection.rollback()


def test_a_row_keeps_its_uid_and_the_moment_we_learned_it(shared_world: World, maker: Maker):
    """Whoever may change a row of a table: neither is theirs to rewrite."""
    for name, table in protected().items():
        person = creator(shared_world, name, "change")
        if person is None or "uid" not in table.c or name == "base.person":
            continue
        key = maker.make(name, shared_world.places[MINE])
        with as_person(shared_world, person) as connection:
            here = update(table).where(table.c.id == key)
            for what in ({"recorded_at": text("'2001-01-01'")}, {"uid": text("gen_random_uuid()")}):
                assert outcome(connection, here.values(**what)) == REFUSED, (name, what)
            connection.rollback()


def test_whoever_may_not_read_the_proposals_of_a_village_asks_nothing_of_its_neighbours(
    shared_world: World, maker: Maker
):
    """What the law compares is told to who names there, not as a list to everybody who is signed in."""
    maker.make("naming.proposal", shared_world.places["乙村"], words="幸福路", sound_plain="xingfu lu")
    asked = (
        "SELECT words FROM naming.around(:village) WHERE words = '幸福路'",
        "SELECT words FROM naming.namesakes(ARRAY[:village], ARRAY['xingfu lu'], ARRAY[0], ARRAY['幸福路'])",
    )
    people = {(Role.TOWN_OFFICER, "南镇"): True, (Role.COUNTY_OFFICER, "西县"): False, (Role.SIGN_MAKER, "东县"): False}
    for (role, place), told in people.items():
        with as_person(shared_world, shared_world.person(role, place)) as connection:
            for sql in asked:
                rows = connection.execute(text(sql), {"village": shared_world.places[MINE]}).all()
                assert bool(rows) == told, (role, sql)


def test_nobody_without_a_name_places_what_a_split_left(shared_world: World):
    """A definer function that asks what a person may do refuses who is none, or works here no more."""
    with shared_world.office.nobody(via="test") as session, pytest.raises(DBAPIError) as refusal:
        session.execute(text("SELECT base.part(1, 2, 'inventory.street', ARRAY[]::bigint[])"))
    assert getattr(refusal.value.orig, "sqlstate", "") == REFUSED


def test_an_answer_to_a_finding_is_not_reworded_under_a_colleagues_name(shared_world: World, maker: Maker):
    officer, colleague = shared_world.person(Role.COUNTY_OFFICER, "东县"), shared_world.person(Role.CITY_OFFICER, "市")
    key = maker.make(
        "naming.finding", shared_world.places[MINE], waiver="如此", waived_by=colleague, waived_on="2024-07-01"
    )
    table = protected()["naming.finding"]
    with as_person(shared_world, officer) as connection:
        here = update(table).where(table.c.id == key)
        assert outcome(connection, here.values(waiver="另说")) == REFUSED
        assert outcome(connection, here.values(waiver="另说", waived_by=officer)) == ""
        connection.rollback()


def test_a_new_finding_bears_no_colleagues_answer_unless_it_says_what_they_answered(shared_world: World, maker: Maker):
    """A check anew takes the answer along to the same words of the same rule; nobody else's name comes in."""
    officer, colleague = shared_world.person(Role.COUNTY_OFFICER, "东县"), shared_world.person(Role.CITY_OFFICER, "市")
    village = shared_world.places[MINE]
    answer = {"waiver": "如此", "waived_by": colleague, "waived_on": "2024-07-01"}
    said = {"proposal_id": maker.make("naming.proposal", village), "rule": "N1", "message": "少一字"}
    table = protected()["naming.finding"]
    maker.make("naming.finding", village, **said, **answer)
    values = maker.values("naming.finding", village, **said)
    with as_person(shared_world, officer) as connection:
        lines = insert(table).inline()
        assert outcome(connection, lines.values({**values, **answer})) == "", "found again"
        assert outcome(connection, lines.values({**values, **answer, "waived_by": officer})) == ""
        for other in ({"message": "多一字"}, {"rule": "N2"}, {"waiver": "另说"}, {"waived_on": "2024-07-02"},
                      {"waived_by": None}):  # fmt: skip
            assert outcome(connection, lines.values({**values, **answer, **other})) == REFUSED, other
        connection.rollback()


def test_a_former_answer_comes_back_whole_or_not_at_all(shared_world: World, maker: Maker):
    officer, colleague = shared_world.person(Role.COUNTY_OFFICER, "东县"), shared_world.person(Role.CITY_OFFICER, "市")
    theirs = {"waiver": "如此", "waived_by": colleague, "waived_on": "2024-07-01"}
    key = maker.make("naming.finding", shared_world.places[MINE], **theirs)
    table = protected()["naming.finding"]
    with as_person(shared_world, officer) as connection:
        here = update(table).where(table.c.id == key)
        connection.execute(here.values(waived_by=officer))
        connection.execute(here.values(waiver="另说", waived_on="2024-08-01"))
        assert outcome(connection, here.values(**theirs)) == ""
        for part in ({"waived_by": colleague}, {**theirs, "waiver": "另说"}, {**theirs, "waived_on": "2024-08-01"}):
            assert outcome(connection, here.values(**part)) == REFUSED, part
        connection.rollback()
