"""Texts in the reader's language. Message ids are English; the Chinese stands in ``locale/zh_CN``.

A message may hold ``{named}`` places; values are filled in after translation. The catalogues are read once, from
every ``.po`` file of the folder, so that each station can keep its own and nothing has to be compiled first.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.pofile import read_po

from app.base.clock import SHANGHAI, day_of
from app.base.errors import Subject
from app.web.words import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LANGUAGES: Mapping[str, str] = {"zh": "中文", "en": "English"}
DEFAULT = "zh"
_MOST_ASKED = 20
LOCALE = Path(__file__).parent / "locale"
FOLDERS = {"zh": LOCALE / "zh_CN" / "LC_MESSAGES"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_language: ContextVar[str] = ContextVar("language", default=DEFAULT)


def use(language: str) -> str:
    """Set the language of the running request; an unknown one becomes Chinese. Returns the one in use."""
    known = language if language in LANGUAGES else DEFAULT
    _language.set(known)
    return known


def preferred(accepted: str) -> str:
    """The first of our languages that a browser asks for (``en-US,en;q=0.9,zh;q=0.8``); Chinese where it asks for none.

    Weights that are no numbers count as nought (RFC 9110, 12.5.4).
    """
    weighed = []
    for place, part in enumerate(accepted.split(",")[:_MOST_ASKED]):
        tag, _, weight = part.strip().partition(";")
        known = tag.strip().partition("-")[0].lower()
        said = weight.strip().removeprefix("q=") if weight else "1"
        q = float(said) if re.fullmatch(r"[01](\.[0-9]{0,3})?", said) else 0.0
        if known in LANGUAGES and q > 0:
            weighed.append((-q, place, known))
    return min(weighed)[2] if weighed else DEFAULT


def current() -> str:
    """The language of the running request."""
    return _language.get()


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Translations by message id; a plural's stands under both of its ids, as Chinese has one form."""
    found: dict[str, str] = {}
    for path in files(language):
        for ids, text in entries(path):
            found.update(dict.fromkeys(ids, text) if text else {})
    return found


def files(language: str) -> list[Path]:
    """The catalogues of a language, the shell's last: its words go before a station's."""
    folder = FOLDERS.get(language)
    return sorted(folder.glob("*.po"), key=lambda path: (path.stem == "minglu", path.stem)) if folder else []


def entries(path: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """Message ids of a ``.po`` file (two of a plural), each with its translation; empty where none is sure."""
    with path.open("rb") as file:
        for message in read_po(file, locale="zh_CN"):
            if message.id:
                ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
                text = message.string if isinstance(message.string, str) else "".join((message.string or [""])[:1])
                yield ids, "" if message.fuzzy else text


def translate(message: str, language: str | None = None, /, **values: object) -> str:
    """``message`` in ``language`` (else the request's) with its values; unknown messages stay English."""
    language = language or current()
    text = catalogue(language).get(message, message)
    return text.format(**{name: spoken(value, language) for name, value in values.items()}) if values else text


def reason(message: str, values: Mapping[str, object], language: str | None = None) -> str:
    """Why a row ended as it did; what was mended in several ways is told sentence by sentence. Empty for no reason."""
    if not message:
        return ""
    if translate(message, language) != message:
        return translate(message, language, **values)
    return " ".join(translate(part, language, **values) for part in re.split(r"(?<=\.)\s", message))


def plural(one: str, many: str, n: int, /, **values: object) -> str:
    """The form of a message that fits ``n``, which is filled in as ``{n}``, grouped."""
    return translate(one if n == 1 else many, n=grouped(n), **values)


def spoken(value: object, language: str | None = None) -> object:
    """A value as it stands in a sentence: days and moments written out, tables called by name, others as they are."""
    if isinstance(value, Subject):
        return translate(SUBJECTS.get(value, value), language)
    if isinstance(value, datetime):
        return moment(value, language)
    if isinstance(value, date):
        return day(value, language)
    return value


def day(value: date | None, language: str | None = None) -> str:
    """``2024年4月8日``, in English ``8 April 2024``; a dash for no day."""
    if value is None:
        return "–"
    if (language or current()) == "zh":
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime | None, language: str | None = None) -> str:
    """The day and the time in Shanghai; a dash for none."""
    if value is None:
        return "–"
    return f"{day(day_of(value), language)} {value.astimezone(SHANGHAI):%H:%M}"


def grouped(value: float | None) -> str:
    """``5,099``; a dash for none."""
    return "–" if value is None else f"{value:,.0f}"


def metres(value: float | None) -> str:
    """``1,234.5 m`` with one decimal at most; kilometres from ten thousand on."""
    if value is None:
        return "–"
    if value >= 10_000:  # noqa: PLR2004 - from here on nobody reads metres
        return f"{value / 1000:,.1f} km"
    return f"{value:,.1f} m".replace(".0 m", " m")


def lasting(seconds: float) -> str:
    """About how long: whole seconds up to a minute and a half, whole minutes up to an hour and a half, then hours."""
    if seconds < 90:  # noqa: PLR2004 - beyond, nobody counts seconds
        return plural("{n} s", "{n} s", max(1, round(seconds)))
    if seconds < 90 * 60:
        return plural("{n} min", "{n} min", round(seconds / 60))
    return plural("{n} h", "{n} h", round(seconds / 3600))


def signed(value: float | None) -> str:
    """A difference with its sign: ``+3``, ``−1,205``; a dash for none."""
    return "–" if value is None else f"{value:+,.0f}".replace("-", "−")
