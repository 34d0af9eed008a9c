"""A tile in one statement: who asks, what they may see, the tag and the tile; streets in one pass over their index."""

from pathlib import Path

from alembic import op

revision = "2026_11_22_v_tiles"
down_revision = "2026_11_22_u_keys"

# A function in SQL that nothing can inline (a definer with a path of its own) is planned anew at each call; one in
# PL/pgSQL keeps its plans. These two are asked by every policy and every tile.
KEPT_PLANS = """
CREATE OR REPLACE FUNCTION base.reach(subject text, act text) RETURNS ltree LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT CASE r.reach WHEN 'all' THEN ''::ltree WHEN 'territory' THEN p.territory
                        WHEN 'root' THEN CASE WHEN nlevel(p.territory) = 1 THEN ''::ltree END END
      FROM base.person p JOIN base."right" r ON r.role = p.role
     WHERE p.id = nullif(current_setting('minglu.person', true), '')::bigint AND p.active
       AND r.subject = $1 AND r.act = $2);
END $$;
CREATE OR REPLACE FUNCTION map.revision(subjects text[]) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  mine ltree := CASE subjects[1]
    WHEN 'base.division' THEN (SELECT p.territory FROM base.person p WHERE p.id = base.actor())
    ELSE base.reach(subjects[1], 'read') END;
BEGIN
  RETURN md5(concat_ws('|', array_to_string(subjects, ','), mine, (
    SELECT string_agg(concat_ws(':', c.subject, c.place, c.tx), ',' ORDER BY c.subject, c.place, c.tx) FROM map.change c
     WHERE c.subject = ANY (subjects) AND (c.place <@ mine OR c.place @> mine))));
END $$;
"""

STREETS = """
-- Streets, each for itself where there are few enough, in one pass over their index. From zoom 10 on a tile is so small
-- that degrees are as good as metres: 1.5 of its 4,096 units apart at most, 0.4 from zoom 11 on. Names are drawn from
-- zoom 14 on and sent from there on. There the plan is the same for any box (the index, then the name of each), and
-- planning took longer than most tiles.
CREATE OR REPLACE FUNCTION map.streets(z integer, x integer, y integer, top ltree DEFAULT '', places bigint[] DEFAULT NULL)
RETURNS bytea LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  edge box2d;
  box geometry;
  mine ltree := base.reach('inventory.street', 'read');
  many bigint;
  tile bytea;
BEGIN
  mine := CASE WHEN top <@ mine THEN top WHEN mine <@ top THEN mine END;
  IF mine IS NULL THEN RETURN ''; END IF;
  IF z < 14 THEN RETURN map.streets_far(z, x, y, mine, places); END IF;
  edge := ST_Transform(ST_TileEnvelope(z, x, y), 4490)::box2d;
  box := ST_Transform(ST_TileEnvelope(z, x, y, margin => 0.015625), 4490);
  SELECT ST_AsMVT(t, 'streets', 4096, 'geom', 'id'), count(*) INTO tile, many FROM (
    SELECT s.id, s.uid::text AS uid, s.state, s.in_scope, coalesce(n.words, s.surveyed_name, '') AS name,
           coalesce(n.latin_sign, '') AS latin, ST_AsMVTGeom(s.line, edge, 4096, 64) AS geom
      FROM inventory.street s LEFT JOIN naming.name n ON n.street_id = s.id AND n.retired_on IS NULL
     WHERE s.line && box AND (s.territory <@ mine) IS TRUE AND (places IS NULL OR s.division_id = ANY (places))
     LIMIT 3501) t;
  IF many <= 3500 AND coalesce(octet_length(tile), 0) <= 480000 THEN RETURN coalesce(tile, ''); END IF;
  RETURN map.streets_together(z, x, y, mine, places);
END $$;

-- The same from afar: without names, and planned for the box and the territory that are asked for, as either may be the
-- narrower one. `mine` is known to the planner here, so it is no wrong guess (docs/decisions/0005).
CREATE FUNCTION map.streets_far(z integer, x integer, y integer, mine ltree, places bigint[])
RETURNS bytea LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  web geometry := ST_TileEnvelope(z, x, y);
  edge box2d := ST_Transform(web, 4490)::box2d;
  box geometry := ST_Transform(ST_TileEnvelope(z, x, y, margin => 0.015625), 4490);
  unit double precision := (ST_XMax(web) - ST_XMin(web)) / 4096;
  many bigint;
  tile bytea;
BEGIN
  SELECT ST_AsMVT(t, 'streets', 4096, 'geom', 'id'), count(*) INTO tile, many FROM (
    SELECT s.id, s.uid::text AS uid, s.state, s.in_scope,
           CASE WHEN z >= 10 THEN ST_AsMVTGeom(s.line, edge, 4096, 64)
                ELSE ST_AsMVTGeom(ST_Simplify(ST_Transform(s.line, 3857), unit, true), web, 4096, 64) END AS geom
      FROM inventory.street s
     WHERE s.line && box AND s.territory <@ mine AND (places IS NULL OR s.division_id = ANY (places))
     LIMIT 3501) t;
  IF many <= 3500 AND coalesce(octet_length(tile), 0) <= 480000 THEN RETURN coalesce(tile, ''); END IF;
  RETURN map.streets_together(z, x, y, mine, places);
END $$;

-- Too many for a tile: lines by state without names ("street_lines"), else counts by state in 32 x 32 cells
-- ("street_cells"). The layer's name and `generalised` say so. Planned for the box that is asked for.
CREATE FUNCTION map.streets_together(z integer, x integer, y integer, mine ltree, places bigint[])
RETURNS bytea LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  web geometry := ST_TileEnvelope(z, x, y);
  box geometry := ST_Transform(ST_TileEnvelope(z, x, y, margin => 0.015625), 4490);
  unit double precision := (ST_XMax(web) - ST_XMin(web)) / 4096;
  many bigint;
  tile bytea;
BEGIN
  SELECT count(*) INTO many FROM (
    SELECT FROM inventory.street s WHERE s.line && box AND (s.territory <@ mine) IS TRUE
       AND (places IS NULL OR s.division_id = ANY (places)) LIMIT 15001) c;
  IF many <= 15000 THEN
    SELECT ST_AsMVT(t, 'street_lines', 4096, 'geom') INTO tile FROM (
      SELECT s.state, s.in_scope, true AS generalised,
             ST_AsMVTGeom(ST_Collect(ST_Simplify(ST_Transform(s.line, 3857), unit * 8, true)), web, 4096, 64) AS geom
        FROM inventory.street s
       WHERE s.line && box AND (s.territory <@ mine) IS TRUE AND (places IS NULL OR s.division_id = ANY (places))
       GROUP BY 1, 2) t WHERE t.geom IS NOT NULL;
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
             WHERE s.line && box AND (s.territory <@ mine) IS TRUE AND (places IS NULL OR s.division_id = ANY (places))
             GROUP BY 1, 2, 4, 5) c
     WHERE c.cx BETWEEN 0 AND 31 AND c.cy BETWEEN 0 AND 31) t;
  RETURN tile;
END $$;
"""

ANSWERS = """
-- The tag of a layer's tiles for the person of the transaction: another as soon as something in their sight changed.
CREATE FUNCTION map.tag(layer text, top ltree, places bigint[], form integer) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN '"' || md5(concat_ws('|', form, layer, top, coalesce(places::text, '-'), map.revision(CASE layer
    WHEN 'divisions' THEN '{base.division}'::text[]
    WHEN 'streets' THEN '{inventory.street,naming.name}'::text[]
    WHEN 'facilities' THEN '{intake.facility}'::text[]
    WHEN 'signs' THEN '{planning.post,planning.sign,naming.name}'::text[] END))) || '"';
END $$;

-- The tag, and the tile unless its tag is among those that the asker holds. The tag is read before the tile: a tile may
-- be newer than its tag, never older.
CREATE FUNCTION map.answer(layer text, z integer, x integer, y integer, top ltree, places bigint[], form integer,
                           held text[], OUT tag text, OUT tile bytea)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  tag := map.tag(layer, top, places, form);
  IF tag = ANY (held) THEN RETURN; END IF;
  CASE layer
    WHEN 'divisions' THEN tile := map.divisions(z, x, y, top, places);
    WHEN 'streets' THEN tile := map.streets(z, x, y, top, places);
    WHEN 'facilities' THEN tile := map.facilities(z, x, y, top, places);
    WHEN 'signs' THEN tile := map.signs(z, x, y, top, places);
  END CASE;
END $$;

-- Begins what follows for whoever a session's token belongs to, as long as the transaction lasts; their territory, or
-- the division of it that they chose. Null for a token that is none, and for a division of somebody else's.
CREATE FUNCTION map.enter(token bytea, moment timestamptz, within uuid) RETURNS ltree
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  who bigint;
  top ltree;
BEGIN
  SELECT f.id, f.territory::ltree INTO who, top FROM base.find_session(token, moment) f;
  PERFORM set_config('minglu.person', coalesce(who::text, ''), true);
  IF within IS NOT NULL THEN
    top := (SELECT d.path FROM base.division d WHERE d.uid = within AND d.path <@ top);
  END IF;
  RETURN top;
END $$;

-- Tag, and tag and tile, for whoever a token belongs to, in a transaction of its own: session, person and rights are
-- read each time. Nothing where `map.enter` finds nobody.
CREATE FUNCTION map.tag_for(token bytea, moment timestamptz, within uuid, layer text, form integer) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE top ltree := map.enter(token, moment, within);
BEGIN
  RETURN CASE WHEN top IS NOT NULL THEN map.tag(layer, top, NULL, form) END;
END $$;
CREATE FUNCTION map.answer_for(token bytea, moment timestamptz, within uuid, layer text, form integer, z integer,
                               x integer, y integer)
RETURNS TABLE (tag text, tile bytea) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE top ltree := map.enter(token, moment, within);
BEGIN
  IF top IS NOT NULL THEN
    RETURN QUERY SELECT a.tag, a.tile FROM map.answer(layer, z, x, y, top, NULL, form, '{}') a;
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION map.tag(text, ltree, bigint[], integer),
  map.answer(text, integer, integer, integer, ltree, bigint[], integer, text[]),
  map.enter(bytea, timestamptz, uuid), map.tag_for(bytea, timestamptz, uuid, text, integer),
  map.answer_for(bytea, timestamptz, uuid, text, integer, integer, integer, integer) TO minglu_office;
"""

GONE = """
DROP FUNCTION map.answer_for(bytea, timestamptz, uuid, text, integer, integer, integer, integer);
DROP FUNCTION map.tag_for(bytea, timestamptz, uuid, text, integer);
DROP FUNCTION map.enter(bytea, timestamptz, uuid);
DROP FUNCTION map.answer(text, integer, integer, integer, ltree, bigint[], integer, text[]);
DROP FUNCTION map.tag(text, ltree, bigint[], integer);
DROP FUNCTION map.streets_far(integer, integer, integer, ltree, bigint[]);
DROP FUNCTION map.streets_together(integer, integer, integer, ltree, bigint[]);
"""
#: What stood before, by the migration that made it.
BEFORE = (("a_ground", "base.reach"), ("l_map", "map.revision"), ("l_map", "map.streets"))


def _as_it_was(migration: str, function: str) -> str:
    made = Path(__file__).with_name(f"2026-11-22_{migration}.py").read_text()
    begun = made.index(f"CREATE FUNCTION {function}(")
    return made[begun : made.index("$$;\n", begun) + 3].replace("CREATE", "CREATE OR REPLACE", 1)


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    for made in (KEPT_PLANS, STREETS, ANSWERS):
        run(made)


def downgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(GONE)
    for migration, function in BEFORE:
        run(_as_it_was(migration, function))
