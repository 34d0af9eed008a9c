"""What an intake writes: segments and facilities in bulk, each once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from geoalchemy2 import WKBElement
from geoalchemy2.shape import to_shape
from numpy.typing import NDArray
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.models import Division, DivisionKind, GeometrySource
from app.base.shares import Share, chunks, part, silent
from app.base.tables import SRID
from app.intake.models import Facility, Intake, Segment
from app.intake.sameness import Same, lines_standing, places_standing, standing_again
from app.intake.saying import KNOWN, REPEATED, Said
from gis import linework
from gis.crs import lengths_m
from gis.features import Centreline, FacilityKind
from gis.features import Facility as Found
from gis.linework import Change
from gis.shaping import lying_on

#: How far from a village's point its streets may lie before they are the town's or county's (estimate, setting).
FAR_M = 3000.0
#: What share of the work on lines is done once they are noded, and once they are compared with the register.
_NODED, _COMPARED = 0.15, 0.3
#: One statement for all rows: without it, rows that lack different columns go one by one.
WHOLE = {"render_nulls": True}
_KNOWN = Said(KNOWN)


@dataclass(frozen=True, slots=True)
class _Known:
    """Keys of input rows of which every part was there before.

    ``mine``: in this file, with what is said of it; ``there``: in the register, with the digest of the first part.
    """

    mine: dict[str, Said]
    there: dict[str, str]


class Keeper:
    """Writes one intake's segments and facilities in bulk; each method tells what is said of keys already known."""

    def __init__(
        self, session: Session, clock: Clock, *, intake: Intake, division: Division, geometry: GeometrySource
    ) -> None:
        self.session = session
        self.given = {"intake_id": intake.id, "geometry_source": geometry.value, "surveyed_on": clock.today()}
        self.division = division
        self.changes: Sequence[Change] = ()

    def segments(self, centrelines: Sequence[Centreline], *, tell: Share = silent) -> dict[str, Said]:
        if not centrelines:
            return {}
        noded = linework.clean(centrelines)
        tell(_NODED)
        self.changes = noded.changes
        lengths = lengths_m(_array(noded.segments))
        found = list(zip(noded.segments, lengths, noded.source, strict=True))
        rows = [
            {
                "key": segment.key,
                "name": segment.name,
                "road_class": segment.road_class,
                "oneway": segment.oneway,
                "line": segment.line.wkb,
                "length_m": float(length),
                "digest": _digest(segment.line, segment.name),
                "source": centrelines[source].key,
            }
            for chunk in chunks(found, part(tell, _NODED, _COMPARED))
            for segment, length, source in chunk
            if length > 0
        ]
        have = self._digests(Segment)
        rows, there = self._split_known(rows, have)
        new = {row["source"] for row in rows}
        known = self._write(Segment, rows, have, shape="line", tell=part(tell, _COMPARED, 1.0))
        lying: dict[str, str | int] = {key: line for key, line in there.items() if key not in new}
        mine, digests = known.mine, known.there
        said = lines_standing(self.session, county=self.county, digests=digests.values(), keys=there.values())
        return mine | {key: said.get(line, _KNOWN) for key, line in (lying | digests).items()}

    def _split_known(
        self, rows: list[dict[str, Any]], digests: Collection[str]
    ) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Rows that are new, and keys of the others: they lie on lines of the register that are called the same.

        With the key in the register of the line that the row lies on with its middle.

        The register's lines may be cut elsewhere, by a street that came later.
        """
        ask = [row for row in rows if row["digest"] not in digests]
        known: dict[int, int] = {}
        if digests and ask:
            lines = shapely.from_wkb([row["line"] for row in ask])
            others = self._lines_in(shapely.total_bounds(lines))
            called: dict[str, list[int]] = defaultdict(list)
            for n, row in enumerate(ask):
                called[row["name"] or ""].append(n)
            for name in called.keys() & others.keys():
                mine = called[name]
                there = [line for _, line in others[name]]
                on = lying_on([lines[n] for n in mine], there)
                lie = [n for n, lies in zip(mine, on, strict=True) if lies]
                middles = shapely.line_interpolate_point([lines[n] for n in lie], 0.5, normalized=True)
                nearest = shapely.STRtree(there).nearest(middles) if lie else []
                known |= {id(ask[n]): others[name][at][0] for n, at in zip(lie, nearest, strict=True)}
        new = [row for row in rows if id(row) not in known]
        return new, {row["source"]: known[id(row)] for row in rows if id(row) in known}

    def _lines_in(self, box: NDArray[np.float64]) -> dict[str, list[tuple[int, BaseGeometry]]]:
        """The register's lines of the county in a box (degrees), with their keys, by their name.

        A nameless one may lie on any.
        """
        west, south, east, north = box
        found = self.session.execute(
            text(
                "SELECT id, coalesce(name, '') AS name, ST_AsBinary(line) AS line FROM intake.segment"
                " WHERE territory <@ (:top)::ltree AND line && ST_MakeEnvelope(:west, :south, :east, :north, 4490)"
            ),
            {"top": self.county, "west": west, "south": south, "east": east, "north": north},
        )
        called: dict[str, list[tuple[int, BaseGeometry]]] = defaultdict(list)
        for row in found:
            line = row.id, shapely.from_wkb(bytes(row.line))
            called[row.name].append(line)
            if row.name:
                called[""].append(line)
        return called

    def facilities(self, found: Sequence[Found], *, same: Same | None = None, tell: Share = silent) -> dict[str, Said]:
        """As :meth:`segments`, with what is said of each key; ``same``: also what was surveyed again somewhat off."""
        rows: list[dict[str, Any]] = [
            {
                "key": facility.key,
                "kind": facility.kind.value,
                "name": facility.name,
                "point": facility.point.wkb,
                "digest": _digest(facility.point, f"{facility.kind.value} {facility.name}"),
                "source": facility.key,
            }
            for facility in found
        ]
        have = self._digests(Facility)
        ask = [row for row in rows if row["digest"] not in have]
        again = standing_again(self.session, ask, county=self.county, same=same) if same else {}
        near = {str(row["source"]): again[row["digest"]] for row in rows if row["digest"] in again}
        rest = [row for row in rows if row["digest"] not in again]
        known = self._write(Facility, rest, have, shape="point", tell=tell)
        said = places_standing(self.session, county=self.county, digests=known.there.values())
        return near | known.mine | {key: said.get(digest, _KNOWN) for key, digest in known.there.items()}

    def seats(self, villages: Sequence[Division]) -> None:
        """Where a village's committee was not surveyed, the point that tells the village stands for it (村委会驻地)."""
        have = set(
            self.session.scalars(
                select(Facility.division_id).where(
                    Facility.kind == FacilityKind.COMMITTEE.value, Facility.territory.op("<@")(self.division.path)
                )
            )
        )
        seats = [
            Found(f"seat/{village.uid}", FacilityKind.COMMITTEE, village.name, _point(village.point))
            for village in dict.fromkeys(villages)
            if village.id not in have and village.point is not None
        ]
        self.facilities(seats)

    def _write(
        self,
        table: type[Segment | Facility],
        rows: list[dict[str, Any]],
        have: set[str],
        *,
        shape: str,
        tell: Share,
    ) -> _Known:
        """Insert what is new, with ``have`` the digests of what is there, which grows."""
        places = self._places([row[shape] for row in rows])
        fresh, digests, mine = [], defaultdict(list), {}
        new: set[str] = set()
        for row, place in zip(rows, places, strict=True):
            source = row.pop("source")
            digests[source].append(row["digest"])
            if row["digest"] not in have:
                have.add(row["digest"])
                mine[row["digest"]] = source
                new.add(source)
                drawn = WKBElement(row[shape], srid=SRID)
                fresh.append({**row, **self.given, "division_id": place, shape: drawn})
        for chunk in chunks(fresh, tell):
            self.session.execute(insert(table), chunk, execution_options=WHOLE)
        known = {key: parts[0] for key, parts in digests.items() if key not in new}
        repeated = {key: Said(REPEATED, {"original": mine[d]}) for key, d in known.items() if d in mine}
        return _Known(repeated, {key: digest for key, digest in known.items() if digest not in mine})

    def _places(self, shapes: list[bytes]) -> list[int]:
        """The village of each shape's middle, else the division that takes the file in."""
        if not shapes:
            return []
        found = self.session.scalars(
            text(
                "SELECT coalesce(p, :home) FROM intake.places_of(ARRAY(SELECT ST_SetSRID(ST_PointOnSurface("
                "ST_GeomFromWKB(w)), 4490) FROM unnest(CAST(:shapes AS bytea[])) WITH ORDINALITY x(w, n) ORDER BY n),"
                " (:top)::ltree, :far_m) WITH ORDINALITY y(p, n) ORDER BY n"
            ),
            {"top": self.division.path, "far_m": FAR_M, "home": self.division.id, "shapes": shapes},
        )
        return list(found)

    @cached_property
    def county(self) -> str:
        """The path of the county that the division lies in, else its own: what is in it is there already.

        A file may be handed in at another town or at the county, and what lies near no village is kept where that was.
        """
        above = select(Division.path).where(
            Division.path.op("@>")(self.division.path),
            Division.kind.in_((DivisionKind.COUNTY.value, DivisionKind.ZONE.value)),
        )
        return self.session.scalar(above.order_by(func.nlevel(Division.path)).limit(1)) or self.division.path

    def _digests(self, table: type[Segment | Facility]) -> set[str]:
        """Of what is there in the county, as far as the officer sees it."""
        return set(self.session.scalars(select(table.digest).where(table.territory.op("<@")(self.county))))


def _array(segments: Sequence[Centreline]) -> Any:
    return shapely.from_wkb(np.array([segment.line.wkb for segment in segments], dtype=object))


def _point(place: WKBElement) -> Point:
    return Point(to_shape(place).coords[0])


def _digest(shape: LineString | Point, words: str | None) -> str:
    """Of the geometry on a grid of 1e-7 degrees (about 1 cm), drawn either way, and the name."""
    grid = shapely.normalize(shapely.set_precision(shape, 1e-7))
    return hashlib.sha256(shapely.to_wkb(grid) + b"\0" + (words or "").encode()).hexdigest()[:32]
