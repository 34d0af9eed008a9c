"""Orders: drawn up, printed, read back, released; and who may."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from random import Random

import pypdfium2
import pytest
import zxingcpp
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.base.errors import Conflict, Invalid, NotAllowed, NotFound
from app.base.files import LocalStore
from app.base.models import File, Role
from app.milestones.models import Batch
from app.planning.models import Sign, SignState
from app.printing import logic, queries, steps
from app.printing.models import Code, Order, OrderLine, OrderState
from signs import codes
from tests.app.builders import (
    NAMES,
    build_batch,
    build_name,
    build_sign,
    build_street,
    division,
    person,
    person_row,
    run,
)
from tests.conftest import World

HOST = "dm.dezhou.gov.cn"


def draw_up(
    world: World,
    place: str = "东县",
    *,
    role: Role = Role.COUNTY_OFFICER,
    at: str = "东县",
    batch: int | None = None,
    maker: Role | None = Role.SIGN_MAKER,
) -> Order:
    actor = person(world, role, at)
    made_by = None if maker is None else person(world, maker, at)
    with world.office.acting(actor.id, via="test") as session:
        return steps.draw_up(
            session,
            world.clock,
            actor,
            division=division(session, world, place),
            batch=None if batch is None else session.get_one(Batch, batch),
            maker=None if made_by is None else person_row(session, made_by),
        )


def release(world: World, folder: Path, order: Order, *, role: Role = Role.COUNTY_OFFICER, host: str = HOST) -> Order:
    actor = person(world, role, "东县")
    with world.office.acting(actor.id, via="test") as session:
        mine = session.get_one(Order, order.id)
        return steps.release(session, world.clock, actor, LocalStore(folder), order=mine, code_host=host)


def name_maker(world: World, order: Order, *, by: Role = Role.SIGN_MAKER) -> Order:
    actor, maker = person(world, Role.COUNTY_OFFICER, "东县"), person(world, by, "东县")
    with world.office.acting(actor.id, via="test") as session:
        return steps.name_maker(session, order=session.get_one(Order, order.id), maker=person_row(session, maker))


@pytest.fixture(scope="module")
def begin() -> Callable[[World], None]:
    return with_signs


def with_signs(world: World) -> None:
    """Planned signs: two streets in 甲村, one in 乙村, one in 丁村 of the other county."""
    for village, metres, name in (
        ("甲村", [(0, 0), (200, 0)], NAMES[0]),
        ("甲村", [(0, 0), (0, 200)], NAMES[2]),
        ("乙村", [(0, 0), (200, 10)], NAMES[3]),
        ("丁村", [(0, 0), (200, 0)], NAMES[1]),
    ):
        street = build_street(world, village, metres)
        build_name(world, street, name)
        build_sign(world, street, bound=False)


@pytest.fixture
def planned(world: World) -> World:
    """The world with its planned signs."""
    return world


def test_an_order_takes_all_planned_signs_of_its_place_with_a_code_each(planned: World):
    order = draw_up(planned, maker=Role.SIGN_MAKER)
    assert (order.number, order.state, order.ordered_on) == ("2024-东县-001", "draft", planned.clock.today())
    with planned.office.acting(planned.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        lines = queries.lines(session, order=order)
        assert [line.position for line in lines] == [1, 2, 3]
        assert {line.words for line in lines} == {"明德路", "槐树巷", "吕家胡同"}
        assert {line.latin for line in lines} == {"MINGDE LU", "HUAISHU XIANG", "LÜJIA HUTONG"}
        assert len({line.token for line in lines}) == 3
        assert set(session.scalars(select(Sign.state))) == {SignState.ORDERED.value}
        (row,) = queries.orders(session)
        assert (row.number, row.place, row.plates) == ("2024-东县-001", "东县", 3)
        assert [line.position for line in queries.lines(session, order=order, after=2)] == [3]
    assert run(planned, "SELECT state FROM planning.sign WHERE division_id = :d", d=planned.places["丁村"]) == "planned"


def test_numbers_run_on_by_county_and_year_and_by_batch(planned: World):
    batch = build_batch(planned, ["乙村"])
    assert draw_up(planned, batch=batch).number == "2024-东县-001"
    assert run(planned, "SELECT count(*) FROM printing.order_line") == 1
    assert draw_up(planned, "南镇", role=Role.CITY_OFFICER, at="市").number == "2024-东县-002"
    assert draw_up(planned, "市", role=Role.CITY_OFFICER, at="市").number == "2024-市-001"


def test_a_sign_is_ordered_once(planned: World):
    draw_up(planned)
    with pytest.raises(Conflict, match="no planned sign"):
        draw_up(planned)
    assert run(planned, "SELECT count(*) FROM printing.order") == 1


def test_a_sign_keeps_the_code_it_has(world: World):
    kept = build_sign(world, build_street(world, "丙村"))
    draw_up(world, "北镇")
    assert run(world, "SELECT code_id FROM printing.order_line") == kept.code_id
    assert run(world, "SELECT count(*) FROM printing.code") == 1


def test_a_name_that_is_retired_or_not_in_force_yet_is_not_printed(planned: World):
    run(planned, "UPDATE naming.name SET retired_on = '2024-06-30' WHERE words = '明德路'")
    run(planned, "UPDATE naming.name SET in_force_on = '2024-08-01' WHERE words = '槐树巷'")
    order = draw_up(planned)
    with planned.office.acting(planned.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        assert [line.words for line in queries.lines(session, order=order)] == ["吕家胡同"]


@pytest.mark.parametrize(
    ("role", "at"),
    [
        (Role.TOWN_OFFICER, "南镇"),
        (Role.SIGN_MAKER, "东县"),
        (Role.AUDITOR, "市"),
        (Role.ADMINISTRATOR, "市"),
        (Role.COUNTY_OFFICER, "西县"),
    ],
)
def test_orders_are_refused_to_other_roles_and_in_foreign_territory(shared_world: World, role: Role, at: str):
    with pytest.raises(NotAllowed):
        draw_up(shared_world, "南镇", role=role, at=at, maker=None)
    assert run(shared_world, "SELECT count(*) FROM planning.sign WHERE state = 'planned'") == 4


def test_a_person_who_makes_no_signs_gets_no_order(shared_world: World):
    with pytest.raises(Invalid, match="not a sign maker"):
        draw_up(shared_world, maker=Role.CREW)


def test_a_token_that_is_taken_anywhere_is_drawn_anew(planned: World):
    taken = draw_up(planned, "丁村", role=Role.COUNTY_OFFICER, at="西县")
    assert taken
    with planned.owner.begin() as connection:
        connection.exec_driver_sql("UPDATE printing.code SET token = %s", (first_token(1),))
    with planned.office.acting(planned.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        signs = queries.signs_to_order(session, planned.clock, division=division(session, planned, "东县"), batch=None)
        steps.bind_codes(session, planned.clock, signs=signs, source=repeatable(1))
        tokens = set(session.scalars(select(Code.token)))
    assert len(tokens) == 3
    assert first_token(1) not in tokens


def repeatable(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same tokens in every run


def first_token(seed: int) -> str:
    return codes.new_code(repeatable(seed))


def test_two_orders_that_draw_the_same_token_in_the_same_moment_both_get_codes(planned: World):
    """Neither sees the other's uncommitted code; the second waits, is refused by the constraint and draws again."""
    drawn, made = threading.Barrier(2, timeout=30), []

    def bind(county: str) -> None:
        with planned.office.acting(planned.person(Role.COUNTY_OFFICER, county), via="test") as session:
            place = division(session, planned, county)
            signs = queries.signs_to_order(session, planned.clock, division=place, batch=None)[:1]
            drawn.wait()
            made.append(steps.bind_codes(session, planned.clock, signs=signs, source=repeatable(7)))

    for county in ("东县", "西县"):
        planned.person(Role.COUNTY_OFFICER, county)
    threads = [threading.Thread(target=bind, args=(county,)) for county in ("东县", "西县")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(found) for found in made] == [1, 1]
    assert run(planned, "SELECT count(DISTINCT token) FROM printing.code") == 2


def test_a_released_order_has_been_read_back_and_keeps_both_files(planned: World, tmp_path: Path):
    order = release(planned, tmp_path, draw_up(planned, maker=Role.SIGN_MAKER))
    assert (order.state, order.released_on) == (OrderState.RELEASED.value, planned.clock.today())
    with planned.office.acting(planned.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        files = {file.id: file for file in session.scalars(select(File))}
        assert order.file_id is not None
        assert order.manifest_id is not None
        assert files[order.file_id].media_type == "application/pdf"
        assert files[order.manifest_id].name == "2024-东县-001.xlsx"
        tokens = [line.token for line in queries.lines(session, order=order)]
        pdf = steps.print_file(session, order, code_host=HOST)
        sheet = load_workbook(BytesIO(steps.manifest_file(session, order))).worksheets[0]
    assert [row[2] for row in sheet.iter_rows(min_row=2, values_only=True)] == tokens
    assert files[order.file_id].bytes == len(pdf), "the same order gives the same file"
    with pypdfium2.PdfDocument(pdf) as document:
        picture = document[0].render(scale=0.6).to_pil()
        assert [code.text for code in zxingcpp.read_barcodes(picture)] == [f"HTTPS://DM.DEZHOU.GOV.CN/S/{tokens[0]}"]


def test_an_order_is_released_once(planned: World, tmp_path: Path):
    order = release(planned, tmp_path, draw_up(planned))
    with pytest.raises(Conflict, match="was released on 2024-07-01"):
        release(planned, tmp_path, order)


def test_an_order_without_a_maker_is_not_released_until_one_is_named(planned: World, tmp_path: Path):
    order = draw_up(planned, maker=None)
    with pytest.raises(Conflict, match=r"no maker, .* Name the maker first"):
        release(planned, tmp_path, order)
    with pytest.raises(IntegrityError, match="ck_order_maker"):
        run(
            planned,
            "UPDATE printing.order SET state = 'released', released_on = ordered_on, file_id = 1, manifest_id = 1",
        )
    name_maker(planned, order)
    assert release(planned, tmp_path, order).state == OrderState.RELEASED.value
    assert run(planned, "SELECT count(*) FROM printing.order_line WHERE maker_id IS NULL") == 0
    with pytest.raises(Conflict, match="its maker has it already"):
        name_maker(planned, order)


def test_a_maker_who_works_no_more_stops_the_release_and_another_is_named(planned: World, tmp_path: Path):
    order = draw_up(planned)
    run(planned, "UPDATE base.person SET active = false WHERE id = :id RETURNING 1", id=order.maker_id)
    with pytest.raises(Conflict, match="works no more"):
        release(planned, tmp_path, order)
    with pytest.raises(Invalid, match="not a sign maker"):
        name_maker(planned, order, by=Role.CREW)


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.AUDITOR])
def test_who_may_only_read_orders_names_no_maker(planned: World, role: Role):
    order, actor = draw_up(planned, maker=None), person(planned, role, "东县")
    with planned.office.acting(actor.id, via="test") as session, pytest.raises(NotAllowed):
        steps.name_maker(session, order=session.get_one(Order, order.id), maker=person_row(session, actor))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("UPDATE naming.name SET retired_on = '2024-07-01' WHERE words = '槐树巷'", "not in force"),
        ("UPDATE printing.order_line SET words = '槐树街' WHERE words = '槐树巷'", "registry says 槐树巷"),
        ("UPDATE printing.order_line SET latin = 'HUAISHUXIANG' WHERE words = '槐树巷'", "HUAISHU XIANG"),
        ("UPDATE printing.code SET state = 'retired', retired_on = '2024-07-01'", "code"),
    ],
)
def test_a_plate_that_differs_from_the_registry_stops_the_release(
    planned: World, tmp_path: Path, spoil: str, said: str
):
    order = draw_up(planned)
    run(planned, spoil)
    with pytest.raises(Conflict, match=said) as refused:
        release(planned, tmp_path, order)
    assert refused.value.values["position"]
    assert run(planned, "SELECT state FROM printing.order") == "draft"
    assert run(planned, "SELECT count(*) FROM base.file") == 0


def test_a_plate_that_is_not_printed_yet_takes_the_name_that_replaces_its_own(planned: World, tmp_path: Path):
    order = draw_up(planned)
    street = run(planned, "SELECT street_id FROM naming.name WHERE words = '明德路'")
    run(planned, "UPDATE naming.name SET retired_on = current_date WHERE words = '明德路' RETURNING 1")
    build_name(planned, street, NAMES[1])
    assert run(planned, "SELECT count(*) FROM printing.order_line WHERE words = '明德路'") == 0
    assert release(planned, tmp_path, order).state == "released"
    with planned.office.acting(planned.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        assert NAMES[1].words in {line.words for line in queries.lines(session, order=order)}
    run(planned, "UPDATE naming.name SET retired_on = current_date WHERE street_id = :id RETURNING 1", id=street)
    build_name(planned, street, NAMES[0])
    printed = run(planned, "SELECT count(*) FROM printing.order_line WHERE words = :words", words=NAMES[1].words)
    assert printed == 1, "what is printed says what it says"


def test_a_host_that_no_code_can_bear_stops_the_release(planned: World, tmp_path: Path):
    with pytest.raises(Conflict, match="host"):
        release(planned, tmp_path, draw_up(planned), host="明路.中国")


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.AUDITOR])
def test_who_may_only_read_orders_releases_none(planned: World, tmp_path: Path, role: Role):
    with pytest.raises(NotAllowed):
        release(planned, tmp_path, draw_up(planned), role=role)


def test_a_maker_sees_the_own_released_order_and_its_files_and_no_other(planned: World, tmp_path: Path):
    mine = draw_up(planned, "甲村", maker=Role.SIGN_MAKER)
    other = release(planned, tmp_path, draw_up(planned, "乙村", role=Role.CITY_OFFICER, at="市"))
    maker, stranger = person(planned, Role.SIGN_MAKER, "东县"), person(planned, Role.SIGN_MAKER, "西县")
    with planned.office.acting(maker.id, via="test") as session:
        assert queries.orders(session) == []
        with pytest.raises(NotFound):
            queries.order(session, mine.uid)
    mine = release(planned, tmp_path, mine)
    with planned.office.acting(maker.id, via="test") as session:
        assert [row.number for row in queries.orders(session)] == [mine.number]
        assert [line.words for line in queries.lines(session, order=mine)] == ["明德路", "槐树巷"]
        assert set(session.scalars(select(File.id))) == {mine.file_id, mine.manifest_id}
        with pytest.raises(NotFound):
            queries.order(session, other.uid)
    with planned.office.acting(stranger.id, via="test") as session:
        assert queries.orders(session) == []
        assert session.scalars(select(OrderLine.id)).all() == []
        assert session.scalars(select(File.id)).all() == []


def test_a_page_that_reads_back_otherwise_is_named(planned: World):
    """The file of one order held against another's plates: what a mix-up at the maker's would look like."""
    order = draw_up(planned)
    with planned.office.acting(planned.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        plates = queries.plates(session, order=order)
        faces = [logic.face_of(plate, HOST) for plate in plates]
        printed = steps.print_file(session, order, code_host=HOST)
    steps._check_printed(plates, printed, faces)
    with pytest.raises(Conflict, match=r"Plate 1 .*code \(ZXing\), code \(OpenCV\)"):
        steps._check_printed(plates, printed, [faces[1], faces[0], faces[2]])


def test_an_order_without_plates_is_not_printed(planned: World, tmp_path: Path):
    order = draw_up(planned)
    run(planned, "DELETE FROM printing.order_line")
    with pytest.raises(Conflict, match="no plates"):
        release(planned, tmp_path, order)
    assert date(2024, 7, 1) == planned.clock.today()
