"""`minglu import`: the same intake as on the page, as the officer who answers for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result, _NamedTextIOWrapper

from app.base.errors import Invalid, MingluError, NotAllowed, NotFound
from app.base.models import Role
from app.commands import minglu
from gis.formats.columns import LEFT
from tests.app.pages import survey
from tests.world import World

SHEET = "点名,东,北,性质\n丁村供销社,116.3302,37.4005,商店\n坏点,东边,37.4,商店\n老井,116.3303,37.4002,水井\n"
COLUMNS = [
    "--column",
    "name=点名",
    "--column",
    "x=东",
    "--column",
    "y=北",
    "--column",
    "kind=性质",
    "--value",
    "水井=不要",
]


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """The command finds this world; the login of its county's officer."""
    monkeypatch.setenv("MINGLU_DATABASE_URL", world.settings.database_url)
    monkeypatch.setenv("MINGLU_STATE", str(world.settings.state))
    monkeypatch.setenv("MINGLU_FILES", world.settings.files)
    return login(world, Role.COUNTY_OFFICER, "西县")


def login(world: World, role: Role, place: str) -> str:
    person = world.person(role, place)
    with world.owner.connect() as connection:
        found = connection.exec_driver_sql("SELECT login FROM base.person WHERE id = %s", (person,))
        return str(found.scalar_one())


def run(file: Path, officer: str, *more: str, place: str = "中镇") -> Result:
    return CliRunner().invoke(minglu, ["import", str(file), "--as", officer, "--in", place, *more])


def refused(result: Result) -> MingluError:
    assert isinstance(result.exception, MingluError), result.exception
    return result.exception


def counted(world: World, *tables: str) -> list[int]:
    with world.owner.connect() as connection:
        return [connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables]


def written(folder: Path, data: str | bytes, name: str = "list.csv") -> Path:
    file = folder / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def test_a_second_survey_says_how_many_lines_were_added_to_streets_that_are_there(
    world: World, here: str, tmp_path: Path
):
    first = run(written(tmp_path, survey(), "first.geojson"), here, "--source", "测绘队")
    assert "run along streets" not in first.output
    again = run(written(tmp_path, survey(shift=0.00006), "again.geojson"), here, "--source", "复测")
    assert again.exception is None, again.exception
    assert re.search(
        r"0 streets were made; \d+ lines run along streets that are there and belong to them;", again.output
    )


def test_a_file_comes_in_with_its_counts_streets_and_rejected_rows(world: World, here: str, tmp_path: Path):
    file, back = written(tmp_path, survey(broken=1), "survey.geojson"), tmp_path / "back.geojson"
    done = run(file, here, "--source", "测绘队", "--rejected", str(back))
    assert done.exception is None, done.exception
    assert "测绘队: 6 rows: " in done.output
    assert "1 rejected, 0 ignored (EPSG:4326)." in done.output
    assert "EPSG:4326 is not confirmed: Nothing that the register knows tells" in done.output
    assert "3 streets were made" in done.output
    assert "1 rejected rows are in" in done.output
    assert "1160" in back.read_text()
    assert counted(world, "intake.intake", "inventory.street", "base.file") == [1, 3, 1]
    with world.owner.connect() as connection:
        who = connection.exec_driver_sql(
            "SELECT DISTINCT p.login, e.via FROM history.entry e JOIN base.person p ON p.id = e.person_id"
            " WHERE e.subject = 'intake.segment'"
        ).all()
    assert [tuple(row) for row in who] == [(here, "minglu import")]
    assert "No row was new; nothing was changed." in run(file, here).output


NOWHERE = "名称,类型,经度,纬度\n甲店,商店,,\n乙店,商店,abc,x\n"


def test_a_file_whose_rows_are_all_rejected_is_kept_with_their_reasons_and_nothing_else(
    world: World, here: str, tmp_path: Path
):
    file, back = written(tmp_path, NOWHERE, "shops.csv"), tmp_path / "back.csv"
    done = run(file, here, "--yes", "--rejected", str(back))
    assert done.exception is None, done.exception
    assert "2 rows: 0 accepted, 0 repaired, 0 duplicate, 2 rejected, 0 ignored" in done.output
    assert "No row of the file has coordinates that can be read" in done.output
    assert "rejected, 1, row 1: The row has no 经度" in done.output
    assert "rejected, 1, row 2: “abc” is no coordinate." in done.output
    assert "No row could be taken in; nothing was changed." in done.output
    assert back.read_text("utf-8-sig").count("商店") == 2
    tables = ("intake.intake", "intake.intake_row", "intake.facility", "intake.segment", "inventory.street")
    assert counted(world, *tables) == [1, 2, 0, 0, 0]


def test_a_preview_of_rows_without_readable_coordinates_says_so(here: str, tmp_path: Path):
    said = run(written(tmp_path, NOWHERE), here, "--preview").output
    assert "No row of the file has coordinates that can be read" in said
    assert "2 rejected" in said


def test_no_file_and_no_folder_is_made_where_no_row_was_rejected(here: str, tmp_path: Path):
    file = written(tmp_path, survey(), "survey.geojson")
    assert "No row was rejected." in run(file, here, "--rejected", str(tmp_path / "new" / "back.geojson")).output
    assert not (tmp_path / "new").exists()


def test_columns_that_are_said_once_are_remembered(world: World, here: str, tmp_path: Path):
    file = written(tmp_path, SHEET)
    told = refused(run(file, here, "--datum", "EPSG:4490"))
    assert isinstance(told, Invalid)
    assert "点名, 东, 北, 性质" in str(told)
    assert counted(world, "intake.intake", "base.file", "intake.mapping") == [0, 0, 0]
    done = run(file, here, "--datum", "EPSG:4490", *COLUMNS, "--rejected", str(tmp_path / "back.csv"))
    assert "3 rows: 1 accepted, 0 repaired, 0 duplicate, 1 rejected, 1 ignored" in done.output
    assert "坏点" in (tmp_path / "back.csv").read_text(encoding="utf-8-sig")
    again = run(written(tmp_path, SHEET.replace("37.4005", "37.4015")), here, "--datum", "EPSG:4490")
    assert "1 accepted" in again.output


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--column", "name=姓名"], "no column 姓名"),
        (["--column", "x=东"], "where the rows are"),
        (["--every", "井"], "Choose a value"),
        (["--value", "水井=井"], "“水井” cannot be “井”; choose one of 道路, 村"),
        (["--value", "村部=村委会"], "No column of list.csv is known to say what its rows are, it has 点名, 经度"),
    ],
)
def test_columns_and_values_that_cannot_be_are_refused(here: str, tmp_path: Path, more: list[str], words: str):
    placed = SHEET.replace("东,北", "经度,纬度") if "村部=村委会" in more else SHEET
    assert words in str(refused(run(written(tmp_path, placed), here, "--datum", "EPSG:4490", *more)))


def test_a_value_that_nobody_said_anything_about_stops_the_import_with_the_option_that_says_it(
    world: World, here: str, tmp_path: Path
):
    columns = COLUMNS[:-2]
    told = str(refused(run(written(tmp_path, SHEET), here, "--datum", "EPSG:4490", *columns)))
    assert "水井 (1)" in told
    assert "--value 水井=村委会 or 水井=不要" in told
    strange = run(written(tmp_path, SHEET), here, "--datum", "EPSG:4490", *columns, "--value", "村部=村委会")
    assert "The column 性质 has no value “村部”; it has 水井 (1), 商店 (2)." in str(refused(strange))
    assert counted(world, "intake.intake", "base.file", "intake.mapping") == [0, 0, 0]


def test_what_is_said_of_a_value_is_done_and_remembered(world: World, here: str, tmp_path: Path):
    said = ["--datum", "EPSG:4490", *COLUMNS[:-2], "--value", " 水 井=村委会"]
    assert (
        "2 accepted, 0 repaired, 0 duplicate, 1 rejected, 0 ignored"
        in run(written(tmp_path, SHEET), here, *said).output
    )
    with world.owner.connect() as connection:
        found = connection.exec_driver_sql("SELECT kind FROM intake.facility WHERE name = '老井'").scalars().all()
        assert found == ["committee"]
    again = written(tmp_path, SHEET.replace("37.400", "37.401"))
    assert "2 accepted" in run(again, here, "--datum", "EPSG:4490").output
    newer = written(tmp_path, SHEET.replace("37.400", "37.402").replace("水井", "水塔"))
    assert "水塔 (1)" in str(refused(run(newer, here, "--datum", "EPSG:4490")))
    more = run(newer, here, "--datum", "EPSG:4490", "--value", "水塔=不要")
    assert "1 accepted, 0 repaired, 0 duplicate, 1 rejected, 1 ignored" in more.output
    with world.owner.connect() as connection:
        kept = connection.exec_driver_sql("SELECT columns->'values' FROM intake.mapping").scalars().all()
        assert kept == [{"水井": "村委会", "水塔": "不要"}]
        reasons = connection.exec_driver_sql(
            "SELECT reason, values->>'value' FROM intake.intake_row WHERE verdict = 'ignored'"
        ).all()
    assert [tuple(row) for row in reasons] == [(LEFT, "水塔")]


def test_all_other_values_may_be_left_out_at_once_and_later(here: str, tmp_path: Path):
    said = ["--datum", "EPSG:4490", *COLUMNS[:-2], "--value", "*=不要"]
    assert (
        "1 accepted, 0 repaired, 0 duplicate, 1 rejected, 1 ignored"
        in run(written(tmp_path, SHEET), here, *said).output
    )
    newer = written(tmp_path, SHEET.replace("37.400", "37.402").replace("水井", "水塔"))
    assert "1 ignored" in run(newer, here, "--datum", "EPSG:4490").output


@pytest.mark.parametrize("value", ["水井", "水井=", "=村委会", "*=村委会"])
def test_a_value_without_its_kind_is_wrong_use(here: str, tmp_path: Path, value: str):
    done = run(written(tmp_path, SHEET), here, "--value", value)
    assert done.exit_code == 2
    assert "is not VALUE=KIND" in done.output


def test_a_column_without_its_field_is_wrong_use(here: str, tmp_path: Path):
    done = run(written(tmp_path, SHEET), here, "--column", "点名")
    assert done.exit_code == 2
    assert "is not FIELD=COLUMN" in done.output


def test_a_field_that_there_is_none_of_is_named_with_those_that_there_are(here: str, tmp_path: Path):
    done = run(written(tmp_path, SHEET), here, "--column", "nope=点名")
    assert done.exit_code == 2
    assert "there is no field “nope”; it is one of name, kind, code" in done.output


def test_nobody_takes_in_what_their_role_or_territory_does_not_allow(world: World, here: str, tmp_path: Path):
    file = written(tmp_path, survey(), "survey.geojson")
    assert isinstance(refused(run(file, login(world, Role.AUDITOR, "市"))), NotAllowed)
    assert isinstance(refused(run(file, here, place="南镇")), NotAllowed)
    assert isinstance(refused(run(file, "nobody")), NotFound)
    assert counted(world, "intake.intake", "base.file") == [0, 0]


PLAIN = "名称,经度,纬度,类型\n丁村供销社,116.3302,37.4005,商店\n坏点,东边,37.4,商店\n"


def test_a_preview_says_how_the_file_would_be_read_and_keeps_nothing(world: World, here: str, tmp_path: Path):
    tables = ("intake.intake", "intake.facility", "intake.mapping", "base.file")
    done = run(written(tmp_path, PLAIN), here, "--datum", "EPSG:4490", "--preview")
    assert done.exception is None, done.exception
    counts = "1 accepted, 0 repaired, 0 duplicate, 1 rejected, 0 ignored. Nothing was kept."
    columns = ("name = 名称", "x = 经度", "kind = 类型")
    for words in ("2 rows, in EPSG:4490", *columns, "丁村供销社", "“东边” is no coordinate", counts):
        assert words in done.output, done.output
    assert counted(world, *tables) == [0, 0, 0, 0]
    said = run(written(tmp_path, SHEET), here, "--datum", "EPSG:4490", *COLUMNS, "--preview")
    assert "name = 点名" in said.output
    assert "水井 is 不要" in said.output
    assert counted(world, *tables) == [0, 0, 0, 0]
    run(written(tmp_path, PLAIN), here, "--datum", "EPSG:4490", "--yes")
    again = run(written(tmp_path, PLAIN), here, "--datum", "EPSG:4490", "--preview").output
    assert "It would be 0 accepted, 0 repaired, 1 duplicate" in again
    assert [line.partition("→ ")[2].partition(" ")[0] for line in again.splitlines() if "→" in line] == [
        "duplicate",
        "rejected",
    ]


def test_a_table_that_nobody_explained_is_not_taken_in_from_a_pipe_without_a_yes(
    world: World, here: str, tmp_path: Path
):
    told = str(refused(run(written(tmp_path, PLAIN), here, "--datum", "EPSG:4490")))
    assert "name = 名称" in told
    assert "--preview; then go on with --yes" in told
    assert counted(world, "intake.intake", "base.file") == [0, 0]
    assert "1 accepted" in run(written(tmp_path, PLAIN), here, "--datum", "EPSG:4490", "--yes").output


@pytest.mark.parametrize(("answer", "kept"), [("y\n", 1), ("n\n", 0)])
def test_on_a_terminal_a_table_that_nobody_explained_is_asked_about(
    world: World, here: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, kept: int
):
    monkeypatch.setattr(_NamedTextIOWrapper, "isatty", lambda _: True)
    asked = ["import", str(written(tmp_path, PLAIN)), "--as", here, "--in", "中镇", "--datum", "EPSG:4490"]
    done = CliRunner().invoke(minglu, asked, input=answer)
    assert "Take it in so? [y/N]" in done.output
    assert counted(world, "intake.intake") == [kept]


def test_who_stops_an_import_is_told_that_nothing_was_kept(
    world: World, here: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.commands.kinds.derive", stopped)
    done = run(written(tmp_path, survey(), "survey.geojson"), here)
    assert done.exit_code != 0
    assert "Stopped: nothing of survey.geojson was kept." in done.output
    assert counted(world, "intake.intake", "intake.segment", "base.file") == [0, 0, 0]
