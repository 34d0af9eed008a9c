"""Design + words + symbol → the face of a sign, laid out in mm.

From the outside in: a thin white line runs round the plate; at the right a white field holds the code
(Tianjin's notice puts it there); at the left and right of the name stand direction word and mark; between
them the name, hanzi above and pinyin below (3/5 and 2/5, GB 17733.1-1999). Glyphs are never stretched: a long
name is set smaller, a short one with more room between its characters.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from signs.designs import BLACK, GROUND_RGB, WHITE, DesignError, Ground, Mark, Rgb, Side, SignKind
from signs.drawing import Dot, Face, Frame, Modules, Primitive, Rect, Shape, TextRun
from signs.fonts import PLATE_FONT, MissingGlyphError, PlateFont
from signs.qr import QUIET_MODULES, Symbol

_MARKS_ALLOWED = {"\N{COMBINING DIAERESIS}"}  # ü is a letter of Hanyu Pinyin, not a tone
_PINYIN_SPACING_EM = 0.04
_PINYIN_LEAST = 0.35  # of the hanzi's least size
_CAPTION_EM = (0.13, 0.075)  # of the code's width: the code, the host
_CAPTION_LINE = 1.25
_MARGIN = 0.06  # of the inner height, beside every part
_PADDING = 0.03  # the same, above and below
_COLUMN = 1.2  # a direction column is this much wider than its word


@dataclass(frozen=True, slots=True)
class Words:
    """What a face says: the name in characters and in sign pinyin (capitals, no tones), and its two sides."""

    hanzi: str
    pinyin: str
    left: Side | None = None
    right: Side | None = None


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> float:
        return self.x + self.width / 2

    def cut(self, *, left: float = 0.0, right: float = 0.0) -> _Box:
        return _Box(self.x + left, self.y, self.width - left - right, self.height)

    def inset(self, by: float) -> _Box:
        """Lower by ``by`` at the top and at the bottom."""
        return _Box(self.x, self.y + by, self.width, self.height - 2 * by)

    def split(self, share: float) -> tuple[_Box, _Box]:
        upper = self.height * share
        return (
            _Box(self.x, self.y, self.width, upper),
            _Box(self.x, self.y + upper, self.width, self.height - upper),
        )


def face_of(
    kind: SignKind,
    words: Words,
    *,
    symbol: Symbol | None = None,
    ground: Ground | None = None,
    font: PlateFont = PLATE_FONT,
) -> Face:
    """The face of a ``kind`` saying ``words``, with ``symbol`` on a white field at the right if given.

    ``ground`` is the street's colour; the kind's own colour, if it has one, goes before it. Raises
    ``DesignError`` when no colour is known, the words are not fit for a plate or would come out smaller than
    the kind allows, and ``MissingGlyphError`` naming each character the font lacks.
    """
    _check_words(words, font)
    colour = kind.ground or ground
    if colour is None:
        raise DesignError(f"{kind.name_zh} “{words.hanzi}”: blue or green? The street's axis must be known")
    inner, frame = _border(kind)
    parts: list[Primitive] = [frame]
    if symbol is not None and kind.qr_mm > 0:
        field, drawn = _code_field(kind, inner, symbol, font)
        parts += drawn
        inner = inner.cut(right=field)
    parts += _name(kind, inner, words, font)
    return Face(kind, GROUND_RGB[colour], tuple(parts), font, symbol if kind.qr_mm > 0 else None)


def _check_words(words: Words, font: PlateFont) -> None:
    if not words.hanzi or any(char.isspace() for char in words.hanzi):
        raise DesignError(f"“{words.hanzi}” is no name for a plate: characters without spaces are wanted")
    if not words.pinyin or words.pinyin != words.pinyin.upper() or _has_tones(words.pinyin):
        raise DesignError(f"“{words.pinyin}” ({words.hanzi}): a plate bears capitals without tone marks")
    sides = "".join(side.word for side in (words.left, words.right) if side)
    missing = font.missing(words.hanzi + words.pinyin + sides)
    if missing:
        named = ", ".join(f"{char} (U+{ord(char):04X})" for char in missing)
        raise MissingGlyphError(f"“{words.hanzi}”: the font {font.name} lacks {named}")


def _has_tones(pinyin: str) -> bool:
    marks = {char for char in unicodedata.normalize("NFD", pinyin) if unicodedata.combining(char)}
    return bool(marks - _MARKS_ALLOWED)


def _border(kind: SignKind) -> tuple[_Box, Frame]:
    """The room inside the white line, and the line."""
    lettering, height = kind.lettering, kind.height_mm
    inset, line = lettering.border_inset * height, lettering.border_line * height
    middle = inset + line / 2
    frame = Frame(
        middle,
        middle,
        kind.width_mm - 2 * middle,
        height - 2 * middle,
        line,
        WHITE,
        lettering.border_radius * height,
    )
    clear = inset + line
    return _Box(clear, clear, kind.width_mm - 2 * clear, height - 2 * clear), frame


def _code_field(kind: SignKind, inner: _Box, symbol: Symbol, font: PlateFont) -> tuple[float, list[Primitive]]:
    """The width the code takes at the right, its margin counted in, and field, modules and caption."""
    qr, sizes = kind.qr_mm, [share * kind.qr_mm for share in _CAPTION_EM[: len(symbol.caption)]]
    high = qr + sum(sizes) * _CAPTION_LINE + (0.04 * qr if sizes else 0)
    margin = max((inner.height - high) / 2, 0.0)
    side = min(margin, 0.09 * inner.height)
    if high > inner.height:
        raise DesignError(f"{kind.name_zh}: a code of {qr:g} mm with its caption does not fit into {inner.height:g} mm")
    field = _Box(inner.x + inner.width - side - qr, inner.y + margin, qr, high)
    module = symbol.module_mm(qr)
    quiet = QUIET_MODULES * module
    parts: list[Primitive] = [
        Rect(field.x, field.y, field.width, field.height, WHITE, 0.04 * qr),
        Modules(field.x + quiet, field.y + quiet, module, symbol, BLACK),
    ]
    parts += _caption(symbol, field, qr, sizes, font)
    return qr + side, parts


def _caption(symbol: Symbol, field: _Box, qr: float, sizes: list[float], font: PlateFont) -> list[Primitive]:
    """The code and the host below the symbol, outside its quiet zone."""
    top = field.y + qr
    parts: list[Primitive] = []
    for text, size in zip(symbol.caption, sizes, strict=False):
        line = _Box(field.x + 0.06 * qr, top, 0.88 * qr, size * _CAPTION_LINE)
        parts.append(_line(text, line, size_mm=size, fill=BLACK, font=font))
        top += line.height
    return parts


def _name(kind: SignKind, box: _Box, words: Words, font: PlateFont) -> list[Primitive]:
    """The name between its direction columns, of one scale: what is smaller also stands closer."""
    lettering, margin = kind.lettering, _MARGIN * box.height
    box = box.cut(left=margin, right=margin).inset(_PADDING * box.height)
    sides = (words.left, words.right) if kind.directions and words.left and words.right else ()
    full = _em_for(box.height * lettering.hanzi_share * lettering.hanzi_fill, font)
    columns = 2 * lettering.direction_em * _COLUMN if sides else 0.0
    room = box.width - (2 * margin if sides else 0.0)
    size = min(full, room / (font.width_em(words.hanzi) + columns))
    box = box.inset((1 - size / full) * box.height / 4)
    column = size * columns / 2
    parts: list[Primitive] = []
    if sides:
        ends = (
            _Box(box.x, box.y, column, box.height),
            _Box(box.x + box.width - column, box.y, column, box.height),
        )
        for end, side, towards in zip(ends, sides, (-1, 1), strict=True):
            parts += _direction(end, side, kind, font, em_mm=size * lettering.direction_em, towards=towards)
        box = box.cut(left=column + margin, right=column + margin)
    upper, lower = box.split(lettering.hanzi_share)
    hanzi = _spread(words.hanzi, upper, size, lettering.spread_em, font)
    bottom, top = font.ink_em("H")
    cap_mm = lower.height * lettering.pinyin_fill / (top - bottom)
    pinyin = _line(words.pinyin, lower, size_mm=cap_mm, fill=WHITE, font=font, spacing_em=_PINYIN_SPACING_EM)
    _check_size(kind, hanzi, pinyin)
    return [*parts, hanzi, pinyin]


def _check_size(kind: SignKind, hanzi: TextRun, pinyin: TextRun) -> None:
    least = kind.least_hanzi_mm
    if hanzi.size_mm < least or pinyin.size_mm < least * _PINYIN_LEAST:
        raise DesignError(
            f"“{hanzi.text}” {pinyin.text} would stand {hanzi.size_mm:.0f} and {pinyin.size_mm:.0f} mm "
            f"high on {kind.name_zh} ({kind.width_mm:g}×{kind.height_mm:g} mm): take a longer plate",
        )


def _em_for(ink_mm: float, font: PlateFont) -> float:
    """The em whose full-height characters have ink of ``ink_mm``; the same for every name."""
    bottom, top = font.ink_em("国")
    return ink_mm / (top - bottom)


def _baseline(box: _Box, size: float, sample: str, font: PlateFont) -> float:
    """Where the baseline lies when the ink of ``sample`` stands in the middle of ``box``."""
    bottom, top = font.ink_em(sample)
    return box.y + box.height / 2 + size * (top + bottom) / 2


def _spread(hanzi: str, box: _Box, size: float, spread_em: float, font: PlateFont) -> TextRun:
    """The name in the middle of ``box``, its characters as far apart as room and ``spread_em`` allow."""
    natural = font.width_em(hanzi) * size
    gaps = len(hanzi) - 1
    spacing = max(0.0, min((box.width - natural) / gaps, spread_em * size)) if gaps else 0.0
    baseline = _baseline(box, size, "国", font)
    return TextRun(hanzi, box.centre, baseline, size, natural + spacing * gaps, spacing, WHITE)


def _line(text: str, box: _Box, *, size_mm: float, fill: Rgb, font: PlateFont, spacing_em: float = 0.0) -> TextRun:
    """``text`` in the middle of ``box``, at ``size_mm`` or smaller so that it fits."""
    width = font.width_em(text, spacing_em=spacing_em)
    size = min(size_mm, box.width / width)
    return TextRun(text, box.centre, _baseline(box, size, "H", font), size, width * size, spacing_em * size, fill)


def _direction(
    box: _Box, side: Side, kind: SignKind, font: PlateFont, *, em_mm: float, towards: int
) -> list[Primitive]:
    """One side: the word beside the hanzi, the mark beside the pinyin; ``towards`` −1 left, +1 right."""
    upper, lower = box.split(kind.lettering.hanzi_share)
    baseline = _baseline(upper, em_mm, "国", font)
    word = TextRun(side.word, box.centre, baseline, em_mm, font.width_em(side.word) * em_mm, 0.0, WHITE)
    return [word, _mark(side.mark, box.centre, lower.y + lower.height / 2, box.width, towards)]


def _mark(mark: Mark, x: float, y: float, width: float, towards: int) -> Primitive:
    if mark is Mark.DOT:
        return Dot(x, y, 0.17 * width, WHITE)
    half, head, shaft, back = 0.45 * width, 0.3 * width, 0.105 * width, 0.03 * width
    outline = (
        (half, 0),
        (back, head),
        (back, shaft),
        (-half, shaft),
        (-half, -shaft),
        (back, -shaft),
        (back, -head),
    )
    return Shape(tuple((x + towards * dx, y + dy) for dx, dy in outline), WHITE)
