"""One file store: bytes before rows, content checked, seen by whoever may."""

from __future__ import annotations

import hashlib
import io
import os
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sqlalchemy import text

from app.base.errors import NotAllowed, NotFound, Unready
from app.base.files import PIECE_BYTES, LocalStore, S3Store, Store, fetch, keep, open_store, pieces
from app.base.models import File, Role
from tests.conftest import World

PHOTO = "路牌照片".encode() * 1000
SHA256 = hashlib.sha256(PHOTO).hexdigest()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="minglu")
        yield client


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "local":
        return LocalStore(tmp_path / "files")
    return S3Store(request.getfixturevalue("bucket"), bucket="minglu", prefix="kept/here/")


def kept(world: World, store: Store, person: int, *, place: str = "甲村", data: bytes | BinaryIO = PHOTO) -> File:
    with world.office.acting(person, via="test") as session:
        return keep(
            session,
            store,
            division_id=world.places[place],
            data=data,
            media_type="image/jpeg",
            name="照片.jpg",
            purpose="installation",
            owner_id=person,
        )


def damage(store: Store, data: bytes) -> None:
    if isinstance(store, LocalStore):
        store._place(SHA256).write_bytes(data)
    else:
        assert isinstance(store, S3Store)
        store.client.put_object(Bucket="minglu", Key=store._key(SHA256), Body=data)


def lose(store: Store) -> None:
    if isinstance(store, LocalStore):
        store._place(SHA256).unlink()
    else:
        assert isinstance(store, S3Store)
        store.client.delete_object(Bucket="minglu", Key=store._key(SHA256))


def test_what_was_kept_is_fetched_by_who_may_and_unknown_to_others(shared_world: World, store: Store):
    crew, officer = (shared_world.person(role, "南镇") for role in (Role.CREW, Role.TOWN_OFFICER))
    file = kept(shared_world, store, crew)
    assert (file.sha256, file.bytes, file.name) == (SHA256, len(PHOTO), "照片.jpg")
    for person in (crew, officer, shared_world.person(Role.ADMINISTRATOR, "东县")):
        with shared_world.office.acting(person, via="test") as session:
            row, stream = fetch(session, store, file.uid)
            with stream:
                assert (row.uid, stream.read()) == (file.uid, PHOTO)
    strangers = ((Role.TOWN_OFFICER, "北镇"), (Role.CREW, "北镇"), (Role.ADMINISTRATOR, "西县"))
    for person in (shared_world.person(*stranger) for stranger in strangers):
        with pytest.raises(NotFound), shared_world.office.acting(person, via="test") as session:
            fetch(session, store, file.uid)
    with pytest.raises(NotFound), shared_world.office.nobody(via="test") as session:
        fetch(session, store, file.uid)


def test_nobody_keeps_a_file_elsewhere(shared_world: World, store: Store):
    with pytest.raises(NotAllowed):
        kept(shared_world, store, shared_world.person(Role.CREW, "南镇"), place="丁村")


def test_the_same_content_is_kept_once_however_often_it_comes(shared_world: World, store: Store):
    crew = shared_world.person(Role.CREW, "南镇")
    first, second = kept(shared_world, store, crew), kept(shared_world, store, crew)
    assert first.uid != second.uid
    assert first.sha256 == second.sha256
    assert b"".join(pieces(store.get(SHA256))) == PHOTO
    if isinstance(store, LocalStore):
        assert len([path for path in store.folder.rglob("*") if path.is_file()]) == 1


def test_an_empty_file_is_a_file(shared_world: World, store: Store):
    crew = shared_world.person(Role.CREW, "南镇")
    file = kept(shared_world, store, crew, data=b"")
    with shared_world.office.acting(crew, via="test") as session:
        assert b"".join(pieces(fetch(session, store, file.uid)[1])) == b""


def test_damaged_and_lost_content_is_said_and_never_served(shared_world: World, store: Store):
    crew = shared_world.person(Role.CREW, "南镇")
    file = kept(shared_world, store, crew)
    damage(store, PHOTO[:-1])
    with pytest.raises(Unready, match="damaged"), shared_world.office.acting(crew, via="test") as session:
        fetch(session, store, file.uid)
    lose(store)
    with pytest.raises(NotFound, match="missing"), shared_world.office.acting(crew, via="test") as session:
        fetch(session, store, file.uid)


@pytest.mark.parametrize("moment", ["write", "fsync", "rename"])
def test_a_crash_before_the_bytes_are_safe_leaves_neither_row_nor_half_a_file(
    shared_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
):
    def crash(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    store, crew = LocalStore(tmp_path / "files"), shared_world.person(Role.CREW, "南镇")
    data = f"{moment}: {SHA256}".encode()
    monkeypatch.setattr(*{"write": (os, "fdopen"), "fsync": (os, "fsync"), "rename": (Path, "rename")}[moment], crash)
    with pytest.raises(Unready, match="No space left on device"):
        kept(shared_world, store, crew, data=data)
    monkeypatch.undo()
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []
    with shared_world.owner.connect() as connection:
        sha256 = hashlib.sha256(data).hexdigest()
        assert connection.scalar(text("SELECT count(*) FROM base.file WHERE sha256 = :s"), {"s": sha256}) == 0
    assert kept(shared_world, store, crew, data=data).sha256 == sha256


def test_a_crash_after_the_bytes_leaves_bytes_without_a_row_never_the_other_way(shared_world: World, store: Store):
    crew = shared_world.person(Role.CREW, "南镇")
    data = b"only bytes"
    sha256 = hashlib.sha256(data).hexdigest()
    with pytest.raises(ZeroDivisionError), shared_world.office.acting(crew, via="test") as session:
        place = shared_world.places["甲村"]
        named: dict[str, Any] = {"media_type": "text/plain", "name": "a", "purpose": "test", "owner_id": crew}
        keep(session, store, division_id=place, data=data, **named)
        _ = 1 / 0
    assert b"".join(pieces(store.get(sha256))) == data
    with shared_world.owner.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM base.file WHERE sha256 = :s"), {"s": sha256}) == 0


def test_a_file_stands_in_its_place_only_once_it_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store, told = LocalStore(tmp_path / "files"), []
    place, sync = store._place(SHA256), os.fsync

    def fsync(descriptor: int) -> None:
        told.append((Path(f"/proc/self/fd/{descriptor}").readlink(), place.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    store.take(io.BytesIO(PHOTO))
    draft, *folders = told
    assert draft[0].parent == store.folder
    assert draft[1] is False
    assert folders == [(place.parent, True), (store.folder, True)]


def test_the_settings_name_a_folder_or_a_bucket(tmp_path: Path, bucket: Any):
    local = open_store(str(tmp_path))
    assert isinstance(local, LocalStore)
    assert local.folder == tmp_path
    remote = open_store("s3://minglu/a/b")
    assert isinstance(remote, S3Store)
    assert (remote.bucket, remote.prefix) == ("minglu", "a/b")
    assert remote.take(io.BytesIO(PHOTO)) == (SHA256, len(PHOTO))
    assert b"".join(pieces(remote.get(SHA256))) == PHOTO
    assert [found["Key"] for found in bucket.list_objects_v2(Bucket="minglu")["Contents"]] == [
        f"a/b/{SHA256[:2]}/{SHA256}"
    ]


class Upload(io.BytesIO):
    """A stream that knows how much of it was asked for at once."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.most = max(self.most, len(piece))
        return piece


def test_a_large_stream_goes_into_the_store_in_pieces(shared_world: World, store: Store):
    crew, data = shared_world.person(Role.CREW, "南镇"), random.Random(7).randbytes(5 * 1024 * 1024 + 1)  # noqa: S311 - any bytes
    upload = Upload(data)
    upload.seek(17)  # whoever looked at its beginning left it somewhere
    file = kept(shared_world, store, crew, data=upload)
    assert (file.sha256, file.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    if isinstance(store, LocalStore):  # the stand-in for the service reads what it is sent at once
        assert upload.most <= PIECE_BYTES
    with shared_world.office.acting(crew, via="test") as session, fetch(session, store, file.uid)[1] as content:
        assert content.read() == data


def test_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path: Path):
    store, source = LocalStore(tmp_path / "files"), tmp_path / "large"
    with source.open("wb") as file:
        file.truncate(96 * 1024 * 1024)
    tracemalloc.start()
    try:
        with source.open("rb") as content:
            sha256, size = store.take(content)
        assert size == store._place(sha256).stat().st_size == 96 * 1024 * 1024
        assert sum(len(piece) for piece in pieces(store.get(sha256))) == size
        assert tracemalloc.get_traced_memory()[1] < 8 * PIECE_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("moment", ["write", "fsync", "rename"])
def test_a_crash_while_a_stream_is_kept_leaves_no_half_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
):
    def crash(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    store = LocalStore(tmp_path / "files")
    monkeypatch.setattr(*{"write": (os, "fdopen"), "fsync": (os, "fsync"), "rename": (Path, "rename")}[moment], crash)
    with pytest.raises(Unready, match="No space left on device"):
        store.take(io.BytesIO(PHOTO))
    monkeypatch.undo()
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []
    assert store.take(io.BytesIO(PHOTO)) == (SHA256, len(PHOTO))
