"""The pages of the naming station, through the office: from a village's unnamed streets to names in force."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import text

from app.base.errors import NotAllowed
from app.base.models import Role
from tests.app.builders import build_name, build_street, run
from tests.app.pages import Office, Person, as_shown, seen_in, survey, taken_in, uids_in, version_in
from tests.world import World


@pytest.fixture(scope="module")
def begin() -> Callable[[World], str]:
    return with_batch


def with_batch(world: World) -> str:
    """A batch of the village 丁村 of the survey, by its address."""
    with closing(Office(world, stations=True)) as office:
        county = Person(office, Role.COUNTY_OFFICER, "西县")
        taken_in(world, county, "中镇", survey())
        form = county.reads("/milestones/new")
        village = re.search(r'name="village" value="([0-9a-f-]{36})"', form)
        assert village, form
        return county.goes("/milestones/new", title="第一批", due_on="2024-12-31", village=village[1])


@pytest.fixture
def county(office: Office) -> Person:
    return Person(office, Role.COUNTY_OFFICER, "西县")


@pytest.fixture
def batch(world: World) -> str:
    return str(world.found)


def proposals_of(person: Person, batch: str, state: str = "") -> list[str]:
    return uids_in(person.reads(f"/naming?batch={batch.rpartition('/')[2]}&state={state}"), "/naming")


def suggested(person: Person, batch: str) -> list[str]:
    person.goes("/naming/suggest", batch=batch.rpartition("/")[2])
    return proposals_of(person, batch, "draft")


def test_a_drafted_name_is_a_draft_on_every_page_until_it_is_submitted(office: Office, county: Person, batch: str):
    uids = suggested(county, batch)
    assert states_told(county, batch, uids) == [("草稿", len(uids))] * 3 + ["草稿"]
    Person(office, Role.TOWN_OFFICER, "中镇").goes("/naming/submit", seen=as_shown(county, uids), read="yes")
    assert states_told(county, batch, uids) == [("已申请", len(uids))] * 3 + ["已申请"]
    county.goes("/naming/return", seen=as_shown(county, uids), reason="请改名")
    assert states_told(county, batch, uids) == [("草稿", len(uids))] * 3 + ["草稿"]


def states_told(person: Person, batch: str, proposals: list[str]) -> list[object]:
    """What map, batch and inventory call the streets with proposals, and how many; then one street's own page."""
    told: list[object] = [
        next((word, n) for word, n in counted(person.reads(page)).items() if n and word != "未命名")
        for page in ("/map", batch)
    ]
    found = {word: len(uids_in(person.reads(f"/inventory?state={state}"), "/inventory"))
             for state, word in (("draft", "草稿"), ("proposed", "已申请"))}  # fmt: skip
    street = uids_in(person.reads(f"/naming/{proposals[0]}"), "/inventory")[0]
    own = re.search(r'class="state state-[^"]*">([^<]*)<', person.reads(f"/inventory/{street}"))
    return [*told, *((word, n) for word, n in found.items() if n), own[1] if own else ""]


def counted(page: str) -> dict[str, int]:
    """How many streets a page counts in each state: on the map's filters, and on a batch's progress."""
    shown = r'class="state state-[^"]*">([^<]*)</span>\s*<(?:small[^>]*|strong)>(?:<a [^>]*>)?([\d,]+)<'
    found = re.findall(shown, page)
    return {word.strip(): int(n.replace(",", "")) for word, n in found}


def test_the_way_from_a_batch_to_names_in_force(world: World, office: Office, county: Person, batch: str):
    uids = suggested(county, batch)
    assert uids
    town = Person(office, Role.TOWN_OFFICER, "中镇")
    refused = town.sends("/naming/submit", status=409, seen=as_shown(county, uids))
    assert "条例第九条第（一）项" in refused.text
    assert len(proposals_of(town, batch, "draft")) == len(uids)
    town.goes("/naming/submit", seen=as_shown(county, uids), read="yes")
    town.sends("/naming/decide/form", status=403, seen=as_shown(county, uids))
    county.goes("/naming/return", seen=as_shown(county, uids[0]), reason="请改名")
    assert "请改名" in town.reads(f"/naming/{uids[0]}")
    town.goes("/naming/submit", seen=as_shown(county, uids[0]), read="yes")
    form = county.sends("/naming/decide/form", status=200, seen=as_shown(county, uids))
    assert "西县人民政府" in form.text
    scan = {"scan": ("批复.pdf", b"%PDF-1.7", "application/pdf")}
    fields = {"seen": as_shown(county, uids), "authority": "西县人民政府", "approved_on": "2024-07-01"}
    assert "文号" in county.sends("/naming/decide", status=422, **fields, number=" ").text
    ahead = county.sends(
        "/naming/decide", status=422, **{**fields, "approved_on": "2024-07-02"}, number="西政字〔2024〕1号"
    )
    assert "批复日期2024年7月2日晚于今天，今天是2024年7月1日。" in ahead.text
    program = {"scan": ("x.exe", b"MZ\x90", "application/pdf")}
    county.sends("/naming/decide", status=422, files=program, number="西政字〔2024〕1号", sure="yes", **fields)
    decision = county.goes("/naming/decide", files=scan, number="西政字〔2024〕1号", sure="yes", **fields)
    page = county.reads(decision)
    assert "批复.pdf" in page
    assert "2024年7月16日" in page
    for step in ("filed", "announced"):
        county.goes(f"{decision}/{step}", on="2024-07-01", version=version_in(page, f"{decision}/{step}"))
    assert "已于2024年7月1日办理" in county.reads(decision)
    names = Person(office, Role.CREW, "西县").reads("/naming/names")
    assert "西政字〔2024〕1号" in names
    assert "现行" in county.reads(f"/naming/{uids[0]}") or "已公告" in county.reads(f"/naming/{uids[0]}")


def test_the_list_counts_notes_and_tells_what_a_person_has_to_read(world: World, county: Person, batch: str):
    suggested(county, batch)
    listed = county.reads(f"/naming?batch={batch.rpartition('/')[2]}&state=draft")
    assert "待人工阅读" in listed
    assert "条提示" not in listed
    run(world, "UPDATE naming.finding SET needs_tick = false, fully_checked = true WHERE needs_tick RETURNING 1")
    listed = county.reads(f"/naming?batch={batch.rpartition('/')[2]}&state=draft")
    assert "1 条提示" in listed
    assert "待人工阅读" not in listed


def test_a_decision_is_shown_whole_before_it_is_made(county: Person, batch: str):
    uids = suggested(county, batch)
    county.goes("/naming/submit", seen=as_shown(county, uids), read="yes")
    fields = {"seen": as_shown(county, uids), "authority": "西县人民政府", "approved_on": "2024-07-01"}
    shown = county.sends("/naming/decide", status=200, number="西政字〔2024〕7号", **fields).text
    for said in (f"{len(uids)} 个名称", "西政字〔2024〕7号", "西县人民政府", "2024年7月1日", "不能修改或删除"):
        assert said in shown, said
    assert "西政字〔2024〕7号" not in county.reads("/naming/decisions")
    assert len(proposals_of(county, batch, "submitted")) == len(uids)


@pytest.mark.parametrize("number", ["12", "一号文件", "走查12号"])
def test_a_number_of_another_form_needs_a_reason_that_is_kept(county: Person, batch: str, number: str):
    uids = suggested(county, batch)
    county.goes("/naming/submit", seen=as_shown(county, uids), read="yes")
    fields = {
        "seen": as_shown(county, uids),
        "authority": "西县人民政府",
        "approved_on": "2024-07-01",
        "number": number,
    }
    for sure in ("", "yes"):
        assert "不符合公文文号格式" in county.sends("/naming/decide", status=422, sure=sure, **fields).text
    assert "旧式文号" in county.sends("/naming/decide", status=200, note="旧式文号", **fields).text
    county.goes("/naming/decide", sure="yes", note="旧式文号", **fields)
    assert number in county.reads("/naming/decisions")


def test_markup_is_no_document_number_whatever_the_reason(county: Person, batch: str):
    uids = suggested(county, batch)
    county.goes("/naming/submit", seen=as_shown(county, uids), read="yes")
    fields = {
        "seen": as_shown(county, uids),
        "authority": "西县人民政府",
        "approved_on": "2024-07-01",
        "number": "<b>x</b>",
    }
    county.sends("/naming/decide", status=422, note="理由", sure="yes", **fields)
    assert len(proposals_of(county, batch, "submitted")) == len(uids)


def test_a_row_that_was_sent_back_shows_the_reason_at_its_state(county: Person, batch: str):
    uids = suggested(county, batch)
    county.goes("/naming/submit", seen=as_shown(county, uids), read="yes")
    county.goes("/naming/return", seen=as_shown(county, uids[0]), reason="请改名")
    assert "退回原因：请改名" in county.reads("/naming?state=returned")


def test_a_decision_number_is_used_once(county: Person, batch: str):
    uids = suggested(county, batch)
    county.goes("/naming/submit", seen=as_shown(county, uids), read="yes")
    fields = {"authority": "西县人民政府", "approved_on": "2024-07-01", "number": "西政字〔2024〕1号", "sure": "yes"}
    county.goes("/naming/decide", seen=as_shown(county, uids[0]), **fields)
    assert uids[1:]
    refused = county.sends("/naming/decide", status=422, seen=as_shown(county, uids[1:]), **{**fields, "sure": ""}).text
    assert "已有文号为 西政字〔2024〕1号 的批复（西县人民政府，2024年7月1日）" in refused
    bears = refused.split("查看使用该文号的批复")[0].rpartition('href="')[2].split('"')[0]
    assert "西政字〔2024〕1号" in county.reads(bears)


def test_the_government_is_chosen_from_those_that_the_law_names(county: Person, batch: str):
    uids = suggested(county, batch)
    county.goes("/naming/submit", seen=as_shown(county, uids), read="yes")
    form = county.sends("/naming/decide/form", status=200, seen=as_shown(county, uids)).text
    assert '<option value="西县人民政府" selected>' in form
    assert '<option value="市人民政府">' in form
    fields = {"seen": as_shown(county, uids), "approved_on": "2024-07-01", "number": "西政字〔2024〕1号"}
    refused = county.sends("/naming/decide", status=422, authority="随便写的机关", **fields).text
    assert "“随便写的机关”不是本地地名的批准机关" in html.unescape(refused)
    assert 'id="e-authority"' in refused


def test_the_day_of_a_paper_that_was_entered_later_is_asked_for_and_shown_before_it_is_kept(county: Person, batch: str):
    uids = suggested(county, batch)
    county.goes("/naming/submit", seen=as_shown(county, uids), read="yes")
    fields = {"authority": "西县人民政府", "approved_on": "2024-06-28", "number": "西政字〔2024〕1号"}
    seen = as_shown(county, uids)
    asked = county.sends("/naming/decide", status=422, seen=seen, **fields).text
    assert 'name="applied_on"' in asked
    assert "补录" in asked
    assert (
        "正确的纸质申请日期" in county.sends("/naming/decide", status=422, seen=seen, applied_on="6月", **fields).text
    )
    fields["applied_on"] = "2024-06-20"
    shown = county.sends("/naming/decide", status=200, seen=seen, **fields).text
    assert "纸质申请日期" in shown
    assert "2024年6月20日" in shown
    page = county.reads(county.goes("/naming/decide", seen=seen, sure="yes", **fields))
    assert "2024年7月13日" in page, "fifteen days from the day of the paper"
    assert re.search(r"<dt>申请日期</dt><dd>2024年6月20日</dd>", page), "the decision tells it too"
    assert "2024年6月20日" in county.reads(f"/naming/{uids[0]}")


def test_names_are_found_by_characters_and_by_pinyin(county: Person, batch: str):
    street = uids_in(county.reads("/inventory?scope=in"), "/inventory")[0]
    made = county.goes(f"/naming/new?street={street}", words="绿苑路", meaning="绿树成荫")
    county.goes("/naming/submit", seen=as_shown(county, made.rpartition("/")[2]), read="yes")
    fields = {"authority": "西县人民政府", "approved_on": "2024-07-01", "number": "西政字〔2024〕2号", "sure": "yes"}
    county.goes("/naming/decide", seen=as_shown(county, made.rpartition("/")[2]), **fields)
    for words in ("绿苑", "lvyuan", "Lǜyuàn lù", "LÜYUAN"):
        assert "Lǜyuàn Lù" in county.reads(f"/naming/names?q={words}"), words
    assert "没有找到" in county.reads("/naming/names?q=幸福")


def test_words_are_checked_while_typing_and_nothing_is_saved(county: Person, batch: str):
    uid = suggested(county, batch)[0]
    before = county.reads(f"/naming/{uid}")
    fragment = county.reads(f"/naming/{uid}/check?words=毛泽东路")
    assert "国家领导人的姓名" in fragment
    assert "此项不得豁免" not in fragment  # said at what is on record only
    assert "<html" not in fragment
    digits = county.reads(f"/naming/{uid}/check?words=幸福2路")
    assert "阿拉伯数字" in digits
    assert "请写作“二”" in digits
    assert county.reads(f"/naming/{uid}").count("毛泽东") == before.count("毛泽东") == 0


def test_words_are_revised_and_a_stale_version_shows_both(county: Person, batch: str):
    uid = suggested(county, batch)[0]
    version = re.search(r'name="version" value="(\d+)"', county.reads(f"/naming/{uid}"))
    assert version
    county.goes(f"/naming/{uid}/revise", words="和平路", meaning="安宁", version=version[1])
    assert "HEPING LU" in county.reads(f"/naming/{uid}")
    stale = county.sends(f"/naming/{uid}/revise", status=409, words="幸福路", version=version[1])
    assert "幸福路" in stale.text
    assert "和平路" in stale.text


def test_a_wrong_division_is_told_at_its_field(county: Person, batch: str):
    uid = suggested(county, batch)[0]
    version = re.search(r'name="version" value="(\d+)"', county.reads(f"/naming/{uid}"))
    assert version
    answer = county.sends(f"/naming/{uid}/revise", status=422, words="和平路", division="幸福/路", version=version[1])
    assert "与“和平路”不一致" in answer.text


def test_a_finding_is_answered_by_those_whom_the_rule_names(office: Office, county: Person, batch: str):
    uid = suggested(county, batch)[0]
    version = re.search(r'name="version" value="(\d+)"', county.reads(f"/naming/{uid}"))
    assert version
    county.goes(f"/naming/{uid}/revise", words="巴黎路", version=version[1])
    page = county.reads(f"/naming/{uid}")
    assert "外国" in page
    finding = re.search(r'action="/naming/findings/([0-9a-f-]{36})/waive"', page)
    assert finding, page
    town = Person(office, Role.TOWN_OFFICER, "中镇")
    assert finding[1] not in re.findall(
        r'action="/naming/findings/([0-9a-f-]{36})/waive"', town.reads(f"/naming/{uid}")
    )
    here = f"/naming/findings/{finding[1]}/waive"
    read = {"version": version_in(page, here), "seen": as_shown(county, uid)}
    town.sends(here, status=403, reason="巧合", **read)
    assert "请说明" in county.sends(here, status=422, reason=" ", **read).text
    county.goes(here, reason="与巴黎无关", **read)
    assert "与巴黎无关" in county.reads(f"/naming/{uid}")


def test_an_old_local_character_says_who_may_let_it_stand_and_how(office: Office, county: Person, batch: str):
    uid = suggested(county, batch)[0]
    version = re.search(r'name="version" value="(\d+)"', county.reads(f"/naming/{uid}"))
    assert version
    refused = county.sends(f"/naming/{uid}/revise", status=422, words="和平𠮷路", version=version[1])
    assert "任何人都不能放行" in refused.text, "what cannot be spelled cannot be kept"
    county.goes(f"/naming/{uid}/revise", words="和平㙟路", version=version[1])
    assert "由县级或市级工作人员在核查意见下说明理由" in county.reads(f"/naming/{uid}")
    assert "说明理由</summary>" in county.reads(f"/naming/{uid}")
    town = Person(office, Role.TOWN_OFFICER, "中镇").reads(f"/naming/{uid}")
    assert "或请市级工作人员、县级工作人员放行" in town
    assert "说明理由</summary>" not in town


def test_those_who_decide_refuse_with_a_reason_that_those_who_asked_read(office: Office, county: Person, batch: str):
    uids = suggested(county, batch)
    town = Person(office, Role.TOWN_OFFICER, "中镇")
    town.goes("/naming/submit", seen=as_shown(county, uids), read="yes")
    assert 'action="/naming/reject"' not in town.reads(f"/naming/{uids[0]}")
    assert "只有" in town.sends("/naming/reject", status=403, seen=as_shown(county, uids[0]), reason="不").text
    assert 'action="/naming/reject"' in county.reads(f"/naming/{uids[0]}")
    assert "/naming/reject" in county.reads(f"/naming?batch={batch.rpartition('/')[2]}&state=submitted")
    assert (
        "请说明不予批准的原因"
        in county.sends("/naming/reject", status=409, seen=as_shown(county, uids[0]), reason=" ").text
    )
    county.goes("/naming/reject", seen=as_shown(county, uids[0]), reason="与规划不符")
    page = town.reads(f"/naming/{uids[0]}")
    assert "与规划不符" in page
    assert 'action="/naming/reject"' not in county.reads(f"/naming/{uids[0]}")
    assert "与规划不符" in county.reads(f"/naming?batch={batch.rpartition('/')[2]}&state=rejected")
    assert proposals_of(county, batch, "rejected") == uids[:1]


def test_withdrawing_frees_the_street_and_can_be_undone(county: Person, batch: str):
    uids = suggested(county, batch)
    county.goes("/naming/withdraw", seen=as_shown(county, uids))
    page = county.reads(f"/naming?batch={batch.rpartition('/')[2]}&state=withdrawn")
    act = page.split('action="/undo/')[1].split('"')[0]
    county.goes(f"/undo/{act}", next="/naming")
    assert sorted(proposals_of(county, batch, "draft")) == sorted(uids)


def test_the_village_contact_proposes_by_hand_and_the_street_shows_it(world: World, office: Office):
    build_street(world, "甲村")
    contact = Person(office, Role.VILLAGE_CONTACT, "甲村")
    street = uids_in(contact.reads("/inventory"), "/inventory")[0]
    assert "拟名" in contact.reads(f"/naming/of/{street}")
    assert "选用" in contact.reads(f"/naming/new?street={street}")
    made = contact.goes(f"/naming/new?street={street}", words="明德街", meaning="彰明德行")
    assert contact.goes_to(f"/naming/new?street={street}") == made
    assert "明德街" in contact.reads(f"/naming/of/{street}")
    wrong = contact.sends(f"/naming/new?street={street}", status=422, words="幸福2路")
    assert "请写作“二”" in html.unescape(wrong.text)
    assert "已有申请" in contact.sends(f"/naming/new?street={street}", status=422, words="和平街").text
    refused = contact.sends("/naming/submit", status=403, seen=as_shown(contact, made.rpartition("/")[2]), read="yes")
    assert "乡镇工作人员" in refused.text
    assert "county_officer" not in refused.text


def test_foreign_proposals_and_foreign_roles(office: Office, county: Person, batch: str):
    uid = suggested(county, batch)[0]
    other = Person(office, Role.COUNTY_OFFICER, "东县")
    assert uids_in(other.reads("/naming"), "/naming") == []
    other.reads(f"/naming/{uid}", status=404)
    other.sends("/naming/submit", status=409, seen=as_shown(county, uid), read="yes")
    assert states_told(county, batch, [uid])[0] == ("草稿", 3)
    Person(office, Role.CREW, "西县").reads("/naming", status=403)
    auditor = Person(office, Role.AUDITOR, "市")
    assert "上报审批" not in auditor.reads(f"/naming/{uid}")
    auditor.sends("/naming/withdraw", status=403, seen=as_shown(county, uid))


def test_a_step_on_rows_that_are_gone_says_so(county: Person, batch: str):
    after = county.reads(county.goes("/naming/suggest", batch=batch.rpartition("/")[2]))
    listed = seen_in(county.reads(f"/naming?batch={batch.rpartition('/')[2]}&state=draft"))
    undo = re.search(r'action="(/undo/[0-9a-f-]{36})"', after)
    assert listed
    assert undo
    county.goes(undo[1])
    told = html.unescape(county.sends("/naming/submit", status=409, seen=listed, read="yes").text)
    assert f"所选记录中有 {len(listed)} 条已不存在" in told
    assert "请在列表中至少选择一条" in html.unescape(county.sends("/naming/submit", status=404, read="yes").text)


def test_a_decision_confirmed_for_words_that_were_changed_meanwhile_approves_nothing(
    office: Office, county: Person, batch: str
):
    """A reads 听荷路 and is asked to confirm; B sends it back, writes 望岱路 and submits; A confirms what A read."""
    uid = suggested(county, batch)[0]
    revise(county, uid, "听荷路")
    county.goes("/naming/submit", seen=as_shown(county, uid), read="yes")
    paper = {"authority": "西县人民政府", "approved_on": "2024-07-01", "number": "西政字〔2024〕3号"}
    asked = county.sends("/naming/decide/form", status=200, seen=as_shown(county, uid)).text
    confirm = county.sends("/naming/decide", status=200, seen=seen_in(asked), **paper).text
    assert "听荷路" in confirm
    other = Person(office, Role.COUNTY_OFFICER, "西县")
    other.goes("/naming/return", seen=as_shown(other, uid), reason="请改名")
    revise(other, uid, "望岱路")
    other.goes("/naming/submit", seen=as_shown(other, uid), read="yes")
    for step, more in (("/naming/decide", {**paper, "sure": "yes"}), ("/naming/decide/form", {})):
        told = html.unescape(county.sends(step, status=409, seen=seen_in(confirm), **more).text)
        assert "听荷路" in told, step
        assert "望岱路" in told, step
    assert uids_in(county.reads("/naming/decisions"), "/naming/decisions") == []
    assert proposals_of(county, batch, "submitted") == [uid]


@pytest.mark.parametrize("step", ["submit", "return", "reject", "withdraw"])
def test_a_step_on_many_is_refused_whole_where_one_was_changed_meanwhile(county: Person, batch: str, step: str):
    uids = suggested(county, batch)
    assert uids[1:]
    if step in {"return", "reject"}:
        county.goes("/naming/submit", seen=as_shown(county, uids), read="yes")
    before = "draft" if step in {"submit", "withdraw"} else "submitted"
    listed = seen_in(county.reads(f"/naming?state={before}"))
    assert len(listed) == len(uids)
    if before == "submitted":
        county.goes("/naming/return", seen=as_shown(county, uids[0]), reason="请改名")
        revise(county, uids[0], "望岱路")
        county.goes("/naming/submit", seen=as_shown(county, uids[0]), read="yes")
    else:
        revise(county, uids[0], "望岱路")
    sent = {"seen": [" ".join(listed)], "reason": "不 妥", "read": "yes"}
    told = html.unescape(county.sends(f"/naming/{step}", status=409, **sent).text)
    assert "望岱路" in told
    assert re.findall(r'class="typed-words">([^<]*)<', told) == ["不 妥"], "what was typed, and no keys of rows"
    assert "您看到的" in told
    assert sorted(proposals_of(county, batch, before)) == sorted(uids)


def test_an_answer_to_a_finding_is_not_written_over_another(office: Office, county: Person, batch: str):
    uid = suggested(county, batch)[0]
    revise(county, uid, "巴黎路")
    page = county.reads(f"/naming/{uid}")
    here = next(iter(re.findall(r'action="(/naming/findings/[0-9a-f-]{36}/waive)"', page)))
    read = {"version": version_in(page, here), "seen": as_shown(county, uid)}
    Person(office, Role.COUNTY_OFFICER, "西县").goes(here, reason="与巴黎无关", **read)
    told = county.sends(here, status=409, reason="另有依据", **read).text
    assert "与巴黎无关" in told
    assert "另有依据" not in county.reads(f"/naming/{uid}")


def test_a_form_that_says_nothing_of_what_its_reader_saw_changes_nothing(county: Person, batch: str):
    uid = suggested(county, batch)[0]
    county.sends("/naming/submit", status=404, uid=uid, read="yes")
    county.sends("/naming/submit", status=422, seen=uid, read="yes")
    assert uid in proposals_of(county, batch, "draft")


def revise(person: Person, uid: str, words: str) -> None:
    version = as_shown(person, uid)[0].partition(":")[2]
    person.goes(f"/naming/{uid}/revise", words=words, version=version)


def test_the_names_of_a_large_decision_page_by_key(world: World, office: Office):
    streets = [build_street(world, "甲村") for _ in range(60)]
    build_name(world, streets[0])
    run(
        world,
        "WITH kept AS (SELECT * FROM naming.name),"
        " more AS (INSERT INTO naming.name (division_id, street_id, decision_id, origin, words, specific, generic,"
        " latin_toned, latin_plain, latin_sign, sound_toned, sound_plain, in_force_on)"
        " SELECT k.division_id, s.id, k.decision_id, k.origin, '和安' || s.id || '路', k.specific, k.generic,"
        " k.latin_toned, k.latin_plain, k.latin_sign, k.sound_toned, k.sound_plain, k.in_force_on"
        " FROM kept k JOIN inventory.street s USING (division_id) WHERE s.id <> k.street_id RETURNING 1)"
        " SELECT count(*) FROM more",
    )
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    (decision,) = uids_in(officer.reads("/naming/decisions"), "/naming/decisions")
    first = officer.reads(f"/naming/decisions/{decision}")
    further = re.search(r'rel="next" href="([^"]+)"', first)
    assert further
    second = officer.reads(further[1])
    shown = [set(re.findall(r"/inventory/([0-9a-f-]{36})", page)) for page in (first, second)]
    assert [len(names) for names in shown] == [50, 10]
    assert shown[0].isdisjoint(shown[1])
    assert "60 个" in first


def test_what_is_still_to_be_written_or_mended_is_one_list(office: Office, county: Person, batch: str):
    first, *others = suggested(county, batch)
    town = Person(office, Role.TOWN_OFFICER, "中镇")
    assert set(uids_in(town.reads("/naming?state=asked"), "/naming")) == {first, *others}
    assert 'href="/naming?state=asked"' in town.reads("/")
    town.goes("/naming/submit", seen=as_shown(county, [first, *others]), read="yes")
    assert uids_in(town.reads("/naming?state=asked"), "/naming") == []
    county.goes("/naming/return", seen=as_shown(county, [first]), reason="请改名")
    assert uids_in(town.reads("/naming?state=asked"), "/naming") == [first]


def states_of(world: World, village: str) -> set[str]:
    asked = text("SELECT state FROM inventory.street WHERE division_id = :place")
    with world.owner.connect() as connection:
        return set(connection.execute(asked, {"place": world.places[village]}).scalars())


def test_what_the_village_contact_writes_withdraws_and_undoes_shows_on_the_street(world: World, office: Office):
    build_street(world, "甲村")
    contact = Person(office, Role.VILLAGE_CONTACT, "甲村")
    street = uids_in(contact.reads("/inventory"), "/inventory")[0]
    made = contact.goes(f"/naming/new?street={street}", words="明德街")
    assert states_of(world, "甲村") == {"draft"}
    assert "草稿" in Person(office, Role.COUNTY_OFFICER, "东县").reads(f"/inventory/{street}")
    act = contact.reads(made).split('action="/undo/')[1].split('"')[0]
    contact.goes(f"/undo/{act}", next="/naming")
    assert states_of(world, "甲村") == {"unnamed"}
    again = contact.goes(f"/naming/new?street={street}", words="明德街").rpartition("/")[2]
    contact.goes("/naming/withdraw", seen=as_shown(contact, again))
    assert states_of(world, "甲村") == {"unnamed"}


def test_a_street_is_marked_by_its_writers_up_to_what_is_proposed_and_by_nobody_else(world: World):
    here, there = build_street(world, "甲村"), build_street(world, "丁村")
    asked = text("SELECT count(*) FROM inventory.mark(:streets, :state)")
    for role, place, streets, state in (
        (Role.VILLAGE_CONTACT, "甲村", [here], "in_force"),
        (Role.VILLAGE_CONTACT, "甲村", [there], "draft"),
        (Role.VILLAGE_CONTACT, "甲村", [here, there], "draft"),
        (Role.TOWN_OFFICER, "南镇", [there], "draft"),
        (Role.CREW, "南镇", [here], "draft"),
        (Role.AUDITOR, "市", [here], "draft"),
        (Role.COUNTY_OFFICER, "东县", [here, 10**9], "draft"),
    ):
        with (
            pytest.raises(NotAllowed),
            world.office.acting(world.person(role, place), via="test") as session,
        ):
            session.execute(asked, {"streets": streets, "state": state})
    assert states_of(world, "甲村") == {"unnamed"}


def test_after_a_step_the_list_of_a_state_shows_where_its_rows_went(county: Person, batch: str):
    uid = suggested(county, batch)[0]
    gone = county.goes("/naming/submit", seen=as_shown(county, uid), read="yes", next="/naming?state=draft")
    assert gone == "/naming?state=submitted"
    assert uids_in(county.reads(gone), "/naming") == [uid]
