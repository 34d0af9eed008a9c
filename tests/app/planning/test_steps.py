"""Planning signs, and what may still happen to a planned one."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.base.errors import Conflict, Invalid, NotAllowed, NotFound
from app.base.models import Role
from app.inventory.models import Street
from app.milestones.models import Batch
from app.planning import queries, steps
from app.planning.models import Post, Sign, SignState
from signs.designs import Ground
from tests.app.builders import NAMES, build_batch, build_name, build_sign, build_street, division, run
from tests.conftest import World


def plan(world: World, place: str, *, role: Role = Role.COUNTY_OFFICER, at: str = "东县", batch: int | None = None):
    with world.office.acting(world.person(role, at), via="test") as session:
        wanted = None if batch is None else session.get_one(Batch, batch)
        return steps.plan(session, world.clock, batch=wanted, division=division(session, world, place))


@pytest.fixture
def crossing(world: World) -> tuple[int, int]:
    return two_that_cross(world)


@pytest.fixture(scope="module")
def shared_crossing(shared_world: World) -> World:
    """A world for those who are refused."""
    two_that_cross(shared_world)
    return shared_world


def two_that_cross(world: World) -> tuple[int, int]:
    """Two named streets of 甲村 that cross in the middle."""
    one = build_street(world, "甲村", [(-100, 0), (100, 0)])
    other = build_street(world, "甲村", [(0, -100), (0, 100)])
    build_name(world, one, NAMES[0])
    build_name(world, other, NAMES[2])
    return one, other


def test_a_named_street_gets_signs_at_both_ends_and_at_its_crossing(world: World, crossing: tuple[int, int]):
    done = plan(world, "东县")
    assert (done.signs, done.posts, done.skipped, done.unplaced) == (6, 5, 0, ())
    with world.office.acting(world.person(Role.TOWN_OFFICER, "南镇"), via="test") as session:
        found = queries.signs_of(session, street_id=crossing[0])
        assert sorted(row.reason for row in found) == ["crossing", "end", "start"]
        assert {row.kind for row in found} == {"street_plate"}
        assert {row.words for row in found} == {"明德路"}
        assert {row.kind for row in queries.signs_of(session, street_id=crossing[1])} == {"lane_plate"}
        both = session.scalars(select(Sign).where(Sign.reason == "crossing")).all()
        assert len({sign.post_id for sign in both}) == 1, "one post carries both plates of a corner"
        start = session.scalars(select(Sign).where(Sign.reason == "start")).first()
        assert start is not None
        assert (start.goes_on, start.goes_back) == (True, False)
        assert start.planned_on == world.clock.today()


def test_a_second_planning_plans_nothing_new(world: World, crossing: tuple[int, int]):
    plan(world, "东县")
    again = plan(world, "东县")
    assert (again.signs, again.posts) == (0, 0)


def test_an_unnamed_street_is_a_crossing_but_gets_no_sign(world: World):
    named = build_street(world, "甲村", [(-100, 0), (100, 0)])
    build_street(world, "甲村", [(0, -100), (0, 100)])
    build_name(world, named)
    done = plan(world, "南镇", role=Role.TOWN_OFFICER, at="南镇")
    assert (done.signs, done.skipped) == (3, 1)


def test_a_street_named_later_shares_the_post_at_the_corner(world: World):
    one = build_street(world, "甲村", [(-100, 0), (100, 0)])
    other = build_street(world, "甲村", [(0, -100), (0, 100)])
    build_name(world, one)
    plan(world, "东县")
    build_name(world, other, NAMES[1])
    later = plan(world, "东县")
    assert (later.signs, later.posts) == (3, 2)


def test_a_road_of_the_neighbouring_county_counts_as_a_crossing(world: World):
    named = build_street(world, "甲村", [(-100, 0), (100, 0)])
    build_name(world, named)
    foreign = build_street(world, "甲村", [(0, -100), (0, 100)])
    run(world, "UPDATE inventory.street SET division_id = :d WHERE id = :id", d=world.places["丁村"], id=foreign)
    assert plan(world, "南镇", role=Role.TOWN_OFFICER, at="南镇").signs == 3


def test_a_batch_is_planned_in_its_villages_alone(world: World):
    for village in ("甲村", "乙村"):
        build_name(world, build_street(world, village))
    batch = build_batch(world, ["甲村"])
    assert plan(world, "东县", batch=batch).signs == 2
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        rows = queries.signs(session, division=division(session, world, "东县"))
    assert {row.village for row in rows} == {"甲村"}


@pytest.mark.parametrize("out", ["out of scope", "not in force yet", "retired"])
def test_a_street_without_need_or_name_gets_no_sign(world: World, out: str):
    street = build_street(world, "甲村", in_scope=out != "out of scope")
    name = build_name(world, street, on=date(2025, 1, 1) if out == "not in force yet" else date(2024, 5, 1))
    if out == "retired":
        run(world, "UPDATE naming.name SET retired_on = '2024-06-01' WHERE id = :id", id=name)
    assert plan(world, "东县").signs == 0


def test_a_kept_name_gets_no_sign_before_it_is_decided(world: World):
    build_name(world, build_street(world, "甲村"), NAMES[0])
    kept = build_street(world, "甲村", [(0, 200), (200, 200)])
    name = build_name(world, kept, NAMES[1])
    run(world, "UPDATE naming.name SET origin = 'existing', decision_id = NULL WHERE id = :id", id=name)
    done = plan(world, "东县")
    assert (done.signs, done.skipped) == (2, 1)
    with pytest.raises(IntegrityError, match="no decided name in force"):
        build_sign(world, kept)
    assert run(world, "SELECT count(*) FROM planning.sign WHERE street_id = :id", id=kept) == 0


def test_a_name_kept_as_it_was_found_gets_no_sign_before_somebody_decides_it(world: World):
    name = build_name(world, build_street(world, "甲村"))
    run(world, "UPDATE naming.name SET origin = 'existing', decision_id = NULL WHERE id = :id", id=name)
    done = plan(world, "东县")
    assert (done.signs, done.skipped) == (0, 1)


@pytest.mark.parametrize(
    ("role", "at"),
    [
        (Role.COUNTY_OFFICER, "西县"),
        (Role.TOWN_OFFICER, "北镇"),
        (Role.VILLAGE_CONTACT, "甲村"),
        (Role.AUDITOR, "市"),
        (Role.CREW, "东县"),
        (Role.ADMINISTRATOR, "市"),
    ],
)
def test_planning_is_refused_to_other_roles_and_in_foreign_territory(shared_crossing: World, role: Role, at: str):
    with pytest.raises(NotAllowed):
        plan(shared_crossing, "南镇", role=role, at=at)
    assert run(shared_crossing, "SELECT count(*) FROM planning.sign") == 0
    assert run(shared_crossing, "SELECT count(*) FROM inventory.street") == 2


def test_a_planned_sign_can_be_moved_coloured_and_dropped(world: World, crossing: tuple[int, int]):
    plan(world, "东县")
    with world.office.acting(world.person(Role.TOWN_OFFICER, "南镇"), via="test") as session:
        sign = session.scalars(select(Sign).where(Sign.street_id == crossing[0])).first()
        assert sign is not None
        old = sign.post_id
        before = next(row for row in queries.signs_of(session, street_id=crossing[0]) if row.id == sign.id)
        lon, lat = before.lon + 0.001, before.lat - 0.001
        steps.move_sign(session, world.clock, sign=sign, lon=lon, lat=lat, facing_deg=12.5)
        steps.colour_sign(session, sign=sign, ground=Ground.GREEN)
        assert (sign.post_id != old, sign.facing_deg, sign.ground) == (True, 12.5, "green")
        moved = next(row for row in queries.signs_of(session, street_id=crossing[0]) if row.id == sign.id)
        assert (moved.lon, moved.lat) == (lon, lat)
        steps.drop_sign(session, world.clock, sign=sign)
        assert (sign.state, sign.removed_on) == ("removed", world.clock.today())
    assert plan(world, "东县").signs == 0, "a dropped sign is not planned anew"


def test_a_sign_that_is_ordered_stays_as_it_is(world: World, crossing: tuple[int, int]):
    plan(world, "东县")
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        sign = session.scalars(select(Sign)).first()
        assert sign is not None
        steps.mark_ordered(session, signs=[sign.id])
        session.refresh(sign)
        with pytest.raises(Conflict, match="ordered"):
            steps.move_sign(session, world.clock, sign=sign, lon=116.3, lat=37.4, facing_deg=0)
        with pytest.raises(Conflict):
            steps.drop_sign(session, world.clock, sign=sign)
        with pytest.raises(Conflict):
            steps.colour_sign(session, sign=sign, ground=None)
        with pytest.raises(Conflict, match="not planned any more"):
            steps.mark_ordered(session, signs=[sign.id])


@pytest.mark.parametrize(
    ("lon", "lat", "facing"),
    [(200, 37, 0), (116, 95, 0), (116, 37, 360), (float("nan"), 37, 0), (2.1, 48, 0), (116.35, 37.42, 0)],
)
def test_a_sign_is_not_moved_to_an_impossible_place(world: World, crossing, lon: float, lat: float, facing: float):
    plan(world, "东县")
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        sign = session.scalars(select(Sign)).first()
        assert sign is not None
        with pytest.raises(Invalid):
            steps.move_sign(session, world.clock, sign=sign, lon=lon, lat=lat, facing_deg=facing)


def test_who_may_only_read_signs_changes_none(world: World, crossing: tuple[int, int]):
    plan(world, "东县")
    with world.office.acting(world.person(Role.INSPECTOR, "东县"), via="test") as session:
        sign = session.scalars(select(Sign)).first()
        assert sign is not None
        with pytest.raises(NotAllowed):
            steps.drop_sign(session, world.clock, sign=sign)


def test_foreign_signs_are_not_found_and_not_listed(world: World, crossing: tuple[int, int]):
    plan(world, "东县")
    uid = run(world, "SELECT uid FROM planning.sign LIMIT 1")
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        assert queries.signs(session, division=division(session, world, "市")) == []
        with pytest.raises(NotFound):
            queries.sign(session, uid)
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        assert queries.sign(session, uid).state == SignState.PLANNED.value


def test_signs_are_listed_page_by_page(world: World, crossing: tuple[int, int]):
    plan(world, "东县")
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        city = division(session, world, "市")
        first = queries.signs(session, division=city, most=4)
        rest = queries.signs(session, division=city, after=first[-1].id, most=4)
        assert [len(first), len(rest)] == [4, 2]
        assert not {row.id for row in first} & {row.id for row in rest}
        assert queries.signs(session, division=city, state=SignState.STANDING) == []
        assert session.scalar(select(Post.id).limit(1)) is not None
        assert session.scalar(select(Street.id).limit(1)) is not None
