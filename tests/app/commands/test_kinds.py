"""A file that is taken in tells its progress row by row as it is read, kept and made into streets."""

from __future__ import annotations

import itertools
import json

import pytest

from app.base.models import Division, Role
from app.base.shares import MANY, of_rows
from app.commands.kinds import READ, apply
from app.intake.datums import look
from app.intake.steps import Origin
from tests.world import World

pytestmark = pytest.mark.database
ROWS = 2 * MANY + 10


class Enough(Exception):
    """Somebody listens no longer."""


def lanes() -> bytes:
    """Short lanes that do not meet, near 116.33 E, 37.40 N."""
    spots = [(116.32 + n % 50 * 4e-4, 37.39 + n // 50 * 4e-4) for n in range(ROWS)]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": [[x, y], [x + 2e-4, y]]},
            "properties": {"highway": "residential"},
        }
        for x, y in spots
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def take(world: World, heard: list[int], *, until: int = ROWS) -> None:
    def tell(done: int, total: int) -> None:
        assert total == ROWS
        heard.append(done)
        if done > until:
            raise Enough

    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        town = session.get_one(Division, world.places["中镇"])
        share = of_rows(tell, ROWS)
        survey = look(session, lanes(), name="lanes.geojson", datum="", division=town).survey(
            tell=lambda read: share(READ * read)
        )
        made = apply(
            session,
            world.clock,
            survey=survey,
            origin=Origin("lanes"),
            division=town,
            tell=lambda done: share(READ + (1 - READ) * done),
        )
        assert made["rows"] == ROWS


def test_progress_goes_up_in_small_steps_to_the_last_row(world: World):
    heard: list[int] = []
    take(world, heard)
    assert heard == sorted(heard)
    assert heard[0] < READ * ROWS
    assert heard[-1] == ROWS
    steps = [after - before for before, after in itertools.pairwise(heard)]
    assert max(steps) < ROWS / 3


def test_who_stops_it_half_way_finds_nothing_kept(world: World):
    heard: list[int] = []
    with pytest.raises(Enough):
        take(world, heard, until=ROWS // 2)
    with world.owner.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM intake.segment").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM intake.intake").scalar() == 0
