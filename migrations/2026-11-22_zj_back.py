"""What an undo puts back is recognised by a plan that is kept, and by the index of the row's own entries.

Planning anew took longer than the looking, row by row; and in the order of the entries alone the planner looked through
all that the undo itself had written, so that bringing back 7,500 rows took 40 seconds.
"""

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


OF_THE_ROW = ("ORDER BY e.id DESC", "ORDER BY e.subject DESC, e.row_id DESC, e.id DESC")


def _said(language: str, body: str) -> str:
    return COMES_BACK.replace("{language}", language).replace("{body}", body)


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    once = SELECTED.replace(*OF_THE_ROW).replace("hstore(line)", "whole")
    run(_said("plpgsql", "DECLARE whole constant hstore := hstore(line);\nBEGIN\n  RETURN " + once + ";\nEND"))


def downgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(_said("sql", "  SELECT " + SELECTED))
