"""What is not printed yet bears the name that is in force: planned signs, and the plates of orders still in draft."""

from alembic import op

revision = "2026_11_22_zu_renamed"
down_revision = "2026_11_22_zt_plans"

FOLLOWS = """
-- Definer: who decides a name need not be one who orders plates, and a plate with a retired name could never be released.
CREATE FUNCTION planning.take_name() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE planning.sign g SET name_id = n.id FROM fresh n
   WHERE g.street_id = n.street_id AND n.decision_id IS NOT NULL AND n.retired_on IS NULL AND g.name_id <> n.id
     AND (g.state = 'planned' OR g.state = 'ordered' AND EXISTS (
            SELECT FROM printing.order_line l JOIN printing."order" o ON o.id = l.order_id
             WHERE l.sign_id = g.id AND o.state = 'draft'));
  UPDATE printing.order_line l SET name_id = n.id, words = n.words, latin = n.latin_sign
    FROM fresh n, planning.sign g, printing."order" o
   WHERE g.street_id = n.street_id AND n.decision_id IS NOT NULL AND n.retired_on IS NULL
     AND l.sign_id = g.id AND o.id = l.order_id AND o.state = 'draft' AND l.name_id <> n.id;
  RETURN NULL;
END $$;
CREATE TRIGGER z_signs AFTER INSERT ON naming.name REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION planning.take_name();
"""


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(FOLLOWS)


def downgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run("DROP TRIGGER z_signs ON naming.name")
    run("DROP FUNCTION planning.take_name()")
