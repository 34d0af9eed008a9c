"""The templates' environment: strict about names, escaping always, every text through the catalogue."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from app.base import jobs, seen
from app.web import language, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2.bccache import Bucket

    from app.base.models import Run

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
DIST = HERE / "static" / "dist"
#: The product's own name, which is not translated.
BRAND = {"name": "明路", "latin": "MINGLU"}


class _Compiled(BytecodeCache):
    """What a process has compiled already: the second app in it (tests make hundreds) need not do so again."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """See Jinja; a bucket drops what is of another source or another Jinja."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """See Jinja."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def environment() -> Environment:
    """A fresh environment; one per app."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        bytecode_cache=_COMPILED,
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    said = (language.day, language.moment, language.grouped, language.metres, language.lasting, language.signed, label)
    env.filters.update({filter_.__name__: filter_ for filter_ in said})
    env.filters["seen"] = seen.told
    env.filters["seconds_left"] = jobs.seconds_left
    env.filters["refusal"] = refusal
    env.globals.update(
        _=_text,
        ngettext=_plural,
        asset=asset,
        with_query=with_query,
        words=words,
        named=named,
        languages=language.LANGUAGES,
    )
    env.globals["brand"] = BRAND
    return env


def refusal(run: Run) -> str:
    """Why a run failed, in the reader's language; empty where it did not."""
    message, values = jobs.refusal_of(run)
    return language.translate(message, **values) if message else ""


def label(value: str, kinds: Mapping[str, str | tuple[str, str]]) -> str:
    """The word for a value of one of the tables of ``words``; a value without one stays as it is."""
    found = kinds.get(value, value)
    return language.translate(found[0] if isinstance(found, tuple) else found)


def named(values: Iterable[str], kinds: Mapping[str, str | tuple[str, str]]) -> list[tuple[str, str]]:
    """Values with their words, as a form's choice wants them."""
    return [(value, label(value, kinds)) for value in values]


def _text(message: str, **values: object) -> str:
    if not values:
        return language.translate(message)
    escaped = {
        name: value if isinstance(value, Markup) else escape(language.spoken(value)) for name, value in values.items()
    }
    return Markup(escape(language.translate(message))).format(**escaped)  # noqa: S704 - both parts are escaped


def _plural(one: str, many: str, n: int, **values: object) -> str:
    return _text(one if n == 1 else many, n=language.grouped(n), **values)


def asset(name: str) -> str:
    """The address of a built file, with its content's hash in the name; the plain name before the first build."""
    return f"/static/dist/{_manifest(_stamp()).get(name, name)}"


def _stamp() -> float:
    path = DIST / "manifest.json"
    return path.stat().st_mtime if path.exists() else 0.0


@cache
def _manifest(stamp: float) -> Mapping[str, str]:
    return json.loads((DIST / "manifest.json").read_text()) if stamp else {}


def with_query(url: str, **values: object) -> str:
    """``url`` with these query values, those that are None or empty left out."""
    pairs = {name.rstrip("_"): value for name, value in values.items() if value not in {None, ""}}
    if not pairs:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs, doseq=True)}"
