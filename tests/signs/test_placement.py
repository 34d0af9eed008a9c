"""Where signs stand: every end and every crossing signed, no post on the road, in any order of the streets."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from gis import crs
from signs import placement
from signs.designs import Axis, Mark, Side
from signs.junctions import Reason
from signs.placement import Post, Rules, StreetLine, place_signs

LON, LAT = 116.3, 37.45
EAST, NORTH = (float(value) for value in crs.metres_per_degree(LAT))


def on_earth(shape):
    """A shape drawn in metres around a village in Dezhou, as lon, lat."""
    return shapely.transform(shape, lambda xy: xy / (EAST, NORTH) + (LON, LAT))


def in_metres(x: float, y: float) -> Point:
    return Point((x - LON) * EAST, (y - LAT) * NORTH)


def street(key: str, *xy: tuple[float, float], width_m: float = 6.0, signed: bool = True) -> StreetLine:
    return StreetLine(key, on_earth(LineString(xy)), width_m, signed)


def places_of(plan: placement.Plan, key: str) -> list[tuple[Point, Reason]]:
    return [
        (in_metres(post.x, post.y), plate.reason) for post in plan.posts for plate in post.plates if plate.street == key
    ]


def the(plan: placement.Plan, key: str, reason: Reason) -> tuple[Point, placement.Plate]:
    ((post, plate),) = [(p, q) for p in plan.posts for q in p.plates if (q.street, q.reason) == (key, reason)]
    return in_metres(post.x, post.y), plate


MAIN = street("main", (0, 0), (200, 0))
CROSS = street("cross", (100, -90), (100, 80))


def test_a_lone_street_has_a_post_at_each_end_at_the_right_hand_of_one_who_enters():
    plan = place_signs([MAIN])
    start, plate = the(plan, "main", Reason.START)
    assert (start.x, start.y) == pytest.approx((0, -3.6), abs=0.02)  # entering eastward: right is south
    assert plate.facing_deg == pytest.approx(0, abs=0.1) or plate.facing_deg == pytest.approx(360, abs=0.1)
    end, plate = the(plan, "main", Reason.END)
    assert (end.x, end.y) == pytest.approx((200, 3.6), abs=0.02)
    assert plate.facing_deg == pytest.approx(180, abs=0.1)
    assert plan.unplaced == ()


def test_the_plates_of_a_crossing_share_one_post_at_its_corner():
    plan = place_signs([MAIN, CROSS])
    assert len(plan.posts) == 5
    (corner,) = [post for post in plan.posts if len(post.plates) == 2]
    assert [plate.reason for plate in corner.plates] == [Reason.CROSSING, Reason.CROSSING]
    place = in_metres(corner.x, corner.y)
    assert (abs(place.x - 100), abs(place.y)) == pytest.approx((3.6, 3.6), abs=0.02)


def test_faces_tell_the_directions_and_where_the_street_ends():
    plan = place_signs([MAIN])
    _, start = the(plan, "main", Reason.START)  # stands south of the street, its front looks north
    assert start.axis is Axis.EAST_WEST
    assert start.sides() == (Side("东", Mark.ARROW), Side("西", Mark.DOT))
    assert start.sides(back=True) == (Side("西", Mark.DOT), Side("东", Mark.ARROW))


def test_a_street_ending_at_another_signs_its_end_and_the_others_crossing():
    plan = place_signs([MAIN, street("lane", (100, 60), (100, 0), width_m=3)])
    end, lane = the(plan, "lane", Reason.END)
    crossing, _ = the(plan, "main", Reason.CROSSING)
    assert end == crossing
    assert end.y == pytest.approx(3.6, abs=0.02)
    assert abs(end.x - 100) == pytest.approx(2.1, abs=0.02)
    assert not lane.goes_on
    assert lane.goes_back


@pytest.mark.parametrize(("short_of_m", "meets"), [(0.8, True), (-0.8, True), (3.9, True), (4.1, False)])
def test_a_survey_that_stops_just_short_of_a_crossing_still_meets_it(short_of_m, meets):
    plan = place_signs([MAIN, street("lane", (100, 60), (100, short_of_m))])
    assert (Reason.CROSSING in {reason for _, reason in places_of(plan, "main")}) is meets


@pytest.mark.parametrize(
    ("length_m", "spacing_m", "extra"),
    [(299.9, 300, 0), (301, 300, 1), (899.5, 300, 2), (901, 300, 3), (999, 500, 1), (100, 30, 3)],
)
def test_far_apart_signs_get_others_evenly_between(length_m, spacing_m, extra):
    plan = place_signs([street("long", (0, 0), (length_m, 0))], rules=Rules(spacing_m=spacing_m))
    gaps = sorted(place.x for place, reason in places_of(plan, "long") if reason is Reason.GAP)
    wanted = [length_m * step / (extra + 1) for step in range(1, extra + 1)]
    assert gaps == pytest.approx(wanted, abs=0.3)


def test_a_road_that_is_only_crossed_gets_no_plate_but_keeps_its_carriageway_free():
    plan = place_signs([MAIN, street("highway", (100, -90), (100, 80), width_m=20, signed=False)])
    assert places_of(plan, "highway") == []
    crossing, _ = the(plan, "main", Reason.CROSSING)
    assert abs(crossing.x - 100) >= 10.6 - 0.02


def test_a_ring_that_nothing_crosses_is_still_signed():
    ring = street("ring", (0, 0), (100, 0), (100, 60), (0, 60), (0, 0))
    plan = place_signs([ring], rules=Rules(spacing_m=1000))
    _, plate = the(plan, "ring", Reason.START)
    assert plate.goes_on
    assert plate.goes_back
    assert plate.axis is Axis.EAST_WEST


def test_a_street_in_several_pieces_is_joined_where_they_touch():
    pieces = on_earth(MultiLineString([[(100, 0), (200, 0)], [(0, 0), (100, 0)]]))
    plan = place_signs([StreetLine("main", pieces)])
    assert sorted(reason.value for _, reason in places_of(plan, "main")) == ["end", "start"]


@pytest.mark.parametrize(
    ("xy", "axis"),
    [
        ([(0, 0), (100, 99)], Axis.EAST_WEST),
        ([(0, 0), (99, 100)], Axis.NORTH_SOUTH),
        ([(0, 0), (500, 40), (10, 60)], Axis.NORTH_SOUTH),  # the chord decides, not the way
        ([(0, 0), (10, 300), (90, 30)], Axis.EAST_WEST),
        ([(0, 0), (20, 0), (20, 90), (0, 0)], Axis.NORTH_SOUTH),
    ],
)
def test_the_chord_between_the_ends_decides_the_axis(xy, axis):
    assert placement.axis_of_line(on_earth(LineString(xy))) is axis
    assert placement.axis_of_line(on_earth(LineString(xy[::-1]))) is axis


@pytest.mark.parametrize(
    ("streets", "message"),
    [
        ([MAIN, MAIN], "twice"),
        ([StreetLine("e", LineString())], "no length"),
        ([street("p", (0, 0), (0, 0))], "no length"),
        ([street("w", (0, 0), (9, 0), width_m=0)], "width"),
        ([street("n", (0, 0), (9, 0), width_m=math.nan)], "width"),
    ],
)
def test_streets_that_make_no_sense_are_refused_by_name(streets, message):
    with pytest.raises(placement.PlacementError, match=message):
        place_signs(streets)


def test_rules_must_be_positive():
    with pytest.raises(placement.PlacementError, match="positive"):
        place_signs([MAIN], rules=Rules(spacing_m=0))


def test_no_streets_need_no_signs():
    assert place_signs([]) == placement.Plan((), ())


COORDINATES = st.integers(-40, 40).map(lambda step: step * 7.0)
LINES = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=2, max_size=4, unique=True)
WIDTHS = st.sampled_from([2.5, 4.0, 6.0, 9.0])


@st.composite
def villages(draw) -> list[StreetLine]:
    drawn = draw(st.lists(st.tuples(LINES, WIDTHS), min_size=1, max_size=9))
    return [street(f"s{index}", *xy, width_m=width_m) for index, (xy, width_m) in enumerate(drawn)]


@settings(max_examples=120, deadline=None)
@given(villages())
def test_no_end_and_no_crossing_is_unsigned_and_no_post_stands_on_a_road(streets):
    plan = place_signs(streets)
    assert plan.unplaced == ()
    lines = {one.key: shapely.transform(one.line, lambda xy: (xy - (LON, LAT)) * (EAST, NORTH)) for one in streets}
    widths = {one.key: one.width_m for one in streets}
    for post in plan.posts:
        place = in_metres(post.x, post.y)
        for key, line in lines.items():
            assert line.distance(place) > widths[key] / 2 + 0.5
        assert len({plate.street for plate in post.plates}) == len(post.plates) > 0
    for key, line in lines.items():
        wanted = [Point(line.coords[0]), Point(line.coords[-1])]
        wanted += [point for other in lines if other != key for point in points_of(line, lines[other])]
        signs = shapely.MultiPoint([place for place, _ in places_of(plan, key)])
        for point in wanted:
            assert point.distance(signs) < 35


def points_of(one: LineString, other: LineString) -> list[Point]:
    return [part for part in shapely.get_parts(one.intersection(other)) if isinstance(part, Point)]


@settings(max_examples=60, deadline=None)
@given(villages(), st.randoms(use_true_random=False))
def test_the_order_of_the_streets_changes_nothing(streets, source: random.Random):
    shuffled = streets[:]
    source.shuffle(shuffled)
    assert place_signs(shuffled) == place_signs(streets)


@settings(max_examples=60, deadline=None)
@given(LINES, WIDTHS)
def test_drawing_a_street_the_other_way_only_exchanges_start_and_end(xy, width_m):
    assume(LineString(xy).is_simple)
    there = place_signs([street("s", *xy, width_m=width_m)], rules=Rules(spacing_m=1e6))
    back = place_signs([street("s", *xy[::-1], width_m=width_m)], rules=Rules(spacing_m=1e6))
    other = {Reason.START: Reason.END, Reason.END: Reason.START}
    for one, two in zip(there.posts, back.posts, strict=True):
        assert (one.x, one.y) == pytest.approx((two.x, two.y), abs=1e-9)
        assert [other[plate.reason] for plate in one.plates] == [plate.reason for plate in two.plates]
        assert [plate.sides() for plate in one.plates] == [plate.sides() for plate in two.plates]


def test_facing_is_square_to_the_street_and_looks_at_it():
    plan = place_signs([MAIN, CROSS])
    for post in plan.posts:
        for plate in post.plates:
            assert math.sin(math.radians(plate.facing_deg - plate.along_deg)) ** 2 == pytest.approx(1)
            assert looks_at_its_street(post, plate)


def looks_at_its_street(post: Post, plate: placement.Plate) -> bool:
    line = {"main": LineString([(0, 0), (200, 0)]), "cross": LineString([(100, -90), (100, 80)])}[plate.street]
    place = in_metres(post.x, post.y)
    turn = math.radians(plate.facing_deg)
    ahead = Point(place.x + 3 * math.sin(turn), place.y + 3 * math.cos(turn))
    return bool(line.distance(ahead) < line.distance(place) - 2.9)


def test_a_county_of_streets_is_placed_in_little_time():
    source = np.random.default_rng(1)
    starts = source.uniform(-8000, 8000, (1500, 2))
    turns = source.uniform(0, 2 * math.pi, 1500)
    streets = [
        street(f"{index}", tuple(start), (start[0] + 300 * math.cos(turn), start[1] + 300 * math.sin(turn)))
        for index, (start, turn) in enumerate(zip(starts, turns, strict=True))
    ]
    plan = place_signs(streets)
    assert len(plan.posts) > 2500
    assert len(plan.unplaced) < 5
