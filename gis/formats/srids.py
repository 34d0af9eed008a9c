"""The datum that the rows of a table state themselves: ``SRID=4490;LINESTRING (…)``, as PostGIS writes it (EWKT)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import shapely

from gis.crs import datum_named
from gis.errors import N_, UnknownDatum
from gis.formats.rows import RawRow

#: Rows that are named for each datum.
_NAMED = 5


def stated_by(rows: Sequence[RawRow], stated: str | None, called: str) -> tuple[list[RawRow], str | None]:
    """The rows without what their shapes say of their datum, and the datum: theirs, else ``stated``.

    Raises UnknownDatum where they say several, or another than the file does, and names the rows.
    """
    said: dict[str, list[str]] = {}
    for row in rows:
        srid = 0 if row.shape is None else int(shapely.get_srid(row.shape))
        if srid:
            said.setdefault(f"EPSG:{srid}", []).append(row.key)
    if not said:
        return list(rows), stated
    if len(said) > 1 or (stated and datum_named(stated).name != datum_named(next(iter(said))).name):
        raise UnknownDatum(
            N_("The rows of {file} are in different coordinate systems: {rows}. Bring them to one, or split the file."),
            file=called,
            rows="; ".join(
                [*([stated] if stated else []), *(f"{code} ({_some(keys)})" for code, keys in said.items())]
            ),
        )
    bare = [row if row.shape is None else replace(row, shape=shapely.set_srid(row.shape, 0)) for row in rows]
    return bare, next(iter(said))


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:_NAMED]) + (" …" if len(keys) > _NAMED else "")
