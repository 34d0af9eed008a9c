"""The pages of the milestones, through the office."""

from __future__ import annotations

import re

from app.base.models import Role
from tests.app.builders import build_batch, build_street, build_target, run
from tests.app.pages import Office, Person, hidden_in, uid_of, uids_in
from tests.world import World


def test_a_batch_is_opened_with_a_whole_town_filled_emptied_and_closed(world: World, office: Office):
    for village in ("甲村", "乙村", "丙村"):
        build_street(world, village)
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    form = officer.reads("/milestones/new")
    assert all(village in form for village in ("甲村", "乙村", "丙村", "南镇的所有村"))
    record = officer.goes("/milestones/new", title="第一批", due_on="2024-12-31", town=uid_of(world, "南镇"))
    page = officer.reads(record)
    assert "甲村" in page
    assert "乙村" in page
    assert "为 2 条街路巷拟名" in page
    officer.goes(f"{record}/villages", village=uid_of(world, "丙村"), version="1")
    assert "为 3 条街路巷拟名" in officer.reads(record)
    officer.goes(f"{record}/villages/remove", **leaving(officer.reads(record), uid_of(world, "甲村")))
    assert "为 2 条街路巷拟名" in officer.reads(record)
    assert "还有 2 条应命名的街路巷没有批准的名称" in officer.reads(f"{record}/close")
    officer.goes(f"{record}/close", **hidden_in(officer.reads(f"{record}/close"), f"{record}/close"))
    assert "拟名" not in officer.reads(record)


def test_each_figure_of_a_batch_leads_to_the_streets_that_it_counts(world: World, office: Office):
    for village, state in (("甲村", "unnamed"), ("甲村", "approved"), ("甲村", "in_force"), ("丙村", "draft")):
        build_street(world, village, state=state)
    build_street(world, "甲村", in_scope=False)
    build_batch(world, ["甲村", "丙村"])
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    record = f"/milestones/{uids_in(officer.reads('/milestones'), '/milestones')[0]}"
    page = officer.reads(record)
    links = {url: int(n) for url, n in re.findall(rf'<a href="({record}/streets[^"]*)">(\d+)</a>', page)}
    village = f"village={uid_of(world, '甲村')}"
    expected = {"": 4, "?state=named": 2, "?state=unnamed": 1, "?state=draft": 1, f"?{village}": 3,
                f"?state=named&{village}": 2}  # fmt: skip
    assert {url: links.get(f"{record}/streets{url}") for url in expected} == expected
    for url, n in links.items():
        listed = officer.reads(url)
        assert listed.count('<td class="main"><a href="/inventory/') == n, url
        assert re.search(rf'class="list-count">\D*{n}\D', listed), url
    assert not re.search(r'<td class="text-end">[1-9]', page), "no figure without its list"
    officer.reads(f"{record}/streets?village={uid_of(world, '乙村')}", status=404)
    officer.reads(f"{record}/streets?state=lost", status=422)


def test_where_nothing_can_be_proposed_at_once_the_button_is_off_and_says_why(world: World, office: Office):
    """A surveyed name that does not pass as it stands is for a person; a street without one is named by the bank."""
    build_street(world, "甲村", surveyed_name="Main Street")
    build_batch(world, ["甲村"])
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    record = f"/milestones/{uids_in(officer.reads('/milestones'), '/milestones')[0]}"
    page = officer.reads(record)
    assert 'action="/naming/suggest"' not in page
    assert re.search(r'disabled aria-describedby="why-no-name">.*?拟名</button>', page)
    assert re.search(r'id="why-no-name">1 条.*?未通过核查.*?/streets[?]state=unnamed">请逐条打开', page)
    build_street(world, "甲村", ((0, 50), (200, 50)))
    page = officer.reads(record)
    assert 'action="/naming/suggest"' in page
    assert "why-no-name" not in page


def test_who_sees_a_part_of_a_batch_is_led_to_no_list_that_is_shorter_than_its_figure(world: World, office: Office):
    for village in ("甲村", "丙村"):
        build_street(world, village)
    build_batch(world, ["甲村", "丙村"])
    town = Person(office, Role.TOWN_OFFICER, "南镇")
    record = f"/milestones/{uids_in(town.reads('/milestones'), '/milestones')[0]}"
    links = re.findall(rf'<a href="({record}/streets[^"]*)">(\d+)</a>', town.reads(record))
    assert {f"village={uid_of(world, '甲村')}" in url for url, _ in links} == {True}
    for url, n in links:
        assert town.reads(url).count('<td class="main"><a href="/inventory/') == int(n)


def leaving(page: str, village: str) -> dict[str, str]:
    """What the button beside a village sends."""
    found = re.search(rf'name="village" value="{village}">\s*<input type="hidden" name="seen" value="([^"]+)"', page)
    assert found, page
    return {"village": village, "seen": found[1]}


def test_a_batch_that_changed_after_its_page_was_read_stays_as_it_is(world: World, office: Office):
    street = build_street(world, "甲村")
    build_street(world, "乙村")
    build_street(world, "丙村")
    build_batch(world, ["甲村", "乙村"])
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    record = f"/milestones/{uids_in(officer.reads('/milestones'), '/milestones')[0]}"
    page, read = officer.reads(record), hidden_in(officer.reads(f"{record}/close"), f"{record}/close")
    run(world, "UPDATE inventory.street SET state = 'approved' WHERE id = :id RETURNING 1", id=street)
    told = officer.sends(f"{record}/close", status=409, **read).text
    assert "尚无批准名称的街路巷" in told
    assert 'class="differs">2<' in told
    assert 'class="differs">1<' in told
    officer.goes(f"{record}/villages/remove", **leaving(page, uid_of(world, "甲村")))
    officer.sends(f"{record}/villages/remove", status=409, **leaving(page, uid_of(world, "甲村")))
    officer.goes(f"{record}/close", **hidden_in(officer.reads(f"{record}/close"), f"{record}/close"))
    closed = officer.sends(f"{record}/villages", status=409, village=uid_of(world, "丙村"), version="1").text
    assert "已关闭" in closed or "已结束" in closed or "已完成" in closed


def test_a_refused_batch_comes_back_with_what_was_typed(world: World, office: Office):
    build_street(world, "甲村")
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    answer = officer.sends("/milestones/new", status=422, title="第一批", due_on="2024-12-31")
    assert "批次至少要有一个村" in answer.text
    assert 'value="第一批"' in answer.text
    past = officer.sends("/milestones/new", status=422, title="a", due_on="2024-01-01", village=uid_of(world, "甲村"))
    assert "已过" in past.text
    assert uids_in(officer.reads("/milestones"), "/milestones") == []


def test_targets_stand_beside_what_the_register_and_the_batches_hold(world: World, office: Office):
    build_target(world, "市", 2024, 1_699)
    build_batch(world, ["甲村", "乙村"])
    city = Person(office, Role.CITY_OFFICER, "市")
    page = city.reads("/milestones")
    assert "1,699" in page
    assert "名册有 4 个行政村，工作方案为 5,099 个，相差 −5,095" in page
    city.goes(f"/milestones/targets?in={uid_of(world, '市')}", year="2025", villages="1700", source="新闻发布会")
    assert "1,700" in city.reads("/milestones")


def test_a_target_that_somebody_set_meanwhile_stays_and_both_are_shown(world: World, office: Office):
    build_target(world, "市", 2024, 1_699)
    city, here = Person(office, Role.CITY_OFFICER, "市"), f"/milestones/targets?in={uid_of(world, '市')}"
    assert 'name="seen" value="2024:1"' in city.reads("/milestones")
    city.goes(here, year="2024", villages="1650", source="会议纪要", seen="2024:1")
    for seen in ("2024:1", "2025:1"):
        stale = city.sends(here, status=409, year="2024", villages="1800", source="电话通知", seen=seen)
        for shown in ("1650", "会议纪要", "1800", "电话通知"):
            assert shown in stale.text
    city.goes(here, year="2025", villages="1700", source="新闻发布会", seen="2024:2")
    city.sends(here, status=409, year="2025", villages="1", source="x", seen="2024:2")
    city.goes(here, year="2024", villages="1800", source="电话通知", seen=["2024:2", "2025:1"])
    with world.owner.connect() as connection:
        found = connection.exec_driver_sql("SELECT year, villages FROM milestones.target ORDER BY year").all()
    assert [tuple(row) for row in found] == [(2024, 1800), (2025, 1700)]


def test_only_officers_of_the_territory_open_and_change_batches(world: World, office: Office):
    build_street(world, "甲村")
    build_batch(world, ["甲村"])
    town = Person(office, Role.TOWN_OFFICER, "南镇")
    record = f"/milestones/{uids_in(town.reads('/milestones'), '/milestones')[0]}"
    assert "加入村" not in town.reads(record)
    town.reads("/milestones/new", status=403)
    town.sends(f"{record}/close", status=403)
    other = Person(office, Role.COUNTY_OFFICER, "西县")
    assert uids_in(other.reads("/milestones"), "/milestones") == []
    assert "加入村" not in other.reads(record)
    other.sends(f"{record}/close", status=403)
    Person(office, Role.CREW, "东县").reads("/milestones", status=403)


def test_in_a_villages_scope_the_form_of_its_county_has_the_village_ticked(world: World, office: Office):
    for village in ("甲村", "乙村"):
        build_street(world, village)
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    leads = officer.goes_to(f"/milestones/new?in={uid_of(world, '甲村')}")
    form = officer.reads(leads)
    assert "没有等待命名的村" not in form
    assert re.findall(r'name="village" value="([^"]+)" checked', form) == [uid_of(world, "甲村")]
    assert f'action="/milestones/new?in={uid_of(world, "东县")}"' in form


def test_a_list_of_batches_holds_those_that_have_a_village_of_the_chosen_place(world: World, office: Office):
    build_street(world, "甲村")
    build_street(world, "丙村")
    here, there = build_batch(world, ["甲村"], title="甲批"), build_batch(world, ["丙村"], title="丙批")
    assert here != there
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    for place, told in (("东县", ["丙批", "甲批"]), ("南镇", ["甲批"]), ("甲村", ["甲批"]), ("乙村", [])):
        page = officer.reads(f"/milestones?in={uid_of(world, place)}")
        assert sorted(re.findall(r'href="/milestones/[0-9a-f-]{36}">([^<]+)<', page)) == told, place
    contact = Person(office, Role.VILLAGE_CONTACT, "甲村").reads("/milestones")
    assert "甲批" in contact
    assert "丙批" not in contact


def test_in_a_village_that_is_in_no_batch_the_list_says_who_puts_it_into_one(world: World, office: Office):
    """Nobody there can choose a county; an officer of the county gets the form with the village ticked."""
    contact = Person(office, Role.VILLAGE_CONTACT, "甲村").reads("/milestones")
    assert "甲村尚未列入批次" in contact
    assert "由县级或市级工作人员新建" in contact
    assert "选择县" not in contact.partition("<main")[2]
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    assert "已勾选本村" in officer.reads(f"/milestones?in={uid_of(world, '甲村')}")
    assert "甲村没有此状态的批次" in officer.reads(f"/milestones?in={uid_of(world, '甲村')}&state=closed")


def test_the_number_of_open_batches_leads_to_the_list_that_it_counts(world: World, office: Office):
    build_street(world, "甲村")
    build_batch(world, ["甲村"], title="甲批")
    build_batch(world, ["乙村"], title="乙批")
    run(
        world, "UPDATE milestones.batch SET state = 'closed', closed_on = '2024-06-30' WHERE title = '乙批' RETURNING 1"
    )
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    today = officer.reads("/")
    assert "/milestones?state=open" in today
    page = officer.reads("/milestones?state=open")
    assert "甲批" in page
    assert "乙批" not in page


def test_a_large_batch_pages_by_key_and_its_figures_are_of_the_whole(world: World, office: Office):
    build_batch(world, ["甲村"])
    run(
        world,
        "WITH made AS (INSERT INTO base.division (parent_id, kind, name, since_on)"
        " SELECT :town, 'village', '庄' || lpad(n::text, 3, '0'), '2020-01-01' FROM generate_series(1, 60) n"
        " RETURNING id)"
        " INSERT INTO milestones.batch_village (batch_id, division_id, joined_on)"
        " SELECT (SELECT id FROM milestones.batch), id, '2024-01-01' FROM made RETURNING 1",
        town=world.places["南镇"],
    )
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    record = f"/milestones/{uids_in(officer.reads('/milestones'), '/milestones')[0]}"
    first = officer.reads(record)
    assert "61 个村" in first
    further = re.search(r'rel="next" href="([^"]+)"', first)
    assert further
    second = officer.reads(further[1])
    shown = [
        re.findall(r"庄\d{3}|甲村", page.partition("<tbody>")[2].partition("</tbody>")[0]) for page in (first, second)
    ]
    assert [len(set(names)) for names in shown] == [50, 11]
    assert set(shown[0]).isdisjoint(shown[1])
    assert "61 个村" in second
