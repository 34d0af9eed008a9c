"""`minglu import`: the same intake as on the page, as the officer who answers for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.base.errors import Invalid, MingluError, NotAllowed, NotFound
from app.base.models import Role
from app.commands import minglu
from tests.app.pages import survey
from tests.world import World

SHEET = "点名,东,北,性质\n丁村供销社,116.3302,37.4005,商店\n坏点,东边,37.4,商店\n老井,116.3303,37.4002,水井\n"
COLUMNS = ["--column", "name=点名", "--column", "x=东", "--column", "y=北", "--column", "kind=性质"]


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


def test_a_file_comes_in_with_its_counts_streets_and_rejected_rows(world: World, here: str, tmp_path: Path):
    file, back = written(tmp_path, survey(broken=1), "survey.geojson"), tmp_path / "back.geojson"
    done = run(file, here, "--source", "测绘队", "--rejected", str(back))
    assert done.exception is None, done.exception
    assert "测绘队: 6 rows: " in done.output
    assert "1 rejected, 0 ignored (EPSG:4326)." in done.output
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
    ],
)
def test_columns_that_cannot_be_are_refused(here: str, tmp_path: Path, more: list[str], words: str):
    assert words in str(refused(run(written(tmp_path, SHEET), here, "--datum", "EPSG:4490", *more)))


def test_a_column_without_its_field_is_wrong_use(here: str, tmp_path: Path):
    done = run(written(tmp_path, SHEET), here, "--column", "点名")
    assert done.exit_code == 2
    assert "is not FIELD=COLUMN" in done.output


def test_nobody_takes_in_what_their_role_or_territory_does_not_allow(world: World, here: str, tmp_path: Path):
    file = written(tmp_path, survey(), "survey.geojson")
    assert isinstance(refused(run(file, login(world, Role.AUDITOR, "市"))), NotAllowed)
    assert isinstance(refused(run(file, here, place="南镇")), NotAllowed)
    assert isinstance(refused(run(file, "nobody")), NotFound)
    assert counted(world, "intake.intake", "base.file") == [0, 0]
