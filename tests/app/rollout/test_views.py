"""The pages of the rollout, through the office app: jobs for the office, the proof from the phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import pytest

from app.base.models import Role
from tests.app.builders import build_order, build_sign, build_street, insert, run
from tests.app.pages import hidden_in
from tests.app.rollout.photos import photo
from tests.app.web.conftest import Office, token_in
from tests.conftest import World

UID = "0190b0f0-0000-7000-8000-000000000001"
SECOND = "0190b0f0-0000-7000-8000-000000000002"


@dataclass
class Ready:
    """A sign of a released order, and the crew of its county."""

    sign: str
    crew: str


@pytest.fixture(scope="module")
def begin() -> Callable[[World], Ready]:
    return with_order


def with_order(world: World) -> Ready:
    """A sign of a released order, and a crew."""
    built = build_sign(world, build_street(world, "甲村"), state="ordered")
    build_order(world, [built])
    return Ready(
        str(run(world, "SELECT uid FROM planning.sign")),
        str(run(world, "SELECT uid FROM base.person WHERE id = :id", id=world.person(Role.CREW, "东县"))),
    )


@pytest.fixture
def ready(world: World) -> Ready:
    return cast("Ready", world.found)


def send(client, url: str, page: str, **fields):
    """The form of a page as a browser sends it; one that is not there as it would be."""
    shown = client.get(page).text
    return client.post(url, data={"form_token": token_in(shown), "version": "1", **hidden_in(shown, url), **fields})


def give(office: Office, world: World, ready: Ready, **fields: str) -> str:
    """The key of the job that was given through the page."""
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    values = {"seen": chosen(world), "crew": ready.crew, "due_on": "2024-07-15", **fields}
    answer = send(officer, "/rollout/jobs", "/rollout/new", **values)
    assert answer.status_code == 303, answer.text
    return str(run(world, "SELECT uid FROM rollout.job"))


def chosen(world: World) -> str:
    """The one sign, as a list that was loaded just now sends it."""
    return str(run(world, "SELECT uid || ':' || version FROM planning.sign"))


def proof(client, job: str, picture: bytes, **fields: str):
    """Send the phone's form as the browser would."""
    page = client.get(f"/rollout/phone/{job}").text
    lon, lat = re.findall(r'data-l(?:on|at)="([\d.]+)"', page)[:2]
    values = {
        "form_token": re.findall(r'name="form_token" value="(\w+)"', page)[0],
        "uid": UID,
        "taken_at": "2024-07-01T03:59:00Z",
        "lon": lon,
        "lat": lat,
        "accuracy_m": "5.5",
        "note": "",
        **fields,
    }
    return client.post(f"/rollout/phone/{job}", data=values, files={"photo": ("sign.jpg", picture, "image/jpeg")})


def test_a_job_is_given_done_on_the_phone_and_shown_with_its_photo(office: Office, world: World, ready: Ready):
    job = give(office, world, ready)
    crew = office.signed_in(Role.CREW, "东县")
    assert crew.get("/rollout").headers["location"] == "/rollout/phone"
    jobs = crew.get("/rollout/phone").text
    assert "明德路" in jobs
    page = crew.get(f"/rollout/phone/{job}").text
    assert "MINGDE LU" in page
    assert "shape-rendering" in page, "the code is on the drawn plate"
    assert 'capture="environment"' in page
    answer = proof(crew, job, photo())
    assert answer.status_code == 303, answer.text
    assert "已记录：这块标志已立" in crew.get(f"/rollout/phone/{job}").text
    assert run(world, "SELECT state FROM planning.sign") == "standing"
    assert run(world, "SELECT uid::text FROM rollout.installation") == UID
    assert "目前没有待安装的标志" in crew.get("/rollout/phone").text
    listed = office.signed_in(Role.COUNTY_OFFICER, "东县").get("/rollout/installations").text
    shown = listed.split('src="/rollout/photos/')[1].split('"')[0]
    picture = office.signed_in(Role.COUNTY_OFFICER, "东县").get(f"/rollout/photos/{shown}")
    assert picture.content.startswith(b"\xff\xd8")
    assert office.signed_in(Role.COUNTY_OFFICER, "西县").get(f"/rollout/photos/{shown}").status_code == 404


def test_the_same_proof_sent_twice_is_one_installation(office: Office, world: World, ready: Ready):
    job, picture = give(office, world, ready), photo()
    crew = office.signed_in(Role.CREW, "东县")
    first = crew.get(f"/rollout/phone/{job}").text
    lon, lat = re.findall(r'data-l(?:on|at)="([\d.]+)"', first)[:2]
    values = {"form_token": token_in(first), "uid": UID, "taken_at": "2024-07-01T03:59:00Z", "lon": lon, "lat": lat}
    answers = [
        crew.post(f"/rollout/phone/{job}", data=values, files={"photo": ("a.jpg", picture, "image/jpeg")})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [303, 303], answers[1].text
    assert run(world, "SELECT count(*) FROM rollout.installation") == 1


def test_a_phone_without_a_script_sends_what_the_page_gave_it(office: Office, world: World, ready: Ready):
    job = give(office, world, ready)
    crew = office.signed_in(Role.CREW, "东县")
    page = crew.get(f"/rollout/phone/{job}").text
    hidden = dict(re.findall(r'name="(uid|taken_at)" value="([^"]+)"', page))
    answer = proof(crew, job, photo(), accuracy_m="", **hidden)
    assert answer.status_code == 303, answer.text
    assert run(world, "SELECT uid::text FROM rollout.installation") == hidden["uid"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("lon", "", "缺少位置"),
        ("lat", "north", "请填写数字"),
        ("uid", "1", "页面已过期"),
        ("taken_at", "2031-01-01T00:00:00Z", "请校准手机时间"),
        ("taken_at", "2019-03-01T00:00:00Z", "但任务是2024年7月1日下达的"),
    ],
)
def test_what_is_missing_is_told_on_the_phone(office: Office, world: World, ready: Ready, field, value, words):
    job = give(office, world, ready)
    answer = proof(office.signed_in(Role.CREW, "东县"), job, photo(), **{field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert run(world, "SELECT count(*) FROM rollout.installation") == 0


def test_a_file_that_is_no_photo_is_refused_and_nothing_is_kept(office: Office, world: World, ready: Ready):
    job = give(office, world, ready)
    answer = proof(office.signed_in(Role.CREW, "东县"), job, b"not a photo")
    assert answer.status_code == 422
    assert "照片打不开" in answer.text
    assert run(world, "SELECT state FROM rollout.job") == "open"
    assert run(world, "SELECT count(*) FROM base.file WHERE purpose = 'installation'") == 0


def test_a_crew_sees_no_other_crews_job_and_officers_no_phone_page(office: Office, world: World, ready: Ready):
    job = give(office, world, ready)
    other = office.signed_in(Role.CREW, "西县")
    assert "明德路" not in other.get("/rollout/phone").text
    assert other.get(f"/rollout/phone/{job}").status_code == 404
    assert office.signed_in(Role.COUNTY_OFFICER, "东县").get("/rollout/phone").status_code == 403


def test_what_is_wrong_with_given_jobs_is_told_at_its_field(office: Office, world: World, ready: Ready):
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    for fields, field in (({"due_on": "2024-06-30"}, "due_on"), ({"crew": ""}, "crew"), ({"seen": []}, "uid")):
        values = {"seen": chosen(world), "crew": ready.crew, "due_on": "2024-07-15", **fields}
        answer = send(officer, "/rollout/jobs", "/rollout/new", **values)
        assert answer.status_code == 422
        assert f'href="#f-{field}"' in answer.text
    assert run(world, "SELECT count(*) FROM rollout.job") == 0


def test_a_job_is_taken_back_and_the_phone_says_so(office: Office, world: World, ready: Ready):
    job = give(office, world, ready)
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    assert send(officer, f"/rollout/jobs/{job}/drop", "/rollout").status_code == 303
    assert "办公室已收回此任务" in office.signed_in(Role.CREW, "东县").get(f"/rollout/phone/{job}").text
    assert "明德路" in officer.get("/rollout/new").text, "it waits for a crew again"
    stranger = office.signed_in(Role.COUNTY_OFFICER, "西县")
    assert send(stranger, f"/rollout/jobs/{job}/drop", "/rollout").status_code == 404
    assert "明德路" not in stranger.get("/rollout?state=all").text


def test_what_stands_far_from_its_plan_can_be_looked_at_alone(office: Office, world: World, ready: Ready):
    job = give(office, world, ready)
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    assert "所有标志均在规划位置附近" in officer.get("/rollout/installations?far=true").text
    crew = office.signed_in(Role.CREW, "东县")
    page = crew.get(f"/rollout/phone/{job}").text
    lat = re.findall(r'data-lat="([\d.]+)"', page)[0]
    assert proof(crew, job, photo(), lat=str(float(lat) + 0.01)).status_code == 303
    assert "请核查" in officer.get("/rollout/installations?far=true").text


def test_overdue_jobs_are_shown_alone_and_counted(office: Office, world: World, ready: Ready):
    sign = run(world, "SELECT id FROM planning.sign")
    insert(
        world,
        "rollout.job",
        division_id=world.places["甲村"],
        sign_id=sign,
        crew_id=world.person(Role.CREW, "东县"),
        given_on="2024-05-01",
        due_on="2024-06-01",
    )
    page = office.signed_in(Role.COUNTY_OFFICER, "东县").get("/rollout?state=late").text
    assert "明德路" in page
    assert "逾期" in page


def test_an_installation_is_inspected_rejected_and_done_again(office: Office, world: World, ready: Ready):
    job = give(office, world, ready)
    crew = office.signed_in(Role.CREW, "东县")
    assert proof(crew, job, photo()).status_code == 303
    inspector = office.signed_in(Role.INSPECTOR, "东县")
    listed = inspector.get("/rollout/installations?state=waiting").text
    assert "待验收" in listed
    assert f"/rollout/installations/{UID}" in listed
    page = inspector.get(f"/rollout/installations/{UID}").text
    assert "规划坐标" in page
    empty = send(
        inspector, f"/rollout/installations/{UID}/reject", f"/rollout/installations/{UID}", due_on="2024-07-20"
    )
    assert empty.status_code == 422
    assert "请说明问题" in empty.text
    no_day = send(inspector, f"/rollout/installations/{UID}/reject", f"/rollout/installations/{UID}", reason="立反了")
    assert no_day.status_code == 422
    assert "立反了" in no_day.text, "what was typed stays"
    fields = {"reason": "立反了，请转向", "due_on": "2024-07-20"}
    done = send(inspector, f"/rollout/installations/{UID}/reject", f"/rollout/installations/{UID}", **fields)
    assert done.status_code == 303, done.text
    assert "立反了，请转向" in inspector.get(f"/rollout/installations/{UID}").text
    assert "立反了，请转向" in inspector.get("/rollout/installations?state=rejected").text
    assert "立反了，请转向" in crew.get("/rollout/phone").text
    assert "验收未通过" in crew.get(f"/rollout/phone/{job}").text
    again = str(run(world, "SELECT uid FROM rollout.job WHERE state = 'open'"))
    assert "请重新安装此标志" in crew.get(f"/rollout/phone/{again}").text
    assert proof(crew, again, photo("#102030"), uid=SECOND).status_code == 303
    _accept_and_look(inspector)


def _accept_and_look(inspector) -> None:
    accepted = send(inspector, "/rollout/installations/accept", "/rollout/installations", seen=[f"{SECOND}:0"])
    assert accepted.status_code == 303, accepted.text
    assert "验收合格" in inspector.get(f"/rollout/installations/{SECOND}").text
    assert UID in inspector.get(f"/rollout/installations/{SECOND}").text, "the earlier one is shown"
    assert "没有待验收的安装" in inspector.get("/rollout/installations?state=waiting").text


def test_auditors_look_at_installations_and_foreign_counties_do_not(office: Office, world: World, ready: Ready):
    job = give(office, world, ready)
    assert proof(office.signed_in(Role.CREW, "东县"), job, photo()).status_code == 303
    auditor = office.signed_in(Role.AUDITOR, "市")
    page = auditor.get(f"/rollout/installations/{UID}").text
    assert "/reject" not in page
    assert "/accept" not in page
    fields = {"reason": "x", "due_on": "2024-07-20"}
    assert send(auditor, f"/rollout/installations/{UID}/reject", "/rollout/installations", **fields).status_code == 403
    assert (
        send(auditor, "/rollout/installations/accept", "/rollout/installations", seen=[f"{UID}:0"]).status_code == 403
    )
    stranger = office.signed_in(Role.INSPECTOR, "西县")
    assert stranger.get(f"/rollout/installations/{UID}").status_code == 404
    assert (
        send(stranger, "/rollout/installations/accept", "/rollout/installations", seen=[f"{UID}:0"]).status_code == 409
    )
    assert office.signed_in(Role.CREW, "东县").get(f"/rollout/installations/{UID}").status_code == 403
    assert run(world, "SELECT count(*) FROM rollout.inspection") == 0


def test_what_somebody_inspected_meanwhile_is_neither_accepted_nor_rejected(office: Office, world: World, ready: Ready):
    job = give(office, world, ready)
    assert proof(office.signed_in(Role.CREW, "东县"), job, photo()).status_code == 303
    here, inspector = f"/rollout/installations/{UID}", office.signed_in(Role.INSPECTOR, "东县")
    read = hidden_in(inspector.get(here).text, f"{here}/reject")
    other = office.signed_in(Role.COUNTY_OFFICER, "东县")
    assert send(other, "/rollout/installations/accept", here).status_code == 303
    late = send(inspector, f"{here}/reject", here, **read, reason="立反了", due_on="2024-07-20")
    assert late.status_code == 409
    again = send(inspector, "/rollout/installations/accept", here, seen=[f"{UID}:0"])
    assert again.status_code == 409
    for told in (late.text, again.text):
        assert "待验收" in told
        assert "验收合格" in told
    assert run(world, "SELECT count(*) FROM rollout.inspection") == 1
    assert send(inspector, f"{here}/reject", here, reason="立反了", due_on="2024-07-20").status_code == 303


def test_a_sign_or_job_that_changed_after_the_list_was_read_is_named_and_left(
    office: Office, world: World, ready: Ready
):
    listed = chosen(world)
    run(world, "UPDATE planning.sign SET facing_deg = 5 RETURNING 1")
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    values = {"seen": listed, "crew": ready.crew, "due_on": "2024-07-15"}
    stale = send(officer, "/rollout/jobs", "/rollout/new", **values)
    assert stale.status_code == 409
    assert "明德路" in stale.text
    assert "5°" in stale.text
    assert run(world, "SELECT count(*) FROM rollout.job") == 0
    job = give(office, world, ready)
    run(world, "UPDATE rollout.job SET due_on = '2024-07-30' RETURNING 1")
    stale = send(officer, f"/rollout/jobs/{job}/drop", "/rollout", version="1")
    assert stale.status_code == 409
    assert "2024年7月30日" in stale.text
    assert run(world, "SELECT state FROM rollout.job") == "open"
