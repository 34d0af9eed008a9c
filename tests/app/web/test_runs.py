"""The page of long work: from a run, also a cancelled one, there is a way back to what it was about."""

from __future__ import annotations

from uuid import UUID

import pytest

from app.base.jobs import enqueue
from app.base.models import Role
from tests.app.web.conftest import Office, token_in

pytestmark = pytest.mark.database
DIVISION, BATCH, ORDER = (str(UUID(int=number)) for number in (1, 2, 3))  # fixed: two workers collect the same tests


@pytest.mark.parametrize(
    ("kind", "args", "back"),
    [
        ("release", {"order": ORDER}, f"/printing/{ORDER}"),
        ("plan", {"division": DIVISION, "batch": BATCH}, f"/milestones/{BATCH}"),
        ("plan", {"division": DIVISION, "batch": ""}, f"/planning?in={DIVISION}"),
        ("intake", {"division": DIVISION}, f"/intake?in={DIVISION}"),
    ],
)
def test_a_cancelled_run_leads_back_to_what_it_was_about(office: Office, kind: str, args: dict[str, str], back: str):
    client = office.signed_in(Role.COUNTY_OFFICER, "东县")
    with office.world.office.acting(office.world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        uid = enqueue(session, kind, args)
    form = {"form_token": token_in(client.get(f"/runs/{uid}").text)}
    answer = client.post(f"/runs/{uid}/cancel", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{uid}")
    assert f'href="{back}"' in client.get(f"/runs/{uid}").text


def test_work_that_is_about_nothing_has_no_way_back(office: Office):
    client = office.signed_in(Role.COUNTY_OFFICER, "东县")
    with office.world.office.acting(office.world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        uid = enqueue(session, "export", {})
    page = client.get(f"/runs/{uid}").text
    assert "返回" not in page
