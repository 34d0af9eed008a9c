"""Where streets are drawn and re-shaped: in one's own territory, in the village they lie in, once, and on no other."""

from __future__ import annotations

import threading

import pytest
from shapely import LineString

from app.base.errors import MingluError
from app.base.models import Division, Role
from app.inventory import steps
from app.inventory.models import Street
from tests.app.builders import around, build_street, run
from tests.app.pages import Office, Person
from tests.app.web.conftest import put
from tests.world import World

#: Villages lie 880 m from each other, from west to east: 甲村, 乙村 (both 南镇), 丙村 (北镇).
APART_M = 884.0
OWN = ((0, 0), (200, 0))


@pytest.fixture
def town(office: Office) -> Person:
    return Person(office, Role.TOWN_OFFICER, "南镇")


def line(world: World, village: str, *metres: tuple[float, float]) -> str:
    return " ".join(f"{x:.7f},{y:.7f}" for x, y in around(world, village, metres))


def count(world: World) -> int:
    return int(run(world, "SELECT count(*) FROM inventory.street"))


def village_of(world: World, street: int) -> str:
    asked = "SELECT d.name FROM inventory.street s JOIN base.division d ON d.id = s.division_id WHERE s.id = :id"
    return str(run(world, asked, id=street))


def re_shaped(world: World, town: Person, street: int, drawn: str) -> str:
    """What the map says after a street was given another line."""
    row = "SELECT uid || ' ' || version FROM inventory.street WHERE id = :id"
    uid, version = str(run(world, row, id=street)).split()
    return town.reads(town.goes(f"/inventory/{uid}/reshape", version=version, line=drawn))


def test_a_street_is_not_drawn_in_another_towns_village(world: World, office: Office, town: Person):
    page = town.reads(town.goes("/inventory/draw", line=line(world, "丙村", (-100, 100), (100, 100))))
    assert "丙村，不属于南镇" in page
    assert count(world) == 0
    county = Person(office, Role.COUNTY_OFFICER, "东县")
    county.goes("/inventory/draw", line=line(world, "丙村", (-100, 100), (100, 100)))
    assert village_of(world, run(world, "SELECT max(id) FROM inventory.street")) == "丙村"


def test_a_street_at_the_border_is_the_own_villages_unless_another_is_clearly_nearer(world: World, town: Person):
    half = APART_M / 2
    town.goes("/inventory/draw", line=line(world, "乙村", (half + 10, 50), (half + 30, 100)))
    assert village_of(world, run(world, "SELECT max(id) FROM inventory.street")) == "乙村"
    assert "不属于南镇" in town.reads(
        town.goes("/inventory/draw", line=line(world, "乙村", (half + 150, 50), (half + 160, 100)))
    )


def test_where_outlines_are_known_they_say_whose_a_street_is(world: World, town: Person):
    outline = "UPDATE base.division SET outline = ST_Multi(ST_Expand(point, 0.02, 0.001)) WHERE id = :id RETURNING id"
    with world.owner.begin() as connection:
        connection.exec_driver_sql(outline.replace(":id", "%s"), (world.places["乙村"],))
    town.goes("/inventory/draw", line=line(world, "丙村", (-100, 50), (100, 50)))
    assert village_of(world, run(world, "SELECT max(id) FROM inventory.street")) == "乙村"


def test_a_street_belongs_to_the_village_that_it_lies_in_however_the_map_is_narrowed(world: World, town: Person):
    here = run(world, "SELECT uid FROM base.division WHERE id = :id", id=world.places["甲村"])
    town.goes(f"/inventory/draw?in={here}", line=line(world, "乙村", (-100, 50), (100, 50)))
    assert village_of(world, run(world, "SELECT max(id) FROM inventory.street")) == "乙村"


def test_a_street_is_not_re_shaped_into_another_territory_nor_far_from_where_it_runs(world: World, town: Person):
    street = build_street(world, "乙村", OWN)
    before = run(world, "SELECT ST_AsText(line) FROM inventory.street")
    assert "不属于南镇" in re_shaped(world, town, street, line(world, "丙村", (-100, 0), (100, 0)))
    assert "应为另一条街路巷" in re_shaped(world, town, street, line(world, "乙村", (0, 150), (200, 150)))
    assert run(world, "SELECT ST_AsText(line) FROM inventory.street") == before
    assert "线形已更新" in re_shaped(world, town, street, line(world, "乙村", (0, 90), (200, 90)))


def test_a_street_is_not_re_shaped_onto_another_one(world: World, town: Person):
    build_street(world, "乙村", ((0, 60), (200, 60)))
    street = build_street(world, "乙村", OWN)
    assert "该处已有另一条街路巷" in re_shaped(world, town, street, line(world, "乙村", (0, 58), (200, 61)))
    assert "线形已更新" in re_shaped(world, town, street, line(world, "乙村", (0, 1), (100, 2), (200, 0)))


def test_a_street_that_lies_in_another_village_after_re_shaping_goes_there_with_its_lines_and_its_scope(
    world: World, town: Person
):
    street = build_street(world, "甲村", OWN)
    intake = put(world, "intake.intake", {"division_id": world.places["南镇"]})
    surveyed = {"intake_id": intake, "key": "1", "digest": 1, "geometry_source": "generated"}
    here = surveyed | {"division_id": world.places["甲村"], "length_m": 80}
    here["line"] = "SRID=4490;LINESTRING(116.36 37.4,116.361 37.4)"
    segment = put(world, "intake.segment", here)
    put(
        world,
        "inventory.street_segment",
        {"street_id": street, "segment_id": segment, "division_id": world.places["甲村"]},
    )
    for village, kind in (("甲村", "clinic"), ("乙村", "shop")):
        x, y = around(world, village, [(0, 5)])[0]
        there = {"division_id": world.places[village], "kind": kind, "point": f"SRID=4490;POINT({x} {y})"}
        put(world, "intake.facility", surveyed | there | {"digest": len(kind)})
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        for name in ("甲村", "乙村"):
            steps.judge_scope(session, world.clock, division=session.get_one(Division, world.places[name]))
    reason = (
        "SELECT string_agg(f.kind, ' ') FROM inventory.scope_reason r JOIN intake.facility f ON f.id = r.facility_id"
        " WHERE r.until_on IS NULL"
    )
    assert run(world, reason) == "clinic"
    other = build_street(world, "乙村", ((0, 40), (0, 200)))
    page = re_shaped(world, town, street, line(world, "甲村", (100, 0), (APART_M + 600, 0)))
    assert "现归入乙村" in page
    assert village_of(world, street) == "乙村"
    members = "SELECT division_id FROM inventory.street_segment WHERE street_id = :id"
    assert run(world, members, id=street) == world.places["乙村"]
    assert "shop" in run(world, reason)
    act = page.split('action="/undo/')[1].partition('"')[0]
    town.goes(f"/undo/{act}", next="/inventory")
    assert village_of(world, street) == "甲村"
    assert run(world, reason) == "clinic"
    assert village_of(world, other) == "乙村"


def test_a_line_that_is_sent_four_times_at_once_is_one_street(world: World):
    drawn, told = threading.Barrier(4, timeout=30), list[int | str]()
    officer = world.person(Role.TOWN_OFFICER, "南镇")
    course = LineString(around(world, "甲村", [(0, 50), (200, 50)]))

    def send() -> None:
        with world.office.acting(officer, via="test") as session:
            village = session.get_one(Division, world.places["甲村"])
            drawn.wait()
            before = steps.drawn_before(session, line=course, village=village)
            made: Street = before or steps.draw(session, world.clock, line=course, village=village)
            told.append(made.id)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 4
    assert len(set(told)) == 1
    assert count(world) == 1


def test_a_form_that_is_sent_again_leads_to_the_street_that_it_made(world: World, town: Person):
    course = line(world, "甲村", (0, 50), (200, 50))
    first, again = (town.goes("/inventory/draw", line=course) for _ in range(2))
    assert first == again
    assert count(world) == 1
    almost = line(world, "甲村", (0, 51), (200, 51))
    assert "edit=draw" in town.goes("/inventory/draw", line=almost)


def test_a_street_drawn_in_the_same_moment_beside_another_is_refused(world: World):
    drawn, told = threading.Barrier(2, timeout=30), list[str]()
    officer = world.person(Role.TOWN_OFFICER, "南镇")

    def send(north: float) -> None:
        try:
            with world.office.acting(officer, via="test") as session:
                village = session.get_one(Division, world.places["甲村"])
                course = LineString(around(world, "甲村", [(0, north), (200, north)]))
                drawn.wait()
                steps.draw(session, world.clock, line=course, village=village)
            told.append("drawn")
        except MingluError as refusal:
            told.append(str(refusal)[:27])

    threads = [threading.Thread(target=send, args=(north,)) for north in (50, 51)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["A street runs there already", "drawn"]
