"""The pages of the planning, through the office app."""

from __future__ import annotations

import pytest

from app.base.models import Role
from tests.app.builders import NAMES, build_batch, build_name, build_order, build_sign, build_street, run
from tests.app.pages import work_off
from tests.app.web.conftest import Office, token_in
from tests.conftest import World


def uid(world: World, table: str, key: int) -> str:
    return str(run(world, f"SELECT uid FROM {table} WHERE id = :id", id=key))


def send(client, url: str, page: str, **fields):
    return client.post(url, data={"form_token": token_in(client.get(page).text), **fields})


def test_the_list_says_how_many_streets_want_signs_and_plans_them(office: Office, world: World):
    build_name(world, build_street(world, "甲村"), NAMES[0])
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    page = officer.get("/planning").text
    assert "为 1 条街路巷布设标志" in page
    assert "暂无规划标志" in page
    assert "/planning/waiting" in officer.get("/").text
    waiting = officer.get("/planning/waiting").text
    assert "明德路" in waiting
    assert "共 1 条" in waiting
    done = officer.get(planned(world, officer)).text
    assert "明德路" in done
    assert 'action="/undo/' in done
    assert run(world, "SELECT count(*) FROM planning.sign") == 2
    assert "暂无规划标志" not in officer.get("/planning?reason=start&kind=street_plate").text
    assert "明德路" not in officer.get("/planning/waiting").text
    assert "没有符合筛选条件的标志" in officer.get("/planning?state=standing").text


def queued(officer, **fields) -> str:
    """The address of a planning's own page, queued through the list's button."""
    answer = send(officer, "/planning/plan", "/planning", **fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def key_of(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2]


def planned(world: World, officer, **fields) -> str:
    """Where the planning's page leads to once the worker has done it."""
    page = queued(officer, **fields)
    assert "run-bar" in officer.get(page).text
    work_off(world, key_of(page))
    done = officer.get(page)
    assert done.status_code == 303, done.text
    return str(done.headers["location"])


def test_a_planning_asked_for_twice_is_one_run_and_done_twice_plans_nothing_new(office: Office, world: World):
    build_name(world, build_street(world, "甲村"), NAMES[0])
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    page = queued(officer)
    assert queued(officer) == page
    work_off(world, key_of(page))
    work_off(world, key_of(page))
    assert run(world, "SELECT count(*) FROM planning.sign") == 2
    assert "没有需要布设" in officer.get(planned(world, officer)).text
    assert run(world, "SELECT count(*) FROM planning.sign") == 2


def test_a_planning_goes_town_by_town_and_takes_streets_that_lie_in_no_town(office: Office, world: World):
    for place, name in zip(("甲村", "丙村", "东县"), NAMES, strict=False):
        build_name(world, build_street(world, place), name)
    page = queued(office.signed_in(Role.COUNTY_OFFICER, "东县"))
    work_off(world, key_of(page))
    assert run(world, "SELECT count(DISTINCT street_id) FROM planning.sign") == 3
    told = run(world, "SELECT ARRAY[done, total] FROM base.run WHERE uid = :uid", uid=key_of(page))
    assert told == [3, 3]


def test_a_planning_that_is_cancelled_leaves_nothing_and_leads_back(office: Office, world: World):
    build_name(world, build_street(world, "甲村"), NAMES[0])
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    page = queued(officer)
    run(world, "UPDATE base.run SET cancel_asked = true")
    run(world, "UPDATE base.run SET state = 'running'")
    work_off(world, key_of(page))
    assert run(world, "SELECT count(*) FROM planning.sign") == 0
    shown = officer.get(page).text
    assert "未布设任何标志" in shown
    assert 'href="/planning?in=' in shown


def test_who_did_not_ask_for_a_planning_is_not_offered_its_undoing(office: Office, world: World):
    build_name(world, build_street(world, "甲村"), NAMES[0])
    page = queued(office.signed_in(Role.COUNTY_OFFICER, "东县"))
    work_off(world, key_of(page))
    other = office.signed_in(Role.CITY_OFFICER, "市")
    assert 'action="/undo/' not in other.get(other.get(page).headers["location"]).text
    assert office.signed_in(Role.COUNTY_OFFICER, "西县").get(page).status_code == 404


def test_nobody_queues_a_planning_where_they_may_not_plan(office: Office, world: World):
    for role in (Role.AUDITOR, Role.INSPECTOR, Role.CREW):
        assert send(office.signed_in(role, "东县"), "/planning/plan", "/people/me").status_code == 403
    assert run(world, "SELECT count(*) FROM base.run") == 0


def test_a_batch_is_planned_from_its_own_button(office: Office, world: World):
    build_name(world, build_street(world, "甲村"), NAMES[0])
    build_name(world, build_street(world, "丙村"), NAMES[1])
    batch = uid(world, "milestones.batch", build_batch(world, ["甲村"]))
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    planned(world, officer, batch=batch)
    assert run(world, "SELECT count(DISTINCT street_id) FROM planning.sign") == 1
    title = run(world, "SELECT title FROM milestones.batch")
    told = officer.get(planned(world, officer, batch=batch)).text
    assert f"{title}目前没有需要布设标志的街路巷" in told
    assert "东县目前没有需要布设" not in told
    assert send(officer, "/planning/plan", "/planning", batch="nonsense").status_code == 422


def test_a_record_shows_the_face_without_any_inline_style(office: Office, world: World):
    sign = build_sign(world, build_street(world, "甲村"), bound=False)
    page = office.signed_in(Role.TOWN_OFFICER, "南镇").get(f"/planning/{uid(world, 'planning.sign', sign.id)}").text
    assert "<svg" in page
    assert "MINGDE LU" in page
    assert "style=" not in page.split("sign-face")[1].split("</svg>")[0]


def test_a_sign_that_faces_north_is_told_so_with_nought_degrees(office: Office, world: World):
    sign = build_sign(world, build_street(world, "甲村"), bound=False)
    run(world, "UPDATE planning.sign SET facing_deg = 359.8 WHERE id = :id RETURNING 1", id=sign.id)
    here = f"/planning/{uid(world, 'planning.sign', sign.id)}"
    page = office.signed_in(Role.COUNTY_OFFICER, "东县").get(here).text
    assert "北（0°）" in page


def test_a_sign_is_moved_coloured_dropped_and_put_back(office: Office, world: World):
    sign = build_sign(world, build_street(world, "甲村"), bound=False)
    here = f"/planning/{uid(world, 'planning.sign', sign.id)}"
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    moved = {"version": "1", "lon": "116.36100", "lat": "37.4001", "facing_deg": "90"}
    assert send(officer, f"{here}/move", here, **moved).status_code == 303
    assert run(world, "SELECT facing_deg FROM planning.sign") == 90
    assert send(officer, f"{here}/colour", here, version="2", ground="green").status_code == 303
    assert send(officer, f"{here}/drop", here, version="3").status_code == 303
    assert run(world, "SELECT state FROM planning.sign") == "removed"
    page = officer.get(here).text
    act = page.split('action="/undo/')[1].split('"')[0]
    assert send(officer, f"/undo/{act}", here, next=here).status_code == 303
    assert run(world, "SELECT state FROM planning.sign") == "planned"


def test_what_was_typed_wrong_is_told_at_its_field(office: Office, world: World):
    sign = build_sign(world, build_street(world, "甲村"), bound=False)
    here = f"/planning/{uid(world, 'planning.sign', sign.id)}"
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    wrong = send(officer, f"{here}/move", here, version="1", lon="east", lat="37.4", facing_deg="90")
    assert wrong.status_code == 422
    assert 'id="e-lon"' in wrong.text
    assert 'value="east"' in wrong.text


def test_a_refused_move_leaves_the_signs_days_on_its_page(office: Office, world: World):
    sign = build_sign(world, build_street(world, "甲村"), state="ordered")
    build_order(world, [sign])
    here = f"/planning/{uid(world, 'planning.sign', sign.id)}"
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    day = '<span class="way-day">2024年6月1日</span>'
    assert day in officer.get(here).text
    wrong = officer.post(
        f"{here}/move",
        data={"form_token": token_in(officer.get("/planning").text), "version": "1", "lon": "east", "lat": "37.4"},
    )
    assert wrong.status_code == 422
    assert day in wrong.text


def test_a_stale_change_shows_both_versions(office: Office, world: World):
    sign = build_sign(world, build_street(world, "甲村"), bound=False)
    here = f"/planning/{uid(world, 'planning.sign', sign.id)}"
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    send(officer, f"{here}/colour", here, version="1", ground="green")
    stale = send(officer, f"{here}/colour", here, version="1", ground="blue")
    assert stale.status_code == 409
    assert run(world, "SELECT ground FROM planning.sign") == "green"


def test_a_sign_that_changed_meanwhile_is_not_dropped_and_both_are_shown(office: Office, world: World):
    sign = build_sign(world, build_street(world, "甲村"), bound=False)
    here = f"/planning/{uid(world, 'planning.sign', sign.id)}"
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    assert 'name="version" value="1"' in officer.get(here).text.split(f'action="{here}/drop"')[1].split("</form>")[0]
    send(officer, f"{here}/colour", here, version="1", ground="green")
    stale = send(officer, f"{here}/drop", here, version="1")
    assert stale.status_code == 409
    for shown in ("已规划", "绿色"):
        assert shown in stale.text
    assert run(world, "SELECT state FROM planning.sign") == "planned"


@pytest.mark.parametrize(("role", "place"), [(Role.COUNTY_OFFICER, "西县"), (Role.TOWN_OFFICER, "北镇")])
def test_a_foreign_sign_is_neither_listed_nor_found(office: Office, world: World, role: Role, place: str):
    sign = build_sign(world, build_street(world, "甲村"), bound=False)
    stranger = office.signed_in(role, place)
    assert "明德路" not in stranger.get("/planning").text
    here = f"/planning/{uid(world, 'planning.sign', sign.id)}"
    assert stranger.get(here).status_code == 404
    assert send(stranger, f"{here}/drop", "/planning", version="1").status_code == 404


def test_who_may_only_look_is_offered_no_button_and_refused(office: Office, world: World):
    sign = build_sign(world, build_street(world, "甲村"), bound=False)
    here = f"/planning/{uid(world, 'planning.sign', sign.id)}"
    auditor = office.signed_in(Role.AUDITOR, "市")
    assert "/drop" not in auditor.get(here).text
    assert send(auditor, f"{here}/drop", "/planning", version="1").status_code == 403
    assert office.signed_in(Role.SIGN_MAKER, "市").get("/planning").status_code == 403
    assert auditor.post(f"{here}/drop").status_code == 403
