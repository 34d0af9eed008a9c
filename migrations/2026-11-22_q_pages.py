"""The list beside the map pages by key."""

from alembic import op

revision = "2026_11_22_q_pages"
down_revision = "2026_11_22_p_shaping"

PAGED = """
DROP FUNCTION map.streets_in(geometry, ltree, bigint[], text[], integer);
-- Keys of streets in a box in their order, beyond a key.
CREATE FUNCTION map.streets_in(box geometry, top ltree, places bigint[], states text[], most integer, beyond bigint)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE mine ltree := base.reach('inventory.street', 'read');
BEGIN
  RETURN QUERY SELECT s.id FROM inventory.street s
   WHERE s.line && box AND (s.territory <@ mine) IS TRUE AND (s.territory <@ top) IS TRUE AND s.id > beyond
     AND (places IS NULL OR s.division_id = ANY (places)) AND (states IS NULL OR s.state = ANY (states))
   ORDER BY s.id LIMIT most;
END $$;
GRANT EXECUTE ON FUNCTION map.streets_in(geometry, ltree, bigint[], text[], integer, bigint) TO minglu_office;
"""

UNPAGED = """
DROP FUNCTION map.streets_in(geometry, ltree, bigint[], text[], integer, bigint);
CREATE FUNCTION map.streets_in(box geometry, top ltree, places bigint[], states text[], most integer)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE mine ltree := base.reach('inventory.street', 'read');
BEGIN
  RETURN QUERY SELECT s.id FROM inventory.street s
   WHERE s.line && box AND (s.territory <@ mine) IS TRUE AND (s.territory <@ top) IS TRUE
     AND (places IS NULL OR s.division_id = ANY (places)) AND (states IS NULL OR s.state = ANY (states)) LIMIT most;
END $$;
GRANT EXECUTE ON FUNCTION map.streets_in(geometry, ltree, bigint[], text[], integer) TO minglu_office;
"""


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(PAGED)


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute(UNPAGED)
