"""In which coordinate system a file's coordinates really are: found by laying its shapes on what is known.

What a file says of its datum is often missing or wrong. The shapes themselves tell: outlines of the same divisions,
streets of the same place and points of the same name must fall onto each other. Each reading of the coordinates
(:mod:`gis.datums.readings`) is laid on the known things, what still lies between them is measured
(:mod:`gis.datums.measuring`), and a reading is proposed only where it fits clearly better than the declared one and
than every other; what cannot be told stays undecided and says what would decide it (:mod:`gis.datums.deciding`).
"""

from __future__ import annotations

from gis.datums.deciding import MARGIN_DEG, MOST, find
from gis.datums.measuring import Comparison, Shift
from gis.datums.readings import Reading
from gis.datums.values import Confidence, Finding, Hypothesis, Known, Outcome, Sentence

__all__ = [
    "MARGIN_DEG",
    "MOST",
    "Comparison",
    "Confidence",
    "Finding",
    "Hypothesis",
    "Known",
    "Outcome",
    "Reading",
    "Sentence",
    "Shift",
    "find",
]
