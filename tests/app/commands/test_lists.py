"""`minglu register hand-in`: the same list as on the page, as the officer who answers for it."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from app.base.cluster import Cluster
from app.base.errors import Conflict, Invalid, MingluError, NotAllowed, NotFound
from app.base.models import Role
from app.base.settings import Settings
from app.commands import minglu
from gis.features import Verdict
from tests.app.builders import insert
from tests.app.commands.test_importing import counted, login, written
from tests.app.succession import CODES, DAY, HEADER, KEEPS, SOUTH, listing
from tests.world import World, end_world, make_world

TABLES = ("intake.edition", "intake.edition_row", "intake.change", "base.file", "intake.mapping")
LIST = "\n".join([HEADER, f"990102100200,甲村委会,{SOUTH}", f"990102100201,乙村,{SOUTH}", *KEEPS, f",无码村,{SOUTH}"])
UNTOLD = "编,叫法\n990102100200,甲村\n990102100201,乙新村\n990102101200,丙村\n"
COLUMNS = ["--column", "code=编", "--column", "name=叫法"]


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """The command finds this world, whose divisions have codes; the login of its city's officer."""
    monkeypatch.setenv("MINGLU_DATABASE_URL", world.settings.database_url)
    monkeypatch.setenv("MINGLU_STATE", str(world.settings.state))
    monkeypatch.setenv("MINGLU_FILES", world.settings.files)
    for place, code in CODES.items():
        given = {"system": "statistics", "edition": "2020", "code": code, "valid_from_on": "2020-01-01"}
        insert(world, "base.division_code", division_id=world.places[place], **given)
    return login(world, Role.CITY_OFFICER, "市")


def run(file: Path, officer: str, *more: str, place: str = "市", day: str = str(DAY)) -> Result:
    said = ["--as", officer, "--in", place, "--title", "2024", "--on", day]
    return CliRunner().invoke(minglu, ["register", "hand-in", str(file), *said, *more])


def refused(result: Result) -> MingluError:
    assert isinstance(result.exception, MingluError), (result.exception, result.output)
    return result.exception


def test_a_list_is_compared_with_its_counts_its_changes_and_its_rejected_rows(world: World, here: str, tmp_path: Path):
    back = tmp_path / "not" / "there" / "back.csv"
    done = run(written(tmp_path, LIST), here, "--rejected", str(back), "--source", "统计局")
    assert done.exception is None, done.exception
    assert "2024 (statistics): 5 rows: 4 accepted, 0 repaired, 0 duplicate, 1 rejected." in done.output
    assert "0 divisions founded," in done.output
    assert "  1 renamed, sure, open" in done.output
    assert "1 rejected rows are in" in done.output
    assert "无码村" in back.read_text(encoding="utf-8-sig")
    assert counted(world, *TABLES) == [1, 1, 1, 1, 0]
    with world.owner.connect() as connection:
        told = connection.exec_driver_sql(
            "SELECT DISTINCT p.login, e.via FROM history.entry e JOIN base.person p ON p.id = e.person_id"
            " WHERE e.subject = 'intake.edition'"
        ).all()
        assert connection.scalar(text("SELECT source FROM intake.edition WHERE file_id IS NOT NULL")) == "统计局"
    assert [tuple(row) for row in told] == [(here, "minglu register hand-in")]


def test_the_same_list_a_second_time_says_so_and_changes_nothing(world: World, here: str, tmp_path: Path):
    run(written(tmp_path, LIST), here)
    before = counted(world, *TABLES[:3])
    again = run(written(tmp_path, LIST), here)
    assert "The list was handed in before; nothing was changed." in again.output
    assert counted(world, *TABLES[:3]) == before


def test_columns_of_a_list_that_are_said_once_are_remembered(world: World, here: str, tmp_path: Path):
    file = written(tmp_path, UNTOLD)
    wrong = refused(run(file, here))
    assert isinstance(wrong, Invalid)
    assert "no columns of codes and names" in str(wrong)
    assert counted(world, *TABLES) == [0] * 5
    assert "3 accepted" in run(file, here, *COLUMNS).output
    assert counted(world, "intake.mapping") == [1]
    again = run(written(tmp_path, UNTOLD.replace("乙新村", "乙家村")), here)
    assert "3 accepted" in again.output, again.exception


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--column", "code=姓名"], "no column 姓名"),
        (["--column", "code=编"], "in which columns code and name stand"),
        (["--column", "code=编", "--column", "name=编"], "cannot stand in one column"),
        (["--column", "code=叫法", "--column", "name=编"], "not one of 12 digits"),
    ],
)
def test_columns_of_a_list_that_cannot_be_are_refused(
    world: World, here: str, tmp_path: Path, more: list[str], words: str
):
    assert words in str(refused(run(written(tmp_path, UNTOLD), here, *more)))
    assert counted(world, *TABLES) == [0] * 5


def test_a_file_that_is_not_there_or_no_table_is_told(world: World, here: str, tmp_path: Path):
    gone = run(tmp_path / "gone.csv", here)
    assert gone.exit_code == 2
    assert "does not exist" in gone.output
    assert isinstance(refused(run(written(tmp_path, b"\x00\x01\x02", "list.bin"), here)), Invalid)
    assert counted(world, *TABLES) == [0] * 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Give a FILE, or --packaged"),
        (["list.csv", "--packaged"], "Give a FILE, or --packaged"),
        (["list.csv"], "Say from which day the list holds"),
        (["list.csv", "--on", "2024-06-30", "--column", "编"], "is not FIELD=COLUMN"),
    ],
)
def test_wrong_use_is_told_before_anything_is_read(here: str, tmp_path: Path, arguments: list[str], words: str):
    file = str(written(tmp_path, LIST))
    given = [file if each == "list.csv" else each for each in arguments]
    done = CliRunner().invoke(minglu, ["register", "hand-in", *given, "--as", here, "--in", "市"])
    assert done.exit_code == 2
    assert words in done.output


def test_nobody_hands_in_a_list_that_their_role_or_territory_does_not_allow(world: World, here: str, tmp_path: Path):
    file = written(tmp_path, LIST)
    assert isinstance(refused(run(file, login(world, Role.AUDITOR, "市"))), NotAllowed)
    assert isinstance(refused(run(file, login(world, Role.TOWN_OFFICER, "南镇"), place="南镇")), NotAllowed)
    assert isinstance(refused(run(file, login(world, Role.COUNTY_OFFICER, "西县"), place="东县")), NotAllowed)
    assert isinstance(refused(run(file, here, place="无此地")), NotFound)
    assert isinstance(refused(run(file, "nobody")), NotFound)
    assert counted(world, *TABLES) == [0] * 5


def test_an_older_list_and_a_day_to_come_are_refused(world: World, here: str, tmp_path: Path):
    file = written(tmp_path, LIST)
    assert isinstance(refused(run(file, here, day="2019-06-30")), Conflict)
    assert "has not come" in str(refused(run(file, here, day="2999-01-01")))
    assert counted(world, *TABLES) == [0] * 5


def test_a_list_that_is_interrupted_leaves_nothing(world: World, here: str, tmp_path: Path):
    """Another intake holds the place: the command waits for it, and is told to stop (Ctrl-C)."""
    with world.owner.connect() as holding:
        key = "SELECT pg_advisory_xact_lock(hashtextextended('intake.edition', :id))"
        holding.execute(text(key), {"id": world.places["市"]})
        stopper = threading.Thread(target=interrupt_who_waits, args=(world,))
        stopper.start()
        done = run(written(tmp_path, LIST), here)
        stopper.join()
    assert done.exit_code == 1
    assert "Aborted" in done.output
    assert counted(world, *TABLES) == [0] * 5
    assert run(written(tmp_path, LIST), here).exit_code == 0


def interrupt_who_waits(world: World) -> None:
    """Send this process the signal of Ctrl-C once a statement of it waits for the lock."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with world.admin.connect() as connection:
        while not connection.scalar(waiting):
            connection.rollback()
    os.kill(os.getpid(), signal.SIGINT)


def test_the_ministrys_real_towns_come_in_by_the_command(world: World, here: str, tmp_path: Path, samples: Path):
    """What the ministry's file has of this city is nothing: every row lies outside, and the command says so."""
    file = samples / "dezhou_towns_mca_20251231.csv"
    assert "outside the territory" in str(refused(run(file, here, "--system", "ministry", day="2025-12-31")))
    assert counted(world, *TABLES) == [0] * 5


def test_an_empty_register_begins_with_its_city_and_any_year_s_first_list(
    cluster: Cluster, template: Settings, monkeypatch: pytest.MonkeyPatch
):
    made = make_world(cluster, template)
    try:
        with made.owner.begin() as connection:
            connection.execute(text("DELETE FROM base.division WHERE parent_id IS NOT NULL"))
            connection.execute(text("DELETE FROM base.division"))
        monkeypatch.setenv("MINGLU_DATABASE_URL", made.settings.database_url)
        monkeypatch.setenv("MINGLU_STATE", str(made.settings.state))
        monkeypatch.setenv("MINGLU_FILES", made.settings.files)
        found = ["register", "found", "德州市", "--code"]
        assert isinstance(CliRunner().invoke(minglu, [*found, "371481"]).exception, Invalid)
        assert CliRunner().invoke(minglu, [*found, "371400"]).exception is None
        again = CliRunner().invoke(minglu, ["register", "found", "济南市", "--code", "370100"])
        assert isinstance(again.exception, Conflict), "a tree stands already"
        said = ["--login", "city", "--name", "市", "--role", "city_officer", "--place", "德州市"]
        added = CliRunner().invoke(minglu, ["user", "add", *said, "--password", "minglu-demo-1"])
        assert added.exception is None, added.output
        file = made.settings.state / "2020.csv"
        ours, foreign = "371402001,新湖街道,371402,德城区", "110101001,东华门街道,110101,东城区"
        rows = [f"371402001001,尉署社区居委会,{ours}", f"110101001001,多福巷社区居委会,{foreign}"]
        file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
        done = run(file, "city", place="德州市", day="2020-06-30")
        assert done.exception is None, done.exception
        assert "2 rows: 1 accepted, 0 repaired, 0 duplicate, 1 rejected" in done.output
        assert "3 divisions founded" in done.output
    finally:
        end_world(made)


def test_rows_of_another_province_are_rejected_where_only_places_below_bear_codes(
    world: World, here: str, tmp_path: Path
):
    with world.owner.begin() as connection:
        connection.execute(text("DELETE FROM base.division_code WHERE code = :code"), {"code": CODES["市"]})
    done = run(written(tmp_path, f"{LIST}\n110101001001,多福巷社区居委会,110101001,东华门街道,110101,东城区"), here)
    assert done.exception is None, done.exception
    assert "6 rows: 4 accepted, 0 repaired, 0 duplicate, 2 rejected." in done.output


def test_a_list_for_a_city_without_any_code_is_of_the_city_that_most_rows_name():
    rows = [f"99010210020{n},{n}村委会,{SOUTH}" for n in range(3)]
    foreign = "110101001001,多福巷社区居委会,110101001,东华门街道,110101,东城区"
    found = listing("\n".join([HEADER, foreign, *rows]), within=None)
    assert (found.counts[Verdict.ACCEPTED], found.counts[Verdict.REJECTED]) == (3, 1)
    assert found.told[0].code == "110101001001"
