"""The map's tiles say which facility each is, and which streets are of the second stream; its list is narrowed by both."""

from alembic import op

from app.base.rewording import reword

revision = "2026_11_22_zm_marks"
down_revision = "2026_11_22_zl_gone"

#: Streets of the villages' programme say nothing of their stream: a tile is no longer than before.
_STREAM = "nullif(s.stream, 'village') AS stream"
_TILE = "integer, integer, integer, ltree, bigint[]"
_STREETS = (f"map.streets({_TILE})", ("s.state, s.in_scope, coalesce", f"s.state, s.in_scope, {_STREAM}, coalesce"))
_FAR = (f"map.streets_far({_TILE})", ("s.state, s.in_scope,\n", f"s.state, s.in_scope, {_STREAM},\n"))
_TOGETHER = (
    f"map.streets_together({_TILE})",
    ("SELECT s.state, s.in_scope, true AS", f"SELECT s.state, s.in_scope, {_STREAM}, true AS"),
    ("GROUP BY 1, 2) t", "GROUP BY 1, 2, 3) t"),
    ("SELECT c.state, c.in_scope, c.streets,", "SELECT c.state, c.in_scope, c.stream, c.streets,"),
    ("(SELECT s.state, s.in_scope, count(*)", f"(SELECT s.state, s.in_scope, {_STREAM}, count(*)"),
    ("GROUP BY 1, 2, 4, 5) c", "GROUP BY 1, 2, 3, 5, 6) c"),
)
_FACILITIES = (f"map.facilities({_TILE})", ("SELECT f.id, f.kind,", "SELECT f.id, f.uid::text AS uid, f.kind,"))
_CHANGED = (_STREETS, _FAR, _TOGETHER, _FACILITIES)

_OLD = "geometry, ltree, bigint[], text[], integer, bigint"
_NEW = f"{_OLD}, boolean, text"
NARROWED = f"""
DROP FUNCTION map.streets_in({_OLD});
-- Keys of streets in a box in their order, beyond a key; null narrows nothing.
CREATE FUNCTION map.streets_in(box geometry, top ltree, places bigint[], states text[], most integer, beyond bigint,
                               scoped boolean DEFAULT NULL, flow text DEFAULT NULL)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE mine ltree := base.reach('inventory.street', 'read');
BEGIN
  RETURN QUERY SELECT s.id FROM inventory.street s
   WHERE s.line && box AND (s.territory <@ mine) IS TRUE AND (s.territory <@ top) IS TRUE AND s.id > beyond
     AND (places IS NULL OR s.division_id = ANY (places)) AND (states IS NULL OR s.state = ANY (states))
     AND (scoped IS NULL OR s.in_scope = scoped) AND (flow IS NULL OR s.stream = flow)
   ORDER BY s.id LIMIT most;
END $$;
GRANT EXECUTE ON FUNCTION map.streets_in({_NEW}) TO minglu_office;
"""
WIDE = f"""
DROP FUNCTION map.streets_in({_NEW});
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
GRANT EXECUTE ON FUNCTION map.streets_in({_OLD}) TO minglu_office;
"""


def upgrade() -> None:
    for function, *news in _CHANGED:
        reword(function, *news)
    op.get_bind().connection.driver_connection.execute(NARROWED)


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute(WIDE)
    for function, *news in _CHANGED:
        reword(function, *((new, old) for old, new in news))
