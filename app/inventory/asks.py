"""What the inventory asks of later stations; they answer, and ``app.web.office`` wires the answers in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Protocol

from sqlalchemy import Select
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class StreetName:
    """A street's name as its sign shows it, and since when it is in force."""

    words: str
    latin: str
    in_force_on: date


@dataclass(frozen=True, slots=True)
class NamingDays:
    """How far a street's name is, by day; a draft is not proposed yet."""

    drafted_on: date | None = None
    proposed_on: date | None = None
    approved_on: date | None = None
    announced_on: date | None = None


class DaysOfNaming(Protocol):
    """When a street's newest live proposal, or its name in force, came to each stage."""

    def __call__(self, session: Session, street: int, /) -> NamingDays:
        """Empty for a street that nothing is proposed for."""


class NamesInForce(Protocol):
    """The names in force of these streets."""

    def __call__(self, session: Session, streets: Collection[int], /) -> Mapping[int, StreetName]:
        """By the street's key; streets without a name in force are not in it."""


class NamedStreets(Protocol):
    """All names in force, as a select that the inventory's own lists join: which streets have no name, and which do."""

    def __call__(self) -> Select[int, str]:
        """Columns ``street_id`` and ``words``, at most one row a street."""


class SignedStreets(Protocol):
    """All streets with signs, as a select that the inventory's own lists join: which have a name but no sign."""

    def __call__(self) -> Select[int, int, int]:
        """Columns ``street_id``, ``signs`` (planned or further) and of these ``standing``; a row a street."""


class Hold(Enum):
    """What later stations built on a street, so that its shape is not the inventory's alone to change."""

    NAME = "name"  # in force
    PROPOSAL = "proposal"  # a draft, or waiting, or approved
    SIGNS = "signs"  # planned, ordered or standing
    PAST = "past"  # a name, proposal or sign that is no more: its record stays with the street


class HoldsOfStreets(Protocol):
    """What one later station holds of these streets."""

    def __call__(self, session: Session, streets: Collection[int], /) -> Mapping[int, Hold]:
        """By the street's key, the strongest hold; streets that it knows nothing of are not in it."""
