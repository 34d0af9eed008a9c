"""Taking back an intake puts the places of divisions back; that is taken back like the rest of it."""

from alembic import op

revision = "2026_11_22_zh_places"
down_revision = "2026_11_22_zg_members"


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute("INSERT INTO history.undoable VALUES ('base.division')")


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute("DELETE FROM history.undoable WHERE subject = 'base.division'")
