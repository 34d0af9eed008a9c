"""Checks of texts and templates, for ``minglu check``: each returns its complaints, none when all is well.

``python -m app.web.checking`` writes messages that no catalogue has yet into the station's ``.po``, to be translated.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import TemplateSyntaxError, meta, nodes

from app.web.language import FOLDERS, entries, files
from app.web.rendering import TEMPLATES, environment
from app.web.words import STATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
#: Only the command line shows these, in English: programs of the operator, not pages.
COMMAND_LINE = (
    *("app/__main__.py", "app/walk/", "app/commands/", "app/demonstration/"),
    *(f"app/base/{name}.py" for name in ("cluster", "postgres", "prepare", "running", "settings", "troubles")),
)
#: But what runs do stands there too, and why one failed is told on its page.
RUNS = tuple(f"app/commands/{name}.py" for name in ("kinds", "lists", "plates", "rechecking", "undoing"))
_HEAD = "# Chinese texts of Minglu; see docs/pages.md."
_REFUSALS = {"MingluError", "NotFound", "NotAllowed", "Conflict", "Invalid", "Unready"}
_CJK = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
_LATIN = re.compile(r"[A-Za-z]{2,}")
_SPOKEN = frozenset({"title", "alt", "placeholder", "aria-label"})
_LOADED = frozenset({"src", "href", "action", "formaction", "poster", "data-tiles"})
_CODE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def messages() -> dict[str, str]:
    """All message ids in code and templates, each with where it stands first; a plural's ids are joined by a tab.

    The shell comes before the stations: words that both use are in the shell's catalogue.
    """
    found: dict[str, str] = {}
    code = [path for folder in ("app", "gis", "signs") for path in (ROOT / folder).rglob("*.py")]
    names = {path.relative_to(ROOT).as_posix(): path for path in (*code, *TEMPLATES.rglob("*.html"))}
    for name in sorted(names, key=lambda name: (_station(name) != "minglu", name)):
        if not name.startswith(COMMAND_LINE) or name in RUNS:
            read = _in_code if name.endswith(".py") else _in_template
            found.update({key: name for key in read(names[name]) if key not in found})
    return found


def untranslated(station: str | None = None) -> list[str]:
    """Messages without Chinese, fuzzy ones, and translations that nothing asks for any more; of one catalogue or all.

    The shell's own messages are in ``minglu``, those of ``gis`` in ``gis``.
    """
    return [words for key, words in _complaints() if station in {None, key}]


@cache
def _complaints() -> tuple[tuple[str, str], ...]:
    """Each complaint with the station whose catalogue it concerns; all texts are read once a process."""
    wanted, kept = messages(), _kept()
    missing = [
        (_station(place), f"{place}: no Chinese for “{key}”") for key, place in wanted.items() if not kept.get(key)
    ]
    obsolete = [(home, f"{home}.po: no longer used: “{key}”") for home, key, _ in _entries() if key not in wanted]
    twice = [
        (home, f"{home}.po: “{key}” is “{text}” here and “{kept[key]}” elsewhere")
        for home, key, text in _entries()
        if text and text != kept[key]
    ]
    places = [
        (_station(wanted[key]), f"{wanted[key]}: the Chinese of “{key}” has places that it has not")
        for key, text in kept.items()
        if key in wanted and _places(text) - _places(key)
    ]
    return (*missing, *obsolete, *twice, *places)


def check_templates() -> list[str]:
    """Templates that do not compile, or hold inline code, foreign hosts, or words outside the catalogue."""
    env, complaints = environment(), []
    for path in sorted(TEMPLATES.rglob("*.html")):
        name = path.relative_to(TEMPLATES).as_posix()
        try:
            source = path.read_text()
            env.get_template(name)
            asked = meta.find_referenced_templates(env.parse(source))
            complaints += [f"{name}: there is no {one}" for one in asked if one and not (TEMPLATES / one).exists()]
        except TemplateSyntaxError as error:
            complaints.append(f"{name}:{error.lineno}: {error.message}")
            continue
        complaints += [f"{name}:{line}: {words}" for line, words in _Watch.read(source)]
    return complaints


def add_missing() -> int:
    """Write messages without an entry into the ``.po`` of the station they stand in; how many."""
    kept, added = _kept(), 0
    for key, place in messages().items():
        if key in kept:
            continue
        path = FOLDERS["zh"] / f"{_station(place)}.po"
        catalog = (
            _read(path)
            if path.exists()
            else Catalog(locale="zh_CN", project="Minglu", fuzzy=False, header_comment=_HEAD)
        )
        catalog.add(tuple(key.split("\t")) if "\t" in key else key, locations=[(place, 1)])
        _write(path, catalog)
        added += 1
    return added


def _station(place: str) -> str:
    names = {"gis", *(key for key, _, _ in STATIONS)}
    return next((part for part in Path(place).parts if part in names), "minglu")


def _kept() -> dict[str, str]:
    """The Chinese of every message that has an entry, empty where none is sure."""
    kept: dict[str, str] = {}
    for _, key, text in _entries():
        kept[key] = text or kept.get(key, "")
    return kept


def _entries() -> Iterator[tuple[str, str, str]]:
    """Every entry of every catalogue: whose, its key, its Chinese."""
    for path in files("zh"):
        for ids, text in entries(path):
            yield path.stem, "\t".join(ids), text


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh_CN")


def _write(path: Path, catalog: Catalog) -> None:
    with path.open("wb") as file:
        write_po(file, catalog, width=120, sort_output=False, include_lineno=False)


def _places(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def _in_code(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    refusals = _REFUSALS | _children(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if name in refusals and texts:
            yield texts[0]
        elif name == "see" and len(node.args) > 1 and texts and texts[-1] is getattr(node.args[1], "value", None):
            yield texts[-1]
        elif name in {"_", "N_", "text", "translate"} and texts and _is_message(node, name):
            yield texts[0]
        elif name in {"ngettext", "plural"} and len(texts) == 2:  # noqa: PLR2004 - one and many
            yield "\t".join(texts)


def _is_message(node: ast.Call, name: str) -> bool:
    """SQLAlchemy has a ``text`` too: ours is a method of the answer."""
    return name != "text" or (isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "show")


def _children(tree: ast.Module) -> set[str]:
    """Refusals that this file makes of the base ones."""
    names = set(_REFUSALS)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") in names for base in node.bases):
            names.add(node.name)
    return names


def _in_template(path: Path) -> Iterator[str]:
    for call in environment().parse(path.read_text()).find_all(nodes.Call):
        name = call.node.name if isinstance(call.node, nodes.Name) else ""
        texts = [arg.value for arg in call.args if isinstance(arg, nodes.Const) and isinstance(arg.value, str)]
        if name == "_" and texts:
            yield texts[0]
        elif name == "ngettext" and len(texts) == 2:  # noqa: PLR2004 - one and many
            yield "\t".join(texts)


class _Watch(HTMLParser):
    """Reads a template with its code blanked out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self.inside: list[str] = []

    @classmethod
    def read(cls, source: str) -> list[tuple[int, str]]:
        """Complaints with their lines."""
        watch = cls()
        watch.feed(_CODE.sub(lambda code: "\n" * code[0].count("\n"), source))
        return watch.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        if tag == "style" or (tag == "script" and not any(name == "src" for name, _ in attrs)):
            self._say(f"inline <{tag}>")
        for name, value in attrs:
            self._attribute(name, value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.inside[-1:] not in (["script"], ["style"], ["code"]) and (_LATIN.search(data) or _CJK.search(data)):
            self._say(f"untranslated text “{data.strip()[:40]}”")

    def _attribute(self, name: str, value: str) -> None:
        if name == "style" or name.startswith(("on", "hx-on")):
            self._say(f"inline {name}")
        if name in _LOADED and re.match(r"(https?:)?//", value):
            self._say(f"foreign host in {name}")
        if _CJK.search(value) or (name in _SPOKEN and _LATIN.search(value)):
            self._say(f"untranslated {name}")

    def _say(self, words: str) -> None:
        self.found.append((self.getpos()[0], words))


if __name__ == "__main__":
    import sys

    sys.stdout.write(f"{add_missing()} messages added\n")
