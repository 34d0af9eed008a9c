"""Hand-off links: each program's own datum and axis order. Shifted values as coord_convert 0.2.1 gives them."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.links import Links, links_to

PLACES = [
    ((116.30, 37.45), (116.305783, 37.450767), (116.312268, 37.456846)),
    ((117.23, 37.73), (117.236103, 37.730780), (117.242501, 37.737127)),
    ((116.00, 37.00), (116.005787, 37.000473), (116.012328, 37.006402)),
]
NAME = "张庄村 & 幸福路?#1"


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def numbers(text: str) -> list[float]:
    return [float(each) for each in text.split(",")]


@pytest.mark.parametrize(("place", "gcj", "bd"), PLACES)
def test_each_program_gets_its_own_datum_and_axis_order(place, gcj, bd):
    lon, lat = place
    links = links_to(lon, lat, NAME)
    assert numbers(asked(links.amap)["position"]) == pytest.approx(gcj, abs=2e-6), "lon, lat"
    assert numbers(asked(links.baidu)["location"]) == pytest.approx(bd[::-1], abs=2e-6), "lat, lon"
    marker = dict(part.split(":", 1) for part in asked(links.tencent)["marker"].split(";"))
    assert numbers(marker["coord"]) == pytest.approx(gcj[::-1], abs=2e-6), "lat, lon"
    assert numbers(links.geo.removeprefix("geo:").partition("?")[0]) == pytest.approx(place[::-1], abs=1e-6), "lat, lon"


def test_each_program_is_told_the_datum_where_it_asks_for_it():
    links = links_to(116.3, 37.45, NAME)
    assert asked(links.amap)["coordinate"] == "gaode"
    assert asked(links.baidu)["coord_type"] == "bd09ll"
    assert (asked(links.baidu)["src"], asked(links.tencent)["referer"]) == ("webapp.minglu.minglu", "minglu")


def test_only_who_asks_for_it_is_sent_into_the_installed_program():
    assert asked(links_to(116.3, 37.45, NAME).amap)["callnative"] == "0"
    assert asked(links_to(116.3, 37.45, NAME, native=True).amap)["callnative"] == "1"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_no_name_breaks_out_of_its_link(name):
    links: Links = links_to(116.3, 37.45, name)
    assert asked(links.amap)["name"] == asked(links.baidu)["title"] == name
    assert list(asked(links.tencent)) == ["marker", "referer"]
    assert len(asked(links.tencent)["marker"].split(";")) == 3
    _, _, words = links.geo.partition("(")
    assert unquote(words.removesuffix(")")) == name
    assert not urlsplit(links.geo).fragment
