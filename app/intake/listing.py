"""A list of divisions read and checked, row by row: every row ends in exactly one verdict. No database.

Lists of the statistics office have a row a village with its town and county beside it; the ministry's have a row a
town, or a row a county. Which columns say what is told by their names, or by an officer. Whole columns are checked at
once: the list of the country has 620,573 rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.base.errors import N_, Invalid
from gis.features import RowReport, Survey, Verdict
from gis.formats.kinds import CODE, NAME

if TYPE_CHECKING:
    import pandas as pd

    from gis.formats import Opened
    from gis.formats.rows import RawRow

#: Digits of a county's, a town's and a village's code (GB/T 2260, GB/T 10114, rules of the statistics office).
COUNTY, TOWN, VILLAGE = 6, 9, 12
#: Digits of a city's own part of all codes below it.
CITY = 4
LEVELS = (COUNTY, TOWN, VILLAGE)
_COLUMNS = {
    "code": ("village_code", "村级代码", "村代码", "统计用区划代码", *CODE),
    "name": ("village_name", *NAME),
    "town_code": ("town_code", "streetcode", "乡镇代码", "乡级代码"),
    "town_name": ("town_name", "乡镇名称", "乡镇", "乡镇街道"),
    "county_code": ("county_code", "areacode", "县级代码", "区县代码"),
    "county_name": ("county_name", "区县名称", "区县", "县"),
}
#: What the columns of a list can say, and where it stands for a list whose rows are of this level.
FIELDS = tuple(_COLUMNS)
_LOWEST = {VILLAGE: ("code", "name"), TOWN: ("town_code", "town_name"), COUNTY: ("county_code", "county_name")}
#: A list has no places, and so no datum; those that write files ask for one.
_NOWHERE = "EPSG:4490"
REPAIRED = N_("Spaces, full-width digits or a decimal point were taken out.")
DUPLICATE = N_("The same code stands above with the same name.")
_REJECTED = {
    "no_code": N_("The code is missing."),
    "bad_code": N_("The code is not one of 12 digits (a village), 9 digits (a town) or 6 digits (a county)."),
    "of_above": N_("The code is that of a city or a province, and the list is one of what lies below."),
    "no_name": N_("The name is missing."),
    "not_of_town": N_("The code does not begin with the code of its town."),
    "not_of_county": N_("The code of the town does not begin with the code of its county."),
    "outside": N_("The code lies outside the territory that the list was handed in for."),
    "two_names": N_("The same code stands above with another name."),
    "two_towns": N_("The code of the town stands above with another name."),
    "two_counties": N_("The code of the county stands above with another name."),
}
#: Which of the fields is at fault, for the rows that are given back.
_FAULT = {
    "no_name": "name",
    "two_names": "name",
    "not_of_town": "town_code",
    "not_of_county": "county_code",
    "two_towns": "town_name",
    "two_counties": "county_name",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one row that was not taken as it stood; ``reason`` is a message id."""

    row: int
    code: str
    name: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A list by level: digits of the code → codes, names and the codes above, as columns of one length each.

    A level that the list does not name (villages with their towns' codes alone) is not there. ``counts`` add up to
    ``rows``; ``told`` are the rows that were not simply accepted. ``digest`` is of what the list says, in any order.
    """

    rows: int
    counts: dict[Verdict, int]
    told: tuple[Told, ...]
    digest: str
    levels: dict[int, tuple[list[str], list[str], list[str]]] = field(default_factory=dict)


def columns_of(names: Sequence[str]) -> dict[str, str]:
    """Field → column, as the names of a table's columns tell; a field that no name speaks for is left out."""
    found = {ours: next((name for name in theirs if name in names), None) for ours, theirs in _COLUMNS.items()}
    if found["name"] is None or found["code"] in {None, found["town_code"]}:
        found["code"] = None
    return {ours: name for ours, name in found.items() if name is not None}


def is_enough(columns: Mapping[str, str]) -> bool:
    """Whether the columns say which code and name a row has."""
    return any(set(pair) <= columns.keys() for pair in _LOWEST.values())


def require_enough(columns: Mapping[str, str]) -> None:
    """Raise Invalid for ``file`` where no column has codes and names."""
    if not is_enough(columns):
        raise Invalid(
            N_("The file has no columns of codes and names: 代码 and 名称, code and name, or town_code and town_name."),
            field="file",
        )


def has_no_codes(given: Listing) -> bool:
    """Whether not one row has a code: its column is another."""
    without = {_REJECTED["no_code"], _REJECTED["bad_code"]}
    return given.counts[Verdict.REJECTED] == given.rows and all(row.reason in without for row in given.told)


def read_listing(
    rows: Sequence[RawRow], *, within: str | None = "", columns: Mapping[str, str] | None = None
) -> Listing:
    """A table's rows as a list of divisions; ``within`` is what all codes must begin with.

    None: they are of one city, and of which one most of them say; the others are rejected.

    ``columns`` (field → column) are those that an officer said, else their names tell. Raises Invalid for ``file``
    where no column has codes and names.
    """
    known = {name for row in rows[:100] for name in row.tags}
    used = columns_of(sorted(known)) if columns is None else columns
    require_enough(used)
    return listing_of(_table(rows, used), within=within)


def listing_of(table: pd.DataFrame, *, within: str | None = "") -> Listing:
    """A table with text columns of :data:`_COLUMNS`, and ``row``, its number in the file, as a list."""
    plain = table.apply(lambda column: column if column.name == "row" else _plain(column))
    lowest = _level_of(plain)
    names = _LOWEST[lowest]
    if "code" in table and names[0] not in table:  # a list of one level calls its columns simply code and name
        called = {"code": names[0], "name": names[1]}
        table, plain = table.rename(columns=called), plain.rename(columns=called)
    require_enough({name: name for name in table if name in names})
    touched = (plain[list(names)] != table[list(names)]).any(axis=1)
    plain["verdict"], plain["reason"] = Verdict.ACCEPTED.value, ""
    plain.loc[touched, "verdict"], plain.loc[touched, "reason"] = Verdict.REPAIRED.value, REPAIRED
    plain["code_"], plain["name_"] = plain[names[0]], plain[names[1]]
    within = _city_of(plain["code_"], lowest) if within is None else within
    for reason, wrong in _wrong(plain, lowest=lowest, within=within):
        fresh = wrong & ~plain["verdict"].isin([Verdict.REJECTED.value, Verdict.DUPLICATE.value])
        plain.loc[fresh, "verdict"] = (Verdict.DUPLICATE if reason is DUPLICATE else Verdict.REJECTED).value
        plain.loc[fresh, "reason"] = reason
    kept = plain[plain["verdict"].isin([Verdict.ACCEPTED.value, Verdict.REPAIRED.value])]
    counted = plain["verdict"].value_counts()
    levels = _levels(kept, lowest)
    return Listing(
        rows=len(plain),
        counts={verdict: int(counted.get(verdict.value, 0)) for verdict in Verdict if verdict is not Verdict.IGNORED},
        told=_told(plain),
        digest=digest_of(levels),
        levels=levels,
    )


def like(opened: Opened) -> str:
    """The kind of file that a list's rows are given back as: what is not Excel is a plain table."""
    return "xlsx" if opened.kind == "xlsx" else "csv"


def returned(opened: Opened, rejected: Mapping[int, tuple[str, str]], columns: Mapping[str, str]) -> Survey:
    """A list's file with these rows rejected, for :func:`gis.formats.returning.give_back`.

    ``rejected``: number of the row → reason as a message id, and in the reader's words.
    """
    used = columns or columns_of(opened.names)
    code = next((used[pair[0]] for pair in _LOWEST.values() if pair[0] in used), None)
    fault = {_REJECTED[short]: used.get(ours, code) for short, ours in _FAULT.items()}
    reports = tuple(
        RowReport(
            number,
            row.key,
            Verdict.REJECTED,
            reason=rejected[number][1].replace("{", "{{").replace("}", "}}"),
            field=fault.get(rejected[number][0], code),
            attributes={name: row.tags.get(name, "") for name in opened.names},
        )
        for number, row in zip(numbers_of(opened.rows), opened.rows, strict=True)
        if number in rejected
    )
    return Survey((), (), (), reports, datum=_NOWHERE)


def numbers_of(rows: Sequence[RawRow]) -> list[int]:
    """What each row is called: its line, as the person sees it, or a running number where several sheets have one."""
    numbers = [int(row.key.rpartition("/")[2]) if row.key.rpartition("/")[2].isdigit() else 0 for row in rows]
    return numbers if len(set(numbers)) == len(numbers) and 0 not in numbers else list(range(1, len(rows) + 1))


def _table(rows: Sequence[RawRow], columns: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    given = {ours: [row.tags.get(theirs, "") for row in rows] for ours, theirs in columns.items()}
    return pd.DataFrame({"row": numbers_of(rows), **given})


def _level_of(plain: pd.DataFrame) -> int:
    """The level of a list's rows: what most of its codes are; that of the columns where there are no such."""
    if "code" in plain:
        digits = plain["code"][plain["code"].str.fullmatch(r"\d+")].str.len()
        most = digits[digits.isin(LEVELS)].mode()
        return int(most.iloc[-1]) if len(most) else VILLAGE
    return TOWN if {*_LOWEST[TOWN]} <= {*plain} else COUNTY


def _plain(column: pd.Series) -> pd.Series:
    """Text without what Excel and hands leave in it; the brackets of names stay as wide as they are."""
    bare = column.str.replace(r"\s+", "", regex=True)
    if str(column.name).endswith("code"):
        return bare.str.normalize("NFKC").str.removesuffix(".0")
    return bare


def _wrong(plain: pd.DataFrame, *, lowest: int, within: str) -> list[tuple[str, pd.Series]]:
    """Each reason with the rows that it holds for; the first that holds is told."""
    code, name = plain["code_"], plain["name_"]
    found = [
        (_REJECTED["no_code"], code == ""),
        (_REJECTED["bad_code"], ~code.str.fullmatch(rf"\d{{{lowest}}}")),
        (_REJECTED["of_above"], (code.str[4:] == "00") & (lowest == COUNTY)),
        (_REJECTED["no_name"], name == ""),
        (_REJECTED["outside"], ~code.str.startswith(within)),
    ]
    if lowest == VILLAGE and "town_code" in plain:
        found.append((_REJECTED["not_of_town"], code.str[:TOWN] != plain["town_code"]))
    if lowest > COUNTY and "county_code" in plain:
        found.append((_REJECTED["not_of_county"], code.str[:COUNTY] != plain["county_code"]))
    right = plain[~_any(found, plain)]
    for level, reason in (("town", "two_towns"), ("county", "two_counties")):
        if {f"{level}_code", f"{level}_name"} <= set(plain) and f"{level}_code" != plain["code_"].name:
            found.append((_REJECTED[reason], _other_name(plain, right, level)))
    right = plain[~_any(found, plain)]
    again = right.duplicated("code_").reindex(plain.index, fill_value=False)
    same = right.duplicated(["code_", "name_"]).reindex(plain.index, fill_value=False)
    return [*found, (DUPLICATE, same), (_REJECTED["two_names"], again & ~same)]


def _city_of(codes: pd.Series, lowest: int) -> str:
    """The city that most of the codes are of; empty where none is a code."""
    cities = codes[codes.str.fullmatch(rf"\d{{{lowest}}}")].str[:CITY].mode()
    return str(cities.iloc[0]) if len(cities) else ""


def _any(found: Sequence[tuple[str, pd.Series]], plain: pd.DataFrame) -> pd.Series:
    wrong = plain["row"] < 0
    for _, each in found:
        wrong |= each
    return wrong


def _other_name(plain: pd.DataFrame, right: pd.DataFrame, level: str) -> pd.Series:
    """Rows whose town (or county) is called otherwise than in the first row that has its code."""
    first = right.drop_duplicates(f"{level}_code").set_index(f"{level}_code")[f"{level}_name"]
    called = plain[f"{level}_code"].map(first)
    return called.notna() & (called != plain[f"{level}_name"]) & plain.index.isin(right.index)


def _levels(kept: pd.DataFrame, lowest: int) -> dict[int, tuple[list[str], list[str], list[str]]]:
    levels = {}
    for digits, level in ((COUNTY, "county"), (TOWN, "town")):
        if digits < lowest and {f"{level}_code", f"{level}_name"} <= set(kept):
            units = kept[kept[f"{level}_name"] != ""].drop_duplicates(f"{level}_code")
            levels[digits] = _columns(units[f"{level}_code"], units[f"{level}_name"], digits)
    levels[lowest] = _columns(kept["code_"], kept["name_"], lowest)
    return levels


def _columns(codes: pd.Series, names: pd.Series, digits: int) -> tuple[list[str], list[str], list[str]]:
    above = {COUNTY: 4, TOWN: COUNTY, VILLAGE: TOWN}[digits]
    order = codes.argsort(kind="stable")
    codes, names = codes.iloc[order], names.iloc[order]
    return codes.tolist(), names.tolist(), codes.str[:above].tolist()


def _told(plain: pd.DataFrame) -> tuple[Told, ...]:
    rows = plain[plain["verdict"] != Verdict.ACCEPTED.value]
    columns = (rows[name] for name in ("row", "code_", "name_", "verdict", "reason"))
    return tuple(
        Told(int(row), code[:40], name[:80], Verdict(verdict), reason)
        for row, code, name, verdict, reason in zip(*columns, strict=True)
    )


def digest_of(levels: Mapping[int, tuple[list[str], list[str], list[str]]]) -> str:
    """A hash of what a list says, whatever the order of its rows."""
    whole = hashlib.sha256()
    for digits, (codes, names, _) in sorted(levels.items()):
        whole.update(f"{digits}\n".encode())
        whole.update("\n".join(f"{code} {name}" for code, name in zip(codes, names, strict=True)).encode())
    return whole.hexdigest()
