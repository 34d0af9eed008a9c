"""A file's villages are those of the register; a file never adds one to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shapely import Point, Polygon, from_wkb
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select, text

from app.base.models import Division, Role
from app.intake.models import Facility, IntakeRow, Segment
from app.intake.register import stem_of, town_boxes
from app.intake.steps import Origin, take_in
from gis.features import Area, AreaKind, RowReport, Survey, Verdict
from tests.surveys import at, crossing
from tests.world import World

HERE = Point(at(0.1, 0.1))


def add(world: World, name: str, *, parent: str, kind: str = "village", at: Point | None = None, code: str = "") -> int:
    """A division of the register, with its place and its statistical code where they are known."""
    with world.owner.begin() as connection:
        made = connection.execute(
            text(
                "INSERT INTO base.division (parent_id, kind, name, since_on, point) VALUES (:parent, :kind, :name,"
                " '2020-01-01', ST_GeomFromText(:at, 4490)) RETURNING id"
            ),
            {"parent": world.places[parent], "kind": kind, "name": name, "at": at.wkt if at else None},
        ).scalar_one()
        if code:
            connection.execute(
                text(
                    "INSERT INTO base.division_code (division_id, system, edition, code, valid_from_on)"
                    " VALUES (:made, 'statistics', '2023', :code, '2023-06-30')"
                ),
                {"made": made, "code": code},
            )
    world.places.setdefault(name, made)
    return int(made)


def one_village(name: str, *, town: str | None = None, code: str | None = None, at: Point = HERE) -> Survey:
    area = Area("n/1", AreaKind.VILLAGE, name, at, code=code, town=town)
    return Survey((), (area,), (), (RowReport(1, "n/1", Verdict.ACCEPTED),), "EPSG:4490")


def taken(world: World, survey: Survey, *, place: str = "西县", role: Role = Role.COUNTY_OFFICER) -> IntakeRow:
    """What became of the survey's village, handed in for a place by its officer."""
    with world.office.acting(world.person(role, place), via="test") as session:
        division = session.get_one(Division, world.places[place])
        intake = take_in(session, world.clock, survey=survey, origin=Origin("a"), division=division)
        number = next(report.row for report in survey.reports if report.key == "n/1")
        return session.scalars(select(IntakeRow).where(IntakeRow.intake_id == intake.id, IntakeRow.row == number)).one()


def divisions(world: World) -> set[tuple[int, str]]:
    with world.owner.connect() as connection:
        return {(row.id, row.name) for row in connection.execute(text("SELECT id, name FROM base.division"))}


def placed(world: World) -> set[int]:
    """Villages that have their place from a survey."""
    with world.owner.connect() as connection:
        found = connection.scalars(text("SELECT id FROM base.division WHERE geometry_source = 'survey'"))
        return set(found)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("丰泽村", "丰泽村委会"),
        ("丰泽村", "丰泽村民委员会"),
        ("丰泽", "丰泽村村民委员会"),
        ("周庄村", "周庄村委员会"),
        ("王庄（北）村", "王庄(北)村委会"),
        ("王 庄", "王庄村"),
        ("南龙社区", "南龙社区居委会"),
    ],
)
def test_names_of_one_village_have_one_stem(one: str, other: str):
    assert stem_of(one) == stem_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("王庄", "王庄居委会"), ("前王庄", "王庄"), ("丰泽社区", "丰泽村"), ("村", "")]
)
def test_names_of_two_villages_have_two_stems(one: str, other: str):
    assert stem_of(one) != stem_of(other)


def test_a_village_of_a_file_is_the_registers_and_gives_it_its_place(world: World):
    village = add(world, "丰泽村委会", parent="中镇")
    before = divisions(world)
    row = taken(world, one_village("丰泽村"))
    assert (row.verdict, row.values) == ("accepted", {"register": "丰泽村委会"})
    assert "Is the register's" in row.reason
    assert placed(world) == {village}
    assert divisions(world) == before
    assert taken(world, one_village("丰泽村")).verdict == "duplicate"


def test_a_village_that_is_not_in_the_register_is_rejected_and_its_roads_come_in(world: World):
    before = divisions(world)
    survey = crossing(village="丰泽村")
    row = taken(world, survey)
    assert (row.verdict, row.field) == ("rejected", "name")
    assert row.values == {"name": "丰泽村", "place": "西县"}
    assert "Choose the town" in row.reason
    assert divisions(world) == before
    assert placed(world) == set()
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        assert len(session.scalars(select(Segment.id)).all()) == 6
        assert session.scalars(select(Facility.kind)).all() == ["shop"]


def test_a_town_that_is_not_in_the_register_is_not_made(world: World):
    before = divisions(world)
    town = Area("n/1", AreaKind.TOWN, "新镇", HERE.buffer(0.01))
    row = taken(world, Survey((), (town,), (), (RowReport(1, "n/1", Verdict.ACCEPTED),), "EPSG:4490"))
    assert (row.verdict, row.values["name"]) == ("rejected", "新镇")
    assert divisions(world) == before


def test_of_two_villages_of_one_name_the_one_of_the_told_town_is_meant(world: World):
    add(world, "张庄村委会", parent="南镇")
    north = add(world, "张庄村委会", parent="北镇")
    assert taken(world, one_village("张庄村", town="北镇"), place="东县").verdict == "accepted"
    assert placed(world) == {north}


def test_of_two_villages_of_one_name_the_one_whose_towns_outline_holds_it_is_meant(world: World):
    add(world, "张庄村委会", parent="南镇")
    north = add(world, "张庄村委会", parent="北镇")
    with world.owner.begin() as connection:
        connection.execute(
            text(
                "UPDATE base.division SET outline = ST_Multi(ST_Buffer(ST_GeomFromText(:at, 4490), 0.01))"
                " WHERE id = :id"
            ),
            {"at": HERE.wkt, "id": world.places["北镇"]},
        )
    assert taken(world, one_village("张庄村"), place="东县").verdict == "accepted"
    assert placed(world) == {north}


def test_of_two_villages_of_one_name_the_one_of_the_nearest_villages_town_is_meant(world: World):
    add(world, "张庄村委会", parent="南镇")
    north = add(world, "张庄村委会", parent="北镇")
    add(world, "李庄村委会", parent="北镇", at=Point(at(2, 2)))
    assert taken(world, one_village("张庄村"), place="东县").verdict == "accepted"
    assert placed(world) == {north}


def test_of_two_villages_of_one_name_the_one_with_the_code_is_meant(world: World):
    add(world, "张庄村委会", parent="南镇", code="371481999901")
    north = add(world, "张庄村委会", parent="南镇", code="371481999902")
    assert taken(world, one_village("张庄村", code="371481999902"), place="东县").verdict == "accepted"
    assert placed(world) == {north}


def test_of_two_villages_of_one_name_the_one_whose_towns_box_holds_it_is_meant_and_none_far_outside(world: World):
    boxes = town_boxes()
    one, box = next(iter(boxes.items()))
    other = next(code for code, far in boxes.items() if far.west > box.east + 0.2)
    add(world, "张庄村委会", parent="南镇", code=f"{other}201")
    meant = add(world, "张庄村委会", parent="北镇", code=f"{one}201")
    inside = Point((box.west + box.east) / 2, (box.south + box.north) / 2)
    assert taken(world, one_village("张庄村", at=inside), place="东县").verdict == "accepted"
    assert placed(world) == {meant}
    nowhere = Point(box.west - 0.5, box.south)
    assert taken(world, one_village("张庄村", at=nowhere), place="东县").verdict == "rejected"


def test_a_name_that_several_villages_bear_is_rejected_where_nothing_tells_which(world: World):
    add(world, "张庄村委会", parent="南镇")
    add(world, "张庄村村委会", parent="南镇")
    row = taken(world, one_village("张庄"), place="东县")
    assert (row.verdict, row.values["count"]) == ("rejected", "2")
    assert placed(world) == set()


def test_a_village_of_the_name_in_another_town_than_the_told_one_is_not_taken_for_it(world: World):
    add(world, "张庄村委会", parent="南镇")
    row = taken(world, one_village("张庄村", town="北镇"), place="东县")
    assert (row.verdict, row.values["towns"]) == ("rejected", "南镇")
    assert placed(world) == set()


def test_a_towns_officer_who_may_not_place_a_village_is_told_so(world: World):
    add(world, "丰泽村委会", parent="中镇")
    row = taken(world, one_village("丰泽村"), place="中镇", role=Role.TOWN_OFFICER)
    assert row.verdict == "duplicate"
    assert "the county's officers alone" in row.reason
    assert placed(world) == set()


def test_an_outline_without_a_point_stands_for_no_committees_seat(world: World):
    add(world, "丰泽村委会", parent="中镇")
    outline = Area("n/1", AreaKind.VILLAGE, "丰泽村", HERE.buffer(0.002))
    assert taken(world, replace(one_village("丰泽村"), areas=(outline,))).verdict == "accepted"
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        assert session.scalars(select(Facility.id)).all() == []


def one_county(name: str, shape: Polygon | Point) -> Survey:
    area = Area("n/1", AreaKind.COUNTY, name, shape)
    return Survey((), (area,), (), (RowReport(1, "n/1", Verdict.ACCEPTED),), "EPSG:4490")


def outline_of(world: World, name: str) -> BaseGeometry | None:
    with world.owner.connect() as connection:
        found = connection.scalar(
            text("SELECT ST_AsBinary(ST_GeometryN(outline, 1)) FROM base.division WHERE id = :id"),
            {"id": world.places[name]},
        )
        return None if found is None else from_wkb(bytes(found))


def sketched(world: World, name: str, outline: Polygon) -> None:
    with world.owner.begin() as connection:
        connection.execute(
            text(
                "UPDATE base.division SET outline = ST_Multi(ST_GeomFromText(:wkt, 4490)), geometry_source = 'sketch'"
                " WHERE id = :id"
            ),
            {"wkt": outline.wkt, "id": world.places[name]},
        )


@pytest.mark.parametrize("place", ["市", "西县"])
def test_a_county_of_a_file_is_the_registers_and_its_surveyed_outline_replaces_a_sketch_once(world: World, place: str):
    sketch, survey = HERE.buffer(0.5), HERE.buffer(0.05)
    sketched(world, "西县", sketch)
    role = Role.CITY_OFFICER if place == "市" else Role.COUNTY_OFFICER
    row = taken(world, one_county("西县", survey), place=place, role=role)
    assert (row.verdict, row.values) == ("accepted", {"register": "西县"})
    outline = outline_of(world, "西县")
    assert outline is not None
    assert outline.equals_exact(survey, 1e-9)
    assert taken(world, one_county("西县", HERE.buffer(0.1)), place=place, role=role).verdict == "duplicate"
    assert outline_of(world, "西县") == outline


def test_a_countys_outline_does_not_give_way_to_a_point(world: World):
    sketched(world, "西县", HERE.buffer(0.5))
    assert taken(world, one_county("西县", HERE)).verdict == "duplicate"
    assert placed(world) == set()


def test_a_county_that_the_register_lacks_there_is_rejected(world: World):
    row = taken(world, one_county("无此县", HERE.buffer(0.05)))
    assert (row.verdict, row.field, row.values) == ("rejected", "name", {"name": "无此县", "place": "西县"})
    assert taken(world, one_county("东县", HERE.buffer(0.05))).verdict == "rejected", "another county's"


def test_a_towns_officer_does_not_set_the_countys_outline(world: World):
    sketched(world, "西县", HERE.buffer(0.5))
    row = taken(world, one_county("西县", HERE.buffer(0.05)), place="中镇", role=Role.TOWN_OFFICER)
    assert row.verdict == "duplicate"
    assert "the county's officers alone" in row.reason
    assert placed(world) == set()
