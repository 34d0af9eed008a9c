"""What the milestones say without a database."""

from __future__ import annotations

_DIGITS = "零一二三四五六七八九"


def title_of(year: int, n: int) -> str:
    """What a county's n-th batch of a year is called until somebody calls it otherwise; a title is kept in Chinese."""
    return f"{year}年第{chinese_number(n)}批"


def chinese_number(n: int) -> str:
    """A whole number from 1 to 99 as titles write it: 8 → 八, 10 → 十, 21 → 二十一; larger ones in figures."""
    if not 1 <= n <= 99:  # noqa: PLR2004 - a county has no hundred batches a year
        return str(n)
    tens, ones = divmod(n, 10)
    ten = ("" if tens == 1 else _DIGITS[tens]) + "十" if tens else ""
    return ten + (_DIGITS[ones] if ones else "")
