"""What the comparison with the register said of an intake's coordinate system, kept with it."""

from alembic import op

revision = "2026_11_22_zl_compared"
down_revision = "2026_11_22_zj_back"


def upgrade() -> None:
    run = op.get_bind().connection.driver_connection.execute
    run("ALTER TABLE intake.intake ADD COLUMN compared TEXT DEFAULT '' NOT NULL")


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute("ALTER TABLE intake.intake DROP COLUMN compared")
