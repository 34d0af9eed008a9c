"""The office's pages of the scanning: reports answered, contacts opened on record only, scans counted."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.base.models import Role
from tests.app.builders import BuiltSign, build_sign, build_street, insert, run
from tests.app.pages import hidden_in
from tests.app.web.conftest import Office, token_in
from tests.conftest import World


@pytest.fixture
def sign(world: World) -> BuiltSign:
    return build_sign(world, build_street(world, "甲村"), state="standing")


def report(world: World, sign: BuiltSign, *, contact: str = "") -> str:
    """The address of a reader's report, made by the public role."""
    with world.public.nobody(via="test") as session:
        made = session.scalar(
            text("SELECT open.file_report(:token, 'damaged', '牌子歪了', :contact, :today)"),
            {"token": sign.token, "contact": contact, "today": world.clock.today()},
        )
    return f"/scanning/{made}"


def send(client, url: str, page: str, **fields):
    """The form of a page as a browser sends it; one that is not there as it would be."""
    shown = client.get(page).text
    return client.post(url, data={"form_token": token_in(shown), "version": "1", **hidden_in(shown, url), **fields})


def test_a_report_is_listed_closed_with_an_answer_and_opened_again_by_undo(office: Office, world: World, sign):
    here = report(world, sign)
    officer = office.signed_in(Role.TOWN_OFFICER, "南镇")
    assert "牌子歪了" in officer.get("/scanning").text
    empty = send(officer, f"{here}/close", here, version="1", answer=" ")
    assert empty.status_code == 422
    assert 'id="e-answer"' in empty.text
    assert send(officer, f"{here}/close", here, version="1", answer="已扶正。").status_code == 303
    page = officer.get("/scanning").text
    assert "没有待处理的报错" in page
    act = page.split('action="/undo/')[1].split('"')[0]
    assert "已扶正。" in officer.get(here).text
    assert send(officer, f"/undo/{act}", here, next=here).status_code == 303
    assert run(world, "SELECT state FROM scanning.report") == "open"


def test_a_report_that_somebody_closed_meanwhile_keeps_their_answer_and_both_are_shown(
    office: Office, world: World, sign
):
    here = report(world, sign)
    first, second = office.signed_in(Role.TOWN_OFFICER, "南镇"), office.signed_in(Role.COUNTY_OFFICER, "东县")
    assert 'name="version" value="1"' in second.get(here).text
    assert send(first, f"{here}/close", here, version="1", answer="已扶正。").status_code == 303
    stale = send(second, f"{here}/close", here, version="1", answer="已换新牌。")
    assert stale.status_code == 409
    assert "已扶正。" in stale.text
    assert "已换新牌。" in stale.text
    assert run(world, "SELECT answer FROM scanning.report") == "已扶正。"


def test_a_contact_is_opened_by_its_button_alone_and_the_history_knows(office: Office, world: World, sign):
    here = report(world, sign, contact="13900001234")
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    assert "13900001234" not in officer.get(here).text
    opened = "SELECT count(*) FROM history.entry WHERE subject = 'base.contact' AND after ? 'opened'"
    assert run(world, opened) == 0
    assert "13900001234" in send(officer, f"{here}/contact", here).text
    assert run(world, opened) == 1
    assert "13900001234" not in officer.get(here).text


def test_a_contact_is_erased_at_once_by_its_button_and_the_page_says_when(office: Office, world: World, sign):
    here = report(world, sign, contact="13900001234")
    officer = office.signed_in(Role.TOWN_OFFICER, "南镇")
    page = officer.get(here).text
    assert "data-confirm" in page
    assert "2024年12月28日" in page, "the day on which it is erased anyway"
    assert send(officer, f"{here}/contact/erase", here).status_code == 303
    page = officer.get(here).text
    assert "联系方式已于 2024年7月1日 删除" in page
    assert "/contact" not in page
    assert send(officer, f"{here}/contact/erase", here).status_code == 409
    assert send(officer, f"{here}/contact", here).status_code == 403
    assert run(world, "SELECT sealed IS NULL FROM base.contact") is True


def test_who_may_only_read_closes_nothing_and_opens_no_contact(office: Office, world: World, sign):
    here = report(world, sign, contact="13900001234")
    auditor = office.signed_in(Role.AUDITOR, "市")
    page = auditor.get(here).text
    assert "/close" not in page
    assert "/contact" not in page
    assert send(auditor, f"{here}/close", "/scanning", version="1", answer="x").status_code == 403
    assert send(auditor, f"{here}/contact", "/scanning").status_code == 403
    assert send(auditor, f"{here}/contact/erase", "/scanning").status_code == 403
    assert office.signed_in(Role.CREW, "东县").get("/scanning").status_code == 403


def test_a_foreign_report_is_neither_listed_nor_found(office: Office, world: World, sign):
    here = report(world, sign)
    stranger = office.signed_in(Role.COUNTY_OFFICER, "西县")
    assert "牌子歪了" not in stranger.get("/scanning?state=all").text
    for answer in (stranger.get(here), send(stranger, f"{here}/close", "/scanning", version="1", answer="x")):
        assert answer.status_code == 404
    assert send(stranger, f"{here}/contact", "/scanning").status_code == 404


def test_scans_are_told_by_sign_and_day(office: Office, world: World, sign):
    here = {"division_id": world.places["甲村"], "code_id": sign.code_id}
    insert(world, "scanning.scan_count", **here, scanned_on="2024-06-30", scans=17)
    insert(world, "scanning.scan_count", **here, scanned_on="2024-01-30", scans=23)
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    month = officer.get("/scanning/scans").text
    assert ">17<" in month
    assert ">23<" not in month
    assert ">23<" in officer.get("/scanning/scans?days=365").text
    assert ">17<" not in office.signed_in(Role.COUNTY_OFFICER, "西县").get("/scanning/scans").text


def test_a_contact_is_not_erased_from_a_page_that_was_overtaken(office: Office, world: World, sign):
    here = report(world, sign, contact="13900001234")
    officer = office.signed_in(Role.TOWN_OFFICER, "南镇")
    assert send(officer, f"{here}/close", here, answer="已扶正。").status_code == 303
    stale = send(officer, f"{here}/contact/erase", here, version="1")
    assert stale.status_code == 409
    assert "已扶正。" in stale.text
    assert run(world, "SELECT sealed IS NULL FROM base.contact") is False
