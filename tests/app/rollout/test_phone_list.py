"""A crew's list on the phone: it pages by key, however many signs wait."""

from __future__ import annotations

import re
from datetime import date

import pytest

from app.base.models import Role
from app.rollout import queries
from tests.app.builders import build_order, build_sign, build_street, insert, run
from tests.app.web.conftest import Office
from tests.conftest import World

JOBS = 5


@pytest.fixture
def jobs(world: World) -> list[int]:
    """Open jobs of the county's crew, the later ones due sooner."""
    crew = world.person(Role.CREW, "东县")
    signs = [build_sign(world, build_street(world, "甲村"), state="ordered") for _ in range(JOBS)]
    build_order(world, signs)
    return [
        insert(
            world,
            "rollout.job",
            division_id=world.places["甲村"],
            sign_id=sign.id,
            crew_id=crew,
            given_on=date(2024, 6, 1),
            due_on=date(2024, 7, 20 - n),
        )
        for n, sign in enumerate(signs)
    ]


def test_every_job_of_a_crew_is_on_one_page_of_its_list(world: World, jobs: list[int]):
    crew, seen, after = world.person(Role.CREW, "东县"), [], None
    with world.office.acting(crew, via="test") as session:
        while True:
            page = queries.my_jobs(session, crew, after=after, size=2)
            assert len(page.rows) <= 2
            seen += [row.id for row in page.rows]
            if page.next is None:
                break
            after = page.next
    assert seen == jobs[::-1]


def test_the_phone_counts_all_jobs_and_leads_on_to_those_behind(
    world: World, office: Office, jobs: list[int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(queries.my_jobs, "__kwdefaults__", {"after": None, "size": 3})
    crew = office.signed_in(Role.CREW, "东县")
    first = crew.get("/rollout/phone").text
    assert f"有 {JOBS} 块标志待安装" in first
    assert first.count("data-lon") == 3
    behind = re.search(r'rel="next" href="([^"]+)"', first)
    assert behind
    second = crew.get(behind[1].replace("&amp;", "&")).text
    assert second.count("data-lon") == JOBS - 3
    assert 'rel="prev"' in second
    assert 'rel="next"' not in second
    run(world, "UPDATE rollout.job SET state = 'dropped', ended_on = '2024-07-01' WHERE id = ANY (:ids)", ids=jobs[:2])
    assert crew.get(behind[1].replace("&amp;", "&")).headers["location"] == "/rollout/phone"
