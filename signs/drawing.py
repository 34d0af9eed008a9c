"""What a face is made of: shapes and lines of text in mm, x to the right and y down from the trimmed corner.

A ``Face`` is the one description both writers draw from: ``svg`` here for the screen, ``signs.sheets`` for
print.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from signs.designs import Rgb, SignKind
from signs.fonts import SCREEN_FAMILIES, PlateFont
from signs.qr import Symbol


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled rectangle; ``radius_mm`` rounds its corners."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    fill: Rgb
    radius_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A line around a rectangle, its middle on the rectangle's edge."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    line_mm: float
    stroke: Rgb
    radius_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class TextRun:
    """One line of text around ``centre_mm``; ``size_mm`` is the em, ``spacing_mm`` stands between."""

    text: str
    centre_mm: float
    baseline_mm: float
    size_mm: float
    width_mm: float
    spacing_mm: float
    fill: Rgb

    @property
    def left_mm(self) -> float:
        """Where the first character begins."""
        return self.centre_mm - self.width_mm / 2


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled polygon; the last point joins the first."""

    points_mm: tuple[tuple[float, float], ...]
    fill: Rgb


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle."""

    x_mm: float
    y_mm: float
    radius_mm: float
    fill: Rgb


@dataclass(frozen=True, slots=True)
class Modules:
    """The dark modules of a symbol, its top left module at (x, y), quiet zone not included."""

    x_mm: float
    y_mm: float
    module_mm: float
    symbol: Symbol
    fill: Rgb

    def runs(self) -> list[tuple[int, int, int]]:
        """Row, first column and length of every unbroken run of dark modules, in modules."""
        found = []
        for row, cells in enumerate(self.symbol.rows):
            start = None
            for column, dark in enumerate((*cells, False)):
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    found.append((row, start, column - start))
                    start = None
        return found


Primitive: TypeAlias = Rect | Frame | TextRun | Shape | Dot | Modules


@dataclass(frozen=True, slots=True)
class Face:
    """One printed side: the ground colour fills it and the bleed, ``parts`` are drawn in their order."""

    kind: SignKind
    ground: Rgb
    parts: tuple[Primitive, ...]
    font: PlateFont
    symbol: Symbol | None = None

    @property
    def texts(self) -> tuple[TextRun, ...]:
        """Every line of text on the face, in drawing order."""
        return tuple(part for part in self.parts if isinstance(part, TextRun))


def svg(face: Face) -> str:
    """The face as a stand-alone SVG picture in mm, text as text; the plate's corners are rounded off.

    Deterministic. The screen falls back along ``SCREEN_FAMILIES`` where the plate's font is not installed.
    """
    width, height = face.kind.width_mm, face.kind.height_mm
    radius = face.kind.lettering.border_radius * height + face.kind.lettering.border_inset * height
    families = ", ".join(f"'{name}'" if " " in name else name for name in SCREEN_FAMILIES)
    plate = Rect(0, 0, width, height, face.ground, radius)
    body = "\n".join(_svg_part(part) for part in (plate, *face.parts))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}mm" height="{_n(height)}mm" '
        f'viewBox="0 0 {_n(width)} {_n(height)}" font-family="{families}" font-weight="700" '
        f'text-anchor="middle" style="font-kerning:none">\n{body}\n</svg>\n'
    )


def _n(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _svg_part(part: Primitive) -> str:
    match part:
        case Rect():
            return f'<rect {_svg_box(part)} fill="{part.fill.hex}"/>'
        case Frame():
            line = f'fill="none" stroke="{part.stroke.hex}" stroke-width="{_n(part.line_mm)}"'
            return f"<rect {_svg_box(part)} {line}/>"
        case TextRun():
            return _svg_text(part)
        case Shape():
            points = " ".join(f"{_n(x)},{_n(y)}" for x, y in part.points_mm)
            return f'<polygon points="{points}" fill="{part.fill.hex}"/>'
        case Dot():
            circle = f'cx="{_n(part.x_mm)}" cy="{_n(part.y_mm)}" r="{_n(part.radius_mm)}"'
            return f'<circle {circle} fill="{part.fill.hex}"/>'
        case Modules():
            return _svg_modules(part)


def _svg_box(part: Rect | Frame) -> str:
    size = f'x="{_n(part.x_mm)}" y="{_n(part.y_mm)}" width="{_n(part.width_mm)}" height="{_n(part.height_mm)}"'
    return f'{size} rx="{_n(part.radius_mm)}"' if part.radius_mm else size


def _svg_text(run: TextRun) -> str:
    spacing = f' letter-spacing="{_n(run.spacing_mm)}"' if run.spacing_mm else ""
    centre = run.centre_mm + run.spacing_mm / 2  # browsers put spacing behind the last character too
    place = f'x="{_n(centre)}" y="{_n(run.baseline_mm)}" font-size="{_n(run.size_mm)}"'
    return f'<text {place}{spacing} fill="{run.fill.hex}">{escape(run.text)}</text>'


def _svg_modules(part: Modules) -> str:
    path = "".join(f"M{column} {row}h{length}v1h-{length}z" for row, column, length in part.runs())
    move = f"translate({_n(part.x_mm)} {_n(part.y_mm)}) scale({part.module_mm:.5f})"
    return f'<path d="{path}" transform="{move}" fill="{part.fill.hex}" shape-rendering="crispEdges"/>'
