"""The lists of words that the rules are checked against, each with its source and who has confirmed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from app.naming.logic import tables
from app.naming.logic.characters import CharacterTable, default_table
from app.naming.logic.findings import Level
from app.naming.logic.parts import Generic, default_divisions, default_generics


@dataclass(frozen=True, slots=True)
class Entry:
    """One listed word; ``level`` overrides the rule's own, ``note`` says why it is listed."""

    words: str
    note: str = ""
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class WordList:
    """A list with its provenance. Until somebody has confirmed it, a check against it is not complete."""

    title: str
    entries: tuple[Entry, ...] = ()
    source: str = ""
    dated_on: date | None = None
    confirmed_by: str | None = None
    changed_since: str | None = None  # who confirmed what it was before its last change
    _by_words: Mapping[str, Entry] = field(init=False, repr=False, compare=False)
    _lengths: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the words: a name has few stretches, a list has thousands of words."""
        by_words = {entry.words: entry for entry in self.entries}
        object.__setattr__(self, "_by_words", by_words)
        object.__setattr__(self, "_lengths", tuple(sorted({len(words) for words in by_words})))

    def hits(self, words: str) -> Iterator[Entry]:
        """The listed words that occur in a name; of two that overlap inside one another the longer."""
        by_words = self._by_words
        found = [
            by_words[words[start : start + length]]
            for length in self._lengths
            for start in range(len(words) - length + 1)
            if words[start : start + length] in by_words
        ]
        return (
            entry
            for entry in dict.fromkeys(found)
            if not any(entry.words != other.words and entry.words in other.words for other in found)
        )


@dataclass(frozen=True, slots=True)
class Lists:
    """All that ``check_name`` compares with. Replace one by ``dataclasses.replace``.

    ``terms`` is the list that ``generics`` come from: its source, and who has confirmed it.
    """

    generics: tuple[Generic, ...] = field(default_factory=default_generics)
    terms: WordList = field(default_factory=lambda: terms_of(default_generics()))
    divisions: Mapping[str, str] = field(default_factory=default_divisions)
    characters: CharacterTable = field(default_factory=default_table)
    placeholders: WordList = WordList("placeholders")
    banned: WordList = WordList("banned words")
    leaders: WordList = WordList("state leaders")
    persons: WordList = WordList("persons")
    foreign: WordList = WordList("foreign names")
    companies: WordList = WordList("companies and trademarks")
    alike: WordList = WordList("look-alike characters")


def terms_of(generics: tuple[Generic, ...]) -> WordList:
    """The list of generics as a list of words, for saying who has confirmed it."""
    return WordList("generics", tuple(Entry(each.words) for each in generics))


@cache
def default_lists() -> Lists:
    """The starting lists that ship with the program; nobody has confirmed them."""
    own = "starting list of this program"
    return Lists(
        placeholders=_shipped("placeholders", "placeholders", source=own),
        banned=_shipped("banned words", "banned", source="own compilation"),
        leaders=_shipped("state leaders", "leaders", source=own),
        persons=_shipped("persons", "persons", source="THUOCL 2018, historical persons", without="not_persons"),
        foreign=_shipped("foreign names", "foreign", "foreign_more", source="JioNLP 1.5.31 and a starting list"),
        companies=_shipped(
            "companies and trademarks",
            "companies",
            "companies_listed",
            source=f"{own}, adata 2.9.5",
            without="not_companies",
        ),
        alike=_shipped("look-alike characters", "alike", source="pycorrector 1.1.4"),
    )


def _shipped(title: str, *names: str, source: str, without: str = "") -> WordList:
    """One list of one or several tables; ``without`` names a table of words that are none of it."""
    left_out = {row["words"] for row in tables.rows(without)} if without else set()
    entries = tuple(_entry(row) for name in names for row in tables.rows(name) if row["words"] not in left_out)
    return WordList(title, entries, source, dated_on=date(2026, 11, 22))


def _entry(row: tables.Row) -> Entry:
    level = row.get("level")
    note = row.get("note") or row.get("country") or ""
    return Entry(row["words"], note, Level(level) if level else None)
