"""The lists of 摸底排查: what belongs in each, for whom, on the page and in the file."""

from __future__ import annotations

import io
import re
from datetime import date

import openpyxl
import pytest
from sqlalchemy import select

from app.base.models import Division, Role
from app.inventory import ledgers
from app.inventory.ledgers import Asked, Concern, Looked, Memory
from app.inventory.logic import Case, Ledger, reason
from app.inventory.models import Street
from app.naming.queries import named_streets
from app.planning.queries import signed_streets
from gis.formats.workbooks import Sheet, workbook
from tests.app import builders
from tests.app.builders import NAMES, build_name, build_sign, build_street, run
from tests.app.pages import Office, Person, uid_of, uids_in
from tests.world import World

LISTS = [each.value for each in Ledger]


def looked_by(world: World, role: Role, place: str, *, at: str | None = None) -> Looked:
    """The lists by lines for somebody at home in ``place``."""
    actor = builders.person(world, role, place)
    with world.office.acting(actor.id, via="test") as session:
        chosen = session.get_one(Division, world.places[at or place])
        ground = ledgers.ground_of(session, actor, chosen)
        return {} if ground is None else ledgers.look(session, Memory(), ground, named_streets)


def listed(world: World, role: Role, place: str, ledger: Ledger, *, scope: str = "") -> set[int]:
    """The streets of one list by their keys."""
    looked = looked_by(world, role, place)
    with world.office.acting(world.person(role, place), via="test") as session:
        asked = Asked(session.get_one(Division, world.places[place]), scope, named_streets, signed_streets)
        found = {row.Street.id for row in session.execute(ledgers.rows_of(asked, ledger, looked))}
        assert ledgers.counts(session, asked, looked)[ledger] == len(found)
        return found


def uid(world: World, street: int) -> str:
    return str(run(world, "SELECT uid FROM inventory.street WHERE id = :id", id=street))


def sheets(content: bytes) -> tuple[list[tuple[object, ...]], dict[object, object]]:
    """The rows of a file's list, its heading first, and what its second sheet says of it."""
    rows, notes = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    return list(rows.iter_rows(values_only=True)), {row[0]: row[1] for row in notes.iter_rows(values_only=True)}


def test_a_street_has_no_name_has_a_sign_or_is_named_without_one_and_never_two_of_these(world: World):
    bare = build_street(world, "甲村")
    surveyed = build_street(world, "甲村", ((0, 400), (200, 400)), surveyed_name="老街")
    planned, standing = (build_street(world, "甲村", ((0, n), (200, n))) for n in (800, 1200))
    build_sign(world, planned)
    build_sign(world, standing, state="standing")
    assert listed(world, Role.TOWN_OFFICER, "南镇", Ledger.UNNAMED) == {bare}
    assert listed(world, Role.TOWN_OFFICER, "南镇", Ledger.UNSIGNED) == {surveyed, planned}


def test_a_sign_that_was_removed_is_no_sign_and_a_retired_name_no_name(world: World):
    removed, retired = build_street(world, "甲村"), build_street(world, "甲村", ((0, 400), (200, 400)))
    sign = build_sign(world, removed, state="standing")
    name = build_name(world, retired, NAMES[1], on=date(2024, 3, 5))
    run(world, "UPDATE planning.sign SET state = 'removed', removed_on = planned_on WHERE id = :id", id=sign.id)
    run(world, "UPDATE naming.name SET retired_on = in_force_on WHERE id = :id", id=name)
    assert listed(world, Role.TOWN_OFFICER, "南镇", Ledger.UNSIGNED) == {removed}
    assert listed(world, Role.TOWN_OFFICER, "南镇", Ledger.UNNAMED) == {retired}


def test_lists_are_narrowed_to_what_is_in_scope_or_out_of_it(world: World):
    inside = build_street(world, "甲村")
    outside = build_street(world, "甲村", ((0, 400), (200, 400)), in_scope=False)
    assert listed(world, Role.TOWN_OFFICER, "南镇", Ledger.UNNAMED, scope="in") == {inside}
    assert listed(world, Role.TOWN_OFFICER, "南镇", Ledger.UNNAMED, scope="out") == {outside}


def test_an_unnamed_street_in_line_with_a_named_one_or_beside_it_is_near_it(world: World):
    named = build_street(world, "甲村", ((0, 0), (200, 0)), surveyed_name="东街")
    ahead = build_street(world, "甲村", ((200, 0), (400, 0)))
    beside = build_street(world, "甲村", ((10, 20), (190, 20)))
    build_street(world, "甲村", ((0, 400), (200, 400)))
    found = looked_by(world, Role.TOWN_OFFICER, "南镇")[Ledger.NEARBY]
    assert found[ahead] == Concern((ahead, named))
    assert found[beside].group == (beside, named)
    assert found[beside].apart_m == pytest.approx(20, abs=0.5)
    assert listed(world, Role.TOWN_OFFICER, "南镇", Ledger.NEARBY) == {ahead, beside}


def test_a_course_under_two_names_lists_both_streets_with_each_other(world: World):
    west = build_street(world, "甲村", ((0, 0), (200, 0)), surveyed_name="东街")
    east = build_street(world, "甲村", ((200, 0), (400, 0)))
    build_name(world, east)
    build_street(world, "甲村", ((0, 400), (200, 400)), surveyed_name="北街")
    found = looked_by(world, Role.TOWN_OFFICER, "南镇")[Ledger.SEVERAL]
    assert found == {key: Concern((west, east)) for key in (west, east)}


def test_one_name_in_two_places_is_repeated_and_on_two_streets_that_touch_they_are_told_as_such(world: World):
    first = build_street(world, "甲村", ((0, 0), (200, 0)), surveyed_name="东街")
    second = build_street(world, "乙村", ((0, 0), (200, 0)), surveyed_name="东街")
    west, east = (build_street(world, "甲村", ((x, 900), (x + 200, 900)), surveyed_name="西街") for x in (0, 200))
    found = looked_by(world, Role.TOWN_OFFICER, "南镇")[Ledger.REPEATED]
    apart = {key: Concern((first, second)) for key in (first, second)}
    assert found == apart | {key: Concern((west, east), touching=True) for key in (west, east)}


def test_streets_of_one_name_that_meet_are_listed_with_the_way_to_join_them(world: World, office: Office):
    streets = [build_street(world, "甲村", ((x, 900), (x + 200, 900)), surveyed_name="独名路") for x in (0, 200)]
    west, east = (run(world, "SELECT uid FROM inventory.street WHERE id = :id", id=key) for key in streets)
    page = Person(office, Role.TOWN_OFFICER, "南镇").reads("/inventory/ledgers?list=repeated")
    assert page.count("2 条同名街路巷相接或并行") == 2
    joining = re.findall(r'href="(/map[^"]*edit=join[^"]*)"', page)
    assert len(joining) == 2
    assert all(str(uid) in address for uid in (west, east) for address in joining)
    assert "edit=join" not in Person(office, Role.VILLAGE_CONTACT, "甲村").reads("/inventory/ledgers?list=repeated")


def test_a_name_in_force_counts_before_the_surveyed_one(world: World):
    first = build_street(world, "甲村", surveyed_name="东街")
    build_street(world, "乙村", surveyed_name="东街")
    assert looked_by(world, Role.TOWN_OFFICER, "南镇")[Ledger.REPEATED]
    build_name(world, first)
    assert looked_by(world, Role.TOWN_OFFICER, "南镇")[Ledger.REPEATED] == {}


def test_a_villages_list_knows_the_streets_of_the_next_village_as_far_as_the_reader_does(world: World):
    here = build_street(world, "甲村", ((0, 0), (200, 0)), surveyed_name="东街")
    there = build_street(world, "乙村", ((0, 0), (200, 0)), surveyed_name="东街")
    of_town = looked_by(world, Role.TOWN_OFFICER, "南镇", at="甲村")[Ledger.REPEATED]
    assert set(of_town) == {here, there}
    assert looked_by(world, Role.VILLAGE_CONTACT, "甲村")[Ledger.REPEATED] == {}


def test_equal_names_of_two_counties_are_not_repeated_and_above_the_counties_nothing_is_looked_for(world: World):
    build_street(world, "甲村", surveyed_name="东街")
    build_street(world, "丁村", surveyed_name="东街")
    assert looked_by(world, Role.COUNTY_OFFICER, "东县")[Ledger.REPEATED] == {}
    assert looked_by(world, Role.CITY_OFFICER, "市", at="东县")[Ledger.REPEATED] == {}
    assert looked_by(world, Role.CITY_OFFICER, "市") == {}


def test_what_was_found_is_kept_until_a_street_or_a_name_changes(world: World):
    street = build_street(world, "甲村", surveyed_name="东街")
    build_street(world, "乙村", surveyed_name="东街")
    memory, actor = Memory(), builders.person(world, Role.TOWN_OFFICER, "南镇")

    def look() -> Looked:
        with world.office.acting(actor.id, via="test") as session:
            ground = ledgers.ground_of(session, actor, session.get_one(Division, world.places["南镇"]))
            assert ground is not None
            return ledgers.look(session, memory, ground, named_streets)

    first = look()
    assert look() is first
    name = build_name(world, street)
    assert look()[Ledger.REPEATED] == {}
    run(world, "UPDATE naming.name SET retired_on = in_force_on WHERE id = :id", id=name)
    assert set(look()[Ledger.REPEATED]) == set(first[Ledger.REPEATED])
    with world.office.acting(actor.id, via="test") as session:
        session.scalars(select(Street).where(Street.id == street)).one().surveyed_name = "西街"
    assert look()[Ledger.REPEATED] == {}


def test_memory_throws_the_longest_unused_away():
    memory = Memory(most=2)
    memory.put("a", {Ledger.NEARBY: {1: Concern((1, 2))}})
    memory.put("b", {})
    assert memory.get("a")
    memory.put("c", {})
    assert memory.get("b") is None
    assert memory.get("a")


@pytest.mark.parametrize(
    ("ledger", "case", "told"),
    [
        (Ledger.UNNAMED, Case("unnamed"), "No name in force, and none in the survey"),
        (Ledger.UNNAMED, Case("proposed"), "No name yet: one is proposed"),
        (Ledger.UNSIGNED, Case("unnamed"), "Named in the survey only: its name is to be decided first"),
        (Ledger.UNSIGNED, Case("approved"), "A name is decided, but not announced yet"),
        (Ledger.UNSIGNED, Case("in_force"), "A name in force, but no sign is planned"),
        (Ledger.UNSIGNED, Case("in_force", signs=3), "Signs planned or ordered: 3; none stands yet"),
        (Ledger.NEARBY, Case("unnamed", apart_m=20.4, others=("东街",)), "Beside 东街, 20 m apart"),
        (Ledger.NEARBY, Case("unnamed", others=("东街",)), "In line with 东街"),
        (Ledger.SEVERAL, Case("unnamed", others=("东街", "西街", "东街")), "On one course with 东街、西街"),
        (Ledger.REPEATED, Case("unnamed", group=4), "4 streets bear this name"),
        (
            Ledger.REPEATED,
            Case("unnamed", group=2, touching=True),
            "2 streets of this name meet or run side by side: one street in parts?",
        ),
    ],
)
def test_a_row_says_why_it_is_there(ledger: Ledger, case: Case, told: str):
    message, values = reason(ledger, case)
    assert message.format(**values) == told


def test_text_from_outside_is_never_a_formula_and_numbers_stay_numbers():
    content = workbook([Sheet("清单", (("甲", 10), ("乙", 10)), [("=1+1", 2.5), ("a\x02b", None)])])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [["甲", "乙"], ["=1+1", 2.5], ["ab", None]]
    assert sheet["A2"].data_type == "s"


def test_every_list_has_its_count_and_its_rows_link_to_the_record_and_to_the_map(world: World, office: Office):
    named = build_street(world, "甲村", ((0, 0), (200, 0)), surveyed_name="东街")
    ahead = build_street(world, "甲村", ((200, 0), (400, 0)))
    officer = Person(office, Role.TOWN_OFFICER, "南镇")
    assert 'href="/inventory/ledgers' in officer.reads("/inventory")
    page = officer.reads("/inventory/ledgers?list=nearby")
    counts = dict(re.findall(r"list=(\w+)[^>]*>[^<]*?(\d+)</a>", page))
    assert counts == {"unnamed": "1", "unsigned": "1", "nearby": "1", "several": "0", "repeated": "0", "bare": "1"}
    assert set(uids_in(page, "/inventory")) == {uid(world, ahead), uid(world, named)}
    assert "与东街相接成一线" in page
    whole, link = (url for url in re.findall(r'href="(/map\?[^"]+)"', page) if "streets=" in url)
    assert uid(world, ahead) in whole, "the page's streets together"
    for street in (ahead, named):
        assert uid(world, street) in link
        assert uid(world, street) in officer.reads(link).split('data-picked="')[1].split('"')[0]


def test_a_list_is_paged_by_town_and_village(world: World, office: Office):
    for n in range(53):
        build_street(world, "甲村" if n % 2 else "乙村", ((0, 30 * n), (100, 30 * n)))
    officer = Person(office, Role.TOWN_OFFICER, "南镇")
    first = officer.reads("/inventory/ledgers")
    cursor = first.split('rel="next"')[1].split("after=")[1].split('"')[0]
    rest = officer.reads(f"/inventory/ledgers?after={cursor}")
    seen = [*uids_in(first, "/inventory"), *uids_in(rest, "/inventory")]
    assert (len(seen), len(set(seen))) == (53, 53)
    of_one = uids_in(officer.reads(f"/inventory/ledgers?in={uid_of(world, '甲村')}"), "/inventory")
    assert len(of_one) == 26
    assert sorted(of_one) == sorted(seen[:26]) or sorted(of_one) == sorted(seen[27:]), "a village stands together"


def test_a_village_without_a_street_in_scope_is_listed_as_such(world: World, office: Office):
    build_street(world, "甲村")
    build_street(world, "乙村", in_scope=False)
    officer = Person(office, Role.TOWN_OFFICER, "南镇")
    page = officer.reads("/inventory/ledgers?list=bare")
    assert "有街路巷，均无须命名" in page
    assert "居委会 " not in page.partition("form-hint")[2].partition("</p>")[0]
    assert (f"/inventory?in={uid_of(world, '乙村')}" in page, f"/inventory?in={uid_of(world, '甲村')}" in page) == (
        True,
        False,
    )
    rows, _ = sheets(officer.client.get("/inventory/ledgers.xlsx?list=bare").content)
    assert [row[1] for row in rows] == ["行政村", "乙村"]
    run(world, "UPDATE base.division SET kind = 'residents' WHERE id = :id", id=world.places["乙村"])
    page = officer.reads("/inventory/ledgers?list=bare")
    assert "范围内无街巷的村（社区） 1</a>" in page
    assert "其中居委会 1 个，进度中不计入村数。" in page, "the progress tells one less"
    run(world, "UPDATE inventory.street SET in_scope = true")
    assert "各村均有应命名的街路巷" in officer.reads("/inventory/ledgers?list=bare")


def test_a_file_has_chinese_headings_every_row_of_the_list_and_names_its_datum(world: World, office: Office):
    named = build_street(world, "甲村", ((0, 0), (200, 0)), surveyed_name="=东街")
    for n in range(1, 60):
        build_street(world, "甲村", ((0, 60 * n), (200, 60 * n)))
    other = build_street(world, "乙村", ((0, 0), (200, 0)), surveyed_name="=东街")
    officer = Person(office, Role.TOWN_OFFICER, "南镇")
    answer = officer.client.get("/inventory/ledgers.xlsx?list=repeated")
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    assert "%E5%A4%9A%E5%9C%B0%E9%87%8D%E5%90%8D" in answer.headers["content-disposition"]
    (heads, *rows), notes = sheets(answer.content)
    assert heads == (
        *("序号", "行政村", "乡镇（街道）", "街路巷", "原因", "涉及的其他街路巷", "长度（米）"),
        *("中点经度（CGCS2000）", "中点纬度（CGCS2000）", "应命名", "街路巷标识"),
    )
    assert {row[10] for row in rows} == {uid(world, named), uid(world, other)}
    own = next(row for row in rows if row[10] == uid(world, named))
    assert own[1:6] == ("甲村", "南镇", "=东街", "2 条街路巷同名", "=东街 (乙村)")
    ends = builders.around(world, "甲村", ((100, 0),))[0]
    assert (own[7], own[8]) == (pytest.approx(ends[0], abs=1e-5), pytest.approx(ends[1], abs=1e-5))
    assert own[6] == pytest.approx(200, abs=0.5)
    assert "EPSG:4490" in str(notes["坐标系"])
    assert "生成" in str(notes["备注"]), "lines that a demonstration made are called so"
    (_, *unnamed), told = sheets(officer.client.get("/inventory/ledgers.xlsx?list=unnamed").content)
    assert (len(unnamed), told["行数"]) == (59, 59)


@pytest.fixture(scope="module")
def in_two_towns(shared_world: World) -> World:
    """Streets of two counties that belong in every list."""
    for village in ("甲村", "丁村"):
        for metres, name in (
            (((0, 0), (200, 0)), "东街"),
            (((200, 0), (400, 0)), "西街"),
            (((0, 600), (200, 600)), "东街"),
        ):
            build_street(shared_world, village, metres, surveyed_name=name, in_scope=False)
        build_street(shared_world, village, ((400, 0), (600, 0)), in_scope=False)
    return shared_world


@pytest.mark.parametrize("ledger", LISTS)
def test_a_list_ends_at_the_territory_of_its_reader(in_two_towns: World, shared_office: Office, ledger: str):
    officer = Person(shared_office, Role.TOWN_OFFICER, "南镇")
    (_, *rows), _ = sheets(officer.client.get(f"/inventory/ledgers.xlsx?list={ledger}").content)
    assert "甲村" in {row[1] for row in rows}
    assert "丁村" not in str(rows)
    officer.reads(f"/inventory/ledgers?list={ledger}&in={uid_of(in_two_towns, '丁村')}", status=404)


def test_above_the_counties_a_county_is_asked_for(world: World, office: Office):
    build_street(world, "甲村", surveyed_name="东街")
    officer = Person(office, Role.CITY_OFFICER, "市")
    page = officer.reads("/inventory/ledgers?list=repeated")
    assert f"in={uid_of(world, '东县')}" in page
    assert "请选择一个县" in page
    assert officer.client.get("/inventory/ledgers.xlsx?list=repeated").status_code == 422
    assert "东街" in officer.reads("/inventory/ledgers?list=unsigned")


def test_who_reads_no_streets_gets_no_list_and_an_unknown_one_is_told(world: World, office: Office):
    for address in ("/inventory/ledgers", "/inventory/ledgers.xlsx"):
        assert Person(office, Role.SIGN_MAKER, "东县").client.get(address).status_code == 403
    Person(office, Role.TOWN_OFFICER, "南镇").reads("/inventory/ledgers?list=other", status=422)


def test_an_empty_list_says_what_to_do(world: World, office: Office):
    officer = Person(office, Role.TOWN_OFFICER, "南镇")
    for ledger in LISTS[:-1]:
        assert "没有街路巷列入此清单" in officer.reads(f"/inventory/ledgers?list={ledger}")
