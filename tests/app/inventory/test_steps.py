"""Segments become streets, and facilities put them in scope."""

from __future__ import annotations

from datetime import timedelta

import pytest
from shapely import LineString, Point
from sqlalchemy import func, select

from app.base.clock import Clock
from app.base.errors import Invalid
from app.base.models import Division, Role
from app.intake.models import Facility
from app.intake.steps import Origin, take_in
from app.inventory.models import ScopeReason, Street
from app.inventory.steps import chord_bearing_deg, derive, judge_scope
from gis.features import Survey
from tests.surveys import at, crossing
from tests.world import World


def surveyed(world: World, survey: Survey, *, within_m: float = 50) -> list[tuple[str | None, bool, int]]:
    """Take in, derive and judge; (surveyed name, in scope, length in whole 100 m) of the streets by length."""
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        town = session.get_one(Division, world.places["中镇"])
        take_in(session, world.clock, survey=survey, origin=Origin("a"), division=town)
        derive(session, world.clock, division=town)
        judge_scope(session, world.clock, division=town, within_m=within_m)
        streets = session.scalars(select(Street).order_by(Street.length_m, Street.bearing_deg)).all()
        return [(s.surveyed_name, s.in_scope, round(s.length_m / 100)) for s in streets]


def test_segments_join_through_the_crossing_into_three_streets(world: World):
    assert [length for _, _, length in surveyed(world, crossing())] == [1, 6, 6]


def test_a_shop_and_the_committee_put_their_streets_in_scope_with_the_reason_stored(world: World):
    streets = surveyed(world, crossing())
    assert [scope for _, scope, _ in streets] == [True, True, True]
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        why = session.execute(
            select(Street.length_m, Facility.kind, ScopeReason.distance_m, ScopeReason.within_m)
            .join(ScopeReason, ScopeReason.street_id == Street.id)
            .join(Facility, Facility.id == ScopeReason.facility_id)
            .where(Facility.kind == "shop")
        ).all()
        assert len(why) == 1
        assert why[0].length_m < 110
        assert 5 < why[0].distance_m < 15
        assert why[0].within_m == 50


def test_beyond_the_distance_a_street_is_out_of_scope_but_a_committee_always_has_its_street(world: World):
    streets = surveyed(world, crossing(), within_m=5)
    assert sum(scope for _, scope, _ in streets) == 1


def test_a_later_judgement_leaves_the_day_of_what_still_holds_and_ends_what_does_not(world: World):
    surveyed(world, crossing())
    later = Clock(world.clock.now() + timedelta(days=30))
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        first = session.execute(select(ScopeReason.street_id, ScopeReason.facility_id, ScopeReason.found_on)).all()
        town = session.get_one(Division, world.places["中镇"])
        judge_scope(session, later, division=town)
        again = session.execute(select(ScopeReason.street_id, ScopeReason.facility_id, ScopeReason.found_on)).all()
        assert sorted(again) == sorted(first)
        judge_scope(session, later, division=town, within_m=1)
        ended = session.scalars(select(ScopeReason).where(ScopeReason.until_on.is_not(None))).all()
        assert ended
        assert {(r.found_on, r.until_on) for r in ended} == {(world.clock.today(), later.today())}
        assert session.scalar(select(func.count()).where(Street.in_scope)) == 1
        judge_scope(session, later, division=town)
        held = session.execute(select(ScopeReason.found_on).where(ScopeReason.until_on.is_(None))).scalars().all()
        assert len(held) == len(first)
        assert later.today() in held


def test_deriving_again_makes_no_street_twice_and_leaves_peoples_streets_alone(world: World):
    surveyed(world, crossing())
    assert len(surveyed(world, crossing())) == 3


def test_a_surveyed_name_is_kept_and_its_street_does_not_swallow_unnamed_ones(world: World):
    streets = surveyed(world, crossing(name="老街"))
    assert sorted(name or "" for name, _, _ in streets) == ["", "", "老街"]


def test_a_distance_that_would_take_in_a_whole_village_is_refused(world: World):
    with pytest.raises(Invalid, match="between 1 and 500"):
        surveyed(world, crossing(), within_m=5000)


@pytest.mark.parametrize(
    ("lines", "bearing"),
    [
        ([LineString([at(-1, 0), at(1, 0)])], 90),
        ([LineString([at(0, -1), at(0, 1)])], 0),
        ([LineString([at(0, 0), at(1, 0)]), LineString([at(1, 0), at(2, 0)])], 90),
        ([LineString([at(0, 0), at(1, 1), at(2, 0)])], 90),
        ([LineString([at(0, 0), at(4, 0), at(4, 1), at(0, 1), at(0, 0)])], 90),
    ],
    ids=["east–west", "north–south", "two segments", "a bend", "a ring"],
)
def test_a_streets_bearing_is_that_of_its_longest_chord(lines: list[LineString], bearing: float):
    found = chord_bearing_deg(lines)
    assert min(abs(found - bearing), 180 - abs(found - bearing)) < 1
    assert 0 <= found < 180


def test_a_point_far_from_every_village_belongs_to_the_town(world: World):
    survey = crossing(shift=60)
    lonely = Survey(survey.centrelines, (), survey.facilities, survey.reports[:4], survey.datum)
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        town = session.get_one(Division, world.places["中镇"])
        take_in(session, world.clock, survey=lonely, origin=Origin("a"), division=town)
        assert set(session.scalars(select(Facility.division_id))) == {town.id}
        assert Point(at(0, 60)).distance(Point(at(0, 0))) > 0.03
