"""A line that leaves a street twice makes two new ones: it is a member of both, so that its undoing finds both."""

from alembic import op

revision = "2026_11_22_zg_members"
down_revision = "2026_11_22_zc_makers"

SEVERAL = """
ALTER TABLE inventory.street_segment DROP CONSTRAINT uq_street_segment_segment_id,
  ADD CONSTRAINT uq_street_segment_segment_id_street_id UNIQUE (segment_id, street_id);
"""
ONE = """
DELETE FROM inventory.street_segment m USING inventory.street_segment o WHERE o.segment_id = m.segment_id AND o.id < m.id;
ALTER TABLE inventory.street_segment DROP CONSTRAINT uq_street_segment_segment_id_street_id,
  ADD CONSTRAINT uq_street_segment_segment_id UNIQUE (segment_id);
"""


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(SEVERAL)


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute(ONE)
