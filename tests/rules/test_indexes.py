"""At 200,000 streets row-level security must not cost the indexes: plans as auto_explain saw them, inside functions."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from psycopg import Connection as Driver
from psycopg.errors import Diagnostic
from sqlalchemy import Connection

from app.base.models import Role
from tests.conftest import World

#: 10 counties of 20 towns of 25 villages, each a square of a hundredth of a degree: 5,000 villages, 40 streets each.
FILL = """
SET LOCAL session_replication_role = replica;
CREATE TEMP TABLE place ON COMMIT DROP AS
  SELECT c * 100000 + t * 1000 + v AS id, c, t, v,
         concat_ws('.', :city, c * 100000, c * 100000 + t * 1000, c * 100000 + t * 1000 + v)::ltree AS path,
         115.8 + ((c - 1) % 5 * 20 + (t - 1)) * 0.01 AS x, 36.5 + ((c - 1) / 5 * 25 + (v - 1)) * 0.01 AS y
    FROM generate_series(1, 10) c, generate_series(1, 20) t, generate_series(1, 25) v;
INSERT INTO base.division (id, parent_id, path, kind, name, since_on)
  SELECT DISTINCT c * 100000, :city, subpath(path, 0, 2), 'county', '县' || c, '2020-01-01'::date FROM place;
INSERT INTO base.division (id, parent_id, path, kind, name, since_on)
  SELECT DISTINCT c * 100000 + t * 1000, c * 100000, subpath(path, 0, 3), 'town', '镇' || c || '之' || t,
         '2020-01-01'::date FROM place;
INSERT INTO base.division (id, parent_id, path, kind, name, since_on, point, outline)
  SELECT id, c * 100000 + t * 1000, path, 'village', '村' || id, '2020-01-01',
         ST_SetSRID(ST_MakePoint(x + 0.005, y + 0.005), 4490),
         CASE WHEN v % 2 = 0 THEN ST_Multi(ST_MakeEnvelope(x, y, x + 0.01, y + 0.01, 4490)) END FROM place;
INSERT INTO intake.intake (id, division_id, territory, source, datum, rows, accepted, repaired, duplicate, rejected,
                           ignored, taken_on)
  VALUES (1, :city, (:city)::text::ltree, 'filled', 'cgcs2000', 0, 0, 0, 0, 0, 0, '2024-01-01');
INSERT INTO inventory.street (id, division_id, territory, surveyed_name, line, length_m, bearing_deg, stream, in_scope,
                              geometry_source, surveyed_on)
  SELECT p.id * 100 + n, p.id, p.path, CASE WHEN n % 2 = 0 THEN '民生' || p.id || '街' || n END,
         ST_Multi(ST_SetSRID(ST_MakeLine(ST_MakePoint(p.x + n * 0.0002, p.y),
                                         ST_MakePoint(p.x + n * 0.0002, p.y + 0.003)), 4490)),
         300, 0, 'village', n % 3 = 0, 'generated', '2024-01-01'
    FROM place p, generate_series(1, 40) n;
INSERT INTO intake.facility (id, division_id, territory, intake_id, key, kind, point, geometry_source, digest,
                             surveyed_on)
  SELECT p.id * 100 + n, p.id, p.path, 1, n, CASE WHEN n = 1 THEN 'committee' ELSE 'shop' END,
         ST_SetSRID(ST_MakePoint(p.x + n * 0.0004, p.y + 0.001), 4490), 'generated', n, '2024-01-01'
    FROM place p, generate_series(1, 20) n;
INSERT INTO naming.name (street_id, division_id, territory, origin, words, specific, generic, latin_toned, latin_plain,
                         latin_sign, sound_toned, sound_plain, in_force_on)
  SELECT s.id, s.division_id, s.territory, 'existing', '某路', '某', '路', 'l', 'l', 'l', 's', 'sound' || s.id % 5003,
         '2024-01-01' FROM inventory.street s WHERE s.id % 2 = 0;
INSERT INTO naming.proposal (street_id, division_id, territory, words, specific, generic, latin_toned, latin_plain,
                             latin_sign, sound_toned, sound_plain, proposed_by, proposed_on)
  SELECT s.id, s.division_id, s.territory, '某路', '某', '路', 'l', 'l', 'l', 's', 'sound' || s.id % 5003, 1,
         '2024-01-01' FROM inventory.street s WHERE s.id % 2 = 1;
"""
pytestmark = pytest.mark.timeout(300)  # filling takes most of it
BIG = ("street", "facility", "name", "proposal")
TOWN, COUNTY, VILLAGE = 101000, 100000, 101002


@dataclass
class Watched:
    """A superuser's session that plays the staff role, and what auto_explain told of it."""

    connection: Connection
    heard: list[str]

    def plans(self, person: int, sql: str) -> str:
        """Run one statement as the person; the plans of it and of every statement inside its functions."""
        self.heard.clear()
        run = self.connection.exec_driver_sql
        run("SET LOCAL ROLE minglu_office")
        run(f"SELECT set_config('minglu.person', '{person}', true)")
        self.rows = run(sql).all()
        run("RESET ROLE")
        return "\n".join(said for said in self.heard if "set_config" not in said)


@pytest.fixture(scope="module")
def full(shared_world: World) -> World:
    """The city at its real size."""
    world = shared_world
    with world.admin.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        with connection.begin():
            driver = connection.connection.driver_connection
            assert isinstance(driver, Driver)
            driver.execute(FILL.replace(":city", str(world.places["市"])))
        with connection.begin():
            for table in ("base.division", "inventory.street", "intake.facility", "naming.name", "naming.proposal"):
                connection.exec_driver_sql(f"ANALYZE {table}")
            assert connection.exec_driver_sql("SELECT count(*) FROM inventory.street").scalar_one() == 200_000
            assert connection.exec_driver_sql("SELECT count(*) FROM intake.facility").scalar_one() == 100_000
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
    "tile": ("SELECT inventory.tile(14, 13462, 6404)", ["ix_street_line", "ix_facility_point"]),
    "facilities near streets": (
        f"SELECT * FROM inventory.near_facilities('1.{COUNTY}.{TOWN}', 50, 300)",
        ["ix_facility_point"],
    ),
    "street by name": (f"SELECT inventory.find_streets('民生{VILLAGE}', 20)", ["ix_street_surveyed_name"]),
    "villages of places": (
        (
            "SELECT intake.places_of(ARRAY[ST_SetSRID(ST_MakePoint(115.8051, 36.5151), 4490),"
            f" ST_SetSRID(ST_MakePoint(115.8051, 36.5051), 4490)], '1.{COUNTY}', 5000)"
        ),
        ["ix_division_outline", "ix_division_point"],
    ),
    "namesakes": (
        f"SELECT * FROM naming.namesakes({VILLAGE}, 'sound7', 0)",
        ["ix_name_sound_plain", "ix_proposal_sound_plain"],
    ),
}


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


def test_facilities_near_streets_are_found_in_time_that_grows_with_the_streets(full: World, watched: Watched):
    """Planned by a wrong guess this took 13 s for one town, minutes for the city: each facility for each street."""
    sql, _ = ASKED["facilities near streets"]
    began = time.monotonic()
    plans = watched.plans(full.person(Role.CITY_OFFICER, "市"), sql)
    assert len(watched.rows) > 2000
    assert time.monotonic() - began < 3
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


@pytest.mark.parametrize("what", ["tile", "street by name", "villages of places"])
def test_the_functions_show_nothing_of_another_territory(full: World, watched: Watched, what: str):
    """They run as the owner and take the territory from the transaction, so this is theirs to keep."""
    sql, _ = ASKED[what]
    assert watched.plans(full.person(Role.TOWN_OFFICER, "中镇"), sql)
    assert [row[0] for row in watched.rows if row[0] not in (None, b"")] == []


def test_near_facilities_shows_nothing_of_another_territory(full: World, watched: Watched):
    sql, _ = ASKED["facilities near streets"]
    assert watched.plans(full.person(Role.TOWN_OFFICER, "中镇"), sql)
    assert watched.rows == []
