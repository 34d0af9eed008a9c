"""The second stream (无名路、新增路): since when and why a street is counted there, and its own figures."""

from alembic import op

from app.base.rewording import reword

revision = "2026_11_22_w_streams"
down_revision = "2026_11_22_v_tiles"

COLUMNS = """
ALTER TABLE inventory.street ADD COLUMN stream_on DATE;
ALTER TABLE inventory.street ADD COLUMN stream_reason TEXT;
UPDATE inventory.street SET in_scope = false, stream_on = surveyed_on, stream_reason = '–' WHERE stream <> 'village';
-- Never counted in the 5,099: what puts a street in the villages' scope does not hold for the second stream.
ALTER TABLE inventory.street ADD CONSTRAINT ck_street_second_stream CHECK (stream = 'village' OR (NOT in_scope
  AND stream_on IS NOT NULL AND coalesce(btrim(stream_reason), '') <> ''));
"""

#: A function, a condition of it, the same with more in it.
NARROWED = (
    (
        "inventory.near_facilities(ltree, double precision, double precision)",
        "WHERE s.state <> 'no_street' AND s.territory <@ top AND",
        "WHERE s.state <> 'no_street' AND s.stream = 'village' AND s.territory <@ top AND",
    ),
)

FIGURES = """
-- The second stream on a day: a row for each division of these kinds at, below and above the person's own. Only counts,
-- and the whole of each place, whoever asks.
CREATE FUNCTION tracking.second_stream(told_on date, kinds text[])
RETURNS TABLE (division_id bigint, uid uuid, name text, is_own boolean, quota bigint, named_this_year bigint,
               roads bigint, roads_named bigint, signs_standing bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE mine ltree := (SELECT p.territory FROM base.person p WHERE p.id = base.actor());
BEGIN
  RETURN QUERY
  WITH head AS MATERIALIZED (
    SELECT d.id, d.uid, d.name, d.path FROM base.division d
     WHERE d.kind = ANY (kinds) AND (d.path <@ mine OR d.path @> mine) AND d.since_on <= told_on
       AND (d.until_on IS NULL OR d.until_on > told_on)
  ),
  road AS MATERIALIZED (
    SELECT s.id, s.territory, (SELECT min(n.in_force_on) FROM naming.name n
             WHERE n.street_id = s.id AND n.in_force_on <= told_on
               AND (n.retired_on IS NULL OR n.retired_on > told_on)) AS named_on
      FROM inventory.street s
     WHERE s.stream = 'new_road' AND s.stream_on <= told_on AND s.state <> 'no_street'
  ),
  standing AS MATERIALIZED (
    SELECT g.street_id, count(DISTINCT g.id) AS n
      FROM planning.sign g JOIN road r ON r.id = g.street_id JOIN rollout.installation i ON i.sign_id = g.id
     WHERE i.installed_on <= told_on AND (g.removed_on IS NULL OR g.removed_on > told_on)
       AND i.id NOT IN (SELECT f.installation_id FROM rollout.inspection f
                         WHERE f.verdict = 'rejected' AND f.inspected_on <= told_on)
     GROUP BY g.street_id
  )
  SELECT h.id, h.uid, h.name, h.path <@ mine,
         (SELECT t.villages::bigint FROM milestones.target t
           WHERE t.division_id = h.id AND t.stream = 'new_road' AND t.year = extract(year FROM told_on)
             AND t.set_on <= told_on),
         count(r.id) FILTER (WHERE extract(year FROM r.named_on) = extract(year FROM told_on)),
         count(r.id), count(r.named_on), coalesce(sum(s.n), 0)::bigint
    FROM head h LEFT JOIN road r ON r.territory <@ h.path LEFT JOIN standing s ON s.street_id = r.id
   GROUP BY h.id, h.uid, h.name, h.path ORDER BY h.path;
END $$;
GRANT EXECUTE ON FUNCTION tracking.second_stream(date, text[]) TO minglu_office;
"""

GONE = """
DROP FUNCTION tracking.second_stream(date, text[]);
ALTER TABLE inventory.street DROP CONSTRAINT ck_street_second_stream;
ALTER TABLE inventory.street DROP COLUMN stream_reason, DROP COLUMN stream_on;
"""


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(COLUMNS)
    for function, old, new in NARROWED:
        reword(function, (old, new))
    run(FIGURES)


def downgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    for function, old, new in NARROWED:
        reword(function, (new, old))
    run(GONE)
