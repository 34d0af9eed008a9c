"""The pages of the lists, through the office: read by all, edited, taken in and confirmed by the city."""

from __future__ import annotations

import io
import re

import pytest
from openpyxl import load_workbook

from app.base.models import Role
from app.naming.logic.kinds import KINDS
from tests.app.builders import build_street, run
from tests.app.pages import Office, Person, as_shown, hidden_in, uids_in, version_in, work_off
from tests.world import World


@pytest.fixture
def city(office: Office) -> Person:
    return Person(office, Role.CITY_OFFICER, "市")


def entry_of(world: World, kind: str, words: str) -> str:
    sql = (
        "SELECT e.uid FROM naming.entry e JOIN naming.list l ON l.id = e.list_id"
        " WHERE l.kind = :kind AND e.words = :words"
    )
    return str(run(world, sql, kind=kind, words=words))


def test_all_staff_read_every_list_and_only_the_city_is_offered_to_change_one(shared_office: Office):
    for role in Role:
        someone = Person(shared_office, role, "市" if role is Role.CITY_OFFICER else "东县")
        page = someone.reads("/lists")
        assert "13,395" in page
        assert "未确认" in page
        leaders = someone.reads("/lists/leaders")
        assert "毛泽东" in leaders
        edits = role is Role.CITY_OFFICER
        assert ("/lists/leaders/new" in leaders) == edits, role
        assert ("确认本名录" in leaders) == edits, role
        someone.reads("/lists/leaders/new", status=200 if edits else 403)
        assert someone.client.get("/lists/leaders.csv").status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_every_list_has_its_pages_and_its_files(shared_office: Office, kind: str):
    city = Person(shared_office, Role.CITY_OFFICER, "市")
    page = city.reads(f"/lists/{kind}")
    city.reads(f"/lists/{kind}/new")
    city.reads(f"/lists/{kind}/import")
    city.reads(f"/lists/{kind}/entries/{uids_in(page, f'/lists/{kind}/entries')[0]}")
    for order in ("words", "-words", "-since_on"):
        first = city.reads(f"/lists/{kind}?sort={order}")
        onward = re.search(r'rel="next" href="([^"]+)"', first)
        if onward:
            assert uids_in(city.reads(onward[1]), f"/lists/{kind}/entries")
    book = load_workbook(io.BytesIO(city.client.get(f"/lists/{kind}.xlsx").content))
    size = int(re.search(r"共 ([\d,]+) 条", page)[1].replace(",", ""))  # type: ignore[index]  # or the test fails
    assert book.worksheets[0].max_row == size + 1
    again = {"file": (f"{kind}.xlsx", city.client.get(f"/lists/{kind}.xlsx").content)}
    preview = city.reads(city.goes(f"/lists/{kind}/import", files=again))
    assert "不会使名录有任何改动" in preview, preview[-3000:]


def test_an_entry_is_added_changed_withdrawn_and_each_can_be_undone(world: World, city: Person):
    city.goes("/lists/readings/new", words="乐安", spelling="lào ān", others="lè ān", note="当地读音", asks="yes")
    assert "lào ān" in city.reads("/lists/readings?q=乐安")
    refused = city.sends("/lists/readings/new", status=422, words="乐宁", spelling="lào").text
    assert "每个字写一个音节" in refused
    assert "乐宁" in refused
    again = city.sends("/lists/readings/new", status=422, words="乐安", spelling="lè ān").text
    assert "已在名录中" in again
    uid = entry_of(world, "readings", "乐安")
    page = city.reads(f"/lists/readings/entries/{uid}")
    version = version_in(page, f"/lists/readings/entries/{uid}")
    said = {"words": "乐安", "spelling": "lè ān"}
    city.goes(f"/lists/readings/entries/{uid}", version=version, **said)
    assert city.sends(f"/lists/readings/entries/{uid}", status=409, version=version, **said)
    city.goes("/lists/readings/withdraw", seen=as_shown(city, uid, "naming.entry"))
    assert not uids_in(city.reads("/lists/readings?q=乐安"), "/lists/readings/entries")
    gone = city.reads("/lists/readings?state=withdrawn")
    assert "乐安" in gone
    act = str(run(world, "SELECT act FROM history.entry WHERE subject = 'naming.entry' ORDER BY id DESC LIMIT 1"))
    city.goes(f"/undo/{act}", next="/lists/readings")
    assert "lè ān" in city.reads("/lists/readings?q=乐安")


def test_a_list_is_confirmed_as_it_was_read_and_unconfirmed_by_the_next_change(world: World, city: Person):
    seen = hidden_in(city.reads("/lists/leaders"), "/lists/leaders/confirm")["seen"]
    city.goes("/lists/leaders/new", words="某领导", note="试")
    stale = city.sends("/lists/leaders/confirm", status=409, seen=seen, note="会议纪要")
    assert "74" in stale.text
    seen = hidden_in(city.reads("/lists/leaders"), "/lists/leaders/confirm")["seen"]
    city.goes("/lists/leaders/confirm", seen=seen, note="会议纪要")
    page = city.reads("/lists/leaders")
    assert "会议纪要" in page
    assert "确认本名录" not in page
    assert "未确认 13" in city.reads("/lists")
    uid = entry_of(world, "leaders", "某领导")
    city.goes("/lists/leaders/withdraw", seen=as_shown(city, uid, "naming.entry"))
    assert "确认后有改动" in city.reads("/lists/leaders")
    city.goes("/lists/leaders/restore", seen=as_shown(city, uid, "naming.entry"))
    page = city.reads("/lists/leaders")
    assert "确认后有改动" not in page  # the content is the one that was confirmed
    city.goes("/lists/leaders/revoke", version=version_in(page, "/lists/leaders/revoke"))
    assert "确认本名录" in city.reads("/lists/leaders")


def test_source_and_day_of_a_list_are_changed_and_no_day_lies_ahead(city: Person):
    version = version_in(city.reads("/lists/leaders"), "/lists/leaders/about")
    said = {"source": "市民政局公布", "licence": "", "version": version}
    assert "不能晚于今天" in city.sends("/lists/leaders/about", status=422, dated_on="2024-07-02", **said).text
    city.goes("/lists/leaders/about", dated_on="2024-06-30", **said)
    assert "市民政局公布" in city.reads("/lists")


def test_a_file_is_shown_before_it_is_taken_in_and_taken_in_as_it_was_shown(office: Office, city: Person):
    table = "词条,轻重,列入原因\n新坏词,请核对,新\n杀人,请核对,改\n死人,必须处理,不雅或冒犯\n,,空\n"
    kept = city.goes("/lists/banned/import", files={"file": ("词.csv", table.encode("gb18030"))})
    page = city.reads(kept)
    for told in ("新坏词", "杀人"):
        assert told in page, told
    assert "不能为空" in page
    assert not uids_in(city.reads("/lists/banned?q=新坏词"), "/lists/banned/entries")
    seen = hidden_in(page, kept)["seen"]
    city.goes("/lists/banned/new", words="另一词", level="warning")
    city.sends(kept, status=409, seen=seen)
    city.goes(kept, seen=hidden_in(city.reads(kept), kept)["seen"], source="市民政局禁用词表", dated_on="2024-06-30")
    assert uids_in(city.reads("/lists/banned?q=新坏词"), "/lists/banned/entries")
    assert "市民政局禁用词表" in city.reads("/lists/banned")
    for bad in (b"", b"%PDF-1.7", b"PK\x03\x04broken"):
        assert city.sends("/lists/banned/import", status=422, files={"file": ("a.xlsx", bad)}).text.count("error") > 0
    town = Person(office, Role.TOWN_OFFICER, "南镇")
    town.reads(kept, status=403)


def test_a_changed_list_has_the_open_proposals_checked_anew(world: World, office: Office, city: Person):
    town = Person(office, Role.TOWN_OFFICER, "南镇")
    street = str(run(world, "SELECT uid FROM inventory.street WHERE id = :id", id=build_street(world, "甲村")))
    proposal = town.goes(f"/naming/new?street={street}", words="某坏词路")
    assert "某坏词”在禁用词表中" not in town.reads(proposal)
    city.goes("/lists/banned/new", words="某坏词", level="error", note="试")
    city.goes("/lists/banned/new", words="某坏话", level="error", note="试")
    assert run(world, "SELECT count(*) FROM base.run WHERE kind = 'recheck' AND state = 'queued'") == 1
    city.goes("/lists/wordbank/new", words="清和", sort="品德", note="清明和顺")
    assert run(world, "SELECT count(*) FROM base.run WHERE kind = 'recheck'") == 1
    work_off(world, str(run(world, "SELECT uid FROM base.run WHERE kind = 'recheck'")))
    assert "某坏词”在禁用词表中" in town.reads(proposal)
    result = run(world, "SELECT result::text FROM base.run WHERE kind = 'recheck'")
    assert '"opened": 1' in result
    assert "按改动后的名录重新核查未决申请" in city.reads("/runs")
