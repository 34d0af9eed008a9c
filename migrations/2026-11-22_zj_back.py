"""What an undo puts back is recognised by a plan that is kept: planning anew took longer than the looking, row by row."""

from alembic import op

revision = "2026_11_22_zj_back"
down_revision = "2026_11_22_zi_hands"

COMES_BACK = """
CREATE OR REPLACE FUNCTION history.comes_back(subj text, line anyelement) RETURNS boolean LANGUAGE {language} STABLE
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC'
SET extra_float_digits = 1 SET bytea_output = 'hex' AS $$
{body}
$$;
"""
SELECTED = """coalesce((
    SELECT e.before - '{territory,path}'::text[] = hstore(line) - '{territory,path}'::text[] FROM history.entry e
     WHERE e.subject = subj AND e.row_id = (hstore(line) -> 'id')::bigint AND e.op = 'delete' ORDER BY e.id DESC LIMIT 1
  ), false)"""


def _said(language: str, before: str, after: str) -> str:
    return COMES_BACK.replace("{language}", language).replace("{body}", before + SELECTED + after)


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(_said("plpgsql", "BEGIN\n  RETURN ", ";\nEND"))


def downgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(_said("sql", "  SELECT ", ""))
