"""The job queue's tables: procrastinate 3.10.0's own schema, in a schema and under a role of its own."""

from pathlib import Path

from alembic import op

revision = "2026_11_22_b_queue"
down_revision = "2026_11_22_a_ground"

SCHEMA = Path(__file__).parent / "environment" / "procrastinate_3.10.0.sql"

RIGHTS = """
GRANT USAGE ON SCHEMA queue TO minglu_queue;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA queue TO minglu_queue;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA queue TO minglu_queue;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA queue TO minglu_queue;
DO $$
DECLARE t regclass;
BEGIN
  FOR t IN SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'queue'::regnamespace AND c.relkind = 'r' LOOP
    CALL base.shut(t);
    EXECUTE format('CREATE POLICY queue ON %s TO minglu_queue USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
"""


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run("CREATE SCHEMA queue")
    run("SET LOCAL search_path = queue, public")
    run(SCHEMA.read_text())
    run("SET LOCAL search_path = DEFAULT")
    run(RIGHTS)


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute("DROP SCHEMA queue CASCADE")
