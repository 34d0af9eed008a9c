"""Which reading of a file's coordinates is right, and what may be said about it.

The law of this module: a file that lies where it should is never "corrected". Another datum than the declared one is
proposed only where it fits, the declared one does not, and a clear majority of the features says so (sign test).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from gis import crs
from gis.datums import words
from gis.datums.matching import comparisons
from gis.datums.measuring import SCALES, Comparison, Floats, Frame, Samples, Shapes, Shift, Twins
from gis.datums.readings import CHINA, Place, Reading, readings
from gis.datums.values import Confidence, Finding, Hypothesis, Known, Outcome, Sentence

#: A file belongs to a place where this share of it lies within the known things' box, widened by about 5 km.
MOST, MARGIN_DEG = 0.5, 0.05
_VERTICES = 5000
#: Wider than this is no province, but a row of nonsense.
_WIDEST_DEG = 20.0
_EVERYWHERE = Place(-180.0, -90.0, 180.0, 90.0)
#: Units that must tell, the share of them that must agree, and the standard deviations from chance.
_UNITS, _SHARE, _SIGMAS = 5, 0.6, 2.3
#: What remains of a displacement may be this part of the distance to any other reading.
_PART = 0.3
#: How many times the votes of the next best step are needed where features are matched by no name, and their share.
_PROMINENCE, _HITS = 1.3, 0.2
_CERTAIN_SHARE, _CERTAIN_SIGMAS = 0.8, 4.0


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one comparison says: the best reading, those it could not exclude, and whether the best one fits."""

    laid: Samples | Twins
    best: int
    rivals: tuple[int, ...]
    fits: bool
    sure: bool
    remaining: Shift
    open: bool = False  # a grid that repeats itself: the best reading fits better than the others, not well enough


def find(shapes: Shapes, names: Sequence[str | None], *, declared: crs.Datum | None, known: Known) -> Finding:
    """In which datum ``shapes`` (geometries in the file's own numbers, None allowed) are.

    ``names`` are the features' names, one a shape. ``declared`` is what the file or the officer says, None for
    nothing; ``known`` is trusted. Nothing known leaves a declared datum as it is. Takes at most some seconds, however
    large the file: vertices and lines are sampled.
    """
    usable = [n for n, shape in enumerate(shapes) if shape is not None and not shape.is_empty and _finite(shape)]
    kept = np.asarray(shapely.force_2d(np.array([shapes[n] for n in usable], dtype=object)), dtype=object)
    xy = shapely.get_coordinates(kept)
    xy = xy[np.linspace(0, len(xy) - 1, min(len(xy), _VERTICES)).astype(int)]
    place = _place(known)
    if not len(xy) or (place is CHINA and declared and _EVERYWHERE.share(crs.to_stored(xy, declared)) >= MOST):
        return _uncompared(xy, declared)
    at_place = readings(xy, place=place, declared=declared, least=MOST)
    if not at_place:
        return _elsewhere(xy, declared)
    frame = Frame(*place.middle)
    here = np.flatnonzero(_here(kept, at_place[0].datum, place))
    told = [names[usable[int(n)]] for n in here]
    laid = comparisons(kept[here], told, datum=at_place[0].datum, frame=frame, known=known) if known else []
    verdicts = [verdict for each in laid if (verdict := _judge(each, at_place, frame, declared))]
    few = tuple(words.too_few(verdict.remaining) for verdict in verdicts if not _enough(verdict))
    return _Conclusion(at_place, declared, [each for each in verdicts if _enough(each)], frame, few).finding()


def _finite(shape: shapely.Geometry) -> bool:
    return bool(np.isfinite(shapely.get_coordinates(shape)).all())


def _here(shapes: Shapes, datum: crs.Datum, place: Place) -> NDArray[np.bool_]:
    """Which shapes reach the place; rows of nonsense do not, and must not spoil what the others say."""
    bounds = shapely.bounds(crs.shapes_to_stored(shapes, datum))
    with np.errstate(invalid="ignore"):
        west, south, east, north = (bounds[:, n] for n in range(4))
        across = (west <= place.east) & (east >= place.west) & (south <= place.north) & (north >= place.south)
        return np.asarray(across & (east - west < _WIDEST_DEG) & (north - south < _WIDEST_DEG))


def _place(known: Known) -> Place:
    if known.box:
        return Place(*known.box)
    if not known:
        return CHINA
    things = [*(shape for _, shape in known.outlines), *known.streets, *(point for _, point in known.points)]
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(np.array(things, dtype=object)))
    return Place(west - MARGIN_DEG, south - MARGIN_DEG, east + MARGIN_DEG, north + MARGIN_DEG)


def _judge(laid: Samples | Twins, at_place: list[Reading], frame: Frame, declared: crs.Datum | None) -> _Verdict | None:
    """What one comparison says, None where nothing of the file has a counterpart.

    The best reading is the one of least distance: of points the median, so that one that was misplaced decides nothing;
    of lines the mean, in which each part counts for no more than the comparison's cap, for half may be new.
    """
    misfits = np.array([laid.misfits(reading.datum, frame) for reading in at_place])
    middle = np.median if laid.by is Comparison.POINTS else np.mean
    best = int(middle(misfits, axis=1).argmin())
    beaten = [_beats(misfits[best], misfits[other]) for other in range(len(at_place))]
    remaining = laid.measure(at_place[best].datum, frame)
    repeats = not _counterparts(laid.by, remaining)
    if repeats:  # no step of its own stands out: only the steps between the readings are held against each other
        remaining = laid.measure(at_place[best].datum, frame, voted=False)
    nearest = min((_apart(at_place[best], other, frame) for other in at_place if other is not at_place[best]),
                  default=np.inf)  # fmt: skip
    allowed = min(max(SCALES[laid.by].close_m, 2 * remaining.residual_m), _PART * nearest)
    rivals = tuple(n for n, (wins, _) in enumerate(beaten) if not wins and n != best)
    sure = all(sure for n, (_, sure) in enumerate(beaten) if n != best) and laid.by is not Comparison.POINTS
    verdict = _Verdict(laid, best, rivals, remaining.distance_m <= allowed, sure, remaining)
    if repeats:
        return _of_grid(verdict, next((n for n, reading in enumerate(at_place) if _is(reading, declared)), None))
    return verdict if verdict.fits or laid.by is not Comparison.NAMED else None


def _of_grid(verdict: _Verdict, declared: int | None) -> _Verdict | None:
    """What is left of a verdict where the vote found no step: only a reading in which nearly all of the file fits.

    Lanes at equal steps fit in many places, and a new part of a village may fit beside an old one. A reading other
    than the declared one (its number, None where it is not at the place) in which less of the file fits is asked about.
    """
    shift, by = verdict.remaining, verdict.laid.by
    share = shift.agree / shift.of
    if by not in {Comparison.NAMED, Comparison.STREETS} or not verdict.fits or shift.agree < _FEWEST:
        return None
    if share >= (_MAJORITY if by is Comparison.NAMED else _NEARLY_ALL):
        return replace(verdict, open=bool(verdict.rivals) and by is Comparison.STREETS and verdict.best != declared)
    asked = by is Comparison.STREETS and share >= _HALF and verdict.best != declared and declared not in verdict.rivals
    rivals = verdict.rivals if declared is None else (declared, *verdict.rivals)
    return replace(verdict, open=True, rivals=rivals) if asked else None


def _is(reading: Reading, datum: crs.Datum | None) -> bool:
    """Whether a reading is that of a datum, or gives the same places."""
    return datum is not None and datum.name in {reading.datum.name, *reading.alike}


def _beats(mine: Floats, others: Floats) -> tuple[bool, bool]:
    """Whether a reading is better than another by the sign test, and whether it is by far."""
    gain = others - mine
    telling = np.abs(gain) > np.maximum(1.0, 0.02 * np.maximum(mine, others))
    count, wins = int(telling.sum()), int((gain[telling] > 0).sum())
    if count < _UNITS:
        return False, False
    share, sigmas = wins / count, (2 * wins - count) / count**0.5
    wins_clearly = share >= _SHARE and sigmas >= min(_SIGMAS, count**0.5)
    return wins_clearly, wins_clearly and share >= _CERTAIN_SHARE and sigmas >= _CERTAIN_SIGMAS


#: Points or lines that say anything together (estimate), and the share of points or outlines that must agree.
_FEWEST, _MAJORITY = 3, 0.6
#: The share of lines that must fit in a reading, where streets repeat like a grid, to say so; and to ask about it.
_NEARLY_ALL, _HALF = 0.8, 0.5


def _counterparts(by: Comparison, shift: Shift) -> bool:
    if by in {Comparison.OUTLINES, Comparison.POINTS}:
        return True
    return shift.prominence >= _PROMINENCE and shift.agree >= max(_HITS * shift.of, 1)


def _enough(verdict: _Verdict) -> bool:
    """Whether enough rows agree for a comparison to say anything: one shop of a common name tells no datum.

    An outline has many parts that are judged one by one, so that a single one tells where it fits; that none of the
    systems fits is said only where most outlines say the same.
    """
    shift, by = verdict.remaining, verdict.laid.by
    most = shift.agree >= _MAJORITY * shift.of
    if by is Comparison.POINTS:
        return most and shift.agree >= _FEWEST
    if by is Comparison.NAMED:
        return most and shift.agree >= _FEWEST
    if by is Comparison.STREETS:
        return shift.agree >= _FEWEST
    return verdict.fits or most or by is Comparison.BORDERS


def _apart(reading: Reading, other: Reading, frame: Frame) -> float:
    steps = frame.metres(reading.places) - frame.metres(other.places)
    return float(np.nanmedian(np.hypot(steps[:, 0], steps[:, 1])))


@dataclass(frozen=True, slots=True)
class _Conclusion:
    """From what the comparisons say to what is told."""

    at_place: list[Reading]
    declared: crs.Datum | None
    verdicts: list[_Verdict]
    frame: Frame
    few: tuple[Sentence, ...]

    def finding(self) -> Finding:
        """One finding of all comparisons; where two that decide disagree, nothing is decided."""
        decided = [verdict for verdict in self.verdicts if verdict.fits and not verdict.rivals]
        if any(verdict.laid.by is Comparison.NAMED for verdict in decided):  # the same lines, without their names
            decided = [verdict for verdict in decided if verdict.laid.by is not Comparison.STREETS]
        if len({verdict.best for verdict in decided}) > 1:
            return self._undecided(words.conflict([self._named(v.best) for v in decided]), decided[0])
        if decided:
            return self._decided(decided[0])
        repeated = next((verdict for verdict in self.verdicts if verdict.open), None)
        if repeated is not None:
            shift = self._shift(repeated) if self._comparable(self.at_place[repeated.best]) else None
            finding = self._undecided(words.REPEATED, repeated)
            return replace(finding, shift=shift or finding.shift)
        odd = next((verdict for verdict in self.verdicts if not verdict.fits), None)
        if odd is not None:
            shift = odd.laid.measure(self.at_place[0].datum, self.frame)
            return replace(self._undecided(words.unexplained(shift), odd), shift=shift, remedy=words.ASK_THE_MAKER)
        return self._by_place()

    def _decided(self, verdict: _Verdict) -> Finding:
        reading = self.at_place[verdict.best]
        evidence = words.evidence(verdict.remaining)
        if self._is_declared(verdict.best):
            return self._found(Outcome.CONFIRMED, verdict, says=(words.confirmed(reading.datum.name), evidence))
        shift = self._shift(verdict) if self._comparable(reading) else None
        finding = self._found(Outcome.PROPOSED, verdict, says=(words.proposed(reading, self.declared, shift), evidence))
        return replace(finding, proposed=reading.datum.name, shift=shift)

    def _found(self, outcome: Outcome, verdict: _Verdict, *, says: tuple[Sentence, ...]) -> Finding:
        best = Confidence.CERTAIN if verdict.sure else Confidence.LIKELY
        graded = [(verdict.best, best), *((n, Confidence.POSSIBLE) for n in verdict.rivals)]
        rest = [n for n in range(len(self.at_place)) if n not in {number for number, _ in graded}]
        graded += [(n, Confidence.EXCLUDED) for n in rest]
        hypotheses = tuple(
            Hypothesis(self.at_place[n], sure, verdict.remaining if n == verdict.best else None) for n, sure in graded
        )
        declared = self.declared.name if self.declared else ""
        shift = verdict.remaining if self._is_declared(verdict.best) else None
        return Finding(outcome, declared, "", hypotheses, shift, says)

    def _undecided(self, sentence: Sentence, verdict: _Verdict) -> Finding:
        finding = self._found(Outcome.UNDECIDED, verdict, says=(sentence, words.evidence(verdict.remaining)))
        best = replace(finding.hypotheses[0], confidence=Confidence.POSSIBLE)
        return replace(finding, hypotheses=(best, *finding.hypotheses[1:]), remedy=words.COMPARE_MORE)

    def _by_place(self) -> Finding:
        """No comparison decides; only where the readings lie speaks."""
        left = self._left()
        hypotheses = tuple(Hypothesis(self.at_place[n], Confidence.POSSIBLE) for n in left)
        declared = self.declared.name if self.declared else ""
        if left and self._is_declared(left[0]):
            says = (words.unchecked(declared), *self.few)
            return Finding(Outcome.UNCOMPARED, declared, "", hypotheses, None, says, words.COMPARE_MORE)
        if len(left) == 1:
            reading = self.at_place[left[0]]
            sure = (Hypothesis(reading, Confidence.LIKELY),)
            says = (words.proposed(reading, self.declared, None), words.SHIFT_UNKNOWN, *self.few)
            return Finding(Outcome.PROPOSED, declared, reading.datum.name, sure, None, says)
        names = [self._named(n) for n in left]
        says = (words.among(names), *self.few)
        return Finding(Outcome.UNDECIDED, declared, "", hypotheses, None, says, words.COMPARE_MORE)

    def _left(self) -> list[int]:
        """The readings that come into question without a comparison: the declared one, else its mirror, else all.

        Systems over a hidden shift need a comparison to be thought of.
        """
        if any(verdict.rivals for verdict in self.verdicts):
            verdict = next(verdict for verdict in self.verdicts if verdict.rivals)
            return sorted([verdict.best, *verdict.rivals], key=lambda n: (not self._is_declared(n), n))
        numbers = range(len(self.at_place))
        if self.declared is not None:
            mirror = crs.swapped(self.declared).name
            for name in (self.declared.name, mirror):
                same = [n for n in numbers if name in self._names(n)]
                if same:
                    return same
        most = max(reading.inside for reading in self.at_place)
        plain = [n for n in numbers if not self.at_place[n].datum.under]
        return [n for n in plain if self.declared is None or self.at_place[n].inside >= _NEARLY_ALL * most]

    def _names(self, number: int) -> tuple[str, ...]:
        return (self.at_place[number].datum.name, *self.at_place[number].alike)

    def _named(self, number: int) -> str:
        return self.at_place[number].datum.name

    def _is_declared(self, number: int) -> bool:
        return _is(self.at_place[number], self.declared)

    def _comparable(self, reading: Reading) -> bool:
        """Whether a displacement in metres makes sense: the first reading is the declared one, or plain degrees."""
        first = self.at_place[0]
        return first is not reading and (self._is_declared(0) or first.datum.name == crs.STORED)

    def _shift(self, verdict: _Verdict) -> Shift:
        """The displacement measured in the first reading; where the vote got lost, the one that the best implies."""
        first, best = self.at_place[0], self.at_place[verdict.best]
        measured = verdict.laid.measure(first.datum, self.frame)
        steps = np.nanmedian(self.frame.metres(first.places) - self.frame.metres(best.places), axis=0)
        east, north = steps[0] + verdict.remaining.east_m, steps[1] + verdict.remaining.north_m
        if np.hypot(measured.east_m - east, measured.north_m - north) > SCALES[verdict.laid.by].close_m * 2:
            measured = replace(verdict.remaining, east_m=float(east), north_m=float(north))
        pairs = np.stack([verdict.laid.shown(first.datum, self.frame), verdict.remaining.pairs[:, 1]], axis=1)
        return replace(measured, pairs=pairs)


def _uncompared(xy: Floats, declared: crs.Datum | None) -> Finding:
    if declared is None:
        return Finding(Outcome.UNDECIDED, "", "", (), None, (words.NOTHING_TO_GO_BY,), words.COMPARE_MORE)
    reading = Reading(declared, 1.0, crs.to_stored(xy, declared))
    hypotheses = (Hypothesis(reading, Confidence.POSSIBLE),)
    says = (words.unchecked(declared.name),)
    return Finding(Outcome.UNCOMPARED, declared.name, "", hypotheses, None, says, words.COMPARE_MORE)


def _elsewhere(xy: Floats, declared: crs.Datum | None) -> Finding:
    if declared is None:
        return Finding(Outcome.ELSEWHERE, "", "", (), None, (words.NOWHERE,), words.ASK_THE_MAKER)
    with np.errstate(all="ignore"):
        places = crs.to_stored(xy, declared)
    middle = np.median(places[np.isfinite(places).all(axis=1)], axis=0) if np.isfinite(places).any() else None
    says = (words.elsewhere(declared.name, middle),)
    return Finding(Outcome.ELSEWHERE, declared.name, "", (), None, says, words.ASK_THE_MAKER)
