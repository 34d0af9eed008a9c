"""Finished art read back: what the printed file holds, seen by two independent code readers.

Each page is drawn as a picture and given to ZXing and to OpenCV; its trimmed size is measured and every line
of text read out of the file, at the place where the face has it. One plate that differs is reason enough to
stop a batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
import pypdfium2
import zxingcpp
from numpy.typing import NDArray

from signs.drawing import Modules
from signs.sheets import BLEED_MM, MARGIN_MM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from signs.drawing import Face, TextRun

Picture: TypeAlias = NDArray[np.uint8]
_MM_PER_POINT = 25.4 / 72
_QR_ONLY = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
_PIXELS_PER_MODULE = 4.0
_PLAIN_PX_PER_MM = 1.0  # for a plate without code: nothing to decode
_SIZE_TOLERANCE_MM = 0.1


class ReadBackError(ValueError):
    """A file that cannot be compared with what was expected of it."""


@dataclass(frozen=True, slots=True)
class PlateResult:
    """What was found on one page; ``page`` counts from 1, sizes are the TrimBox's.

    ``zxing`` and ``opencv`` hold the texts each reader decoded, ``lost`` the lines of the face that the
    file's text does not give back (or gives differently), ``extra`` whether there is text within the trim
    that the face lacks.
    """

    page: int
    width_mm: float
    height_mm: float
    zxing: tuple[str, ...]
    opencv: tuple[str, ...]
    lost: tuple[str, ...]
    extra: bool
    faults: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether the plate may be made."""
        return not self.faults


def read_back(pdf: bytes, expected: Sequence[Face]) -> list[PlateResult]:
    """Every page of ``pdf`` against the face it should show, in order.

    Differences are results, not errors. Raises ``ReadBackError`` when the bytes are no PDF or the number of
    pages is not the number of faces.
    """
    return list(read_pages(pdf, expected))


def read_pages(pdf: bytes, expected: Sequence[Face]) -> Iterator[PlateResult]:
    """The same page by page, for who wants to tell how far it is or to stop at the first fault."""
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        raise ReadBackError("this is no readable PDF") from error
    with document:
        if len(document) != len(expected):
            raise ReadBackError(f"the file has {len(document)} pages, expected are {len(expected)}")
        detector = cv2.QRCodeDetectorAruco()
        for index, face in enumerate(expected):
            yield _read_page(document, index, face, detector)


def _read_page(
    document: pypdfium2.PdfDocument, index: int, face: Face, detector: cv2.QRCodeDetectorAruco
) -> PlateResult:
    page = document[index]
    left, bottom, right, top = page.get_trimbox()
    picture, per_mm = _picture(page, face, _PIXELS_PER_MODULE)
    lost, extra = _text_differences(page, face)
    found = PlateResult(
        page=index + 1,
        width_mm=(right - left) * _MM_PER_POINT,
        height_mm=(top - bottom) * _MM_PER_POINT,
        zxing=tuple(code.text for code in zxingcpp.read_barcodes(picture, formats=_QR_ONLY)),
        opencv=_opencv(detector, _around_code(picture, face, per_mm)),
        lost=lost,
        extra=extra,
        faults=(),
    )
    if face.symbol is not None and not found.opencv:  # its finder now and then misses a good code at one size
        finer, per_mm = _picture(page, face, 1.5 * _PIXELS_PER_MODULE)
        found = replace(found, opencv=_opencv(detector, _around_code(finer, face, per_mm)))
    page.close()
    return replace(found, faults=_faults(found, face))


def _picture(page: pypdfium2.PdfPage, face: Face, pixels: float) -> tuple[Picture, float]:
    """The page in grey with ``pixels`` to a module, and its pixels per mm."""
    per_mm = _PLAIN_PX_PER_MM
    if face.symbol is not None:
        per_mm = pixels / face.symbol.module_mm(face.kind.qr_mm)
    bitmap = page.render(scale=per_mm * _MM_PER_POINT, grayscale=True)
    picture: Picture = bitmap.to_numpy().squeeze().copy()
    bitmap.close()
    return picture, per_mm


def _around_code(picture: Picture, face: Face, per_mm: float) -> Picture:
    """The page around the face's code, with some of the plate: OpenCV is slow on the whole."""
    codes = [part for part in face.parts if isinstance(part, Modules)]
    if not codes:
        return picture
    code, off, reach = codes[0], BLEED_MM + MARGIN_MM, 0.2 * face.kind.qr_mm
    side = code.module_mm * code.symbol.modules + 2 * reach
    x, y = (max(0, int((start + off - reach) * per_mm)) for start in (code.x_mm, code.y_mm))
    size = int(side * per_mm)
    return np.ascontiguousarray(picture[y : y + size, x : x + size])


def _opencv(detector: cv2.QRCodeDetectorAruco, picture: Picture) -> tuple[str, ...]:
    text, _corners, _straight = detector.detectAndDecode(picture)
    return (text,) if text else ()


def _text_differences(page: pypdfium2.PdfPage, face: Face) -> tuple[tuple[str, ...], bool]:
    left, _bottom, _right, top = page.get_trimbox()
    text = page.get_textpage()
    lost = tuple(run.text for run in face.texts if _text_at(text, run, left, top) != run.text)
    inside = text.get_text_bounded(*page.get_trimbox())
    wanted = sum(len(_solid(run.text)) for run in face.texts)
    text.close()
    return lost, len(_solid(inside)) > wanted


def _text_at(page_text: pypdfium2.PdfTextPage, run: TextRun, left: float, top: float) -> str:
    """The text where ``run`` should stand; the gaps of a name set wide apart are no spaces."""
    reach = run.size_mm * 0.05
    box_mm = (
        run.left_mm - reach,
        -(run.baseline_mm + run.size_mm * 0.2),
        run.left_mm + run.width_mm + reach,
        -(run.baseline_mm - run.size_mm * 0.9),
    )
    x0, y0, x1, y1 = (value / _MM_PER_POINT for value in box_mm)
    found = page_text.get_text_bounded(left + x0, top + y0, left + x1, top + y1)
    return " ".join(found.split()) if " " in run.text else _solid(found)


def _solid(text: str) -> str:
    return "".join(text.split())


def _faults(found: PlateResult, face: Face) -> tuple[str, ...]:
    kind, wanted = face.kind, (face.symbol.text,) if face.symbol else ()
    checks = (
        (_same(found.width_mm, kind.width_mm) and _same(found.height_mm, kind.height_mm), "size"),
        (found.zxing == wanted, "code (ZXing)"),
        (found.opencv == wanted, "code (OpenCV)"),
        (not found.lost, "text missing or different"),
        (not found.extra, "text that does not belong"),
    )
    return tuple(name for passed, name in checks if not passed)


def _same(found_mm: float, wanted_mm: float) -> bool:
    return math.isclose(found_mm, wanted_mm, abs_tol=_SIZE_TOLERANCE_MM)
