"""What a fresh eye found open: rows put into the history, neighbours' drafts by the list, a row's birth rewritten."""

from alembic import op

from app.base.rewording import reword

revision = "2026_11_22_zd_closer"
down_revision = "2026_11_22_z_signed"

#: An entry's transaction had not ended when the block before its own was sealed, or that block would hold it. After a
#: restore on another server transaction numbers begin again, and so does the horizon: such a block is told, once.
_LATE = """
  SELECT l.block, e.id, e.subject, e.row_id
    FROM history.entry e LEFT JOIN"""
_LATE_OR_EARLY = """
  SELECT l.block, e.id, e.subject, e.row_id
    FROM history.leaf l JOIN history.entry e ON e.id = l.entry_id
    JOIN history.block b ON b.number = l.block JOIN history.block p ON p.number = b.number - 1
   WHERE e.tx < p.horizon AND p.horizon <= b.horizon
  UNION
  SELECT l.block, e.id, e.subject, e.row_id
    FROM history.entry e LEFT JOIN"""
#: The sealing transaction writes no entries: one of its number was put in.
_SEALED = "b.tx < e.tx ORDER BY"
_SEALED_TOO = "b.tx <= e.tx ORDER BY"
_FOUND = """  UNION ALL
  SELECT 'truncated',"""
_FOUND_ALSO = """  UNION ALL
  SELECT 'inserted', l.block, l.entry_id, e.subject, e.row_id FROM history.leaf l
    LEFT JOIN history.entry e ON e.id = l.entry_id
   WHERE NOT EXISTS (SELECT 1 FROM chain c WHERE c.number = l.block)
  UNION ALL
  SELECT 'restarted', c.number, NULL, NULL, NULL FROM chain c JOIN chain p ON p.number = c.number - 1
   WHERE c.horizon < p.horizon
  UNION ALL
  SELECT 'truncated',"""

#: Names in force are everybody's to read, proposals are not: whoever may not read those of a village asks nothing there.
_AROUND = "FROM base.division WHERE id = village AND base.actor() IS NOT NULL)"
_AROUND_MINE = (
    "FROM base.division WHERE id = village\n      AND path <@ (SELECT base.reach('naming.proposal', 'read')))"
)
_NAMESAKES = "     WHERE base.actor() IS NOT NULL\n  )"
_NAMESAKES_MINE = "     WHERE d.path <@ (SELECT base.reach('naming.proposal', 'read'))\n  )"

BORN = """
CREATE FUNCTION base.keep_born() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF base.actor() IS NOT NULL THEN
    RAISE insufficient_privilege USING MESSAGE = format('%s.%s: its uid and the moment we learned it never change',
      TG_TABLE_SCHEMA, TG_TABLE_NAME);
  END IF;
  RETURN NEW;
END $$;
CREATE PROCEDURE base.bear(tbl regclass) LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF 2 = (SELECT count(*) FROM pg_attribute WHERE attrelid = tbl AND NOT attisdropped
             AND attname IN ('uid', 'recorded_at')) THEN
    EXECUTE format('CREATE TRIGGER b_born BEFORE UPDATE OF uid, recorded_at ON %s FOR EACH ROW WHEN
                    (OLD.uid IS DISTINCT FROM NEW.uid OR OLD.recorded_at IS DISTINCT FROM NEW.recorded_at)
                    EXECUTE FUNCTION base.keep_born()', tbl);
  END IF;
END $$;
DO $$
DECLARE tbl regclass;
BEGIN
  FOR tbl IN SELECT c.oid::regclass FROM pg_class c WHERE c.relkind = 'r'
              AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) ORDER BY c.oid LOOP
    CALL base.bear(tbl);
  END LOOP;
END $$;
-- Everybody says in which language they are spoken to. Definer: not everybody's role changes people, themselves or not.
CREATE FUNCTION base.speak(wanted text) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE base.person SET language = $1 WHERE id = base.actor()
$$;
GRANT EXECUTE ON FUNCTION base.speak(text) TO minglu_office;
CREATE TRIGGER x_signed AFTER INSERT OR UPDATE OF owner_id ON base.file FOR EACH ROW
  EXECUTE FUNCTION base.keep_signed('owner_id');
"""
_WATCHED = "  CALL history.watch(tbl, hidden, place);"
_BORN_AND_WATCHED = "  CALL base.bear(tbl);\n" + _WATCHED

UNBORN = """
DROP TRIGGER x_signed ON base.file;
DROP FUNCTION base.speak(text);
DROP PROCEDURE base.bear(regclass);
DROP FUNCTION base.keep_born() CASCADE;
"""
_PROTECT = "base.protect(regclass, text[], text[], text, text, text[])"
_REWORDED = (
    ("history.put_in()", _LATE, _LATE_OR_EARLY),
    ("history.put_in()", _SEALED, _SEALED_TOO),
    ("history.verify(bigint[], text[])", _FOUND, _FOUND_ALSO),
    ("naming.around(bigint)", _AROUND, _AROUND_MINE),
    ("naming.namesakes(bigint[], text[], bigint[], text[])", _NAMESAKES, _NAMESAKES_MINE),
    (_PROTECT, _WATCHED, _BORN_AND_WATCHED),
)


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(BORN)
    for function, old, new in _REWORDED:
        reword(function, (old, new))


def downgrade() -> None:
    for function, old, new in _REWORDED:
        reword(function, (new, old))
    op.get_bind().connection.driver_connection.execute(UNBORN)
