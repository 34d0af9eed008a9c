"""The map: streets by state and facilities, as vector tiles of one's own territory."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Request, Response
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.errors import NotFound
from app.base.models import Division
from app.base.request import Place, Show, Work
from app.inventory.models import StreetState

router = APIRouter()
DEEPEST = 20
TILE = "application/vnd.mapbox-vector-tile"
#: Dezhou, where a map without anything on it looks.
WHOLE = (115.75, 36.4, 117.6, 38.0)
_BOX = text("""
SELECT min(ST_XMin(g)), min(ST_YMin(g)), max(ST_XMax(g)), max(ST_YMax(g)) FROM (
  SELECT coalesce(outline, point) AS g FROM base.division WHERE path <@ CAST(:path AS ltree)
) x WHERE g IS NOT NULL
""")
_COUNTS = text("""
SELECT s.state, count(*) AS streets, sum(s.length_m) AS length_m, count(*) FILTER (WHERE s.in_scope) AS in_scope
  FROM inventory.street s WHERE s.territory <@ CAST(:path AS ltree) GROUP BY 1
""")


@router.get("/map")
def page(session: Work, show: Show, place: Place) -> Response:
    """The map with its legend, and the same figures as a table for those who cannot use a map."""
    found = {row.state: row for row in session.execute(_COUNTS, {"path": place.path})}
    return show.page(
        "map/map.html",
        place=place,
        box=_box(session, place),
        counts=found,
        states=[state.value for state in StreetState],
    )


@router.get("/tiles/{z}/{x}/{y}")
def tile(request: Request, session: Work, z: int, x: int, y: int) -> Response:
    """One tile, made by a definer function that keeps to the person's territory. Asked for again each time, by ETag."""
    if not 0 <= z <= DEEPEST or not (0 <= x < 2**z and 0 <= y < 2**z):
        raise NotFound("There is no such tile.")
    made = bytes(session.scalar(text("SELECT inventory.tile(:z, :x, :y)"), {"z": z, "x": x, "y": y}) or b"")
    tag = f'"{hashlib.sha256(made).hexdigest()[:24]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache", "vary": "cookie"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(made, media_type=TILE, headers=headers, status_code=200 if made else 204)


def _box(session: Session, place: Division) -> tuple[float, float, float, float]:
    west, south, east, north = session.execute(_BOX, {"path": place.path}).one()
    if west is None:
        return WHOLE
    margin = 0.01
    return west - margin, south - margin, east + margin, north + margin
