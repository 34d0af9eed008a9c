"""Every way that a page of the demonstration shows is open to its reader: nobody is led to where they are refused."""

from __future__ import annotations

import html
import re
from collections import Counter, deque
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.base.models import Role
from app.demonstration.people import LOGINS, PASSWORD
from tests.app.web.conftest import Office, enter
from tests.conftest import World

#: Pages of one address, but for the record and the values in it, that are opened for each person.
ALIKE, MOST = 1, 100
_KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_WAY = re.compile(r'(?:href|src|hx-get)="(/[^"]*)"')
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def office(demo: World) -> Iterator[Office]:
    made = Office(demo, stations=True)
    yield made
    made.close()


def shape(url: str) -> str:
    """An address without its keys and values."""
    parts = urlsplit(url)
    return _KEY.sub("…", parts.path) + "?" + "&".join(sorted(name for name, _ in parse_qsl(parts.query)))


def ways(page: str) -> list[str]:
    return [html.unescape(way).partition("#")[0] for way in _WAY.findall(page)]


def refused(office: Office, login: str) -> tuple[dict[str, str], int]:
    """What a person is led to and may not open, with the page that leads there; and how many pages were opened."""
    client, alike = office.stranger(), Counter[str]()
    assert enter(client, login, PASSWORD).status_code == 303
    queue, known, closed = deque([("/", "")]), {"/"}, {}
    while queue and len(known) - len(queue) <= MOST:
        url, source = queue.popleft()
        answer = client.get(url)
        if answer.status_code >= 400:
            closed[url] = f"{answer.status_code} from {source}"
        for way in ways(answer.text) if "html" in answer.headers.get("content-type", "") else []:
            if way in known or way.startswith("/static") or alike[shape(way)] >= ALIKE:
                continue
            alike[shape(way)] += 1
            known.add(way)
            queue.append((way, url))
    return closed, len(known) - len(queue)


@pytest.mark.parametrize("login", [one.login for one in LOGINS])
def test_no_page_leads_its_reader_to_where_they_are_refused(office: Office, login: str) -> None:
    closed, opened = refused(office, login)
    assert closed == {}
    assert opened > 20


def test_the_demonstration_has_somebody_of_every_role() -> None:
    assert {one.role for one in LOGINS} == set(Role)
