"""A small map of what was found about a file's datum, drawn by the server: paths of an SVG, no foreign host.

Two pictures: the division with the file in it, and, where a displacement was measured, a part of it large enough to
see that displacement, with arrows from where the file says to where the register knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from app.intake.datums import Look
from gis import crs
from gis.datums.measuring import Frame

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]
WIDE, HIGH = 640, 400
#: The part shown is this many times as wide as the displacement, and at least so many metres.
_TIMES, _LEAST_M = 8.0, 300.0
_ARROWS, _SHAPES, _EDGE = 24, 1500, 12.0
_DOT = "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0"


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the plane in metres that a picture shows."""

    middle: tuple[float, float]
    wide_m: float

    @property
    def scale(self) -> float:
        """Pixels a metre."""
        return WIDE / self.wide_m

    def pixels(self, metres: Floats) -> Floats:
        """Places of the plane on the picture; north is up."""
        right, up = ((metres - self.middle) * self.scale).T
        return np.column_stack([WIDE / 2 + right, HIGH / 2 - up])

    def path(self, shapes: Shapes) -> str:
        """The shapes that reach into the picture as one SVG path; points as dots."""
        drawn = shapely.transform(shapes, self.pixels)
        sheet = shapely.box(-_EDGE, -_EDGE, WIDE + _EDGE, HIGH + _EDGE)
        inside = [shape for shape in drawn if shape is not None and sheet.intersects(shapely.envelope(shape))]
        return "".join(_path(shape) for shape in inside[:_SHAPES])


@dataclass(frozen=True, slots=True)
class Picture:
    """Paths in pixels: what is known, the file as said, the file as proposed; arrows; a scale bar; the part shown."""

    known: str
    said: str
    proposed: str
    arrows: tuple[tuple[float, float, float, float], ...]
    bar_m: int
    bar_px: float
    part: tuple[float, float, float, float] | None = None

    @property
    def bar(self) -> str:
        """The scale bar's length with its unit."""
        return f"{self.bar_m // 1000} km" if self.bar_m >= 1000 else f"{self.bar_m} m"  # noqa: PLR2004 - m a km


def pictures(look: Look) -> list[Picture]:
    """The pictures of one finding; none where nothing is known or no reading is left."""
    finding = look.finding
    if not finding.hypotheses or not look.known:
        return []
    shapes, _ = look.opened.shapes()
    there = [shape for shape in shapes if shape is not None and not shape.is_empty]
    best = crs.shapes_to_stored(_array(there), crs.datum_named(finding.hypotheses[0].name))
    frame = Frame(*_middle(look, best))
    proposed = frame.flat(best)
    known = frame.flat(_array([*(s for _, s in look.known.outlines), *look.known.streets]))
    said = _array([])
    shift = finding.shift
    if shift is not None:
        first = finding.declared or crs.STORED
        said = frame.flat(crs.shapes_to_stored(_array(there), crs.datum_named(first)))
    whole = _whole(known, proposed)
    if shift is None:
        return [_picture(whole, known, said, proposed)]
    arrows = np.stack([frame.metres(shift.pairs[:, 0]), frame.metres(shift.pairs[:, 1])], axis=1)
    part = _part(arrows, max(_TIMES * shift.distance_m, _LEAST_M))
    corner = whole.pixels(
        np.array([[part.middle[0] - part.wide_m / 2, part.middle[1] + part.wide_m * HIGH / WIDE / 2]])
    )
    size = part.wide_m * whole.scale
    frame_px = (float(corner[0, 0]), float(corner[0, 1]), size, size * HIGH / WIDE)
    detail = _picture(part, known, said, proposed, arrows=arrows)
    return [detail, _picture(whole, known, said, proposed, part=frame_px)]


def _middle(look: Look, shapes: Shapes) -> tuple[float, float]:
    if look.known.box:
        west, south, east, north = look.known.box
    else:
        west, south, east, north = shapely.total_bounds(shapes)
    return float(west + east) / 2, float(south + north) / 2


def _whole(known: Shapes, proposed: Shapes) -> Window:
    """All of the file, and a quarter around it."""
    bounds = shapely.total_bounds(proposed)
    west, south, east, north = bounds if np.isfinite(bounds).all() else shapely.total_bounds(known)
    wide = max(east - west, (north - south) * WIDE / HIGH, _LEAST_M) * 1.25
    return Window((float(west + east) / 2, float(south + north) / 2), float(wide))


def _part(arrows: Floats, wide_m: float) -> Window:
    """The window of that width that holds most arrows."""
    starts = arrows[:, 0]
    held = np.abs(starts[:, None] - starts[None]) < (wide_m * 0.4, wide_m * 0.4 * HIGH / WIDE)
    best = held.all(axis=2).sum(axis=1).argmax()
    middle = arrows[best].mean(axis=0)
    return Window((float(middle[0]), float(middle[1])), wide_m)


def _picture(
    window: Window,
    known: Shapes,
    said: Shapes,
    proposed: Shapes,
    *,
    arrows: Floats | None = None,
    part: tuple[float, float, float, float] | None = None,
) -> Picture:
    bar = _bar_m(window.wide_m / 5)
    return Picture(
        window.path(known),
        window.path(said),
        window.path(proposed),
        _arrows(window, arrows) if arrows is not None else (),
        bar,
        round(bar * window.scale, 1),
        part,
    )


def _arrows(window: Window, arrows: Floats) -> tuple[tuple[float, float, float, float], ...]:
    flat = window.pixels(arrows.reshape(-1, 2)).reshape(-1, 4)
    inside = flat[((flat >= 0) & (flat <= (WIDE, HIGH, WIDE, HIGH))).all(axis=1)]
    few = inside[np.linspace(0, len(inside) - 1, min(_ARROWS, len(inside))).astype(int)]
    return tuple((round(a, 1), round(b, 1), round(c, 1), round(d, 1)) for a, b, c, d in few.tolist())


def _bar_m(about: float) -> int:
    """A round length of at most ``about`` metres."""
    power = 10 ** int(np.floor(np.log10(max(about, 1.0))))
    return int(max(step * power for step in (1, 2, 5) if step * power <= max(about, 1.0)))


def _path(shape: shapely.Geometry) -> str:
    if shapely.get_dimensions(shape) == 0:
        return "".join(f"M{x:.1f} {y:.1f}{_DOT}" for x, y in shapely.get_coordinates(shape))
    lines = shapely.get_parts(shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape)  # noqa: PLR2004 - areas
    sheet = (-_EDGE, -_EDGE, WIDE + _EDGE, HIGH + _EDGE)
    clipped = shapely.get_parts(shapely.clip_by_rect(shapely.simplify(lines, 0.5), *sheet))
    return "".join(_line(line) for line in clipped if line.geom_type == "LineString" and not line.is_empty)


def _line(line: shapely.Geometry) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(line))


def _array(shapes: Sequence[shapely.Geometry]) -> Shapes:
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made
