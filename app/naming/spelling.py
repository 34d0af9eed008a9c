"""A street's words taken apart and spelled, and the facts around it that the checks of the law look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from sqlalchemy import BigInteger, any_, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import Session

from app.base.errors import Invalid
from app.base.models import Division, Setting
from app.intake.models import Facility
from app.inventory.models import ScopeReason, Street
from app.naming.knowing import Known
from app.naming.logic.characters import all_chinese
from app.naming.logic.checks import NameContext, Neighbour, Scope, Standing
from app.naming.logic.checks.subject import LONGEST
from app.naming.logic.latin import Latin, sound_key, spell, toneless_key
from app.naming.logic.parts import split_name
from app.naming.logic.shapes import StreetShape
from gis.crs import bearings_deg, metres_per_degree

#: How many characters a plate shows at most, a whole number; without one, as :data:`LONGEST` says.
LONGEST_SETTING = "naming.longest_name"
_STANDINGS = {each.value: each for each in (Standing.IN_FORCE, Standing.IN_USE)}


@dataclass(frozen=True, slots=True)
class Spelled:
    """The columns that a proposal and a name share, and what a person should confirm of the spelling."""

    words: str
    specific: str
    generic: str
    latin_toned: str
    latin_plain: str
    latin_sign: str
    sound_toned: str
    sound_plain: str

    def columns(self) -> dict[str, str]:
        """By column name."""
        return {name: getattr(self, name) for name in self.__slots__}


def spelled(words: str, known: Known, *, division: str = "") -> tuple[Spelled, Latin]:
    """Chinese words by the 1984 rules and the bureau's lists of readings, generics and word divisions.

    ``division`` is a person's word division (``东四/12/条``), if there is one.

    Raises Invalid where a character has no reading or the words are empty.
    """
    words = words.strip()
    if not words:
        raise Invalid("A name needs words.", field="words")
    latin = spell(
        division or words,
        readings=known.readings,
        generics=known.lists.generics,
        divisions=known.lists.divisions,
    )
    parts = latin.parts
    return (
        Spelled(
            words=words,
            specific=parts.specific,
            generic=parts.modifiers + (parts.generic.words if parts.generic else ""),
            latin_toned=latin.toned,
            latin_plain=latin.plain,
            latin_sign=latin.sign,
            sound_toned=sound_key(latin.toned),
            sound_plain=toneless_key(latin.toned),
        ),
        latin,
    )


def as_it_stands(words: str, known: Known) -> Spelled:
    """A surveyed name kept as it is: Chinese words are spelled, foreign ones are their own spelling."""
    if all_chinese(words):
        return spelled(words, known)[0]
    parts = split_name(words, generics=known.lists.generics, divisions=known.lists.divisions)
    lower = words.lower()
    return Spelled(words, parts.specific or words, "", words, words, words.upper(), lower, lower)


def shapes_of(session: Session, streets: Iterable[int]) -> dict[int, StreetShape]:
    """Of each street: length, course, what stands on it, and where it lies in its village; one question for all."""
    kinds = (
        select(func.array_agg(aggregate_order_by(Facility.kind.distinct(), Facility.kind)))
        .join(ScopeReason, ScopeReason.facility_id == Facility.id)
        .where(ScopeReason.street_id == Street.id, ScopeReason.until_on.is_(None))
        .correlate(Street)
        .scalar_subquery()
    )
    middle = Street.line.ST_Centroid()
    rows = session.execute(
        select(
            Street.id,
            Street.length_m,
            Street.bearing_deg,
            kinds,
            Division.point.ST_X(),
            Division.point.ST_Y(),
            middle.ST_X(),
            middle.ST_Y(),
        )
        .join(Division, Division.id == Street.division_id)
        .where(Street.id == any_(bindparam("streets", list(streets), type_=ARRAY(BigInteger))))
    )
    found = {}
    for street, length_m, bearing_deg, facilities, *place in rows:
        centre_bearing_deg, centre_distance_m = _from_centre(tuple(place))
        found[street] = StreetShape(
            key=str(street),
            length_m=length_m,
            bearing_deg=bearing_deg,
            facilities=tuple(facilities or ()),
            centre_bearing_deg=centre_bearing_deg,
            centre_distance_m=centre_distance_m,
        )
    return found


def _from_centre(place: tuple[float | None, ...]) -> tuple[float | None, float | None]:
    if any(value is None for value in place):
        return None, None
    centre, middle = np.array([place[:2]], dtype=float), np.array([place[2:]], dtype=float)
    lon_m, lat_m = metres_per_degree(float(centre[0, 1]))
    east, north = (middle - centre)[0] * (float(lon_m), float(lat_m))
    return float(bearings_deg(centre, middle)[0]) % 360.0, float(np.hypot(east, north))


@dataclass(frozen=True, slots=True)
class Asked:
    """A name for a street of a village, and a person's word division of it."""

    street: int
    village: int
    name: Spelled
    division: str = ""


def contexts_of(session: Session, asked: Sequence[Asked], known: Known) -> list[NameContext]:
    """All that the checks look at for each name on its street, the same whoever asks (definer function)."""
    shapes = shapes_of(session, {each.street for each in asked})
    rows = session.execute(
        text("SELECT * FROM naming.namesakes(:villages, :plains, :streets, :names)"),
        {
            "villages": [each.village for each in asked],
            "plains": [each.name.sound_plain for each in asked],
            "streets": [each.street for each in asked],
            "names": [each.name.words for each in asked],
        },
    )
    longest = longest_name(session)
    alike: dict[int, list[Neighbour]] = defaultdict(list)
    for row in rows:
        alike[row.nr].append(neighbour(row, known))
    return [
        NameContext(
            shape=shapes[each.street],
            lists=known.lists,
            readings=known.readings,
            neighbours=tuple(alike[nr]),
            longest=longest,
            division=each.division,
            latin=each.name.latin_toned,
        )
        for nr, each in enumerate(asked, start=1)
    ]


def longest_name(session: Session) -> int:
    """How many characters a name may have before somebody has to say why: the city's setting, or our default."""
    found = session.scalar(select(Setting.value).where(Setting.key == LONGEST_SETTING))
    return found if isinstance(found, int) and found > 0 else LONGEST


def neighbours_around(session: Session, village: Division, known: Known) -> tuple[Neighbour, ...]:
    """Names in force and proposed in the village's town, for proposing names that differ from them."""
    rows = session.execute(text("SELECT * FROM naming.around(:village)"), {"village": village.id})
    return tuple(neighbour(row, known) for row in rows)


def neighbour(row: object, known: Known) -> Neighbour:
    """A row of the definer functions as the checks know it; a surveyed name has no spelling yet."""
    state = _STANDINGS.get(row.state, Standing.PROPOSED)  # type: ignore[attr-defined]
    surveyed = state is Standing.IN_USE
    return Neighbour(
        name=row.words,  # type: ignore[attr-defined]
        latin=_surveyed_latin(row.words, known) if surveyed else row.latin_toned,  # type: ignore[attr-defined]
        scope=Scope(row.scope),  # type: ignore[attr-defined]
        where=row.place,  # type: ignore[attr-defined]
        office=row.office,  # type: ignore[attr-defined]
        state=state,
    )


@lru_cache(maxsize=65_536)
def _surveyed_latin(words: str, known: Known) -> str:
    """How a surveyed name is said; the name itself where nobody can say it."""
    try:
        return as_it_stands(words, known).latin_toned
    except Invalid:
        return words
