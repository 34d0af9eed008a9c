"""Roads of two carriageways, rings, junctions on the way: cut across, joined without a leg, listed to be joined."""

from __future__ import annotations

import re

import pytest

from app.base.models import Role
from tests.app.builders import build_street, run
from tests.app.pages import Office, Person, seen_in, version_in
from tests.world import World

EAST, WEST = ((0, 0), (400, 0)), ((400, 14), (0, 14))


def uid(world: World, street: int) -> str:
    return str(run(world, "SELECT uid FROM inventory.street WHERE id = :id", id=street))


def streets(world: World) -> list[int]:
    """The lengths of all streets, metres, the longest first."""
    found = run(world, "SELECT array_agg(round(length_m)::int ORDER BY length_m DESC) FROM inventory.street")
    return list(found)


@pytest.fixture
def town(office: Office) -> Person:
    return Person(office, Role.TOWN_OFFICER, "南镇")


def joined(world: World, town: Person, *keys: int) -> str:
    """Join streets as the map does; where it leads."""
    versions = {key: run(world, "SELECT version FROM inventory.street WHERE id = :id", id=key) for key in keys}
    return town.goes("/inventory/join", seen=[f"{uid(world, key)}:{n}" for key, n in versions.items()], from_map="true")


def test_two_carriageways_are_one_street_of_the_roads_length_and_are_cut_across(world: World, town: Person):
    one, other = build_street(world, "甲村", EAST), build_street(world, "甲村", WEST)
    here = f"/inventory/{uid(world, one)}"
    page = town.reads(here)
    assert "另一侧车道" in page
    town.goes(f"{here}/join", version=version_in(page, f"{here}/join"), seen=seen_in(page)[:1])
    assert streets(world) == [400]
    kept = uid(world, one if run(world, "SELECT count(*) FROM inventory.street WHERE id = :id", id=one) else other)
    page = town.reads(f"/inventory/{kept}")
    told = re.findall(r" ([\d.]+) m另成一条，保留 ([\d.]+) m", page)
    assert [abs(float(part) - 200) < 2 for part in told[-1]] == [True, True]
    middle = re.findall(r'name="at" value="([^"]+)"', page)[-1]
    version = version_in(page, f"/inventory/{kept}/split")
    town.goes(f"/inventory/{kept}/cut", version=version, at=middle)
    assert streets(world) == [200, 200]


def test_carriageways_22_m_apart_are_joined_where_they_bear_one_name(world: World, town: Person):
    wide = ((400, 22), (0, 22))
    named = [build_street(world, "甲村", line, surveyed_name="黄河路") for line in (EAST, wide)]
    assert "edit=join" not in joined(world, town, *named)
    assert streets(world) == [400]
    nameless = [build_street(world, "乙村", line) for line in (EAST, wide)]
    refused = joined(world, town, *nameless)
    assert "不超过 40 米" in town.reads(refused)
    assert streets(world) == [400, 400, 400]


def test_streets_of_one_name_side_by_side_are_listed_with_the_way_to_join_them(world: World, town: Person):
    keys = [build_street(world, "甲村", line, surveyed_name="长江路") for line in (EAST, WEST)]
    page = town.reads("/inventory/ledgers?list=repeated")
    assert "是否为同一条" in page
    assert all(uid(world, key) in page for key in keys)
    assert "edit=join" in page


def test_a_ring_is_joined_to_the_street_that_reaches_it_and_a_lane_to_the_middle_of_another(world: World, town: Person):
    ring = ((100, 0), (140, 40), (180, 0), (140, -40), (100, 0))
    stem, loop = build_street(world, "甲村", ((0, 0), (100, 0))), build_street(world, "甲村", ring)
    assert uid(world, loop) in town.reads(f"/inventory/{uid(world, stem)}")
    assert "edit=join" not in joined(world, town, stem, loop)
    assert streets(world) == [326]
    bar, lane = build_street(world, "乙村", EAST), build_street(world, "乙村", ((200, 0), (200, 100)))
    assert "在中途相接" in town.reads(f"/inventory/{uid(world, lane)}")
    assert "edit=join" not in joined(world, town, bar, lane)
    assert streets(world) == [500, 326]


def test_streets_that_are_apart_stay_two(world: World, town: Person):
    keys = build_street(world, "甲村", EAST), build_street(world, "甲村", ((0, 100), (400, 100)))
    assert "不相接" in town.reads(joined(world, town, *keys))
    assert streets(world) == [400, 400]
