"""A later survey meets streets that stand: what it draws again is theirs, the rest is derived as if it came at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
import shapely
from geoalchemy2.shape import to_shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.history import current_act, undo
from app.base.models import Division, Role
from app.intake.models import Intake, Segment
from app.intake.steps import Origin, take_in, undo_intake
from app.inventory import ledgers, queries, steps
from app.inventory.ledgers import Asked
from app.inventory.logic import Ledger
from app.inventory.models import Street, StreetSegment
from app.naming.queries import holds_of_streets as named
from app.naming.queries import named_streets
from app.planning.queries import holds_of_streets as signed
from app.planning.queries import signed_streets
from gis.features import Centreline, RowReport, Survey, Verdict
from tests.app.builders import build_name, person
from tests.surveys import at, crossing
from tests.world import World

HOLDS = (named, signed)
Line = tuple[str | None, Sequence[tuple[float, float]]]


@dataclass(frozen=True)
class Told:
    """A street as it stands: its name, its metres in tens, and whether it is one line without a gap."""

    name: str | None
    metres: int
    parts: int


def row(y: float, west: float = -150, east: float = 150, name: str | None = None) -> Line:
    """An east–west road at y metres."""
    return name, [(west, y), (east, y)]


def lane(x: float, south: float, north: float, name: str | None = None) -> Line:
    """A north–south road at x metres."""
    return name, [(x, south), (x, north)]


def survey(lines: Sequence[Line], *, east: float = 0.0, north: float = 0.0) -> Survey:
    """Residential roads through places in metres, all of it shifted by so many."""
    made = tuple(
        Centreline(
            f"r/{n}", LineString([at((x + east) / 100, (y + north) / 100) for x, y in points]), name, "residential"
        )
        for n, (name, points) in enumerate(lines)
    )
    keys = [*(line.key for line in made), "n/1"]
    reports = tuple(RowReport(n, key, Verdict.ACCEPTED) for n, key in enumerate(keys, start=1))
    return replace(crossing(), centrelines=made, facilities=(), reports=reports)


def bring(world: World, lines: Sequence[Line], source: str, **shift: float) -> None:
    """Take a survey in below 中镇 and derive."""
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        town = session.get_one(Division, world.places["中镇"])
        take_in(session, world.clock, survey=survey(lines, **shift), origin=Origin(source), division=town)
        steps.derive(session, world.clock, division=town, holds=HOLDS)


def take_back(world: World, source: str) -> None:
    """Undo an intake with its streets."""
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        intake = session.scalars(select(Intake).where(Intake.source == source)).one()
        steps.dissolve(session, world.clock, intake=intake, holds=HOLDS)
        undo_intake(session, intake=intake)


def told(world: World) -> list[Told]:
    """The streets, the longest first."""
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        streets = session.scalars(select(Street).order_by(Street.length_m.desc(), Street.id)).all()
        made = []
        for street in streets:
            merged = shapely.line_merge(to_shape(street.line))
            made.append(Told(street.surveyed_name, round(street.length_m / 10), len(shapely.get_parts(merged))))
        return sorted(made, key=lambda one: (-one.metres, one.name or "", one.parts))


def kept(world: World) -> list[tuple[object, ...]]:
    """All that streets are: keys, names, lines, and what they are made of and run beside."""
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        rows = session.scalars(select(Street).order_by(Street.id)).all()
        members = session.execute(
            select(StreetSegment.street_id, StreetSegment.segment_id, StreetSegment.beside).order_by(
                StreetSegment.street_id, StreetSegment.segment_id
            )
        ).all()
        return [
            *((s.id, s.uid, s.surveyed_name, round(s.length_m, 3), to_shape(s.line).wkt) for s in rows),
            *(tuple(member) for member in members),
        ]


def loose(world: World) -> int:
    """How many lines are part of no street."""
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        return queries.loose_segments(session, session.get_one(Division, world.places["中镇"]))


def decide_all(world: World) -> None:
    """Names in force for every street that stands."""
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        keys = session.scalars(select(Street.id).order_by(Street.id)).all()
    for key in keys:
        build_name(world, key)


ROWS = [row(y) for y in (0, 40, 80, 120)]


def test_a_lane_across_rows_that_stand_and_a_dead_end_are_streets_of_their_own(world: World):
    bring(world, ROWS, "a")
    bring(world, [lane(0, -5, 125, "新胡同"), lane(60, -34, 0, "李家巷")], "b")
    assert told(world) == [*[Told(None, 30, 1)] * 4, Told("新胡同", 13, 1), Told("李家巷", 3, 1)]
    assert loose(world) == 0


@pytest.mark.parametrize("decided", [False, True])
def test_a_full_second_survey_some_metres_off_brings_only_what_is_new(world: World, decided: bool):
    known = [row(y) for y in range(0, 241, 40)] + [lane(-100, -20, 260)]
    bring(world, known, "a")
    if decided:
        decide_all(world)
    more = [lane(80, 0, 240), lane(20, -34, 0, "李家巷"), lane(-50, -33, 0), lane(-20, -80, 0)]
    bring(world, known + more, "b", east=1.5, north=1.5)
    new = [Told(None, 24, 1), Told(None, 8, 1), Told("李家巷", 3, 1), Told(None, 3, 1)]
    stood = [*[Told(None, 30, 1)] * 7, Told(None, 28, 1)]
    assert sorted(told(world), key=str) == sorted([*stood, *new], key=str)
    assert loose(world) == 0


def test_a_named_lane_alone_across_rows_names_none_of_them(world: World):
    bring(world, [row(y) for y in range(0, 241, 40)], "a")
    bring(world, [lane(120, -5, 245, "新胡同")], "b")
    assert told(world) == [*[Told(None, 30, 1)] * 7, Told("新胡同", 25, 1)]


def test_a_long_lane_across_rows_far_apart_is_one_street_without_gaps(world: World):
    bring(world, [row(y) for y in range(0, 301, 60)], "a")
    bring(world, [lane(120, 0, 300)], "b")
    assert told(world) == [Told(None, 30, 1)] * 7


@pytest.mark.parametrize("decided", [False, True])
def test_of_a_line_through_a_village_only_what_runs_along_a_street_is_that_street(world: World, decided: bool):
    bring(world, [row(-150, -100, 100), row(-60, -100, 100), row(200, -100, 100), lane(4, 0, 107)], "a")
    if decided:
        decide_all(world)
    bring(world, [lane(0, -300, 300)], "b")
    rows = [Told(None, 20, 1)] * 3
    if decided:
        assert sorted(told(world), key=str) == sorted(
            [Told(None, 30, 1), Told(None, 19, 1), Told(None, 11, 1), *rows], key=str
        )
    else:
        assert told(world) == [Told(None, 60, 1), *rows]
    assert loose(world) == 0


def test_a_road_that_leaves_another_at_a_flat_angle_is_a_street_of_its_own(world: World):
    bring(world, [row(0, name="东街")], "a")
    bring(world, [("斜街", [(0, 0), (45, 20), (150, 70)]), ("短巷", [(-100, 0), (-78, 10)])], "b")
    assert told(world) == [Told("东街", 30, 1), Told("斜街", 17, 1), Told("短巷", 2, 1)]


def test_a_name_that_a_longer_later_survey_has_for_a_street_is_told_of_it(world: World):
    bring(world, [row(0, name="福康街")], "a")
    decide_all(world)
    bring(world, [row(0, -150, 300, "别的路")], "b", east=2.5, north=2.5)
    assert told(world) == [Told("福康街", 30, 1), Told("别的路", 15, 1)]
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        asked = Asked(session.get_one(Division, world.places["中镇"]), "", named_streets, signed_streets)
        found = session.execute(ledgers.rows_of(asked, Ledger.SEVERAL, {})).one()
        assert (found.Street.surveyed_name, found.called) == ("福康街", "别的路")
        rest = session.scalars(select(Street).where(Street.surveyed_name == "别的路")).one()
        street = session.get_one(Street, found.Street.id)
        assert queries.line_of(street).distance(queries.line_of(rest)) < 1e-8, "it goes on where the street ends"


@pytest.mark.parametrize("shift", [0.0, 2.5])
def test_a_street_that_nobody_decided_goes_on_where_a_later_survey_goes_on(world: World, shift: float):
    bring(world, [row(0)], "a")
    before = kept(world)[0][:2]
    bring(world, [row(0), row(0, 150, 300)], "b", east=shift, north=shift)
    assert told(world) == [Told(None, 45, 1)]
    assert kept(world)[0][:2] == before


def test_two_streets_that_a_later_survey_joins_are_the_longer_ones_record(world: World):
    bring(world, [row(0, -150, 0), row(0, 60, 150)], "a")
    longer, shorter = sorted(kept(world)[:2], key=lambda one: -float(str(one[3])))
    bring(world, [row(0, 0, 60)], "b")
    assert told(world) == [Told(None, 30, 1)]
    assert kept(world)[0][:2] == longer[:2]
    take_back(world, "b")
    assert told(world) == [Told(None, 15, 1), Told(None, 9, 1)]
    assert longer[:2] in {one[:2] for one in kept(world)[:2]}
    assert shorter[3] in {one[3] for one in kept(world)[:2]}
    assert loose(world) == 0


def test_the_act_that_joined_streets_is_undone_with_their_records(world: World):
    bring(world, [row(0, -150, 0), row(0, 60, 150), lane(-150, -90, 0)], "a")
    before = kept(world)
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        town = session.get_one(Division, world.places["中镇"])
        file = survey([row(0, 0, 60), lane(-150, 0, 90)])
        take_in(session, world.clock, survey=file, origin=Origin("b"), division=town)
        assert steps.derive(session, world.clock, division=town, holds=HOLDS).changed == 2
        act = current_act(session)
    assert told(world) == [Told(None, 30, 1), Told(None, 18, 1)]
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        undo(session, world.clock, person(world, Role.COUNTY_OFFICER, "西县"), act)
    assert kept(world) == before


def test_a_street_that_a_later_road_parts_is_one_again_without_it(world: World):
    bring(world, [(None, [(-150, 0), (0, 0), (75, 130)])], "a")
    before = kept(world)
    assert told(world) == [Told(None, 30, 1)]
    bring(world, [row(0, 0, 100)], "b")
    assert told(world) == [Told(None, 25, 1), Told(None, 15, 1)]
    take_back(world, "b")
    assert [one[:4] for one in kept(world)] == [one[:4] for one in before]
    assert told(world) == [Told(None, 30, 1)]


@pytest.mark.parametrize(
    "later", [[lane(0, -100, 100)], [row(0, 150, 300)], [row(1, name="后街")], [lane(0, 0, 50), row(2, -150, 250)]]
)
def test_an_intake_taken_back_leaves_streets_as_they_were(world: World, later: list[Line]):
    bring(world, [row(0), row(60, name="前街")], "a")
    before = kept(world)
    bring(world, later, "b")
    assert kept(world) != before
    take_back(world, "b")
    assert kept(world) == before


def test_a_name_that_a_street_has_from_two_later_surveys_stays_with_the_other(world: World):
    bring(world, [row(0)], "a")
    bring(world, [row(2, name="后街")], "b")
    bring(world, [row(-2, name="后街")], "c")
    take_back(world, "b")
    assert told(world) == [Told("后街", 30, 1)]
    take_back(world, "c")
    assert told(world) == [Told(None, 30, 1)]


def test_what_people_decided_is_not_continued(world: World):
    bring(world, [row(0)], "a")
    decide_all(world)
    before = kept(world)
    bring(world, [row(0, 150, 300)], "b")
    assert told(world) == [Told(None, 30, 1), Told(None, 15, 1)]
    bring(world, [row(2, name="后街")], "c")
    assert before[0] in kept(world), "nor does it take a name from a survey"


class _Enough(Exception):
    """Nothing of this is to stay."""


def as_brought(world: World, files: Sequence[Sequence[Centreline]]) -> list[tuple[str | None, int, tuple[str, ...]]]:
    """The streets after these files, one after the other; nothing of it stays."""
    found: list[tuple[str | None, int, tuple[str, ...]]] = []
    with pytest.raises(_Enough), world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        town = session.get_one(Division, world.places["中镇"])
        for n, lines in enumerate(files):
            keys = [*(line.key for line in lines), "n/1"]
            reports = tuple(RowReport(at, key, Verdict.ACCEPTED) for at, key in enumerate(keys, start=1))
            file = replace(crossing(), centrelines=tuple(lines), facilities=(), reports=reports)
            take_in(session, world.clock, survey=file, origin=Origin(str(n)), division=town)
            steps.derive(session, world.clock, division=town, holds=HOLDS)
        found = of_segments(session)
        raise _Enough
    return found


def of_segments(session: Session) -> list[tuple[str | None, int, tuple[str, ...]]]:
    """The streets by name, length in whole metres, and the rows that they are made of."""
    rows = session.execute(
        select(Street.id, Street.surveyed_name, Street.length_m, Segment.key, StreetSegment.beside)
        .join(StreetSegment, StreetSegment.street_id == Street.id)
        .join(Segment, Segment.id == StreetSegment.segment_id)
    ).all()
    streets: dict[int, tuple[str | None, int, set[str]]] = {}
    for one in rows:
        assert not one.beside, "no two lines of a grid are one"
        streets.setdefault(one.id, (one.surveyed_name, round(one.length_m), set()))[2].add(one.key.partition(":")[0])
    return sorted(((name, metres, tuple(sorted(keys))) for name, metres, keys in streets.values()), key=str)


STEPS = st.integers(0, 6)
NAMES_OF_LINES = st.sampled_from([None, None, None, "前街", "后街"])


@st.composite
def grid(draw: st.DrawFn) -> list[Centreline]:
    """Rows and lanes of a grid of 60 m, whole or in pieces, and slanting roads between its crossings; none twice."""
    known: set[frozenset[tuple[int, int]]] = set()
    lines: list[tuple[list[tuple[int, int]], str | None]] = []
    for _ in range(draw(st.integers(2, 9))):
        (x, y), long, name = draw(st.tuples(STEPS, STEPS)), draw(st.integers(1, 5)), draw(NAMES_OF_LINES)
        east, north = draw(st.sampled_from([(1, 0), (0, 1), (1, 1), (1, -1)]))
        places = [(x + east * n, y + north * n) for n in range(long + 1)]
        legs = {frozenset(leg) for leg in pairwise(places)}
        if not legs & known:
            known |= legs
            lines += [(list(leg), name) for leg in pairwise(places)] if draw(st.booleans()) else [(places, name)]
    return [
        Centreline(f"r/{n:02}", LineString([at(x * 0.6, y * 0.6) for x, y in places]), name, "residential")
        for n, (places, name) in enumerate(lines)
    ]


@given(lines=grid(), data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_grid_surveyed_in_two_files_gives_the_streets_of_one(
    shared_world: World, lines: list[Centreline], data: st.DataObject
):
    second = set(data.draw(st.lists(st.sampled_from(range(len(lines))), unique=True)))
    files = [[line for n, line in enumerate(lines) if (n in second) is later] for later in (False, True)]
    once = as_brought(shared_world, [lines])
    for order in (files, files[::-1]):
        assert as_brought(shared_world, order) == once
