"""The whole city laid out: every unit of the register gets its demonstration point and room for its streets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import shapely

from app.demonstration.geometry import Village
from app.demonstration.points import Ground, Town, grounds, polygons, rooms_m, scatter
from app.intake.register import Register, Unit, short_name


def outline_of(register: Register, county: str) -> Ground:
    """A county's sketch; for a zone, which has none, the whole city's."""
    own = next(unit.outline for unit in register.counties if unit.code == county)
    if own is not None:
        return own
    return polygons(shapely.union_all([unit.outline for unit in register.counties if unit.outline is not None]))


def lay_out(register: Register) -> dict[str, Village]:
    """Every village of the city by its code; about a second. The same for the same register."""
    ground = _grounds(register)
    units = [unit for unit in register.villages if unit.parent in ground]
    per_town = Counter(unit.parent for unit in units)
    points = np.zeros((0, 2))
    for town in dict.fromkeys(unit.parent for unit in units):
        landed = scatter(ground[town], per_town[town], seed=town, taken=points)
        points = np.concatenate([points, landed])
    return {
        unit.code: _village(unit, *at, room_m=room)
        for unit, at, room in zip(units, points.tolist(), rooms_m(points).tolist(), strict=True)
    }


def _grounds(register: Register) -> dict[str, Ground]:
    found: dict[str, Ground] = {}
    per_town = Counter(unit.parent for unit in register.villages)
    for county in register.counties:
        towns = [_town(unit, per_town[unit.code]) for unit in register.towns if unit.parent == county.code]
        found |= grounds(towns, _room_of(register, county, towns))
    return found


def _room_of(register: Register, county: Unit, towns: Iterable[Town]) -> Ground:
    """A zone lies where its towns lie."""
    outline = outline_of(register, county.code)
    if county.outline is not None:
        return outline
    inside = outline.intersection(shapely.union_all([town.box for town in towns if town.box is not None]))
    return polygons(inside)


def _town(unit: Unit, villages: int) -> Town:
    box = None if unit.box is None else shapely.box(unit.box.west, unit.box.south, unit.box.east, unit.box.north)
    return Town(unit.code, villages, box)


def _village(unit: Unit, lon: float, lat: float, *, room_m: float) -> Village:
    return Village(unit.code, unit.name, short_name(unit.name), round(lon, 7), round(lat, 7), room_m)
