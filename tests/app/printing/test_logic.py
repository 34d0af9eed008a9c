"""Numbers, faces and the packing list."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO
from uuid import UUID

import pytest
from openpyxl import load_workbook

from app.base.errors import Conflict
from app.printing.logic import MANIFEST, Plate, check_registered, face_of, manifest, order_number
from signs import codes
from signs.designs import GROUND_RGB, Ground
from signs.drawing import Dot, Shape

TOKEN = codes.with_check("7K3M9QX")
HOST = "dm.dezhou.gov.cn"
PLATE = Plate(
    position=3,
    sign_uid=UUID("01900000-0000-7000-8000-000000000001"),
    token=TOKEN,
    words="明德路",
    latin="MINGDE LU",
    kind="street_plate",
    street_deg=90.0,
    facing_deg=0.0,
    along_deg=90.0,
    goes_on=True,
    goes_back=False,
    ground=None,
    village="甲村",
    town="南镇",
    registered=("明德路", "MINGDE LU", TOKEN),
)


def texts(plate: Plate) -> list[str]:
    return [run.text for run in face_of(plate, HOST).texts]


@pytest.mark.parametrize(
    ("last", "number"),
    [(None, "2024-东县-001"), ("2024-东县-009", "2024-东县-010"), ("2024-东县-999", "2024-东县-1000")],
)
def test_orders_are_numbered_by_year_and_place(last: str | None, number: str):
    assert order_number("东县", date(2024, 7, 1), last) == number


@pytest.mark.parametrize(
    ("bearing", "ground"), [(90, Ground.BLUE), (100, Ground.BLUE), (0, Ground.GREEN), (170, Ground.GREEN)]
)
def test_the_streets_bearing_chooses_the_colour(bearing: float, ground: Ground):
    assert face_of(replace(PLATE, street_deg=bearing), HOST).ground == GROUND_RGB[ground]


def test_a_colour_set_by_hand_decides_the_direction_words_too():
    plate = replace(PLATE, ground="green", along_deg=44.0, facing_deg=314.0)
    assert face_of(plate, HOST).ground == GROUND_RGB[Ground.GREEN]
    assert {"南", "北"} <= set(texts(plate))
    assert {"东", "西"} <= set(texts(PLATE))


@pytest.mark.parametrize(
    ("goes_on", "goes_back", "arrows", "dots"), [(True, False, 1, 1), (False, True, 1, 1), (True, True, 2, 0)]
)
def test_arrows_point_where_the_street_goes_on_and_dots_stand_where_it_ends(
    goes_on: bool, goes_back: bool, arrows: int, dots: int
):
    parts = face_of(replace(PLATE, goes_on=goes_on, goes_back=goes_back), HOST).parts
    assert sum(isinstance(part, Shape) for part in parts) == arrows
    assert sum(isinstance(part, Dot) for part in parts) == dots


def test_the_code_on_the_plate_is_the_signs_address():
    face = face_of(PLATE, HOST)
    assert face.symbol is not None
    assert face.symbol.text == f"HTTPS://DM.DEZHOU.GOV.CN/S/{TOKEN}"
    assert {"明德路", "MINGDE LU", codes.grouped(TOKEN)} <= set(texts(PLATE))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"words": "明\U0003ffff路"}, "U\\+3FFFF"),
        ({"words": "很" * 40 + "路"}, "longer plate"),
        ({"latin": "Míngdé Lù"}, "tone marks"),
        ({"token": "00000000"}, "not a sign code"),
    ],
)
def test_a_plate_that_cannot_be_made_is_named_with_the_reason(wrong: dict[str, str], said: str):
    with pytest.raises(Conflict, match=said) as refused:
        face_of(replace(PLATE, **wrong), HOST)  # type: ignore[arg-type]
    assert refused.value.values["position"] == 3


def test_a_host_that_fits_no_code_stops_the_order():
    with pytest.raises(Conflict, match="host"):
        face_of(PLATE, "明路.cn")


@pytest.mark.parametrize(
    ("registered", "said"),
    [
        (("", "", TOKEN), "not in force"),
        (("明德街", "MINGDE JIE", TOKEN), "MINGDE JIE"),
        (("明德路", "MINGDE LU", ""), "code"),
    ],
)
def test_a_plate_that_differs_from_the_registry_stops_the_order(registered: tuple[str, str, str], said: str):
    check_registered([PLATE])
    with pytest.raises(Conflict, match=said):
        check_registered([PLATE, replace(PLATE, registered=registered)])


def test_the_packing_list_has_a_row_a_plate_and_no_formula():
    book = load_workbook(BytesIO(manifest([PLATE, replace(PLATE, position=4, village="=1+1")], number="2024-东县-001")))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert rows[0] == MANIFEST
    assert rows[1] == (3, str(PLATE.sign_uid), TOKEN, "明德路", "MINGDE LU", "甲村", "南镇", "1500×400", "北")
    cell = book.worksheets[0]["F3"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    assert len(book.worksheets) == 1


def test_the_packing_list_of_a_demonstration_says_so_on_a_sheet_of_its_own():
    book = load_workbook(BytesIO(manifest([PLATE], number="2024-东县-001", demonstration=True)))
    assert book["说明"]["A1"].value == "演示数据"
    assert "并非实测" in str(book["说明"]["A2"].value)
