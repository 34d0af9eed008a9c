"""What stands in the register, as lists have it; and the changes to it, as their table has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.models import CodeSystem, Division, DivisionKind
from app.intake.comparing import Change, Unit
from app.intake.listing import COUNTY, TOWN, VILLAGE
from app.intake.models import Edition

#: How the key of a division stands where it has no code in the system yet.
_NAMELESS = "#"
_DIVISIONS = text(
    "SELECT id, name, path::text AS path, kind, parent_id FROM base.division"
    " WHERE path <@ (:top)::ltree AND until_on IS NULL ORDER BY id"
)
_CODES = text(
    "SELECT division_id, code FROM base.division_code"
    " WHERE system = :system AND valid_to_on IS NULL AND territory <@ (:top)::ltree"
)
DIGITS = {
    DivisionKind.COUNTY.value: COUNTY,
    DivisionKind.ZONE.value: COUNTY,
    DivisionKind.TOWN.value: TOWN,
    DivisionKind.VILLAGE.value: VILLAGE,
    DivisionKind.RESIDENTS.value: VILLAGE,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A division of the register with its code in one system, and that of the division it stands below."""

    id: int
    name: str
    path: str
    kind: str
    parent_id: int | None
    code: str | None
    above: str | None


def standing_below(session: Session, system: CodeSystem, place: Division) -> list[Standing]:
    """All at and below a place. Two questions, joined here: the planner takes "<@" for a handful of rows."""
    values = {"system": system.value, "top": place.path}
    codes = {row.division_id: row.code for row in session.execute(_CODES, values)}
    rows = session.execute(_DIVISIONS, values)
    return [
        Standing(row.id, row.name, row.path, row.kind, row.parent_id, codes.get(row.id), codes.get(row.parent_id))
        for row in rows
    ]


def _common(paths: Sequence[Sequence[str]]) -> list[str]:
    """The keys of the divisions that all of these paths begin with."""
    common = []
    for keys in zip(*paths, strict=False):
        if len(set(keys)) > 1:
            break
        common.append(keys[0])
    return common


class Writing:
    """Rows of changes: which divisions they mean, and whose territory they lie in."""

    def __init__(self, standing: Sequence[Standing], edition: Edition, place: Division, *, root: str) -> None:
        self.standing, self.edition, self.place, self.root = standing, edition, place, root
        self.by_code = {row.code or f"{_NAMELESS}{row.id}": row for row in standing}
        self.names: dict[str, str] = {}

    def units(self, digits: int, *, coded: bool) -> list[Unit]:
        """What stands, as a list of one level; in a system without codes yet by the divisions' own keys."""
        rows = [row for row in self.standing if DIGITS.get(row.kind) == digits and (row.code or not coded)]
        if digits == COUNTY:
            return [Unit(row.code or f"{_NAMELESS}{row.id}", row.name, self.root) for row in rows]
        if coded:
            return [Unit(row.code or "", row.name, row.above or "") for row in rows]
        return [Unit(f"{_NAMELESS}{row.id}", row.name, f"{_NAMELESS}{row.parent_id}") for row in rows]

    def row(self, change: Change) -> dict[str, Any]:
        """A change as its table has it."""
        lead = (change.olds or change.news)[0]
        paths = [self.by_code[unit.code].path.rpartition(".")[0] for unit in change.olds]
        paths += [self._above(unit.above) for unit in change.news]
        above = _common([path.split(".") for path in paths])
        code = (change.news or change.olds)[0].code
        return {
            "edition_id": self.edition.id,
            "division_id": int(above[-1]) if len(above) >= self.place.path.count(".") + 1 else self.place.id,
            "kind": change.kind.value,
            "certainty": change.certainty.value,
            "code": code if lead.code.startswith(_NAMELESS) else lead.code,
            "town": self._called(lead.above),
            "olds": [self._old(unit) for unit in change.olds],
            "news": [
                {"code": u.code, "name": u.name, "above": u.above, "town": self._called(u.above)} for u in change.news
            ],
            "clues": [clue.value for clue in change.clues],
            "candidates": [{"code": code, "name": self.names.get(code, "")} for code in change.candidates],
            "gone_there": change.gone_there,
            "new_there": change.new_there,
        }

    def _old(self, unit: Unit) -> dict[str, Any]:
        row = self.by_code[unit.code]
        return {"id": row.id, "code": row.code or "", "name": row.name, "town": self._called(unit.above)}

    def _above(self, code: str) -> str:
        """The path of the division that bears the code, or of the next one above that does."""
        found = self.by_code.get(code) or self.by_code.get(code[:COUNTY])
        return found.path if found is not None else self.place.path

    def _called(self, code: str) -> str:
        found = self.by_code.get(code)
        return self.names.get(code) or (found.name if found is not None else "")
