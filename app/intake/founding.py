"""The beginning of a tree: its city, before any list of divisions came."""

from __future__ import annotations

import re
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.errors import Conflict, Invalid
from app.base.models import CodeSystem, Division, DivisionKind
from app.intake.register import Listed, add_codes


def found_city(session: Session, *, name: str, code: str, since: date) -> Division:
    """Nothing → the city at the root of an empty tree, with its code of six digits in the statistics' system.

    For whoever operates the machine (the database refuses others). Counties, towns and villages come with the first
    list that is handed in for it, of whatever year: :func:`app.intake.editions.hand_in`. Raises Conflict where a tree
    stands already, Invalid for a code that is no city's.
    """
    if not re.fullmatch(r"[1-9]\d{3}00", code) or code.endswith("0000"):
        raise Invalid(
            "{code} is no code of a city: six digits, the last two 00, as in 371400.", field="code", code=code
        )
    root = session.scalar(select(Division.name).where(Division.until_on.is_(None)).limit(1))
    if root is not None:
        raise Conflict("The register is not empty: {name} stands in it. Hand the list in for it.", name=root)
    city = Division(kind=DivisionKind.CITY.value, name=name.strip(), since_on=since)
    session.add(city)
    session.flush()
    add_codes(session, {code: city.id}, listed=Listed(CodeSystem.STATISTICS, "GB/T 2260"), since=since)
    return city
