"""The city at its real size: 200,000 streets, put in by the superuser without triggers."""

from __future__ import annotations

from psycopg import Connection as Driver

from tests.world import World

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
  SELECT s.id, s.division_id, s.territory, 'existing', '明德' || s.id || '路', '某', '路', 'l', 'l', 'l', 's',
         'sound' || s.id % 5003, '2024-01-01' FROM inventory.street s WHERE s.id % 2 = 0;
INSERT INTO planning.post (id, division_id, territory, point, planned_on)
  SELECT s.id, s.division_id, s.territory, ST_StartPoint(ST_GeometryN(s.line, 1)), '2024-01-01'
    FROM inventory.street s WHERE s.id % 2 = 0;
INSERT INTO planning.sign (post_id, street_id, name_id, division_id, territory, kind, reason, facing_deg, along_deg,
                           goes_on, goes_back, planned_on)
  SELECT s.id, s.id, n.id, s.division_id, s.territory, 'street_plate', 'start', 90, 0, true, false, '2024-01-01'
    FROM inventory.street s JOIN naming.name n ON n.street_id = s.id;
INSERT INTO naming.proposal (street_id, division_id, territory, words, specific, generic, latin_toned, latin_plain,
                             latin_sign, sound_toned, sound_plain, proposed_by, proposed_on)
  SELECT s.id, s.division_id, s.territory, '某路', '某', '路', 'l', 'l', 'l', 's', 'sound' || s.id % 5003, 1,
         '2024-01-01' FROM inventory.street s WHERE s.id % 2 = 1;
"""

FILLED = (
    "base.division",
    "inventory.street",
    "intake.facility",
    "naming.name",
    "naming.proposal",
    "planning.post",
    "planning.sign",
)


def fill(world: World) -> None:
    """Fill a world below its city, and let the planner know."""
    with world.admin.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        with connection.begin():
            driver = connection.connection.driver_connection
            assert isinstance(driver, Driver)
            driver.execute(FILL.replace(":city", str(world.places["市"])))
        with connection.begin():
            for table in FILLED:
                connection.exec_driver_sql(f"ANALYZE {table}")
            assert connection.exec_driver_sql("SELECT count(*) FROM inventory.street").scalar_one() == 200_000
            assert connection.exec_driver_sql("SELECT count(*) FROM intake.facility").scalar_one() == 100_000
