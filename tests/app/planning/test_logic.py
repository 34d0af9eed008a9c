"""Decisions about sign points."""

from __future__ import annotations

import pytest
from shapely import MultiLineString

from app.planning.logic import StandingPost, facing_from, kind_of, shared_posts, width_of
from signs.designs import KINDS, Axis
from signs.junctions import Reason
from signs.placement import Plate, Post


@pytest.mark.parametrize(
    ("generic", "kind"),
    [("路", "street_plate"), ("大街", "street_plate"), ("巷", "lane_plate"), ("胡同", "lane_plate")],
)
def test_a_lane_gets_the_smaller_plate(generic: str, kind: str):
    assert kind_of(generic) == kind
    assert kind in KINDS


def test_a_road_of_an_unknown_class_is_five_metres_wide():
    assert width_of(None) == width_of("unclassified") == 5.0
    assert width_of("primary") > width_of("tertiary")


EAST = 1 / 88_400  # a metre at 37.4 degrees north
LINE = MultiLineString([[(116.3, 37.4), (116.3 + 200 * EAST, 37.4)]])


def plate(reason: Reason, facing: float = 0.0) -> Plate:
    return Plate("1", reason, Axis.EAST_WEST, facing, 90.0, goes_on=True, goes_back=True)


def test_a_junctions_post_serves_all_its_corners_and_another_post_only_its_own_place():
    standing = [StandingPost(7, 116.3, 37.4), StandingPost(8, 116.3 + 50 * EAST, 37.4)]
    corner, far, gap, beside = (
        Post(116.3 + metres * EAST, 37.4, (plate(reason),))
        for metres, reason in ((9, Reason.CROSSING), (20, Reason.END), (56, Reason.GAP), (52, Reason.GAP))
    )
    assert shared_posts([corner, far, gap, beside], standing) == [standing[0], None, None, standing[1]]
    assert shared_posts([corner], []) == [None]
    assert shared_posts([], standing) == []


def test_a_plate_on_the_other_side_of_the_street_looks_the_other_way():
    north = StandingPost(7, 116.3 + 50 * EAST, 37.4 + 5 / 111_000)
    south = StandingPost(8, 116.3 + 50 * EAST, 37.4 - 5 / 111_000)
    beyond = StandingPost(9, 116.3 + 205 * EAST, 37.4)
    assert [facing_from(post, LINE, plate(Reason.CROSSING)) for post in (north, south, beyond)] == [180.0, 0.0, 0.0]
