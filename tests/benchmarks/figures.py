"""The figures: what row-level security, history and the print gate cost; further ones stand in files of their own."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.models import Role
from signs.codes import new_code
from signs.designs import KINDS, Axis, Ground, sides_of
from signs.qr import symbol_for
from signs.rendering import Words, face_of
from signs.sheets import print_pdf
from signs.verify import read_back
from tests.benchmarks import derivation, divisions, tiles
from tests.benchmarks.grounds import fresh_world
from tests.filled import fill

Figure = tuple[float, str, str]
TILE = (14, 13480, 6345)


def _median_ms(session: Session, sql: str, *, times: int = 9, **values: object) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        session.execute(text(sql), values).all()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def tile_under_policies() -> Figure:
    """A tile's streets at 200,000 rows as a city officer: the staff role's own query ÷ the definer function."""
    with fresh_world() as world:
        person = world.person(Role.CITY_OFFICER, "市")
        fill(world)
        with world.office.acting(person, via="bench") as session:
            z, x, y = TILE
            plain = _median_ms(
                session,
                "SELECT ST_AsMVT(t) FROM (SELECT s.id, ST_AsMVTGeom(ST_Transform(s.line, 3857),"
                " ST_TileEnvelope(:z, :x, :y)) FROM inventory.street s"
                " WHERE s.line && ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.0625), 4490)) t",
                z=z,
                x=x,
                y=y,
            )
            ours = _median_ms(session, "SELECT map.streets(:z, :x, :y)", z=z, x=x, y=y)
    return plain / ours, "times faster", f"the same tile as a plain query under the policies ({plain:.1f} ms)"


def history_cost() -> Figure:
    """Writing 20,000 segments with history and policies ÷ the same rows with the history's triggers off."""
    insert = (
        "INSERT INTO intake.segment (intake_id, key, line, length_m, geometry_source, digest, surveyed_on, division_id)"
        " SELECT :intake, n::text, ST_SetSRID(ST_MakeLine(ST_MakePoint(116, 37),"
        " ST_MakePoint(116.1, 37 + n / 1e5)), 4490), 10, 'survey', :mark || n, '2024-01-01', :village"
        " FROM generate_series(1, 20000) n"
    )
    with fresh_world() as world:
        values = {"village": world.places["甲村"]}
        with world.admin.begin() as connection:
            values["intake"] = connection.execute(
                text(
                    "INSERT INTO intake.intake (source, datum, rows, accepted, repaired, duplicate, rejected, ignored,"
                    " taken_on, division_id) VALUES ('x', 'x', 0, 0, 0, 0, 0, 0, '2024-01-01', :village) RETURNING id"
                ),
                values,
            ).scalar_one()
        taken = {}
        for mark, switch in (("warm", "ENABLE"), ("with", "ENABLE"), ("without", "DISABLE")):
            with world.admin.begin() as connection:
                connection.exec_driver_sql(f"ALTER TABLE intake.segment {switch} TRIGGER h_insert")
            with world.admin.begin() as connection:
                started = time.perf_counter()
                connection.execute(text(insert), {**values, "mark": mark})
                taken[mark] = time.perf_counter() - started
    return taken["with"] / taken["without"], "times", f"the same insert without history ({taken['without']:.2f} s)"


def print_gate() -> Figure:
    """Plates a second through drawing, the print file and reading back with two decoders."""
    kind, count = KINDS["street_plate"], 200
    left, right = sides_of(Axis.EAST_WEST, facing_deg=180.0, along_deg=90.0, goes_on=True, goes_back=True)
    faces = [
        face_of(
            kind,
            Words(hanzi="惠民路", pinyin="HUIMIN LU", left=left, right=right),
            symbol=symbol_for("dm.dezhou.gov.cn", new_code()),
            ground=Ground.BLUE,
        )
        for _ in range(count)
    ]
    started = time.perf_counter()
    results = read_back(print_pdf(faces, title="bench"), faces)
    taken = time.perf_counter() - started
    if not all(result.good for result in results):
        raise AssertionError("a plate was not read back")
    return count / taken, "plates/s", "nothing: no peer reads its print file back"


FIGURES: dict[str, Callable[[], Figure]] = {
    "tile_under_policies": tile_under_policies,
    "history_cost": history_cost,
    "print_gate": print_gate,
    "street_derivation_speedup": derivation.speedup,
    "street_derivation_agreement": derivation.agreement,
    "street_derivation_truth": derivation.truth,
    "street_derivation_growth": derivation.growth,
    "linework_clean": derivation.linework,
    "import_vs_copy": divisions.import_vs_copy,
    "tile_cold_vs_tipg": tiles.cold_vs_tipg,
    "tile_cached_vs_constant": tiles.cached_vs_constant,
    "tile_largest": tiles.largest,
}
