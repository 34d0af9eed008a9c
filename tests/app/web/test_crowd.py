"""Many readers at once wait for each other's connections in order; nobody is told of an error."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from app.base.models import Role
from tests.app.web.conftest import Office

#: More than the pool has connections, and more than there are threads.
CROWD = 60


@pytest.fixture(scope="module")
def stations() -> bool:
    return True


def test_a_crowd_of_readers_each_gets_the_page(office: Office):
    client = office.signed_in(Role.COUNTY_OFFICER, "东县")
    cookies = dict(client.cookies)

    async def read() -> list[int]:
        transport = httpx.ASGITransport(client.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url=str(client.base_url), cookies=cookies, timeout=100
        ) as asked:
            answers = await asyncio.gather(*(asked.get("/inventory") for _ in range(CROWD)))
        return [answer.status_code for answer in answers]

    assert asyncio.run(read()) == [200] * CROWD
