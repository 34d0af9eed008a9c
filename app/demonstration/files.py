"""Survey files that people of the demonstration hand in, so that there is long work: done, failed and cancelled.

They are queued as the page queues them, and a worker takes them up; the files are generated, and say so.
"""

from __future__ import annotations

import io
import json
from typing import Any

import shapely
from geoalchemy2.shape import to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base.jobs import enqueue
from app.base.models import Division, GeometrySource, Person, Run
from app.base.people import Actor
from app.demonstration.cast import Cast
from app.intake.steps import keep_file
from app.inventory.models import Street
from app.inventory.queries import line_of
from gis.crs import datum_named, from_stored, metres_per_degree

TOWN, COUNTY = "town", "county"
LICENCE = "演示生成，不是测绘成果"
#: A lane's length and how far lanes lie from each other and from what is there, in metres.
_LANE_M, _APART_M = 120.0, 60.0


def hand_in(cast: Cast) -> None:
    """New lanes of the logins' village, the county's outline in another datum than said, and a file by mistake."""
    with cast.acting("admin", "intake") as (session, _):
        if session.scalar(select(Run.id).limit(1)) is not None:
            return
        home = session.get_one(Person, cast.people["village"]).division_id
    with cast.acting(TOWN, "intake") as (session, actor):
        village, lines = session.get_one(Division, home), _lines(session, home)
        _queue(cast, session, actor, name="补测街巷.geojson", features=_new_lanes(lines), division=village)
    with cast.acting(COUNTY, "intake") as (session, actor):
        county = session.get_one(Division, actor.division_id)
        features = [
            _feature(_in_gcj02(county), {"name": county.name, "admin_level": "6", "boundary": "administrative"})
        ]
        _queue(cast, session, actor, name="县界（互联网地图导出）.geojson", features=features, division=county)
        mistaken = _queue(cast, session, actor, name="误传的文件.geojson", features=features, division=county)
    with cast.acting(COUNTY, "intake") as (session, _):
        session.execute(text("SELECT base.cancel_run(:uid)"), {"uid": mistaken})


def _in_gcj02(county: Division) -> BaseGeometry:
    """The county's outline as an internet map gives it out, which the file does not say."""
    if county.outline is None:
        return shapely.Polygon()
    outline: BaseGeometry = to_shape(county.outline)
    moved = from_stored(shapely.get_coordinates(outline), datum_named("GCJ-02"))
    return shapely.set_coordinates(outline, moved)


def _lines(session: Session, village: int) -> list[BaseGeometry]:
    streets = session.scalars(select(Street).where(Street.division_id == village).order_by(Street.id))
    return [line_of(street) for street in streets]


def _new_lanes(lines: list[BaseGeometry]) -> list[dict[str, Any]]:
    """Two lanes and a shop beside the village, a street that is there already, and one without a second corner."""
    _, south, east, north = shapely.total_bounds(lines)
    per_lon, per_lat = (float(each) for each in metres_per_degree((south + north) / 2))
    middle, lane = (south + north) / 2, _LANE_M / per_lat
    lanes = [
        shapely.LineString([(x, middle), (x, middle + lane)])
        for x in (east + _APART_M / per_lon, east + 2 * _APART_M / per_lon)
    ]
    shop = shapely.Point(east + 1.2 * _APART_M / per_lon, middle + lane / 2)
    broken = {"type": "LineString", "coordinates": [[east, middle]]}
    street = {"highway": "residential"}
    return [
        *(_feature(each, street) for each in lanes),
        _feature(shop, {"shop": "convenience", "name": "演示便民店"}),
        _feature(lines[0], street),
        {"type": "Feature", "geometry": broken, "properties": street},
    ]


def _feature(shape: BaseGeometry, properties: dict[str, str]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": shapely.geometry.mapping(shape), "properties": properties}


def _queue(
    cast: Cast, session: Session, actor: Actor, *, name: str, features: list[dict[str, Any]], division: Division
) -> object:
    """Keep a file and queue its intake, as the page does; the run's uid."""
    content = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
    file = keep_file(session, cast.store, division=division, data=io.BytesIO(content), name=name, owner_id=actor.id)
    args = {
        "file": str(file.uid),
        "division": str(division.uid),
        "source": name,
        "licence": LICENCE,
        "datum": "",
        "geometry": GeometrySource.GENERATED.value,
    }
    return enqueue(session, "intake", args)
