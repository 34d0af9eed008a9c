"""At 200,000 streets row-level security must not cost the indexes: plans as auto_explain saw them, inside functions."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg import Connection as Driver
from psycopg.errors import Diagnostic
from sqlalchemy import Connection, Select

from app.base.models import Division, Role
from app.naming.queries import names
from app.web.queries import divisions_like
from tests.conftest import World
from tests.filled import fill

pytestmark = pytest.mark.timeout(300)
BIG = ("street", "facility", "name", "proposal", "post", "sign")
TOWN, COUNTY, VILLAGE = 101000, 100000, 101002


@dataclass
class Watched:
    """A superuser's session that plays the staff role, and what auto_explain told of it."""

    connection: Connection
    heard: list[str]

    def plans(self, person: int, sql: str | Select[*tuple[Any, ...]]) -> str:
        """Run one statement as the person; the plans of it and of every statement inside its functions."""
        self.heard.clear()
        run = self.connection.exec_driver_sql
        run("SET LOCAL ROLE minglu_office")
        run(f"SELECT set_config('minglu.person', '{person}', true)")
        self.rows = (run(sql) if isinstance(sql, str) else self.connection.execute(sql)).all()
        run("RESET ROLE")
        return "\n".join(said for said in self.heard if "set_config" not in said)


@pytest.fixture(scope="module")
def full(shared_world: World) -> World:
    """The city at its real size."""
    world = shared_world
    fill(world)
    world.places |= {"大县": COUNTY, "大镇": TOWN}
    return world


@pytest.fixture
def watched(full: World) -> Iterator[Watched]:
    heard: list[str] = []

    def hear(said: Diagnostic) -> None:
        heard.append(said.message_primary or "")

    with full.admin.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, Driver)
        driver.add_notice_handler(hear)
        for setting in (
            "LOAD 'auto_explain'",
            "SET LOCAL auto_explain.log_min_duration = 0",
            "SET LOCAL auto_explain.log_nested_statements = on",
            "SET LOCAL client_min_messages = log",
        ):
            connection.exec_driver_sql(setting)
        yield Watched(connection, heard)
        connection.rollback()
        driver.remove_notice_handler(hear)
        connection.invalidate()


#: What is asked, and which index must answer.
ASKED = {
    "tile of streets": ("SELECT map.streets(14, 13462, 6404)", ["ix_street_line"]),
    "tile of facilities": ("SELECT map.facilities(14, 13462, 6404)", ["ix_facility_point"]),
    "tile of signs": ("SELECT map.signs(14, 13462, 6404)", ["ix_post_point", "ix_sign_post_id"]),
    "tile of divisions": ("SELECT map.divisions(14, 13462, 6404)", ["ix_division_outline", "ix_division_point"]),
    "streets in a box": (
        "SELECT map.streets_in(ST_MakeEnvelope(115.80, 36.51, 115.81, 36.52, 4490), '', NULL, NULL, 50, 0)",
        ["ix_street_line"],
    ),
    "facilities near streets": (
        f"SELECT * FROM inventory.near_facilities('1.{COUNTY}.{TOWN}', 50, 300)",
        ["ix_facility_point"],
    ),
    "street by name": (f"SELECT inventory.find_streets('民生{VILLAGE}', 20)", ["ix_street_surveyed_name"]),
    "name by characters": (f"SELECT naming.find_names('明德{VILLAGE}', '')", ["ix_name_words"]),
    "name by sound": ("SELECT naming.find_names('sound77', 'sound77')", ["ix_name_words", "ix_name_sound"]),
    "division by name": (f"SELECT base.find_divisions('村{VILLAGE}', '1', 20)", ["ix_division_name"]),
    "villages of places": (
        (
            "SELECT intake.places_of(ARRAY[ST_SetSRID(ST_MakePoint(115.8051, 36.5151), 4490),"
            f" ST_SetSRID(ST_MakePoint(115.8051, 36.5051), 4490)], '1.{COUNTY}', 5000)"
        ),
        ["ix_division_outline", "ix_division_point"],
    ),
    "namesakes": (
        f"SELECT * FROM naming.namesakes(ARRAY[{VILLAGE}], ARRAY['sound7'], ARRAY[0], ARRAY['民生{VILLAGE}路'])",
        ["ix_name_sound_plain", "ix_proposal_sound_plain", "ix_street_surveyed_name", "ix_street_division_id_id"],
    ),
}
#: What the pages themselves ask, through those functions or without one.
PAGES = {
    "names in force": (names(Division(path="1"), f"明德{VILLAGE}"), ["ix_name_words"]),
    "divisions": (divisions_like(f"村{VILLAGE}", Division(path="1"), most=20), ["ix_division_name"]),
}
TILES = [what for what in ASKED if what.startswith("tile")]


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize(
    ("role", "place"), [(Role.TOWN_OFFICER, "大镇"), (Role.COUNTY_OFFICER, "大县"), (Role.CITY_OFFICER, "市")]
)
def test_the_index_answers_whoever_asks(full: World, watched: Watched, what: str, role: Role, place: str):
    sql, indexes = ASKED[what]
    plans = watched.plans(full.person(role, place), sql)
    assert watched.rows, "nothing was found, so the plan proves nothing"
    assert watched.rows[0][0] not in (None, b"")
    for index in indexes:
        assert index in plans, plans
    scanned = re.findall(r"Seq Scan on (?:\w+\.)?(\w+)", plans)
    assert [table for table in scanned if table in BIG or (what.startswith("villages") and table == "division")] == []
    if what != "facilities near streets":  # whose streets are those of the territory, by its index
        assert not re.search(r"ix_(street|facility)_territory", plans), plans


@pytest.mark.parametrize("what", PAGES)
def test_a_page_that_looks_for_words_asks_the_index(full: World, watched: Watched, what: str):
    statement, indexes = PAGES[what]
    plans = watched.plans(full.person(Role.CITY_OFFICER, "市"), statement)
    assert watched.rows
    for index in indexes:
        assert index in plans, plans
    assert re.findall(r"Seq Scan on (?:\w+\.)?(name|street|division)\b", plans) == []
    assert "ix_name_territory" not in plans


def test_facilities_near_streets_are_found_by_a_plan_that_grows_with_the_streets(full: World, watched: Watched):
    """Planned by a wrong guess this took 13 s for one town, minutes for the city: each facility for each street."""
    sql, _ = ASKED["facilities near streets"]
    plans = watched.plans(full.person(Role.CITY_OFFICER, "市"), sql)
    assert len(watched.rows) > 2000
    assert "BitmapAnd" not in plans


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("line && ST_MakeEnvelope(115.80, 36.51, 115.81, 36.52, 4490)", "ix_street_line"),
        (f"surveyed_name LIKE '%%民生{VILLAGE}%%'", "ix_street_surveyed_name"),
    ],
)
def test_the_same_question_without_the_function_loses_the_index(
    full: World, watched: Watched, condition: str, index: str
):
    """The reason for the functions: neither operator is leakproof, so the policy's comparison must come first."""
    sql = f"SELECT id FROM inventory.street WHERE {condition}"
    for role, place in ((Role.COUNTY_OFFICER, "大县"), (Role.CITY_OFFICER, "市")):
        assert index not in watched.plans(full.person(role, place), sql)
        assert watched.rows
    watched.heard.clear()
    watched.connection.exec_driver_sql(sql).all()
    assert index in "\n".join(watched.heard), "without a policy the index is used"


@pytest.mark.parametrize("what", [*TILES, "streets in a box", "street by name", "villages of places"])
def test_the_functions_show_nothing_of_another_territory(full: World, watched: Watched, what: str):
    """They run as the owner and take the territory from the transaction, so this is theirs to keep."""
    sql, _ = ASKED[what]
    assert watched.plans(full.person(Role.TOWN_OFFICER, "中镇"), sql)
    assert [row[0] for row in watched.rows if row[0] not in (None, b"")] == []


def test_near_facilities_shows_nothing_of_another_territory(full: World, watched: Watched):
    sql, _ = ASKED["facilities near streets"]
    assert watched.plans(full.person(Role.TOWN_OFFICER, "中镇"), sql)
    assert watched.rows == []


@pytest.mark.parametrize("layer", ["streets", "facilities", "signs", "divisions"])
def test_no_tile_of_the_whole_city_is_large_at_any_zoom(full: World, watched: Watched, layer: str):
    """The streets' tiles are generalised where they would be: first without names, then counts in cells."""
    person = full.person(Role.CITY_OFFICER, "市")
    for z in range(5, 17):
        x, y = at(116.305, 36.755, z)
        watched.plans(person, f"SELECT map.{layer}({z}, {x}, {y})")
        tile = bytes(watched.rows[0][0])
        assert len(tile) < 500_000, z
        if layer == "streets":
            told = next(name for name in (b"street_cells", b"street_lines", b"streets") if name in tile)
            assert told == (b"street_cells" if z < 11 else b"street_lines" if z < 12 else b"streets"), z


def at(lon: float, lat: float, z: int) -> tuple[int, int]:
    """The tile in which a place lies."""
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * 2**z), int(y * 2**z)
