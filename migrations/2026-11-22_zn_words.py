"""A decided name stays what was decided: its words, spelling and decision change by a new decision alone (Reg. 8, 12)."""

from alembic import op

revision = "2026_11_22_zn_words"
down_revision = "2026_11_22_zn_sets"

KEPT = """
CREATE FUNCTION naming.keep_words() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE insufficient_privilege USING MESSAGE = 'a name is changed by a new decision';
END $$;
CREATE TRIGGER x_words BEFORE UPDATE OF street_id, proposal_id, decision_id, origin, words, specific, generic, latin_toned,
    latin_plain, latin_sign, sound_toned, sound_plain, meaning, in_force_on ON naming.name FOR EACH ROW
  WHEN (base.actor() IS NOT NULL AND (OLD.street_id, OLD.proposal_id, OLD.decision_id, OLD.origin, OLD.words, OLD.specific,
    OLD.generic, OLD.latin_toned, OLD.latin_plain, OLD.latin_sign, OLD.sound_toned, OLD.sound_plain, OLD.meaning,
    OLD.in_force_on) IS DISTINCT FROM (NEW.street_id, NEW.proposal_id, NEW.decision_id, NEW.origin, NEW.words,
    NEW.specific, NEW.generic, NEW.latin_toned, NEW.latin_plain, NEW.latin_sign, NEW.sound_toned, NEW.sound_plain,
    NEW.meaning, NEW.in_force_on))
  EXECUTE FUNCTION naming.keep_words();
"""


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(KEPT)


def downgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run("DROP TRIGGER x_words ON naming.name")
    run("DROP FUNCTION naming.keep_words()")
