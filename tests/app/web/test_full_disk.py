"""A full disk is a page that says so with the remedy, whoever met it: the database server, or our own store."""

from __future__ import annotations

import errno
import os

import pytest
from sqlalchemy import text

from app.base.models import Role
from tests.app.web.conftest import Office, enter, token_in
from tests.conftest import World

pytestmark = pytest.mark.database
FILL = """
CREATE FUNCTION public.fill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file "base/5/1": No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER fill BEFORE INSERT ON base.login_attempt EXECUTE FUNCTION public.fill();
"""


def test_a_database_without_room_is_a_page_that_says_so_in_the_readers_language(office: Office, world: World):
    client = office.stranger()
    with world.admin.begin() as connection:
        connection.execute(text(FILL))
    answer = enter(client, "somebody", "something")
    assert answer.status_code == 503
    assert "服务器的磁盘已满" in answer.text
    assert "could not extend" not in answer.text
    client.post("/language", data={"form_token": token_in(client.get("/login").text), "language": "en", "next": "/"})
    assert "The server&#39;s disk is full." in enter(client, "somebody", "something").text


def test_a_store_without_room_is_the_same_page(office: Office):
    @office.app.get("/keep")
    def keep() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere/secret.pdf")

    answer = office.signed_in(Role.CREW, "南镇").get("/keep")
    assert answer.status_code == 503
    assert "磁盘已满" in answer.text
    assert "secret.pdf" not in answer.text
