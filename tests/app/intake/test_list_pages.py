"""Handing a list in through the pages: queued, cancelled, asked about its columns, its rejected rows given back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from app.base.cluster import Cluster
from app.base.models import Role
from app.base.settings import Settings
from tests.app.builders import insert
from tests.app.builders import run as owned
from tests.app.intake.test_edition_pages import compared
from tests.app.pages import Person, hidden_in, uid_of, work_off
from tests.app.succession import HEADER, KEEPS, SOUTH, Scene, with_codes
from tests.app.web.conftest import Office
from tests.conftest import end_world, make_world
from tests.world import World

SAID = {"system": "statistics", "title": "2024", "in_force_on": "2024-06-30"}
#: Every way to be wrong, by line, and what the officer is told.
WRONG = {
    5: (",无码村委会,990102100,南镇,990102,东县", "缺少代码"),
    6: ("99010210020,短村委会,990102100,南镇,990102,东县", "代码不是 12 位"),
    7: ("880102100209,远村委会,880102100,远镇,880102,远县", "不在本名单所属区划之内"),
    8: ("990102100200,别名村委会,990102100,南镇,990102,东县", "名称不同"),
    9: ("990102100299,,990102100,南镇,990102,东县", "缺少名称"),
}
GOOD = [f"990102100200,甲村,{SOUTH}", f"990102100201,乙村,{SOUTH}", KEEPS[0]]
#: No column is called by a word that we know.
UNTOLD = "编,叫法,属于\n990102100200,甲村,990102100\n990102100201,乙新村,990102100\n990102101200,丙村,990102101\n"


@pytest.fixture(scope="module")
def begin() -> Callable[[World], Any]:
    return with_codes


@pytest.fixture
def officer(office: Office) -> Person:
    return Person(office, Role.CITY_OFFICER, "市")


def sent(officer: Person, data: str | bytes, name: str = "list.csv", **said: str) -> str:
    """Where a list that is handed in leads to."""
    raw = data.encode() if isinstance(data, str) else data
    return officer.goes("/intake/editions/new", files={"file": (name, raw, "text/csv")}, **{**SAID, **said})


def table(rows: list[str]) -> str:
    return "\n".join([HEADER, *rows])


def workbook_of(sheet: str) -> bytes:
    book = openpyxl.Workbook()
    for line in sheet.splitlines():
        book.active.append(line.split(","))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def counted(scene: Scene) -> dict[str, int]:
    """How many rows an edition has, by verdict."""
    with scene.world.owner.connect() as connection:
        found = connection.execute(
            text("SELECT rows, accepted, repaired, duplicate, rejected FROM intake.edition ORDER BY id DESC LIMIT 1")
        )
        return dict(found.mappings().one())


def editions(scene: Scene) -> int:
    return int(owned(scene.world, "SELECT count(*) FROM intake.edition"))


def test_a_list_is_compared_by_the_worker_with_a_bar_and_a_second_time_changes_nothing(
    scene: Scene, officer: Person
) -> None:
    run = sent(officer, table(GOOD))
    page = officer.reads(run)
    assert "区划名单比对" in officer.reads("/runs")
    assert f"/runs/{run.rpartition('/')[2]}/cancel" in page
    assert editions(scene) == 0, "nothing is compared within the request"
    edition = compared(officer, run)
    told = owned(scene.world, "SELECT done || '/' || total || ' ' || state FROM base.run ORDER BY id DESC LIMIT 1")
    assert told == "3/3 done"
    standing = scene.standing()
    assert compared(officer, sent(officer, table(list(reversed(GOOD))))) == edition
    assert "以前提交过" in officer.client.get(run).headers.get("location", "") + officer.reads(edition)
    after = scene.standing()
    assert {name for name in after if after[name] != standing[name]} <= {"base.file", "base.run"}
    shown = officer.reads(f"/runs/{run.rpartition('/')[2]}")
    assert edition in shown
    assert "待确认的变更" in shown


def test_a_run_that_is_delivered_twice_or_cancelled_leaves_one_edition_or_none(scene: Scene, officer: Person) -> None:
    run = sent(officer, table(GOOD))
    officer.sends(f"/runs/{run.rpartition('/')[2]}/cancel")
    work_off(scene.world, run.rpartition("/")[2])
    assert editions(scene) == 0
    page = officer.reads(run)
    assert "登记库没有改动" in page
    assert re.search(r"files/[0-9a-f-]{36}/columns", page), "the kept file can be taken up again"
    run = sent(officer, table(GOOD))
    work_off(scene.world, run.rpartition("/")[2])
    work_off(scene.world, run.rpartition("/")[2])
    assert editions(scene) == 1


def test_a_list_that_is_stopped_half_way_leaves_nothing(scene: Scene, officer: Person) -> None:
    """Somebody asks the run to stop as soon as it has told that rows are done."""
    run = sent(officer, table(GOOD)).rpartition("/")[2]
    owned(
        scene.world,
        "CREATE FUNCTION base.stops() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.cancel_asked := true; RETURN NEW; END $$;"
        " CREATE TRIGGER stops BEFORE UPDATE OF done ON base.run FOR EACH ROW WHEN (NEW.done > 0)"
        " EXECUTE FUNCTION base.stops(); SELECT 1",
    )
    before = scene.standing()
    work_off(scene.world, run)
    after = scene.standing()
    assert {name for name in after if after[name] != before[name]} == {"base.run"}
    assert owned(scene.world, "SELECT state FROM base.run WHERE uid = :uid", uid=run) == "cancelled"


def test_a_list_that_the_worker_refuses_says_why_in_the_readers_language(scene: Scene, officer: Person) -> None:
    compared(officer, sent(officer, table(GOOD), in_force_on="2024-07-01"))
    scene_codes = "UPDATE base.division_code SET valid_from_on = '2024-07-01' WHERE code = '990102100200'"
    owned(scene.world, f"{scene_codes} RETURNING 1")
    run = sent(officer, table([*GOOD, f"990102100202,戊村,{SOUTH}"]))
    work_off(scene.world, run.rpartition("/")[2])
    assert "不能再接更早的名单" in officer.reads(run)
    assert editions(scene) == 1


@pytest.mark.parametrize("name", ["list.csv", "list.xlsx"])
def test_rejected_rows_come_back_in_the_files_own_format_with_line_and_reason(
    scene: Scene, officer: Person, name: str
) -> None:
    sheet = table([*GOOD, *(row for row, _ in WRONG.values()), GOOD[0]])
    edition = compared(officer, sent(officer, workbook_of(sheet) if name.endswith("xlsx") else sheet, name=name))
    counts = counted(scene)
    assert counts == {"rows": 9, "accepted": 3, "repaired": 0, "duplicate": 1, "rejected": 5}
    assert counts["rows"] == sum(counts.values()) - counts["rows"]
    assert f'href="{edition}/rejected"' in officer.reads(edition)
    assert f'href="{edition}/rejected"' in officer.reads(f"{edition}/rows")
    answer = officer.client.get(f"{edition}/rejected")
    assert answer.status_code == 200
    assert f"rejected.{name.rpartition('.')[2]}" in answer.headers["content-disposition"]
    assert "no-store" in answer.headers["cache-control"]
    rows = (
        sheet_of(answer.content)
        if name.endswith("xlsx")
        else list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    )
    heads, *back = rows
    assert heads == [*HEADER.split(","), "行号", "原因", "字段"]
    assert [int(row[6]) for row in back] == list(WRONG)
    for row, (line, (given, words)) in zip(back, WRONG.items(), strict=True):
        assert [cell or "" for cell in row[:6]] == given.split(","), line
        assert words in row[7], line
    assert [row[8] for row in back] == ["code", "code", "code", "name", "name"]


def sheet_of(content: bytes) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [list(row) for row in book.active.iter_rows(values_only=True)]


def test_rejected_rows_that_were_mended_are_taken_when_they_are_handed_in_again(scene: Scene, officer: Person) -> None:
    edition = compared(officer, sent(officer, table([*GOOD[:2], f"99010210120,丙村,{SOUTH}", *GOOD[2:]])))
    back = (
        officer.client.get(f"{edition}/rejected").content.decode("utf-8-sig").replace("99010210120,", "990102100207,")
    )
    again = compared(officer, sent(officer, back, title="2024 补"))
    assert again != edition
    assert counted(scene)["accepted"] == 1


def choice(page: str) -> dict[str, str]:
    """What the columns page sends of what was said before."""
    form = re.search(r'action="/intake/editions/files/.*?</form>', page, re.DOTALL)
    assert form
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))


def test_columns_that_no_name_tells_are_asked_about_and_remembered_for_the_source(
    scene: Scene, officer: Person
) -> None:
    where = sent(officer, UNTOLD, source="民政局")
    assert re.match(r"/intake/editions/files/[0-9a-f-]{36}/columns\?in=", where)
    page = officer.reads(where)
    assert "请指明代码和名称各在哪一列" in page
    told = choice(page)
    assert (told["title"], told["source"]) == ("2024", "民政局")
    looked = officer.sends(where, status=200, **told, of_code="编", of_name="叫法", of_town_code="属于").text
    assert "村" in looked
    assert "被拒" not in looked
    run = officer.goes(where, **told, act="take", of_code="编", of_name="叫法", of_town_code="属于")
    edition = compared(officer, run)
    assert "乙新村" in officer.reads(edition)
    again = sent(officer, UNTOLD.replace("乙新村", "乙家村"), source="民政局", title="2025")
    assert again.startswith("/intake/editions/runs/"), "said once"
    compared(officer, again)
    kept = "SELECT columns FROM intake.edition ORDER BY id DESC LIMIT 1"
    assert owned(scene.world, kept) == {"code": "编", "name": "叫法", "town_code": "属于"}


@pytest.mark.parametrize(
    ("chosen", "field", "words"),
    [
        ({"of_code": "编"}, "of_name", "请指明代码和名称"),
        ({"of_code": "编", "of_name": "编"}, "of_name", "不能是同一列"),
        ({"of_code": "没有", "of_name": "叫法"}, "of_code", "没有"),
        ({"of_code": "叫法", "of_name": "编"}, "of_code", "代码不是 12 位"),
    ],
)
def test_a_choice_of_columns_that_cannot_be_is_told_at_its_field(
    scene: Scene, officer: Person, chosen: dict[str, str], field: str, words: str
) -> None:
    where = sent(officer, UNTOLD)
    answer = officer.sends(where, status=422, act="take", **choice(officer.reads(where)), **chosen)
    assert words in answer.text
    assert f'id="e-{field}"' in answer.text
    assert owned(scene.world, "SELECT count(*) FROM intake.mapping") == 0
    assert owned(scene.world, "SELECT count(*) FROM base.run") == 0


def test_a_list_of_which_no_row_has_a_code_is_asked_about_with_the_reason(officer: Person) -> None:
    where = sent(officer, "代码,名称,真代码\n1,甲村,990102100200\n2,乙村,990102100201\n")
    page = officer.reads(where)
    assert "代码不是 12 位" in page
    run = officer.goes(where, **choice(page), act="take", of_code="真代码", of_name="名称")
    assert compared(officer, run)


def test_a_large_list_is_looked_at_by_its_head_alone_and_compared_whole(
    scene: Scene, officer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.intake.views.lists.CHECKED_AT", 10)
    monkeypatch.setattr("gis.formats.sheets.HEAD_BYTES", 60)
    where = sent(officer, UNTOLD)
    page = officer.reads(where)
    assert "文件较大" in page
    assert "丙村" not in page
    compared(officer, officer.goes(where, **choice(page), act="take", of_code="编", of_name="叫法"))
    assert counted(scene)["accepted"] == 3


def test_what_columns_of_a_list_mean_says_nothing_of_a_survey_file_with_the_same(scene: Scene, officer: Person) -> None:
    where = sent(officer, UNTOLD)
    officer.goes(where, **choice(officer.reads(where)), act="take", of_code="编", of_name="叫法")
    file = {"file": ("survey.csv", UNTOLD.encode(), "text/csv")}
    asked = officer.goes(f"/intake/new?in={uid_of(scene.world, '市')}", files=file, datum="EPSG:4490")
    assert "/columns" in asked
    officer.reads(asked)


def test_the_list_that_ships_with_the_program_is_queued_too(scene: Scene, officer: Person) -> None:
    run = officer.goes("/intake/editions/new", packaged="yes")
    work_off(scene.world, run.rpartition("/")[2])
    assert owned(scene.world, "SELECT state FROM base.run") == "failed", "nothing of it lies in this city"
    assert editions(scene) == 0


def test_nobody_but_officers_of_the_territory_is_shown_the_file_or_its_columns(scene: Scene, officer: Person) -> None:
    where = sent(officer, UNTOLD)
    office = Office(scene.world, stations=True)
    for role in Role:
        answer = office.signed_in(role, "西县").get(where)
        assert answer.status_code in {403, 404}, role
        assert "叫法" not in answer.text, role
    Person(office, Role.AUDITOR, "市").reads(where, status=403)
    office.close()


@pytest.fixture
def city(cluster: Cluster, template: Settings) -> Iterator[Person]:
    """The officer of a city that has its code and nothing below it."""
    world = make_world(cluster, template)
    owned(world, "DELETE FROM base.division WHERE parent_id IS NOT NULL")
    given = {"system": "statistics", "edition": "2020", "code": "371400", "valid_from_on": "2020-01-01"}
    insert(world, "base.division_code", division_id=world.places["市"], **given)
    office = Office(world, stations=True)
    yield Person(office, Role.CITY_OFFICER, "市")
    office.close()
    end_world(world)


def test_the_ministrys_real_lists_come_in_through_the_page_by_names_and_never_by_codes(
    city: Person, samples: Path
) -> None:
    """Towns of both systems; the same nine digits are another town in the other."""
    statistics = (samples / "dezhou_villages.csv").read_bytes()
    compared(city, sent(city, statistics, title="2023", in_force_on="2023-06-30"))
    ministry = {"system": "ministry", "title": "2025", "in_force_on": "2024-01-01", "source": "民政部"}
    url = compared(city, sent(city, (samples / "dezhou_towns_mca_20251231.csv").read_bytes(), **ministry))
    page = city.reads(url)
    sure = hidden_in(page, f"{url}/sure")
    assert city.goes(f"{url}/sure", **sure) == url
    with city.world.owner.connect() as connection:
        kinds = connection.execute(
            text(
                "SELECT c.kind, c.certainty, c.state, count(*) FROM intake.change c JOIN intake.edition e"
                " ON e.id = c.edition_id WHERE e.system = 'ministry' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
            )
        ).all()
        named = connection.execute(
            text(
                "SELECT c.system, d.name FROM base.division_code c JOIN base.division d ON d.id = c.division_id"
                " WHERE c.code = '371424001' AND c.valid_to_on IS NULL ORDER BY c.system"
            )
        ).all()
        zone = connection.execute(
            text(
                "SELECT count(*) FROM base.division_code c JOIN base.division d ON d.id = c.division_id"
                " WHERE d.kind = 'zone' AND c.system = 'ministry'"
            )
        ).scalar_one()
    assert [tuple(row) for row in kinds] == [
        ("recoded", "likely", "open", 5),  # towns of the zone, which the ministry has in a county
        ("recoded", "open", "open", 1),  # 孔镇, which the ministry calls 孔镇镇
        ("recoded", "sure", "confirmed", 139),
    ]
    assert zone == 0, "the zone is in the statistics alone"
    assert [tuple(row) for row in named] == [("ministry", "临盘街道"), ("statistics", "邢侗街道")]
    assert "371424001" in city.reads("/search?q=371424001")


def test_the_ministrys_real_list_of_the_countrys_counties_is_read_as_far_as_it_is_of_this_city(
    city: Person, samples: Path
) -> None:
    compared(city, sent(city, (samples / "dezhou_villages.csv").read_bytes(), title="2023", in_force_on="2023-06-30"))
    ministry = {"system": "ministry", "title": "2025", "in_force_on": "2024-01-01"}
    url = compared(city, sent(city, (samples / "names" / "china_counties_20251231.csv").read_bytes(), **ministry))
    verdicts = "SELECT rows || ' ' || accepted || ' ' || rejected FROM intake.edition ORDER BY id DESC LIMIT 1"
    assert owned(city.world, verdicts) == "2845 11 2834"
    page = city.reads(url)
    assert "陵城区" in page
    back = city.client.get(f"{url}/rejected").content.decode("utf-8-sig")
    assert len(back.splitlines()) == 2834 + 1
    assert "110101,东城区,市辖区,2,代码不在本名单所属区划之内。,code" in back
