"""The page behind a code, scans, reports: as the public role and as the office."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.base.errors import Conflict, Invalid, NotAllowed, NotFound
from app.base.models import Role
from app.base.territory import is_demonstration
from app.scanning import queries, steps
from app.scanning.models import ReportKind, ReportState
from app.scanning.schemas import Said
from signs import codes
from tests.app.builders import build_sign, build_street, person, run
from tests.conftest import World


@pytest.fixture
def token(world: World) -> str:
    """The code of a standing sign in 甲村."""
    return build_sign(world, build_street(world, "甲村"), state="standing").token


def tell(world: World, token: str, words: str = "牌子倒了", *, contact: str = "", key: UUID | None = None):
    with world.public.nobody(via="test") as session:
        said = Said(ReportKind.DAMAGED, words, contact=contact, key=key)
        return steps.file_report(session, world.clock, token=token, said=said)


def test_the_public_reads_a_standing_signs_page_however_the_code_is_typed(world: World, token: str):
    for typed in (token, token.lower(), codes.grouped(token)):
        with world.public.nobody(via="test") as session:
            page = queries.page_of(session, typed)
        assert page is not None
        assert (page.words, page.latin_sign, page.village, page.town, page.county) == (
            *("明德路", "MINGDE LU", "甲村", "南镇"),
            "东县",
        )
        assert page.decision_number is not None
        assert page.code_state == "bound"


def test_a_forged_an_unknown_and_an_unpublished_code_show_nothing(world: World, token: str):
    planned = build_sign(world, build_street(world, "乙村")).token
    forged = token[:-1] + next(symbol for symbol in codes.ALPHABET if symbol != token[-1])
    unknown = codes.new_code()
    with world.public.nobody(via="test") as session:
        for wanted in (forged, unknown, planned, "", "'; DROP TABLE", "x" * 5000):
            assert queries.page_of(session, wanted) is None


def test_a_retired_name_is_still_told_with_its_end(world: World, token: str):
    run(world, "UPDATE naming.name SET retired_on = '2024-06-30'")
    with world.public.nobody(via="test") as session:
        page = queries.page_of(session, token)
    assert page is not None
    assert page.retired_on == date(2024, 6, 30)


def test_openings_are_counted_by_day_and_unknown_codes_are_not(world: World, token: str):
    for wanted in (token, token.lower(), codes.new_code(), "nothing"):
        with world.public.nobody(via="test") as session:
            steps.count_scan(session, world.clock, token=wanted)
    assert run(world, "SELECT sum(scans) FROM scanning.scan_count") == 2
    with world.office.acting(world.person(Role.TOWN_OFFICER, "南镇"), via="test") as session:
        (row,) = queries.scans(session, since=date(2024, 7, 1), until=date(2024, 7, 1))
        assert (row.village, row.name, row.scans) == ("甲村", "明德路", 2)
        assert queries.scans(session, since=date(2024, 6, 1), until=date(2024, 6, 30)) == []
    with world.office.acting(world.person(Role.TOWN_OFFICER, "北镇"), via="test") as session:
        assert queries.scans(session, since=date(2024, 7, 1), until=date(2024, 7, 1)) == []


def test_a_readers_report_reaches_the_territorys_officers_alone(world: World, token: str):
    made = tell(world, token, "  牌子倒了 ", contact="13800000000")
    with world.office.acting(world.person(Role.TOWN_OFFICER, "南镇"), via="test") as session:
        (row,) = queries.reports(session)
        assert (row.uid, row.words, row.kind, row.state, row.village) == (made, "牌子倒了", "damaged", "open", "甲村")
        assert row.contact_id is not None
        assert queries.report(session, made).reported_on == world.clock.today()
    with world.office.acting(world.person(Role.TOWN_OFFICER, "北镇"), via="test") as session:
        assert queries.reports(session) == []
        with pytest.raises(NotFound):
            queries.report(session, made)


def test_a_report_on_an_unknown_code_is_refused(world: World, token: str):
    with pytest.raises(NotFound):
        tell(world, codes.new_code())


@pytest.mark.parametrize("words", ["", "字" * 501])
def test_a_report_that_says_nothing_or_too_much_is_refused(world: World, token: str, words: str):
    with pytest.raises(Invalid):
        tell(world, token, words)
    assert run(world, "SELECT count(*) FROM scanning.report") == 0


def test_a_sign_takes_twenty_reports_a_day(world: World, token: str):
    for _ in range(20):
        tell(world, token)
    with pytest.raises(Conflict):
        tell(world, token)


def test_the_same_words_under_one_forms_key_are_one_report_and_other_words_another(world: World, token: str):
    with world.public.nobody(via="test") as session:
        key = queries.page_of(session, token).form_key
    once = tell(world, token, key=key)
    assert once == key
    assert tell(world, token, "牌子倒了 ", key=key) == once
    other, reachable = tell(world, token, "牌子又倒了", key=key), tell(world, token, contact="13800000000", key=key)
    with world.owner.connect() as connection:
        kept = connection.execute(text("SELECT uid, words, contact_id IS NULL FROM scanning.report ORDER BY id")).all()
    assert [tuple(row) for row in kept] == [
        (once, "牌子倒了", True),
        (other, "牌子又倒了", True),
        (reachable, "牌子倒了", False),
    ]
    assert len({once, other, reachable}) == 3


def test_an_officer_closes_a_report_with_an_answer_once(world: World, token: str):
    made = tell(world, token)
    officer = person(world, Role.TOWN_OFFICER, "南镇")
    with world.office.acting(officer.id, via="test") as session:
        report = queries.report(session, made)
        with pytest.raises(Invalid):
            steps.close_report(session, world.clock, officer, report=report, answer=" ")
    with world.office.acting(officer.id, via="test") as session:
        report = queries.report(session, made)
        steps.close_report(session, world.clock, officer, report=report, answer="已扶正")
        assert (report.state, report.closed_on, report.answer) == ("closed", world.clock.today(), "已扶正")
        with pytest.raises(Conflict):
            steps.close_report(session, world.clock, officer, report=report, answer="又扶正")
        assert queries.reports(session) == []
        assert len(queries.reports(session, state=ReportState.CLOSED)) == 1


def test_who_may_only_read_reports_closes_none(world: World, token: str):
    made = tell(world, token)
    inspector = person(world, Role.INSPECTOR, "东县")
    with world.office.acting(inspector.id, via="test") as session:
        report = queries.report(session, made)
        with pytest.raises(NotAllowed):
            steps.close_report(session, world.clock, inspector, report=report, answer="好")


def test_reports_are_listed_page_by_page_the_newest_first(world: World, token: str):
    made = [tell(world, token, f"第{n}") for n in range(5)]
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        first = queries.reports(session, most=3)
        rest = queries.reports(session, before=first[-1].id, most=3)
    assert [row.uid for row in first + rest] == made[::-1]


def test_the_public_reads_no_table(world: World, token: str):
    for table in ("printing.code", "planning.sign", "scanning.report", "naming.name"):
        with pytest.raises((NotAllowed, ProgrammingError)), world.public.nobody(via="test") as session:
            session.execute(text(f"SELECT * FROM {table}"))


def test_the_page_knows_whether_a_demonstration_made_the_database(world: World):
    with world.public.nobody(via="test") as session:
        assert is_demonstration(session) is False
