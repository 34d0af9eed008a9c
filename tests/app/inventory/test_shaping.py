"""What people decide of streets: as the real roles, undone with the one undo, and still so after the next import."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

import pytest
from geoalchemy2.shape import to_shape
from shapely import LineString, MultiLineString, Point
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base.errors import Conflict, Invalid, MingluError
from app.base.history import current_act, undo
from app.base.models import Division, Role
from app.base.shares import silent
from app.commands.kinds import apply
from app.intake.models import Intake, Segment
from app.intake.steps import Origin, take_in, undo_intake
from app.inventory import ledgers, queries, steps
from app.inventory.ledgers import Asked
from app.inventory.logic import Ledger
from app.inventory.models import ScopeReason, Street, StreetSegment
from app.naming.queries import holds_of_streets as named
from app.naming.queries import named_streets
from app.naming.steps import Wording, propose
from app.planning.queries import holds_of_streets as signed
from app.planning.queries import signed_streets
from gis.features import Centreline, Facility, FacilityKind, RowReport, Survey, Verdict
from tests.app.builders import build_name, build_sign, build_street, person
from tests.surveys import at, crossing
from tests.world import World

HOLDS = (named, signed)
COUNTY = (Role.COUNTY_OFFICER, "西县")
#: A step of the east–west road of the small survey, which is 6 steps long and met by a lane at 2.
Step = Callable[["Small", Session], object]


@dataclass
class Small:
    """The small survey taken in below 中镇, derived and judged."""

    world: World

    @contextmanager
    def acting(self, role: Role = Role.COUNTY_OFFICER, place: str = "西县") -> Iterator[Session]:
        """A transaction as this person."""
        with self.world.office.acting(self.world.person(role, place), via="test") as session:
            yield session

    def town(self, session: Session) -> Division:
        """The town of the survey."""
        return session.get_one(Division, self.world.places["中镇"])

    def take_in(self, survey: Survey, source: str = "a") -> int:
        """Take a survey in, derive and judge; how many streets were made."""
        with self.acting() as session:
            town = self.town(session)
            take_in(session, self.world.clock, survey=survey, origin=Origin(source), division=town)
            made = steps.derive(session, self.world.clock, division=town)
            steps.judge_scope(session, self.world.clock, division=town)
            return made.streets

    def road(self, session: Session) -> Street:
        """The street that runs east–west."""
        found = select(Street).where(Street.bearing_deg.between(80, 100)).order_by(Street.length_m.desc()).limit(1)
        return session.scalars(found).one()

    def lane(self, session: Session) -> Street:
        """The shortest street, on which the shop stands."""
        return session.scalars(select(Street).order_by(Street.length_m).limit(1)).one()

    def told(self) -> list[tuple[object, ...]]:
        """All that is kept of the streets, with their segments and reasons, but for versions."""
        with self.acting() as session:
            members = select(func.array_agg(StreetSegment.segment_id)).where(StreetSegment.street_id == Street.id)
            why = (
                select(func.array_agg(ScopeReason.facility_id))
                .where(ScopeReason.street_id == Street.id, ScopeReason.until_on.is_(None))
                .scalar_subquery()
            )
            rows = session.execute(
                select(Street, func.ST_AsText(Street.line), members.scalar_subquery(), why).order_by(Street.id)
            ).all()
            return [
                (s.id, s.state, s.in_scope, s.length_m, s.shaped_on, s.no_street_reason, line, sorted(m or []), r)
                for s, line, m, r in rows
            ]


@pytest.fixture(scope="module")
def begin() -> Callable[[World], int]:
    return lambda world: Small(world).take_in(crossing())


@pytest.fixture
def small(world: World) -> Small:
    return Small(world)


@pytest.fixture(scope="module")
def shared_small(shared_world: World) -> Small:
    """For what is refused."""
    return Small(shared_world)


def cut_at_junction(small: Small, session: Session) -> Street:
    return steps.split(session, small.world.clock, street=small.road(session), at=at(2, 0), holds=HOLDS)


def no_street(small: Small, session: Session) -> None:
    lane = small.lane(session)
    steps.mark_no_street(session, small.world.clock, street=lane, reason="院内通道", holds=HOLDS)


def drawn(small: Small, session: Session) -> Street:
    village = session.get_one(Division, small.world.places["丁村"])
    line = LineString([at(-2, 1), at(-1, 1.3), at(-1, 2)])
    return steps.draw(session, small.world.clock, line=line, village=village)


def bent(small: Small, session: Session) -> None:
    line = MultiLineString([[at(2, 0), at(2.3, 0.5), at(2.3, 1)]])
    steps.reshape(session, small.world.clock, street=small.lane(session), line=line, holds=HOLDS)


def joined(small: Small, session: Session) -> Street:
    streets = session.scalars(select(Street).where(Street.bearing_deg.between(80, 100))).all()
    return steps.join(session, small.world.clock, streets=streets, holds=HOLDS)


@pytest.mark.parametrize("step", [cut_at_junction, no_street, drawn, bent])
def test_each_step_is_one_act_and_taken_back_whole(small: Small, step: Step):
    before = small.told()
    with small.acting() as session:
        step(small, session)
        act = current_act(session)
    assert small.told() != before
    with small.acting() as session:
        undo(session, small.world.clock, person(small.world, *COUNTY), act)
    assert small.told() == before


def test_a_joining_is_taken_back_whole(small: Small):
    with small.acting() as session:
        cut_at_junction(small, session)
    before = small.told()
    with small.acting() as session:
        joined(small, session)
        act = current_act(session)
    assert len(small.told()) == 3
    with small.acting() as session:
        undo(session, small.world.clock, person(small.world, *COUNTY), act)
    assert small.told() == before


def test_a_street_is_cut_at_a_junction_and_its_segments_go_with_their_parts(small: Small):
    with small.acting() as session:
        made = cut_at_junction(small, session)
        road = small.road(session)
        assert (round(road.length_m / 100), round(made.length_m / 100)) == (5, 1)
        count = select(StreetSegment.street_id, func.count()).group_by(StreetSegment.street_id)
        segments = {row.street_id: row[1] for row in session.execute(count)}
        assert (segments[road.id], segments[made.id]) == (2, 1)
        assert made.shaped_on == small.world.clock.today()


def test_a_street_is_cut_within_a_segment_and_the_survey_keeps_it_whole(small: Small):
    with small.acting() as session:
        surveyed = session.scalar(select(func.count()).select_from(Segment))
        made = steps.split(session, small.world.clock, street=small.road(session), at=at(-2, 0), holds=HOLDS)
        assert round(made.length_m / 100) == 1
        assert session.scalar(select(func.count()).select_from(Segment)) == surveyed


def test_after_a_cut_a_facility_puts_only_its_own_part_in_scope(small: Small):
    with small.acting() as session:
        cut_at_junction(small, session)
        road = small.road(session)
        whose = select(Street.id).join(ScopeReason, ScopeReason.street_id == Street.id)
        reasons = session.scalars(whose.where(ScopeReason.until_on.is_(None))).all()
        scope = {street.id: street.in_scope for street in session.scalars(select(Street))}
        assert scope == {street: street in reasons for street in scope}
        assert road.id in scope


def test_a_cut_elsewhere_at_an_end_or_in_a_ring_is_refused(shared_small: Small):
    with shared_small.acting() as session:
        road = shared_small.road(session)
        for place, words in ((at(0, 2), "m from the place"), (at(3, 0), "an end of the street")):
            with pytest.raises(Invalid, match=words):
                steps.split(session, shared_small.world.clock, street=road, at=place, holds=HOLDS)


def test_no_street_leaves_the_scope_and_the_committee_goes_to_another_street(small: Small):
    with small.acting() as session:
        no_street(small, session)
        lane = small.lane(session)
        assert (lane.state, lane.in_scope, lane.no_street_reason) == ("no_street", False, "院内通道")
        steps.judge_scope(session, small.world.clock, division=small.town(session), within_m=500)
        assert not lane.in_scope
        steps.take_back_no_street(session, small.world.clock, street=lane)
        assert (lane.state, lane.in_scope, lane.no_street_on) == ("unnamed", True, None)
        with pytest.raises(Conflict, match="Nobody said"):
            steps.take_back_no_street(session, small.world.clock, street=lane)


def test_no_street_needs_a_reason(shared_small: Small):
    with shared_small.acting() as session, pytest.raises(Invalid, match="Say why"):
        steps.mark_no_street(
            session, shared_small.world.clock, street=shared_small.lane(session), reason=" ", holds=HOLDS
        )


def test_no_name_is_proposed_for_what_is_no_street(small: Small):
    with small.acting() as session:
        no_street(small, session)
        lane, by = small.lane(session), person(small.world, *COUNTY)
        with pytest.raises(Conflict, match="bears no name"):
            propose(session, small.world.clock, by=by, street=lane, wording=Wording("明德路"))
        with pytest.raises(Conflict, match="Take that back first"):
            steps.reshape(
                session, small.world.clock, street=lane, line=MultiLineString([[at(0, 0), at(1, 1)]]), holds=HOLDS
            )


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([(0, 0), (0, 0.00001)], "between 2 m and 30 km"),
        ([(0, 0), (900, 900)], "between 2 m and 30 km"),
        ([(200, 0), (201, 0)], "outside of 丁村"),
        ([(n % 2, n / 10) for n in range(8)] + [(0.5, -1), (0.5, 1), (0.4, 1), (0.4, -1)], "crosses itself"),
    ],
)
def test_an_implausible_line_is_refused_in_words(shared_small: Small, points: list[tuple[float, float]], words: str):
    with shared_small.acting() as session:
        village = session.get_one(Division, shared_small.world.places["丁村"])
        with pytest.raises(Invalid, match=words):
            steps.draw(session, shared_small.world.clock, line=LineString([at(*p) for p in points]), village=village)


def test_a_street_is_not_drawn_where_one_runs_already(shared_small: Small):
    with shared_small.acting() as session, pytest.raises(Conflict, match="runs there already"):
        village = session.get_one(Division, shared_small.world.places["丁村"])
        line = LineString([at(-1, 0.02), at(2, 0.02)])
        steps.draw(session, shared_small.world.clock, line=line, village=village)


def test_streets_that_do_not_belong_together_are_not_joined(world: World):
    clock = world.clock
    west, east = build_street(world, "甲村", ((0, 0), (100, 0))), build_street(world, "甲村", ((103, 0), (300, 0)))
    far, other = build_street(world, "甲村", ((400, 0), (500, 0))), build_street(world, "乙村", ((0, 0), (100, 0)))
    old, new = (
        build_street(world, "甲村", ((0, n), (100, n)), surveyed_name=name) for n, name in ((0, "老街"), (1, "新街"))
    )
    with world.office.acting(world.person(Role.TOWN_OFFICER, "南镇"), via="test") as session:

        def refused(*keys: int) -> str:
            streets = [session.get_one(Street, key) for key in keys]
            with pytest.raises(MingluError) as refusal:
                steps.join(session, clock, streets=streets, holds=HOLDS)
            return str(refusal.value)

        assert "do not meet" in refused(west, far)
        assert "several villages" in refused(west, other)
        assert "新街、老街" in refused(old, new)
        assert "two at least" in refused(west, west)
        one = steps.join(session, clock, streets=[session.get_one(Street, key) for key in (west, east)], holds=HOLDS)
        assert (one.id, round(one.length_m), session.get(Street, west)) == (east, 300, None)


def test_a_street_with_a_name_a_proposal_or_signs_keeps_its_shape(world: World):
    signs, name = build_street(world, "甲村"), build_street(world, "甲村", ((0, 50), (200, 50)))
    asked = build_street(world, "甲村", ((0, 90), (200, 90)))
    build_sign(world, signs)
    build_name(world, name, on=date(2024, 4, 1))
    officer = person(world, Role.TOWN_OFFICER, "南镇")
    with world.office.acting(officer.id, via="test") as session:
        street = session.get_one(Street, asked)
        propose(session, world.clock, by=officer, street=street, wording=Wording("明德路"))
        for key, words in ((signs, "name is in force"), (name, "name is in force"), (asked, "name is proposed")):
            with pytest.raises(Conflict, match=words):
                steps.mark_no_street(session, world.clock, street=session.get_one(Street, key), reason="x", holds=HOLDS)
        assert named(session, [signs, asked]).keys() == {signs, asked}
        with pytest.raises(Conflict, match="Signs are planned"):
            steps.split(session, world.clock, street=session.get_one(Street, signs), at=at(0, 0), holds=(signed,))


@pytest.mark.parametrize("role", [Role.VILLAGE_CONTACT, Role.INSPECTOR])
def test_who_may_only_read_shapes_nothing(shared_small: Small, role: Role):
    place = "丁村" if role is Role.VILLAGE_CONTACT else "西县"
    before = shared_small.told()
    with pytest.raises(MingluError), shared_small.acting(role, place) as session:
        no_street(shared_small, session)
    with pytest.raises(MingluError), shared_small.acting(role, place) as session:
        drawn(shared_small, session)
    assert shared_small.told() == before


def test_officers_of_another_county_see_none_of_it(shared_small: Small):
    with shared_small.acting(Role.COUNTY_OFFICER, "东县") as session:
        assert session.scalars(select(Street)).all() == []


@pytest.mark.parametrize("step", [cut_at_junction, no_street, bent, lambda _small, _session: None])
@pytest.mark.parametrize("shift", [0.0, 0.03], ids=["the same file", "another survey, 3 m off"])
def test_what_people_decided_survives_the_next_import(small: Small, step: Step, shift: float):
    with small.acting() as session:
        step(small, session)
    before = [row[:7] for row in small.told()]
    assert small.take_in(crossing(shift=shift), "b") == 0
    assert [row[:7] for row in small.told()] == before
    with small.acting() as session:
        loose = select(func.count()).select_from(Segment).where(Segment.id.not_in(select(StreetSegment.segment_id)))
        assert session.scalar(loose) == 0


@pytest.mark.parametrize("step", [no_street, bent])
def test_what_people_decided_is_known_again_where_receivers_scattered(small: Small, step: Step):
    with small.acting() as session:
        step(small, session)
    before = len(small.told())
    with small.acting() as session:
        found = select(Street).where(Street.shaped_on.is_not(None) | Street.no_street_on.is_not(None))
        lines = queries.line_of(session.scalars(found).one())
    aside = [LineString([(x + 0.00015, y + 0.0001) for x, y in part.coords]) for part in lines.geoms]
    survey = roads(*(Centreline(f"r/{n}", line, road_class="residential") for n, line in enumerate(aside)))
    assert small.take_in(survey, "b") == 0
    assert len(small.told()) == before


def test_a_lane_beside_what_is_no_street_is_a_street(small: Small):
    with small.acting() as session:
        no_street(small, session)
    assert small.take_in(roads(road("r/1", (2.3, 0.05), (2.3, 1))), "b") == 1
    assert small.take_in(roads(road("r/2", (1.85, 0.6), (1.85, 0.9))), "c") == 1, "along a part of it only"


def test_what_was_joined_stays_joined_after_the_next_import(small: Small):
    with small.acting() as session:
        cut_at_junction(small, session)
    with small.acting() as session:
        joined(small, session)
    assert small.take_in(crossing(shift=0.03), "b") == 0
    assert len(small.told()) == 3


def test_a_survey_of_a_drawn_street_makes_no_second_one_and_gives_it_its_name(small: Small):
    with small.acting() as session:
        made = drawn(small, session).id
    survey = crossing()
    line = replace(
        survey.centrelines[0], key="w/9", line=LineString([at(-2, 1.02), at(-1.02, 1.3), at(-1, 2)]), name="老街"
    )
    assert small.take_in(replace(survey, centrelines=(line,)), "b") == 0
    with small.acting() as session:
        street = session.get_one(Street, made)
        assert (street.surveyed_name, street.geometry_source) == ("老街", "drawn")


def test_of_a_line_that_goes_on_beyond_a_street_only_the_rest_becomes_one(small: Small):
    survey = crossing()
    longer = replace(survey.centrelines[0], key="w/9", line=LineString([at(1, 0.02), at(6, 0.02)]))
    with small.acting() as session:
        small.road(session).shaped_on = small.world.clock.today()
    assert small.take_in(replace(survey, centrelines=(longer,)), "b") == 1
    with small.acting() as session:
        newest = session.scalars(select(Street).order_by(Street.id.desc()).limit(1)).one()
        assert round(newest.length_m / 100) == 3
        west = to_shape(newest.line).bounds[0]
        assert west == pytest.approx(at(3, 0)[0], abs=1e-4)


def test_an_intake_whose_lines_only_run_along_streets_is_undone_without_them(small: Small):
    before = [row[:7] for row in small.told()]
    small.take_in(crossing(shift=0.03), "b")
    with small.acting() as session:
        newest = session.scalars(select(Intake).order_by(Intake.id.desc()).limit(1)).one()
        assert steps.dissolve(session, small.world.clock, intake=newest) == 0
    assert [row[:7] for row in small.told()] == before


@pytest.mark.parametrize("step", [cut_at_junction, no_street, bent])
def test_an_intake_is_not_undone_under_what_people_decided(small: Small, step: Step):
    with small.acting() as session:
        step(small, session)
    with small.acting() as session, pytest.raises(Conflict, match="what people decided"):
        steps.dissolve(session, small.world.clock, intake=session.scalars(select(Intake)).one())


def test_an_intake_whose_streets_bear_decided_names_says_that_it_stays(small: Small):
    with small.acting() as session:
        street = session.scalars(select(Street.id).order_by(Street.id).limit(1)).one()
    build_name(small.world, street)
    with small.acting() as session, pytest.raises(Conflict, match="can no longer be taken back"):
        steps.dissolve(session, small.world.clock, intake=session.scalars(select(Intake)).one())


def called(survey: Survey, name: str, *lines: LineString) -> Survey:
    """The survey with these lines alone, all of that name."""
    first = survey.centrelines[0]
    made = tuple(replace(first, key=f"w/{n}", line=line, name=name) for n, line in enumerate(lines, 20))
    reports = tuple(RowReport(row, line.key, Verdict.ACCEPTED) for row, line in enumerate(made, 1))
    return replace(survey, centrelines=made, areas=(), facilities=(), reports=reports)


def test_a_later_survey_that_calls_a_street_otherwise_is_listed_with_what_it_calls_it(small: Small):
    for name in ("中山路", "孙文路", "孙 文 路"):
        line = LineString([at(-3, 0.02), at(3, 0.02)])
        assert small.take_in(called(crossing(), name, line), name) == 0
    with small.acting() as session:
        road = small.road(session)
        assert road.surveyed_name == "中山路"
        assert queries.also_called(session, road, None) == ["孙 文 路", "孙文路"]
        assert queries.also_called(session, road, "孙文路") == ["中山路"]
        asked = Asked(small.town(session), "", named_streets, signed_streets)
        row = session.execute(ledgers.rows_of(asked, Ledger.SEVERAL, {})).one()
        assert row.Street.id == road.id
        assert set(row.called.split("、")) == {"孙 文 路", "孙文路"}
        assert ledgers.counts(session, asked, {})[Ledger.SEVERAL] == 1


def test_the_next_import_judges_by_the_distance_last_used_in_each_village(small: Small):
    with small.acting() as session:
        town = small.town(session)
        far = steps.judge_scope(session, small.world.clock, division=town, within_m=200.0)
        assert far > steps.judge_again(session, small.world.clock, division=town) - 1
        assert set(session.scalars(select(ScopeReason.within_m).where(ScopeReason.until_on.is_(None)))) == {200.0}
    with small.acting() as session:
        take = called(crossing(), "新路", LineString([at(-3, 6), at(3, 6)]))
        apply(session, small.world.clock, survey=take, origin=Origin("c"), division=small.town(session), tell=silent)
        assert set(session.scalars(select(ScopeReason.within_m).where(ScopeReason.until_on.is_(None)))) == {200.0}


def test_an_intake_whose_shop_put_a_street_in_scope_is_undone_and_the_scope_judged_anew(small: Small):
    shop = Facility("n/9", FacilityKind.SHOP, "小卖部", Point(at(-2, 0.1)))
    survey = replace(
        crossing(), centrelines=(), areas=(), facilities=(shop,), reports=(RowReport(1, "n/9", Verdict.ACCEPTED),)
    )
    before = [row[:7] for row in small.told()]
    small.take_in(survey, "shop")
    with small.acting() as session:
        assert small.road(session).in_scope
        newest = session.scalars(select(Intake).order_by(Intake.id.desc()).limit(1)).one()
        assert steps.dissolve(session, small.world.clock, intake=newest) == 0
        undo_intake(session, intake=newest)
        steps.judge_again(session, small.world.clock, division=small.town(session))
    assert [row[:7] for row in small.told()] == before


def test_a_line_that_leaves_a_street_twice_is_undone_with_all_that_it_made(small: Small):
    with small.acting() as session:
        small.road(session).shaped_on = small.world.clock.today()
    before = [row[:7] for row in small.told()]
    out = LineString([at(-6, 0), at(-3.5, 0), at(-3, 0), at(3, 0), at(6, 0)])
    small.take_in(called(crossing(), "", out), "b")
    assert len(small.told()) == len(before) + 2
    with small.acting() as session:
        newest = session.scalars(select(Intake).order_by(Intake.id.desc()).limit(1)).one()
        assert steps.dissolve(session, small.world.clock, intake=newest) == 2
    assert [row[:7] for row in small.told()] == before


@pytest.mark.parametrize("cut", [False, True])
def test_a_row_that_turns_a_corner_is_two_streets_as_two_rows_are(small: Small, cut: bool):
    bent = [(4, 3), (4, 6), (8, 6)]
    lines = [road("r/1", *bent[:2]), road("r/2", *bent[1:])] if cut else [road("r/1", *bent)]
    assert small.take_in(roads(*lines), "b") == 2
    with small.acting() as session:
        streets = session.scalars(select(Street).order_by(Street.id.desc()).limit(2)).all()
        streets = sorted(streets, key=lambda street: street.length_m)
        assert [round(street.bearing_deg) for street in streets] == [0, 90]
        assert [queries.segments_of(session, street) for street in streets] == [1, 1]


def roads(*lines: Centreline) -> Survey:
    """A survey of these lines and of a village point."""
    survey = crossing()
    keys = [*(line.key for line in lines), "n/1"]
    reports = tuple(RowReport(n, key, Verdict.ACCEPTED) for n, key in enumerate(keys, start=1))
    return replace(survey, centrelines=lines, facilities=(), reports=reports)


def road(key: str, *points: tuple[float, float], name: str | None = None) -> Centreline:
    """A residential road through places in steps of about 100 m."""
    return Centreline(key, LineString([at(*point) for point in points]), name, "residential")
