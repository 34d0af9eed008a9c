"""The print gate's eyes: what is right is read back, what is wrong is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signs import designs, drawing, rendering, sheets, verify
from signs.designs import KINDS, Ground


def test_every_plate_is_read_back_as_it_was_meant(faces, pdf):
    for result, expected in zip(verify.read_back(pdf, faces), faces, strict=True):
        assert result.faults == ()
        assert result.good
        assert result.zxing == result.opencv == (expected.symbol.text,)
        assert result.width_mm == pytest.approx(expected.kind.width_mm, abs=0.05)
        assert result.height_mm == pytest.approx(expected.kind.height_mm, abs=0.05)


def test_exchanged_plates_are_found(faces):
    made = faces[:2]
    results = verify.read_back(sheets.print_pdf(made), made[::-1])
    assert all({"code (ZXing)", "code (OpenCV)"} <= set(result.faults) for result in results)


def test_a_wrong_character_a_wrong_size_and_a_stray_text_are_found(face):
    meant = face("street_plate")
    wrong = replace(meant, parts=(*meant.parts[:-2], replace(meant.texts[-2], text="榠樝街"), meant.parts[-1]))
    stray = replace(meant, parts=(*meant.parts, replace(meant.texts[0], centre_mm=700, baseline_mm=390)))
    large = replace(meant, kind=designs.revise(meant.kind, source=designs.Source("x"), width_mm=1501.0))
    results = verify.read_back(sheets.print_pdf([wrong, stray, large]), [meant] * 3)
    assert results[0].lost == ("榠樝路",)
    assert [result.faults for result in results] == [
        ("text missing or different",),
        ("text that does not belong",),
        ("size",),
    ]


def test_a_plate_without_code_must_have_none(face):
    kind = designs.revise(KINDS["lane_plate"], source=designs.Source("x"), qr_mm=0)
    bare = rendering.face_of(kind, rendering.Words("前街", "QIANJIE"), ground=Ground.GREEN)
    coded = face("lane_plate", ("前街", "QIANJIE"))
    (good,) = verify.read_back(sheets.print_pdf([bare]), [bare])
    assert good.good
    (bad,) = verify.read_back(sheets.print_pdf([coded]), [bare])
    assert "code (ZXing)" in bad.faults


def test_a_covered_code_fails_at_the_gate(face):
    meant = face("code_plate")
    modules = next(part for part in meant.parts if isinstance(part, drawing.Modules))
    patch = drawing.Rect(modules.x_mm, modules.y_mm, 45, 45, designs.WHITE)
    (result,) = verify.read_back(sheets.print_pdf([replace(meant, parts=(*meant.parts, patch))]), [meant])
    assert result.faults == ("code (ZXing)", "code (OpenCV)")


def test_files_that_cannot_be_compared_are_refused(faces, pdf):
    with pytest.raises(verify.ReadBackError, match="no readable PDF"):
        verify.read_back(b"%PDF-1.4 broken", faces)
    with pytest.raises(verify.ReadBackError, match="pages"):
        verify.read_back(pdf, faces[:1])
