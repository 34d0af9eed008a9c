"""The sign code: eight places, the last of them a check, from the 32 symbols of Crockford's base 32.

Each symbol is an element of GF(32) = GF(2)[x] / (x⁵ + x² + 1); x is primitive, so its powers 0 … 30 all
differ. A code is valid when Σ xⁱ · sᵢ over its places equals a fixed value. One wrong symbol changes the sum
by xⁱ·d ≠ 0; two exchanged symbols change it by (xⁱ + xʲ)·d ≠ 0, for any two places and not only neighbours;
so does the same slip in two places at once (11 → 22). The fixed value is not zero, lest 00000000 be a code.
"""

from __future__ import annotations

import random
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O (misread) and no U (words)
LENGTH = 8
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
_TARGET = 21
_FIELD = 0b100101
_OVERFLOW = 32
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None, "_": None, "·": None})
_SECURE = random.SystemRandom()


class CodeError(ValueError):
    """A text that is no sign code; the message says what is wrong with it."""


def _times_x(value: int) -> int:
    doubled = value << 1
    return doubled ^ _FIELD if doubled & _OVERFLOW else doubled


def _checksum(values: list[int]) -> int:
    """Σ xⁱ · values[i] by Horner's rule from the last place."""
    total = 0
    for value in reversed(values):
        total = _times_x(total) ^ value
    return total


def _divide_by_x(value: int, times: int) -> int:
    for _ in range(31 - times):  # x³¹ = 1, so dividing by xⁿ is multiplying by x³¹⁻ⁿ
        value = _times_x(value)
    return value


def with_check(body: str) -> str:
    """``body`` (seven symbols) with its check symbol behind; raises ``CodeError`` for any other text."""
    if len(body) != LENGTH - 1 or any(symbol not in _VALUE for symbol in body):
        raise CodeError(f"a code's body is {LENGTH - 1} symbols of {ALPHABET}, not “{body}”")
    rest = _checksum([_VALUE[symbol] for symbol in body]) ^ _TARGET
    return body + ALPHABET[_divide_by_x(rest, LENGTH - 1)]


def new_code(source: Random = _SECURE) -> str:
    """A fresh code of eight symbols in normal form.

    ``source`` is the operating system's randomness unless given. 35 random bits: the caller's table holds
    codes unique and asks again on a collision.
    """
    return with_check("".join(source.choices(ALPHABET, k=LENGTH - 1)))


def is_valid(code: str) -> bool:
    """Whether ``code``, in normal form, has eight symbols of the alphabet and the right check symbol."""
    if len(code) != LENGTH or any(symbol not in _VALUE for symbol in code):
        return False
    return _checksum([_VALUE[symbol] for symbol in code]) == _TARGET


def normalise(text: str) -> str:
    """What a person typed or a link carried, in the form we keep: ``7k3m-9qxo`` → ``7K3M9QX0``.

    Folds case and full-width forms, reads O as 0 and I or L as 1, drops spaces, dashes and dots. Never fails
    and does not check: ask ``is_valid`` afterwards.
    """
    folded = unicodedata.normalize("NFKC", text).upper()
    plain = "".join("-" if unicodedata.category(symbol) == "Pd" else symbol for symbol in folded.strip())
    return "".join(plain.split()).translate(_ALIKE)


def grouped(code: str) -> str:
    """The code as printed beside the symbol, four and four: ``7K3M-9QX2``."""
    return f"{code[:4]}-{code[4:]}"
