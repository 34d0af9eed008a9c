"""A judgement of scope joins all that is near with all that was found before: by hashing, not each with each."""

from alembic import op

revision = "2026_11_22_zf_judging"
down_revision = "2026_11_22_zb_lists"

#: What is near which street is looked up in the indexes, also where the statement that asks may not loop so.
_NEAR = "inventory.near_facilities(ltree, double precision, double precision)"


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(f"ALTER FUNCTION {_NEAR} SET enable_nestloop = on")


def downgrade() -> None:
    op.get_bind().connection.driver_connection.execute(f"ALTER FUNCTION {_NEAR} RESET enable_nestloop")
