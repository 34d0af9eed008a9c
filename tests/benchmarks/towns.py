"""The generated city in a database: every county's streets, and a town whose officer asks for tiles of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from psycopg import Connection as Driver
from sqlalchemy import text

from app.base.db import Database
from app.base.settings import OWNER
from app.intake.register import CITY_CODE, EDITION, load_register
from gis.features import Centreline
from gis.streets import derive_streets
from tests.benchmarks.grounds import counties
from tests.world import World

#: Every second street bears a name in force, as halfway through the programme.
_NAMES = """
INSERT INTO naming.name (street_id, division_id, territory, origin, words, specific, generic, latin_toned, latin_plain,
                         latin_sign, sound_toned, sound_plain, in_force_on)
  SELECT s.id, s.division_id, s.territory, 'existing', '明德' || s.id || '路', '某', '路', 'l', 'l',
         'MINGDE ' || s.id || ' LU', 's', 'sound' || s.id, '2024-01-01' FROM inventory.street s WHERE s.id % 2 = 0;
"""
#: A shop or a committee before every street in scope, and two signs on every street that bears a name.
_POINTS = """
INSERT INTO intake.intake (id, division_id, territory, source, datum, rows, accepted, repaired, duplicate, rejected,
                           ignored, taken_on)
  SELECT 1, d.id, d.path, 'generated', 'EPSG:4490', 0, 0, 0, 0, 0, 0, '2024-01-01' FROM base.division d
   WHERE d.parent_id IS NULL ORDER BY nlevel(d.path), d.id LIMIT 1;
INSERT INTO intake.facility (id, division_id, territory, intake_id, key, kind, name, point, geometry_source, digest,
                             surveyed_on)
  SELECT s.id, s.division_id, s.territory, 1, s.id, CASE WHEN s.id % 9 = 0 THEN 'committee' ELSE 'shop' END,
         '便民超市' || s.id, ST_Translate(ST_StartPoint(ST_GeometryN(s.line, 1)), 0.00008, 0.00008), 'generated', s.id,
         '2024-01-01' FROM inventory.street s WHERE s.in_scope;
INSERT INTO planning.post (id, division_id, territory, point, planned_on)
  SELECT 2 * s.id + n, s.division_id, s.territory,
         CASE n WHEN 0 THEN ST_StartPoint(ST_GeometryN(s.line, 1))
                ELSE ST_EndPoint(ST_GeometryN(s.line, ST_NumGeometries(s.line))) END,
         '2024-01-01' FROM inventory.street s JOIN naming.name m ON m.street_id = s.id, generate_series(0, 1) n;
INSERT INTO planning.sign (post_id, street_id, name_id, division_id, territory, kind, reason, facing_deg, along_deg,
                           goes_on, goes_back, planned_on)
  SELECT 2 * s.id + n, s.id, m.id, s.division_id, s.territory, 'street_plate',
         CASE n WHEN 0 THEN 'start' ELSE 'end' END, 90, 0, n = 0, n = 1, '2024-01-01'
    FROM inventory.street s JOIN naming.name m ON m.street_id = s.id, generate_series(0, 1) n;
"""
_STREETS = (
    "COPY inventory.street (division_id, territory, line, length_m, bearing_deg, stream, in_scope, state, surveyed_on,"
    " geometry_source) FROM STDIN"
)
_TABLES = ("base.division", "inventory.street", "naming.name", "intake.facility", "planning.post", "planning.sign")


@dataclass(frozen=True, slots=True)
class Built:
    """How many streets were made, and the paths of the city and of the town with the most of them."""

    streets: int
    city: str
    town: str


def build(world: World, *, points: bool = False) -> Built:
    """The register's divisions and all streets of the generated city in a world; the town becomes ``places["镇"]``.

    ``points``: with facilities and signs, some 140,000.
    """
    as_owner = Database(world.settings, role=OWNER, pool_size=1)
    with as_owner.nobody(via="bench") as session:
        load_register(session, world.clock)
    as_owner.close()
    with world.admin.begin() as connection:
        found = connection.execute(
            text(
                "SELECT c.code, d.id, d.path::text FROM base.division d"
                " JOIN base.division_code c ON c.division_id = d.id WHERE c.edition = :edition"
            ),
            {"edition": EDITION},
        )
        places = {row.code: (row.id, row.path) for row in found}
        driver = connection.connection.driver_connection
        assert isinstance(driver, Driver)
        driver.execute("SET LOCAL session_replication_role = replica")
        towns: Counter[str] = Counter()
        with driver.cursor().copy(_STREETS) as copy:
            for code, row in _rows(places):
                towns[code[:9]] += 1
                copy.write_row(row)
        driver.execute(_NAMES)
        if points:
            driver.execute(_POINTS)
    with world.admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in _TABLES:
            connection.exec_driver_sql(f"VACUUM ANALYZE {table}")
    [(code, _)] = towns.most_common(1)
    world.places["镇"], town = places[code]
    world.places["德州市"], city = places[CITY_CODE]
    return Built(towns.total(), city, town)


def _rows(places: Mapping[str, tuple[int, str]]) -> Iterator[tuple[str, Sequence[Any]]]:
    """A row of ``inventory.street`` for each derived street, with its village's statistical code."""
    for survey in counties():
        streets = derive_streets(survey)
        for number, members in enumerate(streets.members()):
            pieces = [survey[member] for member in members]
            code, line = pieces[0].key.partition("/")[0].partition("-")[0], _line(pieces)
            known = number % 2 == 0
            yield (
                code,
                (
                    *places[code],
                    f"SRID=4490;{line.wkt}",
                    float(streets.lengths_m[number]),
                    0.0,
                    "village",
                    number % 3 == 0,
                    "in_force" if known else "unnamed",
                    "2024-01-01",
                    "generated",
                ),
            )


def _line(pieces: Sequence[Centreline]) -> shapely.MultiLineString:
    return shapely.MultiLineString([piece.line for piece in pieces])
