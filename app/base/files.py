"""One file store, addressed by content: the bytes are safe before the row is written, and rows are read through RLS.

Writing: to a temporary file, fsync, rename to its hash's place, fsync of the folder, and only then the row. A crash in
between leaves bytes without a row, which harm nobody, and never a row without bytes. Reading checks the hash again.
A stream is kept and given back in pieces: memory holds one at a time.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.errors import N_, NotFound, Unready
from app.base.models import File

PIECE_BYTES = 1024 * 1024
MISSING = N_("The file's content is missing from the store. Restore it from the backup.")
DAMAGED = N_("A stored file is damaged ({sha256}). Restore it from the backup.")


class Store(Protocol):
    """Where bytes live, by the SHA-256 of their content."""

    def take(self, content: BinaryIO) -> tuple[str, int]:
        """Keep all of a seekable stream, a piece at a time; its hash and how many bytes it has.

        When it returns they survive a crash. Keeping the same twice is no error.
        """

    def get(self, sha256: str) -> BinaryIO:
        """The bytes as a stream, which the caller closes.

        Raises NotFound where they are missing, Unready where they are not what was kept.
        """


class LocalStore:
    """A folder: ``ab/abcd…`` below it, which nobody else of the machine can open."""

    def __init__(self, folder: Path) -> None:
        """The folder is made with the first file."""
        self.folder = folder

    def _place(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def take(self, content: BinaryIO) -> tuple[str, int]:
        """See :class:`Store`. Raises Unready where the disk is full or the folder cannot be written."""
        content.seek(0)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(dir=self.folder, prefix=".")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    sha256, size = _copy(content, file)
                    file.flush()
                    os.fsync(file.fileno())
                place = self._place(sha256)
                place.parent.mkdir(mode=0o700, exist_ok=True)
                Path(draft).rename(place)
            except BaseException:
                with suppress(OSError):
                    Path(draft).unlink()
                raise
            _sync(place.parent)
            _sync(self.folder)  # which names the folder that we may just have made
        except OSError as error:
            raise Unready(
                N_(
                    "The file cannot be kept in {folder}: {error} Free some space or name another folder"
                    " in MINGLU_FILES."
                ),
                folder=self.folder,
                error=f"{error.strerror}.",
            ) from error
        return sha256, size

    def get(self, sha256: str) -> BinaryIO:
        """See :class:`Store`; read twice, as nothing of a damaged file is given."""
        try:
            content = self._place(sha256).open("rb")
        except FileNotFoundError as error:
            raise NotFound(MISSING) from error
        return _checked(sha256, content, _copy(content, None)[0])


class S3Store:
    """A bucket of an S3-compatible service; ``client`` is boto3's."""

    def __init__(self, client: Any, *, bucket: str, prefix: str = "") -> None:
        """Nothing is asked of the service yet."""
        self.client, self.bucket, self.prefix = client, bucket, prefix.strip("/")

    def _key(self, sha256: str) -> str:
        return "/".join(part for part in (self.prefix, sha256[:2], sha256) if part)

    def take(self, content: BinaryIO) -> tuple[str, int]:
        """See :class:`Store`; read twice, as the key is the hash, which the service checks again on arrival."""
        content.seek(0)
        sha256, size = _copy(content, None)
        content.seek(0)
        checksum = b64encode(bytes.fromhex(sha256)).decode()
        self.client.put_object(
            Bucket=self.bucket, Key=self._key(sha256), Body=content, ContentLength=size, ChecksumSHA256=checksum
        )
        return sha256, size

    def get(self, sha256: str) -> BinaryIO:
        """See :class:`Store`; by way of a temporary file, as nothing of a damaged file is given."""
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=self._key(sha256))
        except self.client.exceptions.NoSuchKey as error:
            raise NotFound(MISSING) from error
        content = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        return _checked(sha256, content, _copy(found["Body"], content)[0])


def open_store(place: str) -> Store:
    """The store that the settings name: a folder, or ``s3://bucket/prefix`` (credentials as boto3 finds them)."""
    parts = urlsplit(place)
    if parts.scheme != "s3":
        return LocalStore(Path(place))
    import boto3

    return S3Store(boto3.client("s3"), bucket=parts.netloc, prefix=parts.path)


def keep(
    session: Session,
    store: Store,
    *,
    division_id: int,
    data: bytes | BinaryIO,
    media_type: str,
    name: str,
    purpose: str,
    owner_id: int | None,
) -> File:
    """Bytes first, then the row, in the person's transaction; the database refuses a division outside their reach.

    ``data`` may be a seekable stream, all of which is kept without being in memory at once.
    """
    sha256, size = store.take(io.BytesIO(data) if isinstance(data, bytes) else data)
    file = File(
        division_id=division_id,
        sha256=sha256,
        bytes=size,
        media_type=media_type,
        name=name,
        purpose=purpose,
        owner_id=owner_id,
    )
    session.add(file)
    session.flush()
    return file


def fetch(session: Session, store: Store, uid: UUID) -> tuple[File, BinaryIO]:
    """A file that the person may see, and its content, which the caller closes.

    Raises NotFound for one that is not there or not theirs.
    """
    file = session.scalars(select(File).where(File.uid == uid)).one_or_none()
    if file is None:
        raise NotFound(N_("There is no such file, or it is not yours to see."))
    return file, store.get(file.sha256)


def pieces(content: BinaryIO) -> Iterator[bytes]:
    """All of a stream, which is closed at its end."""
    with content:
        while piece := content.read(PIECE_BYTES):
            yield piece


def _checked(sha256: str, content: BinaryIO, found: str) -> BinaryIO:
    """The content from its beginning, where the hash found is the one that it was kept by."""
    if found != sha256:
        content.close()
        raise Unready(DAMAGED, sha256=sha256[:12])
    content.seek(0)
    return content


def _copy(content: BinaryIO, into: BinaryIO | None) -> tuple[str, int]:
    """The hash and the length of what is left of a stream, written along where somewhere is named."""
    digest, size = hashlib.sha256(), 0
    while piece := content.read(PIECE_BYTES):
        digest.update(piece)
        size += len(piece)
        if into is not None:
            into.write(piece)
    return digest.hexdigest(), size


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
