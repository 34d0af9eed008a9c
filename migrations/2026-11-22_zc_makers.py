"""No order is released without a maker, and who named one may take it back."""

from alembic import op

revision = "2026_11_22_zc_makers"
down_revision = "2026_11_22_zf_judging"

MAKERS = """
-- What was released without a maker before stays as it is until its next change, which has to name one.
ALTER TABLE printing."order" ADD CONSTRAINT ck_order_maker CHECK (state = 'draft' OR maker_id IS NOT NULL) NOT VALID;
DO $$ BEGIN
  ALTER TABLE printing."order" VALIDATE CONSTRAINT ck_order_maker;
EXCEPTION WHEN check_violation THEN
  RAISE NOTICE 'an order was released without a maker: name one on its page';
END $$;
INSERT INTO history.undoable VALUES ('printing.order'), ('printing.order_line');
"""

NO_MAKERS = """
DELETE FROM history.undoable WHERE subject IN ('printing.order', 'printing.order_line');
ALTER TABLE printing."order" DROP CONSTRAINT ck_order_maker;
"""


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(MAKERS)


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute(NO_MAKERS)
