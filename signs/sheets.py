"""Faces → a print-ready PDF at true size, one plate per page, and the list that goes with it.

Every page is trim + bleed + a margin: the ground colour runs through the bleed, TrimBox and BleedBox say
where they end, crop marks and the page's label stand in the margin, outside what is kept. Fonts are embedded
as subsets with their characters' meaning, so the text can be read back out of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fpdf import FPDF

from signs.designs import BLACK, Rgb
from signs.drawing import Dot, Face, Frame, Modules, Primitive, Rect, Shape, TextRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signs.fonts import PlateFont

BLEED_MM = 5.0  # unverified: usual for cut film; the maker is asked
MARGIN_MM = 12.0  # beyond the bleed, for crop marks and the label
_MARK_MM = 7.0
_HAIRLINE_MM = 0.1
_LABEL_MM = 4.0
_POINTS_PER_MM = 72 / 25.4
_FAMILY = "plate"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class SheetError(ValueError):
    """Faces that cannot go into one file."""


@dataclass(frozen=True, slots=True)
class PackingLine:
    """One plate of a file; ``page`` counts from 1, sizes are the trimmed plate's."""

    page: int
    kind: str
    width_mm: float
    height_mm: float
    lines: tuple[str, ...]
    address: str


def packing_list(faces: Sequence[Face]) -> tuple[PackingLine, ...]:
    """What the file of ``faces`` holds, page by page."""
    return tuple(
        PackingLine(
            page,
            face.kind.key,
            face.kind.width_mm,
            face.kind.height_mm,
            tuple(run.text for run in face.texts),
            face.symbol.text if face.symbol else "",
        )
        for page, face in enumerate(faces, 1)
    )


def print_pdf(faces: Sequence[Face], *, title: str = "", made_at: datetime = _EPOCH) -> bytes:
    """The faces as one PDF, a page each in the order given; ``title`` goes into each page's label.

    The same faces, title and ``made_at`` (aware) give the same bytes, so a frozen batch can be told by its
    hash. Raises ``SheetError`` when there are no faces or they want different fonts.
    """
    if len({face.font for face in faces}) != 1:
        raise SheetError("a file needs at least one face, and one font for all of them")
    pdf = _document(faces[0].font, title, made_at)
    for page, face in enumerate(faces, 1):
        _page(pdf, face, label=_label(face, page, len(faces), title))
    return bytes(pdf.output())


def _document(font: PlateFont, title: str, made_at: datetime) -> FPDF:
    pdf = FPDF(unit="mm")
    pdf.set_auto_page_break(auto=False)
    pdf.set_creation_date(made_at)
    pdf.set_title(title)
    pdf.set_creator("Minglu")
    pdf.add_font(_FAMILY, fname=font.path, collection_font_number=font.index)
    return pdf


def _label(face: Face, page: int, pages: int, title: str) -> str:
    kind = face.kind
    code = face.symbol.caption[0] if face.symbol and face.symbol.caption else ""
    name = " ".join(run.text for run in face.texts[-2:])
    parts = (f"{page}/{pages}", kind.name_zh, f"{kind.width_mm:g}×{kind.height_mm:g} mm", name, code, title)
    return "  ".join(part for part in parts if part)


def _page(pdf: FPDF, face: Face, *, label: str) -> None:
    off = BLEED_MM + MARGIN_MM
    width, height = face.kind.width_mm, face.kind.height_mm
    pdf.add_page(format=(width + 2 * off, height + 2 * off))
    _boxes(pdf, width, height)
    bleed = Rect(-BLEED_MM, -BLEED_MM, width + 2 * BLEED_MM, height + 2 * BLEED_MM, face.ground)
    for part in (bleed, *face.parts):
        _draw(pdf, part, off)
    _crop_marks(pdf, width, height)
    _label_text(pdf, label, face.font, width, height)


def _boxes(pdf: FPDF, width: float, height: float) -> None:
    """fpdf2 writes every attribute of a page object into the file, under its name in PDF spelling."""
    page: Any = pdf.pages[pdf.page]
    page.bleed_box = _box(MARGIN_MM, width + 2 * BLEED_MM, height + 2 * BLEED_MM)
    page.trim_box = _box(MARGIN_MM + BLEED_MM, width, height)


def _box(off: float, width: float, height: float) -> str:
    corners = (off, off, off + width, off + height)
    return "[" + " ".join(f"{corner * _POINTS_PER_MM:.3f}" for corner in corners) + "]"


def _crop_marks(pdf: FPDF, width: float, height: float) -> None:
    off, start = BLEED_MM + MARGIN_MM, BLEED_MM + 1
    pdf.set_draw_color(0)
    pdf.set_line_width(_HAIRLINE_MM)
    for x, across in ((0.0, -1), (width, 1)):
        for y, down in ((0.0, -1), (height, 1)):
            pdf.line(off + x + across * start, off + y, off + x + across * (start + _MARK_MM), off + y)
            pdf.line(off + x, off + y + down * start, off + x, off + y + down * (start + _MARK_MM))


def _label_text(pdf: FPDF, label: str, font: PlateFont, width: float, height: float) -> None:
    """The label between the crop marks, smaller if need be; characters without glyph are left out."""
    text = "".join(char for char in label if not font.missing(char))
    size = min(_LABEL_MM, (width - 10) / font.width_em(text))
    off = BLEED_MM + MARGIN_MM
    run_width = font.width_em(text) * size
    baseline = height + BLEED_MM + MARGIN_MM * 0.6
    _draw(pdf, TextRun(text, width / 2, baseline, size, run_width, 0.0, BLACK), off)


def _draw(pdf: FPDF, part: Primitive, off: float) -> None:
    match part:
        case Rect():
            _fill(pdf, part.fill)
            _rect(pdf, part, off, "F")
        case Frame():
            pdf.set_draw_color(part.stroke.red, part.stroke.green, part.stroke.blue)
            pdf.set_line_width(part.line_mm)
            _rect(pdf, part, off, "D")
        case TextRun():
            _text(pdf, part, off)
        case Shape():
            _fill(pdf, part.fill)
            pdf.polygon([(x + off, y + off) for x, y in part.points_mm], style="F")
        case Dot():
            _fill(pdf, part.fill)
            pdf.circle(part.x_mm + off, part.y_mm + off, part.radius_mm, style="F")
        case Modules():
            _modules(pdf, part, off)


def _fill(pdf: FPDF, colour: Rgb) -> None:
    pdf.set_fill_color(colour.red, colour.green, colour.blue)


def _rect(pdf: FPDF, part: Rect | Frame, off: float, style: str) -> None:
    pdf.rect(
        part.x_mm + off,
        part.y_mm + off,
        part.width_mm,
        part.height_mm,
        style=style,
        round_corners=part.radius_mm > 0,
        corner_radius=part.radius_mm,
    )


def _text(pdf: FPDF, run: TextRun, off: float) -> None:
    pdf.set_font(_FAMILY, size=run.size_mm * _POINTS_PER_MM)
    pdf.set_text_color(run.fill.red, run.fill.green, run.fill.blue)
    pdf.set_char_spacing(run.spacing_mm * _POINTS_PER_MM)
    pdf.text(run.left_mm + off, run.baseline_mm + off, run.text)


def _modules(pdf: FPDF, part: Modules, off: float) -> None:
    """All dark modules as one path and one fill, so that no viewer shows seams between them.

    fpdf2 has no public call for that which is fast enough for thousands of plates, hence its own ``_out``.
    """
    side = part.module_mm * _POINTS_PER_MM
    left, top = (part.x_mm + off) * _POINTS_PER_MM, pdf.h_pt - (part.y_mm + off) * _POINTS_PER_MM
    path = " ".join(
        f"{left + column * side:.3f} {top - (row + 1) * side:.3f} {length * side:.3f} {side:.3f} re"
        for row, column, length in part.runs()
    )
    red, green, blue = (value / 255 for value in (part.fill.red, part.fill.green, part.fill.blue))
    pdf._out(f"q {red:.3f} {green:.3f} {blue:.3f} rg {path} f Q")  # noqa: SLF001
