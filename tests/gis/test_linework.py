from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString

from gis.crs import lengths_m
from gis.features import Centreline
from gis.linework import Deed, clean

STEP = 0.001


def line(key, *points, name=None, level=0):
    shape = LineString([(116.3 + x * STEP, 37.4 + y * STEP) for x, y in points])
    return Centreline(key, shape, name, level=level)


def keys(noded):
    return sorted(segment.key for segment in noded.segments)


def deeds(noded):
    return sorted(change.deed.value for change in noded.changes)


def test_lines_that_cross_are_split_and_say_so():
    noded = clean([line("a", (-1, 0), (1, 0)), line("b", (0, -1), (0, 1))])
    assert keys(noded) == ["a:1", "a:2", "b:1", "b:2"]
    assert [(c.key, c.pieces) for c in noded.changes] == [("a", 2), ("b", 2)]
    ends = [point for s in noded.segments for point in (s.line.coords[0], s.line.coords[-1])]
    assert max(ends.count(point) for point in ends) == 4


def test_a_bridge_is_not_split_by_the_road_below():
    noded = clean([line("a", (-1, 0), (1, 0), level=1), line("b", (0, -1), (0, 1))])
    assert keys(noded) == ["a", "b"]
    assert noded.changes == ()


def test_a_bridge_meets_the_ground_where_it_ends():
    noded = clean([line("a", (-1, 0), (0, 0), (1, 0)), line("b", (0, 0), (0, 1), level=1)])
    assert keys(noded) == ["a:1", "a:2", "b"]


def test_a_line_that_passes_itself_is_split_there():
    noded = clean([line("a", (-1, 0), (0, 0), (1, 0), (1, 1), (0, 0))])
    assert keys(noded) == ["a:1", "a:2"]


def test_three_lines_through_one_place_meet_in_one_point():
    noded = clean([line("a", (0, 0), (3, 7)), line("b", (0, 7), (3, 0)), line("c", (0, 3.5), (3, 3.5))])
    ends = [point for s in noded.segments for point in (s.line.coords[0], s.line.coords[-1])]
    assert max(ends.count(point) for point in ends) == 6


def test_a_road_that_ends_on_another_splits_it():
    noded = clean([line("a", (-1, 0), (1, 0)), line("b", (0, 0), (0, 1))])
    assert keys(noded) == ["a:1", "a:2", "b"]


def test_ends_within_the_tolerance_are_brought_together():
    noded = clean([line("a", (-1, 0), (0, 0)), line("b", (0.005, 0), (1, 0))])
    assert keys(noded) == ["a", "b"]
    assert deeds(noded) == ["snapped"]
    assert noded.changes[0].moved_m == pytest.approx(0.44, abs=0.02)
    assert noded.segments[0].line.coords[-1] == noded.segments[1].line.coords[0]


def test_an_end_that_stops_short_is_carried_to_the_line():
    noded = clean([line("a", (-1, 0), (1, 0)), line("b", (0.3, 0.005), (0.3, 1))])
    assert keys(noded) == ["a:1", "a:2", "b"]
    assert deeds(noded) == ["snapped", "split"]


def test_ends_beyond_the_tolerance_stay():
    noded = clean([line("a", (-1, 0), (0, 0)), line("b", (0.05, 0), (1, 0))], snap_m=1)
    assert noded.changes == ()


def test_a_line_drawn_twice_is_kept_once_with_its_name():
    noded = clean([line("a", (0, 0), (1, 0)), line("b", (1, 0), (0, 0), name="东街")])
    assert [(s.key, s.name) for s in noded.segments] == [("b", "东街")]
    assert deeds(noded) == ["repeated"]


def test_lines_that_run_along_each_other_share_one_piece_that_the_first_keeps():
    noded = clean([line("a", (0, 0), (2, 0)), line("b", (1, 0), (3, 0))])
    assert keys(noded) == ["a", "b:2"]
    assert deeds(noded) == ["overlapped", "split"]
    lost = next(change for change in noded.changes if change.deed is Deed.OVERLAPPED)
    assert (lost.key, lost.other) == ("b", "a")
    assert lost.dropped_m == pytest.approx(88.5, abs=0.5)


def test_a_line_that_others_cover_together_is_a_repeat():
    noded = clean([line("a", (0, 0), (1, 0)), line("b", (1, 0), (2, 0)), line("c", (0, 0), (2, 0))])
    assert keys(noded) == ["a", "b"]
    assert [(c.deed, c.key) for c in noded.changes if c.deed is Deed.REPEATED] == [(Deed.REPEATED, "c")]


def test_a_line_of_many_vertices_drawn_twice_is_dropped_whole_and_its_twin_not_cut():
    course = [(0, 0), (1, 0.2), (2, 0), (3, 0.3)]
    noded = clean([line("a", *course), line("b", *course[::-1])])
    assert [(s.key, len(s.line.coords)) for s in noded.segments] == [("a", 4)]
    assert [(c.deed, c.key, c.other) for c in noded.changes] == [(Deed.REPEATED, "b", "a")]


def test_a_repeat_on_another_level_stays():
    noded = clean([line("a", (0, 0), (1, 0)), line("b", (0, 0), (1, 0), level=1)])
    assert keys(noded) == ["a", "b"]


def test_a_way_there_and_back_is_kept_once():
    noded = clean([line("a", (0, 0), (2, 0), (0, 0))])
    assert keys(noded) == ["a:1"]
    assert deeds(noded) == ["overlapped", "split"]


def test_a_line_that_crosses_itself_is_cut_there_and_says_where():
    noded = clean([line("a", (0, 0), (2, 0), (2, 1), (1, 1), (1, -1))])
    assert keys(noded) == ["a:1", "a:2", "a:3"]
    tangle = next(change for change in noded.changes if change.deed is Deed.UNTANGLED)
    assert tangle.place == pytest.approx((116.301, 37.4))


def test_a_ring_is_no_tangle():
    ring = line("a", (0, 0), (1, 0), (1, 1), (0, 0))
    noded = clean([ring])
    assert (keys(noded), noded.changes) == (["a"], ())


@pytest.mark.parametrize(
    "text",
    [
        None,
        "LINESTRING EMPTY",
        "LINESTRING (116.3 37.4, 116.3 37.4)",
        "LINESTRING (116.3 37.4, NaN 37.4)",
        "LINESTRING (116.3 37.4, Inf 37.4)",
        "MULTILINESTRING EMPTY",
        "POINT (116.3 37.4)",
        "POLYGON ((116.3 37.4, 116.4 37.4, 116.4 37.5, 116.3 37.4))",
        "GEOMETRYCOLLECTION (POINT (116.3 37.4))",
    ],
)
def test_what_has_no_course_is_dropped_and_says_so(text):
    with np.errstate(invalid="ignore"):
        shape = shapely.from_wkt(text)
    noded = clean([replace(line("x", (0, 0), (1, 0)), line=shape), line("a", (0, 0), (1, 0))])
    assert keys(noded) == ["a"]
    assert noded.source == (1,)
    assert [(change.deed, change.key) for change in noded.changes] == [(Deed.EMPTY, "x")]


@pytest.mark.parametrize("ordinates", ["Z", "M", "ZM"])
def test_heights_and_measures_are_left_out_and_reported(ordinates):
    numbers = " 7" * len(ordinates)
    shape = shapely.from_wkt(f"LINESTRING {ordinates} (116.3 37.4{numbers}, 116.301 37.4{numbers})")
    noded = clean([replace(line("a", (0, 0), (1, 0)), line=shape)])
    assert deeds(noded) == ["flattened"]
    assert not shapely.has_z(noded.segments[0].line)
    assert not shapely.has_m(noded.segments[0].line)
    assert noded.segments[0].key == "a"


def test_the_parts_of_a_line_become_lines():
    parts = MultiLineString([line("", (0, 0), (1, 0)).line, line("", (2, 0), (3, 0)).line])
    noded = clean([replace(line("a", (0, 0), (1, 0)), line=parts)])
    assert keys(noded) == ["a:1", "a:2"]
    assert noded.source == (0, 0)
    assert [(change.deed, change.pieces) for change in noded.changes] == [(Deed.PARTED, 2)]


def test_a_part_without_length_is_dropped_from_its_line_alone():
    parts = MultiLineString([line("", (0, 0), (1, 0)).line, line("", (2, 0), (2, 0)).line])
    noded = clean([replace(line("a", (0, 0), (1, 0)), line=parts)])
    assert [segment.line for segment in noded.segments] == [line("", (0, 0), (1, 0)).line]
    assert deeds(noded) == ["empty", "parted"]


def test_lines_that_nearly_touch_are_looked_at_again_after_a_cut_bent_them():
    noded = clean([line("a", (0, 0), (9, 0.0001)), line("b", (3, -1), (3, 1)), line("c", (0, 0.00001), (9, 0.00011))])
    again = clean(noded.segments, snap_m=0)
    assert again.changes == ()


def test_a_line_shorter_than_the_tolerance_collapses_and_says_so():
    noded = clean([line("a", (0, 0), (1, 0)), line("b", (1, 0), (1.004, 0))])
    assert keys(noded) == ["a"]
    assert Deed.COLLAPSED in {change.deed for change in noded.changes}


def test_every_segment_names_the_line_that_it_came_from():
    lines = [line("a", (-1, 0), (1, 0)), line("b", (0, -1), (0, 1))]
    noded = clean(lines)
    assert [lines[i].key for i in noded.source] == [s.key.split(":")[0] for s in noded.segments]


def test_nothing_in_gives_nothing_out():
    assert clean([]).segments == ()


points = st.tuples(st.integers(0, 6), st.integers(0, 6))
courses = st.lists(points, min_size=2, max_size=5).filter(lambda c: all(a != b for a, b in pairwise(c)))


@st.composite
def surveys(draw):
    """Lines over a small grid that cross, overlap and repeat each other and themselves, some of them on bridges."""
    found = draw(st.lists(courses, min_size=1, max_size=12))
    names = st.sampled_from([None, None, "东街"])
    levels = st.sampled_from([0, 0, 0, 1])
    return [line(f"l{n}", *course, name=draw(names), level=draw(levels)) for n, course in enumerate(found)]


ground = surveys().map(lambda found: [replace(each, level=0) for each in found])


@given(ground)
def test_cleaning_clean_lines_changes_nothing(drawn):
    once = clean(drawn)
    again = clean(once.segments, snap_m=0.01)
    assert again.changes == ()
    assert again.segments == once.segments


@given(ground)
def test_cleaning_loses_no_course(drawn):
    rest = shapely.union_all([segment.line for segment in clean(drawn).segments]).buffer(1e-7)
    for original in drawn:
        assert original.line.difference(rest).length == 0


@given(surveys())
def test_noding_keeps_the_total_length_but_for_what_it_says_that_it_dropped(drawn):
    noded = clean(drawn)
    before = lengths_m(np.array([each.line for each in drawn])).sum()
    after = lengths_m(np.array([each.line for each in noded.segments])).sum()
    assert after + sum(change.dropped_m for change in noded.changes) == pytest.approx(before, abs=0.05)


@given(surveys(), st.sampled_from([0.0, 1.0, 30.0]))
def test_no_row_is_lost(drawn, snap_m):
    noded = clean(drawn, snap_m=snap_m)
    gone = {change.key for change in noded.changes if change.deed in {Deed.REPEATED, Deed.COLLAPSED, Deed.EMPTY}}
    assert {drawn[n].key for n in noded.source} | gone == {each.key for each in drawn}
    assert [s.key.split(":")[0] for s in noded.segments] == [drawn[n].key for n in noded.source]


@given(ground)
def test_segments_meet_at_their_ends_only(drawn):
    shapes = np.array([segment.line for segment in clean(drawn).segments], dtype=object)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for a, b in zip(first, second, strict=True):
        if a < b:
            common = shapely.intersection(shapes[a], shapes[b])
            assert common.length < 1e-9
            ends = shapely.union_all([shapely.get_point(shapes[n], end) for n in (a, b) for end in (0, -1)])
            assert shapely.distance(shapely.get_parts(common), ends).max() < 1e-7


def legs(noded):
    """Every leg of every segment, whichever way it was drawn."""
    return {(frozenset(leg), segment.level) for segment in noded.segments for leg in pairwise(segment.line.coords)}


@given(surveys(), st.randoms(use_true_random=False))
def test_the_courses_that_remain_do_not_depend_on_the_order_of_the_lines(drawn, random):
    assert legs(clean(drawn, snap_m=0)) == legs(clean(random.sample(drawn, len(drawn)), snap_m=0))
