"""A list of divisions read and checked, row by row: every row ends in exactly one verdict. No database.

Lists of the statistics office have a row a village with its town and county beside it; the ministry's have a row a
town. Which columns say what is told by their names. Whole columns are checked at once: the list of the country has
620,573 rows.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.base.errors import N_, Invalid
from gis.errors import GisError
from gis.features import Verdict
from gis.formats import open_rows
from gis.formats.kinds import CODE, NAME

if TYPE_CHECKING:
    import pandas as pd

    from gis.formats.rows import RawRow

#: Digits of a county's, a town's and a village's code (GB/T 2260, GB/T 10114, rules of the statistics office).
COUNTY, TOWN, VILLAGE = 6, 9, 12
LEVELS = (COUNTY, TOWN, VILLAGE)
_COLUMNS = {
    "code": ("village_code", "村级代码", "村代码", "统计用区划代码", *CODE),
    "name": ("village_name", *NAME),
    "town_code": ("town_code", "streetcode", "乡镇代码", "乡级代码"),
    "town_name": ("town_name", "乡镇名称", "乡镇", "乡镇街道"),
    "county_code": ("county_code", "areacode", "县级代码", "区县代码"),
    "county_name": ("county_name", "区县名称", "区县", "县"),
}
REPAIRED = N_("Spaces, full-width digits or a decimal point were taken out.")
DUPLICATE = N_("The same code stands above with the same name.")
_REJECTED = {
    "no_code": N_("The code is missing."),
    "bad_code": N_("The code is not one of 12 digits (a village) or 9 digits (a town)."),
    "no_name": N_("The name is missing."),
    "not_of_town": N_("The code does not begin with the code of its town."),
    "not_of_county": N_("The code of the town does not begin with the code of its county."),
    "outside": N_("The code lies outside the territory that the list was handed in for."),
    "two_names": N_("The same code stands above with another name."),
    "two_towns": N_("The code of the town stands above with another name."),
    "two_counties": N_("The code of the county stands above with another name."),
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


def read_list(data: bytes, *, name: str, within: str = "") -> Listing:
    """A file's bytes (CSV, Excel) as a list of divisions. Raises Invalid for ``file`` with what is wrong."""
    with tempfile.TemporaryDirectory(prefix="minglu-") as folder:
        path = Path(folder) / ("list" + Path(name.replace("\\", "/").replace("\0", "")).suffix[:8])
        path.write_bytes(data)
        try:
            return read_listing(open_rows(path).rows, within=within)
        except GisError as error:
            raise Invalid(error.message, field="file", **{**error.values, "file": name[-80:]}) from error


def read_listing(rows: Sequence[RawRow], *, within: str = "") -> Listing:
    """A table's rows as a list of divisions; ``within`` is what all codes must begin with.

    Raises Invalid for ``file`` where no column has codes and names.
    """
    return listing_of(_table(rows), within=within)


def listing_of(table: pd.DataFrame, *, within: str = "") -> Listing:
    """A table with text columns of :data:`_COLUMNS`, and ``row``, its number in the file, as a list."""
    lowest = VILLAGE if "code" in table else TOWN
    names = ("code", "name") if lowest == VILLAGE else ("town_code", "town_name")
    if any(name not in table for name in names):
        raise Invalid(
            N_("The file has no columns of codes and names: 代码 and 名称, code and name, or town_code and town_name."),
            field="file",
        )
    plain = table.apply(lambda column: column if column.name == "row" else _plain(column))
    touched = (plain[list(names)] != table[list(names)]).any(axis=1)
    plain["verdict"], plain["reason"] = Verdict.ACCEPTED.value, ""
    plain.loc[touched, "verdict"], plain.loc[touched, "reason"] = Verdict.REPAIRED.value, REPAIRED
    plain["code_"], plain["name_"] = plain[names[0]], plain[names[1]]
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


def _table(rows: Sequence[RawRow]) -> pd.DataFrame:
    import pandas as pd

    known = {name for row in rows[:100] for name in row.words}
    columns = {ours: next((name for name in theirs if name in known), None) for ours, theirs in _COLUMNS.items()}
    if columns["code"] == columns["town_code"] or (columns["code"] is None and columns["town_code"] is None):
        columns["code"] = None
    given = {
        ours: [row.words.get(theirs, "") for row in rows] for ours, theirs in columns.items() if theirs is not None
    }
    if "code" in given and "name" not in given:
        given.pop("code")
    numbers = [int(row.key.rpartition("/")[2]) if row.key.rpartition("/")[2].isdigit() else 0 for row in rows]
    unique = numbers if len(set(numbers)) == len(numbers) and 0 not in numbers else list(range(1, len(rows) + 1))
    return pd.DataFrame({"row": unique, **given})


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
        (_REJECTED["no_name"], name == ""),
        (_REJECTED["outside"], ~code.str.startswith(within)),
    ]
    if lowest == VILLAGE and "town_code" in plain:
        found.append((_REJECTED["not_of_town"], code.str[:TOWN] != plain["town_code"]))
    if "county_code" in plain:
        found.append((_REJECTED["not_of_county"], code.str[:COUNTY] != plain["county_code"]))
    right = plain[~_any(found, plain)]
    for level, reason in (("town", "two_towns"), ("county", "two_counties")):
        if {f"{level}_code", f"{level}_name"} <= set(plain) and f"{level}_code" != plain["code_"].name:
            found.append((_REJECTED[reason], _other_name(plain, right, level)))
    right = plain[~_any(found, plain)]
    again = right.duplicated("code_").reindex(plain.index, fill_value=False)
    same = right.duplicated(["code_", "name_"]).reindex(plain.index, fill_value=False)
    return [*found, (DUPLICATE, same), (_REJECTED["two_names"], again & ~same)]


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
