"""By which columns a list of divisions was read; and what stood in a place that was split goes to the part it lies in."""

from alembic import op

from app.base.rewording import reword

revision = "2026_11_22_zb_lists"
down_revision = "2026_11_22_ze_left"

COLUMNS = "ALTER TABLE intake.edition ADD COLUMN columns JSONB DEFAULT '{}' NOT NULL"

#: Which rows of a table hang on streets: a query of their keys, the streets' as $1. What hangs on none (people, files
#: taken in, orders) stays with the part that leads. A post goes with its last sign, a facility with its last street.
PARTING = """
ALTER TABLE base.following ADD COLUMN of_street text;
UPDATE base.following f SET of_street = v.query FROM (VALUES
  ('inventory.street', 'SELECT unnest($1)'),
  ('inventory.street_segment', 'SELECT x.id FROM inventory.street_segment x WHERE x.street_id = ANY ($1)'),
  ('intake.segment', 'SELECT x.segment_id FROM inventory.street_segment x WHERE x.street_id = ANY ($1)'),
  ('inventory.scope_reason', 'SELECT x.id FROM inventory.scope_reason x WHERE x.street_id = ANY ($1)'),
  ('intake.facility', 'SELECT x.facility_id FROM inventory.scope_reason x GROUP BY 1
     HAVING bool_and(x.street_id = ANY ($1))'),
  ('naming.proposal', 'SELECT x.id FROM naming.proposal x WHERE x.street_id = ANY ($1)'),
  ('naming.finding', 'SELECT x.id FROM naming.finding x JOIN naming.proposal p ON p.id = x.proposal_id
     WHERE p.street_id = ANY ($1)'),
  ('naming.name', 'SELECT x.id FROM naming.name x WHERE x.street_id = ANY ($1)'),
  ('planning.sign', 'SELECT x.id FROM planning.sign x WHERE x.street_id = ANY ($1)'),
  ('planning.post', 'SELECT x.post_id FROM planning.sign x WHERE x.street_id = ANY ($1) AND NOT EXISTS (
     SELECT FROM planning.sign o WHERE o.post_id = x.post_id AND o.street_id <> ALL ($1))'),
  ('printing.code', 'SELECT x.id FROM printing.code x JOIN planning.sign g ON g.id = x.sign_id
     WHERE g.street_id = ANY ($1)'),
  ('rollout.job', 'SELECT x.id FROM rollout.job x JOIN planning.sign g ON g.id = x.sign_id
     WHERE g.street_id = ANY ($1)'),
  ('rollout.installation', 'SELECT x.id FROM rollout.installation x JOIN planning.sign g ON g.id = x.sign_id
     WHERE g.street_id = ANY ($1)'),
  ('rollout.inspection', 'SELECT x.id FROM rollout.inspection x JOIN rollout.installation i ON i.id = x.installation_id
     JOIN planning.sign g ON g.id = i.sign_id WHERE g.street_id = ANY ($1)'),
  ('base.file', 'SELECT i.photo_id FROM rollout.installation i JOIN planning.sign g ON g.id = i.sign_id
     WHERE g.street_id = ANY ($1)'),
  ('scanning.report', 'SELECT x.id FROM scanning.report x JOIN planning.sign g ON g.id = x.sign_id
     WHERE g.street_id = ANY ($1)'),
  ('base.contact', 'SELECT x.contact_id FROM scanning.report x JOIN planning.sign g ON g.id = x.sign_id
     WHERE g.street_id = ANY ($1)'),
  ('scanning.scan_count', 'SELECT x.id FROM scanning.scan_count x JOIN printing.code c ON c.id = x.code_id
     JOIN planning.sign g ON g.id = c.sign_id WHERE g.street_id = ANY ($1)')
) v (subject, query) WHERE v.subject = f.subject;

-- Streets (with all that hangs on them) or facilities that came from a place that was split go to one of its parts, as
-- if they had gone there on the day of the split. Definer, for the reason of base.follow: who may say what became of a
-- place need not be one who may change a crew's proof; that all its parts are hers to speak of is asked first.
CREATE FUNCTION base.part(old bigint, part bigint, what text, things bigint[]) RETURNS integer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  f base.following; tbl regclass; marked text; n integer; moved integer := 0;
  parts bigint[] := (SELECT array_agg(s.division_id) FROM base.succession s
                      WHERE s.predecessor_id = old AND s.division_id <> old AND s.kind = 'split');
BEGIN
  IF (part = ANY (parts)) IS NOT TRUE OR what NOT IN ('inventory.street', 'intake.facility') OR EXISTS (
       SELECT FROM base.division d WHERE d.id = ANY (parts || old) AND (base.actor() IS NOT NULL OR session_user = 'minglu_office')
          AND (d.path <@ base.reach('base.succession', 'create')) IS NOT TRUE) OR EXISTS (
       SELECT FROM unnest(things) t WHERE NOT EXISTS (SELECT FROM base.followed w WHERE w.subject = what
          AND w.row_id = t AND w.predecessor_id = old AND w.division_id = ANY (parts))) THEN
    RAISE insufficient_privilege USING MESSAGE = 'may not place this there';
  END IF;
  FOR f IN SELECT * FROM base.following x WHERE x.subject = what OR (what = 'inventory.street'
             AND x.of_street IS NOT NULL) ORDER BY x.subject LOOP
    tbl := (quote_ident(split_part(f.subject, '.', 1)) || '.' || quote_ident(split_part(f.subject, '.', 2)))::regclass;
    marked := '';
    IF f.mark IS NOT NULL THEN
      marked := format(', %1$I = CASE WHEN EXISTS (SELECT FROM %2$s o WHERE o.division_id = $2 AND o.%1$I = t.%1$I)
        THEN t.%1$I || ''#'' || t.id ELSE t.%1$I END', f.mark, tbl);
    END IF;
    EXECUTE format('WITH came AS (UPDATE %s t SET division_id = $2%s WHERE t.id IN (%s) AND t.division_id = ANY ($3)
        AND t.division_id <> $2 RETURNING t.id), told AS (
        UPDATE base.followed w SET division_id = $2 FROM came WHERE w.subject = $4 AND w.row_id = came.id
           AND w.predecessor_id = $5 AND w.division_id <> $2)
      SELECT count(*) FROM came', tbl, marked, CASE f.subject WHEN what THEN 'SELECT unnest($1)' ELSE f.of_street END)
      INTO n USING things, part, parts, f.subject, old;
    moved := moved + CASE f.subject WHEN what THEN n ELSE 0 END;
  END LOOP;
  RETURN moved;
END $$;
GRANT EXECUTE ON FUNCTION base.part(bigint, bigint, text, bigint[]) TO minglu_office;
"""

#: An act that only placed what a split left can be taken back like the split itself: nobody else writes base.followed.
_BACK = "base.take_back_succession(uuid)"
_CONFIRMED = "EXISTS (SELECT FROM intake.change c WHERE c.in_act = wanted AND c.state = 'confirmed')"
TOLD = (
    f"NOT {_CONFIRMED} OR EXISTS (",
    (
        f"NOT ({_CONFIRMED} OR EXISTS (SELECT FROM history.entry x"
        " WHERE x.act = wanted AND x.subject = 'base.followed' AND x.op = 'update')) OR EXISTS ("
    ),
)

GONE = """
DROP FUNCTION base.part(bigint, bigint, text, bigint[]);
ALTER TABLE base.following DROP COLUMN of_street;
ALTER TABLE intake.edition DROP COLUMN columns;
"""


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(COLUMNS)
    run(PARTING)
    reword(_BACK, TOLD)


def downgrade() -> None:
    reword(_BACK, (TOLD[1], TOLD[0]))
    op.get_bind().connection.driver_connection.execute(GONE)
