"""Symbols: their address, their size and what a longer host costs."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs import codes, qr

CODE = codes.new_code(random.Random(3))  # noqa: S311 - repeatable on purpose


def host_of(length: int) -> str:
    """A host that gives an address of ``length`` characters."""
    return "a" * (length - len("HTTPS:///S/") - codes.LENGTH)


def test_the_address_is_upper_case_whatever_the_host_is_written_like():
    assert qr.page_url("dm.Dezhou.gov.cn ", CODE) == f"HTTPS://DM.DEZHOU.GOV.CN/S/{CODE}"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "地名.中国",
        "a_b.cn",
        "https://a.cn",
        "a.cn/",
        "-a.cn",
        "a..cn",
        "a.cn:",
        "a b.cn",
        "a.cn?x",
        "ａ.cn",
    ],
)
def test_a_host_outside_the_alphanumeric_mode_is_refused(host):
    with pytest.raises(qr.HostError):
        qr.page_url(host, CODE)


@pytest.mark.parametrize("host", ["localhost:8000", "xn--fiqs8s.cn", "a1-b.cn", "127.0.0.1:80"])
def test_ports_and_encoded_chinese_domains_are_hosts(host):
    assert host.upper() in qr.page_url(host, CODE)


def test_a_code_with_a_wrong_check_symbol_gets_no_symbol():
    with pytest.raises(codes.CodeError):
        qr.symbol_for("a.cn", CODE[:-1] + ("0" if CODE[-1] != "0" else "1"))


@pytest.mark.parametrize(
    ("characters", "version", "level"),
    [(30, 3, "H"), (35, 3, "H"), (36, 3, "Q"), (47, 3, "Q"), (48, 4, "Q"), (67, 4, "Q"), (68, 5, "Q")],
)
def test_35_characters_fit_version_3_at_level_h_and_47_at_q(characters, version, level):
    symbol = qr.symbol_for(host_of(characters), CODE)
    assert (len(symbol.text), symbol.version, symbol.level) == (characters, version, level)
    assert symbol.modules == 17 + 4 * version


@pytest.mark.parametrize(("qr_mm", "module_mm"), [(40, 1.08), (75, 2.03), (120, 3.24)])
def test_modules_are_as_large_as_the_table_of_plates_says(qr_mm, module_mm):
    assert qr.symbol_for("dm.dezhou.gov.cn", CODE).module_mm(qr_mm) == pytest.approx(module_mm, abs=0.005)


def test_the_officer_is_told_what_a_longer_host_costs():
    assert qr.fit("dm.dezhou.gov.cn", qr_mm=75).advice == ""
    longer = qr.fit(host_of(50), qr_mm=75)
    assert longer.version == 4
    assert longer.module_mm == pytest.approx(75 / 41)
    assert "50 characters instead of 35" in longer.advice
    assert "1.83 mm instead of 2.03 mm" in longer.advice


def test_the_caption_is_the_grouped_code_and_the_host_in_lower_case():
    assert qr.symbol_for("DM.dezhou.gov.cn", CODE).caption == (codes.grouped(CODE), "dm.dezhou.gov.cn")


def test_the_same_address_always_gives_the_same_modules():
    assert qr.symbol_for("a.cn", CODE) == qr.symbol_for("a.cn", CODE)


@pytest.mark.parametrize("text", ["", "https://a.cn", "A_B", "路"])
def test_text_outside_the_alphanumeric_mode_is_refused(text):
    with pytest.raises(qr.HostError):
        qr.symbol_of(text)


@given(st.text("ABC0189 $%*+-./:", min_size=1, max_size=80))
def test_every_symbol_has_its_three_finders(text):
    rows = qr.symbol_of(text).rows
    side = len(rows)
    for y, x in ((0, 0), (0, side - 7), (side - 7, 0)):
        assert all(rows[y][x + step] and rows[y + 6][x + step] for step in range(7))
        assert all(row[x + 2 : x + 5] == (True, True, True) for row in rows[y + 2 : y + 5])
