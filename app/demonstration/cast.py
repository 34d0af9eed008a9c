"""Who acts in the demonstration, and when: transactions as its people, and clocks that stand on past days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.db import Database
from app.base.files import Store
from app.base.models import Division
from app.base.people import Actor, actor_of
from app.base.settings import Settings
from app.naming.queries import approvers_in

Tell = Callable[[str, int, int], object]
VIA = "minglu demo load"


@dataclass(frozen=True, slots=True)
class Cast:
    """The equipment of the loading; ``people`` gives keys by login."""

    settings: Settings
    clock: Clock
    office: Database
    public: Database
    store: Store
    people: dict[str, int]
    tell: Tell

    @contextmanager
    def acting(self, login: str, station: str) -> Iterator[tuple[Session, Actor]]:
        """One transaction as one of the people, as any page of that station would open it."""
        person = self.people[login]
        with self.office.acting(person, via=f"{VIA}: {station}") as session:
            yield session, actor_of(session, person)

    def on_day(self, days_ago: int) -> Clock:
        """A clock that stands at this hour so many days before today."""
        return Clock(self.clock.now() - timedelta(days=days_ago))


@dataclass(frozen=True, slots=True)
class County:
    """A county of the demonstration: its division's key, its code, who acts for it and which government approves."""

    id: int
    code: str
    name: str
    officer: str

    def authority(self, session: Session) -> str:
        """The government that approves names here."""
        return approvers_in(session, [self.division(session).path])[0]

    def division(self, session: Session) -> Division:
        """Its row."""
        return session.get_one(Division, self.id)
