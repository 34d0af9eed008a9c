"""The figure of the intake: all village-level divisions of China as an edition ÷ a bare COPY of the same rows."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.base.db import operating
from app.base.models import CodeSystem, Division, DivisionKind, Role
from app.base.people import found_person
from app.base.territory import found_division
from app.intake.editions import Origin, hand_in, kind_below
from app.intake.listing import LEVELS, Listing, read_listing
from gis.features import Verdict
from gis.formats import open_rows
from tests.benchmarks.grounds import fresh_world
from tests.world import World

Figure = tuple[float, str, str]
PACKAGE, VILLAGES = "china-division@2.7.0", 620_573
TOP, SINCE = "全国", date(2023, 9, 11)
_PASSWORD = "bench-bench-bench"
_HEADS = ("code", "name", "town_code", "town_name", "county_code", "county_name")


def import_vs_copy() -> Figure:
    """Reading, checking and writing the list as an officer of the country ÷ COPY of its divisions and codes.

    The COPY goes into the registry's own tables, with their constraints, indexes and triggers (paths, history), level
    by level; as a superuser, whom policies do not ask: PostgreSQL copies into no table whose policies hold.
    """
    with tempfile.TemporaryDirectory(prefix="minglu-") as folder:
        path = _list_of(Path(folder))
        with fresh_world() as world:
            spent, listing = _ours(world, path)
        with fresh_world() as world:
            copied = _copied(world, listing)
    told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in spent.items())
    rows = sum(len(codes) for codes, _, _ in listing.levels.values())
    against = f"COPY of the same {rows:,} divisions and their codes, {copied:.1f} s; ours: {told}"
    return sum(spent.values()) / copied, "times the time", against


def _list_of(folder: Path) -> Path:
    """The list as an office would hand it in: a row a village, with its town and county beside it."""
    npm = shutil.which("npm") or sys.exit("npm fetches the list of divisions; it is not here.")
    subprocess.run([npm, "pack", PACKAGE, "--silent"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("china-division-*.tgz"))) as packed:
        packed.extractall(folder, filter="data")
    towns, counties = ({row["code"]: row["name"] for row in _read(folder, name)} for name in ("streets", "areas"))
    path = folder / "villages.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(_HEADS)
        for row in _read(folder, "villages"):
            town, county = row["streetCode"], row["areaCode"]
            out.writerow((row["code"], row["name"], town, towns[town], county, counties[county]))
    return path


def _read(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with (folder / "package" / "dist" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _ours(world: World, path: Path) -> tuple[dict[str, float], Listing]:
    """Seconds of reading, checking and writing; what was written is counted."""
    person, top = _officer(world)
    spent: dict[str, float] = {}
    with _taking(spent, "parsing"):
        rows = open_rows(path).rows
    with _taking(spent, "checking"):
        listing = read_listing(rows)
    del rows
    if listing.rows != VILLAGES or listing.counts[Verdict.ACCEPTED] + listing.counts[Verdict.REPAIRED] < VILLAGES:
        sys.exit(f"The list has {listing.rows} rows, of which {listing.counts}: all {VILLAGES} were to come in.")
    with _taking(spent, "writing"), world.office.acting(person, via="bench") as session:
        origin = Origin(CodeSystem.STATISTICS, "2023", SINCE, PACKAGE, "MIT")
        hand_in(session, world.clock, listing=listing, origin=origin, place=session.get_one(Division, top))
    _require_all(world, listing)
    return spent, listing


def _officer(world: World) -> tuple[int, int]:
    with operating(world.settings, via="bench") as session:
        top = found_division(session, world.clock, name=TOP, kind=DivisionKind.CITY, parent=None)
        of = {"login": "bench", "name": "bench", "role": Role.CITY_OFFICER, "place": TOP, "password": _PASSWORD}
        person = found_person(session, world.clock, **of)  # type: ignore[arg-type]
        return person.id, top.id


@contextmanager
def _taking(spent: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    spent[name] = time.perf_counter() - began


def _copied(world: World, listing: Listing) -> float:
    """Seconds of the COPY of each level's divisions, then of their codes."""
    _, top = _officer(world)
    levels = list(_numbered(listing, top))
    divisions = "COPY base.division (id, parent_id, kind, name, geometry_source, since_on) FROM STDIN"
    codes = "COPY base.division_code (division_id, system, edition, code, valid_from_on) FROM STDIN"
    began = time.perf_counter()
    with world.admin.begin() as connection:
        for units, borne in levels:
            _copy(connection, divisions, units)
            _copy(connection, codes, borne)
    seconds = time.perf_counter() - began
    _require_all(world, listing)
    return seconds


def _numbered(listing: Listing, top: int) -> Iterator[tuple[list[Sequence[Any]], list[Sequence[Any]]]]:
    """Rows of divisions and of codes by level, with keys that nobody has yet."""
    keys: Mapping[str, int] = {}
    number = 10_000_000
    for digits in LEVELS:
        codes, names, aboves = listing.levels[digits]
        own = {code: number + n for n, code in enumerate(codes)}
        number += len(codes)
        yield (
            [
                (own[code], keys.get(above, top), kind_below(code).value, name, "none", SINCE)
                for code, name, above in zip(codes, names, aboves, strict=True)
            ],
            [(own[code], CodeSystem.STATISTICS.value, "2023", code, SINCE) for code in codes],
        )
        keys = own


def _copy(connection: Any, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    with connection.connection.driver_connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _require_all(world: World, listing: Listing) -> None:
    """As many villages as the list has, each with its code and an entry of the history."""
    with world.admin.connect() as connection:
        asked = text(
            "SELECT count(*), count(c.id), (SELECT count(*) FROM history.entry WHERE subject = 'base.division')"
            " FROM base.division d LEFT JOIN base.division_code c ON c.division_id = d.id"
            " WHERE d.kind IN ('village', 'residents') AND d.since_on = :since"
        )
        divisions, codes, entries = connection.execute(asked, {"since": SINCE}).one()
    villages = len(listing.levels[12][0])
    if not divisions == codes == villages <= entries:
        sys.exit(f"{villages} villages were to be written; there are {divisions}, {codes} codes, {entries} entries.")
