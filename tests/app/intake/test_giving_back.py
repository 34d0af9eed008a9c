"""An intake that is undone gives divisions back the places that they had before it."""

from __future__ import annotations

from typing import Any

import pytest
from shapely import MultiPolygon, Point, Polygon
from sqlalchemy import select, text

from app.base.errors import NotAllowed
from app.base.history import current_act, undo
from app.base.models import Division, GeometrySource, Role
from app.base.people import actor_of
from app.intake.models import Facility, Intake
from app.intake.steps import Origin, take_in, undo_intake
from gis.features import Area, AreaKind, RowReport, Survey, Verdict
from tests.surveys import at
from tests.world import World

HERE = Point(at(0.1, 0.1))
TOWN, VILLAGE = HERE.buffer(0.02), HERE


def survey(town: Polygon = TOWN, village: Point = VILLAGE) -> Survey:
    areas = (Area("a/1", AreaKind.TOWN, "中镇", town), Area("a/2", AreaKind.VILLAGE, "丁村", village))
    reports = tuple(RowReport(n, f"a/{n}", Verdict.ACCEPTED) for n in (1, 2))
    return Survey((), areas, (), reports, "EPSG:4490")


def take(world: World, found: Survey, *, source: GeometrySource = GeometrySource.SURVEY) -> int:
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        division = session.get_one(Division, world.places["西县"])
        origin = Origin("区划", geometry=source)
        return take_in(session, world.clock, survey=found, origin=origin, division=division).id


def take_back(world: World, intake: int, *, role: Role = Role.COUNTY_OFFICER, place: str = "西县") -> list[str]:
    with world.office.acting(world.person(role, place), via="test") as session:
        return undo_intake(session, intake=session.get_one(Intake, intake))


def places(world: World) -> dict[str, tuple[Any, ...]]:
    with world.owner.connect() as connection:
        found = connection.execute(
            text("SELECT name, ST_AsText(outline), ST_AsText(point), geometry_source FROM base.division")
        )
        return {row[0]: tuple(row[1:]) for row in found}


@pytest.fixture
def sketched(world: World) -> dict[str, tuple[Any, ...]]:
    """What stood before: a sketched outline of the town, and no place of the village."""
    with world.owner.begin() as connection:
        connection.execute(
            text(
                "UPDATE base.division SET outline = ST_GeomFromText(:wkt, 4490), geometry_source = 'sketch'"
                " WHERE id = :id"
            ),
            {"wkt": MultiPolygon([HERE.buffer(0.04)]).wkt, "id": world.places["中镇"]},
        )
        connection.execute(
            text("UPDATE base.division SET point = NULL, geometry_source = 'none' WHERE id = :id"),
            {"id": world.places["丁村"]},
        )
    return places(world)


def test_an_intake_that_is_undone_gives_divisions_back_what_they_had(world: World, sketched: dict[str, Any]):
    intake = take(world, survey())
    given = places(world)
    assert {name for name in given if given[name] != sketched[name]} == {"中镇", "丁村"}
    assert take_back(world, intake) == []
    assert places(world) == sketched
    with world.owner.connect() as connection:
        assert connection.scalar(select(Facility.id)) is None


def test_a_place_that_a_later_intake_set_stays_and_is_named(world: World, sketched: dict[str, Any]):
    sketch = take(world, survey(village=Point(at(0.11, 0.1))), source=GeometrySource.SKETCH)
    take(world, survey())
    later = places(world)
    assert take_back(world, sketch) == ["丁村"]
    assert places(world) == later


def test_undoing_is_undone_with_the_places(world: World, sketched: dict[str, Any]):
    intake = take(world, survey())
    given = places(world)
    officer = world.person(Role.COUNTY_OFFICER, "西县")
    with world.office.acting(officer, via="test") as session:
        undo_intake(session, intake=session.get_one(Intake, intake))
        act = current_act(session)
    assert places(world) == sketched
    with world.office.acting(officer, via="test") as session:
        undo(session, world.clock, actor_of(session, officer), act)
    assert places(world) == given


def test_who_may_not_set_a_place_does_not_take_it_back(world: World, sketched: dict[str, Any]):
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        division = session.get_one(Division, world.places["中镇"])
        intake = take_in(session, world.clock, survey=survey(), origin=Origin("区划"), division=division).id
    given = places(world)
    with pytest.raises(NotAllowed, match="the county's officers alone"):
        take_back(world, intake, role=Role.TOWN_OFFICER, place="中镇")
    assert places(world) == given
