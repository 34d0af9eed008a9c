"""What new lines run along and what they touch: streets, and lines of other surveys told apart from them."""

from alembic import op

revision = "2026_11_22_zq_along"
down_revision = "2026_11_22_zr_draw"

FORMER = """
-- Lines of a territory that are part of no street yet, and the lines of streets (or of the survey that these were made
-- of) beside each, as far as they lie within near_m of its box. Definer, for && is not leakproof; within the person's
-- reach, and in the same tree only: another tree is another trial on the same ground.
CREATE FUNCTION inventory.along(top ltree, near_m double precision)
RETURNS TABLE (segment_id bigint, street_id bigint, line bytea) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH loose AS MATERIALIZED (
    SELECT g.id, subpath(g.territory, 0, 1) AS tree,
           ST_Expand(g.line, near_m / (111000 * cos(radians(ST_YMax(g.line)))), near_m / 110000) AS box
      FROM intake.segment g
     WHERE g.territory <@ top AND g.territory <@ (SELECT base.reach('intake.segment', 'read'))
       AND NOT EXISTS (SELECT FROM inventory.street_segment m WHERE m.segment_id = g.id)
  )
  SELECT l.id, s.id, ST_AsBinary(ST_ClipByBox2D(s.line, l.box))
    FROM loose l JOIN inventory.street s ON s.line && l.box
   WHERE (s.territory <@ (SELECT base.reach('inventory.street', 'change'))) IS TRUE
     AND subpath(s.territory, 0, 1) = l.tree
  UNION ALL
  SELECT l.id, m.street_id, ST_AsBinary(ST_ClipByBox2D(k.line, l.box))
    FROM loose l JOIN intake.segment k ON k.line && l.box JOIN inventory.street_segment m ON m.segment_id = k.id
   WHERE (m.territory <@ (SELECT base.reach('inventory.street', 'change'))) IS TRUE
     AND subpath(m.territory, 0, 1) = l.tree
$$;
GRANT EXECUTE ON FUNCTION inventory.along(ltree, double precision) TO minglu_office;
"""

NEW = """
DROP FUNCTION inventory.along(ltree, double precision);
-- Lines of a territory that are part of no street yet, and the lines of streets beside each, as far as they lie within
-- near_m of its box; other surveys of these streets as well, and what those that people shaped were made of. Definer, for
-- && is not leakproof; within the person's reach, and in the same tree only: another tree is another trial on the same
-- ground.
CREATE FUNCTION inventory.along(top ltree, near_m double precision)
RETURNS TABLE (segment_id bigint, street_id bigint, own boolean, line bytea) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH loose AS MATERIALIZED (
    SELECT g.id, subpath(g.territory, 0, 1) AS tree,
           ST_Expand(g.line, near_m / (111000 * cos(radians(ST_YMax(g.line)))), near_m / 110000) AS box
      FROM intake.segment g
     WHERE g.territory <@ top AND g.territory <@ (SELECT base.reach('intake.segment', 'read'))
       AND NOT EXISTS (SELECT FROM inventory.street_segment m WHERE m.segment_id = g.id)
  )
  SELECT l.id, s.id, true, ST_AsBinary(ST_ClipByBox2D(s.line, l.box))
    FROM loose l JOIN inventory.street s ON s.line && l.box
   WHERE (s.territory <@ (SELECT base.reach('inventory.street', 'change'))) IS TRUE
     AND subpath(s.territory, 0, 1) = l.tree
  UNION ALL
  SELECT l.id, m.street_id, false, ST_AsBinary(ST_ClipByBox2D(k.line, l.box))
    FROM loose l JOIN intake.segment k ON k.line && l.box JOIN inventory.street_segment m ON m.segment_id = k.id
    JOIN inventory.street s ON s.id = m.street_id
   WHERE (m.beside OR s.shaped_on IS NOT NULL)
     AND (m.territory <@ (SELECT base.reach('inventory.street', 'change'))) IS TRUE
     AND subpath(m.territory, 0, 1) = l.tree
$$;
GRANT EXECUTE ON FUNCTION inventory.along(ltree, double precision) TO minglu_office;
-- Streets that the person may change and that lie within so many metres of some lines or of other streets, in the tree
-- of a territory. Definer, for && is not leakproof.
CREATE FUNCTION inventory.touching(top ltree, lines bytea[], streets bigint[], within_m double precision)
RETURNS TABLE (street_id bigint) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH mine AS MATERIALIZED (SELECT base.reach('inventory.street', 'change') AS reach),
  given AS MATERIALIZED (
    SELECT ST_GeomFromWKB(l, 4490) AS line FROM unnest(lines) l
    UNION ALL
    SELECT s.line FROM inventory.street s, mine WHERE s.id = ANY (streets) AND (s.territory <@ mine.reach) IS TRUE
  ), asked AS MATERIALIZED (
    SELECT line, within_m / (111000 * cos(radians(ST_YMax(line)))) AS deg FROM given
  )
  SELECT DISTINCT s.id FROM asked a CROSS JOIN mine
    JOIN inventory.street s ON s.line && ST_Expand(a.line, a.deg) AND ST_DWithin(s.line, a.line, a.deg)
   WHERE (s.territory <@ mine.reach) IS TRUE AND subpath(s.territory, 0, 1) = subpath(top, 0, 1)
$$;
GRANT EXECUTE ON FUNCTION inventory.touching(ltree, bytea[], bigint[], double precision) TO minglu_office;
"""

GONE = """
DROP FUNCTION inventory.touching(ltree, bytea[], bigint[], double precision);
DROP FUNCTION inventory.along(ltree, double precision);
"""


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(NEW)


def downgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(GONE)
    run(FORMER)
