"""The one clock. Days are Asia/Shanghai, moments are aware UTC; nothing else in the project asks the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the moment and the day. ``fixed_at`` stops it, for tests and for telling any past day's figures."""

    fixed_at: datetime | None = None

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        return self.fixed_at if self.fixed_at is not None else datetime.now(UTC)

    def today(self) -> date:
        """The day in Asia/Shanghai, which is what every ``_on`` column holds."""
        return self.now().astimezone(SHANGHAI).date()


def day_of(moment: datetime) -> date:
    """The Shanghai day of an aware moment."""
    return moment.astimezone(SHANGHAI).date()
