"""By which columns a list of divisions was read, where somebody said it."""

from alembic import op

revision = "2026_11_22_zb_lists"
down_revision = "2026_11_22_ze_left"


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(
        "ALTER TABLE intake.edition ADD COLUMN columns JSONB DEFAULT '{}' NOT NULL"
    )


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute("ALTER TABLE intake.edition DROP COLUMN columns")
