"""Divisions that a survey file brings along: matched to the register by name and place, else added to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from geoalchemy2 import WKBElement
from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Point, Polygon
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import NotAllowed
from app.base.models import Division, DivisionKind, GeometrySource
from app.base.people import may
from app.base.tables import SRID
from gis.features import Area, AreaKind

#: The town of villages whose town the file does not tell.
UNDIVIDED = "（未分镇）"


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a file's divisions: its villages, and the keys of rows that the register knew already."""

    villages: tuple[Division, ...]
    known: set[str]


def settle(
    session: Session, clock: Clock, *, areas: Sequence[Area], division: Division, source: GeometrySource
) -> Settled:
    """The divisions of the file's towns and villages: found below ``division`` by name, or added; outlines set.

    A village belongs to the town whose outline holds it, else to ``division`` where that is a town, else to a town
    made for villages whose town is unknown. What the register has already keeps its geometry.
    """
    known: set[str] = set()
    villages = []
    for area in sorted(areas, key=lambda area: area.kind is AreaKind.VILLAGE):
        if area.kind is AreaKind.COUNTY:
            continue
        parent = division if area.kind is AreaKind.TOWN else _town_of(session, clock, area, division=division)
        found, fresh = _settled(session, clock, area, parent=parent, source=source)
        known |= set() if fresh else {area.key}
        villages += [found] if area.kind is AreaKind.VILLAGE else []
    return Settled(tuple(villages), known)


def _settled(
    session: Session, clock: Clock, area: Area, *, parent: Division, source: GeometrySource
) -> tuple[Division, bool]:
    """The division, and whether the file told anything new of it."""
    kind = DivisionKind.TOWN if area.kind is AreaKind.TOWN else DivisionKind.VILLAGE
    found = _child(session, parent, name=area.name, kind=kind)
    fresh = found is None
    if found is None:
        if not may(session, "base.division", "create"):
            raise NotAllowed(
                "{name} is not in the register below {parent}, and your role may not add it. Ask the county to take in"
                " this file, or take the row out of it.",
                name=area.name,
                parent=parent.name,
            )
        found = Division(
            parent_id=parent.id, kind=kind.value, name=area.name, since_on=clock.today(), geometry_source=source.value
        )
        session.add(found)
    if found.point is None and found.outline is None:
        fresh = True
        found.point = from_shape(_middle(area.shape), srid=SRID)
        found.outline = _outline(area.shape)
        found.geometry_source = source.value
    session.flush()
    return found, fresh


def _child(session: Session, parent: Division, *, name: str, kind: DivisionKind) -> Division | None:
    """A division of this kind and name right below ``parent``; villages also where they stand below its towns."""
    kinds = {kind.value, DivisionKind.RESIDENTS.value} if kind is DivisionKind.VILLAGE else {kind.value}
    return session.scalars(
        select(Division)
        .where(Division.parent_id == parent.id, Division.name == name, Division.kind.in_(kinds))
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
