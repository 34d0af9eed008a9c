import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString

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


def test_lines_that_run_along_each_other_share_one_piece():
    noded = clean([line("a", (0, 0), (2, 0)), line("b", (1, 0), (3, 0))])
    assert keys(noded) == ["a:1", "a:2", "b:2"]
    assert deeds(noded) == ["repeated", "split", "split"]


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
lines = st.lists(st.tuples(points, points).filter(lambda p: p[0] != p[1]), min_size=1, max_size=12)


@given(lines)
def test_cleaning_clean_lines_changes_nothing(pairs):
    once = clean([line(f"l{n}", *pair) for n, pair in enumerate(pairs)])
    again = clean(once.segments, snap_m=0.01)
    assert again.changes == ()
    assert again.segments == once.segments


@given(lines)
def test_cleaning_loses_no_course(pairs):
    drawn = [line(f"l{n}", *pair) for n, pair in enumerate(pairs)]
    noded = clean(drawn)
    rest = noded.segments[0].line
    for segment in noded.segments[1:]:
        rest = rest.union(segment.line)
    for original in drawn:
        assert original.line.difference(rest.buffer(1e-7)).length == 0
