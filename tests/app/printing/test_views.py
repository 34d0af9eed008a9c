"""The pages of the printing, through the office app: officers draw up and release, a maker sees their own alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import cast

import openpyxl
import pytest

from app.base.models import Role
from tests.app.builders import BuiltSign, build_name, build_order, build_sign, build_street, run
from tests.app.pages import hidden_in, work_off
from tests.app.web.conftest import Office, token_in
from tests.conftest import World


@pytest.fixture(scope="module")
def begin() -> Callable[[World], BuiltSign]:
    return lambda world: build_sign(world, build_street(world, "甲村"), bound=False)


@pytest.fixture
def sign(world: World) -> BuiltSign:
    return cast("BuiltSign", world.found)


def send(client, url: str, page: str, **fields):
    """The form of a page as a browser sends it; one that is not there as it would be."""
    shown = client.get(page).text
    return client.post(url, data={"form_token": token_in(shown), "version": "1", **hidden_in(shown, url), **fields})


def draw_up(office: Office, world: World, maker: int | None = None) -> str:
    """The address of an order drawn up through the page; for the maker of 东县, or with nought for none."""
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    maker = world.person(Role.SIGN_MAKER, "东县") if maker is None else maker
    key = str(run(world, "SELECT uid FROM base.person WHERE id = :id", id=maker)) if maker else ""
    answer = send(officer, "/printing/new", "/printing/new", maker=key)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_an_order_is_drawn_up_released_and_downloaded(office: Office, world: World, sign: BuiltSign):
    here = draw_up(office, world, world.person(Role.SIGN_MAKER, "东县"))
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    page = officer.get(here).text
    token = run(world, "SELECT token FROM printing.code")
    assert f"{token[:4]}-{token[4:]}" in page
    assert "回读核对并下达（1 块）" in page
    assert "<svg" in page.split("sign-thumb")[1]
    answer = send(officer, f"{here}/release", here)
    assert answer.status_code == 303, answer.text
    waiting = officer.get(answer.headers["location"]).text
    assert "run-bar" in waiting
    assert "/release" not in waiting, "there is no button while it goes on"
    send(officer, f"{here}/release", here)
    assert run(world, "SELECT count(*) FROM base.run") == 1, "pressed twice it is one run"
    work_off(world, release_run(world))
    done = officer.get(here).text
    assert "run-bar" not in done
    pdf, manifest = (part.split('"')[0] for part in done.split('href="/files/')[1:3])
    assert officer.get(f"/files/{pdf}").content.startswith(b"%PDF")
    book = openpyxl.load_workbook(io.BytesIO(officer.get(f"/files/{manifest}").content))
    assert book.worksheets[0]["C2"].value == token
    assert send(officer, f"{here}/release", here).status_code == 409


def test_a_draft_without_a_maker_gets_one_on_its_page_before_it_is_released(
    office: Office, world: World, sign: BuiltSign
):
    here, officer = draw_up(office, world, maker=0), office.signed_in(Role.COUNTY_OFFICER, "东县")
    assert "还没有制作单位的账号" in officer.get(here).text
    maker = run(world, "SELECT uid FROM base.person WHERE id = :id", id=world.person(Role.SIGN_MAKER, "东县"))
    page = officer.get(here).text
    assert "此订单尚无制作单位" in page
    assert f'action="{here}/release"' not in page
    refused = send(officer, f"{here}/release", here)
    assert refused.status_code == 409
    assert "尚未指定制作单位" in refused.text
    assert '<a href="#maker">请先在本页指定制作单位' in refused.text
    assert 'id="maker"' in refused.text
    assert "请修改标志或名称" not in refused.text
    assert send(officer, f"{here}/maker", here, maker="").status_code == 422
    named = send(officer, f"{here}/maker", here, maker=str(maker))
    assert named.status_code == 303
    page = officer.get(here).text
    assert f'action="{here}/release"' in page
    assert "更换制作单位" in page
    assert send(officer, f"{here}/maker", here, maker=str(maker), version="1").status_code == 409, (
        "it was changed since"
    )
    assert run(world, "SELECT count(*) FROM printing.order_line WHERE maker_id IS NULL") == 0


def test_naming_a_maker_is_taken_back_as_a_whole(office: Office, world: World, sign: BuiltSign):
    here, officer = draw_up(office, world, maker=0), office.signed_in(Role.COUNTY_OFFICER, "东县")
    maker = run(world, "SELECT uid FROM base.person WHERE id = :id", id=world.person(Role.SIGN_MAKER, "东县"))
    send(officer, f"{here}/maker", here, maker=str(maker))
    act = officer.get(here).text.split('action="/undo/')[1].split('"')[0]
    assert send(officer, f"/undo/{act}", here, next=here).status_code == 303
    assert run(world, "SELECT count(*) FROM printing.order WHERE maker_id IS NULL") == 1
    assert run(world, "SELECT count(*) FROM printing.order_line WHERE maker_id IS NULL") == 1


def release_run(world: World) -> str:
    """The newest release that was queued."""
    return str(run(world, "SELECT uid FROM base.run WHERE kind = 'release' ORDER BY id DESC LIMIT 1"))


def test_what_stops_a_release_in_the_worker_is_told_on_the_order(office: Office, world: World, sign: BuiltSign):
    here = draw_up(office, world)
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    send(officer, f"{here}/release", here)
    run(world, "UPDATE printing.order_line SET words = '明得路'")
    work_off(world, release_run(world))
    page = officer.get(here).text
    assert "制版核对未通过" in page
    assert "第 1 块（明得路" in page
    assert "/release" in page, "it may be tried again"
    assert run(world, "SELECT state FROM printing.order") == "draft"
    assert run(world, "SELECT count(*) FROM base.file") == 0


def test_a_release_that_is_cancelled_leaves_a_draft(office: Office, world: World, sign: BuiltSign):
    here = draw_up(office, world)
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    send(officer, f"{here}/release", here)
    run(world, "UPDATE base.run SET cancel_asked = true")
    run(world, "UPDATE base.run SET state = 'running'")
    work_off(world, release_run(world))
    page = officer.get(here).text
    assert "run-bar" not in page
    assert "error-summary" not in page
    assert "/release" in page
    assert run(world, "SELECT state FROM printing.order") == "draft"


def test_a_release_begun_anew_leaves_a_released_order_as_it_is(office: Office, world: World, sign: BuiltSign):
    here = draw_up(office, world)
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    send(officer, f"{here}/release", here)
    work_off(world, release_run(world))
    before = run(world, "SELECT version FROM printing.order")
    run(world, "UPDATE base.run SET state = 'running'")  # as where the worker died before it could tell the end
    work_off(world, release_run(world))
    assert run(world, "SELECT state FROM base.run") == "done"
    assert run(world, "SELECT version FROM printing.order") == before
    assert run(world, "SELECT count(*) FROM base.file") == 2


def test_the_gate_tells_which_plate_stopped_the_order_and_why(office: Office, world: World, sign: BuiltSign):
    here = draw_up(office, world)
    run(world, "UPDATE printing.order_line SET words = '明得路'")
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    answer = send(officer, f"{here}/release", here)
    assert answer.status_code == 409
    assert "制版核对未通过" in answer.text
    assert "第 1 块（明得路" in answer.text
    assert run(world, "SELECT state FROM printing.order") == "draft"
    assert run(world, "SELECT count(*) FROM base.file") == 0


def test_an_order_without_signs_and_a_maker_who_is_none_are_told_in_the_form(office: Office, world: World):
    officer = office.signed_in(Role.COUNTY_OFFICER, "西县")
    assert "没有可订制的规划标志" in officer.get("/printing/new").text
    build_sign(world, build_street(world, "丁村"), bound=False)
    crew = run(world, "SELECT uid FROM base.person WHERE id = :id", id=world.person(Role.CREW, "西县"))
    refused = send(officer, "/printing/new", "/printing/new", maker=str(crew))
    assert refused.status_code == 422
    assert 'id="e-maker"' in refused.text
    assert run(world, "SELECT count(*) FROM printing.order") == 0


def test_a_maker_sees_their_own_released_orders_and_no_other(office: Office, world: World, sign: BuiltSign):
    maker = world.person(Role.SIGN_MAKER, "东县")
    mine = draw_up(office, world, maker)
    build_name(world, build_street(world, "丙村"))
    other = build_order(world, [build_sign(world, build_street(world, "乙村"))])
    page = office.signed_in(Role.SIGN_MAKER, "东县")
    assert "暂无您的订单" in page.get("/printing").text, "a draft is not shown yet"
    assert page.get(mine).status_code == 404
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    send(officer, f"{mine}/release", mine)
    work_off(world, release_run(world))
    assert mine in page.get("/printing").text
    shown = page.get(mine)
    assert shown.status_code == 200
    assert "见制版文件" in shown.text
    assert "/release" not in shown.text
    file = shown.text.split('href="/files/')[1].split('"')[0]
    assert page.get(f"/files/{file}").content.startswith(b"%PDF")
    foreign = run(world, "SELECT uid FROM printing.order WHERE id = :id", id=other)
    assert page.get(f"/printing/{foreign}").status_code == 404
    paper = run(
        world, "SELECT f.uid FROM base.file f JOIN printing.order o ON o.file_id = f.id AND o.id = :id", id=other
    )
    assert page.get(f"/files/{paper}").status_code == 404
    assert page.get("/printing/new").status_code == 403
    assert send(page, f"{mine}/release", mine).status_code == 403


def test_foreign_orders_are_neither_listed_nor_found(office: Office, world: World, sign: BuiltSign):
    here = draw_up(office, world)
    stranger = office.signed_in(Role.COUNTY_OFFICER, "西县")
    assert here not in stranger.get("/printing").text
    assert stranger.get(here).status_code == 404
    assert send(stranger, f"{here}/release", "/printing").status_code == 404
    assert office.signed_in(Role.CREW, "东县").get("/printing").status_code == 403


def test_a_face_is_served_as_a_picture_to_those_who_may_see_the_sign(office: Office, world: World):
    built = build_sign(world, build_street(world, "甲村"))
    uid = run(world, "SELECT uid FROM planning.sign WHERE id = :id", id=built.id)
    picture = office.signed_in(Role.CREW, "东县").get(f"/printing/signs/{uid}/face.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "shape-rendering" in picture.text, "the code is on it"
    assert office.signed_in(Role.COUNTY_OFFICER, "西县").get(f"/printing/signs/{uid}/face.svg").status_code == 404


def test_the_search_finds_a_sign_by_its_code_and_an_order_by_its_number(office: Office, world: World, sign: BuiltSign):
    here = draw_up(office, world)
    token = run(world, "SELECT token FROM printing.code")
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    uid = run(world, "SELECT uid FROM planning.sign")
    assert f"/planning/{uid}" in officer.get("/search", params={"q": f"{token[:4]}-{token[4:]}".lower()}).text
    assert here in officer.get("/search", params={"q": "2024-东县"}).text


def test_signs_that_were_changed_after_the_form_was_read_are_not_ordered(office: Office, world: World, sign: BuiltSign):
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    read = hidden_in(officer.get("/printing/new").text, "/printing/new")
    assert read["seen"]
    build_sign(world, build_street(world, "乙村"), bound=False)
    stale = send(officer, "/printing/new", "/printing/new", **read)
    assert stale.status_code == 409
    assert "等待下单的规划标志" in stale.text
    read = hidden_in(officer.get("/printing/new").text, "/printing/new")
    run(world, "UPDATE planning.sign SET facing_deg = 5 WHERE id = :id RETURNING 1", id=sign.id)
    assert send(officer, "/printing/new", "/printing/new", **read).status_code == 409
    assert run(world, "SELECT count(*) FROM printing.order") == 0


def test_an_order_that_was_changed_after_its_page_was_read_is_not_released(
    office: Office, world: World, sign: BuiltSign
):
    here, officer = draw_up(office, world), office.signed_in(Role.COUNTY_OFFICER, "东县")
    maker = world.person(Role.SIGN_MAKER, "西县")
    run(world, "UPDATE printing.order SET maker_id = :maker RETURNING 1", maker=maker)
    stale = send(officer, f"{here}/release", here, version="1")
    assert stale.status_code == 409
    assert "制作单位" in stale.text
    assert run(world, "SELECT count(*) FROM base.run") == 0
