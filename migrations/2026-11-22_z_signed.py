"""Who a row says did it is who did it: nobody signs for a colleague, in the database either."""

from alembic import op

revision = "2026_11_22_z_signed"
down_revision = "2026_11_22_y_leaving"

SIGNED = """
-- The column named is the person who acts. An undo may put back the hand that the row bore before. Definer: the history
-- of a row may be closed to who undoes their own change to it.
CREATE FUNCTION base.keep_signed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE hand bigint := (to_jsonb(NEW) ->> TG_ARGV[0])::bigint; me bigint := base.actor();
BEGIN
  IF me IS NULL OR hand IS NULL OR hand = me OR EXISTS (
       SELECT FROM history.entry e WHERE e.subject = format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME)
          AND e.row_id = NEW.id AND e.before -> TG_ARGV[0] = hand::text) THEN
    RETURN NULL;
  END IF;
  RAISE insufficient_privilege USING MESSAGE = format('%s.%s is signed by somebody else', TG_TABLE_SCHEMA, TG_TABLE_NAME);
END $$;
CREATE TRIGGER x_signed AFTER INSERT OR UPDATE OF confirmed_by ON base.succession FOR EACH ROW
  EXECUTE FUNCTION base.keep_signed('confirmed_by');
CREATE TRIGGER x_signed AFTER INSERT OR UPDATE OF decided_by ON naming.decision FOR EACH ROW
  EXECUTE FUNCTION base.keep_signed('decided_by');
CREATE TRIGGER x_signed AFTER INSERT OR UPDATE OF proposed_by ON naming.proposal FOR EACH ROW
  EXECUTE FUNCTION base.keep_signed('proposed_by');
CREATE TRIGGER x_signed AFTER INSERT OR UPDATE OF inspected_by ON rollout.inspection FOR EACH ROW
  EXECUTE FUNCTION base.keep_signed('inspected_by');
-- A finding that comes back brings along the answer that it had: only new answers are signed here.
CREATE TRIGGER x_signed AFTER UPDATE OF waiver, waived_by ON naming.finding FOR EACH ROW
  WHEN (NEW.waived_by IS DISTINCT FROM OLD.waived_by OR NEW.waiver IS DISTINCT FROM OLD.waiver) EXECUTE FUNCTION base.keep_signed('waived_by');
"""

UNSIGNED = """
DROP TRIGGER x_signed ON naming.finding;
DROP TRIGGER x_signed ON rollout.inspection;
DROP TRIGGER x_signed ON naming.proposal;
DROP TRIGGER x_signed ON naming.decision;
DROP TRIGGER x_signed ON base.succession;
DROP FUNCTION base.keep_signed();
"""


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(SIGNED)


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute(UNSIGNED)
