import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString

from gis.errors import GisError
from gis.network import build_network

STEP = 0.001  # about 100 m


def line(*points):
    return LineString([(116.3 + x * STEP, 37.4 + y * STEP) for x, y in points])


def test_a_crossing_of_four_segments_is_one_junction_with_four_arms():
    lines = [line((0, 0), (1, 0)), line((0, 0), (-1, 0)), line((0, 1), (0, 0)), line((0, -1), (0, 0))]
    network = build_network(lines)
    crossing = int(network.degree.argmax())
    assert sorted(network.degree.tolist()) == [1, 1, 1, 1, 4]
    assert network.arms(crossing) == pytest.approx([0, 90, 180, 270], abs=0.01)


@pytest.mark.parametrize(
    ("target", "leaving_start", "leaving_end"),
    [((0, 1), 0, 180), ((1, 0), 90, 270), ((0, -1), 180, 0), ((-1, 0), 270, 90)],
)
def test_bearings_run_clockwise_from_north(target, leaving_start, leaving_end):
    network = build_network([line((0, 0), target)])
    assert network.bearings_deg[0] == pytest.approx([leaving_start, leaving_end], abs=0.01)


def test_a_tiny_hook_at_the_end_does_not_decide_the_direction():
    hooked = line((0, 0), (0, 0.005), (5, 0.005))
    network = build_network([hooked])
    assert network.bearings_deg[0, 0] == pytest.approx(90, abs=5)


def test_a_loop_meets_itself():
    network = build_network([line((0, 0), (1, 0), (1, 1), (0, 0))])
    assert network.degree.tolist() == [2]
    assert network.ends.tolist() == [[0, 0]]


def test_no_lines_give_an_empty_network():
    network = build_network([])
    assert len(network.places) == len(network.degree) == len(network.ends) == 0


@pytest.mark.parametrize("bad", [None, LineString(), LineString([(1, 1), (1, 1)]), MultiLineString([[(0, 0), (1, 1)]])])
def test_what_is_no_line_with_a_length_is_refused_by_its_index(bad):
    with pytest.raises(GisError, match="Segment 1 "):
        build_network([line((0, 0), (1, 0)), bad])


segment = st.tuples(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), st.tuples(st.integers(0, 4), st.integers(0, 4))
).filter(lambda pair: pair[0] != pair[1])


@given(st.lists(segment, min_size=1, max_size=30))
def test_degrees_add_up_to_twice_the_segments(pairs):
    network = build_network([line(*pair) for pair in pairs])
    assert network.degree.sum() == 2 * len(pairs)
    assert len(network.places) == len({point for pair in pairs for point in pair})
