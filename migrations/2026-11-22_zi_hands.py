"""Whose hand and which moment a row bears is settled when it is made: an undo brings back rows whole, or not at all."""

from alembic import op

from app.base.rewording import reword

revision = "2026_11_22_zi_hands"
down_revision = "2026_11_22_zh_places"

SETTLED = """
-- Whether a row is one that was removed, as it was then: only its place in the tree may be another. Definer: the history
-- of a row may be closed to who undoes their own change to it.
CREATE FUNCTION history.comes_back(subj text, line anyelement) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC'
SET extra_float_digits = 1 SET bytea_output = 'hex' AS $$
  SELECT coalesce((
    SELECT e.before - '{territory,path}'::text[] = hstore(line) - '{territory,path}'::text[] FROM history.entry e
     WHERE e.subject = subj AND e.row_id = (hstore(line) -> 'id')::bigint AND e.op = 'delete' ORDER BY e.id DESC LIMIT 1
  ), false)
$$;
-- Who a row says did it is who makes it, and it stays so. An undo puts a removed row back with the hand that it bore.
CREATE OR REPLACE FUNCTION base.keep_signed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  subj text := TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME;
  hand bigint := (to_jsonb(NEW) ->> TG_ARGV[0])::bigint;
  me bigint := base.actor();
BEGIN
  IF me IS NULL THEN RETURN NULL; END IF;
  IF TG_OP = 'INSERT' THEN
    IF hand IS NULL OR hand = me OR history.comes_back(subj, NEW) THEN RETURN NULL; END IF;
  ELSIF hand IS NOT DISTINCT FROM (to_jsonb(OLD) ->> TG_ARGV[0])::bigint THEN
    RETURN NULL;
  END IF;
  RAISE insufficient_privilege USING MESSAGE = format('%s.%s is signed by somebody else', TG_TABLE_SCHEMA, TG_TABLE_NAME);
END $$;
-- An answer to a finding is given by who acts. A finding that is found again brings along the answer to the same words;
-- an undo brings back an answer as it once stood: its words, its hand and its day together.
CREATE FUNCTION naming.keep_answered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC' AS $$
DECLARE
  answer constant text[] := '{waiver,waived_by,waived_on}';
  wanted hstore := slice(hstore(NEW), answer);
  stood hstore;
  was hstore;
BEGIN
  IF base.actor() IS NULL OR NEW.waived_by = base.actor() OR NEW.waiver IS NULL AND NEW.waived_by IS NULL THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF history.comes_back('naming.finding', NEW) OR EXISTS (
         SELECT FROM naming.finding f WHERE f.proposal_id = NEW.proposal_id AND f.id <> NEW.id AND f.rule = NEW.rule
            AND f.message = NEW.message AND f."values" = NEW."values" AND slice(hstore(f), answer) = wanted) THEN
      RETURN NULL;
    END IF;
  ELSE
    stood := slice(hstore(OLD), answer);
    FOR was IN SELECT e.before FROM history.entry e WHERE e.subject = 'naming.finding' AND e.row_id = NEW.id
                  AND e.op = 'update' ORDER BY e.id DESC LOOP
      stood := stood || slice(was, answer);
      IF stood = wanted THEN RETURN NULL; END IF;
    END LOOP;
  END IF;
  RAISE insufficient_privilege USING MESSAGE = 'naming.finding is answered by somebody else';
END $$;
DROP TRIGGER x_signed ON naming.finding;
CREATE TRIGGER x_signed AFTER INSERT ON naming.finding FOR EACH ROW
  WHEN (NEW.waiver IS NOT NULL OR NEW.waived_by IS NOT NULL) EXECUTE FUNCTION naming.keep_answered();
CREATE TRIGGER x_resigned AFTER UPDATE OF waiver, waived_by, waived_on ON naming.finding FOR EACH ROW
  WHEN ((OLD.waiver, OLD.waived_by, OLD.waived_on) IS DISTINCT FROM (NEW.waiver, NEW.waived_by, NEW.waived_on))
  EXECUTE FUNCTION naming.keep_answered();
-- A row made by a person was learned of in the transaction that makes it; one put back, when it was first made.
CREATE FUNCTION base.keep_moment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF base.actor() IS NOT NULL AND NOT history.comes_back(TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, NEW) THEN
    RAISE insufficient_privilege USING MESSAGE = format('%s.%s: the moment we learned it is that of its making',
      TG_TABLE_SCHEMA, TG_TABLE_NAME);
  END IF;
  RETURN NULL;
END $$;
"""
#: For each table whose rows keep what they were born with, and by base.bear for those to come.
_MOMENT = (
    "CREATE TRIGGER x_born AFTER INSERT ON %s FOR EACH ROW WHEN\n"
    "                    (NEW.recorded_at IS DISTINCT FROM now()) EXECUTE FUNCTION base.keep_moment()"
)
_BORN = "EXECUTE FUNCTION base.keep_born()', tbl);"
_BORN_NOW = f"{_BORN}\n    EXECUTE format('{_MOMENT}', tbl);"
EACH = """
DO $$
DECLARE tbl regclass;
BEGIN
  FOR tbl IN SELECT t.tgrelid::regclass FROM pg_trigger t WHERE t.tgname = 'b_born' ORDER BY t.tgrelid LOOP
    EXECUTE format('{statement}', tbl);
  END LOOP;
END $$;
"""
NOWHERE = "ALTER TABLE base.setting ADD CONSTRAINT ck_setting_territory CHECK (territory = ''::ltree);"

GONE = """
ALTER TABLE base.setting DROP CONSTRAINT ck_setting_territory;
DROP FUNCTION base.keep_moment();
DROP TRIGGER x_resigned ON naming.finding;
DROP TRIGGER x_signed ON naming.finding;
DROP FUNCTION naming.keep_answered();
CREATE OR REPLACE FUNCTION base.keep_signed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
CREATE TRIGGER x_signed AFTER UPDATE OF waiver, waived_by ON naming.finding FOR EACH ROW
  WHEN (NEW.waived_by IS DISTINCT FROM OLD.waived_by OR NEW.waiver IS DISTINCT FROM OLD.waiver) EXECUTE FUNCTION base.keep_signed('waived_by');
DROP FUNCTION history.comes_back(text, anyelement);
"""


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(SETTLED)
    run(EACH.format(statement=_MOMENT))
    run(NOWHERE)
    reword("base.bear(regclass)", (_BORN, _BORN_NOW))


def downgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    reword("base.bear(regclass)", (_BORN_NOW, _BORN))
    run(EACH.format(statement="DROP TRIGGER x_born ON %s"))
    run(GONE)
