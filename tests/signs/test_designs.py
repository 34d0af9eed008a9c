"""Sign kinds, colours and what the two sides of a face say."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs import designs
from signs.designs import Axis, Ground, Mark, Side

BEARINGS = st.floats(0, 360, exclude_max=True)
DESK = designs.Source("GB 17733-2008, table read at the desk", verified=True)


@pytest.mark.parametrize("kind", designs.KINDS.values(), ids=str)
def test_every_figure_of_a_kind_has_a_source_and_none_claims_to_be_verified(kind):
    assert set(kind.sources) == {field.name for field in fields(kind)} - {"key", "name_zh", "sources"}
    assert not any(source.verified for source in kind.sources.values())


def test_a_revised_kind_tells_where_the_new_figures_are_from():
    kind = designs.revise(designs.KINDS["street_plate"], source=DESK, width_mm=1200.0, qr_mm=0)
    assert (kind.width_mm, kind.height_mm, kind.qr_mm) == (1200, 400, 0)
    assert kind.sources["width_mm"].verified
    assert not kind.sources["height_mm"].verified
    assert designs.KINDS["street_plate"].width_mm == 1500


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("width_mm", 0),
        ("width_mm", -5.0),
        ("height_mm", float("nan")),
        ("qr_mm", float("inf")),
        ("qr_mm", "75"),
        ("width_mm", True),
        ("lower_edge_m", None),
        ("colour", "red"),
        ("key", "other"),
        ("sources", {}),
    ],
)
def test_a_revision_that_makes_no_sense_is_refused_by_name(field, value):
    with pytest.raises(designs.DesignError, match=field):
        designs.revise(designs.KINDS["lane_plate"], source=DESK, **{field: value})


def test_a_code_is_read_from_ten_times_its_width():
    assert designs.KINDS["code_plate"].reading_m == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("azimuth_deg", "ground"),
    [
        (90, Ground.BLUE),
        (270, Ground.BLUE),
        (45, Ground.BLUE),
        (135, Ground.BLUE),
        (-45, Ground.BLUE),
        (0, Ground.GREEN),
        (180, Ground.GREEN),
        (44.9, Ground.GREEN),
        (135.1, Ground.GREEN),
        (360, Ground.GREEN),
    ],
)
def test_east_west_is_blue_and_north_south_green(azimuth_deg, ground):
    assert designs.ground_of(designs.axis_of(azimuth_deg)) is ground


def test_an_officer_may_choose_the_other_colour():
    assert designs.ground_of(Axis.EAST_WEST, override=Ground.GREEN) is Ground.GREEN


@given(BEARINGS)
def test_the_colour_does_not_ask_from_which_end_the_street_was_drawn(azimuth_deg):
    off_rule = abs(abs(azimuth_deg % 180 - 90) - 45)
    if off_rule > 1e-9:
        assert designs.axis_of(azimuth_deg) is designs.axis_of(azimuth_deg + 180)


@pytest.mark.parametrize(
    ("axis", "facing_deg", "words"),
    [
        (Axis.EAST_WEST, 180, ("西", "东")),  # the reader stands south of the plate and looks north
        (Axis.EAST_WEST, 0, ("东", "西")),
        (
            Axis.NORTH_SOUTH,
            90,
            ("南", "北"),
        ),  # the reader stands east of it and looks west: south is at the left
        (Axis.NORTH_SOUTH, 270, ("北", "南")),
    ],
)
def test_direction_words_stand_as_the_reader_sees_them(axis, facing_deg, words):
    left, right = designs.sides_of(axis, facing_deg=facing_deg, along_deg=facing_deg + 90)
    assert (left.word, right.word) == words


def test_a_dot_stands_where_the_street_ends_and_an_arrow_where_it_goes_on():
    left, right = designs.sides_of(Axis.EAST_WEST, facing_deg=180, along_deg=90, goes_back=False)
    assert (left, right) == (Side("西", Mark.DOT), Side("东", Mark.ARROW))


@given(BEARINGS, BEARINGS, st.booleans(), st.booleans())
def test_the_back_of_a_plate_shows_the_front_with_its_sides_exchanged(facing_deg, turn_deg, goes_on, goes_back):
    if min(abs(turn_deg - 90), abs(turn_deg - 270)) < 1 or abs(facing_deg % 90) < 1e-6:
        turn_deg, facing_deg = 10.0, 100.0
    along_deg = facing_deg + 90 + turn_deg
    for axis in Axis:
        front = designs.sides_of(axis, facing_deg=facing_deg, along_deg=along_deg, goes_on=goes_on, goes_back=goes_back)
        back = designs.sides_of(
            axis, facing_deg=facing_deg + 180, along_deg=along_deg, goes_on=goes_on, goes_back=goes_back
        )
        assert back == (front[1], front[0])
