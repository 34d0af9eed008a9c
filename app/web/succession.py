"""Where divisions came from and what they went into, and finding them by what they were once called or numbered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, cast, func, or_, select

from app.base.errors import N_
from app.base.models import CodeSystem, Division, DivisionCode, Succession
from app.base.paging import Key
from app.base.request import Finder, Hit
from app.base.tables import Ltree
from app.intake.views.editions import SYSTEMS
from app.web import language

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Link:
    """One end of a succession as the other's page shows it."""

    division: Division
    succession: Succession


def successions(session: Session, place: Division) -> dict[str, list[Link]]:
    """Where a division came from (``from``), what it went into (``into``), and what it was itself before (``self``)."""
    other = {"from": Succession.predecessor_id, "into": Succession.division_id, "self": Succession.division_id}
    itself = Succession.predecessor_id == Succession.division_id
    mine = {
        "from": (Succession.division_id == place.id, ~itself),
        "into": (Succession.predecessor_id == place.id, ~itself),
        "self": (Succession.division_id == place.id, itself),
    }
    order = (Succession.succeeded_on.desc(), Succession.code, Succession.id)
    return {
        side: [
            Link(*row)
            for row in session.execute(
                select(Division, Succession).join(Division, Division.id == key).where(*mine[side]).order_by(*order)
            )
        ]
        for side, key in other.items()
    }


def _former_found(_: Session, words: str, place: Division) -> Select[*tuple[Any, ...]]:
    named = func.base.find_former(words, cast(place.path, Ltree)).column_valued("id")
    return (
        select(Succession, Division)
        .join(Division, Division.id == Succession.division_id)
        .where(
            Succession.territory.op("<@")(place.path),
            or_(Succession.id.in_(select(named)), Succession.code == words),
        )
    )


def _bearing_found(_: Session, words: str, place: Division) -> Select[*tuple[Any, ...]]:
    return (
        select(DivisionCode, Division)
        .join(Division, Division.id == DivisionCode.division_id)
        .where(
            DivisionCode.system.in_([system.value for system in CodeSystem]),
            DivisionCode.code == words,
            DivisionCode.territory.op("<@")(place.path),
        )
    )


def _bearing(row: Any) -> Hit:
    """The system is always said: the same number means different places in the two."""
    code = row.DivisionCode
    system = language.translate(SYSTEMS[code.system])
    return Hit(row.Division.name, f"{system} {code.edition}", f"/divisions/{row.Division.uid}")


#: Divisions by a code that they bear or bore, and by what they came from.
FINDERS = (
    Finder("division_code", N_("Division, by its code"), _bearing_found, (Key(DivisionCode.id),), _bearing),
    Finder(
        "former",
        N_("Division, by a former name or code"),
        _former_found,
        (Key(Succession.id),),
        lambda row: Hit(
            f"{row.Division.name} ← {row.Succession.name}", row.Succession.code, f"/divisions/{row.Division.uid}"
        ),
    ),
)
