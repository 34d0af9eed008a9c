"""Signing in, sessions, and rights."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import Invalid, NotAllowed
from app.base.models import Role
from app.base.people import find_actor, found_person, log_in, log_out, may, set_password
from tests.conftest import NOON, PASSWORD, World


def login_of(world: World, person: int) -> str:
    with world.office.acting(person, via="test") as session:
        from sqlalchemy import text

        return session.execute(text("SELECT login FROM base.person WHERE id = :id"), {"id": person}).scalar_one()


def test_the_right_password_opens_a_session_that_knows_the_person(world: World):
    person = world.person(Role.TOWN_OFFICER, "南镇")
    token = log_in(world.office, world.clock, login=login_of(world, person), password=PASSWORD, address="127.0.0.1")
    actor = find_actor(world.office, world.clock, token)
    assert actor is not None
    assert (actor.id, actor.role, actor.place) == (person, Role.TOWN_OFFICER, "南镇")
    log_out(world.office, token)
    assert find_actor(world.office, world.clock, token) is None


def test_an_unknown_login_and_a_wrong_password_get_the_same_answer(world: World):
    person = world.person(Role.AUDITOR, "市")
    messages = []
    for login, password in ((login_of(world, person), "wrong-password"), ("nobody.here", PASSWORD)):
        with pytest.raises(NotAllowed) as refusal:
            log_in(world.office, world.clock, login=login, password=password, address="127.0.0.1")
        messages.append(str(refusal.value))
    assert messages[0] == messages[1]


def test_five_failures_lock_the_login_even_for_the_right_password_and_fifteen_minutes_open_it(world: World):
    login = login_of(world, world.person(Role.CREW, "南镇"))
    for _ in range(5):
        with pytest.raises(NotAllowed, match="wrong"):
            log_in(world.office, world.clock, login=login, password="not-it-at-all", address="127.0.0.1")
    with pytest.raises(NotAllowed, match="Wait"):
        log_in(world.office, world.clock, login=login, password=PASSWORD, address="127.0.0.1")
    later = Clock(NOON + timedelta(minutes=16))
    assert log_in(world.office, later, login=login, password=PASSWORD, address="127.0.0.1")


def locked(world: World, login: str, *, address: str) -> None:
    for _ in range(5):
        with pytest.raises(NotAllowed, match="wrong"):
            log_in(world.office, world.clock, login=login, password="not-it-at-all", address=address)


def test_a_new_password_by_the_administrator_opens_a_locked_login_and_ones_own_does_not(world: World):
    person, admin = world.person(Role.CREW, "南镇"), world.person(Role.ADMINISTRATOR, "市")
    login = login_of(world, person)
    locked(world, login, address="127.0.0.1")
    with world.office.acting(person, via="test") as session:
        set_password(session, person, "my-own-new-one")
    with pytest.raises(NotAllowed, match="Wait"):
        log_in(world.office, world.clock, login=login, password="my-own-new-one", address="127.0.0.1")
    with world.office.acting(admin, via="test") as session:
        set_password(session, person, "from-the-administrator")
    assert log_in(world.office, world.clock, login=login, password="from-the-administrator", address="127.0.0.1")


def test_a_new_password_lifts_the_lock_of_a_name_and_not_of_an_address(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.base.people.ADDRESS_FAILURES", 5)
    person, admin = world.person(Role.CREW, "南镇"), world.person(Role.ADMINISTRATOR, "市")
    login = login_of(world, person)
    locked(world, login, address="203.0.113.9")
    with world.office.acting(admin, via="test") as session:
        set_password(session, person, "from-the-administrator")
    with pytest.raises(NotAllowed, match="Wait"):
        log_in(world.office, world.clock, login=login, password="from-the-administrator", address="203.0.113.9")
    assert log_in(world.office, world.clock, login=login, password="from-the-administrator", address="127.0.0.1")


def test_a_session_ends_after_twelve_hours_and_after_eight_unused(world: World):
    login = login_of(world, world.person(Role.COUNTY_OFFICER, "东县"))
    token = log_in(world.office, world.clock, login=login, password=PASSWORD, address="127.0.0.1")
    assert find_actor(world.office, Clock(NOON + timedelta(hours=7)), token)
    assert find_actor(world.office, Clock(NOON + timedelta(hours=11)), token)
    assert find_actor(world.office, Clock(NOON + timedelta(hours=13)), token) is None
    unused = log_in(world.office, world.clock, login=login, password=PASSWORD, address="127.0.0.1")
    assert find_actor(world.office, Clock(NOON + timedelta(hours=9)), unused) is None


def test_rights_come_from_the_same_rows_that_the_policies_use(world: World):
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        assert may(session, "naming.decision", "create")
        assert not may(session, "naming.decision", "change")
    with world.office.acting(world.person(Role.CREW, "南镇"), via="test") as session:
        assert may(session, "rollout.job", "change")
        assert not may(session, "naming.proposal", "create")
    with world.office.nobody(via="test") as session:
        assert not may(session, "base.division", "read")


def test_wrong_logins_at_once_are_counted_like_wrong_logins_in_turn(world: World):
    login = login_of(world, world.person(Role.CREW, "南镇"))
    answers = tried_at_once(world, [(login, f"10.0.0.{n}") for n in range(24)])
    assert sum("wrong" in answer for answer in answers) == 5
    assert sum("Wait" in answer for answer in answers) == 19


def test_wrong_logins_of_one_address_at_once_are_counted_over_all_logins(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.base.people.ADDRESS_FAILURES", 7)
    answers = tried_at_once(world, [(f"nobody.{n}", "10.0.0.1") for n in range(20)])
    assert sum("wrong" in answer for answer in answers) == 7


def tried_at_once(world: World, tries: list[tuple[str, str]]) -> list[str]:
    """What each is answered when they come through a door together."""
    door = threading.Barrier(len(tries))

    def attempt(login: str, address: str) -> str:
        door.wait()
        with pytest.raises(NotAllowed) as refusal:
            log_in(world.office, world.clock, login=login, password="not-it-at-all", address=address)
        return str(refusal.value)

    with ThreadPoolExecutor(len(tries)) as threads:
        return list(threads.map(lambda one: attempt(*one), tries))


def test_the_right_password_in_time_clears_what_was_counted(world: World):
    login = login_of(world, world.person(Role.CREW, "南镇"))
    for minute in range(3):
        now = Clock(NOON + timedelta(minutes=minute))
        for _ in range(4):
            with pytest.raises(NotAllowed, match="wrong"):
                log_in(world.office, now, login=login, password="not-it-at-all", address="127.0.0.1")
        assert log_in(world.office, now, login=login, password=PASSWORD, address="127.0.0.1")


def test_a_new_password_ends_all_sessions_but_ones_own(world: World):
    person, admin = world.person(Role.CREW, "南镇"), world.person(Role.ADMINISTRATOR, "东县")
    login = login_of(world, person)

    def entered(password: str) -> str:
        return log_in(world.office, world.clock, login=login, password=password, address="127.0.0.1")

    def still_in(*tokens: str) -> list[bool]:
        return [find_actor(world.office, world.clock, token) is not None for token in tokens]

    mine, stolen = entered(PASSWORD), entered(PASSWORD)
    with world.office.acting(person, via="test") as session:
        set_password(session, person, "another-good-one", keep=mine)
    assert still_in(mine, stolen) == [True, False]
    other = entered("another-good-one")
    with world.office.acting(admin, via="test") as session:
        set_password(session, person, "set-by-the-office", keep=mine)
    assert still_in(mine, other) == [False, False]


def test_an_account_without_a_name_is_refused_for_the_name(world: World):
    with Session(world.owner) as session, pytest.raises(Invalid) as refusal:
        found_person(session, world.clock, login="somebody", name=" ", role=Role.AUDITOR, place="市", password=PASSWORD)
    assert refusal.value.field == "name"
