"""The second stream: which streets are counted in it, why, and that no figure of the villages holds them."""

from __future__ import annotations

import csv
import io
from datetime import date

import openpyxl
import pytest
from sqlalchemy.exc import IntegrityError

from app.base.models import Role
from app.inventory.models import ScopeReason, Stream, Street
from app.inventory.steps import count_in, judge_scope
from app.tracking.queries import By, progress, second_stream
from tests.app.builders import build_name, build_street, run
from tests.app.pages import Office, Person, as_shown, version_in
from tests.app.web.conftest import put
from tests.world import World


@pytest.fixture
def officer(office: Office) -> Person:
    return Person(office, Role.COUNTY_OFFICER, "东县")


def uid_of(world: World, table: str, key: int) -> str:
    return str(run(world, f"SELECT uid FROM {table} WHERE id = :id", id=key))


def move(world: World, street: int, stream: Stream = Stream.NEW_ROAD) -> int:
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        return count_in(session, world.clock, streets=[session.get_one(Street, street)], stream=stream, reason="新建")


def with_shop(world: World) -> int:
    """A street of 甲村 that a shop puts in scope, judged by its officers."""
    street = build_street(world, "甲村", in_scope=False)
    here = {"division_id": world.places["甲村"]}
    intake = put(world, "intake.intake", {"division_id": world.places["南镇"]})
    put(
        world,
        "intake.facility",
        here
        | {"intake_id": intake, "key": "1", "kind": "shop", "digest": 1, "geometry_source": "generated"}
        | {"point": run(world, "SELECT ST_AsEWKT(ST_StartPoint(ST_GeometryN(line, 1))) FROM inventory.street")},
    )
    judge(world)
    assert run(world, "SELECT in_scope FROM inventory.street WHERE id = :id", id=street)
    return street


def judge(world: World) -> int:
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        village = session.get_one(Street, run(world, "SELECT min(id) FROM inventory.street")).division_id
        from app.base.models import Division

        return judge_scope(session, world.clock, division=session.get_one(Division, village))


def test_a_road_of_the_second_stream_is_in_no_scope_however_near_a_shop_stands(world: World):
    street = with_shop(world)
    assert move(world, street) == 1
    row = run(world, "SELECT in_scope || ' ' || stream || ' ' || stream_reason FROM inventory.street")
    assert row == "false new_road 新建"
    assert judge(world) == 0
    assert run(world, "SELECT count(*) FROM inventory.scope_reason WHERE until_on IS NULL") == 0
    assert move(world, street) == 0, "it is there already"


def test_back_among_the_villages_streets_it_is_judged_anew(world: World):
    street = with_shop(world)
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        row = session.get_one(Street, street)
        rule = session.query(ScopeReason.within_m).filter_by(street_id=street).scalar()
        assert rule
        count_in(session, world.clock, streets=[row], stream=Stream.NEW_ROAD, reason="误列")
        assert not row.in_scope
    run(world, "UPDATE inventory.scope_reason SET within_m = within_m")
    assert move(world, street, Stream.VILLAGE) == 1
    judge(world)
    assert run(world, "SELECT in_scope FROM inventory.street WHERE id = :id", id=street)


def test_the_database_itself_keeps_the_second_stream_out_of_the_villages_scope(world: World):
    street = build_street(world, "甲村")
    with pytest.raises(IntegrityError, match="second_stream"):
        run(world, "UPDATE inventory.street SET stream = 'new_road' WHERE id = :id", id=street)


def test_the_villages_figures_hold_nothing_of_the_second_stream_and_it_has_its_own(world: World):
    kept, moved = build_street(world, "甲村"), build_street(world, "甲村", ((0, 50), (200, 50)))
    build_name(world, moved)
    move(world, moved)
    today = world.clock.today()
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        [city] = progress(session, on=today, by=By.CITY)
        [second] = second_stream(session, on=today, by=By.CITY)
        before = second_stream(session, on=date(2024, 1, 2), by=By.CITY)
    assert (city.streets_in_scope, city.streets_named) == (1, 0)
    assert (second.roads, second.roads_named, second.quota) == (1, 1, None)
    assert [row.roads for row in before] == [0], "counted from the day on which it was put there"
    assert kept != moved


def test_a_street_is_put_into_the_second_stream_on_its_page_with_a_reason(world: World, officer: Person):
    here = f"/inventory/{uid_of(world, 'inventory.street', build_street(world, '甲村'))}"
    version = version_in(officer.reads(here), f"{here}/stream")
    refused = officer.sends(f"{here}/stream", status=422, version=version, stream="new_road", because=" ")
    assert "请写明理由" in refused.text
    page = officer.reads(officer.goes(f"{here}/stream", version=version, stream="new_road", because="2025年新建"))
    assert "2025年新建" in page
    assert "不计入 5,099 个村" in page
    back = version_in(page, f"{here}/stream")
    officer.sends(f"{here}/stream", status=409, version=version, stream="village", because="旧页面")
    assert "列入无名路、新增路" in officer.reads(
        officer.goes(f"{here}/stream", version=back, stream="village", because="村内街道")
    )


def test_many_are_put_there_from_the_list_all_or_none(world: World, officer: Person):
    uids = [
        uid_of(world, "inventory.street", build_street(world, "甲村", ((0, n), (200, n)), surveyed_name=f"路{n}"))
        for n in (0, 60, 120)
    ]
    seen = as_shown(officer, uids[:2], "inventory.street")
    town = f"/inventory/stream?in={uid_of(world, 'base.division', world.places['南镇'])}"
    officer.sends(town, status=422, seen=seen, stream="new_road", because="")
    officer.sends(town, status=422, seen=seen, stream="odd", because="新建")
    officer.sends(town, status=422, stream="new_road", because="新建")
    listed = officer.reads(officer.goes(town, seen=seen, stream="new_road", because="新建"))
    assert all(f"/inventory/{uid}" in listed for uid in uids[:2])
    assert f"/inventory/{uids[2]}" not in listed
    assert "无名路、新增路 2" in listed
    other = officer.reads("/inventory?stream=village")
    assert f"/inventory/{uids[2]}" in other
    assert f"/inventory/{uids[0]}" not in other
    officer.sends(town, status=409, seen=[*as_shown(officer, uids[2:], "inventory.street"), seen[0]], because="新建")
    assert run(world, "SELECT count(*) FROM inventory.street WHERE stream = 'new_road'") == 2
    book = openpyxl.load_workbook(io.BytesIO(officer.client.get("/inventory/streets.xlsx?stream=new_road").content))
    rows = list(book.worksheets[0].iter_rows(min_row=2, values_only=True))
    assert [(row[3], row[4], row[6]) for row in rows] == [
        ("路0", "城乡无名路、新增路", "新建"),
        ("路60", "城乡无名路、新增路", "新建"),
    ]


def test_who_may_only_look_is_offered_nothing_and_refused(world: World, office: Office):
    street = build_street(world, "甲村")
    here = f"/inventory/{uid_of(world, 'inventory.street', street)}"
    auditor = Person(office, Role.AUDITOR, "东县")
    assert f"{here}/stream" not in auditor.reads(here)
    auditor.sends(f"{here}/stream", status=403, version="1", stream="new_road", because="x")


def test_the_second_stream_has_quotas_of_its_own_by_county_and_year(world: World, office: Office):
    city = Person(office, Role.CITY_OFFICER, "市")
    county = uid_of(world, "base.division", world.places["东县"])
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    officer.sends(f"/milestones/quotas?in={county}", status=403, year="2024", villages="12", source="会议")
    page = city.reads(city.goes(f"/milestones/quotas?in={county}", year="2024", villages="120", source="会议纪要"))
    assert "120" in page
    assert run(world, "SELECT stream FROM milestones.target") == "new_road"
    city.sends(f"/milestones/quotas?in={county}", status=409, year="2024", villages="9", source="旧页面")
    move(world, build_street(world, "甲村"))
    told = city.client.get("/tracking/second.csv?by=county").content.decode("utf-8-sig")
    rows = {row[0]: row[2:] for row in csv.reader(io.StringIO(told)) if len(row) > 3}
    assert rows["东县"] == ["120", "0", "1", "0", "0"]
    assert rows["西县"] == ["", "0", "0", "0", "0"]
    shown = city.reads("/tracking/second")
    assert f'href="/inventory?in={county}&stream=new_road">1<' in shown
    assert "120" not in city.reads("/tracking?by=county"), "no target of the villages"
    city.reads("/tracking/second?by=year", status=422)
    city.reads("/tracking/second?on=2999-01-01", status=422)
