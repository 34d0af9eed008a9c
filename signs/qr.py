"""Code text → QR symbol that a phone can read at the distance the sign kind is made for.

Plain squares, no picture in the middle, level H (Q when H would cost a larger symbol), quiet zone of four
modules: ISO/IEC 18004. An upper-case address keeps to the alphanumeric mode: 35 characters fit version 3 at
level H.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import qrcode
from qrcode import util
from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_Q

from signs.codes import CodeError, grouped, is_valid, with_check

QUIET_MODULES = 4
BEST_CHARS = 35  # alphanumeric characters in version 3 at level H
FAIR_CHARS = 47  # and at level Q
BEST_VERSION = 3
_ALPHANUMERIC: Literal[2] = 2  # qrcode.util.MODE_ALPHA_NUM, as its type asks for it
_HOST = re.compile(r"[A-Z0-9]([A-Z0-9-]*[A-Z0-9])?(\.[A-Z0-9]([A-Z0-9-]*[A-Z0-9])?)*(:[0-9]{1,5})?")


class HostError(ValueError):
    """A host name that cannot stand in a sign's address."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR symbol: ``rows`` from the top, True is dark, quiet zone not included.

    ``text`` is what a scanner reads, ``caption`` what a person reads beside it.
    """

    text: str
    version: int
    level: str
    rows: tuple[tuple[bool, ...], ...]
    caption: tuple[str, ...] = ()

    @property
    def modules(self) -> int:
        """Modules along one side, quiet zone not included."""
        return len(self.rows)

    def module_mm(self, qr_mm: float) -> float:
        """The side of one module in mm when the symbol with its quiet zone is ``qr_mm`` wide."""
        return qr_mm / (self.modules + 2 * QUIET_MODULES)


@dataclass(frozen=True, slots=True)
class Fit:
    """What a host costs: the address's length, its symbol, its modules' size, a word to the officer.

    ``advice`` is empty when the address fits version 3 at level H.
    """

    characters: int
    version: int
    level: str
    module_mm: float
    advice: str


def page_url(host: str, code: str) -> str:
    """The address in the symbol: ``HTTPS://HOST/S/CODE``, upper case throughout.

    ``host`` may be given in any case. Raises ``HostError`` for a name outside A–Z, 0–9, dot and dash (a
    Chinese domain must be given in its xn-- form) and ``CodeError`` for a code whose check symbol is wrong.
    """
    upper = host.strip().upper()
    if not _HOST.fullmatch(upper):
        raise HostError(f"“{host}” cannot be a sign's host: use letters, digits, dots and dashes (xn-- for Chinese)")
    if not is_valid(code):
        raise CodeError(f"“{code}” is not a sign code")
    return f"HTTPS://{upper}/S/{code}"


def symbol_for(host: str, code: str) -> Symbol:
    """The symbol of one sign's page; raises as ``page_url`` does. Same address, same modules."""
    url = page_url(host, code)
    return symbol_of(url, caption=(grouped(code), host.strip().lower()))


def symbol_of(text: str, *, caption: tuple[str, ...] = ()) -> Symbol:
    """``text`` (upper-case alphanumeric mode only) as a symbol of the best level that keeps it small.

    Up to 35 characters level H, up to 47 level Q, both version 3; longer text takes level Q and a larger
    version. Raises ``HostError`` when ``text`` holds a character outside the alphanumeric mode.
    """
    if not text or any(char not in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:" for char in text):
        raise HostError(f"“{text}” does not fit the QR alphanumeric mode")
    level = "H" if len(text) <= BEST_CHARS else "Q"
    drawing = qrcode.QRCode(border=0, error_correction=ERROR_CORRECT_H if level == "H" else ERROR_CORRECT_Q)
    drawing.add_data(util.QRData(text, mode=_ALPHANUMERIC))
    drawing.make(fit=True)
    rows = tuple(tuple(map(bool, row)) for row in drawing.modules)
    return Symbol(text, int(drawing.version), level, rows, caption)


def fit(host: str, *, qr_mm: float) -> Fit:
    """What ``host`` costs on a code ``qr_mm`` wide, quiet zone included. Raises ``HostError``."""
    symbol = symbol_of(page_url(host, with_check("0000000")))
    return Fit(
        characters=len(symbol.text),
        version=symbol.version,
        level=symbol.level,
        module_mm=symbol.module_mm(qr_mm),
        advice=_advice(symbol, qr_mm),
    )


def _advice(symbol: Symbol, qr_mm: float) -> str:
    if len(symbol.text) <= BEST_CHARS:
        return ""
    best_mm = qr_mm / (17 + 4 * BEST_VERSION + 2 * QUIET_MODULES)
    return (
        f"{len(symbol.text)} characters instead of {BEST_CHARS}: level {symbol.level} instead of H, "
        f"modules of {symbol.module_mm(qr_mm):.2f} mm instead of {best_mm:.2f} mm; take a shorter host"
    )
