"""Progress from dated rows: by city, county, town and year, on any day, within one's territory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from app.base.models import Role
from app.tracking.queries import By, Progress, progress, progress_map, register_difference
from tests.app.builders import build_batch, build_name, build_street, build_target, insert, run
from tests.conftest import World

TODAY = date(2024, 7, 1)


def rows(
    world: World, *, on: date = TODAY, by: By = By.COUNTY, role: Role = Role.CITY_OFFICER, at: str = "市"
) -> list[Progress]:
    with world.office.acting(world.person(role, at), via="test") as session:
        return progress(session, on=on, by=by)


def sign(world: World, village: str, street: int, name: int, **values: object) -> int:
    place = world.places[village]
    post = insert(
        world, "planning.post", division_id=place, point="SRID=4490;POINT(116.3 37.4)", planned_on=date(2024, 5, 10)
    )
    row = {
        "division_id": place,
        "post_id": post,
        "street_id": street,
        "name_id": name,
        "kind": "street_plate",
        "reason": "start",
        "facing_deg": 0,
        "along_deg": 90,
        "goes_on": True,
        "goes_back": False,
        "planned_on": date(2024, 5, 10),
    }
    return insert(world, "planning.sign", **{**row, **values})


def order(world: World, village: str, sign: int, name: int, on: date) -> None:
    place = world.places[village]
    made = insert(world, "printing.order", division_id=place, number=f"test-{sign}", ordered_on=on)
    code = insert(world, "printing.code", division_id=place, sign_id=sign, token=f"0000000{sign}", bound_on=on)
    insert(
        world,
        "printing.order_line",
        division_id=place,
        order_id=made,
        position=1,
        sign_id=sign,
        code_id=code,
        name_id=name,
        words="明德路",
        latin="MINGDE LU",
        ordered_on=on,
    )


def install(world: World, village: str, sign: int, on: date) -> None:
    place, crew = world.places[village], world.person(Role.CREW, "东县")
    job = insert(
        world, "rollout.job", division_id=place, sign_id=sign, crew_id=crew, given_on=on, due_on=on, state="open"
    )
    photo = insert(
        world,
        "base.file",
        division_id=place,
        sha256=f"{sign:064}",
        bytes=1,
        media_type="image/png",
        name="x",
        purpose="x",
    )
    insert(
        world,
        "rollout.installation",
        division_id=place,
        sign_id=sign,
        job_id=job,
        crew_id=crew,
        photo_id=photo,
        photo_sha256=f"{sign:064}",
        point="SRID=4490;POINT(116.3 37.4)",
        offset_m=1,
        taken_at=f"{on} 08:00+08",
        installed_on=on,
    )


@pytest.fixture(scope="module")
def begin() -> Callable[[World], None]:
    return with_county


@pytest.fixture
def county(world: World) -> World:
    """A world of one's own, ``with_county``."""
    return world


@pytest.fixture(scope="module")
def shared_county(shared_world: World) -> World:
    """For those who only ask."""
    return shared_world


def with_county(world: World) -> None:
    """甲村: both streets named, on two days; 乙村: one of two; 丙村: none in scope. Signs in every state."""
    one = build_street(world, "甲村")
    other = build_street(world, "甲村", [(0, 0), (0, 200)])
    third = build_street(world, "乙村")
    build_street(world, "乙村", [(0, 0), (0, 200)])
    build_street(world, "丙村", in_scope=False)
    names = [build_name(world, one), build_name(world, other, on=date(2024, 6, 1)), build_name(world, third)]
    batch = build_batch(world, ["甲村", "乙村"])
    assert batch
    build_target(world, "市", 2024, 3)
    build_target(world, "市", 2025, 1)
    build_target(world, "东县", 2024, 2)
    first = sign(world, "甲村", one, names[0])
    second = sign(world, "甲村", one, names[0])
    sign(world, "乙村", third, names[2])
    sign(world, "乙村", third, names[2], state="removed", removed_on=date(2024, 6, 15))
    for made in (first, second):
        order(world, "甲村", made, names[0], date(2024, 6, 10))
    install(world, "甲村", first, date(2024, 6, 20))


def test_a_county_is_told_from_villages_to_standing_signs(shared_county: World):
    east, west = rows(shared_county)
    assert (
        east.name,
        east.villages,
        east.villages_target,
        east.villages_batched,
        east.villages_named,
        east.villages_without_streets,
    ) == (
        *("东县", 3, 2, 2, 1),
        1,
    )
    assert (east.streets_in_scope, east.streets_named, east.signs_planned, east.signs_ordered, east.signs_standing) == (
        4,
        3,
        3,
        2,
        1,
    )
    assert (west.name, west.villages, west.villages_target, west.streets_in_scope, west.villages_without_streets) == (
        "西县",
        1,
        None,
        0,
        1,
    )


@pytest.mark.parametrize(
    ("on", "figures"),
    [
        (date(2024, 2, 1), (0, 0, 0, 0, 0, 0, 0)),
        (date(2024, 4, 1), (2, 0, 4, 0, 0, 0, 0)),
        (date(2024, 5, 1), (2, 0, 4, 2, 0, 0, 0)),
        (date(2024, 6, 1), (2, 1, 4, 3, 4, 0, 0)),
        (date(2024, 6, 14), (2, 1, 4, 3, 4, 2, 0)),
        (date(2024, 6, 15), (2, 1, 4, 3, 3, 2, 0)),
        (date(2024, 6, 20), (2, 1, 4, 3, 3, 2, 1)),
    ],
)
def test_any_past_day_is_told_as_it_was(shared_county: World, on: date, figures: tuple[int, ...]):
    east = rows(shared_county, on=on)[0]
    told = (
        east.villages_batched,
        east.villages_named,
        east.streets_in_scope,
        east.streets_named,
        east.signs_planned,
        east.signs_ordered,
        east.signs_standing,
    )
    assert told == figures


def test_a_rejected_installation_counts_as_standing_until_the_day_of_its_rejection(county: World):
    place = county.places["甲村"]
    rejected = {
        "installation_id": run(county, "SELECT id FROM rollout.installation"),
        "crew_id": run(county, "SELECT crew_id FROM rollout.installation"),
        "inspected_by": county.person(Role.INSPECTOR, "东县"),
    }
    on = date(2024, 6, 25)
    insert(
        county,
        "rollout.inspection",
        division_id=place,
        **rejected,
        verdict="rejected",
        reason="立反了",
        due_on=on,
        inspected_on=on,
    )
    told = [rows(county, on=day)[0].signs_standing for day in (date(2024, 6, 20), date(2024, 6, 24), on)]
    assert told == [1, 1, 0]
    assert rows(county)[0].signs_standing == 0


def test_a_name_replaced_by_another_still_counts_once(county: World):
    street = run(county, "SELECT street_id FROM naming.name ORDER BY id LIMIT 1")
    run(county, "UPDATE naming.name SET retired_on = '2024-06-25' WHERE street_id = :s", s=street)
    assert rows(county)[0].streets_named == 2
    assert rows(county, on=date(2024, 6, 24))[0].streets_named == 3
    build_name(county, street, on=date(2024, 6, 25))
    assert rows(county)[0].streets_named == 3


def test_towns_the_city_and_years_add_up_to_the_same(shared_county: World):
    (city,) = rows(shared_county, by=By.CITY)
    towns = {row.name: row for row in rows(shared_county, by=By.TOWN)}
    years = rows(shared_county, by=By.YEAR)
    assert (city.villages, city.villages_target, city.streets_in_scope, city.signs_planned) == (4, 3, 4, 3)
    assert set(towns) == {"南镇", "北镇", "中镇"}
    assert (towns["南镇"].villages, towns["南镇"].streets_in_scope, towns["南镇"].villages_target) == (2, 4, None)
    assert [(row.year, row.villages, row.villages_target, row.villages_batched) for row in years] == [
        (2024, 2, 3, 2),
        (2025, 0, 1, 0),
        (None, 2, None, 0),
    ]
    for table in (towns.values(), years, rows(shared_county)):
        assert sum(row.streets_in_scope for row in table) == city.streets_in_scope
        assert sum(row.villages for row in table) == city.villages


def test_a_street_counts_since_the_day_its_reason_was_found(county: World):
    intake = insert(
        county,
        "intake.intake",
        division_id=county.places["甲村"],
        source="test",
        datum="EPSG:4490",
        taken_on=TODAY,
        rows=0,
        **dict.fromkeys(("accepted", "repaired", "duplicate", "rejected", "ignored"), 0),
    )
    place = county.places["甲村"]
    shop = insert(
        county,
        "intake.facility",
        division_id=place,
        intake_id=intake,
        key="1",
        kind="shop",
        point="SRID=4490;POINT(116.3 37.4)",
        geometry_source="generated",
        digest="1",
        surveyed_on=TODAY,
    )
    street = run(county, "SELECT min(id) FROM inventory.street")
    insert(
        county,
        "inventory.scope_reason",
        division_id=place,
        street_id=street,
        facility_id=shop,
        distance_m=5,
        within_m=50,
        found_on=date(2024, 4, 10),
    )
    assert rows(county, on=date(2024, 4, 9))[0].streets_in_scope == 3
    assert rows(county, on=date(2024, 4, 10))[0].streets_in_scope == 4
    run(county, "UPDATE inventory.scope_reason SET until_on = DATE '2024-04-20'")
    run(county, "UPDATE inventory.street SET in_scope = false WHERE id = :id", id=street)
    assert rows(county, on=date(2024, 4, 19))[0].streets_in_scope == 4
    assert rows(county, on=date(2024, 4, 20))[0].streets_in_scope == 3


def test_residents_committees_are_no_villages_but_their_streets_count(county: World):
    place = insert(
        county,
        "base.division",
        parent_id=county.places["南镇"],
        kind="residents",
        name="居委会",
        since_on=date(2020, 1, 1),
        point="SRID=4490;POINT(116.4 37.4)",
        geometry_source="generated",
    )
    county.places["居委会"] = place
    build_street(county, "居委会")
    east = rows(county)[0]
    assert (east.villages, east.streets_in_scope) == (3, 5)


def test_one_sees_the_progress_of_ones_own_territory(shared_county: World):
    assert [row.name for row in rows(shared_county, role=Role.COUNTY_OFFICER, at="西县")] == ["西县"]
    (own,) = rows(shared_county, role=Role.TOWN_OFFICER, at="北镇", by=By.TOWN)
    assert (own.name, own.villages, own.streets_in_scope) == ("北镇", 1, 0)
    assert len(rows(shared_county, role=Role.AUDITOR)) == len(rows(shared_county, role=Role.ADMINISTRATOR)) == 2


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("by", [By.CITY, By.COUNTY])
def test_the_figures_of_a_place_are_the_same_for_whoever_asks(shared_county: World, role: Role, by: By):
    asked = rows(shared_county, role=role, at="北镇", by=by)
    assert asked == [row for row in rows(shared_county, by=by) if row.name in {"市", "东县"}]
    assert [row.is_own for row in asked] == [False]


def test_nobody_at_work_is_told_any_figures(county: World):
    run(county, "UPDATE base.person SET active = false WHERE id = :id", id=county.person(Role.AUDITOR, "市"))
    assert rows(county, role=Role.AUDITOR) == []


def test_the_register_stands_beside_the_targets(county: World):
    with county.office.acting(county.person(Role.TOWN_OFFICER, "南镇"), via="test") as session:
        found = register_difference(session)
    assert (found.register, found.residents, found.target, found.apart) == (4, 0, 4, 0)
    build_target(county, "市", 2026, 43)
    with county.office.acting(county.person(Role.CITY_OFFICER, "市"), via="test") as session:
        assert register_difference(session).apart == -43


def test_villages_of_another_tree_are_not_counted_against_the_targets(county: World):
    run(
        county,
        "WITH city AS (INSERT INTO base.division (kind, name, since_on)"
        "              VALUES ('city', '走查', '2024-01-01') RETURNING id)"
        " INSERT INTO base.division (parent_id, kind, name, since_on)"
        " SELECT id, 'village', '别处村', '2024-01-01' FROM city",
    )
    with county.office.acting(county.person(Role.CITY_OFFICER, "市"), via="test") as session:
        assert register_difference(session).register == 4


def test_the_map_shows_each_county_where_it_lies(shared_county: World, tmp_path: Path):
    (tmp_path / "leaflet.js").write_text("var L={};")
    (tmp_path / "leaflet.css").write_text("")
    with shared_county.office.acting(shared_county.person(Role.CITY_OFFICER, "市"), via="test") as session:
        page = progress_map(session, shared_county.clock, leaflet=tmp_path)
    assert "1 / 3 (33%)" in page
    assert "2024-07-01" in page
