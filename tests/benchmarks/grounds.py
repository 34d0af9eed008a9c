"""What is measured on: an empty database, real extracts named by MINGLU_SAMPLES, and the generated city."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike

from app.base.cluster import Cluster
from app.base.prepare import prepare
from app.base.settings import read_settings
from app.demonstration.geometry import generate_survey
from app.demonstration.places import lay_out, outline_of
from app.intake.register import read_register
from gis.features import Centreline
from gis.formats import read_survey
from gis.linework import clean
from tests.world import World, end_world, make_world

ANDORRA, PYROSM = "andorra-latest.osm.pbf", "pyrosm_test.osm.pbf"


@cache
def extract(name: str) -> tuple[Centreline, ...]:
    """The noded segments of an OpenStreetMap extract; without the folder of samples this ends the program."""
    folder = os.environ.get("MINGLU_SAMPLES")
    if not folder:
        sys.exit("Set MINGLU_SAMPLES to the folder of sample files: this figure is measured on real streets.")
    return clean(read_survey(Path(folder) / "osm" / name).centrelines).segments


@cache
def city(least: int) -> tuple[Centreline, ...]:
    """At least so many segments of the generated city, county by county, dressed so that every rule has work.

    Half of them bear one of 450 names, as the same names recur from village to village; a fifth are one-way.
    """
    found: list[Centreline] = []
    for survey in counties():
        found += survey
        if len(found) >= least:
            return tuple(_dressed(each) for each in found)
    raise AssertionError(f"the generated city has {len(found)} segments only")


def counties() -> Iterator[Sequence[Centreline]]:
    """The surveyed lines of the generated city, county by county."""
    register = read_register()
    laid_out = lay_out(register)
    for county in register.counties:
        villages = [village for code, village in laid_out.items() if code.startswith(county.code)]
        yield generate_survey(villages, outline=outline_of(register, county.code)).centrelines


def _dressed(segment: Centreline) -> Centreline:
    lot = crc32(segment.key.encode())
    village = crc32(segment.key.partition("/")[0].encode()) % 50
    name = f"{village}之{lot // 10 % 9}街" if lot % 2 else None
    return Centreline(segment.key, segment.line, name, segment.road_class, oneway=lot % 5 == 0)


@contextmanager
def fresh_world() -> Iterator[World]:
    """A database of its own on a server of its own, with the small tree of the tests."""
    with tempfile.TemporaryDirectory() as state, Cluster.throwaway() as cluster:
        template = read_settings({"MINGLU_STATE": state}, database_url=cluster.url("template_minglu"))
        prepare(template)
        world = make_world(cluster, template)
        try:
            yield world
        finally:
            end_world(world)


def rand_index(one: ArrayLike, other: ArrayLike) -> float:
    """How far two partitions agree: 1 the same, 0 as by chance (adjusted Rand index, Hubert and Arabie 1985)."""
    first, second = (np.unique(np.asarray(each), return_inverse=True)[1] for each in (one, other))
    both = _pairs(first * (int(second.max()) + 1) + second)
    rows, columns, every = _pairs(first), _pairs(second), len(first) * (len(first) - 1) / 2
    chance = rows * columns / every
    return float((both - chance) / ((rows + columns) / 2 - chance))


def _pairs(label: np.ndarray) -> float:
    many = np.unique(label, return_counts=True)[1].astype(float)
    return float((many * (many - 1) / 2).sum())
