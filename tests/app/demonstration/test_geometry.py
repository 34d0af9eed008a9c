"""The generated survey: inside the outline, the same each time, and as well-formed as a good survey file."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Polygon

from app.demonstration.geometry import Village, generate_survey
from app.demonstration.nets import street_net
from app.demonstration.places import lay_out, outline_of
from app.demonstration.points import Town, grounds, rooms_m, scatter, seeded
from app.intake.register import Register, read_register
from gis import linework
from gis.crs import lengths_m, metres_per_degree
from gis.features import AreaKind, FacilityKind, Survey, Verdict
from gis.streets import derive_streets

NOTHING = np.zeros((0, 2))
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEEDS = st.text("0123456789", min_size=1, max_size=9)


@pytest.fixture(scope="module")
def register() -> Register:
    return read_register()


@pytest.fixture(scope="module")
def laid_out(register: Register) -> dict[str, Village]:
    return lay_out(register)


@st.composite
def some_ground(draw: st.DrawFn) -> Polygon:
    """A town-sized ground in the plain: a ring of corners at different distances from its middle, never convex."""
    reach = draw(st.floats(0.02, 0.08))
    sides = draw(st.lists(st.floats(0.4, 1.0), min_size=5, max_size=11))
    angles = np.linspace(0, 2 * np.pi, len(sides), endpoint=False)
    corners = (
        np.array([116.9, 37.5]) + np.stack([np.cos(angles), np.sin(angles)], axis=1) * reach * np.array(sides)[:, None]
    )
    return Polygon(corners)


def villages_on(ground: Polygon, count: int, seed: str) -> list[Village]:
    points = scatter(ground, count, seed=seed, taken=NOTHING)
    return [
        Village(f"{seed}{n}", f"第{n}村村委会", f"第{n}村", lon, lat, room_m=room)
        for n, ((lon, lat), room) in enumerate(zip(points.tolist(), rooms_m(points).tolist(), strict=True))
    ]


def shapes_of(survey: Survey) -> np.ndarray:
    return np.array([line.line for line in survey.centrelines], dtype=object)


@SLOW
@given(some_ground(), st.integers(1, 40), SEEDS)
def test_points_lie_on_the_ground_and_apart(ground: Polygon, count: int, seed: str) -> None:
    points = scatter(ground, count, seed=seed, taken=NOTHING)
    assert points.shape == (count, 2)
    assert shapely.contains_xy(ground, points[:, 0], points[:, 1]).all()
    assert (rooms_m(points) > 10).all()


@SLOW
@given(some_ground(), SEEDS)
def test_points_keep_away_from_those_already_there(ground: Polygon, seed: str) -> None:
    first = scatter(ground, 10, seed=seed, taken=NOTHING)
    second = scatter(ground, 10, seed=f"{seed}-", taken=first)
    assert (rooms_m(np.concatenate([first, second])) > 10).all()


@SLOW
@given(some_ground(), st.integers(1, 12), SEEDS)
def test_all_that_is_generated_lies_inside_the_outline(ground: Polygon, count: int, seed: str) -> None:
    survey = generate_survey(villages_on(ground, count, seed), outline=ground)
    assert shapely.covers(ground, shapes_of(survey)).all()
    assert all(ground.covers(facility.point) for facility in survey.facilities)
    assert all(ground.covers(area.shape) for area in survey.areas)


@SLOW
@given(some_ground(), st.integers(1, 12), SEEDS)
def test_segments_meet_at_their_ends_only(ground: Polygon, count: int, seed: str) -> None:
    survey = generate_survey(villages_on(ground, count, seed), outline=ground)
    shapes = shapes_of(survey)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for a, b in zip(first, second, strict=True):
        if a < b:
            common = shapely.get_coordinates(shapes[a].intersection(shapes[b])).tolist()
            ends = [list(shapes[n].coords[end]) for n in (a, b) for end in (0, -1)]
            assert len(common) <= 2
            assert all(ends.count(place) == 2 for place in common)
    assert linework.clean(survey.centrelines).changes == ()


@SLOW
@given(some_ground(), st.integers(1, 8), SEEDS)
def test_the_same_villages_give_the_same_survey(ground: Polygon, count: int, seed: str) -> None:
    villages = villages_on(ground, count, seed)
    assert generate_survey(villages, outline=ground) == generate_survey(villages, outline=ground)


@SLOW
@given(SEEDS, st.floats(60, 330))
def test_a_net_keeps_to_its_room_and_its_facilities_to_their_street(seed: str, room_m: float) -> None:
    net = street_net(seeded(seed), room_m=room_m)
    assert float(np.hypot(*np.concatenate(net.segments).T).max()) <= room_m + 1.0
    assert len(net.main) == len(net.segments)
    lines = shapely.MultiLineString([shapely.LineString(line) for line in net.segments])
    assert all(lines.distance(shapely.Point(x, y)) < 13 for _, x, y in net.facilities)
    kinds = Counter(kind for kind, _, _ in net.facilities)
    assert kinds[FacilityKind.COMMITTEE] == kinds[FacilityKind.CLINIC] == 1
    assert 4 <= kinds[FacilityKind.SHOP] <= 7
    assert kinds[FacilityKind.SCHOOL] <= 1


def test_a_village_without_room_is_a_point_only() -> None:
    ground = shapely.box(116.9, 37.4, 117.0, 37.5)
    survey = generate_survey([Village("1", "张庄村委会", "张庄村", 116.95, 37.45)], outline=ground)
    assert (len(survey.centrelines), len(survey.facilities), len(survey.areas)) == (0, 0, 1)
    assert survey.areas[0].kind is AreaKind.VILLAGE


def test_no_villages_give_an_empty_survey() -> None:
    survey = generate_survey([], outline=shapely.box(116.9, 37.4, 117.0, 37.5))
    assert (survey.reports, survey.centrelines, survey.areas) == ((), (), ())


def test_every_feature_is_one_accepted_row() -> None:
    ground = shapely.box(116.9, 37.4, 117.0, 37.5)
    survey = generate_survey(villages_on(ground, 5, "7"), outline=ground)
    features: list[Any] = [*survey.centrelines, *survey.areas, *survey.facilities]
    assert {row.key for row in survey.reports} == {each.key for each in features}
    assert len(survey.reports) == len(features)
    assert {row.verdict for row in survey.reports} == {Verdict.ACCEPTED}
    assert survey.datum == "EPSG:4490"


def test_facilities_are_called_after_their_village() -> None:
    ground = shapely.box(116.9, 37.4, 117.0, 37.5)
    village = Village("1", "张庄村委会", "张庄村", 116.95, 37.45, room_m=300)
    names = {facility.name for facility in generate_survey([village], outline=ground).facilities}
    assert {"张庄村委会", "张庄村卫生室", "张庄村便民超市"} <= names


def test_every_unit_of_the_city_gets_a_place(register: Register, laid_out: dict[str, Village]) -> None:
    assert list(laid_out) == [unit.code for unit in register.villages]
    assert laid_out == lay_out(register)
    assert min(village.room_m for village in laid_out.values()) > 120


def test_villages_lie_in_their_town_s_box_and_their_county(register: Register, laid_out: dict[str, Village]) -> None:
    for county in register.counties:
        outline = outline_of(register, county.code)
        inside = [v for code, v in laid_out.items() if code.startswith(county.code)]
        assert shapely.contains_xy(outline, [v.lon for v in inside], [v.lat for v in inside]).all()
    boxes = {unit.code: unit.box for unit in register.towns if unit.box is not None}
    strays = Counter(
        v.code[:9]
        for v in laid_out.values()
        if (box := boxes.get(v.code[:9])) and not (box.west <= v.lon <= box.east and box.south <= v.lat <= box.north)
    )
    assert not strays


def test_towns_without_a_box_lie_beside_the_others() -> None:
    county = shapely.box(116.0, 37.0, 116.4, 37.4)
    towns = [
        Town("a", 9, shapely.box(116.0, 37.0, 116.2, 37.4)),
        Town("b", 9, None),
        Town("c", 9, None),
    ]
    found = grounds(towns, county)
    assert not found["b"].intersects(found["a"].buffer(-1e-9))
    assert found["b"].intersection(found["c"]).area == pytest.approx(0, abs=1e-9)


def test_a_village_has_some_nineteen_streets_of_which_a_dozen_come_into_scope(
    register: Register, laid_out: dict[str, Village]
) -> None:
    county = [village for code, village in laid_out.items() if code.startswith("371481")]
    survey = generate_survey(county, outline=outline_of(register, "371481"))
    streets = derive_streets(survey.centrelines)
    assert 17 < len(streets) / len(county) < 21
    scale = np.array([float(each) for each in metres_per_degree(37.6)])
    runs = [shapely.MultiLineString([survey.centrelines[n].line for n in run]) for run in streets.members()]
    lines = np.array([shapely.transform(run, lambda xy: xy * scale) for run in runs])
    places = shapely.points(np.array([(f.point.x, f.point.y) for f in survey.facilities]) * scale)
    near = shapely.STRtree(lines).query(places, predicate="dwithin", distance=50)
    assert 9 < len(set(near[1])) / len(county) < 14
    assert float(np.median(lengths_m(shapes_of(survey)))) > 20
