"""Decides how progress is shown: shares, colours, and the map in one file. No database."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from app.base.errors import N_, Unready
from gis import crs

#: From none to all villages named: light to dark (ColorBrewer YlGnBu, fit for the colour-blind and for grey print).
COLOURS = ("#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494")
_TITLE = N_("Villages named by {day}")
_SKETCH = N_("Outlines are sketches, not boundaries.")
_DATUM = N_("Coordinates: CGCS2000 (EPSG:4490), longitude and latitude")
#: What stands on every page of a demonstration, and on what is taken away from it.
DEMONSTRATION = (
    N_("Demonstration data"),
    N_("Street lines, facilities and village points are generated, not surveyed."),
)
_FIELDS = {"villages": N_("Villages named"), "signs": N_("Signs standing of planned")}
_LINK = re.compile(r"url\((?:\"|')?(?!data:|#)([^)\"']+)(?:\"|')?\)")


@dataclass(frozen=True, slots=True)
class ShownArea:
    """A division on the map: its GeoJSON geometry (lon, lat), whether that is a sketch, and its figures."""

    name: str
    shape: dict[str, Any]
    is_sketch: bool
    named: int
    villages: int
    standing: int
    planned: int

    @property
    def share(self) -> float:
        """Villages named of all, 0 to 1; 0 where there are none."""
        return share(self.named, self.villages)


def share(part: int, whole: int) -> float:
    """``part`` of ``whole``, 0 to 1; 0 of nothing."""
    return part / whole if whole else 0.0


def colour_of(value: float) -> str:
    """The colour of a share; the darkest is for everything done and nothing less."""
    return COLOURS[-1] if value >= 1 else COLOURS[int(max(value, 0.0) * (len(COLOURS) - 1))]


def draw_map(
    areas: Sequence[ShownArea],
    *,
    on: date,
    leaflet: Path,
    say: Callable[[str], str] = str,
    demonstration: bool = False,
) -> str:
    """The areas as one HTML file that asks no host for anything: script, style and pictures stand in it.

    It names its day and its datum, and whether a ``demonstration`` made what it shows.
    Raises Unready when ``leaflet.js`` or ``leaflet.css`` is not in the folder ``leaflet``.
    """
    import folium

    shown = folium.Map(tiles=None, zoom_snap=0.25, control_scale=True, attribution_control=False)
    shown.default_js, shown.default_css = [], []
    figure: Any = shown.get_root()  # a Figure, though folium says Element
    figure.title = html.escape(say(_TITLE).format(day=on))
    figure.header.add_child(_raw(f"<style>{_style(leaflet)}</style>"), name="leaflet_style")
    figure.header.add_child(_raw(f"<script>{_script(leaflet)}</script>"), name="leaflet_script")
    figure.header.add_child(_raw(f'<meta name="datum" content="{crs.STORED}">'), name="datum")
    notes = [say(_DATUM), *([say(_SKETCH)] if any(area.is_sketch for area in areas) else [])]
    if demonstration:
        figure.html.add_child(_raw(_banner(say)), name="demonstration")
    figure.html.add_child(_raw(_heading(say(_TITLE).format(day=on), notes)), name="heading")
    if areas:
        layer = folium.GeoJson(
            {"type": "FeatureCollection", "features": [_feature(area) for area in areas]},
            style_function=lambda feature: feature["properties"]["style"],
            marker=folium.CircleMarker(radius=12),
            tooltip=folium.GeoJsonTooltip(
                ["name", *_FIELDS], ["", *(html.escape(say(word)) for word in _FIELDS.values())]
            ),
        )
        layer.add_to(shown)
        bounds: Any = layer.get_bounds()
        shown.fit_bounds(bounds)
    return str(figure.render())


def _feature(area: ShownArea) -> dict[str, Any]:
    style = {"fillColor": colour_of(area.share), "fillOpacity": 0.8, "color": "#333333", "weight": 1}
    return {
        "type": "Feature",
        "geometry": area.shape,
        "properties": {
            "name": html.escape(area.name),  # the tooltip takes it for markup
            "villages": f"{area.named} / {area.villages} ({area.share:.0%})",
            "signs": f"{area.standing} / {area.planned}",
            "style": style,
        },
    }


def _raw(markup: str) -> Any:
    """Markup that is not read as a template."""
    from branca.element import Element

    return Element("{% raw %}" + markup + "{% endraw %}")


def _banner(say: Callable[[str], str]) -> str:
    """What stands on every page of a demonstration, and so on what is taken away from it."""
    title, words = (html.escape(say(part)) for part in DEMONSTRATION)
    return (
        '<p role="note" style="position:absolute;z-index:1000;left:0;right:0;bottom:0;margin:0;padding:.4em 1em;'
        f'background:#ffe8bd;color:#4a3200;font:14px sans-serif"><strong>{title}</strong> {words}</p>'
    )


def _heading(heading: str, notes: Sequence[str]) -> str:
    steps = "".join(
        f'<span style="background:{colour};padding:0 .6em">&nbsp;</span> {index * 100 // (len(COLOURS) - 1)}% '
        for index, colour in enumerate(COLOURS)
    )
    told = "<br>".join(f"<small>{html.escape(note)}</small>" for note in notes)
    return (
        '<div style="position:absolute;z-index:999;left:3.5em;top:.6em;background:#fffd;padding:.4em .8em;'
        f'font:14px sans-serif"><b>{html.escape(heading)}</b><br>{steps}<br>{told}</div>'
    )


def _script(folder: Path) -> str:
    """Leaflet without the link to its map file; nothing in it may end the script early."""
    source = re.sub(r"//# sourceMappingURL=\S+", "", _read(folder / "leaflet.js").decode())
    return source.replace("</script", "<\\/script")


def _style(folder: Path) -> str:
    """Leaflet's style with its pictures in it."""

    def embedded(found: re.Match[str]) -> str:
        picture = folder / found.group(1)
        encoded = base64.b64encode(picture.read_bytes()).decode() if picture.is_file() else ""
        return f"url(data:image/png;base64,{encoded})"

    return _LINK.sub(embedded, _read(folder / "leaflet.css").decode())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unready(N_("{path} is missing: run `make install`, which fetches the map's parts."), path=path) from error
