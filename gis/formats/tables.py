"""GeoPackage, shapefile, GPX and DXF through GDAL.

Text of shapefiles and drawings is decoded here, because their encoding is often untold.
"""

from __future__ import annotations

import codecs
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from gis.errors import N_, UnreadableFile
from gis.formats.flaws import BROKEN
from gis.formats.members import Layer, together
from gis.formats.redrawing import REASONS
from gis.formats.rows import PIECES, RawRow
from gis.formats.sizes import WIDEST_PLACE, Counted
from gis.formats.wkb import whole_lines

_GDAL_ERRORS = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    GeometryError,
    ValueError,
    RuntimeError,
)
#: Lengths of the fixed heads (ESRI Shapefile Technical Description, 1998; dBASE III).
_SHP_HEAD, _DBF_HEAD = 100, 32
_KEYS = ("编号", "标识码", "bsm", "key", "osm_id", "fid", "id")
_UTF8 = "utf-8"
_AT_ONCE = 10_000  # features
_THREE_BYTES = 0x800
_CHINESE = "gb18030"
_LATIN1_END, _TAIL = 0x100, 64
#: A condition that holds for every row: with it GDAL counts them, instead of believing the count of a GeoPackage
#: (gpkg_ogr_contents), which other programs leave behind when they write.
_EVERY = _EVERY_ROW = "1 = 1"
#: What programs keep of their own beside the layers.
_OF_PROGRAMS = frozenset({"layer_styles", "qgis_projects"})


def read_gpkg(path: Path, *, called: str, most: int | None = None) -> tuple[list[RawRow], str | None]:
    """The rows of all spatial layers of a GeoPackage, layer by layer, and the datum they share.

    After them those of its tables without geometries: placed by their columns (经度 and 纬度, WKT), else left out, each
    with that as its reason. ``most``: the first rows of each layer, as many in all.

    Raises :class:`UnreadableFile` for damage, where no layer has geometries, and where GDAL gave fewer rows than the
    layer has, :class:`UnknownDatum` as :func:`gis.formats.members.together` does.
    """
    listed = [(str(name), kind) for name, kind in _asked(pyogrio.list_layers, path, called=called)]
    layers = [name for name, kind in listed if kind is not None]
    if not layers:
        raise UnreadableFile(N_("{file} has no layer with geometries; export the layer again."), file=called)
    tables = [name for name, kind in listed if kind is None and name not in _OF_PROGRAMS]
    read: dict[str, Layer] = {}
    of_each = None if most is None else max(1, most // len(layers))
    for layer in layers:
        meta, shapes, columns = _read(path, called=called, layer=layer, max_features=of_each, where=_EVERY)
        if of_each is None:
            _require_all(path, layer, len(shapes), called)
        names = [str(name) for name in meta["fields"]]
        rows = _rows(shapes, names, columns, prefix="", fids=meta["fid_column_values"])
        read[layer] = Layer(rows, _stated(meta))
    if len(listed) == 1:
        only = next(iter(read.values()))
        return list(only.rows), only.stated
    read |= {table: Layer(_table(path, table, called=called, most=of_each), table=True) for table in tables}
    return together(read, called)


def _require_all(path: Path, layer: str, read: int, called: str) -> None:
    """Raise UnreadableFile where the database has another number of rows than were read."""
    quoted = layer.replace('"', '""')
    counting = f'SELECT count(*) AS n FROM "{quoted}" WHERE {_EVERY_ROW}'
    _, _, _, columns = _asked(pyogrio.raw.read, path, called=called, sql=counting)
    there = int(columns[0][0])
    if there != read:
        raise UnreadableFile(
            N_("Only {read} of the {there} rows of {layer} in {file} can be read; export the layer again."),
            file=called,
            layer=layer,
            read=read,
            there=there,
        )


def _table(path: Path, table: str, *, called: str, most: int | None) -> list[RawRow]:
    """The rows of a table without geometries."""
    options = {"layer": table, "max_features": most, "where": _EVERY, "drawn": False}
    meta, shapes, columns = _read(path, called=called, **options)
    names = [str(name) for name in meta["fields"]]
    return _rows(shapes, names, columns, prefix="", fids=meta["fid_column_values"])


def read_shapefile(path: Path, *, called: str, most: int | None = None) -> tuple[list[RawRow], str | None]:
    """The rows (or the first ``most``) of one ``.shp`` with its sidecars, and the datum of its ``.prj``, if any.

    The text of the ``.dbf`` is read as UTF-8 where its bytes prove that, else as the ``.cpg`` says if that fits, else
    as GB18030 (which contains GBK). Raises :class:`UnreadableFile` for damage, also of a part that is cut off.
    """
    _check_whole(path, called)
    with_index = path.with_suffix(".shx").exists()
    pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": None if with_index else "YES"})
    meta, shapes, columns = _read(path, called=called, encoding="ISO-8859-1", max_features=most)
    raw_names = [str(name) for name in meta["fields"]]
    encoding = _encoding([*raw_names, *_texts(columns)], _declared_encoding(path))
    names = [_decoded(name, encoding) for name in raw_names]
    decoded = [_decoded_column(column, encoding) for column in columns]
    return _rows(shapes, names, decoded, prefix="", fids=None), _stated(meta)


def read_gpx(path: Path, *, called: str) -> list[RawRow]:
    """The waypoints, routes and tracks of a GPX, WGS84 by definition; the single points of routes and tracks are none.

    Raises :class:`UnreadableFile` for damage.
    """
    rows: list[RawRow] = []
    for layer in ("waypoints", "routes", "tracks"):
        meta, shapes, columns = _read(path, called=called, layer=layer)
        names = [str(name) for name in meta["fields"]]
        rows += _rows(shapes, names, columns, prefix=f"{layer}/", fids=None)
    return rows


def read_dxf(path: Path, *, called: str, most: int | None = None) -> list[RawRow]:
    """The drawn things (or the first ``most``) of a DXF with their layer's name as 图层; a drawing states no datum.

    Text that its program declared as Western though it is GBK or UTF-8 is decoded anew. Raises
    :class:`UnreadableFile` for damage.
    """
    _check_ended(path, called)
    meta, shapes, columns = _read(path, called=called, max_features=most)
    called_so = {"Layer": "图层", "Text": "text", "EntityHandle": "key"}
    kept = [
        (called_so[name], column) for name, column in zip(meta["fields"], columns, strict=True) if name in called_so
    ]
    western = [[_western(value) for value in column] for _, column in kept]
    encoding = _encoding([text for texts in western for text in texts if text], None)
    decoded = [
        _decoded_column(np.array(texts, dtype=object), encoding) if None not in _lost(texts, column) else column
        for texts, (_, column) in zip(western, kept, strict=True)
    ]
    rows = _rows(shapes, [name for name, _ in kept], decoded, prefix="", fids=None)
    return [row for row in rows if row.tags.get("图层") != REASONS]


def _western(value: Any) -> str | None:
    """Text as the Latin-1 bytes that it was before GDAL took them for code page 1252; None for other scripts."""
    if not isinstance(value, str):
        return None
    try:
        raw = b"".join(
            bytes([ord(letter)]) if ord(letter) < _LATIN1_END else letter.encode("cp1252") for letter in value
        )
    except UnicodeEncodeError:
        return None
    return raw.decode("latin-1")


def _lost(texts: Sequence[str | None], column: Iterable[Any]) -> list[str | None]:
    """What of a column's texts could not be taken back to bytes shows as None; a cell without text is none."""
    return [text if isinstance(value, str) else "" for text, value in zip(texts, column, strict=True)]


def _check_ended(path: Path, called: str) -> None:
    """Refuse a drawing that lacks its last line: GDAL reads what there is as if it were all."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        if file.read().split()[-1:] != [b"EOF"]:
            raise UnreadableFile(N_("{file} is cut off: a drawing ends with EOF; save it as DXF again."), file=called)


def _check_whole(path: Path, called: str) -> None:
    """Refuse parts that are shorter than they say: GDAL would read what is left of them as if it were all."""
    with path.open("rb") as shapes, path.with_suffix(".dbf").open("rb") as table:
        drawn, told = shapes.read(_SHP_HEAD), table.read(_DBF_HEAD)
    promised = 2 * int.from_bytes(drawn[24:28], "big")
    whole = len(drawn) == _SHP_HEAD and path.stat().st_size >= promised
    records, head, width = (int.from_bytes(told[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    if not whole or head < _DBF_HEAD or path.with_suffix(".dbf").stat().st_size < head + records * width:
        part = ".dbf" if whole else ".shp"
        raise UnreadableFile(
            N_("{part} of {file} is damaged or cut off; export the shapefile again and zip all its parts."),
            file=called,
            part=part,
        )


def _asked(ask: Any, path: Path, *, called: str, **options: Any) -> Any:
    """Call GDAL; its refusals become ours, its warnings are judged by the rows that result."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ask(path, **options)
    except _GDAL_ERRORS as error:
        raise UnreadableFile(
            N_("{file} is damaged or cut off; export it again."),
            file=called,
        ) from error


def _read(path: Path, *, called: str, **options: Any) -> tuple[dict[str, Any], NDArray[np.object_], list[NDArray[Any]]]:
    """A layer, or ``max_features`` of it; some thousands at a time, so that what is too large ends early.

    ``drawn`` is false for a table, which has no geometries.
    """
    most, drawn = options.pop("max_features", None), options.pop("drawn", True)
    counted, pieces, done = Counted(called), [], 0
    while True:
        here = _AT_ONCE if most is None else min(_AT_ONCE, most - done)
        meta, fids, wkb, columns = _asked(
            pyogrio.raw.read,
            path,
            called=called,
            return_fids=True,
            datetime_as_string=True,
            skip_features=done,
            max_features=here,
            **options,
        )
        if wkb is None and not drawn:
            wkb = np.full(len(fids), None, dtype=object)
        if wkb is None:
            raise UnreadableFile(N_("{file} has no geometries; export the layer again."), file=called)
        for number, shape in enumerate(wkb, start=done + 1):
            counted.add(0 if shape is None else len(shape) // WIDEST_PLACE, f"row/{number}")
        pieces.append((fids, np.asarray(wkb, dtype=object), list(columns)))
        done += len(wkb)
        if len(wkb) < here or done == most:
            break
    if len(pieces) > 1 and not len(pieces[-1][1]):  # its columns are of no kind
        pieces.pop()
    meta["fid_column_values"] = np.concatenate([fids for fids, _, _ in pieces])
    shapes = np.concatenate([shapes for _, shapes, _ in pieces])
    return meta, shapes, [np.concatenate(parts) for parts in zip(*(columns for _, _, columns in pieces), strict=True)]


def _rows(
    wkb: NDArray[np.object_],
    names: Sequence[str],
    columns: Sequence[NDArray[Any]],
    *,
    prefix: str,
    fids: NDArray[Any] | None,
) -> list[RawRow]:
    shapes = shapely.from_wkb(wkb, on_invalid="ignore")  # pyogrio has made straight pieces of curves
    lowered = [name.strip().lower() for name in names]
    rows = []
    for index, shape in enumerate(shapes):
        tags = {
            name: str(column[index]).strip()
            for name, column in zip(lowered, columns, strict=True)
            if not _is_null(column[index])
        }
        stated = next((tags[key] for key in _KEYS if tags.get(key)), None)
        number = int(fids[index]) if fids is not None else index + 1
        key = f"{prefix}{stated or f'row/{number}'}"
        broken = shape is None and wkb[index] is not None
        rows.append(_mended(key, tags, wkb[index]) if broken else RawRow(key, tags, shape))
    return rows


def _mended(key: str, tags: dict[str, str], raw: bytes) -> RawRow:
    """A row whose geometry GEOS refuses, without the pieces that are none."""
    lines = whole_lines(raw)
    if lines is None:
        return RawRow(key, tags, None, BROKEN)
    return RawRow(key, tags, lines, noted=(("geometry", PIECES),))


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, float | np.floating) and bool(np.isnan(value)))


def _stated(meta: dict[str, Any]) -> str | None:
    crs = meta.get("crs")
    return str(crs) if crs else None


def _declared_encoding(path: Path) -> str | None:
    sidecar = path.with_suffix(".cpg")
    if not sidecar.exists():
        return None
    word = sidecar.read_bytes()[:40].decode("ascii", "ignore").strip()
    word = {"65001": "utf-8", "936": "gb18030", "54936": "gb18030", "OEM": "gb18030"}.get(word, word)
    try:
        name = codecs.lookup(word).name
    except LookupError:
        return None
    if name in {"iso8859-1", "cp1252"}:
        return None  # what programs write that were told nothing; it fits any bytes
    return _CHINESE if name in {"gbk", "gb2312", "cp936"} else name


def _texts(columns: Sequence[NDArray[Any]]) -> list[str]:
    return [value for column in columns if column.dtype == object for value in column if isinstance(value, str)]


def _encoding(texts: Sequence[str], declared: str | None) -> str:
    """UTF-8 where the bytes prove it, else what is declared if that fits, else GB18030, else whatever fits best.

    Bytes that are UTF-8 by accident hold two-byte characters only (the well-known 联通); a character of three bytes,
    as every Chinese one has, is proof. Declarations are often wrong, proof is not.
    """
    raw = [text.encode("latin-1") for text in texts if not text.isascii()]
    if raw and all(_fits(value, _UTF8) for value in raw) and any(_is_chinese(value) for value in raw):
        return _UTF8
    candidates = [name for name in (declared, _CHINESE, _UTF8) if name]
    return min(candidates, key=lambda name: sum(not _fits(value, name) for value in raw))


def _is_chinese(raw: bytes) -> bool:
    return any(ord(character) >= _THREE_BYTES for character in raw.decode(_UTF8, "ignore"))


def _fits(raw: bytes, encoding: str) -> bool:
    """A value cut off inside its last character still fits: DBF fields have a fixed width in bytes."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(raw.rstrip(b"\x00 "), final=False)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(text: str, encoding: str) -> str:
    raw = text.encode("latin-1").rstrip(b"\x00 ")
    if _fits(raw, encoding):
        return codecs.getincrementaldecoder(encoding)().decode(raw, final=False)
    return raw.decode(encoding, errors="replace")


def _decoded_column(column: NDArray[Any], encoding: str) -> NDArray[Any]:
    if column.dtype != object:
        return column
    decoded = np.empty(len(column), dtype=object)
    decoded[:] = [_decoded(value, encoding) if isinstance(value, str) else value for value in column]
    return decoded
