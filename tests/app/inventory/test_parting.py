"""What stood in a place that was split goes to the part it lies in, with all that hangs on it, and comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import shapely
from sqlalchemy import select, text

from app.base.errors import Invalid, NotAllowed
from app.base.history import current_act, seal, undo, verify
from app.base.models import Division, Role
from app.base.people import actor_of
from app.inventory import parting
from app.inventory.models import Street
from app.inventory.parting import How, Lies, Part, lies_in
from tests.app.builders import around, build_sign, build_street, insert, run
from tests.app.pages import Person, seen_in, uid_of, uids_in
from tests.app.succession import CODES, KEEPS, SOUTH, Scene, bearer, quoted, with_codes
from tests.app.web.conftest import Office
from tests.world import World

EAST, WEST = "990102100301", "990102100302"
SPLIT = [f"{EAST},东甲村,{SOUTH}", f"{WEST},西甲村,{SOUTH}", f"990102100201,乙村,{SOUTH}", *KEEPS]
#: Tables of which rows hang on no street: they stay with the part that leads.
STAY = {"base.person", "intake.intake", "intake.intake_row", "intake.repair", "printing.order", "printing.order_line"}


@pytest.fixture(scope="module")
def begin() -> Callable[[World], Any]:
    return with_parts


def with_parts(world: World) -> dict[str, Any]:
    """甲村 is called 甲甲村, has two streets 2 km apart with a sign each, and was split into 东甲甲村 and 西甲甲村."""
    found = with_codes(world)
    scene = Scene(world, **found)
    run(world, "UPDATE base.division SET name = '甲甲村' WHERE id = :id RETURNING 1", id=world.places["甲村"])
    scene.streets["far"] = build_street(world, "甲村", [(2000, 0), (2200, 0)])
    scene.signs["far"] = build_sign(world, scene.streets["far"])
    scene.streets["between"] = build_street(world, "甲村", [(900, 0), (1100, 0)])
    rows = [row.replace("东甲村", "东甲甲村").replace("西甲村", "西甲甲村") for row in SPLIT]
    with world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, rows)
        scene.confirm(session, edition, CODES["甲村"], into=EAST)
    return found


@pytest.fixture
def officer(office: Office) -> Person:
    return Person(office, Role.CITY_OFFICER, "市")


def seat(scene: Scene, code: str, metres: tuple[float, float]) -> None:
    """Say where a part lies: so far east and north of the old village's point."""
    ((lon, lat),) = around(scene.world, "甲村", [metres])
    run(
        scene.world,
        "UPDATE base.division SET point = :point, geometry_source = 'survey' WHERE id = (SELECT division_id"
        " FROM base.division_code WHERE code = :code AND valid_to_on IS NULL) RETURNING 1",
        point=f"SRID=4490;POINT({lon} {lat})",
        code=code,
    )


def where(scene: Scene) -> dict[str, str]:
    """The codes of the divisions that the streets of 甲村 stand in."""
    with scene.world.owner.connect() as connection:
        found = connection.execute(
            text(
                "SELECT s.id, c.code FROM inventory.street s JOIN base.division_code c ON c.division_id = s.division_id"
                " WHERE c.valid_to_on IS NULL"
            )
        )
        by_key = {row.id: row.code for row in found}
    return {name: by_key[key] for name, key in scene.streets.items() if name != "乙村"}


def on_streets(scene: Scene, *names: str) -> dict[str, set[int]]:
    """For each table whose rows hang on streets: the places of those that hang on these, by the table's own query."""
    keys = [scene.streets[name] for name in names]
    with scene.world.owner.connect() as connection:
        queries = connection.execute(text("SELECT subject, of_street FROM base.following WHERE of_street IS NOT NULL"))
        return {
            row.subject: {
                place
                for (place,) in connection.exec_driver_sql(
                    f"SELECT division_id FROM {quoted(row.subject)} WHERE id IN ({row.of_street.replace('$1', '%s')})",
                    (keys,) * row.of_street.count("$1"),
                )
            }
            for row in queries
        }


SQUARE = shapely.box(0, 0, 1, 1)


def part(key: int, **values: Any) -> Part:
    return Part(key, None, str(key), key == 1, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([part(1, outline=SQUARE), part(2, outline=shapely.box(2, 0, 3, 1))], Lies(1, How.OUTLINE)),
        ([part(1, outline=SQUARE), part(2)], Lies(1, How.OUTLINE)),
        ([part(1, outline=shapely.box(2, 0, 3, 1)), part(2)], Lies(None, How.OPEN)),
        ([part(1, outline=shapely.box(2, 0, 3, 1)), part(2, seat=shapely.Point(0, 0))], Lies(2, How.SEAT)),
        ([part(1, outline=SQUARE), part(2, outline=SQUARE)], Lies(None, How.OPEN)),
        ([part(1, seat=shapely.Point(0.5, 0.4)), part(2, seat=shapely.Point(3, 3))], Lies(1, How.SEAT)),
        ([part(1, seat=shapely.Point(0.5, 0.4)), part(2)], Lies(None, How.OPEN)),
        ([part(1, seat=shapely.Point(0.5, 0.0)), part(2, seat=shapely.Point(0.5, 1.0))], Lies(None, How.OPEN)),
        ([part(1), part(2)], Lies(None, How.OPEN)),
    ],
)
def test_an_outline_tells_where_something_lies_else_the_clearly_nearest_seat(parts: list[Part], told: Lies) -> None:
    assert lies_in(parts, shapely.LineString([(0.4, 0.5), (0.6, 0.5)])) == told


def test_every_table_that_follows_a_place_says_which_rows_hang_on_a_street_or_is_argued(scene: Scene) -> None:
    with scene.world.owner.connect() as connection:
        silent = set(connection.scalars(text("SELECT subject FROM base.following WHERE of_street IS NULL")))
    assert silent == STAY


def test_a_street_goes_to_the_part_it_lies_in_with_all_that_hangs_on_it_and_back(scene: Scene) -> None:
    before = scene.standing()
    with scene.world.office.acting(scene.officer(), via="test") as session:
        old = session.get_one(Division, scene.world.places["甲村"])
        street = session.get_one(Street, scene.streets["far"])
        west = bearer(session, WEST)
        assert parting.place(session, old=old, rows=[street], into={street.id: west.id}) == 1
        act, key = current_act(session), west.id
    assert where(scene) == {"甲村": EAST, "far": WEST, "between": EAST}
    gone = on_streets(scene, "far")
    assert {subject for subject, places in gone.items() if places} >= {
        "inventory.street",
        "naming.name",
        "planning.sign",
        "planning.post",
        "printing.code",
    }
    assert all(places <= {key} for places in gone.values())
    assert not any(key in places for places in on_streets(scene, "甲村", "between").values())
    seal(scene.world.queue, scene.world.clock)
    with scene.world.queue.nobody(via="test") as session:
        assert verify(session) == []
    with scene.world.office.acting(scene.officer(), via="test") as session:
        assert undo(session, scene.world.clock, actor_of(session, scene.officer()), act) > 0
    after = scene.standing()
    assert {name for name in after if after[name] != before[name]} == set()


def test_figures_of_earlier_days_tell_the_old_place_and_later_ones_the_part(scene: Scene) -> None:
    figures = text(
        "SELECT name, streets_in_scope::bigint AS n FROM tracking.progress(:day, 'place', '{village}', NULL, 'village')"
        " WHERE streets_in_scope > 0"
    )

    def told(day: date) -> dict[str, int]:
        with scene.world.office.acting(scene.officer(), via="test") as session:
            return {row.name: row.n for row in session.execute(figures, {"day": day})}

    then, now = date(2024, 6, 15), date(2024, 7, 1)
    before = told(then)
    with scene.world.office.acting(scene.officer(), via="test") as session:
        old = session.get_one(Division, scene.world.places["甲村"])
        street = session.get_one(Street, scene.streets["far"])
        parting.place(session, old=old, rows=[street], into={street.id: bearer(session, WEST).id})
    assert told(then) == before
    assert {name: n for name, n in told(now).items() if "甲甲" in name} == {"东甲甲村": 2, "西甲甲村": 1}


def test_nobody_places_what_is_not_theirs_or_did_not_come_from_there(scene: Scene) -> None:
    values = {"old": scene.world.places["甲村"], "what": "inventory.street", "things": [scene.streets["far"]]}
    call = text("SELECT base.part(:old, :part, :what, CAST(:things AS bigint[]))")
    with scene.world.office.acting(scene.officer(), via="test") as session:
        west = bearer(session, WEST).id
    wrong: list[dict[str, Any]] = [
        {"part": scene.world.places["乙村"]},
        {"things": [scene.streets["乙村"]]},
        {"what": "base.person"},
        {"old": west},
    ]
    for given in wrong:
        with pytest.raises(NotAllowed), scene.world.office.acting(scene.officer(), via="test") as session:
            session.execute(call, {**values, "part": west, **given})
    for role, place in ((Role.COUNTY_OFFICER, "西县"), (Role.TOWN_OFFICER, "南镇"), (Role.AUDITOR, "市")):
        person = scene.world.person(role, place)
        with pytest.raises(NotAllowed), scene.world.office.acting(person, via="test") as session:
            session.execute(call, {**values, "part": west})
    with scene.world.office.acting(scene.officer(), via="test") as session, pytest.raises(Invalid):
        parting.place(session, old=session.get_one(Division, values["old"]), rows=[], into={})
    assert where(scene)["far"] == EAST


def test_the_page_tells_where_things_lie_places_many_at_once_and_undoes_it(scene: Scene, officer: Person) -> None:
    url = f"/inventory/parting/{uid_of(scene.world, '甲村')}"
    assert url in officer.reads(f"/divisions/{uid_of(scene.world, '甲村')}")
    page = officer.reads(url)
    assert "无法判断 3" in page, "nobody knows yet where the parts lie"
    assert "明德路" in page
    assert "未命名街路巷" in page
    seat(scene, EAST, (0, 0))
    seat(scene, WEST, (2000, 0))
    page = officer.reads(url)
    assert "位于另一处 1" in page
    assert "无法判断 1" in page
    assert "归属正确 1" in page
    done = officer.goes(url, seen=seen_in(page), part="lies", what="streets")
    assert where(scene) == {"甲村": EAST, "far": WEST, "between": EAST}
    told = officer.reads(done)
    assert "另有 1 条无法判断" in told
    (act,) = uids_in(told.replace('action="/undo', 'href="/undo'), "/undo")
    (open_one,) = seen_in(officer.reads(f"{url}?group=open"))
    west = owned_uid(scene, WEST)
    officer.goes(url, seen=open_one, part=west, what="streets")
    assert where(scene)["between"] == WEST
    officer.sends(url, seen=open_one, part=west, what="streets", status=409)
    officer.sends(f"/undo/{act}")
    assert where(scene) == {"甲村": EAST, "far": EAST, "between": WEST}


def owned_uid(scene: Scene, code: str) -> str:
    """The outside key of who bears a code."""
    sql = (
        "SELECT d.uid FROM base.division d JOIN base.division_code c ON c.division_id = d.id"
        " WHERE c.code = :code AND c.valid_to_on IS NULL"
    )
    return str(run(scene.world, sql, code=code))


def test_committees_that_bear_a_parts_name_are_its_seat_and_go_there(scene: Scene, officer: Person) -> None:
    with scene.world.office.acting(scene.officer(), via="test") as session:
        east = bearer(session, EAST).id
    intake = {"source": "x", "datum": "EPSG:4490", "taken_on": "2024-07-01", "rows": 2, "accepted": 2}
    zero = dict.fromkeys(("repaired", "duplicate", "rejected", "ignored"), 0)
    key = insert(scene.world, "intake.intake", division_id=east, **intake, **zero)
    for n, (name, metres) in enumerate((("东甲甲村委会", (0, 0)), ("西甲甲村民委员会", (2000, 0)))):
        ((lon, lat),) = around(scene.world, "甲村", [metres])
        made = insert(
            scene.world,
            "intake.facility",
            division_id=east,
            intake_id=key,
            key=str(n),
            kind="committee",
            name=name,
            point=f"SRID=4490;POINT({lon} {lat})",
            geometry_source="survey",
            digest=str(n),
            surveyed_on="2024-07-01",
        )
        came = {"predecessor_id": scene.world.places["甲村"], "subject": "intake.facility", "row_id": made}
        insert(scene.world, "base.followed", division_id=east, followed_on="2024-06-30", **came)
    url = f"/inventory/parting/{uid_of(scene.world, '甲村')}"
    page = officer.reads(f"{url}?what=facilities")
    assert "离其驻地最近" in page
    officer.goes(url, seen=seen_in(page), part="lies", what="facilities")
    stands = text("SELECT f.name, d.name FROM intake.facility f JOIN base.division d ON d.id = f.division_id")
    with scene.world.owner.connect() as connection:
        assert {tuple(row) for row in connection.execute(stands)} == {
            ("东甲甲村委会", "东甲甲村"),
            ("西甲甲村民委员会", "西甲甲村"),
        }


def test_only_officers_of_city_and_county_are_shown_the_page_and_only_of_a_split(scene: Scene, officer: Person) -> None:
    officer.reads(f"/inventory/parting/{uid_of(scene.world, '乙村')}", status=404)
    url = f"/inventory/parting/{uid_of(scene.world, '甲村')}"
    officer.reads(f"{url}?what=people", status=422)
    officer.sends(url, seen=seen_in(officer.reads(url)), part="nowhere", what="streets", status=422)
    office = Office(scene.world, stations=True)
    Person(office, Role.TOWN_OFFICER, "南镇").reads(url, status=403)
    assert url not in Person(office, Role.TOWN_OFFICER, "南镇").reads(f"/divisions/{uid_of(scene.world, '甲村')}")
    office.close()


def test_streets_of_a_split_are_those_that_came_from_there(scene: Scene) -> None:
    with scene.world.office.acting(scene.officer(), via="test") as session:
        old = session.get_one(Division, scene.world.places["甲村"])
        found = {row.Street.id for row in session.execute(parting.came(old, Street))}
        assert found == {key for name, key in scene.streets.items() if name != "乙村"}
        assert session.scalars(select(Street)).all()
