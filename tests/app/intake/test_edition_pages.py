"""The pages of editions: handing in, the list of changes, confirming, refusing, taking back; and finding what ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.base.models import Role
from tests.app.pages import Person, hidden_in, seen_in, uids_in, work_off
from tests.app.succession import CODES, HEADER, KEEPS, MERGED, SOUTH, Scene, with_codes
from tests.app.web.conftest import Office
from tests.world import World


@pytest.fixture(scope="module")
def begin() -> Callable[[World], Any]:
    return with_codes


@pytest.fixture
def officer(office: Office) -> Person:
    return Person(office, Role.CITY_OFFICER, "市")


def hand_in(officer: Person, rows: list[str], *, status: int = 303, **said: str) -> str:
    fields = {"system": "statistics", "title": "2024", "in_force_on": "2024-06-30", **said}
    files = {"file": ("list.csv", "\n".join([HEADER, *rows]).encode(), "text/csv")}
    answer = officer.sends("/intake/editions/new", status=status, files=files, **fields)
    return compared(officer, str(answer.headers["location"])) if status == 303 else answer.text


def compared(officer: Person, run: str) -> str:
    """Let the worker compare the list of a run; the address of its edition."""
    assert run.startswith("/intake/editions/runs/"), run
    work_off(officer.world, run.rpartition("/")[2])
    return officer.goes_to(run)


def picks(page: str) -> list[str]:
    """The changes that a list offers to pick, as it shows them."""
    return [each for each in seen_in(page) if ":" in each]


def test_an_officer_hands_in_a_list_confirms_and_takes_back(officer: Person) -> None:
    assert "还没有提交过区划名单" in officer.reads("/intake/editions")
    url = hand_in(officer, [*MERGED, "bad,,,,,"])
    page = officer.reads(url)
    assert "甲乙新村委会" in page
    assert "缺少" in officer.reads(f"{url}/rows") or "代码不是" in officer.reads(f"{url}/rows")
    assert "2024" in officer.reads("/intake/editions")
    (row,) = picks(page)
    asked = officer.sends(f"{url}/confirm", status=200, seen=row).text
    assert "确认 1 项变更" in asked
    assert officer.goes(f"{url}/confirm", seen=row, sure="yes") == url
    (change,) = uids_in(officer.reads(url), f"{url}/changes")
    done = officer.reads(f"{url}/changes/{change}")
    back = hidden_in(done, f"{url}/changes/{change}/back")
    old = officer.reads(f"/divisions/{uids_in(done, '/divisions')[0]}")
    assert "本区划已于" in old
    assert "甲乙新村委会" in old
    for words in ("甲村", CODES["甲村"]):
        assert "甲乙新村委会" in officer.reads(f"/search?q={words}")
    new = officer.reads("/search?q=甲乙新村")
    assert "曾用名" in officer.reads(f"/divisions/{uids_in(new, '/divisions')[0]}")
    officer.sends(f"{url}/changes/{change}/back", version=back["version"][0])
    assert "待确认" in officer.reads(f"{url}/changes/{change}")
    assert "本区划已于" not in officer.reads(f"/divisions/{uids_in(done, '/divisions')[0]}")


def test_the_list_is_narrowed_and_refused_changes_say_so(officer: Person) -> None:
    rows = [f"990102100200,甲村委会,{SOUTH}", f"990102100299,新庄村委会,{SOUTH}", *KEEPS]
    url = hand_in(officer, rows)
    page = officer.reads(url)
    assert "甲村委会" in officer.reads(f"{url}?kind=renamed&certainty=sure&town=南镇")
    assert "新庄村委会" not in officer.reads(f"{url}?kind=renamed")
    officer.reads(f"{url}?kind=nonsense", status=422)
    sure = hidden_in(page, f"{url}/sure")
    assert officer.goes(f"{url}/sure", **sure) == url
    assert officer.client.post(f"{url}/sure", data={"form_token": officer.token, **sure}).status_code == 409
    rest = picks(officer.reads(f"{url}?state=open"))[0]
    assert officer.goes(f"{url}/refuse", seen=rest) == url
    assert officer.sends(f"{url}/refuse", seen=rest, status=409)


def test_villages_of_a_town_that_is_not_decided_yet_wait_for_it(officer: Person) -> None:
    town = "990102102,中镇,990102,东县"
    url = hand_in(officer, [*(f"99010210020{n},{name},{SOUTH}" for n, name in enumerate(("甲村", "乙村"))),
                            KEEPS[0], f"990102102200,丁村,{town}", f"990102102201,新庄村委会,{town}"])  # fmt: skip
    page = officer.reads(url)
    assert f'action="{url}/sure"' not in page, "there is nothing that can be confirmed now"
    assert "另有 2 项" in page
    moved = picks(officer.reads(f"{url}?kind=moved&certainty=likely"))[0]
    assert f"/changes/{moved.partition(':')[0]}" in page.partition("另有 2 项")[2].partition("</ul>")[0]
    assert officer.goes(f"{url}/confirm", seen=moved, sure="yes") == url
    assert officer.goes(f"{url}/sure", **hidden_in(officer.reads(url), f"{url}/sure")) == url


def test_what_needs_a_successor_is_asked_for_it_on_the_page(officer: Person) -> None:
    url = hand_in(officer, [f"990102100201,乙村,{SOUTH}", *KEEPS])
    row = picks(officer.reads(url))[0]
    assert "还有" in officer.sends(f"{url}/confirm", seen=row, sure="yes", status=422).text
    both = {"into": "990102100299", "other": CODES["乙村"]}
    torn = officer.sends(f"{url}/confirm", seen=row, sure="yes", status=422, **both).text
    assert all(code in torn for code in both.values())
    assert "请只保留其中一个" in torn
    assert officer.goes(f"{url}/confirm", seen=row, sure="yes", other=CODES["乙村"]) == url
    (change,) = uids_in(officer.reads(url), f"{url}/changes")
    went = officer.reads(f"{url}/changes/{change}").partition("并入了")[2].partition("</ul>")[0]
    assert "乙村" in officer.reads(f"/divisions/{uids_in(went, '/divisions')[0]}")


def test_a_bad_list_is_refused_on_the_form(officer: Person) -> None:
    assert "请填写名单的施行日期" in hand_in(officer, KEEPS, status=422, in_force_on="")
    assert "请填写版本" in hand_in(officer, KEEPS, status=422, title=" ")
    assert "请选择文件" in officer.sends("/intake/editions/new", status=422, title="2024").text


def test_who_may_not_confirm_is_shown_no_button(scene: Scene) -> None:
    office = Office(scene.world, stations=True)
    url = hand_in(Person(office, Role.CITY_OFFICER, "市"), MERGED)
    reader = Person(office, Role.TOWN_OFFICER, "南镇")
    page = reader.reads(url)
    assert "甲乙新村委会" in page
    assert seen_in(page) == []
    reader.reads("/intake/editions/new", status=403)
    office.close()


def test_a_list_without_a_usable_row_is_refused_in_the_readers_language(officer: Person) -> None:
    refused = hand_in(officer, ["880102100200,甲村,880102100,南镇,880102,东县"], status=422)
    assert "不在本名单所属区划之内" in refused
    assert "The code" not in refused
