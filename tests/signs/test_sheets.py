"""Print files: their boxes, their fonts, their margins and their lists."""

from __future__ import annotations

import re

import pypdfium2
import pytest

from signs import designs, sheets


def test_hanzi_and_pinyin_can_be_taken_out_of_the_file(faces, pdf):
    with pypdfium2.PdfDocument(pdf) as document:
        for index, expected in enumerate(faces):
            page = document[index].get_textpage()
            text = page.get_text_range()
            page.close()
            hanzi, pinyin = (run.text for run in expected.texts[-2:])
            assert pinyin in text
            assert hanzi in "".join(text.split())
            assert expected.symbol.caption[0] in text


def test_the_label_below_a_plate_says_its_kind_in_the_makers_language(faces, pdf):
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0].get_textpage()
        text = page.get_text_range()
        page.close()
    assert faces[0].kind.name_zh in text
    assert faces[0].kind.key not in text


def test_the_page_is_plate_plus_bleed_plus_margin_and_its_boxes_say_so(faces, pdf):
    mm = 72 / 25.4
    off = sheets.BLEED_MM + sheets.MARGIN_MM
    with pypdfium2.PdfDocument(pdf) as document:
        for index, expected in enumerate(faces):
            page, kind = document[index], expected.kind
            whole = (0, 0, (kind.width_mm + 2 * off) * mm, (kind.height_mm + 2 * off) * mm)
            assert page.get_mediabox() == pytest.approx(whole, abs=0.02)
            for box, outside in ((page.get_trimbox(), off), (page.get_bleedbox(), sheets.MARGIN_MM)):
                inner = (outside * mm, outside * mm, whole[2] - outside * mm, whole[3] - outside * mm)
                assert box == pytest.approx(inner, abs=0.02)


def test_marks_and_label_stay_outside_the_bleed_and_the_ground_fills_it(faces, pdf):
    scale = 2  # pixels per mm
    with pypdfium2.PdfDocument(pdf) as document:
        picture = document[0].render(scale=scale * 25.4 / 72).to_numpy()
    margin = int(sheets.MARGIN_MM * scale)
    blue, green, red = (int(value) for value in picture[margin + 4, margin + 4])
    assert (red, green, blue) == pytest.approx(tuple_of(faces[0].ground), abs=3)
    ring = picture[margin + 2 : -margin - 2, margin + 2 : margin + 8]
    assert (ring == ring[0, 0]).all()
    assert (picture[:margin] != 255).any()
    assert (picture[-margin:] != 255).any()


def tuple_of(colour: designs.Rgb) -> tuple[int, int, int]:
    return colour.red, colour.green, colour.blue


def test_the_only_font_is_embedded_as_outlines(pdf):
    assert pdf.count(b"/FontFile3") == 1
    assert set(re.findall(rb"/BaseFont /(\S+)", pdf)) == {b"MPDFAA+NotoSansCJKSCBold"}


def test_the_same_batch_gives_the_same_bytes(faces):
    few = faces[:3]
    assert sheets.print_pdf(few, title="x") == sheets.print_pdf(few, title="x")


def test_the_packing_list_has_a_line_for_every_page(faces):
    lines = sheets.packing_list(faces)
    assert [line.page for line in lines] == list(range(1, len(faces) + 1))
    assert lines[0].lines[-2:] == ("榠樝路", "MINGZHA LU")
    assert lines[0].address == faces[0].symbol.text
    assert (lines[0].kind, lines[0].width_mm, lines[0].height_mm) == ("street_plate", 1500, 400)


def test_a_file_without_faces_is_refused():
    with pytest.raises(sheets.SheetError):
        sheets.print_pdf([])
