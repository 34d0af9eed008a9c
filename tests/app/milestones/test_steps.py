"""Targets and batches."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from app.base.errors import Conflict, Invalid, NotAllowed
from app.base.models import Division, Role
from app.milestones.models import Batch, BatchVillage, Target
from app.milestones.queries import villages_of
from app.milestones.steps import Terms, add_villages, close_batch, open_batch, remove_village, set_target
from tests.world import World

TERMS = Terms("2024 first", 2024, date(2024, 8, 31))


def opened(world: World, *villages: str, terms: Terms = TERMS, county: str = "东县", home: str = "东县") -> int:
    officer = world.person(Role.COUNTY_OFFICER, home)
    with world.office.acting(officer, via="test") as session:
        return open_batch(
            session,
            world.clock,
            owner_id=officer,
            division=session.get_one(Division, world.places[county]),
            terms=terms,
            villages=[session.get_one(Division, world.places[village]) for village in villages],
        ).id


def test_quotas_by_year_are_data_with_their_source(world: World):
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        city = session.get_one(Division, world.places["市"])
        for year, villages in ((2024, 1699), (2025, 1700), (2026, 1700)):
            set_target(session, world.clock, division=city, year=year, villages=villages, source="press conference")
        set_target(session, world.clock, division=city, year=2026, villages=1701, source="letter of the bureau")
        rows = session.execute(select(Target.year, Target.villages, Target.version).order_by(Target.year)).all()
    assert [tuple(row) for row in rows] == [(2024, 1699, 1), (2025, 1700, 1), (2026, 1701, 2)]


def test_a_county_officer_cannot_set_the_citys_target(world: World):
    with (
        pytest.raises(NotAllowed),
        world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session,
    ):
        city = session.get_one(Division, world.places["市"])
        set_target(session, world.clock, division=city, year=2024, villages=1, source="nobody")


def test_a_village_is_in_one_open_batch_and_the_refusal_names_it(world: World):
    opened(world, "甲村", "乙村")
    with pytest.raises(Conflict, match="乙村"):
        opened(world, "乙村", "丙村", terms=Terms("second", 2024, date(2024, 9, 30)))
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        assert session.scalars(select(Batch.title)).all() == ["2024 first"]


def test_a_closed_batch_frees_its_villages_and_remembers_them(world: World):
    batch_id = opened(world, "甲村", "乙村", "丙村")
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        batch = session.get_one(Batch, batch_id)
        remove_village(session, world.clock, batch=batch, village=session.get_one(Division, world.places["丙村"]))
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        batch = session.get_one(Batch, batch_id)
        assert [v.name for v in session.scalars(villages_of(batch))] == ["甲村", "乙村"]
        close_batch(session, world.clock, batch=batch)
    assert opened(world, "甲村", terms=Terms("second", 2024, date(2024, 9, 30)))
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        assert len(session.scalars(select(BatchVillage).where(BatchVillage.batch_id == batch_id)).all()) == 3
        with pytest.raises(Conflict, match="closed"):
            add_villages(session, world.clock, batch=session.get_one(Batch, batch_id), villages=[])


@pytest.mark.parametrize(
    ("terms", "villages", "said"),
    [
        (Terms(" ", 2024, date(2024, 8, 31)), ["甲村"], "title"),
        (TERMS, [], "at least one village"),
        (Terms("late", 2024, date(2024, 6, 30)), ["甲村"], "past"),
        (TERMS, ["南镇"], "南镇 is not a village"),
    ],
)
def test_a_batch_says_what_it_lacks(world: World, terms: Terms, villages: list[str], said: str):
    with pytest.raises(Invalid, match=said):
        opened(world, *villages, terms=terms)


def test_a_batch_cannot_be_opened_for_another_county(world: World):
    with pytest.raises(NotAllowed):
        opened(world, "甲村", home="西县")
