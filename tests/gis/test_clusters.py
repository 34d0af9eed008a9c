"""Pairs of near places and the groups that links make."""

from __future__ import annotations

import numpy as np

from gis.clusters import groups, pairs_within


def test_places_are_paired_up_to_the_distance_and_no_farther():
    xy = np.array([[0.0, 0.0], [3.0, 4.0], [30.0, 40.0]])
    assert pairs_within(xy, 5.0).tolist() == [[0, 1]]
    assert pairs_within(xy, 4.9).shape == (0, 2)


def test_links_join_over_third_things_and_the_rest_stands_alone():
    found = groups(np.array([[0, 1], [1, 4]]), 5)
    assert found[0] == found[1] == found[4]
    assert len({found[0], found[2], found[3]}) == 3


def test_without_links_everything_stands_alone():
    assert sorted(groups(np.zeros((0, 2), dtype=np.intp), 3)) == [0, 1, 2]
