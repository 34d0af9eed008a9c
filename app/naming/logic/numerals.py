"""Chinese numerals in names: found, read as numbers, and written again."""

from __future__ import annotations

import re

DIGITS = "零一二三四五六七八九"
TENS = {"十": 10, "百": 100, "千": 1000}
ZEROS = "零〇"
STARTS = frozenset(DIGITS[1:] + "十")
ALL = frozenset(DIGITS + ZEROS + "".join(TENS))


def tail(words: str) -> str:
    """The numeral at the end of the words, or nothing: ``大川淀一`` → ``一``. 百, 千 alone are none."""
    start = len(words)
    while start and words[start - 1] in ALL:
        start -= 1
    run = words[start:]
    while run and run[0] not in STARTS:
        run = run[1:]
    return run if value(run) is not None else ""


def value(numeral: str) -> int | None:
    """The number, for ``四十二``, ``一百零八`` and for digits said one by one (``一二九`` is 129)."""
    if not numeral or not set(numeral) <= ALL:
        return None
    if not set(numeral) & set(TENS):
        return int("".join(str(_digit(each)) for each in numeral))
    return _counted(numeral)


def _digit(character: str) -> int:
    return 0 if character in ZEROS else DIGITS.index(character)


def _counted(numeral: str) -> int | None:
    total, pending, last = 0, None, 10_000
    for character in numeral:
        if character in ZEROS:
            continue
        if character in DIGITS:
            if pending is not None:
                return None
            pending = _digit(character)
            continue
        unit = TENS[character]
        if unit >= last:
            return None
        total, pending, last = total + (1 if pending is None else pending) * unit, None, unit
    return total + (pending or 0)


def chinese(number: int) -> str:
    """A number as Chinese counts it: 12 → ``十二``, 108 → ``一百零八``; from 10,000 on digit by digit."""
    if number >= 10_000:  # noqa: PLR2004 - no street is counted so far: it is a code, or a slip of the hand
        return "".join(DIGITS[int(digit)] for digit in str(number))
    if number < len(DIGITS):
        return DIGITS[number]
    written, rest = "", number
    for unit, step in (("千", 1000), ("百", 100), ("十", 10)):
        count, rest = divmod(rest, step)
        if count:
            written += DIGITS[count] + unit
        elif written and rest and not written.endswith("零"):
            written += "零"
    written += DIGITS[rest] if rest else ""
    return written.removeprefix("一") if written.startswith("一十") else written


def runs(words: str) -> tuple[str, ...]:
    """Every numeral in the words: ``三眼井`` → ``三``."""
    found = re.findall(f"[{''.join(sorted(ALL))}]+", words)
    return tuple(run for run in found if value(run) is not None and set(run) - set("百千"))
