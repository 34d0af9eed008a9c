"""What a row points at lies in its own line, or within the reach of who writes it; whose history is whose."""

from alembic import op

revision = "2026_11_22_o_lines"
down_revision = "2026_11_22_n_columns"

#: A foreign key asks whether a row is there, not whose it is, and a policy looks at the row alone that is written. So
#: nobody could read a foreign county's sign, and yet could have given it a job, a code or a name.
LINES = """
CREATE FUNCTION base.keep_in_line() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  mine ltree := (SELECT p.territory FROM base.person p WHERE p.id = base.actor());
  changed text := CASE TG_OP WHEN 'UPDATE' THEN
    'JOIN stale o ON o.id = n.id AND (o.division_id IS DISTINCT FROM n.division_id OR o.%1$I IS DISTINCT FROM n.%1$I)'
    ELSE '' END;
  strays boolean;
BEGIN
  IF mine IS NULL THEN RETURN NULL; END IF;  -- the owner, and functions that nobody signed in calls
  IF TG_OP = 'INSERT' THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM fresh n WHERE NOT n.territory <@ $1)' INTO strays USING mine;
  END IF;
  FOR i IN 0 .. TG_NARGS - 1 BY 2 LOOP
    EXIT WHEN strays;
    EXECUTE format(
      'SELECT EXISTS (SELECT FROM fresh n ' || changed || ' JOIN %2$s r ON r.id = n.%1$I WHERE NOT'
      ' (r.territory <@ $1 OR r.territory <@ n.territory OR n.territory <@ r.territory))', TG_ARGV[i], TG_ARGV[i + 1])
      INTO strays USING mine;
  END LOOP;
  IF strays THEN
    RAISE insufficient_privilege USING MESSAGE = format('%s.%s points out of its territory', TG_TABLE_SCHEMA, TG_TABLE_NAME);
  END IF;
  RETURN NULL;
END $$;

-- For a table with a territory: each of its keys that points at another such table is kept in line.
CREATE PROCEDURE base.bind(tbl regclass) LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  pairs text := (
    SELECT string_agg(format('%L, %L', a.attname, c.confrelid::regclass), ', ' ORDER BY a.attnum)
      FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
     WHERE c.conrelid = tbl AND c.contype = 'f' AND cardinality(c.conkey) = 1
       AND EXISTS (SELECT FROM pg_attribute r WHERE r.attrelid = c.confrelid AND r.attname = 'territory'));
BEGIN
  EXECUTE format('CREATE TRIGGER y_line_new AFTER INSERT ON %s REFERENCING NEW TABLE AS fresh
                  FOR EACH STATEMENT EXECUTE FUNCTION base.keep_in_line(%s)', tbl, pairs);
  EXECUTE format('CREATE TRIGGER y_line_moved AFTER UPDATE ON %s REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
                  FOR EACH STATEMENT EXECUTE FUNCTION base.keep_in_line(%s)', tbl, pairs);
END $$;
"""
# A person's row is read by fewer than other rows, and so is its history. A record's history goes with the record: who
# reads it where it stands now reads all of it, wherever it stood before.
HISTORY = """
DROP POLICY office_read ON history.entry;
CREATE POLICY office_read ON history.entry FOR SELECT TO minglu_office
  USING (person_id = (SELECT base.actor())
         OR (territory <@ (SELECT base.reach('history.entry', 'read'))
             AND (subject <> 'base.person' OR territory <@ (SELECT base.reach('base.person', 'read'))
                  OR row_id = (SELECT base.actor())))
         OR (territory = '' AND nlevel((SELECT base.reach('history.entry', 'read'))) = 1));
CREATE FUNCTION history.of_record(subj text, record bigint, most integer) RETURNS SETOF history.entry
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  place text := (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = to_regclass(subj)
                  AND a.attname = CASE subj WHEN 'base.division' THEN 'path' ELSE 'territory' END);
  here ltree;
BEGIN
  IF place IS NOT NULL THEN
    EXECUTE format('SELECT %I FROM %s WHERE id = $1', place, to_regclass(subj)) INTO here USING record;
  END IF;
  RETURN QUERY SELECT e.* FROM history.entry e WHERE e.subject = subj AND e.row_id = record
    AND (e.person_id = base.actor() OR (subj = 'base.person' AND record = base.actor())
         OR ((here <@ base.reach(subj, 'read') OR subj NOT IN ('base.person', 'base.contact'))
             AND (here <@ base.reach('history.entry', 'read') OR e.territory <@ base.reach('history.entry', 'read'))))
    ORDER BY e.id DESC LIMIT most;
END $$;
GRANT EXECUTE ON FUNCTION history.of_record(text, bigint, integer) TO minglu_office;
"""
BEFORE = """
DROP FUNCTION history.of_record(text, bigint, integer);
DROP POLICY office_read ON history.entry;
CREATE POLICY office_read ON history.entry FOR SELECT TO minglu_office
  USING (person_id = (SELECT base.actor()) OR territory <@ (SELECT base.reach('history.entry', 'read'))
         OR (territory = '' AND nlevel((SELECT base.reach('history.entry', 'read'))) = 1));
"""
TABLES = (
    *("base.file", "milestones.batch", "milestones.batch_village", "intake.intake", "intake.intake_row"),
    *("intake.segment", "intake.facility", "inventory.scope_reason", "inventory.street_segment"),
    *("naming.decision", "naming.deadline", "naming.proposal", "naming.finding", "naming.name"),
    *("planning.sign", "printing.order", "printing.code", "printing.order_line"),
    *("rollout.job", "rollout.installation", "rollout.inspection", "scanning.report", "scanning.scan_count"),
)


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(LINES)
    run(HISTORY)
    for table in TABLES:
        schema, _, name = table.partition(".")
        run(f"CALL base.bind('{schema}.\"{name}\"')")


def downgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(BEFORE)
    run("DROP PROCEDURE base.bind(regclass)")
    run("DROP FUNCTION base.keep_in_line() CASCADE")
