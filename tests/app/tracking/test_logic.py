"""Shares, colours, and a map that asks nobody for anything."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import html5lib
import pytest

from app.base.errors import Unready
from app.tracking.logic import COLOURS, ShownArea, colour_of, draw_map, share

BOX = {"type": "Polygon", "coordinates": [[[116.2, 37.3], [116.5, 37.3], [116.5, 37.6], [116.2, 37.6], [116.2, 37.3]]]}
DOT = {"type": "Point", "coordinates": [116.9, 37.4]}
DAY = date(2024, 7, 1)
REAL = Path(__file__).parents[3] / "node_modules" / "leaflet" / "dist"


@pytest.fixture(params=["small", "real"])
def leaflet(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The map's parts: a small stand-in of the same form, and the real ones where npm has put them."""
    if request.param == "real":
        if not REAL.is_dir():
            pytest.skip("npm has not put leaflet here")
        return REAL
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "layers.png").write_bytes(b"\x89PNG")
    (tmp_path / "leaflet.js").write_text('var L={};"{{x}}{%if%}</script>"\n//# sourceMappingURL=leaflet.js.map\n')
    (tmp_path / "leaflet.css").write_text(".a{background:url(images/layers.png)}.b{behavior:url(#default#VML)}")
    return tmp_path


def area(name: str = "东县", shape: object = BOX, **values: object) -> ShownArea:
    figures = {"is_sketch": True, "named": 3, "villages": 4, "standing": 5, "planned": 10}
    return ShownArea(name=name, shape=shape, **{**figures, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(("part", "whole", "told"), [(0, 0, 0.0), (1, 2, 0.5), (3, 3, 1.0)])
def test_a_share_of_nothing_is_nothing(part: int, whole: int, told: float):
    assert share(part, whole) == told


def test_only_a_whole_share_gets_the_darkest_colour():
    assert colour_of(1.0) == COLOURS[-1]
    assert colour_of(0.999) == COLOURS[-2]
    assert colour_of(0.0) == COLOURS[0]


def test_the_map_is_one_file_that_loads_nothing(leaflet: Path):
    page = draw_map([area(), area("西县", DOT)], on=DAY, leaflet=leaflet)
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    loaded = [node for node in tree.iter() if node.get("src") or (node.tag == "link" and node.get("href"))]
    assert loaded == []
    assert not re.findall(r"url\((?!\"?(?:data:|#))", page)
    assert "sourceMappingURL" not in page
    assert "cdn." not in page
    assert "2024-07-01" in page
    assert "sketches" in page


def test_the_map_names_its_datum_and_says_when_it_shows_a_demonstration(leaflet: Path):
    real, made = (draw_map([area()], on=DAY, leaflet=leaflet, demonstration=shown) for shown in (False, True))
    for page in (real, made):
        assert "CGCS2000 (EPSG:4490), longitude and latitude" in page
        assert '<meta name="datum" content="EPSG:4490">' in page
    assert "Demonstration data" in made
    assert "Demonstration data" not in real


def test_the_map_tells_each_areas_figures(leaflet: Path):
    page = draw_map([area(is_sketch=False)], on=DAY, leaflet=leaflet)
    assert json.dumps("东县")[1:-1] in page
    assert "3 / 4 (75%)" in page
    assert "5 / 10" in page
    assert colour_of(0.75) in page
    assert "sketches" not in page


def test_a_name_cannot_bring_markup_into_the_map(leaflet: Path):
    page = draw_map([area("<img src=x onerror=alert(1)>{{ 7*7 }}")], on=DAY, leaflet=leaflet)
    assert "<img src=x" not in page
    assert "\\u003cimg" not in page


def test_without_areas_the_map_is_empty_but_whole(leaflet: Path):
    assert "<html>" in draw_map([], on=DAY, leaflet=leaflet)


def test_without_its_parts_the_map_says_what_to_do(tmp_path: Path):
    with pytest.raises(Unready, match="make install"):
        draw_map([area()], on=DAY, leaflet=tmp_path)
