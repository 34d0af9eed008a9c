"""Bytes to text where nobody said how they were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gis.errors import N_, UnreadableFile

_MARKED = "utf-8-sig"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Form:
    """How a table was written: its encoding, the sign between its columns, and their names, by those in lower case.

    ``parts`` are those of an archive of several surveys, by what stands before the keys of their rows.
    """

    encoding: str = _MARKED
    delimiter: str = ","
    names: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One survey of an archive: its kind, and how it was written where it is a table."""

    kind: str
    form: Form | None = None


class Worded(str):
    """A cell as a person reads it, which keeps what the cell held: a number, a day, a formula that nobody computed."""

    __slots__ = ("value",)
    value: object

    def __new__(cls, words: str, value: object) -> Worded:  # noqa: PYI034 - no class is made of it
        """``words`` are empty for a formula without a value."""
        made = super().__new__(cls, words)
        made.value = value
        return made


def encoding_of(raw: bytes) -> str:
    """The encoding that :func:`text_of` reads; UTF-8 with its mark, without which Excel takes it for GBK."""
    if raw[:2] in _UTF16:
        return "utf-16"
    try:
        raw.decode(_MARKED)
    except UnicodeDecodeError:
        return "gb18030"
    return _MARKED


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
