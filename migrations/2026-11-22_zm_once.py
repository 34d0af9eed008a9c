"""A report that is sent twice is one: the page gives each form a key of its own, and a report is made under it."""

from alembic import op

revision = "2026_11_22_zm_once"
down_revision = "2026_11_22_zm_marks"

WITH_KEY = """
DROP FUNCTION open.file_report(text, text, text, text, date);
-- A reader's report. At most 20 a sign and day, so that nobody can bury it. The contact is sealed at once, for 180 days.
-- ``sent`` is the form's key: the same words under it are the same report; other words, and the first contact, are another.
CREATE FUNCTION open.file_report(
  wanted text, what text, said text, contact text, today date, sent uuid DEFAULT NULL
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE place bigint; sign bigint; made uuid; sealed bigint; former scanning.report;
BEGIN
  SELECT s.division_id, s.id INTO place, sign FROM printing.code c JOIN planning.sign s ON s.id = c.sign_id
    JOIN open.sign_page p ON p.token = c.token WHERE c.token = wanted;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF sent IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('scanning.report ' || sent::text, 0));
    SELECT * INTO former FROM scanning.report r WHERE r.uid = sent;
    IF (former.sign_id, former.kind, former.words) = (sign, what, said)
       AND (btrim(coalesce(contact, '')) = '' OR former.contact_id IS NOT NULL) THEN RETURN sent; END IF;
    IF former.id IS NOT NULL THEN sent := NULL; END IF;
  END IF;
  IF (SELECT count(*) FROM scanning.report r WHERE r.sign_id = sign AND r.reported_on = today) >= 20 THEN
    RETURN NULL;
  END IF;
  IF btrim(coalesce(contact, '')) <> '' THEN
    sealed := base.seal_contact(place, 'report', left(btrim(contact), 200), today + 180);
  END IF;
  INSERT INTO scanning.report (uid, sign_id, division_id, kind, words, contact_id, reported_on)
  VALUES (coalesce(sent, base.uuid7()), sign, place, what, said, sealed, today) RETURNING uid INTO made;
  RETURN made;
END $$;
GRANT EXECUTE ON FUNCTION open.file_report(text, text, text, text, date, uuid) TO minglu_public;
"""
FORMER = """
DROP FUNCTION open.file_report(text, text, text, text, date, uuid);
CREATE FUNCTION open.file_report(wanted text, what text, said text, contact text, today date) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE place bigint; sign bigint; made uuid; sealed bigint;
BEGIN
  SELECT s.division_id, s.id INTO place, sign FROM printing.code c JOIN planning.sign s ON s.id = c.sign_id
    JOIN open.sign_page p ON p.token = c.token WHERE c.token = wanted;
  IF NOT FOUND OR (SELECT count(*) FROM scanning.report r WHERE r.sign_id = sign AND r.reported_on = today) >= 20 THEN
    RETURN NULL;
  END IF;
  IF btrim(coalesce(contact, '')) <> '' THEN
    sealed := base.seal_contact(place, 'report', left(btrim(contact), 200), today + 180);
  END IF;
  INSERT INTO scanning.report (sign_id, division_id, kind, words, contact_id, reported_on)
  VALUES (sign, place, what, said, sealed, today) RETURNING uid INTO made;
  RETURN made;
END $$;
GRANT EXECUTE ON FUNCTION open.file_report(text, text, text, text, date) TO minglu_public;
"""


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(WITH_KEY)


def downgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run(FORMER)
