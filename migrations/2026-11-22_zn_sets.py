"""What an act did is taken back, and brought back, by sets of rows: one statement for many, not one for each."""

from alembic import op

from app.base.rewording import reword

revision = "2026_11_22_zn_sets"
down_revision = "2026_11_22_zm_once"

#: Each of a row's own entries is found by the index of rows. In the order of all entries (the planner sees through a
#: longer ORDER BY) it looked through what the undo itself had written: 0.8 ms a row.
_BY_ALL = """FROM history.entry e
     WHERE e.subject = subj AND e.row_id = (whole -> 'id')::bigint AND e.op = 'delete' \
ORDER BY e.subject DESC, e.row_id DESC, e.id DESC LIMIT 1"""
_BY_ROW = """FROM (
      SELECT x.id, x.before FROM history.entry x
       WHERE x.subject = subj AND x.row_id = (whole -> 'id')::bigint AND x.op = 'delete' OFFSET 0) e
     ORDER BY e.id DESC LIMIT 1"""
_BACK = "history.comes_back(text,anyelement)"

SETS = """
-- The subject of an entry of one's own act, of these, whose row somebody changed after it; null where there is none.
-- Definer: it may have been somebody whose history the person may not read.
CREATE FUNCTION history.overtaken(wanted uuid, oldest bigint, newest bigint) RETURNS text LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT e.subject FROM (SELECT * FROM history.entry x WHERE x.id BETWEEN oldest AND newest OFFSET 0) e
   WHERE e.act = wanted AND e.person_id = (SELECT base.actor()) AND EXISTS (
     SELECT FROM history.entry later WHERE later.subject = e.subject AND later.row_id = e.row_id AND later.id > e.id
        AND later.act IS DISTINCT FROM wanted
        AND later.act IS DISTINCT FROM nullif(current_setting('minglu.act', true), '')::uuid OFFSET 0) LIMIT 1
$$;
-- Rows of one table as they were before these entries, all of one kind, newest first; how many. Of several changes of a
-- row the newest goes first. As the person who asks and within their rights: all of the rows, or an error.
CREATE FUNCTION history.put_back(subj text, made text, entries bigint[]) RETURNS integer LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC'
SET extra_float_digits = 1 AS $$
DECLARE tbl regclass := subj::regclass; cols text; part record; touched integer; n integer := 0;
BEGIN
  IF made = 'insert' THEN
    EXECUTE format('DELETE FROM %s WHERE id = ANY ($1)', tbl)
      USING ARRAY(SELECT e.row_id FROM history.entry e WHERE e.id = ANY (entries));
    GET DIAGNOSTICS n = ROW_COUNT;
  ELSIF made = 'delete' THEN
    SELECT string_agg(format('%I', attname), ', r.' ORDER BY attnum) INTO cols FROM pg_attribute
     WHERE attrelid = tbl AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT r.%3$s FROM history.entry e,
                    populate_record(NULL::%1$s, e.before) r WHERE e.id = ANY ($1) ORDER BY e.id DESC',
                   tbl, replace(cols, ', r.', ', '), cols) USING entries;
    GET DIAGNOSTICS n = ROW_COUNT;
  ELSE
    FOR part IN
      SELECT c.nth, c.keys, c.state, array_agg(c.id) AS ids, array_agg(c.row_id) AS rows FROM (
        SELECT e.id, e.row_id, row_number() OVER (PARTITION BY e.row_id ORDER BY e.id DESC) AS nth,
               akeys(e.before - 'version'::text) AS keys,
               CASE WHEN subj = 'inventory.street' AND akeys(e.before - 'version'::text) = '{state}'
                 THEN e.before -> 'state' END AS state
          FROM history.entry e WHERE e.id = ANY (entries)) c
       GROUP BY c.nth, c.keys, c.state ORDER BY c.nth, max(c.id) DESC
    LOOP
      IF part.state IS NOT NULL THEN  -- who undoes the writing of names undoes the streets' marks as they were made
        PERFORM * FROM inventory.mark(part.rows, part.state);
      ELSE
        SELECT string_agg(format('%1$I = r.%1$I', k), ', ') INTO cols FROM unnest(part.keys) k;
        EXECUTE format('UPDATE %1$s t SET %2$s FROM history.entry e, populate_record(NULL::%1$s, e.before) r
                         WHERE e.id = ANY ($1) AND t.id = e.row_id', tbl, cols) USING part.ids;
      END IF;
      GET DIAGNOSTICS touched = ROW_COUNT;
      n := n + touched;
    END LOOP;
  END IF;
  IF n <> cardinality(entries) THEN RAISE EXCEPTION '%', subj USING ERRCODE = 'UN003'; END IF;
  RETURN n;
END $$;
-- Take back what an act did from one of its entries up to another, newest first, as the person who asks and within their
-- rights (security invoker); how many rows. What follows each other in one table is one set. Where rows exchanged what is
-- there once only, they go one by one, as they came. A row that somebody changed since stands in the way; it is asked
-- again at the end, when the rows are locked: what somebody changed meanwhile is not written over.
CREATE FUNCTION history.undo(wanted uuid, oldest bigint, newest bigint) RETURNS integer LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE part record; one bigint; subj text; n integer := 0;
BEGIN
  SELECT e.subject INTO subj FROM history.entry e WHERE e.id BETWEEN oldest AND newest AND e.act = wanted
     AND NOT EXISTS (SELECT FROM history.undoable u WHERE u.subject = e.subject) LIMIT 1;
  IF FOUND THEN RAISE EXCEPTION '%', subj USING ERRCODE = 'UN001'; END IF;
  subj := history.overtaken(wanted, oldest, newest);
  IF subj IS NOT NULL THEN RAISE EXCEPTION '%', subj USING ERRCODE = 'UN002'; END IF;
  FOR part IN
    SELECT p.subject, p.op, array_agg(p.id ORDER BY p.id DESC) AS ids FROM (
      SELECT t.*, count(*) FILTER (WHERE t.turns) OVER (ORDER BY t.id DESC) AS nth FROM (
        SELECT e.id, e.subject, e.op, (e.subject, e.op) IS DISTINCT FROM (lag(e.subject) OVER w, lag(e.op) OVER w) AS turns
          FROM (SELECT * FROM history.entry x WHERE x.id BETWEEN oldest AND newest OFFSET 0) e
         WHERE e.act = wanted WINDOW w AS (ORDER BY e.id DESC)) t) p
     GROUP BY p.nth, p.subject, p.op ORDER BY p.nth
  LOOP
    BEGIN
      n := n + history.put_back(part.subject, part.op, part.ids);
    EXCEPTION WHEN unique_violation OR exclusion_violation THEN
      IF cardinality(part.ids) = 1 THEN RAISE; END IF;
      FOREACH one IN ARRAY part.ids LOOP
        n := n + history.put_back(part.subject, part.op, ARRAY[one]);
      END LOOP;
    END;
  END LOOP;
  subj := history.overtaken(wanted, oldest, newest);
  IF subj IS NOT NULL THEN RAISE EXCEPTION '%', subj USING ERRCODE = 'UN002'; END IF;
  RETURN n;
END $$;
GRANT EXECUTE ON FUNCTION history.overtaken(uuid, bigint, bigint), history.put_back(text, text, bigint[]),
  history.undo(uuid, bigint, bigint) TO minglu_office;
DROP FUNCTION history.undo(uuid);
REVOKE EXECUTE ON FUNCTION history.changed_since(history.entry) FROM minglu_office;
-- A row made by a person was learned of in the transaction that makes it; one put back, when it was first made. All rows
-- of a statement are asked about at once.
CREATE OR REPLACE FUNCTION base.keep_moment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC'
SET extra_float_digits = 1 SET bytea_output = 'hex' AS $$
DECLARE subj constant text := TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME;
BEGIN
  IF EXISTS (SELECT FROM fresh n WHERE n.recorded_at IS DISTINCT FROM now()) AND base.actor() IS NOT NULL AND EXISTS (
       SELECT FROM fresh n WHERE n.recorded_at IS DISTINCT FROM now() AND (hstore(n) - '{territory,path}'::text[] = (
         SELECT e.before - '{territory,path}'::text[] FROM (
           SELECT x.id, x.before FROM history.entry x
            WHERE x.subject = subj AND x.row_id = n.id AND x.op = 'delete' OFFSET 0) e
          ORDER BY e.id DESC LIMIT 1)) IS NOT TRUE) THEN
    RAISE insufficient_privilege USING MESSAGE = format('%s: the moment we learned it is that of its making', subj);
  END IF;
  RETURN NULL;
END $$;
"""
ROWS = """
CREATE OR REPLACE FUNCTION base.keep_moment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF base.actor() IS NOT NULL AND NOT history.comes_back(TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, NEW) THEN
    RAISE insufficient_privilege USING MESSAGE = format('%s.%s: the moment we learned it is that of its making',
      TG_TABLE_SCHEMA, TG_TABLE_NAME);
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION history.undo(wanted uuid) RETURNS integer LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC'
SET extra_float_digits = 1 AS $$
DECLARE e history.entry; cols text; touched integer; n integer := 0;
BEGIN
  FOR e IN SELECT * FROM history.entry WHERE act = wanted ORDER BY id DESC LOOP
    IF NOT EXISTS (SELECT 1 FROM history.undoable u WHERE u.subject = e.subject) THEN
      RAISE EXCEPTION '%', e.subject USING ERRCODE = 'UN001';
    END IF;
    IF history.changed_since(e) THEN
      RAISE EXCEPTION '%', e.subject USING ERRCODE = 'UN002';
    END IF;
    IF e.op = 'insert' THEN
      EXECUTE format('DELETE FROM %s WHERE id = $1', e.subject::regclass) USING e.row_id;
    ELSIF e.op = 'delete' THEN
      SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO cols FROM pg_attribute
       WHERE attrelid = e.subject::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
      EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM populate_record(NULL::%s, $1)',
                     e.subject::regclass, cols, cols, e.subject::regclass) USING e.before;
    ELSIF e.subject = 'inventory.street' AND akeys(e.before - 'version'::text) = '{state}' THEN
      PERFORM * FROM inventory.mark(ARRAY[e.row_id], e.before -> 'state');
    ELSE
      SELECT string_agg(format('%I = r.%I', k, k), ', ') INTO cols FROM skeys(e.before - 'version'::text) k;
      EXECUTE format('UPDATE %s t SET %s FROM populate_record(NULL::%s, $1) r WHERE t.id = $2',
                     e.subject::regclass, cols, e.subject::regclass) USING e.before, e.row_id;
    END IF;
    GET DIAGNOSTICS touched = ROW_COUNT;
    IF touched <> 1 THEN RAISE EXCEPTION '%', e.subject USING ERRCODE = 'UN003'; END IF;
    n := n + 1;
  END LOOP;
  RETURN n;
END $$;
GRANT EXECUTE ON FUNCTION history.undo(uuid), history.changed_since(history.entry) TO minglu_office;
DROP FUNCTION history.undo(uuid, bigint, bigint), history.put_back(text, text, bigint[]),
  history.overtaken(uuid, bigint, bigint);
"""
#: For each table whose rows keep what they were born with, and by base.bear for those to come.
_EACH_ROW = (
    "CREATE TRIGGER x_born AFTER INSERT ON %s FOR EACH ROW WHEN\n"
    "                    (NEW.recorded_at IS DISTINCT FROM now()) EXECUTE FUNCTION base.keep_moment()"
)
_EACH_STATEMENT = (
    "CREATE TRIGGER x_born AFTER INSERT ON %s REFERENCING NEW TABLE AS fresh\n"
    "                    FOR EACH STATEMENT EXECUTE FUNCTION base.keep_moment()"
)
EACH = """
DO $$
DECLARE tbl regclass;
BEGIN
  FOR tbl IN SELECT t.tgrelid::regclass FROM pg_trigger t WHERE t.tgname = 'x_born' ORDER BY t.tgrelid LOOP
    EXECUTE format('DROP TRIGGER x_born ON %s', tbl);
    EXECUTE format('{trigger}', tbl);
  END LOOP;
END $$;
"""


def _bear(old: str, new: str) -> None:
    op.get_bind().connection.driver_connection.execute(EACH.replace("{trigger}", new))
    reword("base.bear(regclass)", (old, new))


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(SETS)
    reword(_BACK, (_BY_ALL, _BY_ROW))
    _bear(_EACH_ROW, _EACH_STATEMENT)


def downgrade() -> None:
    _bear(_EACH_STATEMENT, _EACH_ROW)
    reword(_BACK, (_BY_ROW, _BY_ALL))
    op.get_bind().connection.driver_connection.execute(ROWS)
