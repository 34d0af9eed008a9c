"""How much of what is sent is read, and of whom."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.base.models import Role
from app.web.office import MOST_BYTES
from app.web.sessions import COOKIE
from tests.app.builders import run
from tests.app.web.conftest import Office, token_in
from tests.conftest import PASSWORD, World

PIECE = b"x" * 64 * 1024


@pytest.fixture(scope="module")
def stations() -> bool:
    return True


@dataclass
class Sender:
    """Somebody who sends 60 MB a piece at a time, and counts how many pieces were taken."""

    office: Office
    headers: dict[str, str] = field(default_factory=dict)
    pieces: int = 960
    begins: bytes = b""
    taken: int = 0
    answer: dict[str, Any] = field(default_factory=dict)

    def post(self, path: str) -> int:
        asyncio.run(self._post(path))
        return int(self.answer["status"])

    async def _post(self, path: str) -> None:
        headers = {"host": "testserver", **self.headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }
        await self.office.app(scope, self._receive, self._send)

    async def _receive(self) -> MutableMapping[str, Any]:
        self.taken += 1
        piece = self.begins + PIECE[len(self.begins) :] if self.taken == 1 else PIECE
        return {"type": "http.request", "body": piece, "more_body": self.taken < self.pieces}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self.answer |= {"status": message["status"], "headers": headers}


FORM = {"content-type": "application/x-www-form-urlencoded"}
UPLOAD = {"content-type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize("cookie", ["", f"{COOKIE}=unknown"])
@pytest.mark.parametrize("path", ["/intake/new", "/naming/decide", "/no/such/page"])
def test_who_is_not_signed_in_goes_to_the_login_before_anything_is_read(shared_office: Office, path: str, cookie: str):
    sender = Sender(shared_office, {**UPLOAD, "cookie": cookie} if cookie else UPLOAD)
    assert sender.post(path) == 303
    assert sender.answer["headers"]["location"].startswith("/login")
    assert sender.taken == 0


def test_a_program_without_a_session_is_refused_before_anything_is_read(shared_office: Office):
    sender = Sender(shared_office, {**UPLOAD, "accept": "application/json"})
    assert sender.post("/api/v1/streets") == 403
    assert sender.taken == 0


@pytest.mark.parametrize("path", ["/login", "/logout", "/language"])
def test_at_the_door_little_is_read(shared_office: Office, path: str):
    said = Sender(shared_office, {**FORM, "content-length": str(60 * 1024 * 1024)})
    assert (said.post(path), said.taken) == (413, 0)
    unsaid = Sender(shared_office, FORM)
    assert (unsaid.post(path), unsaid.taken) == (413, 2)


def test_who_is_signed_in_may_send_much_but_no_more_than_the_limit(shared_office: Office):
    client = shared_office.signed_in(Role.COUNTY_OFFICER, "东县")
    cookie = {"cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    said = Sender(shared_office, {**UPLOAD, **cookie, "content-length": str(MOST_BYTES + 1)})
    assert (said.post("/intake/new"), said.taken) == (413, 0)


def test_a_body_that_does_not_say_its_length_is_broken_off_at_the_limit(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.web.office.MOST_BYTES", 10 * len(PIECE))
    small = Office(world, stations=True)
    client = small.signed_in(Role.COUNTY_OFFICER, "东县")
    begins = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.geojson"\r\n\r\n'
    sender = Sender(small, {**UPLOAD, "cookie": f"{COOKIE}={client.cookies[COOKIE]}"}, begins=begins)
    assert (sender.post("/intake/new"), sender.taken) == (413, 11)
    small.close()


def test_ones_own_new_password_leaves_this_session_and_no_other(office: Office):
    here, elsewhere = (office.signed_in(Role.CREW, "南镇") for _ in range(2))
    form = {"form_token": token_in(here.get("/people/me").text), "password": "another-good-one", "old": PASSWORD}
    assert here.post("/people/me", data=form).status_code == 303
    assert here.get("/people/me").status_code == 200
    assert elsewhere.get("/people/me").status_code == 303


def test_ones_own_new_password_wants_the_old_one_and_guessing_it_locks_the_login(office: Office):
    here, other = (office.signed_in(Role.CREW, "南镇") for _ in range(2))
    run(office.world, "UPDATE base.login_attempt SET at = at - interval '1 minute' RETURNING 1")
    form = {"form_token": token_in(here.get("/people/me").text), "password": "another-good-one"}
    for old in ("", "guess-one", "guess-two", "guess-three", "guess-four"):
        refused = here.post("/people/me", data={**form, "old": old})
        assert (refused.status_code, "这不是您现在的密码" in refused.text) == (422, True)
    locked = here.post("/people/me", data={**form, "old": PASSWORD})
    assert (locked.status_code, "15" in locked.text) == (422, True)
    assert other.get("/people/me").status_code == 200
