"""A file whose coordinate system is another than it says: found, shown, chosen, before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, mapping
from sqlalchemy import text

from app.base.models import Role
from app.intake.register import read_register
from gis import crs
from tests.app.pages import Office, Person, uid_of, uids_in, work_off
from tests.world import World

#: The world's two counties, with the shapes of two real ones.
COUNTIES = {"西县": "371426", "东县": "371481"}


@pytest.fixture(scope="module")
def begin() -> Callable[[World], None]:
    return with_outlines


def with_outlines(world: World) -> None:
    """The two counties get their shapes."""
    outlines = {unit.code: unit.outline for unit in read_register().counties}
    with world.owner.begin() as connection:
        for name, code in COUNTIES.items():
            connection.execute(
                text(
                    "UPDATE base.division SET geometry_source = 'sketch', outline = ST_GeomFromWKB(:wkb, 4490)"
                    " WHERE name = :name"
                ),
                {"name": name, "wkb": shapely.to_wkb(outlines[code])},
            )


@pytest.fixture
def officer(office: Office) -> Person:
    return Person(office, Role.COUNTY_OFFICER, "西县")


@pytest.fixture(scope="module")
def shared_officer(shared_office: Office) -> Person:
    """For files that are shown or refused and never taken in."""
    return Person(shared_office, Role.COUNTY_OFFICER, "西县")


def outline() -> MultiPolygon:
    found = next(unit.outline for unit in read_register().counties if unit.code == COUNTIES["西县"])
    assert found is not None
    return found


def as_file(datum: str, *, extra: list[dict[str, Any]] | None = None) -> bytes:
    """A GeoJSON that says nothing of its datum: the county's outline, a road and a village in it."""
    middle = outline().representative_point()
    road = shapely.LineString([(middle.x, middle.y), (middle.x + 0.01, middle.y + 0.002)])
    place = shapely.Point(middle.x + 0.001, middle.y + 0.0005)
    shapes = np.array([outline(), road, place], dtype=object)
    tags = [{"name": "西县", "类型": "县"}, {"highway": "residential"}, {"place": "village", "name": "丁村"}]
    moved = crs.shapes_from_stored(shapes, crs.datum_named(datum))
    features = [
        {"type": "Feature", "geometry": mapping(shape), "properties": properties}
        for shape, properties in zip(moved, tags, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": [*features, *(extra or [])]}).encode()


def hand_in(world: World, officer: Person, data: bytes, **fields: str) -> str:
    file = {"file": ("调查.geojson", data, "application/geo+json")}
    return officer.goes(f"/intake/new?in={uid_of(world, '西县')}", files=file, **fields)


def village_at(world: World) -> tuple[float, float]:
    with world.owner.connect() as connection:
        found = connection.execute(text("SELECT ST_X(point), ST_Y(point) FROM base.division WHERE name = '丁村'")).one()
    return float(found[0]), float(found[1])


def finish(world: World, officer: Person, run: str) -> str:
    work_off(world, run.rpartition("/")[2])
    return officer.reads(run) if officer.client.get(run).status_code == 200 else "done"


def stored(world: World) -> int:
    with world.owner.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM intake.intake").scalar_one())


@pytest.mark.parametrize(("truth", "words"), [("GCJ-02", "偏移量"), ("BD-09", "偏移量"), ("EPSG:4326/yx", "坐标轴")])
def test_a_file_that_lies_about_its_datum_is_asked_about_and_lies_right_once_the_proposal_is_taken(
    world: World, officer: Person, truth: str, words: str
):
    where = hand_in(world, officer, as_file(truth))
    assert where.startswith("/intake/files/")
    page = officer.reads(where)
    assert words in page
    assert "文件内容尚未入库" in page
    assert f'value="{truth}" checked' in page
    assert "<svg viewBox" in page
    assert (uids_in(officer.reads("/intake"), "/intake"), stored(world)) == ([], 0)
    run = officer.goes(where.partition("?")[0] + f"?in={uid_of(world, '西县')}", choice=truth, source="县局")
    assert finish(world, officer, run) == "done"
    middle = outline().representative_point()
    assert village_at(world) == pytest.approx((middle.x + 0.001, middle.y + 0.0005), abs=1e-8)
    assert "县局" in officer.reads("/intake")


def test_the_measured_shift_is_told_and_drawn_with_arrows(shared_world: World, shared_officer: Person):
    page = shared_officer.reads(hand_in(shared_world, shared_officer, as_file("GCJ-02")))
    assert "偏东 50" in page
    assert "这正是此处GCJ-02（高德、腾讯）的偏移量" in page
    assert "1 条界线中有 1 条与同一政区的已知界线相符" in page
    assert page.count("<svg viewBox") == 2
    assert page.count("<circle cx=") >= 1


def test_an_officer_may_take_the_file_as_it_says(world: World, officer: Person):
    where = hand_in(world, officer, as_file("GCJ-02"))
    run = officer.goes(where.partition("?")[0] + f"?in={uid_of(world, '西县')}", choice="as-declared")
    assert finish(world, officer, run) == "done"
    assert village_at(world)[0] == pytest.approx(outline().representative_point().x + 0.001 + 0.0057, abs=0.0003)


def test_a_choice_that_the_page_did_not_offer_is_told_on_it(shared_world: World, shared_officer: Person):
    where = (
        hand_in(shared_world, shared_officer, as_file("GCJ-02")).partition("?")[0]
        + f"?in={uid_of(shared_world, '西县')}"
    )
    for choice in ("", "BD-09", "EPSG:9999"):
        assert "请选择坐标系" in shared_officer.sends(where, status=422, choice=choice).text
    assert stored(shared_world) == 0


@pytest.mark.parametrize("datum", ["", "EPSG:4326", "EPSG:4490"])
def test_a_file_that_lies_where_it_should_is_not_asked_about(world: World, officer: Person, datum: str):
    run = hand_in(world, officer, as_file("EPSG:4490"), datum=datum)
    assert run.startswith("/intake/runs/")
    assert finish(world, officer, run) == "done"


def test_a_wrongly_chosen_datum_is_found_too(shared_world: World, shared_officer: Person):
    page = shared_officer.reads(hand_in(shared_world, shared_officer, as_file("EPSG:4490"), datum="GCJ-02"))
    assert 'value="EPSG:4490" checked' in page
    assert "按声明：GCJ-02" in page


def test_degrees_that_are_metres_of_a_zone_are_found(shared_world: World, shared_officer: Person):
    page = shared_officer.reads(hand_in(shared_world, shared_officer, as_file("EPSG:4527")))
    assert 'value="EPSG:4527" checked' in page
    assert "39 带" in page


def test_a_file_of_another_county_is_refused_with_where_it_lies(shared_world: World, shared_officer: Person):
    far = [shapely.LineString([(1.5, 42.5), (1.51, 42.5)])]
    data = json.dumps({
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "geometry": mapping(far[0]), "properties": {"highway": "residential"}}],
    }).encode()  # fmt: skip
    file = {"file": ("a.geojson", data, "application/geo+json")}
    answer = shared_officer.sends(f"/intake/new?in={uid_of(shared_world, '西县')}", status=422, files=file)
    assert "文件都不在此处" in answer.text
    assert "42.5" in answer.text


def test_the_worker_refuses_what_nobody_was_asked_about(world: World, officer: Person, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.intake.views.asking.LOOKED_AT", 10)  # so that this file counts as a large one
    run = hand_in(world, officer, as_file("GCJ-02"))
    page = finish(world, officer, run)
    assert "这正是此处GCJ-02的偏移量" in page
    assert "查看其坐标系" in page
    where = page.split('href="/intake/files/')[1].split('"')[0]
    assert 'value="GCJ-02" checked' in officer.reads(f"/intake/files/{where}")
    assert stored(world) == 0


def grid(datum: str, *, named: bool = True) -> bytes:
    """Fourteen lanes at equal steps and five streets across, as a planned village has them."""
    middle, (east, north) = outline().representative_point(), (88_500.0, 111_000.0)
    rng = np.random.default_rng(20)
    lanes = [[(67 * n + rng.uniform(-4, 4), y) for y in (0, 500)] for n in range(14)]
    across = [[(x, 120 * n + rng.uniform(-4, 4)) for x in (0, 880)] for n in range(5)]
    lines = [shapely.LineString([(middle.x + x / east, middle.y + y / north) for x, y in xy]) for xy in lanes + across]
    moved = crs.shapes_from_stored(np.array(lines, dtype=object), crs.datum_named(datum))
    features = [
        {
            "type": "Feature",
            "geometry": mapping(shape),
            "properties": {"highway": "residential", **({"name": f"柳{n}街"} if named else {})},
        }
        for n, shape in enumerate(moved)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def toast_after(officer: Person, world: World, data: bytes) -> tuple[str, str]:
    """Where handing in a file leads, and what is told there."""
    where = hand_in(world, officer, data, datum="EPSG:4326")
    return where, officer.reads(where)


@pytest.mark.parametrize("named", [True, False])
def test_a_planned_village_that_comes_again_in_a_shifted_system_is_asked_about(
    world: World, officer: Person, named: bool
):
    first, told = toast_after(officer, world, grid("EPSG:4326", named=named))
    assert "无法核实坐标系是否正确" in told
    assert finish(world, officer, first) == "done"
    [record] = uids_in(officer.reads("/intake"), "/intake")
    assert "未能比对" in officer.reads(f"/intake/{record}")
    where, page = toast_after(officer, world, grid("GCJ-02", named=named))
    assert where.startswith("/intake/files/")
    assert 'value="GCJ-02" checked' in page
    assert ("19 条有名称的街路中有 19 条" in page) is named
    assert page.count("<circle cx=") >= 1, "the evidence is drawn as arrows"
    assert stored(world) == 1
    run = officer.goes(where.partition("?")[0] + f"?in={uid_of(world, '西县')}", choice="GCJ-02")
    assert finish(world, officer, run) == "done"
    newest = next(uid for uid in uids_in(officer.reads("/intake"), "/intake") if uid != record)
    assert "已核实：与名册中此处的已知内容相符" in officer.reads(f"/intake/{newest}")


def test_a_file_that_lies_in_the_county_only_once_read_right_is_asked_about(world: World, officer: Person):
    """At the edge of what counts as the county: half a kilometre further east it is outside."""
    with world.owner.begin() as connection:
        box = text("SELECT ST_XMax(outline) FROM base.division WHERE name = '西县'")
        east = float(connection.execute(box).scalar_one()) + 0.05
    north = outline().representative_point().y
    lines = [shapely.LineString([(east - 0.003, north + n / 900), (east - 0.001, north + n / 900)]) for n in range(6)]
    moved = crs.shapes_from_stored(np.array(lines, dtype=object), crs.datum_named("GCJ-02"))
    features = [
        {"type": "Feature", "geometry": mapping(line), "properties": {"highway": "residential"}} for line in moved
    ]
    data = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    page = officer.reads(hand_in(world, officer, data, datum="EPSG:4326"))
    assert 'value="GCJ-02"' in page
    assert "文件内容尚未入库" in page


def test_nobody_but_officers_of_the_territory_sees_the_kept_file(
    shared_world: World, shared_office: Office, shared_officer: Person
):
    where = hand_in(shared_world, shared_officer, as_file("GCJ-02")).partition("?")[0]
    for role in Role:
        client = shared_office.signed_in(role, "东县")
        assert client.get(where).status_code in {403, 404}, role
    Person(shared_office, Role.AUDITOR, "市").reads(where, status=403)


@pytest.mark.samples
def test_the_real_county_file_that_says_nothing_of_being_gcj02_is_caught(world: World, officer: Person, samples: Path):
    found = json.loads((samples / "dezhou_counties_gcj02_cnmaps.geojson").read_text(encoding="utf-8"))
    found["features"] = [each for each in found["features"] if each["properties"]["name"] == "平原县"]
    page = officer.reads(hand_in(world, officer, json.dumps(found).encode()))
    assert 'value="GCJ-02" checked' in page
