"""One figure, wherever it stands: home, batches, progress, and the lists that its numbers lead to."""

from __future__ import annotations

import re
from datetime import date

from app.base.models import Role
from app.milestones.queries import batched_by_year, committees_by_year
from app.tracking.queries import By, progress, progress_of
from tests.app.builders import build_batch, build_name, build_street, division, insert, run
from tests.app.web.conftest import Office
from tests.conftest import World

DAY = date(2024, 7, 1)


def with_committee(world: World) -> None:
    run(world, "UPDATE base.division SET kind = 'residents' WHERE id = :id", id=world.places["乙村"])


def test_a_residents_committee_in_a_batch_is_counted_apart_from_the_villages(world: World):
    with_committee(world)
    build_batch(world, ["甲村", "乙村"])
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        city = division(session, world, "市")
        (told,) = progress(session, on=DAY, by=By.CITY)
        assert sum(batched_by_year(session, city).values()) == told.villages_batched == 1
        assert sum(committees_by_year(session, city).values()) == 1


def test_home_and_progress_tell_the_same_figures_of_a_division(world: World):
    build_street(world, "乙村")
    build_name(world, build_street(world, "甲村"))
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        (told,) = progress(session, on=DAY, by=By.CITY)
        assert progress_of(session, division(session, world, "市"), on=DAY) == told
        assert (told.villages_named, told.villages_with_streets) == (1, 2)


def test_a_name_that_is_decided_and_not_announced_is_named_and_shown_apart(world: World, office: Office):
    name = build_name(world, build_street(world, "甲村"))
    decided = run(world, "SELECT decision_id FROM naming.name WHERE id = :id", id=name)
    insert(
        world,
        "naming.deadline",
        division_id=world.places["东县"],
        decision_id=decided,
        kind="announce",
        started_on=date(2024, 5, 1),
        due_on=date(2024, 5, 16),
    )
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        (told,) = progress(session, on=DAY, by=By.CITY)
    assert (told.streets_named, told.streets_approved, told.streets_in_force) == (1, 1, 0)
    home = office.signed_in(Role.CITY_OFFICER, "市").get("/").text
    assert "已批复（待公告） 1 · 已公告 0" in home


def test_each_number_of_the_progress_leads_to_a_list_with_that_total(world: World, office: Office):
    build_street(world, "乙村")
    build_street(world, "乙村", in_scope=False)
    build_name(world, build_street(world, "甲村"))
    officer = office.signed_in(Role.CITY_OFFICER, "市")
    page = officer.get("/tracking?by=city").text
    links = re.findall(r'<a href="(/(?:inventory|naming/names|planning)\?[^"]+)">([\d,]+)</a>', page)
    assert len(links) == 6
    for url, number in links:
        listed = re.search(r'list-count">\D*([\d,]+)', officer.get(url.replace("&amp;", "&")).text)
        assert listed is not None, url
        assert listed[1] == number, url
