"""The page behind a code: any way of writing it, what it shows and never shows, counting, reports."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.web.public import create_public_app
from signs.codes import ALPHABET, is_valid, new_code
from tests.app.web.conftest import with_sign
from tests.conftest import World

pytestmark = pytest.mark.database
PHONE = "13912345678"


@pytest.fixture(scope="module")
def begin() -> Callable[[World], str]:
    return with_sign


def scans(world: World) -> int:
    with world.owner.connect() as connection:
        return int(connection.scalar(text("SELECT coalesce(sum(scans), 0) FROM scanning.scan_count")) or 0)


def test_the_code_is_taken_in_any_case_and_as_people_type_it(shared_public: TestClient, shared_token: str):
    grouped = f"{shared_token[:4]}-{shared_token[4:]}"
    typed = [shared_token, shared_token.lower(), grouped, shared_token.replace("0", "o").replace("1", "l")]
    for path in [f"/{prefix}/{code}" for prefix in "sS" for code in typed]:
        answer = shared_public.get(path)
        assert answer.status_code == 200, path
        assert "迎宾路" in answer.text
    assert shared_public.get(f"/?code={grouped}").headers["location"] == f"/s/{shared_token}"


def test_the_page_says_what_where_and_by_whose_decision(shared_public: TestClient, shared_token: str):
    page = shared_public.get(f"/S/{shared_token}").text
    for words in (
        "迎宾路",
        "Yíngbīn Lù",
        "甲村",
        "南镇",
        "东县",
        "东政字〔2024〕12号",
        "2024年6月18日",
        "村民常在路口",
    ):
        assert words in page
    assert f"{shared_token[:4]}-{shared_token[4:]}" in page
    assert "本码不收费、不要求登录、不下载" in page
    assert "dm.dezhou.gov.cn" in page
    assert "<script" not in page
    assert " style=" not in page


def test_the_plate_is_drawn_as_it_hangs_there(shared_public: TestClient, shared_token: str):
    page = shared_public.get(f"/s/{shared_token}").text
    plate = re.search(r'<div class="plate-face".*?</div>', page, re.DOTALL)
    assert plate
    assert "#00479d" in plate[0]  # an east–west street is blue
    assert "YINGBIN LU" in plate[0]


def test_maps_get_their_own_datum_and_axis_order(shared_public: TestClient, shared_token: str):
    page = shared_public.get(f"/s/{shared_token}").text.replace("&amp;", "&")
    assert "position=116.305783,37.450767" in page
    assert "location=37.456846,116.312268" in page
    assert "coord:37.450767,116.305783" in page


def test_english_and_large_print_are_plain_links_that_stay(shared_public: TestClient, shared_token: str):
    page = shared_public.get(f"/s/{shared_token}?lang=en&size=large").text
    assert 'lang="en" class="large"' in page
    assert "You are in" in page
    assert "lang=en" in page
    assert "set-cookie" not in shared_public.get(f"/s/{shared_token}").headers


@pytest.mark.parametrize(
    ("accepted", "asked", "shown"),
    [
        ("en-US,en;q=0.9", "", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-CN"),
        ("fr,en;q=0.3,zh;q=0.7", "", "zh-CN"),
        ("fr-FR", "", "zh-CN"),
        ("en;q=0,zh;q=x", "", "zh-CN"),
        ("", "", "zh-CN"),
        ("en-US", "?lang=zh", "zh-CN"),
        ("zh-CN", "?lang=en", "en"),
    ],
)
def test_a_first_visit_is_in_the_browsers_language_and_the_address_goes_before_it(
    shared_public: TestClient, shared_token: str, accepted: str, asked: str, shown: str
):
    answer = shared_public.get(f"/s/{shared_token}{asked}", headers={"accept-language": accepted})
    assert f'<html lang="{shown}"' in answer.text
    assert answer.headers["vary"] == "accept-language"
    assert f"lang={'en' if shown == 'zh-CN' else 'zh'}" in answer.text, "the other language is a link away"


def test_a_forged_code_gets_a_page_that_helps(shared_public: TestClient, shared_token: str):
    wrong = next(c for c in (shared_token[:-1] + symbol for symbol in ALPHABET) if not is_valid(c))
    answer = shared_public.get(f"/s/{wrong}")
    assert answer.status_code == 404
    assert "这不是我们的编码" in answer.text
    assert "12345" in answer.text


def test_an_unknown_code_gets_a_page_that_helps(shared_public: TestClient):
    answer = shared_public.get(f"/s/{new_code()}")
    assert answer.status_code == 404
    assert "没有这个编码的标志" in answer.text


def test_a_code_of_a_sign_taken_down_still_answers(public: TestClient, token: str, world: World):
    with world.owner.begin() as connection:
        connection.execute(
            text("UPDATE printing.code SET state = 'retired', retired_on = '2024-06-30' WHERE token = :t"), {"t": token}
        )
    answer = public.get(f"/s/{token}")
    assert answer.status_code == 410
    assert "这块标志已撤除" in answer.text
    assert "甲村" in answer.text


def test_a_name_is_never_markup(public: TestClient, token: str, world: World):
    with world.owner.begin() as connection:
        connection.execute(text("UPDATE naming.name SET meaning = '<script>alert(1)</script>'"))
    assert "<script" not in public.get(f"/s/{token}").text


def test_a_look_counts_once_and_machines_and_head_do_not(public: TestClient, token: str, world: World):
    assert public.head(f"/s/{token}").status_code == 200
    public.get(f"/s/{token}", headers={"user-agent": "Googlebot/2.1"})
    public.get(f"/s/{token}", headers={"user-agent": ""})
    public.get(f"/s/{token}", headers={"sec-purpose": "prefetch"})
    assert scans(world) == 0
    public.get(f"/s/{token}")
    public.get(f"/S/{token.lower()}")
    assert scans(world) == 2


def test_a_report_needs_no_login_and_its_contact_is_kept_apart(public: TestClient, token: str, world: World):
    form = {"kind": "damaged", "words": "牌子掉漆了", "contact": PHONE}
    answer = public.post(f"/s/{token}/report", data=form)
    assert answer.status_code == 303
    assert "感谢您的反馈" in public.get(answer.headers["location"].partition("#")[0]).text
    with world.owner.connect() as connection:
        row = connection.execute(text("SELECT kind, words, contact_id FROM scanning.report")).one()
        assert (row.kind, row.words) == ("damaged", "牌子掉漆了")
        assert row.contact_id is not None
        kept = connection.scalar(text("SELECT string_agg(e::text, '') FROM history.entry e"))
    assert PHONE not in str(kept)
    assert PHONE not in public.get(f"/s/{token}").text


def test_a_form_that_is_sent_twice_makes_one_report(public: TestClient, token: str, world: World):
    key = re.search(r'name="key" value="([0-9a-f-]{36})"', public.get(f"/s/{token}").text)
    assert key
    form = {"kind": "damaged", "words": "牌子掉漆了", "key": key[1]}
    assert [public.post(f"/s/{token}/report", data=form).status_code for _ in range(2)] == [303, 303]
    assert f'value="{key[1]}"' in public.post(f"/s/{token}/report", data={**form, "words": " "}).text
    with world.owner.connect() as connection:
        assert [str(uid) for uid in connection.scalars(text("SELECT uid FROM scanning.report"))] == [key[1]]


def test_a_report_that_is_not_filled_in_comes_back_with_its_words(shared_public: TestClient, shared_token: str):
    answer = shared_public.post(f"/s/{shared_token}/report", data={"kind": "nonsense", "words": "看不清"})
    assert answer.status_code == 422
    assert "请选择问题类型" in answer.text
    assert "看不清" in answer.text
    assert (
        shared_public.post(f"/s/{shared_token}/report", data={"kind": "wrong", "words": "字" * 501}).status_code == 422
    )


def test_programs_that_fill_in_everything_change_nothing(public: TestClient, token: str, world: World):
    form = {"kind": "other", "words": "buy", "website": "http://spam.example"}
    assert public.post(f"/s/{token}/report", data=form).status_code == 303
    with world.owner.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM scanning.report")) == 0


def test_one_address_cannot_flood_us(public: TestClient, token: str):
    form = {"kind": "damaged", "words": "又坏了"}
    answers = [public.post(f"/s/{token}/report", data=form).status_code for _ in range(6)]
    assert answers == [303] * 5 + [429]


def test_a_body_larger_than_any_report_is_not_read(shared_public: TestClient, shared_token: str):
    assert shared_public.post(f"/s/{shared_token}/report", data={"words": "字" * 40_000}).status_code == 413


def test_a_body_that_hides_its_length_is_not_read_to_the_end(shared_public: TestClient, shared_token: str):
    def endless():
        for _ in range(200):
            yield b"words=" + b"x" * 1024 + b"&"

    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = shared_public.post(f"/s/{shared_token}/report", content=endless(), headers=kind)
    assert answer.status_code in {400, 413}


def test_the_start_page_explains_and_an_unknown_page_helps(shared_public: TestClient):
    assert "标志上的编码" in shared_public.get("/").text
    assert shared_public.head("/").status_code == 200
    answer = shared_public.get("/nothing")
    assert answer.status_code == 404
    assert "没有找到" in answer.text


def test_the_policy_allows_no_script_at_all(shared_public: TestClient, shared_token: str):
    policy = shared_public.get(f"/s/{shared_token}").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy


def test_the_banner_stands_on_every_page_of_a_demonstration(public: TestClient, token: str, world: World):
    with world.owner.begin() as connection:
        connection.execute(text("INSERT INTO base.setting (key, value) VALUES ('demonstration', 'true')"))
    for path in ("/", f"/s/{token}", "/s/AAAAAAAA", "/nothing"):
        assert "演示数据" in public.get(path).text


def test_only_a_trusted_proxy_may_say_where_a_reader_is(world: World, token: str):
    import dataclasses

    form = {"kind": "damaged", "words": "坏了"}
    for trusted, statuses in (("", [303] * 5 + [429]), ("testclient", [303] * 6)):
        settings = dataclasses.replace(world.settings, trusted_proxies=trusted)
        with TestClient(create_public_app(settings, clock=world.clock), follow_redirects=False) as client:
            got = [
                client.post(f"/s/{token}/report", data=form, headers={"x-forwarded-for": f"203.0.113.{n}"}).status_code
                for n in range(6)
            ]
        assert got == statuses


def test_the_foot_of_a_page_with_a_form_says_what_becomes_of_what_is_written_there(
    shared_public: TestClient, shared_token: str
):
    page = shared_public.get(f"/S/{shared_token}").text
    assert '<form method="post"' in page
    assert "浏览本页不收集您的任何信息" in page
    assert "您在表单中填写的内容只交给" in page
