"""What became of the divisions of one list in the next: told apart with the evidence, an officer decides.

``compare`` is pure. A list says nothing of what became of a code that is gone; what can be known is the code, the name,
the town, and what else is gone or new there. Each change says what speaks for it, and how certain that makes it: where
several villages of a town are gone and several codes are new, and no name speaks, only an officer knows who went where.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from enum import Enum
from functools import lru_cache

from app.base.shares import Share, silent
from app.intake.models import Certainty, ChangeKind
from app.intake.register import stem_of


class Clue(Enum):
    """What speaks for a change; the words stand in ``app.web.words``."""

    SAME_CODE = "same_code"
    SAME_NAME = "same_name"
    NAME_WITHIN = "name_within"
    NAME_ALIKE = "name_alike"
    SAME_SOUND = "same_sound"
    NAME_FAR = "name_far"
    NAME_ELSEWHERE = "name_elsewhere"  # the old name stands under another code now, or the new one stood under another
    SAME_TOWN = "same_town"
    TOWN_MOVED = "town_moved"  # the town itself has another code
    ONLY_ONE = "only_one"  # the only one of the name that is gone, the only one that is new
    ONE_NEW = "one_new"  # one code is new in the town, and these are gone
    SEVERAL_NEW = "several_new"  # several are new there: which one, the lists do not say
    NONE_NEW = "none_new"  # none is new there: gone into a neighbour, or altogether
    COMMUNITY = "community"  # the old name says of which community it was
    NEIGHBOUR = "neighbour"  # the next in the order of codes
    SAID = "said"  # by the officer who confirmed it
    DIRECTION = "direction"  # the old name with 东, 西, 前, 后, 大, 小 …


@dataclass(frozen=True, slots=True)
class Unit:
    """A division as a list has it; ``above`` is the code of the division it stands below, in the same list."""

    code: str
    name: str
    above: str


@dataclass(frozen=True, slots=True)
class Change:
    """Old units → new units. ``candidates`` are codes of the new list, the likeliest first, where it is open.

    ``gone_there`` and ``new_there`` count what else of the town no name speaks for, where that is all that is known.
    """

    kind: ChangeKind
    certainty: Certainty
    olds: tuple[Unit, ...] = ()
    news: tuple[Unit, ...] = ()
    clues: tuple[Clue, ...] = ()
    candidates: tuple[str, ...] = ()
    gone_there: int = 0
    new_there: int = 0


#: Candidates that are worth showing: nearer ones first.
MOST_CANDIDATES = 12
_COMMUNITY = re.compile(r"^(.{1,7}?)社区(?=.)")
_ENDING = re.compile("(?:社区居委会|居委会|社区|新村|联村|新居|新区|村)$")
_DIRECTION = "东西南北前后中大小上下老新一二三四"
_ALIKE, _ALIKE_SHORT, _SHORTEST = 0.6, 0.8, 2
_COMMON = frozenset("村庄家屯店寨官镇乡街道办事处区县市德州" + _DIRECTION)


@lru_cache(maxsize=65_536)
def core_of(name: str) -> str:
    """What a name comes to between two lists: 宁家社区宁家村村民委员会, 宁家村委会 and 宁家社区居委会 are all 宁家."""
    inner = _COMMUNITY.sub("", stem_of(name))
    return _ENDING.sub("", inner).removesuffix("村") or inner


def community_of(name: str) -> str:
    """The community that stands before a village's name; empty where none does: 宁家社区大刘村 → 宁家."""
    found = _COMMUNITY.match(stem_of(name))
    return found[1] if found else ""


def likeness(old: str, new: str) -> Clue | None:
    """How near two names are; None where they share nothing that tells one village from another."""
    a, b = core_of(old), core_of(new)
    if a == b:
        return Clue.SAME_NAME
    if min(len(a), len(b)) >= _SHORTEST and (a in b or b in a):
        return Clue.NAME_WITHIN
    enough = _ALIKE if min(len(a), len(b)) > _SHORTEST else _ALIKE_SHORT
    if SequenceMatcher(None, a, b, autojunk=False).ratio() >= enough:
        return Clue.NAME_ALIKE
    if _sound_alike(a, b):
        return Clue.SAME_SOUND
    return Clue.NAME_FAR if _share(a, b) else None


def _sound_alike(a: str, b: str) -> bool:
    from pypinyin import lazy_pinyin

    return len(a) == len(b) and bool(lazy_pinyin(a) == lazy_pinyin(b))


def _share(a: str, b: str) -> bool:
    """Whether two cores have a character in common that tells one village from another."""
    return bool(set(a) & set(b) - _COMMON)


_BY_NAME = {
    Clue.SAME_NAME: Certainty.SURE,
    Clue.NAME_WITHIN: Certainty.LIKELY,
    Clue.NAME_ALIKE: Certainty.LIKELY,
    Clue.SAME_SOUND: Certainty.LIKELY,
    Clue.NAME_FAR: Certainty.OPEN,
}


def compare(
    before: Sequence[Unit], after: Sequence[Unit], *, towns: Mapping[str, str] | None = None, tell: Share = silent
) -> list[Change]:
    """All changes between two lists of one level, in the order of codes; some 2 s for 8,000 and 5,000 villages.

    ``towns`` gives for a code above in the old list the one in the new list, where it is another (:func:`successors`
    of the level above). Codes must be unique in each list. Every unit of both is in exactly one change. ``tell`` hears
    what share is done.
    """
    return _Comparison(before, after, towns or {}, tell).changes()


def successors(changes: Iterable[Change]) -> dict[str, str]:
    """Old code → new code, where one division became one: how the level below finds its town again."""
    return {
        change.olds[0].code: change.news[0].code
        for change in changes
        if len(change.olds) == len(change.news) == 1 and change.kind is not ChangeKind.REUSED
    }


@dataclass(slots=True)
class _Comparison:
    before: Sequence[Unit]
    after: Sequence[Unit]
    towns: Mapping[str, str]
    tell: Share = silent
    found: list[Change] = field(default_factory=list)
    gone: dict[str, Unit] = field(default_factory=dict)
    fresh: dict[str, Unit] = field(default_factory=dict)

    def changes(self) -> list[Change]:
        self._reused(self._by_code())
        steps: tuple[Callable[[], None], ...] = (
            lambda: self._by_name(lambda unit, town: (town, core_of(unit.name))),
            lambda: self._by_name(lambda unit, town: (town[:6], core_of(unit.name))),
            lambda: self._by_name(lambda unit, town: (town[:4], core_of(unit.name))),
            self._split,
            self._merged,
            self._new,
        )
        for n, step in enumerate(steps):
            self.tell(n / len(steps))
            step()
        return sorted(self.found, key=lambda change: (change.olds or change.news)[0].code)

    def _town(self, unit: Unit) -> str:
        """The town of an old unit, as the new list has it."""
        return self.towns.get(unit.above, unit.above)

    def _by_code(self) -> list[tuple[Unit, Unit]]:
        """Settle what kept its code and something of its name; the pairs whose names share nothing are left."""
        self.fresh = {unit.code: unit for unit in self.after}
        apart: list[tuple[Unit, Unit]] = []
        for old in self.before:
            new = self.fresh.pop(old.code, None)
            if new is None:
                self.gone[old.code] = old
            elif old.name == new.name:
                self.found.append(Change(ChangeKind.UNCHANGED, Certainty.SURE, (old,), (new,), (Clue.SAME_CODE,)))
            else:
                apart.append((old, new))
        left = []
        elsewhere = self._names_elsewhere(apart)
        for old, new in apart:
            clue = likeness(old.name, new.name)
            if clue is None or (clue is Clue.NAME_FAR and (old in elsewhere or new in elsewhere)):
                left.append((old, new))
            else:
                self._pair(ChangeKind.RENAMED, old, new, _BY_NAME[clue], (Clue.SAME_CODE, clue))
        return left

    def _names_elsewhere(self, apart: Sequence[tuple[Unit, Unit]]) -> set[Unit]:
        """Units of such pairs whose name stands in their town under another code of the other list that is freed."""
        olds = {(self._town(unit), core_of(unit.name)) for unit in self.gone.values()}
        news = {(unit.above, core_of(unit.name)) for unit in self.fresh.values()}
        olds |= {(self._town(old), core_of(old.name)) for old, _ in apart}
        news |= {(new.above, core_of(new.name)) for _, new in apart}
        moved = {old for old, _ in apart if (self._town(old), core_of(old.name)) in news}
        return moved | {new for _, new in apart if (new.above, core_of(new.name)) in olds}

    def _reused(self, held: Sequence[tuple[Unit, Unit]]) -> None:
        """Codes under which another place stands: both sides are free where a name tells of it, else it stays open."""
        elsewhere = self._names_elsewhere(held)
        for old, new in held:
            if old in elsewhere:
                self.gone[old.code] = old
            if new in elsewhere:
                self.fresh[new.code] = new
            olds, news = (() if old in elsewhere else (old,)), (() if new in elsewhere else (new,))
            if not olds and not news:
                continue
            sure = Certainty.LIKELY if elsewhere & {old, new} else Certainty.OPEN
            clues = (Clue.SAME_CODE, Clue.NAME_ELSEWHERE) if elsewhere & {old, new} else (Clue.SAME_CODE,)
            self.found.append(Change(ChangeKind.REUSED, sure, olds, news, clues))

    def _by_name(self, key: Callable[[Unit, str], tuple[str, str]]) -> None:
        """Settle what has the same name in the town (county, city) and is the only one of it, gone and new."""
        olds, news = defaultdict[tuple[str, str], list[Unit]](list), defaultdict[tuple[str, str], list[Unit]](list)
        for unit in self.gone.values():
            olds[key(unit, self._town(unit))].append(unit)
        for unit in self.fresh.values():
            news[key(unit, unit.above)].append(unit)
        for name, alike in olds.items():
            if len(alike) == 1 == len(news.get(name, ())):
                self._same_place(alike[0], news[name][0])

    def _same_place(self, old: Unit, new: Unit) -> None:
        clues = [Clue.SAME_NAME, Clue.ONLY_ONE]
        if old.above == new.above:
            kind, certainty = ChangeKind.RECODED, Certainty.SURE
            clues.append(Clue.SAME_TOWN)
        elif self._town(old) == new.above:
            kind, certainty = ChangeKind.MOVED, Certainty.SURE
            clues.append(Clue.TOWN_MOVED)
        else:
            kind, certainty = ChangeKind.MOVED, Certainty.LIKELY
        self._pair(kind, old, new, certainty, tuple(clues))

    def _pair(self, kind: ChangeKind, old: Unit, new: Unit, certainty: Certainty, clues: tuple[Clue, ...]) -> None:
        self.gone.pop(old.code, None)
        self.fresh.pop(new.code, None)
        self.found.append(Change(kind, certainty, (old,), (new,), clues))

    def _split(self) -> None:
        """One that is gone, and two or more new ones in its town that bear its name with a direction or a number."""
        beside = _below(self.fresh.values(), lambda unit: unit.above)
        for old in list(self.gone.values()):
            core = core_of(old.name)
            parts = [
                new
                for new in beside.get(self._town(old), ())
                if new.code in self.fresh and _directed(core, core_of(new.name))
            ]
            if len(parts) > 1 and len(core) >= _SHORTEST:
                del self.gone[old.code]
                for part in parts:
                    del self.fresh[part.code]
                clues = (Clue.DIRECTION, Clue.SAME_TOWN)
                self.found.append(Change(ChangeKind.SPLIT, Certainty.LIKELY, (old,), tuple(parts), clues))

    def _merged(self) -> None:
        """What is gone, town by town: into the only new one there, one of several, a neighbour, or nothing."""
        fresh = _below(self.fresh.values(), lambda unit: unit.above)
        standing = _below(self.after, lambda unit: unit.above)
        recoded = {change.news[0].code for change in self.found if change.kind is ChangeKind.RECODED}
        for town, gone in _below(self.gone.values(), self._town).items():
            new = fresh.get(town, [])
            into = [unit for unit in standing.get(town, ()) if unit in new or unit.code in recoded]
            if len(new) == 1 == len(into):
                self._into(new[0], gone)
            else:
                self.found += (
                    replace(self._open(old, into, standing.get(town, ())), gone_there=len(gone), new_there=len(new))
                    for old in gone
                )

    def _into(self, new: Unit, gone: Sequence[Unit]) -> None:
        """All that is gone into the only new one; a single one without a name in common is no merge, and stays open."""
        del self.fresh[new.code]
        one = len(gone) == 1
        kind = ChangeKind.RECODED if one else ChangeKind.MERGED
        if one and gone[0].above != new.above:
            kind = ChangeKind.MOVED
        certainty = Certainty.OPEN if one else Certainty.LIKELY
        self.found.append(Change(kind, certainty, tuple(gone), (new,), (Clue.ONE_NEW, Clue.SAME_TOWN)))

    def _open(self, old: Unit, into: Sequence[Unit], standing: Sequence[Unit]) -> Change:
        """One that is gone, and several it may have gone into: which one, an officer must say."""
        seat = community_of(old.name)
        seats = [unit for unit in standing if seat and core_of(unit.name) == seat]
        near = sorted(standing, key=lambda unit: abs(_number(unit) - _number(old)))[:4]
        clues = [Clue.SEVERAL_NEW if into else Clue.NONE_NEW]
        clues += [Clue.COMMUNITY] * bool(seats) + [Clue.NEIGHBOUR] * (not into and bool(near))
        chosen = sorted(into, key=lambda unit: not _share(core_of(old.name), core_of(unit.name)))
        ranked = dict.fromkeys(unit.code for unit in (*seats, *chosen, *(() if into else near)))
        kind = ChangeKind.MERGED if into else ChangeKind.ABOLISHED
        codes = tuple(ranked)[:MOST_CANDIDATES]
        return Change(kind, Certainty.OPEN, (old,), (), tuple(clues), candidates=codes)

    def _new(self) -> None:
        """What is left of the new list; beyond doubt where nothing of its town is left of the old one."""
        gone, fresh = self._left()
        for unit in self.fresh.values():
            lost = gone[unit.above]
            sure = Certainty.OPEN if lost else Certainty.SURE
            clues = (Clue.SEVERAL_NEW,) if lost else ()
            self.found.append(
                Change(
                    ChangeKind.NEW,
                    sure,
                    (),
                    (unit,),
                    clues,
                    gone_there=lost,
                    new_there=fresh[unit.above] if lost else 0,
                )
            )

    def _left(self) -> tuple[Counter[str], Counter[str]]:
        """By town of the new list: how many units no name speaks for, gone and new."""
        return Counter(map(self._town, self.gone.values())), Counter(unit.above for unit in self.fresh.values())


def _below(units: Iterable[Unit], town: Callable[[Unit], str]) -> dict[str, list[Unit]]:
    grouped = defaultdict[str, list[Unit]](list)
    for unit in units:
        grouped[town(unit)].append(unit)
    return grouped


def _directed(core: str, part: str) -> bool:
    """Whether ``part`` is ``core`` with one direction, size or number before or behind it: 大王 → 东大王, 大王一."""
    return len(part) == len(core) + 1 and (
        (part.endswith(core) and part[0] in _DIRECTION) or (part.startswith(core) and part[-1] in _DIRECTION)
    )


def _number(unit: Unit) -> int:
    """Where a unit stands in its town's order; a list without codes has none."""
    return int(unit.code[-3:]) if unit.code.isdigit() else 0
