"""How a database stands to the demonstration, asked without importing it: every start of the program asks."""

from __future__ import annotations

from app.base.plain import connect
from app.base.settings import OWNER, Settings

#: The setting of a database that the demonstration made, and the one that is set once its county in depth is complete.
SETTING, LOADED = "demonstration", "demonstration.loaded"
#: Whether anybody or anything is there.
USED = "SELECT EXISTS (SELECT 1 FROM base.person) OR EXISTS (SELECT 1 FROM base.division)"
_EMPTY = f"""
SELECT CASE WHEN EXISTS (SELECT 1 FROM base.setting WHERE key = %(setting)s)
            THEN NOT EXISTS (SELECT 1 FROM base.setting WHERE key = %(loaded)s)
            ELSE NOT ({USED}) END
"""


def is_empty(settings: Settings) -> bool:
    """Whether the demonstration may be loaded: nobody and nothing is there, or one that was broken off."""
    with connect(settings, OWNER) as connection:
        found = connection.execute(_EMPTY, {"setting": SETTING, "loaded": LOADED}).fetchone()
    return found is not None and bool(found[0])
