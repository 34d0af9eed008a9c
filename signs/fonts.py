"""The typeface on plates: which file, which characters it has, how wide and how high they are.

黑体 (heavy sans) is what plates carry; Noto Sans CJK SC Bold is the open face of that style. Measures come
from HarfBuzz, which reads the file without unpacking it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import uharfbuzz

_NAME_ID_FULL = 4
SCREEN_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "SimHei",
    "Heiti SC",
    "sans-serif",
)


class FontError(ValueError):
    """The font file is missing or is not the face we print with."""


class MissingGlyphError(ValueError):
    """A character the plate's font cannot draw."""


@dataclass(frozen=True)
class PlateFont:
    """One face inside a font file. ``index`` counts a collection's faces from 0, ``name`` is its name."""

    path: Path
    index: int
    name: str

    @cached_property
    def _font(self) -> uharfbuzz.Font:
        if not self.path.is_file():
            raise FontError(f"the plate font {self.path} is not installed (Debian package fonts-noto-cjk)")
        face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(self.path)), self.index)
        found = face.get_name(_NAME_ID_FULL)
        if found != self.name:
            raise FontError(f"{self.path} holds “{found}” at place {self.index}, not “{self.name}”")
        return uharfbuzz.Font(face)

    @cached_property
    def _em(self) -> int:
        return int(self._font.face.upem)

    @cached_property
    def _advances(self) -> dict[str, float]:
        return {}

    def advance_em(self, char: str) -> float:
        """The width ``char`` takes in a line, in em. Raises ``MissingGlyphError`` when the face lacks it."""
        known = self._advances.get(char)
        if known is None:
            known = self._advances[char] = self._font.get_glyph_h_advance(self._glyph(char)) / self._em
        return known

    def _glyph(self, char: str) -> int:
        glyph = self._font.get_nominal_glyph(ord(char))
        if not glyph:
            raise MissingGlyphError(
                f"“{char}” (U+{ord(char):04X}) is not in the font {self.name}: the plate would lack it"
            )
        return int(glyph)

    def missing(self, text: str) -> list[str]:
        """The characters of ``text`` the face cannot draw, each once, in their order."""
        return [char for char in dict.fromkeys(text) if not self._font.get_nominal_glyph(ord(char))]

    def width_em(self, text: str, *, spacing_em: float = 0.0) -> float:
        """The width of ``text`` in em, ``spacing_em`` between neighbours but not at the ends; no kerning."""
        return sum(map(self.advance_em, text)) + spacing_em * max(len(text) - 1, 0)

    @lru_cache(maxsize=4096)  # noqa: B019 - fonts live as long as the process
    def ink_em(self, text: str) -> tuple[float, float]:
        """How far the ink of ``text`` reaches below (negative) and above the baseline, in em."""
        boxes = [self._font.get_glyph_extents(self._glyph(char)) for char in text if not char.isspace()]
        if not boxes:
            return 0.0, 0.0
        top = max(box.y_bearing for box in boxes)
        bottom = min(box.y_bearing + box.height for box in boxes)
        return bottom / self._em, top / self._em


PLATE_FONT = PlateFont(Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"), 2, "Noto Sans CJK SC Bold")
