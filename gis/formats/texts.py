"""Bytes to text where nobody said how they were written."""

from __future__ import annotations

from gis.errors import N_, UnreadableFile

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def text_of(raw: bytes, called: str) -> str:
    """Text in UTF-8 with or without mark, UTF-16 with its mark, or GB18030 (which holds GBK).

    Raises :class:`UnreadableFile` for bytes that are none of these.
    """
    for encoding in ["utf-16"] if raw[:2] in _UTF16 else ["utf-8-sig", "gb18030"]:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(N_("{file} is damaged or written in no known encoding; save it as UTF-8."), file=called)
