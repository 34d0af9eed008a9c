"""Divisions that a survey file brings along: matched to the register; only a trial territory takes new ones from it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import shapely
from geoalchemy2 import WKBElement
from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Point, Polygon
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_
from app.base.models import Division, DivisionKind, GeometrySource
from app.base.people import may
from app.base.tables import SRID
from app.intake.matching import Unmatched, Villages
from app.intake.register import stem_of
from app.intake.saying import Said, known_as
from gis.features import Area, AreaKind

#: The town of a trial's villages whose town the file does not tell.
UNDIVIDED = "（未分镇）"
#: A place of these sources gives way to a surveyed one.
_WEAK = frozenset({GeometrySource.NONE.value, GeometrySource.SKETCH.value, GeometrySource.GENERATED.value})
NOT_OF_TRIAL = N_("A trial has no county of its own; the row changes nothing.")
_COUNTIES = (DivisionKind.COUNTY.value, DivisionKind.ZONE.value)
_COUNTY_ENDINGS = re.compile("(?<=..)[县区市]$")


@dataclass(slots=True)
class Settled:
    """What came of a file's divisions, by their rows' keys.

    ``seats`` are villages that the file tells by a point: that point stands for the committee's seat. ``taken`` rows
    told something new, ``known`` ones nothing, ``refused`` ones mean no division of the register.
    """

    seats: list[Division] = field(default_factory=list)
    taken: dict[str, Said] = field(default_factory=dict)
    known: dict[str, Said] = field(default_factory=dict)
    refused: dict[str, Said] = field(default_factory=dict)


def settle(session: Session, *, areas: Sequence[Area], division: Division, source: GeometrySource) -> Settled:
    """The divisions of the register that the file's counties, towns and villages mean, as far as ``division`` reaches.

    One that has no place, or only a sketched or generated one, gets the surveyed one. Nothing is added to the
    register: a row that means no division of it is refused with the reason.
    """
    settled = Settled()
    villages = Villages(session, division)
    may_place = may(session, "base.division", "change")
    for area in areas:
        found = _found(session, area, division=division, villages=villages)
        if isinstance(found, Unmatched):
            settled.refused[area.key] = Said(found.reason, found.values, found.field)
            continue
        _note(settled, area, found, placed=may_place and _place(found, area, source), may_place=may_place)
        if area.kind is AreaKind.VILLAGE and isinstance(area.shape, Point):
            settled.seats.append(found)
    session.flush()
    return settled


def _found(session: Session, area: Area, *, division: Division, villages: Villages) -> Division | Unmatched:
    if area.kind is AreaKind.COUNTY:
        return _county(session, area, division)
    return _town(session, area, division) if area.kind is AreaKind.TOWN else _village(session, area, villages)


def _county(session: Session, area: Area, division: Division) -> Division | Unmatched:
    """The county or zone of this name at, above or below a division."""
    near = or_(Division.path.op("<@")(division.path), Division.path.op("@>")(division.path))
    counties = session.scalars(
        select(Division)
        .where(near, Division.kind.in_(_COUNTIES))
        .where(Division.until_on.is_(None))
        .order_by(Division.id)
    )
    found = next((county for county in counties if _county_stem(county.name) == _county_stem(area.name)), None)
    return found or Unmatched(
        N_(
            "The register has no county {name} at, above or below {place}. Write the name as the register does, or"
            " leave the row out."
        ),
        {"name": area.name, "place": division.name},
    )


def _county_stem(name: str) -> str:
    plain = "".join(unicodedata.normalize("NFKC", name).split())
    return _COUNTY_ENDINGS.sub("", plain)


def _village(session: Session, area: Area, villages: Villages) -> Division | Unmatched:
    meant = villages.meant_by(area, _middle(area.shape))
    return meant if isinstance(meant, Unmatched) else session.get_one(Division, meant.id)


def _town(session: Session, area: Area, division: Division) -> Division | Unmatched:
    towns = session.scalars(
        select(Division)
        .where(Division.path.op("<@")(division.path), Division.kind == DivisionKind.TOWN.value)
        .where(Division.until_on.is_(None))
        .order_by(Division.id)
    )
    found = next((town for town in towns if stem_of(town.name) == stem_of(area.name)), None)
    return found or Unmatched(
        N_("The register has no town {name} below {place}. Write the name as the register does, or have it corrected."),
        {"name": area.name, "place": division.name},
    )


def _note(settled: Settled, area: Area, found: Division, *, placed: bool, may_place: bool) -> None:
    if placed:
        settled.taken[area.key] = Said(N_("Is the register's {register}, which has its place from this row now."),
                                       {"register": found.name})  # fmt: skip
    elif not may_place and found.geometry_source in _WEAK:
        words = N_("Is the register's {register}. Its place stays: the county's officers alone may set it.")
        settled.known[area.key] = Said(words, {"register": found.name})
    else:
        settled.known[area.key] = known_as(found.name, division=found.uid)


def _place(found: Division, area: Area, source: GeometrySource) -> bool:
    """Give a division its place from the file where it has none or a weaker one; whether it did."""
    if area.kind is not AreaKind.VILLAGE and isinstance(area.shape, Point) and found.outline is not None:
        return False  # a point says less than the outline that is there
    better = source is GeometrySource.SURVEY and found.geometry_source in _WEAK
    if not better and (found.point is not None or found.outline is not None):
        return False
    found.point = from_shape(_middle(area.shape), srid=SRID)
    found.outline = _outline(area.shape) or found.outline
    found.geometry_source = source.value
    return True


def make(
    session: Session, clock: Clock, *, areas: Sequence[Area], division: Division, source: GeometrySource
) -> Settled:
    """The divisions of the file's towns and villages, added below ``division``: for a territory made for a trial.

    A village belongs to the town whose outline holds it, else to ``division`` where that is a town, else to a town
    made for villages whose town is unknown.
    """
    settled = Settled()
    for area in sorted(areas, key=lambda area: area.kind is AreaKind.VILLAGE):
        if area.kind is AreaKind.COUNTY:  # that a trial lies in: it is not the trial's to place
            settled.known[area.key] = Said(NOT_OF_TRIAL)
            continue
        parent = division if area.kind is AreaKind.TOWN else _town_of(session, clock, area, division=division)
        found = _found_or_made(session, clock, area, parent=parent)
        if not _place(found, area, source):
            settled.known[area.key] = known_as(found.name, division=found.uid)
        session.flush()
        if area.kind is AreaKind.VILLAGE and isinstance(area.shape, Point):
            settled.seats.append(found)
    return settled


def _found_or_made(session: Session, clock: Clock, area: Area, *, parent: Division) -> Division:
    kind = DivisionKind.TOWN if area.kind is AreaKind.TOWN else DivisionKind.VILLAGE
    found = _child(session, parent, name=area.name, kind=kind)
    if found is None:
        found = Division(parent_id=parent.id, kind=kind.value, name=area.name, since_on=clock.today())
        found.geometry_source = GeometrySource.NONE.value
        session.add(found)
    return found


def _child(session: Session, parent: Division, *, name: str, kind: DivisionKind) -> Division | None:
    """A division of this kind and name right below ``parent``."""
    return session.scalars(
        select(Division)
        .where(Division.parent_id == parent.id, Division.name == name, Division.kind == kind.value)
        .order_by(Division.id)
        .limit(1)
    ).one_or_none()


def _town_of(session: Session, clock: Clock, area: Area, *, division: Division) -> Division:
    if division.kind == DivisionKind.TOWN.value:
        return division
    return _town_around(session, area, division=division) or _undivided(session, clock, division)


def _town_around(session: Session, area: Area, *, division: Division) -> Division | None:
    middle = from_shape(_middle(area.shape), srid=SRID)
    return session.scalars(
        select(Division)
        .where(
            Division.parent_id == division.id,
            Division.kind == DivisionKind.TOWN.value,
            Division.outline.ST_Covers(middle),
        )
        .order_by(Division.id)
        .limit(1)
    ).one_or_none()


def _undivided(session: Session, clock: Clock, division: Division) -> Division:
    name = division.name + UNDIVIDED
    town = _child(session, division, name=name, kind=DivisionKind.TOWN)
    if town is None:
        town = Division(parent_id=division.id, kind=DivisionKind.TOWN.value, name=name, since_on=clock.today())
        session.add(town)
        session.flush()
    return town


def _middle(shape: Polygon | MultiPolygon | Point) -> Point:
    return shape if isinstance(shape, Point) else shape.point_on_surface()


def _outline(shape: Polygon | MultiPolygon | Point) -> WKBElement | None:
    if isinstance(shape, Point):
        return None
    whole = shape if isinstance(shape, MultiPolygon) else MultiPolygon([shape])
    return from_shape(shapely.force_2d(whole), srid=SRID)
