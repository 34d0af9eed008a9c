"""The sign code: what it forgives, and what it must never forgive."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs import codes

CODES = st.text(codes.ALPHABET, min_size=7, max_size=7).map(codes.with_check)


def test_the_alphabet_is_crockfords_without_the_letters_that_are_misread():
    assert len(set(codes.ALPHABET)) == 32
    assert not set(codes.ALPHABET) & set("ILOU")


def test_the_weights_of_all_places_differ_and_none_is_zero():
    """x is primitive in GF(32): x⁰ … x³⁰ are its 31 non-zero elements."""
    powers = list(itertools.accumulate(range(30), lambda value, _step: codes._times_x(value), initial=1))
    assert sorted(powers) == list(range(1, 32))
    assert codes._times_x(powers[-1]) == 1


@given(CODES)
def test_every_single_wrong_symbol_is_caught(code):
    for place, symbol in itertools.product(range(8), codes.ALPHABET):
        wrong = code[:place] + symbol + code[place + 1 :]
        assert codes.is_valid(wrong) == (wrong == code)


@given(CODES)
def test_every_exchange_of_two_different_symbols_is_caught(code):
    for one, other in itertools.combinations(range(8), 2):
        symbols = list(code)
        symbols[one], symbols[other] = symbols[other], symbols[one]
        wrong = "".join(symbols)
        assert codes.is_valid(wrong) == (wrong == code)


def test_every_error_pattern_of_one_symbol_or_one_exchange_changes_the_sum():
    """Exhaustive: the sum is linear, so only the place of an error and its difference count."""
    for place, difference in itertools.product(range(8), range(1, 32)):
        error = [0] * 8
        error[place] = difference
        assert codes._checksum(error) != 0
    for (one, other), difference in itertools.product(itertools.combinations(range(8), 2), range(1, 32)):
        error = [0] * 8
        error[one] = error[other] = difference
        assert codes._checksum(error) != 0


@given(CODES)
def test_a_code_has_exactly_one_check_symbol(code):
    assert [code[:7] + symbol for symbol in codes.ALPHABET if codes.is_valid(code[:7] + symbol)] == [code]


def test_a_row_of_zeros_is_no_code():
    assert not codes.is_valid("00000000")


def test_new_codes_are_valid_and_come_from_the_given_source():
    drawn = [codes.new_code(random.Random(7)) for _ in range(2)]  # noqa: S311 - repeatable on purpose
    assert drawn[0] == drawn[1]
    assert all(codes.is_valid(codes.new_code()) for _ in range(200))


def test_new_codes_hardly_ever_repeat():
    source = random.Random(1)  # noqa: S311 - repeatable on purpose
    assert len({codes.new_code(source) for _ in range(20_000)}) == 20_000


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("7k3m9qx2", "7K3M9QX2"),
        ("7K3M-9QX2", "7K3M9QX2"),
        (" 7k3m 9qx2\n", "7K3M9QX2"),
        ("7K3M—9QX2", "7K3M9QX2"),  # a long dash
        ("7K3M·9QX2", "7K3M9QX2"),
        ("７Ｋ３Ｍ－９ＱＸ２", "7K3M9QX2"),  # full-width, as a Chinese keyboard gives it
        ("oOiIlL00", "00111100"),
        ("", ""),
    ],
)
def test_what_people_type_is_brought_to_one_form(typed, kept):
    assert codes.normalise(typed) == kept


@given(st.text(max_size=20))
def test_no_text_breaks_the_reading_of_codes(text):
    assert isinstance(codes.is_valid(codes.normalise(text)), bool)


@given(st.text("07aBoOiIlLuUzZ -_·—０Ｏｚ/?", max_size=20))
def test_bringing_to_one_form_twice_changes_nothing(text):
    once = codes.normalise(text)
    assert codes.normalise(once) == once


@given(CODES)
def test_the_printed_grouping_reads_back_to_the_code(code):
    assert codes.normalise(codes.grouped(code).lower()) == code
    assert codes.grouped(code)[4] == "-"


@pytest.mark.parametrize("text", ["", "7K3M9QX", "7K3M9QX22", "7K3M9QXU", "7k3m9qx2", "７K3M9QX2"])
def test_other_lengths_letters_and_cases_are_no_codes(text):
    assert not codes.is_valid(text)


@pytest.mark.parametrize("body", ["", "7K3M9Q", "7K3M9QX2", "7K3M9QU", "7k3m9qx"])
def test_a_check_symbol_is_only_given_to_seven_symbols_of_the_alphabet(body):
    with pytest.raises(codes.CodeError, match="7 symbols"):
        codes.with_check(body)
