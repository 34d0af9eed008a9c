"""What else waits for an office: a newer list of divisions to decide about, and roads of the second stream."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base.models import CodeSystem, Division
from app.demonstration.cast import Cast
from app.intake.editions import Origin, hand_in
from app.intake.listing import listing_of
from app.intake.models import Edition
from app.inventory.models import Stream, Street, StreetState
from app.inventory.steps import count_in
from app.milestones.steps import Quota, set_quota

TITLE, SOURCE = "2026（演示）", "演示生成：几处更名、合并，不是真实名单"
_COUNTY, _CITY = "county", "city"
_ROADS, _QUOTA, _WHY = 6, 12, "两村之间新修的路，不归任何一个村（演示）"
_VILLAGES = text(
    "SELECT c.code, d.name FROM base.division d JOIN base.division_code c ON c.division_id = d.id"
    " WHERE d.parent_id = :town AND d.until_on IS NULL AND c.system = 'statistics' AND c.valid_to_on IS NULL"
    " AND d.kind = 'village' ORDER BY c.code"
)


def compare_list(cast: Cast, *, town: int) -> None:
    """A list of one town in which a village is called otherwise and two became one; once."""
    import pandas as pd

    with cast.acting(_COUNTY, "editions") as (session, _):
        place = session.get_one(Division, town)
        listed = [(row.code, row.name) for row in session.execute(_VILLAGES, {"town": town})]
        if len(listed) < _ROADS or session.scalar(select(Edition.id).limit(1)) is not None:
            return
        (code, name), (one, first), (two, second), *others = listed
        stem = name.removesuffix("村委会")
        rows = [(code, f"{stem}新村委会"), *others]
        rows.append((str(int(max(one, two, *(each for each, _ in listed))) + 1), _joined(first, second)))
        table = pd.DataFrame([(n, *row) for n, row in enumerate(rows, start=1)], columns=["row", "code", "name"])
        origin = Origin(CodeSystem.STATISTICS, TITLE, cast.clock.today(), SOURCE)
        hand_in(session, cast.clock, listing=listing_of(table), origin=origin, place=place)


def _joined(one: str, two: str) -> str:
    return f"{one.removesuffix('村委会')}{two.removesuffix('村委会')}村委会"


def count_roads(cast: Cast) -> None:
    """Some roads beyond the villages' scope are new roads, with a quota of their own; once."""
    with cast.acting(_COUNTY, "second stream") as (session, _):
        if session.scalar(select(Street.id).where(Street.stream == Stream.NEW_ROAD.value).limit(1)) is None:
            count_in(session, cast.on_day(30), streets=_beyond(session), stream=Stream.NEW_ROAD, reason=_WHY)
    with cast.acting(_CITY, "second stream") as (session, actor):
        city, year = session.get_one(Division, actor.division_id), cast.clock.today().year
        set_quota(session, cast.clock, division=city, quota=Quota(year, _QUOTA, SOURCE, Stream.NEW_ROAD))


def _beyond(session: Session) -> list[Street]:
    wanted = select(Street).where(Street.state == StreetState.UNNAMED.value, ~Street.in_scope)
    return list(session.scalars(wanted.order_by(Street.length_m.desc(), Street.id).limit(_ROADS)))
