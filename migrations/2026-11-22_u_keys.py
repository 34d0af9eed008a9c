"""A row's key never changes; whoever writes names marks their streets."""

from alembic import op

from app.base.rewording import reword

revision = "2026_11_22_u_keys"
down_revision = "2026_11_22_r_repairs"

#: History joins what was to what is by the key: with another key a change would leave no entry.
_UPDATED = """  ELSE
    INSERT INTO history.entry (act, undoes, subject, row_id, op, before, after, person_id, via, territory)"""
_KEPT = """  ELSE
    IF EXISTS (SELECT FROM new_rows n WHERE NOT EXISTS (SELECT FROM old_rows o WHERE o.id = n.id)) THEN
      RAISE EXCEPTION 'the key of a row of % never changes', subj USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO history.entry (act, undoes, subject, row_id, op, before, after, person_id, via, territory)"""
#: A session plans these joins once, by the first change it makes, which has one row: of a later one with thousands each
#: would be compared with all.
JOINED = "ALTER FUNCTION history.record() SET enable_nestloop = off;"
#: Who undoes the writing of a name undoes the street's mark as it was made.
_WRITTEN = """    ELSE
      SELECT string_agg(format('%I = r.%I', k, k), ', ') INTO cols"""
_MARKED = """    ELSIF e.subject = 'inventory.street' AND akeys(e.before - 'version'::text) = '{state}' THEN
      PERFORM * FROM inventory.mark(ARRAY[e.row_id], e.before -> 'state');
    ELSE
      SELECT string_agg(format('%I = r.%I', k, k), ', ') INTO cols"""

MARK = """
-- A street's state as the naming station says it. Definer: a village's contact writes names for streets that are not
-- theirs to change otherwise, up to what is proposed; the rest is for who changes streets. All of them or none.
CREATE FUNCTION inventory.mark(streets bigint[], wanted text) RETURNS TABLE (street_id bigint, street_version bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  early constant text[] := '{unnamed,draft,proposed}';
  changing ltree := base.reach('inventory.street', 'change');
  writing ltree := CASE WHEN wanted = ANY (early) THEN base.reach('naming.proposal', 'create') END;
BEGIN
  IF EXISTS (SELECT FROM unnest(streets) u(id) LEFT JOIN inventory.street s ON s.id = u.id
              WHERE (s.territory <@ changing OR s.state = ANY (early) AND s.territory <@ writing) IS NOT TRUE) THEN
    RAISE EXCEPTION 'may not mark these streets' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY UPDATE inventory.street s SET state = wanted WHERE s.id = ANY (streets) AND s.state <> wanted
    RETURNING s.id, s.version;
END $$;
GRANT EXECUTE ON FUNCTION inventory.mark(bigint[], text) TO minglu_office;
"""


def upgrade() -> None:
    reword("history.record()", (_UPDATED, _KEPT))
    op.get_bind().connection.driver_connection.execute(JOINED + MARK)
    reword("history.undo(uuid)", (_WRITTEN, _MARKED))


def downgrade() -> None:
    reword("history.undo(uuid)", (_MARKED, _WRITTEN))
    op.get_bind().connection.driver_connection.execute("DROP FUNCTION inventory.mark(bigint[], text)")
    op.get_bind().connection.driver_connection.execute("ALTER FUNCTION history.record() RESET enable_nestloop")
    reword("history.record()", (_KEPT, _UPDATED))
