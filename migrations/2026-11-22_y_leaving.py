"""Who leaves is signed out for good: coming back opens no old session."""

from alembic import op

revision = "2026_11_22_y_leaving"
down_revision = "2026_11_22_x_editions"

LEAVING = """
-- Definer: nobody but the login's functions touches sessions.
CREATE FUNCTION base.end_sessions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM base.session s WHERE s.person_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER x_leaving AFTER UPDATE OF active ON base.person FOR EACH ROW
  WHEN (OLD.active AND NOT NEW.active) EXECUTE FUNCTION base.end_sessions();
"""


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(LEAVING)


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute(
        "DROP TRIGGER x_leaving ON base.person; DROP FUNCTION base.end_sessions()"
    )
