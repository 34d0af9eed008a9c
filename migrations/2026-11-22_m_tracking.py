"""Progress of any place and day for all staff: only counts, so that no role's policies cut what a page calls the whole."""

from alembic import op

revision = "2026_11_22_m_tracking"
down_revision = "2026_11_22_l_map"

# Rows are the divisions of the kinds asked for at, below and above the person's own (or the one division asked for, or
# by year the person's own division). Facts of one street (of one sign) are laid below each other and grouped, not
# joined: the planner takes "<@" for a handful of rows, and would join hundreds of thousands one by one.
PROGRESS = """
CREATE SCHEMA tracking;
GRANT USAGE ON SCHEMA tracking TO minglu_office;
CREATE FUNCTION tracking.progress(told_on date, told_by text, kinds text[], asked bigint, of_stream text)
RETURNS TABLE (division_id bigint, uid uuid, name text, is_own boolean, year integer, villages bigint,
               villages_target bigint, villages_batched bigint, villages_named bigint, villages_without_streets bigint,
               streets_in_scope bigint, streets_named bigint, streets_approved bigint, signs_planned bigint,
               signs_ordered bigint, signs_standing bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  mine ltree := (SELECT p.territory FROM base.person p WHERE p.id = base.actor());
  top ltree := mine;
BEGIN
  IF asked IS NOT NULL THEN
    top := (SELECT d.path FROM base.division d WHERE d.id = asked AND (d.path <@ mine OR d.path @> mine));
  ELSE
    top := coalesce((SELECT d.path FROM base.division d WHERE d.kind = ANY (kinds) AND d.path @> mine
                      ORDER BY nlevel(d.path) LIMIT 1), mine);
  END IF;
  IF top IS NULL THEN RETURN; END IF;
  RETURN QUERY
  WITH head AS MATERIALIZED (
    SELECT d.id, d.path FROM base.division d
     WHERE d.id = asked OR (asked IS NULL AND d.kind = ANY (kinds) AND (d.path <@ mine OR d.path @> mine))
  ),
  member AS MATERIALIZED (
    SELECT DISTINCT ON (j.division_id) j.division_id, b.year
      FROM milestones.batch_village j JOIN milestones.batch b ON b.id = j.batch_id
     WHERE j.territory <@ top AND j.joined_on <= told_on
       AND (j.left_on IS NULL OR j.left_on > told_on OR j.left_on = b.closed_on) AND b.stream = of_stream
     ORDER BY j.division_id, j.joined_on DESC, j.id DESC
  ),
  place AS MATERIALIZED (
    SELECT d.id, d.kind = 'village' AS is_village, h.id AS row_id
      FROM base.division d LEFT JOIN head h ON d.path <@ h.path
     WHERE d.path <@ top AND d.since_on <= told_on AND (d.until_on IS NULL OR d.until_on > told_on)
  ),
  street AS (
    SELECT x.id, max(x.division_id) AS division_id, bool_or(x.named) AS named
      FROM (SELECT s.id, s.division_id, s.surveyed_on, s.in_scope, CAST(NULL AS boolean) AS holds, false AS named
              FROM inventory.street s
             WHERE s.territory <@ top AND s.stream = of_stream AND (s.in_scope OR s.id IN (
                   SELECT e.street_id FROM inventory.scope_reason e
                    WHERE e.territory <@ top AND e.until_on > told_on))
            UNION ALL
            SELECT r.street_id, NULL, NULL, NULL, r.found_on <= told_on AND coalesce(r.until_on > told_on, true), false
              FROM inventory.scope_reason r WHERE r.territory <@ top
            UNION ALL
            SELECT n.street_id, NULL, NULL, NULL, NULL, true FROM naming.name n
             WHERE n.territory <@ top AND n.in_force_on <= told_on
               AND (n.retired_on IS NULL OR n.retired_on > told_on)) x
     GROUP BY x.id
    HAVING max(x.division_id) IS NOT NULL
       AND coalesce(bool_or(x.holds), bool_or(x.in_scope) AND max(x.surveyed_on) <= told_on)
  ),
  -- A deadline stands where the government is that decided, above its names.
  unannounced AS MATERIALIZED (
    SELECT n.street_id
      FROM naming.name n JOIN naming.deadline t ON t.decision_id = n.decision_id AND t.kind = 'announce'
     WHERE n.territory <@ top AND n.in_force_on <= told_on AND (n.retired_on IS NULL OR n.retired_on > told_on)
       AND (t.done_on IS NULL OR t.done_on > told_on)
  ),
  streets AS (
    SELECT division_id, count(*) AS streets, count(*) FILTER (WHERE named) AS named,
           count(*) FILTER (WHERE named AND id IN (SELECT u.street_id FROM unannounced u)) AS approved
      FROM street GROUP BY division_id
  ),
  sign AS (
    SELECT max(x.street_id) AS street_id, max(x.division_id) AS division_id, bool_or(x.ordered) AS ordered,
           bool_or(x.standing) AS standing
      FROM (SELECT g.id, g.street_id, g.division_id, false AS ordered, false AS standing FROM planning.sign g
             WHERE g.territory <@ top AND g.planned_on <= told_on AND (g.removed_on IS NULL OR g.removed_on > told_on)
            UNION ALL
            SELECT l.sign_id, NULL, NULL, true, false FROM printing.order_line l
             WHERE l.territory <@ top AND l.ordered_on <= told_on
            UNION ALL
            SELECT i.sign_id, NULL, NULL, false, true FROM rollout.installation i
             WHERE i.territory <@ top AND i.installed_on <= told_on
               AND i.id NOT IN (SELECT f.installation_id FROM rollout.inspection f
                                 WHERE f.territory <@ top AND f.verdict = 'rejected' AND f.inspected_on <= told_on)) x
     GROUP BY x.id HAVING max(x.street_id) IS NOT NULL
  ),
  signed AS (
    SELECT max(x.division_id) AS division_id, sum(x.planned) AS planned, sum(x.ordered) AS ordered,
           sum(x.standing) AS standing
      FROM (SELECT g.street_id, g.division_id, count(*) AS planned, count(*) FILTER (WHERE g.ordered) AS ordered,
                   count(*) FILTER (WHERE g.standing) AS standing, false AS counts
              FROM sign g GROUP BY g.street_id, g.division_id
            UNION ALL
            SELECT s.id, NULL, 0, 0, 0, true FROM inventory.street s
             WHERE s.territory <@ top AND s.stream = of_stream) x
     GROUP BY x.street_id HAVING bool_or(x.counts) AND max(x.division_id) IS NOT NULL
  ),
  fact AS (
    SELECT m.division_id AS id, CAST(NULL AS boolean) AS is_village, CAST(NULL AS bigint) AS row_id, m.year,
           0 AS streets, 0 AS named, 0 AS approved, 0 AS planned, 0 AS ordered, 0 AS standing FROM member m
    UNION ALL SELECT p.id, p.is_village, p.row_id, NULL, 0, 0, 0, 0, 0, 0 FROM place p
    UNION ALL SELECT t.division_id, NULL, NULL, NULL, t.streets, t.named, t.approved, 0, 0, 0 FROM streets t
    UNION ALL SELECT g.division_id, NULL, NULL, NULL, 0, 0, 0, g.planned, g.ordered, g.standing FROM signed g
  ),
  told AS (
    SELECT bool_or(f.is_village) AS is_village, max(f.row_id) AS row_id, max(f.year) AS year,
           sum(f.streets) AS streets, sum(f.named) AS named, sum(f.approved) AS approved, sum(f.planned) AS planned,
           sum(f.ordered) AS ordered, sum(f.standing) AS standing
      FROM fact f GROUP BY f.id HAVING bool_or(f.is_village) IS NOT NULL
  ),
  target AS (
    SELECT t.division_id, t.year, t.villages, rank() OVER (ORDER BY nlevel(t.territory)) = 1 AS topmost
      FROM milestones.target t
     WHERE t.stream = of_stream AND t.set_on <= told_on AND t.territory <@ top
  ),
  counted AS MATERIALIZED (
    SELECT t.row_id, CASE WHEN told_by = 'year' THEN t.year END AS year,
           count(*) FILTER (WHERE t.is_village) AS villages,
           count(t.year) FILTER (WHERE t.is_village) AS villages_batched,
           count(*) FILTER (WHERE t.is_village AND t.streets > 0 AND t.streets = t.named) AS villages_named,
           count(*) FILTER (WHERE t.is_village AND t.streets = 0) AS villages_without_streets,
           sum(t.streets) AS streets_in_scope, sum(t.named) AS streets_named, sum(t.approved) AS streets_approved,
           sum(t.planned) AS signs_planned, sum(t.ordered) AS signs_ordered, sum(t.standing) AS signs_standing
      FROM told t WHERE t.row_id IS NOT NULL OR told_by = 'year'
     GROUP BY 1, 2
  ),
  shown AS (
    SELECT c.* FROM counted c
    UNION ALL
    SELECT NULL, q.year, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
      FROM (SELECT DISTINCT t.year FROM target t WHERE t.topmost AND told_by = 'year') q
     WHERE NOT EXISTS (SELECT FROM counted c WHERE c.year = q.year)
  )
  SELECT d.id, d.uid, coalesce(d.name, ''), d.id IS NULL OR d.path <@ mine, c.year::integer, c.villages,
         CASE WHEN told_by = 'year' THEN (SELECT sum(t.villages) FROM target t WHERE t.topmost AND t.year = c.year)
              ELSE (SELECT sum(t.villages) FROM target t
                     WHERE t.division_id = c.row_id AND t.year <= extract(year FROM told_on)) END::bigint,
         c.villages_batched, c.villages_named, c.villages_without_streets, c.streets_in_scope::bigint,
         c.streets_named::bigint, c.streets_approved::bigint, c.signs_planned::bigint, c.signs_ordered::bigint,
         c.signs_standing::bigint
    FROM shown c LEFT JOIN base.division d ON d.id = c.row_id
   WHERE c.villages + c.streets_in_scope > 0 OR d.id = asked OR c.year IS NOT NULL
   ORDER BY c.year NULLS LAST,
            (SELECT max(o.code) FROM base.division_code o
               WHERE o.division_id = d.id AND o.system = 'statistics' AND o.valid_to_on IS NULL) NULLS LAST, d.name, d.id;
END $$;
GRANT EXECUTE ON FUNCTION tracking.progress(date, text, text[], bigint, text) TO minglu_office;
"""


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(PROGRESS)


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute("DROP SCHEMA tracking CASCADE")
