"""Personal data: sealed under a key of its own, opened by whoever may, erased for good, and never anywhere else."""

from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.base.clock import Clock
from app.base.cluster import Cluster
from app.base.errors import NotAllowed
from app.base.history import read_anchors, seal, verify
from app.base.models import Role
from app.commands.sealing import sealing
from tests.conftest import World
from tests.rules.rows import Maker

PHONE, NAME = "13912345678", "欧阳百里香"
MARKED = f"{NAME} {PHONE}"
TODAY = date(2024, 7, 1)


def keep(world: World, person: int, place: str = "甲村") -> int:
    with world.office.acting(person, via="test") as session:
        sql = text("SELECT base.seal_contact(:place, 'report', :words, '2024-12-28')")
        return int(session.execute(sql, {"place": world.places[place], "words": MARKED}).scalar_one())


def read(world: World, person: int, key: int) -> str | None:
    with world.office.acting(person, via="test") as session:
        words: str | None = session.execute(text("SELECT base.open_contact(:key)"), {"key": key}).scalar_one()
        return words


def erase(world: World, person: int, key: int) -> bool:
    with world.office.acting(person, via="test") as session:
        return bool(session.execute(text("SELECT base.erase_contact(:k, :d)"), {"k": key, "d": TODAY}).scalar_one())


def everything(world: World) -> str:
    """Every value of every table of ours, as text, read past all policies."""
    with world.admin.connect() as connection:
        tables = connection.scalars(
            text(
                "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'"
                " AND n.nspname NOT IN ('information_schema', 'public')"
            )
        ).all()
        assert {"base.contact", "base.run", "history.entry"} <= set(tables)
        return "\n".join(row for table in tables for row in connection.scalars(text(f"SELECT t::text FROM {table} t")))


def hidden(words: str) -> bool:
    """Neither plainly nor as bytes in hexadecimal."""
    return not any(mark in words or mark.encode().hex() in words for mark in (PHONE, NAME))


def test_a_contact_is_opened_by_who_may_and_the_opening_is_recorded(shared_world: World):
    officer = shared_world.person(Role.TOWN_OFFICER, "南镇")
    key = keep(shared_world, officer)
    assert read(shared_world, officer, key) == MARKED
    with shared_world.owner.connect() as connection:
        entry = connection.execute(
            text(
                "SELECT person_id, after -> 'opened' AS opened FROM history.entry"
                " WHERE subject = 'base.contact' AND row_id = :key ORDER BY id DESC LIMIT 1"
            ),
            {"key": key},
        ).one()
    assert tuple(entry) == (officer, "true")


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.TOWN_OFFICER, "北镇"),
        (Role.COUNTY_OFFICER, "西县"),
        (Role.AUDITOR, "市"),
        (Role.CREW, "南镇"),
        (Role.ADMINISTRATOR, "市"),
    ],
)
def test_nobody_else_opens_erases_or_adds_one(shared_world: World, role: Role, place: str):
    key = keep(shared_world, shared_world.person(Role.TOWN_OFFICER, "南镇"))
    stranger = shared_world.person(role, place)
    assert read(shared_world, stranger, key) is None
    assert erase(shared_world, stranger, key) is False
    with pytest.raises(NotAllowed):
        keep(shared_world, stranger)
    assert read(shared_world, shared_world.person(Role.TOWN_OFFICER, "南镇"), key) == MARKED


def test_nobody_reads_a_key(shared_world: World):
    for engine in (shared_world.office.engine, shared_world.public.engine, shared_world.queue.engine):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            connection.exec_driver_sql("SELECT * FROM base.contact_key")


def test_erasing_destroys_the_key_and_the_history_still_holds(world: World):
    officer = world.person(Role.TOWN_OFFICER, "南镇")
    key, other = keep(world, officer), keep(world, officer)
    seal(world.queue, world.clock)
    assert erase(world, officer, key) is True
    assert erase(world, officer, key) is False
    assert read(world, officer, key) is None
    assert read(world, officer, other) == MARKED
    with world.owner.connect() as connection:
        row = connection.execute(text("SELECT sealed, erased_on FROM base.contact WHERE id = :k"), {"k": key}).one()
        keys = connection.scalar(text("SELECT count(*) FROM base.contact_key WHERE contact_id = :k"), {"k": key})
        prints = connection.scalars(
            text("SELECT after -> 'fingerprint' FROM history.entry WHERE subject = 'base.contact' AND op = 'insert'")
        ).all()
    assert (row.sealed, row.erased_on, keys) == (None, TODAY, 0)
    assert len(set(prints)) == 2, "the same words have different fingerprints, so nobody can try words against them"
    seal(world.queue, world.clock)
    with world.queue.nobody(via="verify") as session:
        assert verify(session) == []


def test_marked_values_are_nowhere_but_under_their_key(world: World, cluster: Cluster):
    officer = world.person(Role.TOWN_OFFICER, "南镇")
    with world.owner.begin() as connection:
        maker = Maker(connection, somebody=officer)
        token = maker.read("printing.code", maker.make("printing.code", world.places["甲村"]), "token")
        connection.execute(text("UPDATE planning.sign SET state = 'standing'"))
    with world.public.nobody(via="page") as session:
        made = session.execute(
            text("SELECT open.file_report(:token, 'damaged', 'the sign is bent', :contact, '2024-07-01')"),
            {"token": token, "contact": MARKED},
        ).scalar_one()
        assert made is not None
    key = keep(world, officer)
    with world.owner.connect() as connection:
        reported = connection.scalars(text("SELECT contact_id FROM scanning.report")).one()
    assert read(world, officer, key) == read(world, officer, reported) == MARKED
    assert erase(world, officer, reported) is True
    with world.office.acting(officer, via="test") as session:
        session.execute(
            text("SELECT base.enqueue('erase', jsonb_build_object('contact', :key ::bigint))"), {"key": key}
        )
    assert hidden(everything(world))
    assert hidden(cluster.log.read_text(errors="replace"))


def test_an_error_over_a_marked_value_tells_nothing_of_it(world: World, cluster: Cluster):
    officer, stranger = world.person(Role.TOWN_OFFICER, "南镇"), world.person(Role.TOWN_OFFICER, "中镇")
    told = []
    attempts = [
        (stranger, "SELECT base.seal_contact(:place, 'report', :words, '2024-12-28')"),
        (officer, "SELECT base.seal_contact(:place, NULL, :words, '2024-12-28')"),
        (officer, "SELECT base.seal_contact(:place, 'report', :words, NULL)"),
        (officer, "SELECT base.seal_contact(:place, 'report', :words, '2024-12-28') / 0"),
        (officer, "SELECT base.seal_contact(:place, 'report', repeat(:words, 100000000), '2024-12-28')"),
    ]
    for person, sql in attempts:
        try:
            with world.office.acting(person, via="test") as session:
                session.execute(text(sql), {"place": world.places["甲村"], "words": MARKED})
        except (DBAPIError, NotAllowed) as error:
            told.append("".join(traceback.format_exception(error)))
    assert len(told) == len(attempts)
    assert [words for words in told if not hidden(words)] == []
    assert hidden(cluster.log.read_text(errors="replace"))
    assert "ERROR" in cluster.log.read_text(errors="replace"), "nothing was logged, so nothing was proved"


def test_the_worker_erases_what_is_past_its_term_and_the_history_tells_it_without_the_words(
    world: World, tmp_path: Path
):
    officer = world.person(Role.TOWN_OFFICER, "南镇")
    key, elsewhere = keep(world, officer), keep(world, world.person(Role.TOWN_OFFICER, "中镇"), "丁村")
    before, term = Clock(datetime(2024, 12, 27, 15, 59, tzinfo=UTC)), Clock(datetime(2024, 12, 27, 16, 0, tzinfo=UTC))
    settings = replace(world.settings, state=tmp_path)
    with sealing(settings, before, every_s=0.05):
        pass
    assert read(world, officer, key) == MARKED, "a minute before the day in Shanghai"
    with sealing(settings, term, every_s=0.05):
        pass
    assert read(world, officer, key) is None
    with world.owner.connect() as connection:
        rows = connection.execute(text("SELECT id, sealed, erased_on FROM base.contact ORDER BY id")).all()
        keys = connection.scalar(text("SELECT count(*) FROM base.contact_key"))
        told = connection.execute(
            text(
                "SELECT person_id, via, after -> 'erased_on' AS day, territory FROM history.entry"
                " WHERE subject = 'base.contact' AND after -> 'erased_on' <> '' AND row_id = :key"
            ),
            {"key": key},
        ).one()
    day = date(2024, 12, 28)
    assert ([tuple(row) for row in rows], keys) == ([(key, None, day), (elsewhere, None, day)], 0)
    assert (told.person_id, told.via, told.day) == (None, "erasing contacts", "2024-12-28")
    assert told.territory.endswith(f".{world.places['甲村']}")
    assert hidden(everything(world))
    with world.queue.nobody(via="verify") as session:
        assert verify(session, read_anchors(tmp_path / "anchors")) == []
