"""Faces: their layout, their picture on the screen, and what is refused."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signs import codes, designs, drawing, fonts, qr, rendering
from signs.designs import KINDS, Ground, Mark, Side
from signs.drawing import Dot, Frame, Modules, Rect, Shape, TextRun

SYMBOL = qr.symbol_for("dm.dezhou.gov.cn", codes.new_code(random.Random(5)))  # noqa: S311 - repeatable on purpose
WORDS = rendering.Words("榠樝路", "MINGZHA LU", Side("西", Mark.DOT), Side("东", Mark.ARROW))
COMMON = "东西南北中大小上下前后街路巷胡同家庄村桥河王李张刘陈杨赵吕解放朝阳榠樝疃埝垡洼"


def face(kind: str = "street_plate", words: rendering.Words = WORDS, **options) -> drawing.Face:
    return rendering.face_of(KINDS[kind], words, **{"symbol": SYMBOL, "ground": Ground.BLUE, **options})


def extent(part: drawing.Primitive) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what a part covers, in mm."""
    match part:
        case Rect() | Frame():
            return part.x_mm, part.y_mm, part.x_mm + part.width_mm, part.y_mm + part.height_mm
        case TextRun():
            bottom, top = fonts.PLATE_FONT.ink_em(part.text)
            above, below = part.baseline_mm - top * part.size_mm, part.baseline_mm - bottom * part.size_mm
            return part.left_mm, above, part.left_mm + part.width_mm, below
        case Shape():
            xs, ys = zip(*part.points_mm, strict=True)
            return min(xs), min(ys), max(xs), max(ys)
        case Dot():
            return (
                part.x_mm - part.radius_mm,
                part.y_mm - part.radius_mm,
                part.x_mm + part.radius_mm,
                part.y_mm + part.radius_mm,
            )
        case Modules():
            side = part.module_mm * part.symbol.modules
            return part.x_mm, part.y_mm, part.x_mm + side, part.y_mm + side


def apart(one: drawing.Primitive, other: drawing.Primitive) -> bool:
    a, b = extent(one), extent(other)
    gap = -1e-6
    return a[2] - b[0] < -gap or b[2] - a[0] < -gap or a[3] - b[1] < -gap or b[3] - a[1] < -gap


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(KINDS)),
    st.text(COMMON, min_size=2, max_size=9),
    st.sampled_from([None, SYMBOL]),
    st.sampled_from(Mark),
)
def test_whatever_the_name_nothing_overlaps_and_all_stays_inside_the_line(kind, hanzi, symbol, mark):
    words = rendering.Words(hanzi, "ZHUANG" * (len(hanzi) // 2) + " LU", Side("北", mark), Side("南", mark))
    made = face(kind, words, symbol=symbol)
    line, *parts = made.parts
    inside = extent(line)
    for part in parts:
        left, top, right, bottom = extent(part)
        assert inside[0] < left
        assert inside[1] < top
        assert right < inside[2]
        assert bottom < inside[3]
    solid = [part for part in parts if not isinstance(part, Rect | Modules)]
    for index, part in enumerate(solid):
        assert all(apart(part, other) for other in solid[index + 1 :])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_code_has_its_full_width_and_four_white_modules_around(kind):
    made = face(kind)
    field = next(part for part in made.parts if isinstance(part, Rect))
    modules = next(part for part in made.parts if isinstance(part, Modules))
    quiet = 4 * modules.module_mm
    side = modules.module_mm * modules.symbol.modules
    assert field.fill == designs.WHITE
    assert side + 2 * quiet == pytest.approx(KINDS[kind].qr_mm)
    assert modules.x_mm - quiet == pytest.approx(field.x_mm)
    assert modules.y_mm - quiet == pytest.approx(field.y_mm)
    captions = [run for run in made.texts if run.fill == designs.BLACK]
    assert [run.text for run in captions] == list(SYMBOL.caption)
    assert all(extent(run)[1] >= modules.y_mm + side + quiet for run in captions)


def test_hanzi_stand_in_the_upper_three_fifths_and_pinyin_in_the_lower_two():
    made = face()
    hanzi, pinyin = made.texts[-2:]
    _left, top, _right, bottom = extent(made.parts[0])
    border = top + 0.6 * (bottom - top)
    assert extent(hanzi)[3] < border < extent(pinyin)[1]
    assert hanzi.size_mm > 1.4 * pinyin.size_mm


def test_the_sides_show_their_words_with_arrow_and_dot_on_the_right_hand():
    made = face()
    middle = made.texts[-2].centre_mm
    west, east = (next(run for run in made.texts if run.text == word) for word in "西东")
    assert west.centre_mm < middle < east.centre_mm
    dot = next(part for part in made.parts if isinstance(part, Dot))
    arrow = next(part for part in made.parts if isinstance(part, Shape))
    assert dot.x_mm == pytest.approx(west.centre_mm)
    assert max(arrow.points_mm)[1] == pytest.approx(dot.y_mm)  # its tip points right, at the height of the dot


def test_a_left_arrow_is_the_right_arrow_in_a_mirror():
    sides = Side("西", Mark.ARROW), Side("东", Mark.ARROW)
    left, right = (
        part for part in face(words=rendering.Words("前街", "QIANJIE", *sides)).parts if isinstance(part, Shape)
    )
    assert min(left.points_mm)[1] == pytest.approx(left.points_mm[0][1])
    assert min(x for x, _ in left.points_mm) == left.points_mm[0][0]
    assert max(x for x, _ in right.points_mm) == right.points_mm[0][0]


def test_a_long_name_is_set_smaller_and_a_short_one_wider_apart():
    sides = WORDS.left, WORDS.right
    runs = [face(words=rendering.Words("前" * count, "LU", *sides)).texts[-2] for count in range(2, 10)]
    assert runs[0].size_mm == runs[1].size_mm > runs[-1].size_mm
    for shorter, longer in itertools.pairwise(runs):
        assert shorter.size_mm >= longer.size_mm
        assert shorter.spacing_mm >= longer.spacing_mm - 1e-9


def test_the_kind_of_a_village_plate_brings_its_own_colour():
    assert face("village_plate", ground=Ground.GREEN).ground == designs.GROUND_RGB[Ground.BLUE]
    assert face(ground=Ground.GREEN).ground == designs.GROUND_RGB[Ground.GREEN]


def test_a_street_plate_without_a_colour_is_refused():
    with pytest.raises(designs.DesignError, match="blue or green"):
        face(ground=None)


@pytest.mark.parametrize(
    ("hanzi", "pinyin"),
    [
        ("", "LU"),
        ("前 街", "QIANJIE"),
        ("前街", ""),
        ("前街", "Qianjie"),
        ("前街", "QIÁNJIĒ"),
        ("吕家", "LǙJIA"),
    ],
)
def test_words_that_are_not_fit_for_a_plate_are_refused(hanzi, pinyin):
    with pytest.raises(designs.DesignError):
        face(words=rendering.Words(hanzi, pinyin))


def test_u_with_two_dots_is_a_letter_and_no_tone():
    assert face(words=rendering.Words("吕家村", "LÜJIACUN")).texts[-1].text == "LÜJIACUN"


def test_a_name_too_long_for_its_plate_is_refused_with_its_size():
    with pytest.raises(designs.DesignError, match="mm high on 巷牌"):
        face("lane_plate", rendering.Words("东" * 30, "DONG LU"))


def test_rare_characters_of_real_plates_have_glyphs():
    assert fonts.PLATE_FONT.missing("榠樝疃埝垡洼鬲郇堌Ü'") == []


def test_a_character_without_glyph_is_named():
    with pytest.raises(fonts.MissingGlyphError, match=r"\U0002a700 \(U\+2A700\)"):
        face(words=rendering.Words("\U0002a700路", "LU"))


def test_a_font_that_is_not_there_or_not_the_one_meant_is_refused():
    with pytest.raises(fonts.FontError, match="not installed"):
        fonts.PlateFont(Path("/nowhere.ttc"), 0, "x").missing("路")
    with pytest.raises(fonts.FontError, match="Noto Sans CJK JP Bold"):
        fonts.PlateFont(fonts.PLATE_FONT.path, 0, fonts.PLATE_FONT.name).missing("路")


def test_a_code_too_large_for_its_plate_is_refused():
    kind = designs.revise(KINDS["lane_plate"], source=designs.Source("x"), qr_mm=280)
    with pytest.raises(designs.DesignError, match="does not fit"):
        rendering.face_of(kind, WORDS, symbol=SYMBOL, ground=Ground.BLUE)


def test_a_kind_without_code_leaves_the_symbol_out():
    kind = designs.revise(KINDS["lane_plate"], source=designs.Source("x"), qr_mm=0)
    made = rendering.face_of(kind, WORDS, symbol=SYMBOL, ground=Ground.BLUE)
    assert made.symbol is None
    assert not any(isinstance(part, Modules) for part in made.parts)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_screen_picture_is_true_to_size_and_its_text_is_text(kind):
    made = face(kind)
    root = ET.fromstring(drawing.svg(made))  # noqa: S314 - our own text
    assert root.get("width") == f"{KINDS[kind].width_mm:g}mm"
    assert root.get("viewBox") == f"0 0 {KINDS[kind].width_mm:g} {KINDS[kind].height_mm:g}"
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [run.text for run in made.texts]
    assert "sans-serif" in (root.get("font-family") or "")


def test_the_runs_of_modules_cover_exactly_the_dark_ones():
    modules = Modules(0, 0, 1, SYMBOL, designs.BLACK)
    dark = {(row, column + step) for row, column, length in modules.runs() for step in range(length)}
    assert dark == {(row, column) for row, cells in enumerate(SYMBOL.rows) for column, cell in enumerate(cells) if cell}
