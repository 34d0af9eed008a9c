"""The list of divisions pages by key, in the register's order."""

from __future__ import annotations

import re

from sqlalchemy import text

from app.base.models import Role
from tests.app.web.conftest import Office
from tests.conftest import World

MANY = 60


def add_villages(world: World) -> list[str]:
    """Many villages of a town that have no code: they come by name, behind those that have one."""
    names = [f"新{number:02}村" for number in range(MANY)]
    with world.owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO base.division (parent_id, name, kind, since_on, geometry_source)"
                " SELECT :town, unnest(CAST(:names AS text[])), 'village', '2024-01-01', 'none'"
            ),
            {"town": world.places["南镇"], "names": names},
        )
        connection.execute(
            text(
                "INSERT INTO base.division_code (division_id, system, code, edition, valid_from_on)"
                " SELECT id, 'statistics', '371481999201', '2023', '2024-01-01' FROM base.division WHERE name = :name"
            ),
            {"name": names[-1]},
        )
    return names


def names_in(page: str) -> list[str]:
    return re.findall(r'<td class="main"><a href="/divisions/[0-9a-f-]{36}">([^<]+)</a>', page)


def test_divisions_come_page_by_page_and_each_of_them_once(office: Office):
    names = add_villages(office.world)
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    for url in ("/divisions", re.findall(r'href="(/divisions/[0-9a-f-]{36})"', client.get("/divisions").text)[0]):
        seen, page = [], client.get(url).text
        while True:
            assert len(names_in(page)) <= 50
            seen += names_in(page)
            behind = re.search(r'rel="next" href="([^"]+)"', page)
            if not behind:
                break
            page = client.get(behind[1].replace("&amp;", "&")).text
        assert len(seen) == len(set(seen)) > MANY
        assert seen[0] == names[-1], "what has a code comes first"
        assert [name for name in seen[1:] if name in names] == names[:-1]


def test_the_list_of_divisions_says_how_many_there_are(office: Office):
    add_villages(office.world)
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    assert re.search(r">\s*6[1-9]\b", client.get("/divisions").text)


def test_a_division_leads_to_the_map_only_those_for_whom_it_is(office: Office):
    with office.world.owner.connect() as connection:
        uid = connection.scalar(text("SELECT uid FROM base.division WHERE name = '东县'"))
    assert 'href="/map?' in office.signed_in(Role.TOWN_OFFICER, "南镇").get(f"/divisions/{uid}").text
    assert 'href="/map?' not in office.signed_in(Role.SIGN_MAKER, "东县").get(f"/divisions/{uid}").text
