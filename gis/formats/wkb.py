"""Lines of several pieces as WKB (OGC 06-103r4 §8) that GEOS refuses for one of them."""

from __future__ import annotations

import struct

import shapely

_LINES, _KINDS, _HEIGHT = 5, 1000, 0x80000000
_HEAD, _NUMBER = 5, 8  # bytes
#: Numbers of a place beyond x and y, by the thousands of the kind: none, height, measure, both.
_MORE = {0: 0, 1: 1, 2: 1, 3: 2}


def whole_lines(raw: bytes) -> shapely.MultiLineString | None:
    """The pieces of two places and more, x and y; None where there is none, or it is no line of several pieces.

    A phone writes a piece of one place where its signal was lost at once.
    """
    try:
        return _whole_lines(raw)
    except (struct.error, IndexError, KeyError, ValueError):
        return None


def _whole_lines(raw: bytes) -> shapely.MultiLineString | None:
    kind, count, at = _head(raw, 0)
    if kind & ~_HEIGHT and (kind & ~_HEIGHT) % _KINDS != _LINES:
        return None
    lines = []
    for _ in range(count):
        kind, places, at = _head(raw, at)
        numbers = 2 + bool(kind & _HEIGHT) + _MORE[(kind & ~_HEIGHT) // _KINDS]
        end = at + places * numbers * _NUMBER
        read = struct.unpack(f"<{places * numbers}d", raw[at:end])
        at = end
        if places > 1:
            lines.append(list(zip(read[::numbers], read[1::numbers], strict=True)))
    return shapely.MultiLineString(lines) if lines else None


def _head(raw: bytes, at: int) -> tuple[int, int, int]:
    """The kind, how many there are, and where they begin; the little end first, as GDAL writes it."""
    order, kind, count = struct.unpack("<BII", raw[at : at + _HEAD + 4])
    if order != 1:
        raise ValueError
    return kind, count, at + _HEAD + 4
