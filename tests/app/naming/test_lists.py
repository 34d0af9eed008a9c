"""The lists in the database: full from the start, edited by the city, known to every check at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import Invalid, NotAllowed
from app.base.history import current_act, undo
from app.base.models import Role
from app.inventory.models import Street
from app.naming import editing, queries
from app.naming.checking import Rechecked, check_all, findings_of, recheck, waive
from app.naming.editing import Verdict, Wordings
from app.naming.knowing import known
from app.naming.logic.characters import default_table
from app.naming.logic.kinds import KINDS, shipped
from app.naming.logic.lists import default_lists
from app.naming.logic.parts import default_divisions, default_generics
from app.naming.logic.readings import default_readings
from app.naming.logic.suggestions import default_bank
from app.naming.models import ListEntry, NameList, Proposal
from app.naming.steps import Wording, propose
from tests.app.builders import build_street, person
from tests.world import World


def the_list(session: Session, kind: str) -> NameList:
    return session.scalars(select(NameList).where(NameList.kind == kind)).one()


def the_entry(session: Session, kind: str, words: str) -> ListEntry:
    wanted = select(ListEntry).where(ListEntry.list_id == the_list(session, kind).id, ListEntry.words == words)
    return session.scalars(wanted).one()


@pytest.fixture
def acting(world: World) -> Callable[..., Any]:
    """A transaction of the city's officer, or of another."""

    def begin(role: Role = Role.CITY_OFFICER, place: str = "市", **values: Any) -> Any:
        return world.office.acting(world.person(role, place), via="test", **values)

    return begin


def test_a_new_database_starts_full_of_what_ships(world: World, acting: Callable[..., Any]):
    with acting(Role.CREW, "甲村") as session:
        found = {row.NameList.kind: row for row in session.execute(queries.name_lists())}
        by = known(session)
    assert {kind: row.size for kind, row in found.items()} == {
        kind.key: sum(not out for _, out in shipped(kind)) for kind in KINDS.values()
    }
    assert not any(row.confirmed for row in found.values())
    assert all(row.NameList.source for row in found.values())
    assert set(by.bank) == set(default_bank())
    assert by.lists.generics == default_generics()
    assert by.lists.divisions == default_divisions()
    assert by.lists.characters is default_table()
    for kind in ("placeholders", "banned", "leaders", "persons", "foreign", "companies"):
        shown, told = getattr(by.lists, kind), getattr(default_lists(), kind)
        assert {each.words for each in shown.entries} == {each.words for each in told.entries}, kind
    ours, theirs = by.readings, default_readings()
    assert (ours.phrases, ours.usual, ours.polyphones) == (theirs.phrases, theirs.usual, theirs.polyphones)
    assert {key: (each.reading, each.others) for key, each in ours.surnames.items()} == {
        key: (each.reading, each.others) for key, each in theirs.surnames.items()
    }


def test_what_one_adds_everybody_s_next_check_knows_and_nothing_is_read_twice(world: World, acting: Callable[..., Any]):
    with acting() as session:
        before = known(session)
        assert known(session) is before
        editing.add(session, world.clock, to=the_list(session, "banned"), cells={"words": "某坏词", "note": "试"})
        assert [each.words for each in known(session).lists.banned.hits("某坏词路")] == ["某坏词"]
    with acting(Role.TOWN_OFFICER, "南镇") as session:
        after = known(session)
    assert [each.words for each in after.lists.banned.hits("某坏词路")] == ["某坏词"]
    assert after.lists.persons is before.lists.persons
    assert after.readings is before.readings
    assert after.bank is before.bank


def test_a_change_that_is_taken_back_leads_to_the_same_values_and_the_same_confirmation(
    world: World, acting: Callable[..., Any]
):
    city = person(world, Role.CITY_OFFICER, "市")
    with acting() as session:
        row = editing.of_kind(session, "leaders")
        editing.confirm(session, world.clock, by=city, of=row.NameList, mark=row.mark, note="会议纪要")
    with acting() as session:
        before = known(session)
        assert before.lists.leaders.confirmed_by == city.name
        editing.withdraw(session, world.clock, entries=[the_entry(session, "leaders", "毛泽东")])
        act = current_act(session)
        changed = known(session).lists.leaders
        assert (changed.confirmed_by, changed.changed_since) == (None, city.name)
        assert "毛泽东" not in {each.words for each in changed.hits("毛泽东路")}
    assert act is not None
    with world.office.acting(city.id, via="test", undoes=act) as session:
        assert undo(session, Clock(), city, act) == 1
    with acting() as session:
        assert known(session) is before


def test_only_the_city_and_its_administrators_change_a_list_and_everybody_reads_it(
    world: World, acting: Callable[..., Any]
):
    for role, place in ((Role.COUNTY_OFFICER, "东县"), (Role.TOWN_OFFICER, "南镇"), (Role.ADMINISTRATOR, "东县")):
        with pytest.raises(NotAllowed), acting(role, place) as session:
            editing.require_editor(session)
        with pytest.raises(NotAllowed), acting(role, place) as session:
            editing.add(session, world.clock, to=the_list(session, "banned"), cells={"words": "某坏词"})
    for role in (Role.CITY_OFFICER, Role.ADMINISTRATOR):
        with acting(role) as session:
            editing.add(session, world.clock, to=the_list(session, "banned"), cells={"words": f"坏{role.value[0]}"})


def test_nobody_confirms_in_another_s_name(world: World, acting: Callable[..., Any]):
    other = person(world, Role.ADMINISTRATOR, "市")
    with pytest.raises(NotAllowed), acting() as session:
        row = editing.of_kind(session, "leaders")
        editing.confirm(session, world.clock, by=other, of=row.NameList, mark=row.mark, note="")


def test_words_that_are_on_the_list_or_were_are_refused_with_what_to_do(world: World, acting: Callable[..., Any]):
    with acting() as session:
        with pytest.raises(Invalid, match="on the list already"):
            editing.add(session, world.clock, to=the_list(session, "leaders"), cells={"words": "毛泽东"})
        with pytest.raises(Invalid, match="was withdrawn"):
            editing.add(session, world.clock, to=the_list(session, "persons"), cells={"words": "丹阳"})
        entry = the_entry(session, "persons", "丹阳")
        editing.bring_back(session, entries=[entry])
        assert [each.words for each in known(session).lists.persons.hits("丹阳")] == ["丹阳"]


def test_a_reading_of_the_bureau_s_spells_the_next_name(world: World, acting: Callable[..., Any]):
    with acting() as session:
        editing.revise(
            session,
            entry=the_entry(session, "readings", "朝阳"),
            of=the_list(session, "readings"),
            cells={"words": "朝阳", "spelling": "zhāo yáng", "others": "cháo yáng"},
        )
    with acting(Role.TOWN_OFFICER, "南镇") as session:
        street = build_street(world, "甲村")
        made = propose(
            session,
            world.clock,
            by=person(world, Role.TOWN_OFFICER, "南镇"),
            street=_street(session, street),
            wording=Wording("朝阳路"),
        )
        assert made.latin_toned == "Zhāoyáng Lù"


def _street(session: Session, key: int) -> Street:
    return session.get_one(Street, key)


@pytest.mark.parametrize("role", [Role.TOWN_OFFICER, Role.CITY_OFFICER])
def test_a_check_finds_the_same_whoever_runs_it(world: World, acting: Callable[..., Any], role: Role):
    with acting() as session:
        editing.add(session, world.clock, to=the_list(session, "banned"), cells={"words": "某坏词", "level": "error"})
    town = person(world, Role.TOWN_OFFICER, "南镇")
    with acting(Role.TOWN_OFFICER, "南镇") as session:
        made = propose(
            session,
            world.clock,
            by=town,
            street=_street(session, build_street(world, "甲村")),
            wording=Wording("某坏词路"),
        )
        key = made.id
    with acting(role, "南镇" if role is Role.TOWN_OFFICER else "市") as session:
        found = check_all(session, world.clock, proposals=[session.get_one(Proposal, key)])[key]
    assert {(each.rule, each.level) for each in found if each.fully_checked and not each.needs_tick} == {
        ("N2", "error")
    }


def test_a_check_by_lists_that_nobody_confirmed_is_never_clear(world: World, acting: Callable[..., Any]):
    town = person(world, Role.TOWN_OFFICER, "南镇")
    with acting(Role.TOWN_OFFICER, "南镇") as session:
        street = _street(session, build_street(world, "甲村"))
        made = propose(session, world.clock, by=town, street=street, wording=Wording("明德路"))
        open_ = {each.rule for each in findings_of(session, made) if not each.fully_checked}
        assert open_ >= {"N1", "N2", "N5", "N5a", "N6", "N7"}
        key = made.id
    city = person(world, Role.CITY_OFFICER, "市")
    with acting() as session:
        for row in session.execute(queries.name_lists()).all():
            editing.confirm(session, world.clock, by=city, of=row.NameList, mark=row.mark, note="")
        found = check_all(session, world.clock, proposals=[session.get_one(Proposal, key)])[key]
        assert [each.rule for each in found if not each.fully_checked] == ["N3"]  # the street's width is not known


def test_an_answer_outlives_the_confirmation_of_a_list_and_another_remark(world: World, acting: Callable[..., Any]):
    town, city = person(world, Role.TOWN_OFFICER, "南镇"), person(world, Role.CITY_OFFICER, "市")
    with acting(Role.TOWN_OFFICER, "南镇") as session:
        street = _street(session, build_street(world, "甲村"))
        key = propose(session, world.clock, by=town, street=street, wording=Wording("国际路")).id
    with acting() as session:
        proposal = session.get_one(Proposal, key)
        (warning,) = [each for each in findings_of(session, proposal) if each.level == "warning"]
        waive(session, world.clock, by=city, finding=warning, reason="当地历史名称")
    with acting() as session:
        row = editing.of_kind(session, "banned")
        entry = the_entry(session, "banned", "国际")
        cells = {"words": "国际", "level": "error", "note": "另一说明"}
        editing.revise(session, entry=entry, of=row.NameList, cells=cells)
        found = check_all(session, world.clock, proposals=[session.get_one(Proposal, key)])[key]
        (again,) = [each for each in found if each.values.get("words") == "国际" and not each.needs_tick]
        assert (again.id, again.waiver, again.level, again.values["note"]) == (
            warning.id,
            "当地历史名称",
            "error",
            "另一说明",
        )


def test_an_answer_goes_where_nobody_may_give_one_any_more_and_the_proposal_counts_as_open_again(
    world: World, acting: Callable[..., Any]
):
    town, city = person(world, Role.TOWN_OFFICER, "南镇"), person(world, Role.CITY_OFFICER, "市")
    with acting(Role.TOWN_OFFICER, "南镇") as session:
        street = _street(session, build_street(world, "甲村"))
        key = propose(session, world.clock, by=town, street=street, wording=Wording("陈云路")).id
    with acting() as session:
        proposal = session.get_one(Proposal, key)
        (warning,) = [each for each in findings_of(session, proposal) if each.rule == "N5" and each.fully_checked]
        assert warning.level == "warning"
        waive(session, world.clock, by=city, finding=warning, reason="历史人物，非国家领导人")
    with acting() as session:
        assert recheck(session, world.clock, proposals=[session.get_one(Proposal, key)]) == Rechecked(proposals=1)
        row = editing.of_kind(session, "leaders")
        entry = the_entry(session, "leaders", "陈云")
        editing.revise(session, entry=entry, of=row.NameList, cells={"words": "陈云", "level": "error"})
        done = recheck(session, world.clock, proposals=[session.get_one(Proposal, key)])
        assert done == Rechecked(proposals=1, changed=1, opened=1)
        (again,) = [
            each
            for each in findings_of(session, session.get_one(Proposal, key))
            if each.rule == "N5" and each.fully_checked
        ]
        assert (again.id, again.level, again.waiver, again.waived_by) == (warning.id, "error", None, None)


WORDINGS = Wordings({"词": "words", "等级": "level", "说明": "note", "words": "words"}, {("level", "错误"): "error"})


def test_a_file_says_what_each_line_would_do(world: World, acting: Callable[..., Any]):
    rows = [
        "新坏词,错误,新",
        "死人,错误,不雅或冒犯",
        "杀人,提示,改",
        "新坏词,错误,再",
        "坏 词,,x",
        ",,y",
        "鬼子,错误,x",
    ]
    table = "\n".join(("\ufeff禁用词 2026", "词,等级,说明", *rows))
    with acting() as session:
        editing.withdraw(session, world.clock, entries=[the_entry(session, "banned", "鬼子")])
        lines = editing.lines_of(table.encode(), name="a.csv")
        found = editing.compare(session, to=the_list(session, "banned"), lines=lines, wordings=WORDINGS)
        told = {line.number: (line.words, line.verdict) for line in found.lines}
        assert told == {
            3: ("新坏词", Verdict.NEW),
            4: ("死人", Verdict.KNOWN),
            5: ("杀人", Verdict.REJECTED),
            6: ("新坏词", Verdict.REPEATED),
            7: ("坏 词", Verdict.REJECTED),
            8: ("", Verdict.REJECTED),
            9: ("鬼子", Verdict.WITHDRAWN),
        }
        assert all(line.reason for line in found.of(Verdict.REJECTED))


def test_a_file_of_bare_words_leaves_the_other_columns_of_known_words_alone(world: World, acting: Callable[..., Any]):
    with acting() as session:
        to = the_list(session, "banned")
        lines = editing.lines_of("死人\n新坏词\n".encode("gb18030"), name="a.txt")
        found = editing.compare(session, to=to, lines=lines, wordings=WORDINGS)
        assert [line.verdict for line in found.lines] == [Verdict.KNOWN, Verdict.NEW]
        size = editing.of_kind(session, "banned").size
        assert editing.take_in(session, world.clock, to=to, found=found) == 1
        assert editing.of_kind(session, "banned").size == size + 1
        whole = editing.compare(session, to=to, lines=lines, wordings=WORDINGS)
        assert editing.take_in(session, world.clock, to=to, found=whole, whole=True) == size - 1
        assert editing.of_kind(session, "banned").size == 2


def test_the_mark_is_what_the_entries_say_now_however_they_came_there(world: World, acting: Callable[..., Any]):
    sql = text(
        "SELECT c.mark, (SELECT bit_xor(naming.mark_of(to_jsonb(e))) FROM naming.entry e WHERE e.list_id = l.id),"
        " c.size, (SELECT count(*) FROM naming.entry e WHERE e.list_id = l.id AND e.withdrawn_on IS NULL)"
        " FROM naming.list l JOIN naming.content c ON c.list_id = l.id ORDER BY l.id"
    )
    with acting() as session:
        to = the_list(session, "companies")
        made = editing.add(session, world.clock, to=to, cells={"words": "某某集团"})
        editing.revise(session, entry=made, of=to, cells={"words": "某某公司", "note": "改"})
        editing.withdraw(session, world.clock, entries=[the_entry(session, "companies", "华为")])
        session.delete(made)
        session.flush()
    with world.owner.connect() as connection:
        for mark, by_entries, size, counted in connection.execute(sql):
            assert (mark, size) == (by_entries, counted)
