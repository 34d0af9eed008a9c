"""The places that an intake gave to divisions, taken back: history has what stood before."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.errors import NotAllowed
from app.intake.models import Intake

_PLACE = ["outline", "point", "geometry_source"]
#: What the act of an intake changed of places, the newest first; whether the place is still as the intake left it.
_GIVEN = text(
    "SELECT e.id, d.name, hstore(d) @> slice(e.after, :place) AS still FROM history.entry e"
    "  JOIN base.division d ON d.id = e.row_id"
    " WHERE e.act = (SELECT i.act FROM history.entry i"
    "                 WHERE i.subject = 'intake.intake' AND i.row_id = :intake AND i.op = 'insert')"
    "   AND e.subject = 'base.division' AND e.op = 'update' AND e.before ?| :place ORDER BY e.id DESC"
)
_RETURN = text(
    "UPDATE base.division d SET outline = r.outline, point = r.point, geometry_source = r.geometry_source"
    "  FROM history.entry e, base.division o, LATERAL populate_record(o, slice(e.before, :place)) r"
    " WHERE e.id = :entry AND o.id = e.row_id AND d.id = o.id RETURNING d.id"
)


def give_back(session: Session, *, intake: Intake) -> list[str]:
    """Divisions have the outline and point again that they had before an intake; the names of those set again since.

    Raises NotAllowed where the place of one is not this person's to set; nothing is changed then.
    """
    session.flush()
    left = []
    for entry in session.execute(_GIVEN, {"intake": intake.id, "place": _PLACE}).all():
        if not entry.still:
            left.append(entry.name)
        elif session.execute(_RETURN, {"entry": entry.id, "place": _PLACE}).first() is None:
            raise NotAllowed(
                "{name} has its place from this file, which the county's officers alone may set: they can undo it.",
                name=entry.name,
            )
    session.expire_all()
    return list(dict.fromkeys(left))
