"""The register as it ships, and how it comes into an empty tree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources

import numpy as np
import pytest
import shapely
from shapely.geometry import shape
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.base.cluster import Cluster
from app.base.errors import NotAllowed
from app.base.models import Division, DivisionCode, DivisionKind, Role
from app.base.settings import Settings
from app.intake.register import (
    CITY_NAME,
    Register,
    differences,
    kind_by_name,
    kind_of,
    load_register,
    read_register,
    short_name,
)
from gis import crs
from tests.conftest import World, end_world, make_world


@pytest.fixture(scope="module")
def register() -> Register:
    return read_register()


@pytest.fixture
def bare_world(cluster: Cluster, template: Settings) -> Iterator[World]:
    """A world whose tree has nothing but the city, and an administrator."""
    made = make_world(cluster, template)
    with made.owner.begin() as connection:
        connection.execute(text("DELETE FROM base.division WHERE parent_id IS NOT NULL"))
        connection.execute(text("UPDATE base.division SET name = :name"), {"name": CITY_NAME})
    yield made
    end_world(made)


def test_the_register_counts_as_its_edition_says(register: Register) -> None:
    assert [register.count(kind) for kind in DivisionKind] == [0, 11, 1, 135, 5_056, 251]
    assert len(register.villages) == 5_307


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("371402001001", DivisionKind.RESIDENTS),
        ("371402001199", DivisionKind.RESIDENTS),
        ("371402001200", DivisionKind.VILLAGE),
        ("371402001399", DivisionKind.VILLAGE),
        ("371402001400", DivisionKind.RESIDENTS),
        ("371402001500", DivisionKind.VILLAGE),
    ],
)
def test_the_code_tells_village_from_residents_committee(code: str, kind: DivisionKind) -> None:
    assert kind_of(code) is kind


@pytest.mark.parametrize(
    ("name", "kind", "short"),
    [
        ("张庄村委会", DivisionKind.VILLAGE, "张庄村"),
        ("周庄村村委会", DivisionKind.VILLAGE, "周庄村"),
        ("周庄村村民委员会", DivisionKind.VILLAGE, "周庄村"),
        ("韩春村委员会", DivisionKind.VILLAGE, "韩春村"),
        ("兴牧村村民委员", DivisionKind.VILLAGE, "兴牧村"),
        ("红运社区（西）赵庄村民委员会", DivisionKind.VILLAGE, "红运社区（西）赵庄村"),
        ("王坤社区村委会", DivisionKind.VILLAGE, "王坤社区"),
        ("南龙社区居委会", DivisionKind.RESIDENTS, "南龙社区"),
        ("尚德居民委员会", DivisionKind.RESIDENTS, "尚德居民委员会"),
        ("苏陈村", None, "苏陈村"),
    ],
)
def test_a_name_is_shortened_to_what_people_say(name: str, kind: DivisionKind | None, short: str) -> None:
    assert kind_by_name(name) is kind
    assert short_name(name) == short


def test_short_names_never_end_with_a_village_committee(register: Register) -> None:
    assert not [u.name for u in register.villages if "村委" in short_name(u.name) or not short_name(u.name)]


def test_outlines_moved_half_a_kilometre_west(register: Register) -> None:
    raw = json.loads(resources.files("app.intake").joinpath("register_data/counties_gcj02.geojson").read_text("utf-8"))
    assert raw["datum"] == "GCJ-02"
    moved = {unit.code: unit.outline for unit in register.counties}
    for feature in raw["features"]:
        before = shapely.get_coordinates(shape(feature["geometry"]).centroid)
        after = shapely.get_coordinates(moved[feature["properties"]["code"]].centroid)
        _, _, metres = crs.ELLIPSOID.inv(after[0, 0], after[0, 1], before[0, 0], before[0, 1])
        assert 500 < metres < 560
        assert 75 < float(crs.bearings_deg(after, before)[0]) < 90


def test_outlines_are_valid_and_a_zone_has_none(register: Register) -> None:
    outlines = np.array([unit.outline for unit in register.counties if unit.kind is DivisionKind.COUNTY])
    assert shapely.is_valid(outlines).all()
    assert [u.code for u in register.counties if u.outline is None] == ["371471"]


def test_what_does_not_fit_is_said(register: Register) -> None:
    found = differences(register)
    kinds = {kind: sum(each.kind == kind for each in found) for kind in {each.kind for each in found}}
    assert (kinds["count"], kinds["zone"], kinds["kind"], kinds["no_box"]) == (1, 1, 3, 23)
    assert kinds["same_name"] > 200
    assert str(found[0]) == "The register of 2023 has 5056 villages, the programme counts 5099: 43 apart."
    assert "371471" in str(found[1])


def test_loading_fills_the_tree_and_loading_again_changes_nothing(bare_world: World) -> None:
    admin = bare_world.person(Role.ADMINISTRATOR, "市")
    told: list[tuple[str, int, int]] = []
    with bare_world.office.acting(admin, via="test") as session:
        first = load_register(session, bare_world.clock, tell=lambda *words: told.append(words))
    assert first.counts[DivisionKind.VILLAGE] == 5_056
    assert first.counts[DivisionKind.RESIDENTS] == 251
    assert told[-1] == ("register", 5_454, 5_454)
    with bare_world.owner.connect() as connection:
        entries = connection.execute(text("SELECT count(*) FROM history.entry")).scalar()
    with bare_world.office.acting(admin, via="test") as session:
        second = load_register(session, bare_world.clock)
        assert session.scalar(select(func.count()).select_from(Division)) == 5_307 + 135 + 12 + 1
        assert session.scalar(select(func.count()).select_from(DivisionCode)) == 5_307 + 135 + 12 + 1
        deep = session.scalars(
            select(Division)
            .join(DivisionCode, DivisionCode.division_id == Division.id)
            .where(DivisionCode.code == "371481001031")
        ).one()
        assert deep.path.count(".") == 3
        sketched = session.scalars(select(Division).where(Division.geometry_source == "sketch")).all()
        assert len(sketched) == 11
    assert not any(second.counts.values())
    with bare_world.owner.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM history.entry")).scalar() == entries


def test_a_name_corrected_by_an_officer_stays(bare_world: World) -> None:
    admin = bare_world.person(Role.ADMINISTRATOR, "市")
    with bare_world.office.acting(admin, via="test") as session:
        load_register(session, bare_world.clock)
    with bare_world.office.acting(admin, via="test") as session:
        session.scalars(select(Division).where(Division.name == "韩春村委员会")).one().name = "韩春村民委员会"
    with bare_world.office.acting(admin, via="test") as session:
        load_register(session, bare_world.clock)
        assert session.scalars(select(Division).where(Division.name == "韩春村民委员会")).one()


def test_the_administrator_of_another_tree_founds_no_city_beside_it(world: World) -> None:
    admin = world.person(Role.ADMINISTRATOR, "市")
    with pytest.raises(NotAllowed), world.office.acting(admin, via="test") as session:
        load_register(session, world.clock)


def test_a_town_officer_may_not_load_the_register(world: World) -> None:
    officer = world.person(Role.TOWN_OFFICER, "南镇")
    with world.owner.begin() as connection:
        connection.execute(text("UPDATE base.division SET name = :name WHERE kind = 'city'"), {"name": CITY_NAME})
    with pytest.raises(NotAllowed), world.office.acting(officer, via="test") as session:
        load_register(session, world.clock)


def test_the_register_gets_a_root_of_its_own_beside_another_tree(world: World) -> None:
    with Session(world.owner) as session, session.begin():
        load_register(session, world.clock)
        roots = session.scalars(select(Division.name).where(Division.parent_id.is_(None)).order_by(Division.id)).all()
        assert roots == ["市", CITY_NAME]
