"""Why rows of a file were left out, with how many each reason left: not only that they were."""

from alembic import op

revision = "2026_11_22_ze_left"
down_revision = "2026_11_22_zd_closer"


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(
        "ALTER TABLE intake.intake ADD COLUMN left_out jsonb NOT NULL DEFAULT '[]'"
    )


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute("ALTER TABLE intake.intake DROP COLUMN left_out")
