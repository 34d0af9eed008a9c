"""The register: Dezhou's divisions as the statistics office lists them, and how they become our own tree.

``read_register`` gives the register as a value, ``differences`` what does not fit in it, and ``load_register`` brings
it into the database. Village or residents' committee is told by the code's last three digits (statistics office's rule,
see ``kind_of``), because three names do not say which they are; where name and code disagree, that is a difference.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, shape
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import N_, Conflict
from app.base.models import CodeSystem, Division, DivisionCode, DivisionKind
from app.base.tables import SRID
from gis import crs

EDITION, EDITION_ON = "2023", date(2023, 6, 30)
CITY_CODE, CITY_NAME = "371400", "德州市"
#: Administrative villages of the programme (press conference of 2024-04-08).
OFFICIAL_VILLAGES = 5_099
#: What is told while loading: words, how many are done, of how many.
Tell = Callable[[str, int, int], object]

#: Thousands of rows a statement: the history trigger runs once, and PostgreSQL gives out keys in the sorted order.
_DIVISIONS = text(
    "INSERT INTO base.division (parent_id, kind, name, outline, geometry_source, since_on)"
    " SELECT parent, kind, name, ST_GeomFromWKB(outline, :srid),"
    "        CASE WHEN outline IS NULL THEN 'none' ELSE 'sketch' END, :since"
    "   FROM unnest((:parents)::bigint[], (:kinds)::text[], (:names)::text[], (:outlines)::bytea[])"
    "        WITH ORDINALITY given(parent, kind, name, outline, number) ORDER BY number RETURNING id"
)
_CODES = text(
    "INSERT INTO base.division_code (division_id, system, edition, code, valid_from_on)"
    " SELECT division, :system, :edition, code, :since"
    "   FROM unnest((:divisions)::bigint[], (:codes)::text[]) given(division, code)"
)
_VILLAGE_ENDINGS = re.compile("(?:村民委员会|村委员会|村民委员|村委会)$")
_RESIDENTS_ENDINGS = re.compile("(?:居民委员会|居委会)$")

_BRACKETS = str.maketrans("〔［【[{〕］】]}", "(((((" + ")))))")


@dataclass(frozen=True, slots=True)
class Listed:
    """Which list a code stands in: whose codes, and which edition."""

    system: CodeSystem
    edition: str


PACKAGED = Listed(CodeSystem.STATISTICS, EDITION)
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Box:
    """The smallest rectangle around a town: degrees, lon and lat, WGS84."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Unit:
    """One division of the register with its statistical code; ``outline`` is in CGCS2000, a sketch."""

    code: str
    name: str
    kind: DivisionKind
    parent: str
    outline: MultiPolygon | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Register:
    """All divisions of the city, each level in the order of codes."""

    counties: tuple[Unit, ...]
    towns: tuple[Unit, ...]
    villages: tuple[Unit, ...]

    @property
    def levels(self) -> tuple[tuple[Unit, ...], ...]:
        """From the top: a division's parent is in a level before its own."""
        return self.counties, self.towns, self.villages

    def count(self, kind: DivisionKind) -> int:
        """How many divisions of a kind there are."""
        return sum(unit.kind is kind for level in self.levels for unit in level)


@dataclass(frozen=True, slots=True)
class RegisterDifference:
    """Something of the register that does not fit; ``message`` is a template for the catalogue, ``values`` fill it."""

    kind: str
    message: str
    values: dict[str, object]

    def __str__(self) -> str:
        """The message in English."""
        return self.message.format(**self.values)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading changed: divisions added by kind (none at the second time), and what does not fit."""

    counts: dict[DivisionKind, int]
    differences: tuple[RegisterDifference, ...]


def kind_of(code: str) -> DivisionKind:
    """Village or residents' committee, by the last three of a village-level code's twelve digits.

    001-199 residents' committee, 200-399 village, 400-499 like a residents' committee, 500-599 like a village
    (rules for compiling statistical division codes, National Bureau of Statistics).
    """
    number = int(code[-3:])
    village = 200 <= number < 400 or number >= 500  # noqa: PLR2004 - the rule's own bounds
    return DivisionKind.VILLAGE if village else DivisionKind.RESIDENTS


def kind_by_name(name: str) -> DivisionKind | None:
    """Village or residents' committee as the name says, None where it does not say."""
    if _RESIDENTS_ENDINGS.search(name):
        return DivisionKind.RESIDENTS
    return DivisionKind.VILLAGE if _VILLAGE_ENDINGS.search(name) else None


def short_name(name: str) -> str:
    """A division's name without its committee: 张庄村委会 → 张庄村, 周庄村村委会 → 周庄村, 南龙社区居委会 → 南龙社区.

    A residents' committee whose name would no longer say what it is keeps its name whole (王庄居委会).
    """
    stem = _VILLAGE_ENDINGS.sub("", name)
    if stem != name:
        return stem if stem.endswith(("村", "社区")) else f"{stem}村"
    stem = _RESIDENTS_ENDINGS.sub("", name)
    return stem if stem.endswith("社区") else name


def stem_of(name: str) -> str:
    """What a village's name comes to however it is written: 丰泽村, 丰泽村委会 and 丰泽村村民委员会 are all 丰泽.

    Brackets of either width are the same, spaces count for nothing, and the register's misspelt 村委员会 is known. A
    residents' committee keeps that it is one, so that 王庄居委会 is not the village 王庄.
    """
    plain = "".join(unicodedata.normalize("NFKC", name).translate(_BRACKETS).split())
    if kind_by_name(plain) is DivisionKind.RESIDENTS:
        stem = _RESIDENTS_ENDINGS.sub("", plain)
        return stem if stem.endswith("社区") else f"{stem}居委会"
    return _VILLAGE_ENDINGS.sub("", plain).removesuffix("村") or plain


def town_boxes() -> dict[str, Box]:
    """The known extents of towns by statistical code."""
    return {row["code"]: Box(*(float(row[edge]) for edge in Box.__slots__)) for row in _rows("town_boxes")}


def read_register() -> Register:
    """The register that ships with the program. Reads files, no database; about 0.1 s."""
    outlines = _outlines()
    boxes = town_boxes()
    return Register(
        counties=tuple(
            Unit(row["code"], row["name"], DivisionKind(row["kind"]), CITY_CODE, outline=outlines.get(row["code"]))
            for row in _rows("counties")
        ),
        towns=tuple(
            Unit(row["code"], row["name"], DivisionKind.TOWN, row["code"][:6], box=boxes.get(row["code"]))
            for row in _rows("towns")
        ),
        villages=tuple(
            Unit(row["code"], row["name"], kind_of(row["code"]), row["code"][:9]) for row in _rows("villages")
        ),
    )


def _rows(table: str) -> Iterable[dict[str, str]]:
    file = resources.files(__package__).joinpath("register_data", f"{table}.csv")
    return csv.DictReader(file.read_text(encoding="utf-8").splitlines())


def _outlines() -> dict[str, MultiPolygon]:
    """Outlines by county code, valid, brought from the file's datum to ours."""
    file = resources.files(__package__).joinpath("register_data", "counties_gcj02.geojson")
    read = json.loads(file.read_text(encoding="utf-8"))
    shapes = np.array([shape(feature["geometry"]) for feature in read["features"]], dtype=object)
    moved = shapely.make_valid(crs.shapes_to_stored(shapes, crs.datum_named(read["datum"])))
    codes = (feature["properties"]["code"] for feature in read["features"])
    return {code: _multi(outline) for code, outline in zip(codes, moved, strict=True)}


def _multi(outline: shapely.Geometry) -> MultiPolygon:
    polygons = [part for part in shapely.get_parts(outline) if part.geom_type == "Polygon"]
    return outline if isinstance(outline, MultiPolygon) else MultiPolygon(polygons)


def differences(register: Register) -> tuple[RegisterDifference, ...]:
    """What of the register does not fit, the counts first; equal names and missing boxes one by one."""
    found = [*_counts_apart(register), *_statistics_only(register), *_unclear_kinds(register)]
    return (*found, *_same_names(register), *_without_box(register))


def _counts_apart(register: Register) -> Iterable[RegisterDifference]:
    villages = register.count(DivisionKind.VILLAGE)
    if villages != OFFICIAL_VILLAGES:
        yield RegisterDifference(
            "count",
            N_("The register of {edition} has {register} villages, the programme counts {official}: {apart} apart."),
            {
                "edition": EDITION,
                "register": villages,
                "official": OFFICIAL_VILLAGES,
                "apart": abs(OFFICIAL_VILLAGES - villages),
            },
        )


def _statistics_only(register: Register) -> Iterable[RegisterDifference]:
    for zone in (unit for unit in register.counties if unit.kind is DivisionKind.ZONE):
        inside = sum(village.code.startswith(zone.code) for village in register.villages)
        yield RegisterDifference(
            "zone",
            N_("{name} ({code}) exists in the statistics only; its {count} villages belong to a legal county."),
            {"name": zone.name, "code": zone.code, "count": inside},
        )


def _unclear_kinds(register: Register) -> Iterable[RegisterDifference]:
    for unit in register.villages:
        if kind_by_name(unit.name) is not unit.kind:
            yield RegisterDifference(
                "kind",
                N_("{name} ({code}) is a {kind} by its code; its name does not say so."),
                {"name": unit.name, "code": unit.code, "kind": unit.kind.value},
            )


def _same_names(register: Register) -> Iterable[RegisterDifference]:
    """Equal short names inside one county, whatever the width of brackets."""
    names = {unit.code: unit.name for unit in register.counties}
    told = Counter((unit.code[:6], _plain(unit.name)) for unit in register.villages)
    for (county, name), count in told.items():
        if count > 1:
            yield RegisterDifference(
                "same_name",
                N_("{count} villages of {county} are called {name}."),
                {"county": names[county], "name": name, "count": count},
            )


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", short_name(name))


def _without_box(register: Register) -> Iterable[RegisterDifference]:
    names = {unit.code: unit.name for unit in register.counties}
    for unit in register.towns:
        if unit.box is None:
            yield RegisterDifference(
                "no_box",
                N_("{name} of {county} has no known extent."),
                {"name": unit.name, "county": names[unit.parent]},
            )


def load_register(session: Session, clock: Clock, *, tell: Tell | None = None) -> Loaded:
    """Bring the register's divisions, codes and county sketches into the tree; what is there already stays as it is.

    For an administrator of the city, or the operator where there is no city yet; the database refuses others. A
    division is known again by its statistical code of this edition, so that a second call adds nothing and an officer's
    correction of a name is kept. Raises Conflict where another edition stands in the register. They hold from the
    edition's day on, or from the clock's day where that is earlier:
    nothing begins on a day that has not come.
    """
    register, since = read_register(), min(EDITION_ON, clock.today())
    known = _known(session)
    if not known and _others(session):
        raise Conflict(
            N_("The register holds another edition already. Hand in the list of {edition} as an edition instead."),
            edition=EDITION,
        )
    known[CITY_CODE] = _the_city(session, known, since=since)
    counts = dict.fromkeys((unit.kind for level in register.levels for unit in level), 0)
    done, total = 0, sum(map(len, register.levels))
    for level in register.levels:
        missing = [unit for unit in level if unit.code not in known]
        known |= add_units(session, missing, known, since=since)
        for unit in missing:
            counts[unit.kind] += 1
        done += len(level)
        if tell is not None:
            tell("register", done, total)
    return Loaded(counts, differences(register))


def _known(session: Session) -> dict[str, int]:
    rows = session.execute(
        select(DivisionCode.code, DivisionCode.division_id).where(
            DivisionCode.system == CodeSystem.STATISTICS.value, DivisionCode.edition == EDITION
        )
    )
    return {row.code: row.division_id for row in rows}


def _others(session: Session) -> bool:
    """Whether villages, towns or counties bear codes of another edition."""
    longer = func.length(DivisionCode.code) > len(CITY_CODE)
    other = select(DivisionCode.id).where(
        DivisionCode.system == CodeSystem.STATISTICS.value, DivisionCode.edition != EDITION, longer
    )
    return session.scalar(other.limit(1)) is not None


def _the_city(session: Session, known: dict[str, int], *, since: date) -> int:
    """The city at the root: the one with the code, or the one without a code that bears the name, or a new one."""
    if CITY_CODE in known:
        return known[CITY_CODE]
    root = session.scalars(
        select(Division).where(Division.parent_id.is_(None), Division.until_on.is_(None), Division.name == CITY_NAME)
    ).first()
    if root is None:
        root = Division(kind=DivisionKind.CITY.value, name=CITY_NAME, since_on=since)
        session.add(root)
        session.flush()
    add_codes(session, {CITY_CODE: root.id}, since=since)
    return root.id


def add_units(
    session: Session, units: Sequence[Unit], known: Mapping[str, int], *, listed: Listed = PACKAGED, since: date
) -> dict[str, int]:
    """Insert divisions of one level with their codes; the new keys by code. ``known`` has those above by code.

    Some ten thousand a statement: a statement's new rows are held until its triggers have written the history.
    """
    made: dict[str, int] = {}
    for start in range(0, len(units), _AT_ONCE):
        made |= _add(session, units[start : start + _AT_ONCE], known, listed=listed, since=since)
    return made


def _add(
    session: Session, units: Sequence[Unit], known: Mapping[str, int], *, listed: Listed, since: date
) -> dict[str, int]:
    """Keys are given in the order of the arrays, see _DIVISIONS."""
    columns = {
        "parents": [known[unit.parent] for unit in units],
        "kinds": [unit.kind.value for unit in units],
        "names": [unit.name for unit in units],
        "outlines": [None if unit.outline is None else shapely.to_wkb(unit.outline) for unit in units],
        "since": since,
        "srid": SRID,
    }
    made = sorted(session.scalars(_DIVISIONS, columns))
    keys = dict(zip((unit.code for unit in units), made, strict=True))
    add_codes(session, keys, listed=listed, since=since)
    return keys


def add_codes(session: Session, keys: Mapping[str, int], *, listed: Listed = PACKAGED, since: date) -> None:
    """Write down that these divisions bear these codes (code → division's key) in a list's system from a day on."""
    values = {
        "divisions": list(keys.values()),
        "codes": list(keys),
        "system": listed.system.value,
        "edition": listed.edition,
        "since": since,
    }
    session.execute(_CODES, values)
