"""The office's frame: signing in, forms, refusals, languages, headers, and what must not be said."""

from __future__ import annotations

import json
import logging
from contextlib import closing

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.base.errors import Changed, Conflict, Invalid, NotAllowed, NotFound, Unready
from app.base.models import Role
from app.web.errors import routes_of
from app.web.limits import counted_as
from app.web.sessions import COOKIE
from tests.app.web.conftest import Office, enter, token_in
from tests.conftest import PASSWORD, World

pytestmark = pytest.mark.database


def test_a_stranger_is_sent_to_the_login_and_back_to_where_they_wanted(shared_office: Office):
    client = shared_office.stranger()
    answer = client.get("/divisions")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/divisions")
    login = shared_office.login_of(Role.TOWN_OFFICER, "南镇")
    assert enter(client, login, PASSWORD, next="/divisions").headers["location"] == "/divisions"
    assert client.get("/divisions").status_code == 200


def test_what_a_link_asked_for_is_kept_through_the_login(shared_office: Office):
    """A link to a street on the map, opened after the session has ended, opened the whole map."""
    client = shared_office.stranger()
    wanted = "/divisions?in=01a20272-39e4-77b7-b69c-d3e7d1532955&q=a%26b"
    door = client.get(client.get(wanted).headers["location"])
    assert f'name="next" value="{wanted.replace("&", "&amp;")}"' in door.text
    answer = enter(client, shared_office.login_of(Role.TOWN_OFFICER, "南镇"), PASSWORD, next=wanted)
    assert answer.headers["location"] == wanted


@pytest.mark.parametrize("next_page", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"])
def test_nobody_is_sent_elsewhere_after_the_login(shared_office: Office, next_page: str):
    answer = enter(
        shared_office.stranger(), shared_office.login_of(Role.TOWN_OFFICER, "南镇"), PASSWORD, next=next_page
    )
    assert answer.headers["location"] == "/"


def test_a_wrong_password_shows_the_form_again_and_too_many_make_one_wait(office: Office):
    client, login = office.stranger(), office.login_of(Role.TOWN_OFFICER, "南镇")
    for _ in range(5):
        answer = enter(client, login, "not-the-password")
        assert answer.status_code == 403
        assert "账号或密码错误" in answer.text
    assert "15 分钟" in enter(client, login, PASSWORD).text


def test_the_cookie_is_for_this_app_alone_and_logging_out_ends_the_session(office: Office):
    client = office.stranger()
    answer = enter(client, office.login_of(Role.TOWN_OFFICER, "南镇"), PASSWORD)
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith(COOKIE))
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))
    kept = client.cookies[COOKIE]
    assert client.post("/logout", data={"form_token": token_in(client.get("/").text)}).status_code == 303
    client.cookies.set(COOKIE, kept)
    assert client.get("/").status_code == 303


def test_a_form_without_its_token_or_from_another_site_is_refused(office: Office):
    client = office.signed_in(Role.ADMINISTRATOR, "市")
    assert client.post("/logout").status_code == 403
    assert client.post("/logout", headers={"x-form-token": "0" * 64}).status_code == 403
    right = token_in(client.get("/").text)
    assert client.post("/logout", headers={"x-form-token": right, "sec-fetch-site": "cross-site"}).status_code == 403
    other = token_in(office.signed_in(Role.TOWN_OFFICER, "南镇").get("/").text)
    assert client.post("/logout", headers={"x-form-token": other}).status_code == 403
    assert client.post("/logout", headers={"x-form-token": right}).status_code == 303


def test_an_address_with_a_key_that_is_none_is_no_page(shared_world: World):
    office = Office(shared_world, stations=True)
    officer = office.signed_in(Role.COUNTY_OFFICER, "西县")
    for address in ("/intake/nothing", "/intake/files/nothing/columns", "/inventory/nothing"):
        answer = officer.get(address)
        assert (answer.status_code, "这个网址没有页面" in answer.text) == (404, True), address
    office.close()


def test_every_route_that_changes_something_asks_for_the_token(shared_world: World):
    office = Office(shared_world, stations=True)
    client = office.signed_in(Role.ADMINISTRATOR, "市")
    routes = [route for route in routes_of(office.app.routes) if isinstance(route, APIRoute)]
    safe = {"GET", "HEAD", "OPTIONS"}
    unsafe = [(method, route.path) for route in routes for method in set(route.methods or ()) - safe]
    assert len(unsafe) > 50
    for method, path in unsafe:
        answer = client.request(method, path.replace("{", "").replace("}", ""))
        assert answer.status_code in {403, 422}, path
        assert answer.status_code == 403 or "{" in path
    office.close()


def test_every_answer_carries_the_strict_policy(shared_office: Office):
    client = shared_office.signed_in(Role.TOWN_OFFICER, "南镇")
    for path in ("/", "/nothing", "/static/icon.svg", "/map", "/healthz"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
    assert client.get("/").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/divisions", "/map", "/runs", "/history", "/search?q=村", "/people/me"])
def test_pages_open_for_a_town_officer_and_hold_nothing_inline(shared_office: Office, path: str):
    answer = shared_office.signed_in(Role.TOWN_OFFICER, "南镇").get(path)
    assert answer.status_code == 200
    assert ' style="' not in answer.text
    assert " onclick=" not in answer.text
    assert "http://" not in answer.text.replace("http://testserver", "").replace("http://www.w3.org", "")


@pytest.mark.parametrize("path", ["/", "/divisions", "/nothing", "/healthz", "/static/icon.svg"])
def test_asked_for_the_head_an_address_answers_as_it_does_to_get_without_a_body(shared_office: Office, path: str):
    client = shared_office.signed_in(Role.TOWN_OFFICER, "南镇")
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


def test_a_refusal_leads_back_to_the_page_it_came_from_or_the_nearest_above(shared_world: World):
    office = Office(shared_world, stations=True)
    officer = office.signed_in(Role.COUNTY_OFFICER, "东县")
    ways = {
        "": "/naming",  # what is known without a referrer: the list above the form
        "http://testserver/naming?state=submitted": "/naming?state=submitted",
        "http://testserver/naming/decide/form": "/naming/decide",  # the answer to a form, which nobody can open
        "http://elsewhere.example/naming?state=draft": "/naming",
    }
    for referrer, way in ways.items():
        form = {"form_token": token_in(officer.get("/people/me").text), "seen": "not what a list sends"}
        answer = officer.post("/naming/submit", data=form, headers={"referer": referrer} if referrer else {})
        assert answer.status_code in {409, 422}, referrer
        assert f'href="{way}"' in answer.text, referrer
    office.close()


def test_a_page_that_is_not_there_says_so_in_the_readers_language(office: Office):
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert "没有找到" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    client.post("/language", data={"form_token": office.token_of(client), "language": "en"})
    assert "There is no page at this address" in client.get("/nothing").text
    assert 'lang="en"' in client.get("/").text


@pytest.mark.parametrize("role", [Role.CITY_OFFICER, Role.AUDITOR, Role.CREW, Role.ADMINISTRATOR])
def test_the_language_is_kept_for_the_person_wherever_they_sign_in(shared_world: World, role: Role):
    with closing(Office(shared_world)) as office:
        client = office.signed_in(role, "市")
        client.post("/language", data={"form_token": office.token_of(client), "language": "en"})
        again = office.signed_in(role, "市")
        assert 'lang="en"' in again.get("/people/me").text


def test_programs_get_json_with_the_trace_number(shared_office: Office):
    client = shared_office.signed_in(Role.TOWN_OFFICER, "南镇")
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["trace"] == answer.headers["x-request-id"]
    assert shared_office.stranger().get("/api/v1/nothing").status_code == 404


def test_an_unexpected_failure_tells_a_number_and_nothing_else(office: Office, caplog: pytest.LogCaptureFixture):
    secret = "13912345678"

    @office.app.get("/stumble")
    def stumble(phone: str = "") -> None:
        raise ValueError(secret)

    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    log = logging.getLogger("minglu.web")
    log.addHandler(caplog.handler)
    answer = client.get("/stumble?phone=13912345678")
    log.removeHandler(caplog.handler)
    assert answer.status_code == 500
    told = [record.__dict__.get("values", {}) for record in caplog.records]
    assert answer.headers["x-request-id"] in answer.text
    assert secret not in answer.text + json.dumps(told, default=str) + caplog.text
    assert any(values.get("error") == "ValueError" for values in told)
    assert any(values.get("route") == "/stumble" and values.get("status") == 500 for values in told)


def test_a_database_out_of_reach_is_said_with_503(office: Office):
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    office.world.office.close()
    office.app.state.database.close()
    admin = office.world.admin.execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("ALTER ROLE minglu_office NOLOGIN")
        try:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'minglu_office'"
            )
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
            assert client.get("/divisions").status_code == 503
        finally:
            connection.exec_driver_sql("ALTER ROLE minglu_office LOGIN")
    assert client.get("/readyz").status_code == 200


def test_a_territory_in_the_address_stays_while_one_moves_and_a_foreign_one_is_refused(shared_office: Office):
    client = shared_office.signed_in(Role.COUNTY_OFFICER, "东县")
    uid = {}
    with shared_office.world.owner.connect() as connection:
        for name in ("南镇", "中镇"):
            uid[name] = connection.scalar(text("SELECT uid FROM base.division WHERE name = :n"), {"n": name})
    page = client.get(f"/divisions?in={uid['南镇']}").text
    assert f"/map?in={uid['南镇']}" in page
    assert "甲村" in page
    assert "丙村" not in page
    assert client.get(f"/divisions?in={uid['中镇']}").status_code == 404
    assert client.get("/divisions?in=nonsense").status_code == 404


def test_the_banner_stands_on_every_page_of_a_demonstration(office: Office):
    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    assert "演示数据" not in client.get("/").text
    with office.world.owner.begin() as connection:
        connection.execute(text("INSERT INTO base.setting (key, value) VALUES ('demonstration', 'true')"))
    for path in ("/", "/divisions", "/map"):
        assert "演示数据" in client.get(path).text
    assert "演示数据" in office.stranger().get("/login").text


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (NotFound("gone"), 404),
        (NotAllowed("not yours"), 403),
        (Conflict("changed"), 409),
        (Invalid("wrong"), 422),
        (Unready("not yet"), 503),
        (ValueError("unexpected"), 500),
        (OperationalError("SELECT 1", None, OSError("away")), 503),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_the_banner_stands_on_the_pages_that_refuse_too(office: Office, raised: Exception, status: int):
    @office.app.get("/refused")
    def refuse() -> None:
        raise raised

    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    assert "演示数据" not in client.get("/refused").text
    with office.world.owner.begin() as connection:
        connection.execute(text("INSERT INTO base.setting (key, value) VALUES ('demonstration', 'true')"))
    for path, told in (("/refused", status), ("/nothing", 404)):
        answer = client.get(path)
        assert (answer.status_code, "演示数据" in answer.text) == (told, True)
    assert "演示数据" in office.stranger().get("/nothing").text


def test_an_administrator_adds_a_person_sets_a_password_and_lets_them_leave(office: Office):
    admin = office.signed_in(Role.ADMINISTRATOR, "市")
    with office.world.owner.connect() as connection:
        place = connection.scalar(text("SELECT uid FROM base.division WHERE name = '北镇'"))
    form = {"form_token": office.token_of(admin), "login": "wang.fang", "name": "王芳", "division": str(place)}
    nowhere = admin.post("/people/new", data={**form, "role": "content_editor", "password": PASSWORD})
    assert nowhere.status_code == 422
    assert "内容编辑归属一个部门" in nowhere.text
    editor = {**form, "login": "li.na", "name": "李娜", "role": "content_editor", "department": "文化和旅游局"}
    assert admin.post("/people/new", data={**editor, "password": PASSWORD}).status_code == 303
    with office.world.owner.connect() as connection:
        hers = connection.scalar(text("SELECT uid FROM base.person WHERE login = 'li.na'"))
    assert "文化和旅游局" in admin.get(f"/people/{hers}").text
    wrong = admin.post("/people/new", data={**form, "role": "town_officer", "password": "short"})
    assert wrong.status_code == 422
    assert "至少需要 10 个字符" in wrong.text
    assert 'value="王芳"' in wrong.text
    for role, said in (
        ("county_officer", "县级工作人员在"),
        ("city_officer", "市级工作人员在"),
        ("village_contact", "村级联系人只"),
    ):
        elsewhere = admin.post("/people/new", data={**form, "role": role, "password": PASSWORD})
        assert (elsewhere.status_code, said in elsewhere.text) == (422, True), role
    made = admin.post("/people/new", data={**form, "role": "town_officer", "password": PASSWORD})
    assert made.status_code == 303
    assert "王芳 现在可以登录了" in admin.get("/people").text
    assert enter(office.stranger(), "wang.fang", PASSWORD).status_code == 303
    with office.world.owner.connect() as connection:
        uid, version = connection.execute(text("SELECT uid, version FROM base.person WHERE login = 'wang.fang'")).one()
    leave = {"form_token": form["form_token"], "active": "false", "version": str(version)}
    assert admin.post(f"/people/{uid}/active", data=leave).status_code == 303
    stale = admin.post(f"/people/{uid}/active", data={**leave, "active": "true"})
    assert stale.status_code == 409
    assert "在岗" in stale.text or "在职" in stale.text or "有效" in stale.text
    assert enter(office.stranger(), "wang.fang", PASSWORD).status_code == 403


def test_a_refusal_is_not_titled_as_if_somebody_had_changed_something(office: Office):
    admin = office.signed_in(Role.ADMINISTRATOR, "市")
    with office.world.owner.connect() as connection:
        mine = {"id": office.world.person(Role.ADMINISTRATOR, "市")}
        uid, version = connection.execute(text("SELECT uid, version FROM base.person WHERE id = :id"), mine).one()
    form = {"form_token": office.token_of(admin), "active": "false"}
    own = admin.post(f"/people/{uid}/active", data={**form, "version": str(version)})
    assert (own.status_code, "目前不能这样做" in own.text, "内容已有改动" in own.text) == (409, True, False)


def test_a_stale_write_is_titled_as_one_for_programs_too(office: Office):
    @office.app.get("/overtaken")
    def refuse() -> None:
        raise Changed("changed")

    client = office.signed_in(Role.TOWN_OFFICER, "南镇")
    assert "内容已有改动" in client.get("/overtaken").text


def test_who_leaves_is_signed_out_and_stays_so_after_coming_back(office: Office):
    admin, crew = office.signed_in(Role.ADMINISTRATOR, "市"), office.signed_in(Role.CREW, "南镇")
    token = office.token_of(admin)
    with office.world.owner.connect() as connection:
        uid, version = connection.execute(text("SELECT uid, version FROM base.person WHERE role = 'crew'")).one()
    for n, active in enumerate(("false", "true")):
        form = {"form_token": token, "active": active, "version": str(version + n)}
        assert admin.post(f"/people/{uid}/active", data=form).status_code == 303
        assert crew.get("/").status_code == 303


def test_a_town_officer_neither_sees_nor_adds_people(shared_office: Office):
    client = shared_office.signed_in(Role.TOWN_OFFICER, "南镇")
    assert client.get("/people/new").status_code == 403
    token = shared_office.token_of(client)
    assert client.post("/people/new", data={"form_token": token, "login": "x.y", "name": "x"}).status_code == 403


def test_an_act_is_undone_from_its_page(office: Office, token: str):
    del token  # a street lies in 甲村
    client = office.signed_in(Role.COUNTY_OFFICER, "东县")
    person = office.world.person(Role.COUNTY_OFFICER, "东县")
    with office.world.office.acting(person, via="test") as session:
        session.execute(text("UPDATE inventory.street SET surveyed_name = '新街'"))
        act = session.scalar(text("SELECT current_setting('minglu.act')"))
    form = {"form_token": office.token_of(client), "next": "/divisions"}
    assert client.post(f"/undo/{act}", data=form).headers["location"] == "/divisions"
    assert "已撤销" in client.get("/divisions").text
    assert "已撤销" not in client.get("/divisions").text  # said once
    with office.world.owner.connect() as connection:
        assert connection.scalar(text("SELECT surveyed_name FROM inventory.street")) == "老街"
    assert client.post(f"/undo/{act}", data=form).status_code == 409


def test_addresses_are_counted_under_a_key_of_ours_and_of_ipv6_by_their_network():
    key = b"k" * 32
    assert counted_as(key, "203.0.113.9") != counted_as(b"l" * 32, "203.0.113.9")
    assert counted_as(key, "203.0.113.9") != counted_as(key, "203.0.113.10")
    assert counted_as(key, "2001:db8::1") == counted_as(key, "2001:db8::ffff:1") != counted_as(key, "2001:db8:0:1::1")
