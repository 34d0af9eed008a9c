"""The map: vector tiles and look-ups by place that keep their indexes, and what tells that a layer has changed."""

from alembic import op

revision = "2026_11_22_l_map"
down_revision = "2026_11_22_k_scanning"

CHANGES = """
CREATE SCHEMA map;
GRANT USAGE ON SCHEMA map TO minglu_office;
-- Which transactions last changed a table in a town (or above one). A new transaction adds its own row and takes away
-- those it sees, so that the table stays as small as tables times towns; rows that another is just taking away are
-- left to it, so nobody waits. The same rows in sight mean the same data in sight, in whatever order transactions end.
CREATE TABLE map.change (
  subject text NOT NULL,
  place ltree NOT NULL,
  tx xid8 NOT NULL,
  CONSTRAINT pk_change PRIMARY KEY (subject, place, tx)
);
CALL base.shut('map.change');
CREATE FUNCTION map.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  subj text := TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME;
  found_in text := CASE TG_OP WHEN 'INSERT' THEN 'SELECT %1$I AS p FROM new_rows'
                              WHEN 'DELETE' THEN 'SELECT %1$I AS p FROM old_rows'
                              ELSE 'SELECT %1$I AS p FROM new_rows UNION ALL SELECT %1$I FROM old_rows' END;
  new_here bigint;
BEGIN
  EXECUTE format('INSERT INTO map.change (subject, place, tx)
    SELECT DISTINCT %2$L, subltree(c.p, 0, least(nlevel(c.p), 3)), pg_current_xact_id() FROM (' || found_in || ') c
    ON CONFLICT DO NOTHING', TG_ARGV[0], subj);
  GET DIAGNOSTICS new_here = ROW_COUNT;
  IF new_here > 0 THEN
    DELETE FROM map.change c USING (
      SELECT o.subject, o.place, o.tx FROM map.change o JOIN map.change n
          ON n.subject = subj AND n.tx = pg_current_xact_id() AND o.subject = n.subject AND o.place = n.place
       WHERE o.tx < pg_current_xact_id() FOR UPDATE OF o SKIP LOCKED) past
     WHERE c.subject = past.subject AND c.place = past.place AND c.tx = past.tx;
  END IF;
  RETURN NULL;
END $$;
CREATE PROCEDURE map.watch(tbl regclass, place text DEFAULT 'territory') LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER m_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION map.note(%L)', tbl, place);
  EXECUTE format('CREATE TRIGGER m_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION map.note(%L)', tbl, place);
  EXECUTE format('CREATE TRIGGER m_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION map.note(%L)', tbl, place);
END $$;
CALL map.watch('base.division', 'path');
CALL map.watch('intake.facility');
CALL map.watch('inventory.street');
CALL map.watch('naming.name');
CALL map.watch('planning.post');
CALL map.watch('planning.sign');
-- What the person may see of these tables as one word: another word as soon as it may have changed. How far they see is
-- said by the first table (names and divisions are everybody's to read, but a tile shows those of one's territory).
CREATE FUNCTION map.revision(subjects text[]) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT md5(concat_ws('|', array_to_string(subjects, ','), m.reach, (
      SELECT string_agg(concat_ws(':', c.subject, c.place, c.tx), ',' ORDER BY c.subject, c.place, c.tx) FROM map.change c
       WHERE c.subject = ANY (subjects) AND (c.place <@ m.reach OR c.place @> m.reach))))
    FROM (SELECT CASE subjects[1] WHEN 'base.division' THEN p.territory ELSE base.reach(subjects[1], 'read') END AS reach
            FROM base.person p WHERE p.id = base.actor()) m
$$;
"""

TILES = """
-- In all tiles: the territory is the transaction's, compared as docs/decisions says (IS TRUE); `top` narrows it to a
-- division, `places` to the villages of a batch. Plans are made for the box that is asked for, never for any box.

-- Streets. Each with its name where there are few enough; else lines by state without names ("street_lines"); else
-- counts by state in 32 x 32 cells ("street_cells"): a generalised tile says so by its layer's name.
CREATE FUNCTION map.streets(z integer, x integer, y integer, top ltree DEFAULT '', places bigint[] DEFAULT NULL)
RETURNS bytea LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  web geometry := ST_TileEnvelope(z, x, y);
  box geometry := ST_Transform(ST_TileEnvelope(z, x, y, margin => 0.0625), 4490);
  unit double precision := (ST_XMax(web) - ST_XMin(web)) / 4096;
  mine ltree := base.reach('inventory.street', 'read');
  many bigint;
  tile bytea;
BEGIN
  IF mine IS NULL THEN RETURN ''; END IF;
  SELECT count(*) INTO many FROM (
    SELECT FROM inventory.street s WHERE s.line && box AND (s.territory <@ mine) IS TRUE AND (s.territory <@ top) IS TRUE
       AND (places IS NULL OR s.division_id = ANY (places)) LIMIT 15001) c;
  IF many <= 3500 THEN
    SELECT ST_AsMVT(t, 'streets', 4096, 'geom', 'id') INTO tile FROM (
      SELECT s.id, s.uid::text AS uid, s.state, s.in_scope, coalesce(n.words, s.surveyed_name, '') AS name,
             coalesce(n.latin_sign, '') AS latin,
             ST_AsMVTGeom(ST_Simplify(ST_Transform(s.line, 3857), unit, true), web, 4096, 256) AS geom
        FROM inventory.street s LEFT JOIN naming.name n ON n.street_id = s.id AND n.retired_on IS NULL
       WHERE s.line && box AND (s.territory <@ mine) IS TRUE AND (s.territory <@ top) IS TRUE
         AND (places IS NULL OR s.division_id = ANY (places))) t WHERE t.geom IS NOT NULL;
    IF coalesce(octet_length(tile), 0) <= 480000 THEN RETURN coalesce(tile, ''); END IF;
  END IF;
  IF many <= 15000 THEN
    SELECT ST_AsMVT(t, 'street_lines', 4096, 'geom') INTO tile FROM (
      SELECT s.state, s.in_scope, true AS generalised,
             ST_AsMVTGeom(ST_Collect(ST_Simplify(ST_Transform(s.line, 3857), unit * 8, true)), web, 4096, 64) AS geom
        FROM inventory.street s
       WHERE s.line && box AND (s.territory <@ mine) IS TRUE AND (s.territory <@ top) IS TRUE
         AND (places IS NULL OR s.division_id = ANY (places)) GROUP BY 1, 2) t WHERE t.geom IS NOT NULL;
    IF coalesce(octet_length(tile), 0) <= 480000 THEN RETURN coalesce(tile, ''); END IF;
  END IF;
  -- The six states stand beside each other in a cell, so that none hides another.
  SELECT coalesce(ST_AsMVT(t, 'street_cells', 4096, 'geom'), '') INTO tile FROM (
    SELECT c.state, c.in_scope, c.streets, true AS generalised, ST_AsMVTGeom(ST_SetSRID(ST_MakePoint(
             ST_XMin(web) + (c.cx + (array_position('{retired,approved,proposed,in_force,draft,unnamed}', c.state) - 0.5) / 6.0)
                            * unit * 128,
             ST_YMin(web) + (c.cy + 0.5) * unit * 128), 3857), web, 4096, 0) AS geom
      FROM (SELECT s.state, s.in_scope, count(*)::integer AS streets,
                   floor((6378137 * radians((ST_XMin(s.line) + ST_XMax(s.line)) / 2) - ST_XMin(web)) / (unit * 128)) AS cx,
                   floor((6378137 * ln(tan(pi() / 4 + radians((ST_YMin(s.line) + ST_YMax(s.line)) / 4))) - ST_YMin(web))
                         / (unit * 128)) AS cy
              FROM inventory.street s
             WHERE s.line && box AND (s.territory <@ mine) IS TRUE AND (s.territory <@ top) IS TRUE
               AND (places IS NULL OR s.division_id = ANY (places)) GROUP BY 1, 2, 4, 5) c
     WHERE c.cx BETWEEN 0 AND 31 AND c.cy BETWEEN 0 AND 31) t;
  RETURN tile;
END $$;

-- Facilities, from zoom 13; more than 6,000 in one tile are none that a map could show.
CREATE FUNCTION map.facilities(z integer, x integer, y integer, top ltree DEFAULT '', places bigint[] DEFAULT NULL)
RETURNS bytea LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  web geometry := ST_TileEnvelope(z, x, y);
  box geometry := ST_Transform(ST_TileEnvelope(z, x, y, margin => 0.0625), 4490);
  mine ltree := base.reach('intake.facility', 'read');
BEGIN
  IF mine IS NULL OR z < 13 THEN RETURN ''; END IF;
  RETURN coalesce((SELECT ST_AsMVT(t, 'facilities', 4096, 'geom', 'id') FROM (
    SELECT f.id, f.kind, coalesce(f.name, '') AS name, ST_AsMVTGeom(ST_Transform(f.point, 3857), web, 4096, 256) AS geom
      FROM intake.facility f
     WHERE f.point && box AND (f.territory <@ mine) IS TRUE AND (f.territory <@ top) IS TRUE
       AND (places IS NULL OR f.division_id = ANY (places)) LIMIT 6000) t), '');
END $$;

-- Signs on their posts, from zoom 13; removed ones are history.
CREATE FUNCTION map.signs(z integer, x integer, y integer, top ltree DEFAULT '', places bigint[] DEFAULT NULL)
RETURNS bytea LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  web geometry := ST_TileEnvelope(z, x, y);
  box geometry := ST_Transform(ST_TileEnvelope(z, x, y, margin => 0.0625), 4490);
  mine ltree := base.reach('planning.sign', 'read');
BEGIN
  IF mine IS NULL OR z < 13 THEN RETURN ''; END IF;
  RETURN coalesce((SELECT ST_AsMVT(t, 'signs', 4096, 'geom', 'id') FROM (
    SELECT g.id, g.uid::text AS uid, g.state, g.kind, round(g.facing_deg)::integer AS facing_deg, n.words AS name,
           ST_AsMVTGeom(ST_Transform(p.point, 3857), web, 4096, 256) AS geom
      FROM planning.post p JOIN planning.sign g ON g.post_id = p.id JOIN naming.name n ON n.id = g.name_id
     WHERE p.point && box AND (p.territory <@ mine) IS TRUE AND (g.territory <@ mine) IS TRUE
       AND (g.territory <@ top) IS TRUE AND (places IS NULL OR g.division_id = ANY (places)) AND g.state <> 'removed'
     LIMIT 4000) t), '');
END $$;

-- Outlines, and points with the names to write there: the person's own divisions and those above them. A town without
-- a place of its own stands amid its villages.
CREATE FUNCTION map.divisions(z integer, x integer, y integer, top ltree DEFAULT '', places bigint[] DEFAULT NULL)
RETURNS bytea LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  web geometry := ST_TileEnvelope(z, x, y);
  box geometry := ST_Transform(ST_TileEnvelope(z, x, y, margin => 0.0625), 4490);
  unit double precision := (ST_XMax(web) - ST_XMin(web)) / 4096;
  mine ltree := (SELECT p.territory FROM base.person p WHERE p.id = base.actor()
                  AND base.reach('base.division', 'read') IS NOT NULL);
  tile bytea;
BEGIN
  IF mine IS NULL THEN RETURN ''; END IF;
  SELECT coalesce(ST_AsMVT(t, 'divisions', 4096, 'geom', 'id'), '') INTO tile FROM (
    SELECT d.id, d.uid::text AS uid, d.kind, d.name, d.geometry_source,
           ST_AsMVTGeom(ST_SimplifyPreserveTopology(ST_Transform(d.outline, 3857), unit * 4), web, 4096, 64) AS geom
      FROM base.division d
     WHERE d.outline && box AND (d.path <@ mine OR d.path @> mine) IS TRUE AND d.until_on IS NULL
       AND (d.kind IN ('city', 'county', 'zone') OR (d.kind = 'town' AND z >= 9) OR z >= 12)) t WHERE t.geom IS NOT NULL;
  SELECT tile || coalesce(ST_AsMVT(t, 'places', 4096, 'geom', 'id'), '') INTO tile FROM (
    SELECT d.id, d.uid::text AS uid, d.kind, d.name, ST_AsMVTGeom(ST_Transform(d.point, 3857), web, 4096, 256) AS geom
      FROM base.division d
     WHERE z >= 11 AND d.point && box AND d.kind IN ('village', 'residents') AND (d.path <@ mine) IS TRUE
       AND (d.path <@ top) IS TRUE AND (places IS NULL OR d.id = ANY (places)) AND d.until_on IS NULL
    UNION ALL
    SELECT d.id, d.uid::text, d.kind, d.name, ST_AsMVTGeom(ST_Transform(s.point, 3857), web, 4096, 256)
      FROM base.division d CROSS JOIN LATERAL (
        SELECT coalesce(d.point, ST_PointOnSurface(d.outline), (
          SELECT ST_SetSRID(ST_MakePoint(avg(ST_X(v.point)), avg(ST_Y(v.point))), 4490) FROM base.division v
           WHERE v.parent_id = d.id AND v.until_on IS NULL)) AS point) s
     WHERE (d.kind IN ('county', 'zone') OR (d.kind = 'town' AND z BETWEEN 9 AND 14))
       AND (d.path <@ mine OR d.path @> mine) IS TRUE AND d.until_on IS NULL AND s.point && box) t
   WHERE t.geom IS NOT NULL;
  RETURN tile;
END $$;

-- Streets in a box: their keys, at most so many. The rows themselves are read under the policies.
CREATE FUNCTION map.streets_in(box geometry, top ltree, places bigint[], states text[], most integer)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE mine ltree := base.reach('inventory.street', 'read');
BEGIN
  RETURN QUERY SELECT s.id FROM inventory.street s
   WHERE s.line && box AND (s.territory <@ mine) IS TRUE AND (s.territory <@ top) IS TRUE
     AND (places IS NULL OR s.division_id = ANY (places)) AND (states IS NULL OR s.state = ANY (states)) LIMIT most;
END $$;
GRANT EXECUTE ON FUNCTION map.revision(text[]), map.streets(integer, integer, integer, ltree, bigint[]),
  map.facilities(integer, integer, integer, ltree, bigint[]), map.signs(integer, integer, integer, ltree, bigint[]),
  map.divisions(integer, integer, integer, ltree, bigint[]),
  map.streets_in(geometry, ltree, bigint[], text[], integer) TO minglu_office;
"""

UNWATCH = """
DO $$
DECLARE tbl text; what text;
BEGIN
  FOREACH tbl IN ARRAY '{base.division,intake.facility,inventory.street,naming.name,planning.post,planning.sign}'::text[] LOOP
    FOREACH what IN ARRAY '{m_insert,m_update,m_delete}'::text[] LOOP
      EXECUTE format('DROP TRIGGER %I ON %s', what, tbl);
    END LOOP;
  END LOOP;
END $$;
DROP SCHEMA map CASCADE;
"""


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(CHANGES)
    run(TILES)


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute(UNWATCH)
