"""Which lines of a survey are another survey of known ones, by tables of cases; lines in metres around one place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from gis.alongside import Alongside, alongside
from gis.resurveys import Laid, lay
from gis.shaping import Plane, length_m

X, Y = 117.2, 37.7
PLANE = Plane.at(Y)
Places = Sequence[tuple[float, float]]


def line(*places: tuple[float, float]) -> LineString:
    """A line through places in metres east and north."""
    return LineString([(X + east / PLANE.east, Y + north / PLANE.north) for east, north in places])


def beside(new: Places, *known: Places) -> Alongside:
    """What one line runs along, by the number of the known one."""
    keys = np.arange(len(known))
    others = [line(*places) for places in known]
    return alongside([line(*new)], np.zeros(len(known), dtype=np.intp), others, keys, near_m=10.0)[0]


STREET = [(0.0, 0.0), (300.0, 0.0)]


@pytest.mark.parametrize(
    ("new", "metres"),
    [
        ([(0, 3), (300, 3)], 300),
        ([(300, -9), (0, -3)], 300),
        ([(0, 11), (300, 11)], 0),
        ([(150, -60), (150, 60)], 0),
        ([(100, -100), (200, 100)], 0),
        ([(-100, 2), (400, 2)], 300),
        ([(0, 0), (100, 2), (100, 80)], 100),
        ([(250, 4), (330, 4), (330, 90)], 50),
        ([(0, 0), (40, 18), (150, 68)], 0),
    ],
    ids=[
        "beside",
        "drawn back",
        "too far",
        "across",
        "aslant",
        "beyond both ends",
        "turns off",
        "past the end",
        "fork",
    ],
)
def test_a_line_runs_along_another_where_it_is_near_in_its_direction_for_long(new: Places, metres: float):
    found = beside(new, STREET)
    along = sum(stretch.long_m for stretch in found.stretches if stretch.parallel and stretch.long_m >= 25)
    assert along == pytest.approx(metres, abs=6)


def test_a_line_along_two_known_ones_is_told_of_both():
    found = beside([(0, 2), (200, 2)], [(0, 0), (90, 0)], [(110, 0), (200, 0)])
    assert [(stretch.along, round(stretch.long_m / 10)) for stretch in found.stretches] == [(0, 9), (1, 9)]


def test_a_trace_that_trembles_runs_along_a_street_all_the_same():
    trace = [(x, 4 + 3 * (-1) ** (x // 6)) for x in range(0, 301, 6)]
    found = beside(trace, STREET)
    assert found.along_m == pytest.approx(found.whole_m, abs=15)


@given(st.floats(35, 145), st.floats(30, 270))
def test_what_crosses_at_a_steep_angle_runs_along_nothing(angle: float, at: float):
    dx, dy = 80 * np.cos(np.radians(angle)), 80 * np.sin(np.radians(angle))
    assert not beside([(at - dx, -dy), (at + dx, dy)], STREET).stretches


@given(st.floats(12, 30), st.booleans())
def test_what_crosses_or_forks_at_a_flat_angle_is_near_but_no_second_survey(angle: float, fork: bool):
    dx, dy = 140 * np.cos(np.radians(angle)), 140 * np.sin(np.radians(angle))
    begin = (150.0, 0.0) if fork else (150 - dx, -dy)
    assert not any(stretch.parallel for stretch in beside([begin, (150 + dx, dy)], STREET).stretches)


def laid(lines: Sequence[Places], *known: Places) -> Laid:
    """A survey (noded) laid on known streets."""
    shapes, others = [line(*places) for places in lines], [line(*places) for places in known]
    owner = np.repeat(np.arange(len(shapes)), len(others))
    keys = np.tile(np.arange(len(others)), len(shapes))
    found = alongside(shapes, owner, others * len(shapes), keys, near_m=10.0)
    return lay(shapes, dict(enumerate(found)), lambda _, key: [MultiLineString([others[key]])])


def metres(piece: LineString) -> list[tuple[int, int]]:
    """Its ends in whole metres."""
    return [(round((x - X) * PLANE.east), round((y - Y) * PLANE.north)) for x, y in (piece.coords[0], piece.coords[-1])]


def test_what_goes_on_beyond_a_street_begins_at_its_end():
    found = laid([[(100, 4), (420, 4)]], STREET)
    assert [metres(piece) for _, piece in found.pieces] == [[(300, 0), (420, 4)]]
    assert found.along[0].keys() == {0}


def test_what_sticks_out_a_few_metres_is_nothing_unless_a_road_goes_on_from_there():
    assert laid([[(0, 3), (308, 3)]], STREET).pieces == []
    found = laid([[(0, 3), (308, 3)], [(308, 3), (420, 3)]], STREET)
    assert [metres(piece) for _, piece in found.pieces] == [[(300, 0), (420, 3)]]


def test_a_lane_that_meets_another_survey_of_a_street_is_drawn_to_the_street():
    found = laid([[(0, 5), (150, 5)], [(150, 5), (300, 5)], [(150, 5), (150, 90)]], STREET)
    assert found.whole == {0, 1}
    assert [metres(piece) for _, piece in found.pieces] == [[(150, 0), (150, 90)]]
    piece = found.pieces[0][1]
    assert line(*STREET).distance(Point(piece.coords[0])) < 1e-9


def test_a_piece_that_drifts_between_pieces_of_a_street_is_that_street():
    survey = [[(0, 0), (130, 0)], [(130, 0), (160, 9)], [(160, 9), (300, 9)]]
    assert laid(survey, STREET).whole == {0, 1, 2}
    assert laid(survey[1:2], STREET).whole == frozenset()


@given(st.lists(st.tuples(st.floats(-50, 350), st.floats(-80, 80)), min_size=2, max_size=6, unique=True))
def test_no_metre_of_a_survey_is_lost_but_what_is_a_streets_again(places: list[tuple[float, float]]):
    shape = line(*places)
    if length_m(shape) < 1:
        return
    found = laid([places], STREET)
    new = sum(length_m(piece) for _, piece in found.pieces)
    along = sum(found.along.get(0, {}).values())
    # what sticks out at both ends, what leaves a street and comes back within 25 m, and where ends are drawn to
    assert new + along >= length_m(shape) - 2 * 10 - 25 * (len(places) // 2) - 2 * 10
