"""Rows that are gone, and files that were undone, stand in nobody's way when a merger of villages is taken back."""

from app.base.rewording import reword

revision = "2026_11_22_zl_gone"
down_revision = "2026_11_22_zl_compared"

_BACK = "base.take_back_succession(uuid)"
_CHANGED = "    IF history.changed_since(e) THEN RAISE"
#: An undone file brings nothing to where it stands: that it was undone is no work built on its place.
_UNDONE = """    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I t WHERE t.id = $1)', split_part(e.subject, '.', 1),
      split_part(e.subject, '.', 2)) INTO there USING e.row_id;
    CONTINUE WHEN e.op <> 'delete' AND NOT there;
    IF history.changed_since(e) AND NOT (e.subject = 'intake.intake' AND EXISTS (SELECT FROM intake.intake i
         WHERE i.id = e.row_id AND i.state = 'undone' AND i.division_id = (e.after -> 'division_id')::bigint)) THEN RAISE"""
_NEWS = (
    ("was hstore; n integer := 0;", "was hstore; there boolean; n integer := 0;"),
    (_CHANGED, _UNDONE),
)


def upgrade() -> None:
    reword(_BACK, *_NEWS)


def downgrade() -> None:
    reword(_BACK, *((new, old) for old, new in _NEWS))
