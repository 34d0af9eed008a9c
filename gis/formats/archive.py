"""Compressed files taken apart within bounds: size, number and ratio of members, and no path but our own.

What a header promises is not believed: bytes are counted as they come out.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from gis.errors import N_, UnreadableFile

_CHUNK = 1 << 20
_UTF8_FLAG = 0x800
_OF_WINDOWS = frozenset({"thumbs.db", "desktop.ini"})
_SYMLINK, _TYPE_MASK = 0o120000, 0o170000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may unfold to. ``ratio`` counts from ``free_bytes`` on: small files may compress well."""

    unfolded_bytes: int = 2 << 30
    members: int = 2_000
    ratio: int = 200
    free_bytes: int = 16 << 20


DEFAULT_LIMITS = Limits()


def declared_bytes(path: Path) -> int:
    """What a zip says that it unfolds to; 0 where it is damaged, which :func:`unfold_zip` tells."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError):
        return 0


def unfolds_beyond(data: BinaryIO, most: int) -> bool:
    """Whether a file that is handed in is packed and unfolds to more than so many bytes; at most these are unfolded."""
    data.seek(0)
    begins = data.read(2)
    try:
        if begins == b"PK":
            with zipfile.ZipFile(data) as packed:  # a member ends where its entry says, whatever follows
                return _declared(packed, most) > most
        data.seek(0)
        return begins == b"\x1f\x8b" and len(gzip.GzipFile(fileobj=data).read(most + 1)) > most
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError):  # damaged: who reads it tells
        return False
    finally:
        data.seek(0)


def _declared(packed: zipfile.ZipFile, most: int) -> int:
    """What an archive says that it unfolds to, with the workbooks and KMZ in it unless it is beyond ``most`` anyway."""
    total = sum(member.file_size for member in packed.infolist())
    for member in packed.infolist():
        if total <= most and member.filename.lower().endswith((".xlsx", ".kmz")):
            with packed.open(member) as inner, zipfile.ZipFile(inner) as archive:
                total += sum(each.file_size for each in archive.infolist())
    return total


def unfold_zip(path: Path, into: Path, *, limits: Limits = DEFAULT_LIMITS) -> dict[str, Path]:
    """Write a zip's members flat into ``into`` under names of our own; gives member name → where it lies.

    Folders, and what macOS and Windows keep for themselves, are passed over. Raises :class:`UnreadableFile` for damage,
    encryption, path tricks (absolute, ``..``, links), two members of one name and for what unfolds beyond ``limits``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _checked_names(archive, path)
            if len(members) > limits.members:
                raise UnreadableFile(
                    N_("{file} holds {count} files, more than {most}; split it."),
                    file=path.name,
                    count=len(members),
                    most=limits.members,
                )
            return _unfold(archive, members, path=path, into=into, limits=limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        message = N_("{file} is damaged or cut off and cannot be unpacked; pack and upload it again.")
        if path.suffix.lower() == ".xlsx":  # a zip too, though nobody who saved it knows
            message = N_("{file} is damaged or cut off and cannot be read; save or copy it again and upload that.")
        raise UnreadableFile(message, file=path.name) from error


def _unfold(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], *, path: Path, into: Path, limits: Limits
) -> dict[str, Path]:
    budget = _budget(path, limits)
    unfolded: dict[str, Path] = {}
    stems: dict[str, int] = {}
    for name, member in members.items():
        stem, suffix = _split(name)
        # one number per stem, so that the parts of a shapefile stay together under names that cannot hurt
        target = into / f"{stems.setdefault(stem.lower(), len(stems))}{suffix}"
        with archive.open(member) as source, target.open("wb") as sink:
            for chunk in _counted(source, budget, path):
                sink.write(chunk)
                budget -= len(chunk)
        unfolded[name] = target
    return unfolded


def _checked_names(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Files by their names; a link or a way out is refused whatever it is called, noise only then passed over."""
    checked = [(_checked_name(member, path), member) for member in archive.infolist()]
    named: dict[str, zipfile.ZipInfo] = {}
    alike: dict[str, str] = {}
    for name, member in checked:
        if member.is_dir() or _is_noise(name):
            continue
        before = alike.setdefault(name.lower(), name)
        if name in named or before != name:
            raise UnreadableFile(
                N_("{file} holds two files of one name, “{entry}” and “{other}”; give each its own and pack it again."),
                file=path.name,
                entry=before,
                other=name,
            )
        named[name] = member
    return named


def _split(name: str) -> tuple[str, str]:
    pure = PurePosixPath(name)
    suffix = pure.suffix.lower()
    safe = suffix if suffix[1:].isalnum() and suffix.isascii() else ""
    return str(pure.with_suffix("")), safe


def _is_noise(name: str) -> bool:
    own = PurePosixPath(name).name
    return name.startswith("__MACOSX/") or own.startswith(".") or own.lower() in _OF_WINDOWS


def _checked_name(member: zipfile.ZipInfo, path: Path) -> str:
    name = member.filename
    if not member.flag_bits & _UTF8_FLAG:
        name = _from_cp437(name)
    bad_path = name.startswith("/") or "\\" in member.filename or ".." in PurePosixPath(name).parts or ":" in name
    if bad_path or (member.external_attr >> 16) & _TYPE_MASK == _SYMLINK:
        raise UnreadableFile(
            N_("{file} holds the entry “{entry}”, which points outside the archive; pack it again."),
            file=path.name,
            entry=name,
        )
    if member.flag_bits & 1:
        raise UnreadableFile(N_("{file} is locked with a password; pack it without one."), file=path.name)
    return name


def _from_cp437(name: str) -> str:
    """Chinese zip programs write GBK names without saying so; ``zipfile`` then reads them as cp437."""
    try:
        return name.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return name


def _budget(path: Path, limits: Limits) -> int:
    packed = path.stat().st_size
    return min(limits.unfolded_bytes, max(limits.free_bytes, packed * limits.ratio))


def _counted(source: IO[bytes] | gzip.GzipFile, budget: int, path: Path) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        budget -= len(chunk)
        if budget < 0:
            raise UnreadableFile(
                N_("{file} unfolds to far more than its size; refused as a possible attack; split it."),
                file=path.name,
            )
        yield chunk


def unfold_gzip(path: Path, target: Path, *, limits: Limits = DEFAULT_LIMITS) -> Path:
    """Write what a gzip file holds to ``target``.

    Raises :class:`UnreadableFile` for damage and beyond ``limits``.
    """
    try:
        with gzip.open(path) as source, target.open("wb") as sink:
            for chunk in _counted(source, _budget(path, limits), path):
                sink.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(
            N_("{file} is damaged or cut off and cannot be unpacked; pack and upload it again."),
            file=path.name,
        ) from error
    return target
