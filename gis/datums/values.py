"""What goes into the search for a datum and what comes out of it. All places are lon, lat in EPSG:4490."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from shapely.geometry.base import BaseGeometry

from gis.datums.measuring import Shift
from gis.datums.readings import Reading


class Outcome(Enum):
    """What the search for a datum ended with."""

    CONFIRMED = "confirmed"  # what is known agrees with the declared datum
    PROPOSED = "proposed"  # another datum fits, the declared one (if any) does not
    UNDECIDED = "undecided"  # several readings are left, or none explains what was measured
    ELSEWHERE = "elsewhere"  # no reading puts the file at the place
    UNCOMPARED = "uncompared"  # nothing is known to compare with


class Confidence(Enum):
    """How sure a hypothesis is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the place: outlines and points by name (names may repeat), streets, and what they are called.

    ``called`` has a name or None for each of ``streets``, or is empty where none is known; a street may be in pieces.

    ``box`` (west, south, east, north) is where a file has to lie; None: within all that is known, and a little beyond.
    """

    outlines: Sequence[tuple[str, BaseGeometry]] = ()
    streets: Sequence[BaseGeometry] = ()
    called: Sequence[str | None] = ()
    points: Sequence[tuple[str, BaseGeometry]] = ()
    box: tuple[float, float, float, float] | None = None

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self.outlines or self.streets or self.points or self.box)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A message template in English and the values that fill it, as errors have them."""

    message: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        """The sentence in English."""
        return self.message.format(**self.values)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading, how sure it is, and what still lies between it and what is known (None: not measured)."""

    reading: Reading
    confidence: Confidence
    remaining: Shift | None = None

    @property
    def name(self) -> str:
        """The datum's name, as :func:`gis.crs.datum_named` takes it."""
        return self.reading.datum.name


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome, the hypotheses with the best first, and what to tell.

    ``proposed`` names the datum to read the file in, empty where none is better than the declared one. ``shift`` is
    the measured displacement of the file in the declared reading (for an undeclared file, in that of plain degrees),
    None where that reading is not at the place. ``remedy`` says what would decide, or what to do.
    """

    outcome: Outcome
    declared: str
    proposed: str
    hypotheses: tuple[Hypothesis, ...]
    shift: Shift | None
    says: tuple[Sentence, ...]
    remedy: Sentence | None = None

    @property
    def asks(self) -> bool:
        """Whether somebody has to choose: another datum is proposed, or several come into question."""
        return self.outcome in {Outcome.PROPOSED, Outcome.UNDECIDED}
