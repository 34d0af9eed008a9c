"""Every kind of stored file × every role × own and foreign territory, through the routes that hand files out."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from app.base.files import open_store
from app.base.models import File, Role
from app.models import metadata
from app.web.public import create_public_app
from tests.app.rollout.photos import photo
from tests.app.web.conftest import Office
from tests.rules.routes import routes
from tests.rules.rows import Maker
from tests.world import World

HOME, FOREIGN, STAND = "甲村", "丁村", "南镇"
TERRITORIAL = frozenset({Role.CITY_OFFICER, Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.INSPECTOR, Role.AUDITOR})
#: Who stands in 南镇 and gets a file of 甲村, one of 丁村, and one of 丁村 that they kept themselves.
HERE = TERRITORIAL | {Role.ADMINISTRATOR}
ELSEWHERE: frozenset[Role] = frozenset()
OWN = frozenset({Role.VILLAGE_CONTACT, Role.SIGN_MAKER, Role.CREW, Role.CONTENT_EDITOR})

#: Every column that holds a file: what is kept there, and the row around it.
HOLDERS = {
    "intake.intake.file_id": "application/geo+json",
    "intake.edition.file_id": "text/csv",
    "naming.decision.file_id": "application/pdf",
    "printing.order.file_id": "application/pdf",
    "printing.order.manifest_id": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "rollout.installation.photo_id": "image/jpeg",
}
#: Every route that is given the store of files and hands something out of it; the rest take files in.
FILE_ROUTES = {
    "GET /files/{uid}",
    "GET /rollout/photos/{uid}",
    "GET /intake/{uid}/rejected",
    "GET /intake/editions/{uid}/rejected",
}
TAKING_IN = {
    "POST /intake/new",
    "POST /intake/editions/new",
    "POST /intake/editions/files/{uid}/columns",
    "POST /intake/files/{uid}",
    "POST /intake/files/{uid}/columns",
    "POST /lists/{kind}/import",
    "POST /lists/{kind}/import/{uid}",
    "POST /naming/decide",
    "POST /rollout/phone/{uid}",
}
#: Show a file that is not taken in yet; walked by role in tests/app/intake: test_datums, test_columns, test_list_pages,
#: and in tests/app/naming/test_list_pages.
DRAWING = {
    "GET /intake/files/{uid}",
    "GET /intake/files/{uid}/columns",
    "GET /intake/editions/files/{uid}/columns",
    "GET /lists/{kind}/import/{uid}",
}


def content_of(media_type: str, mark: str) -> bytes:
    """Bytes that only this file has; a survey with one bad row, a picture, else the mark itself."""
    if media_type == "application/geo+json":
        bad = {"type": "LineString", "coordinates": [[1160.0, 37.0], [1161.0, 37.0]]}
        row = {"type": "Feature", "geometry": bad, "properties": {"highway": "residential", "name": mark}}
        return json.dumps({"type": "FeatureCollection", "features": [row]}, ensure_ascii=False).encode()
    if media_type == "text/csv":
        return f"code,name\n12,{mark}\n".encode()
    if media_type == "image/jpeg":
        return photo(f"#{hashlib.sha256(mark.encode()).hexdigest()[:6]}")
    return f"%PDF-1.7 {mark}".encode()


@dataclass
class Kept:
    """One stored file: where it hangs, whose it is, its bytes."""

    holder: str
    place: str
    owner: Role | None
    file_uid: str
    row_uid: str
    data: bytes


@dataclass
class Shelf:
    """Files of every kind in both territories, and the people who ask for them."""

    world: World
    office: Office
    kept: list[Kept] = field(default_factory=list)
    clients: dict[Role, Any] = field(default_factory=dict)

    def status(self, role: Role, url: str) -> tuple[int, bytes]:
        """What somebody of this role, at home in 南镇, is answered."""
        if role not in self.clients:
            self.clients[role] = self.office.signed_in(role, STAND)
        answer = self.clients[role].get(url)
        return answer.status_code, answer.content


@pytest.fixture(scope="module")
def shelf(shared_world: World) -> Iterator[Shelf]:
    made = Shelf(shared_world, Office(shared_world, stations=True))
    owners = {role: shared_world.person(role, STAND) for role in Role}
    somebody = shared_world.person(Role.CREW, "市")
    with shared_world.owner.begin() as connection:
        maker = Maker(connection, somebody=somebody)
        for holder in HOLDERS:
            for place in (HOME, FOREIGN):
                _keep(made, maker, holder, place=place, owner=None, owner_id=somebody)
            for role in Role:
                _keep(made, maker, holder, place=FOREIGN, owner=role, owner_id=owners[role])
    yield made
    made.office.close()


def _keep(shelf: Shelf, maker: Maker, holder: str, *, place: str, owner: Role | None, owner_id: int) -> None:
    media_type = HOLDERS[holder]
    data, division = content_of(media_type, f"{holder} {place} {owner}"), shelf.world.places[place]
    sha256, _ = open_store(shelf.world.settings.files).take(io.BytesIO(data))
    values = {"division_id": division, "sha256": sha256, "bytes": len(data), "media_type": media_type}
    values |= {"name": "a.geojson", "purpose": holder, "owner_id": owner_id}
    file = maker.connection.execute(insert(File).values(values).returning(File.id, File.uid)).one()
    table, _, column = holder.rpartition(".")
    row = maker.make(table, division, **{column: file.id})
    if table == "intake.edition":
        told = {"edition_id": row, "row": 2, "verdict": "rejected", "reason": "The code is missing."}
        maker.make("intake.edition_row", division, **told)
    kept = Kept(holder, place, owner, str(file.uid), str(maker.read(table, row, "uid")), data)
    shelf.kept.append(kept)


def test_every_column_that_holds_a_file_is_walked(shared_world: World):
    with shared_world.admin.connect() as connection:
        held = connection.scalars(
            text(
                "SELECT o.conrelid::regclass::text || '.' || a.attname FROM pg_constraint o"
                " JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = ANY (o.conkey)"
                " WHERE o.contype = 'f' AND o.confrelid = 'base.file'::regclass"
            )
        )
        assert {name.replace('"', "") for name in held} == set(HOLDERS)
    mapped = {
        f"{table}.{column.name}"
        for table in metadata().tables.values()
        for column in table.columns
        if any(key.target_fullname == "base.file.id" for key in column.foreign_keys)
    }
    assert mapped == set(HOLDERS)


def test_every_route_that_reaches_the_store_is_walked(shelf: Shelf):
    reaching = {route.name for route in routes(shelf.office.app) if route.has_store}
    assert reaching == FILE_ROUTES | TAKING_IN | DRAWING
    public = create_public_app(shelf.world.settings, clock=shelf.world.clock)
    assert [route.name for route in routes(public) if route.has_store] == []
    assert not hasattr(public.state, "store")
    public.state.database.close()


def test_each_file_is_there_with_its_bytes_and_hangs_where_it_should(shelf: Shelf):
    store = open_store(shelf.world.settings.files)
    with shelf.world.owner.connect() as connection:
        for kept in shelf.kept:
            row = connection.execute(select(File).where(File.uid == kept.file_uid)).one()
            with store.get(row.sha256) as content:
                assert content.read() == kept.data
            assert row.division_id == shelf.world.places[kept.place]
    assert {(kept.holder, kept.place) for kept in shelf.kept} == {(h, p) for h in HOLDERS for p in (HOME, FOREIGN)}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_a_file_is_handed_to_who_may_see_it_and_unknown_to_others(shelf: Shelf, role: Role, holder: str):
    for kept in (one for one in shelf.kept if one.holder == holder):
        status, content = shelf.status(role, f"/files/{kept.file_uid}")
        allowed = HERE if kept.place == HOME else OWN if kept.owner is role else ELSEWHERE
        assert (status == 200) == (role in allowed), (kept.place, kept.owner)
        assert status == 404 if role not in allowed else content == kept.data, (kept.place, kept.owner)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_a_photo_is_shown_to_who_may_see_it_and_unknown_to_others(shelf: Shelf, role: Role):
    for kept in (one for one in shelf.kept if one.holder == "rollout.installation.photo_id"):
        status, content = shelf.status(role, f"/rollout/photos/{kept.file_uid}")
        allowed = HERE if kept.place == HOME else OWN if kept.owner is role else ELSEWHERE
        assert status == (200 if role in allowed else 404), (kept.place, kept.owner)
        assert content.startswith(b"\xff\xd8") == (role in allowed)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_rejected_rows_are_given_back_to_who_sees_the_intake_and_its_file(shelf: Shelf, role: Role):
    """A village contact sees what was taken in, but not the file that somebody else handed in."""
    for kept in (one for one in shelf.kept if one.holder == "intake.intake.file_id"):
        status, content = shelf.status(role, f"/intake/{kept.row_uid}/rejected")
        allowed = HERE if kept.place == HOME else ELSEWHERE
        assert status == (200 if role in allowed else 404), (kept.place, kept.owner)
        assert (f"{kept.holder} {kept.place} {kept.owner}".encode() in content) == (role in allowed)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_rejected_rows_of_a_list_are_given_back_to_who_sees_its_file(shelf: Shelf, role: Role):
    """The office reads that an edition is there everywhere, its file and rows in its own territory alone."""
    for kept in (one for one in shelf.kept if one.holder == "intake.edition.file_id"):
        status, content = shelf.status(role, f"/intake/editions/{kept.row_uid}/rejected")
        allowed = HERE if kept.place == HOME else ELSEWHERE
        assert status == (200 if role in allowed else 404), (kept.place, kept.owner)
        assert (f"{kept.holder} {kept.place} {kept.owner}".encode() in content) == (role in allowed)


def test_a_maker_gets_the_files_of_their_own_released_order_and_of_no_draft_and_no_other(shelf: Shelf):
    maker_id, other = shelf.world.person(Role.SIGN_MAKER, STAND), shelf.world.person(Role.SIGN_MAKER, "西县")
    home, uids = shelf.world.places[FOREIGN], {}
    with shelf.world.owner.begin() as connection:
        rows = Maker(connection, somebody=shelf.world.person(Role.CREW, "市"))
        for whose in (maker_id, other):
            for state in ("released", "draft"):
                data = f"%PDF-1.7 {whose} {state}".encode()
                sha256, _ = open_store(shelf.world.settings.files).take(io.BytesIO(data))
                file = rows.make("base.file", home, sha256=sha256, bytes=len(data), media_type="application/pdf")
                given = {"file_id": file, "manifest_id": file, "maker_id": whose, "state": state}
                rows.make("printing.order", home, **given)
                uids[whose, state] = rows.read("base.file", file, "uid")
    answers = {key: shelf.status(Role.SIGN_MAKER, f"/files/{uid}")[0] for key, uid in uids.items()}
    assert answers == {
        (maker_id, "released"): 200,
        (maker_id, "draft"): 404,
        (other, "released"): 404,
        (other, "draft"): 404,
    }


def test_who_is_not_signed_in_gets_no_file(shelf: Shelf):
    stranger = shelf.office.stranger()
    for kept in shelf.kept:
        for url in (
            f"/files/{kept.file_uid}",
            f"/rollout/photos/{kept.file_uid}",
            f"/intake/{kept.row_uid}/rejected",
            f"/intake/editions/{kept.row_uid}/rejected",
        ):
            answer = stranger.get(url)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/login")
