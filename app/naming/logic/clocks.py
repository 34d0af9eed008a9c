"""By when something must be done: 15 days to file and to announce, 60 to put the sign up, 30 to mend it.

Days are calendar days and the day of the event is not counted, until the bureau says otherwise: each clock is
a rule that can be set.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Due(StrEnum):
    """What has to be done in time."""

    FILE = "file"  # report the decision to the next higher government
    ANNOUNCE = "announce"  # publish the approved name
    SIGN = "sign"  # put the sign up
    REPAIR = "repair"  # mend a sign after notice of a defect
    SWAP = "swap"  # exchange signs after a change of name


class Start(StrEnum):
    """The event from which the days are counted."""

    APPROVED = "approved_on"
    NOTICED = "noticed_on"
    RENAMED = "renamed_on"


@dataclass(frozen=True, slots=True)
class ClockRule:
    """So many days, or months, after an event; ``binding`` where the law itself says so."""

    start: Start
    days: int = 0
    months: int = 0
    source: str = ""
    binding: bool = False


@dataclass(frozen=True, slots=True)
class Deadline:
    """One clock of one record."""

    clock: Due
    due_on: date
    rule: ClockRule

    def days_left(self, today_on: date) -> int:
        """Negative when overdue."""
        return (self.due_on - today_on).days


DEFAULT_RULES: Mapping[Due, ClockRule] = {
    Due.FILE: ClockRule(Start.APPROVED, days=15, source="Regulation, article 13", binding=True),
    Due.ANNOUNCE: ClockRule(Start.APPROVED, days=15, source="Regulation, article 14", binding=True),
    Due.SIGN: ClockRule(Start.APPROVED, days=60, source="example of Ningbo, article 21"),
    Due.REPAIR: ClockRule(Start.NOTICED, days=30, source="example of Ningbo, article 24"),
    Due.SWAP: ClockRule(Start.RENAMED, months=3, source="example of Shanghai, article 34"),
}


def due_on(start_on: date, rule: ClockRule) -> date:
    """The last day on which it is still in time."""
    return _later(start_on, rule.months) + timedelta(days=rule.days)


def deadlines(events: Mapping[Start, date], rules: Mapping[Due, ClockRule] = DEFAULT_RULES) -> tuple[Deadline, ...]:
    """Every clock that runs because its event has happened, the earliest first."""
    running = (
        Deadline(clock, due_on(events[rule.start], rule), rule) for clock, rule in rules.items() if rule.start in events
    )
    return tuple(sorted(running, key=lambda deadline: deadline.due_on))


def _later(day: date, months: int) -> date:
    """The same day so many months later, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
