"""Lines are cut, joined and compared; nothing of them is lost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString
from shapely.ops import substring

from gis.carriageways import along_m
from gis.cutting import cut, junctions, ring_cuts
from gis.errors import GisError
from gis.joining import join, meet
from gis.shaping import beside, crossings, length_m, loose_ends, lying_on
from tests.surveys import at

XY = tuple[float, float]


def lines(*parts: list[XY]) -> MultiLineString:
    """Lines along places in steps of about 100 m."""
    return MultiLineString([[at(*place) for place in part] for part in parts])


ROAD = lines([(0, 0), (1, 0)], [(1, 0), (3, 0)])
RING = lines([(0, 0), (1, 0), (1, 1)], [(1, 1), (0, 1), (0, 0)])
FORK = lines([(0, 0), (1, 0)], [(1, 0), (4, 0)], [(1, 0), (1, 1)])


def test_a_road_of_two_segments_has_one_junction_where_it_can_be_cut():
    assert np.allclose(junctions(ROAD), [at(1, 0)])
    assert junctions(RING) == []
    assert junctions(lines([(0, 0), (3, 0)])) == []


#: Two carriageways of 400 m, 14 m apart, drawn against each other; the same with one of them cut elsewhere.
DUAL = lines([(0, 0), (4, 0)], [(4, 0.14), (0, 0.14)])
STAGGERED = lines([(0, 0), (1.4, 0)], [(1.4, 0), (4, 0)], [(4, 0.14), (2.8, 0.14)], [(2.8, 0.14), (0, 0.14)])
FORKED = lines([(-2, 0), (0, 0)], [(0, 0), (0.2, 0.07), (4, 0.07)], [(0, 0), (0.2, -0.07), (4, -0.07)])
ISLAND = lines([(0, 0), (2, 0)], [(2, 0), (2.2, 0.1), (2.4, 0)], [(2, 0), (2.2, -0.1), (2.4, 0)], [(2.4, 0), (4.4, 0)])
LENS = lines([(0, 0), (0.3, 0.08), (3.7, 0.08), (4, 0)], [(0, 0), (0.3, -0.08), (3.7, -0.08), (4, 0)])


def metres(line: MultiLineString, *, named: bool = False) -> float:
    """How long a street is along its road."""
    return along_m(np.array(line.geoms, dtype=object), named=named)


@pytest.mark.parametrize("line", [DUAL, STAGGERED, LENS], ids=["whole", "cut elsewhere", "closed at both ends"])
@pytest.mark.parametrize("place", [(2, 0), (2, 0.14), (2.01, 0.07)])
def test_a_road_of_two_carriageways_is_cut_across_both(line: MultiLineString, place: XY):
    kept, rest = cut(line, at(*place), within_m=30)
    assert length_m(kept) / 2 == pytest.approx(200, abs=5)
    assert length_m(rest) / 2 == pytest.approx(200, abs=5)
    assert length_m(kept) + length_m(rest) == pytest.approx(length_m(line), abs=1e-3)


def test_at_a_junction_of_one_carriageway_the_other_is_cut_too():
    kept, rest = cut(STAGGERED, at(1.4, 0), within_m=30)
    assert (round(metres(kept)), round(metres(rest))) == (260, 140)


def test_carriageways_farther_apart_are_cut_across_where_they_bear_a_name():
    wide = lines([(0, 0), (4, 0)], [(4, 0.3), (0, 0.3)])
    kept, rest = cut(wide, at(1, 0), within_m=30, named=True)
    assert (round(metres(kept, named=True)), round(metres(rest, named=True))) == (300, 100)


def test_where_a_road_has_become_two_carriageways_both_are_cut():
    kept, rest = cut(FORKED, at(3, 0.07), within_m=30)
    assert metres(rest) == pytest.approx(100, abs=2)
    assert metres(kept) == pytest.approx(500, abs=25)


def test_both_ways_round_a_traffic_island_are_cut():
    kept, rest = cut(ISLAND, at(2.2, 0.1), within_m=30)
    assert length_m(kept) == pytest.approx(length_m(rest), rel=0.01)
    assert (len(kept.geoms), len(rest.geoms)) == (3, 3)


def test_a_lane_beside_the_cut_that_runs_elsewhere_is_not_cut():
    hook = lines([(0, 0), (4, 0)], [(4, 0), (4, 1)], [(4, 1), (2, 1)])
    kept, rest = cut(hook, at(1, 0), within_m=30)
    assert (len(kept.geoms), len(rest.geoms)) == (3, 1)


@given(st.floats(0.3, 3.7), st.sampled_from([DUAL, STAGGERED, LENS]))
def test_a_cut_across_parts_a_road_where_it_was_asked_for(east: float, line: MultiLineString):
    halves = cut(line, at(east, 0), within_m=30)
    west = min(halves, key=lambda half: half.centroid.x)
    assert length_m(west) / 2 == pytest.approx(east * 100, abs=5)
    assert sum(map(length_m, halves)) == pytest.approx(length_m(line), abs=1e-3)


def test_a_cut_at_a_junction_parts_the_segments_with_the_longer_part_first():
    kept, rest = cut(ROAD, at(1.005, 0.02), within_m=30)
    assert (len(kept.geoms), len(rest.geoms)) == (1, 1)
    assert rest.equals(lines([(0, 0), (1, 0)]))


def test_a_cut_within_a_segment_makes_two_of_it():
    kept, rest = cut(ROAD, at(2, 0.1), within_m=30)
    assert length_m(kept) == pytest.approx(200, abs=2)
    assert length_m(rest) == pytest.approx(100, abs=2)


def test_of_a_fork_the_longest_way_is_one_street_and_the_others_the_second():
    kept, rest = cut(FORK, at(1, 0), within_m=30)
    assert kept.equals(lines([(1, 0), (4, 0)]))
    assert len(rest.geoms) == 2


def test_a_ring_is_cut_at_two_of_its_corners_and_nothing_of_it_is_lost():
    found = ring_cuts(RING)
    assert len(found) == 6
    for one, other in found:
        kept, rest = cut(RING, one, other, within_m=30)
        assert length_m(kept) >= length_m(rest) > 0
        assert length_m(kept) + length_m(rest) == pytest.approx(length_m(RING), abs=0.01)
    assert ring_cuts(ROAD) == []


def test_a_round_without_corners_is_cut_on_its_two_sides():
    turns = np.radians(np.arange(0, 361, 10))
    whole = lines([(float(x), float(y)) for x, y in zip(np.cos(turns), np.sin(turns), strict=True)])
    ((one, other),) = ring_cuts(whole)
    kept, rest = cut(whole, one, other, within_m=30)
    assert length_m(kept) == pytest.approx(length_m(rest), rel=0.05)


def test_one_cut_of_a_ring_and_two_of_a_road_are_refused():
    with pytest.raises(GisError, match="in a ring"):
        cut(RING, at(1, 0), within_m=30)
    with pytest.raises(GisError, match="Choose one place"):
        cut(ROAD, at(1, 0), at(2, 0), within_m=30)


def test_the_other_carriageway_goes_with_the_nearer_part():
    road = lines([(0, 0), (4, 0)], [(0, 0.1), (1, 0.1)])
    kept, rest = cut(road, at(1.5, 0), within_m=30)
    assert (len(kept.geoms), len(rest.geoms)) == (1, 2)


@pytest.mark.parametrize(("line", "place"), [(ROAD, (0, 0)), (ROAD, (-1, 0)), (ROAD, (1, 3)), (RING, (1, 0.5))])
def test_no_cut_at_an_end_beyond_it_beside_it_or_in_a_ring(line: MultiLineString, place: XY):
    with pytest.raises(GisError):
        cut(line, at(*place), within_m=30)


@given(st.floats(0.05, 2.95), st.floats(-0.2, 0.2))
def test_a_cut_loses_nothing(east: float, north: float):
    kept, rest = cut(ROAD, at(east, north), within_m=30)
    assert length_m(kept) + length_m(rest) == pytest.approx(length_m(ROAD), abs=1e-6)
    assert length_m(kept) >= length_m(rest) - 1e-6
    assert meet(kept, rest).gap_m == pytest.approx(0, abs=1e-6)


def test_what_was_cut_is_joined_again():
    whole = join(cut(ROAD, at(2, 0), within_m=30), within_m=15)
    assert length_m(whole) == pytest.approx(length_m(ROAD), abs=1e-6)
    assert junctions(whole) != []


def test_a_small_gap_between_ends_is_closed_so_that_the_street_can_be_cut_there_again():
    road = join([lines([(0, 0), (1, 0)]), lines([(1.1, 0), (3, 0)])], within_m=15)
    assert length_m(road) == pytest.approx(300, abs=2)
    assert len(junctions(road)) == 1


@pytest.mark.parametrize("other", [[(1.5, 0), (3, 0)], [(0.5, 0.2), (0.5, 2)]], ids=["in line", "across"])
def test_streets_that_are_apart_are_not_joined(other: list[XY]):
    with pytest.raises(GisError, match="do not meet"):
        join([lines([(0, 0), (1, 0)]), lines(other)], within_m=15)


BAR, STEM = lines([(0, 0), (4, 0)]), lines([(2, 0), (2, 2)])
LOOP = lines([(1, 0), (1.4, 0.4), (1.8, 0), (1.4, -0.4), (1, 0)])


@pytest.mark.parametrize(
    ("one", "other", "whole_m"),
    [
        (BAR, STEM, 600),
        (STEM, BAR, 600),
        (BAR, lines([(2, 0.1), (2, 2)]), 600),
        (BAR, lines([(2, -1), (2, 1)]), 600),
        (lines([(0, 0), (1, 0)]), LOOP, 100 + length_m(LOOP)),
        (LOOP, lines([(0, 0), (1, 0)]), 100 + length_m(LOOP)),
        (LOOP, lines([(1.4, 0.4), (1.4, 3)]), 260 + length_m(LOOP)),
    ],
    ids=["T", "T turned", "T 10 m short", "X", "stem and loop", "loop and stem", "loop met elsewhere"],
)
def test_streets_that_touch_are_joined_and_can_be_cut_there_again(
    one: MultiLineString, other: MultiLineString, whole_m: float
):
    made = join([one, other], within_m=15)
    assert length_m(made) == pytest.approx(whole_m, abs=2)
    assert junctions(made) != []


def test_two_rings_that_are_apart_are_not_joined():
    away = MultiLineString([[at(x + 3, y) for x, y in [(1, 0), (1.4, 0.4), (1.8, 0), (1, 0)]]])
    assert len(loose_ends(away)) == 0
    with pytest.raises(GisError, match="do not meet"):
        join([LOOP, away], within_m=15)


@pytest.mark.parametrize(("apart", "named"), [(0.14, False), (0.14, True), (0.22, True)])
@pytest.mark.parametrize("turned", [False, True])
def test_carriageways_are_joined_without_a_leg_between_them(apart: float, *, named: bool, turned: bool):
    second = [(0.1, apart), (4, apart)]
    made = join([BAR, lines(second[::-1] if turned else second)], within_m=15, named=named)
    assert len(made.geoms) == 2
    assert metres(made, named=named) == pytest.approx(395, abs=3)
    kept, rest = cut(made, at(2, 0), within_m=30, named=named)
    assert metres(kept, named=named) == pytest.approx(metres(rest, named=named), abs=10)


def test_lines_side_by_side_too_far_apart_for_carriageways_are_not_joined():
    with pytest.raises(GisError, match="do not meet"):
        join([BAR, lines([(0, 0.22), (4, 0.22)])], within_m=15)


def test_a_second_survey_some_metres_off_runs_along_and_a_crossing_does_not():
    shifted = LineString([at(0, 0.03), at(3, 0.04)])
    assert beside(shifted, [ROAD], near_m=6).share > 0.99
    across = beside(LineString([at(2, -1), at(2, 1)]), [ROAD], near_m=6)
    assert across.along_m == pytest.approx(12, abs=0.5)
    assert beside(shifted, [], near_m=6).share == 0


def test_of_a_line_that_goes_on_only_the_rest_is_new():
    found = beside(LineString([at(1, 0), at(5, 0)]), [ROAD], near_m=6)
    assert found.share == pytest.approx(0.5, abs=0.01)
    assert [round(length_m(piece) / 10) for piece in found.rest] == [20]


@pytest.mark.parametrize(
    ("line", "met"),
    [
        ([(0, 0), (2, 0)], 0),
        ([(0, 0), (1, 0), (1, 1), (0, 0)], 0),
        ([(0, 0), (2, 0), (2, 1), (1, 1), (1, -1)], 1),
        ([(0, 0), (2, 0), (2, 1), (1, 1), (1, -1), (0.5, -1), (0.5, 1)], 2),
    ],
    ids=["straight", "a ring", "a loop", "two loops"],
)
def test_how_often_a_line_meets_itself(line: list[XY], met: int):
    assert crossings(LineString([at(*place) for place in line])) == met


def test_an_empty_line_has_no_length():
    assert length_m(LineString()) == 0


def test_a_line_lies_on_others_however_these_are_cut_and_not_where_it_leaves_them():
    east = [(116.3, 37.4), (116.302, 37.4)]
    parts = [LineString([east[0], (116.3007, 37.4)]), LineString([(116.3007, 37.4), east[1]])]
    aside = LineString([(116.3, 37.4), (116.301, 37.40001), (116.302, 37.4)])  # its middle is a metre off
    longer = LineString([east[0], (116.3021, 37.4)])
    beyond = LineString([(116.31, 37.4), (116.312, 37.4)])
    asked = [LineString(east), LineString(east[::-1]), aside, longer, beyond]
    assert lying_on(asked, parts).tolist() == [True, True, False, False, False]
    assert lying_on(asked, []).tolist() == [False] * 5
    assert lying_on([], parts).tolist() == []


@given(st.lists(st.floats(0.01, 0.99), max_size=6, unique=True))
def test_a_line_lies_on_its_own_pieces(shares: list[float]):
    line = LineString([(116.3, 37.4), (116.301, 37.4007), (116.303, 37.4003)])
    ends = [0.0, *sorted(shares), 1.0]
    pieces = [substring(line, one, two, normalized=True) for one, two in pairwise(ends)]
    assert lying_on([line], pieces).tolist() == [True]
    missing = max(range(len(pieces)), key=lambda n: pieces[n].length)
    assert lying_on([line], pieces[:missing] + pieces[missing + 1 :]).tolist() == [False]
