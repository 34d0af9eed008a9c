"""All tables of all stations in one metadata, for the migrations and for the check that the two agree."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData

from app.base import models as _base
from app.base.tables import Table
from app.intake import models as _intake
from app.inventory import models as _inventory
from app.milestones import models as _milestones
from app.naming import models as _naming
from app.planning import models as _planning
from app.printing import models as _printing
from app.rollout import models as _rollout
from app.scanning import models as _scanning

#: Importing a station's models registers its tables; the order is the flow's.
STATIONS = (_base, _intake, _inventory, _milestones, _naming, _planning, _printing, _rollout, _scanning)

#: Tables that are written only through SQL of the migrations and have no mapping.
UNMAPPED = frozenset(
    {
        *(
            ("base", name)
            for name in ("right", "password", "session", "login_attempt", "contact_key", "following", "alembic_version")
        ),
        *(("history", name) for name in ("block", "leaf", "undoable")),
        ("map", "change"),
        ("naming", "content"),
        ("naming", "standing"),
    }
)


def metadata() -> MetaData:
    """The one metadata, complete."""
    return Table.metadata


def ours(item: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:  # noqa: FBT001 - alembic's form
    """Whether alembic should compare this: not PostGIS's tables, not the queue's, not what has no mapping."""
    if kind != "table":
        return True
    return item.schema not in {None, "public", "queue"} and (item.schema, name) not in UNMAPPED
