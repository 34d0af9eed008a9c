"""What people decide of streets: no street, drawn or re-shaped by hand; surveyed lines that run along a street."""

from alembic import op

from app.base.rewording import reword

revision = "2026_11_22_p_shaping"
down_revision = "2026_11_22_o_lines"

COLUMNS = """
ALTER TABLE inventory.street ADD COLUMN shaped_on DATE;
ALTER TABLE inventory.street ADD COLUMN no_street_on DATE;
ALTER TABLE inventory.street ADD COLUMN no_street_reason TEXT;
ALTER TABLE inventory.street DROP CONSTRAINT ck_street_state, ADD CONSTRAINT ck_street_state
  CHECK (state IN ('unnamed', 'draft', 'proposed', 'approved', 'in_force', 'retired', 'no_street'));
ALTER TABLE inventory.street DROP CONSTRAINT ck_street_geometry_source, ADD CONSTRAINT ck_street_geometry_source
  CHECK (geometry_source IN ('none', 'survey', 'sketch', 'generated', 'drawn'));
ALTER TABLE inventory.street ADD CONSTRAINT ck_street_no_street CHECK ((state = 'no_street') = (no_street_on IS NOT NULL)
  AND (state = 'no_street') = (coalesce(btrim(no_street_reason), '') <> '') AND NOT (state = 'no_street' AND in_scope));
ALTER TABLE inventory.street_segment ADD COLUMN beside BOOLEAN DEFAULT false NOT NULL;
"""

ALONG = """
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

#: What is no street puts nothing in scope and is no crossing: a function, a condition of it, the same with more in it.
NARROWED = (
    (
        "inventory.near_facilities(ltree, double precision, double precision)",
        "WHERE s.territory <@ top AND",
        "WHERE s.state <> 'no_street' AND s.territory <@ top AND",
    ),
    (
        "inventory.near_facilities(ltree, double precision, double precision)",
        "AND (c.territory <@ top AND",
        "AND c.state <> 'no_street' AND (c.territory <@ top AND",
    ),
    (
        "planning.streets_to_sign(bigint[], date, double precision)",
        "ON x.line && ST_Expand",
        "ON x.state <> 'no_street' AND x.line && ST_Expand",
    ),
)

GONE = """
DROP FUNCTION inventory.along(ltree, double precision);
UPDATE inventory.street SET state = 'unnamed', no_street_on = NULL, no_street_reason = NULL WHERE state = 'no_street';
UPDATE inventory.street SET geometry_source = 'survey' WHERE geometry_source = 'drawn';
ALTER TABLE inventory.street_segment DROP COLUMN beside;
ALTER TABLE inventory.street DROP CONSTRAINT ck_street_no_street;
ALTER TABLE inventory.street DROP CONSTRAINT ck_street_geometry_source, ADD CONSTRAINT ck_street_geometry_source
  CHECK (geometry_source IN ('none', 'survey', 'sketch', 'generated'));
ALTER TABLE inventory.street DROP CONSTRAINT ck_street_state, ADD CONSTRAINT ck_street_state
  CHECK (state IN ('unnamed', 'draft', 'proposed', 'approved', 'in_force', 'retired'));
ALTER TABLE inventory.street DROP COLUMN no_street_reason, DROP COLUMN no_street_on, DROP COLUMN shaped_on;
"""


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(COLUMNS)
    run(ALONG)
    for function, old, new in NARROWED:
        reword(function, (old, new))


def downgrade() -> None:
    for function, old, new in NARROWED:
        reword(function, (new, old))
    op.get_bind().connection.driver_connection.execute(GONE)
